use egui::Key;
use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use protocol::admin::hosts::{
    Filter, HostGroupRow, HostRow, OfGroup, OfState, Order, Question as Ask,
};
use protocol::admin::people::GroupRow;
use protocol::admin::{Question, Rows};
use protocol::{GroupId, HostGroupId, HostId, RefusalCode};
use ui_kit::Lang;

use crate::state::{ComputersAsking, ComputersTab, Section, Standing, State, Wish};
use crate::views::window_ui;

const SHOPS: GroupId = GroupId(7);
const TILLS: HostGroupId = HostGroupId(4);

fn row(number: i64, name: &str, connected: bool) -> HostRow {
    HostRow {
        host: HostId(number),
        name: name.into(),
        is_named: false,
        computer: name.into(),
        system: "Debian".into(),
        program: "purepc 0.1.0 linux".into(),
        group: Some(TILLS),
        group_name: "Tills".into(),
        note: "".into(),
        disabled: false,
        connected,
        enrolled_unix_millis: 1_800_000_000_000,
        enrolled_by: "carla".into(),
        last_seen_unix_millis: 1_800_000_000_000,
    }
}

/// The window at its first size in the section, with these computers.
fn section(lang: Lang, rows: &[HostRow]) -> State {
    let mut state = State::new(lang);
    state.standing = Standing::In {
        name: "Carla".to_owned(),
        lost: false,
    };
    state.section = Section::Computers;
    state.people.groups.value = Some(vec![GroupRow {
        group: SHOPS,
        name: "Shops".into(),
        built_in: false,
        accounts: 3,
    }]);
    state.computers.groups.value = Some(vec![HostGroupRow {
        group: TILLS,
        name: "Tills".into(),
        seen_by: vec![SHOPS],
        hosts: 2,
    }]);
    give(&mut state, rows);
    state
}

/// Answers what the list asks for.
fn give(state: &mut State, rows: &[HostRow]) {
    for (of, page) in state.computers.list.look_at_beginning() {
        let total = u32::try_from(rows.len()).expect("few");
        let rows = rows.to_vec();
        let first = page.first;
        let answer = Rows { total, first, rows };
        state.computers.list.take(of, Ok(answer));
    }
}

fn show(state: State) -> Harness<'static, State> {
    let mut harness = Harness::builder()
        .with_size([1180.0, 760.0])
        .build_ui_state(
            |ui: &mut egui::Ui, state: &mut State| {
                ui_kit::theme::install(ui.ctx());
                window_ui(ui, state);
            },
            state,
        );
    harness.run_steps(3);
    harness
}

fn two() -> Vec<HostRow> {
    vec![row(1, "TILL-1", true), row(2, "TILL-2", false)]
}

/// What the window wants of the hub.
fn asked(harness: &Harness<'_, State>) -> Vec<Ask> {
    let outbox = harness.state().outbox.iter();
    let hosts = outbox.filter_map(|(_, question)| match question {
        Question::Hosts(ask) => Some(ask.clone()),
        Question::Desk(_)
        | Question::Reports(_)
        | Question::Films(_)
        | Question::People(_)
        | Question::Audit(_)
        | Question::Settings(_)
        | Question::Own(_) => None,
    });
    hosts.collect()
}

fn click(harness: &mut Harness<'_, State>, label: &str) {
    harness.get_by_role_and_label(Role::Button, label).click();
    harness.run_steps(3);
}

#[test]
fn the_list_says_who_is_connected_and_in_which_group() {
    for (lang, connected, away) in [
        (Lang::En, "connected", "away"),
        (Lang::It, "connesso", "assente"),
    ] {
        let harness = show(section(lang, &two()));
        for label in ["TILL-1", "TILL-2", connected, away] {
            harness.get_by_label(label);
        }
        assert_eq!(harness.get_all_by_label("Tills").count(), 2);
    }
}

#[test]
fn nothing_and_nothing_found_and_a_refusal_each_say_so() {
    let empty = show(section(Lang::En, &[]));
    empty.get_by_label("No computers yet");
    let mut state = section(Lang::En, &two());
    state.computers.search = "printer".to_owned();
    state
        .computers
        .filter(|filter| filter.state = OfState::Away);
    let loading = show(state);
    loading.get_by_label("Loading…");
    let filter = Filter {
        search: "printer".into(),
        state: OfState::Away,
        ..Filter::default()
    };
    assert_eq!(loading.state().computers.list.filter.0, filter);
    let mut state = section(Lang::En, &two());
    state.computers.search = "printer".to_owned();
    state.computers.filter(|_| {});
    give(&mut state, &[]);
    show(state).get_by_label("Nothing found");
    let mut state = section(Lang::En, &two());
    state.computers.filter(|_| {});
    for (of, _) in state.computers.list.look_at_beginning() {
        let refused = Err(RefusalCode::NOT_ALLOWED.into());
        state.computers.list.take(of, refused);
    }
    show(state).get_by_label("This could not be loaded");
}

#[test]
fn a_head_orders_the_list_and_keys_choose_in_it() {
    let mut harness = show(section(Lang::En, &two()));
    harness.key_press(Key::ArrowDown);
    harness.run_steps(3);
    harness.key_press(Key::ArrowDown);
    harness.run_steps(3);
    let chosen = harness.state().computers.chosen_row();
    assert_eq!(chosen.map(|row| row.host), Some(HostId(2)));
    harness.get_by_label("Last seen").click();
    harness.run_steps(3);
    let (_, order, descending) = &harness.state().computers.list.filter;
    assert_eq!((*order, *descending), (Order::LastSeen, true));
}

#[test]
fn the_list_is_filtered_by_group() {
    let mut harness = show(section(Lang::En, &two()));
    click(&mut harness, "Every group");
    harness
        .get_by_role_and_label(Role::MenuItem, "Without a group")
        .click();
    harness.run_steps(3);
    let filter = &harness.state().computers.list.filter.0;
    assert_eq!(filter.group, OfGroup::None);
    click(&mut harness, "Without a group");
}

#[test]
fn what_is_chosen_stays_a_computer_and_never_becomes_another_one() {
    let mut state = section(Lang::En, &two());
    state.computers.choose(0);
    state.computers.list.refresh();
    give(
        &mut state,
        &[row(9, "TILL-0", true), row(1, "TILL-1", true)],
    );
    assert_eq!(state.computers.chosen_row(), None);
    let harness = show(state);
    assert!(harness.query_by_label("Disable").is_none());
}

#[test]
fn a_computer_is_disabled_and_removed_after_a_question_alone() {
    for (label, wanted) in [
        (
            "Disable",
            Ask::SetDisabled {
                host: HostId(1),
                disabled: true,
            },
        ),
        ("Remove", Ask::Remove { host: HostId(1) }),
    ] {
        let mut state = section(Lang::En, &two());
        state.computers.choose(0);
        let mut harness = show(state);
        click(&mut harness, label);
        assert_eq!(asked(&harness), []);
        harness.get_by_label(&format!("{label} TILL-1?"));
        click(&mut harness, "Cancel");
        assert_eq!(harness.state().computers.asking, None);
        assert_eq!(asked(&harness), []);
        click(&mut harness, label);
        let buttons = harness.get_all_by_role_and_label(Role::Button, label);
        buttons.last().expect("that of the question").click();
        harness.run_steps(3);
        assert_eq!(asked(&harness), [wanted]);
    }
}

#[test]
fn a_code_is_made_and_its_line_is_shown_once_and_can_be_copied() {
    let mut harness = show(section(Lang::En, &two()));
    click(&mut harness, "Add computers");
    let Some(ComputersAsking::Invite(form)) = &mut harness.state_mut().computers.asking else {
        panic!("no form");
    };
    form.uses = "0".to_owned();
    form.group = Some(TILLS);
    harness.run_steps(2);
    click(&mut harness, "Make the code");
    assert_eq!(asked(&harness), [], "nothing is asked for none");
    let Some(ComputersAsking::Invite(form)) = &mut harness.state_mut().computers.asking else {
        panic!("no form");
    };
    form.uses = "500".to_owned();
    harness.run_steps(2);
    click(&mut harness, "Make the code");
    let asked = asked(&harness);
    let [Ask::Invite(code)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(
        (code.group, code.uses, code.valid_hours),
        (Some(TILLS), 500, 24)
    );
    let line = "purepc://hub:443/ab/cd";
    let invited = ComputersAsking::Invited(line.to_owned());
    harness.state_mut().computers.asking = Some(invited);
    harness.run_steps(3);
    harness.get_by_label(line);
    click(&mut harness, "Copy");
    let copied = Wish::Copy(line.to_owned());
    assert!(harness.state().wishes.contains(&copied));
    click(&mut harness, "Close");
    assert_eq!(harness.state().computers.asking, None);
}

#[test]
fn a_group_says_who_sees_its_computers() {
    let mut state = section(Lang::En, &two());
    state.computers.tab = ComputersTab::Groups;
    let mut harness = show(state);
    harness.get_by_label_contains("seen by Shops");
    click(&mut harness, "Change Tills");
    harness.get_by_label("Shops").click();
    harness.run_steps(3);
    click(&mut harness, "Save");
    let asked = asked(&harness);
    let [Ask::ChangeGroup { group, to }] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!((*group, to.seen_by.as_slice()), (TILLS, [].as_slice()));
}
