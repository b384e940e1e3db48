//! The live list (O7-O9).

use egui::{
    Align, Frame, Id, InputState, Key, Label, Layout, Margin, Modifiers, Popup, Rect, Response,
    ScrollArea, Sense, SetOpenCommand, Ui, UiBuilder, vec2,
};
use protocol::{Entry, EntryKind};
use ui_kit::widgets::{
    Field, Leading, ROW_HEIGHT, Row, banner_ui, card_ui, empty_state_ui, icon_button_ui,
    menu_item_ui, row_ui, segments_ui, text_field_ui,
};
use ui_kit::words::{
    hindrance_for_operator, hindrance_in_short, in_session_with, name_alone, name_in_sentence,
};
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use crate::action::Action;
use crate::phrases;
use crate::state::ConsoleState;
use crate::state::account::LogIn;
use crate::state::computers::{Line, Order, Section};

/// Between two rows, in points.
const GAP: f32 = 2.0;

/// Draws filter and list.
pub fn computers_ui(ui: &mut Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    if matches!(state.account.log_in, LogIn::Retrying { .. }) {
        banner_ui(ui, Tone::Warning, w(lang, Word::Reconnecting));
        ui.add_space(2.0);
    }
    filter_ui(ui, state, actions);
    ui.add_space(2.0);
    state.computers.refresh();
    let moved = keys(ui, state, actions);
    card_ui(ui, |ui| {
        ui.set_min_height(ui.available_height());
        let computers = &state.computers;
        let lines = computers.lines();
        if computers.entries.len() <= 1
            && computers.rows().all(|e| e.kind == EntryKind::Operator)
            && computers.filter.trim().is_empty()
        {
            for entry in computers.rows() {
                entry_ui(ui, state, entry, actions);
            }
            let (title, note) = (w(lang, Word::NobodyHere), w(lang, Word::NobodyHereNote));
            empty_state_ui(ui, Icon::LifeBuoy, title, note);
        } else if lines.is_empty() {
            empty_state_ui(ui, Icon::SearchX, w(lang, Word::NothingFound), "");
        } else {
            lines_ui(ui, state, moved, actions);
        }
    });
}

fn filter_ui(ui: &mut Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) {
    /// Below this width, in points, the field goes below the kinds.
    const ROOM_FOR_BOTH: f32 = 540.0;
    if ui.available_width() >= ROOM_FOR_BOTH {
        ui.horizontal(|ui| {
            kinds_ui(ui, state, actions);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                order_ui(ui, state, actions);
                filter_field_ui(ui, state);
            });
        });
    } else {
        kinds_ui(ui, state, actions);
        ui.allocate_ui_with_layout(
            vec2(ui.available_width(), ui.spacing().interact_size.y),
            Layout::right_to_left(Align::Center),
            |ui| {
                order_ui(ui, state, actions);
                filter_field_ui(ui, state);
            },
        );
    }
}

/// The order of the rows, behind one button.
fn order_ui(ui: &mut Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let button = icon_button_ui(ui, Icon::ArrowUpDown, w(lang, Word::ListOrder), true);
    Popup::menu(&button).show(|ui| {
        ui.set_width(230.0);
        for (order, word) in [
            (Order::Arrival, Word::OrderArrival),
            (Order::Name, Word::OrderName),
            (Order::Helped, Word::OrderHelped),
        ] {
            let chosen = state.computers.habits.order == order;
            if menu_item_ui(ui, None, w(lang, word), chosen, None).clicked() {
                actions.push(Action::OrderList(order));
                ui.close();
            }
        }
    });
}

fn kinds_ui(ui: &mut Ui, state: &ConsoleState, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let kinds = [
        (None, w(lang, Word::All)),
        (Some(EntryKind::User), w(lang, Word::Users)),
        (
            Some(EntryKind::PermanentHost),
            w(lang, Word::PermanentHosts),
        ),
        (Some(EntryKind::Operator), w(lang, Word::Operators)),
    ];
    if let Some(kind) = segments_ui(ui, state.computers.kind, &kinds) {
        actions.push(Action::ShowKind(kind));
    }
}

fn filter_field_ui(ui: &mut Ui, state: &mut ConsoleState) {
    let field = Field {
        hint: w(state.lang, Word::FilterHint),
        ..Field::default()
    };
    let response = text_field_ui(ui, &field, &mut state.computers.filter);
    let label = w(state.lang, Word::Filter);
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_label(label));
}

/// How much room a line takes, in points.
fn height(line: Line) -> f32 {
    const HEAD: f32 = 28.0;
    match line {
        Line::Head(..) => HEAD,
        Line::Row(_) => ROW_HEIGHT + GAP,
    }
}

/// Draws the lines that are in sight; the chosen row comes into sight if it `moved`.
fn lines_ui(ui: &mut Ui, state: &ConsoleState, moved: bool, actions: &mut Vec<Action>) {
    let area = ScrollArea::vertical().auto_shrink(false);
    area.show_viewport(ui, |ui, viewport| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let start = ui.max_rect().left_top();
        let width = ui.available_width();
        let mut below = 0.0;
        for (number, line) in state.computers.lines().iter().enumerate() {
            let above = below;
            below += height(*line);
            let row = state.computers.row(*line);
            let place = Rect::from_min_size(start + vec2(0.0, above), vec2(width, below - above));
            if moved && row.is_some_and(|row| Some(row.id) == state.computers.selected) {
                ui.scroll_to_rect(place, None);
            }
            if below < viewport.top() || above > viewport.bottom() {
                continue;
            }
            // A row is its computer, wherever it stands: an open menu must never pass to
            // another one when the list changes.
            let id = match row {
                Some(row) => Id::unique(("computer", row.id.0)),
                None => Id::unique(("head", number)),
            };
            let builder = UiBuilder::new().scope_id(id).max_rect(place);
            ui.scope_builder(builder, |ui| match (*line, row) {
                (Line::Head(section, rows), _) => head_ui(ui, state.lang, section, rows),
                (_, Some(entry)) => entry_ui(ui, state, entry, actions),
                (Line::Row(_), None) => {}
            });
        }
        // the whole list is as long as all its lines
        ui.allocate_rect(
            Rect::from_min_size(start, vec2(width, below)),
            Sense::empty(),
        );
    });
}

fn head_ui(ui: &mut Ui, lang: Lang, section: Section, rows: usize) {
    let title = match section {
        Section::Favourites => Word::Favourites,
        Section::Of(EntryKind::User) => Word::Users,
        Section::Of(EntryKind::PermanentHost) => Word::PermanentHosts,
        Section::Of(EntryKind::Operator) => Word::Operators,
    };
    let title = format!("{}  ·  {rows}", w(lang, title));
    ui.add_space(4.0);
    ui.label(text(title, 12.5, theme::SEMIBOLD, Palette::of(ui).dim));
}

fn entry_ui(ui: &mut Ui, state: &ConsoleState, entry: &Entry, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let name = name_alone(lang, &entry.name);
    let title = match entry.ticket {
        // O7: host name, then ticket number
        Some(route) => format!("{name}  –  {}", ticket_text(state, route)),
        None if state.computers.you == Some(entry.id) => {
            format!("{name} ({})", phrases::this_is_you(lang))
        }
        None => name,
    };
    let since = state.clock.since(entry.since_unix_seconds);
    let person = (entry.kind == EntryKind::User).then(|| name_alone(lang, &entry.person));
    let system = Some(entry.system.to_string()).filter(|system| !system.is_empty());
    let detail: Vec<String> = person.into_iter().chain(system).collect();
    let detail = detail.join("  ·  ");
    let asked = state.computers.asked.get(&entry.id);
    let unread = state.chats.unread(entry.id);
    let badge = if asked.is_some() {
        Some((phrases::waiting_for_consent(lang).to_owned(), Tone::Warning))
    } else if unread > 0 {
        Some((phrases::unread(lang, unread), Tone::Danger))
    } else if state.computers.woken.contains(&entry.id) {
        let being_woken = phrases::waking::being_woken(lang);
        Some((being_woken.to_owned(), Tone::Accent))
    } else if state.computers.sleeping.contains_key(&entry.id) {
        let not_connected = phrases::waking::not_connected(lang);
        Some((not_connected.to_owned(), Tone::Neutral))
    } else if !entry.present {
        Some((phrases::out_of_reach(lang).to_owned(), Tone::Neutral))
    } else if let Some(operator) = &entry.in_session_with {
        Some((in_session_with(lang, operator), Tone::Good))
    } else {
        let hindrances = state.computers.hindrances_of(entry.id);
        let hindrance = hindrances.screen.or(hindrances.input);
        hindrance.map(|h| (hindrance_in_short(lang, h).to_owned(), Tone::Warning))
    };
    let row = Row {
        leading: leading(entry),
        title: &title,
        detail: &detail,
        badge: badge.as_ref().map(|(label, tone)| (label.as_str(), *tone)),
        trailing: &since,
        selected: state.computers.selected == Some(entry.id),
        away: !entry.present,
    };
    let response = match asked {
        Some(session) => asked_row_ui(ui, state, &row, *session, actions),
        None => row_ui(ui, &row),
    };
    let hindrances = state.computers.hindrances_of(entry.id);
    let response = match hindrances.screen.or(hindrances.input) {
        Some(hindrance) => response.on_hover_text(hindrance_for_operator(lang, hindrance)),
        None => response,
    };
    if response.clicked() || response.secondary_clicked() {
        actions.push(Action::Select(entry.id));
    }
    if response.double_clicked() && state.computers.obstacle(entry).is_none() {
        actions.push(Action::StartSession(entry.id));
    }
    menu_of_row_ui(ui, &row, &response, |ui| {
        menu_ui(ui, state, entry, actions);
    });
}

/// The menu of a row, at the pointer; or at the row, which is where Shift+F10 opens it.
fn menu_of_row_ui(ui: &Ui, row: &Row<'_>, response: &Response, menu: impl FnOnce(&mut Ui)) {
    let popup = Popup::context_menu(response);
    let id = popup.get_id();
    let by_key = id.with("by key");
    let shift_f10 = |input: &mut InputState| input.consume_key(Modifiers::SHIFT, Key::F10);
    let opens = row.selected && ui.input_mut(shift_f10);
    let was_by_key = Popup::is_id_open(ui.ctx(), id)
        && !response.secondary_clicked()
        && ui.data(|data| data.get_temp(by_key)).unwrap_or(false);
    ui.data_mut(|data| data.insert_temp(by_key, opens || was_by_key));
    let popup = if opens || was_by_key {
        let opens = opens.then_some(SetOpenCommand::Bool(true));
        let popup = popup.open_memory(opens);
        popup.at_position(response.rect.center())
    } else {
        popup
    };
    popup.show(menu);
}

/// A row whose question is not answered, with the button that takes it back.
fn asked_row_ui(
    ui: &mut Ui,
    state: &ConsoleState,
    row: &Row<'_>,
    session: Option<protocol::SessionId>,
    actions: &mut Vec<Action>,
) -> Response {
    ui.horizontal(|ui| {
        let width = ui.available_width() - 42.0;
        let response = ui
            .scope(|ui| {
                ui.set_max_width(width);
                row_ui(ui, row)
            })
            .inner;
        let label = phrases::withdraw_question(state.lang);
        let cancel = icon_button_ui(ui, Icon::X, label, session.is_some());
        if let Some(session) = session.filter(|_| cancel.clicked()) {
            actions.push(Action::WithdrawQuestion(session));
        }
        response
    })
    .inner
}

fn leading(entry: &Entry) -> Leading<'_> {
    match entry.kind {
        EntryKind::Operator => Leading::Icon(Icon::Headset, Tone::Neutral),
        EntryKind::User => Leading::Icon(Icon::UserRound, Tone::Accent),
        EntryKind::PermanentHost => Leading::Icon(Icon::Server, Tone::Good),
    }
}

/// The whole ticket where this console made it, otherwise the part that the hub knows.
fn ticket_text(state: &ConsoleState, route: protocol::TicketRoute) -> String {
    let spoken = state.tickets.spoken(route);
    spoken.map_or_else(|| routed_text(route), str::to_owned)
}

/// A ticket of which only the routing part is known.
pub(super) fn routed_text(route: protocol::TicketRoute) -> String {
    let digits = route.to_string();
    format!("{} {}·· ····", &digits[..3], &digits[3..])
}

fn menu_ui(ui: &mut Ui, state: &ConsoleState, entry: &Entry, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let logged_in = state.account.is_logged_in();
    let no_log_in = (!logged_in).then(|| phrases::log_in_first(lang).to_owned());
    let with = entry.in_session_with.as_deref();
    let obstacle = state.computers.obstacle(entry);
    let obstacle = obstacle.map(|obstacle| phrases::obstacle(lang, obstacle, with));
    let not_a_computer = match (entry.kind, entry.yours) {
        (EntryKind::Operator, _) => Some(phrases::is_operator(lang)),
        (EntryKind::PermanentHost, false) => Some(phrases::unattended(lang)),
        (EntryKind::PermanentHost, true) if state.computers.wants_password(entry) => {
            Some(phrases::open_it_first(lang))
        }
        (_, false) => Some(phrases::not_yours(lang)),
        (_, true) => None,
    };
    let session_reason = no_log_in.clone().or(obstacle);
    let other_reason = no_log_in.or_else(|| not_a_computer.map(str::to_owned));
    let holds_for_all = session_reason == other_reason;
    let items = [
        (
            Icon::MonitorUp,
            Word::RemoteSession,
            session_reason.as_deref(),
            Action::StartSession(entry.id),
        ),
        (
            Icon::MessageCircle,
            Word::Chat,
            other_reason.as_deref(),
            Action::OpenChat(entry.id),
        ),
        (
            Icon::Unplug,
            Word::DisconnectThisPc,
            other_reason.as_deref(),
            Action::AskDisconnect(entry.id),
        ),
    ];
    ui.set_width(230.0);
    if entry.kind == EntryKind::Operator {
        ask_to_see_ui(ui, state, entry, actions);
        return;
    }
    let sleeps = state.computers.sleeping.contains_key(&entry.id);
    // with one that is not connected nobody can chat
    let items = items.into_iter().take(if sleeps { 1 } else { 3 });
    for (icon, word, reason, action) in items {
        if menu_item_ui(ui, Some(icon), w(lang, word), false, reason).clicked() {
            actions.push(action);
            ui.close();
        }
    }
    let mut why_not_woken = None;
    if entry.kind == EntryKind::PermanentHost {
        let no_log_in = (!logged_in).then(|| phrases::log_in_first(lang));
        let not_to_wake = state.computers.not_to_wake(entry);
        let not_to_wake = not_to_wake.map(|why| phrases::waking::not_to_wake(lang, why));
        let reason = no_log_in.or(not_to_wake);
        why_not_woken = reason.filter(|_| sleeps);
        let word = phrases::waking::wake(lang);
        if menu_item_ui(ui, Some(Icon::Radio), word, false, reason).clicked() {
            actions.push(Action::Wake(entry.id));
            ui.close();
        }
        let favourite = state.computers.is_favourite(entry);
        let word = w(lang, Word::Favourite);
        if menu_item_ui(ui, Some(Icon::Star), word, favourite, None).clicked() {
            actions.push(Action::TurnFavourite(entry.id));
            ui.close();
        }
    }
    // nothing can be done, so why is said without being asked
    let why = if sleeps {
        why_not_woken.map(str::to_owned)
    } else {
        session_reason.filter(|_| holds_for_all)
    };
    if let Some(reason) = why {
        ui.separator();
        let note = text(reason, 12.5, theme::REGULAR, Palette::of(ui).dim);
        Frame::new()
            .inner_margin(Margin::symmetric(12, 6))
            .show(ui, |ui| ui.vertical(|ui| ui.add(Label::new(note).wrap())));
    }
}

/// What an operator's row has: their screen can be asked for.
fn ask_to_see_ui(ui: &mut Ui, state: &ConsoleState, entry: &Entry, actions: &mut Vec<Action>) {
    let lang = state.lang;
    let reason = if !state.account.is_logged_in() {
        Some(phrases::log_in_first(lang))
    } else if state.computers.you == Some(entry.id) {
        Some(phrases::own_screen(lang))
    } else if !entry.present {
        Some(phrases::colleague_away(lang))
    } else {
        None
    };
    let label = phrases::ask_to_see(lang, &name_in_sentence(lang, &entry.name));
    if menu_item_ui(ui, Some(Icon::MonitorUp), &label, false, reason).clicked() {
        actions.push(Action::AskToSee(entry.id));
        ui.close();
    }
}

/// Arrow keys, Home, End and the page keys move the selection, Enter opens it; only while no field has the
/// focus. True if the selection moved.
fn keys(ui: &Ui, state: &mut ConsoleState, actions: &mut Vec<Action>) -> bool {
    const PAGE: isize = 10;
    let elsewhere = ui.ctx().text_edit_focused() || Popup::is_any_open(ui.ctx());
    let dialog = state.settings_open
        || state.drafts_open
        || state.opening.is_some()
        || state.showing.is_some();
    if elsewhere || dialog {
        return false;
    }
    let (steps, enter) = ui.input(|input| {
        let steps = [
            (Key::ArrowDown, 1),
            (Key::ArrowUp, -1),
            (Key::PageDown, PAGE),
            (Key::PageUp, -PAGE),
            (Key::Home, isize::MIN),
            (Key::End, isize::MAX),
        ];
        let steps = steps.into_iter().filter(|(key, _)| input.key_pressed(*key));
        let steps: Vec<isize> = steps.map(|(_, step)| step).collect();
        (steps, input.key_pressed(Key::Enter))
    });
    for step in &steps {
        state.computers.move_selection(*step);
    }
    let focused_elsewhere = ui.memory(|memory| memory.focused().is_some());
    if enter
        && !focused_elsewhere
        && let Some(entry) = state.computers.selected_entry()
        && state.computers.obstacle(entry).is_none()
    {
        actions.push(Action::StartSession(entry.id));
    }
    !steps.is_empty()
}
