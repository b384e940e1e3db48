//! The rights of Windows, where they are not those of the folder above.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::ffi::{OsStr, c_void};
use std::io;
use std::os::windows::ffi::OsStrExt as _;
use std::path::Path;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1, SE_FILE_OBJECT,
    SetNamedSecurityInfoW,
};
use windows_sys::Win32::Security::{
    ACL, DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, PROTECTED_DACL_SECURITY_INFORMATION,
};

/// Everything for the system's account (SY) and administrators (BA), here and in what is made in it, and nothing
/// of the folder above.
const FOR_THE_SYSTEM: &str = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";

fn wide(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

/// Closes the folder `path`, and what is made in it from now on, to all but the system and administrators: for
/// the folder of a service.
///
/// # Errors
///
/// Whatever the platform says, as where this account may not, or the disk knows no rights.
pub fn close_to_users(path: &Path) -> io::Result<()> {
    let rights = Rights::parse(FOR_THE_SYSTEM)?;
    let path = wide(path.as_os_str());
    let what = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
    // SAFETY: the path ends with a zero, and the list lives as long as `rights`.
    let error = unsafe {
        SetNamedSecurityInfoW(
            path.as_ptr(),
            SE_FILE_OBJECT,
            what,
            null_mut(),
            null_mut(),
            rights.list()?,
            null_mut(),
        )
    };
    match i32::try_from(error) {
        Ok(0) => Ok(()),
        Ok(error) => Err(io::Error::from_raw_os_error(error)),
        Err(odd) => Err(io::Error::other(odd)),
    }
}

/// Who may do what, as Windows keeps it.
struct Rights(*mut c_void);

impl Rights {
    fn parse(text: &str) -> io::Result<Self> {
        let text = wide(OsStr::new(text));
        let mut descriptor = null_mut();
        // SAFETY: the text ends with a zero, and the address is written there.
        let parsed = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                null_mut(),
            )
        };
        if parsed == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(descriptor))
    }

    fn list(&self) -> io::Result<*mut ACL> {
        let (mut is_there, mut is_default) = (0, 0);
        let mut list = null_mut();
        // SAFETY: the descriptor lives, and all three are written there.
        let told = unsafe {
            GetSecurityDescriptorDacl(
                self.0,
                &raw mut is_there,
                &raw mut list,
                &raw mut is_default,
            )
        };
        if told == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(list)
    }
}

impl Drop for Rights {
    fn drop(&mut self) {
        // SAFETY: Windows gave it, to be freed so.
        unsafe { LocalFree(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Security::Authorization::ConvertSecurityDescriptorToStringSecurityDescriptorW;

    use super::*;

    fn text(rights: &Rights) -> String {
        let (mut text, mut len) = (null_mut(), 0);
        // SAFETY: the descriptor lives, and both are written there.
        let told = unsafe {
            ConvertSecurityDescriptorToStringSecurityDescriptorW(
                rights.0,
                SDDL_REVISION_1,
                DACL_SECURITY_INFORMATION,
                &raw mut text,
                &raw mut len,
            )
        };
        assert_ne!(told, 0);
        let len = usize::try_from(len).expect("short");
        // SAFETY: Windows wrote so many units there.
        let units = unsafe { std::slice::from_raw_parts(text, len) };
        let told = String::from_utf16_lossy(units);
        // SAFETY: Windows gave it, to be freed so.
        unsafe { LocalFree(text.cast()) };
        told.trim_end_matches('\0').to_owned()
    }

    /// Whether they hold shows on Windows alone: Wine has the rights of Unix in their place.
    #[test]
    fn the_rights_of_a_services_folder_name_the_system_and_administrators_alone() {
        let rights = Rights::parse(FOR_THE_SYSTEM).expect("rights");
        assert_eq!(text(&rights), FOR_THE_SYSTEM);
        assert!(!rights.list().expect("a list").is_null());
        let folder = tempfile::tempdir().expect("a folder");
        close_to_users(folder.path()).expect("closed");
        assert!(close_to_users(&folder.path().join("missing")).is_err());
    }
}
