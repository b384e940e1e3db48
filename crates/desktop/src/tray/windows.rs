//! The icon in the notification area of Windows' taskbar, with a window that nobody sees to hear of clicks.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::cell::RefCell;
use std::io;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use windows_sys::Win32::Foundation::{HWND, LPARAM, LRESULT, POINT, WPARAM};
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::UI::Shell::{
    NIF_ICON, NIF_MESSAGE, NIF_TIP, NIM_ADD, NIM_DELETE, NIM_MODIFY, NOTIFYICONDATAW,
    Shell_NotifyIconW,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    AppendMenuW, CreateIconFromResourceEx, CreatePopupMenu, CreateWindowExW, DefWindowProcW,
    DestroyIcon, DestroyMenu, DestroyWindow, DispatchMessageW, FindWindowW, GWLP_USERDATA,
    GetCursorPos, GetMessageW, GetSystemMetrics, GetWindowLongPtrW, HICON, HMENU, MF_GRAYED,
    MF_STRING, MSG, PostMessageW, PostQuitMessage, RegisterClassW, RegisterWindowMessageW,
    SM_CXSMICON, SetForegroundWindow, SetWindowLongPtrW, TPM_NONOTIFY, TPM_RETURNCMD,
    TPM_RIGHTBUTTON, TrackPopupMenu, WM_APP, WM_CONTEXTMENU, WM_LBUTTONUP, WM_NULL, WM_RBUTTONUP,
    WNDCLASSW, WS_POPUP,
};

use super::{TrayItem, TrayState, TrayWish, Wished, newest};

/// Somebody did something with the icon.
const TOUCHED: u32 = WM_APP;
/// There is a newer state.
const NEWER: u32 = WM_APP + 1;
/// The icon is to go.
const OVER: u32 = WM_APP + 2;
/// The version of the format of icons, which never changes.
const ICON_FORMAT: u32 = 0x0003_0000;

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// What the window knows.
struct Item {
    window: HWND,
    state: RefCell<TrayState>,
    icon: RefCell<Option<OwnIcon>>,
    newer: Arc<Mutex<Option<TrayState>>>,
    /// The message that tells of a new taskbar.
    new_taskbar: u32,
    shown: Arc<AtomicBool>,
    wished: Wished,
}

/// Shows the icon until nobody can say anything any more.
pub(super) fn show(
    _id: &'static str,
    state: TrayState,
    newer: &Receiver<TrayState>,
    shown: &Arc<AtomicBool>,
    wished: &Wished,
) {
    let place = Arc::<Mutex<Option<TrayState>>>::default();
    let theirs = Arc::clone(&place);
    let (ready, made) = sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(move || serve(state, theirs, shown, wished, &ready));
        let Ok(number) = made.recv() else { return };
        let tell = |what: u32| {
            let window = std::ptr::with_exposed_provenance_mut(number);
            // SAFETY: Windows looks whether there is such a window.
            unsafe { PostMessageW(window, what, 0, 0) };
        };
        while let Some(state) = newest(newer) {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
            tell(NEWER);
        }
        tell(OVER);
    });
}

/// The thread that has the window; tells its number.
fn serve(
    state: TrayState,
    newer: Arc<Mutex<Option<TrayState>>>,
    shown: &Arc<AtomicBool>,
    wished: &Wished,
    ready: &SyncSender<usize>,
) {
    let window = match window() {
        Ok(window) => window,
        Err(error) => {
            tracing::info!(%error, "No icon in a notification area");
            return wished(None);
        }
    };
    let name = wide("TaskbarCreated");
    let item = Box::new(Item {
        window,
        state: RefCell::new(state),
        icon: RefCell::default(),
        newer,
        // SAFETY: the name ends with a zero.
        new_taskbar: unsafe { RegisterWindowMessageW(name.as_ptr()) },
        shown: Arc::clone(shown),
        wished: Arc::clone(wished),
    });
    let address = (&raw const *item).expose_provenance().cast_signed();
    // SAFETY: this thread made the window, and keeps the item until the window is gone.
    unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, address) };
    item.put(NIM_ADD);
    if ready.send(window.expose_provenance()).is_ok() {
        hear();
    }
    item.put(NIM_DELETE);
    // SAFETY: this thread made the window.
    unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, 0) };
    // SAFETY: the same.
    unsafe { DestroyWindow(window) };
}

/// Whether there is a taskbar.
pub(super) fn has_tray() -> bool {
    let class = wide("Shell_TrayWnd");
    // SAFETY: the name ends with a zero.
    let found = unsafe { FindWindowW(class.as_ptr(), null()) };
    !found.is_null()
}

/// A window that could be seen: others are not told of a new taskbar.
fn window() -> io::Result<HWND> {
    let name = wide("PureHelpDeskTray");
    // SAFETY: a null stands for this program, which is there.
    let program = unsafe { GetModuleHandleW(null()) };
    let class = WNDCLASSW {
        lpfnWndProc: Some(on_message),
        hInstance: program,
        lpszClassName: name.as_ptr(),
        ..WNDCLASSW::default()
    };
    // the second time it is there already, which the window shows
    // SAFETY: the class and its name live until it returns.
    unsafe { RegisterClassW(&raw const class) };
    // SAFETY: the name ends with a zero.
    let window = unsafe {
        CreateWindowExW(
            0,
            name.as_ptr(),
            null(),
            WS_POPUP,
            0,
            0,
            0,
            0,
            null_mut(),
            null_mut(),
            program,
            null(),
        )
    };
    if window.is_null() {
        return Err(io::Error::last_os_error());
    }
    Ok(window)
}

fn hear() {
    let mut message = MSG::default();
    loop {
        // SAFETY: the message is written there; a null means all of this thread.
        let came = unsafe { GetMessageW(&raw mut message, null_mut(), 0, 0) };
        if came <= 0 {
            return;
        }
        // SAFETY: the message came from Windows.
        unsafe { DispatchMessageW(&raw const message) };
    }
}

impl Item {
    /// Adds the icon, changes it or takes it away.
    fn put(&self, what: u32) {
        let (attention, tip) = {
            let state = self.state.borrow();
            (state.attention, format!("{}\n{}", state.title, state.tip))
        };
        let icon = OwnIcon::draw(attention);
        let mut data = NOTIFYICONDATAW {
            cbSize: u32::try_from(size_of::<NOTIFYICONDATAW>()).unwrap_or(0),
            hWnd: self.window,
            uID: 1,
            uFlags: NIF_MESSAGE | NIF_ICON | NIF_TIP,
            uCallbackMessage: TOUCHED,
            hIcon: icon.as_ref().map_or(null_mut(), |icon| icon.0),
            ..NOTIFYICONDATAW::default()
        };
        // the last one stays a zero
        let room = data.szTip.len() - 1;
        for (unit, to) in tip
            .trim_end()
            .encode_utf16()
            .take(room)
            .zip(&mut data.szTip)
        {
            *to = unit;
        }
        // SAFETY: the structure says how long it is, and lives until it returns.
        let done = unsafe { Shell_NotifyIconW(what, &raw const data) } != 0;
        // the one before is shown until now
        self.icon.replace(icon);
        let is_shown = done && what != NIM_DELETE;
        if self.shown.swap(is_shown, Ordering::AcqRel) != is_shown {
            (self.wished)(None);
        }
    }

    fn take_newer(&self) {
        let newer = self
            .newer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(state) = newer {
            self.state.replace(state);
            self.put(NIM_MODIFY);
        }
    }

    /// Shows the menu and waits until somebody chose, or something else.
    fn ask(&self) {
        // what is chosen is of the lines that were shown
        let items = self.state.borrow().items.clone();
        let Some(menu) = Menu::of(&items) else { return };
        let mut at = POINT::default();
        // SAFETY: the place is written there.
        unsafe { GetCursorPos(&raw mut at) };
        // a menu of a window that is not in front would not go away
        // SAFETY: the window lives.
        unsafe { SetForegroundWindow(self.window) };
        let how = TPM_RETURNCMD | TPM_NONOTIFY | TPM_RIGHTBUTTON;
        // SAFETY: the menu and the window live.
        let line = unsafe { TrackPopupMenu(menu.0, how, at.x, at.y, 0, self.window, null()) };
        // SAFETY: the same; Windows wants this after a menu.
        unsafe { PostMessageW(self.window, WM_NULL, 0, 0) };
        let chosen = usize::try_from(line)
            .ok()
            .and_then(|line| line.checked_sub(1));
        let chosen = chosen.and_then(|line| items.get(line)?.choice);
        if let Some(choice) = chosen {
            (self.wished)(Some(TrayWish::Chosen(choice)));
        }
    }
}

/// An icon of this program's own.
struct OwnIcon(HICON);

impl OwnIcon {
    fn draw(attention: bool) -> Option<Self> {
        // SAFETY: it takes any number.
        let side = unsafe { GetSystemMetrics(SM_CXSMICON) };
        let picture = icon::windows_picture(u16::try_from(side).ok()?, attention);
        let len = u32::try_from(picture.len()).ok()?;
        let is_icon = 1;
        // SAFETY: the picture is so long and lives until it returns.
        let icon = unsafe {
            CreateIconFromResourceEx(picture.as_ptr(), len, is_icon, ICON_FORMAT, side, side, 0)
        };
        (!icon.is_null()).then_some(Self(icon))
    }
}

impl Drop for OwnIcon {
    fn drop(&mut self) {
        // SAFETY: it is this one's.
        unsafe { DestroyIcon(self.0) };
    }
}

struct Menu(HMENU);

impl Menu {
    /// Its lines are numbered from 1.
    fn of(items: &[TrayItem]) -> Option<Self> {
        // SAFETY: it takes nothing.
        let menu = unsafe { CreatePopupMenu() };
        if menu.is_null() {
            return None;
        }
        for (index, item) in items.iter().enumerate() {
            let look = if item.choice.is_some() {
                MF_STRING
            } else {
                MF_STRING | MF_GRAYED
            };
            // the menu reads an ampersand as the mark of a key
            let label = wide(&item.label.replace('&', "&&"));
            // SAFETY: the label ends with a zero and lives until it returns.
            unsafe { AppendMenuW(menu, look, index + 1, label.as_ptr()) };
        }
        Some(Self(menu))
    }
}

impl Drop for Menu {
    fn drop(&mut self) {
        // SAFETY: it is this one's.
        unsafe { DestroyMenu(self.0) };
    }
}

/// Windows' own signature.
unsafe extern "system" fn on_message(
    window: HWND,
    message: u32,
    what: WPARAM,
    more: LPARAM,
) -> LRESULT {
    // SAFETY: Windows names a window that is there.
    let address = unsafe { GetWindowLongPtrW(window, GWLP_USERDATA) };
    let item = std::ptr::with_exposed_provenance::<Item>(address.cast_unsigned());
    // SAFETY: it is zero, or that of the item, which is kept while the window is there.
    match (message, unsafe { item.as_ref() }) {
        (TOUCHED, Some(item)) => match u32::try_from(more) {
            Ok(WM_LBUTTONUP) => (item.wished)(Some(TrayWish::Clicked)),
            Ok(WM_RBUTTONUP | WM_CONTEXTMENU) => item.ask(),
            _ => {}
        },
        (NEWER, Some(item)) => item.take_newer(),
        // SAFETY: it takes any number.
        (OVER, _) => unsafe { PostQuitMessage(0) },
        (other, Some(item)) if other == item.new_taskbar => item.put(NIM_ADD),
        // SAFETY: it takes what Windows gave.
        _ => return unsafe { DefWindowProcW(window, message, what, more) },
    }
    0
}
