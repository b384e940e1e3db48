//! Takes pictures of the screen from PipeWire for Helpme, which has been let in by the desktop's portal.
//!
//! A program of its own: it links libpipewire, and Helpme must start where that is not there. Its standard
//! input is a Unix socket to Helpme, over which the connection to PipeWire arrives and a nameless file for the
//! pictures; see [`wayland::portal::wire`] for what is said. It ends with that socket.
//!
//! It also keeps the token by which the portal lets Helpme in without asking again: see [`desktop::kept_apart`].

#[cfg(target_os = "linux")]
mod cast;

#[cfg(target_os = "linux")]
use desktop::kept_apart;

/// Whose secret the token is, and what it is called.
#[cfg(target_os = "linux")]
const SERVICE: &str = "helpme";
#[cfg(target_os = "linux")]
const TOKEN: &str = "desktop's yes";

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        // that it could be started says that the library is there
        [wayland::portal::CHECK] => Ok(()),
        [kept_apart::KEEP, order] => {
            kept_apart::serve(order, SERVICE, TOKEN).map_err(anyhow::Error::from)
        }
        _ => cast::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // the log is Helpme's; it is nothing where there is none
            drop(writeln!(std::io::stderr(), "helpme-screencast: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
