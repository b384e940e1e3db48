//! The system's own message box.
#![expect(unsafe_code, reason = "the system's message box is a foreign function")]

use windows_sys::Win32::UI::WindowsAndMessaging::{
    MB_ICONERROR, MB_OK, MB_SETFOREGROUND, MessageBoxW,
};

use super::{Alert, AlertError};

pub(super) fn show(alert: &Alert) -> Result<(), AlertError> {
    let wide = |text: &str| text.encode_utf16().chain([0]).collect::<Vec<u16>>();
    let (title, text) = (wide(&alert.title), wide(&alert.text));
    let style = MB_OK | MB_ICONERROR | MB_SETFOREGROUND;
    // SAFETY: both texts end with a zero and live until the call returns; there is no owner window.
    let pressed =
        unsafe { MessageBoxW(std::ptr::null_mut(), text.as_ptr(), title.as_ptr(), style) };
    if pressed == 0 {
        let reason = std::io::Error::last_os_error().to_string();
        return Err(AlertError { reason });
    }
    Ok(())
}
