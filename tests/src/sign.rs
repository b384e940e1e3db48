//! The bar that says on a screen who is there.

use crate::display::Display;
use crate::{PATIENCE, wait_until};

/// Where the bar ends at the right; `None` without one.
///
/// # Errors
///
/// If the display cannot be read.
pub fn bar_on(display: &Display) -> anyhow::Result<Option<u32>> {
    const RED: [u8; 3] = [0xb3, 0x26, 0x1e];
    const BELOW_THE_EDGE: u32 = 2;
    let screen = display.screenshot()?;
    let red = (0..screen.width()).rev();
    Ok(red
        .into_iter()
        .find(|x| screen.at(*x, BELOW_THE_EDGE) == RED))
}

/// The middle of its button **End**.
///
/// # Errors
///
/// If no bar comes.
pub fn end_button(display: &Display) -> anyhow::Result<(u32, u32)> {
    const FROM_RIGHT: u32 = 38;
    let right = wait_until("the bar", PATIENCE, || bar_on(display))?;
    Ok((right - FROM_RIGHT, 23))
}
