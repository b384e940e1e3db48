//! How many callers over TCP there may be that are not counted as connections yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session::throttle::Neighbour;

/// In all, at all ports.
const CALLERS: usize = 1024;
/// From one IPv4 address or one IPv6 /64.
const CALLERS_PER_NEIGHBOUR: usize = 32;

/// Counts callers.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    callers: Mutex<BTreeMap<Neighbour, usize>>,
}

/// A caller's place; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    neighbour: Neighbour,
    gate: Arc<Gate>,
}

impl Gate {
    /// Lets one more caller from `neighbour` in, if there is room.
    pub(crate) fn enter(gate: &Arc<Self>, neighbour: Neighbour) -> Option<Pass> {
        let mut callers = gate.lock();
        if callers.values().sum::<usize>() >= CALLERS {
            return None;
        }
        let own = callers.entry(neighbour).or_default();
        if *own >= CALLERS_PER_NEIGHBOUR {
            return None;
        }
        *own += 1;
        drop(callers);
        Some(Pass {
            neighbour,
            gate: Arc::clone(gate),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Neighbour, usize>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut callers = self.gate.lock();
        if let Some(own) = callers.get_mut(&self.neighbour) {
            *own -= 1;
            if *own == 0 {
                callers.remove(&self.neighbour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn b2_a_neighbour_fills_its_own_places_and_no_others() {
        let gate = Arc::new(Gate::default());
        let neighbour = |n| Neighbour::from(IpAddr::from(Ipv4Addr::new(192, 0, 2, n)));
        let mut passes: Vec<Pass> = (0..CALLERS_PER_NEIGHBOUR)
            .filter_map(|_| Gate::enter(&gate, neighbour(1)))
            .collect();
        assert_eq!(passes.len(), CALLERS_PER_NEIGHBOUR);
        assert!(Gate::enter(&gate, neighbour(1)).is_none());
        assert!(Gate::enter(&gate, neighbour(2)).is_some());
        passes.pop();
        passes.extend(Gate::enter(&gate, neighbour(1)));
        assert_eq!(passes.len(), CALLERS_PER_NEIGHBOUR);
        drop(passes);
        assert!(gate.lock().is_empty());
    }
}
