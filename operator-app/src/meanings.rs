//! What keys meant when they were pressed, for the tap of session windows.

use input::remapped::RemappedKeys;
use ui_kit::raw_input::{InputTap, KeyMeanings};

/// X servers that know Linux key codes count them from 8.
const X11_FIRST: u32 = 8;

struct Remapped(RemappedKeys);

impl KeyMeanings for Remapped {
    fn listen(&self, listens: bool) {
        self.0.listen(listens);
    }

    fn meant(&self, code: u32, is_unusual: bool) -> Option<char> {
        self.0
            .meant(u8::try_from(code + X11_FIRST).ok()?, is_unusual)
    }
}

/// Has the tap told what keys meant, where the display can be watched.
pub fn follow(tap: &InputTap) {
    match RemappedKeys::watch(None) {
        Ok(keys) => tap.ask_for_meanings(Box::new(Remapped(keys))),
        Err(error) => tracing::info!(%error, "Keys that change as they are pressed may be misread"),
    }
}
