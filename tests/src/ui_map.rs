//! Where a program's labels are on the screen, as the program itself tells.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::picture::Region;

/// What one program's windows show now.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct UiMap {
    windows: Vec<MappedWindow>,
}

/// One window of it.
#[derive(Debug, Clone, Deserialize)]
pub struct MappedWindow {
    /// The title in its bar.
    pub title: String,
    /// Its content's left upper corner on the screen, in pixels.
    x: f32,
    y: f32,
    /// Whether it has the keyboard.
    pub focused: bool,
    widgets: Vec<MappedWidget>,
}

/// One labelled thing in a window.
#[derive(Debug, Clone, Deserialize)]
struct MappedWidget {
    label: String,
    role: String,
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    enabled: bool,
    focused: bool,
}

/// A label that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Where it is, in pixels of the screen.
    pub region: Region,
    /// Whether it can be used; greyed things cannot.
    pub enabled: bool,
    /// Whether keys go to it.
    pub focused: bool,
}

impl UiMap {
    /// Reads what the program wrote last; nothing is there before its first picture.
    ///
    /// # Errors
    ///
    /// If the file is there and is no map.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let Ok(text) = fs::read_to_string(path) else {
            return Ok(Self::default());
        };
        serde_json::from_str(&text).with_context(|| format!("{} is no map", path.display()))
    }

    /// The windows that are open.
    pub fn windows(&self) -> &[MappedWindow] {
        &self.windows
    }

    /// What is called `label`, in whichever window; see [`UiMap::find_matching`].
    pub fn find(&self, label: &str) -> Option<Found> {
        self.find_matching(|shown, _| shown == label)
    }

    /// The first thing whose label and role `matches`: what can be used goes before what is greyed,
    /// and plain text comes last; then from the top to the bottom of the screen.
    pub fn find_matching(&self, matches: impl Fn(&str, &str) -> bool) -> Option<Found> {
        let mut found: Vec<(bool, Found)> = self
            .windows
            .iter()
            .flat_map(|window| window.widgets.iter().map(move |widget| (window, widget)))
            .filter(|(_, widget)| matches(&widget.label, &widget.role))
            .map(|(window, widget)| (widget.role == "Label", widget.found_in(window)))
            .collect();
        found.sort_by_key(|(text, found)| (*text, !found.enabled, found.region.y, found.region.x));
        found.first().map(|(_, found)| *found)
    }

    /// The window whose title holds `title`.
    pub fn window(&self, title: &str) -> Option<&MappedWindow> {
        self.windows
            .iter()
            .find(|window| window.title.contains(title))
    }

    /// Every label, for messages about what was not found.
    pub fn labels(&self) -> Vec<&str> {
        let widgets = self.windows.iter().flat_map(|window| &window.widgets);
        widgets.map(|widget| widget.label.as_str()).collect()
    }
}

impl MappedWindow {
    /// Its content's left upper corner on the screen, in pixels.
    pub fn corner(&self) -> (u32, u32) {
        (to_pixel(self.x), to_pixel(self.y))
    }

    /// Whether it shows `label`.
    pub fn shows(&self, label: &str) -> bool {
        self.shows_matching(|shown| shown == label)
    }

    /// Whether it shows a label that `is_it`.
    pub fn shows_matching(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.widgets.iter().any(|widget| is_it(&widget.label))
    }
}

impl MappedWidget {
    fn found_in(&self, window: &MappedWindow) -> Found {
        Found {
            region: Region {
                x: to_pixel(window.x + self.x),
                y: to_pixel(window.y + self.y),
                width: to_pixel(self.width),
                height: to_pixel(self.height),
            },
            enabled: self.enabled,
            focused: self.focused,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places on a screen; the cast saturates"
)]
fn to_pixel(value: f32) -> u32 {
    value.round() as u32
}
