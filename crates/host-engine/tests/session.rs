//! The engine against a hub that speaks the real protocol: what is seen, what is done, and the end.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::needless_pass_by_value,
    reason = "a test waits for one event and skips the others"
)]

mod support;

use std::time::{Duration, Instant};

use capture::Monitor;
use codec::{PixelSize, Rect};
use host_engine::{ConnectProblem, EndCause, HostCommand, HostEvent, LostCause};
use protocol::input::{HOLD_PATIENCE, HOLD_SIGN_EVERY};
use protocol::{
    ColourDepth, EndedBy, HidKey, HostToHub, HubToHost, InputEvent, PointerButton, PointerUpdate,
    Refusal, RefusalCode, Rights, ViewWish, ViewerMessage,
};
use support::{FakeHub, Host, PATIENCE, SCREEN, SESSION, Seat, in_session};

const SEE: Rights = Rights {
    see: true,
    control: false,
    files: false,
};
const BOTH: Rights = Rights::SEE_AND_CONTROL;
/// How soon **End** must have stopped everything (H6).
const AT_ONCE: Duration = Duration::from_millis(100);

fn press(key: u16) -> InputEvent {
    InputEvent::Key {
        key: HidKey(key),
        pressed: true,
        character: None,
    }
}

fn ended(event: HostEvent) -> Option<EndCause> {
    match event {
        HostEvent::SessionEnded { cause, .. } => Some(cause),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_painted_is_seen_exactly() {
    let (_hub, host, _desk, mut seat) = in_session(SEE).await;
    assert!(
        seat.see().await.is_reset(),
        "a viewer begins with a whole picture"
    );
    for step in 0..20_u32 {
        host.painter
            .paint(Rect::new(step * 20, 30, 60, 50), |x, y| {
                (x * 7 + y * 13 + step) << 3
            });
        let end = Instant::now() + PATIENCE;
        while seat.decoder.picture() != Some(&host.painter.picture()) {
            assert!(Instant::now() < end, "the picture does not arrive");
            seat.see().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_an_idle_screen_sends_nothing_and_its_first_change_at_once() {
    let (_hub, host, _desk, mut seat) = in_session(SEE).await;
    seat.see().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut fastest = Duration::MAX;
    for step in 0..10 {
        let painted = Instant::now();
        host.painter
            .fill(Rect::new(step * 30, 100, 20, 20), 0x00ff_8000 + step);
        seat.see().await;
        fastest = fastest.min(painted.elapsed());
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    println!("paint to decoded: {fastest:?}");
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_a_slow_viewer_gets_the_newest_state_and_never_a_queue() {
    let (_hub, host, _desk, mut seat) = in_session(SEE).await;
    seat.see().await;
    for colour in 1..=60 {
        host.painter.fill(Rect::new(0, 0, 64, 64), colour);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // two are under way at most; nothing follows them before one is acknowledged
    let mut seen = 0;
    while seat
        .see_unacknowledged(Duration::from_millis(300))
        .await
        .is_some()
    {
        seen += 1;
        if seen == 2 {
            break;
        }
    }
    assert_eq!(seen, 2, "the change is under way");
    seat.acks
        .write(&ViewerMessage::Shown {
            seq: seat.last_seq,
            held_micros: 0,
        })
        .await
        .expect("written");
    seat.see().await;
    let newest = seat.decoder.picture().map(|picture| picture.pixels()[0]);
    assert_eq!(newest, Some(60));
}

/// Tells the host how to show the screen, and reads on until it does.
async fn wish(seat: &mut Seat, wish: ViewWish) -> protocol::ScreenLayout {
    let message = ViewerMessage::Wish(wish);
    seat.acks.write(&message).await.expect("written");
    loop {
        if let Some(layout) = seat.see().await.layout {
            return layout;
        }
    }
}

/// Reads updates until the viewer's picture is exactly `picture`.
async fn see_exactly(seat: &mut Seat, picture: &codec::Picture) {
    let end = Instant::now() + PATIENCE;
    while seat.decoder.picture() != Some(picture) {
        assert!(Instant::now() < end, "the picture does not become exact");
        seat.see().await;
    }
}

fn noise(x: u32, y: u32) -> u32 {
    let mixed = (x ^ y << 9).wrapping_mul(0x9e37_79b1);
    (mixed ^ mixed >> 15).wrapping_mul(0x85eb_ca77) >> 8
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_a_smaller_picture_is_wished_for_and_input_lands_where_it_was_meant() {
    let (_hub, host, _desk, mut seat) = in_session(BOTH).await;
    let first = seat.see().await.layout.expect("a whole picture");
    assert_eq!((first.width, first.height, first.percent), (640, 400, 100));
    assert_eq!((first.monitors.len(), first.shared), (1, None));
    host.painter.fill(SCREEN.rect(), 0x00ff_ffff);
    host.painter.fill(Rect::new(0, 0, 320, 400), 0);
    let half = ViewWish {
        percent: 50,
        ..ViewWish::default()
    };
    let layout = wish(&mut seat, half).await;
    assert_eq!(
        (layout.width, layout.height, layout.percent),
        (640, 400, 50)
    );
    let mut expected = codec::Picture::new(PixelSize::new(320, 200));
    for y in 0..200 {
        expected.row_mut(y)[160..].fill(0x00ff_ffff);
    }
    see_exactly(&mut seat, &expected).await;
    // a part of the screen changes a part of the picture
    host.painter.fill(Rect::new(101, 50, 2, 2), 0x00ff_0000);
    expected.row_mut(25)[50..52].fill(0x0080_0000);
    see_exactly(&mut seat, &expected).await;

    // acknowledgements and input travel on streams of their own
    tokio::time::sleep(Duration::from_millis(200)).await;
    seat.do_it(&InputEvent::PointerMoved { x: 319, y: 10 })
        .await;
    seat.do_it(&InputEvent::PointerMoved { x: 9_999, y: 0 })
        .await;
    assert!(host.log.wait_for_events(2, PATIENCE));
    let landed = [(639, 21), (639, 1)].map(|(x, y)| InputEvent::PointerMoved { x, y });
    assert_eq!(host.log.events()[..2], landed);

    host.painter.move_pointer(401, 301);
    let end = Instant::now() + PATIENCE;
    loop {
        let update = tokio::time::timeout(PATIENCE, seat.pointer.read::<PointerUpdate>());
        let update = update.await.expect("in time").expect("reads");
        let update = update.expect("there");
        if (update.x, update.y) == (200, 150) {
            break;
        }
        assert!(Instant::now() < end, "the pointer does not arrive");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_the_new_picture_is_shown_the_operator_points_at_the_old_one() {
    let (_hub, host, _desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let half = ViewerMessage::Wish(ViewWish {
        percent: 50,
        ..ViewWish::default()
    });
    seat.acks.write(&half).await.expect("written");
    let seen = seat.see_unacknowledged(PATIENCE).await.expect("in time");
    assert!(seen.is_reset());
    seat.do_it(&InputEvent::PointerMoved { x: 600, y: 300 })
        .await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    let shown = ViewerMessage::Shown {
        seq: seen.seq,
        held_micros: 0,
    };
    seat.acks.write(&shown).await.expect("written");
    tokio::time::sleep(Duration::from_millis(200)).await;
    seat.do_it(&InputEvent::PointerMoved { x: 300, y: 150 })
        .await;
    assert!(host.log.wait_for_events(2, PATIENCE));
    let landed = [(600, 300), (601, 301)].map(|(x, y)| InputEvent::PointerMoved { x, y });
    assert_eq!(host.log.events()[..2], landed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_monitors_is_seen_and_touched_and_may_be_unplugged() {
    let (_hub, host, _desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let monitor = |id, x, width| Monitor {
        id,
        name: format!("HDMI-{id}"),
        area: Rect::new(x, 0, width, 400),
        primary: id == 5,
    };
    host.painter
        .set_monitors(vec![monitor(4, 0, 240), monitor(5, 240, 400)]);
    host.painter
        .paint(SCREEN.rect(), |x, y| x / 32 + ((y / 32) << 16));
    let layout = loop {
        match seat.see().await.layout {
            Some(layout) if layout.monitors.len() == 2 => break layout,
            _ => {}
        }
    };
    assert_eq!(layout.monitors[0].id, 5, "the main one comes first");
    let right = ViewWish {
        monitor: Some(5),
        ..ViewWish::default()
    };
    let layout = wish(&mut seat, right).await;
    assert_eq!((layout.shared, layout.width), (Some(5), 400));
    let mut expected = codec::Picture::new(PixelSize::new(400, 400));
    let desktop = host.painter.picture();
    for y in 0..400 {
        let right = &desktop.row(y)[240..];
        expected.row_mut(y).copy_from_slice(right);
    }
    see_exactly(&mut seat, &expected).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    seat.do_it(&InputEvent::PointerMoved { x: 10, y: 20 }).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    let landed = InputEvent::PointerMoved { x: 250, y: 20 };
    assert_eq!(host.log.events()[0], landed);

    host.painter.set_monitors(vec![monitor(4, 0, 240)]);
    let layout = loop {
        if let Some(layout) = seat.see().await.layout {
            break layout;
        }
    };
    assert_eq!((layout.shared, layout.width), (None, 640));
    see_exactly(&mut seat, &host.painter.picture()).await;
    let gone = ViewWish {
        monitor: Some(99),
        percent: 50,
        ..ViewWish::default()
    };
    let layout = wish(&mut seat, gone).await;
    assert_eq!((layout.shared, layout.percent), (None, 50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3_fewer_colours_come_and_go_without_a_new_beginning() {
    let (_hub, host, _desk, mut seat) = in_session(SEE).await;
    seat.see().await;
    host.painter.fill(SCREEN.rect(), 0x0041_8a3b);
    see_exactly(&mut seat, &host.painter.picture()).await;
    for (depth, colour) in [
        (ColourDepth::Grey, 0x0066_6666),
        (ColourDepth::Bits8, 0x0033_9240),
        (ColourDepth::True, 0x0041_8a3b),
    ] {
        let wish = ViewerMessage::Wish(ViewWish {
            depth,
            ..ViewWish::default()
        });
        seat.acks.write(&wish).await.expect("written");
        let mut expected = host.painter.picture();
        expected.pixels_mut().fill(colour);
        let end = Instant::now() + PATIENCE;
        while seat.decoder.picture() != Some(&expected) {
            assert!(Instant::now() < end, "{depth:?} does not come");
            let seen = seat.see().await;
            assert!(!seen.is_reset(), "{depth:?} begins anew");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_coarse_becomes_exact_and_then_nothing_is_sent() {
    let (_hub, host, _desk, mut seat) = in_session(SEE).await;
    seat.see().await;
    for step in 0..4 {
        host.painter
            .paint(Rect::new(30, 30, 400, 300), |x, y| noise(x + step, y));
        seat.see().await;
    }
    let stopped = Instant::now();
    see_exactly(&mut seat, &host.painter.picture()).await;
    println!("exact after {:?}", stopped.elapsed());
    let rest = seat.see_unacknowledged(Duration::from_millis(700)).await;
    assert!(rest.is_none(), "nothing is sent at rest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_that_starts_anew_gets_a_whole_picture() {
    let (_hub, _host, _desk, mut seat) = in_session(SEE).await;
    assert!(!seat.see().await.payload.is_empty());
    seat.acks
        .write(&ViewerMessage::NeedReset)
        .await
        .expect("written");
    assert!(seat.see().await.is_reset());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pointer_travels_apart() {
    let (_hub, host, _desk, mut seat) = in_session(SEE).await;
    seat.see().await;
    host.painter.move_pointer(123, 45);
    let end = Instant::now() + PATIENCE;
    loop {
        let update = tokio::time::timeout(PATIENCE, seat.pointer.read::<PointerUpdate>());
        let update = update
            .await
            .expect("in time")
            .expect("reads")
            .expect("there");
        if (update.x, update.y, update.visible) == (123, 45, true) {
            break;
        }
        assert!(Instant::now() < end, "the pointer does not arrive");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_operator_does_is_done_inside_the_shared_screen() {
    let (_hub, host, _desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&InputEvent::PointerMoved { x: 99_999, y: -5 })
        .await;
    let button = PointerButton::Left;
    seat.do_it(&InputEvent::Button {
        button,
        pressed: true,
        x: 10,
        y: 20,
    })
    .await;
    seat.do_it(&InputEvent::Button {
        button,
        pressed: false,
        x: 10,
        y: 20,
    })
    .await;
    assert!(host.log.wait_for_events(3, PATIENCE));
    assert_eq!(
        host.log.events()[0],
        InputEvent::PointerMoved { x: 639, y: 0 }
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_an_operator_who_may_only_see_types_nothing() {
    let (_hub, host, _desk, mut seat) = in_session(SEE).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(host.log.events().is_empty());
    assert!(
        host.sink.lock().expect("no panic").is_some(),
        "keyboard and pointer stay closed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_taking_back_control_releases_keys_and_leaves_the_picture() {
    let (_hub, host, mut desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    assert_eq!(host.log.held().len(), 1);
    host.handle
        .send(HostCommand::ReduceRights { rights: SEE })
        .expect("room");
    assert!(host.log.wait_until_released(PATIENCE));
    let HostToHub::ReduceRights { rights, .. } = desk.hear().await else {
        panic!("the hub must know");
    };
    assert_eq!(rights, SEE);
    seat.do_it(&press(5)).await;
    host.painter.fill(Rect::new(0, 0, 9, 9), 0x00ab_cdef);
    seat.see().await;
    assert!(host.log.held().is_empty(), "nothing is typed any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_end_stops_at_once_without_waiting_for_the_hub() {
    let (_hub, host, mut desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));

    let pressed = Instant::now();
    host.handle.end_session();
    assert!(host.log.wait_until_released(PATIENCE));
    let released = pressed.elapsed();
    let cause = host.wait_for(ended);
    let told = pressed.elapsed();
    assert_eq!(cause, EndCause::By(EndedBy::User));
    println!("End: keys released after {released:?}, ended after {told:?}");
    assert!(
        released < AT_ONCE && told < AT_ONCE,
        "{released:?} {told:?}"
    );

    host.painter.fill(Rect::new(0, 0, 300, 300), 0x0012_3456);
    let frame = tokio::time::timeout(PATIENCE, seat.screen.read_body())
        .await
        .expect("in time");
    assert!(frame.is_err(), "the screen's stream is cut, not finished");
    assert!(matches!(
        desk.hear().await,
        HostToHub::EndSession { session: SESSION }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_the_hot_key_ends_from_any_thread() {
    let (_hub, host, mut desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let ender = host.handle.ender();
    std::thread::spawn(move || ender.end())
        .join()
        .expect("no panic");
    assert_eq!(host.wait_for(ended), EndCause::By(EndedBy::User));
    assert!(matches!(
        desk.hear().await,
        HostToHub::EndSession { session: SESSION }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_input_is_not_done_and_ends_the_session() {
    let (_hub, host, mut desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.input
        .write_body(vec![7; 40].into())
        .await
        .expect("written");
    assert_eq!(host.wait_for(ended), EndCause::ForgedInput);
    assert!(matches!(desk.hear().await, HostToHub::EndSession { .. }));
    assert!(
        host.log
            .events()
            .iter()
            .all(|event| *event == InputEvent::ReleaseAll)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_by_the_operator_is_told_even_where_the_streams_break_first() {
    let (_hub, host, mut desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    seat.screen.stream_mut().stop(0u32.into()).expect("open");
    seat.input.stream_mut().reset(0u32.into()).expect("open");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let by = EndedBy::Operator;
    desk.say(HubToHost::SessionEnded {
        session: SESSION,
        by,
    })
    .await;
    assert_eq!(host.wait_for(ended), EndCause::By(EndedBy::Operator));
    assert!(host.log.wait_until_released(PATIENCE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_is_released_when_the_console_falls_silent() {
    let (_hub, host, _desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    for _ in 0..6 {
        tokio::time::sleep(HOLD_SIGN_EVERY).await;
        seat.do_it(&InputEvent::StillHeld).await;
    }
    assert_eq!(host.log.held().len(), 1, "held for as long as it is said");
    let silent = Instant::now();
    assert!(host.log.wait_until_released(PATIENCE));
    let released = silent.elapsed();
    assert!(released < 2 * HOLD_PATIENCE, "released after {released:?}");

    // and the session goes on
    seat.do_it(&press(5)).await;
    let until = Instant::now() + PATIENCE;
    while host.log.held().is_empty() {
        assert!(Instant::now() < until, "input still works");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_released_when_the_hub_is_gone() {
    let (_hub, host, desk, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    transport::close::close(&desk.connection);
    assert_eq!(host.wait_for(ended), EndCause::ConnectionLost);
    assert!(host.log.wait_until_released(PATIENCE));
    let cause = host.wait_for(|event| match event {
        HostEvent::ConnectionLost(cause) => Some(cause),
        _ => None,
    });
    assert_eq!(cause, LostCause::Closed);
    let end = Instant::now() + PATIENCE;
    while !host.log.sink_is_gone() {
        assert!(Instant::now() < end, "the sink stays open");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_after_a_no_nothing_starts() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    desk.admit().await;
    desk.ask(BOTH).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    host.answer(None);
    assert_eq!(desk.answer().await.0, None);
    desk.say(HubToHost::SessionStarted {
        session: SESSION,
        rights: BOTH,
    })
    .await;
    let stream = tokio::time::timeout(Duration::from_millis(300), desk.connection.accept_uni());
    assert!(stream.await.is_err(), "no stream opens");
    assert!(host.untouched());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e2_a_hub_that_plays_the_console_is_found_out() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    desk.until_proof().await;
    desk.say(HubToHost::TicketAccepted {
        proof: vec![3; 32].into(),
    })
    .await;
    let problem = host.wait_for(failed);
    assert_eq!(problem, ConnectProblem::FalseConsole);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h4_a_refused_ticket_leaves_room_for_another() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    let HostToHub::OpenTicket { .. } = desk.hear().await else {
        panic!("a ticket");
    };
    let refusal = Refusal::new(RefusalCode::TICKET_EXPIRED);
    desk.say(HubToHost::TicketRefused { refusal }).await;
    let told = host.wait_for(|event| match event {
        HostEvent::TicketRefused(refusal) => Some(refusal),
        _ => None,
    });
    assert_eq!(told, refusal);
    host.open_ticket();
    desk.admit().await;
    host.wait_for(|event| matches!(event, HostEvent::TicketAccepted { .. }).then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e2_another_hub_under_the_same_address_is_not_spoken_to() {
    let (hub, other) = (FakeHub::listen(), FakeHub::listen());
    let host = Host::start(hub.address, other.pin);
    host.open_ticket();
    assert!(!hub.is_believed().await);
    assert_eq!(host.wait_for(failed), ConnectProblem::ForeignKey);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_tells_the_hub_and_does_not_hang() {
    let (_hub, host, mut desk, mut seat) = in_session(SEE).await;
    seat.see().await;
    let Host { handle, .. } = host;
    let left = Instant::now();
    let gone = tokio::task::spawn_blocking(move || drop(handle));
    assert!(matches!(desk.hear().await, HostToHub::EndSession { .. }));
    assert!(matches!(desk.hear().await, HostToHub::Leave));
    gone.await.expect("no panic");
    assert!(
        left.elapsed() < Duration::from_secs(3),
        "{:?}",
        left.elapsed()
    );
}

fn failed(event: HostEvent) -> Option<ConnectProblem> {
    match event {
        HostEvent::ConnectionFailed(problem) => Some(problem),
        _ => None,
    }
}
