//! A hub that tells programs of newer versions and hands them out (P3).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one answer among many, and fails on any other"
)]

mod support;

use std::fs;
use std::path::Path;

use maker::{Channel, Listed};
use protocol::updates::{HubToSeeker, MAX_PART_BYTES, SeekerToHub};
use protocol::{HostToHub, RefusalCode, Role};
use support::{TestHub, put_download, put_version, run_hub, text};
use transport::client::Greeted;

const PUREPC: &str = "purepc-linux-x86_64";
const HELPME: &str = "helpme-linux-x86_64";

fn program() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n % 251) as u8).collect()
}

fn add(hub: &TestHub, file: &Path) -> (bool, String) {
    let file = file.to_str().expect("plain");
    let said = run_hub(&["updates", "add", file, "--data", hub.data_text()], "");
    (said.status.success(), text(&said))
}

/// The maker's list of these.
fn list(folder: &Path, serial: u64, programs: Vec<Listed>) {
    let channel = Channel {
        serial,
        unix_seconds: 1_790_000_000,
        programs,
    };
    let channel = serde_json::to_vec(&channel).expect("JSON");
    put_version(folder, "channel.json", "0.2.0", &channel);
}

fn listed(file: &str, program: &[u8]) -> Listed {
    Listed::of(file, "0.2.0".parse().expect("a version"), program)
}

/// A program that looks for its next version.
struct Asking(Greeted);

impl Asking {
    async fn at(hub: &TestHub) -> Self {
        let mut greeted = hub.connect(Role::Host).await.expect("greeted");
        let said = greeted.writer.write(&HostToHub::SeekUpdates).await;
        said.expect("sent");
        Self(greeted)
    }

    async fn ask(&mut self, question: SeekerToHub) -> HubToSeeker {
        self.0.writer.write(&question).await.expect("sent");
        self.hear().await
    }

    async fn hear(&mut self) -> HubToSeeker {
        let heard = tokio::time::timeout(support::PATIENCE, self.0.reader.read());
        heard.await.expect("in time").expect("whole").expect("said")
    }

    async fn look(&mut self, file: &str) -> (bool, bool) {
        match self.ask(SeekerToHub::Look { file: file.into() }).await {
            HubToSeeker::Versions {
                is_here,
                by_themselves,
                ..
            } => (is_here, by_themselves),
            other => panic!("{other:?}"),
        }
    }

    /// All of a program.
    async fn fetch(&mut self, file: &str) -> Result<Vec<u8>, RefusalCode> {
        let bytes = match self.ask(SeekerToHub::Fetch { file: file.into() }).await {
            HubToSeeker::Program { bytes, .. } => usize::try_from(bytes).expect("small"),
            HubToSeeker::Refused { refusal } => return Err(refusal.code),
            other => panic!("{other:?}"),
        };
        let mut program = Vec::new();
        while program.len() < bytes {
            match self.hear().await {
                HubToSeeker::Part { bytes } => {
                    assert!(!bytes.is_empty() && bytes.len() <= MAX_PART_BYTES);
                    program.extend_from_slice(&bytes);
                }
                other => panic!("{other:?}"),
            }
        }
        Ok(program)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_a_hub_hands_out_what_its_makers_list_names_and_nothing_else() {
    let hub = TestHub::start();
    let folder = support::folder();
    let mut asking = Asking::at(&hub).await;
    let file = || PUREPC.into();
    let nothing = asking.ask(SeekerToHub::Look { file: file() }).await;
    assert_eq!(nothing, HubToSeeker::Nothing);
    assert_eq!(asking.fetch(PUREPC).await, Err(RefusalCode::NOT_THERE));

    // a program without a list is there, and is not offered
    put_version(folder.path(), PUREPC, "0.2.0", &program());
    let (added, said) = add(&hub, &folder.path().join(PUREPC));
    assert!(added && said.contains("once the list names it"), "{said}");
    assert_eq!(asking.fetch(PUREPC).await, Err(RefusalCode::NOT_THERE));
    let programs = vec![listed(PUREPC, &program()), listed(HELPME, b"helpme")];
    list(folder.path(), 7, programs);
    assert!(add(&hub, &folder.path().join("channel.json")).0);
    assert_eq!(asking.look(PUREPC).await, (true, false));
    assert_eq!(asking.look(HELPME).await, (false, false));
    assert_eq!(asking.look("../hub.db").await, (false, false));

    let mut asking = Asking::at(&hub).await;
    assert!(asking.fetch(PUREPC).await.expect("handed out") == program());
    // the Helpmes of the page are handed out too
    put_download(&hub.data.join("downloads"), HELPME, b"older");
    assert_eq!(asking.look(HELPME).await, (false, false), "an older one");
    put_version(&hub.data.join("downloads"), HELPME, "0.2.0", b"helpme");
    assert_eq!(asking.look(HELPME).await, (true, false));
    assert!(asking.fetch(HELPME).await.expect("handed out") == b"helpme");

    // a byte of what lies there, and it is handed out no more
    let place = hub.data.join("updates").join(PUREPC);
    let mut changed = fs::read(&place).expect("read");
    changed[1000] ^= 1;
    fs::write(&place, changed).expect("written");
    let mut asking = Asking::at(&hub).await;
    assert_eq!(asking.fetch(PUREPC).await, Err(RefusalCode::NOT_THERE));
    assert_eq!(asking.look(PUREPC).await, (false, false));

    // the policy is the administrator's
    let set = [
        "settings",
        "set",
        "hosts-update",
        "yes",
        "--data",
        hub.data_text(),
    ];
    assert!(run_hub(&set, "").status.success());
    let end = std::time::Instant::now() + support::PATIENCE;
    while !Asking::at(&hub).await.look(HELPME).await.1 {
        assert!(std::time::Instant::now() < end, "a hub that runs follows");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_a_program_that_was_looked_at_while_it_was_copied_is_handed_out_once_it_is_whole() {
    let hub = TestHub::start();
    let folder = hub.data.join("updates");
    put_version(&folder, PUREPC, "0.2.0", &program());
    list(&folder, 1, vec![listed(PUREPC, &program())]);
    // a copy that has come half of its way has the time already that it keeps
    let place = folder.join(PUREPC);
    let half = program().len() / 2;
    let written = std::time::SystemTime::now();
    let write = |bytes: &[u8]| {
        fs::write(&place, bytes).expect("written");
        let file = fs::File::options().write(true).open(&place);
        file.and_then(|file| file.set_modified(written))
            .expect("set");
    };
    write(&program()[..half]);
    let mut asking = Asking::at(&hub).await;
    assert_eq!(asking.look(PUREPC).await, (false, false));
    write(&program());
    assert_eq!(asking.look(PUREPC).await, (true, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn p3_what_the_maker_did_not_sign_or_is_older_is_not_taken_into_the_hub() {
    let hub = TestHub::start();
    let folder = support::folder();
    put_version(folder.path(), PUREPC, "0.2.0", &program());
    let path = folder.path().join(PUREPC);
    assert!(add(&hub, &path).0);
    put_version(folder.path(), PUREPC, "0.1.0", b"older");
    let (added, said) = add(&hub, &path);
    assert!(
        !added && said.contains("the newer 0.2.0 is there"),
        "{said}"
    );
    put_version(folder.path(), PUREPC, "0.3.0", b"newer");
    fs::write(&path, b"Newer").expect("written");
    let (added, said) = add(&hub, &path);
    assert!(!added && said.contains("it was changed after"), "{said}");
    put_version(folder.path(), ".hidden-x", "0.3.0", b"x");
    let (added, said) = add(&hub, &folder.path().join(".hidden-x"));
    assert!(!added && said.contains("no name of a program"), "{said}");
    assert!(fs::read(hub.data.join("updates").join(PUREPC)).expect("read") == program());
}
