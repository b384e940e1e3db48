//! The main window, its panels and the dialogs over it, and the report.

use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use looks::{Album, Window};
use operator_app::action::Action;
use operator_app::phrases;
use operator_app::state::account::{Account, LogIn};
use operator_app::state::opening::OpeningHost;
use operator_app::state::reports::{About, OpenReport, ReportText, Saved};
use operator_app::state::showing::{ShowingBox, Stage};
use operator_app::state::templates::{Template, Templates};
use operator_app::state::tickets::Ticket;
use operator_app::state::unlocking::Unlocking;
use operator_app::state::{ConsoleState, Side};
use operator_app::views::{doctor, drafts, report, shell};
use operator_engine::Rows;
use protocol::admin::people::SignInKind;
use protocol::admin::reports::{Field, FieldDefinition, FieldKind, ReportRow};
use protocol::diagnosis::{Check, Diagnosis, Family, Finding, Found, News};
use protocol::{
    ChatAuthor, ChatLine, Entry, EntryKind, Feedback, Hindrance, Hindrances, OwnAccount, OwnAnswer,
    OwnSignIn, PeerId, Permissions, Proposal, Refusal, RefusalCode, ReportDraft, ReportFacts,
    ReportId, SessionId, Stars, TicketRoute, TicketState, UpdateState, UpdateTrouble, WakeStanding,
};
use ui_kit::words::refusal_text;
use ui_kit::{Clock, Examination, Lang, OwnForm, Word, Zone, w};

use crate::MAY_BE_CUT;

const MAIN: Window = Window::new((1080.0, 720.0), (760.0, 540.0));
const REPORT: Window = Window::new((680.0, 720.0), (480.0, 420.0));
pub(crate) const NOW: i64 = 1_795_546_800;
const ANNA: PeerId = PeerId([2; 16]);
const TILL: PeerId = PeerId([9; 16]);
const BRUNO: PeerId = PeerId([7; 16]);
const SLEEPING: PeerId = PeerId([11; 16]);
const ALONE: PeerId = PeerId([12; 16]);

struct Seen {
    state: ConsoleState,
    actions: Vec<Action>,
}

pub(crate) fn clock() -> Clock {
    Clock {
        now_unix_seconds: NOW,
        zone: Zone::utc(),
    }
}

fn logged_out(lang: Lang) -> ConsoleState {
    ConsoleState::new(lang, clock(), Account::default(), Templates::default())
}

fn known_hub(lang: Lang) -> ConsoleState {
    let mut state = logged_out(lang);
    let form = &mut state.account.form;
    "hub.example.org".clone_into(&mut form.host);
    "4433".clone_into(&mut form.port);
    form.fingerprint = "ab".repeat(32);
    "otto".clone_into(&mut form.user);
    state
}

fn entry(id: PeerId, kind: EntryKind, name: &str, person: &str) -> Entry {
    Entry {
        id,
        kind,
        name: name.into(),
        person: person.into(),
        system: "Debian 13".into(),
        ticket: TicketRoute::new(4_829).filter(|_| kind == EntryKind::User),
        in_session_with: None,
        since_unix_seconds: NOW - 754,
        yours: true,
        present: true,
    }
}

fn alone(lang: Lang) -> ConsoleState {
    let mut state = known_hub(lang);
    state.account.log_in = LogIn::In {
        display_name: "Otto Ferri".to_owned(),
    };
    state.account.permitted = Permissions::OF_OPERATOR;
    let you = PeerId([1; 16]);
    state.computers.you = Some(you);
    let own = entry(you, EntryKind::Operator, "Otto Ferri", "");
    state.computers.update(vec![own].into());
    state
}

/// One of everything that a row can say.
fn busy(lang: Lang) -> ConsoleState {
    let mut state = alone(lang);
    let with = |number: u8, name: &str, person: &str| {
        let id = PeerId([number; 16]);
        let mut entry = entry(id, EntryKind::User, name, person);
        entry.ticket = TicketRoute::new(1_000 + u32::from(number));
        entry
    };
    let mut entries: Vec<Entry> = state.computers.entries.to_vec();
    entries.push(entry(BRUNO, EntryKind::Operator, "Bruno Verdi", ""));
    entries.push(entry(ANNA, EntryKind::User, "ANNA-PC", "Anna Rossi"));
    entries.push(with(20, "LAPTOP-7KQ2", "Paolo De Santis"));
    let mut helped = with(21, "CONTI-PC", "Lucia Conti");
    helped.in_session_with = Some("Bruno Verdi".into());
    entries.push(helped);
    let mut away = with(22, "HOME-OFFICE", "Giulia Serra");
    away.present = false;
    entries.push(away);
    entries.push(with(
        23,
        "ACCOUNTING-SECOND-FLOOR-WORKPLACE-17.example.org",
        "Massimiliano Bartolomeo Castiglione",
    ));
    entries.push(entry(TILL, EntryKind::PermanentHost, "TILL-4", ""));
    let mut closed = entry(PeerId([10; 16]), EntryKind::PermanentHost, "TILL-5", "");
    closed.yours = false;
    entries.push(closed);
    let mut rows = Rows::from(entries);
    let sleeping = [
        (SLEEPING, "TILL-6", WakeStanding::Ready),
        (ALONE, "TILL-7", WakeStanding::Alone),
        (PeerId([13; 16]), "TILL-8", WakeStanding::Ready),
    ];
    for (id, name, standing) in sleeping {
        let mut entry = entry(id, EntryKind::PermanentHost, name, "");
        entry.present = false;
        Arc::make_mut(&mut rows.entries).push(entry);
        Arc::make_mut(&mut rows.sleeping).insert(id, standing);
    }
    state.computers.update(rows);
    state.computers.woken.insert(PeerId([13; 16]));
    state
        .computers
        .asked
        .insert(PeerId([20; 16]), Some(SessionId(4)));
    let hindrances = Hindrances {
        screen: Some(Hindrance::WAYLAND),
        input: None,
    };
    let long = PeerId([23; 16]);
    state.computers.hindrances.insert(long, hindrances);
    state.computers.selected = Some(ANNA);
    state.tickets.add(ticket(TicketState::Open));
    state.tickets.organisation = "Comune di Prova".into();
    state.tickets.link = "https://hub.example.org/#482-913-0571".into();
    let text = match lang {
        Lang::En => {
            "Please open https://hub.example.org/#482-913-0571, start Helpme and type the ticket 482 913 0571.\n\nOtto Ferri"
        }
        Lang::It => {
            "Apri https://hub.example.org/#482-913-0571, avvia Helpme e digita il ticket 482 913 0571.\n\nOtto Ferri"
        }
    };
    state.tickets.text = text.into();
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

fn several_tickets(lang: Lang) -> ConsoleState {
    let mut state = busy(lang);
    let earlier = |number: u32, spoken: &str, state, guesses| Ticket {
        route: TicketRoute::new(number).expect("four digits"),
        spoken: spoken.to_owned(),
        guesses,
        ..ticket(state)
    };
    let mut used = earlier(1_234, "123 456 7890", TicketState::Used, 0);
    used.host = Some("LAPTOP-7KQ2".to_owned());
    state.tickets.all.insert(0, used);
    let mut noted = earlier(2_345, "234 567 8901", TicketState::Open, 2);
    noted.note = "Kyocera on the first floor prints nothing but empty pages".into();
    state.tickets.all.insert(1, noted);
    let burnt = earlier(3_456, "345 678 9012", TicketState::Burnt, 5);
    state.tickets.all.insert(2, burnt);
    if let Some(newest) = state.tickets.all.last_mut() {
        newest.guesses = 2;
        newest.note = "Till 3".into();
    }
    let own = |name: &str| Template {
        name: name.to_owned(),
        text: "{ticket}".to_owned(),
    };
    state.tickets.templates = Templates::new(vec![own("Shops"), own("Doctors")], Some("Shops"));
    state
}

fn chatting(lang: Lang) -> ConsoleState {
    let mut state = busy(lang);
    state.side = Side::Chat;
    state.chats.open = Some(ANNA);
    let line = |author, name: &str, ago: i64, text: &str| ChatLine {
        author,
        name: name.into(),
        at_unix_seconds: NOW - ago,
        text: text.into(),
    };
    let lines = [
        line(
            ChatAuthor::User,
            "Anna Rossi",
            95,
            "The printer on the first floor beeps and prints nothing.",
        ),
        line(
            ChatAuthor::Operator,
            "Otto Ferri",
            60,
            "Hello Anna, I am having a look. See https://example.org/printers",
        ),
        line(ChatAuthor::User, "Anna Rossi", 30, "Thank you!"),
    ];
    for line in lines {
        state.chats.take(ANNA, line, true);
    }
    let chat = state.chats.get_or_new(ANNA);
    "Anna Rossi".clone_into(&mut chat.name);
    chat.unheard = 1;
    state
}

fn opening(lang: Lang) -> ConsoleState {
    let mut state = busy(lang);
    state.opening = Some(OpeningHost::new(TILL, "TILL-4".to_owned()));
    state
}

fn showing(lang: Lang, asks: bool, stage: Stage) -> ConsoleState {
    let mut state = busy(lang);
    let mut open = ShowingBox::asking(BRUNO, "Bruno Verdi".to_owned());
    open.asks = asks;
    open.control = !asks;
    if !matches!(stage, Stage::Choosing | Stage::Sent) {
        open.word.push_str("girasole");
    }
    open.stage = stage;
    state.showing = Some(open);
    state
}

fn own_account(lang: Lang) -> ConsoleState {
    let mut state = busy(lang);
    let sign_in = |id, is_this| OwnSignIn {
        sign_in: PeerId([id; 16]),
        kind: SignInKind::Console,
        program: "pure-help-desk 0.1.0 linux".into(),
        address: "192.0.2.7".into(),
        since_unix_millis: 1_795_546_000_000,
        last_used_unix_millis: Some(1_795_546_700_000),
        is_this,
    };
    let mut form = OwnForm::default();
    form.take(OwnAnswer::Account(OwnAccount {
        name: "otto".into(),
        display_name: "Otto Ferri".into(),
        has_second_factor: true,
        recovery_codes_left: 9,
        must_have_second_factor: false,
        password_chars: 8,
        sign_ins: vec![sign_in(1, true), sign_in(2, false)],
    }));
    state.own = Some(form);
    state
}

fn facts(number: u64) -> ReportFacts {
    ReportFacts {
        report: ReportId(number),
        session: SessionId(number),
        requester: "Anna Rossi".into(),
        operator: "Otto Ferri".into(),
        host: "ANNA-PC".into(),
        ticket: TicketRoute::new(4_829),
        started_unix_seconds: NOW - 185,
        ended_unix_seconds: NOW,
    }
}

fn examined(over: bool) -> Examination {
    let hub: protocol::HubAddress = "hub.example.org:4433".parse().expect("an address");
    let ip = "192.0.2.7".parse().expect("an address");
    let found = |check: Check, found| Finding {
        check,
        found,
        took_millis: 41,
    };
    let udp = Check::Udp {
        port: 4433,
        family: Family::Ipv4,
    };
    let mut examination = Examination::new(hub.clone());
    let findings = vec![
        found(Check::Name, Found::Addresses(vec![ip])),
        found(udp.clone(), Found::NoAnswer),
    ];
    examination.take(News::Found(findings[0].clone()));
    examination.take(News::Begun(udp));
    if over {
        examination.take(News::Found(findings[1].clone()));
        examination.take(News::Over(Diagnosis {
            hub,
            unix_seconds: NOW.unsigned_abs(),
            own: vec![ip],
            findings,
        }));
    }
    examination
}

fn draw(ui: &mut egui::Ui, seen: &mut Seen) {
    let Seen { state, actions } = seen;
    shell::main_window_ui(ui, state, actions);
    if state.drafts_open {
        drafts::drafts_ui(ui, state, actions);
    }
    if let Some(examination) = &state.examination {
        doctor::doctor_ui(ui, state.lang, examination, actions);
    }
}

fn add(album: &mut Album, name: &str, state: impl Fn(Lang) -> ConsoleState) {
    add_then(album, name, state, |_window, _lang| {});
}

fn add_then(
    album: &mut Album,
    name: &str,
    state: impl Fn(Lang) -> ConsoleState,
    then: impl Fn(&mut Harness<'static, Seen>, Lang),
) {
    let make = |lang| Seen {
        state: state(lang),
        actions: Vec::new(),
    };
    album.add_then(name, MAIN, make, draw, then);
}

/// Opens the menu of the row that has `name`.
fn menu(window: &mut Harness<'static, Seen>, name: &str) {
    let rows: Vec<_> = window.get_all_by_label_contains(name).collect();
    rows[0].click_secondary();
    window.run_steps(3);
}

#[test]
fn e3_the_main_window_fits_in_every_look() {
    let mut album = Album::of("console", MAY_BE_CUT);
    add(&mut album, "set-up", |lang| {
        let mut state = logged_out(lang);
        state.account.password_place = match lang {
            Lang::En => "In a file that only your account can read.",
            Lang::It => "In un file leggibile solo dal tuo account.",
        }
        .to_owned();
        state
    });
    add(&mut album, "set-up-wrong", |lang| {
        let mut state = logged_out(lang);
        state.account.show_faults = true;
        "anna@example.org".clone_into(&mut state.account.form.host);
        state
    });
    add(&mut album, "log-in", known_hub);
    add(&mut album, "log-in-failed", |lang| {
        let mut state = known_hub(lang);
        let refusal = Refusal::new(RefusalCode::WRONG_CREDENTIALS);
        state.account.problem = Some(refusal_text(lang, refusal));
        state.account.is_unreached = true;
        state
    });
    add(&mut album, "log-in-code", |lang| {
        let mut state = known_hub(lang);
        state.account.log_in = LogIn::Connecting;
        state.account.code = Some(Default::default());
        state
    });
    add(&mut album, "logging-in", |lang| {
        let mut state = known_hub(lang);
        state.account.log_in = LogIn::Connecting;
        state
    });
    add(&mut album, "unlocking", |lang| {
        let mut state = known_hub(lang);
        state.unlocking = Some(Unlocking::new());
        state
    });
    add(&mut album, "unlocking-wrong", |lang| {
        let mut state = known_hub(lang);
        let mut open = Unlocking::new();
        open.passphrase.push_str("seven green");
        open.failed(phrases::wrong_passphrase(lang).to_owned());
        state.unlocking = Some(open);
        state
    });
    add(&mut album, "nobody", alone);
    add(&mut album, "list", busy);
    add(&mut album, "nothing-found", |lang| {
        let mut state = busy(lang);
        "zz".clone_into(&mut state.computers.filter);
        state
    });
    add(&mut album, "reconnecting", |lang| {
        let mut state = busy(lang);
        state.account.log_in = LogIn::Retrying {
            display_name: "Otto Ferri".to_owned(),
        };
        state
    });
    add_then(&mut album, "menu-user", busy, |window, _lang| {
        menu(window, "ANNA-PC");
    });
    add_then(&mut album, "menu-host", busy, |window, _lang| {
        window.state_mut().state.computers.kind = Some(EntryKind::PermanentHost);
        window.run_steps(3);
        menu(window, "TILL-5");
    });
    for (name, of) in [
        ("menu-asleep", "TILL-6"),
        ("menu-asleep-alone", "TILL-7"),
        ("menu-being-woken", "TILL-8"),
        ("menu-awake", "TILL-4"),
    ] {
        add_then(&mut album, name, busy, move |window, _lang| {
            window.state_mut().state.computers.kind = Some(EntryKind::PermanentHost);
            window.run_steps(3);
            menu(window, of);
        });
    }
    add_then(&mut album, "menu-operator", busy, |window, _lang| {
        window.state_mut().state.computers.kind = Some(EntryKind::Operator);
        window.run_steps(3);
        menu(window, "Bruno Verdi");
    });
    add_then(&mut album, "menu-order", busy, |window, lang| {
        window.get_by_label(w(lang, Word::ListOrder)).click();
        window.run_steps(3);
    });
    let version = || "0.2.0".to_owned();
    for (name, update, busy_with) in [
        (
            "update-offered",
            UpdateState::Offered {
                version: version(),
                bytes: 28_400_000,
            },
            false,
        ),
        (
            "update-fetching",
            UpdateState::Fetching {
                version: version(),
                done_bytes: 9_100_000,
                bytes: 28_400_000,
            },
            false,
        ),
        (
            "update-waiting",
            UpdateState::Waiting { version: version() },
            true,
        ),
        (
            "update-ready",
            UpdateState::Ready { version: version() },
            false,
        ),
        (
            "update-ready-later",
            UpdateState::Ready { version: version() },
            true,
        ),
        (
            "update-forged",
            UpdateState::Failed {
                version: version(),
                trouble: UpdateTrouble::Forged,
            },
            false,
        ),
        (
            "update-list-forged",
            UpdateState::Failed {
                version: String::new(),
                trouble: UpdateTrouble::Forged,
            },
            false,
        ),
    ] {
        add(&mut album, name, |lang| {
            let mut state = busy(lang);
            state.update.state = update.clone();
            state.update.busy = busy_with;
            state
        });
    }
    add(&mut album, "disconnecting", |lang| {
        let mut state = busy(lang);
        state.disconnecting = Some(ANNA);
        state
    });
    album.finish();
}

#[test]
fn e3_tickets_and_chats_fit_in_every_look() {
    let mut album = Album::of("console", MAY_BE_CUT);
    add(&mut album, "tickets", several_tickets);
    add(&mut album, "ticket-burnt", |lang| {
        let mut state = busy(lang);
        state.tickets.add(ticket(TicketState::Burnt));
        state
    });
    add(&mut album, "ticket-template", |lang| {
        let mut state = several_tickets(lang);
        state.tickets.templates.edit("house", "My text");
        state
    });
    add(&mut album, "ticket-qr", |lang| {
        let mut state = busy(lang);
        state.tickets.qr_open = true;
        state
    });
    add(&mut album, "chat", chatting);
    add(&mut album, "chat-none", |lang| {
        let mut state = busy(lang);
        state.side = Side::Chat;
        state
    });
    add(&mut album, "chat-over", |lang| {
        let mut state = chatting(lang);
        let rest = state.computers.entries.iter();
        let rest = rest.filter(|entry| entry.id != ANNA).cloned();
        let rest: Vec<_> = rest.collect();
        state.computers.update(rest.into());
        state
    });
    add_then(&mut album, "snippets", chatting, |window, lang| {
        let texts = [
            "Please restart the printer and wait until its green light is on.",
            "Good morning!",
        ];
        for text in texts {
            window.state_mut().state.snippets.keep(text);
        }
        window.get_by_label(w(lang, Word::Snippets)).click();
        window.run_steps(3);
    });
    album.finish();
}

#[test]
fn u3_the_boxes_of_computers_with_nobody_in_front_fit_in_every_look() {
    let mut album = Album::of("console", MAY_BE_CUT);
    add(&mut album, "open-host", opening);
    let refused = |lang, code| refusal_text(lang, Refusal::new(code));
    add(&mut album, "open-host-wrong", |lang| {
        let mut state = opening(lang);
        let open = state.opening.as_mut().expect("open");
        open.password.push_str("the shop opens at noon");
        open.failed(refused(lang, RefusalCode::HOST_PASSWORD_WRONG));
        state
    });
    add(&mut album, "open-host-reason", |lang| {
        let mut state = opening(lang);
        let open = state.opening.as_mut().expect("open");
        open.password.push_str("the shop opens at nine");
        open.wants_reason(refused(lang, RefusalCode::NO_REASON));
        state
    });
    add(&mut album, "open-host-code", |lang| {
        let mut state = opening(lang);
        let open = state.opening.as_mut().expect("open");
        open.password.push_str("the shop opens at nine");
        open.needs_code(refused(lang, RefusalCode::CODE_NEEDED));
        state
    });
    add(&mut album, "open-host-hours", |lang| {
        let mut state = opening(lang);
        let open = state.opening.as_mut().expect("open");
        open.password.push_str("the shop opens at nine");
        open.failed(refused(lang, RefusalCode::OUTSIDE_HOURS));
        state
    });
    add(&mut album, "open-host-waiting", |lang| {
        let mut state = opening(lang);
        let open = state.opening.as_mut().expect("open");
        open.password.push_str("the shop opens at nine");
        (open.waiting, open.wants_code) = (true, true);
        state
    });
    album.finish();
}

#[test]
fn o10_the_boxes_of_two_operators_fit_in_every_look() {
    let mut album = Album::of("console", MAY_BE_CUT);
    let until_unix_seconds = NOW + 42;
    for (name, asks, stage) in [
        ("showing-ask", true, Stage::Choosing),
        ("showing-sent", true, Stage::Sent),
        ("showing-word", true, Stage::Typing { until_unix_seconds }),
        ("showing-typed", true, Stage::Typed { until_unix_seconds }),
        ("showing-asked", false, Stage::Typing { until_unix_seconds }),
    ] {
        add(&mut album, name, |lang| showing(lang, asks, stage.clone()));
    }
    add(&mut album, "showing-refused", |lang| {
        let refusal = Refusal::new(RefusalCode::COLLEAGUE_REFUSED);
        let problem = refusal_text(lang, refusal);
        showing(lang, true, Stage::Over { problem })
    });
    album.finish();
}

#[test]
fn d1_reports_fit_in_every_look() {
    let mut album = Album::of("console", MAY_BE_CUT);
    add(&mut album, "own-account", own_account);
    add(&mut album, "drafts-none", |lang| {
        let mut state = busy(lang);
        state.drafts_open = true;
        state
    });
    add(&mut album, "drafts", |lang| {
        let mut state = busy(lang);
        state.drafts_open = true;
        for number in 1..9 {
            let problem = if number % 2 == 0 {
                ""
            } else {
                "The printer prints nothing but empty pages"
            };
            let draft = ReportDraft {
                problem: problem.into(),
                ..ReportDraft::default()
            };
            state.reports.keep_draft(facts(number), draft);
        }
        state
    });
    add(&mut album, "doctor-running", |lang| {
        let mut state = known_hub(lang);
        state.examination = Some(examined(false));
        state
    });
    add(&mut album, "doctor", |lang| {
        let mut state = known_hub(lang);
        state.examination = Some(examined(true));
        state
    });
    for (name, is_full) in [("report-empty", false), ("report", true)] {
        let make = move |lang: Lang| (lang, open_report(is_full), Vec::<Action>::new());
        let draw =
            |ui: &mut egui::Ui, (lang, open, actions): &mut (Lang, OpenReport, Vec<Action>)| {
                ui_kit::widgets::page_ui(ui, |ui| {
                    report::report_ui(ui, *lang, clock(), open, actions);
                });
            };
        album.add(name, REPORT, make, draw);
    }
    album.finish();
}

fn open_report(is_full: bool) -> OpenReport {
    let definition = FieldDefinition {
        name: "Cost centre".into(),
        kind: FieldKind::Number,
        required: true,
    };
    let earlier = ReportRow {
        report: ReportId(3),
        session: SessionId(2),
        started_unix_millis: (NOW - 86_400) * 1000,
        lasted_seconds: 60,
        active_seconds: 30,
        operators: "Otto Ferri".into(),
        requester: "Anna Rossi".into(),
        host: "ANNA-PC".into(),
        category: "Printer".into(),
        problem: "The toner was empty".into(),
        finished: true,
        corrected: false,
    };
    let about = About {
        proposal: Proposal {
            problem: "The printer says nothing".into(),
            solution: "Saw the screen".into(),
        },
        earlier: vec![earlier],
        categories: vec!["Payroll".into()],
        fields: vec![Field { id: 4, definition }],
        told: true,
        feedback: Some(Feedback {
            stars: Stars::Four,
            words: "Quick and friendly".into(),
        }),
    };
    OpenReport {
        facts: facts(7),
        text: ReportText::default(),
        saved: if is_full {
            Saved::Refused
        } else {
            Saved::WithHub
        },
        typed_at_seconds: 0.0,
        finishing: false,
        about: Arc::new(if is_full { about } else { About::default() }),
        asked: true,
        fields: Default::default(),
        finish_refused: is_full,
    }
}
