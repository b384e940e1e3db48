//! The tools of a session window as their users see them, without a session.

use std::time::Duration;

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{AccessKitNode, By, NodeT as _, Queryable as _};
use operator_app::state::browser::Browser;
use operator_app::state::chats::Conversation;
use operator_app::state::session::{Files, SessionState, SessionWish, System, SystemView};
use operator_app::state::view::{HostView, Keyboards, Monitors, Usual};
use operator_app::views::browser::browser_ui;
use operator_app::views::closing::closing_ui;
use operator_app::views::files::files_side_ui;
use operator_app::views::session::{bar_ui, mark_ui, paused_ui, resting_ui, withheld_ui};
use operator_app::views::system::system_ui;
use operator_engine::{ClipboardWays, Grade, InputSender, Limit, LineQuality, Route};
use protocol::browse::{BrowseAnswer, FolderAt, FolderPlace, ListedEntry, ListedKind, ListingPart};
use protocol::files::{Conflict, ConflictAnswer, FileFacts, FileFault, FilePath, TransferId};
use protocol::system::{Disk, Interface, Program, Room};
use protocol::transfers::{Ended, Problem, Stage, Transfer};
use protocol::{
    ColourDepth, Hindrance, HostKeyboard, Rights, ScreenLayout, ScreenMonitor, Shield, ShieldState,
    Shields, SystemInformation, Unlisted, ViewWish,
};
use ui_kit::Lang;
use ui_kit::remote_view::ViewSize;
use ui_kit::{Clock, Zone};

fn monitor(id: u32, name: &str, width: u32, height: u32) -> ScreenMonitor {
    ScreenMonitor {
        id,
        name: name.into(),
        width,
        height,
    }
}

fn layout(monitors: Vec<ScreenMonitor>) -> ScreenLayout {
    ScreenLayout {
        monitors,
        shared: None,
        width: 3200,
        height: 1080,
        percent: 100,
    }
}

fn two_monitors() -> ScreenLayout {
    layout(vec![
        monitor(3, "eDP-1", 1920, 1080),
        monitor(8, "HDMI-1", 1280, 1024),
    ])
}

fn state(lang: Lang, layout: Option<ScreenLayout>) -> SessionState {
    SessionState {
        lang,
        clock: Clock {
            now_unix_seconds: 1_795_546_800,
            zone: Zone::utc(),
        },
        host: "ANNA-PC".to_owned(),
        ticket: "482 913 0571".to_owned(),
        rights: Rights::SEE_AND_CONTROL,
        input: InputSender::disconnected(),
        size: ViewSize::Actual,
        depth: ColourDepth::True,
        monitor: None,
        apart: false,
        can_part: false,
        wanted: None,
        view: HostView::default(),
        usual: Usual::default(),
        keyboards: Keyboards::default(),
        layout,
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
            name: "Anna".to_owned(),
            ..Conversation::default()
        },
        paused: false,
        withheld: false,
        resting: false,
        shields: None,
        shares_only: None,
        line: None,
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

fn window(state: SessionState, width: f32) -> Harness<'static, SessionState> {
    let draw = |ui: &mut egui::Ui, state: &mut SessionState| {
        ui_kit::theme::install(ui.ctx());
        bar_ui(ui, state);
        mark_ui(ui, state);
        closing_ui(ui, state);
    };
    let mut harness = Harness::builder()
        .with_size([width, 600.0])
        .build_ui_state(draw, state);
    harness.run_steps(3);
    harness
}

fn choose(harness: &mut Harness<'_, SessionState>, menu: &str, item: &str) {
    harness.get_by_label(menu).click();
    harness.run_steps(3);
    harness.get_by_label(item).scroll_to_me();
    harness.run_steps(20);
    harness.get_by_label(item).click();
    harness.run_steps(3);
}

#[test]
fn r4_while_the_line_is_lost_the_window_says_so_and_can_be_ended() {
    let mut lost = state(Lang::En, None);
    lost.paused = true;
    assert!(!lost.controls());
    let draw = |ui: &mut egui::Ui, state: &mut SessionState| {
        ui_kit::theme::install(ui.ctx());
        bar_ui(ui, state);
        let area = ui.available_rect_before_wrap();
        paused_ui(ui, state.lang, area);
    };
    let mut harness = Harness::builder()
        .with_size([1000.0, 600.0])
        .build_ui_state(draw, lost);
    harness.run_steps(3);
    harness.get_by_label("Connection lost. Trying to get it back…");
    harness.get_by_label("End").click();
    harness.run_steps(2);
    assert_eq!(harness.state().wishes, [SessionWish::End]);
}

/// A window of `size` in which the user has paused, over a picture if it `has_picture`.
fn withheld(lang: Lang, size: [f32; 2], has_picture: bool) -> Harness<'static, SessionState> {
    let mut paused = state(lang, Some(two_monitors()));
    paused.withheld = true;
    let draw = move |ui: &mut egui::Ui, state: &mut SessionState| {
        ui_kit::theme::install(ui.ctx());
        bar_ui(ui, state);
        let area = ui.available_rect_before_wrap();
        withheld_ui(ui, state.lang, area, has_picture);
    };
    let builder = Harness::builder().with_size(size);
    let mut harness = builder.build_ui_state(draw, paused);
    harness.run_steps(3);
    harness
}

#[test]
fn s2_while_the_user_has_paused_the_window_says_so_and_nothing_is_controlled() {
    let mut harness = withheld(Lang::En, [1000.0, 600.0], true);
    assert!(!harness.state().controls());
    harness.get_by_label("Paused by the user");
    harness.get_by_label_contains("the picture from before");
    let keys = harness.get_by_label("Special keys");
    assert!(keys.accesskit_node().is_disabled());
    harness.get_by_label("End").click();
    harness.run_steps(2);
    assert_eq!(harness.state().wishes, [SessionWish::End]);
    let small = withheld(Lang::It, [640.0, 320.0], false);
    let title = small.get_by_label("In pausa per scelta dell'utente").rect();
    let note = small.get_by_label_contains("quando l'utente riprende");
    assert!(title.bottom() <= note.rect().top() && note.rect().bottom() < 320.0);
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

fn with_system(lang: Lang, system: System, size: [f32; 2]) -> Harness<'static, SessionState> {
    let mut state = state(lang, Some(two_monitors()));
    state.system = Some(system);
    let draw = |ui: &mut egui::Ui, state: &mut SessionState| {
        ui_kit::theme::install(ui.ctx());
        bar_ui(ui, state);
        system_ui(ui, state);
    };
    let mut harness = Harness::builder()
        .with_size(size)
        .build_ui_state(draw, state);
    harness.run_steps(4);
    harness
}

#[test]
fn s2_what_computer_it_is_is_asked_for_shown_and_put_into_the_report() {
    let mut harness = window(state(Lang::En, Some(two_monitors())), 1000.0);
    choose(&mut harness, "Session menu", "System information");
    assert_eq!(harness.state().wishes, [SessionWish::AskSystem]);
    let asked = harness.state().system.as_ref().expect("it is open");
    assert_eq!(asked.view, SystemView::Asking);

    let told = System {
        view: SystemView::Is(Box::new(a_computer())),
        in_report: false,
    };
    let mut harness = with_system(Lang::En, told.clone(), [1000.0, 900.0]);
    harness.get_by_label("Debian GNU/Linux 13 (trixie)");
    harness.get_by_label("231 GB of 244 GB (94 %) (ext4)");
    harness.get_by_label("firefox × 12");
    harness.get_by_label("Put into the report").click();
    harness.run_steps(3);
    let [SessionWish::IntoReport { text }] = harness.state().wishes.as_slice() else {
        unreachable!("{:?}", harness.state().wishes);
    };
    assert!(text.contains("\n  Kernel: 6.12.48-amd64\n"), "{text}");
    let button = harness.get_by_label("Put into the report");
    assert!(button.accesskit_node().is_disabled(), "once is enough");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(harness.state().system, None);

    // in the smallest window all of its buttons are in reach
    let small = with_system(Lang::It, told, [640.0, 320.0]);
    for button in ["Inserisci nel rapporto", "Copia", "Aggiorna", "Chiudi"] {
        let button = small.get_by_label(button).rect();
        assert!(button.bottom() < 320.0 && button.left() > 0.0, "{button}");
    }
}

#[test]
fn s7_the_clipboard_has_a_switch_for_each_way_where_the_user_allows_it() {
    let labels = ["Share my clipboard", "Receive their clipboard"];
    for (at, label) in labels.into_iter().enumerate() {
        let mut state = state(Lang::En, None);
        state.rights = state.rights.with(Rights::CLIPBOARD);
        let mut harness = window(state, 1000.0);
        choose(&mut harness, "Session menu", label);
        let ways = ClipboardWays {
            to_hosts: at != 0,
            from_hosts: at != 1,
        };
        let wishes = &harness.state().wishes;
        assert_eq!(*wishes, [SessionWish::ShareClipboard(ways)]);
    }
    let mut without = state(Lang::En, None);
    assert_eq!(
        without.clipboard_obstacle(),
        Some("The user does not share the clipboard")
    );
    let mut harness = window(state(Lang::En, None), 1000.0);
    choose(&mut harness, "Session menu", labels[0]);
    assert_eq!(harness.state().wishes, [], "it is greyed");
    without.has_clipboard = false;
    assert_eq!(
        without.clipboard_obstacle(),
        Some("This computer cannot share its clipboard yet")
    );
}

#[test]
fn s3_the_colour_depth_is_wished_for_and_kept() {
    let mut harness = window(state(Lang::En, Some(two_monitors())), 1000.0);
    choose(&mut harness, "Color depth", "8 bit (256 colors)");
    let state = harness.state();
    assert_eq!(state.view_wish().depth, ColourDepth::Bits8);
    let view = HostView {
        depth: Some(ColourDepth::Bits8),
        ..HostView::default()
    };
    let kept = [
        SessionWish::KeepDepth(ColourDepth::Bits8),
        SessionWish::KeepView(view),
    ];
    assert_eq!(state.wishes, kept);
}

#[test]
fn s2_one_monitor_of_several_is_wished_for() {
    let mut harness = window(state(Lang::En, Some(two_monitors())), 1000.0);
    choose(&mut harness, "Monitor", "HDMI-1 (1280 × 1024)");
    assert_eq!(harness.state().view_wish().monitor, Some(8));
    choose(&mut harness, "Monitor", "All monitors");
    assert_eq!(harness.state().view_wish().monitor, None);
}

#[test]
fn e1_with_one_monitor_the_menu_is_greyed_and_says_why() {
    let one = layout(vec![monitor(3, "eDP-1", 1920, 1080)]);
    let harness = window(state(Lang::It, Some(one)), 1000.0);
    let node = harness.get_by_label("Monitor").accesskit_node();
    assert!(node.is_disabled());
    let why = node.description();
    assert_eq!(why.as_deref(), Some("Questo computer ha un solo monitor"));
}

#[test]
fn s2_the_host_makes_the_picture_smaller_where_that_spares_bytes() {
    let mut harness = window(state(Lang::En, None), 1000.0);
    choose(&mut harness, "Image size", "50 %");
    let half = ViewWish {
        percent: 50,
        ..ViewWish::default()
    };
    assert_eq!(harness.state().view_wish(), half);
    for (item, size) in [
        ("75 %", ViewSize::Percent(75)),
        ("200 %", ViewSize::Percent(200)),
        ("Fit to the window", ViewSize::Fit),
        ("1:1 (100 %)", ViewSize::Actual),
    ] {
        choose(&mut harness, "Image size", item);
        assert_eq!(harness.state().size, size);
        assert_eq!(harness.state().view_wish(), ViewWish::default(), "{item}");
    }
}

#[test]
fn e3_the_menus_are_reached_and_left_by_the_keyboard() {
    let mut harness = window(state(Lang::En, Some(two_monitors())), 1000.0);
    harness.get_by_label("Color depth").focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(4);
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    assert_eq!(harness.state().depth, ColourDepth::Bits15);
    assert!(harness.query_by_label("Lossless").is_none());
}

#[test]
fn the_narrowest_window_has_room_for_every_tool() {
    let mut watching = state(Lang::It, Some(two_monitors()));
    watching.rights = Rights::SEE;
    let harness = window(watching, 640.0);
    let title = harness.get_by_label("ANNA-PC").rect();
    for tool in ["Dimensione immagine", "Profondità colore", "Monitor"] {
        let tool = harness.get_by_label(tool).rect();
        assert!(tool.left() >= title.right(), "{tool} over {title}");
    }
}

#[test]
fn a_long_name_has_all_the_room_that_the_tools_leave() {
    let mut long = state(Lang::En, Some(two_monitors()));
    long.host = "ACCOUNTING-SECOND-FLOOR-WORKPLACE-17.example.org".to_owned();
    let harness = window(long, 800.0);
    let title = harness.get_by_label_contains("ACCOUNTING").rect();
    let tool = harness.get_by_label("Image size").rect();
    let gap = tool.left() - title.right();
    assert!((0.0..32.0).contains(&gap), "{gap} points are left over");
}

#[test]
fn d3_a_moment_is_marked_with_words_or_without_or_not_at_all() {
    let mark = "Mark this moment (Ctrl+Alt+Shift+M)";
    let mut harness = window(state(Lang::En, None), 1000.0);
    for (typed, key, marked) in [
        ("it fails here", Key::Enter, Some("it fails here")),
        ("", Key::Enter, Some("")),
        ("never mind", Key::Escape, None),
    ] {
        harness.get_by_label(mark).click();
        harness.run_steps(3);
        if !typed.is_empty() {
            // it has the keyboard already
            harness.event(egui::Event::Text(typed.to_owned()));
            harness.run_steps(2);
        }
        harness.key_press(key);
        harness.run_steps(3);
        assert_eq!(harness.state().marking, None, "the dialog is closed");
        let wishes = std::mem::take(&mut harness.state_mut().wishes);
        let texts: Vec<_> = wishes
            .iter()
            .filter_map(|wish| {
                if let SessionWish::Mark { text, .. } = wish {
                    Some(text.as_str())
                } else {
                    None
                }
            })
            .collect();
        assert_eq!(texts, Vec::from_iter(marked));
    }
    // its words are typed here, not at the host
    harness.state_mut().all_keys = true;
    harness.state_mut().begin_mark();
    assert!(!harness.state().all_keys);
    // without a line nothing can be marked
    harness.state_mut().marking = None;
    harness.state_mut().paused = true;
    harness.state_mut().begin_mark();
    assert_eq!(harness.state().marking, None);
}

#[test]
fn s5_a_closing_message_ends_the_session_once_it_has_words() {
    let mut harness = window(state(Lang::En, None), 1000.0);
    let open = |harness: &mut Harness<'_, SessionState>| {
        choose(harness, "Session menu", "End with a message…");
        // it has the keyboard already
        harness.event(egui::Event::Text("Call again if it comes back ".to_owned()));
        harness.run_steps(2);
    };
    open(&mut harness);
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(harness.state().closing, None, "not meant");
    assert_eq!(harness.state().wishes, []);
    open(&mut harness);
    // Enter is a new line
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert!(harness.state().closing.is_some());
    harness.get_by_label("Send and end").click();
    harness.run_steps(3);
    let text = "Call again if it comes back".to_owned();
    assert_eq!(harness.state().wishes, [SessionWish::EndWith { text }]);
    // an empty one is none, and nothing is sent over a lost line
    harness.state_mut().wishes.clear();
    for (typed, paused) in [("  ", false), ("words", true)] {
        harness.state_mut().closing = Some(typed.to_owned());
        harness.state_mut().paused = paused;
        harness.run_steps(3);
        harness.get_by_label("Send and end").click();
        harness.run_steps(3);
        assert_eq!(harness.state().wishes, []);
    }
}

#[test]
fn d2_the_operator_reads_who_watches() {
    let mut watched = state(Lang::En, None);
    watched.watched_by = vec!["Carla".to_owned()];
    let harness = window(watched, 1100.0);
    harness.get_by_label_contains("Carla” watches");
}

#[test]
fn s4_the_line_is_told_by_icon_and_word_and_its_figures_by_a_click() {
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
    for (lang, word, figures) in [
        (
            Lang::En,
            "Fair line",
            [
                "tunnel by TCP port 443",
                "64 ms",
                "about 2.4 Mbit/s",
                "2.3 %",
            ],
        ),
        (
            Lang::It,
            "Linea discreta",
            [
                "tunnel sulla porta TCP 443",
                "64 ms",
                "circa 2,4 Mbit/s",
                "2,3 %",
            ],
        ),
    ] {
        let mut known = state(lang, Some(two_monitors()));
        assert_eq!(known.line, None);
        known.line = Some(line.clone());
        let mut harness = window(known, 1000.0);
        harness.get_by_label(word).click();
        harness.run_steps(3);
        for figure in figures {
            harness.get_by_label(figure);
        }
        // drawn anew for what is seen alone
        let faster = LineQuality {
            to_hub: line.to_hub + Duration::from_millis(300),
            ..line.clone()
        };
        assert!(harness.state_mut().take_line(faster.clone()), "a figure");
        harness.get_by_label(word).click();
        harness.run_steps(3);
        assert!(
            !harness.state_mut().take_line(line.clone()),
            "the sign alone"
        );
        let worse = LineQuality {
            grade: Grade::Poor,
            ..faster
        };
        assert!(harness.state_mut().take_line(worse), "the sign");
        assert!(harness.state_mut().take_line(line.clone()), "and back");
        // what is known of a line that is lost is past
        harness.state_mut().paused = true;
        harness.run_steps(3);
        assert!(harness.query_by_label(word).is_none());
    }
}

fn transfer(number: u32, is_outgoing: bool, stage: Stage) -> Transfer {
    Transfer {
        id: TransferId {
            to_host: is_outgoing,
            number,
        },
        is_outgoing,
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

#[test]
fn s6_files_are_sent_paused_and_cancelled_beside_the_screen() {
    let mut allowed = state(Lang::En, Some(two_monitors()));
    allowed.rights = allowed.rights.with(Rights::FILES);
    allowed.files.take(transfer(1, true, Stage::Running));
    assert!(allowed.files.open, "a new one is shown");
    let draw = |ui: &mut egui::Ui, state: &mut SessionState| {
        ui_kit::theme::install(ui.ctx());
        bar_ui(ui, state);
        files_side_ui(ui, state);
    };
    let mut harness = Harness::builder()
        .with_size([1000.0, 700.0])
        .build_ui_state(draw, allowed);
    harness.run_steps(3);
    let wishes = |harness: &mut Harness<'_, SessionState>| {
        harness.run_steps(3);
        std::mem::take(&mut harness.state_mut().wishes)
    };
    let id = TransferId {
        to_host: true,
        number: 1,
    };
    harness.get_by_label("12 of 214 files · 3.4 MB of 12.3 MB · 1.0 MB/s · 9 s left");
    harness.get_by_label("Pause: Photos").click();
    assert_eq!(wishes(&mut harness), [SessionWish::HoldFiles(id, true)]);
    harness.get_by_label("Cancel: Photos").click();
    assert_eq!(wishes(&mut harness), [SessionWish::CancelFiles(id)]);
    harness.get_by_label("Files…").click();
    let choose = SessionWish::ChooseFiles { folders: false };
    assert_eq!(wishes(&mut harness), [choose]);
    let field = harness.get_by_label("File or folder");
    field.click();
    harness.run_steps(3);
    harness.get_by_label("File or folder").type_text("/tmp/a b");
    harness.run_steps(3);
    harness.get_by_label("Send").click();
    let send = SessionWish::SendFiles(vec!["/tmp/a b".into()]);
    assert_eq!(wishes(&mut harness), [send]);

    // what did not arrive says why
    let mut over = transfer(1, true, Stage::Over(Ended::Done { missing: 1 }));
    over.problems.push(Problem {
        path: "Photos/a.jpg".to_owned(),
        fault: FileFault::CHANGED,
    });
    harness.state_mut().files.take(over);
    harness.run_steps(3);
    harness.get_by_label("Sent · 12 files · 3.4 MB · 1 missing");
    harness.get_by_label("Photos/a.jpg: It changed while it was sent.");
    assert!(harness.query_by_label("Cancel: Photos").is_none());

    // without the right there is nothing to press
    harness.state_mut().rights = Rights::SEE_AND_CONTROL;
    harness.run_steps(3);
    assert!(harness.query_by_label("Files…").is_none());
    harness.get_by_label("The user does not allow files.");
}

/// What a host says of a folder.
fn listed(browser: &mut Browser, path: &[&str], entries: &[(&str, ListedKind, u64)]) {
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
    browser.take(listing, ListingPart::Whole { is_cut: false });
}

fn browser_window(lang: Lang, width: f32) -> Harness<'static, SessionState> {
    let mut state = state(lang, Some(two_monitors()));
    state.rights = state.rights.with(Rights::FILES);
    let draw = |ui: &mut egui::Ui, state: &mut SessionState| {
        ui_kit::theme::install(ui.ctx());
        browser_ui(ui, state);
        files_side_ui(ui, state);
    };
    let mut harness = Harness::builder()
        .with_size([width, 700.0])
        .build_ui_state(draw, state);
    harness.state_mut().open_browser();
    harness.run_steps(3);
    harness
}

fn wishes_of(harness: &mut Harness<'_, SessionState>) -> Vec<SessionWish> {
    harness.run_steps(3);
    std::mem::take(&mut harness.state_mut().wishes)
}

#[test]
fn s6_the_hosts_folders_are_gone_through_with_the_keyboard_alone() {
    use egui::Modifiers;
    let mut harness = browser_window(Lang::En, 1000.0);
    harness.get_by_label("The user is being asked.");
    assert_eq!(wishes_of(&mut harness), [SessionWish::AskToBrowse]);
    let browser = &mut harness.state_mut().browser;
    let first = browser.answered(BrowseAnswer::Allowed);
    assert_eq!(first, Some(FolderAt::Place(FolderPlace::Home)));
    let files = [
        ("invoice\u{202e}fdp.exe", ListedKind::File, 3_400_000),
        ("Documents", ListedKind::Folder, 0),
        ("etc", ListedKind::Link, 0),
        ("notes.txt", ListedKind::File, 12),
    ];
    listed(browser, &["/", "home", "mario"], &files);
    let listing = browser.folder.listing;
    harness.run_steps(3);
    harness.get_by_label("4 entries");
    assert!(
        harness.query_by_label("invoice\u{202e}fdp.exe").is_none(),
        "what turns the writing round is made visible"
    );
    // into the folder
    harness.key_press(Key::ArrowDown);
    harness.run_steps(3);
    harness.key_press(Key::Enter);
    let (at, entry) = (2, 1);
    let at_entry = FolderAt::Entry { listing, entry };
    let into = SessionWish::List {
        listing: at,
        at: at_entry,
    };
    assert_eq!(wishes_of(&mut harness), [into]);
    // and above
    harness.key_press(Key::Backspace);
    let at_above = FolderAt::Above { listing, levels: 1 };
    let above = SessionWish::List {
        listing: 3,
        at: at_above,
    };
    assert_eq!(wishes_of(&mut harness), [above]);
    // found by typing, and fetched
    harness.event(egui::Event::Text("no".to_owned()));
    harness.run_steps(3);
    harness.get_by_label("4 entries · 1 file chosen · 12 B");
    harness.key_press(Key::Enter);
    let fetch = |entries| SessionWish::FetchFiles { listing, entries };
    assert_eq!(wishes_of(&mut harness), [fetch(vec![3])]);
    // all of it, but for what is no file
    // pressed and let go of before a slow pass
    let key = |pressed| egui::Event::Key {
        key: Key::A,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: Modifiers::COMMAND,
    };
    harness.event(key(true));
    harness.event(key(false));
    harness.run_steps(3);
    harness.get_by_label("Fetch").click();
    assert_eq!(wishes_of(&mut harness), [fetch(vec![1, 0, 3])]);
    // by the places and the path
    harness.get_by_label("Downloads").click();
    let downloads = FolderAt::Place(FolderPlace::Downloads);
    let to = SessionWish::List {
        listing: 4,
        at: downloads,
    };
    assert_eq!(wishes_of(&mut harness), [to]);
    harness.get_by_label("home").click();
    let to = SessionWish::List {
        listing: 5,
        at: at_above,
    };
    assert_eq!(wishes_of(&mut harness), [to]);
    harness.get_by_label("Send files here…").click();
    let choose = SessionWish::ChooseFiles { folders: false };
    assert_eq!(wishes_of(&mut harness), [choose]);
    let chosen = vec![std::path::PathBuf::from("/tmp/a")];
    let sends = harness.state().send_files(chosen.clone());
    assert_eq!(sends, SessionWish::SendFilesInto { chosen, listing });
    // what cannot be listed says why
    let browser = &mut harness.state_mut().browser;
    browser.take(5, ListingPart::Failed(FileFault::NOT_READABLE));
    harness.run_steps(3);
    harness.get_by_label("It may not be read by this account.");
    // the user takes it back
    harness.state_mut().browser.answered(BrowseAnswer::Stopped);
    harness.run_steps(3);
    harness.get_by_label("The user no longer allows it.");
    assert!(harness.query_by_label("notes.txt").is_none());
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!harness.state().browser.open);
}

#[test]
fn s6_a_yes_to_a_window_that_was_closed_meanwhile_lists_once_it_is_open_again() {
    let mut state = state(Lang::En, Some(two_monitors()));
    state.open_browser();
    state.browser.open = false;
    state.browse_answered(BrowseAnswer::Allowed);
    assert_eq!(state.wishes, [SessionWish::AskToBrowse], "nobody looks");
    state.open_browser();
    let at = FolderAt::Place(FolderPlace::Home);
    let home = SessionWish::List { listing: 1, at };
    assert_eq!(state.wishes.last(), Some(&home));
    // the line broke: the same folder again
    listed(&mut state.browser, &["/"], &[]);
    let listing = state.browser.folder.listing;
    state.browse_answered(BrowseAnswer::Allowed);
    let at = FolderAt::Same { listing };
    let again = SessionWish::List {
        listing: listing + 1,
        at,
    };
    assert_eq!(state.wishes.last(), Some(&again));
}

#[test]
fn s6_fifty_thousand_rows_are_drawn_as_far_as_they_are_in_sight() {
    let mut harness = browser_window(Lang::It, 700.0);
    let browser = &mut harness.state_mut().browser;
    browser.answered(BrowseAnswer::Allowed);
    let names: Vec<String> = (0..50_000).map(|n| format!("file {n:05}")).collect();
    let entries: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), ListedKind::File, 1))
        .collect();
    listed(browser, &["/"], &entries);
    harness.run_steps(3);
    harness.get_by_label("50000 elementi");
    let drawn =
        |harness: &Harness<'_, SessionState>| harness.query_all_by_label_contains("file ").count();
    assert!((5..60).contains(&drawn(&harness)), "{}", drawn(&harness));
    harness.key_press(Key::End);
    harness.run_steps(5);
    harness.get_by_label("file 49999");
    assert!((5..60).contains(&drawn(&harness)));
}

#[test]
fn s6_a_name_that_is_there_is_asked_about_with_three_answers() {
    let mut asked = transfer(1, false, Stage::Running);
    asked.id.to_host = false;
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
    let id = asked.id;
    for (label, answer) in [
        ("Replace", ConflictAnswer::Replace),
        ("Keep both", ConflictAnswer::KeepBoth),
        ("Skip", ConflictAnswer::Skip),
    ] {
        for for_all in [false, true] {
            let mut state = state(Lang::En, Some(two_monitors()));
            state.files.take(transfer(1, false, Stage::Running));
            state.files.open = false;
            let mut unasked = asked.clone();
            unasked.question = None;
            state.files.take(unasked);
            state.files.open = false;
            state.files.take(asked.clone());
            assert!(state.files.open, "a question is shown");
            let draw = |ui: &mut egui::Ui, state: &mut SessionState| {
                ui_kit::theme::install(ui.ctx());
                files_side_ui(ui, state);
            };
            let mut harness = Harness::builder()
                .with_size([1000.0, 700.0])
                .build_ui_state(draw, state);
            harness.run_steps(3);
            harness.get_by_label("You have a file of this name there.");
            harness.get_by_label_contains("There now: 300 B");
            harness.get_by_label_contains("Arriving: 5.0 MB");
            if for_all {
                harness.get_by_label("Do the same for all").click();
                harness.run_steps(3);
            }
            harness.get_by_label(label).click();
            let wish = SessionWish::AnswerConflict {
                id,
                entry: 4,
                answer,
                for_all,
            };
            assert_eq!(wishes_of(&mut harness), [wish]);
        }
    }
}

#[test]
fn s2_the_users_input_is_blocked_from_the_menu_and_what_the_host_cannot_do_says_why() {
    let mut shielded = state(Lang::En, Some(two_monitors()));
    shielded.shields = Some(Shields {
        input: ShieldState::Down,
        screen: ShieldState::Cannot(Hindrance::NO_BRIGHTNESS),
    });
    let mut harness = window(shielded, 1300.0);
    choose(&mut harness, "Session menu", "Block the user's input");
    let wishes = std::mem::take(&mut harness.state_mut().wishes);
    assert_eq!(wishes, [SessionWish::Shield(Shield::Input, true)]);
    choose(&mut harness, "Session menu", "Blank the screen");
    assert_eq!(harness.state().wishes, [], "it is greyed");
    harness.get_by_label("Session menu").click();
    harness.run_steps(3);
    harness.get_by_label("Blank the screen").hover();
    harness.run_steps(60);
    harness.get_by_label("The user's display lets no program change its brightness.");
    harness.key_press(Key::Escape);
    harness.run_steps(3);

    harness.state_mut().shields = Some(Shields {
        input: ShieldState::Up,
        screen: ShieldState::Down,
    });
    harness.run_steps(3);
    harness.get_by_label("Input blocked");
    choose(&mut harness, "Session menu", "Block the user's input");
    let wishes = std::mem::take(&mut harness.state_mut().wishes);
    assert_eq!(wishes, [SessionWish::Shield(Shield::Input, false)]);

    // a host that knows of none, and one who may only watch
    let cases = [
        (None, Rights::SEE_AND_CONTROL),
        (Some(Shields::default()), Rights::SEE),
    ];
    for (shields, rights) in cases {
        let mut state = state(Lang::En, None);
        (state.shields, state.rights) = (shields, rights);
        let mut harness = window(state, 1300.0);
        choose(&mut harness, "Session menu", "Block the user's input");
        assert_eq!(harness.state().wishes, [], "it is greyed");
    }
}

#[test]
fn s2_the_operator_pauses_and_goes_on_and_the_window_says_so() {
    for (lang, pause, title, go_on) in [
        (Lang::En, "Pause", "You have paused", "Go on"),
        (Lang::It, "Pausa", "Hai messo in pausa", "Riprendi"),
    ] {
        let draw = |ui: &mut egui::Ui, state: &mut SessionState| {
            ui_kit::theme::install(ui.ctx());
            bar_ui(ui, state);
            let area = ui.available_rect_before_wrap();
            if state.resting && resting_ui(ui, state.lang, area) {
                state.set_resting(false);
            }
        };
        let mut harness = Harness::builder()
            .with_size([1000.0, 600.0])
            .build_ui_state(draw, state(lang, Some(two_monitors())));
        harness.run_steps(3);
        let menu = match lang {
            Lang::En => "Session menu",
            Lang::It => "Menu della sessione",
        };
        assert!(harness.state().controls());
        choose(&mut harness, menu, pause);
        let wishes = std::mem::take(&mut harness.state_mut().wishes);
        assert_eq!(wishes, [SessionWish::Rest(true)]);
        assert!(!harness.state().controls());
        harness.get_by_label(title);
        harness.get_by_label(go_on).click();
        harness.run_steps(3);
        let wishes = std::mem::take(&mut harness.state_mut().wishes);
        assert_eq!(wishes, [SessionWish::Rest(false)]);
        assert!(harness.query_by_label(title).is_none());
    }
}

/// The commands and tools that are greyed now, and why.
fn greyed(harness: &Harness<'_, SessionState>) -> Vec<(String, Option<String>)> {
    let is_command = |role| matches!(role, Role::Button | Role::MenuItem);
    let commands = By::new().predicate(move |node| is_command(node.role()));
    let nodes = harness.query_all(commands);
    let nodes = nodes.map(|node| node.accesskit_node());
    let grey = nodes.filter(AccessKitNode::is_disabled);
    grey.map(|node| (node.label().unwrap_or_default(), node.description()))
        .collect()
}

#[test]
fn e1_whatever_is_greyed_in_a_session_says_why() {
    type Make = fn(&mut SessionState);
    let cases: [(&str, Make); 11] = [
        ("nothing is wrong", |_| {}),
        ("no picture yet", |state| state.layout = None),
        ("one monitor", |state| {
            state.layout = Some(layout(vec![monitor(3, "eDP-1", 1920, 1080)]));
        }),
        ("one is shared", |state| {
            state.shares_only = Some("eDP-1".to_owned());
        }),
        ("the line is lost", |state| state.paused = true),
        ("the user has paused", |state| state.withheld = true),
        ("the operator has paused", |state| state.resting = true),
        ("watching is allowed", |state| state.rights = Rights::SEE),
        ("watching is all there is", |state| {
            state.rights = Rights::SEE;
            state.hindrances.input = Some(Hindrance::NO_INPUT);
        }),
        ("watching is chosen", |state| state.view_only = true),
        ("the end was pressed", |state| state.ending = true),
    ];
    let menus = [
        "Session menu",
        "Monitor",
        "Special keys",
        "Color depth",
        "Image size",
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (case, make) in cases {
        let mut state = state(Lang::En, Some(two_monitors()));
        make(&mut state);
        let mut harness = window(state, 1300.0);
        for menu in [None].into_iter().chain(menus.map(Some)) {
            if let Some(menu) = menu {
                harness.get_by_label(menu).click();
                harness.run_steps(3);
            }
            for (label, why) in greyed(&harness) {
                let why = why.unwrap_or_default();
                assert!(
                    !why.is_empty() && why != label,
                    "{case}: {label:?} is grey, {why:?}"
                );
                seen.insert(label);
            }
            harness.key_press(Key::Escape);
            harness.run_steps(3);
        }
    }
    // the test looks at what it means to look at
    for label in [
        "End",
        "Special keys",
        "Separate windows",
        "Reset view",
        "Screenshot",
    ] {
        assert!(seen.contains(label), "{label:?} was never grey: {seen:?}");
    }
}

#[test]
fn in_the_smallest_window_the_longest_menus_are_scrolled() {
    for (menu, first, last) in [
        ("Session menu", "Bring in a colleague", "Reset view"),
        ("Special keys", "Ctrl+Alt+Del", "Layout there"),
    ] {
        let draw = |ui: &mut egui::Ui, state: &mut SessionState| {
            ui_kit::theme::install(ui.ctx());
            bar_ui(ui, state);
        };
        let mut harness = Harness::builder()
            .with_size([640.0, 320.0])
            .build_ui_state(draw, placed(Lang::En));
        harness.run_steps(3);
        harness.get_by_label(menu).click();
        harness.run_steps(4);
        let first = harness.get_by_label(first).rect();
        assert!(first.top() >= 0.0 && first.bottom() < 320.0, "{first}");
        let hidden = harness.get_by_label_contains(last);
        assert!(hidden.rect().bottom() > 320.0, "there is no room for it");
        hidden.scroll_to_me();
        harness.run_steps(30);
        let shown = harness.get_by_label_contains(last).rect();
        assert!(shown.bottom() < 320.0, "{menu}: {shown}");
    }
}

fn placed(lang: Lang) -> SessionState {
    let mut state = state(lang, Some(two_monitors()));
    state.can_part = true;
    state
}

#[test]
fn s2_each_monitor_has_a_window_of_its_own_where_the_host_says_where_they_stand() {
    let mut harness = window(state(Lang::En, Some(two_monitors())), 1000.0);
    choose(&mut harness, "Monitor", "Separate windows");
    assert!(!harness.state().stands_apart(), "an older host");
    assert_eq!(harness.state().wishes, []);

    let mut harness = window(placed(Lang::En), 1000.0);
    choose(&mut harness, "Monitor", "HDMI-1 (1280 × 1024)");
    assert_eq!(harness.state().view_wish().monitor, Some(8));
    choose(&mut harness, "Monitor", "Separate windows");
    let state = harness.state_mut();
    assert!(state.stands_apart());
    assert_eq!(state.view_wish().monitor, None, "the host sends them all");
    assert_eq!(state.view.monitors, Some(Monitors::Apart));
    // one of the windows is closed
    state.join_windows();
    assert!(!state.stands_apart());
    let kept = SessionWish::KeepView(HostView {
        monitors: Some(Monitors::All),
        ..HostView::default()
    });
    assert_eq!(state.wishes.last(), Some(&kept));
}

#[test]
fn s2_a_session_begins_as_the_last_one_with_the_host_was_left() {
    let view = HostView {
        size: Some(ViewSize::Percent(75)),
        depth: Some(ColourDepth::Bits8),
        monitors: Some(Monitors::One("HDMI-1".to_owned())),
        full_screen: Some(true),
        keys_by_place: Some(true),
    };
    let usual = Usual {
        depth: ColourDepth::Lossless,
        ..Usual::default()
    };
    let mut session = state(Lang::En, None);
    session.begin_with(view.clone(), usual);
    assert!(!session.size_is_open() && session.full_screen && session.keys_by_place);
    assert_eq!(session.depth, ColourDepth::Bits8);
    session.follow_wanted();
    assert_eq!(
        session.view_wish().monitor,
        None,
        "nobody knows which there are"
    );
    session.layout = Some(two_monitors());
    session.follow_wanted();
    assert_eq!(session.view_wish().monitor, Some(8));

    // the windows wait until the host has said where the monitors stand
    let apart = HostView {
        monitors: Some(Monitors::Apart),
        ..HostView::default()
    };
    let mut session = state(Lang::En, Some(two_monitors()));
    session.begin_with(apart, usual);
    session.follow_wanted();
    assert!(!session.stands_apart());
    session.can_part = true;
    session.follow_wanted();
    assert!(session.stands_apart());

    let mut used = placed(Lang::En);
    used.begin_with(view, usual);
    let mut harness = window(used, 1000.0);
    choose(&mut harness, "Session menu", "Reset view");
    let state = harness.state();
    let forgotten = SessionWish::KeepView(HostView::default());
    assert_eq!(state.wishes, [forgotten]);
    assert_eq!(
        state.view_wish(),
        ViewWish {
            depth: ColourDepth::Lossless,
            ..ViewWish::default()
        }
    );
    assert!(!state.full_screen && !state.keys_by_place && state.size_is_open());
}

#[test]
fn s1_the_menu_of_keys_says_how_they_count_and_both_layouts() {
    let keyboard = |layout: &str, unlisted| {
        Some(HostKeyboard {
            layout: layout.into(),
            unlisted,
        })
    };
    let mut state = placed(Lang::En);
    state.keyboards.here = keyboard("Italian", Unlisted::SpareKey);
    state.keyboards.there = keyboard("English (US)", Unlisted::SpareKey);
    let mut harness = window(state, 1000.0);
    let open = |harness: &mut Harness<'_, SessionState>, label: &str| {
        harness.get_by_label(label).click();
        harness.run_steps(3);
    };
    open(&mut harness, "Special keys");
    assert_eq!(harness.state().wishes, [SessionWish::LookAtKeyboard]);
    harness.get_by_label("Layout here: Italian");
    harness.get_by_label("Layout there: English (US)");
    harness.get_by_label_contains("put on an unused key");
    let window = harness.ctx.content_rect();
    let note = harness.get_by_label_contains("put on an unused key").rect();
    assert!(window.contains_rect(note), "{note}");
    harness.get_by_label("Physical keys").click();
    harness.run_steps(3);
    assert!(harness.state().keys_by_place);
    open(&mut harness, "Special keys");
    harness.get_by_label("The layout there decides what a key types.");
    // the chip in the bar says so too
    assert_eq!(harness.get_all_by_label("Physical keys").count(), 2);
    harness.get_by_label("Characters").click();
    harness.run_steps(3);
    assert!(!harness.state().keys_by_place);

    let mut harness = self::window(placed(Lang::It), 640.0);
    open(&mut harness, "Tasti speciali");
    harness.get_by_label("Layout qui: sconosciuto");
    harness.get_by_label("Layout di là: sconosciuto, il programma di là è troppo vecchio");
}
