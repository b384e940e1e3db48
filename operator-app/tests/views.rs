//! The views as their users see them, without a network.

use std::sync::Arc;

use desktop::Keeper;
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use operator_app::action::Action;
use operator_app::settings::Settings;
use operator_app::state::account::{Account, LogIn};
use operator_app::state::opening::OpeningHost;
use operator_app::state::reports::{About, OpenReport, ReportText, Saved};
use operator_app::state::showing::ShowingBox;
use operator_app::state::templates::{Template, Templates};
use operator_app::state::tickets::Ticket;
use operator_app::state::unlocking::Unlocking;
use operator_app::state::{ConsoleState, Side};
use operator_app::views::settings::{SettingsForm, settings_ui};
use operator_app::views::{doctor, drafts, report, shell};
use protocol::admin::reports::{Field, FieldDefinition, FieldKind, ReportRow};
use protocol::diagnosis::{Check, Diagnosis, Family, Finding, Found, News};
use protocol::{
    ChatAuthor, ChatLine, Entry, EntryKind, Feedback, OwnQuestion, PeerId, Proposal, ReportFacts,
    ReportId, SessionId, Stars, TicketRoute, TicketState,
};
use ui_kit::{Clock, Examination, Lang, OwnForm, OwnWish, Word, Zone, w};

const NOW: i64 = 1_795_546_800;
const ANNA: PeerId = PeerId([2; 16]);

struct Seen {
    state: ConsoleState,
    actions: Vec<Action>,
}

fn clock() -> Clock {
    Clock {
        now_unix_seconds: NOW,
        zone: Zone::utc(),
    }
}

fn state(lang: Lang, log_in: LogIn) -> ConsoleState {
    let account = Account {
        log_in,
        ..Account::default()
    };
    ConsoleState::new(lang, clock(), account, Templates::default())
}

fn row(id: u8, kind: EntryKind, name: &str, yours: bool) -> Entry {
    Entry {
        id: PeerId([id; 16]),
        kind,
        name: name.into(),
        person: "Anna Rossi".into(),
        system: "Linux".into(),
        ticket: TicketRoute::new(4_829).filter(|_| kind == EntryKind::User),
        in_session_with: None,
        since_unix_seconds: NOW - 60,
        yours,
        present: true,
    }
}

fn logged_in(lang: Lang) -> ConsoleState {
    let mut state = state(
        lang,
        LogIn::In {
            display_name: "Otto".to_owned(),
        },
    );
    state.computers.update(operator_engine::Rows::from(vec![
        row(1, EntryKind::Operator, "Otto", false),
        row(ANNA.0[0], EntryKind::User, "ANNA-PC", true),
    ]));
    state.tickets.add(ticket(TicketState::Open));
    state.tickets.text.push_str("Your ticket is 482 913 0571");
    state
}

fn ticket(state: TicketState) -> Ticket {
    Ticket {
        route: TicketRoute::new(4_829).expect("four digits"),
        spoken: "482 913 0571".to_owned(),
        expires_unix_seconds: NOW + 845,
        state,
        guesses: 0,
        host: None,
        note: String::new(),
    }
}

fn window(state: ConsoleState) -> Harness<'static, Seen> {
    let draw = |ui: &mut egui::Ui, seen: &mut Seen| {
        ui_kit::theme::install(ui.ctx());
        shell::main_window_ui(ui, &mut seen.state, &mut seen.actions);
        if seen.state.drafts_open {
            drafts::drafts_ui(ui, &seen.state, &mut seen.actions);
        }
    };
    let seen = Seen {
        state,
        actions: Vec::new(),
    };
    let mut harness = Harness::builder()
        .with_size([1080.0, 720.0])
        .build_ui_state(draw, seen);
    harness.run_steps(3);
    harness
}

#[test]
fn o5_before_the_log_in_everything_else_is_greyed() {
    let harness = window(state(Lang::En, LogIn::Out));
    harness.get_by_label("Not logged in");
    for label in ["Generate it", "Remote Session", "Chat", "Reports"] {
        let node = harness.get_by_label(label);
        assert!(node.accesskit_node().is_disabled(), "{label}");
    }
}

#[test]
fn o5_a_log_in_with_empty_fields_is_not_sent_without_being_asked_for() {
    let mut harness = window(state(Lang::En, LogIn::Out));
    let buttons: Vec<_> = harness.get_all_by_label("Log into the service").collect();
    buttons.last().expect("in the form").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::LogIn]);
}

#[test]
fn o5_a_failed_log_in_says_why() {
    let mut out = state(Lang::En, LogIn::Out);
    out.account.problem = Some("User name or password is wrong.".to_owned());
    window(out).get_by_label("User name or password is wrong.");
}

#[test]
fn o5_the_account_is_opened_from_the_initials_and_keys_stay_in_its_dialog() {
    let mut harness = window(logged_in(Lang::En));
    let label = w(Lang::En, Word::YourAccount);
    harness.get_by_role_and_label(Role::Button, label).click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::OpenOwnAccount]);
    harness.state_mut().actions.clear();
    harness.state_mut().state.own = Some(OwnForm::default());
    harness.run_steps(3);
    harness.key_press_modifiers(egui::Modifiers::CTRL, Key::G);
    harness.run_steps(2);
    let asked = Action::InOwnAccount(OwnWish::Ask(OwnQuestion::Show));
    assert_eq!(harness.state().actions, [asked]);
    // without a log-in there is no account
    let out = window(state(Lang::En, LogIn::Out));
    assert!(out.query_by_label(label).is_none());
}

#[test]
fn o6_a_ticket_is_shown_large_with_its_time_and_can_be_taken_back() {
    let mut harness = window(logged_in(Lang::En));
    harness.get_by_label("482 913 0571");
    harness.get_by_label("valid for 14:05");
    harness.get_by_label("Take the ticket back").click();
    harness.run_steps(2);
    let route = TicketRoute::new(4_829).expect("four digits");
    assert_eq!(harness.state().actions, [Action::RevokeTicket { route }]);
}

#[test]
fn o6_an_open_ticket_is_extended_and_noted_and_earlier_ones_show_their_time() {
    let mut two = logged_in(Lang::En);
    let earlier = Ticket {
        route: TicketRoute::new(1_234).expect("four digits"),
        spoken: "123 456 7890".to_owned(),
        expires_unix_seconds: NOW + 61,
        note: "Till 3".to_owned(),
        ..ticket(TicketState::Open)
    };
    two.tickets.all.insert(0, earlier);
    let mut harness = window(two);
    assert!(harness.query_by_label("Note").is_none());
    harness.get_by_label("Add a note").click();
    harness.run_steps(3);
    let typed = egui::Event::Text("Printer offline".to_owned());
    harness.event(typed);
    harness.run_steps(2);
    let tickets = &harness.state().state.tickets;
    let route = |number| TicketRoute::new(number).expect("four digits");
    assert_eq!(tickets.note(route(4_829)), "Printer offline");
    assert_eq!(tickets.note(route(1_234)), "Till 3");
    let extend: Vec<_> = harness.get_all_by_label("Extend the ticket").collect();
    extend[0].click();
    harness.run_steps(2);
    let route = route(4_829);
    assert_eq!(harness.state().actions, [Action::ExtendTicket { route }]);
    harness.get_by_label("valid for 1:01");
    harness.get_by_label("Till 3");
}

#[test]
fn o6_copy_and_mail_take_the_prepared_text() {
    let mut harness = window(logged_in(Lang::En));
    harness.get_by_label("Copy").click();
    harness.run_steps(2);
    harness.get_by_label("E-mail").click();
    harness.run_steps(2);
    assert_eq!(
        harness.state().actions,
        [Action::CopyText, Action::MailText]
    );
}

#[test]
fn o6_an_expired_ticket_is_not_handed_out() {
    let mut expired = logged_in(Lang::En);
    expired.tickets.add(ticket(TicketState::Burnt));
    let harness = window(expired);
    harness.get_by_label("Blocked after wrong tries");
    assert!(harness.get_by_label("Copy").accesskit_node().is_disabled());
}

#[test]
fn o6_ctrl_g_generates() {
    let mut harness = window(logged_in(Lang::En));
    harness.key_press_modifiers(egui::Modifiers::CTRL, Key::G);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::GenerateTicket]);
}

#[test]
fn o7_a_computer_stands_with_its_name_and_then_its_ticket() {
    window(logged_in(Lang::En)).get_by_label("ANNA-PC  –  482 913 0571");
}

#[test]
fn o9_the_menu_of_a_row_opens_a_session() {
    let mut harness = window(logged_in(Lang::En));
    harness
        .get_by_label("ANNA-PC  –  482 913 0571")
        .click_secondary();
    harness.run_steps(3);
    harness
        .get_by_role_and_label(Role::MenuItem, "Remote Session")
        .click();
    harness.run_steps(2);
    let actions = &harness.state().actions;
    assert!(actions.contains(&Action::StartSession(ANNA)), "{actions:?}");
}

#[test]
fn o9_an_open_menu_stays_with_its_computer_when_another_one_leaves() {
    let anna = row(ANNA.0[0], EntryKind::User, "ANNA-PC", true);
    let before = row(9, EntryKind::User, "A-PC", true);
    let after = row(10, EntryKind::User, "Z-PC", true);
    let mut state = logged_in(Lang::En);
    let all = vec![before, anna.clone(), after.clone()];
    state.computers.update(all.into());
    let mut window = window(state);
    window.get_by_label_contains("ANNA-PC").click_secondary();
    window.run();
    let left = vec![anna, after];
    window.state_mut().state.computers.update(left.into());
    window.run();
    window.get_by_label("Disconnect this PC").click();
    window.run();
    let asked = Action::AskDisconnect(ANNA);
    assert!(
        window.state().actions.contains(&asked),
        "{:?}",
        window.state().actions
    );
}

#[test]
fn u3_a_permanent_host_that_may_not_be_opened_is_greyed() {
    let mut state = logged_in(Lang::En);
    let till = Entry {
        person: "".into(),
        ..row(9, EntryKind::PermanentHost, "Till 4", false)
    };
    state.computers.update(vec![till].into());
    let mut window = window(state);
    window.get_by_label_contains("Permanent hosts  ·  1");
    window.get_by_label_contains("Till 4").click_secondary();
    window.run_steps(3);
    window
        .get_by_role_and_label(Role::MenuItem, "Remote Session")
        .click();
    window.run_steps(3);
    let opens = |action: &Action| matches!(action, Action::StartSession(_));
    let actions = &window.state().actions;
    assert!(!actions.iter().any(opens), "{actions:?}");
}

#[test]
fn o10_the_box_for_the_word_counts_down_agrees_with_enter_and_refuses_with_escape() {
    let asked = |lang| {
        let mut state = logged_in(lang);
        let until = state.clock.now_unix_seconds + 42;
        let colleague = row(7, EntryKind::Operator, "Bruno", false).id;
        let open = ShowingBox::asked(colleague, "Bruno".to_owned(), true, until);
        state.showing = Some(open);
        window(state)
    };
    let wishes = |window: &Harness<'_, Seen>| {
        let of_box = |a: &&Action| matches!(a, Action::GiveWord | Action::LeaveShowing);
        let actions = &window.state().actions;
        actions.iter().filter(of_box).cloned().collect::<Vec<_>>()
    };
    let mut harness = asked(Lang::En);
    harness.get_by_label_contains("can use your keyboard and pointer");
    harness.get_by_label("42 seconds left");
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(wishes(&harness), [], "nothing is typed");
    harness.event(egui::Event::Text("girasole".to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(wishes(&harness), [Action::GiveWord]);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(wishes(&harness).last(), Some(&Action::LeaveShowing));
    asked(Lang::It).get_by_label("42 secondi rimasti");
}

#[test]
fn u3_the_password_box_opens_with_enter_and_closes_with_escape() {
    let opening = || {
        let mut state = logged_in(Lang::En);
        let till = row(9, EntryKind::PermanentHost, "Till 4", true);
        let host = till.id;
        state.computers.update(vec![till].into());
        state.opening = Some(OpeningHost::new(host, "Till 4".to_owned()));
        window(state)
    };
    let wishes = |window: &Harness<'_, Seen>| {
        let of_box = |a: &&Action| matches!(a, Action::OpenHost | Action::CloseOpening);
        let actions = &window.state().actions;
        actions.iter().filter(of_box).cloned().collect::<Vec<_>>()
    };
    let mut harness = opening();
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(wishes(&harness), [], "nothing is typed");
    // the keyboard is in the field; a paste goes there too
    harness.event(egui::Event::Paste("the shop opens".to_owned()));
    harness.run_steps(2);
    let typed = |h: &Harness<'_, Seen>| {
        let open = h.state().state.opening.as_ref().expect("open");
        open.password.to_string()
    };
    assert_eq!(typed(&harness), "the shop opens");
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(wishes(&harness), [Action::OpenHost]);
    // a wrong one is selected, so the next replaces it
    let open = harness.state_mut().state.opening.as_mut().expect("open");
    open.failed("The password is wrong.".to_owned());
    harness.run_steps(3);
    harness.get_by_label_contains("The password is wrong.");
    harness.event(egui::Event::Text("another".to_owned()));
    harness.run_steps(2);
    assert_eq!(typed(&harness), "another");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(wishes(&harness).last(), Some(&Action::CloseOpening));
}

#[test]
fn o9_disconnecting_asks_first() {
    let mut asked = logged_in(Lang::En);
    asked.disconnecting = Some(ANNA);
    let mut harness = window(asked);
    harness.get_by_label("Disconnect").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Disconnect(ANNA)]);
}

#[test]
fn a_question_that_waits_can_be_taken_back() {
    let mut waiting = logged_in(Lang::En);
    waiting.computers.asked.insert(ANNA, Some(SessionId(4)));
    let mut harness = window(waiting);
    harness.get_by_label("Take the question back").click();
    harness.run_steps(2);
    let withdraw = Action::WithdrawQuestion(SessionId(4));
    assert!(harness.state().actions.contains(&withdraw));
}

#[test]
fn s5_the_conversation_is_shown_and_answered() {
    let mut chatting = logged_in(Lang::En);
    chatting.side = Side::Chat;
    chatting.chats.open = Some(ANNA);
    let line = ChatLine {
        author: ChatAuthor::User,
        name: "Anna".into(),
        at_unix_seconds: NOW,
        text: "The printer beeps".into(),
    };
    chatting.chats.take(ANNA, line, true);
    chatting.chats.get_or_new(ANNA).draft = "I am coming".to_owned();
    let mut harness = window(chatting);
    harness.get_by_label("The printer beeps");
    harness.get_by_label("Send").click();
    harness.run_steps(2);
    let sent = Action::SendChat {
        host: ANNA,
        text: "I am coming".to_owned(),
    };
    assert_eq!(harness.state().actions, [sent]);
}

#[test]
fn e3_the_window_speaks_italian() {
    let harness = window(logged_in(Lang::It));
    harness.get_by_label("Accesso eseguito");
    harness.get_by_label("valido per 14:05");
}

fn facts() -> ReportFacts {
    ReportFacts {
        report: ReportId(7),
        session: SessionId(1),
        requester: "Anna Rossi".into(),
        operator: "Otto".into(),
        host: "ANNA-PC".into(),
        ticket: TicketRoute::new(4_829),
        started_unix_seconds: NOW - 185,
        ended_unix_seconds: NOW,
    }
}

fn open_report(text: ReportText, about: About) -> OpenReport {
    OpenReport {
        facts: facts(),
        text,
        saved: Saved::WithHub,
        typed_at_seconds: 0.0,
        finishing: false,
        about: Arc::new(about),
        asked: true,
        fields: Default::default(),
        finish_refused: false,
    }
}

fn report_harness(lang: Lang, open: OpenReport) -> Harness<'static, (OpenReport, Vec<Action>)> {
    let draw = move |ui: &mut egui::Ui, (open, actions): &mut (OpenReport, Vec<Action>)| {
        ui_kit::theme::install(ui.ctx());
        report::report_ui(ui, lang, clock(), open, actions);
    };
    let mut harness = Harness::builder()
        .with_size([680.0, 900.0])
        .build_ui_state(draw, (open, Vec::new()));
    harness.run_steps(3);
    harness
}

fn about() -> About {
    let earlier = ReportRow {
        report: ReportId(3),
        session: SessionId(2),
        started_unix_millis: (NOW - 86_400) * 1000,
        lasted_seconds: 60,
        active_seconds: 30,
        operators: "Otto".into(),
        requester: "Anna Rossi".into(),
        host: "ANNA-PC".into(),
        category: "Printer".into(),
        problem: "The toner was empty".into(),
        finished: true,
        corrected: false,
    };
    About {
        proposal: Proposal {
            problem: "The printer says nothing".into(),
            solution: "Saw the screen".into(),
        },
        earlier: vec![earlier],
        categories: vec!["Payroll".into()],
        fields: Vec::new(),
        told: true,
        feedback: None,
    }
}

#[test]
fn h9_what_the_user_said_stands_above_what_is_written() {
    let none = report_harness(Lang::En, open_report(ReportText::default(), about()));
    assert!(none.query_by_label("What the user said").is_none());
    let rated = About {
        feedback: Some(Feedback {
            stars: Stars::Four,
            words: "quick\u{202e}".into(),
        }),
        ..about()
    };
    let harness = report_harness(Lang::It, open_report(ReportText::default(), rated));
    harness.get_by_label("Parere dell'utente");
    harness.get_by_label("4 stelle su 5");
    harness.get_by_label("quick‹U+202E›");
}

#[test]
fn d1_what_the_hub_proposes_is_marked_and_becomes_text_only_when_it_is_taken() {
    let typed = ReportText {
        solution: "New cable".to_owned(),
        ..ReportText::default()
    };
    let mut harness = report_harness(Lang::En, open_report(typed.clone(), about()));
    // under the empty field alone
    harness.get_by_label("Proposed from the session");
    harness.get_by_label("The printer says nothing");
    assert!(harness.query_by_label("Saw the screen").is_none());
    assert_eq!(harness.state().0.text, typed);
    assert!(harness.state().1.is_empty());
    harness.get_by_label("Use it").click();
    harness.run_steps(3);
    let (open, actions) = harness.state();
    assert_eq!(open.text.problem, "The printer says nothing");
    assert_eq!(open.text.solution, "New cable");
    assert_eq!(open.saved, Saved::Typed);
    assert_eq!(*actions, [Action::ReportTyped(ReportId(7))]);
    assert!(harness.query_by_label("Use it").is_none());

    let harness = report_harness(Lang::It, open_report(typed, about()));
    harness.get_by_label("Proposta ricavata dalla sessione");
}

#[test]
fn d1_a_category_of_the_organisation_is_chosen() {
    let mut harness = report_harness(Lang::En, open_report(ReportText::default(), about()));
    harness.get_by_label("Choose a category").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Hardware").is_none());
    harness.get_by_label("Payroll").click();
    harness.run_steps(3);
    assert_eq!(harness.state().0.text.category, "Payroll");
}

#[test]
fn d1_a_report_is_not_finished_while_a_field_that_the_organisation_wants_is_empty() {
    let definition = FieldDefinition {
        name: "Cost centre".into(),
        kind: FieldKind::Number,
        required: true,
    };
    let about = About {
        fields: vec![Field { id: 4, definition }],
        told: true,
        ..About::default()
    };
    let mut harness = report_harness(Lang::En, open_report(ReportText::default(), about));
    harness.get_by_label("Finish the report").click();
    harness.run_steps(3);
    harness.get_by_label("Not finished: something is missing.");
    assert!(harness.state().1.is_empty());
    let field = harness.get_by_role_and_label(Role::TextInput, "Cost centre");
    field.focus();
    harness.run_steps(2);
    let field = harness.get_by_role_and_label(Role::TextInput, "Cost centre");
    field.type_text("77");
    harness.run_steps(3);
    let (open, actions) = harness.state();
    assert_eq!(*actions, [Action::ReportTyped(ReportId(7))]);
    assert_eq!(open.field_values()[0].value.as_str(), "77");
    harness.get_by_label("Finish the report").click();
    harness.run_steps(3);
    assert_eq!(harness.state().1[1..], [Action::FinishReport(ReportId(7))]);
}

#[test]
fn d1_earlier_reports_are_one_click_away() {
    let mut harness = report_harness(Lang::En, open_report(ReportText::default(), about()));
    assert!(harness.query_by_label("The toner was empty").is_none());
    harness
        .get_by_label("Earlier reports of this computer or person (1)")
        .click();
    harness.run_steps(20);
    harness.get_by_label("The toner was empty");
    assert!(harness.state().1.is_empty());
}

#[test]
fn d1_the_report_shows_its_facts_and_is_finished() {
    let open = open_report(ReportText::default(), About::default());
    let draw = |ui: &mut egui::Ui, (open, actions): &mut (OpenReport, Vec<Action>)| {
        ui_kit::theme::install(ui.ctx());
        report::report_ui(ui, Lang::En, clock(), open, actions);
    };
    let mut harness = Harness::builder()
        .with_size([680.0, 720.0])
        .build_ui_state(draw, (open, Vec::new()));
    harness.run_steps(3);
    for fact in ["Anna Rossi", "ANNA-PC", "Otto", "3 min 05 s"] {
        harness.get_by_label(fact);
    }
    harness.get_by_label("Finish the report").click();
    harness.run_steps(2);
    assert_eq!(harness.state().1, [Action::FinishReport(ReportId(7))]);
}

#[test]
fn d1_a_draft_is_opened_from_the_list() {
    let mut with_draft = logged_in(Lang::En);
    with_draft.reports.keep_draft(facts(), Default::default());
    with_draft.drafts_open = true;
    let mut harness = window(with_draft);
    harness.get_by_label("ANNA-PC").click();
    harness.run_steps(2);
    assert!(
        harness
            .state()
            .actions
            .contains(&Action::OpenReport(ReportId(7)))
    );
}

#[test]
fn e4_settings_with_a_wrong_port_are_not_saved() {
    let settings = Settings {
        server_address: "hub".to_owned(),
        ..Settings::default()
    };
    let mut form = SettingsForm::new(&settings, Default::default(), String::new());
    form.account.port = "70000".to_owned();
    let draw = |ui: &mut egui::Ui, (form, actions): &mut (SettingsForm, Vec<Action>)| {
        ui_kit::theme::install(ui.ctx());
        settings_ui(ui, Lang::En, form, actions);
    };
    let mut harness = Harness::builder()
        .with_size([760.0, 900.0])
        .build_ui_state(draw, (form, Vec::new()));
    harness.run_steps(3);
    harness.get_by_label("OK").click();
    harness.run_steps(3);
    assert!(harness.state().1.is_empty());
    harness.get_by_label("A port is a number from 1 to 65535.");
}

#[test]
fn o1_where_no_store_keeps_them_passwords_are_sealed_with_a_passphrase_that_is_long_enough() {
    let open = |keeper: Option<Keeper>| {
        let settings = Settings::default();
        let mut form = SettingsForm::new(&settings, Default::default(), String::new());
        if let Some(keeper) = keeper {
            form.kept_by(keeper, "somewhere".to_owned());
        }
        let draw = |ui: &mut egui::Ui, (form, actions): &mut (SettingsForm, Vec<Action>)| {
            ui_kit::theme::install(ui.ctx());
            settings_ui(ui, Lang::En, form, actions);
        };
        let mut harness = Harness::builder()
            .with_size([760.0, 900.0])
            .build_ui_state(draw, (form, Vec::new()));
        harness.run_steps(3);
        harness
    };
    for keeper in [None, Some(Keeper::Store)] {
        let harness = open(keeper);
        let offered = harness.query_by_label_contains("Protect with a passphrase");
        assert!(offered.is_none(), "{keeper:?}");
    }
    let mut harness = open(Some(Keeper::File));
    let protect = harness.get_by_label_contains("Protect with a passphrase");
    protect.click();
    harness.run_steps(3);
    assert!(harness.state().0.is_changed());
    harness.get_by_label("OK").click();
    harness.run_steps(3);
    assert!(harness.state().1.is_empty());
    harness.get_by_label("At least 10 characters.");
    harness.state_mut().0.passphrase.push_str("seven green");
    harness.run_steps(2);
    harness.get_by_label("OK").click();
    harness.run_steps(3);
    assert!(matches!(
        harness.state().1.as_slice(),
        [Action::SaveSettings(_)]
    ));
    // once it is sealed nothing is to be typed
    let mut harness = open(Some(Keeper::Sealed));
    assert!(!harness.state().0.is_changed());
    assert!(harness.query_by_label("Passphrase").is_none());
    harness
        .get_by_label_contains("Protect with a passphrase")
        .click();
    harness.run_steps(3);
    assert!(harness.state().0.is_changed(), "no longer");
}

#[test]
fn o1_the_passphrase_is_asked_for_and_can_be_gone_without() {
    let mut sealed = state(Lang::En, LogIn::Out);
    sealed.unlocking = Some(Unlocking::new());
    let mut harness = window(sealed);
    // the keyboard is there already
    harness.event(egui::Event::Text("seven green".to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Unlock]);
    harness.state_mut().actions.clear();
    let open = harness.state_mut().state.unlocking.as_mut().expect("open");
    open.failed("This passphrase does not open them.".to_owned());
    harness.run_steps(3);
    harness.get_by_label("Forget these passwords").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::ForgetPasswords]);
    harness.state_mut().actions.clear();
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::GoWithoutPasswords]);
}

/// The settings at the tab of the proxies.
fn proxy_tab(lang: Lang, custom: bool) -> Harness<'static, (SettingsForm, Vec<Action>)> {
    let mut settings = Settings::default();
    settings.proxy.custom = custom;
    let form = SettingsForm::new(&settings, Default::default(), String::new());
    let draw = move |ui: &mut egui::Ui, (form, actions): &mut (SettingsForm, Vec<Action>)| {
        ui_kit::theme::install(ui.ctx());
        settings_ui(ui, lang, form, actions);
    };
    let mut harness = Harness::builder()
        .with_size([760.0, 900.0])
        .build_ui_state(draw, (form, Vec::new()));
    harness.run_steps(3);
    let tab = w(lang, Word::ProxyTab);
    harness
        .get_by_role_and_label(Role::RadioButton, tab)
        .click();
    harness.run_steps(3);
    harness
}

#[test]
fn o4_the_tab_has_every_field_in_both_languages() {
    for lang in [Lang::En, Lang::It] {
        let harness = proxy_tab(lang, true);
        for word in [
            Word::ProxyEnable,
            Word::SystemSettings,
            Word::CustomSettings,
            Word::ProxyServer,
            Word::ProxyPort,
            Word::ProxyUsername,
            Word::ProxyPassword,
            Word::RememberPassword,
            Word::ProxyTest,
        ] {
            assert!(
                harness.query_all_by_label(w(lang, word)).next().is_some(),
                "{word:?}"
            );
        }
    }
}

#[test]
fn o4_a_proxy_that_is_none_is_told_and_neither_tested_nor_saved() {
    let mut harness = proxy_tab(Lang::En, true);
    harness.get_by_label("Test").click();
    harness.run_steps(3);
    assert!(harness.state().1.is_empty());
    harness.get_by_label(w(Lang::En, Word::ProxyServerWrong));
    harness.get_by_label("OK").click();
    harness.run_steps(3);
    assert!(harness.state().1.is_empty());
    "proxy.example".clone_into(&mut harness.state_mut().0.proxy.server);
    harness.run_steps(3);
    harness.get_by_label("Test").click();
    harness.run_steps(3);
    assert_eq!(harness.state().1, [Action::TestProxy]);
    harness.get_by_label("OK").click();
    harness.run_steps(3);
    let Some(Action::SaveSettings(saved)) = harness.state().1.last() else {
        panic!("not saved");
    };
    assert_eq!(saved.proxy.server, "proxy.example");
    // nothing typed is lost by it
    assert_eq!(harness.state().0.proxy.server, "proxy.example");
}

#[test]
fn o4_with_the_systems_settings_a_wrong_server_is_nobodys_business() {
    let mut harness = proxy_tab(Lang::En, false);
    harness.get_by_label("Test").click();
    harness.run_steps(3);
    assert_eq!(harness.state().1, [Action::TestProxy]);
}

fn address(harness: &Harness<'static, Seen>) -> String {
    harness.state().state.account.form.host.clone()
}

#[test]
fn e4_an_address_is_taken_apart_when_its_field_is_left_and_the_page_keeps_its_shape() {
    let mut out = state(Lang::En, LogIn::Out);
    out.account.form.fingerprint = "ab".repeat(32);
    out.account.form.port = "443".to_owned();
    let mut harness = window(out);
    let label = "Server address";
    harness
        .get_by_role_and_label(Role::TextInput, label)
        .focus();
    harness.run_steps(2);
    let mut typed = String::new();
    for character in "hub.example.org:4433".chars() {
        typed.push(character);
        harness.event(egui::Event::Text(character.to_string()));
        harness.run_steps(2);
        assert_eq!(address(&harness), typed);
        harness.get_by_role_and_label(Role::TextInput, label);
    }
    harness.key_press(Key::Tab);
    harness.run_steps(3);
    let form = &harness.state().state.account.form;
    assert_eq!(
        (form.host.as_str(), form.port.as_str()),
        ("hub.example.org", "4433")
    );
}

#[test]
fn e4_what_is_wrong_with_an_address_is_said() {
    let mut out = state(Lang::It, LogIn::Out);
    out.account.form.host = "anna@example.org".to_owned();
    out.account.show_faults = true;
    window(out).get_by_label_contains("Questo è un indirizzo e-mail.");
}

#[test]
fn o5_after_a_wrong_password_the_next_one_replaces_it() {
    let mut out = state(Lang::En, LogIn::Out);
    *out.account.form.password = "wrong".to_owned();
    out.account.retype_password = true;
    let mut harness = window(out);
    harness.event(egui::Event::Text("right".to_owned()));
    harness.run_steps(2);
    assert_eq!(*harness.state().state.account.form.password, "right");
}

#[test]
fn o12_an_invitation_that_is_pasted_fills_in_the_form_and_asks_for_a_new_password() {
    for (lang, label, new) in [
        (Lang::En, "Invitation", "Choose a password"),
        (Lang::It, "Invito", "Scegli una password"),
    ] {
        let mut harness = window(state(lang, LogIn::Out));
        harness
            .get_by_role_and_label(Role::TextInput, label)
            .focus();
        harness.run_steps(2);
        let line = format!(
            "<pure-help-desk://hub.example.org:4433/anna/{}/{}>",
            "ab".repeat(32),
            "cd".repeat(16)
        );
        harness.event(egui::Event::Paste(line));
        harness.run_steps(3);
        let form = &harness.state().state.account.form;
        assert_eq!(
            (form.host.as_str(), form.port.as_str()),
            ("hub.example.org", "4433")
        );
        assert_eq!(form.user, "anna");
        assert_eq!(form.fingerprint, "ab".repeat(32));
        harness.get_by_label(new);
    }
}

#[test]
fn o12_what_is_wrong_with_an_invitation_is_said() {
    let mut out = state(Lang::En, LogIn::Out);
    out.account.form.invitation = "pure-help-desk://hub".to_owned();
    window(out).get_by_label_contains("The invitation is cut off.");
}

#[test]
fn b3_a_code_is_asked_for_and_sent_with_enter() {
    let mut connecting = state(Lang::En, LogIn::Connecting);
    connecting.account.code = Some(Default::default());
    let mut harness = window(connecting);
    harness.event(egui::Event::Text("123456".to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    let typed = harness.state().state.account.code.as_ref();
    assert_eq!(typed.map(|code| code.as_str()), Some("123456"));
    assert_eq!(harness.state().actions, [Action::GiveCode]);
}

#[test]
fn o5_whoever_clicks_twice_to_log_in_is_not_logged_out_by_the_second_click() {
    let mut harness = window(state(Lang::En, LogIn::Out));
    // a step of the harness takes as long as a slow double click
    let options = |options: &mut egui::Options| options.input_options.max_double_click_delay = 1.0;
    harness.ctx.options_mut(options);
    let label = w(Lang::En, Word::LogIntoService);
    let tool = harness.get_all_by_label(label).next().expect("the tool");
    let place = tool.rect().center();
    let click = |harness: &mut Harness<'_, Seen>| {
        harness.event(egui::Event::PointerMoved(place));
        for pressed in [true, false] {
            harness.event(egui::Event::PointerButton {
                pos: place,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: egui::Modifiers::NONE,
            });
        }
        harness.step();
    };
    click(&mut harness);
    assert_eq!(harness.state().actions, [Action::LogIn]);
    harness.state_mut().state.account.log_in = LogIn::Connecting;
    click(&mut harness);
    assert_eq!(harness.state().actions, [Action::LogIn]);
}

#[test]
fn o5_escape_gives_a_log_in_up() {
    let mut harness = window(state(Lang::En, LogIn::Connecting));
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::LogOut]);
}

#[test]
fn r2_after_a_log_in_that_did_not_reach_the_hub_the_connection_can_be_checked() {
    let mut out = state(Lang::En, LogIn::Out);
    out.account.problem = Some("The hub does not answer.".to_owned());
    let check = w(Lang::En, Word::CheckConnection);
    assert!(window(out).query_by_label(check).is_none(), "it answered");
    let mut out = state(Lang::En, LogIn::Out);
    out.account.problem = Some("The hub does not answer.".to_owned());
    out.account.is_unreached = true;
    let mut harness = window(out);
    harness.get_by_label(check).click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::CheckConnection]);
    // and beside the proxies
    let mut harness = proxy_tab(Lang::En, false);
    harness.get_by_label(check).click();
    harness.run_steps(2);
    assert_eq!(harness.state().1, [Action::CheckConnection]);
}

type Checked = (Examination, Lang, Vec<Action>);

fn check_dialog(lang: Lang, examination: Examination) -> Harness<'static, Checked> {
    let draw = |ui: &mut egui::Ui, (examination, lang, actions): &mut Checked| {
        ui_kit::theme::install(ui.ctx());
        doctor::doctor_ui(ui, *lang, examination, actions);
    };
    let mut harness = Harness::builder()
        .with_size([760.0, 540.0])
        .build_ui_state(draw, (examination, lang, Vec::new()));
    harness.run_steps(3);
    harness
}

#[test]
fn r2_what_is_checked_appears_row_by_row_and_can_be_copied_in_the_end() {
    let hub: protocol::HubAddress = "hub.example.org:4433".parse().expect("an address");
    let udp = Check::Udp {
        port: 4433,
        family: Family::Ipv4,
    };
    let found = Finding {
        check: udp.clone(),
        found: Found::NoAnswer,
        took_millis: 8000,
    };
    for (lang, row, says, sentence) in [
        (
            Lang::En,
            "UDP port 4433 (IPv4)",
            "nothing came back",
            "Your network lets nothing through",
        ),
        (
            Lang::It,
            "Porta UDP 4433 (IPv4)",
            "non è tornato nulla",
            "La tua rete non lascia passare nulla",
        ),
    ] {
        let mut examination = Examination::new(hub.clone());
        examination.take(News::Begun(udp.clone()));
        let mut harness = check_dialog(lang, examination.clone());
        harness.get_by_label(row);
        assert!(harness.query_by_label(says).is_none(), "not yet");
        harness.get_by_label(w(lang, Word::Cancel)).click();
        harness.run_steps(2);
        assert_eq!(harness.state().2, [Action::CloseCheck]);

        examination.take(News::Found(found.clone()));
        let ip = "192.0.2.7".parse().expect("an address");
        let name = Finding {
            check: Check::Name,
            found: Found::Addresses(vec![ip]),
            took_millis: 1,
        };
        examination.take(News::Over(Diagnosis {
            hub: hub.clone(),
            unix_seconds: 0,
            own: vec![ip],
            findings: vec![name, found.clone()],
        }));
        let mut harness = check_dialog(lang, examination);
        harness.get_by_label(says);
        harness.get_by_label_contains(sentence);
        harness.get_by_label(w(lang, Word::Copy)).click();
        harness.run_steps(2);
        assert_eq!(harness.state().2, [Action::CopyCheck]);
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        assert_eq!(harness.state().2.last(), Some(&Action::CloseCheck));
    }
}

#[test]
fn o6_one_of_several_texts_is_chosen_and_edited_with_a_preview() {
    let mut several = logged_in(Lang::En);
    let own = |name: &str| Template {
        name: name.to_owned(),
        text: "{ticket}, good for {minutes} minutes".to_owned(),
    };
    several.tickets.templates = Templates::new(vec![own("Shops"), own("Doctors")], Some("Shops"));
    let mut harness = window(several);
    harness.get_by_label("New template");
    harness.get_by_label("Edit the template").click();
    harness.run_steps(2);
    assert!(harness.state().actions.contains(&Action::EditTemplate));
    harness
        .state_mut()
        .state
        .tickets
        .templates
        .edit("house", "My text");
    harness.run_steps(2);
    harness.get_by_label("482 913 0571, good for 15 minutes");
    harness.get_by_label("Delete the template").click();
    harness.run_steps(2);
    assert!(harness.state().actions.contains(&Action::RemoveTemplate));
}

#[test]
fn s5_what_is_written_often_is_kept_and_put_into_the_next_conversation() {
    let mut chatting = logged_in(Lang::En);
    chatting.side = Side::Chat;
    chatting.chats.open = Some(ANNA);
    chatting.chats.get_or_new(ANNA).draft = "Please restart the printer.".to_owned();
    let mut harness = window(chatting);
    harness.get_by_label("Texts that you keep").click();
    harness.run_steps(3);
    harness.get_by_label("Keep what is written").click();
    harness.run_steps(3);
    let state = &mut harness.state_mut().state;
    assert_eq!(state.snippets.all(), ["Please restart the printer."]);
    state.chats.get_or_new(ANNA).draft = "Hello!".to_owned();
    harness.run_steps(2);
    harness.get_by_label("Texts that you keep").click();
    harness.run_steps(3);
    harness
        .get_by_role_and_label(Role::MenuItem, "Please restart the printer.")
        .click();
    harness.run_steps(3);
    let state = &harness.state().state;
    let draft = state.chats.get(ANNA).map(|chat| chat.draft.as_str());
    assert_eq!(draft, Some("Hello! Please restart the printer."));
}
