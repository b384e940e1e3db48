//! The bar that stands above everything else while somebody sees the screen (H6).

use eframe::egui::{
    Align, Align2, CentralPanel, Color32, CornerRadius, CursorIcon, FontId, Frame, Label, Layout,
    Margin, Panel, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, TextWrapMode, Ui, Vec2,
    WidgetText, vec2,
};
use std::time::Duration;

use protocol::{Hindrance, Rights, ScreenMonitor, ShieldState};
use ui_kit::widgets::{
    Push, TRANSFER_HEIGHT, banner_ui, dropped_paths, icon_button_ui, icon_toggle_ui, initials_ui,
    menu_item_ui, transfer_ui,
};
use ui_kit::words::{
    has_control, hindrance_for_user, hindrance_in_short, name_alone, operators_are_here,
    visible_line, watched_by, whole_minutes, whole_name,
};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::{Moment, chat};
use crate::state::{Action, Below, BrowseChoice, Line, Present, Running, Stage, State};
use crate::words;

/// The bar's size, in points.
pub const BAR_WIDTH: f32 = 720.0;
pub const BAR_HEIGHT: f32 = 60.0;
/// What the chat adds below it, in points.
const CHAT_HEIGHT: f32 = 340.0;
/// What an operator's question what computer this is adds, in points.
const SYSTEM_HEIGHT: f32 = 116.0;
/// The same for one who wants to look through the folders.
const BROWSE_HEIGHT: f32 = 126.0;
/// What an operator's wish to block the user's input adds, or to make the screen dark, and a question about rights.
const SHIELD_HEIGHT: f32 = 124.0;
/// What each operator of the list adds, and what stands around them.
const OPERATOR_HEIGHT: f32 = 48.0;
const LIST_MARGIN: i8 = 10;
/// What each monitor of the list adds.
const MONITOR_HEIGHT: f32 = 34.0;
/// How high the two lines in the bar's middle are.
const LINES: f32 = 38.0;
/// What sends files, above the list of them.
const FILES_HEAD_HEIGHT: f32 = 46.0;
/// What each transfer adds, and how many are seen without scrolling.
const TRANSFER_ROOM: f32 = TRANSFER_HEIGHT + 8.0;
const MOST_TRANSFERS: usize = 4;

/// How wide the bar is where the monitor has `monitor_size`, in points: on a small one with large letters its
/// buttons would be beside the screen.
pub fn bar_width(monitor_size: Option<Vec2>) -> f32 {
    monitor_size.map_or(BAR_WIDTH, |size| size.x.min(BAR_WIDTH))
}

/// How high it is below the bar, in points.
#[expect(clippy::cast_precision_loss, reason = "a handful of operators")]
pub fn height_below(below: Below) -> f32 {
    match below {
        Below::Nothing => 0.0,
        Below::Chat => CHAT_HEIGHT,
        Below::SystemAsked => SYSTEM_HEIGHT,
        Below::BrowseAsked => BROWSE_HEIGHT,
        Below::ShieldAsked | Below::RightsAsked => SHIELD_HEIGHT,
        Below::Monitors(count) => {
            2.0 * f32::from(LIST_MARGIN) + (count + 1) as f32 * MONITOR_HEIGHT
        }
        Below::Operators(count) => 2.0 * f32::from(LIST_MARGIN) + count as f32 * OPERATOR_HEIGHT,
        Below::Files(count) => {
            let rows = count.clamp(1, MOST_TRANSFERS) as f32;
            2.0 * f32::from(LIST_MARGIN) + FILES_HEAD_HEIGHT + rows * TRANSFER_ROOM
        }
    }
}

/// The bar, and below it the operators or the chat while they are shown.
pub(super) fn bar_ui(ui: &mut Ui, state: &mut State, moment: Moment, actions: &mut Vec<Action>) {
    let lang = state.lang();
    let palette = Palette::of(ui);
    let Some(strip) = Strip::of(state) else {
        return;
    };
    let edge = strip_ui(ui, "bar", strip, moment, actions);
    if let Stage::Running(running) = &state.stage
        && let Some(asks) = running.system_asked.first()
    {
        let question = words::asks_about_computer(lang, &asks.name);
        let note = words::about_computer_note(lang);
        let yes = words::send_it(lang);
        question_ui(ui, lang, (&question, note, yes), |allowed| {
            actions.push(Action::AnswerSystem(allowed));
        });
    } else if let Stage::Running(running) = &state.stage
        && let Some((shield, name)) = running.shields_asked.first()
    {
        let question = words::asks_to_shield(lang, *shield, name);
        let note = words::shield_note(lang, *shield);
        let yes = words::allow(lang);
        question_ui(ui, lang, (&question, note, yes), |allowed| {
            actions.push(Action::AnswerShield(allowed));
        });
    } else if let Stage::Running(running) = &state.stage
        && running.monitors_shown
    {
        let only = state.only.as_ref().map(|monitor| monitor.id);
        monitors_ui(ui, lang, &state.monitors, only, actions);
    } else if let Stage::Running(running) = &state.stage
        && let Some(asks) = running.browse_asked.first()
    {
        browse_asked_ui(ui, lang, asks, actions);
    } else if state.asks_for_more_rights() {
        let (question, note) = (
            words::asks_for_more_rights(lang),
            words::more_rights_note(lang),
        );
        question_ui(ui, lang, (question, note, words::allow(lang)), |allowed| {
            actions.push(Action::AnswerMoreRights(allowed));
        });
    } else if let Stage::Running(running) = &state.stage
        && running.list_shown
    {
        operators_ui(ui, lang, running, actions);
    } else if let Stage::Running(running) = &state.stage
        && running.files.shown
    {
        files_ui(ui, lang, running, actions);
    } else if state.chat.shown {
        let frame = Frame::new()
            .fill(palette.background)
            .inner_margin(Margin::symmetric(14, 10));
        CentralPanel::default().frame(frame).show(ui, |ui| {
            if let Some(trouble) = &state.trouble {
                banner_ui(ui, Tone::Warning, &words::trouble(lang, trouble));
            }
            if let Some(hindrance) = state.hindrances.input {
                banner_ui(ui, Tone::Warning, hindrance_for_user(lang, hindrance));
            }
            chat::conversation_ui(ui, lang, &mut state.chat, moment, actions);
        });
    } else {
        return;
    }
    let line = Stroke::new(1.0, palette.line);
    ui.painter().hline(edge.x_range(), edge.bottom(), line);
}

/// A question of an operator's, what it means, and its two answers (S2).
fn question_ui(
    ui: &mut Ui,
    lang: Lang,
    (question, note, yes): (&str, &str, &str),
    mut answer: impl FnMut(bool),
) {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.background)
        .inner_margin(Margin::symmetric(14, LIST_MARGIN));
    CentralPanel::default().frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let question = text(question, theme::BODY_SIZE, theme::SEMIBOLD, palette.text);
        ui.add(Label::new(question).truncate());
        let note = text(note, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
        ui.add(Label::new(note).wrap());
        ui.with_layout(Layout::right_to_left(Align::Max), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            if ui.add(Push::primary(yes)).clicked() {
                answer(true);
            }
            let refuse = Push::secondary(w(lang, Word::Refuse));
            if ui.add(refuse).clicked() {
                answer(false);
            }
        });
    });
}

/// The question for a look through the folders, with its three answers (S6).
fn browse_asked_ui(ui: &mut Ui, lang: Lang, asks: &Present, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.background)
        .inner_margin(Margin::symmetric(14, LIST_MARGIN));
    CentralPanel::default().frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let question = words::asks_to_browse(lang, &asks.name);
        let question = text(question, theme::BODY_SIZE, theme::SEMIBOLD, palette.text);
        ui.add(Label::new(question).truncate());
        let note = words::browse_note(lang);
        let note = text(note, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
        ui.add(Label::new(note).wrap());
        ui.with_layout(Layout::right_to_left(Align::Max), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let answers = [
                (Push::primary(words::allow(lang)), BrowseChoice::Allow),
                (
                    Push::secondary(words::choose_files_myself(lang)),
                    BrowseChoice::ChooseThemselves,
                ),
                (Push::secondary(w(lang, Word::Refuse)), BrowseChoice::Refuse),
            ];
            for (push, choice) in answers {
                if ui.add(push).clicked() {
                    actions.push(Action::AnswerBrowse(choice));
                }
            }
        });
    });
}

/// What the operators see: all monitors, or one alone.
fn monitors_ui(
    ui: &mut Ui,
    lang: Lang,
    monitors: &[ScreenMonitor],
    only: Option<u32>,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.background)
        .inner_margin(Margin::symmetric(14, LIST_MARGIN));
    CentralPanel::default().frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = MONITOR_HEIGHT - 32.0;
        for (monitor, name) in words::monitors_to_share(lang, monitors) {
            if menu_item_ui(ui, None, &name, monitor == only, None).clicked() {
                actions.push(Action::ShareOnly(monitor));
            }
        }
    });
}

/// Files to and from the operators, and what sends more (S6).
fn files_ui(ui: &mut Ui, lang: Lang, running: &Running, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.background)
        .inner_margin(Margin::symmetric(14, LIST_MARGIN));
    CentralPanel::default().frame(frame).show(ui, |ui| {
        let may = running.rights.has(Rights::FILES);
        ui.allocate_ui_with_layout(
            vec2(ui.available_width(), FILES_HEAD_HEIGHT - 8.0),
            Layout::left_to_right(Align::Center),
            |ui| {
                let files = Push::secondary(w(lang, Word::ChooseFiles)).icon(Icon::FileUp);
                if ui.add(files.enabled(may)).clicked() {
                    actions.push(Action::ChooseFiles { folders: false });
                }
                let folders = Push::secondary(w(lang, Word::ChooseFolder)).icon(Icon::FolderUp);
                if ui.add(folders.enabled(may)).clicked() {
                    actions.push(Action::ChooseFiles { folders: true });
                }
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let stop = Push::quiet(words::stop_files(lang)).icon(Icon::Ban);
                    if ui.add(stop.enabled(may)).clicked() {
                        actions.push(Action::StopFiles);
                    }
                });
            },
        );
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            if running.files.all.is_empty() {
                let note = if may {
                    words::files_note(lang)
                } else {
                    words::files_not_allowed(lang)
                };
                ui.label(text(note, theme::SMALL_SIZE, theme::REGULAR, palette.dim));
            }
            for (operator, transfer) in &running.files.all {
                if transfer_ui(ui, lang, transfer, false).is_some() {
                    actions.push(Action::CancelFiles(*operator, transfer.id));
                }
            }
        });
        let dropped = ui.input(|input| dropped_paths(&input.raw));
        if may && !dropped.is_empty() {
            actions.push(Action::SendFiles(dropped));
        }
    });
}

/// The operators, each with a way to send it away; the others stay.
fn operators_ui(ui: &mut Ui, lang: Lang, running: &Running, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.background)
        .inner_margin(Margin::symmetric(14, LIST_MARGIN));
    CentralPanel::default().frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for Present { operator, name } in &running.operators {
            let size = vec2(ui.available_width(), OPERATOR_HEIGHT);
            ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
                let push = Push::secondary(words::send_away(lang)).icon(Icon::UserX);
                let push = ui.add(push.enabled(operator.is_some()));
                let label = words::send_away_who(lang, name);
                ui.ctx()
                    .accesskit_node_builder(push.id, |node| node.set_label(label));
                if push.clicked() {
                    actions.extend(operator.map(Action::SendAway));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    initials_ui(ui, name, 28.0);
                    ui.add_space(4.0);
                    let name = name_alone(lang, name);
                    let name = text(name, theme::BODY_SIZE, theme::MEDIUM, palette.text);
                    ui.add(Label::new(name).truncate());
                });
            });
        }
    });
}

/// What the bar says and offers.
#[derive(Debug, Clone, Copy)]
pub struct Strip<'a> {
    pub lang: Lang,
    pub running: &'a Running,
    pub organisation: Option<&'a str>,
    /// What keeps an operator from acting.
    pub barred: Option<Hindrance>,
    /// A key ends the session, whatever window has the focus.
    pub has_hot_key: bool,
    /// What was not read of the chat, and whether it is shown.
    pub chat: (usize, bool),
    /// One monitor is shared alone, and how many there are.
    pub monitors: (bool, usize),
    /// There is a window below it, in which something may open.
    pub opens_below: bool,
}

impl<'a> Strip<'a> {
    /// `None` while nobody sees the screen.
    pub fn of(state: &'a State) -> Option<Self> {
        let Stage::Running(running) = &state.stage else {
            return None;
        };
        Some(Self {
            lang: state.lang(),
            running,
            organisation: state.organisation(),
            barred: state.hindrances.input.or(running.cannot_act),
            has_hot_key: state.hot_key,
            chat: (state.chat.unread, state.chat.shown),
            monitors: (state.only.is_some(), state.monitors.len()),
            opens_below: true,
        })
    }
}

/// The bar alone; gives where it is. `id` tells it from the same in another window.
pub fn strip_ui(
    ui: &mut Ui,
    id: &'static str,
    strip: Strip<'_>,
    moment: Moment,
    actions: &mut Vec<Action>,
) -> Rect {
    let Strip { lang, running, .. } = strip;
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.card)
        .inner_margin(Margin::symmetric(14, 0));
    let bar = Panel::top(id)
        .exact_size(BAR_HEIGHT)
        .show_separator_line(false)
        .frame(frame)
        .show(ui, |ui| {
            let driver = running.driver.as_ref();
            let driver = driver.map(|driver| has_control(lang, driver));
            let hint = strip.has_hot_key.then(|| w(lang, Word::EndHotKey));
            let watched =
                (!running.watched_by.is_empty()).then(|| watched_by(lang, &running.watched_by));
            // at the moment and for this window, while the other hindrances stand on the pages before
            let barred = strip.barred.filter(|_| running.rights.has(Rights::CONTROL));
            let barred = barred.map(|h| hindrance_in_short(lang, h).to_owned());
            let news: Vec<String> = watched.into_iter().chain(barred).chain(driver).collect();
            let news = (!news.is_empty()).then(|| news.join("  ·  "));
            let lasted = moment.now.saturating_sub(running.since).as_secs();
            let below = BelowNames {
                lasted: &whole_minutes(lasted),
                organisation: strip.organisation,
                news: news.as_deref(),
                hint,
            };
            ui.horizontal_centered(|ui| content_ui(ui, strip, below, moment.now, actions));
        });
    // a border, so that the bar stands out from whatever is below
    let window = ui.ctx().content_rect();
    let color = if running.withheld {
        palette.good
    } else {
        palette.danger_fill
    };
    let line = Stroke::new(2.0, color);
    ui.ctx()
        .layer_painter(eframe::egui::LayerId::new(
            eframe::egui::Order::Foreground,
            ui.scope_id().with("border"),
        ))
        .rect_stroke(window, CornerRadius::ZERO, line, StrokeKind::Inside);
    // The clock on the bar goes on by itself, by minutes: each picture of it would be seen by the
    // operator too, and cost more than the whole session while nothing else moves.
    let lasted = moment.now.saturating_sub(running.since);
    let minutes = lasted.as_secs() / 60;
    ui.ctx()
        .request_repaint_after(Duration::from_mins(minutes + 1).saturating_sub(lasted));
    let news_left = running.line.news_left(moment.now);
    if !news_left.is_zero() {
        ui.ctx().request_repaint_after(news_left);
    }
    bar.response.rect
}

/// The line below the names of who is there.
#[derive(Clone, Copy)]
struct BelowNames<'a> {
    /// How long it has lasted.
    lasted: &'a str,
    organisation: Option<&'a str>,
    /// Who watches, and who of several drives.
    news: Option<&'a str>,
    /// What can be done, where nothing is news.
    hint: Option<&'a str>,
}

impl BelowNames<'_> {
    /// The time, whose help desk it is, then the news or else the hint, which is cut where there is no room.
    fn show(self, ui: &mut Ui, lang: Lang, palette: &Palette, is_watched: bool) {
        const SIZE: f32 = 12.0;
        /// The room in which a hint is read, in points.
        const HINT: f32 = 90.0;
        let (news_weight, news_color) = if is_watched {
            (theme::SEMIBOLD, palette.danger)
        } else {
            (theme::REGULAR, palette.dim)
        };
        let quiet = |words: &str| text(words, SIZE, theme::REGULAR, palette.dim);
        // as high as its text, not as buttons
        ui.spacing_mut().interact_size.y = 0.0;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.label(quiet(self.lasted));
            ui.label(quiet("·"));
            let whose = words::help_desk_in_short(lang, self.organisation, self.news.is_some());
            let whose = text(whose, SIZE, theme::MEDIUM, palette.text);
            let whose = ui.add(Label::new(whose).truncate());
            if let Some(name) = self.organisation {
                whose.on_hover_text(visible_line(name));
            }
            let news = self
                .news
                .map(|news| text(news, SIZE, news_weight, news_color));
            // the beginning of a hint says nothing
            let hint = self.hint.filter(|_| ui.available_width() >= HINT);
            if let Some(what) = news.or_else(|| hint.map(quiet)) {
                ui.label(quiet("·"));
                ui.add(Label::new(what).truncate());
            }
        });
    }
}

fn content_ui(
    ui: &mut Ui,
    strip: Strip<'_>,
    below: BelowNames<'_>,
    now: Duration,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui);
    let Strip {
        lang,
        running,
        chat: (unread, chat_shown),
        monitors,
        ..
    } = strip;
    let mut tools = tools(strip);
    let is_tight = fit(&mut tools, ui.available_width(), running.withheld);
    let has = |tool: Tool| tools.contains(&tool);
    rights_ui(ui, lang, running, is_tight);
    ui.add_space(4.0);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        // what the tools leave is the names'
        ui.spacing_mut().item_spacing.x = 4.0;
        if ui
            .add(Push::danger(w(lang, Word::End)).icon(Icon::X))
            .clicked()
        {
            actions.push(Action::End);
        }
        // so that none is pressed for the other
        ui.add_space(6.0);
        let pause = if running.withheld {
            Push::primary(w(lang, Word::GoOn)).icon(Icon::Play)
        } else {
            let word = if is_tight { "" } else { w(lang, Word::Pause) };
            Push::secondary(word).icon(Icon::Pause)
        };
        let mut pause = ui.add(pause);
        if is_tight && !running.withheld {
            let word = w(lang, Word::Pause);
            ui.ctx()
                .accesskit_node_builder(pause.id, |node| node.set_label(word));
            pause = pause.on_hover_text(word);
        }
        if pause.clicked() {
            actions.push(Action::Withhold(!running.withheld));
        }
        if has(Tool::Chat) {
            chat_button_ui(ui, lang, unread, chat_shown, actions);
        }
        if has(Tool::Files) {
            files_button_ui(ui, lang, running, actions);
        }
        if has(Tool::Monitors) {
            let label = words::what_is_shared(lang);
            let icon = Icon::Monitor;
            let shown = running.monitors_shown;
            let toggle = icon_toggle_ui(ui, icon, label, true, shown || monitors.0);
            if toggle.clicked() {
                actions.push(Action::ListMonitors(!shown));
            }
        }
        if has(Tool::Operators) {
            let label = words::who_is_here(lang);
            if icon_toggle_ui(ui, Icon::Users, label, true, running.list_shown).clicked() {
                actions.push(Action::ListOperators(!running.list_shown));
            }
        }
        if has(Tool::Folders) {
            let stop = icon_button_ui(ui, Icon::FolderX, words::stop_browsing(lang), true);
            for present in &running.browsers {
                let who = words::may_browse(lang, &present.name);
                stop.clone().on_hover_text(who);
            }
            if stop.clicked() {
                actions.push(Action::StopBrowsing);
            }
        }
        if has(Tool::Clipboard)
            && icon_button_ui(ui, Icon::ClipboardX, w(lang, Word::StopClipboard), true).clicked()
        {
            actions.push(Action::StopClipboard);
        }
        if has(Tool::Control)
            && icon_button_ui(ui, Icon::Hand, w(lang, Word::StopControl), true).clicked()
        {
            actions.push(Action::StopControl);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            // the bar is dragged by its middle: a drag under a button would take its press
            let middle = ui.available_rect_before_wrap();
            let drag = ui.interact(middle, ui.scope_id().with("drag"), Sense::drag());
            if drag.on_hover_cursor(CursorIcon::Grab).drag_started() {
                actions.push(Action::DragBar);
            }
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                ui.add_space((ui.available_height() - LINES).max(0.0) / 2.0);
                let (who, color) = headline(lang, &palette, running, now);
                let who = headline_text(ui, who, color);
                let who = ui.add(Label::new(who).truncate());
                let names = running.operators.iter();
                for name in names.filter_map(|present| whole_name(&present.name)) {
                    who.clone().on_hover_text(name);
                }
                let is_watched = !running.watched_by.is_empty();
                below.show(ui, lang, &palette, is_watched);
            });
        });
    });
}

/// What can be done but to pause and to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Chat,
    Files,
    Monitors,
    Operators,
    Folders,
    Clipboard,
    Control,
}

/// Those that there are now, from right to left.
fn tools(strip: Strip<'_>) -> Vec<Tool> {
    let Strip {
        running,
        monitors,
        opens_below,
        ..
    } = strip;
    // what the user cannot press makes room for how that ends
    if running.shields.input == ShieldState::Up {
        return Vec::new();
    }
    let has_files = running.rights.has(Rights::FILES) || !running.files.all.is_empty();
    let all = [
        (Tool::Chat, opens_below),
        (Tool::Files, opens_below && has_files),
        (
            Tool::Monitors,
            opens_below && (monitors.1 > 1 || monitors.0),
        ),
        (Tool::Operators, opens_below && running.is_shared()),
        (Tool::Folders, !running.browsers.is_empty()),
        (Tool::Clipboard, running.rights.has(Rights::CLIPBOARD)),
        (Tool::Control, running.is_acted_on()),
    ];
    let there = all.into_iter().filter(|(_, is_there)| *is_there);
    there.map(|(tool, _)| tool).collect()
}

/// Whether a bar `room` points wide has to be brief, so that names can be read. On the smallest displays tools are left
/// out, too: there is always **Pause** and **End**, which do what each of them does, and more.
fn fit(tools: &mut Vec<Tool>, room: f32, withheld: bool) -> bool {
    /// What names are to have, and what they need; that nothing is seen needs more.
    const WISHED: f32 = 170.0;
    const NAMES: f32 = 130.0;
    const PAUSED: f32 = 176.0;
    const TOOL: f32 = 38.0;
    /// **End**, **Pause** or **Go on**, what the operator may, and gaps.
    const AROUND: f32 = 320.0;
    const BRIEFLY_AROUND: f32 = 224.0;
    const WITH_GO_ON: f32 = 280.0;
    const LEFT_OUT_FIRST: [Tool; 5] = [
        Tool::Clipboard,
        Tool::Folders,
        Tool::Monitors,
        Tool::Files,
        Tool::Operators,
    ];
    let width = |tools: &[Tool]| TOOL * f32::from(u8::try_from(tools.len()).unwrap_or(u8::MAX));
    if AROUND + width(tools) + WISHED <= room {
        return false;
    }
    let around = if withheld {
        WITH_GO_ON + PAUSED
    } else {
        BRIEFLY_AROUND + NAMES
    };
    for least in LEFT_OUT_FIRST {
        if around + width(tools) > room {
            tools.retain(|tool| *tool != least);
        }
    }
    true
}

/// The headline; smaller where there is not enough room for it.
fn headline_text(ui: &Ui, words: String, color: Color32) -> RichText {
    /// In points.
    const SMALLER: f32 = 11.5;
    let usual = text(&*words, theme::BODY_SIZE, theme::SEMIBOLD, color);
    let extend = Some(TextWrapMode::Extend);
    let galley = WidgetText::from(usual.clone()).into_galley(
        ui,
        extend,
        f32::INFINITY,
        FontId::proportional(theme::BODY_SIZE),
    );
    if galley.size().x <= ui.available_width() {
        usual
    } else {
        text(words, SMALLER, theme::SEMIBOLD, color)
    }
}

/// Who is there; or how the line stands, where that is news.
fn headline(lang: Lang, palette: &Palette, running: &Running, now: Duration) -> (String, Color32) {
    match running.line {
        Line::Lost => (w(lang, Word::LineLost).to_owned(), palette.danger),
        Line::Back { .. } if !running.line.news_left(now).is_zero() => {
            (w(lang, Word::LineBack).to_owned(), palette.text)
        }
        Line::Up | Line::Back { .. } if running.monitor_gone => {
            (words::monitor_gone(lang).to_owned(), palette.danger)
        }
        Line::Up | Line::Back { .. } if running.withheld => {
            (words::paused(lang).to_owned(), palette.text)
        }
        Line::Up | Line::Back { .. } if running.shields.input == ShieldState::Up => {
            (words::input_blocked(lang).to_owned(), palette.danger)
        }
        Line::Up | Line::Back { .. } if !running.resting.is_empty() => {
            (words::rests(lang, &running.resting), palette.text)
        }
        Line::Up | Line::Back { .. } => (operators_are_here(lang, &running.names()), palette.text),
    }
}

/// An eye, and a hand where the operator may use keyboard and mouse; the more important alone if `is_tight`.
fn rights_ui(ui: &mut Ui, lang: Lang, running: &Running, is_tight: bool) {
    let mark = |ui: &mut Ui, icon, tone, name: &str| {
        let tile = ui_kit::widgets::icon_tile_ui(ui, icon, tone, 32.0);
        ui.ctx().accesskit_node_builder(tile.id, |node| {
            node.set_role(eframe::egui::accesskit::Role::Image);
            node.set_label(name);
        });
        tile.on_hover_text(name);
    };
    if running.line == Line::Lost {
        mark(
            ui,
            Icon::Unplug,
            Tone::Warning,
            words::nothing_seen_now(lang),
        );
        return;
    }
    if running.withheld {
        let name = words::nothing_seen_now(lang);
        mark(ui, Icon::EyeOff, Tone::Good, name);
        return;
    }
    let controls = running.is_acted_on();
    if is_tight && controls {
        let both = [Word::ViewedNow, Word::ControlledNow].map(|word| w(lang, word));
        mark(ui, Icon::MousePointerClick, Tone::Danger, &both.join(". "));
        return;
    }
    mark(ui, Icon::Eye, Tone::Danger, w(lang, Word::ViewedNow));
    if is_tight {
        return;
    }
    if controls {
        mark(
            ui,
            Icon::MousePointerClick,
            Tone::Danger,
            w(lang, Word::ControlledNow),
        );
    } else {
        mark(
            ui,
            Icon::MousePointerBan,
            Tone::Neutral,
            w(lang, Word::ControlStopped),
        );
    }
}

/// Where files may go, or have gone.
fn files_button_ui(ui: &mut Ui, lang: Lang, running: &Running, actions: &mut Vec<Action>) {
    let files = &running.files;
    let label = words::files_under_way(lang, files.under_way());
    let icon = if files.shown {
        Icon::ChevronUp
    } else {
        Icon::FolderUp
    };
    let button = icon_button_ui(ui, icon, &label, true);
    if files.under_way() > 0 && !files.shown {
        let palette = Palette::of(ui);
        let at = button.rect.right_top() + vec2(-8.0, 8.0);
        ui.painter().circle_filled(at, 4.5, palette.danger_fill);
    }
    if button.clicked() {
        actions.push(Action::ShowFiles(!files.shown));
    }
}

fn chat_button_ui(ui: &mut Ui, lang: Lang, unread: usize, shown: bool, actions: &mut Vec<Action>) {
    let label = words::chat_unread(lang, unread);
    let icon = if shown {
        Icon::ChevronUp
    } else {
        Icon::MessageCircle
    };
    let button = icon_button_ui(ui, icon, &label, true);
    if unread > 0 {
        let palette = Palette::of(ui);
        let center = button.rect.right_top() + vec2(-7.0, 8.0);
        ui.painter().circle_filled(center, 8.0, palette.danger_fill);
        let count = if unread > 9 {
            "9+".to_owned()
        } else {
            unread.to_string()
        };
        let font = FontId::proportional(10.5);
        ui.painter()
            .text(center, Align2::CENTER_CENTER, count, font, Color32::WHITE);
    }
    if button.clicked() {
        actions.push(Action::ShowChat(!shown));
    }
}
