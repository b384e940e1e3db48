//! `hub`: the server and its command line.

mod cli;
mod memory;

use std::process::ExitCode;

fn main() -> ExitCode {
    memory::give_large_pieces_back();
    cli::run()
}
