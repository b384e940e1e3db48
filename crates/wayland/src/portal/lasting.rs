//! The user's yes that outlives a session: a token of the portal's, which gives it back without a dialog. It is used
//! once, and another one comes in its place. Nothing here is written down; whoever keeps it is told.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::locked;

/// Whether this desktop's portal gives such tokens.
static IS_OFFERED: AtomicBool = AtomicBool::new(false);
static LASTING: Mutex<Lasting> = Mutex::new(Lasting {
    is_wanted: false,
    token: None,
    keeper: None,
});

type Keep = Arc<dyn Fn(Option<String>) + Send + Sync>;

struct Lasting {
    /// The user does not want to be asked again.
    is_wanted: bool,
    token: Option<String>,
    keeper: Option<Keep>,
}

/// The portal was asked what it can do.
pub(super) fn is_offered_by(version: u32) {
    IS_OFFERED.store(version >= super::GIVES_BACK, Ordering::Relaxed);
}

/// Whether the desktop can be had not to ask again. Known once [`super::is_there`] was; asks nobody.
pub fn is_offered() -> bool {
    IS_OFFERED.load(Ordering::Relaxed)
}

/// Whether the desktop will not ask its user the next time, as far as is known here.
pub fn is_there() -> bool {
    locked(&LASTING).token.is_some()
}

/// Has `keep` called with each new token, and with none where it counts no longer. It must not wait, and may not call
/// anything of this module.
pub fn keep_with(keep: impl Fn(Option<String>) + Send + Sync + 'static) {
    locked(&LASTING).keeper = Some(Arc::new(keep));
}

/// A token was kept from before, and so was the user's wish.
pub fn recall(token: String) {
    let mut lasting = locked(&LASTING);
    lasting.is_wanted = true;
    lasting.token = Some(token);
}

/// The user wants not to be asked again after the next yes, or wants to be asked from now on.
pub fn want(is_wanted: bool) {
    let mut lasting = locked(&LASTING);
    lasting.is_wanted = is_wanted;
    if !is_wanted {
        lasting.set(None);
    }
}

/// Whether the user's next yes is to outlive its session, and what gives an earlier one back.
pub(super) fn wanted() -> (bool, Option<String>) {
    let lasting = locked(&LASTING);
    (lasting.is_wanted, lasting.token.clone())
}

/// The portal has given this token, or none, for a yes to everything.
pub(super) fn given(token: Option<&str>) {
    let mut lasting = locked(&LASTING);
    if lasting.is_wanted {
        lasting.set(token.map(str::to_owned));
    }
}

/// What there was opens nothing any more; the user is asked again, and their wish stands.
pub(super) fn is_spent() {
    locked(&LASTING).set(None);
}

impl Lasting {
    fn set(&mut self, token: Option<String>) {
        if self.token == token {
            return;
        }
        self.token.clone_from(&token);
        if let Some(keep) = &self.keeper {
            keep(token);
        }
    }
}

impl fmt::Debug for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // whoever has the token and this account sees the screen
        f.debug_struct("Lasting")
            .field("is_wanted", &self.is_wanted)
            .field("has_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_lasts_with_the_users_wish_alone_and_whoever_keeps_it_hears_of_each_change() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tells = Arc::clone(&told);
        keep_with(move |token| locked(&tells).push(token));
        let told = || std::mem::take(&mut *locked(&told));

        assert_eq!(wanted(), (false, None));
        given(Some("unwanted"));
        assert!(!is_there() && told().is_empty());

        want(true);
        assert_eq!(wanted(), (true, None), "asked once more");
        given(Some("first"));
        assert_eq!(wanted(), (true, Some("first".to_owned())));
        given(Some("first"));
        given(Some("second"));
        let kept = |token: &str| Some(token.to_owned());
        assert_eq!(told(), [kept("first"), kept("second")]);

        is_spent();
        assert_eq!(wanted(), (true, None));
        recall("third".to_owned());
        assert_eq!(told(), [None], "what was kept need not be kept again");
        given(None);
        assert_eq!(told(), [None], "the desktop's own check was taken away");
        given(Some("fourth"));
        want(false);
        assert_eq!(wanted(), (false, None));
        assert_eq!(told(), [kept("fourth"), None]);
        assert!(!format!("{:?}", locked(&LASTING)).contains("fourth"));
    }
}
