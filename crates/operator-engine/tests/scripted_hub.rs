//! The engine against a hub that is played by the test, over real sockets.
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one thing and fails at any other"
)]

#[expect(dead_code, reason = "the other tests look at more")]
mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize};
use operator_engine::{Command, Event, LogInProblem, NotStarted};
use protocol::admin::reports::{
    Field, FieldDefinition, FieldKind, FieldValue, Language, ReportRow,
};
use protocol::browse::{BrowseAnswer, FolderAt, FolderPlace};
use protocol::files::{FileMessage, FilesWord};
use protocol::{
    Code, ColourDepth, HidKey, HostWord, HubToOperator, InputEvent, InputFrame, InvitationToken,
    Lane, OperatorToHub, Outcome, Password, Proposal, RefusalCode, ReportDraft, ReportId, Rights,
    ScreenFrame, StreamHeader, ViewWish, ViewerMessage,
};
use session::seal::is_fast_at_aes;
use support::host::{Lanes, state};
use support::{HOST, Host, Operator, PATIENCE, SESSION, ScriptedHub, Shown, layout, row};
use transport::{Connection, FramedReader};

fn ask() -> Command {
    Command::StartSession {
        host: HOST,
        asked: Rights::SEE_AND_CONTROL,
        view: Arc::<Shown>::default(),
    }
}

#[tokio::test]
async fn o5_a_wrong_password_is_told_and_not_tried_again() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept().await;
    console.hears().await;
    let refusal = RefusalCode::WRONG_CREDENTIALS.into();
    console.say(HubToOperator::LogInRefused { refusal }).await;
    let why = operator
        .until(|event| match event {
            Event::LogInFailed(LogInProblem::Refused(refusal)) => Some(*refusal),
            _ => None,
        })
        .await;
    assert_eq!(why, refusal);
    let again = tokio::time::timeout(Duration::from_millis(800), hub.accept()).await;
    assert!(again.is_err());
}

#[tokio::test]
async fn b3_a_code_is_asked_for_and_given_on_the_same_connection() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::start(&hub.config);
    let token = InvitationToken([7; 16]);
    operator.send(Command::AcceptInvitation {
        user: "otto".to_owned(),
        token,
        password: "chosen".to_owned().into(),
    });
    let mut console = hub.accept().await;
    let accepts = OperatorToHub::AcceptInvitation {
        user: "otto".into(),
        token,
        password: Password("chosen".into()),
    };
    assert_eq!(console.hears().await, accepts);
    console.say(HubToOperator::CodeWanted).await;
    let wanted = |event: &Event| matches!(event, Event::CodeWanted).then_some(());
    operator.until(wanted).await;
    let code = "123 456".to_owned().into();
    operator.send(Command::GiveCode { code });
    let given = OperatorToHub::GiveCode {
        code: Code("123 456".into()),
    };
    assert_eq!(console.hears().await, given);
    let refusal = RefusalCode::CODE_WRONG.into();
    console.say(HubToOperator::LogInRefused { refusal }).await;
    let why = operator.until(|event| match event {
        Event::LogInFailed(LogInProblem::Refused(refusal)) => Some(*refusal),
        _ => None,
    });
    assert_eq!(why.await, refusal);
    // and one that nobody waits for goes nowhere
    let code = "123456".to_owned().into();
    operator.send(Command::GiveCode { code });
}

#[tokio::test]
async fn s1_keys_reach_the_host_sealed_and_in_order() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let mut host = Host::comes(&mut console, &mut operator).await;
    operator.send(ask());
    let lanes = host.start_session(&mut console).await;
    let input = operator
        .until(|event| match event {
            Event::SessionStarted { input, .. } => Some(input.clone()),
            _ => None,
        })
        .await;
    let sent: Vec<InputEvent> = (4..40)
        .map(|key| InputEvent::Key {
            key: HidKey(key),
            pressed: true,
            character: None,
        })
        .collect();
    for event in &sent {
        input.send(event.clone());
    }
    let (_acks, mut stream) = lanes.accept(&console.connection).await;
    for (number, event) in (1..).zip(&sent) {
        let frame: InputFrame = stream.next().await;
        assert_eq!((frame.number, &frame.event), (number, event));
    }
}

#[tokio::test]
async fn s1_a_picture_is_acknowledged_once_it_is_shown_exactly() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let mut host = Host::comes(&mut console, &mut operator).await;
    let view = Arc::<Shown>::default();
    operator.send(Command::StartSession {
        host: HOST,
        asked: Rights::SEE_AND_CONTROL,
        view: Arc::<Shown>::clone(&view),
    });
    let lanes = host.start_session(&mut console).await;
    let mut screen = lanes.pictures(&console.connection).await;
    let (mut acks, _input) = lanes.accept(&console.connection).await;
    let mut encoder = Encoder::new(Level::Lossless);
    let mut picture = Picture::new(PixelSize::new(320, 200));
    for seq in 1..6_u32 {
        for (at, pixel) in (0..).zip(picture.pixels_mut()) {
            *pixel = (at * seq) & 0x00ff_ffff;
        }
        let time = Duration::from_millis(u64::from(seq) * 20);
        let update = encoder.encode(&picture, DamageHint::Everything, time, Line::WIDE);
        let update = update.expect("something changed");
        let frame = ScreenFrame {
            seq: seq.into(),
            captured_at_micros: 0,
            layout: update.is_reset.then(layout),
            payload: update.bytes.into(),
        };
        screen.send(&frame).await;
        let ack: ViewerMessage = acks.next().await;
        let expected = u64::from(seq);
        assert!(
            matches!(ack, ViewerMessage::Shown { seq, held_micros } if seq == expected && held_micros > 0),
            "{ack:?}"
        );
        let shown = view.picture.lock().expect("whole").clone();
        assert!(shown.as_ref() == Some(&picture), "update {seq}");
    }
    assert_eq!(*view.layouts.lock().expect("whole"), [layout()]);
}

#[tokio::test]
async fn s2_the_newest_wish_reaches_the_host_and_no_older_one_after_it() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let mut host = Host::comes(&mut console, &mut operator).await;
    operator.send(ask());
    let lanes = host.start_session(&mut console).await;
    let wishes = operator
        .until(|event| match event {
            Event::SessionStarted { wishes, .. } => Some(wishes.clone()),
            _ => None,
        })
        .await;
    let (mut viewer, _input) = lanes.accept(&console.connection).await;
    let wish = |percent| ViewWish {
        depth: ColourDepth::Grey,
        percent,
        monitor: Some(3),
    };
    for percent in 10..=90 {
        wishes.send(wish(percent));
    }
    let mut last = 0;
    while last != 90 {
        let ViewerMessage::Wish(got) = viewer.next().await else {
            panic!("no wish")
        };
        assert!(got.percent > last, "{} after {last}", got.percent);
        assert_eq!(got, wish(got.percent));
        last = got.percent;
    }
    assert!(viewer.is_quiet().await, "a wish is told once");
}

/// The first message of the console's lane of files, and whether a host of an older version opens it.
async fn first_of_files(lanes: &Lanes, connection: &Connection) -> (FileMessage, bool) {
    loop {
        let stream = connection.accept_uni().await.expect("a stream");
        let mut reader = FramedReader::new(stream, Lane::FileToHost.rules().max_frame_bytes);
        let header: StreamHeader = reader.read().await.expect("parses").expect("a header");
        if header.lane != Lane::FileToHost {
            continue;
        }
        let body = reader.read_body().await.expect("whole").expect("a frame");
        let by_older = lanes.keys.opener(SESSION, header.lane).open(&body);
        let mut opener = lanes.keys.opener_of_either(SESSION, header.lane);
        let opened = opener.open_owned(body).expect("from the console");
        let message = FileMessage::from_body(&opened).expect("parses");
        return (message, by_older.is_ok());
    }
}

#[tokio::test]
async fn s6_files_are_sealed_with_aes_only_where_both_ends_are_fast_at_it() {
    for host_is_fast in [false, true] {
        let hub = ScriptedHub::start();
        let mut operator = Operator::log_in(&hub.config);
        let mut console = hub.accept_logged_in(&mut operator).await;
        let mut host = Host::comes(&mut console, &mut operator).await;
        operator.send(Command::StartSession {
            host: HOST,
            asked: Rights::SEE.with(Rights::FILES),
            view: Arc::<Shown>::default(),
        });
        let lanes = host.start_session(&mut console).await;
        let session = SESSION;
        let files = |word| HostWord::Files { session, word };
        let mut words = vec![FilesWord::Browse(BrowseAnswer::Allowed)];
        if host_is_fast {
            words.insert(0, FilesWord::FastAtAes);
        }
        for word in words {
            let said = host.says(&files(word));
            console.say(said).await;
        }
        operator
            .until(|event| matches!(event, Event::Browse { .. }).then_some(()))
            .await;
        let (listing, at) = (1, FolderAt::Place(FolderPlace::ALL[0]));
        operator.send(Command::List {
            session,
            listing,
            at,
        });
        let (first, is_for_older) = first_of_files(&lanes, &console.connection).await;
        assert_eq!(first, FileMessage::List { listing, at });
        assert_eq!(is_for_older, !(host_is_fast && is_fast_at_aes()));
    }
}

#[tokio::test]
async fn s4_an_update_that_cannot_be_read_asks_for_a_new_start_once() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let mut host = Host::comes(&mut console, &mut operator).await;
    operator.send(ask());
    let lanes = host.start_session(&mut console).await;
    let mut screen = lanes.pictures(&console.connection).await;
    for seq in 1..4 {
        let payload = vec![0xee; 100].into();
        let frame = ScreenFrame {
            seq,
            captured_at_micros: 0,
            layout: (seq == 1).then(layout),
            payload,
        };
        screen.send(&frame).await;
    }
    let (mut acks, _input) = lanes.accept(&console.connection).await;
    assert_eq!(acks.next::<ViewerMessage>().await, ViewerMessage::NeedReset);
    assert!(acks.is_quiet().await);
}

#[tokio::test]
async fn a_session_whose_pictures_are_never_readable_ends() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let mut host = Host::comes(&mut console, &mut operator).await;
    operator.send(ask());
    let lanes = host.start_session(&mut console).await;
    let mut screen = lanes.pictures(&console.connection).await;
    for seq in 1..20 {
        let payload = vec![0xee; 100].into();
        let frame = ScreenFrame {
            seq,
            captured_at_micros: 0,
            layout: Some(layout()),
            payload,
        };
        screen.send(&frame).await;
    }
    let end = OperatorToHub::EndSession { session: SESSION };
    assert_eq!(console.hears_next().await, end);
}

#[tokio::test]
async fn h1_a_console_that_comes_back_serves_its_tickets_and_its_hosts() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let mut host = Host::comes(&mut console, &mut operator).await;
    let kept = |path: &Path| std::fs::read_to_string(path.join("tickets.json")).unwrap_or_default();
    // as long as a disk takes; then the console is gone without a word
    let start = Instant::now();
    while !kept(&hub.config.keep).contains("\"host\":[7,") {
        assert!(start.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop((operator, console));

    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    console
        .say(HubToOperator::Entries {
            entries: vec![row()],
        })
        .await;
    console.greet(&mut host, &state(0, None)).await;
    operator.send(ask());
    let lanes = host.start_session(&mut console).await;
    let input = operator
        .until(|event| match event {
            Event::SessionStarted { input, .. } => Some(input.clone()),
            _ => None,
        })
        .await;
    input.send(InputEvent::ReleaseAll);
    let (_acks, mut stream) = lanes.accept(&console.connection).await;
    let frame: InputFrame = stream.next().await;
    assert_eq!(frame.event, InputEvent::ReleaseAll);
}

#[tokio::test]
async fn h1_a_file_of_tickets_that_cannot_be_read_is_set_aside_and_not_written_over() {
    let hub = ScriptedHub::start();
    let keep = &hub.config.keep;
    std::fs::create_dir_all(keep).expect("made");
    let old = r#"{"ab/otto":{"open":[{"route":48291,"secret":"0571"}],"hosts":[]}}"#;
    std::fs::write(keep.join("tickets.json"), old).expect("written");
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    Host::comes(&mut console, &mut operator).await;
    let aside = std::fs::read_to_string(keep.join("tickets.json.damaged"));
    assert_eq!(aside.expect("it is there"), old);
}

#[tokio::test]
async fn a_host_of_another_console_is_not_asked() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    console
        .say(HubToOperator::Entries {
            entries: vec![row()],
        })
        .await;
    operator.send(ask());
    let why = operator
        .until(|event| match event {
            Event::SessionRefused { why, .. } => Some(*why),
            _ => None,
        })
        .await;
    assert_eq!(why, NotStarted::NoKey);
}

#[tokio::test]
async fn d1_a_report_typed_out_of_reach_is_sent_at_the_next_start() {
    let hub = ScriptedHub::start();
    let report = ReportId(12);
    let draft = ReportDraft {
        problem: "no sound".into(),
        ..ReportDraft::default()
    };
    let fields = vec![FieldValue {
        field: 4,
        name: "Cost centre".into(),
        value: "77".into(),
    }];
    {
        let mut operator = Operator::log_in(&hub.config);
        let console = hub.accept_logged_in(&mut operator).await;
        // the hub is gone without an answer
        transport::close::close(&console.connection);
        let save = Command::SaveReport {
            report,
            draft: draft.clone(),
            fields: fields.clone(),
            finished: true,
        };
        operator.send(save);
        tokio::task::spawn_blocking(|| operator.handle.shut_down())
            .await
            .expect("ended");
    }
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    let filled = OperatorToHub::FillFields { report, fields };
    assert_eq!(console.hears_next().await, filled);
    let expected = OperatorToHub::SaveReport {
        report,
        draft,
        finished: true,
    };
    assert_eq!(console.hears_next().await, expected);
    let outcome = Outcome::Done;
    console
        .say(HubToOperator::ReportSaved {
            report,
            finished: true,
            outcome,
        })
        .await;
    let rescued = operator
        .until(|event| match event {
            Event::ReportRescued { report } => Some(*report),
            _ => None,
        })
        .await;
    assert_eq!(rescued, report);
}

#[tokio::test]
async fn d1_what_reports_need_is_asked_for_after_the_log_in_and_about_a_report_on_wish() {
    let hub = ScriptedHub::start();
    let mut operator = Operator::log_in(&hub.config);
    let mut console = hub.accept_logged_in(&mut operator).await;
    assert_eq!(console.hears().await, OperatorToHub::ListDrafts);
    assert_eq!(console.hears().await, OperatorToHub::ListReportForms);
    let definition = FieldDefinition {
        name: "Cost centre".into(),
        kind: FieldKind::Number,
        required: true,
    };
    let forms = HubToOperator::ReportForms {
        categories: vec!["Printer".into()],
        fields: vec![Field { id: 4, definition }],
    };
    console.say(forms.clone()).await;
    let told = operator.until(|event| match event {
        Event::ReportForms { categories, fields } => Some(HubToOperator::ReportForms {
            categories: categories.clone(),
            fields: fields.clone(),
        }),
        _ => None,
    });
    assert_eq!(told.await, forms);

    let (report, language) = (ReportId(12), Language::Italian);
    operator.send(Command::AskAboutReport { report, language });
    let asked = OperatorToHub::AskAboutReport { report, language };
    assert_eq!(console.hears_next().await, asked);
    let about = HubToOperator::AboutReport {
        report,
        proposal: Proposal {
            problem: "Non stampa".into(),
            solution: "Visto lo schermo".into(),
        },
        fields: vec![FieldValue {
            field: 4,
            name: "Cost centre".into(),
            value: "77".into(),
        }],
        earlier: vec![ReportRow {
            report: ReportId(3),
            session: SESSION,
            started_unix_millis: 1,
            lasted_seconds: 60,
            active_seconds: 30,
            operators: "Otto".into(),
            requester: "Anna".into(),
            host: "ANNA-PC".into(),
            category: "Printer".into(),
            problem: "Toner".into(),
            finished: true,
            corrected: false,
        }],
    };
    console.say(about.clone()).await;
    let told = operator.until(|event| match event {
        Event::AboutReport {
            report,
            proposal,
            fields,
            earlier,
        } => Some(HubToOperator::AboutReport {
            report: *report,
            proposal: proposal.clone(),
            fields: fields.clone(),
            earlier: earlier.clone(),
        }),
        _ => None,
    });
    assert_eq!(told.await, about);
}
