//! Whose help desk it is (B6, H8): the hub says so over a connection in which it has proved its key, and
//! nobody else is asked.

use protocol::control::Name;

use super::{HostNews, HostStep};

/// Changes of the name that the user is told of; only a hub that plays has more.
const MOST_CHANGES: u8 = 100;

/// What the hub said last, and how often it said something else.
#[derive(Debug, Default)]
pub(super) struct Organisation {
    name: Option<Name>,
    changes: u8,
}

impl Organisation {
    /// The hub says `name`.
    pub(super) fn is(&mut self, name: Name) -> Vec<HostStep> {
        if self.name.as_ref() == Some(&name) || self.changes == MOST_CHANGES {
            return Vec::new();
        }
        self.changes += 1;
        self.name = Some(name.clone());
        vec![HostStep::Tell(HostNews::Organisation(name))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_is_told_and_a_hub_that_plays_is_not_listened_to_for_ever() {
        let mut organisation = Organisation::default();
        let mut told = |name: &str| match organisation.is(name.into()).as_slice() {
            [HostStep::Tell(HostNews::Organisation(told))] => {
                assert_eq!(told.as_str(), name);
                true
            }
            steps => !steps.is_empty(),
        };
        // that there is no name is news too
        assert!(told(""));
        assert!(!told(""));
        assert!(told("Comune di Prova"));
        assert!(!told("Comune di Prova"));
        let heard = (0..10_000).filter(|n| told(&n.to_string())).count();
        assert_eq!(heard, usize::from(MOST_CHANGES) - 2);
    }
}
