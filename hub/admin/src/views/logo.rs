//! The organisation's logo: a picture file is dropped on the window, or its path is typed.

use egui::{Sense, Ui, vec2};
use ui_kit::widgets::{Field, Push, card_ui, section_header_ui, text_field_ui};
use ui_kit::{Icon, Palette, text, theme};

use crate::state::{State, Wish};
use crate::words::{Say, s};

/// The room that a preview has, in points.
const ROOM: egui::Vec2 = vec2(260.0, 96.0);

pub(super) fn logo_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let palette = Palette::of(ui);
    let dropped = ui.input(|input| {
        let file = input.raw.dropped_files.first();
        file.map(|file| file.path().to_path_buf())
    });
    if let Some(path) = dropped {
        state.wish(Wish::TakeLogo(path));
    }
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::Logo), s(lang, Say::LogoNote));
        ui.add_space(4.0);
        let (rect, _) = ui.allocate_exact_size(ROOM, Sense::hover());
        // it is printed on white
        ui.painter().rect(
            rect,
            8,
            egui::Color32::WHITE,
            (1.0, palette.line),
            egui::StrokeKind::Inside,
        );
        let logo = &state.settings.logo;
        if let Some(picture) = &logo.picture {
            let size = picture.size_vec2();
            let scale = ((rect.size() - vec2(16.0, 16.0)) / size)
                .min_elem()
                .min(1.0);
            let place = egui::Rect::from_center_size(rect.center(), size * scale);
            let image = egui::Image::new(picture).alt_text(s(lang, Say::Logo));
            ui.put(place, image);
        } else {
            let told = match (logo.is_busy, logo.stored.value.is_some()) {
                (true, _) | (_, false) => Say::Loading,
                (false, true) => Say::NoLogo,
            };
            let color = Palette::LIGHT.dim;
            let galley = ui.painter().layout_no_wrap(
                s(lang, told).to_owned(),
                egui::FontId::proportional(13.0),
                color,
            );
            let at = rect.center() - galley.size() / 2.0;
            ui.painter().galley(at, galley, color);
        }
        ui.add_space(6.0);
        let mut path = std::mem::take(&mut state.settings.logo.path);
        let field = Field::new(s(lang, Say::LogoFile))
            .note(s(lang, Say::LogoFileNote))
            .width(420.0);
        text_field_ui(ui, &field, &mut path);
        ui.horizontal(|ui| {
            let is_busy = state.settings.logo.is_busy;
            let take = Push::secondary(s(lang, Say::UseLogo)).icon(Icon::Image);
            if ui
                .add(take.enabled(!path.trim().is_empty() && !is_busy))
                .clicked()
            {
                state.wish(Wish::TakeLogo(path.trim().into()));
            }
            if state.settings.logo.picture.is_some()
                && ui.add(Push::quiet(s(lang, Say::RemoveLogo))).clicked()
            {
                state.wish(Wish::RemoveLogo);
            }
        });
        state.settings.logo.path = path;
        if let Some(problem) = &state.settings.logo.problem {
            let told = text(problem, theme::SMALL_SIZE, theme::REGULAR, palette.danger);
            ui.add(egui::Label::new(told).wrap());
        }
    });
}
