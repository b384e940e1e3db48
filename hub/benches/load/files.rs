//! How fast files go from a console to a host through the hub, by the programs' own engines, beside what else
//! carries files over this computer's loopback; and what a key takes meanwhile.

use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use host_engine::HostEvent;
use protocol::transfers::Ended;
use protocol::{HidKey, InputEvent};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use serde::Serialize;

use crate::engines::Ends;
use crate::support::TestHub;

const SMALL_FILES: usize = 20_000;
const LARGE_BYTES: usize = 1 << 30;
/// Keys that are timed while nothing else goes on.
const KEYS: usize = 100;
/// Of ours and of the plain one by turns, of which the quickest counts.
const TURNS: usize = 3;

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) rows: Vec<Row>,
    /// From a press at the console to the host's keyboard, p50 and p95, in milliseconds: at rest, and while
    /// files go.
    pub(crate) key_at_rest_ms: [f64; 2],
    pub(crate) key_meanwhile_ms: [f64; 2],
}

#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) megabytes: f64,
    pub(crate) ours_seconds: f64,
    /// The file over TLS; the small ones as `tar` over it.
    pub(crate) plain_seconds: f64,
    /// Of all processes, which other work on the computer changes less.
    pub(crate) ours_cpu_seconds: f64,
    pub(crate) plain_cpu_seconds: f64,
}

impl Row {
    /// Our speed as a part of the plain one.
    pub(crate) fn share(&self) -> f64 {
        self.plain_seconds / self.ours_seconds
    }
}

/// Measures with one large file and many small ones, or so many hundredths of that.
pub(crate) fn measure(percent: u32) -> Figures {
    let part = |whole: usize| whole * usize::try_from(percent).unwrap_or(100) / 100;
    let hub = TestHub::start_with(&["--log", "warn"]);
    let desk = Ends::begin(
        &hub,
        &hub.address,
        protocol::Rights::SEE_AND_CONTROL.with(protocol::Rights::FILES),
    );
    let at = desk.folder.path().to_owned();
    let large = at.join("large");
    fs::create_dir(&large).expect("a folder");
    let bytes = part(LARGE_BYTES);
    fs::write(large.join("large.bin"), vec![b'x'; bytes]).expect("written");
    let small = at.join("small");
    let mut small_bytes = 0;
    for number in 0..part(SMALL_FILES) {
        let folder = small.join(format!("{}", number / 100));
        fs::create_dir_all(&folder).expect("a folder");
        let size = 1024 + number * 7919 % 7168;
        small_bytes += size;
        fs::write(folder.join(format!("{number}.txt")), vec![b'x'; size]).expect("written");
    }
    let mut keys = Keys::default();
    for _ in 0..KEYS {
        keys.press(&desk);
        std::thread::sleep(Duration::from_millis(10));
    }
    let at_rest = keys.percentiles();
    let mut meanwhile = Keys::default();
    let mut rows = Vec::new();
    for (what, folder, bytes) in [
        ("one large file", &large, bytes),
        ("small files", &small, small_bytes),
    ] {
        let arrives = at.join("at host").join(folder.file_name().expect("a name"));
        let at_plain = at.join("plain");
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            ours.push(turn(&hub, || send(&desk, folder, &mut meanwhile)));
            fs::remove_dir_all(&arrives).expect("it has arrived");
            plain.push(turn(&hub, || tar_over_tls(folder, &at_plain)));
            fs::remove_dir_all(&at_plain).expect("it is there");
        }
        let least = |of: &[Turn], figure: fn(&Turn) -> Duration| {
            let least = of.iter().map(figure).min();
            least.expect("turns").as_secs_f64()
        };
        rows.push(Row {
            what,
            megabytes: bytes as f64 / 1e6,
            ours_seconds: least(&ours, |turn| turn.took),
            plain_seconds: least(&plain, |turn| turn.took),
            ours_cpu_seconds: least(&ours, |turn| turn.cpu),
            plain_cpu_seconds: least(&plain, |turn| turn.cpu),
        });
    }
    Figures {
        rows,
        key_at_rest_ms: at_rest,
        key_meanwhile_ms: meanwhile.percentiles(),
    }
}

struct Turn {
    took: Duration,
    cpu: Duration,
}

fn turn(hub: &TestHub, plays: impl FnOnce()) -> Turn {
    let cpu = || hub.cpu_time() + cpu_time_here();
    let (begun, before) = (Instant::now(), cpu());
    plays();
    Turn {
        took: begun.elapsed(),
        cpu: cpu().saturating_sub(before),
    }
}

/// Of this process, and of its children that are over.
fn cpu_time_here() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("a process");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    // user and system time of both, in hundredths of a second
    let ticks = fields.split_whitespace().skip(11).take(4);
    let ticks = ticks.map(|field| field.parse::<u64>().expect("a figure"));
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn send(desk: &Ends, folder: &Path, keys: &mut Keys) {
    let command = operator_engine::Command::SendFiles {
        session: desk.session,
        chosen: vec![folder.to_owned()],
    };
    desk.console.send(command).expect("room");
    loop {
        keys.press(desk);
        let until = Instant::now() + Duration::from_millis(20);
        while let Some(event) = desk
            .host_events
            .next_within(until.saturating_duration_since(Instant::now()))
        {
            if let HostEvent::Transfer { transfer, .. } = event
                && transfer.is_over()
            {
                let done = protocol::transfers::Stage::Over(Ended::Done { missing: 0 });
                assert_eq!(transfer.stage, done);
                return;
            }
        }
    }
}

/// How long keys take from the console to the host's keyboard.
#[derive(Default)]
struct Keys(Vec<Duration>);

impl Keys {
    fn press(&mut self, desk: &Ends) {
        let before = desk.log.events().len();
        let begun = Instant::now();
        for pressed in [true, false] {
            desk.input.send(InputEvent::Key {
                key: HidKey(0x04),
                pressed,
                character: None,
            });
        }
        while desk.log.events().len() == before {
            assert!(begun.elapsed() < Duration::from_secs(10), "no key arrives");
            std::thread::sleep(Duration::from_micros(100));
        }
        self.0.push(begun.elapsed());
    }

    fn percentiles(&self) -> [f64; 2] {
        let mut all = self.0.clone();
        all.sort();
        [50, 95].map(|p| all[(all.len() - 1) * p / 100].as_secs_f64() * 1000.0)
    }
}

/// What `tar` reads in `from` goes over TLS to `tar`, which writes it into `to`. One file is a stream of its
/// own in it, so that this is a plain copy over TLS, too.
fn tar_over_tls(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    let signed =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate: CertificateDer<'static> = signed.cert.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("known")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("it fits");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).expect("sound");
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("known")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");

    let receives = {
        let to = to.to_owned();
        std::thread::spawn(move || {
            let (tcp, _) = listener.accept().expect("a caller");
            let tls = rustls::ServerConnection::new(Arc::new(server)).expect("set up");
            let mut tls = rustls::StreamOwned::new(tls, tcp);
            let mut tar = Command::new("tar");
            let mut tar = tar
                .arg("xf")
                .arg("-")
                .arg("-C")
                .arg(to)
                .stdin(Stdio::piped())
                .spawn()
                .expect("tar");
            let mut into = tar.stdin.take().expect("piped");
            // `tar` is content where the line ends without a good-bye
            copy(&mut tls, &mut into);
            drop(into);
            assert!(tar.wait().expect("ends").success());
        })
    };
    let mut tar = Command::new("tar");
    let mut tar = tar
        .arg("cf")
        .arg("-")
        .arg("-C")
        .arg(from)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()
        .expect("tar");
    let mut out = tar.stdout.take().expect("piped");
    let tcp = TcpStream::connect(address).expect("connected");
    let name = ServerName::try_from("localhost").expect("a name");
    let tls = rustls::ClientConnection::new(Arc::new(client), name).expect("set up");
    let mut tls = rustls::StreamOwned::new(tls, tcp);
    copy(&mut out, &mut tls);
    tls.conn.send_close_notify();
    io::Write::flush(&mut tls).expect("sent");
    // what is closed with something unread would take back what is under way
    copy(&mut tls, &mut io::sink());
    drop(tls);
    assert!(tar.wait().expect("ends").success());
    receives.join().expect("received");
}

fn copy(from: &mut impl io::Read, to: &mut impl io::Write) {
    let mut piece = vec![0; 192 * 1024];
    loop {
        match from.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(bytes) => to.write_all(&piece[..bytes]).expect("taken"),
        }
    }
}
