//! The icon in the notification area of Windows' taskbar, with a window that nobody sees to hear of clicks.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::cell::{Cell, RefCell};
use std::ptr::{null, null_mut};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use own_window::{Handle, Kind, Message, OwnWindow, wide};
use windows_sys::Win32::Foundation::{HWND, LRESULT, POINT};
use windows_sys::Win32::UI::Shell::{
    NIF_ICON, NIF_MESSAGE, NIF_TIP, NIM_ADD, NIM_DELETE, NIM_MODIFY, NOTIFYICONDATAW,
    Shell_NotifyIconW,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    AppendMenuW, CreatePopupMenu, DestroyMenu, FindWindowW, GetCursorPos, HMENU, MF_GRAYED,
    MF_STRING, PostMessageW, RegisterWindowMessageW, SM_CXSMICON, SetForegroundWindow,
    TPM_NONOTIFY, TPM_RETURNCMD, TPM_RIGHTBUTTON, TrackPopupMenu, WM_APP, WM_CONTEXTMENU,
    WM_LBUTTONUP, WM_NULL, WM_RBUTTONUP,
};

use crate::taskbar::{OwnIcon, write_text};

use super::{TrayItem, TrayState, TrayWish, Wished, newest};

/// Somebody did something with the icon.
const TOUCHED: u32 = WM_APP;
/// There is a newer state.
const NEWER: u32 = WM_APP + 1;
/// The icon is to go.
const OVER: u32 = WM_APP + 2;

/// What the window knows.
struct Item {
    window: Cell<HWND>,
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
        let Ok(window) = made.recv() else { return };
        while let Some(state) = newest(newer) {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
            window.post(NEWER);
        }
        window.post(OVER);
    });
}

/// The thread that has the window; tells of it.
fn serve(
    state: TrayState,
    newer: Arc<Mutex<Option<TrayState>>>,
    shown: &Arc<AtomicBool>,
    wished: &Wished,
    ready: &SyncSender<Handle>,
) {
    let name = wide("TaskbarCreated");
    let item = Rc::new(Item {
        window: Cell::new(null_mut()),
        state: RefCell::new(state),
        icon: RefCell::default(),
        newer,
        // SAFETY: the name ends with a zero.
        new_taskbar: unsafe { RegisterWindowMessageW(name.as_ptr()) },
        shown: Arc::clone(shown),
        wished: Arc::clone(wished),
    });
    let hears = Rc::clone(&item);
    let listener = move |_window: Handle, told: Message| hears.hear(told);
    let window = match OwnWindow::new("PureHelpDeskTray", Kind::Hidden, listener) {
        Ok(window) => window,
        Err(error) => {
            tracing::info!(%error, "No icon in a notification area");
            return wished(None);
        }
    };
    item.window.set(window.handle().raw());
    item.put(NIM_ADD);
    if ready.send(window.handle()).is_ok() {
        window.serve();
    }
    item.put(NIM_DELETE);
}

/// Whether there is a taskbar.
pub(super) fn has_tray() -> bool {
    let class = wide("Shell_TrayWnd");
    // SAFETY: the name ends with a zero.
    let found = unsafe { FindWindowW(class.as_ptr(), null()) };
    !found.is_null()
}

impl Item {
    /// Answers what the window was told.
    fn hear(&self, told: Message) -> Option<LRESULT> {
        match told.message {
            TOUCHED => match u32::try_from(told.more) {
                Ok(WM_LBUTTONUP) => (self.wished)(Some(TrayWish::Clicked)),
                Ok(WM_RBUTTONUP | WM_CONTEXTMENU) => self.ask(),
                _ => {}
            },
            NEWER => self.take_newer(),
            OVER => own_window::quit(),
            other if other == self.new_taskbar => self.put(NIM_ADD),
            _ => return None,
        }
        Some(0)
    }

    /// Adds the icon, changes it or takes it away.
    fn put(&self, what: u32) {
        let (attention, tip) = {
            let state = self.state.borrow();
            (state.attention, format!("{}\n{}", state.title, state.tip))
        };
        let icon = OwnIcon::draw(SM_CXSMICON, attention);
        let mut data = NOTIFYICONDATAW {
            cbSize: u32::try_from(size_of::<NOTIFYICONDATAW>()).unwrap_or(0),
            hWnd: self.window.get(),
            uID: 1,
            uFlags: NIF_MESSAGE | NIF_ICON | NIF_TIP,
            uCallbackMessage: TOUCHED,
            hIcon: icon.as_ref().map_or(null_mut(), OwnIcon::raw),
            ..NOTIFYICONDATAW::default()
        };
        write_text(&mut data.szTip, tip.trim_end());
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
        unsafe { SetForegroundWindow(self.window.get()) };
        let how = TPM_RETURNCMD | TPM_NONOTIFY | TPM_RIGHTBUTTON;
        // SAFETY: the menu and the window live.
        let line = unsafe { TrackPopupMenu(menu.0, how, at.x, at.y, 0, self.window.get(), null()) };
        // SAFETY: the same; Windows wants this after a menu.
        unsafe { PostMessageW(self.window.get(), WM_NULL, 0, 0) };
        let chosen = usize::try_from(line)
            .ok()
            .and_then(|line| line.checked_sub(1));
        let chosen = chosen.and_then(|line| items.get(line)?.choice);
        if let Some(choice) = chosen {
            (self.wished)(Some(TrayWish::Chosen(choice)));
        }
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
