//! The demo ends by itself and leaves what it promises.

use std::fs;
use std::process::Command;

use serde_json::Value;

#[test]
fn the_demo_leaves_pictures_film_and_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = env!("CARGO_BIN_EXE_stage");
    let output = Command::new(stage)
        .arg("demo")
        .arg("--out")
        .arg(folder.path())
        .env_remove("DISPLAY")
        .output()
        .expect("the stage starts");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    for name in ["console.png", "helpme.png", "session.png", "admin.png"] {
        let picture = image::open(folder.path().join(name)).expect("a picture");
        assert!(picture.width() > 300, "{name}");
    }
    let probed = Command::new("ffprobe")
        .args(["-loglevel", "error", "-of", "csv=p=0"])
        .args(["-show_entries", "stream=codec_name,width,height"])
        .arg(folder.path().join("film.mp4"))
        .output()
        .expect("ffprobe");
    let probed = String::from_utf8_lossy(&probed.stdout).into_owned();
    assert_eq!(probed.trim(), "h264,1152,720");
    let document = fs::read(folder.path().join("report.pdf")).expect("a document");
    assert!(document.starts_with(b"%PDF-"), "a PDF");
    let report = fs::read(folder.path().join("report.json")).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["requester"], "Mario Rossi");
    assert_eq!(report["operator"], "Anna Bianchi");
    assert_eq!(report["finished"], true);
}
