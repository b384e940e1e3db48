//! Files in the real windows (S6, H5, D4).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use e2e::{Cast, PATIENCE, Size, wait_until};

const USER_SCREEN: Size = Size(1024, 720);
const OPERATOR_SCREEN: Size = Size(1440, 900);

/// What is in a folder, and below.
fn contents(at: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![at.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(at).expect("below").to_owned();
                found.insert(below, fs::read(&path).expect("readable"));
            }
        }
    }
    found
}

#[test]
fn s6_a_folder_goes_from_window_to_window_and_d4_film_and_log_name_it() {
    let mut cast = Cast::assemble(USER_SCREEN, OPERATOR_SCREEN).expect("the cast");
    let photos = cast.folder().join("Holiday photos");
    fs::create_dir_all(photos.join("2026/Lago è")).expect("made");
    for number in 0..40_u32 {
        let bytes: Vec<u8> = (0..number * 777).map(|n| (n * n % 251) as u8).collect();
        let folder = if number % 2 == 0 {
            "2026"
        } else {
            "2026/Lago è"
        };
        fs::write(photos.join(folder).join(format!("{number}.jpg")), bytes).expect("written");
    }
    fs::write(photos.join("film.mkv"), vec![5; 3_000_000]).expect("written");

    let ticket = cast.user_asks_for_help().expect("asked");
    cast.session_begins(&ticket).expect("a session");
    let console = &mut cast.console;
    console
        .choose_in_session("Session menu", "Send files")
        .expect("chosen");
    let path = photos.display().to_string();
    console
        .app
        .type_into("File or folder", &path)
        .expect("typed");
    console.app.click("Send").expect("sent");
    let sent = |label: &str| label.starts_with("Sent · 41 files");
    console.app.wait_for_matching("sent", sent).expect("sent");
    let helpme = &mut cast.helpme;
    let received = |label: &str| label.starts_with("Received · 41 files");
    helpme
        .app
        .wait_for_matching("received", received)
        .expect("the user sees what came");
    helpme.app.wait_for("Holiday photos").expect("and which");
    let home = cast.helpme.app.home().profile();
    let folder = home.join("helpme/Downloads");
    let names = fs::read_dir(&folder).expect("the folder").count();
    assert_eq!(names, 1, "nothing else is left there");
    let (left, arrived) = (contents(&photos), contents(&folder.join("Holiday photos")));
    assert_eq!(left.len(), 41);
    assert!(left == arrived, "byte for byte");

    // the user ends what is under way
    let large = cast.folder().join("large.bin");
    fs::write(&large, vec![6; 200_000_000]).expect("written");
    let path = large.display().to_string();
    let console = &mut cast.console.app;
    console.type_into("File or folder", &path).expect("typed");
    console.click("Send").expect("sent");
    let runs = |label: &str| label.contains(" of 200 MB");
    let helpme = &mut cast.helpme.app;
    helpme.wait_for_matching("progress", runs).expect("shown");
    console.wait_for_matching("progress", runs).expect("shown");
    for app in [&*console, &*helpme] {
        println!("{:?}", app.keep_screenshot());
    }
    helpme.click("Cancel: large.bin").expect("pressed");
    helpme.wait_for("You cancelled it.").expect("over");
    console
        .wait_for("Cancelled at the other end.")
        .expect("over at both ends");
    wait_until("nothing half is left", PATIENCE, || {
        Ok((fs::read_dir(&folder)?.count() == 1).then_some(()))
    })
    .expect("gone");

    // the user takes the right back
    cast.helpme.app.click("No more files").expect("pressed");
    cast.console
        .app
        .wait_for("The user does not allow files.")
        .expect("the operator sees it");
    cast.helpme.end().expect("ended");
    cast.helpme
        .app
        .wait_for("Use another ticket")
        .expect("over");

    let film = wait_until("the film", PATIENCE, || Ok(cast.hub.films()?.pop())).expect("a film");
    let told = cast.hub.timeline(film.id).expect("a time line");
    for sentence in [
        "files from Anna Bianchi: Holiday photos (41 files, ",
        "files from Anna Bianchi arrived: Holiday photos (41 files, ",
    ] {
        assert!(told.contains(sentence), "{told}");
    }
    let rows = cast.hub.audited("files.done").expect("rows");
    assert_eq!(rows.len(), 1);
    let row = rows[0].to_string();
    assert!(
        row.contains("Holiday photos") && !row.contains("film.mkv"),
        "{row}"
    );
    cast.hub.verify_audit().expect("whole");
}
