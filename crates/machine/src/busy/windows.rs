//! From the times that Windows itself sums up. `sysinfo` asks performance counters, which take seconds to open where
//! nobody has used them yet, may be damaged or switched off, and end a program under Wine 8.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use sysinfo::{CpuRefreshKind, System};
use windows_sys::Win32::Foundation::FILETIME;
use windows_sys::Win32::System::Threading::GetSystemTimes;

/// The first look.
#[derive(Debug)]
pub(crate) struct Busy(Times);

impl Busy {
    pub(crate) fn first() -> Self {
        Self(Times::now())
    }

    /// What is to be asked of the processors for it.
    pub(crate) fn asked() -> CpuRefreshKind {
        CpuRefreshKind::nothing()
    }

    /// In percent, since the first look.
    pub(crate) fn percent(self, _system: &mut System) -> f32 {
        Times::now().busy_percent_since(self.0)
    }
}

/// Of all processors together since the computer was started, in units of 100 ns. Nothing where Windows does not say.
#[derive(Debug, Clone, Copy, Default)]
struct Times {
    idle: u64,
    /// Also those that were idle.
    all: u64,
}

impl Times {
    fn now() -> Self {
        let [mut idle, mut system, mut programs] = [FILETIME::default(); 3];
        // SAFETY: the times are written there.
        let is_told =
            unsafe { GetSystemTimes(&raw mut idle, &raw mut system, &raw mut programs) } != 0;
        if !is_told {
            return Self::default();
        }
        let units =
            |time: FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
        Self {
            idle: units(idle),
            // what was idle is in the system's
            all: units(system).saturating_add(units(programs)),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "of a share, which is asked to the percent"
    )]
    fn busy_percent_since(self, first: Self) -> f32 {
        let idle = self.idle.saturating_sub(first.idle);
        let all = self.all.saturating_sub(first.all);
        if all == 0 {
            return 0.0;
        }
        100.0 * all.saturating_sub(idle) as f32 / all as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_idle_since_the_first_look_was_busy() {
        let times = |idle, all| Times { idle, all };
        let busy = times(1300, 2400).busy_percent_since(times(1000, 2000));
        assert!((busy - 25.0).abs() < 0.01, "{busy}");
        let same = times(1, 2);
        assert!(same.busy_percent_since(same).abs() < 0.01);
        // processors that were taken away
        assert!(times(0, 0).busy_percent_since(same).abs() < 0.01);
    }
}
