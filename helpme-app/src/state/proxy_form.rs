//! The question of the network's proxy who the user is (R3).

use std::fmt;

use host_engine::ConnectProblem;
use protocol::{ProxyAddress, ProxyError, ProxyLogin};
use zeroize::Zeroizing;

/// What is typed there. Nothing of it is kept on the disk.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyForm {
    /// Who asks.
    pub proxy: ProxyAddress,
    pub user: String,
    pub password: Zeroizing<String>,
    /// What was typed was refused.
    pub refused: bool,
}

impl fmt::Debug for ProxyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyForm")
            .field("proxy", &self.proxy)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl ProxyForm {
    /// The form, if `problem` is that a proxy asks. What stood in the one `before` is kept.
    pub(super) fn of(problem: &ConnectProblem, before: Option<Self>) -> Option<Self> {
        let (proxy, refused) = match problem {
            ConnectProblem::Proxy(ProxyError::AsksForLogin { proxy }) => (proxy, false),
            ConnectProblem::Proxy(ProxyError::LoginRefused { proxy }) => (proxy, true),
            ConnectProblem::Proxy(_)
            | ConnectProblem::UnknownName { .. }
            | ConnectProblem::NoAnswer { .. }
            | ConnectProblem::ForeignKey
            | ConnectProblem::Certificate { .. }
            | ConnectProblem::FalseConsole
            | ConnectProblem::OtherVersion { .. }
            | ConnectProblem::Refused(_)
            | ConnectProblem::ProxyScript
            | ConnectProblem::Nonsense
            | ConnectProblem::Failed { .. } => return None,
        };
        let before = before.filter(|before| before.proxy == *proxy);
        let (user, password) = before.map(|b| (b.user, b.password)).unwrap_or_default();
        Some(Self {
            proxy: proxy.clone(),
            user,
            password,
            refused,
        })
    }

    /// Whether there is something to send.
    pub fn is_complete(&self) -> bool {
        !self.user.trim().is_empty() && !self.password.is_empty()
    }

    pub(super) fn login(&mut self) -> Option<ProxyLogin> {
        if !self.is_complete() {
            return None;
        }
        let login = ProxyLogin::new(self.user.trim(), &self.password).ok();
        // longer than any that a proxy takes
        self.refused = login.is_none();
        login
    }
}
