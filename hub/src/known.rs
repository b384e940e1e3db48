//! From where operators have logged in.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use session::throttle::Neighbour;

/// Addresses that are remembered for each account; beyond that the one not used for longest is
/// forgotten.
const ADDRESSES: usize = 16;

/// The addresses from which each account has logged in, for as long as the hub runs.
///
/// What strangers do elsewhere does not hold an operator up there. Only who has an account can add
/// to it, and each account [`ADDRESSES`] at most.
#[derive(Debug, Default)]
pub(crate) struct KnownAddresses(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The one that was used last is last.
    by_account: BTreeMap<String, VecDeque<Neighbour>>,
    /// How many accounts know each.
    neighbours: BTreeMap<Neighbour, usize>,
}

impl KnownAddresses {
    /// `account` has logged in from `neighbour`.
    pub(crate) fn remember(&self, account: &str, neighbour: Neighbour) {
        let mut known = self.lock();
        let Known {
            by_account,
            neighbours,
        } = &mut *known;
        let used = by_account.entry(account.to_owned()).or_default();
        if let Some(place) = used.iter().position(|n| *n == neighbour) {
            used.remove(place);
        } else {
            *neighbours.entry(neighbour).or_insert(0) += 1;
        }
        used.push_back(neighbour);
        if used.len() > ADDRESSES
            && let Some(oldest) = used.pop_front()
            && let Some(count) = neighbours.get_mut(&oldest)
        {
            *count -= 1;
            if *count == 0 {
                neighbours.remove(&oldest);
            }
        }
    }

    /// Whether `account` has logged in from `neighbour`.
    pub(crate) fn knows(&self, account: &str, neighbour: Neighbour) -> bool {
        let known = self.lock();
        let used = known.by_account.get(account);
        used.is_some_and(|used| used.contains(&neighbour))
    }

    /// Whether any account has logged in from `neighbour`.
    pub(crate) fn knows_address(&self, neighbour: Neighbour) -> bool {
        self.lock().neighbours.contains_key(&neighbour)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // nothing in here panics while it holds the lock
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn neighbour(last: u8) -> Neighbour {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)).into()
    }

    #[test]
    fn an_account_is_known_where_it_logged_in_lately() {
        let known = KnownAddresses::default();
        for n in 0..16 {
            known.remember("anna", neighbour(n));
        }
        known.remember("anna", neighbour(0));
        known.remember("bruno", neighbour(1));
        known.remember("anna", neighbour(16));
        assert!(known.knows("anna", neighbour(0)), "used again");
        assert!(!known.knows("anna", neighbour(1)), "not used for longest");
        assert!(known.knows_address(neighbour(1)), "Bruno's");
        assert!(!known.knows("bruno", neighbour(0)));
        known.remember("anna", neighbour(17));
        assert!(!known.knows_address(neighbour(2)));
    }
}
