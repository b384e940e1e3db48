//! What the connection doctor looks at: a row for each thing, which tells what was found once it is.

use egui::{Label, ProgressBar, Response, Sense, Spinner, Ui, Vec2};
use protocol::HubAddress;
use protocol::diagnosis::{Check, Finding, State};

use crate::doctor::Examination;
use crate::fonts::Icon;
use crate::theme::{self, Palette, Tone, icon, text};
use crate::words::{Lang, check_name, found_text};

/// The size of the sign at the start of a row.
const SIGN: f32 = 17.0;

/// How far it is, and the rows.
pub fn examination_ui(ui: &mut Ui, lang: Lang, examination: &Examination) -> Response {
    let shown = ui.vertical(|ui| {
        if examination.diagnosis().is_none() {
            let palette = Palette::of(ui);
            let bar = ProgressBar::new(examination.progress()).desired_height(4.0);
            ui.add(bar.fill(palette.accent).corner_radius(2));
        }
        ui.spacing_mut().item_spacing.y = 8.0;
        for (check, finding) in examination.rows() {
            let hub = examination.hub();
            let state = finding
                .as_ref()
                .map(|finding| match examination.diagnosis() {
                    Some(diagnosis) => diagnosis.state(finding),
                    None => finding.state(hub),
                });
            row_ui(ui, lang, check, finding.as_ref().zip(state), hub);
        }
    });
    shown.response
}

fn row_ui(
    ui: &mut Ui,
    lang: Lang,
    check: &Check,
    finding: Option<(&Finding, State)>,
    hub: &HubAddress,
) {
    let palette = Palette::of(ui);
    ui.horizontal_top(|ui| {
        if let Some((_, state)) = finding {
            let (sign, tone) = sign(state);
            ui.label(icon(sign, SIGN, palette.tone(tone).0));
        } else {
            // as wide as a sign, so that nothing moves when it is there
            let (place, _) = ui.allocate_exact_size(Vec2::splat(SIGN), Sense::hover());
            let spinner = Spinner::new().color(palette.dim);
            spinner.paint_at(ui, place.shrink(1.5));
        }
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            let mut name = check_name(lang, check);
            // it begins a line here
            if let Some(first) = name.get(..1) {
                name = first.to_uppercase() + &name[1..];
            }
            let name = text(name, 13.5, theme::MEDIUM, palette.text);
            ui.add(Label::new(name).wrap());
            if let Some((finding, _)) = finding {
                let says = found_text(lang, finding, hub);
                let says = text(says, theme::SMALL_SIZE, theme::REGULAR, palette.dim);
                ui.add(Label::new(says).wrap());
            }
        });
    });
}

fn sign(state: State) -> (Icon, Tone) {
    match state {
        State::Good => (Icon::CircleCheck, Tone::Good),
        State::Warning => (Icon::TriangleAlert, Tone::Warning),
        State::Fault => (Icon::CircleX, Tone::Danger),
        State::Neutral => (Icon::CircleMinus, Tone::Neutral),
    }
}
