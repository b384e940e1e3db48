//! Whose pointer is seen (S1).

use e2e::{Cast, PATIENCE, Picture, Size, wait_until};

const USER_SCREEN: Size = Size(640, 480);
/// With room beside the session's window.
const OPERATOR_SCREEN: Size = Size(1400, 900);
const BACKGROUND: [u8; 3] = [0x20, 0x40, 0x80];

#[test]
fn s1_the_users_pointer_is_seen_when_the_operators_has_left_the_window() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let user = &cast.user_display;
    user.paint_background(0x20_40_80).expect("painted");
    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    let hands = cast.operator_display.hands().expect("hands");
    let users = cast.user_display.hands().expect("hands");
    let middle = (
        session.x + session.width / 2,
        session.y + session.height / 2,
    );
    // a corner of the user's screen where nothing but the background is
    let (x, y) = (600_u32, 440_u32);
    let around = |picture: &Picture| {
        let near = |at: u32, last: u32| at.saturating_sub(12)..(at + 12).min(last);
        let mut pixels =
            near(y, picture.height()).flat_map(|y| near(x, picture.width()).map(move |x| (x, y)));
        pixels.any(|(x, y)| picture.at(x, y) != BACKGROUND)
    };
    for round in 0..3 {
        // straight from the middle of the picture to where no window of this program is
        hands.click(middle).expect("clicked");
        hands.point_at((middle.0 + 3, middle.1)).expect("moved");
        std::thread::sleep(std::time::Duration::from_millis(300));
        users.point_at((20, 20)).expect("moved");
        hands
            .point_at((OPERATOR_SCREEN.0.into(), 2))
            .expect("moved");
        users.point_at((x, y)).expect("moved");
        wait_until(
            &format!("the user's pointer, round {round}"),
            PATIENCE,
            || Ok(around(&cast.console.remote_picture()?).then_some(())),
        )
        .expect("it is drawn");
    }
    // over the picture the operator's own stands for it
    hands.point_at(middle).expect("moved");
    wait_until("the operator's own pointer alone", PATIENCE, || {
        Ok((!around(&cast.console.remote_picture()?)).then_some(()))
    })
    .expect("the other is not drawn");
}
