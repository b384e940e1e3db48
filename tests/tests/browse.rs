//! The operator looks through the user's folders in the real windows and fetches files (S6, H5, D4).

use std::fs;

use e2e::{Cast, PATIENCE, Size, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1440, 900);
/// Keys, by their X names.
const RETURN: u32 = 0xff0d;
const BACKSPACE: u32 = 0xff08;
const CONTROL: u32 = 0xffe3;

#[test]
fn s6_the_user_allows_a_look_and_the_operator_fetches_two_files_and_replaces_one() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let photos = cast.helpme.app.home().file("Photos of Lago è");
    fs::create_dir_all(&photos).expect("made");
    let picture =
        |seed: u32, len: u32| -> Vec<u8> { (0..len).map(|n| (n * seed % 251) as u8).collect() };
    let (boat, hut) = (picture(7, 900_000), picture(11, 50_000));
    fs::write(photos.join("boat.jpg"), &boat).expect("written");
    fs::write(photos.join("hut.jpg"), &hut).expect("written");
    let here = cast.console.app.home().profile();
    let here = here.join("pure-help-desk/Downloads");
    fs::create_dir_all(&here).expect("made");
    fs::write(here.join("hut.jpg"), "an older hut").expect("written");
    let keep = |name: &str, display: &e2e::Display| {
        if let Some(folder) = std::env::var_os("PHD_PICTURES") {
            // what grows has grown
            std::thread::sleep(std::time::Duration::from_secs(1));
            let picture = display.screenshot().expect("a picture");
            let path = std::path::Path::new(&folder).join(name);
            picture.save_png(&path).expect("saved");
        }
    };

    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    cast.console
        .choose_in_session("Session menu", "Fetch files")
        .expect("chosen");
    let console = &mut cast.console.app;
    console.wait_for("The user is being asked.").expect("asked");
    let asks = |label: &str| label.contains("wants to look through your folders");
    let helpme = &mut cast.helpme.app;
    helpme
        .wait_for_matching("the question", asks)
        .expect("asked");
    keep("browse-user.png", &cast.user_display);
    let helpme = &mut cast.helpme.app;
    helpme.click("Allow").expect("allowed");
    helpme
        .wait_for("Stop looking through folders")
        .expect("the user can");

    // into the folder and out again with the keyboard, and in once more
    let console = &mut cast.console.app;
    console.click("Photos of Lago è").expect("listed");
    console.hands().tap(RETURN).expect("pressed");
    console.wait_for("boat.jpg").expect("entered");
    console.hands().tap(BACKSPACE).expect("pressed");
    console.wait_until_gone("boat.jpg").expect("left");
    console.click("Photos of Lago è").expect("listed");
    console.hands().tap(RETURN).expect("pressed");
    console.click("boat.jpg").expect("entered");
    let one = |label: &str| label.contains("1 file chosen");
    console.wait_for_matching("one", one).expect("chosen");
    let a = u32::from(b'a');
    console.hands().chord(&[CONTROL, a]).expect("pressed");
    let chosen = |label: &str| label.contains("2 files chosen");
    console.wait_for_matching("chosen", chosen).expect("both");
    keep("browse-console.png", &cast.operator_display);
    let console = &mut cast.console.app;
    console.click("Fetch").expect("fetched");
    console
        .wait_for("You have a file of this name there.")
        .expect("asked");
    assert_eq!(
        fs::read(here.join("hut.jpg")).expect("there"),
        b"an older hut"
    );
    keep("browse-conflict.png", &cast.operator_display);
    let console = &mut cast.console.app;
    console.click("Replace").expect("answered");
    let received =
        |label: &str| label.contains("Received · 2 files") && label.contains("1 replaced");
    console
        .wait_for_matching("received", received)
        .expect("received");

    for (name, sent) in [("boat.jpg", &boat), ("hut.jpg", &hut)] {
        let arrived = fs::read(here.join(name)).expect("there");
        assert!(arrived == *sent, "{name}: byte for byte");
    }
    assert_eq!(fs::read_dir(&here).expect("there").count(), 2);
    let sent = |label: &str| label.starts_with("Sent · 2 files");
    let helpme = &mut cast.helpme.app;
    helpme
        .wait_for_matching("sent", sent)
        .expect("the user sees it");
    keep("browse-sent.png", &cast.user_display);

    // the user takes it back
    let helpme = &mut cast.helpme.app;
    helpme
        .click("Stop looking through folders")
        .expect("pressed");
    let console = &mut cast.console.app;
    console
        .wait_for("The user no longer allows it.")
        .expect("told");
    assert!(
        !console.shows("boat.jpg").expect("a map"),
        "nothing stays in sight"
    );
    console.click("Close").expect("closed");
    cast.helpme.end().expect("ended");

    let film = wait_until("the film", PATIENCE, || Ok(cast.hub.films()?.pop())).expect("a film");
    let told = cast.hub.timeline(film.id).expect("a time line");
    for sentence in [
        "Anna Bianchi may look through the folders",
        "folder shown to Anna Bianchi: Photos of Lago è (2 entries)",
        "files to Anna Bianchi arrived: boat.jpg + 1 (2 files, ",
        "Anna Bianchi may no longer look through the folders",
    ] {
        assert!(told.contains(sentence), "{told}");
    }
    assert!(!told.contains("hut.jpg"), "{told}");
    cast.hub.verify_audit().expect("whole");
}
