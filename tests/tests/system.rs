//! What computer the user has: asked for in the session, allowed by the user, kept in the report (S2, O6).

use e2e::{Cast, PATIENCE, Size, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1400, 900);

#[test]
fn s2_what_computer_it_is_comes_into_the_report_that_begins_with_the_tickets_note() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let ticket = cast.console.generate_ticket().expect("a ticket");
    let console = &mut cast.console.app;
    console.click("Add a note").expect("there");
    console.type_into("Note", "Printer offline").expect("typed");
    cast.helpme.ask_for_help(&ticket, "Rosa").expect("asked");
    cast.console
        .wait_for_computer(&ticket)
        .expect("in the list");
    cast.session_begins(&ticket).expect("a session");

    let console = &mut cast.console.app;
    console.click("Session menu").expect("open");
    console.click_in_menu("System information").expect("chosen");
    console.wait_for("The user is being asked.").expect("asked");
    let asks = |label: &str| label.contains("would like to know what computer this is");
    let helpme = &mut cast.helpme.app;
    helpme
        .wait_for_matching("the question", asks)
        .expect("asked");
    let picture = |name: &str, display: &e2e::Display| {
        if let Some(folder) = std::env::var_os("PHD_PICTURES") {
            let picture = display.screenshot().expect("a picture");
            let path = std::path::Path::new(&folder).join(name);
            picture.save_png(&path).expect("saved");
        }
    };
    // the bar grows
    std::thread::sleep(std::time::Duration::from_secs(1));
    picture("system-user.png", &cast.user_display);
    helpme.click("Send it").expect("allowed");
    helpme.wait_until_gone("Send it").expect("answered");
    let console = &mut cast.console.app;
    console.wait_for("Put into the report").expect("told");
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a system");
    console.wait_for(kernel.trim()).expect("this one");
    picture("system-console.png", &cast.operator_display);
    // the dialog finds its place while what it shows grows
    wait_until("a press that counts", PATIENCE, || {
        console.click_if_there("Put into the report")?;
        std::thread::sleep(std::time::Duration::from_millis(300));
        Ok(console
            .shows("It will be in the report's notes")?
            .then_some(()))
    })
    .expect("put there");
    console.click("Close").expect("closed");
    console
        .wait_until_gone("Put into the report")
        .expect("closed");

    cast.helpme.end().expect("ended");
    let console = &mut cast.console.app;
    console.click("Write the report").expect("it follows");
    console.wait_for("Finish the report").expect("it opens");
    picture("system-report.png", &cast.operator_display);
    let console = &mut cast.console.app;
    console
        .type_into("Solution", "Switched it on")
        .expect("typed");
    console.click("Finish the report").expect("finished");
    console.wait_until_gone("Finish the report").expect("taken");
    let report = wait_until("the report", PATIENCE, || {
        let reports = cast.hub.reports()?;
        Ok(reports
            .into_iter()
            .find(|r| r["solution"] == "Switched it on"))
    })
    .expect("with the hub");
    assert_eq!(report["problem"], "Printer offline");
    let notes = report["notes"].as_str().expect("text");
    assert!(notes.contains(kernel.trim()), "{notes}");
}
