//! The window of a session: its bar, what lies beside the screen, what stands over it, and its dialogs.

use std::time::{Duration, Instant};

use egui::{Align2, CentralPanel, Color32, FontId, Frame, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use looks::{Album, Window};
use operator_app::phrases;
use operator_app::state::browser::Browser;
use operator_app::state::chats::Conversation;
use operator_app::state::session::{
    BringIn, Company, Driver, Files, Marking, SessionState, System, SystemView,
};
use operator_app::views::browser::browser_ui;
use operator_app::views::closing::closing_ui;
use operator_app::views::files::files_side_ui;
use operator_app::views::session::{
    bar_ui, bring_in_ui, chat_side_ui, ended_ui, mark_ui, paused_ui, resting_ui, withheld_ui,
};
use operator_app::views::system::system_ui;
use operator_engine::{ClipboardWays, Grade, InputSender, Limit, LineQuality, Route};
use protocol::browse::{BrowseAnswer, ListedEntry, ListedKind, ListingPart};
use protocol::files::{Conflict, FileFacts, FileFault, FilePath, TransferId};
use protocol::system::{Disk, Interface, Program, Room};
use protocol::transfers::{Ended, Problem, Stage, Transfer};
use protocol::{
    ChatAuthor, ChatLine, ColourDepth, EndedBy, Hindrance, Hindrances, Refusal, RefusalCode,
    Rights, ScreenLayout, ScreenMonitor, ShieldState, Shields, SystemInformation,
};
use ui_kit::remote_view::ViewSize;
use ui_kit::words::refusal_text;
use ui_kit::{Lang, Word, w};

use crate::MAY_BE_CUT;
use crate::console::{NOW, clock};

const SESSION: Window = Window::new((1100.0, 720.0), (640.0, 320.0));

fn state(lang: Lang) -> SessionState {
    let monitor = |id, name: &str, width, height| ScreenMonitor {
        id,
        name: name.into(),
        width,
        height,
    };
    let layout = ScreenLayout {
        monitors: vec![
            monitor(3, "eDP-1", 1920, 1080),
            monitor(8, "HDMI-1", 1280, 1024),
        ],
        shared: None,
        width: 3200,
        height: 1080,
        percent: 100,
    };
    let line = LineQuality {
        grade: Grade::Fair,
        limit: Limit::Loss,
        route: Route::Tunnel { port: 443 },
        to_hub: Duration::from_millis(18),
        to_host: Some(Duration::from_millis(64)),
        arriving: 48_000,
        carries: Some(300_000),
        lost_permille: Some(23),
    };
    SessionState {
        lang,
        clock: clock(),
        host: "ANNA-PC".to_owned(),
        ticket: "482 913 0571".to_owned(),
        rights: Rights::SEE_AND_CONTROL
            .with(Rights::FILES)
            .with(Rights::CLIPBOARD),
        input: InputSender::disconnected(),
        size: ViewSize::Actual,
        depth: ColourDepth::True,
        monitor: None,
        apart: false,
        can_part: true,
        wanted: None,
        view: Default::default(),
        usual: Default::default(),
        keyboards: Default::default(),
        layout: Some(layout),
        full_screen: false,
        view_only: false,
        keys_by_place: false,
        all_keys: false,
        all_keys_problem: None,
        company: Default::default(),
        watched_by: Vec::new(),
        bring_in: None,
        marking: None,
        closing: None,
        system: None,
        chat_open: false,
        files: Files::default(),
        browser: Browser::default(),
        snippets: Default::default(),
        clipboard: ClipboardWays {
            to_hosts: true,
            from_hosts: true,
        },
        has_clipboard: true,
        chat: Conversation {
            name: "Anna Rossi".to_owned(),
            ..Conversation::default()
        },
        paused: false,
        withheld: false,
        resting: false,
        shields: Some(Shields::default()),
        shares_only: None,
        line: Some(line),
        line_open: false,
        ending: false,
        hindrances: Default::default(),
        ended: None,
        report_follows: false,
        ended_at_seconds: None,
        notices: Vec::new(),
        wishes: Vec::new(),
    }
}

/// As the window draws it, with a plain desktop in place of the picture.
fn draw(ui: &mut egui::Ui, state: &mut SessionState) {
    bar_ui(ui, state);
    chat_side_ui(ui, state);
    browser_ui(ui, state);
    files_side_ui(ui, state);
    bring_in_ui(ui, state);
    mark_ui(ui, state);
    closing_ui(ui, state);
    system_ui(ui, state);
    CentralPanel::default().frame(Frame::new()).show(ui, |ui| {
        let area = ui.available_rect_before_wrap();
        if state.ended.is_some() {
            ended_ui(ui, state);
            return;
        }
        desktop(ui, area);
        if state.paused {
            paused_ui(ui, state.lang, area);
        } else if state.withheld {
            withheld_ui(ui, state.lang, area, true);
        } else if state.resting && resting_ui(ui, state.lang, area) {
            state.set_resting(false);
        }
    });
}

fn desktop(ui: &egui::Ui, area: Rect) {
    let painter = ui.painter();
    painter.rect_filled(area, 0, Color32::from_rgb(58, 82, 110));
    let window = Rect::from_min_size(area.min + vec2(60.0, 40.0), area.size() * 0.5);
    painter.rect_filled(window, 4, Color32::from_gray(245));
    let font = FontId::monospace(14.0);
    let at = window.min + vec2(16.0, 14.0);
    painter.text(at, Align2::LEFT_TOP, "$", font, Color32::BLACK);
}

fn add(album: &mut Album, name: &str, change: impl Fn(&mut SessionState)) {
    add_then(album, name, change, |_window, _lang| {});
}

fn add_then(
    album: &mut Album,
    name: &str,
    change: impl Fn(&mut SessionState),
    then: impl Fn(&mut Harness<'static, SessionState>, Lang),
) {
    let make = |lang| {
        let mut state = state(lang);
        change(&mut state);
        state
    };
    album.add_then(name, SESSION, make, draw, then);
}

fn press(window: &mut Harness<'static, SessionState>, label: &str) {
    window.get_by_label(label).click();
    window.run_steps(3);
}

#[test]
fn e3_the_session_window_fits_in_every_look() {
    let mut album = Album::of("session", MAY_BE_CUT);
    add(&mut album, "plain", |_state| {});
    add(&mut album, "watching", |state| {
        state.rights = Rights::SEE;
        state.hindrances = Hindrances {
            screen: None,
            input: Some(Hindrance::NO_INPUT),
        };
        state.watched_by = vec!["Carla Neri".to_owned()];
    });
    add(&mut album, "out-of-reach", |state| {
        state.hindrances.input = Some(Hindrance::MORE_RIGHTS);
    });
    add(&mut album, "together", |state| {
        state.company = Company {
            others: vec!["Bruno Verdi".to_owned()],
            driver: Driver::Other("Bruno Verdi".to_owned()),
        };
        state.chat.unread = 2;
    });
    add(&mut album, "shielded", |state| {
        state.shields = Some(Shields {
            input: ShieldState::Up,
            screen: ShieldState::Up,
        });
        state.keys_by_place = true;
    });
    add(&mut album, "lost", |state| state.paused = true);
    add(&mut album, "withheld", |state| state.withheld = true);
    add(&mut album, "resting", |state| state.resting = true);
    add(&mut album, "over", |state| {
        state.ended = Some(EndedBy::User);
        state.report_follows = true;
    });
    add(&mut album, "over-hindered", |state| {
        state.ended = Some(EndedBy::NoCapture);
        state.hindrances.screen = Some(Hindrance::WAYLAND);
    });
    for (name, word) in [
        ("menu", Word::SessionMenu),
        ("menu-keys", Word::SpecialKeys),
        ("menu-monitors", Word::Monitor),
        ("menu-depth", Word::ColorDepth),
        ("menu-size", Word::ImageSize),
    ] {
        let change = |_state: &mut SessionState| {};
        add_then(&mut album, name, change, |window, lang| {
            press(window, w(lang, word));
        });
    }
    let change = |state: &mut SessionState| {
        state.rights = Rights::SEE;
        state.shields = Some(Shields {
            input: ShieldState::Cannot(Hindrance::NO_OWN_DEVICES),
            screen: ShieldState::Cannot(Hindrance::NO_BRIGHTNESS),
        });
    };
    add_then(&mut album, "menu-watching", change, |window, lang| {
        press(window, w(lang, Word::SessionMenu));
    });
    add_then(
        &mut album,
        "line",
        |_state| {},
        |window, lang| {
            let grade = phrases::line::grade(lang, Grade::Fair);
            press(window, grade);
        },
    );
    album.finish();
}

#[test]
fn e3_the_dialogs_of_a_session_fit_in_every_look() {
    let mut album = Album::of("session", MAY_BE_CUT);
    add(&mut album, "mark", |state| {
        state.marking = Some(Marking {
            text: String::new(),
            at: Instant::now(),
        });
    });
    add(&mut album, "closing", |state| {
        state.closing = Some("Call again if it comes back.".to_owned());
    });
    add(&mut album, "bring-in", |state| {
        state.bring_in = Some(BringIn::default());
    });
    add(&mut album, "bring-in-wrong", |state| {
        let refusal = Refusal::new(RefusalCode::TICKET_WRONG);
        state.bring_in = Some(BringIn {
            digits: "4829130571".to_owned(),
            waiting: false,
            problem: Some(refusal_text(state.lang, refusal)),
        });
    });
    add(&mut album, "system-asking", |state| {
        state.system = Some(System::default());
    });
    add(&mut album, "system-refused", |state| {
        state.system = Some(System {
            view: SystemView::Not(phrases::system::refused(state.lang).to_owned()),
            in_report: false,
        });
    });
    add(&mut album, "system", |state| {
        state.system = Some(System {
            view: SystemView::Is(Box::new(a_computer())),
            in_report: true,
        });
    });
    album.finish();
}

#[test]
fn s5_s6_what_lies_beside_the_screen_fits_in_every_look() {
    let mut album = Album::of("session", MAY_BE_CUT);
    add(&mut album, "chat-empty", |state| state.chat_open = true);
    add(&mut album, "chat", |state| {
        state.chat_open = true;
        for (author, name, text) in [
            (
                ChatAuthor::User,
                "Anna Rossi",
                "The printer on the first floor beeps.",
            ),
            (ChatAuthor::Operator, "Otto Ferri", "I am having a look."),
        ] {
            let line = ChatLine {
                author,
                name: name.into(),
                at_unix_seconds: NOW - 60,
                text: text.into(),
            };
            state.chat.take(line, true);
        }
    });
    add(&mut album, "files-none", |state| state.files.open = true);
    add(&mut album, "files-not-allowed", |state| {
        state.rights = Rights::SEE_AND_CONTROL;
        state.files.open = true;
    });
    add(&mut album, "files", all_stages);
    add(&mut album, "conflict", |state| {
        state.files.take(asked(true));
    });
    album.finish();
}

#[test]
fn s6_the_hosts_folders_fit_in_every_look() {
    let mut album = Album::of("session", MAY_BE_CUT);
    let open = |state: &mut SessionState, answer: Option<BrowseAnswer>| {
        state.open_browser();
        if let Some(answer) = answer {
            state.browser.answered(answer);
        }
    };
    add(&mut album, "folders-asked", |state| open(state, None));
    for (name, answer) in [
        ("folders-refused", BrowseAnswer::Refused),
        ("folders-user-chooses", BrowseAnswer::UserChooses),
        ("folders-stopped", BrowseAnswer::Stopped),
    ] {
        add(&mut album, name, |state| open(state, Some(answer)));
    }
    add(&mut album, "folders-empty", |state| {
        open(state, Some(BrowseAnswer::Allowed));
        listed(
            &mut state.browser,
            &["/", "home", "anna", "Desktop"],
            &[],
            false,
        );
    });
    add(&mut album, "folders", |state| {
        open(state, Some(BrowseAnswer::Allowed));
        home(&mut state.browser);
        state.files.take(transfer(1, Stage::Running));
        state.files.open = false;
    });
    add(&mut album, "folders-failed", |state| {
        open(state, Some(BrowseAnswer::Allowed));
        home(&mut state.browser);
        let listing = state.browser.ask();
        let failed = ListingPart::Failed(FileFault::NOT_READABLE);
        state.browser.take(listing, failed);
    });
    add(&mut album, "folders-many", |state| {
        open(state, Some(BrowseAnswer::Allowed));
        let names: Vec<String> = (0..50_000).map(|n| format!("scan {n:05}.pdf")).collect();
        let entries: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), ListedKind::File, 1_234_567))
            .collect();
        listed(&mut state.browser, &["/", "srv", "scans"], &entries, true);
    });
    add(&mut album, "folders-conflict", |state| {
        open(state, Some(BrowseAnswer::Allowed));
        home(&mut state.browser);
        state.files.take(asked(false));
        state.files.open = false;
    });
    album.finish();
}

fn transfer(number: u32, stage: Stage) -> Transfer {
    let to_host = number.is_multiple_of(2);
    Transfer {
        id: TransferId { to_host, number },
        is_outgoing: to_host,
        name: "Photos".into(),
        files: 214,
        bytes: 12_300_000,
        done_files: 12,
        done_bytes: 3_400_000,
        bytes_per_second: 1_000_000,
        stage,
        problems: Vec::new(),
        folder: None,
        question: None,
        replaced: 0,
        skipped: 0,
    }
}

fn all_stages(state: &mut SessionState) {
    let mut failed = transfer(9, Stage::Over(Ended::Done { missing: 1 }));
    failed.problems.push(Problem {
        path: "Photos/Fotos from the sister of the neighbour.jpg".to_owned(),
        fault: FileFault::CHANGED,
    });
    let mut done = transfer(7, Stage::Over(Ended::Done { missing: 0 }));
    done.folder = Some("/home/otto/Downloads/Photos from the summer".into());
    (done.replaced, done.skipped) = (2, 1);
    for transfer in [
        transfer(10, Stage::Over(Ended::Cancelled { here: false })),
        failed,
        done,
        transfer(6, Stage::Waiting),
        transfer(5, Stage::Paused),
        transfer(4, Stage::Held),
        transfer(3, Stage::Running),
        transfer(2, Stage::Preparing),
    ] {
        state.files.take(transfer);
    }
}

fn asked(to_host: bool) -> Transfer {
    let mut asked = transfer(if to_host { 2 } else { 1 }, Stage::Running);
    let facts = |bytes| FileFacts {
        bytes,
        modified_unix_millis: 1_795_546_800_000,
    };
    asked.question = Some(Conflict {
        entry: 4,
        path: FilePath::try_from("Photos/boat.jpg").expect("a path"),
        here: facts(300),
        comes: facts(5_000_000),
    });
    asked
}

fn listed(browser: &mut Browser, path: &[&str], entries: &[(&str, ListedKind, u64)], is_cut: bool) {
    let listing = browser.ask();
    let path = path.iter().map(|part| (*part).into()).collect();
    browser.take(listing, ListingPart::Begun { path });
    let entries = entries.iter().map(|(name, kind, bytes)| ListedEntry {
        name: (*name).into(),
        kind: *kind,
        bytes: *bytes,
        modified_unix_millis: 1_795_546_800_000,
    });
    browser.take(listing, ListingPart::Entries(entries.collect()));
    browser.take(listing, ListingPart::Whole { is_cut });
}

fn home(browser: &mut Browser) {
    let entries = [
        ("Documents", ListedKind::Folder, 0),
        ("Pictures", ListedKind::Folder, 0),
        ("Downloads", ListedKind::Folder, 0),
        ("invoice 2026-11.pdf", ListedKind::File, 3_400_000),
        ("notes.txt", ListedKind::File, 12),
        (
            "Fotos from the sister of the neighbour, second part of seven.jpeg",
            ListedKind::File,
            1_200_000_000,
        ),
        ("etc", ListedKind::Link, 0),
        ("socket", ListedKind::Other, 0),
    ];
    let path = [
        "/",
        "home",
        "anna",
        "Fotos from the sister",
        "2026",
        "November",
    ];
    listed(browser, &path, &entries, false);
    browser.folder.choose_all();
}

fn a_computer() -> SystemInformation {
    let room = |used: u64, total: u64| Room {
        used_bytes: used * 1_000_000,
        total_bytes: total * 1_000_000,
    };
    let program = |name: &str, processes, busy_percent, memory: u64| Program {
        name: name.into(),
        processes,
        busy_percent,
        memory_bytes: memory * 1_000_000,
    };
    SystemInformation {
        computer: "ANNA-PC".into(),
        model: "LENOVO 20AN".into(),
        system: "Debian GNU/Linux 13 (trixie)".into(),
        kernel: "6.12.48-amd64".into(),
        uptime_seconds: 273_900,
        processor: "Intel(R) Core(TM) i5-4300M CPU @ 2.60GHz".into(),
        architecture: "x86_64".into(),
        cores: 4,
        busy_percent: 37,
        memory: room(6_100, 8_050),
        swap: room(0, 1_000),
        disks: vec![
            Disk {
                place: "/".into(),
                file_system: "ext4".into(),
                room: room(231_000, 244_000),
            },
            Disk {
                place: "/home".into(),
                file_system: "btrfs".into(),
                room: room(120_000, 480_000),
            },
        ],
        interfaces: vec![Interface {
            name: "wlp3s0".into(),
            addresses: vec![([192, 168, 1, 23].into(), 24)],
            received_bytes: 1_200_000_000,
            sent_bytes: 88_000_000,
        }],
        programs: vec![
            program("firefox", 12, 131, 2_900),
            program("gnome-shell", 1, 14, 410),
            program("thunderbird", 1, 2, 560),
        ],
    }
}
