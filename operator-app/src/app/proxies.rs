//! The proxies: set, tested, and their password kept (O4).

use operator_engine::{ConnectError, ProxyTest, Route};
use ui_kit::words::proxy_text;
use ui_kit::{Tone, Word, w};

use super::ConsoleApp;
use crate::clerk::Job;
use crate::phrases;
use crate::settings::ProxySettings;
use crate::state::proxy::{ProxyForm, ProxyTesting};

impl ConsoleApp {
    /// The next connection goes as the settings say.
    pub(super) fn use_proxies(&self) {
        let form = ProxyForm::new(&self.settings.proxy, self.proxy_password.clone());
        match form.choice() {
            Ok(choice) => self.backend.use_proxies(choice),
            Err(error) => tracing::warn!(%error, "The proxy of the settings is not used"),
        }
    }

    /// **Save** in the settings: what was typed there counts.
    pub(super) fn take_proxy(&mut self, before: &ProxySettings, form: ProxyForm) {
        self.proxy_test = None;
        self.proxy_password = form.password;
        self.use_proxies();
        let now = &self.settings.proxy;
        let name = now.secret_name();
        if before.remember_password && before.secret_name() != name {
            let name = before.secret_name();
            self.clerk.give(Job::ForgetPassword { name });
        }
        if now.remember_password && !self.proxy_password.is_empty() {
            let password = self.proxy_password.clone();
            self.clerk.give(Job::RememberPassword { name, password });
        } else if before.remember_password {
            self.clerk.give(Job::ForgetPassword { name });
        }
    }

    /// **Test**, with what stands in the form.
    pub(super) fn test_proxy(&mut self) {
        let lang = self.lang();
        let Some(form) = &mut self.settings_form else {
            return;
        };
        form.account.take_address_apart();
        let said = |sentence: &str| ProxyTesting::Said(Tone::Warning, sentence.to_owned());
        let Some((hub, pin)) = form.account.hub() else {
            form.proxy.test = said(w(lang, Word::HubAddressMissing));
            return;
        };
        let Ok(choice) = form.proxy.choice() else {
            form.proxy.test = said(w(lang, Word::ProxyServerWrong));
            return;
        };
        form.proxy.test = match self.backend.test_proxy(hub, pin, choice) {
            Ok(test) => {
                self.proxy_test = Some(test);
                ProxyTesting::Running
            }
            Err(error) => ProxyTesting::Said(Tone::Danger, error.to_string()),
        };
    }

    pub(super) fn take_proxy_test(&mut self) {
        let lang = self.lang();
        let Some(tested) = self.proxy_test.as_ref().and_then(ProxyTest::take) else {
            return;
        };
        self.proxy_test = None;
        let Some(form) = &mut self.settings_form else {
            return;
        };
        if form.proxy.test != ProxyTesting::Running {
            // something else was typed meanwhile
            return;
        }
        form.proxy.test = match tested {
            Ok(Some(Route::Proxy { proxy, .. })) => {
                let sentence = phrases::proxy_works(lang, &proxy.to_string());
                ProxyTesting::Said(Tone::Good, sentence)
            }
            Ok(_) => {
                let sentence = w(lang, Word::NoProxyNeeded).to_owned();
                ProxyTesting::Said(Tone::Neutral, sentence)
            }
            Err(error) => {
                let sentence = if let ConnectError::Proxy(error) = &*error {
                    proxy_text(lang, error)
                } else {
                    phrases::connect_problem(lang, &error)
                };
                ProxyTesting::Said(Tone::Danger, sentence)
            }
        };
    }
}
