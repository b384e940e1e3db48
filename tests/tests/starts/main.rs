//! Odd servers: every start of every program ends in its window or in a sentence with an exit code, and
//! what a host cannot do both sides read before they begin (E1, E4).
#![expect(
    clippy::print_stdout,
    reason = "the tables of BENCHMARKS.md are what the tests print"
)]

mod hosts;
mod programs;
