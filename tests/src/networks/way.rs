//! What leads to the hub: everything, less, or nothing but a proxy.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::rows::Way;
use crate::app::PATIENCE;
use crate::network::{End, Namespaces};
use crate::proxy_server::{ProxyServer, SignIn};
use crate::running::wait_until;
use crate::scripted_desktop::ScriptedDesktop;

/// What runs beside the programs. It ends with this.
pub(super) enum WayThere {
    Open,
    ByProxy {
        server: Box<ProxyServer>,
        opens_tls: bool,
        _desktops: Vec<ScriptedDesktop>,
        _folder: TempDir,
    },
}

impl WayThere {
    pub(super) fn open(way: Way, namespaces: &mut Namespaces) -> anyhow::Result<Self> {
        let (sign_in, login) = match way {
            Way::Everything => return Ok(Self::Open),
            Way::NoUdp => return namespaces.block_udp().map(|()| Self::Open),
            Way::OnlyTcp443 => return namespaces.leave_only_tcp(443).map(|()| Self::Open),
            Way::Proxy(sign_in, login) => (sign_in, login),
            Way::Script => (SignIn::None, None),
        };
        let hub = namespaces.hide_hub()?;
        let folder = TempDir::with_prefix("phd-proxy-")?;
        // it gives up its rights, and still comes in
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let proxy = ProxyServer::start(folder.path(), namespaces, sign_in, (hub, 0).into())?;
        let mut desktops = Vec::new();
        for (end, name) in [(End::User, "user"), (End::Operator, "operator")] {
            let url = proxy.url(end, login);
            if way == Way::Script {
                let answer = url.replace("http://", "PROXY ");
                let desktop = ScriptedDesktop::start(folder.path(), name, &answer)?;
                namespaces.set_bus(end, desktop.bus());
                desktops.push(desktop);
            } else {
                namespaces.set_proxy(end, &url);
            }
            if let Ok(realm) = proxy.realm() {
                let tickets = realm.sign_in(namespaces, end)?;
                namespaces.set_tickets(end, tickets);
            }
        }
        Ok(Self::ByProxy {
            server: Box::new(proxy),
            opens_tls: sign_in == SignIn::OpensTls,
            _desktops: desktops,
            _folder: folder,
        })
    }

    /// Fails if a proxy that opens TLS saw nothing in it.
    pub(super) fn check_tls(&self) -> anyhow::Result<()> {
        if let Self::ByProxy {
            server,
            opens_tls: true,
            ..
        } = self
        {
            let saw_inside = || Ok(server.log()?.contains("/tunnel").then_some(()));
            wait_until("what the proxy saw inside of TLS", PATIENCE, saw_inside)?;
        }
        Ok(())
    }
}
