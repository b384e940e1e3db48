#![expect(unsafe_code, reason = "macOS' own functions are foreign ones")]

use std::io;

use objc2_core_foundation::{CFBoolean, CFDictionary, CFString};
use objc2_core_graphics::{
    CGDirectDisplayID, CGDisplayBounds, CGDisplayCopyDisplayMode, CGDisplayMode, CGError,
    CGGetActiveDisplayList, CGMainDisplayID, CGPreflightPostEventAccess,
    CGPreflightScreenCaptureAccess, CGRequestPostEventAccess, CGRequestScreenCaptureAccess,
    CGSessionCopyCurrentDictionary,
};

use crate::{Desktop, Display};

/// Most displays that are asked for.
const MOST_DISPLAYS: usize = 16;

/// The desktop as it is now; `None` where no display is on.
///
/// # Errors
///
/// That macOS does not tell.
pub fn desktop() -> io::Result<Option<Desktop>> {
    let mut ids = [0; MOST_DISPLAYS];
    let mut count = 0;
    let room = u32::try_from(ids.len()).map_err(io::Error::other)?;
    // SAFETY: it writes at most `room` numbers there, and their count.
    let asked = unsafe { CGGetActiveDisplayList(room, ids.as_mut_ptr(), &raw mut count) };
    if asked != CGError::Success {
        return Err(io::Error::other(format!("CGError {}", asked.0)));
    }
    let ids = ids.iter().take(count as usize);
    let displays: Vec<Display> = ids.map(|id| display(*id)).collect();
    Ok(Desktop::of(&displays))
}

fn display(id: CGDirectDisplayID) -> Display {
    let bounds = CGDisplayBounds(id);
    let mode = CGDisplayCopyDisplayMode(id);
    let (pixels, points) = (
        CGDisplayMode::pixel_width(mode.as_deref()),
        CGDisplayMode::width(mode.as_deref()),
    );
    #[expect(clippy::cast_precision_loss, reason = "a display's width")]
    let scale = if points == 0 {
        1.0
    } else {
        pixels as f64 / points as f64
    };
    Display {
        id,
        is_main: id == CGMainDisplayID(),
        left: bounds.origin.x,
        top: bounds.origin.y,
        width: bounds.size.width,
        height: bounds.size.height,
        scale,
    }
}

/// Whether the user lets this program see the screen. Asks nobody.
pub fn may_see() -> bool {
    CGPreflightScreenCaptureAccess()
}

/// Has macOS ask the user whether this program may see the screen, which it does once; whether it may already.
pub fn ask_to_see() -> bool {
    CGRequestScreenCaptureAccess()
}

/// Whether the user lets this program press keys and move the pointer. Asks nobody.
pub fn may_act() -> bool {
    CGPreflightPostEventAccess()
}

/// Has macOS ask the user whether this program may press keys, which it does once; whether it may already.
pub fn ask_to_act() -> bool {
    CGRequestPostEventAccess()
}

/// How the log-in session of this program stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginSession {
    pub is_locked: bool,
    /// It is the one on the screen: no other user sits in front of the computer.
    pub is_in_front: bool,
}

/// `None` for a program without a log-in session that has a screen.
pub fn login_session() -> Option<LoginSession> {
    let told = CGSessionCopyCurrentDictionary()?;
    Some(LoginSession {
        is_locked: is_true(&told, "CGSSessionScreenIsLocked"),
        is_in_front: is_true(&told, "kCGSSessionOnConsoleKey"),
    })
}

fn is_true(told: &CFDictionary, key: &str) -> bool {
    let key = CFString::from_str(key);
    // SAFETY: the keys of this dictionary are texts, and what it has for them are its own objects.
    let value = unsafe { told.value(std::ptr::from_ref(&*key).cast()) };
    // SAFETY: these two keys have truth values ("Window Server Session Properties" of Quartz Display Services), and
    // the dictionary lives on meanwhile.
    let value = unsafe { value.cast::<CFBoolean>().as_ref() };
    value.is_some_and(CFBoolean::value)
}
