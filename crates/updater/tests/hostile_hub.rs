//! A program that looks for its next version at hubs that lie, over a real connection. Whatever they say, the program
//! stays as it is; and what its maker signed takes its place.
#![cfg(unix)]
#![expect(
    clippy::panic,
    reason = "a test waits for one answer, and fails on any other"
)]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use maker::{CHANNEL_FILE, Channel, ChannelFault, Listed, Mistrust, Version};
use protocol::limits::MAX_CONTROL_FRAME_BYTES;
use protocol::updates::{HubToSeeker, MAX_PART_BYTES, SeekerToHub};
use protocol::version::UPDATES;
use protocol::{
    ClientHello, HostToHub, HubAddress, HubHello, ProtocolVersion, Refusal, RefusalCode,
    UpdateState, UpdateTrouble,
};
use tempfile::TempDir;
use transport::{Fingerprint, FramedReader, FramedWriter, HubIdentity, Pin, Routes};
use update::{Own, UpdateFault};
use updater::{Hub, Look, Offer, SeekFault, Seeker, Updater};

const PATIENCE: Duration = Duration::from_secs(20);

/// A program of that version, as its maker has it.
fn program(version: &str) -> Vec<u8> {
    format!(
        "#!/bin/sh\necho helpme {version}\nexit 0\n{}",
        "#".repeat(200_000)
    )
    .into_bytes()
}

/// What the maker calls it for this system.
fn file() -> String {
    format!("helpme-{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

fn sign(bytes: &[u8], file: &str, version: &str) -> Vec<u8> {
    let key = include_str!("../../maker/test.key").to_owned();
    let key = minisign::SecretKeyBox::from(key).into_unencrypted_secret_key();
    let comment = format!("timestamp:1790000000\tfile:{file}\tversion:{version}");
    let signature = minisign::sign(None, &key.expect("a key"), bytes, Some(&comment), None);
    signature.expect("signed").into_string().into_bytes()
}

/// What a hub has.
#[derive(Debug, Clone)]
struct Goods {
    serial: u64,
    listed: Listed,
    program: Vec<u8>,
    signature: Vec<u8>,
}

impl Goods {
    fn of(version: &str) -> Self {
        let program = program(version);
        Self {
            serial: 7,
            listed: Listed::of(&file(), version.parse().expect("a version"), &program),
            signature: sign(&program, &file(), version),
            program,
        }
    }

    fn versions(&self) -> HubToSeeker {
        let channel = Channel {
            serial: self.serial,
            unix_seconds: 1_790_000_000,
            programs: vec![self.listed.clone()],
        };
        let channel = serde_json::to_vec(&channel).expect("JSON");
        HubToSeeker::Versions {
            signature: sign(&channel, CHANNEL_FILE, "0.2.0").into(),
            channel: channel.into(),
            is_here: true,
            by_themselves: false,
        }
    }

    fn answer(&self, question: &SeekerToHub) -> Vec<HubToSeeker> {
        match question {
            SeekerToHub::Look { .. } => vec![self.versions()],
            SeekerToHub::Fetch { .. } => {
                let mut answer = vec![HubToSeeker::Program {
                    bytes: self.program.len().try_into().expect("small"),
                    signature: self.signature.clone().into(),
                }];
                answer.extend(self.program.chunks(MAX_PART_BYTES).map(part));
                answer
            }
        }
    }
}

fn part(bytes: &[u8]) -> HubToSeeker {
    HubToSeeker::Part {
        bytes: bytes.to_vec().into(),
    }
}

type Script = Arc<dyn Fn(&SeekerToHub) -> Vec<HubToSeeker> + Send + Sync>;

/// A hub that answers as its script says, and how often it was called.
struct TestHub {
    address: HubAddress,
    pin: Fingerprint,
    calls: Arc<Mutex<usize>>,
    _data: TempDir,
}

impl TestHub {
    fn start(version: ProtocolVersion, script: Script) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let identity = HubIdentity::open_or_create(data.path()).expect("a key");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let endpoint = transport::server::bind(any, &identity).expect("a port");
        let port = endpoint.local_addr().expect("bound").port();
        let calls = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&calls);
        tokio::spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                *counted.lock().expect("a count") += 1;
                tokio::spawn(serve(incoming, version, Arc::clone(&script)));
            }
        });
        Self {
            address: HubAddress {
                host: "127.0.0.1".to_owned(),
                port,
            },
            pin: identity.fingerprint(),
            calls,
            _data: data,
        }
    }

    fn with(script: impl Fn(&SeekerToHub) -> Vec<HubToSeeker> + Send + Sync + 'static) -> Self {
        Self::start(UPDATES, Arc::new(script))
    }

    fn honest(goods: Goods) -> Self {
        Self::with(move |question| goods.answer(question))
    }
}

async fn serve(incoming: quinn::Incoming, version: ProtocolVersion, script: Script) {
    let Ok(connection) = incoming.await else {
        return;
    };
    let Ok((send, recv)) = connection.accept_bi().await else {
        return;
    };
    let mut reader = FramedReader::new(recv, MAX_CONTROL_FRAME_BYTES);
    let mut writer = FramedWriter::new(send, MAX_CONTROL_FRAME_BYTES);
    let Ok(Some(_hello)) = reader.read::<ClientHello>().await else {
        return;
    };
    let hub = "test".into();
    let welcome = HubHello::Welcome { version, hub };
    if writer.write(&welcome).await.is_err() {
        return;
    }
    let Ok(Some(first)) = reader.read::<HostToHub>().await else {
        return;
    };
    assert_eq!(first, HostToHub::SeekUpdates);
    while let Ok(Some(question)) = reader.read::<SeekerToHub>().await {
        for message in script(&question) {
            if writer.write(&message).await.is_err() {
                return;
            }
        }
    }
    connection.closed().await;
}

/// Somebody's Helpme 0.2.0.
struct Desk {
    folder: TempDir,
    own: Own,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let exe = folder.path().join("helpme");
        fs::write(&exe, program("0.2.0")).expect("written");
        fs::set_permissions(&exe, fs::Permissions::from_mode(0o755)).expect("set");
        let own = Own {
            exe,
            name: "helpme",
            version: Version::new(0, 2, 0),
        };
        Self { folder, own }
    }

    fn memory(&self) -> PathBuf {
        self.folder.path().join("memory/newest")
    }

    fn seeker(&self, hub: &TestHub) -> Seeker {
        Seeker {
            hub: hub.address.clone(),
            pin: Pin::Key(hub.pin),
            routes: Routes::with_tunnels_at(&[]),
            program: "helpme 0.2.0 linux".to_owned(),
            own: self.own.clone(),
            memory: self.memory(),
        }
    }

    async fn look(&self, hub: &TestHub) -> Result<Look, SeekFault> {
        self.seeker(hub).look().await
    }

    async fn offer(&self, hub: &TestHub) -> Offer {
        match self.look(hub).await {
            Ok(Look::Offered(offer)) => offer,
            other => panic!("{other:?}"),
        }
    }

    /// Takes what the hub offers, all the way.
    async fn take(&self, hub: &TestHub) -> Result<Version, SeekFault> {
        let offer = self.offer(hub).await;
        let fetched = self.seeker(hub).fetch(&offer, |_| {}).await?;
        Ok(fetched.place(&self.own)?)
    }

    async fn refuses(&self, hub: &TestHub, trouble: UpdateTrouble) -> SeekFault {
        let fault = self.take(hub).await.expect_err("refused");
        assert_eq!(fault.trouble(), trouble, "{fault}");
        self.is_as_it_was();
        fault
    }

    fn is_as_it_was(&self) {
        let bytes = fs::read(&self.own.exe).expect("read");
        assert!(bytes == program("0.2.0"), "as it was");
        for left in ["helpme.next", "helpme.before"] {
            assert!(!self.folder.path().join(left).exists(), "{left}");
        }
    }

    fn says(&self) -> String {
        let said = Command::new(&self.own.exe).arg("--version").output();
        let said = String::from_utf8(said.expect("it starts").stdout).expect("text");
        said.trim().to_owned()
    }
}

#[tokio::test]
async fn p3_what_the_maker_signed_comes_from_the_hub_takes_its_place_and_is_taken_back() {
    let desk = Desk::new();
    let hub = TestHub::honest(Goods::of("0.3.0"));
    let told = Mutex::new(Vec::new());
    let offer = desk.offer(&hub).await;
    assert_eq!(offer.version(), &Version::new(0, 3, 0));
    let seeker = desk.seeker(&hub);
    let fetched = seeker.fetch(&offer, |bytes| told.lock().expect("a list").push(bytes));
    let fetched = fetched.await.expect("fetched");
    let told = told.into_inner().expect("a list");
    assert!(told.len() > 2 && told.is_sorted());
    assert_eq!(told.last(), Some(&offer.bytes()));
    fetched.place(&desk.own).expect("placed");
    assert_eq!(desk.says(), "helpme 0.3.0");
    let newer = Own {
        version: Version::new(0, 3, 0),
        ..desk.own.clone()
    };
    newer.roll_back().expect("brought back");
    assert_eq!(desk.says(), "helpme 0.2.0");
}

#[tokio::test]
async fn p3_an_older_hub_and_one_without_a_list_are_left_alone() {
    let desk = Desk::new();
    let never: Script = Arc::new(|question| panic!("{question:?}"));
    let older = TestHub::start(ProtocolVersion(UPDATES.0 - 1), never);
    assert_eq!(desk.look(&older).await.expect("no fault"), Look::NoList);
    let none = TestHub::with(|_| vec![HubToSeeker::Nothing]);
    assert_eq!(desk.look(&none).await.expect("no fault"), Look::NoList);
    let same = TestHub::honest(Goods::of("0.2.0"));
    assert_eq!(desk.look(&same).await.expect("no fault"), Look::Newest);
    // the list names it, and the hub does not have it
    let goods = Goods::of("0.3.0");
    let elsewhere = TestHub::with(move |_| {
        let HubToSeeker::Versions {
            channel, signature, ..
        } = goods.versions()
        else {
            return Vec::new();
        };
        vec![HubToSeeker::Versions {
            channel,
            signature,
            is_here: false,
            by_themselves: false,
        }]
    });
    assert_eq!(desk.look(&elsewhere).await.expect("no fault"), Look::Newest);
}

#[tokio::test]
async fn p3_a_list_that_is_not_the_makers_or_older_than_one_before_is_refused() {
    let desk = Desk::new();
    let goods = Goods::of("0.3.0");
    let changed = goods.clone();
    let changed = TestHub::with(move |_| {
        let HubToSeeker::Versions {
            channel, signature, ..
        } = changed.versions()
        else {
            return Vec::new();
        };
        let mut channel = channel.to_vec();
        let at = channel
            .iter()
            .position(|byte| *byte == b'3')
            .expect("a digit");
        channel[at] = b'9';
        vec![HubToSeeker::Versions {
            channel: channel.into(),
            signature,
            is_here: true,
            by_themselves: true,
        }]
    });
    let fault = desk.look(&changed).await.expect_err("refused");
    assert!(
        matches!(
            fault,
            SeekFault::Channel(ChannelFault::Mistrust(Mistrust::Changed))
        ),
        "{fault}"
    );
    assert_eq!(fault.trouble(), UpdateTrouble::Forged);

    desk.offer(&TestHub::honest(goods.clone())).await;
    let older = Goods { serial: 6, ..goods };
    let fault = desk.look(&TestHub::honest(older)).await.expect_err("older");
    assert!(
        matches!(
            fault,
            SeekFault::Channel(ChannelFault::Older { found: 6, known: 7 })
        ),
        "{fault}"
    );
    let downgrade = Goods {
        serial: 8,
        ..Goods::of("0.1.0")
    };
    let fault = desk.look(&TestHub::honest(downgrade)).await;
    let fault = fault.expect_err("older than what runs");
    assert_eq!(fault.trouble(), UpdateTrouble::Older, "{fault}");
    desk.is_as_it_was();
}

#[tokio::test]
async fn p3_a_hub_that_sends_other_bytes_than_the_list_names_is_refused() {
    let desk = Desk::new();
    let goods = Goods::of("0.3.0");
    // one byte, in the middle
    let mut changed = goods.clone();
    let middle = changed.program.len() / 2;
    changed.program[middle] ^= 1;
    let fault = desk
        .refuses(&TestHub::honest(changed), UpdateTrouble::Forged)
        .await;
    assert!(matches!(fault, SeekFault::WrongBytes), "{fault}");
    // the maker's own older one, of the same length
    let mut older = goods.clone();
    older.program = program("0.1.0");
    older.signature = sign(&older.program, &file(), "0.1.0");
    desk.refuses(&TestHub::honest(older), UpdateTrouble::Forged)
        .await;
    // another signature of the maker's: the list and the program do not fit together
    for (name, version, trouble) in [
        (file(), "0.1.0", UpdateTrouble::Older),
        (
            "purepc-linux-x86_64".to_owned(),
            "0.3.0",
            UpdateTrouble::OtherProgram,
        ),
        (
            "helpme-windows-x86_64.exe".to_owned(),
            "0.3.0",
            UpdateTrouble::OtherProgram,
        ),
    ] {
        let mut other = goods.clone();
        other.signature = sign(&other.program, &name, version);
        desk.refuses(&TestHub::honest(other), trouble).await;
    }
    // nobody's signature
    let mut unsigned = goods.clone();
    unsigned.signature = b"trust me".to_vec();
    desk.refuses(&TestHub::honest(unsigned), UpdateTrouble::Forged)
        .await;
    // what does not start here
    let script = b"#!/bin/sh\nexit 3\n".to_vec();
    let broken = Goods {
        listed: Listed::of(&file(), Version::new(0, 3, 0), &script),
        signature: sign(&script, &file(), "0.3.0"),
        program: script,
        ..goods
    };
    desk.refuses(&TestHub::honest(broken), UpdateTrouble::DoesNotStart)
        .await;
}

#[tokio::test]
async fn p3_a_hub_that_sends_without_end_or_too_little_is_refused() {
    let desk = Desk::new();
    let goods = Goods::of("0.3.0");
    let with = |fetched: fn(&Goods) -> Vec<HubToSeeker>| {
        let goods = goods.clone();
        TestHub::with(move |question| match question {
            SeekerToHub::Look { .. } => goods.answer(question),
            SeekerToHub::Fetch { .. } => fetched(&goods),
        })
    };
    let larger = with(|goods| {
        vec![HubToSeeker::Program {
            bytes: u64::MAX,
            signature: goods.signature.clone().into(),
        }]
    });
    desk.refuses(&larger, UpdateTrouble::WrongSize).await;
    let endless = with(|goods| {
        let mut answer = goods.answer(&SeekerToHub::Fetch { file: "".into() });
        answer.pop();
        answer.extend(std::iter::repeat_n(part(&vec![0; MAX_PART_BYTES]), 1000));
        answer
    });
    desk.refuses(&endless, UpdateTrouble::WrongSize).await;
    let empty = with(|goods| {
        let mut answer = goods.answer(&SeekerToHub::Fetch { file: "".into() });
        answer.truncate(1);
        answer.push(part(&[]));
        answer
    });
    desk.refuses(&empty, UpdateTrouble::Forged).await;
    let gone = with(|_| {
        vec![HubToSeeker::Refused {
            refusal: RefusalCode::NOT_THERE.into(),
        }]
    });
    desk.refuses(&gone, UpdateTrouble::Gone).await;
    let busy = with(|_| {
        let code = RefusalCode::FULL;
        let refusal = Refusal {
            code,
            retry_after_seconds: 60,
        };
        vec![HubToSeeker::Refused { refusal }]
    });
    desk.refuses(&busy, UpdateTrouble::Busy).await;
    let confused = with(|_| vec![HubToSeeker::Nothing]);
    desk.refuses(&confused, UpdateTrouble::Forged).await;
}

/// Waits until the state is such.
async fn becomes(updater: &Updater, is: impl Fn(&UpdateState) -> bool) -> UpdateState {
    let end = Instant::now() + PATIENCE;
    loop {
        let state = updater.state();
        if is(&state) {
            return state;
        }
        assert!(Instant::now() < end, "{state:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn p3_nothing_is_fetched_before_somebody_says_so_and_nothing_while_a_session_runs() {
    let desk = Desk::new();
    let fetches = Arc::new(Mutex::new(0));
    let (goods, counted) = (Goods::of("0.3.0"), Arc::clone(&fetches));
    let hub = TestHub::with(move |question| {
        if matches!(question, SeekerToHub::Fetch { .. }) {
            *counted.lock().expect("a count") += 1;
        }
        goods.answer(question)
    });
    let program = "helpme 0.2.0 linux".to_owned();
    let updater = Updater::start(desk.own.clone(), program, desk.memory(), || {});
    let updater = updater.expect("a thread");
    updater.look_at(Some(Hub {
        address: hub.address.clone(),
        pin: Pin::Key(hub.pin),
        routes: Routes::with_tunnels_at(&[]),
    }));
    becomes(&updater, |state| {
        matches!(state, UpdateState::Offered { .. })
    })
    .await;
    updater.be_busy(true);
    updater.begin();
    becomes(&updater, |state| {
        matches!(state, UpdateState::Waiting { .. })
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(*fetches.lock().expect("a count"), 0);
    updater.cancel();
    becomes(&updater, |state| {
        matches!(state, UpdateState::Offered { .. })
    })
    .await;
    updater.begin();
    updater.be_busy(false);
    becomes(&updater, |state| matches!(state, UpdateState::Ready { .. })).await;
    assert_eq!(*fetches.lock().expect("a count"), 1);
    assert_eq!(desk.says(), "helpme 0.3.0");
    // what runs is the old one still, and looks no more
    let calls = *hub.calls.lock().expect("a count");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(*hub.calls.lock().expect("a count"), calls);
}

#[tokio::test]
async fn p3_a_program_that_cannot_be_replaced_asks_nobody() {
    let desk = Desk::new();
    let hub = TestHub::honest(Goods::of("0.3.0"));
    let packaged = Own {
        exe: "/usr/bin/helpme".into(),
        ..desk.own.clone()
    };
    assert!(matches!(packaged.obstacle(), Some(UpdateFault::Packaged)));
    let program = "helpme 0.2.0 linux".to_owned();
    let updater = Updater::start(packaged, program, desk.memory(), || {}).expect("a thread");
    updater.look_at(Some(Hub {
        address: hub.address.clone(),
        pin: Pin::Key(hub.pin),
        routes: Routes::with_tunnels_at(&[]),
    }));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(*hub.calls.lock().expect("a count"), 0);
    assert_eq!(updater.state(), UpdateState::Newest);
}
