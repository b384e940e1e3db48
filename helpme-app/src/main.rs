//! The `helpme` program. It is all in the library, and so made small: what is here is compiled as the whole is optimised
//! (see `profile.small` in `Cargo.toml`).

#![cfg_attr(windows, windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    helpme_app::program::run()
}
