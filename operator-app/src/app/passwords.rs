//! Remembered passwords: who keeps them, and the passphrase that opens them (O1, O2).

use desktop::Keeper;
use ui_kit::{Lang, Tone, Word, w};

use super::ConsoleApp;
use crate::clerk::Job;
use crate::phrases;
use crate::state::unlocking::Unlocking;
use crate::views::settings::SettingsForm;

impl ConsoleApp {
    pub(super) fn keeper_is(&mut self, keeper: Keeper) {
        let before = self.keeper.replace(keeper);
        self.tell_password_place();
        if let Some(form) = &mut self.settings_form {
            form.kept_by(keeper, self.state.account.password_place.clone());
        }
        if keeper == Keeper::Locked {
            self.state.unlocking = before.is_none().then(Unlocking::new);
            return;
        }
        let was_asked = self.state.unlocking.take().is_some();
        if was_asked && keeper != Keeper::Sealed {
            let lang = self.state.lang;
            self.notices
                .push(Tone::Neutral, phrases::passwords_forgotten(lang));
        }
        self.recall_passwords();
    }

    fn recall_passwords(&mut self) {
        if std::mem::replace(&mut self.recalled, true) {
            return;
        }
        if self.settings.proxy.remember_password {
            // before the other one, which may log in by itself
            let name = self.settings.proxy.secret_name();
            self.clerk.give(Job::RecallPassword { name });
        }
        if self.settings.remember_password {
            let name = self.settings.secret_name();
            self.clerk.give(Job::RecallPassword { name });
        }
    }

    /// The passphrase was typed.
    pub(super) fn unlock(&mut self) {
        if let Some(open) = &mut self.state.unlocking
            && !open.waiting
            && !open.passphrase.is_empty()
        {
            let passphrase = open.passphrase.clone();
            open.problem = None;
            open.waiting = self.clerk.give(Job::Unlock { passphrase });
        }
    }

    pub(super) fn not_unlocked(&mut self, wrong: bool, detail: String) {
        if let Some(open) = &mut self.state.unlocking {
            open.failed(if wrong {
                phrases::wrong_passphrase(self.state.lang).to_owned()
            } else {
                detail
            });
        }
    }

    /// What the form says about sealing; to be done before any password is given to be kept.
    pub(super) fn keep_protection(&mut self, form: &SettingsForm) {
        let protect = match (self.keeper, form.protect) {
            (Some(Keeper::File), true) => Some(form.passphrase.clone()),
            (Some(Keeper::Sealed), false) => None,
            _ => return,
        };
        let passphrase = protect;
        self.clerk.give(Job::Protect { passphrase });
    }

    /// Says in words where a remembered password is kept.
    pub(super) fn tell_password_place(&mut self) {
        let lang = self.state.lang;
        let is_portable = self.is_portable;
        let place = self
            .keeper
            .map(|keeper| password_place(lang, keeper, is_portable));
        place
            .unwrap_or_default()
            .clone_into(&mut self.state.account.password_place);
    }
}

fn password_place(lang: Lang, keeper: Keeper, is_portable: bool) -> &'static str {
    match keeper {
        Keeper::Store => w(lang, Word::PasswordInStoreNote),
        Keeper::Sealed => phrases::password_is_sealed(lang),
        Keeper::Locked => phrases::password_is_locked(lang),
        Keeper::File if is_portable => phrases::password_goes_along(lang),
        Keeper::File => w(lang, Word::PasswordInFileNote),
    }
}
