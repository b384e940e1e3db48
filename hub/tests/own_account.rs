//! What people do with their own accounts, through the real hub (B1, B3, O5).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::admin::people::{SecondFactorRule, SignInKind};
use protocol::admin::{self, AdminToHub, HubToAdmin};
use protocol::{
    Code, HubToOperator, OperatorToHub, OwnAccount, OwnAnswer, OwnQuestion, Password, RefusalCode,
    Role,
};
use support::window::{
    Window, admin, audited, console, hub_with_administrator, log_in_answer, refusal, try_admin,
};
use support::{PASSWORD, Peer, TestHub, log_in, run_hub};
use totp_rs::Builder;
use transport::close::close_refused;

const NEW_PASSWORD: &str = "a better horse";

fn password(text: &str) -> Password {
    Password(text.into())
}

fn code(text: &str) -> Code {
    Code(text.into())
}

/// The code of the step of time that is `steps` after this one.
fn totp(address: &str, steps: i64) -> Code {
    let (_, query) = address.split_once("secret=").expect("a secret");
    let secret = query.split('&').next().expect("a secret");
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base 32");
    let made = Builder::new().with_secret(secret).build().expect("codes");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("now");
    let at = now.as_secs().saturating_add_signed(30 * steps);
    code(made.generate(at).to_string().as_str())
}

/// A question of an administrator's.
async fn ask(window: &mut Window, question: OwnQuestion) -> Result<OwnAnswer, RefusalCode> {
    match window.ask_hub(admin::Question::Own(question)).await {
        admin::Answer::Own(OwnAnswer::Refused(refusal)) => Err(refusal.code),
        admin::Answer::Own(answer) => Ok(answer),
        other => panic!("{other:?}"),
    }
}

/// A question of an operator's.
async fn console_asks(peer: &mut Peer, question: OwnQuestion) -> Result<OwnAnswer, RefusalCode> {
    let number = 77;
    peer.send(&OperatorToHub::AskOwn { number, question }).await;
    let answer = peer.wait_for(|message| match message {
        HubToOperator::OwnAnswered { number: 77, answer } => Some(answer),
        HubToOperator::Goodbye { refusal } => panic!("{refusal:?}"),
        _ => None,
    });
    match answer.await {
        OwnAnswer::Refused(refusal) => Err(refusal.code),
        answer => Ok(answer),
    }
}

fn change(old: &str, new: &str, code: Option<Code>) -> OwnQuestion {
    OwnQuestion::ChangePassword {
        password: password(old),
        code,
        new: password(new),
    }
}

async fn account(window: &mut Window) -> OwnAccount {
    match ask(window, OwnQuestion::Show).await {
        Ok(OwnAnswer::Account(account)) => account,
        other => panic!("{other:?}"),
    }
}

/// A second factor that is shown and not confirmed.
async fn begin(window: &mut Window, code: Option<Code>) -> String {
    let password = password(PASSWORD);
    match ask(window, OwnQuestion::BeginSecondFactor { password, code }).await {
        Ok(OwnAnswer::SecondFactor { address }) => address.to_string(),
        other => panic!("{other:?}"),
    }
}

fn codes(answer: Result<OwnAnswer, RefusalCode>) -> Vec<Code> {
    match answer {
        Ok(OwnAnswer::RecoveryCodes { codes }) => codes.iter().map(|text| code(text)).collect(),
        other => panic!("{other:?}"),
    }
}

/// A second factor that counts: its address, and its recovery codes.
async fn set_up(window: &mut Window) -> (String, Vec<Code>) {
    let address = begin(window, None).await;
    let code = totp(&address, 0);
    let confirmed = ask(window, OwnQuestion::ConfirmSecondFactor { code }).await;
    (address, codes(confirmed))
}

/// What a password of `carla` opens.
async fn sign_in(hub: &TestHub, typed: &str) -> (Window, HubToAdmin) {
    let mut window = Window::open(hub).await;
    let message = AdminToHub::SignIn {
        user: "carla".into(),
        password: password(typed),
    };
    window.peer.send(&message).await;
    let answer = window.peer.receive().await;
    (window, answer)
}

async fn give_code(hub: &TestHub, code: Code) -> HubToAdmin {
    let (mut window, answer) = sign_in(hub, PASSWORD).await;
    assert_eq!(answer, HubToAdmin::CodeWanted);
    window.peer.send(&AdminToHub::GiveCode { code }).await;
    window.peer.receive().await
}

fn is_refused(answer: &HubToAdmin, code: RefusalCode) -> bool {
    matches!(answer, HubToAdmin::SignInRefused { refusal } if refusal.code == code)
}

#[tokio::test]
async fn o5_an_operator_changes_the_password_and_stays() {
    let hub = hub_with_administrator();
    std::fs::write(hub.data.join("passwords.txt"), "letmein123\n").expect("written");
    let mut anna = hub.operator("anna").await;
    for (old, new, why) in [
        ("wrong horse", NEW_PASSWORD, RefusalCode::WRONG_CREDENTIALS),
        (PASSWORD, "short", RefusalCode::PASSWORD_SHORT),
        (PASSWORD, "letmein123", RefusalCode::PASSWORD_KNOWN),
    ] {
        let refused = console_asks(&mut anna, change(old, new, None)).await;
        assert_eq!(refused, Err(why), "{new}");
    }
    let changed = console_asks(&mut anna, change(PASSWORD, NEW_PASSWORD, None)).await;
    assert_eq!(changed, Ok(OwnAnswer::Done));
    // longer than the hub takes to look for changes from outside
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let shown = console_asks(&mut anna, OwnQuestion::Show).await;
    assert!(matches!(shown, Ok(OwnAnswer::Account(_))), "{shown:?}");
    // the place is kept, also for a line that breaks
    let admission = anna.admission.expect("logged in");
    close_refused(&anna.greeted.connection, RefusalCode::TIMED_OUT.into());
    let mut back = console(&hub).await;
    let resume = OperatorToHub::Resume {
        you: admission.you,
        secret: admission.secret,
    };
    let answer = log_in_answer(&mut back, &resume).await;
    assert!(
        matches!(answer, HubToOperator::Resumed { .. }),
        "{answer:?}"
    );
    let mut peer = console(&hub).await;
    let answer = log_in_answer(&mut peer, &log_in("anna", PASSWORD)).await;
    assert_eq!(refusal(&answer), Some(RefusalCode::WRONG_CREDENTIALS));
    let answer = log_in_answer(&mut peer, &log_in("anna", NEW_PASSWORD)).await;
    assert!(
        matches!(answer, HubToOperator::LoggedIn { .. }),
        "{answer:?}"
    );
    let actors = |action| audited(&hub, action).into_iter().map(|(actor, _)| actor);
    assert_eq!(
        actors("account.password_changed").collect::<Vec<_>>(),
        ["anna"]
    );
    assert_eq!(
        actors("account.proof_refused").collect::<Vec<_>>(),
        ["anna"]
    );
    let verified = run_hub(&["audit", "verify", "--data", hub.data_text()], "");
    assert!(verified.status.success());
}

#[tokio::test]
async fn b3_a_new_password_ends_every_other_sign_in_of_the_account() {
    let hub = hub_with_administrator();
    let mut here = Window::signed_in(&hub, "carla").await;
    let mut elsewhere = Window::signed_in(&hub, "carla").await;
    let mut at_the_desk = hub.operator("carla").await;
    let mut anna = hub.operator("anna").await;
    let changed = ask(&mut here, change(PASSWORD, NEW_PASSWORD, None)).await;
    assert_eq!(changed, Ok(OwnAnswer::Done));
    assert_eq!(elsewhere.goodbye().await, RefusalCode::PASSWORD_CHANGED);
    let goodbye = at_the_desk.wait_for(|message| match message {
        HubToOperator::Goodbye { refusal } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(goodbye.await, RefusalCode::PASSWORD_CHANGED);
    // nobody else's, and not this one, however often the hub looks
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(account(&mut here).await.sign_ins.len(), 1);
    assert!(console_asks(&mut anna, OwnQuestion::Show).await.is_ok());
    let (_, answer) = sign_in(&hub, PASSWORD).await;
    assert!(is_refused(&answer, RefusalCode::WRONG_CREDENTIALS));
    let (_, answer) = sign_in(&hub, NEW_PASSWORD).await;
    assert!(matches!(answer, HubToAdmin::SignedIn { .. }), "{answer:?}");
    // what an administrator sets ends this one too
    admin(&hub, &["set-password", "carla"]);
    assert_eq!(here.goodbye().await, RefusalCode::PASSWORD_CHANGED);
}

#[tokio::test]
async fn b3_whoever_guesses_in_an_open_window_waits_as_at_the_log_in() {
    let hub = hub_with_administrator();
    let mut anna = hub.operator("anna").await;
    let mut answers = Vec::new();
    for try_number in 0..8 {
        let guess = format!("guess {try_number}");
        answers.push(console_asks(&mut anna, change(&guess, NEW_PASSWORD, None)).await);
        if try_number == 3 {
            // the right password, with a new one that cannot be, does not make up for guesses
            let unfit = console_asks(&mut anna, change(PASSWORD, "short", None)).await;
            assert_eq!(unfit, Err(RefusalCode::PASSWORD_SHORT));
        }
    }
    let wrong = Err(RefusalCode::WRONG_CREDENTIALS);
    let throttled = Err(RefusalCode::THROTTLED);
    assert!(answers[..6].iter().all(|answer| *answer == wrong));
    assert!(answers[6..].iter().all(|answer| *answer == throttled));
    // the right one waits too
    let right = console_asks(&mut anna, change(PASSWORD, NEW_PASSWORD, None)).await;
    assert_eq!(right, throttled);
    tokio::time::sleep(Duration::from_millis(2200)).await;
    let right = console_asks(&mut anna, change(PASSWORD, NEW_PASSWORD, None)).await;
    assert_eq!(right, Ok(OwnAnswer::Done));
    assert_eq!(audited(&hub, "account.proof_refused").len(), 6);
}

#[tokio::test]
async fn b3_a_second_factor_counts_from_its_first_right_code_on() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    let wrong = OwnQuestion::BeginSecondFactor {
        password: password("wrong horse"),
        code: None,
    };
    let refused = ask(&mut window, wrong).await;
    assert_eq!(refused, Err(RefusalCode::WRONG_CREDENTIALS));
    let address = begin(&mut window, None).await;
    // nothing is asked for yet, and a wrong code changes nothing
    let confirm = |code| OwnQuestion::ConfirmSecondFactor { code };
    let refused = ask(&mut window, confirm(code("000000"))).await;
    assert_eq!(refused, Err(RefusalCode::CODE_WRONG));
    let (mut other, answer) = sign_in(&hub, PASSWORD).await;
    assert!(matches!(answer, HubToAdmin::SignedIn { .. }), "{answer:?}");
    assert!(!account(&mut window).await.has_second_factor);
    // it was shown in one window, and belongs there
    let elsewhere = ask(&mut other, confirm(totp(&address, 0))).await;
    assert_eq!(elsewhere, Err(RefusalCode::NOT_THERE));
    let now = totp(&address, 0);
    let recovery = codes(ask(&mut window, confirm(now.clone())).await);
    assert_eq!(recovery.len(), 10);
    // once
    let again = ask(&mut window, confirm(totp(&address, 1))).await;
    assert_eq!(again, Err(RefusalCode::NOT_THERE));
    let shown = account(&mut window).await;
    assert!(shown.has_second_factor && shown.recovery_codes_left == 10);
    // the code that confirmed it is spent, the next one opens
    let replayed = give_code(&hub, now).await;
    assert!(is_refused(&replayed, RefusalCode::CODE_WRONG));
    let next = totp(&address, 1);
    let opened = give_code(&hub, next.clone()).await;
    assert!(matches!(opened, HubToAdmin::SignedIn { .. }), "{opened:?}");
    // a password is changed with the second factor alone, and a code counts once
    for none in [None, Some(code("000000")), Some(next)] {
        let refused = ask(&mut window, change(PASSWORD, NEW_PASSWORD, none)).await;
        assert_eq!(refused, Err(RefusalCode::CODE_WRONG));
    }
    // one that is not done uses nothing up
    let spare = Some(recovery[0].clone());
    let refused = ask(&mut window, change(PASSWORD, "short", spare.clone())).await;
    assert_eq!(refused, Err(RefusalCode::PASSWORD_SHORT));
    let changed = ask(&mut window, change(PASSWORD, NEW_PASSWORD, spare)).await;
    assert_eq!(changed, Ok(OwnAnswer::Done));
    assert_eq!(account(&mut window).await.recovery_codes_left, 9);
    let database = std::fs::read(hub.data.join("hub.db")).expect("readable");
    let has = |text: &str| database.windows(text.len()).any(|w| w == text.as_bytes());
    assert!(!has(&recovery[1].0) && !has(&recovery[1].0.replace('-', "")));
    assert!(!has(NEW_PASSWORD));
}

#[tokio::test]
async fn b3_recovery_codes_are_renewed_and_a_second_factor_is_removed_where_the_rule_allows_it() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    let renew = |code| OwnQuestion::RenewRecoveryCodes {
        password: password(PASSWORD),
        code,
    };
    let remove = |code| OwnQuestion::RemoveSecondFactor {
        password: password(PASSWORD),
        code,
    };
    let none = ask(&mut window, renew(code("000000"))).await;
    assert_eq!(none, Err(RefusalCode::NOT_THERE));
    let (address, old) = set_up(&mut window).await;
    let renewed = ask(&mut window, renew(old[0].clone())).await;
    let new = codes(renewed);
    assert_eq!(new.len(), 10);
    let spent = give_code(&hub, old[1].clone()).await;
    assert!(is_refused(&spent, RefusalCode::CODE_WRONG));
    let opened = give_code(&hub, new[0].clone()).await;
    assert!(matches!(opened, HubToAdmin::SignedIn { .. }), "{opened:?}");
    assert_eq!(audited(&hub, "account.recovery_codes_renewed").len(), 1);
    // the command line does the same for whoever has lost theirs
    let (said, done) = try_admin(&hub.data, &["renew-recovery-codes", "anna"]);
    assert!(!done && said.contains("no second factor"), "{said}");
    let said = admin(&hub, &["renew-recovery-codes", "carla", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let said = said["recovery_codes"].as_array().expect("a list");
    let new: Vec<Code> = said
        .iter()
        .map(|text| code(text.as_str().expect("text")))
        .collect();
    assert_eq!(new.len(), 10);
    // where the rule asks for one it is replaced, never removed
    let rule = window.set_rules(SecondFactorRule::Administrators).await;
    assert!(rule.is_ok(), "{rule:?}");
    assert!(account(&mut window).await.must_have_second_factor);
    let refused = ask(&mut window, remove(new[1].clone())).await;
    assert_eq!(refused, Err(RefusalCode::AGAINST_A_RULE));
    let replaced = begin(&mut window, Some(new[1].clone())).await;
    // the old one counts until the new one is confirmed
    let opened = give_code(&hub, totp(&address, 1)).await;
    assert!(matches!(opened, HubToAdmin::SignedIn { .. }), "{opened:?}");
    let confirm = OwnQuestion::ConfirmSecondFactor {
        code: totp(&replaced, 0),
    };
    let last = codes(ask(&mut window, confirm).await);
    let gone = give_code(&hub, new[2].clone()).await;
    assert!(is_refused(&gone, RefusalCode::CODE_WRONG));
    let rule = window.set_rules(SecondFactorRule::Optional).await;
    assert!(rule.is_ok(), "{rule:?}");
    let refused = ask(&mut window, remove(code("000000"))).await;
    assert_eq!(refused, Err(RefusalCode::CODE_WRONG));
    let removed = ask(&mut window, remove(last[0].clone())).await;
    assert_eq!(removed, Ok(OwnAnswer::Done));
    let (_, answer) = sign_in(&hub, PASSWORD).await;
    assert!(matches!(answer, HubToAdmin::SignedIn { .. }), "{answer:?}");
}

#[tokio::test]
async fn b3_people_see_their_own_sign_ins_and_end_no_others() {
    let hub = hub_with_administrator();
    let mut window = Window::signed_in(&hub, "carla").await;
    let mut desk = hub.operator("carla").await;
    let mut anna = hub.operator("anna").await;
    let all = account(&mut window).await.sign_ins;
    let kinds: Vec<_> = all.iter().map(|row| (row.kind, row.is_this)).collect();
    let (at_the_desk, here) = (SignInKind::Console, SignInKind::Administration);
    assert_eq!(kinds, [(at_the_desk, false), (here, true)]);
    for row in &all {
        assert_eq!(row.program.as_str(), "test 0");
        assert_eq!(row.address.as_str(), "127.0.0.1");
        let used = row.last_used_unix_millis.expect("in use");
        assert!(used >= row.since_unix_millis, "{row:?}");
    }
    // neither this one nor somebody else's
    let of_anna = anna.admission.expect("logged in").you;
    for sign_in in [all[1].sign_in, of_anna] {
        let refused = ask(&mut window, OwnQuestion::EndSignIn { sign_in }).await;
        assert_eq!(refused, Err(RefusalCode::NOT_THERE));
    }
    let (of_carla, here) = (all[0].sign_in, all[1].sign_in);
    let end = OwnQuestion::EndSignIn { sign_in: of_carla };
    let refused = console_asks(&mut anna, end.clone()).await;
    assert_eq!(refused, Err(RefusalCode::NOT_THERE));
    // from the desk a window, and from a window the desk
    let other = Window::signed_in(&hub, "carla").await;
    drop(other);
    let mut other = Window::signed_in(&hub, "carla").await;
    let sign_in = account(&mut other)
        .await
        .sign_ins
        .iter()
        .find(|row| row.is_this)
        .expect("listed")
        .sign_in;
    let ended = console_asks(&mut desk, OwnQuestion::EndSignIn { sign_in }).await;
    assert_eq!(ended, Ok(OwnAnswer::Done));
    assert_eq!(other.goodbye().await, RefusalCode::SIGNED_OUT);
    assert_eq!(ask(&mut window, end).await, Ok(OwnAnswer::Done));
    let goodbye = desk.wait_for(|message| match message {
        HubToOperator::Goodbye { refusal } => Some(refusal.code),
        _ => None,
    });
    assert_eq!(goodbye.await, RefusalCode::SIGNED_OUT);
    let left = account(&mut window).await.sign_ins;
    assert!(left.iter().all(|row| row.sign_in != of_carla));
    assert!(left.iter().any(|row| row.sign_in == here && row.is_this));
}

#[tokio::test]
async fn a_stranger_has_no_account_to_ask_about() {
    let hub = hub_with_administrator();
    let mut peer = Peer::new(hub.connect(Role::Operator).await.expect("greeted"));
    let question = OwnQuestion::Show;
    peer.send(&OperatorToHub::AskOwn {
        number: 1,
        question,
    })
    .await;
    assert_eq!(peer.refused().await, RefusalCode::OUT_OF_PLACE);
}
