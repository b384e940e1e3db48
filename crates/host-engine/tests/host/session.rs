//! The engine against a hub that speaks the real protocol: what is seen, what is done, and the end.

use std::time::{Duration, Instant};

use crate::support::{
    BOTH, Console, Desk, FakeHub, Host, PATIENCE, SCREEN, SEE, SESSION, Seat, ended, in_session,
    places, press, press_at, release,
};
use capture::Monitor;
use codec::{PixelSize, Rect};
use host_engine::{EndCause, HostCommand, HostEvent, Trouble};
use protocol::input::{HOLD_PATIENCE, HOLD_SIGN_EVERY, MAX_INPUT_AGE};
use protocol::version::QUICK_PHOTOS;
use protocol::{
    ColourDepth, EndedBy, Hindrance, Hindrances, HostToHub, HostWord, HubToHost, InputEvent, Lane,
    Place, PointerButton, ProtocolVersion, Refusal, RefusalCode, SessionId, VersionRange, ViewWish,
    ViewerMessage,
};

/// How soon **End** must have stopped everything (H6).
const AT_ONCE: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_painted_is_seen_exactly() {
    let (_hub, host, _desk, _console, mut seat) = in_session(SEE).await;
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
    let (_hub, host, _desk, _console, mut seat) = in_session(SEE).await;
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
    let (_hub, host, _desk, _console, mut seat) = in_session(SEE).await;
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
    seat.acknowledge().await;
    seat.see().await;
    let newest = seat.decoder.picture().map(|picture| picture.pixels()[0]);
    assert_eq!(newest, Some(60));
}

/// Tells the host how to show the screen, and reads on until it does.
async fn wish(seat: &mut Seat, wish: ViewWish) -> protocol::ScreenLayout {
    seat.tell(ViewerMessage::Wish(wish)).await;
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
    let (_hub, host, _desk, _console, mut seat) = in_session(BOTH).await;
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

    seat.point(319, 10).await;
    seat.point(9_999, 0).await;
    assert!(host.log.wait_for_events(2, PATIENCE));
    assert_eq!(places(&host.log), [(639, 21), (639, 1)]);

    host.painter.move_pointer(401, 301);
    let end = Instant::now() + PATIENCE;
    loop {
        let update = seat.see_pointer().await;
        if (update.x, update.y) == (200, 150) {
            break;
        }
        assert!(Instant::now() < end, "the pointer does not arrive");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_before_a_change_of_size_lands_where_the_operator_saw_it() {
    let (_hub, host, _desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let before = seat.place(600, 300);
    let half = ViewWish {
        percent: 50,
        ..ViewWish::default()
    };
    wish(&mut seat, half).await;
    // the host shows the new picture already, and the operator has seen it
    seat.do_it(&press_at(before)).await;
    seat.point(300, 150).await;
    seat.do_it(&InputEvent::PointerMoved { to: before }).await;
    assert!(host.log.wait_for_events(3, PATIENCE));
    assert_eq!(places(&host.log), [(600, 300), (601, 301), (600, 300)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_in_a_picture_that_was_never_sent_is_not_used() {
    let (_hub, host, _desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    for seen in [0, seat.last_seq + 1_000, u64::MAX] {
        let at = Place { x: 5, y: 5, seen };
        seat.do_it(&InputEvent::PointerMoved { to: at }).await;
        seat.do_it(&press_at(at)).await;
    }
    seat.point(7, 8).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    assert_eq!(places(&host.log), [(7, 8)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_monitors_is_seen_and_touched_and_may_be_unplugged() {
    let (_hub, host, _desk, _console, mut seat) = in_session(BOTH).await;
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
    let everything = seat.place(30, 40);
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
    // one click in the picture of all monitors is still on its way, the next is in the new one
    seat.do_it(&press_at(everything)).await;
    seat.point(10, 20).await;
    assert!(host.log.wait_for_events(2, PATIENCE));
    assert_eq!(places(&host.log), [(30, 40), (250, 20)]);

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
    let (_hub, host, _desk, _console, mut seat) = in_session(SEE).await;
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
        seat.tell(wish).await;
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
    let (_hub, host, _desk, _console, mut seat) = in_session(SEE).await;
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
    let (_hub, _host, _desk, _console, mut seat) = in_session(SEE).await;
    assert!(!seat.see().await.payload.is_empty());
    seat.tell(ViewerMessage::NeedReset).await;
    assert!(seat.see().await.is_reset());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pointer_travels_apart() {
    let (_hub, host, _desk, _console, mut seat) = in_session(SEE).await;
    seat.see().await;
    host.painter.move_pointer(123, 45);
    let end = Instant::now() + PATIENCE;
    loop {
        let update = seat.see_pointer().await;
        if (update.x, update.y, update.visible) == (123, 45, true) {
            break;
        }
        assert!(Instant::now() < end, "the pointer does not arrive");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_operator_does_is_done_inside_the_shared_screen() {
    let (_hub, host, _desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.point(99_999, -5).await;
    let at = seat.place(10, 20);
    seat.do_it(&press_at(at)).await;
    let button = PointerButton::Left;
    let pressed = false;
    seat.do_it(&InputEvent::Button {
        button,
        pressed,
        at,
    })
    .await;
    assert!(host.log.wait_for_events(3, PATIENCE));
    assert_eq!(places(&host.log), [(639, 0), (10, 20), (10, 20)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_too_late_is_not_done_and_said() {
    let (_hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let too_late = MAX_INPUT_AGE + Duration::from_secs(1);
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    seat.do_late(&press(5), too_late).await;
    let first = HostWord::InputTooOld {
        session: SESSION,
        count: 1,
    };
    // also if nothing follows
    assert_eq!(console.hear(&mut desk).await, first);
    // what comes in one go is told together
    for key in 6..9 {
        seat.do_late(&press(key), too_late).await;
        seat.do_late(&release(key), too_late).await;
    }
    // what lets go is done however late it is
    seat.do_late(&release(4), too_late).await;
    assert!(host.log.wait_for_events(5, PATIENCE));
    assert!(host.log.held().is_empty());
    let rest = HostWord::InputTooOld {
        session: SESSION,
        count: 3,
    };
    assert_eq!(console.hear(&mut desk).await, rest);
    let done: Vec<_> = [press(4)]
        .into_iter()
        .chain([6, 7, 8, 4].map(release))
        .collect();
    assert_eq!(host.log.events(), done);
    seat.do_it(&press(9)).await;
    assert!(host.log.wait_for_events(6, PATIENCE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_number_is_done_once() {
    let (_hub, host, _desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let now = Duration::ZERO;
    for (number, key) in [(1, 4), (2, 5), (2, 6), (1, 7), (9, 8), (8, 9)] {
        seat.do_as(number, &press(key), now).await;
    }
    seat.do_as(10, &press(10), now).await;
    assert!(host.log.wait_for_events(4, PATIENCE));
    assert_eq!(host.log.events(), [4, 5, 8, 10].map(press));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d2_pictures_and_pointer_carry_the_hosts_tag() {
    let (_hub, host, _desk, _console, mut seat) = in_session(SEE).await;
    host.painter.move_pointer(12, 34);
    let key = seat.picture_key.clone();
    for (lane, reader) in [
        (Lane::Screen, &mut seat.screen),
        (Lane::Pointer, &mut seat.pointer),
    ] {
        let read = tokio::time::timeout(PATIENCE, reader.read_body());
        let tagged = read.await.expect("in time").expect("reads").expect("there");
        assert!(key.check(SESSION, lane, &tagged).is_some(), "{lane:?}");
        let mut changed = tagged.to_vec();
        changed[0] ^= 1;
        assert!(key.check(SESSION, lane, &changed).is_none(), "{lane:?}");
        let other = SessionId(SESSION.0 + 1);
        assert!(key.check(other, lane, &tagged).is_none(), "{lane:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_an_operator_who_may_only_see_types_nothing() {
    let (_hub, host, _desk, _console, mut seat) = in_session(SEE).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(host.log.events().is_empty());
    assert!(
        host.keyboard_is_untouched(),
        "keyboard and pointer stay closed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_taking_back_control_releases_keys_and_leaves_the_picture() {
    let (_hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    assert_eq!(host.log.held().len(), 1);
    host.handle
        .send(HostCommand::ReduceRights { rights: SEE })
        .expect("room");
    assert!(host.log.wait_until_released(PATIENCE));
    let reduced = HostWord::Reduce {
        session: SESSION,
        rights: SEE,
    };
    assert_eq!(console.hear(&mut desk).await, reduced);
    seat.do_it(&press(5)).await;
    host.painter.fill(Rect::new(0, 0, 9, 9), 0x00ab_cdef);
    seat.see().await;
    assert!(host.log.held().is_empty(), "nothing is typed any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_end_stops_at_once_without_waiting_for_the_hub() {
    let (_hub, host, mut desk, _console, mut seat) = in_session(BOTH).await;
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
async fn h6_end_does_not_wait_for_a_long_text_that_is_being_typed() {
    let (_hub, host, _desk, _console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    host.log.type_slowly(Duration::from_millis(2));
    let text = "all that was in the clipboard. ".repeat(33);
    let text = InputEvent::Text {
        text: text.as_str().into(),
    };
    seat.do_it(&press(4)).await;
    seat.do_it(&text).await;
    assert!(host.log.wait_for_events(2, PATIENCE));
    let pressed = Instant::now();
    host.handle.end_session();
    host.wait_for(ended);
    while !host.log.sink_is_gone() {
        assert!(pressed.elapsed() < PATIENCE, "the sink stays");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let typed = host.log.typed().len();
    let gone = pressed.elapsed();
    println!("End: the sink is gone after {gone:?}, {typed} of 1,023 characters were typed");
    assert!(typed < 500 && gone < 2 * AT_ONCE, "{typed}, {gone:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_the_hot_key_ends_from_any_thread() {
    let (_hub, host, mut desk, _console, mut seat) = in_session(BOTH).await;
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
async fn an_end_by_the_operator_is_told_even_where_the_streams_break_first() {
    let (_hub, host, mut desk, _console, mut seat) = in_session(BOTH).await;
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
    let (_hub, host, _desk, _console, mut seat) = in_session(BOTH).await;
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
async fn leaving_tells_the_hub_and_does_not_hang() {
    let (_hub, host, mut desk, _console, mut seat) = in_session(SEE).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_an_operator_who_insists_is_refused_without_asking() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    for _ in 0..3 {
        console.ask(&mut desk, BOTH).await;
        let insistent = host.wait_for(|event| match event {
            HostEvent::ConsentAsked { insistent, .. } => Some(insistent),
            _ => None,
        });
        assert!(!insistent);
        host.answer(None);
        assert_eq!(console.answer(&mut desk).await, None);
    }
    console.ask(&mut desk, BOTH).await;
    assert_eq!(console.answer(&mut desk).await, None);
    assert!(host.events.try_next().is_none(), "nobody is asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h4_a_ticket_is_tried_twice_and_then_spent() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    let refusal = Refusal::new(RefusalCode::TICKET_WRONG);
    for _ in 0..2 {
        desk.until_proof().await;
        desk.say(HubToHost::TicketRefused { refusal }).await;
        host.wait_until(&HostEvent::TicketRefused(refusal));
        host.open_ticket();
    }
    host.wait_until(&HostEvent::TicketSpent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_that_cannot_be_captured_ends_the_session() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.screens.lock().expect("no panic").clear();
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    console.ask(&mut desk, SEE).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    host.answer(Some(SEE));
    console.answer(&mut desk).await;
    desk.say(HubToHost::SessionStarted { session: SESSION })
        .await;
    host.wait_for(|event| {
        matches!(event, HostEvent::Trouble(Trouble::NoCapture { .. })).then_some(())
    });
    assert_eq!(host.wait_for(ended), EndCause::NoCapture);
    ends_because(&mut desk, &mut console, Hindrance::NO_DISPLAY).await;
}

/// The operator hears why, then the hub ends the session, then the next may find it otherwise.
async fn ends_because(desk: &mut Desk, console: &mut Console, screen: Hindrance) {
    let because = Hindrances {
        screen: Some(screen),
        input: None,
    };
    assert_eq!(console.hear(desk).await, HostWord::Hindered(because));
    let session = SESSION;
    assert_eq!(desk.hear().await, HostToHub::EndSession { session });
    let word = HostWord::Hindered(Hindrances::NONE);
    assert_eq!(console.hear(desk).await, word);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hinders_is_said_before_a_session_and_not_granted() {
    let hub = FakeHub::listen();
    let no_input = Hindrances {
        screen: Some(Hindrance::LOCKED),
        input: Some(Hindrance::NO_INPUT),
    };
    let host = Host::start_hindered(hub.address, hub.pin, no_input);
    host.wait_until(&HostEvent::Hindered(no_input));
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    let heard = console.hear(&mut desk).await;
    assert_eq!(heard, HostWord::Hindered(no_input));
    console.ask(&mut desk, BOTH).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    host.answer(Some(BOTH));
    assert_eq!(console.answer(&mut desk).await, Some(SEE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_out_of_reach_is_said_and_takes_no_right_away() {
    let hub = FakeHub::listen();
    let out_of_reach = Hindrances {
        screen: None,
        input: Some(Hindrance::MORE_RIGHTS),
    };
    let host = Host::start_hindered(hub.address, hub.pin, out_of_reach);
    host.wait_until(&HostEvent::Hindered(out_of_reach));
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    let heard = console.hear(&mut desk).await;
    assert_eq!(heard, HostWord::Hindered(out_of_reach));
    console.ask(&mut desk, BOTH).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    host.answer(Some(BOTH));
    assert_eq!(console.answer(&mut desk).await, Some(BOTH));
    // another window comes to the front
    let mut seat = console.begin(&mut desk).await;
    seat.see().await;
    *host.hindrances.lock().expect("no panic") = Hindrances::NONE;
    let heard = console.hear(&mut desk).await;
    assert_eq!(heard, HostWord::Hindered(Hindrances::NONE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_asked_for_a_screen_that_cannot_be_shown() {
    let hub = FakeHub::listen();
    let wayland = Hindrances {
        screen: Some(Hindrance::WAYLAND),
        input: None,
    };
    let host = Host::start_hindered(hub.address, hub.pin, wayland);
    host.wait_until(&HostEvent::Hindered(wayland));
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    let heard = console.hear(&mut desk).await;
    assert_eq!(heard, HostWord::Hindered(wayland));
    console.ask(&mut desk, BOTH).await;
    assert_eq!(console.answer(&mut desk).await, None);
    assert!(host.untouched());
}

/// The format of the first picture for a console that reads `formats`, through a hub of this version.
async fn format_for(formats: (u16, u16), hub_speaks: ProtocolVersion) -> u8 {
    let hub = FakeHub::speaking(hub_speaks);
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    console.formats = formats;
    console.ask(&mut desk, SEE).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    host.answer(Some(SEE));
    assert_eq!(console.answer(&mut desk).await, Some(SEE));
    let mut seat = console.begin(&mut desk).await;
    let first = seat.see().await;
    assert_eq!(
        first.payload[0], 1,
        "it stands alone, so its version follows"
    );
    first.payload[1]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_as_new_as_console_and_hub_can_read_them() {
    let newest = codec::FormatVersion::NEWEST.number();
    let ours = VersionRange::OURS.newest;
    let before = ProtocolVersion(QUICK_PHOTOS.0 - 1);
    assert_eq!(format_for((3, 9), ours).await, newest);
    assert_eq!(format_for((1, 3), ours).await, 3);
    assert_eq!(format_for((3, 9), before).await, 3);
    assert_eq!(format_for((3, 9), QUICK_PHOTOS).await, 4);
    assert_eq!(format_for((3, 4), ours).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_that_reads_none_of_our_pictures_is_told_apart() {
    let hub = FakeHub::listen();
    let host = Host::start(hub.address, hub.pin);
    host.open_ticket();
    let mut desk = hub.accept().await;
    let mut console = desk.admit().await;
    console.formats = (u16::MAX - 1, u16::MAX);
    console.ask(&mut desk, BOTH).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    host.answer(Some(BOTH));
    console.answer(&mut desk).await;
    desk.say(HubToHost::SessionStarted { session: SESSION })
        .await;
    assert_eq!(host.wait_for(ended), EndCause::NoCommonFormat);
    ends_because(&mut desk, &mut console, Hindrance::OTHER_PICTURES).await;
    assert!(host.untouched());
}
