//! The stage: real programs in real windows on displays of their own.
//!
//! Tests, the demo, the screenshots and the bench all play on it. A play starts X servers without a
//! screen ([`Display`]), starts the programs as their users would ([`Programs`]), types and clicks as
//! they would ([`Hands`]), finds its way by the labels the users read ([`UiMap`]), and looks at
//! the pixels ([`Picture`]). Everything that was started is ended again, by process id.

mod display;
mod hands;
mod picture;
mod running;

pub use display::Display;
pub use hands::Hands;
pub use picture::{Picture, Region};
pub use running::{Running, wait_until};
