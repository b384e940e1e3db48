//! A locked session and one that another user has in front of it, as a real logind tells of them: elogind, which
//! runs without systemd.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use capture::{Observer, Obstacle, Obstacles};
use zbus::blocking::Connection;
use zbus::zvariant::{OwnedFd, OwnedObjectPath, Value};

const LOGIND: &str = "org.freedesktop.login1";
const SESSION: &str = "org.freedesktop.login1.Session";
const PATIENCE: Duration = Duration::from_secs(10);
/// Tells the second process of this program what it is.
const LOOKS: &str = "PHD_TEST_LOOKS";

const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"#;

/// What logind answers to whoever begins a session.
type Created = (
    String,
    OwnedObjectPath,
    String,
    OwnedFd,
    u32,
    String,
    u32,
    bool,
);

/// A process that ends with this.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A bus of its own with a logind on it, which sees nothing of the machine's.
struct Logind {
    address: String,
    connection: Connection,
    /// They end in this order.
    _programs: [Ended; 2],
}

impl Logind {
    fn start(unpacked: &Path, folder: &Path) -> Self {
        let config = folder.join("bus.conf");
        fs::write(&config, BUS).expect("written");
        let mut bus = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon");
        let mut address = String::new();
        let output = bus.stdout.take().expect("piped");
        BufReader::new(output)
            .read_line(&mut address)
            .expect("an address");
        let address = address.trim().to_owned();
        let bus = Ended(bus);
        let libraries = ["lib/x86_64-linux-gnu", "lib/elogind"].map(|part| unpacked.join(part));
        let libraries = std::env::join_paths(libraries).expect("paths");
        let script = "mount -t tmpfs none /run/systemd && mount -t tmpfs -o mode=0755 none /run/user && exec \"$0\"";
        fs::create_dir_all("/run/systemd").expect("made");
        let logind = Command::new("unshare")
            .args(["--mount", "sh", "-c", script])
            .arg(unpacked.join("lib/elogind/elogind"))
            .env("DBUS_SYSTEM_BUS_ADDRESS", &address)
            .env("LD_LIBRARY_PATH", libraries)
            .stderr(Stdio::null())
            .spawn()
            .expect("unshare");
        let logind = Ended(logind);
        let connection = zbus::blocking::connection::Builder::address(&*address)
            .expect("it works")
            .build()
            .expect("it works");
        let end = Instant::now() + PATIENCE;
        let is_there = || {
            let asked = connection.call_method(
                Some("org.freedesktop.DBus"),
                "/org/freedesktop/DBus",
                Some("org.freedesktop.DBus"),
                "NameHasOwner",
                &LOGIND,
            );
            asked.is_ok_and(|answer| answer.body().deserialize().unwrap_or(false))
        };
        while !is_there() {
            assert!(Instant::now() < end, "elogind does not come; is this root?");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self {
            address,
            connection,
            _programs: [logind, bus],
        }
    }

    /// What a program finds that begins a session on that console, locked or not.
    fn found(&self, display: &str, (seat, console): (&str, u32), is_locked: bool) -> String {
        // it is in the session before it is the program
        let mut program = Command::new("sh")
            .args([
                "-c",
                "read go && exec \"$0\" looks --exact --ignored --nocapture",
            ])
            .arg(std::env::current_exe().expect("it works"))
            .env(LOOKS, "1")
            .env("DBUS_SYSTEM_BUS_ADDRESS", &self.address)
            .env("DISPLAY", display)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XDG_SESSION_TYPE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it works");
        let answer = self.connection.call_method(
            Some(LOGIND),
            "/org/freedesktop/login1",
            Some("org.freedesktop.login1.Manager"),
            "CreateSession",
            &(
                0_u32,
                program.id(),
                "test",
                "x11",
                "user",
                "",
                seat,
                console,
                "",
                ":0",
                false,
                "",
                "",
                Vec::<(String, Value<'_>)>::new(),
            ),
        );
        let body = answer.expect("a session").body();
        // the session lasts as long as the pipe
        let (_, session, _, _pipe, ..): Created = body.deserialize().expect("it works");
        let hint = "SetLockedHint";
        let hinted =
            self.connection
                .call_method(Some(LOGIND), &session, Some(SESSION), hint, &is_locked);
        hinted.expect("the hint is taken");
        program
            .stdin
            .take()
            .expect("it works")
            .write_all(b"\n")
            .expect("it works");
        let output = program.wait_with_output().expect("it works");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = text.lines().find_map(|line| line.strip_prefix("found "));
        found.expect("it says what it found").to_owned()
    }
}

/// The program.
#[test]
#[ignore = "a part of the other test"]
fn looks() {
    if std::env::var_os(LOOKS).is_some() {
        println!("\nfound {:?}", Observer::default().obstacles());
    }
}

#[test]
#[ignore = "needs root, and PHD_ELOGIND: a folder with Debian's elogind and libelogind0 unpacked"]
fn a_session_that_is_locked_or_behind_another_is_told_by_a_real_logind() {
    let unpacked = PathBuf::from(std::env::var_os("PHD_ELOGIND").expect("PHD_ELOGIND"));
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "640x480x24"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("Xvfb");
    let mut display = String::new();
    let output = server.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut display).unwrap();
    let _server = Ended(server);
    let display = format!(":{}", display.trim());
    let logind = Logind::start(&unpacked, folder.path());

    let nothing = format!("{:?}", Obstacles::default());
    let in_the_way = |obstacle| {
        let seeing = Some(obstacle);
        let obstacles = Obstacles {
            seeing,
            ..Obstacles::default()
        };
        format!("{obstacles:?}")
    };
    let (nowhere, behind) = (("", 0), ("seat0", 9));
    assert_eq!(logind.found(&display, nowhere, false), nothing);
    let locked = in_the_way(Obstacle::Locked);
    assert_eq!(logind.found(&display, nowhere, true), locked);
    assert_eq!(logind.found(&display, nowhere, false), nothing);
    // on a console that is not the one in front
    let other = in_the_way(Obstacle::OtherUser);
    assert_eq!(logind.found(&display, behind, false), other);
}
