//! The widgets as a person, a keyboard and a screen reader meet them; no display is needed.

use egui::accesskit::Role;
use egui::{Event, Key};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use ui_kit::theme;
use ui_kit::widgets::{
    Bubble, Field, Leading, Notices, Push, Row, chat_entry_ui, chat_lines_ui, check_ui,
    icon_button_ui, password_field_ui, row_ui, text_field_ui, ticket_entry_ui,
};
use ui_kit::{Clock, Icon, Lang, Tone, Zone};

/// Noon.
fn clock() -> Clock {
    Clock {
        now_unix_seconds: 12 * 3600,
        zone: Zone::utc(),
    }
}

/// A window that draws `view` over `state`, with our fonts and theme.
fn window<'a, S>(state: S, mut view: impl FnMut(&mut egui::Ui, &mut S) + 'a) -> Harness<'a, S> {
    let mut harness = Harness::new_ui_state(
        move |ui, state| {
            let installed = egui::Id::unique("theme installed");
            if !ui.data(|data| data.get_temp(installed).unwrap_or(false)) {
                ui.data_mut(|data| data.insert_temp(installed, true));
                theme::install(ui.ctx());
                ui.ctx().request_discard("fonts come with the next pass");
                return;
            }
            view(ui, state);
        },
        state,
    );
    harness.run_ok();
    harness
}

fn ticket() -> Harness<'static, String> {
    let mut harness = window(String::new(), |ui, digits: &mut String| {
        ticket_entry_ui(ui, "Ticket", digits, false);
    });
    harness
        .get_by_role_and_label(Role::TextInput, "Ticket")
        .focus();
    harness.run_ok();
    harness
}

#[test]
fn h4_a_ticket_is_pasted_with_dashes_and_spaces() {
    for pasted in [
        "482-913-0571",
        "482.913.0571",
        "482/913–0571",
        " 482 913 0571\n",
        "ticket: 4829130571.",
        "Hello,\n14:30\n４８２ ９１３ ０５７１\n2026",
    ] {
        let mut harness = ticket();
        harness.event(Event::Paste(pasted.to_owned()));
        harness.run_ok();
        assert_eq!(harness.state(), "4829130571", "{pasted:?}");
    }
}

#[test]
fn h4_of_a_message_without_one_ticket_nothing_is_taken() {
    for pasted in [
        "48291305719999",
        "482\n913\n0571",
        "+39 482 913 0571",
        "at 14:30",
    ] {
        let mut harness = ticket();
        harness.event(Event::Text("12".to_owned()));
        harness.event(Event::Paste(pasted.to_owned()));
        harness.run_ok();
        assert_eq!(harness.state(), "12", "{pasted:?}");
    }
}

#[test]
fn h4_letters_do_not_get_into_a_ticket() {
    let mut harness = ticket();
    harness.event(Event::Text("4a8".to_owned()));
    harness.run_ok();
    harness.key_press(Key::ArrowLeft);
    harness.run_ok();
    harness.event(Event::Text("7".to_owned()));
    harness.run_ok();
    assert_eq!(harness.state(), "478");
    harness.key_press(Key::Backspace);
    harness.run_ok();
    assert_eq!(harness.state(), "48");
}

#[test]
fn e3_a_screen_reader_hears_the_ticket() {
    let mut harness = ticket();
    harness.event(Event::Text("48".to_owned()));
    harness.run_ok();
    harness.run_ok();
    let entry = harness.get_by_role_and_label(Role::TextInput, "Ticket");
    assert_eq!(entry.value().as_deref(), Some("48"));
}

#[test]
fn e3_a_button_is_pressed_by_the_keyboard_alone() {
    let mut harness = window(0_u32, |ui, presses: &mut u32| {
        if ui
            .add(
                Push::primary("Helpme")
                    .icon(Icon::ArrowRight)
                    .large()
                    .wide(),
            )
            .clicked()
        {
            *presses += 1;
        }
    });
    harness.key_press(Key::Tab);
    harness.run_ok();
    assert!(harness.get_by_label("Helpme").is_focused());
    harness.key_press(Key::Enter);
    harness.run_ok();
    assert_eq!(*harness.state(), 1);
}

#[test]
fn e1_a_greyed_button_cannot_be_pressed_and_says_so() {
    let mut harness = window(0_u32, |ui, presses: &mut u32| {
        if ui
            .add(Push::secondary("Blank").unless(Some("not here")))
            .clicked()
            | icon_button_ui(ui, Icon::Monitor, "Monitor", false).clicked()
        {
            *presses += 1;
        }
    });
    for label in ["Blank", "Monitor"] {
        let button = harness.get_by_label(label);
        assert!(button.accesskit_node().is_disabled(), "{label}");
        button.click();
        harness.run_ok();
    }
    assert_eq!(*harness.state(), 0);
}

#[test]
fn a_field_is_named_by_its_label_and_tells_its_error() {
    let mut harness = window(String::new(), |ui, port: &mut String| {
        let field = Field::new("Port").error(Some("A port is a number"));
        text_field_ui(ui, &field, port);
    });
    harness.get_by_label("A port is a number");
    harness
        .get_by_role_and_label(Role::TextInput, "Port")
        .focus();
    harness.run_ok();
    harness.event(Event::Text("443".to_owned()));
    harness.run_ok();
    assert_eq!(harness.state(), "443");
}

#[test]
fn a_password_is_hidden_until_it_is_asked_for() {
    let mut harness = window("secret".to_owned(), |ui, password: &mut String| {
        password_field_ui(ui, Lang::En, &Field::new("Password"), password);
    });
    let hidden = harness
        .get_by_role_and_label(Role::PasswordInput, "Password")
        .value();
    assert!(!hidden.unwrap_or_default().contains("secret"));
    harness.get_by_label("Show the password").click();
    harness.run_ok();
    let shown = harness
        .get_by_role_and_label(Role::TextInput, "Password")
        .value();
    assert_eq!(shown.as_deref(), Some("secret"));
    harness.get_by_label("Hide the password").click();
    harness.run_ok();
    harness.get_by_role_and_label(Role::PasswordInput, "Password");
}

#[test]
fn a_check_box_is_switched_by_its_label() {
    let mut harness = window(false, |ui, on: &mut bool| {
        check_ui(ui, on, "Remember password", Some("in a file"));
    });
    harness.get_by_label("Remember password").click();
    harness.run_ok();
    assert!(*harness.state());
}

#[test]
fn o9_a_row_is_chosen_and_has_a_menu() {
    let mut harness = window((false, false), |ui, (chosen, asked): &mut (bool, bool)| {
        let row = Row {
            leading: Leading::Icon(Icon::Monitor, Tone::Good),
            title: "ANNA-PC",
            detail: "Anna Rossi",
            badge: Some(("In session", Tone::Good)),
            trailing: "48291",
            selected: *chosen,
            away: false,
        };
        let response = row_ui(ui, &row);
        *chosen |= response.clicked();
        response.context_menu(|ui| *asked |= ui.button("Chat").clicked());
    });
    harness.get_by_label("ANNA-PC").click();
    harness.run_ok();
    assert!(harness.state().0);
    harness.get_by_label("ANNA-PC").click_secondary();
    harness.run_ok();
    harness.get_by_label("Chat").click();
    harness.run_ok();
    assert!(harness.state().1);
}

#[test]
fn s5_enter_sends_a_line_and_keeps_the_focus() {
    let state = (String::new(), Vec::new());
    let mut harness = window(state, |ui, (draft, sent): &mut (String, Vec<String>)| {
        sent.extend(chat_entry_ui(ui, "Write a message", "Send", draft));
    });
    let write = |harness: &mut Harness<'_, (String, Vec<String>)>, text: &str| {
        harness.event(Event::Text(text.to_owned()));
        harness.run_ok();
        harness.key_press(Key::Enter);
        harness.run_ok();
    };
    harness.get_by_label("Write a message").focus();
    harness.run_ok();
    write(&mut harness, "hello ");
    write(&mut harness, "  ");
    write(&mut harness, "again");
    assert_eq!(harness.state().1, ["hello", "again"]);
    assert!(harness.get_by_label("Write a message").is_focused());
}

#[test]
fn s5_what_is_typed_right_after_enter_begins_the_next_line() {
    let state = (String::new(), Vec::new());
    let mut harness = window(state, |ui, (draft, sent): &mut (String, Vec<String>)| {
        sent.extend(chat_entry_ui(ui, "Write a message", "Send", draft));
    });
    harness.get_by_label("Write a message").focus();
    harness.run_ok();
    // all in one pass, as from hands that are faster than the window
    for text in ["one", "two", "three"] {
        harness.event(Event::Text(text.to_owned()));
        harness.key_press(Key::Enter);
    }
    harness.event(Event::Text("fo".to_owned()));
    harness.run_ok();
    harness.event(Event::Text("ur".to_owned()));
    harness.run_ok();
    let (draft, sent) = harness.state();
    assert_eq!(sent, &["one", "two", "three"]);
    assert_eq!(draft, "four");
}

#[test]
fn two_notices_at_once_are_as_high_as_their_words() {
    let mut notices = Notices::default();
    notices.push(Tone::Good, "Copied");
    notices.push(Tone::Good, "Saved");
    let long =
        "The hub does not take this report; it is kept on this computer. Try it again later.";
    notices.push(Tone::Danger, long);
    let mut harness = window(notices, |ui, notices: &mut Notices| {
        notices.ui(ui.ctx(), Lang::En);
    });
    harness.run_steps(3);
    let [first, second, third] =
        ["Copied", "Saved", long].map(|words| harness.get_by_label(words).rect());
    // a button, its margins and the gap
    let step = second.center().y - first.center().y;
    assert!((50.0..60.0).contains(&step), "{step} points");
    assert!(third.height() > 1.5 * second.height(), "in two lines");
    let gap = third.top() - second.bottom();
    assert!((20.0..40.0).contains(&gap), "{gap} points");
}

#[test]
fn a_notice_leaves_when_it_is_dismissed() {
    let mut notices = Notices::default();
    notices.push(Tone::Good, "Copied");
    let mut harness = window(notices, |ui, notices: &mut Notices| {
        notices.ui(ui.ctx(), Lang::En);
    });
    harness.get_by_label("Copied");
    harness.get_by_label("Dismiss").click();
    harness.run_ok();
    assert!(harness.query_by_label("Copied").is_none());
}

fn conversation(count: usize) -> Harness<'static, ()> {
    let lines: Vec<String> = (0..count)
        .map(|number| {
            format!(
                "line {number}: the printer beeps {}",
                "and beeps ".repeat(number % 9)
            )
        })
        .collect();
    let draw = move |ui: &mut egui::Ui, (): &mut ()| {
        let bubbles = lines.iter().enumerate().map(|(number, text)| Bubble {
            mine: number % 3 == 0,
            name: "Anna",
            at_unix_seconds: clock().now_unix_seconds,
            note: "",
            text,
        });
        chat_lines_ui(ui, clock(), bubbles);
    };
    let mut harness = window((), draw);
    harness.run_steps(4);
    harness
}

#[test]
fn s5_of_a_long_conversation_only_what_is_in_sight_is_drawn() {
    let mut harness = conversation(2_000);
    harness.get_by_label_contains("line 1999:");
    let drawn = harness.get_all_by_label_contains("line ").count();
    assert!(drawn < 30, "{drawn} lines");
    let start = std::time::Instant::now();
    harness.run_steps(20);
    println!("{:?} for a pass", start.elapsed() / 20);
}

#[test]
fn s5_lines_stand_one_below_the_other() {
    let harness = conversation(40);
    let drawn: Vec<egui::Rect> = harness
        .get_all_by_label_contains("line ")
        .map(|line| line.rect())
        .collect();
    assert!(drawn.len() > 3);
    for pair in drawn.windows(2) {
        let gap = pair[1].top() - pair[0].bottom();
        // the margins of two bubbles, the space between, the head of the second
        assert!((30.0..60.0).contains(&gap), "{gap} points apart: {pair:?}");
    }
}

#[test]
fn what_somebody_hid_in_a_line_is_shown() {
    let draw = |ui: &mut egui::Ui, (): &mut ()| {
        let line = Bubble {
            mine: false,
            name: "An\u{202e}na",
            at_unix_seconds: clock().now_unix_seconds,
            note: "",
            text: "open invoice\u{202e}fdp.exe",
        };
        chat_lines_ui(ui, clock(), [line]);
    };
    let mut harness = window((), draw);
    harness.run_steps(3);
    harness.get_by_label("open invoice‹U+202E›fdp.exe");
    harness.get_by_label("“An‹U+202E›na”  ·  12:00");
}

fn asks_for(harness: &Harness<'_, String>, wanted: &egui::ViewportCommand) -> bool {
    let windows = &harness.output().viewport_output;
    windows
        .values()
        .any(|window| window.commands.contains(wanted))
}

#[test]
fn the_clipboard_is_reached_by_the_older_keys_and_by_a_menu() {
    let mut harness = window("abc".to_owned(), |ui, value: &mut String| {
        text_field_ui(ui, &Field::new("Name"), value);
    });
    let paste = egui::ViewportCommand::RequestPaste;
    harness
        .get_by_role_and_label(Role::TextInput, "Name")
        .focus();
    harness.run_ok();
    harness.input_mut().events.push(Event::Key {
        key: Key::Insert,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: egui::Modifiers::SHIFT,
    });
    harness.step();
    assert!(asks_for(&harness, &paste));
    harness.run_ok();

    let field = harness.get_by_role_and_label(Role::TextInput, "Name");
    field.click_secondary();
    harness.run_ok();
    harness.get_by_label("Select all").click();
    harness.run_ok();
    harness.event(Event::Text("d".to_owned()));
    harness.run_ok();
    assert_eq!(harness.state(), "d");
}

#[test]
fn fields_with_no_more_than_a_hint_are_apart() {
    let values = [String::new(), String::new()];
    let mut harness = window(values, |ui, values: &mut [String; 2]| {
        for (value, hint) in values.iter_mut().zip(["Operator", "Computer"]) {
            let field = Field {
                hint,
                ..Field::default()
            };
            text_field_ui(ui, &field, value);
        }
    });
    let second = harness.get_all_by_role(Role::TextInput).last();
    second.expect("two fields").focus();
    harness.run_ok();
    harness.event(Event::Text("PC".to_owned()));
    harness.run_ok();
    assert_eq!(*harness.state(), [String::new(), "PC".to_owned()]);
}

#[test]
fn what_is_typed_with_the_key_that_leads_to_a_field_is_in_it() {
    let field = Field::new("Search");
    let mut harness = window(String::new(), |ui, text: &mut String| {
        if ui.input(|input| input.modifiers.command && input.key_pressed(Key::F)) {
            let id = field.id(ui);
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        text_field_ui(ui, &field, text);
    });
    // as after a picture that took long
    harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::F);
    harness.event(Event::Text("tray".to_owned()));
    harness.run_steps(2);
    assert_eq!(harness.state(), "tray");
}

#[test]
fn what_is_typed_right_before_and_after_a_click_is_where_it_was_typed() {
    let (name, word) = (Field::new("Name"), Field::new("Word"));
    let texts = (String::new(), String::new());
    let mut harness = window(texts, |ui, (first, second): &mut (String, String)| {
        theme::install(ui.ctx());
        text_field_ui(ui, &name, first);
        text_field_ui(ui, &word, second);
    });
    harness
        .get_by_role_and_label(Role::TextInput, "Name")
        .focus();
    harness.run_steps(2);
    let field = harness.get_by_role_and_label(Role::TextInput, "Word");
    let place = field.rect().center();
    // all of it in one picture, as on a computer that is busy
    let button = |pressed| Event::PointerButton {
        pos: place,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    harness.input_mut().events.extend([
        Event::Text("chiara".to_owned()),
        Event::PointerMoved(place),
        button(true),
        button(false),
        Event::Text("horse".to_owned()),
    ]);
    harness.run_steps(6);
    let (first, second) = harness.state();
    assert_eq!((first.as_str(), second.as_str()), ("chiara", "horse"));
}

#[test]
fn s5_an_address_in_a_line_is_opened_after_a_question_that_shows_all_of_it() {
    const URL: &str = "https://bank.example@evil.example/log-in";
    let draw = |ui: &mut egui::Ui, (): &mut ()| {
        theme::install(ui.ctx());
        let line = Bubble {
            mine: false,
            name: "Anna",
            at_unix_seconds: clock().now_unix_seconds,
            note: "",
            text: &format!("Look at {URL}, please"),
        };
        chat_lines_ui(ui, clock(), [line]);
    };
    let mut harness = window((), draw);
    harness.run_steps(3);
    let opened = |harness: &Harness<'_, ()>| {
        let commands = &harness.output().platform_output.commands;
        let mut urls = commands.iter().filter_map(|command| {
            let egui::OutputCommand::OpenUrl(open) = command else {
                return None;
            };
            Some(open.url.clone())
        });
        urls.next()
    };
    // told by where it leads, whatever it says before
    harness.get_by_label("Open evil.example").click();
    harness.run_steps(3);
    assert_eq!(opened(&harness), None, "it asks first");
    harness.get_by_label(URL);
    harness.get_by_label("Open in the browser").click();
    harness.step();
    assert_eq!(opened(&harness).as_deref(), Some(URL));
}
