//! Which hosts are in the operator's list (O8), and in reach.

use protocol::{Entry, EntryKind, PeerId};

use super::acquaintance::Acquaintance;
use super::{ConsoleNews, ConsoleSide, ConsoleStep, NotStarted, Outside};

impl ConsoleSide {
    /// The whole list is told anew.
    pub fn entries(&mut self, entries: &[Entry], outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        let gone: Vec<PeerId> = self
            .hosts
            .keys()
            .filter(|host| !entries.iter().any(|entry| entry.id == **host))
            .copied()
            .collect();
        let mut steps: Vec<ConsoleStep> = gone
            .into_iter()
            .flat_map(|id| self.entry_gone(id))
            .collect();
        for entry in entries {
            steps.extend(self.entry(entry, outside));
        }
        steps
    }

    /// A row of the list is new or changed.
    pub fn entry(&mut self, entry: &Entry, outside: &mut Outside<'_>) -> Vec<ConsoleStep> {
        if entry.kind == EntryKind::Operator || !entry.yours {
            return Vec::new();
        }
        let (host, mut steps) = (entry.id, Vec::new());
        let knows_us = self.hosts.get(&host).is_some_and(|known| known.met);
        if let Some(route) = entry.ticket.filter(|_| !knows_us)
            && self.tickets.settle_late(route, host)
        {
            steps.push(ConsoleStep::KeepTickets);
            steps.push(ConsoleStep::Tell(ConsoleNews::TicketUsed { route, host }));
        }
        steps.extend(if entry.present {
            self.host_present(host, outside)
        } else {
            self.host_away(host)
        });
        steps
    }

    /// A row is gone.
    pub fn entry_gone(&mut self, id: PeerId) -> Vec<ConsoleStep> {
        let steps = self.host_away(id);
        self.hosts.remove(&id);
        self.opened.remove(&id);
        steps
    }

    pub(super) fn host_present(
        &mut self,
        host: PeerId,
        outside: &mut Outside<'_>,
    ) -> Vec<ConsoleStep> {
        let opened = self.opened.get(&host).cloned();
        let Some(pair) = opened.or_else(|| self.tickets.key_of(host)) else {
            return Vec::new();
        };
        let chat_base = self.chat_base;
        let known = self.hosts.entry(host);
        let known = known.or_insert_with(|| Acquaintance::new(pair.clone(), chat_base));
        let is_known = known.met || known.pair.as_bytes() == pair.as_bytes();
        if std::mem::replace(&mut known.present, true) && is_known {
            return Vec::new();
        }
        if !is_known {
            // it never heard of the ticket before this one
            known.pair = pair;
        }
        self.greet(host, outside)
    }

    pub(super) fn host_away(&mut self, host: PeerId) -> Vec<ConsoleStep> {
        let Some(known) = self.hosts.get_mut(&host) else {
            return Vec::new();
        };
        known.present = false;
        known.opening = None;
        known.channel = None;
        let mut steps = Vec::new();
        if known.ask.take().is_some() {
            let why = NotStarted::NotConnected;
            steps.push(ConsoleStep::Tell(ConsoleNews::SessionRefused { host, why }));
        }
        steps.extend(self.pause(host));
        steps
    }
}
