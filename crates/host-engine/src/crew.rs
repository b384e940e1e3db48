//! A second thread for what the codec can do in two halves.

use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

use codec::Crew;

/// Starts a thread each time, which takes a twentieth of a millisecond.
#[derive(Debug)]
pub(crate) struct TwoThreads;

impl TwoThreads {
    /// `None` on a computer that does one thing at a time.
    pub(crate) fn where_they_help() -> Option<Self> {
        available_parallelism()
            .is_ok_and(|threads| threads.get() > 1)
            .then_some(Self)
    }
}

impl Crew for TwoThreads {
    fn both(&self, one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
        let waiting = Mutex::new(Some(other));
        let help = || {
            let other = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(other) = other {
                other();
            }
        };
        scope(|scope| {
            let name = "photo".to_owned();
            let helper = Builder::new()
                .name(name)
                .spawn_scoped(scope, help_with(&help));
            one();
            if helper.is_err() {
                help();
            }
        });
    }
}

/// A thread takes it by value.
fn help_with(help: &(impl Fn() + Sync)) -> impl FnOnce() + Send {
    move || help()
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::*;

    #[test]
    fn both_are_done_on_threads_of_their_own_when_it_comes_back() {
        let (mut one, mut other) = (None, None);
        TwoThreads.both(&mut || one = Some(current().id()), &mut || {
            other = Some(current().id());
        });
        assert_eq!(one, Some(current().id()));
        assert!(other.is_some_and(|id| id != current().id()));
    }
}
