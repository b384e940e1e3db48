//! The tool bar of a session window, its chat, and how it says that the session is over (S2).

use egui::{CornerRadius, Frame, Margin, Panel, Popup, Response, ScrollArea, Stroke, Ui};
use protocol::{Rights, Shield, ShieldState};
use ui_kit::widgets::{
    DialogSize, Field, Push, TICKET_DIGITS, banner_ui, chip_ui, dialog_ui, escaped_from,
    icon_button_ui, icon_button_unless_ui, icon_tile_ui, icon_toggle_ui, menu_item_ui,
    section_header_ui, text_field_ui, ticket_entry_ui,
};
use ui_kit::words::{chat_with, hindrance_for_operator, hindrance_in_short, name_alone};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::chat::conversation_ui;
use super::keys::{all_keys_ui, special_keys_ui, view_only_ui};
use super::line::line_ui;
use super::sights::{depth_menu_ui, monitor_menu_ui, size_menu_ui};
use crate::phrases;
use crate::state::session::{BringIn, Driver, Marking, SessionState, SessionWish};
use crate::state::view::HostView;

/// Height of the tool bar, in points.
pub const BAR_HEIGHT: f32 = 44.0;
/// Width of the chat beside the screen, in points.
pub const CHAT_WIDTH: f32 = 320.0;
/// Width of the menus, in points.
const MENU_WIDTH: f32 = 240.0;
/// In a narrower window, in points, what there is to know has a strip of its own below the tools.
const ROOM_FOR_NEWS: f32 = 900.0;
/// With less room than this, in points, a name that is cut goes to that strip too.
const LEAST_OF_A_NAME: f32 = 110.0;
/// Height of that strip, in points.
const NEWS_HEIGHT: f32 = 30.0;
/// How long the window says that the session is over before it goes, in seconds.
pub const FAREWELL_SECONDS: f64 = 8.0;

/// Draws the tool bar at the top of the window.
pub fn bar_ui(ui: &mut Ui, state: &mut SessionState) {
    let palette = Palette::of(ui);
    let has_room = ui.available_width() >= ROOM_FOR_NEWS;
    let mut name_needs_room = false;
    Panel::top("session tools")
        .exact_size(BAR_HEIGHT)
        .show_separator_line(false)
        .frame(
            Frame::new()
                .fill(palette.card)
                .inner_margin(Margin::symmetric(8, 0)),
        )
        .show(ui, |ui| {
            let bar = ui.max_rect();
            let line = Stroke::new(1.0, palette.line);
            ui.painter()
                .hline(bar.x_range().expand(8.0), bar.bottom() - 0.5, line);
            ui.horizontal_centered(|ui| {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.spacing_mut().item_spacing.x = 2.0;
                    let end = w(state.lang, Word::End);
                    let over = state.ended.map(|_| w(state.lang, Word::SessionEndedTitle));
                    let ending = state.ending.then(|| phrases::view::ending(state.lang));
                    let reason = over.or(ending);
                    let running = reason.is_none();
                    let end = Push::danger(end).icon(Icon::X).unless(reason);
                    if ui.add(end).clicked() {
                        state.wishes.push(SessionWish::End);
                    }
                    ui.add_space(6.0);
                    tools_ui(ui, state);
                    let quality = state.line.as_ref();
                    let quality = quality.filter(|_| running && !state.stands_still());
                    state.line_open = quality.is_some_and(|quality| {
                        ui.add_space(4.0);
                        line_ui(ui, state.lang, quality, has_room)
                    });
                    if has_room {
                        ui.add_space(8.0);
                        rights_ui(ui, state);
                        ui.add_space(8.0);
                    }
                    // what the tools leave is the title's
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        ui.add_space(4.0);
                        let title = if has_room {
                            state.title()
                        } else {
                            name_alone(state.lang, &state.host)
                        };
                        let label = text(title, 13.5, theme::SEMIBOLD, palette.text);
                        // a name of which only the beginning is left says nothing
                        let is_little = ui.available_width() < LEAST_OF_A_NAME;
                        name_needs_room = !has_room && is_little && !fits(ui, &label);
                        if !name_needs_room {
                            ui.add(egui::Label::new(label).truncate())
                                .on_hover_text(state.title());
                        }
                    });
                });
            });
        });
    if name_needs_room || (!has_room && has_news(state)) {
        let frame = Frame::new().fill(palette.card);
        Panel::top("session news")
            .exact_size(NEWS_HEIGHT)
            .show_separator_line(false)
            .frame(frame.inner_margin(Margin::symmetric(8, 0)))
            .show(ui, |ui| {
                ui.horizontal_centered(|ui| {
                    if name_needs_room {
                        let name = name_alone(state.lang, &state.host);
                        let label = text(name, 13.5, theme::SEMIBOLD, palette.text);
                        ui.add(egui::Label::new(label).truncate())
                            .on_hover_text(state.title());
                        ui.add_space(6.0);
                    }
                    rights_ui(ui, state);
                });
            });
    }
}

/// Whether all of `label` has room in its line.
fn fits(ui: &Ui, label: &egui::RichText) -> bool {
    let wide = egui::WidgetText::from(label.clone()).into_galley(
        ui,
        Some(egui::TextWrapMode::Extend),
        f32::INFINITY,
        egui::TextStyle::Body,
    );
    wide.size().x <= ui.available_width()
}

/// Whether [`rights_ui`] says anything.
fn has_news(state: &SessionState) -> bool {
    let is_up = |shield: &Shield| state.shield(*shield) == ShieldState::Up;
    !state.company.others.is_empty()
        || !state.watched_by.is_empty()
        || !state.rights.has(Rights::CONTROL)
        || state.hindrances.input.is_some()
        || state.view_only
        || state.all_keys
        || Shield::ALL.iter().any(is_up)
        || (state.controls() && state.keys_by_place)
}

fn rights_ui(ui: &mut Ui, state: &SessionState) {
    company_ui(ui, state);
    if !state.watched_by.is_empty() {
        let watched = ui_kit::words::watched_by(state.lang, &state.watched_by);
        chip_ui(ui, &watched, Tone::Danger);
    }
    if !state.rights.has(Rights::CONTROL) || state.barred().is_some() {
        let chip = chip_ui(ui, w(state.lang, Word::ViewOnly), Tone::Warning);
        let why = state.barred().map_or_else(
            || phrases::view_only_granted(state.lang),
            |hindrance| hindrance_for_operator(state.lang, hindrance),
        );
        chip.on_hover_text(why);
    } else if let Some(hindrance) = state.hindrances.input {
        let chip = chip_ui(ui, hindrance_in_short(state.lang, hindrance), Tone::Warning);
        chip.on_hover_text(hindrance_for_operator(state.lang, hindrance));
    } else if state.view_only {
        chip_ui(ui, w(state.lang, Word::ViewOnly), Tone::Accent);
    } else if state.all_keys {
        let hint = phrases::escape_key(state.lang, ESCAPE_KEYS);
        chip_ui(ui, phrases::all_keys(state.lang), Tone::Accent).on_hover_text(hint);
    }
    for shield in Shield::ALL {
        if state.shield(shield) == ShieldState::Up {
            let ends = phrases::shields::how_it_ends(state.lang, shield);
            let up = phrases::shields::is_up(state.lang, shield);
            chip_ui(ui, up, Tone::Warning).on_hover_text(ends);
        }
    }
    if state.controls() && state.keys_by_place {
        let note = phrases::view::physical_keys_note(state.lang);
        let chip = phrases::view::physical_keys(state.lang);
        chip_ui(ui, chip, Tone::Accent).on_hover_text(note);
    }
}

/// Who has keyboard and mouse where several operators are there; all of them on a closer look (O11).
fn company_ui(ui: &mut Ui, state: &SessionState) {
    let (lang, company) = (state.lang, &state.company);
    if company.others.is_empty() {
        return;
    }
    let everybody = phrases::together_with(lang, &company.others);
    let (label, tone) = match &company.driver {
        Driver::Nobody => (everybody.clone(), Tone::Neutral),
        Driver::You => (phrases::you_have_control(lang).to_owned(), Tone::Good),
        Driver::Other(name) => (ui_kit::words::has_control(lang, name), Tone::Warning),
    };
    chip_ui(ui, &label, tone).on_hover_text(everybody);
}

/// The dialog that brings a colleague in, while it is open (O11).
pub fn bring_in_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let Some(open) = &mut state.bring_in else {
        return;
    };
    let (mut digits, mut cancelled) = (None, false);
    let icon = Some((Icon::UserPlus, Tone::Accent));
    let title = phrases::bring_in(lang);
    let dialog = dialog_ui(
        ui.ctx(),
        "bring in",
        DialogSize::Medium,
        icon,
        title,
        |ui| {
            let palette = Palette::of(ui);
            let note = text(
                phrases::bring_in_note(lang),
                14.0,
                theme::REGULAR,
                palette.dim,
            );
            ui.label(note);
            ui.add_space(10.0);
            let before = open.digits.clone();
            let label = phrases::colleagues_ticket(lang);
            let failed = open.problem.is_some();
            let entry = ui.add_enabled_ui(!open.waiting, |ui| {
                ticket_entry_ui(ui, label, &mut open.digits, failed)
            });
            let entry = entry.inner;
            if before.is_empty() && !entry.response.has_focus() && !failed {
                entry.response.request_focus();
            }
            if before != open.digits {
                open.problem = None;
            }
            if let Some(missing) = entry.refused {
                open.problem = Some(ui_kit::words::ticket_missing(lang, missing).to_owned());
            }
            if let Some(problem) = &open.problem {
                ui.add_space(6.0);
                banner_ui(ui, Tone::Danger, problem);
            }
            ui.add_space(12.0);
            let is_complete = open.digits.len() == TICKET_DIGITS && !open.waiting;
            let enter = ui.input(|input| input.key_pressed(egui::Key::Enter));
            super::foot_ui(ui, |ui| {
                let button = Push::primary(phrases::bring_in_button(lang)).enabled(is_complete);
                if ui.add(button).clicked() || (enter && is_complete) {
                    digits = Some(open.digits.clone());
                }
                if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                    cancelled = true;
                }
                if open.waiting {
                    ui.spinner();
                }
            });
        },
    );
    let escaped = escaped_from(&dialog);
    if let Some(digits) = digits {
        state.wishes.push(SessionWish::BringIn { digits });
    } else if cancelled || escaped {
        state.bring_in = None;
    }
}

/// The dialog for a moment's words, while it is open. Enter marks it, with words or without.
pub fn mark_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let Some(open) = &mut state.marking else {
        return;
    };
    let icon = Some((Icon::Bookmark, Tone::Accent));
    let title = phrases::mark_moment(lang);
    let dialog = dialog_ui(ui.ctx(), "mark", DialogSize::Medium, icon, title, |ui| {
        let palette = Palette::of(ui);
        let note = phrases::mark_note(lang);
        ui.label(text(note, 14.0, theme::REGULAR, palette.dim));
        ui.add_space(10.0);
        let field = Field::new(phrases::mark_words(lang));
        let field = text_field_ui(ui, &field, &mut open.text);
        if !field.has_focus() && !field.lost_focus() {
            field.request_focus();
        }
        let enter = ui.input(|input| input.key_pressed(egui::Key::Enter));
        ui.add_space(12.0);
        let mut answer = None;
        super::foot_ui(ui, |ui| {
            if ui.add(Push::primary(phrases::mark_button(lang))).clicked() || enter {
                answer = Some(true);
            }
            if ui.add(Push::secondary(w(lang, Word::Cancel))).clicked() {
                answer = Some(false);
            }
        });
        answer
    });
    let answer = if escaped_from(&dialog) {
        Some(false)
    } else {
        dialog.inner
    };
    let Some(yes) = answer else { return };
    if let Some(Marking { text, at }) = state.marking.take().filter(|_| yes) {
        let ago = at.elapsed();
        state.wishes.push(SessionWish::Mark { text, ago });
    }
}

/// The keys that mark a moment.
pub const MARK_KEYS: &str = "Ctrl+Alt+Shift+M";

/// The keys that end the all-keys mode.
pub const ESCAPE_KEYS: &str = "Ctrl+Alt+Shift+E";

/// From right to left.
fn tools_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    more_menu_ui(ui, state);
    let label = w(lang, Word::Screenshot);
    if icon_button_unless_ui(ui, Icon::Camera, label, no_picture(state)).clicked() {
        state.wishes.push(SessionWish::Screenshot);
    }
    let mark = format!("{} ({MARK_KEYS})", phrases::mark_moment(lang));
    let reason = state.line_obstacle();
    if icon_button_unless_ui(ui, Icon::Bookmark, &mark, reason).clicked() {
        state.begin_mark();
    }
    let chat = match state.chat.unread {
        0 => w(lang, Word::Chat).to_owned(),
        unread => format!(
            "{} ({})",
            w(lang, Word::Chat),
            phrases::unread(lang, unread)
        ),
    };
    let toggle = icon_toggle_ui(ui, Icon::MessageCircle, &chat, true, state.chat_open);
    if state.chat.unread > 0 {
        let palette = Palette::of(ui);
        let at = toggle.rect.right_top() + egui::vec2(-8.0, 8.0);
        ui.painter().circle_filled(at, 4.5, palette.danger_fill);
    }
    if toggle.clicked() {
        state.chat_open = !state.chat_open;
    }
    view_only_ui(ui, state);
    special_keys_ui(ui, state);
    all_keys_ui(ui, state);
    let (icon, word) = if state.full_screen {
        (Icon::Minimize, Word::LeaveFullScreen)
    } else {
        (Icon::Maximize, Word::FullScreen)
    };
    if icon_toggle_ui(ui, icon, w(lang, word), true, state.full_screen).clicked() {
        state.choose_full_screen(!state.full_screen);
    }
    monitor_menu_ui(ui, state);
    depth_menu_ui(ui, state);
    size_menu_ui(ui, state);
}

/// The menu of `button`; what a small window has no room for is scrolled to.
pub(super) fn menu_ui(button: &Response, items: impl FnOnce(&mut Ui)) {
    Popup::menu(button).show(|ui| {
        ui.set_width(MENU_WIDTH);
        let height = (ui.ctx().content_rect().height() - BAR_HEIGHT - 40.0).max(96.0);
        // a menu has a usual height, beyond which it would scroll in a large window, too
        let area = ScrollArea::vertical().max_height(height);
        area.min_scrolled_height(height).show(ui, items);
    });
}

/// Why there is nothing to take a picture of yet, if so.
fn no_picture(state: &SessionState) -> Option<&'static str> {
    let waits = state.layout.is_none();
    waits.then(|| w(state.lang, Word::WaitingForPicture))
}

/// What is seldom needed; what cannot be done now is greyed with the reason (E1).
fn more_menu_ui(ui: &mut Ui, state: &mut SessionState) {
    let lang = state.lang;
    let button = icon_button_ui(ui, Icon::Ellipsis, w(lang, Word::SessionMenu), true);
    menu_ui(&button, |ui| {
        let over = state.line_obstacle();
        let reason = over;
        let label = phrases::bring_in(lang);
        if menu_item_ui(ui, Some(Icon::UserPlus), label, false, reason).clicked() {
            state.bring_in = Some(BringIn::default());
            ui.close();
        }
        // the list says why nothing can be sent
        let label = w(lang, Word::SendFiles);
        if menu_item_ui(ui, Some(Icon::Upload), label, state.files.open, None).clicked() {
            state.files.open = !state.files.open;
            ui.close();
        }
        let not_allowed = || {
            let may = state.rights.has(Rights::FILES);
            (!may).then(|| phrases::files_not_allowed(lang))
        };
        let why_not = reason.or_else(not_allowed);
        let label = w(lang, Word::FetchFiles);
        if menu_item_ui(ui, Some(Icon::Download), label, false, why_not).clicked() {
            state.open_browser();
            ui.close();
        }
        let label = phrases::copy_screenshot(lang);
        if menu_item_ui(ui, Some(Icon::Camera), label, false, no_picture(state)).clicked() {
            state.wishes.push(SessionWish::CopyScreenshot);
            ui.close();
        }
        let obstacle = state.clipboard_obstacle();
        let ways = state.clipboard;
        let mut wanted = ways;
        for (icon, label, way) in [
            (
                Icon::ClipboardCopy,
                phrases::share_my_clipboard(lang),
                &mut wanted.to_hosts,
            ),
            (
                Icon::ClipboardPaste,
                phrases::take_their_clipboard(lang),
                &mut wanted.from_hosts,
            ),
        ] {
            let is_on = *way && obstacle.is_none();
            if menu_item_ui(ui, Some(icon), label, is_on, obstacle).clicked() {
                *way = !*way;
                ui.close();
            }
        }
        if wanted != ways {
            state.wishes.push(SessionWish::ShareClipboard(wanted));
        }
        let paused = || state.withheld.then(|| phrases::paused_by_user(lang));
        let reason = reason.or_else(paused);
        let label = w(lang, Word::SystemInformation);
        if menu_item_ui(ui, Some(Icon::Info), label, false, reason).clicked() {
            state.open_system();
            ui.close();
        }
        let label = phrases::end_with_message(lang);
        if menu_item_ui(ui, Some(Icon::MessageSquare), label, false, over).clicked() {
            state.begin_closing();
            ui.close();
        }
        ui.separator();
        for (icon, shield) in [
            (Icon::Lock, Shield::Input),
            (Icon::MonitorOff, Shield::Screen),
        ] {
            shield_ui(ui, state, icon, shield, reason);
        }
        let (icon, word) = if state.resting {
            (Icon::Play, Word::GoOn)
        } else {
            (Icon::Pause, Word::Pause)
        };
        let over = state.ended.map(|_| w(lang, Word::SessionEndedTitle));
        if menu_item_ui(ui, Some(icon), w(lang, word), false, over).clicked() {
            state.set_resting(!state.resting);
            ui.close();
        }
        ui.separator();
        let is_usual = state.view == HostView::default();
        let nothing = is_usual.then(|| phrases::view::nothing_to_reset(lang));
        let label = phrases::view::reset_view(lang);
        let mut item = menu_item_ui(ui, Some(Icon::RotateCcw), label, false, nothing);
        if !is_usual {
            item = item.on_hover_text(phrases::view::reset_view_note(lang));
        }
        if item.clicked() {
            state.reset_view();
            ui.close();
        }
    });
}

/// What keeps the user's hands or eyes off while it is checked.
fn shield_ui(
    ui: &mut Ui,
    state: &mut SessionState,
    icon: Icon,
    shield: Shield,
    reason: Option<&str>,
) {
    let lang = state.lang;
    let stands = state.shields.map(|shields| shields.of(shield));
    let is_up = stands == Some(ShieldState::Up);
    let watching = (!state.rights.has(Rights::CONTROL)).then(|| {
        let hindrance = state.hindrances.input;
        hindrance.map_or_else(
            || phrases::view_only_granted(lang),
            |hindrance| hindrance_for_operator(lang, hindrance),
        )
    });
    let resting = state.resting.then(|| phrases::shields::you_paused(lang));
    let obstacle = reason.or(resting).or(watching);
    let obstacle = obstacle.or_else(|| phrases::shields::obstacle(lang, stands));
    let label = phrases::shields::label(lang, shield);
    let mut item = menu_item_ui(ui, Some(icon), label, is_up, obstacle);
    if obstacle.is_none() {
        item = item.on_hover_text(phrases::shields::how_it_ends(lang, shield));
    }
    if item.clicked() {
        state.wishes.push(SessionWish::Shield(shield, !is_up));
        ui.close();
    }
}

/// Draws the conversation at the right of the screen, if it is open.
pub fn chat_side_ui(ui: &mut Ui, state: &mut SessionState) {
    if !state.chat_open || state.ended.is_some() {
        return;
    }
    let palette = Palette::of(ui);
    if state.chat.unread > 0 {
        state.wishes.push(SessionWish::ChatSeen);
        state.chat.unread = 0;
    }
    Panel::right("session chat")
        .exact_size(CHAT_WIDTH)
        .resizable(false)
        .frame(Frame::new().fill(palette.card).inner_margin(12))
        .show(ui, |ui| {
            section_header_ui(ui, &chat_with(state.lang, &state.chat.name), "");
            let said = (state.lang, state.clock);
            let sent = conversation_ui(ui, said, &mut state.chat, &state.snippets, true);
            if let Some(text) = sent {
                state.wishes.push(SessionWish::SendChat { text });
            }
        });
}

/// Says over the screen, which stays to be seen, that the line is lost.
pub fn paused_ui(ui: &mut Ui, lang: Lang, area: egui::Rect) {
    let veil = egui::Color32::from_black_alpha(170);
    ui.painter().rect_filled(area, CornerRadius::ZERO, veil);
    let mut over = ui.new_child(egui::UiBuilder::new().max_rect(area));
    over.visuals_mut().dark_mode = true;
    over.centered_and_justified(|ui| {
        let words = w(lang, Word::LineLost);
        ui.label(text(words, 18.0, theme::SEMIBOLD, egui::Color32::WHITE));
    });
}

/// Says over the screen that the user has paused, calmly; what may be seen of it is from before.
pub fn withheld_ui(ui: &mut Ui, lang: Lang, area: egui::Rect, has_picture: bool) {
    let title = phrases::paused_by_user(lang);
    still_ui(ui, area, title, phrases::paused_note(lang, has_picture));
}

/// Says over the screen that the operator has paused; whether they go on.
pub fn resting_ui(ui: &mut Ui, lang: Lang, area: egui::Rect) -> bool {
    let title = phrases::shields::you_paused(lang);
    let mut over = still_ui(ui, area, title, phrases::shields::you_paused_note(lang));
    over.add_space(12.0);
    let go_on = Push::primary(w(lang, Word::GoOn)).icon(Icon::Play);
    over.add(go_on).clicked()
}

/// Words over a picture that stands still; gives what goes below them.
fn still_ui(ui: &mut Ui, area: egui::Rect, title: &str, note: &str) -> Ui {
    /// Of the words, in points.
    const WIDTH: f32 = 560.0;
    /// Of icon, words and what is below them together, in points.
    const HEIGHT: f32 = 130.0;
    let veil = egui::Color32::from_black_alpha(200);
    ui.painter().rect_filled(area, CornerRadius::ZERO, veil);
    let size = egui::vec2(WIDTH.min(area.width() - 16.0), HEIGHT.min(area.height()));
    let middle = egui::Rect::from_center_size(area.center(), size.max(egui::Vec2::ZERO));
    let mut over = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(middle)
            .layout(egui::Layout::top_down(egui::Align::Center)),
    );
    over.visuals_mut().dark_mode = true;
    icon_tile_ui(&mut over, Icon::Pause, Tone::Neutral, 44.0);
    over.add_space(10.0);
    over.label(text(title, 18.0, theme::SEMIBOLD, egui::Color32::WHITE));
    let note = text(note, 14.0, theme::REGULAR, Palette::DARK.dim);
    over.add(egui::Label::new(note).wrap().halign(egui::Align::Center));
    over
}

/// Says over the screen that the session is over, and goes after a moment.
pub fn ended_ui(ui: &mut Ui, state: &mut SessionState) {
    let Some(by) = state.ended else { return };
    let now = ui.input(|input| input.time);
    let since = *state.ended_at_seconds.get_or_insert(now);
    let left = since + FAREWELL_SECONDS - now;
    if left <= 0.0 {
        state.wishes.push(SessionWish::Leave);
        return;
    }
    ui.ctx()
        .request_repaint_after(std::time::Duration::from_secs_f64(left));
    let sentence = phrases::session_over(state.lang, by, state.hindrances);
    if over_ui(ui, state.lang, &sentence, state.report_follows) {
        state.wishes.push(SessionWish::Leave);
    }
}

/// The card itself; whether its button was pressed.
fn over_ui(ui: &mut Ui, lang: Lang, sentence: &str, report_follows: bool) -> bool {
    let palette = Palette::of(ui);
    let area = ui.max_rect();
    ui.painter()
        .rect_filled(area, CornerRadius::ZERO, palette.background);
    let card = egui::Rect::from_center_size(area.center(), egui::vec2(400.0, 190.0));
    let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(card));
    Frame::new()
        .fill(palette.card)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(theme::CARD_RADIUS)
        .inner_margin(22)
        .show(&mut inside, |ui| {
            ui.set_width(card.width() - 44.0);
            ui.horizontal(|ui| {
                icon_tile_ui(ui, Icon::MonitorOff, Tone::Neutral, 36.0);
                ui.add_space(4.0);
                let title = w(lang, Word::SessionEndedTitle);
                ui.label(text(title, 18.0, theme::BOLD, palette.text));
            });
            ui.add_space(4.0);
            ui.label(text(sentence, 14.5, theme::REGULAR, palette.dim));
            ui.add_space(8.0);
            let button = if report_follows {
                Push::primary(phrases::write_the_report(lang)).trailing_icon(Icon::ArrowRight)
            } else {
                Push::secondary(w(lang, Word::Close))
            };
            ui.add(button).clicked()
        })
        .inner
}
