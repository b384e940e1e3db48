//! An operator pauses, and the screen is closed until they look again; and the user shares one monitor alone.

use capture::Monitor;
use codec::Rect;
use host_engine::HostEvent;
use protocol::{
    Equipment, HostWord, HubToHost, OperatorWord, ScreenMonitor, ViewWish, ViewerMessage,
};

use crate::support::{BOTH, PATIENCE, SCREEN, SESSION, in_session, places, press, press_at, said};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_while_the_operator_rests_the_screen_is_not_even_open_and_then_all_is_there_at_once() {
    let (_hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    let mut rest = |resting| -> HubToHost {
        said(console.word(&OperatorWord::Rest {
            session: SESSION,
            resting,
        }))
    };
    desk.say(rest(true)).await;
    assert!(host.log.wait_until_released(PATIENCE));
    seat.see_until_cut().await;
    assert!(!desk.opens_a_stream().await, "nothing is sent");
    let unopened = host.screens.lock().expect("no panic").len();
    assert_eq!(unopened, 1, "the screen is not even open");

    host.painter_after
        .paint(SCREEN.rect(), |x, y| (x * 7 + y * 13) << 3);
    // the user pauses, and goes on while the operator still rests
    host.handle.withhold(true);
    host.handle.withhold(false);
    assert!(!desk.opens_a_stream().await, "the operator does not look");
    desk.say(rest(false)).await;
    seat.take_streams_again(&desk).await;
    assert!(seat.see().await.is_reset(), "a picture that stands alone");
    let end = std::time::Instant::now() + PATIENCE;
    while seat.decoder.picture() != Some(&host.painter_after.picture()) {
        assert!(std::time::Instant::now() < end, "it becomes exact");
        seat.see().await;
    }
}

const SECRET: u32 = 0x00ee_1100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h5_of_a_monitor_that_is_shared_alone_the_others_are_neither_seen_nor_touched() {
    let (_hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let monitor = |id, x, width| Monitor {
        id,
        name: format!("HDMI-{id}"),
        area: Rect::new(x, 0, width, 400),
        primary: id == 4,
    };
    for painter in [&host.painter, &host.painter_after] {
        painter.set_monitors(vec![monitor(4, 0, 240), monitor(5, 240, 400)]);
        painter.fill(Rect::new(0, 0, 240, 400), 0x0011_2233);
        painter.fill(Rect::new(240, 0, 400, 400), SECRET);
    }
    while seat.see().await.layout.is_none_or(|l| l.monitors.len() < 2) {}
    let on_the_other = seat.place(300, 40);
    let left = ScreenMonitor {
        id: 4,
        name: "HDMI-4".into(),
        width: 240,
        height: 400,
    };
    host.handle.share_only(Some(&left));
    let alone = HostWord::SharesOnly {
        session: SESSION,
        monitor: Some(left.name.clone()),
    };
    assert_eq!(console.hear(&mut desk).await, alone);
    let layout = loop {
        match seat.see().await.layout {
            Some(layout) if layout.monitors.len() == 1 => break layout,
            _ => {}
        }
    };
    assert_eq!((layout.shared, layout.width), (Some(4), 240));
    // what the operator wishes to see changes nothing
    let other = ViewWish {
        monitor: Some(5),
        percent: 50,
        ..ViewWish::default()
    };
    seat.tell(ViewerMessage::Wish(other)).await;
    let layout = loop {
        match seat.see().await.layout {
            Some(layout) if layout.percent == 50 => break layout,
            _ => {}
        }
    };
    assert_eq!((layout.shared, layout.width), (Some(4), 240));
    let seen = seat.decoder.picture().expect("a picture").pixels();
    assert!(!seen.contains(&SECRET));
    // a click in the picture of both monitors is not done, one beyond the edge is at the edge
    seat.do_it(&press_at(on_the_other)).await;
    seat.point(10_000, 20).await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(2, PATIENCE));
    assert_eq!(places(&host.log), [(239, 41)]);

    // it is unplugged: nothing takes its place
    host.painter_after.set_monitors(vec![monitor(5, 240, 400)]);
    host.wait_until(&HostEvent::MonitorGone { session: SESSION });
    let paused = HostWord::Withheld {
        session: SESSION,
        withheld: true,
    };
    assert_eq!(console.hear(&mut desk).await, paused);
    let told = desk.equipment.iter().filter_map(|piece| match piece {
        Equipment::Monitors(places) => Some(places.len()),
        Equipment::Keyboard(_) => None,
    });
    // first the only one there was; of one alone nobody hears where it stands
    assert_eq!(told.collect::<Vec<_>>(), [1, 2, 0]);
    seat.see_until_cut().await;
    assert!(!desk.opens_a_stream().await, "nothing is sent");
}
