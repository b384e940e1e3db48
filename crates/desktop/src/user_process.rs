//! A process for who sits in front of the computer, started by a service of Windows: a service has no desktop.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::{OsStr, OsString, c_void};
use std::io;
use std::marker::PhantomData;
use std::os::windows::ffi::OsStrExt as _;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::path::Path;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation, TRUE, WAIT_OBJECT_0,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::System::Environment::{CreateEnvironmentBlock, DestroyEnvironmentBlock};
use windows_sys::Win32::System::Pipes::CreatePipe;
use windows_sys::Win32::System::RemoteDesktop::{WTSGetActiveConsoleSessionId, WTSQueryUserToken};
use windows_sys::Win32::System::Threading::{
    CREATE_NO_WINDOW, CREATE_UNICODE_ENVIRONMENT, CreateProcessAsUserW,
    DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT, GetExitCodeProcess, INFINITE,
    InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST,
    PROC_THREAD_ATTRIBUTE_HANDLE_LIST, PROCESS_INFORMATION, STARTF_USESTDHANDLES, STARTUPINFOEXW,
    STARTUPINFOW, TerminateProcess, UpdateProcThreadAttribute, WaitForSingleObject,
};

/// Where nobody has a session.
const NO_SESSION: u32 = u32::MAX;
const DESKTOP: &str = "winsta0\\default";

fn succeeded(result: i32) -> io::Result<()> {
    if result == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// A process in the session of the user who is in front, with that account's rights.
#[derive(Debug)]
pub struct UserProcess {
    process: OwnedHandle,
}

impl UserProcess {
    /// Starts `program`, and gives what its standard input reads. Of this process' handles it gets that one alone.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] where nobody is logged in; else what Windows says, as to a program that is no
    /// service.
    pub fn start(program: &Path, arguments: &[OsString]) -> io::Result<(Self, OwnedHandle)> {
        let account = account_in_front()?;
        let environment = Environment::of(&account)?;
        let (theirs, ours) = pipe()?;
        let mut line = command_line(program, arguments)?;
        let program = wide(program.as_os_str());
        let mut desktop = wide(OsStr::new(DESKTOP));
        // whatever else could be inherited is the service's own, as what another thread hands to a child just now
        let inherited = [theirs.as_raw_handle()];
        let attributes = Attributes::inheriting(&inherited)?;
        let startup = STARTUPINFOEXW {
            StartupInfo: STARTUPINFOW {
                cb: u32::try_from(size_of::<STARTUPINFOEXW>()).map_err(io::Error::other)?,
                lpDesktop: desktop.as_mut_ptr(),
                dwFlags: STARTF_USESTDHANDLES,
                hStdInput: theirs.as_raw_handle(),
                ..STARTUPINFOW::default()
            },
            lpAttributeList: attributes.list,
        };
        let mut started = PROCESS_INFORMATION::default();
        let how = CREATE_UNICODE_ENVIRONMENT | CREATE_NO_WINDOW | EXTENDED_STARTUPINFO_PRESENT;
        // SAFETY: all texts end with a zero and live until it returns, and so do handles and structures.
        succeeded(unsafe {
            CreateProcessAsUserW(
                account.as_raw_handle(),
                program.as_ptr(),
                line.as_mut_ptr(),
                null(),
                null(),
                TRUE,
                how,
                environment.0,
                null(),
                (&raw const startup).cast(),
                &raw mut started,
            )
        })?;
        // SAFETY: it was made above, and is nobody else's.
        drop(unsafe { OwnedHandle::from_raw_handle(started.hThread) });
        // SAFETY: the same.
        let process = unsafe { OwnedHandle::from_raw_handle(started.hProcess) };
        Ok((Self { process }, ours))
    }

    /// For a program that was started so, on its first thread before there are others: has those of its threads that see
    /// the screen, have windows or type do so where the first one does.
    pub fn begin() {
        own_window::keep_desktop();
    }

    /// Blocks until it has ended; gives its exit code.
    ///
    /// # Errors
    ///
    /// That Windows does not tell.
    pub fn wait(&self) -> io::Result<u32> {
        let process = self.process.as_raw_handle();
        // SAFETY: the handle lives.
        if unsafe { WaitForSingleObject(process, INFINITE) } != WAIT_OBJECT_0 {
            return Err(io::Error::last_os_error());
        }
        let mut code = 0;
        // SAFETY: as above, and the code is written there.
        succeeded(unsafe { GetExitCodeProcess(process, &raw mut code) })?;
        Ok(code)
    }

    /// Ends it at once.
    ///
    /// # Errors
    ///
    /// That it has ended, or Windows does not let it.
    pub fn end(&self) -> io::Result<()> {
        // SAFETY: the handle lives.
        succeeded(unsafe { TerminateProcess(self.process.as_raw_handle(), 1) })
    }
}

/// The rights of the account that is logged in at the screen.
fn account_in_front() -> io::Result<OwnedHandle> {
    // SAFETY: it takes nothing.
    let session = unsafe { WTSGetActiveConsoleSessionId() };
    if session == NO_SESSION {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut account: HANDLE = null_mut();
    // SAFETY: the handle is written there.
    succeeded(unsafe { WTSQueryUserToken(session, &raw mut account) })?;
    // SAFETY: it was made above, and is nobody else's.
    Ok(unsafe { OwnedHandle::from_raw_handle(account) })
}

/// The variables of an account.
struct Environment(*mut c_void);

impl Environment {
    fn of(account: &OwnedHandle) -> io::Result<Self> {
        let mut block = null_mut();
        let nothing_of_ours = 0;
        // SAFETY: the address is written there, and the handle lives.
        succeeded(unsafe {
            CreateEnvironmentBlock(&raw mut block, account.as_raw_handle(), nothing_of_ours)
        })?;
        Ok(Self(block))
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // SAFETY: it was made by the function beside.
        unsafe { DestroyEnvironmentBlock(self.0) };
    }
}

/// What a process is started with, beside its line.
struct Attributes<'a> {
    list: LPPROC_THREAD_ATTRIBUTE_LIST,
    /// `list` points there.
    _memory: Vec<usize>,
    /// And from there to these.
    _handles: PhantomData<&'a [HANDLE]>,
}

impl<'a> Attributes<'a> {
    /// It inherits `handles`, and no others.
    fn inheriting(handles: &'a [HANDLE]) -> io::Result<Self> {
        const COUNT: u32 = 1;
        let mut len_bytes = 0;
        // SAFETY: without a list it only says how long one is, and that as an error.
        unsafe { InitializeProcThreadAttributeList(null_mut(), COUNT, 0, &raw mut len_bytes) };
        let mut memory = vec![0_usize; len_bytes.div_ceil(size_of::<usize>())];
        let list = memory.as_mut_ptr().cast();
        // SAFETY: there is as much memory as it asked for.
        succeeded(unsafe {
            InitializeProcThreadAttributeList(list, COUNT, 0, &raw mut len_bytes)
        })?;
        let attributes = Self {
            list,
            _memory: memory,
            _handles: PhantomData,
        };
        let which = usize::try_from(PROC_THREAD_ATTRIBUTE_HANDLE_LIST).map_err(io::Error::other)?;
        // SAFETY: the list has room for one, and the handles outlive it.
        succeeded(unsafe {
            UpdateProcThreadAttribute(
                list,
                0,
                which,
                handles.as_ptr().cast(),
                size_of_val(handles),
                null_mut(),
                null(),
            )
        })?;
        Ok(attributes)
    }
}

impl Drop for Attributes<'_> {
    fn drop(&mut self) {
        // SAFETY: it was made by the function beside.
        unsafe { DeleteProcThreadAttributeList(self.list) };
    }
}

/// The end that a process is given, and the other.
fn pipe() -> io::Result<(OwnedHandle, OwnedHandle)> {
    let given = SECURITY_ATTRIBUTES {
        nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).map_err(io::Error::other)?,
        bInheritHandle: TRUE,
        ..SECURITY_ATTRIBUTES::default()
    };
    let (mut read, mut write): (HANDLE, HANDLE) = (null_mut(), null_mut());
    // SAFETY: both handles are written there.
    succeeded(unsafe { CreatePipe(&raw mut read, &raw mut write, &raw const given, 0) })?;
    // SAFETY: it was made above, and is nobody else's.
    let read = unsafe { OwnedHandle::from_raw_handle(read) };
    // SAFETY: the same.
    let write = unsafe { OwnedHandle::from_raw_handle(write) };
    // SAFETY: the handle lives.
    succeeded(unsafe { SetHandleInformation(write.as_raw_handle(), HANDLE_FLAG_INHERIT, 0) })?;
    Ok((read, write))
}

fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

/// Programs take their line apart by a rule of C: words in quotation marks, and before such a mark two
/// backslashes for each.
fn command_line(program: &Path, arguments: &[OsString]) -> io::Result<Vec<u16>> {
    const QUOTE: u16 = b'"' as u16;
    const BACKSLASH: u16 = b'\\' as u16;
    let mut line = Vec::new();
    let program = program.as_os_str();
    for word in std::iter::once(program).chain(arguments.iter().map(OsString::as_os_str)) {
        if !line.is_empty() {
            line.push(u16::from(b' '));
        }
        line.push(QUOTE);
        let mut backslashes = 0;
        for unit in word.encode_wide() {
            if unit == 0 {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            if unit == BACKSLASH {
                backslashes += 1;
                continue;
            }
            let each = if unit == QUOTE { 2 } else { 1 };
            line.extend(std::iter::repeat_n(BACKSLASH, backslashes * each));
            backslashes = 0;
            if unit == QUOTE {
                line.push(BACKSLASH);
            }
            line.push(unit);
        }
        line.extend(std::iter::repeat_n(BACKSLASH, backslashes * 2));
        line.push(QUOTE);
    }
    line.push(0);
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_into_what_it_was_made_of() {
        let arguments = ["a b", "", r"C:\x\", r#"say "hi\""#, "è"].map(OsString::from);
        let line = command_line(Path::new(r"C:\P F\p.exe"), &arguments).expect("no zero in it");
        let line = String::from_utf16(&line[..line.len() - 1]).expect("text");
        assert_eq!(
            line,
            r#""C:\P F\p.exe" "a b" "" "C:\x\\" "say \"hi\\\"" "è""#
        );
        assert!(command_line(Path::new("p"), &["a\0b".into()]).is_err());
    }
}
