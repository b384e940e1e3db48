//! What both programs look like and how they speak.
//!
//! Theme, text size, fonts, icons, times, the words in English and Italian, widgets, the view of a remote screen, the
//! start of a program and the message where there is no window, what the connection doctor finds, painting without a graphics card, the tap that takes key strokes before egui sees them, and a map of the window for tests from outside.
//!
//! A widget reads what it is given and reports what was wished for; it knows no network and no engine.
//! Functions that take a `&mut egui::Ui` end in `_ui`.

mod caret;
pub mod clock;
pub mod doctor;
mod fault;
pub mod fonts;
mod links;
mod log;
pub mod message;
pub mod own_account;
mod pages;
mod proxy_form;
pub mod raster;
pub mod raw_input;
pub mod remote_view;
pub mod start;
mod text_size;
pub mod theme;
mod typing;
pub mod ui_map;
pub mod widgets;
pub mod words;

pub use clock::{Clock, Zone};
pub use doctor::Examination;
pub use fonts::Icon;
pub use log::start_log;
pub use own_account::{OwnForm, OwnPart, OwnWish};
pub use proxy_form::{ProxyAnswer, ProxyForm, proxy_form_ui};
pub use raw_input::{InputTap, MARK_KEY, MENU_KEY, TapEvent, TapTarget, run_app};
pub use start::{LastAct, Program, StartFault};
pub use text_size::{Enlarged, TextSize, text_size_button_ui, text_size_ui};
pub use theme::{Palette, ThemeChoice, Tone, text};
pub use words::{Lang, Word, w};
