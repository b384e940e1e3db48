//! Fields to type into: label above, error below.

use egui::{
    ComboBox, CornerRadius, FontId, Frame, Id, Margin, Response, Role, Stroke, TextEdit, Ui,
    UiBuilder, WidgetInfo, pos2, vec2,
};

use super::edit::{self, Edited};
use super::icon_button_ui;
use crate::fonts::Icon;
use crate::theme::{self, Palette, mix, text};
use crate::words::{Lang, Word, w};

/// What surrounds the text that is typed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Field<'a> {
    /// Stands above the field and names it for screen readers.
    pub label: &'a str,
    /// Grey text while the field is empty.
    pub hint: &'a str,
    /// Help below the field.
    pub note: Option<&'a str>,
    /// What is wrong with what was typed; replaces the note.
    pub error: Option<&'a str>,
    /// Width in points; all there is if `None`.
    pub width: Option<f32>,
}

impl<'a> Field<'a> {
    /// A field with only a label.
    pub fn new(label: &'a str) -> Self {
        Self {
            label,
            ..Self::default()
        }
    }

    /// With grey text while the field is empty.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// With help below the field.
    pub fn note(mut self, note: &'a str) -> Self {
        self.note = Some(note);
        self
    }

    /// With what is wrong, if something is.
    pub fn error(mut self, error: Option<&'a str>) -> Self {
        self.error = error;
        self
    }

    /// Its number, where it is drawn next: to give it the keyboard with this very picture, and so also what is
    /// typed before the next.
    pub fn id(&self, ui: &Ui) -> Id {
        let name = if self.label.is_empty() {
            self.hint
        } else {
            self.label
        };
        ui.make_persistent_id(("field", name))
    }

    /// `width` points wide.
    pub fn width(mut self, width: f32) -> Self {
        self.width = Some(width);
        self
    }
}

/// One line of text.
pub fn text_field_ui(ui: &mut Ui, field: &Field<'_>, value: &mut String) -> Response {
    around_ui(ui, field, |ui, id, palette| {
        let text = TextEdit::singleline(value).id(id);
        let response = edit_ui(ui, field, id, palette, text, Kind::Line);
        edit::note_enter(ui, &response);
        response
    })
}

/// Several lines of text, at least `rows` of them.
pub fn text_area_ui(ui: &mut Ui, field: &Field<'_>, value: &mut String, rows: usize) -> Response {
    around_ui(ui, field, |ui, id, palette| {
        let text = TextEdit::multiline(value).id(id).desired_rows(rows);
        edit_ui(ui, field, id, palette, text, Kind::Area)
    })
}

/// A password with a button that shows it; hidden again when the field is left.
pub fn password_field_ui(
    ui: &mut Ui,
    lang: Lang,
    field: &Field<'_>,
    value: &mut String,
) -> Response {
    const EYE_WIDTH: f32 = 34.0;
    around_ui(ui, field, |ui, id, palette| {
        let shown_id = id.with("shown");
        let mut shown = ui.data(|data| data.get_temp::<bool>(shown_id).unwrap_or(false));
        let text = TextEdit::singleline(value).id(id).password(!shown);
        let response = edit_ui(ui, field, id, palette, text, Kind::Secret);
        edit::note_enter(ui, &response);

        let word = if shown {
            Word::HidePassword
        } else {
            Word::ShowPassword
        };
        let icon = if shown { Icon::EyeOff } else { Icon::Eye };
        let at = egui::Rect::from_center_size(
            pos2(response.rect.right() - 19.0, response.rect.center().y),
            vec2(EYE_WIDTH, 34.0),
        );
        let mut corner = ui.new_child(UiBuilder::new().max_rect(at).id_salt((id, "eye")));
        if icon_button_ui(&mut corner, icon, w(lang, word), true).clicked() {
            shown = !shown;
            response.request_focus();
        } else if response.lost_focus() && !at.contains(pointer_at(ui)) {
            shown = false;
        }
        ui.data_mut(|data| data.insert_temp(shown_id, shown));
        response
    })
}

fn pointer_at(ui: &Ui) -> egui::Pos2 {
    ui.input(|input| input.pointer.interact_pos().unwrap_or(egui::Pos2::ZERO))
}

/// A choice out of several, opened by a press.
///
/// Returns the choice that was made now.
pub fn choice_ui<T: Copy + PartialEq>(
    ui: &mut Ui,
    field: &Field<'_>,
    chosen: T,
    choices: &[(T, &str)],
) -> Option<T> {
    let mut made = None;
    around_ui(ui, field, |ui, id, _palette| {
        let shown = choices
            .iter()
            .find(|(value, _)| *value == chosen)
            .map_or("", |(_, name)| name);
        let width = field.width.unwrap_or_else(|| ui.available_width());
        ui.spacing_mut().interact_size.y = theme::CONTROL_HEIGHT;
        let response = ComboBox::from_id_salt(id)
            .width(width)
            .selected_text(shown)
            .icon(|ui, rect, visuals, _open| {
                let color = visuals.text_color();
                super::paint::put_icon(ui, rect.center(), Icon::ChevronDown, 16.0, color);
            })
            .show_ui(ui, |ui| {
                for &(value, name) in choices {
                    if super::menu_item_ui(ui, None, name, value == chosen, None).clicked() {
                        made = Some(value);
                        ui.close();
                    }
                }
            })
            .response;
        // without a label it is called what it shows
        let names = [field.label, field.hint, shown];
        let name = names.into_iter().find(|name| !name.is_empty());
        let name = name.unwrap_or_default();
        response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, ui.is_enabled(), name));
        response
    });
    made
}

/// Label above, note or error below; links them to the control for screen readers.
fn around_ui(
    ui: &mut Ui,
    field: &Field<'_>,
    control: impl FnOnce(&mut Ui, Id, &Palette) -> Response,
) -> Response {
    let palette = Palette::of(ui);
    let id = field.id(ui);
    ui.vertical(|ui| {
        // what stands below is no wider, and pushes nothing beside it away
        if let Some(width) = field.width {
            ui.set_max_width(width);
        }
        ui.spacing_mut().item_spacing.y = 5.0;
        let label = (!field.label.is_empty()).then(|| {
            ui.label(text(
                field.label,
                theme::SMALL_SIZE,
                theme::MEDIUM,
                palette.text,
            ))
        });
        let mut response = control(ui, id, &palette);
        if let Some(label) = label {
            response = response.labelled_by(label.id);
        }
        if let Some(error) = field.error {
            super::frames::row_of_text_ui(ui, |ui| {
                ui.spacing_mut().item_spacing.x = 5.0;
                ui.label(theme::icon(Icon::CircleAlert, 14.0, palette.danger));
                let error = text(error, theme::SMALL_SIZE, 450.0, palette.danger);
                ui.add(egui::Label::new(error).wrap());
            });
        } else if let Some(note) = field.note {
            ui.label(text(note, theme::SMALL_SIZE, theme::REGULAR, palette.dim));
        }
        response
    })
    .inner
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Line,
    Area,
    Secret,
}

fn edit_ui(
    ui: &mut Ui,
    field: &Field<'_>,
    id: Id,
    palette: &Palette,
    text_edit: TextEdit<'_>,
    kind: Kind,
) -> Response {
    edit::note_paste(ui, id);
    let selected = edit::selection(ui.ctx(), id);
    let focus = ui
        .ctx()
        .animate_bool(id.with("focus"), ui.memory(|memory| memory.has_focus(id)));
    let failed = field.error.is_some();
    let rest = if failed {
        palette.danger
    } else {
        palette.field_line
    };
    let ring = if failed {
        palette.danger
    } else {
        palette.accent
    };
    let fill = if ui.is_enabled() {
        palette.card
    } else {
        palette.sunken
    };
    let margin = Margin {
        left: 11,
        // room for the eye
        right: if kind == Kind::Secret { 41 } else { 11 },
        top: 8,
        bottom: 8,
    };
    let frame = Frame::new()
        .fill(fill)
        .stroke(Stroke::new(1.0, mix(rest, ring, focus)))
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .inner_margin(margin);
    let width = field.width.unwrap_or_else(|| ui.available_width());
    let text_edit = text_edit
        .frame(frame)
        .font(FontId::proportional(theme::BODY_SIZE))
        .text_color(palette.text)
        .hint_text(text(
            field.hint,
            theme::BODY_SIZE,
            theme::REGULAR,
            palette.dim,
        ))
        .desired_width(width);
    let shown = text_edit.show(ui);
    let response = shown.response.response;
    let edited = Edited {
        response: &response,
        length: shown.galley.text().chars().count(),
        selected,
        secret: kind == Kind::Secret,
    };
    edit::clipboard_ui(ui, edited);
    if focus > 0.0 {
        ui.painter().rect_stroke(
            response.rect.expand(1.5),
            CornerRadius::same(theme::RADIUS + 2),
            Stroke::new(3.0, ring.gamma_multiply(0.25 * focus)),
            egui::StrokeKind::Middle,
        );
    }
    response
}
