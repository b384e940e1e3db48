//! Keeps a secret for another program, as `helpme-screencast` does for Helpme: the test of `desktop::kept_apart`
//! starts it.

use desktop::kept_apart;

fn main() -> Result<(), kept_apart::KeepError> {
    let order = std::env::args().nth(2).unwrap_or_default();
    kept_apart::serve(&order, "test", "a secret")
}
