//! Windows runs a thread of a higher priority before others, and keeps nobody from the core for that: what is here is
//! woken, works for a moment and waits.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::io;

use windows_sys::Win32::System::Threading::{
    GetCurrentThread, SetThreadPriority, THREAD_PRIORITY_ABOVE_NORMAL, THREAD_PRIORITY_NORMAL,
};

pub(crate) fn make(urgent: bool) -> io::Result<()> {
    let priority = if urgent {
        THREAD_PRIORITY_ABOVE_NORMAL
    } else {
        THREAD_PRIORITY_NORMAL
    };
    // SAFETY: it gives a constant that stands for the calling thread.
    let this = unsafe { GetCurrentThread() };
    // SAFETY: any thread may have any of these priorities.
    let done = unsafe { SetThreadPriority(this, priority) };
    if done == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::System::Threading::GetThreadPriority;

    use super::*;

    #[test]
    fn an_urgent_thread_has_a_higher_priority_until_it_is_ordinary_again() {
        let priority = || {
            // SAFETY: it gives a constant that stands for the calling thread.
            let this = unsafe { GetCurrentThread() };
            // SAFETY: it only asks.
            unsafe { GetThreadPriority(this) }
        };
        crate::urgent();
        assert_eq!(priority(), THREAD_PRIORITY_ABOVE_NORMAL);
        crate::ordinary();
        assert_eq!(priority(), THREAD_PRIORITY_NORMAL);
    }
}
