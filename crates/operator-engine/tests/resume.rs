//! Connections that are cut, and hubs that lie, against the engine over real sockets.
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one thing and fails at any other"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize};
use operator_engine::{Command, Event, InputSender, WishSender};
use protocol::control::ChatText;
use protocol::input::MAX_INPUT_AGE;
use protocol::{
    ChatAuthor, EndedBy, HidKey, HostWord, HubToOperator, InputEvent, InputFrame, OperatorToHub,
    OperatorWord, PeerId, RefusalCode, Rights, ScreenFrame, ViewWish, ViewerMessage,
};
use support::host::{Lanes, running, state, vouched};
use support::{Console, HOST, Host, Operator, SESSION, ScriptedHub, Shown, layout, row_of};
use transport::CloseReason;

const OTHER_HOST: PeerId = PeerId([8; 16]);

/// A session that runs.
struct Session {
    hub: ScriptedHub,
    operator: Operator,
    console: Console,
    host: Host,
    lanes: Lanes,
    view: Arc<Shown>,
    input: InputSender,
    wishes: WishSender,
}

impl Session {
    async fn start() -> Self {
        Self::start_after(Duration::ZERO).await
    }

    /// Starts a session with a host that came so long before.
    async fn start_after(wait: Duration) -> Self {
        let hub = ScriptedHub::start();
        let mut operator = Operator::log_in(&hub.config);
        let mut console = hub.accept_logged_in(&mut operator).await;
        let mut host = Host::comes(&mut console, &mut operator).await;
        tokio::time::sleep(wait).await;
        let view = Arc::<Shown>::default();
        operator.send(Command::StartSession {
            host: HOST,
            asked: Rights::SEE_AND_CONTROL,
            view: Arc::<Shown>::clone(&view),
        });
        let lanes = host.start_session(&mut console).await;
        let (input, wishes) = operator
            .until(|event| match event {
                Event::SessionStarted { input, wishes, .. } => {
                    Some((input.clone(), wishes.clone()))
                }
                _ => None,
            })
            .await;
        Self {
            hub,
            operator,
            console,
            host,
            lanes,
            view,
            input,
            wishes,
        }
    }

    /// Cuts the line and lets the console come back after `gap`; the host has taken so many frames of
    /// input.
    async fn cut_for(mut self, gap: Duration, input_taken: u64) -> Self {
        self.console.cut();
        self.operator
            .until(|event| match event {
                Event::SessionPaused { session: SESSION } => Some(()),
                _ => None,
            })
            .await;
        tokio::time::sleep(gap).await;
        let mut console = self.hub.accept_resumed(running()).await;
        let live = state(0, Some((SESSION, input_taken)));
        console.greet(&mut self.host, &live).await;
        let lanes = self.host.lanes();
        Self {
            console,
            lanes,
            ..self
        }
    }
}

fn key(number: u16) -> InputEvent {
    InputEvent::Key {
        key: HidKey(number),
        pressed: true,
        character: None,
    }
}

/// A picture that stands alone, as update `seq`.
fn whole(seq: u64, colour: u32) -> (Picture, ScreenFrame) {
    let mut picture = Picture::new(PixelSize::new(32, 16));
    picture.pixels_mut().fill(colour);
    let mut encoder = Encoder::new(Level::Lossless);
    let update = encoder.encode(&picture, DamageHint::Everything, Duration::ZERO, Line::WIDE);
    let frame = ScreenFrame {
        seq,
        captured_at_micros: 0,
        layout: Some(layout()),
        payload: update.expect("a first picture").bytes.into(),
    };
    (picture, frame)
}

#[tokio::test]
async fn input_is_not_old_because_the_user_took_long_to_allow_it() {
    let thinks = Duration::from_millis(700);
    let session = Session::start_after(thinks).await;
    let (_viewer, mut stream) = session.lanes.accept(&session.console.connection).await;
    session.input.send(key(4));
    // the host counts from the answer that opened the channel, before the question
    let frame: InputFrame = stream.next().await;
    let after = Duration::from_millis(frame.at_millis.try_into().expect("after it"));
    assert!(after >= thinks, "{after:?} after the channel was opened");
}

#[tokio::test]
async fn r4_a_session_goes_on_in_the_same_view_and_no_key_is_lost_or_doubled() {
    let session = Session::start().await;
    let wish = ViewWish {
        percent: 50,
        ..ViewWish::default()
    };
    session.wishes.send(wish);
    let (mut viewer, mut stream) = session.lanes.accept(&session.console.connection).await;
    assert_eq!(
        viewer.next::<ViewerMessage>().await,
        ViewerMessage::Wish(wish)
    );
    for number in 4..8 {
        session.input.send(key(number));
        stream.next::<InputFrame>().await;
    }
    let mut screen = session.lanes.pictures(&session.console.connection).await;
    let (before, frame) = whole(1, 0x0010_2030);
    screen.send(&frame).await;
    viewer.next::<ViewerMessage>().await;
    let shown = || session.view.picture.lock().expect("whole").clone();
    assert!(shown().as_ref() == Some(&before));

    // of four frames two reached the host's hands
    let view = Arc::clone(&session.view);
    let mut session = session.cut_for(Duration::ZERO, 2).await;
    session
        .operator
        .until(|event| match event {
            Event::SessionResumed { session: SESSION } => Some(()),
            Event::SessionEnded { .. } => panic!("it ended"),
            _ => None,
        })
        .await;
    session.input.send(key(8));
    let (mut viewer, mut stream) = session.lanes.accept(&session.console.connection).await;
    // what is said again does not stay down
    let expected = [key(6), key(7), InputEvent::ReleaseAll, key(8)];
    for (number, event) in (3..).zip(expected) {
        let frame: InputFrame = stream.next().await;
        assert_eq!((frame.number, frame.event), (number, event));
    }
    assert_eq!(
        viewer.next::<ViewerMessage>().await,
        ViewerMessage::Wish(wish),
        "the host may have begun again without it"
    );
    let (after, frame) = whole(2, 0x0030_2010);
    let mut screen = session.lanes.pictures(&session.console.connection).await;
    screen.send(&frame).await;
    let ack = viewer.next::<ViewerMessage>().await;
    assert!(
        matches!(ack, ViewerMessage::Shown { seq: 2, .. }),
        "{ack:?}"
    );
    let shown = view.picture.lock().expect("whole").clone();
    assert!(shown == Some(after));
}

#[tokio::test]
async fn r4_keys_that_are_too_old_to_be_done_are_told_and_not_sent() {
    let session = Session::start().await;
    let (_viewer, mut stream) = session.lanes.accept(&session.console.connection).await;
    for number in 4..8 {
        session.input.send(key(number));
        stream.next::<InputFrame>().await;
    }
    let mut session = session.cut_for(MAX_INPUT_AGE, 1).await;
    let lost = session
        .operator
        .until(|event| match event {
            Event::InputNotDelivered { count, .. } => Some(*count),
            _ => None,
        })
        .await;
    assert_eq!(lost, 3);
    let (_viewer, mut stream) = session.lanes.accept(&session.console.connection).await;
    session.input.send(key(9));
    let frame: InputFrame = stream.next().await;
    assert_eq!((frame.number, frame.event), (5, key(9)));
}

#[tokio::test]
async fn what_is_pressed_while_the_line_is_lost_goes_nowhere() {
    let mut session = Session::start().await;
    let (_viewer, mut stream) = session.lanes.accept(&session.console.connection).await;
    session.input.send(key(4));
    stream.next::<InputFrame>().await;
    session.console.cut();
    session
        .operator
        .until(|event| matches!(event, Event::SessionPaused { .. }).then_some(()))
        .await;
    session.input.send(key(5));
    let mut console = session.hub.accept_resumed(running()).await;
    let live = state(0, Some((SESSION, 1)));
    console.greet(&mut session.host, &live).await;
    let lanes = session.host.lanes();
    let (_viewer, mut stream) = lanes.accept(&console.connection).await;
    assert!(stream.is_quiet().await);
}

/// Waits for the end that a lie has.
async fn is_forged(operator: &mut Operator, console: &mut Console) {
    operator
        .until(|event| match event {
            Event::Forged { host: HOST } => Some(()),
            _ => None,
        })
        .await;
    let by = operator
        .until(|event| match event {
            Event::SessionEnded {
                session: SESSION,
                by,
                ..
            } => Some(*by),
            _ => None,
        })
        .await;
    assert_eq!(by, EndedBy::Forged);
    let end = OperatorToHub::EndForged { session: SESSION };
    assert_eq!(console.hears_next().await, end);
}

#[tokio::test]
async fn a_picture_that_the_hub_changed_ends_the_session() {
    let mut session = Session::start().await;
    let mut screen = session.lanes.pictures(&session.console.connection).await;
    let (_, frame) = whole(1, 0x0010_2030);
    let mut body = vouched(&session.host.picture_key, &frame).to_vec();
    let middle = body.len() / 2;
    body[middle] ^= 1;
    screen.send_as_it_is(body.into()).await;
    is_forged(&mut session.operator, &mut session.console).await;
    assert!(session.view.picture.lock().expect("whole").is_none());
}

#[tokio::test]
async fn a_picture_that_comes_again_ends_the_session_also_after_a_pause() {
    let session = Session::start().await;
    let (mut viewer, _input) = session.lanes.accept(&session.console.connection).await;
    let mut screen = session.lanes.pictures(&session.console.connection).await;
    let (_, frame) = whole(1, 0x0010_2030);
    screen.send(&frame).await;
    viewer.next::<ViewerMessage>().await;
    let mut session = session.cut_for(Duration::ZERO, 0).await;
    let mut screen = session.lanes.pictures(&session.console.connection).await;
    screen.send(&frame).await;
    is_forged(&mut session.operator, &mut session.console).await;
}

#[tokio::test]
async fn r4_a_hub_that_forgot_the_place_is_logged_in_at_anew() {
    let mut session = Session::start().await;
    session.console.cut();
    let mut console = session.hub.accept().await;
    let resume = console.hears().await;
    assert!(matches!(resume, OperatorToHub::Resume { .. }), "{resume:?}");
    let refusal = RefusalCode::CANNOT_RESUME.into();
    console.say(HubToOperator::ResumeRefused { refusal }).await;
    let by = session
        .operator
        .until(|event| match event {
            Event::SessionEnded { by, .. } => Some(*by),
            Event::LogInFailed(_) | Event::LoggedOut(_) => panic!("{event:?}"),
            _ => None,
        })
        .await;
    assert_eq!(by, EndedBy::OperatorLost);
    session.hub.accept_logged_in(&mut session.operator).await;
    assert!(session.operator.woken.try_recv().is_ok());
}

#[tokio::test]
async fn r4_a_hub_that_stops_while_a_console_comes_back_is_tried_again() {
    let mut session = Session::start().await;
    session.console.cut();
    let mut stopping = session.hub.accept().await;
    let resume = stopping.hears().await;
    assert!(matches!(resume, OperatorToHub::Resume { .. }), "{resume:?}");
    stopping.cut();
    // and once more without a reason
    let dying = session.hub.accept().await;
    drop(dying);
    let mut console = session.hub.accept_resumed(running()).await;
    let live = state(0, Some((SESSION, 0)));
    console.greet(&mut session.host, &live).await;
    session
        .operator
        .until(|event| match event {
            Event::SessionResumed { .. } => Some(()),
            Event::SessionEnded { .. } => panic!("it ended"),
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn r4_a_hub_that_is_slow_to_answer_is_not_told_that_the_console_left() {
    let mut session = Session::start().await;
    session.console.cut();
    let mut slow = session.hub.accept().await;
    let resume = slow.hears().await;
    assert!(matches!(resume, OperatorToHub::Resume { .. }), "{resume:?}");
    let hung_up = tokio::time::timeout(Duration::from_secs(10), slow.connection.closed()).await;
    let reason = CloseReason::from(&hung_up.expect("the console gives up"));
    // whoever leaves in good order has no place any more
    assert!(matches!(reason, CloseReason::Refused(_)), "{reason:?}");
    let mut console = session.hub.accept_resumed(running()).await;
    let live = state(0, Some((SESSION, 0)));
    console.greet(&mut session.host, &live).await;
    session
        .operator
        .until(|event| matches!(event, Event::SessionResumed { .. }).then_some(()))
        .await;
}

#[tokio::test]
async fn r4_a_line_of_chat_is_said_until_it_is_heard_and_then_no_more() {
    let session = Session::start().await;
    let Session {
        hub,
        mut operator,
        mut console,
        mut host,
        ..
    } = session;
    let text = ChatText::from("one moment");
    operator.send(Command::SendChat {
        host: HOST,
        text: text.clone(),
    });
    let own = operator
        .until(|event| match event {
            Event::ChatReceived { line, .. } => Some(line.clone()),
            _ => None,
        })
        .await;
    assert_eq!(
        (own.author, own.name.as_str(), &own.text),
        (ChatAuthor::Operator, "Otto", &text)
    );
    let said = console.hears_word(&mut host).await;
    let OperatorWord::Chat { line, .. } = said else {
        panic!("{said:?}")
    };
    // the line is cut before the host's word that it heard
    console.cut();
    let mut console = hub.accept_resumed(running()).await;
    console.greet(&mut host, &state(0, None)).await;
    let mut again = console.hears_next().await;
    if again == (OperatorToHub::EndSession { session: SESSION }) {
        again = console.hears_next().await;
    }
    let OperatorToHub::Say { word, .. } = again else {
        panic!("{again:?}")
    };
    assert_eq!(host.hear(&word), OperatorWord::Chat { line, text });
    let heard = host.says(&HostWord::Heard { line });
    console.say(heard).await;
    let lines = operator
        .until(|event| match event {
            Event::ChatHeard { host: HOST, lines } => Some(*lines),
            _ => None,
        })
        .await;
    assert_eq!(lines, 1);

    // the same line of the host's, said twice, is shown once
    let theirs = HostWord::Chat {
        line: 9,
        text: "thanks".into(),
    };
    let told = [host.says(&theirs), host.says(&theirs)];
    for message in told {
        console.say(message).await;
        let heard = console.hears_word(&mut host).await;
        assert_eq!(heard, OperatorWord::Heard { line: 9 });
    }
    operator.send(Command::SendChat {
        host: HOST,
        text: "last".into(),
    });
    let mut shown = Vec::new();
    while shown.last() != Some(&"last".to_owned()) {
        let next = operator.until(|event| match event {
            Event::ChatReceived { line, .. } => Some(line.text.to_string()),
            _ => None,
        });
        shown.push(next.await);
    }
    assert_eq!(shown, ["thanks", "last"]);
}

#[tokio::test]
async fn a_line_is_not_told_in_the_name_of_another_host() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let mut anna = Host::comes(&mut console, &mut operator).await;
    let mut bruno = Host::comes_as(OTHER_HOST, &mut console, &mut operator).await;
    operator.send(Command::SendChat {
        host: HOST,
        text: "for Anna".into(),
    });
    let OperatorToHub::Say { to, word } = console.hears_next().await else {
        panic!("no word")
    };
    assert_eq!(to, HOST);
    assert!(!bruno.understands(&word));
    assert!(anna.understands(&word));

    // the hub passes Bruno's line on as Anna's
    let line = HostWord::Chat {
        line: 1,
        text: "from Bruno".into(),
    };
    let HubToOperator::Said { word, .. } = bruno.says(&line) else {
        panic!("no word")
    };
    console
        .say(HubToOperator::Said {
            from: HOST,
            at_unix_seconds: 0,
            word,
        })
        .await;
    operator
        .until(|event| match event {
            Event::Forged { host: HOST } => Some(()),
            Event::ChatReceived { line, .. } if line.author == ChatAuthor::User => {
                panic!("it was shown")
            }
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn r4_a_host_that_is_out_of_reach_pauses_its_session() {
    let mut session = Session::start().await;
    let away = protocol::Entry {
        present: false,
        ..row_of(HOST)
    };
    let entry = away;
    session
        .console
        .say(HubToOperator::EntryChanged { entry })
        .await;
    session
        .operator
        .until(|event| matches!(event, Event::SessionPaused { .. }).then_some(()))
        .await;
    let entry = row_of(HOST);
    session
        .console
        .say(HubToOperator::EntryChanged { entry })
        .await;
    let live = state(0, Some((SESSION, 0)));
    session.console.greet(&mut session.host, &live).await;
    session
        .operator
        .until(|event| matches!(event, Event::SessionResumed { .. }).then_some(()))
        .await;
}
