//! Characters in a hurry: everything that is typed arrives once and in order, however busy the host is (S1).

use std::process::Command;
use std::time::{Duration, Instant};

use e2e::{Cast, Hands, PATIENCE, RawTerminal, Running, Size, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1280, 800);

/// Keys of the operator's display that the tool types with in turn.
const KEYS: usize = 3;

/// Characters of six scripts that a keyboard with an American layout lacks, between those that it has.
fn mixed(count: usize) -> String {
    const SCRIPTS: [&str; 6] = [
        "èé€ñàüßçøå",
        "the quick brown fox 0123456789",
        "жщюяЁьэй",
        "αβγδεζηθλψ",
        "漢字仮名交文日本語",
        "→←½¾±²³µ¶",
    ];
    // a fixed series, so that two runs type the same
    let mut state = 20_261_128_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let scripts: Vec<Vec<char>> = SCRIPTS.iter().map(|s| s.chars().collect()).collect();
    let mut text = String::new();
    let mut left = count;
    while left > 0 {
        let script = &scripts[next(scripts.len())];
        let word = (1 + next(6)).min(left);
        left -= word;
        text.extend((0..word).map(|_| script[next(script.len())]));
    }
    text
}

/// A session whose host shows a terminal that keeps what is typed.
struct Scene {
    cast: Cast,
    hands: Hands,
    terminal: RawTerminal,
}

impl Scene {
    fn open() -> Self {
        let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
        let terminal = RawTerminal::open(&cast.user_display, cast.folder(), "");
        let terminal = terminal.expect("a terminal");
        let ticket = cast.user_asks_for_help().expect("asked");
        let session = cast.session_begins(&ticket).expect("a session");
        let hands = cast.operator_display.hands().expect("hands");
        let middle = (
            session.x + session.width / 2,
            session.y + session.height / 2,
        );
        hands.click(middle).expect("clicked");
        std::thread::sleep(Duration::from_secs(1));
        Self {
            cast,
            hands,
            terminal,
        }
    }
}

#[test]
fn s1_characters_that_the_host_lacks_arrive_all_and_in_order_on_a_busy_machine() {
    // longer: PHD_HURRY=10000
    let count = std::env::var("PHD_HURRY").map_or(200, |count| count.parse().expect("a number"));
    let scene = Scene::open();
    let _busy: Vec<Running> = (0..2)
        .map(|number| {
            let mut busy = Command::new("sh");
            busy.args(["-c", "while :; do :; done"]);
            let log = scene.cast.folder().join(format!("busy-{number}.log"));
            Running::start("a busy program", &mut busy, &log).expect("started")
        })
        .collect();
    let text = mixed(count);
    scene.hands.type_anything(&text, KEYS).expect("typed");
    let (mut seen, mut since) = (0, Instant::now());
    while seen < text.len() && since.elapsed() < Duration::from_secs(20) {
        let now = scene.terminal.text().len();
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let arrived = scene.terminal.text();
    let wrong = arrived.chars().zip(text.chars()).position(|(a, b)| a != b);
    assert!(
        arrived == text,
        "{} of {} arrived; the first wrong one at {wrong:?}\n{text}\n{arrived}",
        arrived.chars().count(),
        text.chars().count()
    );
}

#[test]
fn s1_what_the_host_cannot_type_is_told() {
    let mut scene = Scene::open();
    // no key of the host is left that means nothing
    let mut fill = Command::new("xmodmap");
    fill.args(["-display", scene.cast.user_display.name()]);
    for keycode in 8..=255 {
        let rest = format!("keycode {keycode} = F35");
        if !(9..=90).contains(&keycode) {
            fill.args(["-e", &rest]);
        }
    }
    let filled = fill.status().expect("xmodmap");
    assert!(filled.success());
    scene
        .cast
        .operator_display
        .set_layout("ru")
        .expect("a layout");
    std::thread::sleep(Duration::from_millis(500));
    scene.hands.type_text("ж").expect("typed");
    let told = "The remote computer has no way to type the last key.";
    scene.cast.console.app.wait_for(told).expect("told");
    // and what it can is typed
    scene
        .cast
        .operator_display
        .set_layout("us")
        .expect("a layout");
    std::thread::sleep(Duration::from_millis(500));
    scene.hands.type_text("ok").expect("typed");
    wait_until("the rest", PATIENCE, || {
        Ok((scene.terminal.text() == "ok").then_some(()))
    })
    .expect("it arrives");
}
