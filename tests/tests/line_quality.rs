//! The session's window says how good the line is, and what limits it.

use std::fs;
use std::process::Command;
use std::time::Duration;

use e2e::{Cast, End, Network, RelayShape, Running, Size};

const USER_SCREEN: Size = Size(960, 640);
const OPERATOR_SCREEN: Size = Size(1400, 900);

const USUAL: RelayShape = RelayShape {
    delay: Duration::from_millis(5),
    bytes_per_second: None,
    lost_percent: 0,
};

/// A terminal on the user's display in which something happens all the time.
fn busy_terminal(cast: &Cast) -> Running {
    const LINES: &str = "while :; do head -c 900 /dev/urandom | base64; sleep .03; done";
    let mut command = Command::new("xterm");
    command
        .args(["-geometry", "100x30+20+200", "-e", "bash", "-c", LINES])
        .env("DISPLAY", cast.user_display.name());
    let log = cast.folder().join("xterm.log");
    Running::start("xterm", &mut command, &log).expect("xterm")
}

/// Shapes the line of `end`, and waits until the window reads `grade` and, on a click, `sentence`.
fn reads(
    cast: &mut Cast,
    (end, shape): (End, RelayShape),
    grade: &str,
    sentence: &str,
) -> Vec<String> {
    cast.network.shape(end, Some(shape)).expect("over relays");
    let app = &mut cast.console.app;
    app.wait_for(grade).expect(grade);
    app.click(grade).expect("a click");
    app.wait_for(sentence).expect(sentence);
    // at first it may have stood for the line as it was before
    std::thread::sleep(Duration::from_secs(2));
    app.wait_for(grade).expect(grade);
    let map = app.map().expect("a map");
    let labels: Vec<String> = map.labels().into_iter().map(str::to_owned).collect();
    if let Some(folder) = std::env::var_os("PHD_PICTURES") {
        let name = format!("line-{}.png", sentence[..8].trim().replace(' ', "-"));
        let path = std::path::Path::new(&folder).join(name);
        let picture = cast.operator_display.screenshot().expect("a picture");
        picture.save_png(&path).expect("saved");
    }
    cast.console.app.click(grade).expect("closed again");
    labels
}

#[test]
fn s4_the_window_names_the_route_and_what_limits_the_line() {
    let cast = Cast::assemble_over(Network::Relays(None), USER_SCREEN, OPERATOR_SCREEN);
    let mut cast = cast.expect("the operator is logged in");
    for end in [End::User, End::Operator] {
        cast.network.shape(end, Some(USUAL)).expect("over relays");
    }
    let ticket = cast.user_asks_for_help().expect("in the list");
    cast.session_begins(&ticket).expect("the picture");

    // at rest nothing is told, and so nothing is drawn: the map is written after each pass that changed something
    cast.console.app.wait_for("Good line").expect("a sign");
    std::thread::sleep(Duration::from_secs(12));
    let map = cast.console.app.home().ui_map();
    let drawn = || fs::metadata(&map).and_then(|map| map.modified()).ok();
    let before = drawn().expect("a map");
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(drawn(), Some(before));

    let terminal = busy_terminal(&cast);

    let good = "Nothing holds this session up.";
    let labels = reads(&mut cast, (End::Operator, USUAL), "Good line", good);
    assert!(labels.iter().any(|l| l == "direct, by UDP"), "{labels:?}");
    assert!(labels.iter().any(|l| l == "0.0 %"), "{labels:?}");

    let slow = RelayShape {
        bytes_per_second: Some(40_000),
        ..USUAL
    };
    let sentence = "The line is slow: the picture gets coarser or rarer, so that it is never late.";
    let labels = reads(&mut cast, (End::Operator, slow), "Poor line", sentence);
    let carries = labels.iter().find_map(|l| l.strip_prefix("about "));
    let carries = carries.and_then(|l| l.strip_suffix(" KiB/s"));
    let carries: u32 = carries.and_then(|l| l.parse().ok()).expect("a rate");
    assert!((10..60).contains(&carries), "39 KiB/s are called {carries}");

    let lossy = RelayShape {
        lost_percent: 8,
        ..USUAL
    };
    cast.network
        .shape(End::Operator, Some(USUAL))
        .expect("over relays");
    let sentence = "Packets are lost on the way. A cable helps where it is Wi-Fi that loses them.";
    let labels = reads(&mut cast, (End::User, lossy), "Poor line", sentence);
    let lost = labels.iter().filter_map(|l| l.strip_suffix(" %"));
    let lost: Vec<f32> = lost.filter_map(|l| l.parse().ok()).collect();
    assert!(
        lost.iter().any(|lost| (4.0..20.0).contains(lost)),
        "{lost:?}"
    );

    let far = RelayShape {
        delay: Duration::from_millis(230),
        ..USUAL
    };
    let sentence = "The way is long: what you do shows a moment later.";
    let labels = reads(&mut cast, (End::User, far), "Poor line", sentence);
    let delays = labels.iter().filter_map(|l| l.strip_suffix(" ms"));
    let delays: Vec<u32> = delays.filter_map(|l| l.parse().ok()).collect();
    assert!(delays.iter().any(|d| (460..900).contains(d)), "{delays:?}");
    assert!(delays.iter().any(|d| *d < 60), "to the hub: {delays:?}");

    // and of a screen at rest nothing old is told
    drop(terminal);
    cast.network.shape(End::User, Some(USUAL)).expect("usual");
    cast.console.app.wait_for("Good line").expect("good again");
}
