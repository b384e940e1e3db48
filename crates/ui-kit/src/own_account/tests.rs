use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use protocol::admin::people::SignInKind;
use protocol::{OwnSignIn, PeerId};

use super::*;
use crate::clock::{Clock, Zone};
use crate::words::{Lang, Word, w};

const ADDRESS: &str = "otpauth://totp/Pure%20Help%20Desk:anna?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&issuer=Pure%20Help%20Desk";

struct Seen {
    form: OwnForm,
    reachable: bool,
    wishes: Vec<OwnWish>,
}

fn account(has_second_factor: bool) -> OwnAccount {
    let sign_in = |id, is_this| OwnSignIn {
        sign_in: PeerId([id; 16]),
        kind: SignInKind::Console,
        program: "pure-help-desk 0.1.0 linux".into(),
        address: "192.0.2.7".into(),
        since_unix_millis: 1_795_546_000_000,
        last_used_unix_millis: Some(1_795_546_700_000),
        is_this,
    };
    OwnAccount {
        name: "anna".into(),
        display_name: "Anna Bianchi".into(),
        has_second_factor,
        recovery_codes_left: 9,
        must_have_second_factor: false,
        password_chars: 8,
        sign_ins: vec![sign_in(1, true), sign_in(2, false)],
    }
}

/// The dialog after the hub told of the account.
fn dialog(lang: Lang, account: OwnAccount) -> Harness<'static, Seen> {
    let clock = Clock {
        now_unix_seconds: 1_795_546_800,
        zone: Zone::utc(),
    };
    let draw = move |ui: &mut egui::Ui, seen: &mut Seen| {
        crate::theme::install(ui.ctx());
        let wishes = seen.form.ui(ui.ctx(), lang, clock, seen.reachable);
        seen.wishes.extend(wishes);
    };
    let seen = Seen {
        form: OwnForm::default(),
        reachable: true,
        wishes: Vec::new(),
    };
    let mut harness = Harness::builder()
        .with_size([900.0, 800.0])
        .build_ui_state(draw, seen);
    harness.run_steps(3);
    assert_eq!(taken(&mut harness), [OwnWish::Ask(OwnQuestion::Show)]);
    answer(&mut harness, OwnAnswer::Account(account));
    harness
}

fn taken(harness: &mut Harness<'_, Seen>) -> Vec<OwnWish> {
    std::mem::take(&mut harness.state_mut().wishes)
}

fn answer(harness: &mut Harness<'_, Seen>, answer: OwnAnswer) -> Option<Zeroizing<String>> {
    let password = harness.state_mut().form.take(answer);
    harness.run_steps(3);
    password
}

fn refuse(harness: &mut Harness<'_, Seen>, code: RefusalCode) {
    assert!(answer(harness, OwnAnswer::Refused(code.into())).is_none());
}

fn field_role(label: Word) -> Role {
    if label == Word::SecondFactorCode || label == Word::CodeOfApp {
        Role::TextInput
    } else {
        Role::PasswordInput
    }
}

fn type_into(harness: &mut Harness<'_, Seen>, label: Word, text: &str) {
    let field = harness.get_by_role_and_label(field_role(label), w(Lang::En, label));
    field.focus();
    harness.run_steps(2);
    let field = harness.get_by_role_and_label(field_role(label), w(Lang::En, label));
    field.type_text(text);
    harness.run_steps(2);
}

fn press(harness: &mut Harness<'_, Seen>, label: Word) {
    let label = w(Lang::En, label);
    harness.get_by_role_and_label(Role::Button, label).click();
    harness.run_steps(3);
}

fn choose_part(harness: &mut Harness<'_, Seen>, label: Word) {
    let label = w(Lang::En, label);
    let all: Vec<_> = harness.query_all_by_label(label).collect();
    all.last().expect("a part").click();
    harness.run_steps(3);
    // what others did meanwhile is asked for
    assert_eq!(taken(harness), [OwnWish::Ask(OwnQuestion::Show)]);
    let shown = harness.state().form.account.clone().expect("known");
    answer(harness, OwnAnswer::Account(shown));
}

#[test]
fn a_password_is_asked_to_be_changed_once_everything_is_typed_and_fits() {
    let mut harness = dialog(Lang::En, account(false));
    for (label, typed, fault) in [
        (Word::PresentPassword, "old secret", Word::Required),
        (Word::NewPassword, "short", Word::Required),
    ] {
        press(&mut harness, Word::ChangePassword);
        harness.get_by_label(w(Lang::En, fault));
        type_into(&mut harness, label, typed);
    }
    press(&mut harness, Word::ChangePassword);
    harness.get_by_label("Too short: it needs at least 8 characters.");
    type_into(&mut harness, Word::NewPassword, " but longer");
    press(&mut harness, Word::ChangePassword);
    harness.get_by_label(w(Lang::En, Word::NotTheSame));
    assert_eq!(taken(&mut harness), []);
    type_into(&mut harness, Word::NewPasswordAgain, "short but longer");
    press(&mut harness, Word::ChangePassword);
    let change = OwnWish::Ask(OwnQuestion::ChangePassword {
        password: Password("old secret".into()),
        code: None,
        new: Password("short but longer".into()),
    });
    assert_eq!(taken(&mut harness), [change]);
    // while the hub thinks nothing is asked twice, and nothing is closed
    let button = harness.get_by_role_and_label(Role::Button, w(Lang::En, Word::ChangePassword));
    assert!(button.accesskit_node().is_disabled());
    harness.key_press_modifiers(Modifiers::NONE, Key::Escape);
    harness.run_steps(2);
    assert_eq!(taken(&mut harness), []);
    // what is wrong stands beside its field, and what was typed stays
    refuse(&mut harness, RefusalCode::WRONG_CREDENTIALS);
    harness.get_by_label(w(Lang::En, Word::NotYourPassword));
    let old = w(Lang::En, Word::PresentPassword);
    let old = harness.get_by_role_and_label(Role::PasswordInput, old);
    assert!(old.accesskit_node().is_focused());
    taken(&mut harness);
    let shown = OwnAnswer::Account(account(false));
    answer(&mut harness, shown);
    harness.get_by_label(w(Lang::En, Word::NotYourPassword));
    press(&mut harness, Word::ChangePassword);
    assert_eq!(taken(&mut harness).len(), 1);
    let password = answer(&mut harness, OwnAnswer::Done);
    assert_eq!(password.expect("changed").as_str(), "short but longer");
    harness.get_by_label(w(Lang::En, Word::OwnPasswordChanged));
    assert!(harness.state().form.old.0.is_empty() && harness.state().form.new.0.is_empty());
}

#[test]
fn a_lost_line_frees_the_dialog_and_says_so() {
    let mut harness = dialog(Lang::En, account(false));
    for (label, typed) in [
        (Word::PresentPassword, "old secret"),
        (Word::NewPassword, "a new secret"),
        (Word::NewPasswordAgain, "a new secret"),
    ] {
        type_into(&mut harness, label, typed);
    }
    press(&mut harness, Word::ChangePassword);
    harness.state_mut().form.lost();
    harness.state_mut().reachable = false;
    taken(&mut harness);
    harness.run_steps(3);
    harness.get_by_label(w(Lang::En, Word::LostBeforeAnswer));
    assert_eq!(taken(&mut harness), []);
    assert_eq!(harness.state().form.new.0.as_str(), "a new secret");
    // back again the account is asked for anew
    harness.state_mut().reachable = true;
    harness.run_steps(3);
    assert_eq!(taken(&mut harness), [OwnWish::Ask(OwnQuestion::Show)]);
}

#[test]
fn a_second_factor_is_set_up_with_a_code_and_its_recovery_codes_are_put_away_by_hand() {
    let mut harness = dialog(Lang::En, account(false));
    choose_part(&mut harness, Word::SecondFactor);
    type_into(&mut harness, Word::PresentPassword, "old secret");
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    let begin = OwnWish::Ask(OwnQuestion::BeginSecondFactor {
        password: Password("old secret".into()),
        code: None,
    });
    assert_eq!(taken(&mut harness), [begin]);
    let address = ADDRESS.into();
    answer(&mut harness, OwnAnswer::SecondFactor { address });
    harness.get_by_label("ABCD EFGH IJKL MNOP QRST UVWX YZ23 4567");
    // the keyboard is where the code belongs
    let code = w(Lang::En, Word::CodeOfApp);
    let code = harness.get_by_role_and_label(Role::TextInput, code);
    assert!(code.accesskit_node().is_focused());
    type_into(&mut harness, Word::CodeOfApp, "123 456");
    press(&mut harness, Word::Confirm);
    let confirm = OwnWish::Ask(OwnQuestion::ConfirmSecondFactor {
        code: Code("123 456".into()),
    });
    assert_eq!(taken(&mut harness), [confirm]);
    refuse(&mut harness, RefusalCode::CODE_WRONG);
    harness.get_by_label(w(Lang::En, Word::CodeNotRight));
    taken(&mut harness);
    answer(&mut harness, OwnAnswer::Account(account(false)));
    press(&mut harness, Word::Confirm);
    taken(&mut harness);
    let codes = vec!["aaaa-bbbb-cccc-dddd".into(), "eeee-ffff-gggg-hhhh".into()];
    answer(&mut harness, OwnAnswer::RecoveryCodes { codes });
    harness.get_by_label("aaaa-bbbb-cccc-dddd    eeee-ffff-gggg-hhhh");
    taken(&mut harness);
    answer(&mut harness, OwnAnswer::Account(account(true)));
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(taken(&mut harness), [], "they are not lost by a slip");
    press(&mut harness, Word::CopyCodes);
    let copied = "aaaa-bbbb-cccc-dddd\neeee-ffff-gggg-hhhh".to_owned();
    assert_eq!(taken(&mut harness), [OwnWish::Copy(copied)]);
    press(&mut harness, Word::KeptThem);
    harness.get_by_label_contains("9 recovery codes are left.");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(taken(&mut harness), [OwnWish::Close]);
}

#[test]
fn where_the_rule_asks_for_one_a_second_factor_is_not_removed() {
    let mut demanded = account(true);
    demanded.must_have_second_factor = true;
    let mut harness = dialog(Lang::En, demanded);
    choose_part(&mut harness, Word::SecondFactor);
    let remove = harness.get_by_role_and_label(Role::Button, w(Lang::En, Word::RemoveIt));
    assert!(remove.accesskit_node().is_disabled());
    type_into(&mut harness, Word::PresentPassword, "old secret");
    press(&mut harness, Word::NewRecoveryCodes);
    harness.get_by_label(w(Lang::En, Word::Required));
    type_into(&mut harness, Word::SecondFactorCode, "123456");
    press(&mut harness, Word::NewRecoveryCodes);
    let renew = OwnWish::Ask(OwnQuestion::RenewRecoveryCodes {
        password: Password("old secret".into()),
        code: Code("123456".into()),
    });
    assert_eq!(taken(&mut harness), [renew]);
}

#[test]
fn another_sign_in_is_ended_and_this_one_is_not() {
    let mut harness = dialog(Lang::En, account(false));
    choose_part(&mut harness, Word::SignIns);
    harness.get_by_label(w(Lang::En, Word::ThisSignIn));
    let label = w(Lang::En, Word::SignOutThere);
    let buttons = harness.query_all_by_role_and_label(Role::Button, label);
    assert_eq!(buttons.count(), 1);
    press(&mut harness, Word::SignOutThere);
    let end = OwnWish::Ask(OwnQuestion::EndSignIn {
        sign_in: PeerId([2; 16]),
    });
    assert_eq!(taken(&mut harness), [end]);
    answer(&mut harness, OwnAnswer::Done);
    harness.get_by_label(w(Lang::En, Word::SignedOutThere));
}

#[test]
fn what_was_typed_in_one_part_is_there_after_a_look_at_another() {
    let mut harness = dialog(Lang::En, account(false));
    type_into(&mut harness, Word::NewPassword, "half a pass");
    choose_part(&mut harness, Word::SignIns);
    assert_eq!(harness.state().form.new.0.as_str(), "half a pass");
}

#[test]
fn nothing_typed_or_shown_is_in_what_a_log_would_print() {
    let mut form = OwnForm::default();
    form.old.0.push_str("hunter2");
    form.asked = Some(Asked::Begin);
    let address = ADDRESS.into();
    form.take(OwnAnswer::SecondFactor { address });
    let shown = format!("{form:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("ABCD"),
        "{shown}"
    );
}
