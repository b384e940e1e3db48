//! Linux 6.12 and newer let a thread ask for short slices: among those that are owed a core the one comes first whose
//! slice would end first, and it comes at once where it wakes. Older kernels tell no slice, and are left alone.
#![expect(unsafe_code, reason = "the C library has no function for these calls")]

use std::io;

/// The shortest slice that there is. An urgent thread has done its work before it ends.
const SHORT_NANOS: u64 = 100_000;
/// Has the kernel choose.
const USUAL: u64 = 0;
/// The calling thread.
const THIS: libc::pid_t = 0;
const NO_FLAGS: libc::c_uint = 0;

pub(crate) fn make(urgent: bool) -> io::Result<()> {
    let mut told = told()?;
    let has_slices = told.sched_runtime != 0;
    let is_ordinary = told.sched_policy == libc::SCHED_OTHER.cast_unsigned();
    if !(has_slices && is_ordinary) {
        return Ok(());
    }
    told.sched_runtime = if urgent { SHORT_NANOS } else { USUAL };
    // SAFETY: the kernel reads as many bytes as `told` says that it has.
    let done = unsafe { libc::syscall(libc::SYS_sched_setattr, THIS, &raw const told, NO_FLAGS) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// How the system lets the calling thread run.
fn told() -> io::Result<libc::sched_attr> {
    let size = libc::c_uint::try_from(size_of::<libc::sched_attr>()).map_err(io::Error::other)?;
    let mut told = libc::sched_attr {
        size,
        sched_policy: 0,
        sched_flags: 0,
        sched_nice: 0,
        sched_priority: 0,
        sched_runtime: 0,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel writes `size` bytes at most, which is what is here.
    let done =
        unsafe { libc::syscall(libc::SYS_sched_getattr, THIS, &raw mut told, size, NO_FLAGS) };
    if done == 0 {
        told.size = size;
        Ok(told)
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_urgent_thread_has_a_short_slice_until_it_is_ordinary_again() {
        let before = told().expect("every kernel since 3.14 tells");
        crate::urgent();
        let urgent = told().expect("it did before");
        // a thread that is started inherits it
        let of_another = std::thread::spawn(|| told().map(|told| told.sched_runtime));
        let of_another = of_another.join().expect("it ends").expect("it tells");
        crate::ordinary();
        let after = told().expect("it did before");
        let (has_slices, nice) = (before.sched_runtime != 0, before.sched_nice);
        assert_eq!(urgent.sched_runtime == SHORT_NANOS, has_slices);
        assert_eq!(of_another, urgent.sched_runtime);
        assert_eq!(after.sched_runtime, before.sched_runtime);
        assert_eq!((urgent.sched_nice, after.sched_nice), (nice, nice));
    }
}
