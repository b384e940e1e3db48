//! What of Windows is asked for, without pointers.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::io;
use std::mem::size_of;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use windows_sys::Win32::Foundation::{HWND, LPARAM, LRESULT, POINT, WPARAM};
use windows_sys::Win32::Globalization::{GetLocaleInfoW, LOCALE_SENGLISHDISPLAYNAME};
use windows_sys::Win32::System::Threading::{GetCurrentProcessId, GetCurrentThreadId};
use windows_sys::Win32::UI::Accessibility::{HWINEVENTHOOK, SetWinEventHook, UnhookWinEvent};
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{
    GetAsyncKeyState, GetKeyState, GetKeyboardLayout, HKL, INPUT, INPUT_0, INPUT_KEYBOARD,
    INPUT_MOUSE, KEYBDINPUT, KEYEVENTF_EXTENDEDKEY, KEYEVENTF_KEYUP, KEYEVENTF_SCANCODE,
    KEYEVENTF_UNICODE, MAPVK_VK_TO_VSC_EX, MAPVK_VSC_TO_VK_EX, MOUSEINPUT, MapVirtualKeyExW,
    SendInput, ToUnicodeEx, VK_CAPITAL, VK_CONTROL, VK_MENU, VK_SHIFT, VkKeyScanExW,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CallNextHookEx, EVENT_SYSTEM_DESKTOPSWITCH, EVENT_SYSTEM_FOREGROUND, GetForegroundWindow,
    GetMessageW, GetSystemMetrics, GetWindowThreadProcessId, HC_ACTION, HHOOK, KBDLLHOOKSTRUCT,
    LLKHF_EXTENDED, LLKHF_INJECTED, LLMHF_INJECTED, MSG, MSLLHOOKSTRUCT, PM_NOREMOVE, PeekMessageW,
    PostThreadMessageW, SM_CXVIRTUALSCREEN, SM_CYVIRTUALSCREEN, SM_SWAPBUTTON, SM_XVIRTUALSCREEN,
    SM_YVIRTUALSCREEN, SetWindowsHookExW, UnhookWindowsHookEx, WH_KEYBOARD_LL, WH_MOUSE_LL,
    WINEVENT_OUTOFCONTEXT, WM_KEYDOWN, WM_MOUSEMOVE, WM_QUIT, WM_SYSKEYDOWN,
};

use super::codes::Code;
use crate::UserActed;

/// One event that Windows takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Artificial {
    Key {
        code: Code,
        down: bool,
    },
    /// A unit of UTF-16, by no key.
    Unit {
        unit: u16,
        down: bool,
    },
    Mouse {
        flags: u32,
        /// What the flags say that it is.
        data: i32,
        /// Of 65,536 parts of the whole desktop, where the flags have a move.
        to: (i32, i32),
    },
}

/// The layout of the keyboard of one thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyLayout(HKL);

/// What a character is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct With {
    pub(crate) shift: bool,
    pub(crate) caps_lock: bool,
    /// The right Alt key, where it reaches further characters.
    pub(crate) level_three: bool,
}

/// How a layout makes a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) virtual_key: u8,
    pub(super) shift: bool,
    pub(super) control: bool,
    pub(super) alt: bool,
    /// With a modifier of its own, as the Japanese layouts have.
    pub(super) others: bool,
}

/// Sends all of it, with nothing of others in between.
///
/// # Errors
///
/// That Windows took none or only the first of them.
pub(super) fn send(events: &[Artificial]) -> io::Result<()> {
    let inputs: Vec<INPUT> = events.iter().map(|event| input_of(*event)).collect();
    if inputs.is_empty() {
        return Ok(());
    }
    let count = u32::try_from(inputs.len()).map_err(io::Error::other)?;
    let size = i32::try_from(size_of::<INPUT>()).map_err(io::Error::other)?;
    // SAFETY: `count` structures of `size` bytes begin there and live until the call returns.
    let sent = unsafe { SendInput(count, inputs.as_ptr(), size) };
    if sent == count {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn input_of(event: Artificial) -> INPUT {
    let of_keyboard = |ki| INPUT {
        r#type: INPUT_KEYBOARD,
        Anonymous: INPUT_0 { ki },
    };
    let up = |down: bool| if down { 0 } else { KEYEVENTF_KEYUP };
    match event {
        Artificial::Key { code, down } => {
            let mut flags = up(down);
            if code.extended {
                flags |= KEYEVENTF_EXTENDEDKEY;
            }
            if code.virtual_key == 0 {
                flags |= KEYEVENTF_SCANCODE;
            }
            of_keyboard(KEYBDINPUT {
                wVk: code.virtual_key.into(),
                wScan: code.scan.into(),
                dwFlags: flags,
                ..KEYBDINPUT::default()
            })
        }
        Artificial::Unit { unit, down } => of_keyboard(KEYBDINPUT {
            wScan: unit,
            dwFlags: up(down) | KEYEVENTF_UNICODE,
            ..KEYBDINPUT::default()
        }),
        Artificial::Mouse { flags, data, to } => INPUT {
            r#type: INPUT_MOUSE,
            Anonymous: INPUT_0 {
                mi: MOUSEINPUT {
                    dx: to.0,
                    dy: to.1,
                    mouseData: data.cast_unsigned(),
                    dwFlags: flags,
                    ..MOUSEINPUT::default()
                },
            },
        },
    }
}

impl KeyLayout {
    /// That of the program in front, which gets the keys.
    pub(crate) fn in_front() -> Self {
        // SAFETY: it takes nothing; no window in front is a null, which the next function takes.
        let window = unsafe { GetForegroundWindow() };
        // SAFETY: whatever the window is, also gone, and nobody asks for its process.
        let thread = unsafe { GetWindowThreadProcessId(window, std::ptr::null_mut()) };
        // SAFETY: whatever the thread is; 0 is this one.
        Self(unsafe { GetKeyboardLayout(thread) })
    }

    /// The language that it is for, in English: `Italian (Italy)`.
    pub(super) fn language(self) -> Option<String> {
        // the lower half of its number
        let language = u32::try_from(self.0 as usize & 0xffff).ok()?;
        let mut units = [0_u16; 128];
        let room = i32::try_from(units.len()).ok()?;
        // SAFETY: the buffer has as many units as it is told.
        let taken = unsafe {
            GetLocaleInfoW(
                language,
                LOCALE_SENGLISHDISPLAYNAME,
                units.as_mut_ptr(),
                room,
            )
        };
        // the last one is a zero
        let units = units.get(..usize::try_from(taken).ok()?.checked_sub(1)?)?;
        String::from_utf16(units).ok()
    }

    /// How `character` is made; `None` if it is not.
    pub(super) fn scan(self, character: char) -> Option<Scanned> {
        let unit = u16::try_from(u32::from(character)).ok()?;
        // SAFETY: the layout came from Windows.
        let found = unsafe { VkKeyScanExW(unit, self.0) };
        let [virtual_key, state] = found.to_le_bytes();
        (found != -1).then_some(Scanned {
            virtual_key,
            shift: state & 1 != 0,
            control: state & 2 != 0,
            alt: state & 4 != 0,
            others: state & !7 != 0,
        })
    }

    /// The character that a key makes with these modifiers; `None` for a dead key, and where there are none or
    /// several. What was begun by a dead key is left as it is (from Windows 10 of 2016 on).
    pub(crate) fn character(self, heard: Heard, with: With) -> Option<char> {
        const DOWN: u8 = 0x80;
        const ON: u8 = 1;
        const LEAVE_DEAD_KEYS: u32 = 4;
        let mut keys = [0_u8; 256];
        for (virtual_key, is_so, state) in [
            (VK_SHIFT, with.shift, DOWN),
            (VK_CONTROL, with.level_three, DOWN),
            (VK_MENU, with.level_three, DOWN),
            (VK_CAPITAL, with.caps_lock, ON),
        ] {
            if is_so && let Some(key) = keys.get_mut(usize::from(virtual_key)) {
                *key = state;
            }
        }
        let mut units = [0_u16; 4];
        let room = i32::try_from(units.len()).ok()?;
        // SAFETY: there is the state of 256 keys, and room for so many units.
        let made = unsafe {
            ToUnicodeEx(
                heard.virtual_key.into(),
                heard.scan.into(),
                keys.as_ptr(),
                units.as_mut_ptr(),
                room,
                LEAVE_DEAD_KEYS,
                self.0,
            )
        };
        let units = units.get(..usize::try_from(made).ok()?)?;
        let mut made = char::decode_utf16(units.iter().copied());
        let character = made.next()?.ok()?;
        (made.next().is_none() && !character.is_control()).then_some(character)
    }

    /// Where the virtual key is.
    pub(super) fn code_of(self, virtual_key: u8) -> Code {
        // SAFETY: the layout came from Windows.
        let scan = unsafe { MapVirtualKeyExW(virtual_key.into(), MAPVK_VK_TO_VSC_EX, self.0) };
        let [scan, prefix, _, _] = scan.to_le_bytes();
        Code {
            virtual_key,
            scan,
            extended: prefix == 0xe0,
        }
    }

    /// The same key with the virtual key that it is on this layout.
    pub(super) fn completed(self, code: Code) -> Code {
        let prefix = if code.extended { 0xe0 } else { 0 };
        let scan = u32::from_le_bytes([code.scan, prefix, 0, 0]);
        // SAFETY: the layout came from Windows.
        let found = unsafe { MapVirtualKeyExW(scan, MAPVK_VSC_TO_VK_EX, self.0) };
        Code {
            virtual_key: u8::try_from(found).unwrap_or(0),
            ..code
        }
    }
}

/// Whether a key is down, by whosever hand.
pub(crate) fn is_down(virtual_key: u8) -> bool {
    // SAFETY: it takes any number.
    let state = unsafe { GetAsyncKeyState(virtual_key.into()) };
    state < 0
}

/// Whether a lock is on.
pub(crate) fn is_on(virtual_key: u8) -> bool {
    // SAFETY: it takes any number.
    let state = unsafe { GetKeyState(virtual_key.into()) };
    state & 1 != 0
}

/// The user has the left and the right button changed.
pub(super) fn buttons_are_swapped() -> bool {
    // SAFETY: it takes any number.
    let swapped = unsafe { GetSystemMetrics(SM_SWAPBUTTON) };
    swapped != 0
}

/// Where the whole desktop begins, and its size, in pixels.
pub(super) fn desktop() -> ((i32, i32), (i32, i32)) {
    let ask = |which| {
        // SAFETY: it takes any number.
        unsafe { GetSystemMetrics(which) }
    };
    (
        (ask(SM_XVIRTUALSCREEN), ask(SM_YVIRTUALSCREEN)),
        (ask(SM_CXVIRTUALSCREEN), ask(SM_CYVIRTUALSCREEN)),
    )
}

/// Whether the window in front, which gets the keys, is one of this program's.
pub(crate) fn is_in_front() -> bool {
    let mut process = 0;
    // SAFETY: it takes nothing; no window in front is a null, which the next function takes.
    let window = unsafe { GetForegroundWindow() };
    // SAFETY: whatever the window is, also gone; its process is written there.
    unsafe { GetWindowThreadProcessId(window, &raw mut process) };
    // SAFETY: it takes nothing.
    process == unsafe { GetCurrentProcessId() }
}

/// Tells of what the user does, for as long as it lives.
#[derive(Debug)]
pub(super) struct Watch(#[expect(dead_code, reason = "it is there to be dropped")] Hooked);

impl Watch {
    /// # Errors
    ///
    /// That Windows takes no hook.
    pub(super) fn start(acted: UserActed) -> io::Result<Self> {
        let set = move || {
            ACTED.set(Some(acted));
            Ok([
                Hook::set(WH_KEYBOARD_LL, on_key)?,
                Hook::set(WH_MOUSE_LL, on_mouse)?,
            ])
        };
        Hooked::start("user's keys", set, || {}, || {}).map(Self)
    }
}

/// A key on its way, before any program has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) virtual_key: u8,
    /// Beyond a byte for one that Windows makes up.
    pub(crate) scan: u16,
    pub(crate) extended: bool,
    pub(crate) pressed: bool,
}

/// Who hears each key. Called from a thread of its own, and must not block.
pub(crate) trait Interceptor: Send {
    /// Whether nobody else is to have it.
    fn hear(&mut self, heard: Heard) -> bool;

    /// Another window is in front, or another desktop is shown or was: what came up there nobody heard.
    fn look_up(&mut self);
}

/// Hears each key before all programs, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Interception(Hooked);

impl Interception {
    /// `interceptor` is dropped on the thread that calls it. `over` is called when that thread ends.
    ///
    /// # Errors
    ///
    /// That Windows takes no hook.
    pub(crate) fn start(
        interceptor: Box<dyn Interceptor>,
        over: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let set = move || {
            INTERCEPTOR.set(Some(interceptor));
            let hook = Hook::set(WH_KEYBOARD_LL, before_key)?;
            let switches = [EVENT_SYSTEM_DESKTOPSWITCH, EVENT_SYSTEM_FOREGROUND];
            Ok((hook, switches.map(|event| EventHook::set(event, on_switch))))
        };
        let let_go = || drop(INTERCEPTOR.take());
        Hooked::start("keyboard grab", set, let_go, over).map(Self)
    }

    /// Whether this is called by its own thread.
    pub(crate) fn is_this_thread(&self) -> bool {
        self.0.is_this_thread()
    }

    /// Has it end soon, without waiting for that.
    pub(crate) fn leave(mut self) {
        drop(self.0.thread.take());
    }
}

thread_local! {
    /// Windows calls a hook on the thread that set it.
    static ACTED: std::cell::RefCell<Option<UserActed>> = const { std::cell::RefCell::new(None) };
    static INTERCEPTOR: std::cell::RefCell<Option<Box<dyn Interceptor>>> =
        const { std::cell::RefCell::new(None) };
}

/// A thread with hooks, for as long as this lives.
#[derive(Debug)]
struct Hooked {
    thread_id: u32,
    thread: Option<JoinHandle<()>>,
}

impl Hooked {
    /// `set` sets the hooks in the new thread; once they are off again `let_go` and `over` are called there.
    ///
    /// # Errors
    ///
    /// That the system gives no thread, or `set` fails.
    fn start<H>(
        name: &str,
        set: impl FnOnce() -> io::Result<H> + Send + 'static,
        let_go: impl FnOnce() + Send + 'static,
        over: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let (ready, when_ready) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                own_window::join_desktop();
                let hooks = set();
                wait(hooks, &ready);
                let_go();
                over();
            })?;
        let thread_id = when_ready.recv().map_err(io::Error::other)??;
        Ok(Self {
            thread_id,
            thread: Some(thread),
        })
    }

    fn is_this_thread(&self) -> bool {
        // SAFETY: it takes nothing.
        self.thread_id == unsafe { GetCurrentThreadId() }
    }
}

impl Drop for Hooked {
    fn drop(&mut self) {
        // SAFETY: it takes the number of any thread; this one waits for messages until it gets the last.
        unsafe { PostThreadMessageW(self.thread_id, WM_QUIT, 0, 0) };
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Says that the hooks are set, and keeps them until the thread is told to end.
fn wait<H>(hooks: io::Result<H>, ready: &SyncSender<io::Result<u32>>) {
    let _hooks = match hooks {
        Ok(hooks) => hooks,
        Err(error) => {
            ready.send(Err(error)).ok();
            return;
        }
    };
    let mut message = MSG {
        pt: POINT { x: 0, y: 0 },
        ..MSG::default()
    };
    // the first call of this kind makes the queue, without which nothing can be posted
    // SAFETY: the message is written there; no window means all of this thread.
    unsafe { PeekMessageW(&raw mut message, std::ptr::null_mut(), 0, 0, PM_NOREMOVE) };
    // SAFETY: it takes nothing.
    let this = unsafe { GetCurrentThreadId() };
    ready.send(Ok(this)).ok();
    // SAFETY: as above.
    while unsafe { GetMessageW(&raw mut message, std::ptr::null_mut(), 0, 0) } > 0 {}
}

type HookFunction = unsafe extern "system" fn(i32, WPARAM, LPARAM) -> LRESULT;

struct Hook(HHOOK);

impl Hook {
    fn set(which: i32, hook: HookFunction) -> io::Result<Self> {
        // SAFETY: the hook is a function of this program, which stays; 0 means all threads.
        let set = unsafe { SetWindowsHookExW(which, Some(hook), std::ptr::null_mut(), 0) };
        if set.is_null() {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(set))
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        // SAFETY: it was set and is taken off once.
        unsafe { UnhookWindowsHookEx(self.0) };
    }
}

fn tell() {
    ACTED.with_borrow(|acted| {
        if let Some(acted) = acted {
            acted();
        }
    });
}

/// Windows' own signature of a hook.
unsafe extern "system" fn on_key(code: i32, what: WPARAM, at: LPARAM) -> LRESULT {
    let pressed = [WM_KEYDOWN as usize, WM_SYSKEYDOWN as usize].contains(&what);
    if code == HC_ACTION.cast_signed() && pressed {
        let event = std::ptr::with_exposed_provenance::<KBDLLHOOKSTRUCT>(at.cast_unsigned());
        // SAFETY: with this code Windows hands over such a structure for the time of the call.
        let flags = unsafe { (*event).flags };
        if flags & LLKHF_INJECTED == 0 {
            tell();
        }
    }
    // SAFETY: what came is handed on as it came.
    unsafe { CallNextHookEx(std::ptr::null_mut(), code, what, at) }
}

/// Windows' own signature of a hook.
unsafe extern "system" fn on_mouse(code: i32, what: WPARAM, at: LPARAM) -> LRESULT {
    // moves alone are many, and say little
    if code == HC_ACTION.cast_signed() && what != WM_MOUSEMOVE as usize {
        let event = std::ptr::with_exposed_provenance::<MSLLHOOKSTRUCT>(at.cast_unsigned());
        // SAFETY: with this code Windows hands over such a structure for the time of the call.
        let flags = unsafe { (*event).flags };
        if flags & LLMHF_INJECTED == 0 {
            tell();
        }
    }
    // SAFETY: what came is handed on as it came.
    unsafe { CallNextHookEx(std::ptr::null_mut(), code, what, at) }
}

/// Windows' own signature of a hook.
unsafe extern "system" fn before_key(code: i32, what: WPARAM, at: LPARAM) -> LRESULT {
    /// Anything but zero keeps the key from all others.
    const TAKEN: LRESULT = 1;
    if code == HC_ACTION.cast_signed() {
        let event = std::ptr::with_exposed_provenance::<KBDLLHOOKSTRUCT>(at.cast_unsigned());
        // SAFETY: with this code Windows hands over such a structure for the time of the call.
        let event = unsafe { *event };
        let pressed = [WM_KEYDOWN as usize, WM_SYSKEYDOWN as usize].contains(&what);
        if is_taken(&event, pressed) {
            return TAKEN;
        }
    }
    // SAFETY: what came is handed on as it came.
    unsafe { CallNextHookEx(std::ptr::null_mut(), code, what, at) }
}

fn is_taken(event: &KBDLLHOOKSTRUCT, pressed: bool) -> bool {
    let numbers = (u8::try_from(event.vkCode), u16::try_from(event.scanCode));
    let (Ok(virtual_key), Ok(scan)) = numbers else {
        return false;
    };
    let heard = Heard {
        virtual_key,
        scan,
        extended: event.flags & LLKHF_EXTENDED != 0,
        pressed,
    };
    INTERCEPTOR.with(|interceptor| {
        // whoever hears a key while it hears one has brought it about
        let mut interceptor = interceptor.try_borrow_mut().ok();
        let interceptor = interceptor.as_mut().and_then(|it| it.as_mut());
        interceptor.is_some_and(|interceptor| interceptor.hear(heard))
    })
}

type EventFunction = unsafe extern "system" fn(HWINEVENTHOOK, u32, HWND, i32, i32, u32, u32);

/// Hears of one event of the system; of none where Windows takes no such hook.
struct EventHook(HWINEVENTHOOK);

impl EventHook {
    /// `heard` is called by the thread that sets it, while that waits for messages.
    fn set(event: u32, heard: EventFunction) -> Self {
        let nowhere = std::ptr::null_mut();
        // SAFETY: the function is one of this program, which stays; no module, and 0 for all processes and threads.
        let set = unsafe {
            SetWinEventHook(
                event,
                event,
                nowhere,
                Some(heard),
                0,
                0,
                WINEVENT_OUTOFCONTEXT,
            )
        };
        Self(set)
    }
}

impl Drop for EventHook {
    fn drop(&mut self) {
        // SAFETY: it was set by this thread and is taken off once; a null is refused.
        unsafe { UnhookWinEvent(self.0) };
    }
}

/// Windows' own signature of who hears of events.
unsafe extern "system" fn on_switch(
    _hook: HWINEVENTHOOK,
    event: u32,
    _window: HWND,
    _object: i32,
    _part: i32,
    _thread: u32,
    _time: u32,
) {
    if event == EVENT_SYSTEM_FOREGROUND && is_in_front() {
        return;
    }
    INTERCEPTOR.with(|interceptor| {
        if let Ok(mut interceptor) = interceptor.try_borrow_mut()
            && let Some(interceptor) = interceptor.as_mut()
        {
            interceptor.look_up();
        }
    });
}
