//! Files and the clipboard between the two ends of a session, as both engines carry them: the same for host
//! and console. Of the clipboard's tells [`clipboard`].
//!
//! [`Transfers`] knows what is sent and what comes, and is told what happens; it waits for nothing. What is
//! said for the hub, too, are [`FilesWord`](protocol::files::FilesWord)s; what is in the files goes over one
//! lane in each direction, sealed. A thread reads and seals, another opens and writes, and neither does
//! before the first transfer.
//!
//! A transfer outlives a lost line: in the next channel it is offered again, and goes on where the receiver
//! says.

mod browse;
pub mod clipboard;
pub mod hands;
mod landing;
mod lane;
mod meter;
mod orders;
mod transfers;
mod window;

pub use browse::{Consent, Places};
pub use landing::{Came, Happening};
pub use transfers::{Channel, Step, Tell, Transfers};
