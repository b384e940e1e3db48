//! The host's folders, over its screen (S6).

use egui::{
    Align, EventFilter, Id, Key, Label, Layout, Modifiers, Rect, ScrollArea, Sense, Ui, UiBuilder,
    vec2,
};
use protocol::browse::{BrowseAnswer, FolderAt, FolderPlace, ListedKind};
use protocol::transfers::Transfer;
use ui_kit::widgets::{
    DialogSize, LISTED_HEIGHT, ListedRow, Push, banner_ui, dialog_ui, dropped_paths,
    empty_state_ui, escaped_from, icon_button_ui, link_button_ui, listed_columns, listed_row_ui,
};
use ui_kit::words::{file_count, file_fault, size_text, transfer_text, visible_line};
use ui_kit::{Clock, Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::files::question_ui;
use crate::phrases;
use crate::state::browser::{Browser, By, Choose, Consent, Folder};
use crate::state::session::{SessionState, SessionWish};

/// The title, the path, the buttons and the margins, in points.
const AROUND: f32 = 330.0;
/// What a question about a name that is there adds.
const QUESTION_HEIGHT: f32 = 190.0;
/// How many folders of a path are shown.
const MOST_PARTS: usize = 4;
/// Rows that Page Up and Page Down go.
const PAGE: isize = 10;
/// Where keys lead, in rows.
const STEPS: [(Key, isize); 6] = [
    (Key::ArrowDown, 1),
    (Key::ArrowUp, -1),
    (Key::PageDown, PAGE),
    (Key::PageUp, -PAGE),
    (Key::Home, isize::MIN),
    (Key::End, isize::MAX),
];

/// Draws the window while it is open.
pub fn browser_ui(ui: &mut Ui, state: &mut SessionState) {
    if !state.browser.open || state.ended.is_some() {
        return;
    }
    let (lang, clock) = (state.lang, state.clock);
    let ctx = ui.ctx().clone();
    let dropped = ctx.input(|input| dropped_paths(&input.raw));
    if !dropped.is_empty() && state.may_send_files() {
        let wish = state.send_files(dropped);
        state.wishes.push(wish);
    }
    let title = phrases::files_on(lang, &state.host);
    let icon = Some((Icon::FolderOpen, Tone::Accent));
    let height = (ctx.content_rect().height() - AROUND).clamp(80.0, 420.0);
    let line_is_lost = state.paused;
    let browser = &mut state.browser;
    let files = &mut state.files;
    let wishes = &mut state.wishes;
    let is_asked = files.all.iter().any(|transfer| transfer.question.is_some());
    let height = if is_asked {
        (height - QUESTION_HEIGHT).max(80.0)
    } else {
        height
    };
    let dialog = dialog_ui(&ctx, "browser", DialogSize::Large, icon, &title, |ui| {
        match browser.consent {
            Consent::Unasked | Consent::Asking => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label(phrases::system::asking(lang));
                });
            }
            Consent::Not(answer) => banner_ui(ui, Tone::Warning, not_allowed(lang, answer)),
            Consent::Allowed => {
                if line_is_lost {
                    banner_ui(ui, Tone::Warning, w(lang, Word::LineLost));
                }
                where_ui(ui, lang, browser, wishes);
                if let Some(fault) = browser.problem {
                    banner_ui(ui, Tone::Danger, file_fault(lang, fault));
                }
                entries_ui(ui, (lang, clock), browser, height, wishes);
            }
        }
        ui.add_space(10.0);
        wishes.extend(question_ui(ui, (lang, clock), files));
        foot_ui(ui, lang, browser, files.all.first(), wishes)
    });
    if dialog.inner || escaped_from(&dialog) {
        state.browser.open = false;
    }
}

fn not_allowed(lang: Lang, answer: BrowseAnswer) -> &'static str {
    match answer {
        BrowseAnswer::Allowed | BrowseAnswer::Refused => phrases::system::refused(lang),
        BrowseAnswer::UserChooses => phrases::user_chooses_files(lang),
        BrowseAnswer::Stopped => phrases::folders_stopped(lang),
    }
}

fn place_face(lang: Lang, place: FolderPlace) -> (Icon, &'static str) {
    match place {
        FolderPlace::Home => (Icon::House, phrases::place_home(lang)),
        FolderPlace::Desktop => (Icon::Monitor, phrases::place_desktop(lang)),
        FolderPlace::Documents => (Icon::FileText, phrases::place_documents(lang)),
        FolderPlace::Downloads => (Icon::Download, phrases::place_downloads(lang)),
        FolderPlace::Computer => (Icon::HardDrive, phrases::place_computer(lang)),
    }
}

/// The places, and the path of what is shown.
fn where_ui(ui: &mut Ui, lang: Lang, browser: &mut Browser, wishes: &mut Vec<SessionWish>) {
    let palette = Palette::of(ui);
    let mut go = None;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        for place in FolderPlace::ALL {
            let (icon, name) = place_face(lang, place);
            if link_button_ui(ui, Some(icon), name).clicked() {
                go = Some(FolderAt::Place(place));
            }
        }
    });
    let listing = browser.folder.listing;
    let path = &browser.folder.path;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let can_go = listing != 0;
        let up = phrases::folder_above(lang);
        if icon_button_ui(ui, Icon::ArrowUp, up, can_go && path.len() > 1).clicked() {
            go = Some(FolderAt::Above { listing, levels: 1 });
        }
        let again = phrases::folder_again(lang);
        if icon_button_ui(ui, Icon::RefreshCw, again, can_go).clicked() {
            go = Some(FolderAt::Same { listing });
        }
        ui.add_space(4.0);
        let hidden = path.len().saturating_sub(MOST_PARTS);
        if hidden > 0 {
            ui.label(text("…", theme::SMALL_SIZE, theme::REGULAR, palette.dim));
        }
        for (index, part) in path.iter().enumerate().skip(hidden) {
            if index > hidden || hidden > 0 {
                ui.label(theme::icon(Icon::ChevronRight, 12.0, palette.dim));
            }
            let name = short(&visible_line(part));
            if index + 1 == path.len() {
                let name = text(name, theme::SMALL_SIZE, theme::SEMIBOLD, palette.text);
                ui.add(Label::new(name).truncate())
                    .on_hover_text(visible_line(part));
            } else if link_button_ui(ui, None, &name).clicked() {
                let levels = u16::try_from(path.len() - 1 - index).unwrap_or(u16::MAX);
                go = Some(FolderAt::Above { listing, levels });
            }
        }
        if browser.waiting {
            ui.spinner();
        }
    });
    if let Some(at) = go {
        list(browser, at, wishes);
    }
}

/// A name that leaves room for others.
fn short(name: &str) -> String {
    const MOST: usize = 24;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    let begin: String = name.chars().take(MOST - 1).collect();
    format!("{begin}…")
}

fn list(browser: &mut Browser, at: FolderAt, wishes: &mut Vec<SessionWish>) {
    let listing = browser.ask();
    wishes.push(SessionWish::List { listing, at });
}

fn entries_ui(
    ui: &mut Ui,
    (lang, clock): (Lang, Clock),
    browser: &mut Browser,
    height: f32,
    wishes: &mut Vec<SessionWish>,
) {
    head_ui(ui, lang, &mut browser.folder);
    let id = list_id();
    let (moved, opened) = keys(ui, id, browser, wishes);
    let mut open = opened.then_some(browser.folder.at);
    let area = ScrollArea::vertical()
        .max_height(height)
        .min_scrolled_height(height)
        .auto_shrink(false);
    let folder = &mut browser.folder;
    let is_empty = folder.rows().is_empty();
    area.show_viewport(ui, |ui, viewport| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if is_empty {
            if folder.whole {
                empty_state_ui(ui, Icon::FolderOpen, phrases::folder_is_empty(lang), "");
            }
            return;
        }
        let start = ui.max_rect().left_top();
        let width = ui.available_width();
        let place = |row: usize| {
            let above = start + vec2(0.0, offset(row));
            Rect::from_min_size(above, vec2(width, LISTED_HEIGHT))
        };
        if moved {
            ui.scroll_to_rect(place(folder.at), None);
        }
        let has_keyboard = ui.memory(|memory| memory.has_focus(id));
        for row in in_sight(viewport, folder.rows().len()) {
            let Some((entry, listed)) = folder.row(row) else {
                continue;
            };
            let is_file = listed.kind == ListedKind::File;
            let size = if is_file {
                size_text(lang, listed.bytes)
            } else {
                String::new()
            };
            let date = match listed.modified_unix_millis {
                0 => String::new(),
                millis => clock.date_time(millis.div_euclid(1000)),
            };
            let (icon, tone) = kind_face(listed.kind);
            let shown = ListedRow {
                icon,
                tone,
                name: &listed.name,
                size: &size,
                date: &date,
                enabled: matches!(listed.kind, ListedKind::File | ListedKind::Folder),
                chosen: folder.chosen.contains(&entry),
                here: has_keyboard && row == folder.at,
            };
            // a row is its entry, wherever it stands
            let id = Id::unique(("listed", folder.listing, entry));
            let builder = UiBuilder::new().scope_id(id).max_rect(place(row));
            let response = ui
                .scope_builder(builder, |ui| listed_row_ui(ui, &shown))
                .inner;
            // of two quick clicks the first may have been on a row of the folder before
            if response.double_clicked() && folder.chosen.contains(&entry) {
                open = Some(row);
            } else if response.clicked() {
                let modifiers = ui.input(|input| input.modifiers);
                let choose = if modifiers.shift {
                    Choose::Range
                } else if modifiers.command {
                    Choose::Toggle
                } else {
                    Choose::One
                };
                folder.go(row, choose);
                ui.memory_mut(|memory| memory.request_focus(list_id()));
            }
        }
        let whole = vec2(width, offset(folder.rows().len()));
        ui.allocate_rect(Rect::from_min_size(start, whole), Sense::empty());
    });
    if let Some(row) = open {
        open_row(browser, row, wishes);
    }
}

/// What has the keyboard while the list has.
fn list_id() -> Id {
    Id::unique("files on the host")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a list is at most 200,000 rows long"
)]
fn offset(row: usize) -> f32 {
    row as f32 * LISTED_HEIGHT
}

/// The rows that are in sight.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a scroll position, which is not negative"
)]
fn in_sight(viewport: Rect, count: usize) -> std::ops::Range<usize> {
    let first = (viewport.top() / LISTED_HEIGHT).floor().max(0.0) as usize;
    let last = (viewport.bottom() / LISTED_HEIGHT).ceil().max(0.0) as usize;
    first.min(count)..(last + 1).min(count)
}

fn kind_face(kind: ListedKind) -> (Icon, Tone) {
    match kind {
        ListedKind::Folder => (Icon::Folder, Tone::Accent),
        ListedKind::File => (Icon::File, Tone::Neutral),
        ListedKind::Link => (Icon::Link, Tone::Neutral),
        ListedKind::Other => (Icon::FileQuestionMark, Tone::Neutral),
    }
}

/// Enters a folder, or fetches a file.
fn open_row(browser: &mut Browser, row: usize, wishes: &mut Vec<SessionWish>) {
    let listing = browser.folder.listing;
    let Some((entry, listed)) = browser.folder.row(row) else {
        return;
    };
    match listed.kind {
        ListedKind::Folder => list(browser, FolderAt::Entry { listing, entry }, wishes),
        ListedKind::File => {
            let entries = vec![entry];
            wishes.push(SessionWish::FetchFiles { listing, entries });
        }
        ListedKind::Link | ListedKind::Other => {}
    }
}

/// The names of the columns, which order the rows.
fn head_ui(ui: &mut Ui, lang: Lang, folder: &mut Folder) {
    let size = vec2(ui.available_width(), 24.0);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let (name, bytes, date) = listed_columns(rect);
    let order = folder.order;
    let mut by = None;
    for (rect, column, label) in [
        (Some(name), By::Name, phrases::column_name(lang)),
        (Some(bytes), By::Size, phrases::column_size(lang)),
        (date, By::Date, phrases::column_changed(lang)),
    ] {
        let Some(rect) = rect else {
            continue;
        };
        let icon = (order.by == column).then_some(if order.descending {
            Icon::ArrowDown
        } else {
            Icon::ArrowUp
        });
        let layout = if column == By::Size {
            Layout::right_to_left(Align::Center)
        } else {
            Layout::left_to_right(Align::Center)
        };
        let inner = rect.shrink2(vec2(if column == By::Name { 0.0 } else { 12.0 }, 0.0));
        let builder = UiBuilder::new().max_rect(inner).layout(layout);
        ui.scope_builder(builder, |ui| {
            if link_button_ui(ui, icon, label).clicked() {
                by = Some(column);
            }
        });
    }
    if let Some(by) = by {
        folder.order_by(by);
    }
}

/// Takes the keys while the list has the keyboard: whether they moved it, and whether they open its row.
fn keys(ui: &mut Ui, id: Id, browser: &mut Browser, wishes: &mut Vec<SessionWish>) -> (bool, bool) {
    // it has the keyboard from the beginning
    let at = Rect::from_min_size(ui.cursor().min, vec2(1.0, 1.0));
    let list_itself = ui.interact(at, id, Sense::focusable_noninteractive());
    let nobody_has = ui.memory(|memory| memory.focused().is_none());
    if nobody_has {
        list_itself.request_focus();
    }
    if !list_itself.has_focus() {
        return (false, false);
    }
    let filter = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    let folder = &mut browser.folder;
    let seconds = ui.input(|input| input.time);
    let (mut moved, mut opened, mut up) = (false, false, false);
    for (key, modifiers) in pressed(ui) {
        let choose = if modifiers.shift {
            Choose::Range
        } else {
            Choose::One
        };
        let step = STEPS.into_iter().find(|(step, _)| *step == key);
        if let Some((_, steps)) = step {
            // the first press goes to the first row
            let is_first = folder.chosen.is_empty() && folder.at == 0 && steps == 1;
            folder.step(if is_first { 0 } else { steps }, choose);
            moved = true;
        }
        opened |= key == Key::Enter;
        up |= key == Key::Backspace;
        if modifiers.command && key == Key::A {
            folder.choose_all();
        }
        if modifiers.command && key == Key::Space {
            folder.go(folder.at, Choose::Toggle);
        }
    }
    for typed in typed(ui) {
        folder.find(&typed, seconds);
        moved = true;
    }
    let listing = folder.listing;
    if up && listing != 0 && folder.path.len() > 1 {
        list(browser, FolderAt::Above { listing, levels: 1 }, wishes);
    }
    (moved, opened)
}

/// The keys that were pressed in this pass, each with what was held then: a slow pass has seen more than one.
fn pressed(ui: &Ui) -> Vec<(Key, Modifiers)> {
    ui.input(|input| {
        let pressed = input.events.iter().filter_map(|event| {
            let egui::Event::Key {
                key,
                pressed: true,
                modifiers,
                ..
            } = event
            else {
                return None;
            };
            Some((*key, *modifiers))
        });
        pressed.collect()
    })
}

/// What was typed in this pass.
fn typed(ui: &Ui) -> Vec<String> {
    ui.input(|input| {
        let typed = input.events.iter().filter_map(|event| {
            let egui::Event::Text(typed) = event else {
                return None;
            };
            (!typed.trim().is_empty()).then(|| typed.clone())
        });
        typed.collect()
    })
}

/// What is chosen, and what can be done with it; whether the window is to be closed.
fn foot_ui(
    ui: &mut Ui,
    lang: Lang,
    browser: &mut Browser,
    newest: Option<&Transfer>,
    wishes: &mut Vec<SessionWish>,
) -> bool {
    let palette = Palette::of(ui);
    let mut closed = false;
    if browser.consent == Consent::Allowed {
        let small = |words| text(words, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
        ui.label(small(count_text(lang, &browser.folder)));
        if let Some(transfer) = newest {
            let name = visible_line(&transfer.name);
            let line = format!("{name}: {}", transfer_text(lang, transfer));
            ui.add(Label::new(small(line)).truncate());
        }
    }
    super::foot_ui(ui, |ui| {
        match browser.consent {
            Consent::Allowed => {
                let entries = browser.folder.fetchable();
                let fetch = Push::primary(phrases::fetch(lang)).icon(Icon::Download);
                if ui.add(fetch.enabled(!entries.is_empty())).clicked() {
                    let listing = browser.folder.listing;
                    wishes.push(SessionWish::FetchFiles { listing, entries });
                }
                let here = Push::secondary(phrases::send_here(lang)).icon(Icon::Upload);
                if ui
                    .add(here.enabled(browser.sends_into().is_some()))
                    .clicked()
                {
                    wishes.push(SessionWish::ChooseFiles { folders: false });
                }
            }
            Consent::Not(_) => {
                if ui
                    .add(Push::primary(phrases::system::again(lang)))
                    .clicked()
                {
                    browser.consent = Consent::Asking;
                    wishes.push(SessionWish::AskToBrowse);
                }
            }
            Consent::Unasked | Consent::Asking => {}
        }
        closed = ui.add(Push::secondary(w(lang, Word::Close))).clicked();
    });
    closed
}

fn count_text(lang: Lang, folder: &Folder) -> String {
    let all = phrases::entries_in_all(lang, folder.entries.len());
    let mut parts = vec![all];
    if folder.is_cut {
        parts.push(phrases::more_not_shown(lang).to_owned());
    }
    if !folder.chosen.is_empty() {
        let count = u32::try_from(folder.chosen.len()).unwrap_or(u32::MAX);
        parts.push(match folder.chosen_bytes() {
            Some(bytes) => {
                let size = size_text(lang, bytes);
                format!(
                    "{} · {size}",
                    phrases::chosen(lang, &file_count(lang, count))
                )
            }
            None => phrases::chosen_entries(lang, count),
        });
    }
    parts.join(" · ")
}
