//! Events as macOS takes and tells them, without foreign objects.
#![expect(unsafe_code, reason = "macOS' own functions are foreign ones")]

use std::ffi::c_void;
use std::io;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use objc2_core_foundation::{CFMachPort, CFRetained, CFRunLoop, CGPoint, kCFRunLoopDefaultMode};
use objc2_core_graphics::{
    CGEvent, CGEventField, CGEventFlags, CGEventMask, CGEventSource, CGEventSourceStateID,
    CGEventTapLocation, CGEventTapOptions, CGEventTapPlacement, CGEventTapProxy, CGEventType,
    CGMouseButton, CGScrollEventUnit,
};
use protocol::PointerButton;

use crate::UserActed;

/// How long the loop that hears of the user's keys turns until it looks whether it is to end.
const TURN_SECONDS: f64 = 0.25;

/// Modifiers that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Modifiers {
    pub(super) shift: bool,
    pub(super) control: bool,
    pub(super) option: bool,
    pub(super) command: bool,
}

/// One event.
#[derive(Debug, Clone, Copy)]
pub(super) enum Artificial<'a> {
    Key {
        code: u8,
        down: bool,
        repeated: bool,
        modifiers: Modifiers,
        /// What it types, where that is not the layout's business.
        types: Option<&'a [u16]>,
    },
    /// The pointer goes there, with this button held.
    Moved {
        to: (f64, f64),
        holding: Option<PointerButton>,
    },
    Button {
        button: PointerButton,
        down: bool,
        at: (f64, f64),
        /// 2 for the second press of a double click.
        clicks: i64,
        modifiers: Modifiers,
    },
    /// In pixels, right and down.
    Turned { across: i32, down: i32 },
}

/// Hands `event` to the window server.
///
/// # Errors
///
/// That macOS makes no such event.
pub(super) fn send(event: Artificial<'_>) -> io::Result<()> {
    let source = CGEventSource::new(CGEventSourceStateID::HIDSystemState);
    let source = source.as_deref();
    let made = match event {
        Artificial::Key {
            code,
            down,
            repeated,
            modifiers,
            types,
        } => {
            let made = CGEvent::new_keyboard_event(source, code.into(), down);
            let made = made.ok_or_else(refused)?;
            set_flags(&made, modifiers);
            let field = CGEventField::KeyboardEventAutorepeat;
            CGEvent::set_integer_value_field(Some(&made), field, repeated.into());
            if let Some(units) = types {
                // SAFETY: there are so many units, and they are copied.
                unsafe {
                    CGEvent::keyboard_set_unicode_string(
                        Some(&made),
                        units.len().try_into().map_err(io::Error::other)?,
                        units.as_ptr(),
                    );
                }
            }
            made
        }
        Artificial::Moved { to, holding } => {
            let kind = match holding {
                None => CGEventType::MouseMoved,
                Some(PointerButton::Left) => CGEventType::LeftMouseDragged,
                Some(PointerButton::Right) => CGEventType::RightMouseDragged,
                Some(_) => CGEventType::OtherMouseDragged,
            };
            let button = number_of(holding.unwrap_or(PointerButton::Left));
            let made = CGEvent::new_mouse_event(source, kind, point(to), button);
            made.ok_or_else(refused)?
        }
        Artificial::Button {
            button,
            down,
            at,
            clicks,
            modifiers,
        } => {
            let kind = match (button, down) {
                (PointerButton::Left, true) => CGEventType::LeftMouseDown,
                (PointerButton::Left, false) => CGEventType::LeftMouseUp,
                (PointerButton::Right, true) => CGEventType::RightMouseDown,
                (PointerButton::Right, false) => CGEventType::RightMouseUp,
                (_, true) => CGEventType::OtherMouseDown,
                (_, false) => CGEventType::OtherMouseUp,
            };
            let made = CGEvent::new_mouse_event(source, kind, point(at), number_of(button));
            let made = made.ok_or_else(refused)?;
            set_flags(&made, modifiers);
            let field = CGEventField::MouseEventClickState;
            CGEvent::set_integer_value_field(Some(&made), field, clicks);
            made
        }
        Artificial::Turned { across, down } => {
            // up and left are positive here
            let (down, across) = (down.saturating_neg(), across.saturating_neg());
            let unit = CGScrollEventUnit::Pixel;
            let made = CGEvent::new_scroll_wheel_event2(source, unit, 2, down, across, 0);
            made.ok_or_else(refused)?
        }
    };
    CGEvent::post(CGEventTapLocation::HIDEventTap, Some(&made));
    Ok(())
}

/// Where the pointer is, in points.
pub(super) fn pointer() -> (f64, f64) {
    let now = CGEvent::new(None);
    let at = CGEvent::location(now.as_deref());
    (at.x, at.y)
}

fn refused() -> io::Error {
    io::Error::other("macOS makes no such event")
}

fn point((x, y): (f64, f64)) -> CGPoint {
    CGPoint { x, y }
}

fn number_of(button: PointerButton) -> CGMouseButton {
    match button {
        PointerButton::Left => CGMouseButton::Left,
        PointerButton::Right => CGMouseButton::Right,
        PointerButton::Middle => CGMouseButton::Center,
        PointerButton::Back => CGMouseButton(3),
        PointerButton::Forward => CGMouseButton(4),
    }
}

/// What the key itself has, as the keys of a pad do, stays.
fn set_flags(event: &CGEvent, modifiers: Modifiers) {
    let all = [
        (CGEventFlags::MaskShift, modifiers.shift),
        (CGEventFlags::MaskControl, modifiers.control),
        (CGEventFlags::MaskAlternate, modifiers.option),
        (CGEventFlags::MaskCommand, modifiers.command),
    ];
    let mut flags = CGEvent::flags(Some(event));
    for (flag, held) in all {
        flags.set(flag, held);
    }
    CGEvent::set_flags(Some(event), flags);
}

/// Tells of what the user does, for as long as it lives.
pub(super) struct Watch {
    ends: Arc<AtomicBool>,
    running: Loop,
    thread: Option<JoinHandle<()>>,
}

struct Loop(CFRetained<CFRunLoop>);

// SAFETY: `CFRunLoopStop` may be called from any thread (Threading Programming Guide, "Run Loops").
unsafe impl Send for Loop {}

impl Watch {
    /// # Errors
    ///
    /// That macOS lets this program hear of nothing.
    pub(super) fn start(acted: UserActed) -> io::Result<Self> {
        let (ready, when_ready) = sync_channel(1);
        let ends = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ends);
        let thread = std::thread::Builder::new()
            .name("user's keys".to_owned())
            .spawn(move || watch(acted, &ready, &end))?;
        let running = when_ready.recv().map_err(io::Error::other)??;
        Ok(Self {
            ends,
            running,
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        // lost if the loop is between two turns, which are short
        self.running.0.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Presses of keys and buttons.
const PRESSES: [CGEventType; 4] = [
    CGEventType::KeyDown,
    CGEventType::LeftMouseDown,
    CGEventType::RightMouseDown,
    CGEventType::OtherMouseDown,
];

fn watch(acted: UserActed, ready: &SyncSender<io::Result<Loop>>, ends: &AtomicBool) {
    let acted: Box<UserActed> = Box::new(acted);
    let mask: CGEventMask = PRESSES.iter().map(|kind| 1 << kind.0).sum();
    // SAFETY: the tap ends with this function, before what it is given does.
    let tap = unsafe {
        CGEvent::tap_create(
            CGEventTapLocation::SessionEventTap,
            CGEventTapPlacement::HeadInsertEventTap,
            CGEventTapOptions::ListenOnly,
            mask,
            Some(heard),
            std::ptr::from_ref(&*acted).cast_mut().cast(),
        )
    };
    let begun = tap.and_then(|tap| {
        let source = CFMachPort::new_run_loop_source(None, Some(&tap), 0)?;
        let this = CFRunLoop::current()?;
        // SAFETY: a constant text of Core Foundation.
        this.add_source(Some(&source), unsafe { kCFRunLoopDefaultMode });
        Some((tap, this))
    });
    let Some((tap, this)) = begun else {
        let error = "macOS lets this program hear of no keys";
        ready.send(Err(io::Error::other(error))).ok();
        return;
    };
    ready.send(Ok(Loop(this))).ok();
    while !ends.load(Ordering::Acquire) {
        // SAFETY: a constant text of Core Foundation.
        CFRunLoop::run_in_mode(unsafe { kCFRunLoopDefaultMode }, TURN_SECONDS, false);
    }
    tap.invalidate();
}

unsafe extern "C-unwind" fn heard(
    _tap: CGEventTapProxy,
    _kind: CGEventType,
    event: NonNull<CGEvent>,
    acted: *mut c_void,
) -> *mut CGEvent {
    // SAFETY: macOS hands over an event for the time of the call.
    let told = unsafe { event.as_ref() };
    let field = CGEventField::EventSourceUnixProcessID;
    // what comes from a device comes from no process
    if CGEvent::integer_value_field(Some(told), field) == 0 {
        // SAFETY: what `watch` has given, which lives as long as the tap.
        let acted = unsafe { acted.cast::<UserActed>().as_ref() };
        if let Some(acted) = acted {
            acted();
        }
    }
    event.as_ptr()
}
