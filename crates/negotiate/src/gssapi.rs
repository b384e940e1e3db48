//! GSSAPI (RFC 2744), which knows Kerberos, by SPNEGO (RFC 4178), as HTTP has it.
//!
//! INVARIANT: the library is loaded once and stays until the process ends, so its functions do, too. Each name,
//! context and buffer that it gives is given back once.
#![expect(unsafe_code, reason = "the system's library is a foreign one")]

use std::ffi::{c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

use libloading::Library;

use crate::{Account, NotSignedIn};

/// Where it may be: MIT's, Heimdal's, and macOS' own.
#[cfg(not(target_os = "macos"))]
const LIBRARIES: &[&str] = &["libgssapi_krb5.so.2", "libgssapi.so.3", "libgssapi.so.10"];
#[cfg(target_os = "macos")]
const LIBRARIES: &[&str] = &["/System/Library/Frameworks/GSS.framework/GSS"];

/// Of a status: what makes it an error.
const ERRORS: u32 = 0xffff_0000;
const CONTINUE_NEEDED: u32 = 1;
/// Whose words for a status are wanted: the interface's, or the mechanism's.
const OF_INTERFACE: c_int = 1;
const OF_MECHANISM: c_int = 2;
/// Words for one status come in pieces.
const MAX_PIECES: usize = 4;
const MAX_DETAIL_CHARS: usize = 300;

type Handle = *mut c_void;

#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

/// An object identifier. macOS packs it on Intel's processors.
#[cfg_attr(not(all(target_os = "macos", target_arch = "x86_64")), repr(C))]
#[cfg_attr(all(target_os = "macos", target_arch = "x86_64"), repr(C, packed(2)))]
struct Oid<const N: usize> {
    length: u32,
    bytes: &'static [u8; N],
}

/// 1.2.840.113554.1.2.1.4: a name like `HTTP@host`.
static HOST_BASED_SERVICE: Oid<10> = Oid {
    length: 10,
    bytes: b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04",
};
/// 1.3.6.1.5.5.2
static SPNEGO: Oid<6> = Oid {
    length: 6,
    bytes: b"\x2b\x06\x01\x05\x05\x02",
};

impl<const N: usize> Oid<N> {
    /// As the library takes it. It changes nothing of it.
    fn pointer(&'static self) -> *const c_void {
        std::ptr::from_ref(self).cast()
    }
}

type ImportName = unsafe extern "C" fn(*mut u32, *mut Buffer, *const c_void, *mut Handle) -> u32;
type InitContext = unsafe extern "C" fn(
    *mut u32,
    Handle,
    *mut Handle,
    Handle,
    *const c_void,
    u32,
    u32,
    *mut c_void,
    *mut Buffer,
    *mut *mut c_void,
    *mut Buffer,
    *mut u32,
    *mut u32,
) -> u32;
type DeleteContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;
type ReleaseName = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
type DisplayStatus =
    unsafe extern "C" fn(*mut u32, u32, c_int, *const c_void, *mut u32, *mut Buffer) -> u32;

/// The library.
struct Gssapi {
    import_name: ImportName,
    init_context: InitContext,
    delete_context: DeleteContext,
    release_name: ReleaseName,
    release_buffer: ReleaseBuffer,
    display_status: DisplayStatus,
    _library: Library,
}

impl Gssapi {
    /// The one that this computer has.
    fn get() -> Result<&'static Self, NotSignedIn> {
        static LOADED: OnceLock<Option<Gssapi>> = OnceLock::new();
        let loaded = LOADED.get_or_init(|| LIBRARIES.iter().find_map(|name| Self::load(name)));
        let missing = || NotSignedIn::new("this system has no GSSAPI");
        loaded.as_ref().ok_or_else(missing)
    }

    fn load(name: &str) -> Option<Self> {
        // SAFETY: the system's own library, which does nothing at its start but to set itself up; it is never
        // unloaded.
        let library = unsafe { Library::new(name) }.ok()?;
        Some(Self {
            // SAFETY: the function has this type (RFC 2744, 5.16).
            import_name: unsafe { function(&library, b"gss_import_name\0") }?,
            // SAFETY: the same, 5.19.
            init_context: unsafe { function(&library, b"gss_init_sec_context\0") }?,
            // SAFETY: the same, 5.9.
            delete_context: unsafe { function(&library, b"gss_delete_sec_context\0") }?,
            // SAFETY: the same, 5.28.
            release_name: unsafe { function(&library, b"gss_release_name\0") }?,
            // SAFETY: the same, 5.26.
            release_buffer: unsafe { function(&library, b"gss_release_buffer\0") }?,
            // SAFETY: the same, 5.11.
            display_status: unsafe { function(&library, b"gss_display_status\0") }?,
            _library: library,
        })
    }

    /// What the library says of a failure.
    fn words(&'static self, status: u32, minor: u32) -> NotSignedIn {
        let interface = self.words_for(status, OF_INTERFACE);
        let mechanism = self.words_for(minor, OF_MECHANISM);
        let both = format!("{interface}: {mechanism}");
        let plain = both.chars().filter(|c| !c.is_control());
        NotSignedIn::new(plain.take(MAX_DETAIL_CHARS).collect::<String>())
    }

    fn words_for(&'static self, status: u32, whose: c_int) -> String {
        let mut pieces = Vec::new();
        let mut more = 0;
        for _ in 0..MAX_PIECES {
            let (mut minor, mut filled) = (0, Filled::none(self));
            // SAFETY: all pointers are to variables that live until the call returns; no mechanism is named.
            let asked = unsafe {
                (self.display_status)(
                    &raw mut minor,
                    status,
                    whose,
                    null(),
                    &raw mut more,
                    &raw mut filled.buffer,
                )
            };
            if asked & ERRORS != 0 {
                break;
            }
            pieces.push(String::from_utf8_lossy(filled.bytes()).into_owned());
            if more == 0 {
                break;
            }
        }
        pieces.join(", ")
    }
}

/// The function `name`, which ends with a zero.
///
/// # Safety
///
/// It has the type `F`, and is not called once the library is unloaded.
unsafe fn function<F: Copy>(library: &Library, name: &[u8]) -> Option<F> {
    // SAFETY: as the caller says.
    let symbol = unsafe { library.get::<F>(name) };
    symbol.ok().map(|symbol| *symbol)
}

/// A buffer for the library to fill.
struct Filled {
    gssapi: &'static Gssapi,
    buffer: Buffer,
}

impl Filled {
    fn none(gssapi: &'static Gssapi) -> Self {
        let (length, value) = (0, null_mut());
        let buffer = Buffer { length, value };
        Self { gssapi, buffer }
    }

    fn bytes(&self) -> &[u8] {
        let Buffer { length, value } = self.buffer;
        if value.is_null() {
            return &[];
        }
        // SAFETY: the library has put that many bytes there, which stay until they are released.
        unsafe { std::slice::from_raw_parts(value.cast(), length) }
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the library has filled it, or it is empty, which is allowed; nobody uses it any more.
        unsafe { (self.gssapi.release_buffer)(&raw mut minor, &raw mut self.buffer) };
    }
}

/// A sign-in under way.
struct Context {
    gssapi: &'static Gssapi,
    /// Whom it is with.
    service: Handle,
    /// Null before the first message.
    handle: Handle,
    /// The library has no more to say.
    is_complete: bool,
}

pub(crate) fn sign_in(host: &str) -> Result<Box<dyn Account>, NotSignedIn> {
    let gssapi = Gssapi::get()?;
    let mut name = format!("HTTP@{host}").into_bytes();
    let mut buffer = Buffer {
        length: name.len(),
        value: name.as_mut_ptr().cast(),
    };
    let (mut minor, mut service) = (0, null_mut());
    // SAFETY: all pointers are to variables that live until the call returns; the library copies the name.
    let status = unsafe {
        (gssapi.import_name)(
            &raw mut minor,
            &raw mut buffer,
            HOST_BASED_SERVICE.pointer(),
            &raw mut service,
        )
    };
    if status & ERRORS != 0 {
        return Err(gssapi.words(status, minor));
    }
    Ok(Box::new(Context {
        gssapi,
        service,
        handle: null_mut(),
        is_complete: false,
    }))
}

impl Account for Context {
    fn answer(&mut self, message: &[u8]) -> Result<Vec<u8>, NotSignedIn> {
        if self.is_complete {
            return Err(NotSignedIn::new("everything is said"));
        }
        let mut message = message.to_vec();
        let mut input = Buffer {
            length: message.len(),
            value: message.as_mut_ptr().cast(),
        };
        let input = if message.is_empty() {
            null_mut()
        } else {
            &raw mut input
        };
        let (mut minor, mut output) = (0, Filled::none(self.gssapi));
        // SAFETY: name and context are the library's own, and used by this thread alone; all other pointers are
        // to variables that live until the call returns, or null, which stands for the account's own
        // credentials, no binding, and what is not to be told.
        let status = unsafe {
            (self.gssapi.init_context)(
                &raw mut minor,
                null_mut(),
                &raw mut self.handle,
                self.service,
                SPNEGO.pointer(),
                0,
                0,
                null_mut(),
                input,
                null_mut(),
                &raw mut output.buffer,
                null_mut(),
                null_mut(),
            )
        };
        if status & ERRORS != 0 {
            self.is_complete = true;
            return Err(self.gssapi.words(status, minor));
        }
        self.is_complete = status & CONTINUE_NEEDED == 0;
        if output.bytes().is_empty() {
            return Err(NotSignedIn::new("there is nothing more to say"));
        }
        Ok(output.bytes().to_vec())
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut minor = 0;
        if !self.handle.is_null() {
            // SAFETY: the library has made it, and nobody uses it any more; no message is wanted for the other end.
            unsafe {
                (self.gssapi.delete_context)(&raw mut minor, &raw mut self.handle, null_mut());
            }
        }
        // SAFETY: the library has made it, and nobody uses it any more.
        unsafe { (self.gssapi.release_name)(&raw mut minor, &raw mut self.service) };
    }
}
