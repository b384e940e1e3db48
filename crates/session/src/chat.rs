//! Lines of chat that are neither lost nor doubled, whatever happens to the line between two ends.
//!
//! Each line has a number. Whoever wrote it keeps it until the other end says that it was heard, and
//! says it again in every new channel; whoever hears a number for the second time drops the line.

use std::collections::VecDeque;

/// Most lines that may wait to be heard.
pub(crate) const MAX_UNHEARD: usize = 500;

/// One end's side of the chat with one other end; `T` is what a line holds.
#[derive(Debug)]
pub(crate) struct Chat<T> {
    last_line: u64,
    unheard: VecDeque<(u64, T)>,
    heard: u64,
}

impl<T> Default for Chat<T> {
    fn default() -> Self {
        Self {
            last_line: 0,
            unheard: VecDeque::new(),
            heard: 0,
        }
    }
}

impl<T: Clone> Chat<T> {
    /// A chat whose own lines are numbered from above `base`: higher than anything that an earlier
    /// run of the program can have used.
    pub(crate) fn from_base(base: u64) -> Self {
        Self {
            last_line: base,
            ..Self::default()
        }
    }

    /// Numbers a line of our own; `None` if too many wait to be heard.
    pub(crate) fn write(&mut self, text: T) -> Option<u64> {
        if !self.has_room() {
            return None;
        }
        self.last_line += 1;
        self.unheard.push_back((self.last_line, text));
        Some(self.last_line)
    }

    /// Whether another line may wait to be heard.
    pub(crate) fn has_room(&self) -> bool {
        self.unheard.len() < MAX_UNHEARD
    }

    /// The number of the last line of our own.
    pub(crate) fn last_line(&self) -> u64 {
        self.last_line
    }

    /// Numbers lines from above `line`, so that one that is said to several has one number.
    pub(crate) fn skip_to(&mut self, line: u64) {
        self.last_line = self.last_line.max(line);
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
    pub(crate) fn unheard(&self) -> impl Iterator<Item = (u64, T)> + '_ {
        self.unheard.iter().cloned()
    }
}

#[cfg(test)]
mod tests {
    use protocol::control::ChatText;

    use super::*;

    #[test]
    fn a_line_waits_until_it_is_heard_and_is_heard_once() {
        let mut ours: Chat<ChatText> = Chat::from_base(100);
        let mut theirs: Chat<ChatText> = Chat::default();
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
        let mut chat: Chat<ChatText> = Chat::default();
        let written = (0..2 * MAX_UNHEARD).filter_map(|_| chat.write("x".into()));
        assert_eq!(written.count(), MAX_UNHEARD);
    }
}
