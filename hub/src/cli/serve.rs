//! `hub serve`.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use hub::{CertificateFiles, Config, Hub, PageConfig, people};
use protocol::address::DEFAULT_PORT;
use protocol::{HubAddress, WrittenAddress};
use serde_json::json;
use transport::HubIdentity;

use super::DataArgs;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Where to listen; may be given several times.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:443")]
    listen: Vec<SocketAddr>,
    /// Where people reach this hub, for invitations; this computer's own name if not given.
    #[arg(long, value_name = "HOST[:PORT]")]
    public_address: Option<WrittenAddress>,
    /// How long a ticket is good, in minutes, whatever the hub's settings say.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1440))]
    ticket_minutes: Option<u32>,
    /// How long a session waits for a side that is out of reach, in minutes.
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1440))]
    keep_minutes: u32,
    /// This hub's own number, where several share a store.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    number: u16,
    /// Write address and fingerprint as JSON to this file once the hub listens.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Connections that the hub takes at once.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    max_connections: usize,
    /// Connections that the hub takes from one address.
    #[arg(long, value_name = "COUNT", default_value_t = 4_096)]
    max_connections_per_address: usize,
    /// Connections of those who have neither logged in, nor brought a good ticket, nor come back to a place
    /// of theirs.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    max_strangers: usize,
    /// Where the page for users listens (HTTPS over TCP); may be given several times; where the hub does if
    /// not given.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "no_page")]
    page_listen: Vec<SocketAddr>,
    /// Serve no page for users.
    #[arg(long)]
    no_page: bool,
    /// The page's certificate, and those of whoever vouches for it, in PEM; read again when it changes. The
    /// hub's own identity if not given.
    #[arg(long, value_name = "FILE", requires = "certificate_key")]
    certificate: Option<PathBuf>,
    /// The private key of the page's certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    certificate_key: Option<PathBuf>,
    /// The folder of the Helpmes that the page gives out; `downloads` in the data folder if not given.
    #[arg(long, value_name = "DIR")]
    downloads: Option<PathBuf>,
}

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads for the hub")?;
    let served = runtime.block_on(serve(args));
    // what still runs has nothing left to lose
    runtime.shutdown_timeout(Duration::from_millis(100));
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(args: &ServeArgs) -> anyhow::Result<()> {
    let stop = StopSignal::listen().context("the hub cannot hear when it is to stop")?;
    let port = args.listen.first().map(SocketAddr::port);
    let public_address = args.public_address.clone().map(|written| HubAddress {
        host: written.host,
        port: written.port.or(port).unwrap_or(DEFAULT_PORT),
    });
    let certificate = args.certificate.clone().zip(args.certificate_key.clone());
    let page = PageConfig {
        listen: args.page_listen.clone(),
        certificate: certificate.map(|(chain, key)| CertificateFiles { chain, key }),
        downloads: args.downloads.clone(),
    };
    let config = Config {
        data: args.data.data.clone(),
        listen: args.listen.clone(),
        public_address,
        ticket_validity: args.ticket_minutes.map(|m| Duration::from_mins(m.into())),
        kept: Duration::from_secs(u64::from(args.keep_minutes) * 60),
        number: args.number,
        max_connections: args.max_connections,
        max_connections_per_address: args.max_connections_per_address,
        max_strangers: args.max_strangers,
        page: (!args.no_page).then_some(page),
    };
    let hub = Hub::start(&config)?;
    announce(&hub, &args.data.data).context("the hub cannot say that it listens")?;
    if let Some(path) = &args.ready_file {
        write_ready_file(&hub, path)
            .with_context(|| format!("cannot write the ready file {}", path.display()))?;
    }
    hub.run_until(stop.heard()).await;
    Ok(())
}

fn announce(hub: &Hub, data: &Path) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for address in hub.addresses() {
        let fingerprint = hub.fingerprint();
        writeln!(out, "hub listens on {address}, fingerprint {fingerprint}")?;
    }
    for address in hub.page_addresses() {
        writeln!(out, "page for users on https://{address}/")?;
    }
    if let Some(invitation) = hub.first_invitation() {
        let file = data.join(people::FIRST_INVITATION_FILE);
        writeln!(
            out,
            "the first administrator signs in with this, once, within seven days; it is in {} too\n    \
             {invitation}",
            file.display()
        )?;
    }
    out.flush()
}

/// Whoever waits for the file sees all of it or nothing.
fn write_ready_file(hub: &Hub, path: &Path) -> std::io::Result<()> {
    let addresses = hub.addresses();
    let ready = json!({
        "addr": addresses.first().map(ToString::to_string),
        "addrs": addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "page": hub.page_addresses().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "fingerprint": hub.fingerprint().to_string(),
    });
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, format!("{ready}\n"))?;
    fs::rename(&part, path)
}

/// The ways in which a person or a service manager stops the hub.
struct StopSignal {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignal {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn heard(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl StopSignal {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "listening can fail on other systems"
    )]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    async fn heard(self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "Cannot hear Ctrl+C");
            std::future::pending::<()>().await;
        }
    }
}

/// `hub fingerprint`.
pub(super) fn print_fingerprint(args: &DataArgs) -> anyhow::Result<ExitCode> {
    let folder = &args.data;
    ensure!(
        folder.is_dir(),
        "there is no hub in {}; start it once with `hub serve`",
        folder.display()
    );
    let identity = HubIdentity::open_or_create(folder)?;
    writeln!(std::io::stdout(), "{}", identity.fingerprint())?;
    Ok(ExitCode::SUCCESS)
}
