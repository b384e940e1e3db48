//! Permanent hosts through the real hub: enrolment by code, their own key, who sees them (U2, B3), and who
//! opens them (U3).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::time::Duration;

use protocol::admin as administration;
use protocol::admin::hosts::{
    Answer, Filter, HostChange, HostGroup, HostRow, NewEnrolment, Order, Question,
};
use protocol::admin::settings::{self, Setting};
use protocol::limits::{MAX_KNOCK_BYTES, MAX_WORD_BYTES};
use protocol::{
    Enrolment, Entry, EntryKind, GroupId, HostGroupId, HostToHub, HubToHost, HubToOperator,
    KnockAnswer, OperatorToHub, OperatorWord, PeerId, PermanentHost, RefusalCode, Rights, Role,
    Word, wire,
};
use serde_json::Value;
use session::access::{AccessRecord, ConsoleKnock, HostKnock};
use support::window::{ALL, Window, admin, audited, hub_with_administrator};
use support::{PASSWORD, PATIENCE, Peer, TestHub};
use transport::HostSigner;

fn host_of(hub: &TestHub, peer: &Peer, signer: &HostSigner, computer: &str) -> PermanentHost {
    let proof = signer.prove(&peer.greeted.connection, hub.fingerprint);
    PermanentHost {
        key: signer.key(),
        proof: proof.expect("signed"),
        computer: computer.into(),
        system: "Linux".into(),
    }
}

/// What the hub says to a host that says hello with or without a code.
async fn come(
    hub: &TestHub,
    signer: &HostSigner,
    computer: &str,
    line: Option<&str>,
) -> (Peer, Result<String, RefusalCode>) {
    let mut peer = hub.host().await;
    let host = host_of(hub, &peer, signer, computer);
    let message = match line {
        None => HostToHub::ComeIn { host },
        Some(line) => {
            let enrolment: Enrolment = line.parse().expect("an enrolment");
            assert_eq!(enrolment.fingerprint, hub.fingerprint.bytes());
            let code = enrolment.code;
            HostToHub::Enrol { code, host }
        }
    };
    peer.send(&message).await;
    let answer = match peer.receive().await {
        HubToHost::HostAccepted { name } => Ok(name.to_string()),
        HubToHost::HostRefused { refusal } => Err(refusal.code),
        other => panic!("{other:?}"),
    };
    (peer, answer)
}

fn key() -> HostSigner {
    HostSigner::generate().expect("a key")
}

/// Makes a code on the command line.
fn invite(hub: &TestHub, args: &[&str]) -> String {
    let said = admin(hub, &[&["host", "invite", "--json"], args].concat());
    let shown: Value = serde_json::from_str(&said).expect("JSON");
    shown["invitation"].as_str().expect("a line").to_owned()
}

fn listed(hub: &TestHub) -> Vec<Value> {
    let said = admin(hub, &["host", "list", "--json"]);
    serde_json::from_str(&said).expect("JSON")
}

async fn ask(window: &mut Window, question: Question) -> Result<Answer, RefusalCode> {
    match window
        .ask_hub(administration::Question::Hosts(question))
        .await
    {
        administration::Answer::Hosts(answer) => Ok(answer),
        administration::Answer::Refused(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

async fn rows(window: &mut Window) -> Vec<HostRow> {
    let question = Question::List {
        filter: Filter::default(),
        order: Order::Name,
        descending: false,
        page: ALL,
    };
    match ask(window, question).await {
        Ok(Answer::List(rows)) => rows.rows,
        other => panic!("{other:?}"),
    }
}

/// The next row of a permanent host that a console hears of.
async fn hears_of(console: &mut Peer) -> Entry {
    let wanted = |message| match message {
        HubToOperator::EntryChanged { entry } if entry.kind == EntryKind::PermanentHost => {
            Some(entry)
        }
        _ => None,
    };
    console.wait_for(wanted).await
}

/// Whatever the hub has said to a console up to now, by asking for something behind it.
async fn said_until_now(console: &mut Peer) -> Vec<HubToOperator> {
    console.send(&OperatorToHub::ListDrafts).await;
    let mut said = Vec::new();
    loop {
        match console.receive().await {
            HubToOperator::Drafts { .. } => return said,
            message => said.push(message),
        }
    }
}

/// An operator who comes in, and who is in the first list.
async fn log_in(hub: &TestHub, name: &str) -> (Peer, Vec<PeerId>) {
    let mut console = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    console.send(&support::log_in(name, PASSWORD)).await;
    let list = console.wait_for(|m| match m {
        HubToOperator::Entries { entries } => Some(entries),
        _ => None,
    });
    let list = list.await.iter().map(|entry| entry.id).collect();
    said_until_now(&mut console).await;
    (console, list)
}

#[tokio::test]
async fn u2_a_code_enrols_one_host_and_then_its_key_opens_the_hub() {
    let hub = hub_with_administrator();
    let line = invite(&hub, &[]);
    let till = key();
    // nobody is known by a key alone
    assert_eq!(
        come(&hub, &till, "TILL-1", None).await.1,
        Err(RefusalCode::HOST_UNKNOWN)
    );
    let (peer, name) = come(&hub, &till, "TILL-1", Some(&line)).await;
    assert_eq!(name, Ok("TILL-1".to_owned()));
    // whose answer got lost may ask again, and the code is not needed for it
    let (again, name) = come(&hub, &till, "TILL-1", Some(&line)).await;
    assert_eq!(name, Ok("TILL-1".to_owned()));
    let mut older = peer;
    let goodbye: HubToHost = older.receive().await;
    let elsewhere = RefusalCode::LOGGED_IN_ELSEWHERE;
    assert!(
        matches!(goodbye, HubToHost::Goodbye { refusal } if refusal.code == elsewhere),
        "{goodbye:?}"
    );
    drop((older, again));
    let used = come(&hub, &key(), "TILL-2", Some(&line)).await.1;
    assert_eq!(used, Err(RefusalCode::ENROLMENT_OVER));
    assert_eq!(
        come(&hub, &till, "TILL-1", None).await.1,
        Ok("TILL-1".into())
    );
    // operators see what it calls itself now
    let (_renamed, name) = come(&hub, &till, "TILL-9", None).await;
    assert_eq!(name, Ok("TILL-9".to_owned()));
    let enrolled = audited(&hub, "host.enrolled");
    assert_eq!(enrolled.len(), 1, "{enrolled:?}");
    assert_eq!(audited(&hub, "host.invited").len(), 1);
    let all = listed(&hub);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["enrolled_by"], "command line");
    // the code is nowhere in the hub's files
    let code = line.rsplit('/').next().expect("a code");
    for file in ["hub.db", "hub.db-wal"] {
        let bytes = std::fs::read(hub.data.join(file)).expect("a file");
        let found = bytes
            .windows(code.len())
            .any(|part| part == code.as_bytes());
        assert!(!found, "the code is in {file}");
    }
}

#[tokio::test]
async fn u2_a_code_for_many_has_a_limit_and_an_end_and_can_be_taken_back() {
    let hub = hub_with_administrator();
    let three = invite(&hub, &["--uses", "3"]);
    for number in 1..=3 {
        let name = format!("TILL-{number}");
        let (_, done) = come(&hub, &key(), &name, Some(&three)).await;
        assert_eq!(done, Ok(name));
    }
    let fourth = come(&hub, &key(), "TILL-4", Some(&three)).await.1;
    assert_eq!(fourth, Err(RefusalCode::ENROLMENT_OVER));
    // one whose time is over
    let late = invite(&hub, &["--uses", "5"]);
    let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
    let sql = "UPDATE enrolment SET expires_at = 1000 WHERE uses = 5";
    assert_eq!(database.execute(sql, ()).expect("changed"), 1);
    let refused = come(&hub, &key(), "TILL-5", Some(&late)).await.1;
    assert_eq!(refused, Err(RefusalCode::ENROLMENT_OVER));
    let mut window = Window::signed_in(&hub, "carla").await;
    let wanted = NewEnrolment {
        group: None,
        uses: 2,
        valid_hours: 1,
    };
    let Ok(Answer::Invitation { line, .. }) = ask(&mut window, Question::Invite(wanted)).await
    else {
        panic!("no invitation");
    };
    let open = ask(&mut window, Question::Enrolments { page: ALL }).await;
    let Ok(Answer::Enrolments(open)) = open else {
        panic!("{open:?}");
    };
    let [code] = open.rows.as_slice() else {
        panic!("{open:?}");
    };
    assert_eq!((code.uses_left, code.made_by.as_str()), (2, "carla"));
    let withdraw = Question::WithdrawEnrolment {
        enrolment: code.enrolment,
    };
    assert_eq!(ask(&mut window, withdraw).await, Ok(Answer::Done));
    let refused = come(&hub, &key(), "TILL-6", Some(&line)).await.1;
    assert_eq!(refused, Err(RefusalCode::ENROLMENT_OVER));
    for (uses, valid_hours) in [(0, 1), (1, 0), (100_001, 1), (1, 24 * 367)] {
        let wanted = NewEnrolment {
            group: None,
            uses,
            valid_hours,
        };
        let refused = ask(&mut window, Question::Invite(wanted)).await;
        assert_eq!(refused, Err(RefusalCode::AGAINST_A_RULE));
    }
}

#[tokio::test]
async fn u2_wrong_codes_are_slowed_down_as_wrong_tickets_are() {
    let hub = hub_with_administrator();
    let line = invite(&hub, &[]);
    let (head, _) = line.rsplit_once('/').expect("a code");
    let wrong = format!("{head}/{}", "00".repeat(16));
    for _ in 0..10 {
        let refused = come(&hub, &key(), "PC", Some(&wrong)).await.1;
        assert_eq!(refused, Err(RefusalCode::ENROLMENT_OVER));
    }
    let refused = come(&hub, &key(), "PC", Some(&wrong)).await.1;
    assert_eq!(refused, Err(RefusalCode::THROTTLED));
    // the right one waits too: who guesses learns nothing by it
    let refused = come(&hub, &key(), "PC", Some(&line)).await.1;
    assert_eq!(refused, Err(RefusalCode::THROTTLED));
    assert_eq!(listed(&hub), Vec::<Value>::new());
}

#[tokio::test]
async fn u2_a_proof_for_another_connection_ends_this_one_alone() {
    let hub = hub_with_administrator();
    let line = invite(&hub, &[]);
    let till = key();
    let (_peer, name) = come(&hub, &till, "TILL-1", Some(&line)).await;
    assert!(name.is_ok());
    let seen = hub.host().await;
    let stolen = host_of(&hub, &seen, &till, "TILL-1");
    let mut thief = hub.host().await;
    thief.send(&HostToHub::ComeIn { host: stolen }).await;
    assert_eq!(thief.refused().await, RefusalCode::OUT_OF_PLACE);
    assert_eq!(listed(&hub)[0]["connected"], true);
}

/// Two consoles in groups of their own, and a host that one of them may see.
async fn in_groups(hub: &TestHub) -> (Peer, Peer, Peer, HostGroupId) {
    admin(hub, &["add-group", "Shops"]);
    admin(hub, &["add-group", "Offices"]);
    admin(hub, &["change", "anna", "--group", "Shops"]);
    admin(hub, &["change", "bruno", "--group", "Offices"]);
    admin(hub, &["host", "add-group", "Tills", "--seen-by", "Shops"]);
    let (mut anna, mut bruno) = (hub.operator("anna").await, hub.operator("bruno").await);
    for console in [&mut anna, &mut bruno] {
        said_until_now(console).await;
    }
    let line = invite(hub, &["--group", "Tills"]);
    let (till, name) = come(hub, &key(), "TILL-1", Some(&line)).await;
    assert_eq!(name, Ok("TILL-1".to_owned()));
    (anna, bruno, till, HostGroupId(1))
}

#[tokio::test]
async fn b3_a_permanent_host_is_in_the_lists_of_those_who_may_see_it_and_in_no_message_to_others() {
    let hub = hub_with_administrator();
    let (mut anna, mut bruno, till, group) = in_groups(&hub).await;
    let entry = hears_of(&mut anna).await;
    assert_eq!(entry.name.as_str(), "TILL-1");
    assert_eq!(
        (entry.yours, entry.present, entry.ticket),
        (true, true, None)
    );
    assert_eq!(said_until_now(&mut bruno).await, []);
    // nobody asks it for a session as it stands there, and who may not see it learns nothing by trying
    for console in [&mut anna, &mut bruno] {
        let asked = OperatorWord::Ask {
            asked: Rights::SEE,
            operator: "ANNA".into(),
            formats: (3, 3),
        };
        let body = wire::encode(&asked, MAX_WORD_BYTES).expect("small");
        let word = Word {
            number: 1,
            body: body[wire::PREFIX_BYTES..].to_vec().into(),
            tag: [0; 16],
        };
        let start = OperatorToHub::StartSession {
            host: entry.id,
            word,
        };
        console.send(&start).await;
        let refused = console.wait_for(|m| match m {
            HubToOperator::SessionRefused { refusal, .. } => Some(refusal.code),
            _ => None,
        });
        assert_eq!(refused.await, RefusalCode::HOST_GONE);
        let host = entry.id;
        console.send(&OperatorToHub::DisconnectHost { host }).await;
        assert_eq!(said_until_now(console).await, []);
    }
    drop((anna, bruno));
    let (mut anna, list) = log_in(&hub, "anna").await;
    assert!(list.contains(&entry.id), "{list:?}");
    let (bruno, list) = log_in(&hub, "bruno").await;
    assert!(!list.contains(&entry.id), "{list:?}");
    drop(bruno);
    let mut window = Window::signed_in(&hub, "carla").await;
    let host = rows(&mut window).await.remove(0).host;
    let change = HostChange {
        name: "Till at the door".into(),
        group: Some(group),
        note: "ground floor".into(),
    };
    let question = Question::Change { host, change };
    assert_eq!(ask(&mut window, question).await, Ok(Answer::Done));
    assert_eq!(hears_of(&mut anna).await.name.as_str(), "Till at the door");
    // the other group sees it in place of the first
    let mut bruno = hub.operator("bruno").await;
    let to = HostGroup {
        name: "Tills".into(),
        seen_by: vec![GroupId(3)],
    };
    let question = Question::ChangeGroup { group, to };
    assert_eq!(ask(&mut window, question).await, Ok(Answer::Done));
    let gone = anna.wait_for(|m| match m {
        HubToOperator::EntryGone { id } => Some(id),
        _ => None,
    });
    assert_eq!(gone.await, entry.id);
    assert_eq!(hears_of(&mut bruno).await.id, entry.id);
    // where nobody is named, nobody sees it
    admin(&hub, &["host", "change-group", "Tills", "--seen-by-nobody"]);
    let gone = bruno.wait_for(|m| match m {
        HubToOperator::EntryGone { id } => Some(id),
        _ => None,
    });
    assert_eq!(gone.await, entry.id);
    drop(till);
    assert_eq!(said_until_now(&mut anna).await, []);
    // not even an administrator's console
    let (_carla, list) = log_in(&hub, "carla").await;
    assert!(!list.contains(&entry.id), "{list:?}");
}

#[tokio::test]
async fn u2_a_disabled_host_is_sent_away_and_a_removed_one_has_to_be_enrolled_anew() {
    let hub = hub_with_administrator();
    let line = invite(&hub, &["--uses", "2"]);
    let till = key();
    let (mut peer, _) = come(&hub, &till, "TILL-1", Some(&line)).await;
    admin(&hub, &["host", "disable", "till-1"]);
    let goodbye: HubToHost = peer.receive().await;
    assert!(matches!(goodbye, HubToHost::Goodbye { .. }), "{goodbye:?}");
    let refused = come(&hub, &till, "TILL-1", None).await.1;
    assert_eq!(refused, Err(RefusalCode::HOST_DISABLED));
    assert_eq!(listed(&hub)[0]["connected"], false);
    admin(&hub, &["host", "enable", "TILL-1"]);
    admin(&hub, &["host", "rename", "#1", "Till one"]);
    let (mut peer, name) = come(&hub, &till, "TILL-1", None).await;
    assert_eq!(name, Ok("Till one".to_owned()));
    let mut window = Window::signed_in(&hub, "carla").await;
    let [row] = rows(&mut window).await.try_into().expect("one host");
    assert!(row.connected && row.is_named, "{row:?}");
    assert_eq!(
        (row.computer.as_str(), row.program.as_str()),
        ("TILL-1", "test 0")
    );
    let removed = ask(&mut window, Question::Remove { host: row.host }).await;
    assert_eq!(removed, Ok(Answer::Done));
    let goodbye: HubToHost = peer.receive().await;
    assert!(matches!(goodbye, HubToHost::Goodbye { .. }), "{goodbye:?}");
    let refused = come(&hub, &till, "TILL-1", None).await.1;
    assert_eq!(refused, Err(RefusalCode::HOST_UNKNOWN));
    let (_peer, name) = come(&hub, &till, "TILL-1", Some(&line)).await;
    assert_eq!(name, Ok("TILL-1".to_owned()));
    for action in [
        "host.disabled",
        "host.enabled",
        "host.changed",
        "host.removed",
    ] {
        assert_eq!(audited(&hub, action).len(), 1, "{action}");
    }
}

#[tokio::test]
async fn u2_a_permanent_host_says_nothing_else_and_is_away_after_a_crash_of_the_hub() {
    let hub = hub_with_administrator();
    let line = invite(&hub, &[]);
    let till = key();
    let (mut peer, _) = come(&hub, &till, "TILL-1", Some(&line)).await;
    let again = host_of(&hub, &peer, &till, "TILL-1");
    peer.send(&HostToHub::ComeIn { host: again }).await;
    assert_eq!(peer.refused().await, RefusalCode::OUT_OF_PLACE);
    let (_peer, name) = come(&hub, &till, "TILL-1", None).await;
    assert!(name.is_ok());
    assert_eq!(listed(&hub)[0]["connected"], true);
    let hub = hub.kill_and_restart();
    assert_eq!(listed(&hub)[0]["connected"], false);
    let (peer, name) = come(&hub, &till, "TILL-1", None).await;
    assert!(name.is_ok());
    transport::close::close(&peer.greeted.connection);
    let end = tokio::time::Instant::now() + PATIENCE;
    while listed(&hub)[0]["connected"] == true {
        assert!(tokio::time::Instant::now() < end, "it is gone");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn b3_an_operator_cannot_ask_about_permanent_hosts() {
    let hub = hub_with_administrator();
    admin(&hub, &["add-operator", "dora", "--role", "auditor"]);
    let mut window = Window::signed_in(&hub, "dora").await;
    let refused = ask(&mut window, Question::Groups { page: ALL }).await;
    assert_eq!(refused, Err(RefusalCode::NOT_ALLOWED));
}

const ACCESS_PASSWORD: &str = "the shop opens at nine";

/// What an operator who types `password` is told: the place that is open, or why there is none. `till`
/// answers as `PurePC` does.
async fn knock(
    (console, host): (&mut Peer, PeerId),
    (till, record): (&mut Peer, &AccessRecord),
    password: &str,
) -> Result<(), RefusalCode> {
    let (typed, request) = ConsoleKnock::start(password);
    let request = OperatorToHub::Knock {
        host,
        exchange: request.into(),
        reason: "Case 7".into(),
    };
    console.send(&request).await;
    // one that is refused at once is not carried
    let carried = tokio::select! {
        refused = console.wait_for(refusal_of) => return Err(refused),
        carried = till.wait_for(|m| match m {
            HubToHost::Knocked { knock, exchange, .. } => Some((knock, exchange)),
            _ => None,
        }) => carried,
    };
    let (knock, asked) = carried;
    let (state, answer) = HostKnock::answer(record, &asked).expect("sound");
    let answer = KnockAnswer::Exchange(answer.into());
    till.send(&HostToHub::AnswerKnock { knock, answer }).await;
    let answer = console.wait_for(|m| match m {
        HubToOperator::KnockAnswered { exchange, .. } => Some(exchange),
        _ => None,
    });
    let answer = answer.await;
    let Ok((console_key, proof)) = typed.finish(&answer) else {
        let proof = None;
        console
            .send(&OperatorToHub::ProveKnock { host, proof })
            .await;
        let over = till.wait_for(|m| match m {
            HubToHost::KnockProved { proof, .. } => Some(proof),
            _ => None,
        });
        assert_eq!(over.await, None);
        return Err(RefusalCode::HOST_PASSWORD_WRONG);
    };
    let proof = Some(proof.into());
    console
        .send(&OperatorToHub::ProveKnock { host, proof })
        .await;
    let proof = till.wait_for(|m| match m {
        HubToHost::KnockProved { proof, .. } => proof,
        _ => None,
    });
    let host_key = state.finish(&proof.await).expect("the same password");
    assert_eq!(host_key.to_bytes(), console_key.to_bytes());
    till.send(&HostToHub::JudgeKnock { knock, right: true })
        .await;
    let admission = till.wait_for(|m| match m {
        HubToHost::KnockAdmitted { admission, .. } => Some(admission),
        _ => None,
    });
    admission.await;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "as `wait_for` gives it")]
fn refusal_of(message: HubToOperator) -> Option<RefusalCode> {
    match message {
        HubToOperator::KnockRefused { refusal, .. } => Some(refusal.code),
        _ => None,
    }
}

#[tokio::test]
async fn u3_a_password_is_guessed_slowly_and_in_the_log_and_a_colleague_comes_in() {
    let hub = hub_with_administrator();
    admin(&hub, &["add-group", "Shops"]);
    admin(&hub, &["change", "anna", "--group", "Shops"]);
    admin(&hub, &["change", "carla", "--group", "Shops"]);
    admin(&hub, &["host", "add-group", "Tills", "--seen-by", "Shops"]);
    let line = invite(&hub, &["--group", "Tills"]);
    let (mut till, name) = come(&hub, &key(), "TILL-1", Some(&line)).await;
    assert_eq!(name, Ok("TILL-1".to_owned()));
    let record = AccessRecord::of_password(ACCESS_PASSWORD).expect("fit");
    let (mut anna, list) = log_in(&hub, "anna").await;
    let (mut carla, seen) = log_in(&hub, "carla").await;
    let host = *list.iter().find(|id| seen.contains(id)).expect("the host");

    let (mut tried, mut throttled) = (0, 0);
    for number in 0..60 {
        let guess = format!("the shop opens at {number}");
        match knock((&mut anna, host), (&mut till, &record), &guess).await {
            Err(RefusalCode::HOST_PASSWORD_WRONG) => tried += 1,
            Err(RefusalCode::THROTTLED) => throttled += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((tried, throttled), (10, 50));
    // the right one waits too: who guesses learns nothing by it
    let right = knock((&mut anna, host), (&mut till, &record), ACCESS_PASSWORD).await;
    assert_eq!(right, Err(RefusalCode::THROTTLED));
    let refused = audited(&hub, "host.not_opened");
    assert_eq!(refused.len(), 10, "{refused:?}");
    let said = format!("{refused:?}");
    assert!(
        said.contains("wrong password") && said.contains("TILL-1"),
        "{said}"
    );
    assert!(said.contains("anna"), "{said}");

    // who is outside of the groups hears what is said of a host that is not there
    let mut bruno = hub.operator("bruno").await;
    said_until_now(&mut bruno).await;
    for host in [host, PeerId([7; 16])] {
        let exchange = ConsoleKnock::start(ACCESS_PASSWORD).1.into();
        let reason = "".into();
        let knock = OperatorToHub::Knock {
            host,
            exchange,
            reason,
        };
        bruno.send(&knock).await;
        assert_eq!(bruno.wait_for(refusal_of).await, RefusalCode::HOST_GONE);
    }
    let opened = knock((&mut carla, host), (&mut till, &record), ACCESS_PASSWORD).await;
    assert_eq!(opened, Ok(()));
    said_until_now(&mut carla).await;
    let opened = audited(&hub, "host.opened");
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert!(format!("{opened:?}").contains("Case 7"), "{opened:?}");
    // by a setting nobody comes in without saying why, whatever the password
    let mut window = Window::signed_in(&hub, "carla").await;
    let wanted = settings::Question::Change {
        settings: vec![Setting::UnattendedReason(true)],
    };
    let wanted = administration::Question::Settings(wanted);
    let set = window.ask_hub(wanted).await;
    let done = administration::Answer::Settings(settings::Answer::Done);
    assert_eq!(set, done);
    // a hub that runs follows within seconds
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let knock = OperatorToHub::Knock {
            host,
            exchange: ConsoleKnock::start(ACCESS_PASSWORD).1.into(),
            reason: "  ".into(),
        };
        carla.send(&knock).await;
        let said = said_until_now(&mut carla).await;
        let refused = said.into_iter().find_map(refusal_of);
        if refused == Some(RefusalCode::NO_REASON) {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{refused:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // the password is nowhere in the hub's folder, nor what was guessed
    let folder = hub.data.clone();
    drop((anna, bruno, carla, till));
    for file in std::fs::read_dir(folder).expect("listed") {
        let path = file.expect("listed").path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        let text = b"the shop opens";
        let found = bytes.windows(text.len()).any(|part| part == text);
        assert!(!found, "{}", path.display());
    }
}

/// Until a setting counts. Each knock in vain takes one of the few rows that the log has for an account in a minute.
const BETWEEN_KNOCKS: Duration = Duration::from_millis(400);

/// Sets a setting of a hub that runs, and waits until opening the host is answered with `wanted`.
async fn demand(
    hub: &TestHub,
    (name, value): (&str, &str),
    (console, host): (&mut Peer, PeerId),
    (till, record): (&mut Peer, &AccessRecord),
    wanted: Result<(), RefusalCode>,
) {
    let set = [
        "settings",
        "set",
        name,
        value,
        "--json",
        "--data",
        hub.data_text(),
    ];
    let set = support::run_hub(&set, "");
    assert!(set.status.success(), "{}", support::text(&set));
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let got = knock((&mut *console, host), (&mut *till, record), ACCESS_PASSWORD).await;
        if got == wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{name} {value}: {got:?}");
        if got.is_ok() {
            leave(till, console).await;
        }
        tokio::time::sleep(BETWEEN_KNOCKS).await;
    }
}

/// The host leaves the place to which it was to come, and whoever opened it is told.
async fn leave(till: &mut Peer, console: &mut Peer) {
    till.send(&HostToHub::LeavePlace).await;
    assert_eq!(console.wait_for(refusal_of).await, RefusalCode::HOST_GONE);
}

#[tokio::test]
async fn u4_reason_hours_code_and_choice_are_each_demanded_and_each_in_the_log() {
    let hub = hub_with_administrator();
    admin(&hub, &["add-group", "Shops"]);
    admin(&hub, &["change", "anna", "--group", "Shops"]);
    admin(&hub, &["host", "add-group", "Tills", "--seen-by", "Shops"]);
    let line = invite(&hub, &["--group", "Tills"]);
    let (mut till, _) = come(&hub, &key(), "TILL-1", Some(&line)).await;
    let record = AccessRecord::of_password(ACCESS_PASSWORD).expect("fit");
    let (mut anna, list) = log_in(&hub, "anna").await;
    let (mut bruno, _) = log_in(&hub, "bruno").await;
    admin(&hub, &["change", "bruno", "--group", "Shops"]);
    let host = hears_of(&mut bruno).await.id;
    assert!(list.contains(&host));
    let reasons = |hub: &TestHub| -> Vec<String> {
        let rows = audited(hub, "host.not_opened");
        let detail = |(_, detail): &(String, String)| {
            let detail: Value = serde_json::from_str(detail).expect("JSON");
            detail["reason"].as_str().unwrap_or_default().to_owned()
        };
        rows.iter().map(detail).collect()
    };

    let never = ("unattended-hours", "wed 00:00-00:01");
    let outside = Err(RefusalCode::OUTSIDE_HOURS);
    demand(
        &hub,
        never,
        (&mut anna, host),
        (&mut till, &record),
        outside,
    )
    .await;
    let always = ("unattended-hours", "mon-sun 00:00-24:00");
    demand(
        &hub,
        always,
        (&mut anna, host),
        (&mut till, &record),
        Ok(()),
    )
    .await;
    leave(&mut till, &mut anna).await;

    // a new code of the second factor; Anna has none yet
    let needed = Err(RefusalCode::CODE_NEEDED);
    demand(
        &hub,
        ("unattended-code", "yes"),
        (&mut anna, host),
        (&mut till, &record),
        needed,
    )
    .await;
    let give = |code: &str| OperatorToHub::KnockCode {
        host,
        code: protocol::Code(code.into()),
    };
    anna.send(&give("123456")).await;
    let missing = anna.wait_for(refusal_of).await;
    assert_eq!(missing, RefusalCode::SECOND_FACTOR_MISSING);
    let shown = admin(&hub, &["set-second-factor", "anna", "--json"]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    let codes: Vec<String> = shown["recovery_codes"]
        .as_array()
        .expect("codes")
        .iter()
        .map(|code| code.as_str().expect("text").to_owned())
        .collect();
    // a second factor that an administrator set ends what ran
    let (mut anna, _) = log_in_with_code(&hub, "anna", &codes[0]).await;
    anna.send(&give("no code")).await;
    assert_eq!(anna.wait_for(refusal_of).await, RefusalCode::CODE_WRONG);
    // one that was used at the log-in is none any more
    anna.send(&give(&codes[0])).await;
    assert_eq!(anna.wait_for(refusal_of).await, RefusalCode::CODE_WRONG);
    anna.send(&give(&codes[1])).await;
    let opened = knock((&mut anna, host), (&mut till, &record), ACCESS_PASSWORD).await;
    assert_eq!(opened, Ok(()));
    leave(&mut till, &mut anna).await;
    // and opens once
    let again = knock((&mut anna, host), (&mut till, &record), ACCESS_PASSWORD).await;
    assert_eq!(again, Err(RefusalCode::CODE_NEEDED));
    demand(
        &hub,
        ("unattended-code", "no"),
        (&mut anna, host),
        (&mut till, &record),
        Ok(()),
    )
    .await;
    leave(&mut till, &mut anna).await;

    // who was chosen
    let said = admin(
        &hub,
        &["host", "operators", "TILL-1", "--only", "bruno", "--json"],
    );
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["operators"], serde_json::json!(["bruno"]));
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        let got = knock((&mut anna, host), (&mut till, &record), ACCESS_PASSWORD).await;
        if got == Err(RefusalCode::NOT_CHOSEN) {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{got:?}");
        if got.is_ok() {
            leave(&mut till, &mut anna).await;
        }
        tokio::time::sleep(BETWEEN_KNOCKS).await;
    }
    let opened = knock((&mut bruno, host), (&mut till, &record), ACCESS_PASSWORD).await;
    assert_eq!(opened, Ok(()));
    leave(&mut till, &mut bruno).await;
    // the window reads the same, and lets all in again
    let mut window = Window::signed_in(&hub, "carla").await;
    let rows = rows(&mut window).await;
    let till_row = rows[0].host;
    let chosen = ask(&mut window, Question::Operators { host: till_row }).await;
    let names = vec!["bruno".into()];
    assert_eq!(chosen, Ok(Answer::Operators { names }));
    let choose = |names: Vec<protocol::control::Name>| Question::ChooseOperators {
        host: till_row,
        names,
    };
    let unknown = ask(&mut window, choose(vec!["nobody".into()])).await;
    assert_eq!(unknown, Err(RefusalCode::NOT_THERE));
    assert_eq!(ask(&mut window, choose(Vec::new())).await, Ok(Answer::Done));
    let opened = knock((&mut anna, host), (&mut till, &record), ACCESS_PASSWORD).await;
    assert_eq!(opened, Ok(()));

    let refused = reasons(&hub);
    for reason in [
        "outside of the hours",
        "no code of the second factor",
        "the account has no second factor",
        "a wrong code of the second factor",
        "not chosen to open it",
    ] {
        assert!(
            refused.iter().any(|said| said == reason),
            "{reason}: {refused:?}"
        );
    }
    assert!(audited(&hub, "host.opened").len() >= 5);
    assert_eq!(audited(&hub, "host.operators").len(), 2);
}

/// As [`log_in`], with a code of the second factor.
async fn log_in_with_code(hub: &TestHub, name: &str, code: &str) -> (Peer, Vec<PeerId>) {
    let mut console = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    console.send(&support::log_in(name, PASSWORD)).await;
    let wanted = |m| matches!(m, HubToOperator::CodeWanted).then_some(());
    console.wait_for(wanted).await;
    let code = protocol::Code(code.into());
    console.send(&OperatorToHub::GiveCode { code }).await;
    let list = console.wait_for(|m| match m {
        HubToOperator::Entries { entries } => Some(entries),
        _ => None,
    });
    let list = list.await.iter().map(|entry| entry.id).collect();
    said_until_now(&mut console).await;
    (console, list)
}

#[tokio::test]
async fn u3_nonsense_about_opening_ends_its_own_connection_alone() {
    let hub = hub_with_administrator();
    let (mut anna, bruno, till, _) = in_groups(&hub).await;
    let host = hears_of(&mut anna).await.id;
    let mut judges = till;
    judges
        .send(&HostToHub::JudgeKnock {
            knock: 7,
            right: true,
        })
        .await;
    assert_eq!(judges.refused().await, RefusalCode::OUT_OF_PLACE);
    let exchange = vec![0; MAX_KNOCK_BYTES + 1].into();
    let reason = "".into();
    let knock = OperatorToHub::Knock {
        host,
        exchange,
        reason,
    };
    anna.send(&knock).await;
    assert_eq!(anna.refused().await, RefusalCode::OUT_OF_PLACE);
    let mut bruno = bruno;
    said_until_now(&mut bruno).await;
}
