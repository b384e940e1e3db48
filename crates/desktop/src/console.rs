//! The terminal that a program with windows was started from.
//!
//! Windows gives a program that has windows no terminal, so that none flashes up; what its command line prints
//! would be seen nowhere. Elsewhere there is nothing to do.

/// Has what is printed from now on appear in the terminal that started this program, where there is one. What
/// goes to a file or another program stays there.
pub fn join() {
    #[cfg(windows)]
    platform::join();
}

#[cfg(windows)]
mod platform {
    #![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

    use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
    use windows_sys::Win32::System::Console::{
        ATTACH_PARENT_PROCESS, AttachConsole, GetStdHandle, STD_OUTPUT_HANDLE,
    };

    pub(super) fn join() {
        // SAFETY: it takes any number.
        let output = unsafe { GetStdHandle(STD_OUTPUT_HANDLE) };
        if output.is_null() || output == INVALID_HANDLE_VALUE {
            // fails where nobody started it from a terminal
            // SAFETY: it takes the number of any process.
            unsafe { AttachConsole(ATTACH_PARENT_PROCESS) };
        }
    }
}
