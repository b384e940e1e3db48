//! The operator's wheel turns the host's by as much (S1).

use anyhow::Context as _;
use e2e::{Cast, PATIENCE, RawTerminal, Size, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);

/// Turns of each wheel, as a terminal that reports them writes them: up, down, left and right.
const TURNS: [&str; 4] = ["<64;", "<65;", "<66;", "<67;"];

#[test]
fn s1_a_notch_at_the_operator_is_one_at_the_host_in_every_direction() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    // each event of the mouse goes to the program, by its number
    let reports = r"\033[?1000h\033[?1006h";
    let terminal = RawTerminal::open(&cast.user_display, cast.folder(), reports);
    let terminal = terminal.expect("a terminal");
    let ticket = cast.user_asks_for_help().expect("asked");
    let session = cast.session_begins(&ticket).expect("a session");
    let read = || terminal.text();
    // some terminals report a release, too, which ends in a small m
    let is_turn = |event: &str, turn| event.starts_with(turn) && event.ends_with('M');
    let turns = || {
        let read = read();
        TURNS.map(|turn| read.split("\u{1b}[").filter(|e| is_turn(e, turn)).count())
    };

    let hands = cast.operator_display.hands().expect("hands");
    hands
        .point_at((
            session.x + session.width / 2,
            session.y + session.height / 2,
        ))
        .expect("moved");
    hands.turn_wheel(-5).expect("turned");
    hands.turn_wheel(3).expect("turned");
    hands.turn_wheel_sideways(-2).expect("turned");
    hands.turn_wheel_sideways(4).expect("turned");
    // back and forth, quickly, and the last turn tells that all others have come
    for _ in 0..10 {
        hands.turn_wheel(-1).expect("turned");
        hands.turn_wheel(1).expect("turned");
    }
    hands.turn_wheel_sideways(1).expect("turned");
    wait_until("the last turn", PATIENCE, || {
        Ok((turns()[3] >= 5).then_some(()))
    })
    .with_context(|| format!("{:?}", turns()))
    .expect("turned");
    assert_eq!(turns(), [15, 13, 2, 5], "{:?}", read());
}
