//! What capturing and controlling macOS have in common: its displays, what the user lets this program do, and how the
//! log-in session stands.
//!
//! Written from Apple's documentation (Quartz Display Services, Quartz Event Services) and type-checked; not tried on a
//! Mac yet. The geometry is plain arithmetic and compiled everywhere.

mod geometry;
#[cfg(target_os = "macos")]
mod system;

pub use geometry::{Desktop, Display, Place};
#[cfg(target_os = "macos")]
pub use system::{LoginSession, ask_to_act, ask_to_see, desktop, login_session, may_act, may_see};
