//! `hub doctor`: looks at all that a hub needs, and says in words what is wrong and what to do (B5).

mod certificate;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use clap::Args;
use hub::local::{LocalQuestion, ask_running};
use hub::{Config, catalogue, disk, pictures};
use protocol::{HubAddress, Role};
use serde_json::json;
use transport::{HubIdentity, Routes, client};

use super::options::Options;

/// A hub on this computer answers at once, or not at all.
const ANSWER: Duration = Duration::from_secs(5);
/// How long the system may take to say who sets its clock: where its bus hangs that is minutes.
const TIME_SERVICE_PATIENCE: Duration = Duration::from_secs(3);
/// Two files may be written in the order in which a clock is put right by a bit.
const CLOCK_STEP: Duration = Duration::from_mins(1);
const LITTLE_ROOM: u64 = 2 << 30;
const PROBE_BYTES: usize = 8 << 20;
/// Bytes a second: some filmed sessions at once need as much.
const SLOW: u64 = 5 << 20;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Look at what this file says; it and the options below are those of `hub serve`.
    #[arg(long, env = "HUB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// Works, and should be looked at.
    Warning,
    Fault,
}

/// What was found.
#[derive(Debug)]
struct Finding {
    check: &'static str,
    state: State,
    says: String,
    /// What to do; empty where there is nothing to do.
    advice: String,
}

impl Finding {
    fn good(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Good, says, "")
    }

    fn warning(check: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(check, State::Warning, says, advice)
    }

    fn fault(check: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(check, State::Fault, says, advice)
    }

    fn new(
        check: &'static str,
        state: State,
        says: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let (says, advice) = (says.into(), advice.into());
        Self {
            check,
            state,
            says,
            advice,
        }
    }
}

/// The exit code is 1 if something is wrong.
pub(super) fn run(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let file = args.config.as_deref().map(Options::read).transpose()?;
    let config = args.options.or(file.unwrap_or_default()).config()?;
    let findings = look(&config)?;
    let mut out = io::stdout().lock();
    if args.json {
        let rows = findings.iter().map(|finding| {
            let state = match finding.state {
                State::Good => "ok",
                State::Warning => "warning",
                State::Fault => "fault",
            };
            json!({
                "check": finding.check,
                "state": state,
                "says": finding.says,
                "advice": (!finding.advice.is_empty()).then_some(&finding.advice),
            })
        });
        writeln!(out, "{:#}", rows.collect::<serde_json::Value>())?;
    } else {
        for finding in &findings {
            let mark = match finding.state {
                State::Good => "ok     ",
                State::Warning => "look at",
                State::Fault => "WRONG  ",
            };
            writeln!(out, "{mark}  {}: {}", finding.check, finding.says)?;
            if !finding.advice.is_empty() {
                writeln!(out, "         -> {}", finding.advice)?;
            }
        }
    }
    let is_well = findings.iter().all(|finding| finding.state != State::Fault);
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn look(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let data = &config.data;
    let mut found = vec![folder(data)];
    let is_running = ask_running(data, LocalQuestion::Live).is_ok();
    let identity = identity(data);
    let fingerprint = identity.as_ref().ok().map(HubIdentity::fingerprint);
    found.push(match identity {
        Ok(identity) => {
            let says = format!("clients know this hub by {}", identity.fingerprint());
            Finding::good("fingerprint", says)
        }
        Err(finding) => finding,
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.context("no network runtime")?;
    for address in &config.listen {
        found.push(match fingerprint.filter(|_known| is_running) {
            Some(pin) => runtime.block_on(answers_by_udp(*address, pin)),
            None => bound("UDP", *address, UdpSocket::bind(address).map(drop)),
        });
    }
    // those that are not named are taken where they can be had
    let tcp = config.web.as_ref().unwrap_or(&config.listen);
    for address in tcp.iter().chain(&config.metrics) {
        found.push(if is_running {
            answers_by_tcp(*address)
        } else {
            bound("TCP", *address, TcpListener::bind(address).map(drop))
        });
    }
    found.push(certificate::look(config));
    found.push(clock(data));
    found.extend(disk_of(data));
    found.push(worker());
    Ok(found)
}

fn folder(data: &Path) -> Finding {
    const CHECK: &str = "data folder";
    let shown = data.display();
    if !data.is_dir() {
        let says = format!("{shown} is no folder");
        return Finding::fault(
            CHECK,
            says,
            "start the hub once with `hub serve`, or say the right --data",
        );
    }
    match private_file::mode_open_to_others(data) {
        Ok(Some(mode)) => {
            let says = format!("other accounts can get at {shown} (mode {mode:03o})");
            return Finding::fault(CHECK, says, format!("close it with `chmod 700 {shown}`"));
        }
        Err(error) => {
            let says = format!("{shown} cannot be looked at: {error}");
            return Finding::fault(CHECK, says, "run this as the account that the hub runs as");
        }
        Ok(None) => {}
    }
    if let Err(error) = tried(data, &[0]) {
        let says = format!("{shown} cannot be written: {error}");
        let advice =
            "give it to the account that the hub runs as (`chown`), or make room on its disk";
        return Finding::fault(CHECK, says, advice);
    }
    if let Ok(Some(owner)) = private_file::other_owner(data) {
        let says = format!("{shown} belongs to another account (number {owner}) than runs this");
        let advice = format!(
            "run all commands on it as that account (`sudo -u '#{owner}' hub ...`): the hub cannot open what \
             another makes there"
        );
        return Finding::warning(CHECK, says, advice);
    }
    Finding::good(CHECK, format!("{shown} is there, for its owner alone"))
}

fn identity(data: &Path) -> Result<HubIdentity, Finding> {
    HubIdentity::open(data).map_err(|error| {
        let advice = "bring back the hub's key from a back-up; with a new key every client has to be told \
                      the new fingerprint. A hub that was never started has none yet";
        Finding::fault("fingerprint", error.to_string(), advice)
    })
}

async fn answers_by_udp(address: SocketAddr, pin: transport::Fingerprint) -> Finding {
    const CHECK: &str = "port";
    let address = reached(address);
    let hub = HubAddress {
        host: address.ip().to_string(),
        port: address.port(),
    };
    // no tunnels: UDP alone is asked about
    let routes = Routes::with_tunnels_at(&[]);
    let greeted = client::connect(&hub, pin, Role::Operator, "hub doctor", &routes);
    let advice = format!(
        "let UDP port {} through this computer's firewall; or the hub was started with another --listen",
        address.port()
    );
    match tokio::time::timeout(ANSWER, greeted).await {
        Ok(Ok(greeted)) => {
            transport::close::close(&greeted.connection);
            Finding::good(CHECK, format!("the hub answers at {address} by UDP"))
        }
        Ok(Err(error)) => {
            let says = format!("the hub runs, and does not answer at {address} by UDP: {error}");
            Finding::fault(CHECK, says, advice)
        }
        Err(_elapsed) => {
            let says = format!("the hub runs, and does not answer at {address} by UDP");
            Finding::fault(CHECK, says, advice)
        }
    }
}

fn answers_by_tcp(address: SocketAddr) -> Finding {
    const CHECK: &str = "port";
    let address = reached(address);
    match TcpStream::connect_timeout(&address, ANSWER) {
        Ok(_stream) => Finding::good(CHECK, format!("{address} answers by TCP")),
        Err(error) => {
            let says = format!("the hub runs, and does not answer at {address} by TCP: {error}");
            let advice = format!(
                "let TCP port {} through this computer's firewall; another program may have had it when the \
                 hub was started: start it anew",
                address.port()
            );
            Finding::fault(CHECK, says, advice)
        }
    }
}

/// Where a program on this computer reaches what listens at `address`.
fn reached(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// What it means that a port could be had, or not, while no hub runs.
fn bound(kind: &str, address: SocketAddr, tried: io::Result<()>) -> Finding {
    const CHECK: &str = "port";
    let Err(error) = tried else {
        let says = format!("{kind} {address} is free; no hub runs on this data folder");
        return Finding::good(CHECK, says);
    };
    let port = address.port();
    let says = format!("{kind} {address} cannot be had: {error}");
    let kind = error.kind();
    let advice = if kind == ErrorKind::AddrInUse {
        format!(
            "another program has it; `ss -lpn 'sport = :{port}'` says which. Stop that one, or say another \
             port"
        )
    } else if kind == ErrorKind::PermissionDenied {
        "ports below 1024 are for who may: start the hub by its systemd unit, or give the program the \
         capability CAP_NET_BIND_SERVICE"
            .to_owned()
    } else if kind == ErrorKind::AddrNotAvailable {
        let ip = address.ip();
        format!("this computer has no address {ip}: say one that `ip address` shows, or 0.0.0.0")
    } else {
        "say another address or port".to_owned()
    };
    Finding::fault(CHECK, says, advice)
}

/// Codes of the second factor and certificates go by the clock.
fn clock(data: &Path) -> Finding {
    const CHECK: &str = "clock";
    let now = SystemTime::now();
    let written = fs::metadata(data.join("hub.db")).and_then(|file| file.modified());
    if let Ok(ahead) = written.unwrap_or(now).duration_since(now)
        && ahead > CLOCK_STEP
    {
        let minutes = ahead.as_secs() / 60;
        return Finding::fault(
            CHECK,
            format!(
                "the hub's data was written {minutes} minutes from now: the clock was set back"
            ),
            "set the clock right, best by a time service (`timedatectl set-ntp true`)",
        );
    }
    match synchronised() {
        Some(true) => Finding::good(CHECK, "it is set by a time service"),
        Some(false) => Finding::warning(
            CHECK,
            "no time service sets it",
            "turn one on (`timedatectl set-ntp true`): codes of the second factor go by the clock",
        ),
        None => Finding::good(
            CHECK,
            "it goes forward; whether a time service sets it is not known",
        ),
    }
}

/// Whether a time service has set the clock; `None` where nobody says.
fn synchronised() -> Option<bool> {
    let mut ask = Command::new("timedatectl");
    ask.args(["show", "--property=NTPSynchronized", "--value"]);
    let output = answer_within(TIME_SERVICE_PATIENCE, &mut ask)?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// What a program says that succeeds within `limit`; one that takes longer is ended.
fn answer_within(limit: Duration, ask: &mut Command) -> Option<Output> {
    let ask = ask.stdin(Stdio::null()).stderr(Stdio::null());
    let mut asked = ask.stdout(Stdio::piped()).spawn().ok()?;
    let end = Instant::now() + limit;
    while asked.try_wait().ok()?.is_none() {
        if Instant::now() >= end {
            asked.kill().ok()?;
            asked.wait().ok()?;
            return None;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let output = asked.wait_with_output().ok()?;
    output.status.success().then_some(output)
}

fn disk_of(data: &Path) -> Vec<Finding> {
    const CHECK: &str = "disk";
    const GIB: u64 = 1 << 30;
    let mut found = Vec::new();
    let Some(space) = disk::space(data) else {
        return found;
    };
    let settings = catalogue::open(data)
        .ok()
        .and_then(|catalogue| catalogue.settings().ok());
    let kept_free = settings.map_or(0, |settings| settings.free_disk_bytes);
    let (free, total) = (space.free, space.total);
    let says = format!("{:.1} of {:.1} GiB are free", as_gib(free), as_gib(total));
    found.push(if free < kept_free {
        Finding::fault(
            CHECK,
            format!("{says}, and {:.1} GiB are to stay free: no session is filmed, and so none begins", as_gib(kept_free)),
            "make room, keep films for fewer days (`hub settings set film-days`), or lower free-disk-bytes",
        )
    } else if free < LITTLE_ROOM.max(kept_free.saturating_add(GIB / 2)) {
        let advice = "make room, or keep films for fewer days (`hub settings set film-days`)";
        Finding::warning(CHECK, says, advice)
    } else {
        Finding::good(CHECK, says)
    });
    let began = Instant::now();
    if free > 4 * LITTLE_ROOM / 16 && tried(data, &vec![0xa5; PROBE_BYTES]).is_ok() {
        let millis = u64::try_from(began.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let per_second = u64::try_from(PROBE_BYTES).unwrap_or(0).saturating_mul(1000) / millis;
        let says = format!("it takes {} MiB a second", per_second >> 20);
        found.push(if per_second < SLOW {
            let advice = "films wait for such a disk: give the data folder a faster one";
            Finding::warning(CHECK, says, advice)
        } else {
            Finding::good(CHECK, says)
        });
    }
    found
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people, with one place"
)]
fn as_gib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1_u32 << 30)
}

/// Writes `bytes` to the disk of `data`, and takes them away again.
fn tried(data: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = data.join(format!("doctor-{}.tmp", std::process::id()));
    let written = (|| {
        let mut file: File = private_file::open(&path)?;
        file.write_all(bytes)?;
        file.sync_all()
    })();
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    written
}

fn worker() -> Finding {
    const CHECK: &str = "hub-film";
    let path = pictures::worker();
    match Command::new(&path).arg("--version").output() {
        Ok(output) if output.status.success() => {
            Finding::good(CHECK, format!("{} runs", path.display()))
        }
        Ok(_) | Err(_) => Finding::fault(
            CHECK,
            format!(
                "{} does not run: films cannot be exported, and have no pictures",
                path.display()
            ),
            "put the program hub-film beside hub, of the same version",
        ),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn b5_a_system_that_does_not_answer_keeps_nobody_waiting() {
        let asked = Instant::now();
        let limit = Duration::from_millis(100);
        let never = answer_within(limit, Command::new("sleep").arg("60"));
        assert!(never.is_none() && asked.elapsed() < Duration::from_secs(20));
        let said = answer_within(Duration::from_secs(20), Command::new("echo").arg("yes"));
        assert_eq!(said.expect("it answers").stdout, b"yes\n");
    }
}
