//! A real hub in a process of its own, and scripted peers that speak the real protocol with the
//! real cryptography.

#![expect(dead_code, reason = "each test program uses a part of this")]

pub(crate) mod authority;
pub(crate) mod caller;
pub(crate) mod disk;
pub(crate) mod line;
pub(crate) mod trees;
pub(crate) mod web;
pub(crate) mod window;

use std::any::type_name;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::control::Admission;
use protocol::limits::{MAX_HEADER_FRAME_BYTES, MAX_SCREEN_FRAME_BYTES};
use protocol::{
    HostState, HostToHub, HostWord, HubToHost, HubToOperator, Lane, OperatorToHub, OperatorWord,
    Password, PeerId, Protection, RefusalCode, Rights, Role, SessionId, SignedReceipt,
    StreamHeader, TicketRoute, wire,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use session::channel::{self, TAG_BYTES};
use session::{
    Channel, Ends, HostExchange, LaneKeys, Opening, OperatorExchange, PairKey, PictureKey,
    TicketNumber, TicketSecret,
};
use transport::client::{self, ConnectError, Greeted};
use transport::{Fingerprint, FramedReader, FramedWriter, HubAddress, Routes};

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const SECRET: [u8; 16] = [7; 16];

/// The `hub` program with `args`.
pub(crate) fn hub_command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hub"));
    command.args(args).stdin(Stdio::null());
    command
}

/// Makes `hub-film`, which the hub looks for beside itself: tests of one package make no other's
/// programs.
pub(crate) fn build_worker() {
    let beside = Path::new(env!("CARGO_BIN_EXE_hub")).parent();
    let profile = beside.expect("in a folder");
    let target = profile.parent().expect("in the target folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        // with the features that all programs have together, so that nothing is built a second time
        "--workspace",
        "--bin",
        "hub-film",
        "--target-dir",
    ]);
    cargo.arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let made = cargo.status().expect("cargo runs");
    assert!(made.success(), "hub-film is not made");
}

/// Runs `hub` with `args` and `input`, to its end.
pub(crate) fn run_hub(args: &[&str], input: &str) -> Output {
    let mut child = hub_command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hub starts");
    let mut stdin = child.stdin.take().expect("piped");
    // a program that does not read its input may be gone already
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    child.wait_with_output().expect("hub ends")
}

/// What a server without TLS says to a GET, all of it.
pub(crate) fn plain_get(address: &str, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).expect("connected");
    let ask = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).expect("asked");
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).expect("text");
    answer
}

/// Puts a program into `folder`, as the maker of tests signed it.
pub(crate) fn put_download(folder: &Path, name: &str, program: &[u8]) {
    put_version(folder, name, "0.1.0", program);
}

/// The same, with a version.
pub(crate) fn put_version(folder: &Path, name: &str, version: &str, program: &[u8]) {
    std::fs::create_dir_all(folder).expect("made");
    let comment = format!("timestamp:1790000000\tfile:{name}\tversion:{version}");
    let key = include_str!("../../../crates/maker/test.key").to_owned();
    let key = minisign::SecretKeyBox::from(key).into_unencrypted_secret_key();
    let signature = minisign::sign(None, &key.expect("a key"), program, Some(&comment), None);
    let signature = signature.expect("signed").into_string();
    let signature_file = folder.join(format!("{name}.minisig"));
    std::fs::write(signature_file, signature).expect("written");
    std::fs::write(folder.join(name), program).expect("written");
}

/// A folder for the test, for its owner alone, as a hub wants its data folder.
pub(crate) fn folder() -> tempfile::TempDir {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().expect("a folder")
}

/// The text of `output`, both streams.
pub(crate) fn text(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

/// A hub that serves; killed when dropped.
pub(crate) struct TestHub {
    pub(crate) data: PathBuf,
    pub(crate) address: HubAddress,
    /// Where it listens by TCP.
    pub(crate) web: SocketAddr,
    pub(crate) fingerprint: Fingerprint,
    /// Where users find the page.
    pub(crate) page: Option<String>,
    child: Child,
    folder: Option<tempfile::TempDir>,
    /// Where peers are led that are to come through tunnels: a UDP port that swallows what comes.
    swallows: Option<std::net::UdpSocket>,
    /// Tunnels to the port of the address alone; what else listens here is nobody's business.
    routes: Routes,
}

impl TestHub {
    /// A new hub with the operators `anna` and `bruno`.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(args: &[&str]) -> Self {
        let folder = folder();
        let data = folder.path().join("data");
        for name in ["anna", "bruno"] {
            add_operator(&data, name);
        }
        let mut hub = Self::serve(&data, args);
        hub.folder = Some(folder);
        hub
    }

    /// Serves a folder that exists.
    pub(crate) fn serve(data: &Path, args: &[&str]) -> Self {
        Self::serve_by(hub_command(&[]), data, args)
    }

    /// As [`Self::serve`], with a hub whose files may not grow beyond `blocks` of 512 bytes.
    #[cfg(unix)]
    pub(crate) fn serve_with_small_files(data: &Path, blocks: u32) -> Self {
        let mut shell = Command::new("sh");
        // the signal is ignored, so that writing fails as on a full disk
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_hub")]);
        Self::serve_by(shell, data, &[])
    }

    /// As [`Self::serve`], by a command that starts the hub in its own way.
    pub(crate) fn serve_by(command: Command, data: &Path, args: &[&str]) -> Self {
        Self::serve_at(command, data, "127.0.0.1:0", args)
    }

    fn serve_at(mut command: Command, data: &Path, listen: &str, args: &[&str]) -> Self {
        let ready = data.join("ready.json");
        drop(std::fs::remove_file(&ready));
        let data_text = data.to_str().expect("a plain path");
        let mut child = command
            .args(["serve", "--data", data_text, "--listen", listen])
            .args(["--web-listen", "127.0.0.1:0"])
            .args(["--ready-file", ready.to_str().expect("a plain path")])
            .args(args)
            .stdout(Stdio::null())
            .spawn()
            .expect("hub starts");
        let end = Instant::now() + PATIENCE;
        let text = loop {
            if let Ok(text) = std::fs::read_to_string(&ready) {
                break text;
            }
            let gone = child.try_wait().expect("a child");
            assert_eq!(gone, None, "the hub ended");
            assert!(Instant::now() < end, "the hub is not ready");
            std::thread::sleep(Duration::from_millis(10));
        };
        let ready: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let field = |name: &str| ready[name].as_str().expect("a string").to_owned();
        Self {
            data: data.to_owned(),
            address: field("addr").parse().expect("an address"),
            web: ready["web"][0]
                .as_str()
                .and_then(|text| text.parse().ok())
                .expect("an address"),
            fingerprint: field("fingerprint").parse().expect("a fingerprint"),
            page: ready["page"].as_str().map(str::to_owned),
            child,
            folder: None,
            swallows: None,
            routes: Routes::with_tunnels_at(&[]),
        }
    }

    /// Whoever connects from now on has no UDP.
    pub(crate) fn without_udp(&mut self) {
        let swallows = std::net::UdpSocket::bind(self.web);
        self.swallows = Some(swallows.expect("free beside the TCP port"));
    }

    pub(crate) fn data_text(&self) -> &str {
        self.data.to_str().expect("a plain path")
    }

    pub(crate) fn socket_address(&self) -> SocketAddr {
        let ip = self.address.host.parse().expect("an address");
        SocketAddr::new(ip, self.address.port)
    }

    /// The memory that the hub's process has in use, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("a process");
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
        let kib = line.and_then(|l| l.split_whitespace().next());
        kib.and_then(|k| k.parse::<u64>().ok()).expect("a figure") * 1024
    }

    /// The time that the hub's process has spent on processors.
    pub(crate) fn cpu_time(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).expect("a process");
        // what follows the program's name; user and system time, in hundredths of a second
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        let ticks = |n| {
            fields
                .split_whitespace()
                .nth(n)
                .and_then(|f| f.parse().ok())
        };
        let (user, system): (Option<u64>, Option<u64>) = (ticks(11), ticks(12));
        Duration::from_millis((user.expect("a figure") + system.expect("a figure")) * 10)
    }

    /// Kills the hub as a power failure would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Kills the hub, and serves its folder again.
    pub(crate) fn kill_and_restart(mut self) -> Self {
        self.kill();
        let folder = self.folder.take();
        let mut again = Self::serve(&self.data, &[]);
        again.folder = folder;
        again
    }

    /// The same where its engines look for it.
    pub(crate) fn kill_and_restart_in_place(mut self) -> Self {
        self.kill();
        let folder = self.folder.take();
        let listen = self.address.to_string();
        let mut again = Self::serve_at(hub_command(&[]), &self.data, &listen, &[]);
        again.folder = folder;
        again
    }

    /// Asks the hub to stop, as a service manager does.
    pub(crate) fn terminate(&mut self) {
        signal(self.child.id(), "TERM");
    }

    /// Holds the hub's process where it is, until what this gives is dropped.
    pub(crate) fn held(&self) -> Held {
        signal(self.child.id(), "STOP");
        Held(self.child.id())
    }

    /// Waits for the hub's end.
    pub(crate) fn wait(&mut self, at_most: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + at_most;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return Some(status);
            }
            if Instant::now() > end {
                return None;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) async fn connect(&self, role: Role) -> Result<Greeted, ConnectError> {
        let address = match self.swallows {
            Some(_) => HubAddress {
                host: self.web.ip().to_string(),
                port: self.web.port(),
            },
            None => self.address.clone(),
        };
        client::connect(&address, self.fingerprint, role, "test 0", &self.routes).await
    }

    pub(crate) async fn host(&self) -> Peer {
        Peer::new(self.connect(Role::Host).await.expect("greeted"))
    }

    /// An operator who is logged in and has the list.
    pub(crate) async fn operator(&self, name: &str) -> Peer {
        let mut peer = Peer::new(self.connect(Role::Operator).await.expect("greeted"));
        peer.log_in(name).await;
        peer
    }

    /// An operator and a host that came with their ticket.
    pub(crate) async fn pair(&self, name: &str) -> Pair {
        let mut operator = self.operator(name).await;
        let ticket = operator.generate_ticket().await;
        let host = self.host().await;
        Pair::meet(operator, host, &ticket).await
    }
}

/// A process that does nothing for a while.
pub(crate) struct Held(u32);

impl Drop for Held {
    fn drop(&mut self) {
        signal(self.0, "CONT");
    }
}

fn signal(process: u32, name: &str) {
    let mut kill = Command::new("kill");
    let done = kill.args(["-s", name, &process.to_string()]).status();
    assert!(done.expect("kill runs").success());
}

impl Drop for TestHub {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn add_operator(data: &Path, name: &str) {
    let data = data.to_str().expect("a plain path");
    let display = name.to_uppercase();
    let args = [
        "admin",
        "add-operator",
        name,
        "--display-name",
        &display,
        "--data",
        data,
    ];
    let added = run_hub(&args, &format!("{PASSWORD}\n"));
    assert!(added.status.success(), "{}", text(&added));
}

pub(crate) fn log_in(name: &str, password: &str) -> OperatorToHub {
    OperatorToHub::LogIn {
        user: name.into(),
        password: Password(password.into()),
    }
}

/// One scripted client.
pub(crate) struct Peer {
    pub(crate) greeted: Greeted,
    /// Its place, when it has one.
    pub(crate) admission: Option<Admission>,
}

impl Peer {
    pub(crate) fn new(greeted: Greeted) -> Self {
        Self {
            greeted,
            admission: None,
        }
    }

    pub(crate) async fn send<M: Serialize>(&mut self, message: &M) {
        self.greeted.writer.write(message).await.expect("sent");
    }

    /// The next message, whatever it is.
    pub(crate) async fn receive_any<M: DeserializeOwned>(&mut self) -> M {
        wire::decode(&self.receive_body().await).expect("well formed")
    }

    /// The next message but those that every host hears besides: whose help desk it is, and receipts.
    pub(crate) async fn receive<M: DeserializeOwned>(&mut self) -> M {
        let is_host = type_name::<M>() == type_name::<HubToHost>();
        loop {
            let body = self.receive_body().await;
            let said = is_host.then(|| wire::decode(&body).expect("well formed"));
            let is_besides = matches!(
                said,
                Some(HubToHost::Organisation { .. } | HubToHost::Receipt { .. })
            );
            if !is_besides {
                return wire::decode(&body).expect("well formed");
            }
        }
    }

    async fn receive_body(&mut self) -> Bytes {
        let read = tokio::time::timeout(PATIENCE, self.greeted.reader.read_body());
        let body = read.await.expect("an answer in time");
        body.expect("whole").expect("the hub is there")
    }

    /// The next message that `wanted` makes something of; others are skipped.
    pub(crate) async fn wait_for<M: DeserializeOwned, T>(
        &mut self,
        mut wanted: impl FnMut(M) -> Option<T>,
    ) -> T {
        loop {
            if let Some(found) = wanted(self.receive().await) {
                return found;
            }
        }
    }

    /// The next receipt, at a host.
    pub(crate) async fn receipt(&mut self) -> SignedReceipt {
        loop {
            if let HubToHost::Receipt { signed } = self.receive_any().await {
                return signed;
            }
        }
    }

    /// The code with which the hub closes the connection.
    pub(crate) async fn refused(&self) -> RefusalCode {
        let closed = tokio::time::timeout(PATIENCE, self.greeted.connection.closed());
        let reason = closed.await.expect("closed in time");
        match transport::CloseReason::from(&reason) {
            transport::CloseReason::Refused(refusal) => refusal.code,
            other => panic!("closed by {other:?}"),
        }
    }

    /// Logs in, and takes the list.
    pub(crate) async fn log_in(&mut self, name: &str) {
        self.send(&log_in(name, PASSWORD)).await;
        let logged_in: HubToOperator = self.receive().await;
        let HubToOperator::LoggedIn { admission, .. } = logged_in else {
            panic!("{logged_in:?}");
        };
        self.admission = Some(admission);
        let entries: HubToOperator = self.receive().await;
        assert!(
            matches!(entries, HubToOperator::Entries { .. }),
            "{entries:?}"
        );
    }

    pub(crate) async fn generate_ticket(&mut self) -> TicketNumber {
        self.send(&OperatorToHub::GenerateTicket).await;
        let route = self
            .wait_for(|message| match message {
                HubToOperator::TicketGenerated { route, .. } => Some(route),
                HubToOperator::TicketRefused { refusal } => panic!("{refusal:?}"),
                _ => None,
            })
            .await;
        TicketNumber::new(route, TicketSecret::from_random(SECRET))
    }

    /// What the host's Helpme does with a typed ticket, up to the hub's first answer.
    pub(crate) async fn open_ticket(&mut self, ticket: &TicketNumber) -> (HostExchange, HubToHost) {
        let (exchange, half) = HostExchange::start(ticket);
        let message = HostToHub::OpenTicket {
            route: ticket.route(),
            computer: "PC-ROSSI".into(),
            user: "Rossi".into(),
            system: "Linux".into(),
            exchange: half.into(),
        };
        self.send(&message).await;
        (exchange, self.receive().await)
    }

    /// The refusal of a ticket that is not good.
    pub(crate) async fn open_refused(&mut self, ticket: &TicketNumber) -> RefusalCode {
        match self.open_ticket(ticket).await.1 {
            HubToHost::TicketRefused { refusal } => refusal.code,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn open_stream(&self, header: StreamHeader) -> FramedWriter {
        let stream = self.greeted.connection.open_uni().await.expect("a stream");
        let mut writer = FramedWriter::new(stream, 64 << 20);
        writer.write(&header).await.expect("sent");
        writer
    }

    pub(crate) async fn accept_stream(&self) -> (StreamHeader, FramedReader) {
        let accept = tokio::time::timeout(PATIENCE, self.greeted.connection.accept_uni());
        let stream = accept.await.expect("in time").expect("a stream");
        let mut reader = FramedReader::new(stream, MAX_HEADER_FRAME_BYTES);
        let header = reader.read().await.expect("well formed").expect("there");
        reader.set_limit(MAX_SCREEN_FRAME_BYTES);
        (header, reader)
    }
}

/// An operator's answer to one typed ticket, up to the host's proof.
pub(crate) async fn answer(
    operator: &mut Peer,
    ticket: &TicketNumber,
) -> (TicketRoute, u64, OperatorExchange) {
    let (route, attempt, half) = operator
        .wait_for(|message| match message {
            HubToOperator::TicketOpened {
                route,
                attempt,
                exchange,
                ..
            } => Some((route, attempt, exchange)),
            _ => None,
        })
        .await;
    let (exchange, ours) = OperatorExchange::answer(ticket, &half).expect("well formed");
    let message = OperatorToHub::AnswerTicket {
        route,
        attempt,
        exchange: ours.into(),
    };
    operator.send(&message).await;
    (route, attempt, exchange)
}

/// The host's proof for `attempt`.
pub(crate) async fn proof(operator: &mut Peer, attempt: u64) -> Bytes {
    operator
        .wait_for(|message| match message {
            HubToOperator::TicketProof {
                attempt: of, proof, ..
            } if of == attempt => Some(proof),
            _ => None,
        })
        .await
}

/// Types `typed` at `host` where `ticket` is the operator's: what the host is told.
pub(crate) async fn guess(
    operator: &mut Peer,
    host: &mut Peer,
    ticket: &TicketNumber,
    typed: &TicketNumber,
) -> RefusalCode {
    let (exchange, half) = HostExchange::start(typed);
    host.send(&HostToHub::OpenTicket {
        route: typed.route(),
        computer: "PC-X".into(),
        user: "X".into(),
        system: "Linux".into(),
        exchange: half.into(),
    })
    .await;
    let (route, attempt, operator_exchange) = answer(operator, ticket).await;
    let HubToHost::TicketAnswered { exchange: half, .. } = host.receive().await else {
        panic!("an answer");
    };
    let (_, host_proof) = exchange.answer(&half).expect("well formed");
    let message = HostToHub::ConfirmTicket {
        proof: host_proof.into(),
    };
    host.send(&message).await;
    let host_proof = proof(operator, attempt).await;
    assert!(operator_exchange.judge(&host_proof).is_err(), "a guess");
    let judged = OperatorToHub::JudgeTicket {
        route,
        attempt,
        proof: None,
    };
    operator.send(&judged).await;
    match host.receive().await {
        HubToHost::TicketRefused { refusal } => refusal.code,
        other => panic!("{other:?}"),
    }
}

/// Sends what the host vouches for; the hub does not look at the tag.
pub(crate) async fn send_tagged<M: Serialize>(writer: &mut FramedWriter, message: &M) {
    try_send_tagged(writer, message).await.expect("sent");
}

pub(crate) async fn try_send_tagged<M: Serialize>(
    writer: &mut FramedWriter,
    message: &M,
) -> Result<(), transport::WriteError> {
    writer.write_tagged(message, |_| [7; TAG_BYTES]).await
}

/// What the hub passed on, without its tag, which must be as it was; `None` at the end.
pub(crate) async fn receive_tagged<M: DeserializeOwned>(reader: &mut FramedReader) -> Option<M> {
    let frame = reader.read_body().await.expect("whole")?;
    let (body, tag) = frame.split_last_chunk::<TAG_BYTES>().expect("a tag");
    assert_eq!(*tag, [7; TAG_BYTES]);
    Some(wire::decode(body).expect("well formed"))
}

/// The keys of a session's two ends.
pub(crate) struct SessionKeys {
    pub(crate) operator: LaneKeys,
    pub(crate) host: LaneKeys,
}

/// Brings `host` in with `ticket`: the whole exchange over it. Gives the key of both and the host's place.
pub(crate) async fn admit(
    operator: &mut Peer,
    host: &mut Peer,
    ticket: &TicketNumber,
) -> (PairKey, PeerId) {
    let (host_exchange, half) = HostExchange::start(ticket);
    host.send(&HostToHub::OpenTicket {
        route: ticket.route(),
        computer: "PC-ROSSI".into(),
        user: "Rossi".into(),
        system: "Linux".into(),
        exchange: half.into(),
    })
    .await;
    let (route, attempt, operator_exchange) = answer(operator, ticket).await;
    let answered = host.wait_for(|message| match message {
        HubToHost::TicketAnswered { exchange, .. } => Some(exchange),
        HubToHost::TicketRefused { refusal } => panic!("{refusal:?}"),
        _ => None,
    });
    let (host_waits, host_proof) = host_exchange.answer(&answered.await).expect("well formed");
    let message = HostToHub::ConfirmTicket {
        proof: host_proof.into(),
    };
    host.send(&message).await;
    let host_proof = proof(operator, attempt).await;
    let (key, ours) = operator_exchange.judge(&host_proof).expect("same secret");
    let judged = OperatorToHub::JudgeTicket {
        route,
        attempt,
        proof: Some(ours.into()),
    };
    operator.send(&judged).await;
    let accepted = host.wait_for(|message| match message {
        HubToHost::TicketAccepted { proof, admission } => Some((proof, admission)),
        _ => None,
    });
    let (proof, admission) = accepted.await;
    // who has a place already keeps it, and the secret of it
    let before = *host.admission.get_or_insert(admission);
    assert_eq!(before.you, admission.you, "its place is the same");
    let host_key = host_waits.finish(&proof).expect("same secret");
    assert_eq!(host_key.to_bytes(), key.to_bytes());
    let entry = operator.wait_for(|message| match message {
        HubToOperator::TicketSettled { host, .. } => Some(host),
        _ => None,
    });
    assert_eq!(admission.you, entry.await);
    (host_key, admission.you)
}

/// The ticket's exchange and the greeting after it; gives the console's end and the host's end of the
/// channel, and what the two have from the ticket.
pub(crate) async fn meet(
    operator: &mut Peer,
    host: &mut Peer,
    ticket: &TicketNumber,
) -> (Channel, Channel, PairKey) {
    let (key, entry) = admit(operator, host, ticket).await;
    let ends = Ends {
        console: operator.admission.expect("logged in").you,
        host: entry,
    };
    let (opening, greeting) = Opening::begin(key.clone(), ends, [5; 32]);
    let to = ends.host;
    operator.send(&OperatorToHub::Greet { to, greeting }).await;
    let greeting = host.wait_for(|message| match message {
        HubToHost::Greeted { from, greeting } => {
            assert_eq!(from, ends.console);
            Some(greeting)
        }
        _ => None,
    });
    let greeting = greeting.await;
    let state = HostState {
        computer: "PC-ROSSI".into(),
        user: "Rossi".into(),
        system: "Linux".into(),
        heard: 0,
        live: None,
    };
    let answered = channel::answer(&key, ends, &greeting, &state, [6; 32]);
    let (channel, greeting) = answered.expect("the right console");
    let to = ends.console;
    host.send(&HostToHub::Greet { to, greeting }).await;
    let greeting = operator.wait_for(|message| match message {
        HubToOperator::Greeted { greeting, .. } => Some(greeting),
        _ => None,
    });
    let (console, _) = opening.finish(&greeting.await).expect("the right host");
    (console, channel, key)
}

/// Another operator whose ticket a host came with, and the two ends of their channel.
pub(crate) struct Colleague {
    pub(crate) operator: Peer,
    pub(crate) console: Channel,
    pub(crate) channel: Channel,
    pub(crate) key: PairKey,
}

impl Colleague {
    /// Logs `name` in, whose ticket `host` comes with too.
    pub(crate) async fn meet(hub: &TestHub, name: &str, host: &mut Peer) -> Self {
        let mut operator = hub.operator(name).await;
        let ticket = operator.generate_ticket().await;
        let (console, channel, key) = meet(&mut operator, host, &ticket).await;
        Self {
            operator,
            console,
            channel,
            key,
        }
    }

    /// The operator's place.
    pub(crate) fn you(&self) -> PeerId {
        self.operator.admission.expect("logged in").you
    }
}

/// An operator and a host that share a channel.
pub(crate) struct Pair {
    pub(crate) operator: Peer,
    pub(crate) host: Peer,
    pub(crate) entry: PeerId,
    pub(crate) route: TicketRoute,
    /// The operator's end and the host's end.
    pub(crate) console: Channel,
    pub(crate) channel: Channel,
    /// What the two ends have from the ticket.
    pub(crate) key: PairKey,
}

impl Pair {
    /// Goes through the whole ticket exchange, and the greeting after it.
    pub(crate) async fn meet(mut operator: Peer, mut host: Peer, ticket: &TicketNumber) -> Self {
        let (console, channel, key) = meet(&mut operator, &mut host, ticket).await;
        Self {
            entry: host.admission.expect("admitted").you,
            route: ticket.route(),
            operator,
            host,
            console,
            channel,
            key,
        }
    }

    /// Stands for `other` and the host from now on; what it stood for is kept in `other`.
    pub(crate) fn trade(&mut self, other: &mut Colleague) {
        std::mem::swap(&mut self.operator, &mut other.operator);
        std::mem::swap(&mut self.console, &mut other.console);
        std::mem::swap(&mut self.channel, &mut other.channel);
    }

    /// The operator's place.
    pub(crate) fn you(&self) -> PeerId {
        self.operator.admission.expect("logged in").you
    }

    /// The header of a stream between the two, or to everybody.
    pub(crate) fn header(&self, lane: Lane, session: SessionId) -> StreamHeader {
        if lane.rules().protection == Protection::Vouched {
            return StreamHeader::to_everybody(lane, session);
        }
        StreamHeader {
            lane,
            session,
            operator: self.you(),
            channel: self.console.id(),
        }
    }

    /// Opens a stream of the host's or of the operator's, as the lane demands.
    pub(crate) async fn open(&self, lane: Lane, session: SessionId) -> FramedWriter {
        let header = self.header(lane, session);
        match lane.rules().direction {
            protocol::Direction::ToOperator => self.host.open_stream(header).await,
            protocol::Direction::ToHost => self.operator.open_stream(header).await,
        }
    }

    /// The host says a word to the operator.
    pub(crate) async fn host_says(&mut self, word: &HostWord) {
        let to = self.you();
        let word = self.channel.say(word);
        self.host.send(&HostToHub::Say { to, word }).await;
    }

    /// The operator says a word to the host.
    pub(crate) async fn operator_says(&mut self, word: &OperatorWord) {
        let to = self.entry;
        let word = self.console.say(word);
        self.operator.send(&OperatorToHub::Say { to, word }).await;
    }

    /// The next word from the host, at the operator.
    pub(crate) async fn operator_hears(&mut self) -> HostWord {
        let word = self.operator.wait_for(|message| match message {
            HubToOperator::Said { word, .. } => Some(word),
            _ => None,
        });
        let word = word.await;
        self.console
            .hear(&word)
            .expect("the host's")
            .expect("known")
    }

    /// The next word from the operator, at the host.
    pub(crate) async fn host_hears(&mut self) -> OperatorWord {
        let word = self.host.wait_for(|message| match message {
            HubToHost::Said { word, .. } => Some(word),
            _ => None,
        });
        let word = word.await;
        self.channel
            .hear(&word)
            .expect("the operator's")
            .expect("known")
    }

    /// The operator's question, as a message.
    pub(crate) fn question(&mut self, asked: Rights) -> OperatorToHub {
        let word = OperatorWord::Ask {
            asked,
            operator: "ANNA".into(),
            formats: (3, 3),
        };
        OperatorToHub::StartSession {
            host: self.entry,
            word: self.console.say(&word),
        }
    }

    /// The operator asks; gives the session's number when the host has the question.
    pub(crate) async fn ask(&mut self, asked: Rights) -> SessionId {
        let message = self.question(asked);
        self.operator.send(&message).await;
        let (session, word) = self
            .host
            .wait_for(|message| match message {
                HubToHost::ConsentAsked { session, word, .. } => Some((session, word)),
                _ => None,
            })
            .await;
        let word: OperatorWord = self
            .channel
            .hear(&word)
            .expect("the operator's")
            .expect("known");
        let OperatorWord::Ask { asked: seen, .. } = word else {
            panic!("{word:?}");
        };
        assert_eq!(seen, asked);
        session
    }

    /// The host's user answers.
    pub(crate) async fn answer(&mut self, session: SessionId, granted: Option<Rights>) {
        let key = PictureKey::from_random([8; 32]);
        let picture_key = self.channel.lane_keys().seal_picture_key(session, &key);
        self.host_says(&HostWord::Answer {
            session,
            granted,
            picture_key: picture_key.into(),
        })
        .await;
    }

    /// A session with `rights`, running at both ends.
    pub(crate) async fn start_session(&mut self, rights: Rights) -> (SessionId, SessionKeys) {
        let session = self.ask(rights).await;
        self.answer(session, Some(rights)).await;
        let answer = self.operator_hears().await;
        assert!(matches!(answer, HostWord::Answer { .. }), "{answer:?}");
        self.host
            .wait_for(|message| match message {
                HubToHost::SessionStarted { session: s, .. } if s == session => Some(()),
                HubToHost::SessionEnded { .. } => panic!("ended"),
                _ => None,
            })
            .await;
        self.operator
            .wait_for(|message| match message {
                HubToOperator::SessionStarted { session: s, .. } if s == session => Some(()),
                HubToOperator::SessionRefused { refusal, .. } => panic!("{refusal:?}"),
                _ => None,
            })
            .await;
        let keys = SessionKeys {
            operator: self.console.lane_keys(),
            host: self.channel.lane_keys(),
        };
        (session, keys)
    }
}

/// The frame of `seq` with `bytes` of a pattern.
pub(crate) fn screen_frame(seq: u64, bytes: usize) -> protocol::ScreenFrame {
    let fill = u8::try_from(seq % 251).expect("small");
    protocol::ScreenFrame {
        seq,
        captured_at_micros: seq * 1000,
        layout: (seq == 1).then(layout),
        payload: vec![fill; bytes].into(),
    }
}

/// What a picture is of that stands alone.
fn layout() -> protocol::ScreenLayout {
    protocol::ScreenLayout {
        monitors: Vec::new(),
        shared: None,
        width: 1,
        height: 1,
        percent: 100,
    }
}
