//! The receipt at the end and the stars, in the real windows (H9).

use std::fs;
use std::path::Path;
use std::process::Command;

use e2e::{Cast, PATIENCE, Size, wait_until};

const USER_SCREEN: Size = Size(1024, 768);
const OPERATOR_SCREEN: Size = Size(1440, 900);

/// `hub verify`, in a folder without a hub: whether it takes the file, and what it says.
fn verify(cast: &Cast, file: &Path) -> (bool, String) {
    let mut hub = Command::new(cast.programs.path("hub"));
    hub.arg("verify").arg(file).current_dir(cast.folder());
    hub.args(["--fingerprint", cast.hub.fingerprint()]);
    let output = hub.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), said)
}

#[test]
fn h9_the_user_saves_a_receipt_that_proves_itself_and_the_report_shows_the_stars() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    cast.hub
        .name_organisation("Comune di Prova")
        .expect("named");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    cast.helpme.end().expect("ended");

    let helpme = &mut cast.helpme.app;
    helpme.wait_for("Your receipt").expect("a receipt");
    helpme.wait_for("Anna Bianchi").expect("who helped");
    helpme.click("4 of 5 stars").expect("given");
    let thanks = "Thank you, your help desk has it.";
    helpme.wait_for(thanks).expect("stored");
    helpme
        .type_into("A line about it, if you like", "quick and kind")
        .expect("typed");
    helpme.click("Send").expect("sent");
    println!("{:?}", helpme.keep_screenshot());

    helpme.click("Save the receipt").expect("pressed");
    let saved = |label: &str| label.starts_with("Saved: ");
    helpme.wait_for_matching("saved", saved).expect("saved");
    println!("{:?}", helpme.keep_screenshot());
    let downloads = helpme.home().profile().join("helpme/Downloads");
    let file = downloads.join("Helpme receipt 1.txt");
    let text = fs::read_to_string(&file).expect("a file");
    for line in ["Help desk: Comune di Prova", "Helped by: Anna Bianchi"] {
        assert!(text.contains(line), "{text}");
    }
    let (whole, said) = verify(&cast, &file);
    assert!(whole, "{said}");
    let changed = cast.folder().join("changed.txt");
    fs::write(&changed, text.replace("Anna Bianchi", "Anna Bianca")).expect("written");
    let (whole, said) = verify(&cast, &changed);
    assert!(!whole && said.contains("Anna Bianca"), "{said}");

    let console = &mut cast.console.app;
    console.click("Write the report").expect("opened");
    console.wait_for("4 of 5 stars").expect("the stars");
    console.wait_for("quick and kind").expect("and the words");
    println!("{:?}", console.keep_screenshot());
}

#[test]
fn s5_a_closing_message_stands_beside_the_receipt_in_the_film_and_in_the_report() {
    const WORDS: &str = "Call Rosa on Monday about the toner";
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    let console = &mut cast.console.app;
    console.click("Session menu").expect("open");
    console
        .click_in_menu("End with a message…")
        .expect("chosen");
    console.type_into("Closing message", WORDS).expect("typed");
    println!("{:?}", console.keep_screenshot());
    console.click("Send and end").expect("pressed");
    console.wait_for("Write the report").expect("it is over");

    let helpme = &mut cast.helpme.app;
    helpme.wait_for("Your receipt").expect("a receipt");
    helpme.wait_for(WORDS).expect("the last words");
    println!("{:?}", helpme.keep_screenshot());

    // the hub has it where it has the rest of the conversation
    let report = wait_until("the report", PATIENCE, || {
        let reports = cast.hub.search_reports("toner")?;
        Ok(reports.into_iter().next())
    });
    let report = report.expect("found by what was said");
    let film = cast.hub.films().expect("films").remove(0);
    assert_eq!(report["session"], film.id);
    assert_eq!(film.ended_by.as_deref(), Some("operator"));
    let said = cast.hub.timeline(film.id).expect("a time line");
    assert!(said.contains(WORDS), "{said}");
}
