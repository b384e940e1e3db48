//! Windows' SSPI, by its package `Negotiate`.
//!
//! INVARIANT: each handle and buffer that the system gives is given back once.
#![expect(unsafe_code, reason = "the system's functions are foreign ones")]

use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    SEC_E_OK, SEC_I_COMPLETE_AND_CONTINUE, SEC_I_COMPLETE_NEEDED, SEC_I_CONTINUE_NEEDED,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, CompleteAuthToken, DeleteSecurityContext, FreeContextBuffer,
    FreeCredentialsHandle, ISC_REQ_ALLOCATE_MEMORY, ISC_REQ_CONNECTION, InitializeSecurityContextW,
    SECBUFFER_TOKEN, SECBUFFER_VERSION, SECPKG_CRED_OUTBOUND, SECURITY_NATIVE_DREP, SecBuffer,
    SecBufferDesc,
};
use windows_sys::Win32::Security::Credentials::SecHandle;

use crate::{Account, NotSignedIn};

/// A sign-in under way.
struct Context {
    /// Of the account.
    credentials: SecHandle,
    /// None before the first message.
    handle: Option<SecHandle>,
    /// Whom it is with, with a zero at the end.
    service: Vec<u16>,
    /// The system has no more to say.
    is_complete: bool,
}

pub(crate) fn sign_in(host: &str) -> Result<Box<dyn Account>, NotSignedIn> {
    let package = wide("Negotiate");
    let mut credentials = SecHandle::default();
    let mut expires = 0;
    // SAFETY: the package's name ends with a zero, all pointers are to variables that live until the call
    // returns, or null, which stands for the account itself.
    let status = unsafe {
        AcquireCredentialsHandleW(
            null(),
            package.as_ptr(),
            SECPKG_CRED_OUTBOUND,
            null(),
            null(),
            None,
            null(),
            &raw mut credentials,
            &raw mut expires,
        )
    };
    if status != SEC_E_OK {
        return Err(failed(status));
    }
    Ok(Box::new(Context {
        credentials,
        handle: None,
        service: wide(&format!("HTTP/{host}")),
        is_complete: false,
    }))
}

impl Account for Context {
    fn answer(&mut self, message: &[u8]) -> Result<Vec<u8>, NotSignedIn> {
        if self.is_complete {
            return Err(NotSignedIn::new("everything is said"));
        }
        let mut message = message.to_vec();
        let mut input = SecBuffer {
            cbBuffer: u32::try_from(message.len()).map_err(|_long| NotSignedIn::new("too long"))?,
            BufferType: SECBUFFER_TOKEN,
            pvBuffer: message.as_mut_ptr().cast(),
        };
        let input = only(&mut input);
        let mut output = SecBuffer {
            cbBuffer: 0,
            BufferType: SECBUFFER_TOKEN,
            pvBuffer: null_mut(),
        };
        let mut made = self.handle.unwrap_or_default();
        let (mut attributes, mut expires) = (0, 0);
        let before = self.handle.as_ref().map_or(null(), std::ptr::from_ref);
        let input = if message.is_empty() {
            null()
        } else {
            &raw const input
        };
        let mut outputs = only(&mut output);
        // SAFETY: both handles are the system's own, and used by this thread alone; the name ends with a zero;
        // all other pointers are to variables that live until the call returns, or null where there is nothing
        // yet.
        let status = unsafe {
            InitializeSecurityContextW(
                &raw const self.credentials,
                before,
                self.service.as_ptr(),
                ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_CONNECTION,
                0,
                SECURITY_NATIVE_DREP,
                input,
                0,
                &raw mut made,
                &raw mut outputs,
                &raw mut attributes,
                &raw mut expires,
            )
        };
        if status < SEC_E_OK {
            self.is_complete = true;
            return Err(failed(status));
        }
        self.handle = Some(made);
        self.is_complete = ![SEC_I_CONTINUE_NEEDED, SEC_I_COMPLETE_AND_CONTINUE].contains(&status);
        if [SEC_I_COMPLETE_NEEDED, SEC_I_COMPLETE_AND_CONTINUE].contains(&status) {
            // SAFETY: the context and the buffer are those that the system has just made.
            let completed = unsafe { CompleteAuthToken(&raw const made, &raw const outputs) };
            if completed < SEC_E_OK {
                drop(taken(&output));
                return Err(failed(completed));
            }
        }
        let answer = taken(&output);
        if answer.is_empty() {
            return Err(NotSignedIn::new("there is nothing more to say"));
        }
        Ok(answer)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            // SAFETY: the system has made it, and nobody uses it any more.
            unsafe { DeleteSecurityContext(handle) };
        }
        // SAFETY: the same.
        unsafe { FreeCredentialsHandle(&raw const self.credentials) };
    }
}

/// A list of this buffer.
fn only(buffer: &mut SecBuffer) -> SecBufferDesc {
    SecBufferDesc {
        ulVersion: SECBUFFER_VERSION,
        cBuffers: 1,
        pBuffers: buffer,
    }
}

/// What the system has put into `buffer`, which is given back.
fn taken(buffer: &SecBuffer) -> Vec<u8> {
    if buffer.pvBuffer.is_null() {
        return Vec::new();
    }
    let length = usize::try_from(buffer.cbBuffer).unwrap_or_default();
    // SAFETY: the system has put that many bytes there.
    let bytes = unsafe { std::slice::from_raw_parts(buffer.pvBuffer.cast::<u8>(), length) };
    let bytes = bytes.to_vec();
    // SAFETY: the system has made it, and nobody uses it any more.
    unsafe { FreeContextBuffer(buffer.pvBuffer) };
    bytes
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn failed(status: i32) -> NotSignedIn {
    NotSignedIn::new(std::io::Error::from_raw_os_error(status).to_string())
}
