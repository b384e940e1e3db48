//! The operator's console: log in, hand out tickets, see who needs help, take control, chat, write
//! the report.
//!
//! `main.rs` wires, [`app`] routes, [`state`] knows, [`views`] draw, [`backend`] talks to the engine.

pub mod action;
pub mod app;
pub mod backend;
pub mod clerk;
pub mod doctor;
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub mod meanings;
pub mod phrases;
pub mod picture;
pub mod popups;
pub mod screen;
pub mod settings;
pub mod state;
pub mod views;

/// Which version this program has.
pub const VERSION: &str = update::version!();
