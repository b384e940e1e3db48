//! Plays on the stage, by their names.
fn main() {}
