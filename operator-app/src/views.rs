//! What the windows show. A view reads state and reports wishes; it sends nothing.

pub mod browser;
pub mod chat;
pub mod closing;
pub mod computers;
pub mod conflict;
pub mod doctor;
pub mod drafts;
pub mod files;
mod keys;
mod line;
pub mod log_in;
mod opening;
mod proxy;
pub mod report;
pub mod session;
pub mod settings;
pub mod shell;
mod showing;
mod sights;
pub mod system;
pub mod tickets;
mod tool_button;
mod unlocking;

/// The buttons at the foot of a dialog, the first one at the right.
pub(crate) fn foot_ui(ui: &mut egui::Ui, buttons: impl FnOnce(&mut egui::Ui)) {
    ui.horizontal(|ui| {
        let from_right = egui::Layout::right_to_left(egui::Align::Center);
        ui.with_layout(from_right, buttons);
    });
}
