//! Holds Shift, a letter and a button on the display until it is killed: shows what a guardian is
//! for. With `more-rights` it has a helper do it, and no guardian. With `block` or `dark` it keeps the user's hands or eyes off instead.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use input::shield::LONGEST;
use input::{InputSink, Raised, hid};
use protocol::Shield;
use protocol::input::{InputEvent, PointerButton};

fn main() -> ExitCode {
    if let Some(code) = input::run_guardian_if_asked() {
        return code;
    }
    let asked = std::env::args().nth(1);
    let done = match asked.as_deref() {
        Some("block") => shield(Shield::Input),
        Some("more-rights") => with_more_rights(),
        Some("dark") => shield(Shield::Screen),
        Some(_) | None => guarded(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            writeln!(std::io::stderr(), "{error}").ok();
            ExitCode::FAILURE
        }
    }
}

fn shield(shield: Shield) -> Result<(), Box<dyn std::error::Error>> {
    let exe = std::env::current_exe()?;
    let lowered = Box::new(|_why| {});
    let _up = Raised::begin(shield, None, &exe, LONGEST, lowered)?;
    std::thread::sleep(Duration::from_mins(10));
    Ok(())
}

fn guarded() -> Result<(), Box<dyn std::error::Error>> {
    hold(input::open_guarded(&std::env::current_exe()?)?)
}

fn with_more_rights() -> Result<(), Box<dyn std::error::Error>> {
    input::more_rights::ask(&std::env::current_exe()?)?;
    hold(input::open()?)
}

fn hold(mut sink: Box<dyn InputSink>) -> Result<(), Box<dyn std::error::Error>> {
    let character = None;
    sink.inject(&InputEvent::Key {
        key: hid::SHIFT_LEFT,
        pressed: true,
        character,
    })?;
    sink.inject(&InputEvent::Key {
        key: hid::K,
        pressed: true,
        character: Some('ж'),
    })?;
    let button = PointerButton::Left;
    sink.inject(&InputEvent::Button {
        button,
        pressed: true,
        at: protocol::Place {
            x: 5,
            y: 5,
            seen: 0,
        },
    })?;
    std::thread::sleep(Duration::from_mins(10));
    Ok(())
}
