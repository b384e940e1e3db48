//! An assistance where the network carries no UDP (R2).

use std::fs;
use std::path::Path;
use std::time::Instant;

use e2e::{Cast, Namespaces, Network, PATIENCE, Running, Size, wait_until};

const USER_SCREEN: Size = Size(960, 640);
const OPERATOR_SCREEN: Size = Size(1400, 900);
/// A pixel of the terminal on the user's screen.
const TERMINAL: (u32, u32) = (200, 420);

/// A terminal on the user's display that writes what is typed into `file`.
fn terminal(cast: &Cast, file: &Path) -> Running {
    let mut command = std::process::Command::new("xterm");
    command
        .args(["-geometry", "60x12+20+320", "-e", "bash", "-c"])
        .args([r#"stty raw -echo; cat >"$1""#, "typed"])
        .arg(file)
        .env("DISPLAY", cast.user_display.name());
    let log = cast.folder().join("xterm.log");
    let mut running = Running::start("xterm", &mut command, &log).expect("xterm");
    wait_until("the terminal", PATIENCE, || {
        running.check_alive()?;
        Ok(file.exists().then_some(()))
    })
    .expect("it starts");
    running
}

#[test]
fn r2_without_udp_an_assistance_goes_its_way_by_tcp() {
    let namespaces = Namespaces::make().expect("network namespaces");
    namespaces.block_udp().expect("a rule");
    let network = Network::Namespaces(Box::new(namespaces));
    let cast = Cast::assemble_over(network, USER_SCREEN, OPERATOR_SCREEN);
    let mut cast = cast.expect("the operator is logged in");
    let typed = cast.folder().join("typed");
    let _terminal = terminal(&cast, &typed);

    let begun = Instant::now();
    let ticket = cast.user_asks_for_help().expect("in the list");
    println!("ticket and list: {} ms", begun.elapsed().as_millis());
    let session = cast.session_begins(&ticket).expect("the picture");
    println!("to the picture: {} ms", begun.elapsed().as_millis());

    let hands = cast.operator_display.hands().expect("hands");
    let (x, y) = TERMINAL;
    hands
        .click((session.x + x, session.y + y))
        .expect("a click");
    let text = "typed through a tunnel";
    hands.type_text(text).expect("typed");
    wait_until("what was typed", PATIENCE, || {
        Ok((fs::read_to_string(&typed)? == text).then_some(()))
    })
    .expect("it arrives");

    // the window names the way that it goes
    let app = &mut cast.console.app;
    app.click("Good line").expect("a good line");
    let way = |label: &str| label.starts_with("tunnel by TCP port");
    app.wait_for_matching("the route", way).expect("a tunnel");
    app.wait_for("repaired by TCP").expect("no share of losses");

    cast.console.end_session().expect("ended");
    cast.helpme.leave().expect("left");
    for app in [&cast.console.app, &cast.helpme.app] {
        let log = fs::read_to_string(app.home().log()).expect("a log");
        assert!(log.contains("TCP port"), "{log}");
        assert!(!log.contains("UDP"), "{log}");
    }
    let films = cast.hub.films().expect("a list");
    cast.hub
        .verify_film(films[0].id)
        .expect("the film is whole");
}
