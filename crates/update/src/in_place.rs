//! How a program's file is replaced while the program runs.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Whether the program at `exe` belongs to what installed it.
pub(crate) fn is_packaged(exe: &Path) -> bool {
    if cfg!(windows) {
        let is_set_up = exe.with_file_name("uninstall.exe").exists();
        let programs = ["ProgramFiles", "ProgramFiles(x86)", "ProgramW6432"];
        // written as `exe` is, which begins with `\\?\`
        let programs = programs.into_iter().filter_map(std::env::var_os);
        let mut programs = programs.filter_map(|folder| fs::canonicalize(folder).ok());
        is_set_up || programs.any(|folder| exe.starts_with(folder))
    } else {
        ["/usr", "/bin", "/Applications"]
            .into_iter()
            .any(|folder| exe.starts_with(folder) && !exe.starts_with("/usr/local"))
    }
}

/// Writes `program` to `path`, with the rights that `like` has.
pub(crate) fn write_program(path: &Path, program: &[u8], like: &Path) -> io::Result<()> {
    // what a run before left is nothing to write through
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = File::create_new(path)?;
    file.write_all(program)?;
    file.set_permissions(fs::metadata(like)?.permissions())?;
    file.sync_all()
}

/// Puts `next` in the place of `exe`, which is `before` from then on.
#[cfg(unix)]
pub(crate) fn replace(exe: &Path, next: &Path, before: &Path) -> io::Result<()> {
    // a second name first, so that at each moment there is a program at `exe`
    let aside = next.with_extension("aside");
    drop(fs::remove_file(&aside));
    match fs::hard_link(exe, &aside) {
        Ok(()) => {}
        // USB keys have no second names
        Err(_no_link) => fs::copy(exe, &aside).map(drop)?,
    }
    fs::rename(&aside, before)?;
    fs::rename(next, exe)
}

/// Puts `next` in the place of `exe`, which is `before` from then on: a program that runs can be renamed there, and not
/// overwritten.
#[cfg(not(unix))]
pub(crate) fn replace(exe: &Path, next: &Path, before: &Path) -> io::Result<()> {
    rename_over(exe, before)?;
    fs::rename(next, exe).inspect_err(|_error| {
        // the first fault is told
        drop(fs::rename(before, exe));
    })
}

/// Renames `from` to `to`, which may run itself: after a second update in one run it is the version before that does.
#[cfg(not(unix))]
fn rename_over(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to).or_else(|_in_use| {
        move_aside(to)?;
        fs::rename(from, to)
    })
}

/// Gives `program`, which runs, another name, and removes those that had to go before and run no more.
#[cfg(not(unix))]
fn move_aside(program: &Path) -> io::Result<()> {
    const MOST: u32 = 9;
    let mut moved = Err(io::ErrorKind::AlreadyExists.into());
    for number in 1..=MOST {
        let aside = program.with_extension(format!("{number}.exe"));
        // one that still runs stays
        let is_free = fs::remove_file(&aside).is_ok() || !aside.exists();
        if moved.is_err() && is_free {
            moved = fs::rename(program, &aside);
        }
    }
    moved
}

/// Puts `before` in the place of `exe`.
#[cfg(unix)]
pub(crate) fn put_back(exe: &Path, before: &Path, _undone: &Path) -> io::Result<()> {
    fs::rename(before, exe)
}

/// Puts `before` in the place of `exe`, which is `undone` until the next time, as it may run.
#[cfg(not(unix))]
pub(crate) fn put_back(exe: &Path, before: &Path, undone: &Path) -> io::Result<()> {
    rename_over(exe, undone)?;
    fs::rename(before, exe).inspect_err(|_error| {
        // the first fault is told
        drop(fs::rename(undone, exe));
    })
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn p3_what_was_installed_for_everybody_is_its_packages_to_replace() {
        let folder = std::env::var_os("ProgramFiles").expect("there is one");
        let installed = fs::canonicalize(folder)
            .expect("there")
            .join("phd\\helpme.exe");
        assert!(is_packaged(&installed));
        let here = std::env::current_exe().and_then(fs::canonicalize);
        assert!(!is_packaged(&here.expect("this program")));
    }

    #[test]
    fn p3_a_program_that_runs_is_replaced_and_brought_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let (exe, next, before) = (at("p.exe"), at("p.next.exe"), at("p.before.exe"));
        let this = std::env::current_exe().expect("this program");
        fs::copy(this, &exe).expect("copied");
        // it waits for the end of its input
        let mut runs = std::process::Command::new(&exe)
            .args(["--ignored", "--exact", "in_place::tests::it_runs"])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("started");
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert!(fs::write(&exe, b"next").is_err(), "as Windows has it");
        write_program(&next, b"next", &exe).expect("written");
        replace(&exe, &next, &before).expect("replaced");
        assert_eq!(fs::read(&exe).expect("read"), b"next");
        assert!(!next.exists());
        // once more, before it was started again
        write_program(&next, b"newer", &exe).expect("written");
        replace(&exe, &next, &before).expect("replaced");
        assert_eq!(fs::read(&exe).expect("read"), b"newer");
        assert_eq!(fs::read(&before).expect("read"), b"next");
        put_back(&exe, &before, &at("p.undone.exe")).expect("brought back");
        assert_eq!(fs::read(&exe).expect("read"), b"next");
        assert_eq!(runs.try_wait().expect("asked"), None, "it goes on");
        drop(runs.stdin.take());
        assert!(runs.wait().expect("it ends").success());
    }

    #[test]
    #[ignore = "the test beside starts it"]
    fn it_runs() {
        std::io::read_to_string(std::io::stdin()).expect("until its end");
    }
}
