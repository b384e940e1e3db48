//! A service of Windows, and what it starts for who sits in front: this program itself is both.

#![cfg(windows)]
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::windows::io::AsRawHandle as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use desktop::service::{self, ServiceEntry};
use desktop::user_process::UserProcess;
use windows_sys::Win32::Foundation::{HANDLE_FLAG_INHERIT, SetHandleInformation};

const ID: &str = "PureHelpDeskTest";
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the service writes what becomes of it: it has an account, and folders, of its own.
fn story() -> PathBuf {
    Path::new(r"C:\windows\temp").join("pure-help-desk-service")
}

fn becomes(expected: &str) -> bool {
    let until = Instant::now() + PATIENCE;
    loop {
        let told = fs::read_to_string(story()).unwrap_or_default();
        if told == expected {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn words(test: &str) -> [OsString; 4] {
    ["--ignored", "--exact", test, "--nocapture"].map(OsString::from)
}

#[test]
fn u1_a_service_runs_is_installed_again_and_ends_when_it_is_taken_back() {
    service::uninstall(ID).ok();
    fs::remove_file(story()).ok();
    let arguments = words("the_service");
    let entry = ServiceEntry {
        id: ID,
        name: "Pure Help Desk (test)",
        about: "Writes what becomes of it.",
        arguments: &arguments,
    };
    service::install(entry).expect("installed");
    assert!(
        becomes("runs; the user's part heard: è\n; "),
        "with a part for the user"
    );
    service::install(entry).expect("installed again");
    let once = "runs; the user's part heard: è\n; ends; ";
    assert!(becomes(&format!(
        "{once}runs; the user's part heard: è\n; "
    )));
    service::uninstall(ID).expect("taken back");
    assert!(becomes(&format!("{once}{once}")));
    assert!(service::uninstall(ID).is_err(), "it is there no more");
    fs::remove_file(story()).expect("ours");
}

fn tell(what: &str) {
    let file = fs::File::options().create(true).append(true).open(story());
    write!(file.expect("a file"), "{what}; ").expect("written");
}

#[test]
#[ignore = "it is the service, which the service manager starts"]
fn the_service() {
    let ran = service::run(ID, |stop| {
        tell("runs");
        let this = std::env::current_exe().expect("a name");
        let (mut read, write) = std::io::pipe().expect("a pipe");
        // SAFETY: the handle lives.
        let set = unsafe {
            SetHandleInformation(
                write.as_raw_handle(),
                HANDLE_FLAG_INHERIT,
                HANDLE_FLAG_INHERIT,
            )
        };
        assert_ne!(set, 0, "a child could have it");
        let (process, orders) =
            UserProcess::start(&this, &words("the_users_part")).expect("started");
        drop(write);
        // it is still there, and waits for a line: if it had that end too, this one would have none
        assert_eq!(read.read(&mut [0]).expect("the end of it"), 0);
        let mut orders = fs::File::from(orders);
        writeln!(orders, "è").expect("it reads");
        drop(orders);
        assert_eq!(process.wait().expect("it ends"), 0);
        stop.recv().expect("told to stop");
        tell("ends");
        0
    });
    ran.expect("the service manager listens");
}

#[test]
#[ignore = "the service starts it"]
fn the_users_part() {
    let mut heard = String::new();
    std::io::stdin().read_line(&mut heard).expect("a line");
    tell(&format!("the user's part heard: {heard}"));
}

#[test]
fn who_is_no_service_cannot_run_as_one() {
    assert!(service::run(ID, |_| 0).is_err());
}
