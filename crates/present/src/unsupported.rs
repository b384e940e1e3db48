//! Platforms whose own way is not built yet.

use codec::{Picture, Rect};

use crate::{Placement, PresentError};

/// Never made on this platform.
#[derive(Debug)]
pub struct Presenter(std::convert::Infallible);

impl Presenter {
    /// Always fails.
    ///
    /// # Errors
    ///
    /// [`PresentError::Unsupported`].
    pub fn attach(_parent: u64) -> Result<Self, PresentError> {
        Err(PresentError::Unsupported)
    }

    /// Moves, shows or hides the picture; whether it is shown now.
    ///
    /// # Errors
    ///
    /// None here.
    pub fn place(
        &self,
        _placement: Option<Placement>,
        _picture: Option<&Picture>,
    ) -> Result<bool, PresentError> {
        match self.0 {}
    }

    /// Whether a new place counts only from when the window is drawn next.
    pub fn waits_for_the_window(&self) -> bool {
        match self.0 {}
    }

    /// Whether the picture is shown.
    pub fn is_shown(&self) -> bool {
        match self.0 {}
    }

    /// Shows the changed parts of `picture`.
    ///
    /// # Errors
    ///
    /// None here.
    pub fn present(&self, _picture: &Picture, _changed: &[Rect]) -> Result<(), PresentError> {
        match self.0 {}
    }
}
