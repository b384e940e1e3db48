//! What a process can still do that has shut itself in to decode a film.

#![cfg(target_os = "linux")]

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;

/// The test below, run in a process of its own, shuts itself in and says what it could do.
const INSIDE: &str = "PHD_TEST_SANDBOX";

/// Everything that is tried, and whether it must be possible.
const TRIES: [(&str, bool); 12] = [
    ("read the recording", true),
    ("write in the folder of the film", true),
    ("rename in the folder of the film", true),
    ("start a thread", true),
    ("read what was open", true),
    ("read another recording", false),
    ("read /etc/passwd", false),
    ("write elsewhere", false),
    ("change a file elsewhere", false),
    ("use UDP", false),
    ("listen on TCP", false),
    ("start a program", false),
];

fn could(folder: &Path, open: &fs::File) -> [bool; 12] {
    use std::os::unix::fs::FileExt as _;
    let (films, out) = (folder.join("films"), folder.join("out"));
    let written = fs::write(out.join("a.partial"), "film");
    let mut first = [0];
    [
        fs::read(films.join("1.film")).is_ok(),
        written.is_ok(),
        fs::rename(out.join("a.partial"), out.join("a.mp4")).is_ok(),
        std::thread::spawn(|| 1).join().is_ok(),
        open.read_exact_at(&mut first, 0).is_ok(),
        fs::read(films.join("2.film")).is_ok(),
        fs::read("/etc/passwd").is_ok(),
        fs::write(films.join("3.film"), "new").is_ok(),
        fs::OpenOptions::new()
            .append(true)
            .open(films.join("1.film"))
            .is_ok(),
        UdpSocket::bind("127.0.0.1:0").is_ok(),
        TcpListener::bind("127.0.0.1:0").is_ok(),
        Command::new("/bin/true").status().is_ok(),
    ]
}

#[test]
fn a_film_is_made_by_a_process_that_can_do_nothing_else() {
    if let Ok(folder) = std::env::var(INSIDE) {
        let folder = Path::new(&folder);
        let open = fs::File::open(folder.join("films/2.film")).expect("there");
        let lacking = film::sandbox::enter(&folder.join("films/1.film"), &folder.join("out"), None);
        let could = could(folder, &open);
        let said = serde_json::json!({ "lacking": lacking, "could": could });
        fs::write(folder.join("out/said"), said.to_string()).expect("written");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["films", "out"] {
        fs::create_dir(folder.path().join(name)).expect("made");
    }
    for name in ["1.film", "2.film"] {
        fs::write(folder.path().join("films").join(name), "recording").expect("written");
    }
    let itself = std::env::current_exe().expect("this test");
    let name = "a_film_is_made_by_a_process_that_can_do_nothing_else";
    let status = Command::new(itself)
        .args(["--exact", name])
        .env(INSIDE, folder.path())
        .status();
    assert!(status.expect("run").success());
    let said = fs::read_to_string(folder.path().join("out/said")).expect("said");
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let lacking = said["lacking"].to_string();
    for (at, (what, wanted)) in TRIES.iter().enumerate() {
        let could = said["could"][at].as_bool().expect("a bool");
        let is_about_files = what.contains("recording") || what.contains("elsewhere");
        if (is_about_files || what.contains("passwd")) && lacking.contains("Landlock") {
            println!("not looked at, since {lacking}: {what}");
            continue;
        }
        assert_eq!(could, *wanted, "{what}; lacking: {lacking}");
    }
    assert!(!lacking.contains("seccomp"), "{lacking}");
}
