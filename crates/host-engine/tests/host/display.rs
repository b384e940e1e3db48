//! A machine shows another display while a session runs: the session goes on there (U2).

use std::time::{Duration, Instant};

use host_engine::HostEvent;
use protocol::InputEvent;

use crate::support::{BOTH, Host, PATIENCE, SCREEN, Seat, in_session_following, places, press};

fn paint(host: &Host) {
    host.painter_after
        .paint(SCREEN.rect(), |x, y| (x * 5 + y * 11) << 4);
}

/// Sees until the picture is what the other display shows.
async fn sees_the_other(host: &Host, seat: &mut Seat) {
    let end = Instant::now() + PATIENCE;
    while seat.decoder.picture() != Some(&host.painter_after.picture()) {
        assert!(Instant::now() < end, "the picture does not become exact");
        seat.see().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u2_a_session_goes_on_where_another_display_is_shown_and_holds_nothing_on_the_one_before() {
    let (_hub, host, _desk, _console, mut seat) = in_session_following(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));
    assert_eq!(host.log.held().len(), 1);
    let before = seat.place(30, 40);

    paint(&host);
    host.handle.display_changed();
    assert!(host.log.wait_until_released(PATIENCE));
    // no picture of the other display was seen yet
    seat.do_it(&InputEvent::PointerMoved { to: before }).await;
    sees_the_other(&host, &mut seat).await;
    seat.point(11, 12).await;
    seat.do_it(&press(5)).await;
    assert!(host.log_after.wait_for_events(2, PATIENCE));
    assert_eq!(places(&host.log_after), [(11, 12)]);
    assert_eq!(host.log_after.held().len(), 1);
    assert!(host.log.sink_is_gone());
    assert!(host.log.held().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn u2_a_display_that_is_gone_is_waited_for_and_the_next_one_is_shown() {
    const GONE_FOR: Duration = Duration::from_millis(800);
    let (_hub, host, _desk, _console, mut seat) = in_session_following(BOTH).await;
    seat.see().await;
    paint(&host);
    let next = host.screens.lock().expect("no panic").pop();
    host.painter.lose("logged out");
    std::thread::sleep(GONE_FOR);
    let ended = |event| matches!(event, HostEvent::SessionEnded { .. });
    let mut told = std::iter::from_fn(|| host.events.try_next());
    assert!(!told.any(ended), "it waits");
    host.screens.lock().expect("no panic").extend(next);
    sees_the_other(&host, &mut seat).await;
    assert!(!std::iter::from_fn(|| host.events.try_next()).any(ended));
}
