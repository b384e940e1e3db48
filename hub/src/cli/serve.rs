//! `hub serve`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use hub::{Hub, people};
use serde_json::json;
use transport::HubIdentity;

use super::DataArgs;
use super::options::Options;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Take what is not given here from this file.
    #[arg(long, env = "HUB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(args: ServeArgs, log: Option<&str>) -> anyhow::Result<ExitCode> {
    let file = args.config.as_deref().map(Options::read).transpose()?;
    let options = args.options.or(file.unwrap_or_default());
    super::set_up_log(log, options.log.as_deref(), options.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // keys pass them
        .on_thread_start(urgency::urgent)
        .build()
        .context("no threads for the hub")?;
    let served = runtime.block_on(serve(options));
    // what still runs has nothing left to lose
    runtime.shutdown_timeout(Duration::from_millis(100));
    served.map(|()| ExitCode::SUCCESS)
}

async fn serve(options: Options) -> anyhow::Result<()> {
    let stop = StopSignal::listen().context("the hub cannot hear when it is to stop")?;
    let ready_file = options.ready_file.clone();
    let config = options.config()?;
    let hub = Hub::start(&config)?;
    announce(&hub, &config.data).context("the hub cannot say that it listens")?;
    if let Some(path) = &ready_file {
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
    if let Some(page) = hub.page_url() {
        writeln!(out, "page for users on {page}")?;
    }
    if let Some(address) = hub.metrics_address() {
        writeln!(out, "figures on http://{address}/metrics")?;
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
    for address in hub.web_addresses() {
        writeln!(out, "hub also listens on {address} by TCP")?;
    }
    out.flush()
}

/// Whoever waits for the file sees all of it or nothing.
fn write_ready_file(hub: &Hub, path: &Path) -> std::io::Result<()> {
    let addresses = hub.addresses();
    let ready = json!({
        "addr": addresses.first().map(ToString::to_string),
        "addrs": addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "web": hub.web_addresses().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "page": hub.page_url(),
        "metrics": hub.metrics_address().map(|address| address.to_string()),
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
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
    #[cfg(windows)]
    pause: tokio::signal::windows::CtrlBreak,
    #[cfg(windows)]
    close: tokio::signal::windows::CtrlClose,
    #[cfg(windows)]
    log_off: tokio::signal::windows::CtrlLogoff,
    #[cfg(windows)]
    shut_down: tokio::signal::windows::CtrlShutdown,
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

#[cfg(windows)]
impl StopSignal {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::windows;
        Ok(Self {
            interrupt: windows::ctrl_c()?,
            pause: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            log_off: windows::ctrl_logoff()?,
            shut_down: windows::ctrl_shutdown()?,
        })
    }

    /// Keys in the terminal, or that the terminal, the session or the computer ends.
    async fn heard(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.pause.recv() => {}
            _ = self.close.recv() => {}
            _ = self.log_off.recv() => {}
            _ = self.shut_down.recv() => {}
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
