//! The process that keeps a shield up, and this program's end of it.
//!
//! The user's own devices are grabbed one by one (`devices`): the server takes a device that is grabbed
//! from its master, so what XTEST presses still goes through, and gives it back when the process is gone. A
//! dark screen is one whose CRTCs have no brightness (`brightness`): what programs draw, and so what is
//! captured, stays as it is.

use std::io::{Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use protocol::Shield;
use rustix::event::{PollFd, PollFlags, Timespec};
use x11::PatientConnection;
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;

use crate::shield::{Lowered, OnLowered, ShieldError};

mod brightness;
mod devices;

use brightness::Dark;
use devices::{Blocked, Heard, Listening};

const ASKED: &str = "PHD_INPUT_SHIELD";
const DISPLAY: &str = "PHD_INPUT_SHIELD_DISPLAY";
const LONGEST_MILLIS: &str = "PHD_INPUT_SHIELD_MILLIS";

/// A program starts and connects in some milliseconds; a busy machine, and a user who holds a key, may
/// need longer.
const PATIENCE: Timespec = Timespec {
    tv_sec: 10,
    tv_nsec: 0,
};
/// How often a dark screen is looked after: other programs set the brightness, too.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the process says: that it is up, why it is not, and why it is no more.
const UP: u8 = b'+';
const NO_DEVICES: u8 = b'd';
const TAKEN: u8 = b't';
const NO_BRIGHTNESS: u8 = b'b';
const BY_USER: u8 = b'u';
const END_PRESSED: u8 = b'e';
const OVER: u8 = b'o';

/// See [`crate::shield::can_shield`].
pub(crate) fn can(shield: Shield, display: Option<&str>) -> Result<(), ShieldError> {
    let (none, can) = match shield {
        Shield::Input => (ShieldError::NoOwnDevices, devices::can as Can),
        Shield::Screen => (ShieldError::NoBrightness, brightness::can as Can),
    };
    let Ok((connection, screen)) = x11::connect_patiently(display) else {
        return Err(none);
    };
    match can(&connection, screen.root) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(none),
    }
}

type Can = fn(&PatientConnection, u32) -> Result<bool, ReplyError>;

/// Has screens show again that a killed process left dark.
pub(super) fn lighten(display: Option<&str>) {
    let Ok((connection, screen)) = x11::connect_patiently(display) else {
        return;
    };
    if let Err(error) = brightness::lighten(&connection, screen.root) {
        tracing::warn!(%error, "The screen may be dark");
    }
}

/// This program's end of the process.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Its end takes the shield down.
    pipe: Option<ChildStdin>,
    is_dropped: Arc<AtomicBool>,
}

impl Process {
    pub(crate) fn start(
        shield: Shield,
        display: Option<&str>,
        exe: &Path,
        longest: Duration,
        lowered: OnLowered,
    ) -> Result<Self, ShieldError> {
        let no_process = |reason: String| ShieldError::NoProcess { reason };
        let mut command = Command::new(exe);
        if let Some(display) = display {
            command.env(DISPLAY, display);
        }
        let asked = match shield {
            Shield::Input => "input",
            Shield::Screen => "screen",
        };
        let mut child = command
            .env(ASKED, asked)
            .env(LONGEST_MILLIS, longest.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl+C in a terminal must not end both at once
            .process_group(0)
            .spawn()
            .map_err(|error| no_process(format!("{}: {error}", exe.display())))?;
        let (pipe, output) = (child.stdin.take(), child.stdout.take());
        let is_dropped = Arc::new(AtomicBool::new(false));
        let mut process = Self {
            child,
            pipe,
            is_dropped: Arc::clone(&is_dropped),
        };
        let Some(mut output) = output else {
            return Err(no_process("it has no output".to_owned()));
        };
        match first_word(&mut output) {
            Ok(UP) => {}
            Ok(NO_DEVICES) => return Err(ShieldError::NoOwnDevices),
            Ok(TAKEN) => return Err(ShieldError::Taken),
            Ok(NO_BRIGHTNESS) => return Err(ShieldError::NoBrightness),
            Ok(_) => return Err(no_process("the display was lost".to_owned())),
            Err(reason) => {
                // it may be a program that never ends by itself
                process.child.kill().ok();
                return Err(no_process(reason));
            }
        }
        let display = display.map(str::to_owned);
        std::thread::Builder::new()
            .name("shield".to_owned())
            .spawn(move || {
                let mut word = [0];
                let why = match (output.read(&mut word), word[0]) {
                    (Ok(1), BY_USER) => Lowered::ByUser,
                    (Ok(1), END_PRESSED) => Lowered::EndPressed,
                    (Ok(1), _) => Lowered::Over,
                    // it was killed; devices come back by themselves
                    (Ok(_) | Err(_), _) => {
                        if shield == Shield::Screen {
                            lighten(display.as_deref());
                        }
                        Lowered::Over
                    }
                };
                if !is_dropped.load(Ordering::Acquire) {
                    lowered(why);
                }
            })
            .map_err(|error| no_process(error.to_string()))?;
        Ok(process)
    }
}

fn first_word(output: &mut ChildStdout) -> Result<u8, String> {
    let mut fds = [PollFd::new(output, PollFlags::IN)];
    let came = rustix::event::poll(&mut fds, Some(&PATIENCE));
    if came.map_err(|error| error.to_string())? == 0 {
        return Err("it did not answer".to_owned());
    }
    let mut word = [0];
    match output.read(&mut word) {
        Ok(1) => Ok(word[0]),
        Ok(_) => Err("it ended".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::Release);
        self.pipe = None;
        let deadline = Instant::now() + Duration::from_secs(1);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                self.child.kill().ok();
                self.child.wait().ok();
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The process's own `main`.
pub(crate) fn run_if_asked() -> Option<ExitCode> {
    let asked = std::env::var_os(ASKED)?;
    let word = match run(asked == "screen") {
        Ok(word) => word,
        Err(fault) => match fault {
            Fault::NoOwnDevices => NO_DEVICES,
            Fault::Taken => TAKEN,
            Fault::NoBrightness => NO_BRIGHTNESS,
            Fault::Lost(error) => {
                tracing::warn!(%error, "The display was lost");
                OVER
            }
            Fault::Wait(error) => {
                tracing::warn!(%error, "Nothing can be waited for");
                OVER
            }
        },
    };
    say(word);
    Some(ExitCode::SUCCESS)
}

/// The program may be gone, which this process outlives for a moment.
fn say(word: u8) {
    let mut output = std::io::stdout();
    output.write_all(&[word]).ok();
    output.flush().ok();
}

/// Why a shield is not up any more, or never was.
#[derive(Debug)]
enum Fault {
    NoOwnDevices,
    Taken,
    NoBrightness,
    Lost(ReplyError),
    Wait(std::io::Error),
}

impl<E: Into<ReplyError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Lost(error.into())
    }
}

/// What is up.
enum Up<'a> {
    Blocked(Blocked<'a>),
    Dark(Dark<'a>),
}

fn run(is_screen: bool) -> Result<u8, Fault> {
    let none = || {
        if is_screen {
            Fault::NoBrightness
        } else {
            Fault::NoOwnDevices
        }
    };
    let display = std::env::var(DISPLAY).ok();
    let connected = x11::connect_patiently(display.as_deref());
    let (connection, screen) = connected.map_err(|_no_display| none())?;
    let longest = std::env::var(LONGEST_MILLIS).ok();
    let longest = longest.and_then(|millis| millis.parse().ok());
    let longest = longest.map_or(crate::shield::LONGEST, Duration::from_millis);
    let until = Instant::now() + longest.min(crate::shield::LONGEST);
    // a screen that nobody could light again is not made dark
    let mut listening = Listening::begin(&connection, screen.root)?;
    let mut up = if is_screen {
        Up::Dark(Dark::make(&connection, screen.root)?)
    } else {
        Up::Blocked(Blocked::begin(&connection, screen.root)?)
    };
    say(UP);
    let word = keep(&connection, &mut listening, &mut up, until);
    match up {
        Up::Dark(dark) => dark.lighten()?,
        Up::Blocked(blocked) => blocked.let_go()?,
    }
    word
}

/// Returns when it is to come down, and why.
fn keep(
    connection: &PatientConnection,
    listening: &mut Listening,
    up: &mut Up<'_>,
    until: Instant,
) -> Result<u8, Fault> {
    loop {
        while let Some(event) = connection.poll_for_event()? {
            if let Event::XinputHierarchy(_) = event {
                listening.look_again(connection)?;
                if let Up::Blocked(blocked) = up {
                    blocked.take_new()?;
                }
                continue;
            }
            match (listening.hear(&event), &up) {
                (Heard::EndPressed, _) => return Ok(END_PRESSED),
                // whoever sees nothing presses something
                (Heard::Pressed, Up::Dark(_)) => return Ok(BY_USER),
                (Heard::Pressed | Heard::Nothing, _) => {}
            }
        }
        let now = Instant::now();
        if now >= until {
            return Ok(OVER);
        }
        let mut rest = until - now;
        match up {
            Up::Blocked(_) => {
                if let Some(due) = listening.escape_due() {
                    let left = due.saturating_duration_since(now);
                    if left.is_zero() {
                        return Ok(BY_USER);
                    }
                    rest = rest.min(left);
                }
            }
            Up::Dark(dark) => {
                dark.look_after()?;
                rest = rest.min(LOOK_EVERY);
            }
        }
        connection.flush()?;
        if wait(connection, rest).map_err(Fault::Wait)? {
            return Ok(OVER);
        }
    }
}

/// Waits for the server or the program; whether the program wants an end, or is gone.
fn wait(connection: &PatientConnection, rest: Duration) -> std::io::Result<bool> {
    // a moment longer, so that what is due then is due
    let rest = rest + Duration::from_millis(1);
    let rest = Timespec {
        tv_sec: i64::try_from(rest.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: rest.subsec_nanos().into(),
    };
    let input = std::io::stdin();
    let mut fds = [
        PollFd::new(&input, PollFlags::IN),
        PollFd::new(connection.stream(), PollFlags::IN),
    ];
    match rustix::event::poll(&mut fds, Some(&rest)) {
        Ok(_) => Ok(!fds[0].revents().is_empty()),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
