//! A program's newer version from its hub: looked for, fetched, put in its place (P3).
//!
//! Over a connection of its own, so that no session waits for it. Nothing that the hub says is believed: the list of
//! versions and the program carry their maker's signatures, the list has a number that only grows, and what is fetched
//! has to be as long as the list says and to have its hash. Where anything differs the program stays as it is.

mod own;
mod seek;
mod worker;

pub use own::OwnUpdates;
pub use seek::{Fetched, Look, Offer, SeekFault, Seeker};
pub use worker::{Hub, Updater};
