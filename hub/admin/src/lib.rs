//! The administrator's window of a hub.
//!
//! [`link`] talks to the hub on a thread of its own; [`app`] routes its news into [`state`], which the
//! views read and draw. What a view wants of the hub it asks through the state.

mod actions;
pub mod app;
pub mod bundle;
mod details;
mod events;
pub mod exports;
pub mod fetch;
pub mod incoming;
pub mod link;
pub mod listing;
pub mod logo;
pub mod pictures;
pub mod player;
pub mod settings;
pub mod state;
pub mod thumbs;
mod views;
pub mod watch;
pub mod words;
