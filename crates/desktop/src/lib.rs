//! What a program asks of the desktop it runs on: folders, settings, secrets, mail and browser, notices, a start
//! at the log-in, an icon in the notification area, a message where no window opens, a report of a crash, a place in front of all windows, and a key that works whatever
//! window has the focus.
//!
//! Nothing here knows the network or draws. Calls touch files or the session bus and may block; each
//! says so.

pub mod active_display;
pub mod alert;
pub mod appearance;
pub mod choose;
pub mod console;
pub mod crash;
#[cfg(not(any(windows, target_os = "macos")))]
mod desktop_entry;
pub mod display;
pub mod folders;
pub mod followed_display;
pub mod front;
pub mod hot_key;
pub mod instance;
pub mod keep;
pub mod kept_apart;
mod lent_display;
pub mod links;
pub mod memory;
pub mod notices;
pub mod open;
pub mod overlay;
pub mod proxies;
pub mod sealed;
pub mod secrets;
#[cfg(windows)]
pub mod service;
pub mod settings;
pub mod sign;
pub mod start_up;
pub mod sway;
#[cfg(windows)]
mod taskbar;
pub mod tray;
#[cfg(windows)]
pub mod user_process;
pub mod window_place;

pub use crate::open::{OpenError, mailto_url, open_mail, open_url};
pub use active_display::{ActiveDisplay, active_display};
pub use alert::{Alert, AlertError, Face};
pub use appearance::prefers_dark;
pub use choose::{Choose, choose};
pub use crash::CrashReports;
pub use display::{CheckedDisplay, DisplayFault, WindowSystem};
pub use folders::{Folders, FoldersError, places};
pub use followed_display::FollowedDisplay;
pub use front::{Front, FrontBusy, PointerPlace};
pub use hot_key::{HotKey, HotKeyError};
pub use instance::{First, FurtherStarts, Instance};
pub use keep::keep_text;
pub use lent_display::lend_display;
pub use links::{LinkKind, LinkOpener, LinksError, link_opener, register_links, unregister_links};
pub use notices::{Notice, NoticeBoard};
pub use proxies::system_proxies;
pub use secrets::{Keeper, LEAST_PASSPHRASE_CHARS, SecretError, Secrets};
pub use settings::{LoadProblem, Loaded, SaveError, SettingsFile};
pub use sign::{Sign, SignError};
pub use start_up::{StartUp, StartUpError, start_at_log_in, starts_at_log_in};
pub use tray::{Tray, TrayItem, TrayState, TrayWish, has_tray};
pub use window_place::WindowPlace;
