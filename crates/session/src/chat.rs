//! Lines of chat that are neither lost nor doubled, whatever happens to the line between two ends.
//!
//! Each line has a number. Whoever wrote it keeps it until the other end says that it was heard, and
//! says it again in every new channel; whoever hears a number for the second time drops the line.

use std::collections::VecDeque;

use protocol::control::ChatText;

/// Most lines that may wait to be heard.
pub(crate) const MAX_UNHEARD: usize = 500;

/// One end's side of the chat with one other end.
#[derive(Debug, Default)]
pub(crate) struct Chat {
    last_line: u64,
    unheard: VecDeque<(u64, ChatText)>,
    heard: u64,
}

impl Chat {
    /// A chat whose own lines are numbered from above `base`: higher than anything that an earlier
    /// run of the program can have used.
    pub(crate) fn from_base(base: u64) -> Self {
        Self {
            last_line: base,
            ..Self::default()
        }
    }

    /// Numbers a line of our own; `None` if too many wait to be heard.
    pub(crate) fn write(&mut self, text: ChatText) -> Option<u64> {
        if self.unheard.len() >= MAX_UNHEARD {
            return None;
        }
        self.last_line += 1;
        self.unheard.push_back((self.last_line, text));
        Some(self.last_line)
    }

    /// The other end says that it heard everything up to `line`; gives how many lines that settles.
    pub(crate) fn settle(&mut self, line: u64) -> usize {
        let before = self.unheard.len();
        self.unheard.retain(|(number, _)| *number > line);
        before - self.unheard.len()
    }

    /// Whether the other end's `line` is new.
    pub(crate) fn hear(&mut self, line: u64) -> bool {
        let is_new = line > self.heard;
        self.heard = self.heard.max(line);
        is_new
    }

    /// The highest line that was heard.
    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    /// What has to be said again in a new channel.
    pub(crate) fn unheard(&self) -> impl Iterator<Item = (u64, ChatText)> + '_ {
        self.unheard.iter().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_waits_until_it_is_heard_and_is_heard_once() {
        let (mut ours, mut theirs) = (Chat::from_base(100), Chat::default());
        let first = ours.write("one".into()).expect("room");
        assert!(theirs.hear(first));
        assert!(!theirs.hear(first), "said again after a lost connection");
        let second = ours.write("two".into()).expect("room");
        assert_eq!(ours.settle(theirs.heard()), 1);
        let waiting: Vec<u64> = ours.unheard().map(|(line, _)| line).collect();
        assert_eq!(waiting, [second]);
    }

    #[test]
    fn whoever_is_not_heard_cannot_write_for_ever() {
        let mut chat = Chat::default();
        let written = (0..2 * MAX_UNHEARD).filter_map(|_| chat.write("x".into()));
        assert_eq!(written.count(), MAX_UNHEARD);
    }
}
