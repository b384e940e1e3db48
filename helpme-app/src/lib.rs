//! Helpme: the small program of somebody who needs help.
//!
//! [`program`] starts, [`app`] routes, [`state`] knows, `views` draws, [`backend`] talks to the engine.

pub mod above;
pub mod app;
pub mod backend;
pub mod doctor;
pub mod floating;
pub mod front;
pub mod lasting;
pub mod link;
pub mod links;
pub mod organisations;
pub mod overlay;
pub mod program;
pub mod settings;
pub mod state;
mod updates;
pub mod views;
pub mod words;

/// Which version this program has.
pub const VERSION: &str = update::version!();
