//! What an operator noted beside tickets and sessions, before a report has it. It is on this computer's
//! disk as soon as it stands still, so that no crash takes it.

use std::collections::BTreeMap;

use protocol::{SessionId, TicketRoute};
use serde::{Deserialize, Serialize};

use crate::reports::short_name;

/// How the files' names begin.
///
/// INVARIANT: behind `reports-`. Files that wait are written in the order of their names, so the report that
/// takes a note over is on the disk before the note goes.
pub(crate) const PREFIX: &str = "session-notes-";

/// Notes that no report has yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Notes {
    /// What each ticket is about.
    pub tickets: BTreeMap<TicketRoute, String>,
    /// What is to be in the notes of the report of each session, in this order.
    pub sessions: BTreeMap<SessionId, Vec<String>>,
}

impl Notes {
    pub fn is_empty(&self) -> bool {
        self.tickets.is_empty() && self.sessions.is_empty()
    }
}

/// The notes of one operator at one hub as they lie on disk. Plain JSON, so that a person can still read it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptNotes {
    /// Hub and user to whom the numbers belong.
    pub(crate) owner: String,
    pub(crate) notes: Notes,
}

/// The name of the file of `owner`.
pub(crate) fn file_name(owner: &str) -> String {
    format!("{PREFIX}{}.json", short_name(owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_were_written() {
        let route = TicketRoute::new(482).expect("a route");
        let notes = Notes {
            tickets: BTreeMap::from([(route, "no paper".to_owned())]),
            sessions: BTreeMap::from([(SessionId(7), vec!["one".to_owned(), "two".to_owned()])]),
        };
        let kept = KeptNotes {
            owner: "hub/anna".to_owned(),
            notes: notes.clone(),
        };
        let text = serde_json::to_string(&kept).expect("written");
        let read: KeptNotes = serde_json::from_str(&text).expect("read");
        assert_eq!(read.notes, notes);
        let wrong = text.replace("482", "48200");
        assert!(
            serde_json::from_str::<KeptNotes>(&wrong).is_err(),
            "{wrong}"
        );
    }

    #[test]
    fn a_report_is_written_before_the_note_in_it_goes() {
        assert!(PREFIX > crate::reports::PREFIX);
        assert_ne!(file_name("hub/anna"), file_name("hub/otto"));
    }
}
