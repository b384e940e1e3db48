//! Invitations, second factors, passwords and sign-ins, through the real hub (B1, B3, O12).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::io::BufRead as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use protocol::admin::people::{Answer, NewAccount, Question, Rules, SecondFactorRule, SignInKind};
use protocol::admin::{AdminToHub, HubToAdmin};
use protocol::{
    Code, GroupId, HubToOperator, Invitation, InvitationToken, OperatorToHub, Password,
    RefusalCode, Role, RoleId,
};
use support::caller::Caller;
use support::window::{
    Window, admin, audited, console, hub_with_administrator, log_in_answer, refusal, try_admin,
};
use support::{PASSWORD, Peer, TestHub, add_operator, folder, hub_command, log_in};
use totp_rs::Builder;

/// The code of the step of time that is `steps` after this one.
fn code(address: &str, steps: i64) -> Code {
    let (_, query) = address.split_once("secret=").expect("a secret");
    let secret = query.split('&').next().expect("a secret");
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base 32");
    let made = Builder::new().with_secret(secret).build().expect("codes");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now");
    let at = now.as_secs().saturating_add_signed(30 * steps);
    Code(made.generate(at).to_string().as_str().into())
}

fn accept(invitation: &Invitation, password: &str) -> OperatorToHub {
    OperatorToHub::AcceptInvitation {
        user: invitation.user.clone(),
        token: invitation.token,
        password: Password(password.into()),
    }
}

async fn second_factor(window: &mut Window, name: &str) -> (String, Vec<String>) {
    let account = window.account(name).await.account;
    match window.ask(Question::SetUpSecondFactor { account }).await {
        Answer::SecondFactor {
            address,
            recovery_codes,
        } => {
            let codes = recovery_codes.iter().map(ToString::to_string);
            (address.to_string(), codes.collect())
        }
        other => panic!("{other:?}"),
    }
}

/// Logs in with a password and then a code, over a connection of its own.
async fn with_code(hub: &TestHub, name: &str, code: Code) -> HubToOperator {
    let mut peer = console(hub).await;
    let asked = log_in_answer(&mut peer, &log_in(name, PASSWORD)).await;
    assert_eq!(asked, HubToOperator::CodeWanted);
    log_in_answer(&mut peer, &OperatorToHub::GiveCode { code }).await
}

#[tokio::test]
async fn b3_a_code_is_wanted_after_the_password_and_counts_once() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    let (address, recovery_codes) = second_factor(&mut window, "anna").await;
    assert_eq!(recovery_codes.len(), 10);
    // a wrong password is told as ever
    let mut peer = console(&hub).await;
    let answer = log_in_answer(&mut peer, &log_in("anna", "wrong password")).await;
    assert_eq!(refusal(&answer), Some(RefusalCode::WRONG_CREDENTIALS));
    let wrong = Code("000000".into());
    let answer = with_code(&hub, "anna", wrong).await;
    assert_eq!(refusal(&answer), Some(RefusalCode::CODE_WRONG));
    let now = code(&address, 0);
    let answer = with_code(&hub, "anna", now.clone()).await;
    assert!(
        matches!(answer, HubToOperator::LoggedIn { .. }),
        "{answer:?}"
    );
    // neither the same again, nor one of before
    for spent in [now, code(&address, -1)] {
        let answer = with_code(&hub, "anna", spent).await;
        assert_eq!(refusal(&answer), Some(RefusalCode::CODE_WRONG));
    }
    let recovery = Code(recovery_codes[3].to_uppercase().as_str().into());
    let answer = with_code(&hub, "anna", recovery.clone()).await;
    assert!(
        matches!(answer, HubToOperator::LoggedIn { .. }),
        "{answer:?}"
    );
    let answer = with_code(&hub, "anna", recovery).await;
    assert_eq!(refusal(&answer), Some(RefusalCode::CODE_WRONG));
    let row = window.account("anna").await;
    assert!(
        row.has_second_factor && row.recovery_codes_left == 9,
        "{row:?}"
    );
    assert_eq!(audited(&hub, "account.recovery_code_used").len(), 1);
    // no code without a password
    let mut peer = console(&hub).await;
    let code = code(&address, 1);
    peer.send(&OperatorToHub::GiveCode { code }).await;
    assert_eq!(peer.refused().await, RefusalCode::OUT_OF_PLACE);
    // nothing of it is in the log
    let database = std::fs::read(hub.data.join("hub.db")).expect("readable");
    let has = |text: &str| database.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(!has(&recovery_codes[0]) && !has(&recovery_codes[0].replace('-', "")));
}

#[tokio::test]
async fn b3_wrong_codes_are_throttled_as_wrong_passwords_are() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    let (address, _) = second_factor(&mut window, "anna").await;
    let mut refusals = Vec::new();
    for _ in 0..30 {
        let mut peer = console(&hub).await;
        let answer = log_in_answer(&mut peer, &log_in("anna", PASSWORD)).await;
        if let Some(refused) = refusal(&answer) {
            refusals.push(refused);
            continue;
        }
        let code = Code("000000".into());
        let answer = log_in_answer(&mut peer, &OperatorToHub::GiveCode { code }).await;
        refusals.push(refusal(&answer).expect("refused"));
    }
    assert_eq!(refusals[0], RefusalCode::CODE_WRONG);
    assert_eq!(refusals[29], RefusalCode::THROTTLED);
    let wrong = refusals
        .iter()
        .filter(|code| **code == RefusalCode::CODE_WRONG);
    assert!(wrong.count() <= 8, "{refusals:?}");
    drop(address);
}

#[tokio::test]
async fn b3_the_rule_says_who_needs_a_second_factor() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    // whoever asks for it has to have one
    let missing = Err(RefusalCode::SECOND_FACTOR_MISSING);
    let rule = SecondFactorRule::Administrators;
    assert_eq!(window.set_rules(rule).await, missing);
    let (address, _) = second_factor(&mut window, "carla").await;
    assert_eq!(window.set_rules(rule).await, Ok(Answer::Done));
    drop(hub.operator("anna").await);
    let sign_in = window.set_rules(SecondFactorRule::Everybody).await;
    assert_eq!(sign_in, Ok(Answer::Done));
    let mut peer = console(&hub).await;
    let answer = log_in_answer(&mut peer, &log_in("anna", PASSWORD)).await;
    assert_eq!(refusal(&answer), Some(RefusalCode::SECOND_FACTOR_MISSING));
    // the administration asks too
    let mut second = Window::open(&hub).await;
    assert_eq!(second.try_sign_in("carla").await, HubToAdmin::CodeWanted);
    let code = code(&address, 0);
    second.peer.send(&AdminToHub::GiveCode { code }).await;
    let answer: HubToAdmin = second.peer.receive().await;
    assert!(matches!(answer, HubToAdmin::SignedIn { .. }), "{answer:?}");
    // off: nobody is asked
    assert_eq!(
        second.set_rules(SecondFactorRule::Off).await,
        Ok(Answer::Done)
    );
    drop(Window::signed_in(&hub, "carla").await);
    // on the command line too
    let rules = admin(&hub, &["rules", "--second-factor", "everybody", "--json"]);
    assert!(rules.contains("\"second_factor\":\"everybody\""), "{rules}");
    let shown = admin(&hub, &["set-second-factor", "anna"]);
    assert!(
        shown.contains("otpauth://totp/Pure%20Help%20Desk:anna?secret="),
        "{shown}"
    );
    assert!(
        shown.contains('█') || shown.contains('▀'),
        "a QR code: {shown}"
    );
    let mut peer = console(&hub).await;
    let answer = log_in_answer(&mut peer, &log_in("anna", PASSWORD)).await;
    assert_eq!(answer, HubToOperator::CodeWanted);
    admin(&hub, &["rules", "--second-factor", "optional"]);
    admin(&hub, &["reset-second-factor", "anna"]);
    drop(hub.operator("anna").await);
}

#[tokio::test]
async fn o12_an_invitation_lets_one_person_choose_a_password_once() {
    let hub = hub_with_administrator();
    let said = admin(
        &hub,
        &["invite", "dora rossi", "--role", "operator", "--json"],
    );
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let line = said["invitation"].as_str().expect("a line");
    let invitation: Invitation = line.parse().expect("an invitation");
    assert_eq!(invitation.hub, hub.address);
    assert_eq!(invitation.fingerprint, hub.fingerprint.bytes());
    assert_eq!(invitation.user.as_str(), "dora rossi");
    // without it nobody is Dora, with no password at all either
    for password in ["", PASSWORD] {
        let mut peer = console(&hub).await;
        let answer = log_in_answer(&mut peer, &log_in("dora rossi", password)).await;
        assert_eq!(refusal(&answer), Some(RefusalCode::WRONG_CREDENTIALS));
    }
    let mut wrong = invitation.clone();
    wrong.token = InvitationToken([0; 16]);
    let mut of_anna = invitation.clone();
    of_anna.user = "anna".into();
    for wrong in [wrong, of_anna] {
        let mut peer = console(&hub).await;
        let answer = log_in_answer(&mut peer, &accept(&wrong, PASSWORD)).await;
        assert_eq!(refusal(&answer), Some(RefusalCode::INVITATION_OVER));
    }
    // the password has to be a good one; a bad one spends nothing
    let mut peer = console(&hub).await;
    for (bad, code) in [
        ("short", RefusalCode::PASSWORD_SHORT),
        ("DORA rossi", RefusalCode::PASSWORD_IS_NAME),
    ] {
        let answer = log_in_answer(&mut peer, &accept(&invitation, bad)).await;
        assert_eq!(refusal(&answer), Some(code));
    }
    let answer = log_in_answer(&mut peer, &accept(&invitation, PASSWORD)).await;
    assert!(
        matches!(answer, HubToOperator::LoggedIn { .. }),
        "{answer:?}"
    );
    let mut again = console(&hub).await;
    let answer = log_in_answer(&mut again, &accept(&invitation, "another password")).await;
    assert_eq!(refusal(&answer), Some(RefusalCode::INVITATION_OVER));
    drop(hub.operator("dora rossi").await);
    assert_eq!(audited(&hub, "account.invitation_taken").len(), 1);
    let database = std::fs::read(hub.data.join("hub.db")).expect("readable");
    let token = invitation.token.0;
    assert!(
        !database.windows(16).any(|window| window == token),
        "hashed"
    );
}

#[tokio::test]
async fn o12_a_newer_invitation_and_seven_days_end_an_older_one() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    let new = NewAccount {
        name: "dora".into(),
        display_name: "".into(),
        role: RoleId::OPERATOR,
        groups: vec![GroupId::EVERYONE],
        password: None,
    };
    let Answer::AccountAdded { account } = window.ask(Question::AddAccount(new)).await else {
        panic!("not added");
    };
    let mut invitations = Vec::new();
    for _ in 0..2 {
        let Answer::Invitation { line, .. } = window.ask(Question::Invite { account }).await else {
            panic!("not invited");
        };
        invitations.push(line.parse::<Invitation>().expect("an invitation"));
    }
    let row = window.account("dora").await;
    assert!(!row.has_password && row.invited_until_unix_millis.is_some());
    let mut peer = console(&hub).await;
    let answer = log_in_answer(&mut peer, &accept(&invitations[0], PASSWORD)).await;
    assert_eq!(refusal(&answer), Some(RefusalCode::INVITATION_OVER));
    // a week later
    let database = rusqlite::Connection::open(hub.data.join("hub.db")).expect("opened");
    let late = "UPDATE invitation SET expires_at = expires_at - 7 * 24 * 3600 * 1000";
    assert_eq!(database.execute(late, ()).expect("changed"), 1);
    let answer = log_in_answer(&mut peer, &accept(&invitations[1], PASSWORD)).await;
    assert_eq!(refusal(&answer), Some(RefusalCode::INVITATION_OVER));
}

#[tokio::test]
async fn b1_the_first_start_invites_the_first_administrator_once() {
    let folder = folder();
    let data = folder.path().join("data");
    let data_text = data.to_str().expect("a plain path");
    let mut child = hub_command(&["serve", "--data", data_text, "--listen", "127.0.0.1:0"])
        .args(["--web-listen", "127.0.0.1:0"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("hub starts");
    let stdout = std::io::BufReader::new(child.stdout.take().expect("piped"));
    let printed: Vec<String> = stdout
        .lines()
        .take(4)
        .map(|line| line.expect("text"))
        .collect();
    let printed: Invitation = printed.join("\n").parse().expect("an invitation");
    child.kill().expect("killed");
    child.wait().expect("gone");
    let file = data.join("administrator-invitation.txt");
    let written = std::fs::read_to_string(&file).expect("a file");
    assert_eq!(written.parse(), Ok(printed.clone()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // the next start invites nobody, and the first invitation is good there
    let hub = TestHub::serve(&data, &[]);
    let mut window = Window::open(&hub).await;
    let message = AdminToHub::AcceptInvitation {
        user: printed.user.clone(),
        token: printed.token,
        password: Password(PASSWORD.into()),
    };
    window.peer.send(&message).await;
    let answer: HubToAdmin = window.peer.receive().await;
    assert!(matches!(answer, HubToAdmin::SignedIn { .. }), "{answer:?}");
    assert_eq!(window.accounts().await.len(), 1);
    assert!(!file.exists(), "it is of no use any more");
    assert_eq!(audited(&hub, "account.invited").len(), 1);
}

#[tokio::test]
async fn b3_passwords_that_everybody_tries_are_refused_everywhere() {
    let hub = hub_with_administrator();
    std::fs::write(hub.data.join("passwords.txt"), "iloveyou1\nletmein123\n").expect("written");
    let mut window = Window::signed_in(&hub, "carla").await;
    let account = window.account("anna").await.account;
    let mut set = async |password: &str| {
        let password = Password(password.into());
        window
            .try_ask(Question::SetPassword { account, password })
            .await
    };
    assert_eq!(set("letmein123").await, Err(RefusalCode::PASSWORD_KNOWN));
    assert_eq!(set("short").await, Err(RefusalCode::PASSWORD_SHORT));
    assert_eq!(set("ANNA").await, Err(RefusalCode::PASSWORD_SHORT));
    assert_eq!(set("a good password").await, Ok(Answer::Done));
    let rules = Rules {
        second_factor: SecondFactorRule::Optional,
        password_chars: 20,
    };
    assert_eq!(window.ask(Question::SetRules(rules)).await, Answer::Done);
    let (said, done) = try_admin(&hub.data, &["set-password", "anna"]);
    assert!(!done && said.contains("at least 20 characters"), "{said}");
    let mut peer = console(&hub).await;
    let answer = log_in_answer(&mut peer, &log_in("anna", "a good password")).await;
    assert!(
        matches!(answer, HubToOperator::LoggedIn { .. }),
        "{answer:?}"
    );
}

#[tokio::test]
async fn b3_sign_ins_are_listed_and_ended() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    let mut anna = hub.operator("anna").await;
    let rows = window.sign_ins().await;
    let of = |kind| rows.iter().find(|row| row.kind == kind).expect("a row");
    let console = of(SignInKind::Console);
    assert_eq!(console.name.as_str(), "anna");
    assert_eq!(console.address.as_str(), "127.0.0.1");
    assert_eq!(console.program.as_str(), "test 0");
    assert_eq!(console.sign_in, anna.admission.expect("logged in").you);
    assert_eq!(rows.len(), 2);
    let question = Question::EndSignIn {
        sign_in: console.sign_in,
    };
    assert_eq!(window.ask(question.clone()).await, Answer::Done);
    assert_eq!(goodbye(&mut anna).await, RefusalCode::SIGNED_OUT);
    // there is no way back to the place, but by log-in
    let admission = anna.admission.expect("logged in");
    let mut back = support::window::console(&hub).await;
    let resume = OperatorToHub::Resume {
        you: admission.you,
        secret: admission.secret,
    };
    let answer = log_in_answer(&mut back, &resume).await;
    assert!(
        matches!(answer, HubToOperator::ResumeRefused { .. }),
        "{answer:?}"
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    while window.sign_ins().await.len() > 1 {
        assert!(Instant::now() < deadline, "still listed");
    }
    let gone = window.try_ask(question).await;
    assert_eq!(gone, Err(RefusalCode::NOT_THERE));
    // from the command line, an administrator's too
    let mut anna = hub.operator("anna").await;
    let listed = admin(&hub, &["sign-ins", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 2);
    for row in listed {
        let number = row["sign_in"].as_str().expect("a number");
        admin(&hub, &["end-sign-in", number]);
    }
    assert_eq!(goodbye(&mut anna).await, RefusalCode::SIGNED_OUT);
    assert_eq!(window.goodbye().await, RefusalCode::SIGNED_OUT);
    let deadline = Instant::now() + Duration::from_secs(10);
    while admin(&hub, &["sign-ins", "--json"]).trim() != "[]" {
        assert!(Instant::now() < deadline, "still listed");
    }
}

async fn goodbye(peer: &mut Peer) -> RefusalCode {
    peer.wait_for(|message| match message {
        HubToOperator::Goodbye { refusal } => Some(refusal.code),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn b3_a_new_password_ends_sign_ins_of_an_account_that_was_just_added() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    // the hub looks once a second what the command line changed: one of these falls in between
    for name in ["dino", "elsa", "furio", "gina"] {
        add_operator(&hub.data, name);
        let mut new = hub.operator(name).await;
        let account = window.account(name).await.account;
        let password = Password("another password".into());
        let question = Question::SetPassword { account, password };
        assert_eq!(window.ask(question).await, Answer::Done);
        assert_eq!(goodbye(&mut new).await, RefusalCode::PASSWORD_CHANGED);
    }
}

#[tokio::test]
async fn b3_what_a_window_changes_holds_at_once() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    let account = window.account("anna").await.account;
    for (question, code) in [
        (
            Question::SetPassword {
                account,
                password: Password(PASSWORD.into()),
            },
            RefusalCode::PASSWORD_CHANGED,
        ),
        (
            Question::SetDisabled {
                account,
                disabled: true,
            },
            RefusalCode::ACCOUNT_DISABLED,
        ),
    ] {
        let mut anna = hub.operator("anna").await;
        assert_eq!(window.ask(question).await, Answer::Done);
        assert_eq!(goodbye(&mut anna).await, code);
    }
    let mut peer = console(&hub).await;
    let answer = log_in_answer(&mut peer, &log_in("anna", PASSWORD)).await;
    assert_eq!(refusal(&answer), Some(RefusalCode::ACCOUNT_DISABLED));
    // names in which something hides
    for name in ["an\u{202e}na", "a\u{7}", " "] {
        let new = NewAccount {
            name: name.into(),
            display_name: "".into(),
            role: RoleId::OPERATOR,
            groups: Vec::new(),
            password: None,
        };
        let refused = window.try_ask(Question::AddAccount(new)).await;
        assert_eq!(refused, Err(RefusalCode::NAME_UNFIT), "{name:?}");
    }
    let new = NewAccount {
        name: "BRUNO".into(),
        display_name: "".into(),
        role: RoleId::OPERATOR,
        groups: Vec::new(),
        password: None,
    };
    let refused = window.try_ask(Question::AddAccount(new)).await;
    assert_eq!(refused, Err(RefusalCode::NAME_TAKEN));
}

/// What is measured is the work that the hub does, not how long that takes: the clock would measure the
/// other programs of the machine too.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn b3_the_work_of_a_refusal_does_not_tell_which_names_exist() {
    const TRIES: u8 = 5;
    let hub = hub_with_administrator();
    // one that waits for its invitation, and one with a second factor
    admin(&hub, &["invite", "dora"]);
    admin(&hub, &["set-second-factor", "anna", "--json"]);
    let names = ["anna", "bruno", "dora", "nobody", "no one"];
    let mut taken = Vec::new();
    for (n, name) in names.into_iter().enumerate() {
        let before = hub.cpu_time();
        for round in 0..TRIES {
            // from somewhere else each time, so that nobody has to wait
            let at = [7, round, u8::try_from(n).expect("small") + 1];
            let greeted = Caller::at(at).greet(&hub, Role::Operator).await;
            let mut peer = greeted.expect("greeted");
            let answer = log_in_answer(&mut peer, &log_in(name, "wrong password")).await;
            let wrong = Some(RefusalCode::WRONG_CREDENTIALS);
            assert_eq!(refusal(&answer), wrong, "{name}");
        }
        taken.push(hub.cpu_time().saturating_sub(before));
    }
    let (least, most) = (taken.iter().min(), taken.iter().max());
    let (least, most) = (least.expect("some"), most.expect("some"));
    println!("{taken:?} for {TRIES} tries of each of {names:?}");
    // without the work for names that nobody has it would be a tenth, or less
    assert!(
        *least >= Duration::from_millis(100),
        "too little to be told apart: {taken:?}"
    );
    assert!(*least * 2 > *most, "{taken:?} for {names:?}");
}

#[tokio::test]
async fn o12_an_invitation_can_be_a_file_and_a_qr_code() {
    let hub = hub_with_administrator();
    let folder = folder();
    let file = folder.path().join("dora.txt");
    let path = file.to_str().expect("a plain path");
    let said = admin(&hub, &["invite", "dora", "--out", path, "--qr"]);
    assert!(said.contains('█') || said.contains('▀'), "{said}");
    assert!(
        !said.contains("pure-help-desk://"),
        "it is in the file: {said}"
    );
    let written = std::fs::read_to_string(&file).expect("a file");
    let invitation: Invitation = written.parse().expect("an invitation");
    assert_eq!(invitation.user.as_str(), "dora");
    let listed = admin(&hub, &["list-operators", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    let dora = listed
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["name"] == "dora");
    let dora = dora.expect("added");
    assert_eq!(dora["role"], "operator");
    assert_eq!(dora["groups"], serde_json::json!(["Everyone"]));
    assert_eq!(dora["has_password"], false);
    // before a hub ever ran there is nothing to invite to, and nobody is added
    let never = folder.path().join("never");
    let (said, done) = try_admin(&never, &["add-operator", "eva"]);
    assert!(done, "{said}");
    let (said, done) = try_admin(&never, &["invite", "fabio"]);
    assert!(!done && said.contains("hub serve"), "{said}");
    let (said, _) = try_admin(&never, &["list-operators"]);
    assert!(!said.contains("fabio"), "{said}");
}
