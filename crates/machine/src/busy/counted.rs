//! As `sysinfo` counts it.

use sysinfo::{CpuRefreshKind, System};

/// The look that `system` was made with.
#[derive(Debug)]
pub(crate) struct Busy;

impl Busy {
    pub(crate) fn first() -> Self {
        Self
    }

    /// What is to be asked of the processors for it.
    pub(crate) fn asked() -> CpuRefreshKind {
        CpuRefreshKind::nothing().with_usage()
    }

    /// In percent, since the first look.
    #[expect(clippy::unused_self, reason = "elsewhere the first look is in it")]
    pub(crate) fn percent(self, system: &mut System) -> f32 {
        system.refresh_cpu_usage();
        system.global_cpu_usage()
    }
}
