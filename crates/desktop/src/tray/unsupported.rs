//! Icons of other systems are not made yet.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc::Receiver;

use super::{TrayState, Wished};

pub(super) fn show(
    _id: &'static str,
    _state: TrayState,
    _newer: &Receiver<TrayState>,
    _shown: &std::sync::Arc<AtomicBool>,
    _wished: &Wished,
) {
}

pub(super) fn has_tray() -> bool {
    false
}
