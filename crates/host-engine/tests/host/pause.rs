//! The user pauses and goes on: nothing is seen, sent or done in between.

use std::time::{Duration, Instant};

use codec::Rect;
use host_engine::HostEvent;
use protocol::{HostWord, ViewWish, ViewerMessage};
use transport::close::close;

use crate::support::{
    BOTH, Console, Desk, Host, PATIENCE, SCREEN, SESSION, Seat, in_session, places, press,
};

/// How soon a pause must have stopped everything.
const AT_ONCE: Duration = Duration::from_millis(100);

const fn withheld(withheld: bool) -> HostWord {
    HostWord::Withheld {
        session: SESSION,
        withheld,
    }
}

/// Sees the next updates until the picture is what is painted after the pause.
async fn see_exactly_what_is_there(host: &Host, seat: &mut Seat) {
    let end = Instant::now() + PATIENCE;
    assert!(seat.see().await.is_reset(), "a picture that stands alone");
    while seat.decoder.picture() != Some(&host.painter_after.picture()) {
        assert!(Instant::now() < end, "the picture does not become exact");
        seat.see().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_a_pause_stops_sight_and_touch_at_once_until_the_user_goes_on() {
    let (_hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    seat.do_it(&press(4)).await;
    assert!(host.log.wait_for_events(1, PATIENCE));

    let pressed = Instant::now();
    host.handle.withhold(true);
    assert!(host.log.wait_until_released(PATIENCE));
    println!("keys released {:?} after the pause", pressed.elapsed());
    assert!(pressed.elapsed() < AT_ONCE);
    assert_eq!(console.hear(&mut desk).await, withheld(true));
    seat.see_until_cut().await;

    let done = host.log.events();
    host.painter.fill(Rect::new(0, 0, 200, 200), 0x00ff_0000);
    host.painter.move_pointer(9, 8);
    for key in 5..9 {
        seat.do_it(&press(key)).await;
    }
    seat.point(7, 8).await;
    assert!(!desk.opens_a_stream().await, "nothing is sent");
    assert_eq!(host.log.events(), done, "nothing is done");
    let unopened = host.screens.lock().expect("no panic").len();
    assert_eq!(unopened, 1, "the screen is not even open");

    host.painter_after
        .paint(SCREEN.rect(), |x, y| (x * 7 + y * 13) << 3);
    host.handle.withhold(false);
    assert_eq!(console.hear(&mut desk).await, withheld(false));
    seat.take_streams_again(&desk).await;
    see_exactly_what_is_there(&host, &mut seat).await;
    host.painter_after.move_pointer(20, 30);
    seat.see_pointer().await;
    // what was done meanwhile is not done later
    seat.point(11, 12).await;
    assert!(host.log.wait_for_events(done.len() + 1, PATIENCE));
    assert_eq!(places(&host.log), [(11, 12)]);
    assert_eq!(host.log.events().len(), done.len() + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_what_the_operator_wished_to_see_stays_so_after_a_pause() {
    let (_hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    let half = ViewWish {
        percent: 50,
        ..ViewWish::default()
    };
    seat.tell(ViewerMessage::Wish(half)).await;
    while seat.see().await.layout.is_none_or(|l| l.percent != 50) {}
    host.handle.withhold(true);
    assert_eq!(console.hear(&mut desk).await, withheld(true));
    host.handle.withhold(false);
    assert_eq!(console.hear(&mut desk).await, withheld(false));
    seat.take_streams_again(&desk).await;
    let layout = seat.see().await.layout.expect("it stands alone");
    assert_eq!(layout.percent, 50, "from the first picture on");
}

/// The line is lost and comes back; gives both ends of the new one.
async fn comes_back(hub: &crate::support::FakeHub, host: &Host, console: &mut Console) -> Desk {
    let mut desk = hub.accept_again().await;
    desk.resume().await;
    host.wait_until(&HostEvent::Reconnected);
    console.greet(&mut desk).await;
    let said = console.hear(&mut desk).await;
    assert!(matches!(said, HostWord::Reduce { .. }), "{said:?}");
    desk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_a_pause_outlives_a_lost_line_and_begins_without_one() {
    for pauses_first in [true, false] {
        let (hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
        seat.see().await;
        if pauses_first {
            host.handle.withhold(true);
            assert_eq!(console.hear(&mut desk).await, withheld(true));
        }
        close(&desk.connection);
        host.wait_until(&HostEvent::Reconnecting);
        if !pauses_first {
            host.handle.withhold(true);
        }
        let mut desk = comes_back(&hub, &host, &mut console).await;
        assert_eq!(console.hear(&mut desk).await, withheld(true));
        assert!(!desk.opens_a_stream().await, "nothing is sent");
        let unopened = host.screens.lock().expect("no panic").len();
        assert_eq!(unopened, 1, "the screen is not even open");
        host.handle.withhold(false);
        assert_eq!(console.hear(&mut desk).await, withheld(false));
        let last = seat.last_seq;
        let mut seat = console.take_seat(&mut desk).await;
        seat.last_seq = last;
        see_exactly_what_is_there(&host, &mut seat).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_a_session_that_is_paused_ends_as_any_other_and_the_next_is_not_paused() {
    let (_hub, host, mut desk, mut console, mut seat) = in_session(BOTH).await;
    seat.see().await;
    host.handle.withhold(true);
    assert_eq!(console.hear(&mut desk).await, withheld(true));
    host.handle.end_session();
    host.wait_for(crate::support::ended);
    desk.hear().await;
    // pressed in the moment in which it ended
    host.handle.withhold(true);
    console.ask(&mut desk, BOTH).await;
    host.wait_for(|event| matches!(event, HostEvent::ConsentAsked { .. }).then_some(()));
    host.answer(Some(BOTH));
    console.answer(&mut desk).await;
    let mut seat = console.begin(&mut desk).await;
    see_exactly_what_is_there(&host, &mut seat).await;
}
