//! Reach over windows of programs that were started as an administrator, which Windows keeps other programs' keys and
//! clicks from.

use std::path::Path;

#[cfg(windows)]
use crate::windows::helper;

/// Why a program has no more rights than before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoreRightsError {
    /// The user said no to Windows.
    #[error("the system's question was answered with no")]
    Refused,
    /// It does not start, or does not answer.
    #[error("the helper with more rights did not start: {reason}")]
    Failed { reason: String },
    /// This system has no such rights.
    #[error("this system has no such rights")]
    UnsupportedPlatform,
}

/// Whether [`ask`] could give this program more rights than it has: on Windows, unless it was started as an
/// administrator.
pub fn can_be_had() -> bool {
    #[cfg(windows)]
    return helper::can_be_of_use();
    #[cfg(not(windows))]
    false
}

/// Has the system ask its user; after their yes all sinks of this program work through a process that runs `exe` as an
/// administrator, until [`give_up`] or the end of this program, whatever its reason: what is held comes up then.
/// Blocks until the user has answered.
///
/// `exe` is as for [`open_guarded`](crate::open_guarded).
///
/// # Errors
///
/// [`MoreRightsError`]; the sinks work on as they did.
#[cfg_attr(
    not(windows),
    expect(unused_variables, reason = "nothing is started there")
)]
pub fn ask(exe: &Path) -> Result<(), MoreRightsError> {
    #[cfg(windows)]
    return helper::ask(exe);
    #[cfg(not(windows))]
    Err(MoreRightsError::UnsupportedPlatform)
}

/// Whether sinks of this program work with more rights than it has.
pub fn are_there() -> bool {
    #[cfg(windows)]
    return helper::is_there();
    #[cfg(not(windows))]
    false
}

/// Ends that.
pub fn give_up() {
    #[cfg(windows)]
    helper::dismiss();
}
