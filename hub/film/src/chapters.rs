//! What happened beside the pictures, as chapters that players list.

use codec::PixelSize;
use protocol::visible_line;
use recording::{Body, Event};

/// As many as a `chpl` box can count; what comes later has no chapter.
const MOST: usize = 255;
/// A title's length is told in a byte.
const TITLE_BYTES: usize = 255;

/// A moment of the film, and what happened then.
#[derive(Debug)]
pub(crate) struct Chapter {
    pub(crate) at_millis: u64,
    pub(crate) title: String,
}

#[derive(Debug, Default)]
pub(crate) struct Chapters {
    pub(crate) all: Vec<Chapter>,
    screen: Option<PixelSize>,
}

impl Chapters {
    /// Notes an entry that is worth a chapter; `at_millis` is `None` before the film begins.
    /// `screen` is the size of the screen after it.
    pub(crate) fn note(&mut self, at_millis: Option<u64>, body: &Body, screen: Option<PixelSize>) {
        let before = self.screen;
        self.screen = screen.or(before);
        let title = match body {
            Body::Event(Event::Ended { .. }) | Body::Pointer(_) => None,
            Body::Event(event) => Some(event.to_string()),
            Body::Chat { name, text, .. } => Some(format!("{name}: {text}")),
            Body::Screen { .. } => match (before, screen) {
                (Some(before), Some(now)) if before != now => {
                    Some(format!("the screen is {} x {}", now.width, now.height))
                }
                _ => None,
            },
        };
        let (Some(at_millis), Some(title)) = (at_millis, title) else {
            return;
        };
        if self.all.len() < MOST {
            // names and chat come from outside
            let mut title = visible_line(&title).into_owned();
            title.truncate(title.floor_char_boundary(TITLE_BYTES));
            self.all.push(Chapter { at_millis, title });
        }
    }
}
