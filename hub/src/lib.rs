//! The hub: the one server through which operators and users meet.
//!
//! It knows who is there ([`Hub`]), authorises every step, relays the streams of a session, films
//! what is seen and remembers what must be remembered. It can watch what it films; it can never
//! type: what the operator does is sealed between their console and the user's computer.
//!
//! One task serves each connection, one task owns the state of the desk, one thread the catalogue,
//! and one thread each film.

mod administration;
mod admission;
pub mod backup;
mod breached;
pub mod catalogue;
mod clock;
mod connection;
mod crowd;
pub mod disk;
pub mod downloads;
pub mod export;
mod film;
pub mod films;
mod folder;
mod guesses;
pub mod hosts;
mod known;
mod ledger;
mod log_limit;
mod login;
mod loopback;
mod metrics;
mod outbound;
mod page;
pub mod password;
pub mod people;
pub mod pictures;
pub mod proof;
mod proposal;
mod recovery;
mod registry;
mod relay;
pub mod reports;
mod second_factor;
mod server;
mod store;
mod unattended;
pub mod updates;
mod upkeep;
mod watch;
mod web;

pub use administration::local;
pub use administration::settings::is_logo;
pub use clock::unix_millis;
pub use folder::{FolderError, create as create_folder};
pub use metrics::MetricsError;
pub use page::PageConfig;
pub use server::{Config, Hub, StartError};
pub use web::{
    AcmeConfig, AcmeFault, AcmeStanding, AcmeTrouble, CertificateError, CertificateFiles,
    CertificateSource, CertificateStanding, Validity, WebError, certificate_validity,
};
