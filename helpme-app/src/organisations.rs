//! What the help desks are called that this Helpme has reached (B6, H8).
//!
//! INVARIANT: a name comes from its hub alone: over a connection in which that hub has proved its key or its
//! name, or in a block that the key by which it is known has signed. No file beside the program, invitation or link
//! brings one: whoever makes those could write anything.

use serde::{Deserialize, Serialize};

use crate::settings::{HubPlace, HubText};

/// Help desks that are remembered.
const MOST: usize = 32;

/// The names, as they came; the last that was learnt first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Organisations(Vec<Known>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    #[serde(flatten)]
    hub: HubText,
    name: String,
}

impl Organisations {
    /// What `hub` calls its organisation, if it was ever reached and has a name.
    pub fn of(&self, hub: &HubPlace) -> Option<&str> {
        let known = self.0.iter().find(|known| known.is_of(hub))?;
        Some(&known.name)
    }

    /// `hub` calls its organisation `name` now; without anything to read it has none. Whether that is news.
    pub fn learn(&mut self, hub: &HubPlace, name: &str) -> bool {
        let name = name.trim();
        if self.of(hub).unwrap_or_default() == name {
            return false;
        }
        self.0.retain(|known| !known.is_of(hub));
        if !name.is_empty() {
            let hub = hub.into();
            let name = name.to_owned();
            self.0.insert(0, Known { hub, name });
            self.0.truncate(MOST);
        }
        true
    }
}

impl Known {
    fn is_of(&self, hub: &HubPlace) -> bool {
        self.hub.parse().is_ok_and(|known| known.is(hub))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(address: &str, fingerprint: &str) -> HubPlace {
        let text = HubText {
            address: address.to_owned(),
            fingerprint: fingerprint.to_owned(),
        };
        text.parse().expect("a hub")
    }

    fn key(digits: &str) -> String {
        digits.repeat(32)
    }

    #[test]
    fn h8_a_name_belongs_to_the_key_that_said_it_wherever_that_is_reached() {
        let mut known = Organisations::default();
        let town = hub("help.example.org", &key("ab"));
        assert_eq!(known.of(&town), None);
        assert!(known.learn(&town, " Comune di Prova "));
        assert!(!known.learn(&town, "Comune di Prova"));
        let moved = hub("other.example.org:8443", &key("ab"));
        assert_eq!(known.of(&moved), Some("Comune di Prova"));
        let stranger = hub("help.example.org", &key("cd"));
        assert_eq!(known.of(&stranger), None);

        // what is known by its certificate is known at its address alone
        let public = hub("help.example.org", "public");
        assert_eq!(known.of(&public), None);
        assert!(known.learn(&public, "Comune"));
        assert_eq!(known.of(&hub("evil.example.org", "public")), None);
        assert_eq!(known.of(&town), Some("Comune di Prova"));
    }

    #[test]
    fn a_name_that_is_taken_away_is_forgotten() {
        let mut known = Organisations::default();
        let town = hub("help.example.org", &key("ab"));
        assert!(!known.learn(&town, ""), "nothing was known");
        known.learn(&town, "Comune");
        assert!(known.learn(&town, " \u{a0} "));
        assert_eq!(known, Organisations::default());
    }

    #[test]
    fn names_outlive_a_restart_and_only_so_many_are_kept() {
        let mut known = Organisations::default();
        for n in 0..100 {
            known.learn(&hub("help.example.org", &format!("{n:064x}")), "Comune");
        }
        let kept = serde_json::to_string(&known).expect("JSON");
        let again: Organisations = serde_json::from_str(&kept).expect("JSON");
        assert_eq!(again, known);
        assert_eq!(again.0.len(), MOST);
        let newest = hub("help.example.org", &format!("{:064x}", 99));
        assert_eq!(again.of(&newest), Some("Comune"));
        // an entry that somebody spoilt is of no hub
        let spoilt = r#"[{"address": "", "fingerprint": "12", "name": "Bank"}]"#;
        let spoilt: Organisations = serde_json::from_str(spoilt).expect("JSON");
        assert_eq!(spoilt.of(&newest), None);
    }
}
