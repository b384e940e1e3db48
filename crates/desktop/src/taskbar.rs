//! What icons and notices of Windows' taskbar have in common.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateIconFromResourceEx, DestroyIcon, GetSystemMetrics, HICON, SYSTEM_METRICS_INDEX,
};

/// The version of the format of icons, which never changes.
const ICON_FORMAT: u32 = 0x0003_0000;

/// An icon of this program's own.
pub(crate) struct OwnIcon(HICON);

impl OwnIcon {
    /// As large as `side` says that such icons are.
    pub(crate) fn draw(side: SYSTEM_METRICS_INDEX, attention: bool) -> Option<Self> {
        // SAFETY: it takes any number.
        let side = unsafe { GetSystemMetrics(side) };
        let picture = icon::windows_picture(u16::try_from(side).ok()?, attention);
        let len = u32::try_from(picture.len()).ok()?;
        let is_icon = 1;
        // SAFETY: the picture is so long and lives until it returns.
        let icon = unsafe {
            CreateIconFromResourceEx(picture.as_ptr(), len, is_icon, ICON_FORMAT, side, side, 0)
        };
        (!icon.is_null()).then_some(Self(icon))
    }

    /// For Windows' own functions.
    pub(crate) fn raw(&self) -> HICON {
        self.0
    }
}

impl Drop for OwnIcon {
    fn drop(&mut self) {
        // SAFETY: it is this one's.
        unsafe { DestroyIcon(self.0) };
    }
}

/// Writes as many whole characters of `text` as there is room for before the zero at the end, the last one as an
/// ellipsis where it is cut.
pub(crate) fn write_text(to: &mut [u16], text: &str) {
    let room = to.len().saturating_sub(1);
    let is_cut = text.encode_utf16().count() > room;
    let room = if is_cut { room.saturating_sub(1) } else { room };
    let mut units = Vec::new();
    for character in text.chars() {
        if units.len() + character.len_utf16() > room {
            break;
        }
        units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
    }
    if is_cut {
        units.push(u16::try_from(u32::from('…')).unwrap_or(0));
    }
    units.push(0);
    for (unit, to) in units.into_iter().zip(to) {
        *to = unit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_always_ends() {
        let written = |room: usize, text: &str| {
            let mut units = vec![7; room];
            write_text(&mut units, text);
            let end = units.iter().position(|unit| *unit == 0).unwrap();
            String::from_utf16(&units[..end]).unwrap()
        };
        assert_eq!(written(5, "abcd"), "abcd");
        assert_eq!(written(5, "abcde"), "abc…");
        assert_eq!(written(5, "ab😀de"), "ab…");
        assert_eq!(written(6, "ab😀de"), "ab😀…");
        assert_eq!(written(2, ""), "");
    }
}
