//! How long files take from one folder to another through the frames, beside `tar | tar` in the same run.
//!
//! `cargo run --release -p files --example speed [FOLDER]`: 20,000 files of 1 to 8 KiB in 200 folders, and one
//! of 1 GiB, below the given folder or the system's for temporary ones.
#![expect(clippy::print_stdout, reason = "it is what it is for")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use files::{Incoming, Outgoing, Reader, WhenThere};
use protocol::files::FileStart;

fn main() -> Result<(), Box<dyn Error>> {
    let above = std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(above)?;
    let from = folder.path().join("from");
    let small = from.join("small");
    for number in 0..20_000_usize {
        let at = small.join(format!("{}", number / 100));
        fs::create_dir_all(&at)?;
        let size = 1024 + number * 7919 % 7168;
        fs::write(at.join(format!("{number}.txt")), vec![b'x'; size])?;
    }
    let large = from.join("large");
    fs::create_dir(&large)?;
    fs::write(large.join("large.bin"), vec![b'x'; 1 << 30])?;
    for (what, path) in [("20,000 small files", &small), ("1 GiB", &large)] {
        for round in 0..3 {
            let ours = folder.path().join(format!("ours-{round}"));
            let tars = folder.path().join(format!("tars-{round}"));
            fs::create_dir(&ours)?;
            fs::create_dir(&tars)?;
            let frames = by_frames(path, &ours)?;
            let tar = by_tar(path, &tars)?;
            let ratio = tar.as_secs_f64() / frames.as_secs_f64();
            println!("{what}: frames {frames:.2?}, tar {tar:.2?}, {ratio:.2} of its speed");
            fs::remove_dir_all(&ours)?;
            fs::remove_dir_all(&tars)?;
        }
    }
    Ok(())
}

fn by_frames(from: &Path, to: &Path) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let list = Outgoing::of(&[from.to_owned()], |_| true).ok_or("given up")?;
    let mut reader = Reader::from(Arc::new(list), FileStart::default());
    let (sender, receiver) = std::sync::mpsc::sync_channel(16);
    let reading = std::thread::spawn(move || {
        while let Some(frames) = reader.frames() {
            if sender.send(frames).is_err() {
                return;
            }
        }
    });
    let mut incoming = Incoming::into_folder(to, WhenThere::Ask)?;
    for frames in receiver {
        for frame in frames {
            incoming.take(frame)?;
        }
    }
    reading.join().map_err(|_panic| "the reader panicked")?;
    Ok(begun.elapsed())
}

fn by_tar(from: &Path, to: &Path) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let copied = Command::new("sh")
        .args(["-c", r#"tar cf - -C "$1" . | tar xf - -C "$2""#, "sh"])
        .args([from, to])
        .status()?;
    assert!(copied.success(), "tar works");
    Ok(begun.elapsed())
}
