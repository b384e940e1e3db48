//! How the TCP ports show an authority that this hub has the name for which it asks a certificate
//! (RFC 8737, TLS-ALPN-01).
//!
//! The authority opens a TLS connection that speaks nothing but `acme-tls/1`, and looks at the certificate
//! that it is shown: it holds what only the asking account can know. Nothing is said on such a connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::ClientHello;
use rustls::sign::CertifiedKey;

/// What an authority that looks at a challenge speaks.
pub(super) const PROTOCOL: &[u8] = b"acme-tls/1";

/// The challenges that are under way, by name.
#[derive(Debug, Default)]
pub(super) struct Challenges(Mutex<BTreeMap<String, Arc<CertifiedKey>>>);

/// Shows a challenge for as long as it is there.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    of: &'a Challenges,
    name: String,
}

impl Challenges {
    /// Shows that whoever asked for `name` knows `digest`, of 32 bytes.
    pub(super) fn show(&self, name: &str, digest: &[u8]) -> Result<Shown<'_>, rcgen::Error> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let key = ring::sign::any_supported_type(&key).expect("a key that was just made");
        let shown = CertifiedKey::new(vec![certificate.der().clone()], key);
        self.lock().insert(name.to_owned(), Arc::new(shown));
        Ok(Shown {
            of: self,
            name: name.to_owned(),
        })
    }

    /// What to show to this caller, if it is an authority that looks at a challenge.
    pub(super) fn of(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?;
        self.lock().get(&name.to_ascii_lowercase()).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<CertifiedKey>>> {
        // nothing in here panics while it holds the lock
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.of.lock().remove(&self.name);
    }
}

/// Whether somebody who says `hello` wants to see a challenge and nothing else.
pub(super) fn is_asked_for(hello: &ClientHello<'_>) -> bool {
    let mut spoken = hello.alpn().into_iter().flatten();
    spoken.next() == Some(PROTOCOL) && spoken.next().is_none()
}
