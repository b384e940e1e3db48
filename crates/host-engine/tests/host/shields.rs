//! An operator pauses: the screen is closed until they look again.

use protocol::{HubToHost, OperatorWord};

use crate::support::{BOTH, PATIENCE, SCREEN, SESSION, in_session, press, said};

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
