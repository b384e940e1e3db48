//! The question which hub to use, where this Helpme is set up for another one than it used before.

use crate::settings::{HubPlace, HubText};

/// The two hubs. Neither is connected to before the user has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherHub {
    /// Its operator helped before.
    pub known: HubPlace,
    /// The one that is named now.
    pub named: HubPlace,
}

impl OtherHub {
    /// The question, if there is one.
    pub(super) fn ask(named: Option<&HubPlace>, used: Option<&HubText>) -> Option<Self> {
        let (named, known) = (named?, used?.parse().ok()?);
        (!named.is(&known)).then(|| Self {
            known,
            named: named.clone(),
        })
    }
}
