use std::time::Duration;

use host_engine::{
    AddressFault, CheckedReceipt, ConnectProblem, EndCause, HostCommand, HostEvent, LostCause,
};
use protocol::diagnosis::{Check, Diagnosis, Family, Finding, Found, News};
use protocol::receipt::{FilmKept, Helper, Offsets, SentFiles};
use protocol::{
    ChatAuthor, ChatLine, EndedBy, Feedback, Hindrance, Hindrances, ProxyAddress, ProxyError,
    ProxyKind, ProxyLogin, ProxySource, Receipt, Refusal, RefusalCode, Rights, ScreenMonitor,
    SessionId, SignedReceipt, Stars,
};
use ui_kit::Lang;

use super::receipt::{Given, Receipt as Came, Saved};
use super::{
    Action, Below, Effect, FormProblem, Line, Shape, Stage, State, Surroundings, WaitNote,
};
use crate::lasting::LastingYes;
use crate::link::Link;
use crate::settings::{HubText, HubTextError, Settings};

const SESSION: SessionId = SessionId(3);
const SOON: Duration = Duration::from_secs(1);

#[test]
fn h4_nothing_typed_is_lost_when_a_ticket_is_refused() {
    let mut state = typed();
    state.act(Action::OpenTicket, SOON);
    let refusal = Refusal::new(RefusalCode::TICKET_EXPIRED);
    state.apply(HostEvent::TicketRefused(refusal), SOON);
    assert_eq!(state.stage, Stage::Ticket);
    assert_eq!(
        (state.form.digits.as_str(), state.form.name.as_str()),
        ("4829130571", "Anna")
    );
    assert_eq!(state.form.problem, Some(FormProblem::Refused(refusal)));
}

#[test]
fn h4_nothing_typed_is_lost_without_a_connection() {
    let mut state = typed();
    state.act(Action::OpenTicket, SOON);
    state.apply(
        HostEvent::ConnectionFailed(ConnectProblem::ForeignKey),
        SOON,
    );
    assert_eq!(state.form.digits, "4829130571");
    assert_eq!(
        state.form.problem,
        Some(FormProblem::Connect(ConnectProblem::ForeignKey))
    );
}

/// What a proxy of the network says.
fn proxy_says(refused: bool) -> HostEvent {
    let proxy = ProxyAddress {
        kind: ProxyKind::Http,
        host: "proxy.firm.example".to_owned(),
        port: 3128,
    };
    let error = if refused {
        ProxyError::LoginRefused { proxy }
    } else {
        ProxyError::AsksForLogin { proxy }
    };
    HostEvent::ConnectionFailed(ConnectProblem::Proxy(error))
}

/// The network's proxy has asked who the user is.
pub(crate) fn asked_by_proxy() -> State {
    let mut state = typed();
    state.act(Action::OpenTicket, SOON);
    state.apply(proxy_says(false), SOON);
    state
}

#[test]
fn r3_a_proxy_that_asks_is_answered_and_the_ticket_tried_again() {
    let mut state = asked_by_proxy();
    assert_eq!(state.stage, Stage::Ticket);
    assert_eq!(state.act(Action::SignInAtProxy, SOON), [], "nothing typed");
    let form = state.proxy_form.as_mut().expect("open");
    assert!(!form.refused);
    "FIRM\\anna".clone_into(&mut form.user);
    *form.password = "hunter2".to_owned();
    assert!(!format!("{state:?}").contains("hunter2"));
    let effects = state.act(Action::SignInAtProxy, SOON);
    let login = ProxyLogin::new("FIRM\\anna", "hunter2").expect("short");
    assert_eq!(effects[0], Effect::SignInAtProxy(login));
    let opens = |effect: &Effect| matches!(effect, Effect::Tell(HostCommand::OpenTicket { .. }));
    assert!(effects.iter().any(opens), "{effects:?}");
    // refused: what was typed is still there
    state.apply(proxy_says(true), SOON);
    let form = state.proxy_form.as_ref().expect("open again");
    assert!(form.refused);
    assert_eq!(
        (form.user.as_str(), form.password.as_str()),
        ("FIRM\\anna", "hunter2")
    );
    state.act(Action::SignInAtProxy, SOON);
    state.apply(HostEvent::Connected, SOON);
    assert_eq!(state.proxy_form, None);
}

#[test]
fn r3_a_proxys_question_can_be_left_and_another_trouble_ends_it() {
    let mut state = asked_by_proxy();
    state.act(Action::LeaveProxy, SOON);
    assert_eq!(state.proxy_form, None);
    assert!(state.form.problem.is_some(), "it is still told");
    let mut state = asked_by_proxy();
    let other = HostEvent::ConnectionFailed(ConnectProblem::ForeignKey);
    state.apply(other, SOON);
    assert_eq!(state.proxy_form, None);
}

/// No connection, and the network swallows everything.
pub(crate) fn unreached() -> State {
    let mut state = typed();
    state.act(Action::OpenTicket, SOON);
    let hub = state.hub.clone().expect("one").address;
    let problem = ConnectProblem::NoAnswer { hub };
    state.apply(HostEvent::ConnectionFailed(problem), SOON);
    state
}

/// What the doctor finds in `state`'s network.
pub(crate) fn examined(mut state: State, found: &Found) -> State {
    let hub = state.hub.clone().expect("one").address;
    let port = hub.port;
    let family = Family::Ipv4;
    let finding = |check, found| Finding {
        check,
        found,
        took_millis: 8000,
    };
    let ip = "192.0.2.7".parse().expect("an address");
    let findings = vec![
        finding(Check::Name, Found::Addresses(vec![ip])),
        finding(Check::Udp { port, family }, found.clone()),
        finding(Check::Tcp { port, family }, found.clone()),
        finding(
            Check::ProxySettings,
            Found::NoProxyNamed {
                by: ProxySource::Settings,
            },
        ),
    ];
    for finding in &findings {
        state.hear(News::Begun(finding.check.clone()));
        state.hear(News::Found(finding.clone()));
    }
    state.hear(News::Over(Diagnosis {
        hub,
        unix_seconds: 1_795_954_203,
        own: vec!["10.0.0.2".parse().expect("an address")],
        findings,
    }));
    state
}

#[test]
fn r2_why_there_is_no_connection_is_looked_into_by_itself() {
    let mut state = typed();
    state.act(Action::OpenTicket, SOON);
    let hub = state.hub.clone().expect("one");
    let address = hub.address.clone();
    let problem = ConnectProblem::NoAnswer { hub: address };
    let effects = state.apply(HostEvent::ConnectionFailed(problem), SOON);
    assert_eq!(effects, [Effect::Examine(hub)]);
    assert_eq!(state.act(Action::CopyDetails, SOON), [], "not known yet");
    let mut state = examined(state, &Found::NoAnswer);
    let effects = state.act(Action::CopyDetails, SOON);
    let [Effect::Copy(text)] = effects.as_slice() else {
        unreachable!("{effects:?}");
    };
    assert!(text.contains("WRONG    UDP port"), "{text}");
    state.act(Action::OpenTicket, SOON);
    assert_eq!(state.form.inquiry, None, "the next try is another story");
    let mut state = unreached();
    state.act(Action::StopInquiry, SOON);
    assert_eq!(state.form.inquiry, None);
    assert!(state.form.problem.is_some(), "it is still told");
}

#[test]
fn r3_a_proxy_that_asks_is_answered_before_anything_is_looked_into() {
    let mut state = asked_by_proxy();
    assert_eq!(state.form.inquiry, None);
    let effects = state.act(Action::LeaveProxy, SOON);
    assert!(matches!(effects.as_slice(), [Effect::Examine(_)]));
    // what is no matter of the network is not looked into
    let mut state = typed();
    state.act(Action::OpenTicket, SOON);
    let false_console = HostEvent::ConnectionFailed(ConnectProblem::FalseConsole);
    assert_eq!(state.apply(false_console, SOON), []);
}

#[test]
fn h4_an_unfinished_ticket_stays_here() {
    let mut state = typed();
    state.form.digits = "4829".to_owned();
    assert_eq!(state.act(Action::OpenTicket, SOON), []);
    assert_eq!(state.form.problem, Some(FormProblem::Incomplete));
}

#[test]
fn h2_without_a_hub_the_settings_open() {
    let mut state = State::new(Settings::default(), Surroundings::default());
    state.form.digits = "4829130571".to_owned();
    state.act(Action::OpenTicket, SOON);
    assert!(state.hub_form.is_some());
    assert_eq!(state.stage, Stage::Ticket);
}

#[test]
fn e2_a_hub_with_another_key_is_asked_about_before_it_is_used() {
    let (known, named) = (
        hub_at("hub.example.org", "ab"),
        hub_at("hub.example.org", "cd"),
    );
    let (known, named) = (known.parse().expect("valid"), named.parse().expect("valid"));
    for (choice, chosen) in [(false, &known), (true, &named)] {
        let mut state = other_hub();
        assert_eq!(state.hub, None, "nothing may be connected to");
        let looks = [Effect::AskAboutLinks(None)];
        assert_eq!(
            state.act(Action::OpenTicket, SOON),
            looks,
            "for the settings"
        );
        let mut state = other_hub();
        let effects = state.act(Action::ChooseHub { named: choice }, SOON);
        assert!(effects.contains(&Effect::UseHub(chosen.clone())));
        assert_eq!(
            effects.contains(&Effect::Save),
            choice,
            "what is known is kept"
        );
        assert_eq!(
            (&state.stage, state.hub.as_ref()),
            (&Stage::Ticket, Some(chosen))
        );
        assert_eq!(state.form.problem, None);
        assert_eq!(state.settings.used_hub, Some(chosen.into()));
    }
}

#[test]
fn e2_a_hub_that_moved_and_a_first_hub_are_not_asked_about() {
    for used in [None, Some(hub_at("old.example.org:8443", "cd"))] {
        let settings = Settings {
            used_hub: used,
            ..Settings::default()
        };
        let around = Surroundings {
            hub: hub_at("hub.example.org", "cd").parse().ok(),
            ..Surroundings::default()
        };
        assert_eq!(State::new(settings, around).stage, Stage::Ticket);
    }
}

#[test]
fn h2_a_link_fills_the_ticket_in_and_asks_about_another_hub_than_the_own() {
    let link = |digits: &str| {
        let key = digits.repeat(32);
        let text = format!("helpme://new.example.org/?key={key}&ticket=482+913+0571");
        Some(Link::parse(&text).expect("a link"))
    };
    let own = hub_at("hub.example.org", "ab");
    let saved = Settings {
        hub: Some(own.clone()),
        ..Settings::default()
    };
    let used = Settings {
        used_hub: Some(own.clone()),
        ..Settings::default()
    };
    for (settings, set_up) in [
        (Settings::default(), Some(own.parse().expect("a hub"))),
        (saved, None),
        (used, None),
    ] {
        let start = |digits| {
            let around = Surroundings {
                hub: set_up.clone(),
                link: link(digits),
                ..Surroundings::default()
            };
            State::new(settings.clone(), around)
        };
        let same = start("ab");
        assert_eq!(same.stage, Stage::Ticket, "the own hub, at a new address");
        assert_eq!(same.form.digits, "4829130571");
        assert_eq!(same.hub.expect("a hub").address.host, "new.example.org");
        let other = start("cd");
        assert!(matches!(other.stage, Stage::OtherHub(_)));
        assert_eq!(
            other.hub, None,
            "nobody is spoken to before the user has chosen"
        );
    }
    let first = Surroundings {
        link: link("ab"),
        ..Surroundings::default()
    };
    let mut first = State::new(Settings::default(), first);
    assert_eq!(first.stage, Stage::Ticket);
    // nothing starts by itself, and what is there is sent as if it had been typed
    assert_eq!(first.act(Action::OpenTicket, SOON).len(), 2);
}

#[test]
fn e2_the_hub_that_took_the_ticket_is_remembered() {
    let mut state = typed();
    let hub = state.hub.as_ref().map(HubText::from);
    let operator = "Marco".into();
    let effects = state.apply(HostEvent::TicketAccepted { operator }, SOON);
    assert_eq!(
        (effects, &state.settings.used_hub),
        (vec![Effect::Save], &hub)
    );
    assert!(hub.is_some());
}

#[test]
fn e4_a_wrong_hub_address_is_told_and_kept() {
    let mut state = State::new(Settings::default(), Surroundings::default());
    state.act(Action::ShowSettings(true), SOON);
    state.hub_form.as_mut().expect("open").text.address = "no address!".to_owned();
    assert_eq!(state.act(Action::SaveHub, SOON), []);
    let form = state.hub_form.as_ref().expect("still open");
    let fault = HubTextError::Address(AddressFault::Space);
    assert_eq!(form.error, Some(fault));
    assert_eq!(form.text.address, "no address!");
}

#[test]
fn h5_a_click_in_flight_lets_nobody_in() {
    let mut state = asked();
    state.question_was_drawn(SOON);
    let early = SOON + Duration::from_millis(400);
    assert_eq!(state.act(Action::Answer { allow: true }, early), []);
    let late = SOON + Duration::from_millis(500);
    let granted = Some(Rights::SEE_AND_CONTROL);
    let answer = HostCommand::AnswerConsent {
        session: SESSION,
        granted,
    };
    assert_eq!(
        state.act(Action::Answer { allow: true }, late),
        [Effect::Tell(answer)]
    );
}

#[test]
fn h5_the_desktop_need_not_ask_again_by_the_users_word_alone_and_before_it_asks() {
    let late = Duration::from_secs(9);
    let allow = |state: &mut State, lasting| {
        state.question_was_drawn(SOON);
        if let Stage::Asked(question) = &mut state.stage {
            question.lasting = lasting;
        }
        state.act(Action::Answer { allow: true }, late)
    };
    let mut state = asked();
    state.lasting_yes_is(LastingYes::Asks);
    let silent = allow(&mut state, None);
    assert!(
        matches!(*silent, [Effect::Tell(_)]),
        "{silent:?}: nothing was said of it"
    );
    let mut state = asked();
    state.lasting_yes_is(LastingYes::Asks);
    let wished = allow(&mut state, Some(true));
    assert!(
        matches!(*wished, [Effect::WantLastingYes(true), Effect::Tell(_)]),
        "{wished:?}"
    );
    let mut state = asked();
    state.lasting_yes_is(LastingYes::InStore);
    let taken_back = allow(&mut state, Some(false));
    assert_eq!(taken_back.first(), Some(&Effect::WantLastingYes(false)));
    // in the settings, too
    let taken_back = state.act(Action::TakeBackLastingYes, late);
    assert_eq!(taken_back, [Effect::WantLastingYes(false)]);
}

#[test]
fn whether_a_yes_is_kept_is_remembered_until_it_is_not() {
    let mut state = asked();
    state.settings.lasting_yes = true;
    // it was not looked for yet
    assert_eq!(state.lasting_yes_is(LastingYes::Asks), []);
    assert!(state.settings.lasting_yes, "it is looked for again");
    assert_eq!(state.lasting_yes_is(LastingYes::InFile), [Effect::Save]);
    assert_eq!(state.lasting_yes_is(LastingYes::InFile), []);
    assert_eq!(state.lasting_yes_is(LastingYes::Asks), [Effect::Save]);
    assert!(!state.settings.lasting_yes);
}

#[test]
fn h5_one_monitor_is_shared_before_anything_can_be_seen_and_never_another_in_its_place() {
    let monitor = |id: u32| ScreenMonitor {
        id,
        name: format!("HDMI-{id}").as_str().into(),
        width: 640,
        height: 480,
    };
    let monitors = |ids: &[u32]| HostEvent::Monitors(ids.iter().map(|id| monitor(*id)).collect());
    let late = Duration::from_secs(9);
    let mut state = asked();
    state.question_was_drawn(SOON);
    state.apply(monitors(&[4, 5]), SOON);
    let choose = |state: &mut State| {
        if let Stage::Asked(question) = &mut state.stage {
            question.only = Some(5);
        }
    };
    choose(&mut state);
    // unplugged while the question stands: the choice is asked anew
    state.apply(monitors(&[4]), SOON);
    let Stage::Asked(question) = &state.stage else {
        unreachable!("asked");
    };
    assert_eq!(question.only, None);
    choose(&mut state);
    assert_eq!(state.act(Action::Answer { allow: true }, late), []);
    state.apply(monitors(&[4, 5]), SOON);
    let effects = state.act(Action::Answer { allow: true }, late);
    assert_eq!(effects[0], Effect::ShareOnly(Some(monitor(5))));
    assert_eq!(effects.len(), 2, "then the answer");

    let mut state = running();
    state.apply(monitors(&[4, 5]), SOON);
    let session = SESSION;
    state.apply(HostEvent::MonitorGone { session }, SOON);
    let Stage::Running(running) = &state.stage else {
        unreachable!("it runs");
    };
    assert!(running.withheld && running.monitor_gone);
    let effects = state.act(Action::ShareOnly(Some(4)), SOON);
    let goes_on = Effect::Withhold(false);
    assert_eq!(effects, [Effect::ShareOnly(Some(monitor(4))), goes_on]);
    assert_eq!(state.act(Action::ShareOnly(Some(9)), SOON), []);
}

#[test]
fn h5_less_than_was_asked_for_can_be_granted() {
    let mut state = asked();
    state.question_was_drawn(SOON);
    if let Stage::Asked(question) = &mut state.stage {
        question.chosen = question.chosen.without(Rights::CONTROL);
    }
    let granted = Some(Rights::SEE);
    let answer = HostCommand::AnswerConsent {
        session: SESSION,
        granted,
    };
    let late = Duration::from_secs(9);
    assert_eq!(
        state.act(Action::Answer { allow: true }, late),
        [Effect::Tell(answer)]
    );
}

#[test]
fn h5_a_no_goes_back_to_waiting() {
    let mut state = asked();
    let answer = HostCommand::AnswerConsent {
        session: SESSION,
        granted: None,
    };
    assert_eq!(
        state.act(Action::Answer { allow: false }, SOON),
        [Effect::Tell(answer)]
    );
    let note = Some(WaitNote::Refused);
    assert_eq!(
        state.stage,
        Stage::Waiting {
            operator: "Marco".to_owned(),
            note
        }
    );
}

#[test]
fn h5_the_window_is_in_front_while_it_asks() {
    let mut state = asked();
    assert_eq!(state.shape(), Shape::Question);
    state.act(Action::Answer { allow: false }, SOON);
    assert_eq!(state.shape(), Shape::Window);
}

#[test]
fn h6_the_window_is_a_bar_while_somebody_sees_the_screen() {
    let mut state = running();
    assert_eq!(
        state.shape(),
        Shape::Bar {
            below: Below::Nothing
        }
    );
    state.act(Action::ShowChat(true), SOON);
    assert_eq!(state.shape(), Shape::Bar { below: Below::Chat });
    state.apply(ended(EndCause::By(EndedBy::User)), SOON);
    assert_eq!(state.shape(), Shape::Window);
}

#[test]
fn h5_more_rights_are_asked_for_once_a_session_where_a_window_is_out_of_reach() {
    let below = |below| Shape::Bar { below };
    let out_of_reach = HostEvent::Hindered(Hindrances {
        screen: None,
        input: Some(Hindrance::MORE_RIGHTS),
    });
    let mut state = running();
    state.apply(out_of_reach.clone(), SOON);
    assert_eq!(
        state.shape(),
        below(Below::Nothing),
        "there are none to be had"
    );
    state.can_have_more_rights = true;
    assert_eq!(state.shape(), below(Below::RightsAsked));
    let effects = state.act(Action::AnswerMoreRights(true), SOON);
    assert_eq!(effects, [Effect::AskForMoreRights]);
    assert_eq!(state.shape(), below(Below::Nothing), "once");
    assert_eq!(state.act(Action::AnswerMoreRights(true), SOON), []);

    let mut state = running();
    state.can_have_more_rights = true;
    assert_eq!(
        state.act(Action::AnswerMoreRights(true), SOON),
        [],
        "not asked"
    );
    state.apply(out_of_reach.clone(), SOON);
    assert_eq!(state.act(Action::AnswerMoreRights(false), SOON), []);
    state.apply(HostEvent::Hindered(Hindrances::NONE), SOON);
    state.apply(out_of_reach, SOON);
    assert_eq!(state.shape(), below(Below::Nothing), "a no holds");

    let mut state = running();
    state.can_have_more_rights = true;
    let rights = Rights::SEE;
    let session = SESSION;
    state.apply(HostEvent::RightsReduced { session, rights }, SOON);
    assert!(!state.asks_for_more_rights());
}

#[test]
fn h6_taking_back_control_leaves_the_rest() {
    let mut state = running();
    let rights = Rights::SEE;
    let effects = state.act(Action::StopControl, SOON);
    assert_eq!(
        effects,
        [Effect::Tell(HostCommand::ReduceRights { rights })]
    );
}

#[test]
fn s5_lines_that_are_not_on_the_screen_are_counted() {
    let mut state = running();
    state.apply(said("hello"), SOON);
    state.apply(said("are you there?"), SOON);
    assert_eq!(state.chat.unread, 2);
    state.act(Action::ShowChat(true), SOON);
    state.apply(said("good"), SOON);
    assert_eq!(state.chat.unread, 0);
    assert_eq!(state.chat.lines.len(), 3);
}

#[test]
fn s5_a_line_that_was_not_sent_is_a_draft_again() {
    let mut state = running();
    state.act(Action::SendChat("hello".to_owned()), SOON);
    state.act(Action::SendChat("are you there?".to_owned()), SOON);
    state.chat.draft = "well".to_owned();
    let text = "are you there?".into();
    state.apply(HostEvent::ChatNotSent { text }, SOON);
    assert_eq!(state.chat.lines.len(), 1);
    assert_eq!(state.chat.draft, "are you there? well");
    assert!(state.chat.not_sent);
    state.act(Action::SendChat("are you there? well".to_owned()), SOON);
    assert!(!state.chat.not_sent);
}

#[test]
fn r4_a_session_without_a_line_is_still_one_and_ends_at_once() {
    let mut state = running();
    state.apply(HostEvent::SessionPaused { session: SESSION }, SOON);
    state.apply(HostEvent::Reconnecting, SOON);
    assert_eq!(line(&state), Line::Lost);
    assert_eq!(
        state.shape(),
        Shape::Bar {
            below: Below::Nothing
        }
    );
    assert_eq!(
        state.act(Action::End, SOON),
        [Effect::Tell(HostCommand::EndSession)]
    );
}

#[test]
fn r4_that_the_line_is_back_is_news_for_a_moment() {
    let mut state = running();
    state.apply(HostEvent::SessionPaused { session: SESSION }, SOON);
    state.apply(HostEvent::Reconnecting, SOON);
    state.apply(HostEvent::Reconnected, SOON);
    assert!(!state.reconnecting);
    assert_eq!(line(&state), Line::Lost, "the operator may still be away");
    let back = Duration::from_secs(9);
    state.apply(HostEvent::SessionResumed { session: SESSION }, back);
    assert_eq!(line(&state), Line::Back { at: back });
    assert!(!line(&state).news_left(back).is_zero());
    assert!(line(&state).news_left(Duration::from_secs(20)).is_zero());
}

#[test]
fn r4_a_question_that_a_lost_line_took_away_is_not_called_taken_back() {
    let mut state = asked();
    state.apply(HostEvent::ConsentWithdrawn { session: SESSION }, SOON);
    state.apply(HostEvent::Reconnecting, SOON);
    let note = None;
    let operator = "Marco".to_owned();
    assert_eq!(state.stage, Stage::Waiting { operator, note });
    assert!(state.reconnecting);
}

#[test]
fn r4_a_place_that_is_gone_asks_for_a_new_ticket() {
    let mut state = asked();
    state.apply(HostEvent::ConsentWithdrawn { session: SESSION }, SOON);
    state.apply(HostEvent::Reconnecting, SOON);
    state.apply(HostEvent::ConnectionLost(LostCause::Silence), SOON);
    assert_eq!(state.stage, Stage::Ticket);
    assert!(!state.reconnecting);
    let problem = FormProblem::Lost(LostCause::Silence);
    assert_eq!(state.form.problem, Some(problem));
}

#[test]
fn h4_a_ticket_that_was_tried_twice_here_is_told_and_kept() {
    let mut state = typed();
    state.act(Action::OpenTicket, SOON);
    state.apply(HostEvent::TicketSpent, SOON);
    assert_eq!(state.stage, Stage::Ticket);
    assert_eq!(state.form.problem, Some(FormProblem::Spent));
    assert_eq!(state.form.digits, "4829130571");
}

#[test]
fn h5_an_operator_who_insists_can_be_sent_away() {
    let mut state = asked_again(true);
    let leave = Effect::Tell(HostCommand::Leave);
    assert!(state.act(Action::Block, SOON).contains(&leave));
    assert_eq!(state.stage, Stage::Ticket);
    assert_eq!(state.form.digits, "");
}

#[test]
fn a_lost_connection_after_a_session_keeps_the_closing_page() {
    let mut state = running();
    state.apply(ended(EndCause::ConnectionLost), SOON);
    state.apply(HostEvent::ConnectionLost(LostCause::Silence), SOON);
    let Stage::Ended(end) = &state.stage else {
        panic!("the closing page stays");
    };
    assert!(!end.connected);
}

#[test]
fn the_name_of_the_last_time_comes_before_that_of_the_account() {
    let settings = Settings {
        name: "Anna Rossi".to_owned(),
        ..Settings::default()
    };
    let around = || Surroundings {
        account: "anna".to_owned(),
        ..Surroundings::default()
    };
    assert_eq!(State::new(settings, around()).form.name, "Anna Rossi");
    assert_eq!(State::new(Settings::default(), around()).form.name, "anna");
}

/// A state at the ticket's page with everything typed.
pub(crate) fn typed() -> State {
    let hub = HubText {
        address: "hub.example.org".to_owned(),
        fingerprint: "ab".repeat(32),
    };
    let around = Surroundings {
        hub: Some(hub.parse().expect("a hub")),
        organisation: String::new(),
        link: None,
        account: "Anna".to_owned(),
        language: Lang::En,
        unix_seconds: 1_800_000_000,
        places: Vec::new(),
    };
    let settings = Settings {
        advice_read: true,
        ..Settings::default()
    };
    let mut state = State::new(settings, around);
    state.form.digits = "4829130571".to_owned();
    state
}

/// The help desk says whose it is.
pub(crate) fn told(mut state: State, organisation: &str) -> State {
    state.apply(HostEvent::Organisation(organisation.into()), SOON);
    state
}

#[test]
fn h8_whose_help_desk_it_is_stands_there_from_the_next_start_on_and_at_no_other() {
    let mut state = typed();
    assert_eq!(state.organisation(), None);
    let name = || HostEvent::Organisation("Comune di Prova".into());
    assert_eq!(state.apply(name(), SOON), [Effect::Save]);
    assert_eq!(state.apply(name(), SOON), [], "it is known");
    assert_eq!(state.organisation(), Some("Comune di Prova"));

    let kept = serde_json::to_string(&state.settings).expect("JSON");
    let start = |address: &str, digits: &str| {
        let settings = serde_json::from_str(&kept).expect("JSON");
        let around = Surroundings {
            hub: hub_at(address, digits).parse().ok(),
            ..Surroundings::default()
        };
        State::new(settings, around)
    };
    let same = start("moved.example.org", "ab");
    assert_eq!(same.organisation(), Some("Comune di Prova"));
    assert_eq!(start("hub.example.org", "cd").organisation(), None);

    // a program that carries its hub brings the name along, until the hub says another
    let carried = |digits: &str| {
        let settings = serde_json::from_str(&kept).expect("JSON");
        let around = Surroundings {
            hub: hub_at("hub.example.org", digits).parse().ok(),
            organisation: "Comune".to_owned(),
            ..Surroundings::default()
        };
        State::new(settings, around)
    };
    assert_eq!(carried("cd").organisation(), Some("Comune"));
    assert_eq!(carried("ab").organisation(), Some("Comune di Prova"));

    // the administrator takes it away
    let none = HostEvent::Organisation("".into());
    assert_eq!(state.apply(none, SOON), [Effect::Save]);
    assert_eq!(state.organisation(), None);
}

#[test]
fn h8_how_to_recognise_a_swindler_stands_there_once_and_when_it_is_asked_for() {
    let start = |settings: &Settings| State::new(settings.clone(), Surroundings::default());
    let mut state = start(&Settings::default());
    assert!(state.advice_shown);
    let read = state.act(Action::ShowAdvice(false), SOON);
    assert_eq!(read, [Effect::Save]);
    assert!(!state.advice_shown && !start(&state.settings).advice_shown);
    assert_eq!(state.act(Action::ShowAdvice(true), SOON), []);
    assert!(state.advice_shown && !start(&state.settings).advice_shown);
    assert_eq!(state.act(Action::ShowAdvice(false), SOON), []);
    assert!(!state.advice_shown);
}

/// A state with a question on the screen.
pub(crate) fn asked() -> State {
    asked_again(false)
}

/// A state with a question on the screen, that came often before or did not.
pub(crate) fn asked_again(insistent: bool) -> State {
    let mut state = typed();
    state.apply(
        HostEvent::TicketAccepted {
            operator: "Marco".into(),
        },
        SOON,
    );
    let question = HostEvent::ConsentAsked {
        session: SESSION,
        operator: "Marco".into(),
        asked: Rights::SEE_AND_CONTROL,
        insistent,
        brought_by: None,
    };
    assert_eq!(state.apply(question, SOON), [Effect::DrawAttention]);
    state
}

pub(crate) fn hub_at(address: &str, digits: &str) -> HubText {
    HubText {
        address: address.to_owned(),
        fingerprint: digits.repeat(32),
    }
}

/// A state that is set up for another hub than the one that was used.
pub(crate) fn other_hub() -> State {
    let settings = Settings {
        used_hub: Some(hub_at("hub.example.org", "ab")),
        ..Settings::default()
    };
    let around = Surroundings {
        hub: hub_at("hub.example.org", "cd").parse().ok(),
        ..Surroundings::default()
    };
    State::new(settings, around)
}

/// A state with a session that runs.
pub(crate) fn running() -> State {
    let mut state = asked();
    let started = HostEvent::SessionStarted {
        session: SESSION,
        operator: "Marco".into(),
        rights: Rights::SEE_AND_CONTROL,
    };
    assert_eq!(state.apply(started, SOON), [Effect::WatchHotKey(true)]);
    state
}

fn line(state: &State) -> Line {
    match &state.stage {
        Stage::Running(running) => running.line,
        Stage::OtherHub(_)
        | Stage::Ticket
        | Stage::Opening { .. }
        | Stage::Waiting { .. }
        | Stage::Asked(_)
        | Stage::Ended(_) => panic!("no session: {:?}", state.stage),
    }
}

pub(crate) fn ended(cause: EndCause) -> HostEvent {
    HostEvent::SessionEnded {
        session: SESSION,
        cause,
        lasted: Duration::from_secs(185),
    }
}

pub(crate) fn said(text: &str) -> HostEvent {
    HostEvent::ChatReceived(ChatLine {
        author: ChatAuthor::Operator,
        name: "Marco".into(),
        at_unix_seconds: 1_800_000_000,
        text: text.into(),
    })
}

/// A state with a second operator's question in front of a session that runs.
pub(crate) fn asked_to_join() -> State {
    let mut state = running();
    let question = HostEvent::ConsentAsked {
        session: SESSION,
        operator: "Carla".into(),
        asked: Rights::SEE,
        insistent: false,
        brought_by: Some("Marco".into()),
    };
    assert_eq!(state.apply(question, SOON), [Effect::DrawAttention]);
    state
}

fn company(names: &[&str], driver: Option<u8>) -> HostEvent {
    let companion = |(number, name): (u8, &&str)| protocol::Companion {
        operator: protocol::PeerId([number; 16]),
        name: (**name).into(),
        rights: Rights::SEE_AND_CONTROL,
    };
    HostEvent::Company {
        session: SESSION,
        operators: (1..).zip(names).map(companion).collect(),
        driver: driver.map(|number| protocol::PeerId([number; 16])),
    }
}

#[test]
fn o11_a_second_operators_question_leaves_the_session_as_it_is() {
    for allow in [true, false] {
        let mut state = asked_to_join();
        let Stage::Asked(question) = &state.stage else {
            panic!("{:?}", state.stage);
        };
        let joins = question.joins.as_ref().expect("a session runs");
        assert_eq!(joins.brought_by, "Marco");
        state.question_was_drawn(SOON);
        let answered = state.act(Action::Answer { allow }, SOON + super::consent::GUARD);
        let granted = allow.then_some(Rights::SEE);
        let session = SESSION;
        let command = HostCommand::AnswerConsent { session, granted };
        assert_eq!(answered, [Effect::Tell(command)]);
        assert!(matches!(&state.stage, Stage::Running(r) if r.names() == ["Marco"]));
    }
    let mut state = asked_to_join();
    let session = SESSION;
    state.apply(HostEvent::ConsentWithdrawn { session }, SOON);
    assert!(matches!(state.stage, Stage::Running(_)));
}

#[test]
fn o11_end_works_while_a_second_operator_asks() {
    let mut state = asked_to_join();
    let ended = HostEvent::SessionEnded {
        session: SESSION,
        cause: EndCause::By(EndedBy::User),
        lasted: SOON,
    };
    assert_eq!(
        state.act(Action::End, SOON),
        [Effect::Tell(HostCommand::EndSession)]
    );
    assert_eq!(state.apply(ended, SOON), [Effect::WatchHotKey(false)]);
    assert!(matches!(&state.stage, Stage::Ended(e) if e.operators == ["Marco"]));
}

#[test]
fn o11_the_user_reads_who_is_there_and_who_drives() {
    let mut state = running();
    state.apply(company(&["Marco"], Some(1)), SOON);
    let driver = |state: &State| {
        let Stage::Running(running) = &state.stage else {
            panic!("{:?}", state.stage);
        };
        running.driver.clone()
    };
    assert_eq!(driver(&state), None, "with one there is no question");
    state.apply(company(&["Marco", "Carla"], Some(2)), SOON);
    assert_eq!(driver(&state).as_deref(), Some("Carla"));
    assert!(matches!(&state.stage, Stage::Running(r) if r.names() == ["Marco", "Carla"]));
    state.apply(company(&["Marco", "Carla"], None), SOON);
    assert_eq!(driver(&state), None);
}

#[test]
fn o11_one_of_several_operators_can_be_sent_away() {
    let mut state = running();
    state.act(Action::ListOperators(true), SOON);
    let alone = Shape::Bar {
        below: Below::Nothing,
    };
    assert_eq!(state.shape(), alone, "one alone is ended");
    state.apply(company(&["Marco", "Carla"], None), SOON);
    state.act(Action::ShowChat(true), SOON);
    state.act(Action::ListOperators(true), SOON);
    let below = Below::Operators(2);
    assert_eq!(state.shape(), Shape::Bar { below }, "one at a time");
    let operator = protocol::PeerId([2; 16]);
    let command = HostCommand::SendAway { operator };
    let told = state.act(Action::SendAway(operator), SOON);
    assert_eq!(told, [Effect::Tell(command)]);
    assert_eq!(state.shape(), alone, "the list has done its work");
    state.act(Action::ListOperators(true), SOON);
    state.apply(company(&["Marco"], None), SOON);
    assert_eq!(state.shape(), alone, "nobody is left to choose from");
}

/// A session that these administrators watch.
pub(crate) fn watched(by: &[&str]) -> State {
    let mut state = running();
    let by = by.iter().map(|name| (*name).into()).collect();
    let session = SESSION;
    state.apply(HostEvent::Watched { session, by }, SOON);
    state
}

#[test]
fn d2_the_user_knows_who_watches_until_nobody_does() {
    let mut state = watched(&["Carla"]);
    assert!(matches!(&state.stage, Stage::Running(r) if r.watched_by == ["Carla"]));
    let session = SESSION;
    let by = Vec::new();
    state.apply(HostEvent::Watched { session, by }, SOON);
    assert!(matches!(&state.stage, Stage::Running(r) if r.watched_by.is_empty()));
}

#[test]
fn h2_a_link_opened_while_this_runs_fills_in_and_disturbs_nobody_who_is_helped() {
    let link = |digits: &str| {
        let key = digits.repeat(32);
        let text = format!("helpme://hub.example.org/?key={key}&ticket=482+913+0571");
        Link::parse(&text).expect("a link")
    };
    let own = Settings {
        hub: Some(hub_at("hub.example.org", "ab")),
        ..Settings::default()
    };
    let mut state = State::new(own, Surroundings::default());
    assert_eq!(state.take_link(link("ab")), []);
    assert_eq!(
        (&state.stage, &*state.form.digits),
        (&Stage::Ticket, "4829130571")
    );
    assert_eq!(state.take_link(link("cd")), []);
    assert!(matches!(state.stage, Stage::OtherHub(_)));
    assert_eq!(state.hub, None, "nobody is spoken to before the choice");
    // the first hub there is
    let mut fresh = State::new(Settings::default(), Surroundings::default());
    let hub = link("ab").hub;
    assert_eq!(fresh.take_link(link("ab")), [Effect::UseHub(hub)]);
    assert_eq!(fresh.form.problem, None);
    let mut helped = running();
    assert_eq!(helped.take_link(link("cd")), []);
    assert!(matches!(helped.stage, Stage::Running(_)));
}

/// The receipt of the session that ran, as a hub makes it.
pub(crate) fn receipt() -> HostEvent {
    let receipt = Receipt {
        session: SESSION,
        organisation: "Comune di Prova".into(),
        user: "Anna".into(),
        computer: "ANNA-PC".into(),
        helpers: vec![Helper {
            name: "Marco".into(),
            allowed: Rights::SEE_AND_CONTROL,
        }],
        further_helpers: 0,
        started_unix_seconds: 1_795_546_800,
        ended_unix_seconds: 1_795_546_985,
        ended_by: EndedBy::User,
        controlled: true,
        chat: true,
        files: vec![SentFiles {
            to_host: true,
            name: "manual.pdf".into(),
            files: 1,
            bytes: 1_234_567,
            whole: true,
        }],
        further_files: 0,
        film: FilmKept::Until {
            unix_seconds: 1_803_322_985,
        },
    };
    let signed = SignedReceipt {
        receipt: receipt.to_bytes(),
        certificate: vec![1; 300].into(),
        signature: vec![2; 70].into(),
    };
    HostEvent::Receipt(Box::new(CheckedReceipt { receipt, signed }))
}

/// A state after a session, with the receipt.
pub(crate) fn receipted() -> State {
    let mut state = running();
    state.apply(ended(EndCause::By(EndedBy::User)), SOON);
    state.apply(receipt(), SOON);
    state
}

fn over(state: &State) -> &super::Ended {
    match &state.stage {
        Stage::Ended(ended) => ended,
        Stage::OtherHub(_)
        | Stage::Ticket
        | Stage::Opening { .. }
        | Stage::Waiting { .. }
        | Stage::Asked(_)
        | Stage::Running(_) => panic!("not over: {:?}", state.stage),
    }
}

#[test]
fn h9_only_the_receipt_of_this_session_is_taken_and_none_that_is_forged() {
    let mut state = running();
    state.apply(receipt(), SOON);
    assert!(matches!(state.stage, Stage::Running(_)), "not over yet");
    state.apply(ended(EndCause::By(EndedBy::User)), SOON);
    assert_eq!(over(&state).receipt, Came::Awaited);
    let HostEvent::Receipt(mut other) = receipt() else {
        unreachable!("a receipt");
    };
    other.receipt.session = SessionId(99);
    state.apply(HostEvent::Receipt(other), SOON);
    assert_eq!(over(&state).receipt, Came::Awaited);
    state.apply(HostEvent::ReceiptForged, SOON);
    assert_eq!(over(&state).receipt, Came::Forged);
    assert!(
        state
            .act(Action::SaveReceipt(Offsets::default()), SOON)
            .is_empty()
    );
}

#[test]
fn h9_a_receipt_is_saved_in_the_users_language_and_stays_so_when_it_comes_again() {
    let mut state = receipted();
    state.settings.language = Some(Lang::It);
    let effects = state.act(Action::SaveReceipt(Offsets::default()), SOON);
    let [Effect::SaveReceipt { name, text }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(name, "Helpme ricevuta 3");
    assert!(text.contains("Assistenza di: Marco\n"), "{text}");
    assert!(text.contains("BEGIN SIGNED RECEIPT"), "{text}");
    let path = std::path::PathBuf::from("/home/anna/Downloads/Helpme ricevuta 3.txt");
    state.receipt_saved(Some(path.clone()));
    state.apply(receipt(), SOON);
    let Came::Here { saved, .. } = &over(&state).receipt else {
        panic!("it is here");
    };
    assert_eq!(*saved, Saved::At(path));
}

#[test]
fn h9_stars_go_at_once_and_words_follow_them() {
    let mut state = receipted();
    assert!(
        state.act(Action::Rate(None), SOON).is_empty(),
        "no stars yet"
    );
    let given = |stars, words: &str| {
        let feedback = Feedback {
            stars,
            words: words.into(),
        };
        [Effect::Tell(HostCommand::Rate {
            session: SESSION,
            feedback,
        })]
    };
    let effects = state.act(Action::Rate(Some(Stars::Four)), SOON);
    assert_eq!(effects, given(Stars::Four, ""));
    assert_eq!(over(&state).opinion.given, Given::OnItsWay);
    let taken = |stored| HostEvent::FeedbackTaken {
        session: SESSION,
        stored,
    };
    state.apply(taken(true), SOON);
    assert_eq!(over(&state).opinion.given, Given::Stored);
    if let Stage::Ended(ended) = &mut state.stage {
        ended.opinion.words = " quick ".to_owned();
    }
    let effects = state.act(Action::Rate(None), SOON);
    assert_eq!(effects, given(Stars::Four, "quick"));
    state.apply(taken(false), SOON);
    assert_eq!(over(&state).opinion.given, Given::Refused);
}
