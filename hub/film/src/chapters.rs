//! What happened beside the pictures, as chapters that players list.

use codec::PixelSize;
use protocol::visible_line;
use recording::{Body, Entry, Event};

/// As many as a `chpl` box can count; what comes later has no chapter.
const MOST: usize = 255;
/// A title's length is told in a byte.
const TITLE_BYTES: usize = 255;

/// A moment of the film, and what happened then.
#[derive(Debug)]
pub(crate) struct Chapter {
    pub(crate) at_millis: u64,
    pub(crate) title: String,
    /// An operator marked it.
    pub(crate) is_marked: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Chapters {
    all: Vec<Chapter>,
    screen: Option<PixelSize>,
    /// The film says which monitors are to be seen.
    names_monitors: bool,
}

impl Chapters {
    /// Notes an entry that is worth a chapter, unless it is about a moment before the film begins, which is
    /// `from_millis` after the session. `screen` is the size of the screen after it.
    pub(crate) fn note(&mut self, from_millis: u64, entry: &Entry, screen: Option<PixelSize>) {
        let before = self.screen;
        self.screen = screen.or(before);
        let body = &entry.body;
        self.names_monitors |= matches!(body, Body::Event(Event::Monitors(_)));
        let title = match body {
            Body::Event(Event::Ended { .. }) | Body::Pointer(_) => None,
            Body::Event(event) => Some(event.to_string()),
            Body::Chat { name, text, .. } => Some(format!("{name}: {text}")),
            Body::Screen { .. } if self.names_monitors => None,
            Body::Screen { .. } => match (before, screen) {
                (Some(before), Some(now)) if before != now => {
                    Some(format!("the screen is {} x {}", now.width, now.height))
                }
                _ => None,
            },
        };
        let at_millis = if matches!(body, Body::Event(Event::HelpDesk { .. })) {
            // a part of a session says whose it was, too
            Some(0)
        } else {
            (entry.moment_micros() / 1000).checked_sub(from_millis)
        };
        let (Some(at_millis), Some(title)) = (at_millis, title) else {
            return;
        };
        let is_marked = matches!(body, Body::Event(Event::Marked { .. }));
        if self.all.len() == MOST {
            // what somebody marked is wanted more than what was only said
            let other = self.all.iter().rposition(|chapter| !chapter.is_marked);
            match other.filter(|_| is_marked) {
                Some(other) => drop(self.all.remove(other)),
                None => return,
            }
        }
        // names and chat come from outside
        let mut title = visible_line(&title).into_owned();
        title.truncate(title.floor_char_boundary(TITLE_BYTES));
        self.all.push(Chapter {
            at_millis,
            title,
            is_marked,
        });
    }

    /// All of them, in the order of their moments.
    pub(crate) fn finish(mut self) -> Vec<Chapter> {
        self.all.sort_by_key(|chapter| chapter.at_millis);
        self.all
    }
}

#[cfg(test)]
mod tests {
    use recording::ChatAuthor;

    use super::*;

    fn entry(at_millis: u64, body: Body) -> Entry {
        Entry {
            at_micros: at_millis * 1000,
            body,
        }
    }

    fn marked(text: &str, ago_millis: u32) -> Body {
        Body::Event(Event::Marked {
            operator: "Anna".to_owned(),
            text: text.to_owned(),
            ago_millis,
        })
    }

    #[test]
    fn d3_a_marked_moment_is_a_chapter_where_it_was_however_much_was_said() {
        let mut chapters = Chapters::default();
        for number in 0..1000 {
            let body = Body::Chat {
                author: ChatAuthor::User,
                name: "Rosa".to_owned(),
                text: number.to_string(),
            };
            chapters.note(0, &entry(number * 10, body), None);
        }
        // its words took 9.5 s
        chapters.note(0, &entry(10_000, marked("it fails", 9_500)), None);
        let all = chapters.finish();
        assert_eq!(all.len(), MOST);
        let found = all.iter().find(|chapter| chapter.is_marked);
        let found = found.expect("it has a chapter");
        assert_eq!(found.at_millis, 500);
        assert_eq!(found.title, "marked by Anna: it fails");
        assert!(all.is_sorted_by_key(|chapter| chapter.at_millis));
    }

    #[test]
    fn d3_a_cut_has_no_chapter_for_a_moment_before_it() {
        let mut chapters = Chapters::default();
        chapters.note(5_000, &entry(6_000, marked("before", 2_000)), None);
        chapters.note(5_000, &entry(6_000, marked("", 500)), None);
        let all = chapters.finish();
        let told: Vec<_> = all.iter().map(|c| (c.at_millis, &*c.title)).collect();
        assert_eq!(told, [(500, "marked by Anna")]);
    }
}
