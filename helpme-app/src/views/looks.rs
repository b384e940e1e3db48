//! Every page, question and state of Helpme in every look. What does not fit fails; pictures are left where
//! `PHD_LOOKS` names a folder.

use std::time::Duration;

use eframe::egui::Ui;
use host_engine::{EndCause, HostEvent, LostCause, Trouble};
use looks::{Album, Window};
use protocol::diagnosis::Found;
use protocol::files::TransferId;
use protocol::receipt::Offsets;
use protocol::transfers::{Stage as TransferStage, Transfer};
use protocol::{
    EndedBy, Hindrance, Hindrances, PeerId, Refusal, RefusalCode, Rights, ScreenMonitor, SessionId,
    Shield, ShieldState, Shields, Stars, UpdateState, UpdateTrouble,
};

use super::{BAR_HEIGHT, BAR_WIDTH, Moment, Strip, height_below, root_ui, strip_ui};
use crate::app::{SMALLEST_WINDOW, WINDOW_SIZE};
use crate::lasting::LastingYes;
use crate::settings::Settings;
use crate::state::tests::{
    asked, asked_again, asked_by_proxy, asked_to_join, ended, examined, other_hub, receipted,
    running, said, told, typed, unreached, watched,
};
use crate::state::{Action, Shape, Stage, State, Surroundings};

/// A display of 1024 pixels at 200 % is as wide, in points.
const NARROW: f32 = 512.0;
const NOW: Duration = Duration::from_mins(3);
const SESSION: SessionId = SessionId(3);
/// Names, of which there is no end, and which of them shows in the bar depends on the room.
const MAY_BE_CUT: &[&str] = &[
    "Help desk: ",
    "Assistenza: ",
    "Comune di Prova",
    "Marco",
    "Your help desk",
    "Il tuo servizio di assistenza",
    "Bruno Verdi",
    // what else there is to say is left out where there is no room
    "Ctrl+Alt+Shift+X",
    "hub.example.org",
    // the chat has the whole sentence
    "Fuori portata",
    // its beginning says it
    "Connection lost.",
    "Connessione persa.",
    "Paused:",
    "In pausa:",
    "In pausa. ",
];

struct Shown {
    state: State,
    actions: Vec<Action>,
}

fn draw(ui: &mut Ui, Shown { state, actions }: &mut Shown) {
    let moment = Moment {
        now: NOW,
        ..Moment::default()
    };
    root_ui(ui, state, moment, actions);
}

fn add(album: &mut Album, name: &str, state: impl Fn() -> State) {
    let known = || told(state(), "Comune di Prova");
    let window = match known().shape() {
        Shape::Bar { below } => {
            let height = BAR_HEIGHT + height_below(below);
            Window::new((BAR_WIDTH, height), (NARROW, height))
        }
        Shape::Window | Shape::Question => Window::new(WINDOW_SIZE, SMALLEST_WINDOW),
    };
    let make = |lang| {
        let mut state = known();
        state.settings.language = Some(lang);
        Shown {
            state,
            actions: Vec::new(),
        }
    };
    album.add(name, window, make, draw);
}

fn changed(mut state: State, change: impl FnOnce(&mut State)) -> State {
    change(&mut state);
    state
}

fn two_monitors(state: &mut State) {
    let monitor = |id, name: &str| ScreenMonitor {
        id,
        name: name.into(),
        width: 1920,
        height: 1080,
    };
    let both = vec![monitor(1, "eDP-1"), monitor(2, "HDMI-1")];
    state.apply(HostEvent::Monitors(both), NOW);
}

/// Everything that an operator can ask for.
fn all_rights() -> Rights {
    Rights::SEE_AND_CONTROL
        .with(Rights::CLIPBOARD)
        .with(Rights::FILES)
}

/// A session in which everything is allowed, so that the bar has all of its buttons.
fn full() -> State {
    let mut state = running();
    two_monitors(&mut state);
    let operator = PeerId([1; 16]);
    state.apply(HostEvent::BrowseAsked { operator }, NOW);
    let choice = crate::state::BrowseChoice::Allow;
    state.act(Action::AnswerBrowse(choice), NOW);
    if let Stage::Running(running) = &mut state.stage {
        running.rights = all_rights();
        let mut second = running.operators[0].clone();
        "Bruno Verdi".clone_into(&mut second.name);
        second.operator = Some(PeerId([2; 16]));
        running.operators.push(second);
        running.driver = Some("Bruno Verdi".to_owned());
    }
    state
}

fn transfer(number: u32, stage: TransferStage) -> HostEvent {
    let to_host = number.is_multiple_of(2);
    HostEvent::Transfer {
        operator: PeerId([1; 16]),
        transfer: Transfer {
            id: TransferId { to_host, number },
            is_outgoing: !to_host,
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
            replaced: 1,
            skipped: 0,
        },
    }
}

/// The bar above a window that fills the screen, on Wayland.
fn draw_over_all(ui: &mut Ui, Shown { state, actions }: &mut Shown) {
    let moment = Moment {
        now: NOW,
        ..Moment::default()
    };
    let strip = Strip::of(state).expect("somebody sees the screen");
    let strip = Strip {
        opens_below: false,
        ..strip
    };
    strip_ui(ui, "over-all", strip, moment, actions);
}

fn add_over_all(album: &mut Album, name: &str, state: impl Fn() -> State) {
    let window = Window::new((BAR_WIDTH, BAR_HEIGHT), (NARROW, BAR_HEIGHT));
    let make = |lang| {
        let mut state = told(state(), "Comune di Prova");
        state.settings.language = Some(lang);
        Shown {
            state,
            actions: Vec::new(),
        }
    };
    album.add(name, window, make, draw_over_all);
}

#[test]
fn e3_the_bar_above_a_window_that_fills_the_screen_fits_in_every_look() {
    let mut album = Album::of("helpme", MAY_BE_CUT);
    add_over_all(&mut album, "over-all", running);
    add_over_all(&mut album, "over-all-full", full);
    add_over_all(&mut album, "over-all-paused", || {
        changed(running(), |state| {
            state.act(Action::Withhold(true), NOW);
        })
    });
    album.finish();
}

#[test]
fn e3_the_pages_before_a_session_fit_in_every_look() {
    let mut album = Album::of("helpme", MAY_BE_CUT);
    add(&mut album, "advice", || {
        State::new(Settings::default(), Surroundings::default())
    });
    add(&mut album, "no-help-desk", || {
        let state = State::new(Settings::default(), Surroundings::default());
        changed(state, |state| state.advice_shown = false)
    });
    add(&mut album, "ticket", typed);
    add(&mut album, "ticket-refused", || {
        changed(typed(), |state| {
            let refusal = Refusal::new(RefusalCode::TICKET_WRONG);
            state.apply(HostEvent::TicketRefused(refusal), NOW);
        })
    });
    add(&mut album, "ticket-hindered", || {
        changed(typed(), |state| {
            state.hindrances = Hindrances {
                screen: Some(Hindrance::WAYLAND),
                input: Some(Hindrance::NO_INPUT),
            };
        })
    });
    let version = || "0.2.0".to_owned();
    for (name, update) in [
        (
            "update-offered",
            UpdateState::Offered {
                version: version(),
                bytes: 28_400_000,
            },
        ),
        (
            "update-fetching",
            UpdateState::Fetching {
                version: version(),
                done_bytes: 9_100_000,
                bytes: 28_400_000,
            },
        ),
        ("update-ready", UpdateState::Ready { version: version() }),
        (
            "update-forged",
            UpdateState::Failed {
                version: version(),
                trouble: UpdateTrouble::Forged,
            },
        ),
    ] {
        add(&mut album, name, || {
            changed(typed(), |state| {
                state.form.digits.clear();
                state.update = update.clone();
            })
        });
    }
    add(&mut album, "connecting", || {
        changed(typed(), |state| {
            state.act(Action::OpenTicket, NOW);
        })
    });
    add(&mut album, "settings", || {
        changed(typed(), |state| {
            state.act(Action::ShowSettings(true), NOW);
        })
    });
    for (name, lasting) in [
        ("settings-desktop-asks", LastingYes::Asks),
        ("settings-yes-in-store", LastingYes::InStore),
        ("settings-yes-in-file", LastingYes::InFile),
    ] {
        add(&mut album, name, || {
            changed(typed(), |state| {
                state.lasting_yes = lasting;
                state.act(Action::ShowSettings(true), NOW);
            })
        });
    }
    add(&mut album, "settings-wrong", || {
        let state = State::new(Settings::default(), Surroundings::default());
        changed(state, |state| {
            state.advice_shown = false;
            state.act(Action::ShowSettings(true), NOW);
            state.act(Action::SaveHub, NOW);
        })
    });
    add(&mut album, "other-help-desk", other_hub);
    add(&mut album, "proxy", asked_by_proxy);
    add(&mut album, "unreached", unreached);
    add(&mut album, "doctor", || {
        changed(examined(unreached(), &Found::NoAnswer), |state| {
            state.act(Action::ShowDetails(true), NOW);
        })
    });
    add(&mut album, "waiting", || {
        changed(typed(), |state| {
            let operator = "Marco".into();
            state.apply(HostEvent::TicketAccepted { operator }, NOW);
        })
    });
    add(&mut album, "waiting-lost", || {
        changed(asked(), |state| {
            state.act(Action::Answer { allow: false }, NOW);
            state.apply(HostEvent::Reconnecting, NOW);
        })
    });
    album.finish();
}

#[test]
fn h5_the_questions_fit_in_every_look() {
    let mut album = Album::of("helpme", MAY_BE_CUT);
    add(&mut album, "consent", asked);
    add(&mut album, "consent-all", || {
        changed(asked(), |state| {
            two_monitors(state);
            if let Stage::Asked(question) = &mut state.stage {
                question.asked = all_rights();
                question.chosen = question.asked;
            }
        })
    });
    add(&mut album, "consent-portal", || {
        changed(asked(), |state| {
            state.hindrances.screen = Some(Hindrance::ASKED_ONCE_MORE);
            state.lasting_yes = LastingYes::Asks;
        })
    });
    add(&mut album, "consent-lasting", || {
        changed(asked(), |state| {
            state.lasting_yes = LastingYes::InStore;
        })
    });
    add(&mut album, "consent-again", || asked_again(true));
    add(&mut album, "consent-joins", asked_to_join);
    add(&mut album, "system-asked", || {
        changed(running(), |state| {
            let asked = HostEvent::SystemAsked {
                session: SESSION,
                operator: PeerId([1; 16]),
                name: "Marco".into(),
            };
            state.apply(asked, NOW);
        })
    });
    add(&mut album, "browse-asked", || {
        changed(running(), |state| {
            let operator = PeerId([1; 16]);
            state.apply(HostEvent::BrowseAsked { operator }, NOW);
        })
    });
    for (name, shield) in [
        ("block-asked", Shield::Input),
        ("blank-asked", Shield::Screen),
    ] {
        add(&mut album, name, || {
            changed(running(), |state| {
                let asked = HostEvent::ShieldAsked {
                    session: SESSION,
                    operator: PeerId([1; 16]),
                    name: "Marco".into(),
                    shield,
                };
                state.apply(asked, NOW);
            })
        });
    }
    album.finish();
}

#[test]
fn h6_the_bar_fits_in_every_look() {
    let mut album = Album::of("helpme", MAY_BE_CUT);
    let session = SESSION;
    add(&mut album, "bar", running);
    add(&mut album, "bar-full", full);
    add(&mut album, "bar-watched", || watched(&["Marco Neri"]));
    add(&mut album, "bar-paused", || {
        changed(full(), |state| {
            state.act(Action::Withhold(true), NOW);
        })
    });
    add(&mut album, "bar-resting", || {
        changed(running(), |state| {
            let by = vec!["Marco".into()];
            state.apply(HostEvent::Resting { session, by }, NOW);
        })
    });
    add(&mut album, "bar-blocked", || {
        changed(running(), |state| {
            let shields = Shields::default().with(Shield::Input, ShieldState::Up);
            state.apply(HostEvent::Shields { session, shields }, NOW);
        })
    });
    let out_of_reach = || {
        let hindrances = Hindrances {
            screen: None,
            input: Some(Hindrance::MORE_RIGHTS),
        };
        changed(running(), |state| {
            state.apply(HostEvent::Hindered(hindrances), NOW);
        })
    };
    add(&mut album, "bar-out-of-reach", out_of_reach);
    add(&mut album, "bar-watching-only", || {
        let trouble = Trouble::NoInput {
            detail: String::new(),
            why: Hindrance::INPUT_NOT_SHARED,
        };
        changed(running(), |state| {
            state.apply(HostEvent::Trouble(trouble), NOW);
        })
    });
    add(&mut album, "chat-out-of-reach", || {
        changed(out_of_reach(), |state| state.chat.shown = true)
    });
    add(&mut album, "rights-asked", || {
        changed(out_of_reach(), |state| state.can_have_more_rights = true)
    });
    add(&mut album, "bar-lost", || {
        changed(running(), |state| {
            state.apply(HostEvent::SessionPaused { session }, NOW);
        })
    });
    add(&mut album, "bar-monitor-gone", || {
        changed(running(), |state| {
            two_monitors(state);
            if let Stage::Running(running) = &mut state.stage {
                (running.withheld, running.monitor_gone) = (true, true);
            }
        })
    });
    add(&mut album, "bar-monitors", || {
        changed(running(), |state| {
            two_monitors(state);
            state.act(Action::ListMonitors(true), NOW);
        })
    });
    add(&mut album, "bar-operators", || {
        changed(full(), |state| {
            state.act(Action::ListOperators(true), NOW);
        })
    });
    add(&mut album, "bar-chat", || {
        changed(running(), |state| {
            state.apply(said("The printer works again."), NOW);
            state.act(Action::ShowChat(true), NOW);
        })
    });
    add(&mut album, "bar-files-none", || {
        changed(full(), |state| {
            state.act(Action::ShowFiles(true), NOW);
        })
    });
    add(&mut album, "bar-files", || {
        changed(full(), |state| {
            let done = protocol::transfers::Ended::Done { missing: 0 };
            state.apply(transfer(1, TransferStage::Over(done)), NOW);
            state.apply(transfer(2, TransferStage::Paused), NOW);
            state.apply(transfer(3, TransferStage::Running), NOW);
        })
    });
    album.finish();
}

#[test]
fn h9_the_last_page_fits_in_every_look() {
    let mut album = Album::of("helpme", MAY_BE_CUT);
    add(&mut album, "ended", || {
        changed(running(), |state| {
            state.apply(said("Call again if it comes back."), NOW);
            state.apply(ended(EndCause::By(EndedBy::Operator)), NOW);
        })
    });
    add(&mut album, "ended-badly", || {
        changed(running(), |state| {
            state.apply(ended(EndCause::By(EndedBy::Forged)), NOW);
            let closed = HostEvent::ConnectionLost(LostCause::Closed);
            state.apply(closed, NOW);
        })
    });
    add(&mut album, "receipt", receipted);
    add(&mut album, "receipt-saved", || {
        changed(receipted(), |state| {
            state.act(Action::Rate(Some(Stars::Four)), NOW);
            state.act(Action::SaveReceipt(Offsets::default()), NOW);
            let path = "/home/anna/Downloads/Helpme receipt 3.txt";
            state.receipt_saved(Some(path.into()));
        })
    });
    add(&mut album, "receipt-forged", || {
        changed(running(), |state| {
            state.apply(ended(EndCause::By(EndedBy::User)), NOW);
            state.apply(HostEvent::ReceiptForged, NOW);
        })
    });
    album.finish();
}
