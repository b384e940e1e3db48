//! What the maker of the programs has signed: programs, and the list of their newest versions.
//!
//! A hub hands out nothing else, and no program takes anything else in its own place. The maker signs with
//! minisign on a computer that is on no network, and whoever builds the programs names the public keys in
//! `PHD_MAKER_KEY`. A build for tests that names none knows the key of `test.key`; a build for release knows
//! none then, and takes nothing.

mod channel;
mod signed;

pub use channel::{CHANNEL_FILE, Channel, ChannelFault, Listed, MAX_CHANNEL_BYTES, NoOffer};
pub use semver::Version;
pub use signed::{MakerKeys, Mistrust, SIGNATURE_END, Signed};
