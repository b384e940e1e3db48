//! Forms and questions about computers.

use egui::{Label, Ui};
use protocol::HostGroupId;
use protocol::admin::Question;
use protocol::admin::hosts::Question as Ask;
use ui_kit::widgets::{DialogSize, Field, choice_ui, dialog_ui, text_area_ui, text_field_ui};
use ui_kit::words::name_alone;
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::super::form_buttons_ui;
use super::super::people::once_ui;
use super::super::questions::{answer_of, danger_ui, memberships_ui};
use crate::state::{
    ComputersAsking, Done, HostForm, HostGroupForm, InviteForm, OperatorsForm, State, Topic,
};
use crate::words::{self, Say, s};

pub(super) fn asking_ui(ui: &Ui, state: &mut State) {
    let stays = match state.computers.asking.take() {
        None => None,
        Some(ComputersAsking::Invite(form)) => {
            invite_ui(ui, state, form).map(ComputersAsking::Invite)
        }
        Some(ComputersAsking::Invited(line)) => {
            let title = Say::EnrolmentTitle;
            once_ui(ui, state, title, &line, &[]).then_some(ComputersAsking::Invited(line))
        }
        Some(ComputersAsking::Change(form)) => {
            change_ui(ui, state, form).map(ComputersAsking::Change)
        }
        Some(ComputersAsking::Operators(form)) => {
            operators_ui(ui, state, form).map(ComputersAsking::Operators)
        }
        Some(ComputersAsking::Group(form)) => group_ui(ui, state, form).map(ComputersAsking::Group),
        Some(asking) => dangerous_ui(ui, state, asking),
    };
    if let Some(stays) = stays {
        state.computers.asking = Some(stays);
    }
}

fn ask(state: &mut State, question: Ask) {
    state.ask(Topic::Done(Done::Saved), Question::Hosts(question));
}

/// A choice among all groups of hosts.
fn group_choice_ui(ui: &mut Ui, state: &State, group: &mut Option<HostGroupId>) {
    let lang = state.lang;
    let groups = state.computers.groups.value.as_deref().unwrap_or_default();
    let names = groups
        .iter()
        .map(|row| (Some(row.group), name_alone(lang, &row.name)));
    let none = (None, s(lang, Say::WithoutGroup).to_owned());
    let names: Vec<_> = std::iter::once(none).chain(names).collect();
    let choices: Vec<_> = names
        .iter()
        .map(|(group, name)| (*group, name.as_str()))
        .collect();
    let field = Field::new(s(lang, Say::Group)).note(s(lang, Say::HostGroupNote));
    if let Some(chosen) = choice_ui(ui, &field, *group, &choices) {
        *group = chosen;
    }
}

fn invite_ui(ui: &Ui, state: &mut State, mut form: InviteForm) -> Option<InviteForm> {
    let lang = state.lang;
    let icon = Some((Icon::Server, Tone::Accent));
    let title = s(lang, Say::AddComputers);
    let dialog = dialog_ui(ui.ctx(), "enrol", DialogSize::Medium, icon, title, |ui| {
        ui.add(Label::new(s(lang, Say::AddComputersNote)).wrap());
        group_choice_ui(ui, state, &mut form.group);
        let fault = |missing: bool| (form.show_faults && missing).then(|| s(lang, Say::OutOfRange));
        let uses = fault(form.uses().is_none());
        let hours = fault(form.valid_hours().is_none());
        let field = Field::new(s(lang, Say::CodeUses))
            .note(s(lang, Say::CodeUsesNote))
            .error(uses);
        text_field_ui(ui, &field, &mut form.uses);
        let field = Field::new(s(lang, Say::CodeHours)).error(hours);
        text_field_ui(ui, &field, &mut form.valid_hours);
        form_buttons_ui(ui, lang, s(lang, Say::MakeCode))
    });
    match answer_of(&dialog) {
        Some(false) => None,
        Some(true) => {
            let Some(question) = form.question() else {
                form.show_faults = true;
                return Some(form);
            };
            state.ask(Topic::HostsInvited, Question::Hosts(question));
            None
        }
        None => Some(form),
    }
}

fn change_ui(ui: &Ui, state: &mut State, mut form: HostForm) -> Option<HostForm> {
    let lang = state.lang;
    let icon = Some((Icon::Server, Tone::Accent));
    let title = words::rename(lang, &name_alone(lang, &form.computer));
    let dialog = dialog_ui(ui.ctx(), "host", DialogSize::Medium, icon, &title, |ui| {
        let computer = name_alone(lang, &form.computer);
        let field = Field {
            hint: &computer,
            ..Field::new(s(lang, Say::Name)).note(s(lang, Say::HostNameNote))
        };
        text_field_ui(ui, &field, &mut form.name);
        group_choice_ui(ui, state, &mut form.group);
        text_area_ui(ui, &Field::new(s(lang, Say::Note)), &mut form.note, 3);
        form_buttons_ui(ui, lang, w(lang, Word::Save))
    });
    match answer_of(&dialog) {
        Some(false) => None,
        Some(true) => {
            ask(state, form.question());
            None
        }
        None => Some(form),
    }
}

/// Who alone opens a computer.
fn operators_ui(ui: &Ui, state: &mut State, mut form: OperatorsForm) -> Option<OperatorsForm> {
    let lang = state.lang;
    let icon = Some((Icon::Headset, Tone::Accent));
    let title = name_alone(lang, &form.name);
    let dialog = dialog_ui(
        ui.ctx(),
        "operators",
        DialogSize::Medium,
        icon,
        &title,
        |ui| {
            let field = Field {
                hint: "anna, bruno",
                ..Field::new(s(lang, Say::OperatorsOfComputer))
                    .note(s(lang, Say::OperatorsOfComputerNote))
            };
            text_field_ui(ui, &field, &mut form.names);
            form_buttons_ui(ui, lang, w(lang, Word::Save))
        },
    );
    match answer_of(&dialog) {
        Some(false) => None,
        Some(true) => {
            ask(state, form.question());
            None
        }
        None => Some(form),
    }
}

fn group_ui(ui: &Ui, state: &mut State, mut form: HostGroupForm) -> Option<HostGroupForm> {
    let lang = state.lang;
    let icon = Some((Icon::Server, Tone::Accent));
    let title = match form.group {
        Some(_) => Say::ChangeGroup,
        None => Say::AddGroup,
    };
    let title = s(lang, title);
    let of_operators = state.people.groups.value.clone().unwrap_or_default();
    let dialog = dialog_ui(
        ui.ctx(),
        "host group",
        DialogSize::Medium,
        icon,
        title,
        |ui| {
            let missing = form.show_faults && form.name.trim().is_empty();
            let field =
                Field::new(s(lang, Say::Name)).error(missing.then(|| w(lang, Word::Required)));
            text_field_ui(ui, &field, &mut form.name);
            let groups = (Say::SeenBy, &of_operators[..]);
            memberships_ui(ui, lang, groups, &mut form.seen_by);
            let palette = Palette::of(ui);
            let note = s(lang, Say::SeenByNote);
            ui.add(Label::new(text(note, 13.0, theme::REGULAR, palette.dim)).wrap());
            form_buttons_ui(ui, lang, w(lang, Word::Save))
        },
    );
    match answer_of(&dialog) {
        Some(false) => None,
        Some(true) => {
            let Some(question) = form.question() else {
                form.show_faults = true;
                return Some(form);
            };
            ask(state, question);
            None
        }
        None => Some(form),
    }
}

/// A question before something that cannot be taken back easily.
fn dangerous_ui(ui: &Ui, state: &mut State, asking: ComputersAsking) -> Option<ComputersAsking> {
    let lang = state.lang;
    let (icon, title, note, label, question) = match &asking {
        ComputersAsking::Disable { host, name } => (
            Icon::Ban,
            words::disable_title(lang, &name_alone(lang, name)),
            Say::DisableHostNote,
            Say::Disable,
            Ask::SetDisabled {
                host: *host,
                disabled: true,
            },
        ),
        ComputersAsking::Remove { host, name } => (
            Icon::Trash2,
            remove_title(lang, name),
            Say::RemoveHostNote,
            Say::Remove,
            Ask::Remove { host: *host },
        ),
        ComputersAsking::RemoveGroup { group, name } => (
            Icon::Trash2,
            remove_title(lang, name),
            Say::RemoveHostGroupNote,
            Say::Remove,
            Ask::RemoveGroup { group: *group },
        ),
        ComputersAsking::Invite(_)
        | ComputersAsking::Invited(_)
        | ComputersAsking::Change(_)
        | ComputersAsking::Operators(_)
        | ComputersAsking::Group(_) => return Some(asking),
    };
    match danger_ui(ui, lang, (icon, &title), (note, label)) {
        Some(true) => {
            ask(state, question);
            None
        }
        Some(false) => None,
        None => Some(asking),
    }
}

fn remove_title(lang: Lang, name: &str) -> String {
    format!("{}?", words::remove(lang, &name_alone(lang, name)))
}
