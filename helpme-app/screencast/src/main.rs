//! Takes pictures of the screen from PipeWire for Helpme, which has been let in by the desktop's portal.
//!
//! A program of its own: it links libpipewire, and Helpme must start where that is not there. Its standard
//! input is a Unix socket to Helpme, over which the connection to PipeWire arrives and a nameless file for the
//! pictures; see [`wayland::portal::wire`] for what is said. It ends with that socket.

#[cfg(target_os = "linux")]
mod cast;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    // that it could be started says that the library is there
    if std::env::args().nth(1).as_deref() == Some(wayland::portal::CHECK) {
        return ExitCode::SUCCESS;
    }
    match cast::run() {
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
