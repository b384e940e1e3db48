//! On Wayland or with an X server, as this program's windows are.

use codec::{Picture, Rect};

use crate::{Placement, PresentError, wayland, x11};

/// A picture in a window. Drop removes it.
///
/// Calls send requests and wait for no answer, except when the picture's size changes.
#[derive(Debug)]
pub struct Presenter(Inner);

#[derive(Debug)]
enum Inner {
    X11(x11::Presenter),
    Wayland(Box<wayland::Presenter>),
}

impl Presenter {
    /// Makes it inside the window of that number, hidden until it is placed. A window on Wayland must stay open for
    /// as long.
    ///
    /// # Errors
    ///
    /// [`PresentError`] where an X display is not local, or has no MIT-SHM 1.2 or no 32-bit pixels; where a
    /// Wayland compositor lacks `wp_viewporter`.
    pub fn attach(window: u64) -> Result<Self, PresentError> {
        if ::wayland::windows::are_on_wayland() {
            let presenter = wayland::Presenter::attach(window)?;
            Ok(Self(Inner::Wayland(Box::new(presenter))))
        } else {
            Self::attach_on(None, window)
        }
    }

    /// As [`Self::attach`], on the X display of that name instead of `$DISPLAY`.
    ///
    /// # Errors
    ///
    /// As [`Self::attach`].
    pub fn attach_on(display: Option<&str>, window: u64) -> Result<Self, PresentError> {
        x11::Presenter::attach_on(display, window)
            .map(Inner::X11)
            .map(Self)
    }

    /// Moves and shows `picture`, or hides it; whether it is shown now. The picture is read where it is shown at
    /// another place or size than before. On Wayland a new place counts from when the window is drawn next.
    ///
    /// # Errors
    ///
    /// [`PresentError`] when the display went away or refuses a larger picture.
    pub fn place(
        &self,
        placement: Option<Placement>,
        picture: Option<&Picture>,
    ) -> Result<bool, PresentError> {
        match &self.0 {
            Inner::X11(presenter) => presenter.place(placement, picture),
            Inner::Wayland(presenter) => presenter.place(placement, picture),
        }
    }

    /// Whether a new place counts only from when the window is drawn next.
    pub fn waits_for_the_window(&self) -> bool {
        matches!(self.0, Inner::Wayland(_))
    }

    /// Whether the picture is shown.
    pub fn is_shown(&self) -> bool {
        match &self.0 {
            Inner::X11(presenter) => presenter.is_shown(),
            Inner::Wayland(presenter) => presenter.is_shown(),
        }
    }

    /// Shows the `changed` parts of `picture` if it is placed.
    ///
    /// # Errors
    ///
    /// As [`Self::place`].
    pub fn present(&self, picture: &Picture, changed: &[Rect]) -> Result<(), PresentError> {
        match &self.0 {
            Inner::X11(presenter) => presenter.present(picture, changed),
            Inner::Wayland(presenter) => presenter.present(picture, changed),
        }
    }
}
