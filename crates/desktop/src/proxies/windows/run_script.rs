//! `WinHTTP`, which fetches scripts (PAC), runs them, and remembers what they said for a while.
#![expect(unsafe_code, reason = "the system's functions are foreign ones")]

use std::ffi::c_void;
use std::ptr::null;

use protocol::HubAddress;
use windows_sys::Win32::Foundation::GlobalFree;
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_ACCESS_TYPE_NO_PROXY, WINHTTP_AUTOPROXY_CONFIG_URL, WINHTTP_AUTOPROXY_OPTIONS,
    WINHTTP_PROXY_INFO, WinHttpCloseHandle, WinHttpGetProxyForUrl, WinHttpOpen,
};

use super::super::page;

/// More than any script names, in UTF-16 units.
const MAX_NAMED: usize = 8 << 10;

/// What the script at `url` says of the way to `hub`, as `proxy:8080;other:3128`; empty where it names no proxy,
/// `None` where it does not say. May block for as long as the script takes to come.
pub(super) fn ask(url: &str, hub: &HubAddress) -> Option<String> {
    let session = Session::open()?;
    let url = wide(url);
    let page = wide(&page(hub));
    let mut options = WINHTTP_AUTOPROXY_OPTIONS {
        dwFlags: WINHTTP_AUTOPROXY_CONFIG_URL,
        lpszAutoConfigUrl: url.as_ptr(),
        ..Default::default()
    };
    let mut info = WINHTTP_PROXY_INFO::default();
    // SAFETY: the session is open; both texts end with a zero, and they and all else that is pointed to live until
    // the call returns.
    let told =
        unsafe { WinHttpGetProxyForUrl(session.0, page.as_ptr(), &raw mut options, &raw mut info) };
    if told == 0 {
        let error = std::io::Error::last_os_error();
        tracing::warn!(%error, "The script for proxies does not say");
        return None;
    }
    let named = taken(info.lpszProxy);
    // exceptions are the script's own matter
    taken(info.lpszProxyBypass);
    if info.dwAccessType == WINHTTP_ACCESS_TYPE_NO_PROXY {
        return Some(String::new());
    }
    Some(named)
}

struct Session(*mut c_void);

impl Session {
    fn open() -> Option<Self> {
        let name = wide("Pure Help Desk");
        let access = WINHTTP_ACCESS_TYPE_NO_PROXY;
        // SAFETY: the name ends with a zero and lives until the call returns; no proxy is named.
        let session = unsafe { WinHttpOpen(name.as_ptr(), access, null(), null(), 0) };
        (!session.is_null()).then_some(Self(session))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody uses it any more.
        unsafe { WinHttpCloseHandle(self.0) };
    }
}

/// The text at `text`, which is given back to the system.
fn taken(text: *mut u16) -> String {
    if text.is_null() {
        return String::new();
    }
    let mut units = Vec::new();
    for at in 0..MAX_NAMED {
        // SAFETY: no unit before this one was the zero that ends the text.
        let place = unsafe { text.add(at) };
        // SAFETY: the same.
        match unsafe { *place } {
            0 => break,
            unit => units.push(unit),
        }
    }
    // SAFETY: the system has made it with GlobalAlloc, and nobody uses it any more.
    unsafe { GlobalFree(text.cast()) };
    String::from_utf16_lossy(&units)
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}
