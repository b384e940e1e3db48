//! What the windows show. A view reads state and reports wishes; it sends nothing.

pub mod chat;
pub mod computers;
pub mod drafts;
pub mod log_in;
pub mod report;
pub mod session;
pub mod settings;
pub mod shell;
pub mod tickets;
mod tool_button;
