//! Conversations with users, one for each host (S5).

use std::collections::BTreeMap;

use protocol::control::ChatLine;
use protocol::{ChatAuthor, EntryId};

/// Most lines that are remembered of one conversation.
const MAX_LINES: usize = 2_000;

/// One conversation.
#[derive(Debug, Default)]
pub struct Conversation {
    /// The host's name when it was last seen, so that the conversation has one when it is gone.
    pub name: String,
    pub lines: Vec<ChatLine>,
    pub draft: String,
    pub unread: u32,
}

/// All conversations.
#[derive(Debug, Default)]
pub struct Chats {
    all: BTreeMap<EntryId, Conversation>,
    /// The one that is shown in the main window.
    pub open: Option<EntryId>,
}

impl Chats {
    pub fn get(&self, host: EntryId) -> Option<&Conversation> {
        self.all.get(&host)
    }

    pub fn get_or_new(&mut self, host: EntryId) -> &mut Conversation {
        self.all.entry(host).or_default()
    }

    pub fn unread(&self, host: EntryId) -> u32 {
        self.get(host).map_or(0, |chat| chat.unread)
    }

    pub fn unread_in_all(&self) -> u32 {
        self.all.values().map(|chat| chat.unread).sum()
    }

    /// Takes a line; it is unread unless it is the operator's own or its conversation is `in_sight`.
    pub fn take(&mut self, host: EntryId, line: ChatLine, in_sight: bool) {
        let chat = self.all.entry(host).or_default();
        if !in_sight && line.author == ChatAuthor::User {
            chat.unread = chat.unread.saturating_add(1);
        }
        if chat.lines.len() >= MAX_LINES {
            chat.lines.remove(0);
        }
        chat.lines.push(line);
    }

    /// The operator sees the conversation with `host` now.
    pub fn seen(&mut self, host: EntryId) {
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
        let host = EntryId(1);
        chats.take(host, line(ChatAuthor::User), false);
        chats.take(host, line(ChatAuthor::Operator), false);
        chats.take(host, line(ChatAuthor::User), true);
        assert_eq!((chats.unread(host), chats.unread_in_all()), (1, 1));
        chats.seen(host);
        assert_eq!(chats.unread_in_all(), 0);
    }
}
