//! What the organisation asks of reports: its categories and its own fields, each in its order.

use egui::{Label, Ui};
use protocol::BoundedText;
use protocol::admin::Question;
use protocol::admin::reports::{
    CategoryChange, FieldChange, FieldDefinition, FieldKind, MOST_CATEGORIES, MOST_CHOICES,
    MOST_FIELDS, Question as Ask,
};
use protocol::control::Name;
use ui_kit::widgets::{
    DialogSize, Field, Push, card_ui, check_ui, choice_ui, dialog_ui, divider_ui, icon_button_ui,
    section_header_ui, text_area_ui, text_field_ui,
};
use ui_kit::words::name_alone;
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::questions::{answer_of, danger_ui, name_ui};
use super::{at_right_ui, form_buttons_ui, missing_ui, scroll_ui};
use crate::state::{FieldForm, FormAsking, FormKind, State, Topic};
use crate::words::{self, Say, s};

pub(super) fn forms_ui(ui: &mut Ui, state: &mut State) {
    scroll_ui(ui, |ui| {
        categories_ui(ui, state);
        ui.add_space(10.0);
        fields_ui(ui, state);
    });
    asking_ui(ui, state);
}

/// What is to become of a row of a list.
enum Row {
    Edit,
    Remove,
    Move(usize),
}

fn categories_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::Categories), s(lang, Say::CategoriesNote));
        let Some(categories) = state.settings.categories.value.clone() else {
            return missing_ui(ui, lang, &state.settings.categories);
        };
        let names: Vec<(&str, String)> = categories
            .iter()
            .map(|category| (category.name.as_str(), String::new()))
            .collect();
        let wish = list_ui(ui, lang, &names, Say::NoCategories);
        if add_ui(
            ui,
            lang,
            Say::AddCategory,
            categories.len() >= MOST_CATEGORIES,
        ) {
            let name = String::new();
            state.settings.asking = Some(FormAsking::Category { id: None, name });
        }
        let Some((at, row)) = wish else { return };
        let Some(category) = categories.get(at) else {
            return;
        };
        let (id, name) = (category.id, category.name.clone());
        match row {
            Row::Edit => {
                let (id, name) = (Some(id), name.to_string());
                state.settings.asking = Some(FormAsking::Category { id, name });
            }
            Row::Remove => {
                let is_field = false;
                state.settings.asking = Some(FormAsking::Remove { id, name, is_field });
            }
            Row::Move(to) => {
                let to = u32::try_from(to).unwrap_or(u32::MAX);
                ask(
                    state,
                    Ask::ChangeCategories(CategoryChange::Move { id, to }),
                );
            }
        }
    });
}

fn fields_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::OwnFields), s(lang, Say::OwnFieldsNote));
        let Some(fields) = state.settings.fields.value.clone() else {
            return missing_ui(ui, lang, &state.settings.fields);
        };
        let names: Vec<(&str, String)> = fields
            .iter()
            .map(|field| {
                let definition = &field.definition;
                let mut note = s(lang, FormKind::of(&definition.kind).say()).to_owned();
                if definition.required {
                    note = format!("{note}, {}", s(lang, Say::RequiredOne));
                }
                (definition.name.as_str(), note)
            })
            .collect();
        let wish = list_ui(ui, lang, &names, Say::NoOwnFields);
        if add_ui(ui, lang, Say::AddField, fields.len() >= MOST_FIELDS) {
            state.settings.asking = Some(FormAsking::Field(FieldForm::default()));
        }
        let Some((at, row)) = wish else { return };
        let Some(field) = fields.get(at) else { return };
        let id = field.id;
        match row {
            Row::Edit => {
                let form = FieldForm::of(id, &field.definition);
                state.settings.asking = Some(FormAsking::Field(form));
            }
            Row::Remove => {
                let (name, is_field) = (field.definition.name.clone(), true);
                state.settings.asking = Some(FormAsking::Remove { id, name, is_field });
            }
            Row::Move(to) => {
                let to = u32::try_from(to).unwrap_or(u32::MAX);
                ask(state, Ask::ChangeFields(FieldChange::Move { id, to }));
            }
        }
    });
}

/// Named rows with a note each; what was wished for, and of which.
fn list_ui(ui: &mut Ui, lang: Lang, rows: &[(&str, String)], none: Say) -> Option<(usize, Row)> {
    let palette = Palette::of(ui);
    let mut wish = None;
    if rows.is_empty() {
        ui.label(text(s(lang, none), 14.0, theme::REGULAR, palette.dim));
    }
    for (at, (name, note)) in rows.iter().enumerate() {
        let name = name_alone(lang, name);
        ui.horizontal(|ui| {
            at_right_ui(ui, |ui| {
                let mut button = |ui: &mut Ui, icon, label: String, enabled, row| {
                    if icon_button_ui(ui, icon, &label, enabled).clicked() {
                        wish = Some((at, row));
                    }
                };
                button(
                    ui,
                    Icon::Trash2,
                    words::remove(lang, &name),
                    true,
                    Row::Remove,
                );
                button(
                    ui,
                    Icon::Pencil,
                    words::rename(lang, &name),
                    true,
                    Row::Edit,
                );
                let last = at + 1 == rows.len();
                let down = words::move_down(lang, &name);
                button(ui, Icon::ArrowDown, down, !last, Row::Move(at + 1));
                let up = words::move_up(lang, &name);
                button(
                    ui,
                    Icon::ArrowUp,
                    up,
                    at > 0,
                    Row::Move(at.saturating_sub(1)),
                );
                ui.label(text(note, 13.0, theme::REGULAR, palette.dim));
                let layout = egui::Layout::left_to_right(egui::Align::Center);
                ui.with_layout(layout, |ui| {
                    let name = text(&name, 14.5, theme::MEDIUM, palette.text);
                    ui.add(Label::new(name).truncate());
                });
            });
        });
        divider_ui(ui);
    }
    wish
}

fn add_ui(ui: &mut Ui, lang: Lang, say: Say, is_full: bool) -> bool {
    ui.add_space(4.0);
    let add = Push::secondary(s(lang, say)).icon(Icon::Plus);
    let reason = is_full.then(|| s(lang, Say::NoMoreRoom));
    ui.add(add.unless(reason)).clicked()
}

fn ask(state: &mut State, question: Ask) {
    state.ask(Topic::FormsChanged, Question::Reports(question));
}

fn asking_ui(ui: &Ui, state: &mut State) {
    match state.settings.asking.take() {
        Some(FormAsking::Category { id, name }) => category_form_ui(ui, state, id, name),
        Some(FormAsking::Field(form)) => field_form_ui(ui, state, form),
        Some(FormAsking::Remove { id, name, is_field }) => {
            remove_ui(ui, state, (id, name, is_field));
        }
        None => {}
    }
}

fn category_form_ui(ui: &Ui, state: &mut State, id: Option<u32>, mut name: String) {
    let lang = state.lang;
    let title = id.map_or(Say::AddCategory, |_| Say::RenameCategory);
    let answer = name_ui(ui, lang, (Icon::Tag, title), &mut name);
    match answer {
        Some(false) => {}
        Some(true) => {
            let name = Name::cut(name.trim());
            let change = match id {
                Some(id) => CategoryChange::Rename { id, name },
                None => CategoryChange::Add { name },
            };
            ask(state, Ask::ChangeCategories(change));
        }
        None => state.settings.asking = Some(FormAsking::Category { id, name }),
    }
}

fn field_form_ui(ui: &Ui, state: &mut State, mut form: FieldForm) {
    let lang = state.lang;
    let icon = Some((Icon::ListPlus, Tone::Accent));
    let title = s(lang, form.id.map_or(Say::AddField, |_| Say::ChangeField));
    let dialog = dialog_ui(ui.ctx(), "field", DialogSize::Small, icon, title, |ui| {
        let missing = form.show_faults && form.name.trim().is_empty();
        let field = Field::new(s(lang, Say::Name)).error(missing.then(|| w(lang, Word::Required)));
        text_field_ui(ui, &field, &mut form.name);
        let kinds = FormKind::ALL.map(|kind| (kind, s(lang, kind.say())));
        let field = Field::new(s(lang, Say::FieldKind));
        if let Some(kind) = choice_ui(ui, &field, form.kind, &kinds) {
            form.kind = kind;
        }
        if form.kind == FormKind::Choice {
            let unfit = form.show_faults && form.definition().is_none();
            let field = Field::new(s(lang, Say::FieldChoices))
                .note(s(lang, Say::FieldChoicesNote))
                .error(unfit.then(|| s(lang, Say::FieldChoicesWrong)));
            text_area_ui(ui, &field, &mut form.choices, 4);
        }
        let note = Some(s(lang, Say::FieldRequiredNote));
        check_ui(ui, &mut form.required, s(lang, Say::FieldRequired), note);
        form_buttons_ui(ui, lang, w(lang, Word::Save))
    });
    let answer = answer_of(&dialog);
    match (answer, form.definition()) {
        (Some(false), _) => {}
        (Some(true), Some(definition)) => {
            let change = match form.id {
                Some(id) => FieldChange::Change { id, definition },
                None => FieldChange::Add(definition),
            };
            ask(state, Ask::ChangeFields(change));
        }
        (Some(true), None) => {
            form.show_faults = true;
            state.settings.asking = Some(FormAsking::Field(form));
        }
        (None, _) => state.settings.asking = Some(FormAsking::Field(form)),
    }
}

fn remove_ui(ui: &Ui, state: &mut State, (id, name, is_field): (u32, Name, bool)) {
    let lang = state.lang;
    let title = words::remove_question(lang, &name_alone(lang, &name));
    let texts = (Say::NotOfferedNote, Say::Remove);
    let answer = danger_ui(ui, lang, (Icon::Trash2, &title), texts);
    match answer {
        Some(true) if is_field => ask(state, Ask::ChangeFields(FieldChange::Remove { id })),
        Some(true) => ask(state, Ask::ChangeCategories(CategoryChange::Remove { id })),
        Some(false) => {}
        None => state.settings.asking = Some(FormAsking::Remove { id, name, is_field }),
    }
}

impl FormKind {
    const ALL: [Self; 3] = [Self::Text, Self::Number, Self::Choice];

    fn of(kind: &FieldKind) -> Self {
        match kind {
            FieldKind::Text => Self::Text,
            FieldKind::Number => Self::Number,
            FieldKind::Choice(_) => Self::Choice,
        }
    }

    fn say(self) -> Say {
        match self {
            Self::Text => Say::KindText,
            Self::Number => Say::KindNumber,
            Self::Choice => Say::KindChoice,
        }
    }
}

impl FieldForm {
    fn of(id: u32, definition: &FieldDefinition) -> Self {
        let choices: &[Name] = match &definition.kind {
            FieldKind::Choice(choices) => choices,
            FieldKind::Text | FieldKind::Number => &[],
        };
        let choices: Vec<&str> = choices.iter().map(Name::as_str).collect();
        Self {
            id: Some(id),
            name: definition.name.to_string(),
            kind: FormKind::of(&definition.kind),
            choices: choices.join("\n"),
            required: definition.required,
            show_faults: false,
        }
    }

    /// The field as it was typed, if there can be such a one.
    fn definition(&self) -> Option<FieldDefinition> {
        let kind = match self.kind {
            FormKind::Text => FieldKind::Text,
            FormKind::Number => FieldKind::Number,
            FormKind::Choice => {
                let lines = self.choices.lines().map(str::trim);
                let mut choices: Vec<Name> = Vec::new();
                for line in lines.filter(|line| !line.is_empty()) {
                    let choice = BoundedText::cut(line);
                    if !choices.contains(&choice) {
                        choices.push(choice);
                    }
                }
                if !(1..=MOST_CHOICES).contains(&choices.len()) {
                    return None;
                }
                FieldKind::Choice(choices)
            }
        };
        let name = self.name.trim();
        (!name.is_empty()).then(|| FieldDefinition {
            name: BoundedText::cut(name),
            kind,
            required: self.required,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_one_line_each_and_there_must_be_one() {
        let mut form = FieldForm {
            name: " Contract ".to_owned(),
            kind: FormKind::Choice,
            choices: "\n  \n".to_owned(),
            ..FieldForm::default()
        };
        assert_eq!(form.definition(), None);
        form.choices = "gold\n silver \n\ngold".to_owned();
        let definition = form.definition().expect("sound");
        assert_eq!(definition.name.as_str(), "Contract");
        let wanted = FieldKind::Choice(vec!["gold".into(), "silver".into()]);
        assert_eq!(definition.kind, wanted);
        assert_eq!(FieldForm::of(4, &definition).definition(), Some(definition));
        form.name = " ".to_owned();
        assert_eq!(form.definition(), None);
    }
}
