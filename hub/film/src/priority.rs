//! Making way for everything else on the machine.

/// Lowers the priority of this process, where the system lets it.
#[cfg(unix)]
pub(crate) fn lower() {
    // a film made at normal priority is a film all the same
    rustix::process::nice(15).ok();
}

/// Does nothing: who starts this process chooses its priority here, as the hub does.
#[cfg(not(unix))]
pub(crate) fn lower() {}
