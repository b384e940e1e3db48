//! Which characters the keys of this Mac make.
//!
//! macOS tells that on the main thread of a program with windows alone, so it is asked there, now and then, and never
//! between a key and its event.
#![expect(unsafe_code, reason = "macOS' own functions are foreign ones")]

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dispatch2::DispatchQueue;
use objc2_core_foundation::{CFData, CFString};

/// The main thread of a program that hangs, or has no windows, is not waited for.
const PATIENCE: Duration = Duration::from_millis(200);
/// The last code that a key can have.
const LAST_CODE: u8 = 0x7f;
/// What a key makes at most, in units of UTF-16.
const MOST_UNITS: usize = 8;

/// How a character is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) code: u8,
    pub(super) shift: bool,
    pub(super) option: bool,
}

/// The keys of a layout that make one character each.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) name: String,
    made: BTreeMap<char, Made>,
}

impl Layout {
    /// How `character` is made; `None` if no key makes it at once.
    pub(super) fn made(&self, character: char) -> Option<Made> {
        self.made.get(&character).copied()
    }
}

static KNOWN: Mutex<Option<Arc<Layout>>> = Mutex::new(None);

/// The layout as it was when it was last asked for.
pub(super) fn known() -> Option<Arc<Layout>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Asks for the layout anew; blocks for some milliseconds.
pub(super) fn ask() -> Option<Arc<Layout>> {
    let (tell, told) = sync_channel(1);
    let ask = move || drop(tell.try_send(read()));
    if is_main_thread() {
        ask();
    } else {
        DispatchQueue::main().exec_async(ask);
    }
    let layout = told.recv_timeout(PATIENCE).ok().flatten().map(Arc::new)?;
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *known = Some(Arc::clone(&layout));
    Some(layout)
}

fn is_main_thread() -> bool {
    // SAFETY: it takes nothing.
    unsafe { pthread_main_np() != 0 }
}

/// Reads the layout; on the main thread alone.
fn read() -> Option<Layout> {
    // SAFETY: on the main thread, as Text Input Sources wants it.
    let source = Owned(unsafe { TISCopyCurrentKeyboardLayoutInputSource() });
    if source.0.is_null() {
        return None;
    }
    // SAFETY: constant texts of Text Input Sources.
    let (name, table) = (unsafe { kTISPropertyLocalizedName }, unsafe {
        kTISPropertyUnicodeKeyLayoutData
    });
    // SAFETY: on the main thread, with a source that lives on.
    let name = unsafe { TISGetInputSourceProperty(source.0, name) };
    // SAFETY: null, or a text that the source keeps.
    let name = unsafe { name.cast::<CFString>().as_ref() };
    // SAFETY: on the main thread, with a source that lives on.
    let table = unsafe { TISGetInputSourceProperty(source.0, table) };
    // SAFETY: null, or data that the source keeps.
    let table = unsafe { table.cast::<CFData>().as_ref() };
    let table = table?.byte_ptr();
    let mut made = BTreeMap::new();
    // what is made with fewer modifiers comes first, and stays
    for (shift, option) in [(false, false), (true, false), (false, true), (true, true)] {
        for code in 0..=LAST_CODE {
            if let Some(character) = character_of(table, code, shift, option) {
                let how = Made {
                    code,
                    shift,
                    option,
                };
                made.entry(character).or_insert(how);
            }
        }
    }
    Some(Layout {
        name: name.map(ToString::to_string).unwrap_or_default(),
        made,
    })
}

fn character_of(table: *const u8, code: u8, shift: bool, option: bool) -> Option<char> {
    const DOWN: u16 = 0;
    const NO_DEAD_KEYS: u32 = 1;
    // as the high bytes of the modifiers of an event have them
    let modifiers = u32::from(shift) * 2 + u32::from(option) * 8;
    let (mut dead, mut length) = (0, 0);
    let mut units = [0_u16; MOST_UNITS];
    // SAFETY: it takes nothing.
    let keyboard = unsafe { LMGetKbdType() };
    // SAFETY: the table is that of a layout and outlives the call; at most so many units are written as there is
    // room for.
    let failed = unsafe {
        UCKeyTranslate(
            table.cast(),
            code.into(),
            DOWN,
            modifiers,
            keyboard.into(),
            NO_DEAD_KEYS,
            &raw mut dead,
            units.len(),
            &raw mut length,
            units.as_mut_ptr(),
        )
    };
    let units = units.get(..length).filter(|_units| failed == 0)?;
    let mut characters = char::decode_utf16(units.iter().copied());
    let character = characters.next()?.ok()?;
    let is_one = characters.next().is_none() && !character.is_control();
    is_one.then_some(character)
}

/// An input source, given back when it is dropped.
struct Owned(*mut c_void);

impl Drop for Owned {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was given to this owner, and is given back once.
            unsafe { CFRelease(self.0) };
        }
    }
}

// As Apple's headers declare them: `HIToolbox/TextInputSources.h`, `CoreServices/UnicodeUtilities.h`,
// `HIToolbox/Events.h`, `pthread.h` and `CoreFoundation/CFBase.h`.
#[link(name = "Carbon", kind = "framework")]
unsafe extern "C" {
    static kTISPropertyLocalizedName: *const c_void;
    static kTISPropertyUnicodeKeyLayoutData: *const c_void;

    fn TISCopyCurrentKeyboardLayoutInputSource() -> *mut c_void;
    fn TISGetInputSourceProperty(source: *mut c_void, key: *const c_void) -> *mut c_void;
    fn LMGetKbdType() -> u8;
    fn UCKeyTranslate(
        layout: *const c_void,
        code: u16,
        action: u16,
        modifiers: u32,
        keyboard: u32,
        options: u32,
        dead: *mut u32,
        room: usize,
        length: *mut usize,
        units: *mut u16,
    ) -> i32;
    fn pthread_main_np() -> i32;
    fn CFRelease(object: *mut c_void);
}
