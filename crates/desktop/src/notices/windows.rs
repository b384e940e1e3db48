//! Notices of Windows' taskbar: Windows 10 and later show them as they show those of its own apps, which would have to
//! be registered, and older ones and Wine as balloons. Each belongs to an icon in the notification area, which is there
//! for as long as one is shown.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use own_window::{Handle, Kind, Message, OwnWindow};
use windows_sys::Win32::Foundation::{HWND, LRESULT};
use windows_sys::Win32::UI::Shell::{
    NIF_ICON, NIF_INFO, NIF_MESSAGE, NIF_TIP, NIIF_LARGE_ICON, NIIF_RESPECT_QUIET_TIME, NIIF_USER,
    NIM_ADD, NIM_DELETE, NIM_MODIFY, NIN_BALLOONHIDE, NIN_BALLOONTIMEOUT, NIN_BALLOONUSERCLICK,
    NOTIFYICONDATAW, Shell_NotifyIconW,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    KillTimer, SM_CXICON, SM_CXSMICON, SetTimer, WM_APP, WM_LBUTTONUP, WM_TIMER,
};

use super::Notice;
use crate::taskbar::{OwnIcon, write_text};

/// Something happened to the icon or its notice.
const TOUCHED: u32 = WM_APP;
/// There is a further notice.
const FURTHER: u32 = WM_APP + 1;
/// Nobody can say anything any more.
const OVER: u32 = WM_APP + 2;
/// Windows does not tell what becomes of a notice that nobody is to be disturbed by; then it is over after this.
const MOST_MILLIS: u32 = 60_000;
const TIMER: usize = 1;

type Waiting = Arc<Mutex<VecDeque<Notice>>>;

/// Shows what comes until nobody can say anything any more.
pub(super) fn show_all(
    program: &'static str,
    waiting: &Receiver<Notice>,
    clicked: &Arc<dyn Fn() + Send + Sync>,
) {
    let place = Waiting::default();
    let theirs = Arc::clone(&place);
    let (ready, made) = sync_channel(1);
    std::thread::scope(|scope| {
        scope.spawn(move || serve(program, theirs, clicked, &ready));
        let Ok(window) = made.recv() else { return };
        while let Ok(notice) = waiting.recv() {
            lock(&place).push_back(notice);
            window.post(FURTHER);
        }
        window.post(OVER);
    });
}

fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, VecDeque<Notice>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread that has the window; tells of it.
fn serve(
    program: &'static str,
    waiting: Waiting,
    clicked: &Arc<dyn Fn() + Send + Sync>,
    ready: &SyncSender<Handle>,
) {
    let board = Rc::new(Board {
        program,
        window: Cell::new(null_mut()),
        icons: [SM_CXSMICON, SM_CXICON].map(|side| OwnIcon::draw(side, false)),
        waiting,
        shown: Cell::new(0),
        is_told: Cell::new(false),
        clicked: Arc::clone(clicked),
        newest: RefCell::default(),
    });
    let hears = Rc::clone(&board);
    let listener = move |_window: Handle, told: Message| hears.hear(told);
    let window = match OwnWindow::new("PureHelpDeskNotices", Kind::Hidden, listener) {
        Ok(window) => window,
        Err(error) => return tracing::warn!(%error, "No notices"),
    };
    board.window.set(window.handle().raw());
    if ready.send(window.handle()).is_ok() {
        window.serve();
    }
    board.take_icon_away();
}

/// What the window knows.
struct Board {
    program: &'static str,
    window: Cell<HWND>,
    /// A small and a large one.
    icons: [Option<OwnIcon>; 2],
    waiting: Waiting,
    /// Notices that are shown, or that Windows keeps until the one before is over.
    shown: Cell<usize>,
    /// The log says already that nothing can be shown.
    is_told: Cell<bool>,
    clicked: Arc<dyn Fn() + Send + Sync>,
    /// For the icon, while it is there.
    newest: RefCell<String>,
}

impl Board {
    /// Answers what the window was told.
    fn hear(&self, told: Message) -> Option<LRESULT> {
        match told.message {
            FURTHER => {
                while let Some(notice) = self.next() {
                    self.show(&notice);
                }
            }
            TOUCHED => match u32::try_from(told.more) {
                Ok(NIN_BALLOONUSERCLICK) => {
                    (self.clicked)();
                    self.one_is_over();
                }
                Ok(NIN_BALLOONTIMEOUT | NIN_BALLOONHIDE) => self.one_is_over(),
                Ok(WM_LBUTTONUP) => (self.clicked)(),
                _ => {}
            },
            WM_TIMER => self.take_icon_away(),
            OVER => own_window::quit(),
            _ => return None,
        }
        Some(0)
    }

    fn next(&self) -> Option<Notice> {
        lock(&self.waiting).pop_front()
    }

    fn show(&self, Notice { title, text }: &Notice) {
        // without a text Windows would take the one before away
        let (title, text) = if text.trim().is_empty() {
            (self.program, title.as_str())
        } else {
            (title.as_str(), text.as_str())
        };
        self.newest.replace(title.to_owned());
        let mut data = self.data();
        let [small, large] = &self.icons;
        let raw = |icon: &Option<OwnIcon>| icon.as_ref().map_or(null_mut(), OwnIcon::raw);
        data.uFlags = NIF_MESSAGE | NIF_ICON | NIF_TIP | NIF_INFO;
        data.hIcon = raw(small);
        data.hBalloonIcon = raw(large);
        data.dwInfoFlags = NIIF_USER | NIIF_LARGE_ICON | NIIF_RESPECT_QUIET_TIME;
        write_text(&mut data.szInfoTitle, title);
        write_text(&mut data.szInfo, text);
        let what = if self.shown.get() == 0 {
            NIM_ADD
        } else {
            NIM_MODIFY
        };
        // SAFETY: the structure says how long it is, and lives until it returns.
        let is_shown = unsafe { Shell_NotifyIconW(what, &raw const data) } != 0;
        if is_shown {
            self.is_told.set(false);
            self.shown.set(self.shown.get() + 1);
            // SAFETY: the window is this thread's; the same timer begins anew.
            unsafe { SetTimer(self.window.get(), TIMER, MOST_MILLIS, None) };
        } else if !self.is_told.replace(true) {
            tracing::warn!("This desktop shows no notices");
        }
    }

    fn one_is_over(&self) {
        self.shown.set(self.shown.get().saturating_sub(1));
        if self.shown.get() == 0 {
            self.take_icon_away();
        }
    }

    fn take_icon_away(&self) {
        self.shown.set(0);
        // SAFETY: the window is this thread's; it does no harm where there is no such timer.
        unsafe { KillTimer(self.window.get(), TIMER) };
        let data = self.data();
        // SAFETY: the structure says how long it is, and lives until it returns.
        unsafe { Shell_NotifyIconW(NIM_DELETE, &raw const data) };
    }

    fn data(&self) -> NOTIFYICONDATAW {
        let mut data = NOTIFYICONDATAW {
            cbSize: u32::try_from(size_of::<NOTIFYICONDATAW>()).unwrap_or(0),
            hWnd: self.window.get(),
            uID: 1,
            uCallbackMessage: TOUCHED,
            ..NOTIFYICONDATAW::default()
        };
        write_text(&mut data.szTip, &self.newest.borrow());
        data
    }
}
