//! Whether the program in front takes input from this one. Windows keeps keys and clicks from a program with more
//! rights (UIPI), and `SendInput` does not say so.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::io;
use std::mem::size_of;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{CloseHandle, ERROR_ACCESS_DENIED, HANDLE};
use windows_sys::Win32::Security::{
    GetSidSubAuthority, GetSidSubAuthorityCount, GetTokenInformation, TOKEN_MANDATORY_LABEL,
    TOKEN_QUERY, TokenIntegrityLevel,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{GetForegroundWindow, GetWindowThreadProcessId};

/// Whether the window in front belongs to a program of a higher level of integrity than this one's, one that was
/// started as an administrator above all. Where Windows does not tell, it is taken for reachable.
pub(super) fn front_is_out_of_reach() -> bool {
    // SAFETY: it takes nothing; without a window in front it gives a null, which the next one takes.
    let window = unsafe { GetForegroundWindow() };
    let mut process = 0;
    // SAFETY: the number is written there; it stays 0 where there is no such window.
    unsafe { GetWindowThreadProcessId(window, &raw mut process) };
    if process == 0 {
        return false;
    }
    let own = own_level();
    match level_of(process) {
        Ok(level) => own.is_ok_and(|own| level > own),
        // what has no more rights can always be asked
        Err(error) => is_refusal(&error),
    }
}

fn is_refusal(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(i32::cast_unsigned);
    code == Some(ERROR_ACCESS_DENIED)
}

fn own_level() -> io::Result<u32> {
    // SAFETY: it takes nothing, and what it gives stands for this process and is not closed.
    let this = unsafe { GetCurrentProcess() };
    Token::of(this)?.level()
}

fn level_of(process: u32) -> io::Result<u32> {
    // SAFETY: it takes any number.
    let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, process) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    let process = Owned(process);
    Token::of(process.0)?.level()
}

/// A handle that is closed with this.
struct Owned(HANDLE);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: it was opened here, and nobody else has it.
        unsafe { CloseHandle(self.0) };
    }
}

/// The rights of a process.
struct Token(Owned);

impl Token {
    fn of(process: HANDLE) -> io::Result<Self> {
        let mut token = null_mut();
        // SAFETY: the process is open, and the handle is written there.
        if unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut token) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(Owned(token)))
    }

    /// How far above others: `0x2000` for usual programs, `0x3000` for an administrator's.
    fn level(&self) -> io::Result<u32> {
        /// The label and its one-part number are 28 bytes; more than one part has never been seen.
        const ROOM_WORDS: usize = 16;
        // words of eight bytes, since the label begins with an address
        let mut label = [0_u64; ROOM_WORDS];
        let room = u32::try_from(size_of::<[u64; ROOM_WORDS]>()).map_err(io::Error::other)?;
        let mut len = 0;
        // SAFETY: there is so much room, aligned as the label needs it, and the length is written to `len`.
        let told = unsafe {
            GetTokenInformation(
                self.0.0,
                TokenIntegrityLevel,
                label.as_mut_ptr().cast(),
                room,
                &raw mut len,
            )
        };
        if told == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: Windows wrote such a label there, whose address points into the same memory.
        let number = unsafe { (*label.as_ptr().cast::<TOKEN_MANDATORY_LABEL>()).Label.Sid };
        // SAFETY: the number is whole, as Windows wrote it.
        let parts = unsafe { *GetSidSubAuthorityCount(number) };
        let last = parts
            .checked_sub(1)
            .ok_or_else(|| io::Error::other("a label without a level"))?;
        // SAFETY: it has so many parts.
        Ok(unsafe { *GetSidSubAuthority(number, last.into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_reaches_itself() {
        let own = own_level().expect("it may ask for its own");
        assert_eq!(level_of(std::process::id()).ok(), Some(own));
        assert!(!front_is_out_of_reach());
    }

    #[test]
    fn only_a_refusal_is_taken_for_more_rights() {
        assert!(is_refusal(&io::Error::from_raw_os_error(5)));
        // a process that has just ended
        assert!(!is_refusal(&io::Error::from_raw_os_error(87)));
        assert!(!is_refusal(&io::Error::other("no label")));
    }
}
