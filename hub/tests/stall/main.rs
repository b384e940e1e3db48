//! A disk that stalls or is slow: the hub's own, below a real hub with real protocol ends.

#![cfg(target_os = "linux")]
#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::{
    BoundedText, HostWord, HubToHost, HubToOperator, InputEvent, Lane, OperatorToHub, OperatorWord,
    Place, RefusalCode, Rights, ScreenFrame, wire,
};
use session::Sealer;
use session::channel::TAG_BYTES;
use support::{
    Pair, TestHub, add_operator, folder, run_hub, screen_frame, send_tagged, text, try_send_tagged,
};
use tokio::task::JoinHandle;
use transport::{FramedReader, FramedWriter};

const STALL: Duration = Duration::from_secs(3);
/// Input events a second, each in a frame of its own.
const EVENT_EVERY: Duration = Duration::from_millis(10);
/// Pictures, and how often.
const PICTURES: u64 = 180;
const PICTURE_EVERY: Duration = Duration::from_millis(15);
/// How far pictures may be ahead of a disk: a queue, and a transaction.
const AHEAD: usize = 64 + 64;
/// Operators who ask without pause; each may do so some two hundred times before the hub reads them more
/// slowly.
const ASKING: usize = 11;
const P95: Duration = Duration::from_millis(20);

/// A hub whose disk the test holds.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        let folder = folder();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stall/disk.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]);
        cc.arg(folder.path().join("disk.so")).arg(source);
        // where the C library has the calls in a library of their own
        cc.arg("-ldl");
        assert!(cc.status().expect("there is a C compiler").success());
        Self { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn flag(&self) -> PathBuf {
        self.folder.path().join("stalled")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("synced")
    }

    /// How often what ends with `name` was synced.
    fn syncs(&self, name: &str) -> usize {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        log.lines().filter(|path| path.ends_with(name)).count()
    }

    /// Starts a hub on this disk, each of whose syncs takes `sync_millis` more.
    fn serve(&self, sync_millis: u32, args: &[&str]) -> TestHub {
        let mut hub = Command::new(env!("CARGO_BIN_EXE_hub"));
        hub.env("LD_PRELOAD", self.folder.path().join("disk.so"));
        hub.env("STALL_FOLDER", self.data());
        hub.env("STALL_FLAG", self.flag());
        hub.env("STALL_SYNC_MILLIS", sync_millis.to_string());
        hub.env("STALL_LOG", self.log());
        TestHub::serve_by(hub, &self.data(), args)
    }

    fn stall(&self) {
        std::fs::write(self.flag(), "").expect("written");
    }

    fn go_on(&self) {
        std::fs::remove_file(self.flag()).expect("removed");
    }
}

/// The 95th percentile and the longest.
fn p95_and_longest(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() * 95 / 100], times[times.len() - 1])
}

/// Sends sealed input at its pace; gives when each frame left.
fn type_for(
    mut writer: FramedWriter,
    mut sealer: Sealer,
    lasting: Duration,
) -> JoinHandle<Vec<Instant>> {
    let events = lasting.as_millis() / EVENT_EVERY.as_millis();
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(EVENT_EVERY);
        let mut left = Vec::new();
        for n in 0..events {
            pace.tick().await;
            let x = i32::try_from(n % 1000).expect("small");
            let to = Place { x, y: 1, seen: 1 };
            let event = InputEvent::PointerMoved { to };
            let plain = wire::encode(&event, 1024).expect("small");
            let sealed = sealer.seal(&plain);
            left.push(Instant::now());
            writer.write_body(sealed.into()).await.expect("sent");
        }
        writer.finish();
        left
    })
}

/// Takes frames until the stream ends; gives when each came.
fn take_all(mut reader: FramedReader) -> JoinHandle<Vec<(Instant, Bytes)>> {
    tokio::spawn(async move {
        let mut came = Vec::new();
        while let Some(body) = reader.read_body().await.expect("whole") {
            came.push((Instant::now(), body));
        }
        came
    })
}

/// A line of chat each way; gives how long each took.
async fn chat(pair: &mut Pair, line: u64) -> [Duration; 2] {
    let text = BoundedText::cut(format!("line {line}"));
    let before = Instant::now();
    let to_operator = HostWord::Chat {
        line,
        text: text.clone(),
    };
    pair.host_says(&to_operator).await;
    assert_eq!(pair.operator_hears().await, to_operator);
    let up = before.elapsed();
    let before = Instant::now();
    let to_host = OperatorWord::Chat { line, text };
    pair.operator_says(&to_host).await;
    assert_eq!(pair.host_hears().await, to_host);
    [up, before.elapsed()]
}

/// The operator asks, and the user refuses if the question comes; gives what the operator is told.
async fn ask_and_refuse(pair: &mut Pair) -> RefusalCode {
    let ask = pair.question(Rights::SEE_AND_CONTROL);
    pair.operator.send(&ask).await;
    let pending = pair.operator.wait_for(|m| match m {
        HubToOperator::ConsentPending { session, .. } => Some(Ok(session)),
        HubToOperator::SessionRefused { refusal, .. } => Some(Err(refusal.code)),
        _ => None,
    });
    let session = match pending.await {
        Ok(session) => session,
        Err(code) => return code,
    };
    let question = pair.host.wait_for(|m| match m {
        HubToHost::ConsentAsked {
            session: s, word, ..
        } if s == session => Some(word),
        _ => None,
    });
    let word = question.await;
    let asked: Option<OperatorWord> = pair.channel.hear(&word).expect("the operator's");
    let asked = asked.expect("a word that is known");
    assert!(matches!(asked, OperatorWord::Ask { .. }), "{asked:?}");
    pair.answer(session, None).await;
    let refused = |m| match m {
        HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
        _ => None,
    };
    pair.operator.wait_for(refused).await
}

/// How long a question takes, from the operator to the user and back.
async fn refused_consent(pair: &mut Pair) -> Duration {
    let before = Instant::now();
    let code = ask_and_refuse(pair).await;
    assert_eq!(code, RefusalCode::CONSENT_REFUSED);
    before.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_stalls_for_three_seconds_holds_up_neither_input_nor_chat_nor_consent() {
    let disk = Disk::new();
    for name in ["anna", "bruno"] {
        add_operator(&disk.data(), name);
    }
    let hub = disk.serve(0, &[]);
    let mut pair = hub.pair("anna").await;
    let mut others = hub.pair("bruno").await;
    let (session, keys) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let input = pair.open(Lane::Input, session).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 100)).await;
    let (_, seen) = pair.operator.accept_stream().await;
    let seen = take_all(seen);

    disk.stall();
    let stalled = Instant::now();
    let typing = type_for(input, keys.operator.sealer(session, Lane::Input), STALL);
    let (_, input) = pair.host.accept_stream().await;
    let taking = take_all(input);
    // more pictures than the hub keeps for a disk
    let filming = tokio::spawn(async move {
        let mut pace = tokio::time::interval(PICTURE_EVERY);
        for seq in 2..=PICTURES {
            pace.tick().await;
            let frame = screen_frame(seq, 16 << 10);
            try_send_tagged(&mut screen, &frame).await.expect("sent");
        }
        screen.finish();
    });
    let mut chats = Vec::new();
    let mut consents = Vec::new();
    let mut line = 0;
    while stalled.elapsed() + Duration::from_millis(300) < STALL {
        line += 1;
        chats.extend(chat(&mut pair, line).await);
        consents.push(refused_consent(&mut others).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // consent that is given needs a film, so it begins when the disk is back; taking rights back
    // does not
    let granted = others.ask(Rights::SEE_AND_CONTROL).await;
    others.answer(granted, Some(Rights::SEE_AND_CONTROL)).await;
    let left = typing.await.expect("no panic");
    let rights = Rights::SEE;
    let less = HostWord::Reduce { session, rights };
    let came = taking.await.expect("no panic");
    let before = Instant::now();
    pair.host_says(&less).await;
    assert_eq!(pair.operator_hears().await, less);
    let took_back = before.elapsed();
    tokio::time::sleep(STALL.saturating_sub(stalled.elapsed())).await;
    disk.go_on();
    let back = Instant::now();
    let lasted = back - stalled;

    // everything came, in order and unbroken, while the disk stood still
    assert!(lasted >= STALL, "{lasted:?}");
    assert_eq!(came.len(), left.len());
    let mut opener = keys.host.opener(session, Lane::Input);
    for (_, body) in &came {
        opener.open(body).expect("sealed by the operator, in order");
    }
    let pairs = left.iter().zip(&came);
    let mut times: Vec<Duration> = pairs.map(|(left, (came, _))| *came - *left).collect();
    let inputs = times.len();
    let (input_p95, input_longest) = p95_and_longest(&mut times);
    let (chat_p95, chat_longest) = p95_and_longest(&mut chats);
    let (consent_p95, consent_longest) = p95_and_longest(&mut consents);
    println!(
        "{inputs} inputs p95 {input_p95:?} longest {input_longest:?}; \
         {} chats p95 {chat_p95:?} longest {chat_longest:?}; \
         {} consents p95 {consent_p95:?} longest {consent_longest:?}; rights {took_back:?}",
        chats.len(),
        consents.len()
    );
    assert!(input_p95 < P95, "{input_p95:?}");
    assert!(chat_p95 < P95 * 5, "{chat_p95:?}");
    assert!(consent_p95 < P95 * 5, "{consent_p95:?}");
    assert!(took_back < P95 * 10, "{took_back:?}");

    // and it catches up: the pictures, the session that waited for its film, and the films
    filming.await.expect("no panic");
    let seen = seen.await.expect("no panic");
    println!("caught up in {:?}", back.elapsed());
    let numbers = seen.iter().map(|(_, body)| {
        let (body, _tag) = body.split_last_chunk::<TAG_BYTES>().expect("a tag");
        let frame: ScreenFrame = wire::decode(body).expect("well formed");
        frame.seq
    });
    assert!(numbers.eq(1..=PICTURES), "in order, and all of them");
    let went_by = seen.iter().filter(|(came, _)| *came < stalled + lasted);
    let went_by = went_by.count();
    println!("{went_by} pictures went by while the disk stood still");
    assert!((64..=AHEAD + 1).contains(&went_by), "{went_by}");
    others
        .host
        .wait_for(|m| match m {
            HubToHost::SessionStarted { session: s, .. } if s == granted => Some(()),
            _ => None,
        })
        .await;
    for (pair, session) in [(&mut pair, session), (&mut others, granted)] {
        let end = OperatorToHub::EndSession { session };
        pair.operator.send(&end).await;
        let ended = |m| matches!(m, HubToOperator::SessionEnded { .. }).then_some(());
        pair.operator.wait_for(ended).await;
    }
    let mut hub = hub;
    hub.terminate();
    hub.wait(Duration::from_secs(10)).expect("the hub ends");
    for id in [session, granted] {
        let args = ["film", "verify", &id.to_string(), "--data", hub.data_text()];
        let verified = run_hub(&args, "");
        let said = text(&verified);
        assert!(
            verified.status.success() && !said.contains("not finished"),
            "{said}"
        );
    }
    let audit = run_hub(&["audit", "verify", "--data", hub.data_text()], "");
    assert!(audit.status.success(), "{}", text(&audit));
}

/// Lets each operator ask for `tickets` at once.
async fn ask_for_tickets(operators: &mut [support::Peer], tickets: usize) {
    for operator in operators {
        for _ in 0..tickets {
            operator.send(&OperatorToHub::GenerateTicket).await;
        }
    }
}

/// How many of what was asked for were made, and how many refused.
async fn tickets_made(operators: &mut [support::Peer], tickets: usize) -> (usize, usize) {
    let (mut made, mut refused) = (0, 0);
    for operator in operators {
        for _ in 0..tickets {
            let answer = operator.wait_for(|m| match m {
                HubToOperator::TicketGenerated { .. } => Some(None),
                HubToOperator::TicketRefused { refusal } => Some(Some(refusal.code)),
                _ => None,
            });
            match answer.await {
                None => made += 1,
                Some(RefusalCode::INTERNAL) => refused += 1,
                Some(other) => panic!("{other:?}"),
            }
        }
    }
    (made, refused)
}

async fn operators(disk: &Disk, hub: &TestHub, count: usize) -> Vec<support::Peer> {
    let mut operators = Vec::new();
    for n in 0..count {
        let name = format!("operator{n}");
        add_operator(&disk.data(), &name);
        operators.push(hub.operator(&name).await);
    }
    operators
}

#[tokio::test]
async fn a_thousand_changes_at_once_settle_within_two_seconds_on_a_slow_disk() {
    let disk = Disk::new();
    add_operator(&disk.data(), "anna");
    // one by one they would take ten seconds and more
    let hub = disk.serve(10, &[]);
    let mut operators = operators(&disk, &hub, 20).await;
    let before = Instant::now();
    ask_for_tickets(&mut operators, 50).await;
    let (made, refused) = tickets_made(&mut operators, 50).await;
    let took = before.elapsed();
    println!("{made} tickets in {took:?}");
    assert_eq!((made, refused), (1000, 0));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn a_disk_that_stalls_for_long_stops_new_work_and_cuts_nobody() {
    let disk = Disk::new();
    for name in ["anna", "bruno"] {
        add_operator(&disk.data(), name);
    }
    let hub = disk.serve(0, &[]);
    let mut pair = hub.pair("anna").await;
    let mut bruno = vec![hub.operator("bruno").await];
    let mut pairs = Vec::new();
    for n in 0..ASKING {
        let name = format!("operator{n}");
        add_operator(&disk.data(), &name);
        pairs.push(hub.pair(&name).await);
    }
    disk.stall();
    ask_for_tickets(&mut bruno, 10).await;
    assert_eq!(
        ask_and_refuse(&mut pair).await,
        RefusalCode::CONSENT_REFUSED
    );
    // each question and its answer are two things to remember
    let mut asking = tokio::task::JoinSet::new();
    for mut pair in pairs {
        asking.spawn(async move {
            let mut asked = 0;
            while ask_and_refuse(&mut pair).await != RefusalCode::INTERNAL {
                asked += 1;
                assert!(asked < 1000, "the hub takes whatever comes");
            }
            asked
        });
    }
    let asked: i32 = asking.join_all().await.into_iter().sum();
    println!("refused after {asked} questions");
    pair.operator.send(&OperatorToHub::GenerateTicket).await;
    let refused = |m| match m {
        HubToOperator::TicketRefused { refusal } => Some(refusal),
        _ => None,
    };
    let refusal = pair.operator.wait_for(refused).await;
    assert_eq!(refusal.code, RefusalCode::INTERNAL);
    assert!(refusal.retry_after_seconds > 0);
    chat(&mut pair, 1).await;
    disk.go_on();
    assert_eq!(tickets_made(&mut bruno, 10).await, (10, 0));
    // and when the disk is back there is new work, for everybody who is still there
    chat(&mut pair, 2).await;
    pair.start_session(Rights::SEE_AND_CONTROL).await;
    pair.operator.generate_ticket().await;
    let audit = run_hub(&["audit", "verify", "--data", hub.data_text()], "");
    assert!(audit.status.success(), "{}", text(&audit));
}

#[tokio::test]
async fn a_film_is_on_the_disk_when_it_begins_while_it_runs_and_when_it_is_over() {
    let disk = Disk::new();
    for name in ["anna", "bruno"] {
        add_operator(&disk.data(), name);
    }
    let hub = disk.serve(0, &[]);
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let film = "00000001.film";
    let begun = (disk.syncs("/films"), disk.syncs(film));
    assert!(begun.0 >= 1 && begun.1 >= 1, "{begun:?}");
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 100)).await;
    let written = disk.syncs(&format!("{film}-wal")) + begun.1;
    tokio::time::sleep(Duration::from_secs(7)).await;
    let running = disk.syncs(&format!("{film}-wal")) + disk.syncs(film);
    assert!(running > written, "nothing was synced while it ran");
    let running = (disk.syncs("/films"), disk.syncs(film));
    let end = OperatorToHub::EndSession { session };
    pair.operator.send(&end).await;
    let ended = |m| matches!(m, HubToOperator::SessionEnded { .. }).then_some(());
    pair.operator.wait_for(ended).await;
    let mut hub = hub;
    hub.terminate();
    hub.wait(Duration::from_secs(10)).expect("the hub ends");
    let over = (disk.syncs("/films"), disk.syncs(film));
    assert!(
        over.0 > running.0 && over.1 > running.1,
        "{running:?} {over:?}"
    );
}
