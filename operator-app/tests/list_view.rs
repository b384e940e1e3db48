//! The list as its operator uses it: by keyboard, in some order, with thousands of computers.

use std::time::{Duration, Instant};

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use operator_app::action::Action;
use operator_app::state::ConsoleState;
use operator_app::state::account::{Account, LogIn};
use operator_app::state::computers::Order;
use operator_app::state::templates::Templates;
use operator_app::views::shell;
use protocol::{Entry, EntryKind, PeerId};
use ui_kit::{Clock, Lang, Zone};

const NOW: i64 = 1_795_546_800;

struct Seen {
    state: ConsoleState,
    actions: Vec<Action>,
}

fn id(number: u16) -> PeerId {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    PeerId(id)
}

fn till(number: u16) -> Entry {
    Entry {
        id: id(number),
        kind: EntryKind::PermanentHost,
        name: format!("Till {number}").as_str().into(),
        person: "".into(),
        system: "Debian 12".into(),
        ticket: None,
        in_session_with: None,
        since_unix_seconds: NOW - 60,
        yours: false,
        present: true,
    }
}

fn window(lang: Lang, tills: u16) -> Harness<'static, Seen> {
    let clock = Clock {
        now_unix_seconds: NOW,
        zone: Zone::utc(),
    };
    let account = Account {
        log_in: LogIn::In {
            display_name: "Otto".to_owned(),
        },
        ..Account::default()
    };
    let mut state = ConsoleState::new(lang, clock, account, Templates::default());
    let entries: Vec<_> = (1..=tills).rev().map(till).collect();
    state.computers.update(entries.into());
    let draw = |ui: &mut egui::Ui, seen: &mut Seen| {
        ui_kit::theme::install(ui.ctx());
        shell::main_window_ui(ui, &mut seen.state, &mut seen.actions);
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

/// Where `label` stands, from the top.
fn top(harness: &Harness<'_, Seen>, label: &str) -> f32 {
    harness.get_by_label(label).rect().top()
}

#[test]
fn o8_the_order_is_chosen_from_a_menu() {
    let mut harness = window(Lang::En, 12);
    assert!(
        top(&harness, "Till 7") < top(&harness, "Till 6"),
        "as they came"
    );
    harness.get_by_label("Order of the list").click();
    harness.run_steps(3);
    harness.get_by_label("By name").click();
    harness.run_steps(3);
    let by_name = Action::OrderList(Order::Name);
    assert!(harness.state().actions.contains(&by_name));
    harness.state_mut().state.computers.habits.order = Order::Name;
    harness.run_steps(3);
    assert!(top(&harness, "Till 6") < top(&harness, "Till 7"), "by name");
}

#[test]
fn o8_five_thousand_computers_cost_what_is_in_sight() {
    const FRAMES: u32 = 20;
    let took = |tills| {
        let mut harness = window(Lang::En, tills);
        let begun = Instant::now();
        for _ in 0..FRAMES {
            harness.step();
        }
        begun.elapsed() / FRAMES
    };
    let (few, many) = (took(20), took(5000));
    println!("a picture: {few:?} with 20 rows, {many:?} with 5,000");
    // rows out of sight cost an addition each
    assert!(
        many < few * 2 + Duration::from_millis(2),
        "{few:?}, {many:?}"
    );
}

#[test]
fn o8_the_keyboard_goes_to_every_row_and_into_its_menu() {
    let mut harness = window(Lang::En, 5000);
    let chosen = |harness: &Harness<'_, Seen>| harness.state().state.computers.selected;
    let mut press = |key| {
        harness.key_press(key);
        harness.run_steps(3);
        chosen(&harness)
    };
    assert_eq!(press(Key::ArrowDown), Some(id(5000)));
    assert_eq!(press(Key::PageDown), Some(id(4990)));
    assert_eq!(press(Key::End), Some(id(1)));
    harness.run_steps(30);
    harness.get_by_label("Till 1");
    harness.key_press_modifiers(Modifiers::SHIFT, Key::F10);
    harness.run_steps(3);
    harness.get_by_label("Favourite").click();
    harness.run_steps(3);
    let turned = Action::TurnFavourite(id(1));
    let actions = &harness.state().actions;
    assert!(actions.contains(&turned), "{actions:?}");
    harness
        .state_mut()
        .state
        .computers
        .habits
        .turn_favourite("Till 1");
    harness.key_press(Key::Home);
    harness.run_steps(30);
    assert_eq!(chosen(&harness), Some(id(1)), "favourites stand first");
    harness.get_by_label("Favourites  ·  1");
}
