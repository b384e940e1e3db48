//! The form of the sign-in.

use protocol::{HubAddress, Invitation, InvitationFault};
use transport::{Fingerprint, Pin};
use ui_kit::ProxyForm;
use zeroize::Zeroizing;

/// The form of the sign-in.
#[derive(Debug, Default)]
pub struct SignInForm {
    /// An invitation as it was pasted, which fills in the rest.
    pub invitation: String,
    pub hub: String,
    pub fingerprint: String,
    pub user: String,
    pub password: Zeroizing<String>,
    /// The code of the second factor.
    pub code: Zeroizing<String>,
    /// Faults are shown once somebody tried.
    pub show_faults: bool,
    /// Why the last try failed.
    pub problem: Option<String>,
    /// The password is to be typed anew.
    pub retype: bool,
    /// The question of the network's proxy, while it stands.
    pub proxy: Option<ProxyForm>,
}

impl SignInForm {
    /// Where the hub is.
    ///
    /// # Errors
    ///
    /// What is wrong with the address as it stands there.
    pub fn address(&self) -> Result<HubAddress, protocol::AddressFault> {
        let written: protocol::WrittenAddress = self.hub.parse()?;
        let port = written.port.unwrap_or(protocol::address::DEFAULT_PORT);
        let host = written.host;
        Ok(HubAddress { host, port })
    }

    /// The invitation, if there is something in its field.
    pub fn invitation(&self) -> Option<Result<Invitation, InvitationFault>> {
        let text = self.invitation.trim();
        (!text.is_empty()).then(|| text.parse())
    }

    /// Fills in what the invitation says. The password is for the person to choose.
    pub fn take_invitation(&mut self) {
        if let Some(Ok(invitation)) = self.invitation() {
            self.hub = invitation.hub.to_string();
            self.fingerprint = Fingerprint::from_bytes(invitation.fingerprint).to_string();
            self.user = invitation.user.to_string();
            self.show_faults = false;
        }
    }

    /// Without a fingerprint the hub is known by its name.
    pub fn pin(&self) -> Option<Pin> {
        if self.fingerprint.trim().is_empty() {
            Some(Pin::PublicName)
        } else {
            self.fingerprint.parse().ok()
        }
    }

    pub fn is_sound(&self) -> bool {
        self.address().is_ok()
            && self.pin().is_some()
            && !self.user.trim().is_empty()
            && !self.password.is_empty()
            && !matches!(self.invitation(), Some(Err(_)))
    }
}
