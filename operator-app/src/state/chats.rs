//! Conversations with users, one for each host (S5).

use std::collections::{BTreeMap, VecDeque};

use protocol::control::ChatLine;
use protocol::{ChatAuthor, PeerId};

/// Most lines that are remembered of one conversation.
const MAX_LINES: usize = 2_000;

/// One conversation.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// The host's name when it was last seen, so that the conversation has one when it is gone.
    pub name: String,
    pub lines: VecDeque<ChatLine>,
    pub draft: String,
    pub unread: u32,
    /// How many of the newest lines of our own the other end has not heard yet.
    pub unheard: usize,
}

impl Conversation {
    /// Takes a line; it is unread unless it is the operator's own or the conversation is `in_sight`.
    pub fn take(&mut self, line: ChatLine, in_sight: bool) {
        match line.author {
            ChatAuthor::User if !in_sight => self.unread = self.unread.saturating_add(1),
            ChatAuthor::User => {}
            ChatAuthor::Operator => self.unheard += 1,
        }
        if self.lines.len() >= MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The other end has heard so many more of our lines.
    pub fn heard(&mut self, lines: usize) {
        self.unheard = self.unheard.saturating_sub(lines);
    }
}

/// All conversations.
#[derive(Debug, Default)]
pub struct Chats {
    all: BTreeMap<PeerId, Conversation>,
    /// The one that is shown in the main window.
    pub open: Option<PeerId>,
}

impl Chats {
    pub fn get(&self, host: PeerId) -> Option<&Conversation> {
        self.all.get(&host)
    }

    pub fn get_or_new(&mut self, host: PeerId) -> &mut Conversation {
        self.all.entry(host).or_default()
    }

    pub fn unread(&self, host: PeerId) -> u32 {
        self.get(host).map_or(0, |chat| chat.unread)
    }

    pub fn unread_in_all(&self) -> u32 {
        self.all.values().map(|chat| chat.unread).sum()
    }

    /// Takes a line; it is unread unless it is the operator's own or its conversation is `in_sight`.
    pub fn take(&mut self, host: PeerId, line: ChatLine, in_sight: bool) {
        self.all.entry(host).or_default().take(line, in_sight);
    }

    /// The host's end has heard so many more lines.
    pub fn heard(&mut self, host: PeerId, lines: usize) {
        if let Some(chat) = self.all.get_mut(&host) {
            chat.heard(lines);
        }
    }

    /// The operator sees the conversation with `host` now.
    pub fn seen(&mut self, host: PeerId) {
        if let Some(chat) = self.all.get_mut(&host) {
            chat.unread = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(author: ChatAuthor) -> ChatLine {
        ChatLine {
            author,
            name: "Anna".into(),
            at_unix_seconds: 0,
            text: "hello".into(),
        }
    }

    #[test]
    fn s5_only_what_the_user_wrote_out_of_sight_is_unread() {
        let mut chats = Chats::default();
        let host = PeerId([1; 16]);
        chats.take(host, line(ChatAuthor::User), false);
        chats.take(host, line(ChatAuthor::Operator), false);
        chats.take(host, line(ChatAuthor::User), true);
        assert_eq!((chats.unread(host), chats.unread_in_all()), (1, 1));
        assert_eq!(chats.get(host).map(|chat| chat.unheard), Some(1));
        chats.heard(host, 1);
        assert_eq!(chats.get(host).map(|chat| chat.unheard), Some(0));
        chats.seen(host);
        assert_eq!(chats.unread_in_all(), 0);
    }
}
