//! What Helpme looks like. A view reads the state and pushes what the user wants; only what is being
//! typed is written in place.

mod advice;
mod ask;
mod bar;
mod chat;
mod ended;
mod inquiry;
mod other_hub;
mod receipt;
mod settings;
mod ticket;
mod waiting;

use std::time::Duration;

use eframe::egui::{Align, Label, Layout, Rangef, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use protocol::{Hindrance, Hindrances};
use ui_kit::widgets::{banner_ui, icon_button_ui, logo_ui, page_ui, status_bar_ui};
use ui_kit::words::{hindrance_for_user, refusal_for_user, whole_name};
use ui_kit::{
    Clock, Icon, Lang, Palette, ProxyAnswer, TextSize, ThemeChoice, Tone, Word, proxy_form_ui,
    text, text_size_button_ui, theme, w,
};

pub use bar::{BAR_HEIGHT, BAR_WIDTH, Strip, bar_width, height_below, strip_ui};

use self::waiting::{Reach, Waiting};
use crate::state::{Action, FormProblem, Stage, State};
use crate::words;

/// What views need besides the state.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    /// Since the program started.
    pub now: Duration,
    /// The clock on the wall.
    pub clock: Clock,
}

/// Draws the page of the present stage.
pub fn root_ui(ui: &mut Ui, state: &mut State, moment: Moment, actions: &mut Vec<Action>) {
    let lang = state.lang();
    lang.speak_in_widgets(ui.ctx());
    if matches!(state.stage, Stage::Running(_)) {
        bar::bar_ui(ui, state, moment, actions);
        return;
    }
    let (tone, status) = status(state);
    let hub = state
        .hub
        .as_ref()
        .map(|hub| hub.address.to_string())
        .unwrap_or_default();
    let organisation = state.organisation().map(str::to_owned);
    status_bar_ui(ui, tone, status, &hub, crate::VERSION);
    page_ui(ui, |ui| {
        let size = state.settings.text_size;
        header_ui(ui, lang, organisation.as_deref(), size, actions);
        ui.add_space(14.0);
        let update = state.update_shown().cloned();
        match &mut state.stage {
            Stage::OtherHub(question) => scrolling(ui, |ui| {
                let organisations = &state.settings.organisations;
                other_hub::other_hub_ui(ui, lang, question, organisations, actions);
            }),
            Stage::Ticket if state.advice_shown => scrolling(ui, |ui| {
                advice::advice_ui(ui, lang, actions);
            }),
            Stage::Ticket => {
                let hindrances = state.hindrances;
                scrolling(ui, |ui| {
                    hindrances_ui(ui, lang, hindrances);
                    let update = update.as_ref();
                    ticket::ticket_ui(ui, lang, &mut state.form, update, false, actions);
                });
            }
            Stage::Opening { connected } => {
                let connected = *connected;
                scrolling(ui, |ui| {
                    ticket::opening_ui(ui, lang, &mut state.form, connected, actions);
                });
            }
            Stage::Waiting { operator, note } => {
                let view = Waiting {
                    operator,
                    note: *note,
                    reach: match (state.reconnecting, state.operator_present) {
                        (true, _) => Reach::LineLost,
                        (false, false) => Reach::OperatorAway,
                        (false, true) => Reach::Present,
                    },
                };
                let (hindrances, chat) = (state.hindrances, &mut state.chat);
                let mut content = |ui: &mut Ui| {
                    hindrances_ui(ui, lang, hindrances);
                    waiting::waiting_ui(ui, lang, &view, chat, moment, actions);
                };
                if ui.available_height() < waiting::room(hindrances) {
                    scrolling(ui, content);
                } else {
                    content(ui);
                }
            }
            Stage::Asked(question) => {
                let organisation = organisation.as_deref();
                let (hindrances, monitors) = (state.hindrances, &state.monitors);
                let column = ui.available_rect_before_wrap().x_range();
                let room = ask::room_above_answers(ui);
                let area = ScrollArea::vertical().max_height(room);
                scrolling_in(ui, area.auto_shrink([false, true]), |ui| {
                    let machine = (hindrances, monitors.as_slice());
                    let lasting = state.lasting_yes;
                    ask::ask_ui(ui, lang, question, organisation, machine, lasting, room);
                });
                in_column(ui, column, |ui| {
                    ask::answers_ui(ui, lang, question, moment.now, actions);
                });
            }
            Stage::Ended(ended) => {
                let (trouble, chat) = (state.trouble.as_ref(), &mut state.chat);
                let column = ui.available_rect_before_wrap().x_range();
                let room = (ui.available_height() - ended::FOOT_HEIGHT).max(80.0);
                let area = ScrollArea::vertical().max_height(room);
                scrolling_in(ui, area.auto_shrink(false), |ui| {
                    ended::ended_ui(ui, lang, ended, trouble, chat, moment, actions);
                });
                in_column(ui, column, |ui| ended::foot_ui(ui, lang, actions));
            }
            Stage::Running(_) => {}
        }
    });
    let trying = matches!(state.stage, Stage::Opening { .. });
    if state.hub_form.is_some() {
        settings::settings_ui(ui, state, actions);
    } else if let Some(form) = state.proxy_form.as_mut().filter(|_| !trying) {
        actions.extend(proxy_form_ui(ui, lang, form).map(|answer| match answer {
            ProxyAnswer::SignIn => Action::SignInAtProxy,
            ProxyAnswer::Leave => Action::LeaveProxy,
        }));
    }
}

/// What hinders a helper here, before anybody begins in vain.
fn hindrances_ui(ui: &mut Ui, lang: Lang, hindrances: Hindrances) {
    let Hindrances { screen, input } = hindrances;
    // said with the question, when it comes to it
    let screen = screen.filter(|hindrance| *hindrance != Hindrance::ASKED_ONCE_MORE);
    // what is in front before a session is not what is in front then
    let input = input.filter(|hindrance| hindrance.prevents_acting());
    for hindrance in screen.into_iter().chain(input) {
        banner_ui(ui, Tone::Warning, hindrance_for_user(lang, hindrance));
        ui.add_space(6.0);
    }
}

/// Content that may be higher than a small window.
fn scrolling(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    scrolling_in(ui, ScrollArea::vertical().auto_shrink(false), content);
}

/// What stands below what scrolls, as wide as that: the room of its shadows is none of it.
fn in_column(ui: &mut Ui, column: Rangef, content: impl FnOnce(&mut Ui)) {
    let below = ui.available_rect_before_wrap().y_range();
    let place = UiBuilder::new().max_rect(Rect::from_x_y_ranges(column, below));
    ui.scope_builder(place, content);
}

fn scrolling_in(ui: &mut Ui, area: ScrollArea, content: impl FnOnce(&mut Ui)) {
    // room for shadows and focus rings, which the scroll area would cut
    const EDGE: f32 = 6.0;
    let room = ui.available_rect_before_wrap().expand2(vec2(EDGE, 0.0));
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        area.show(ui, |ui| {
            let inner = ui.available_rect_before_wrap().shrink2(vec2(EDGE, 0.0));
            ui.scope_builder(UiBuilder::new().max_rect(inner), content);
            ui.add_space(10.0);
        });
    });
}

/// The program, whose help desk it is, and what is always at hand.
fn header_ui(
    ui: &mut Ui,
    lang: Lang,
    organisation: Option<&str>,
    text_size: TextSize,
    actions: &mut Vec<Action>,
) {
    /// What the icons at the right take, in points.
    const CORNER: f32 = 120.0;
    let palette = Palette::of(ui);
    let row = ui.horizontal(|ui| {
        logo_ui(ui, 34.0);
        ui.add_space(2.0);
        ui.vertical(|ui| {
            ui.set_max_width(ui.available_width() - CORNER);
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.label(text(w(lang, Word::Helpme), 19.0, theme::BOLD, palette.text));
            let whose = words::help_desk(lang, organisation);
            let whose = text(whose, theme::SMALL_SIZE, theme::MEDIUM, palette.dim);
            let whose = ui.add(Label::new(whose).truncate());
            if let Some(name) = organisation.and_then(whole_name) {
                whose.on_hover_text(name);
            }
        });
    });
    // the icons, not their hit boxes, end at the margin
    let top = row.response.rect.top();
    let left = ui.max_rect().left();
    let place = Rect::from_min_size(pos2(left, top), vec2(ui.max_rect().width() + 8.0, 34.0));
    let layout = Layout::right_to_left(Align::Center);
    let mut corner = ui.new_child(UiBuilder::new().max_rect(place).layout(layout));
    corner.spacing_mut().item_spacing.x = 4.0;
    if icon_button_ui(&mut corner, Icon::Settings, w(lang, Word::Settings), true).clicked() {
        actions.push(Action::ShowSettings(true));
    }
    if let Some(size) = text_size_button_ui(&mut corner, lang, text_size) {
        actions.push(Action::ChooseTextSize(size));
    }
    let sun_or_moon = if corner.visuals().dark_mode {
        Icon::Sun
    } else {
        Icon::Moon
    };
    if icon_button_ui(&mut corner, sun_or_moon, w(lang, Word::SwitchTheme), true).clicked() {
        actions.push(Action::ChooseTheme(ThemeChoice::opposite_of_shown(
            corner.ctx(),
        )));
    }
}

fn status(state: &State) -> (Tone, &'static str) {
    let lang = state.lang();
    if state.reconnecting {
        return (Tone::Warning, w(lang, Word::Reconnecting));
    }
    match &state.stage {
        Stage::OtherHub(_) => (Tone::Warning, w(lang, Word::Disconnected)),
        Stage::Ticket => match state.form.problem {
            None | Some(FormProblem::Incomplete | FormProblem::Pasted(_)) => {
                (Tone::Good, w(lang, Word::Ready))
            }
            Some(FormProblem::NoHub) => (Tone::Warning, w(lang, Word::Disconnected)),
            Some(FormProblem::Refused(_) | FormProblem::Spent) => {
                (Tone::Warning, w(lang, Word::Ready))
            }
            Some(FormProblem::Connect(_) | FormProblem::Lost(_)) => {
                (Tone::Danger, w(lang, Word::Disconnected))
            }
        },
        Stage::Opening { connected: false } => (Tone::Accent, w(lang, Word::Connecting)),
        Stage::Opening { connected: true } => (Tone::Accent, w(lang, Word::CheckingTicket)),
        Stage::Waiting { .. } | Stage::Asked(_) | Stage::Running(_) => {
            (Tone::Good, w(lang, Word::Connected))
        }
        Stage::Ended(ended) if ended.connected => (Tone::Good, w(lang, Word::Connected)),
        Stage::Ended(_) => (Tone::Neutral, w(lang, Word::Disconnected)),
    }
}

/// The sentence for what went wrong with the ticket.
fn problem_text(lang: Lang, problem: &FormProblem) -> String {
    match problem {
        FormProblem::NoHub => words::no_server(lang).to_owned(),
        FormProblem::Incomplete => w(lang, Word::TicketIncomplete).to_owned(),
        FormProblem::Pasted(missing) => ui_kit::words::ticket_missing(lang, *missing).to_owned(),
        FormProblem::Spent => words::ticket_spent(lang).to_owned(),
        FormProblem::Refused(refusal) => refusal_for_user(lang, *refusal),
        FormProblem::Connect(problem) => words::connect_problem(lang, problem),
        FormProblem::Lost(cause) => words::lost_cause(lang, *cause),
    }
}

#[cfg(test)]
mod looks;
#[cfg(test)]
mod tests;
