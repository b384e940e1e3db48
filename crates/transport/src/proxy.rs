//! TCP through a proxy: HTTP with CONNECT, or SOCKS5.
//!
//! Whatever a proxy says is hostile: heads and bodies are bounded, so is the number of questions, and
//! what makes no sense ends the try. Names are looked up by the proxy.

mod account;
mod connect;
mod head;
mod ntlm;
mod sign_in;
mod socks;

use std::io;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use protocol::{HubAddress, Proxy, ProxyAddress, ProxyError, ProxyKind};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) use account::Accounts;

/// How long a proxy may take to pick up.
const DIAL_TIMEOUT: Duration = Duration::from_secs(3);

/// Opens a connection to `to` through `proxy`. Once the proxy has picked up there is no time limit;
/// dropping the future hangs up. `login_sent` is set before the proxy gets to know the login. Where a proxy
/// takes the account that somebody is logged in with here, one of `accounts` signs in.
///
/// # Errors
///
/// [`ProxyError`].
pub(crate) async fn open(
    proxy: &Proxy,
    to: &HubAddress,
    login_sent: &AtomicBool,
    accounts: &Accounts,
) -> Result<TcpStream, ProxyError> {
    match proxy.address.kind {
        ProxyKind::Http => connect::open(proxy, to, login_sent, accounts).await,
        ProxyKind::Socks5 => socks::open(proxy, to, login_sent).await,
    }
}

/// Calls the proxy itself.
async fn dial(proxy: &ProxyAddress) -> Result<TcpStream, ProxyError> {
    let calling = TcpStream::connect((proxy.host.as_str(), proxy.port));
    let called = timeout(DIAL_TIMEOUT, calling).await;
    let called = called.unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()));
    let stream = called.map_err(|error| {
        tracing::debug!(%proxy, %error, "Proxy not reached");
        let proxy = proxy.clone();
        ProxyError::NoAnswer { proxy }
    })?;
    crate::tuning::tune_tcp(&stream);
    Ok(stream)
}
