//! The conversation with the operator (S5).

use std::collections::VecDeque;

use protocol::ChatLine;
use protocol::control::ChatText;

/// Lines that are kept; older ones go.
const MAX_LINES: usize = 500;

/// A line as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub mine: bool,
    pub name: String,
    pub text: String,
    /// Seconds since the Unix epoch.
    pub at_unix_seconds: i64,
}

/// The conversation so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chat {
    pub lines: VecDeque<Line>,
    /// Lines of the operator that were not on the screen yet.
    pub unread: usize,
    /// Open below the bar of a session.
    pub shown: bool,
    /// What is being written.
    pub draft: String,
    /// The last line could not be sent; it is a draft again.
    pub not_sent: bool,
}

impl Chat {
    /// The operator's last line.
    pub fn last_of_operator(&self) -> Option<&Line> {
        self.lines.iter().rev().find(|line| !line.mine)
    }

    pub(super) fn receive(&mut self, line: ChatLine, visible: bool) {
        self.keep(Line {
            mine: false,
            name: line.name.into_string(),
            text: line.text.into_string(),
            at_unix_seconds: line.at_unix_seconds,
        });
        if !visible {
            self.unread += 1;
        }
    }

    /// Shows the user's own line and gives what goes to the operator.
    pub(super) fn send(&mut self, name: &str, text: &str, at_unix_seconds: i64) -> ChatText {
        self.not_sent = false;
        let text = ChatText::cut(text);
        self.keep(Line {
            mine: true,
            name: name.to_owned(),
            text: text.as_str().to_owned(),
            at_unix_seconds,
        });
        text
    }

    /// The user's line `text` was not sent: it is to be written again.
    pub(super) fn take_back(&mut self, text: &str) {
        let sent = |line: &Line| line.mine && line.text == text;
        if let Some(index) = self.lines.iter().rposition(sent) {
            self.lines.remove(index);
        }
        if self.draft.is_empty() {
            text.clone_into(&mut self.draft);
        } else {
            self.draft.insert_str(0, &format!("{text} "));
        }
        self.not_sent = true;
    }

    pub(super) fn show(&mut self, shown: bool) {
        self.shown = shown;
        if shown {
            self.mark_read();
        }
    }

    pub(super) fn mark_read(&mut self) {
        self.unread = 0;
    }

    fn keep(&mut self, line: Line) {
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}
