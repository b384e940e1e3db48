use std::time::Duration;

use eframe::egui::{self, Key};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use host_engine::{BrowseConsent, EndCause, HostCommand, HostEvent, LostCause, Trouble};
use protocol::diagnosis::Found;
use protocol::files::TransferId;
use protocol::receipt::Offsets;
use protocol::transfers::{Stage as TransferStage, Transfer};
use protocol::{
    EndedBy, Hindrance, PeerId, Refusal, RefusalCode, Rights, SessionId, Shield, ShieldState,
    Shields, Stars,
};
use session::ticket::TicketMissing;
use ui_kit::{Lang, Word, w};

use super::{Moment, root_ui};
use crate::links::LinkChoice;
use crate::settings::Settings;
use crate::state::tests::{
    asked, asked_again, asked_by_proxy, asked_to_join, ended, examined, other_hub, receipted,
    running, said, told, typed, unreached, watched,
};
use crate::state::{Action, Below, BrowseChoice, Effect, Shape, Stage, State, Surroundings};
use crate::words;
use crate::words::works_now;

const LATER: Duration = Duration::from_mins(1);

struct Shown {
    state: State,
    actions: Vec<Action>,
    now: Duration,
}

/// The window at its first size, or as wide as the bar, showing `state` a minute after the start.
fn show(state: State) -> Harness<'static, Shown> {
    let width = match state.shape() {
        Shape::Bar { .. } => super::BAR_WIDTH,
        Shape::Window | Shape::Question => 440.0,
    };
    let shown = Shown {
        state,
        actions: Vec::new(),
        now: LATER,
    };
    let mut harness = Harness::builder().with_size([width, 690.0]).build_ui_state(
        |ui: &mut egui::Ui, shown: &mut Shown| {
            ui_kit::theme::install(ui.ctx());
            let moment = Moment {
                now: shown.now,
                ..Moment::default()
            };
            root_ui(ui, &mut shown.state, moment, &mut shown.actions);
        },
        shown,
    );
    harness.run_steps(3);
    harness
}

/// Fails unless a heading says `said`.
fn heading(harness: &Harness<'_, Shown>, said: &str) {
    harness.get_by(|node| {
        [node.label(), node.value()]
            .into_iter()
            .flatten()
            .any(|text| text == said)
    });
}

#[test]
fn h4_the_button_helpme_opens_the_ticket() {
    let mut harness = show(typed());
    harness
        .get_by_role_and_label(egui::accesskit::Role::Button, "Helpme")
        .click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::OpenTicket]);
}

#[test]
fn h4_enter_in_the_ticket_opens_it_too() {
    let mut harness = show(typed());
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::OpenTicket]);
}

#[test]
fn e2_enter_keeps_the_hub_that_is_known() {
    let mut harness = show(other_hub());
    harness.get_by_label("Key abab abab abab abab");
    harness.get_by_label("Key cdcd cdcd cdcd cdcd");
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(
        harness.state().actions,
        [Action::ChooseHub { named: false }]
    );
    harness.get_by_label("Use the new one").click();
    harness.run_steps(2);
    assert!(
        harness
            .state()
            .actions
            .contains(&Action::ChooseHub { named: true })
    );
}

#[test]
fn h4_each_refusal_has_its_sentence() {
    for code in [40, 41, 42, 43, 44, 4] {
        let mut state = typed();
        let refusal = Refusal::new(RefusalCode(code));
        state.apply(HostEvent::TicketRefused(refusal), LATER);
        let sentence = ui_kit::words::refusal_text(Lang::En, refusal);
        show(state).get_by_label(&sentence);
    }
}

#[test]
fn r2_without_a_connection_one_sentence_says_whom_to_call_and_the_rest_is_folded() {
    let mut harness = show(unreached());
    harness.get_by_label(w(Lang::En, Word::CheckingConnection));
    harness.get_by_label("Cancel").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::StopInquiry]);
    for (lang, sentence) in [
        (Lang::En, "Your network lets nothing through"),
        (Lang::It, "La tua rete non lascia passare nulla"),
    ] {
        let mut state = examined(unreached(), &Found::NoAnswer);
        state.settings.language = Some(lang);
        let mut harness = show(state);
        harness.get_by_label_contains(sentence);
        let copy = w(lang, Word::Copy);
        assert!(harness.query_by_label(copy).is_none(), "folded");
        harness
            .get_by_label(w(lang, Word::TechnicianDetails))
            .click();
        harness.run_steps(2);
        assert_eq!(harness.state().actions, [Action::ShowDetails(true)]);
        let shown = harness.state_mut();
        shown.state.act(Action::ShowDetails(true), LATER);
        harness.run_steps(2);
        harness.get_by_label(copy).click();
        harness.run_steps(2);
        let last = harness.state().actions.last();
        assert_eq!(last, Some(&Action::CopyDetails));
        harness.state_mut().state.act(Action::CopyDetails, LATER);
        harness.run_steps(2);
        harness.get_by_label(w(lang, Word::CopiedNotice));
    }
}

#[test]
fn r2_a_way_that_opened_meanwhile_is_told() {
    let works = Found::Works {
        port: 443,
        opened_by: None,
    };
    let harness = show(examined(unreached(), &works));
    harness.get_by_label(works_now(Lang::En));
}

#[test]
fn h5_the_question_names_the_operator_and_says_that_it_is_filmed() {
    let harness = show(asked());
    heading(&harness, "“Marco” wants to help you");
    harness.get_by_label(&words::is_filmed(Lang::En, None));
    harness.get_by_label(w(Lang::En, Word::RightSee));
    harness.get_by_label(w(Lang::En, Word::RightControl));
    assert!(
        harness
            .query_by_label(w(Lang::En, Word::RightFiles))
            .is_none(),
        "not asked for"
    );
}

#[test]
fn h5_an_accidental_enter_allows_nothing() {
    let mut state = asked();
    state.question_was_drawn(Duration::ZERO);
    let mut harness = show(state);
    harness.key_press(Key::Enter);
    harness.key_press(Key::Space);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, []);
}

#[test]
fn h5_allow_is_closed_for_half_a_second() {
    let mut state = asked();
    state.question_was_drawn(LATER);
    let mut harness = show(state);
    assert!(harness.get_by_label("Allow").accesskit_node().is_disabled());
    harness.state_mut().now = LATER + Duration::from_millis(501);
    harness.run_steps(2);
    harness.get_by_label("Allow").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Answer { allow: true }]);
}

#[test]
fn h6_the_bar_says_who_is_there_and_ends_with_one_press() {
    let mut harness = show(running());
    harness.get_by_label("“Marco” is helping you");
    harness.get_by_label(w(Lang::En, Word::ViewedNow));
    harness.get_by_label(w(Lang::En, Word::ControlledNow));
    harness.get_by_label("End").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::End]);
}

#[test]
fn h5_block_stands_beside_refuse_for_an_operator_who_insists() {
    assert!(show(asked()).query_by_label("Block").is_none());
    let mut harness = show(asked_again(true));
    harness.get_by_label("Refuse");
    harness.get_by_label("Block").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::Block]);
}

#[test]
fn h4_a_spent_ticket_has_its_sentence() {
    let mut state = typed();
    state.apply(HostEvent::TicketSpent, LATER);
    show(state).get_by_label("This ticket was tried twice on this computer. Ask for a new one.");
}

#[test]
fn r4_the_bar_says_that_the_line_is_lost_and_ends_with_one_press() {
    let mut state = running();
    let session = SessionId(3);
    state.apply(HostEvent::SessionPaused { session }, LATER);
    let mut harness = show(state);
    harness.get_by_label(w(Lang::En, Word::LineLost));
    assert!(
        harness
            .query_by_label(w(Lang::En, Word::ViewedNow))
            .is_none()
    );
    harness.get_by_label("End").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::End]);
    let shown = harness.state_mut();
    shown
        .state
        .apply(HostEvent::SessionResumed { session }, LATER);
    harness.run_steps(2);
    harness.get_by_label(w(Lang::En, Word::LineBack));
    harness.get_by_label(w(Lang::En, Word::ViewedNow));
    harness.state_mut().now = LATER + Duration::from_secs(6);
    harness.run_steps(2);
    harness.get_by_label("“Marco” is helping you");
}

#[test]
fn r4_who_waits_reads_that_the_line_is_lost() {
    let mut state = asked();
    state.act(Action::Answer { allow: false }, LATER);
    state.apply(HostEvent::Reconnecting, LATER);
    show(state).get_by_label(w(Lang::En, Word::LineLost));
}

#[test]
fn s5_a_line_that_was_not_sent_is_told() {
    let mut state = running();
    state.act(Action::ShowChat(true), LATER);
    state.act(Action::SendChat("hello".to_owned()), LATER);
    let text = "hello".into();
    state.apply(HostEvent::ChatNotSent { text }, LATER);
    show(state).get_by_label(words::chat_not_sent(Lang::En));
}

#[test]
fn h5_the_clipboard_is_a_right_of_its_own_and_can_be_taken_back_on_the_bar() {
    let mut state = asked();
    let Stage::Asked(question) = &mut state.stage else {
        unreachable!("it is asked");
    };
    question.asked = question.asked.with(Rights::CLIPBOARD);
    question.chosen = question.asked;
    let mut harness = show(state);
    let label = w(Lang::En, Word::RightClipboard);
    harness.get_by_label(label).click();
    harness.run_steps(2);
    let Stage::Asked(question) = &harness.state().state.stage else {
        unreachable!("it is asked");
    };
    assert_eq!(question.chosen, Rights::SEE_AND_CONTROL);

    let mut state = running();
    let Stage::Running(running) = &mut state.stage else {
        unreachable!("it runs");
    };
    running.rights = running.rights.with(Rights::CLIPBOARD);
    let mut harness = show(state);
    let label = w(Lang::En, Word::StopClipboard);
    harness.get_by_label(label).click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::StopClipboard]);
    let state = &mut harness.state_mut().state;
    let effects = state.act(Action::StopClipboard, LATER);
    let rights = Rights::SEE_AND_CONTROL;
    let reduce = Effect::Tell(HostCommand::ReduceRights { rights });
    assert_eq!(effects, [reduce]);
}

#[test]
fn h6_control_can_be_taken_back_on_the_bar() {
    let mut harness = show(running());
    harness.get_by_label(w(Lang::En, Word::StopControl)).click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::StopControl]);
}

#[test]
fn h6_the_bar_shows_no_hand_where_the_desktop_lets_nobody_act() {
    let acts = w(Lang::En, Word::ControlledNow);
    let mut state = running();
    let harness = show(running());
    assert!(harness.query_by_label(acts).is_some(), "usually");
    let trouble = Trouble::NoInput {
        detail: String::new(),
        why: Hindrance::INPUT_NOT_SHARED,
    };
    state.apply(HostEvent::Trouble(trouble), LATER);
    let harness = show(state);
    assert!(harness.query_by_label(acts).is_none());
    let stop = w(Lang::En, Word::StopControl);
    assert!(harness.query_by_label(stop).is_none(), "nothing to stop");
    harness.get_by_label(w(Lang::En, Word::ControlStopped));
    harness.get_by_label_contains("Watching only");
}

#[test]
fn h6_the_bar_pauses_and_goes_on_with_one_press_each() {
    for (lang, pause, go_on) in [
        (Lang::En, "Pause", "Go on"),
        (Lang::It, "Pausa", "Riprendi"),
    ] {
        let mut state = running();
        state.settings.language = Some(lang);
        let mut harness = show(state);
        harness.get_by_label(pause).click();
        harness.run_steps(2);
        assert_eq!(harness.state().actions, [Action::Withhold(true)]);
        let shown = harness.state_mut();
        let effects = shown.state.act(Action::Withhold(true), LATER);
        assert_eq!(effects, [Effect::Withhold(true)]);
        harness.run_steps(2);
        harness.get_by_label(words::paused(lang));
        let viewed = harness.query_by_label(w(lang, Word::ViewedNow));
        assert!(viewed.is_none(), "nobody does");
        harness.get_by_label(go_on).click();
        harness.run_steps(2);
        let last = harness.state().actions.last();
        assert_eq!(last, Some(&Action::Withhold(false)));
    }
}

#[test]
fn s6_the_user_is_asked_once_for_a_look_through_the_folders_and_takes_it_back() {
    let operator = |number: u8| PeerId([number; 16]);
    let ask = |number| HostEvent::BrowseAsked {
        operator: operator(number),
    };
    let answer = |number, consent| {
        let operator = operator(number);
        Effect::Tell(HostCommand::AnswerBrowse { operator, consent })
    };
    let allow = || BrowseConsent::Allow(Vec::new());
    for (lang, allows, mine, no, stop) in [
        (
            Lang::En,
            "Allow",
            "Choose files myself",
            "Refuse",
            "Stop looking through folders",
        ),
        (
            Lang::It,
            "Consenti",
            "Scelgo io i file",
            "Rifiuta",
            "Non far più consultare le cartelle",
        ),
    ] {
        let mut state = running();
        state.settings.language = Some(lang);
        let effects = state.apply(ask(1), LATER);
        assert_eq!(effects, [Effect::DrawAttention]);
        let below = Below::BrowseAsked;
        assert_eq!(state.shape(), Shape::Bar { below });
        let mut harness = show(state);
        harness.get_by_label(&words::asks_to_browse(lang, "Marco"));
        for label in [no, mine, allows] {
            harness.get_by_label(label).click();
            harness.run_steps(2);
        }
        let choices = [
            BrowseChoice::Refuse,
            BrowseChoice::ChooseThemselves,
            BrowseChoice::Allow,
        ];
        assert_eq!(harness.state().actions, choices.map(Action::AnswerBrowse));
        let state = &mut harness.state_mut().state;
        let effects = state.act(Action::AnswerBrowse(BrowseChoice::Allow), LATER);
        assert_eq!(effects, [answer(1, allow())]);
        // somebody else chooses files instead
        state.apply(ask(2), LATER);
        let effects = state.act(Action::AnswerBrowse(BrowseChoice::ChooseThemselves), LATER);
        let choose = Effect::ChooseFiles { folders: false };
        assert_eq!(
            effects,
            [answer(2, BrowseConsent::ChooseThemselves), choose]
        );
        // and the first may as long as the user likes
        harness.run_steps(3);
        harness.get_by_label(stop).click();
        harness.run_steps(2);
        assert_eq!(harness.state().actions.last(), Some(&Action::StopBrowsing));
        let state = &mut harness.state_mut().state;
        let effects = state.act(Action::StopBrowsing, LATER);
        assert_eq!(effects, [answer(1, BrowseConsent::Refuse)]);
        assert_eq!(state.act(Action::StopBrowsing, LATER), []);
        harness.run_steps(3);
        assert!(harness.query_by_label(stop).is_none());
    }
}

#[test]
fn s2_the_user_is_asked_before_an_operator_knows_what_computer_this_is() {
    let ask = |number: u8, name: &str| HostEvent::SystemAsked {
        session: SessionId(3),
        operator: PeerId([number; 16]),
        name: name.into(),
    };
    let mut state = running();
    let effects = state.apply(ask(1, "Marco"), LATER);
    assert_eq!(effects, [Effect::DrawAttention]);
    state.apply(ask(2, "Anna"), LATER);
    let below = Below::SystemAsked;
    assert_eq!(state.shape(), Shape::Bar { below });
    let mut harness = show(state);
    harness.get_by_label_contains("“Marco” would like to know");
    harness.get_by_label_contains("No files, no passwords.");
    harness.get_by_label("Send it").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::AnswerSystem(true)]);
    let answer = |operator, allowed| {
        let operator = PeerId([operator; 16]);
        Effect::Tell(HostCommand::AnswerSystem { operator, allowed })
    };
    let state = &mut harness.state_mut().state;
    let effects = state.act(Action::AnswerSystem(true), LATER);
    assert_eq!(effects, [answer(1, true)]);
    let effects = state.act(Action::AnswerSystem(false), LATER);
    assert_eq!(effects, [answer(2, false)]);
    let below = Below::Nothing;
    assert_eq!(state.shape(), Shape::Bar { below });
    state.apply(ask(1, "Marco"), LATER);
    let session = SessionId(3);
    state.apply(HostEvent::SessionPaused { session }, LATER);
    assert_eq!(state.shape(), Shape::Bar { below });
}

#[test]
fn s5_unread_lines_show_on_the_bar() {
    let mut state = running();
    state.apply(said("hello"), LATER);
    show(state).get_by_label("Chat, 1 unread");
}

#[test]
fn the_closing_page_thanks_and_shows_the_last_message() {
    let mut state = running();
    state.apply(said("Your printer works again."), LATER);
    state.apply(ended(EndCause::By(EndedBy::Operator)), LATER);
    let harness = show(state);
    harness.get_by_label("Message from “Marco”");
    harness.get_by_label("3 min 05 s");
    assert!(
        harness
            .query_all_by_label("Your printer works again.")
            .count()
            > 0
    );
}

/// After a session: four stars, some words, and a receipt that is saved.
fn rated() -> State {
    let mut state = receipted();
    state.act(Action::Rate(Some(Stars::Four)), LATER);
    state.act(Action::SaveReceipt(Offsets::default()), LATER);
    state.receipt_saved(Some("/home/anna/Downloads/Helpme receipt 3.txt".into()));
    state
}

fn forged() -> State {
    let mut state = running();
    state.apply(ended(EndCause::By(EndedBy::User)), LATER);
    state.apply(HostEvent::ReceiptForged, LATER);
    state.apply(HostEvent::ConnectionLost(LostCause::Closed), LATER);
    state
}

#[test]
fn h9_the_closing_page_shows_the_receipt_and_saves_it() {
    let mut harness = show(receipted());
    for said in [
        "Helped by",
        "Marco",
        "manual.pdf, 1 file, 1.2 MB",
        "3 min 05 s",
    ] {
        harness.get_by_label(said);
    }
    harness.get_by_label("kept until 2027-02-22 at the latest");
    harness.get_by_label("Save the receipt").click();
    harness.run_steps(2);
    let save = Action::SaveReceipt(Offsets::default());
    assert_eq!(harness.state().actions, [save]);
    let saved = show(rated());
    saved.get_by_label("Saved: /home/anna/Downloads/Helpme receipt 3.txt");
    let mut italian = receipted();
    italian.settings.language = Some(Lang::It);
    show(italian).get_by_label("conservato al massimo fino al 2027-02-22");
}

#[test]
fn h9_stars_are_given_with_a_press_or_by_keyboard_and_words_with_enter() {
    let mut harness = show(receipted());
    let field = |harness: &Harness<'_, Shown>| {
        let label = words::opinion_hint(Lang::En);
        harness.query_all_by_label(label).next().is_some()
    };
    assert!(!field(&harness), "stars come first");
    harness.get_by_label("4 of 5 stars").click();
    harness.run_steps(2);
    harness.get_by_label("5 of 5 stars").focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(2);
    let stars = |stars| Action::Rate(Some(stars));
    let pressed = [stars(Stars::Four), stars(Stars::Five)];
    assert_eq!(harness.state().actions, pressed);
    assert!(field(&show(rated())), "and a line after them");
}

#[test]
fn h9_what_is_no_receipt_of_the_help_desk_is_not_shown_and_nothing_is_sent_over_a_closed_line() {
    let mut harness = show(forged());
    harness.get_by_label_contains("your help desk has not signed");
    assert!(harness.query_by_label("Save the receipt").is_none());
    harness.get_by_label("3 of 5 stars").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, []);
}

#[test]
fn e3_every_page_speaks_italian() {
    let italian = |mut state: State| {
        state.settings.language = Some(Lang::It);
        show(state)
    };
    heading(&italian(typed()), "Fatti aiutare");
    italian(asked()).get_by_label("Consenti");
    italian(running()).get_by_label("Termina");
}

#[test]
fn h4_the_link_paste_gives_the_text_to_the_ticket() {
    let mut state = typed();
    state.form.digits.clear();
    let mut harness = show(state);
    harness.get_by_label(w(Lang::En, Word::YourName)).focus();
    harness.run_steps(2);
    harness.get_by_label(w(Lang::En, Word::Paste)).click();
    harness.run_steps(4);
    let nothing = w(Lang::En, Word::NothingToPaste);
    harness.get_by_label(nothing);
    harness.get_by_label(w(Lang::En, Word::Paste)).click();
    harness.event(egui::Event::Paste("482 913 0570".to_owned()));
    harness.run_steps(3);
    assert_eq!(harness.state().state.form.digits, "4829130570");
    assert!(harness.query_by_label(nothing).is_none());
}

#[test]
fn h4_a_message_without_a_ticket_is_answered_with_a_sentence() {
    let mut state = typed();
    state.form.digits.clear();
    let mut harness = show(state);
    harness.event(egui::Event::Paste("0612345678 or 482 913 0570".to_owned()));
    harness.run_steps(3);
    assert_eq!(harness.state().state.form.digits, "");
    heading(
        &harness,
        ui_kit::words::ticket_missing(Lang::En, TicketMissing::Several),
    );
}

#[test]
fn d2_the_bar_says_who_watches() {
    show(watched(&["Carla"])).get_by_label_contains("“Carla” watches");
    show(watched(&["Carla", "Dario"])).get_by_label_contains("“Carla” and “Dario” watch");
    assert!(show(running()).query_by_label_contains("watch").is_none());
}

#[test]
fn r3_the_proxys_question_is_answered_with_the_keyboard_alone() {
    let mut harness = show(asked_by_proxy());
    heading(&harness, w(Lang::En, Word::ProxyAsks));
    // the first field has the keyboard by itself
    harness.event(egui::Event::Text("anna".to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Tab);
    harness.run_steps(2);
    harness.event(egui::Event::Text("sesame".to_owned()));
    harness.run_steps(2);
    let form = harness.state().state.proxy_form.as_ref().expect("open");
    assert_eq!(
        (form.user.as_str(), form.password.as_str()),
        ("anna", "sesame")
    );
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::SignInAtProxy]);
}

#[test]
fn r3_escape_leaves_the_proxys_question() {
    let mut harness = show(asked_by_proxy());
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::LeaveProxy]);
}

#[test]
fn h2_links_open_here_only_where_the_user_says_so() {
    let mut state = typed();
    let looks = state.act(Action::ShowSettings(true), LATER);
    assert_eq!(looks, [Effect::AskAboutLinks(None)]);
    let label = words::open_links(Lang::En);
    // before anybody has looked there is nothing to choose
    assert!(show(typed()).query_by_label(label).is_none());
    for (links, wished) in [(LinkChoice::NotHere, true), (LinkChoice::Here, false)] {
        let mut state = typed();
        state.act(Action::ShowSettings(true), LATER);
        state.links = links;
        let mut harness = show(state);
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert_eq!(harness.state().actions, [Action::OpenLinks(wished)]);
    }
    let mut state = typed();
    state.act(Action::ShowSettings(true), LATER);
    state.links = LinkChoice::Taken;
    show(state).get_by_label(words::links_taken(Lang::En));
    // macOS goes by what is installed
    let mut state = typed();
    state.act(Action::ShowSettings(true), LATER);
    state.links = LinkChoice::Installed;
    let mut harness = show(state);
    harness.get_by_label(words::links_of_installed(Lang::En));
    harness.get_by_label(label).click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, []);
}

#[test]
fn h8_whose_help_desk_it_is_stands_in_the_window_the_question_and_the_bar() {
    let harness = show(told(typed(), "Comune di Prova"));
    harness.get_by_label("Help desk: Comune di Prova");
    let harness = show(told(asked(), "Comune di Prova"));
    harness.get_by_label("Help desk: Comune di Prova");
    heading(&harness, "“Marco” of “Comune di Prova” wants to help you");
    harness.get_by_label("The session is filmed; “Comune di Prova” keeps the film.");
    show(told(running(), "Comune di Prova")).get_by_label("Comune di Prova");
    // also beside what is news
    let harness = show(told(watched(&["Carla"]), "Comune di Prova"));
    harness.get_by_label("Comune di Prova");
    harness.get_by_label_contains("“Carla” watches");
    // where it is not known, or has no name
    for state in [typed(), asked(), running(), told(typed(), " ")] {
        show(state).get_by_label("Your help desk");
    }
}

#[test]
fn h8_a_name_that_deceives_is_shown_as_what_it_is() {
    for (name, shown) in [
        ("Bank\u{202e}knaB", "“Bank‹U+202E›knaB”"),
        ("Bank\n\u{7}", "“Bank‹U+000A›‹U+0007›”"),
        ("Bank” allows it. “", "“Bank' allows it. '”"),
        ("עיריית חיפה", "עיריית חיפה"),
    ] {
        let harness = show(told(typed(), name));
        harness.get_by_label(&format!("Help desk: {shown}"));
        show(told(running(), name)).get_by_label(shown);
        show(told(asked(), name));
    }
    let long = "Comune ".repeat(18);
    let harness = show(told(asked(), &long));
    harness.get_by_label_contains("Help desk: Comune Comune");
    let harness = show(told(running(), &long));
    harness.get_by_label("End");
    harness.get_by_label("“Comune Comune Comune Comu…”");
}

#[test]
fn h8_how_to_recognise_a_swindler_is_read_before_the_ticket_and_again_on_wish() {
    let first = || State::new(Settings::default(), Surroundings::default());
    let mut harness = show(first());
    assert!(harness.query_by_label("Ticket").is_none());
    heading(&harness, "How to recognise a swindler");
    for sign in [
        Word::SwindlerCalls,
        Word::SwindlerAsksForSecrets,
        Word::SwindlerWantsMoney,
        Word::SwindlerInDoubt,
    ] {
        harness.get_by_label(w(Lang::En, sign));
    }
    harness.get_by_label("I understand").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::ShowAdvice(false)]);
    let mut harness = show(first());
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::ShowAdvice(false)]);
    let mut harness = show(typed());
    harness.get_by_label("How to recognise a swindler").click();
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::ShowAdvice(true)]);
}

#[test]
fn h8_no_page_speaks_of_a_hub() {
    let no_hub = || {
        let mut state = State::new(Settings::default(), Surroundings::default());
        state.advice_shown = false;
        state
    };
    let mut settings = typed();
    settings.act(Action::ShowSettings(true), LATER);
    let mut wrong = no_hub();
    wrong.act(Action::ShowSettings(true), LATER);
    wrong.act(Action::SaveHub, LATER);
    let mut waiting = asked();
    waiting.act(Action::Answer { allow: false }, LATER);
    let mut over = running();
    over.apply(ended(EndCause::By(EndedBy::HubStopped)), LATER);
    let mut lost = running();
    lost.apply(HostEvent::ConnectionLost(LostCause::Nonsense), LATER);
    let mut examined = examined(unreached(), &Found::NoAnswer);
    examined.act(Action::ShowDetails(true), LATER);
    let pages = vec![
        State::new(Settings::default(), Surroundings::default()),
        no_hub(),
        typed(),
        settings,
        wrong,
        other_hub(),
        unreached(),
        examined,
        asked_by_proxy(),
        waiting,
        asked(),
        asked_again(true),
        asked_to_join(),
        running(),
        watched(&["Carla"]),
        over,
        lost,
        receipted(),
        rated(),
        forged(),
    ];
    let mut read = 0;
    for mut state in pages {
        for lang in Lang::ALL {
            state.settings.language = Some(lang);
            let harness = show(state);
            for node in harness.query_all_by(|_any| true) {
                let node = node.accesskit_node();
                let texts = [
                    node.label(),
                    node.value(),
                    node.placeholder().map(str::to_owned),
                ];
                for text in texts.iter().flatten() {
                    words::tests::check(text);
                    read += 1;
                }
            }
            state = harness.into_state().state;
        }
    }
    assert!(read > 500, "only {read} texts were read");
}

#[test]
fn s6_the_user_sees_each_transfer_and_cancels_it_or_all_files() {
    let mut state = running();
    let Stage::Running(running) = &mut state.stage else {
        unreachable!("it runs");
    };
    running.rights = running.rights.with(Rights::FILES);
    let id = TransferId {
        to_host: true,
        number: 1,
    };
    let transfer = Transfer {
        id,
        is_outgoing: false,
        name: "Photos".into(),
        files: 1,
        bytes: 4_000_000,
        done_files: 0,
        done_bytes: 1_000_000,
        bytes_per_second: 0,
        stage: TransferStage::Running,
        problems: Vec::new(),
        folder: None,
        question: None,
        replaced: 0,
        skipped: 0,
    };
    let operator = PeerId([1; 16]);
    state.apply(HostEvent::Transfer { operator, transfer }, LATER);
    assert_eq!(
        state.shape(),
        Shape::Bar {
            below: Below::Files(1)
        }
    );
    let mut harness = show(state);
    harness.get_by_label("Photos");
    harness.get_by_label("1.0 MB of 4.0 MB");
    harness.get_by_label("Cancel: Photos").click();
    harness.run_steps(2);
    harness.get_by_label("No more files").click();
    harness.run_steps(2);
    let actions = &harness.state().actions;
    assert_eq!(
        *actions,
        [Action::CancelFiles(operator, id), Action::StopFiles]
    );
    let effects = harness.state_mut().state.act(Action::StopFiles, LATER);
    let rights = Rights::SEE_AND_CONTROL;
    assert_eq!(
        effects,
        [Effect::Tell(HostCommand::ReduceRights { rights })]
    );
}

#[test]
fn s2_the_user_is_asked_before_their_input_is_blocked_and_reads_how_it_ends() {
    for (lang, question, ends, yes, blocked) in [
        (
            Lang::En,
            "would like to work without your keyboard and mouse",
            "Hold Esc for 2 seconds",
            "Allow",
            "Keyboard and mouse blocked: hold Esc",
        ),
        (
            Lang::It,
            "vorrebbe lavorare senza la tua tastiera",
            "Tieni premuto Esc per 2 secondi",
            "Consenti",
            "Tastiera e mouse bloccati: tieni premuto Esc",
        ),
    ] {
        let mut state = running();
        state.settings.language = Some(lang);
        let session = SessionId(3);
        let asked = HostEvent::ShieldAsked {
            session,
            operator: PeerId([1; 16]),
            name: "Marco".into(),
            shield: Shield::Input,
        };
        assert_eq!(state.apply(asked, LATER), [Effect::DrawAttention]);
        let below = Below::ShieldAsked;
        assert_eq!(state.shape(), Shape::Bar { below });
        let mut harness = show(state);
        harness.get_by_label_contains(question);
        harness.get_by_label_contains(ends);
        harness.get_by_label(yes).click();
        harness.run_steps(2);
        assert_eq!(harness.state().actions, [Action::AnswerShield(true)]);
        let state = &mut harness.state_mut().state;
        let answer = HostCommand::AnswerShield {
            shield: Shield::Input,
            allowed: true,
        };
        let effects = state.act(Action::AnswerShield(true), LATER);
        assert_eq!(effects, [Effect::Tell(answer)]);
        let shields = Shields::default().with(Shield::Input, ShieldState::Up);
        state.apply(HostEvent::Shields { session, shields }, LATER);
        let below = Below::Nothing;
        assert_eq!(state.shape(), Shape::Bar { below });
        harness.run_steps(2);
        harness.get_by_label(blocked);
        let state = &mut harness.state_mut().state;
        let shields = Shields::default();
        state.apply(HostEvent::Shields { session, shields }, LATER);
        let by = vec!["Marco".into()];
        state.apply(HostEvent::Resting { session, by }, LATER);
        harness.run_steps(2);
        harness.get_by_label_contains("Marco: ");
    }
}
