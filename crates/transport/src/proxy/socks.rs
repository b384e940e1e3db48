//! SOCKS5, by `tokio-socks`.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::{HubAddress, Proxy, ProxyError};
use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;
use tokio_socks::{Error, TargetAddr};

use super::dial;

pub(super) async fn open(
    proxy: &Proxy,
    to: &HubAddress,
    login_sent: &AtomicBool,
) -> Result<TcpStream, ProxyError> {
    let stream = dial(&proxy.address).await?;
    let target = match to.host.parse::<IpAddr>() {
        Ok(ip) => TargetAddr::Ip((ip, to.port).into()),
        // the proxy looks it up
        Err(_name) => TargetAddr::Domain(to.host.as_str().into(), to.port),
    };
    let login = proxy.login.as_ref().filter(|login| {
        // SOCKS has no empty ones
        !login.user().is_empty() && !login.password().is_empty()
    });
    let opened = match login {
        None => Socks5Stream::connect_with_socket(stream, target).await,
        Some(login) => {
            login_sent.store(true, Ordering::Relaxed);
            let (user, password) = (login.user(), login.password());
            Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
        }
    };
    opened.map(Socks5Stream::into_inner).map_err(|error| {
        tracing::debug!(proxy = %proxy.address, %error, "No way through the SOCKS proxy");
        refusal(&error, proxy, to)
    })
}

fn refusal(error: &Error, proxy: &Proxy, to: &HubAddress) -> ProxyError {
    let asks = proxy.login.is_none();
    let (proxy, to) = (proxy.address.clone(), to.clone());
    match error {
        Error::NoAcceptableAuthMethods if asks => ProxyError::AsksForLogin { proxy },
        Error::PasswordAuthFailure(_) | Error::NoAcceptableAuthMethods => {
            ProxyError::LoginRefused { proxy }
        }
        Error::ConnectionNotAllowedByRuleset => ProxyError::NotAllowed { proxy, to },
        Error::GeneralSocksServerFailure
        | Error::NetworkUnreachable
        | Error::HostUnreachable
        | Error::ConnectionRefused
        | Error::TtlExpired
        | Error::AddressTypeNotSupported => ProxyError::HubNotReached { proxy, to },
        Error::Io(_)
        | Error::ParseError(_)
        | Error::InvalidTargetAddress(_)
        | Error::ProxyServerUnreachable
        | Error::InvalidResponseVersion
        | Error::UnknownAuthMethod
        | Error::CommandNotSupported
        | Error::UnknownError
        | Error::InvalidReservedByte
        | Error::UnknownAddressType
        | Error::InvalidAuthValues(_)
        | Error::AuthorizationRequired
        | Error::IdentdAuthFailure
        | Error::InvalidUserIdAuthFailure => ProxyError::NoProxy { proxy },
    }
}
