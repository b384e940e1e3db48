//! A process of this program with more rights, and the pipe between the two.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_PIPE_CONNECTED, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Security::{
    GetTokenInformation, TOKEN_ELEVATION, TOKEN_QUERY, TokenElevation,
};
use windows_sys::Win32::Storage::FileSystem::{FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_ACCESS_DUPLEX};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, GetNamedPipeClientProcessId, GetNamedPipeServerProcessId,
    PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
    QueryFullProcessImageNameW,
};
use windows_sys::Win32::UI::Shell::ShellExecuteW;
use windows_sys::Win32::UI::WindowsAndMessaging::SW_HIDE;

/// What one batch and its answer take many times over.
const ROOM: u32 = 16 * 1024;

fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// Whether this process has an administrator's rights already.
///
/// # Errors
///
/// That Windows does not tell.
pub(super) fn are_full() -> io::Result<bool> {
    let mut token = null_mut();
    // SAFETY: it takes nothing, and what it gives stands for this process and is not closed.
    let this = unsafe { GetCurrentProcess() };
    // SAFETY: the handle is written there.
    if unsafe { OpenProcessToken(this, TOKEN_QUERY, &raw mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was opened above, and nobody else has it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    let mut told = TOKEN_ELEVATION { TokenIsElevated: 0 };
    let size = u32::try_from(size_of::<TOKEN_ELEVATION>()).map_err(io::Error::other)?;
    let mut written = 0;
    let to = (&raw mut told).cast();
    // SAFETY: there is room for `size` bytes, and for their number.
    let done = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenElevation,
            to,
            size,
            &raw mut written,
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(told.TokenIsElevated != 0)
}

/// Has Windows ask its user, and starts `exe` with `words` and an administrator's rights; false if they said no. Blocks
/// until they have said it.
///
/// # Errors
///
/// That it does not start.
pub(super) fn start_with_more(exe: &Path, words: &str) -> io::Result<bool> {
    /// Of the answers that are no success.
    const LAST_FAULT: isize = 32;
    const REFUSED: isize = 5;
    let (verb, exe, words) = (wide("runas"), wide(exe), wide(words));
    let (verb, exe, words) = (verb.as_ptr(), exe.as_ptr(), words.as_ptr());
    // SAFETY: the texts end with a zero and live until the call returns; no window, and the folder of this process.
    let said = unsafe { ShellExecuteW(null_mut(), verb, exe, words, null(), SW_HIDE) };
    match said.addr().cast_signed() {
        REFUSED => Ok(false),
        fault @ ..=LAST_FAULT => Err(io::Error::other(format!("the shell says {fault}"))),
        _ => Ok(true),
    }
}

/// A new pipe for one caller of this computer.
///
/// # Errors
///
/// That Windows makes none, or there is one of this name.
pub(super) fn new_pipe(name: &str) -> io::Result<File> {
    let name = wide(name);
    let how = PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE;
    let kind = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
    // SAFETY: the name ends with a zero; no attributes means the usual rights: this account's and administrators'.
    let pipe = unsafe { CreateNamedPipeW(name.as_ptr(), how, kind, 1, ROOM, ROOM, 0, null()) };
    if pipe == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was made above, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(pipe) }.into())
}

/// Blocks until somebody has opened the other end.
///
/// # Errors
///
/// That the pipe is no more.
pub(super) fn wait_for_caller(pipe: &File) -> io::Result<()> {
    // SAFETY: the pipe is open, and was made for calls that wait.
    if unsafe { ConnectNamedPipe(pipe.as_raw_handle(), null_mut()) } != 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    let came_before = error.raw_os_error().map(i32::cast_unsigned) == Some(ERROR_PIPE_CONNECTED);
    if came_before { Ok(()) } else { Err(error) }
}

/// The program at the end that was opened.
///
/// # Errors
///
/// That Windows does not tell.
pub(super) fn program_that_called(pipe: &File) -> io::Result<PathBuf> {
    program_at(pipe, GetNamedPipeClientProcessId)
}

/// The program at the end that was made.
///
/// # Errors
///
/// That Windows does not tell.
pub(super) fn program_that_listens(pipe: &File) -> io::Result<PathBuf> {
    program_at(pipe, GetNamedPipeServerProcessId)
}

type AskForProcess = unsafe extern "system" fn(HANDLE, *mut u32) -> i32;

fn program_at(pipe: &File, ask: AskForProcess) -> io::Result<PathBuf> {
    let mut process = 0;
    // SAFETY: the pipe is open, and the number is written there.
    if unsafe { ask(pipe.as_raw_handle(), &raw mut process) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it takes any number.
    let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, process) };
    if process.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was opened above, and nobody else has it.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    let mut path = vec![0_u16; 32 * 1024];
    let mut length = u32::try_from(path.len()).map_err(io::Error::other)?;
    let to = path.as_mut_ptr();
    let process = process.as_raw_handle();
    // SAFETY: there is room for that many units.
    if unsafe { QueryFullProcessImageNameW(process, 0, to, &raw mut length) } == 0 {
        return Err(io::Error::last_os_error());
    }
    path.truncate(usize::try_from(length).map_err(io::Error::other)?);
    PathBuf::from(std::ffi::OsString::from_wide(&path)).canonicalize()
}
