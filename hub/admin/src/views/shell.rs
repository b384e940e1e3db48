//! The side bar, and the section beside it.

use egui::{
    Align2, CentralPanel, CornerRadius, CursorIcon, FontId, Frame, Key, Margin, Panel, Response,
    Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};
use protocol::admin::Question;
use ui_kit::fonts::icon_font;
use ui_kit::widgets::{account_button_ui, banner_ui, icon_button_ui, logo_ui};
use ui_kit::{Icon, OwnForm, OwnWish, Palette, Tone, Word, text, theme, w};

use super::{audit, computers, films, live, overview, people, reports, settings, sign_in};
use crate::state::{Section, Standing, State, Topic, Wish};
use crate::words::{Say, s};

/// Width of the side bar, in points.
const SIDE_WIDTH: f32 = 216.0;
/// Height of what stands at its foot, in points.
const FOOT_HEIGHT: f32 = 84.0;

pub(super) fn shell_ui(ui: &mut Ui, state: &mut State) {
    keys(ui, state);
    own_account_ui(ui, state);
    let palette = Palette::of(ui);
    if state.section == Section::Films && state.films.full_screen {
        CentralPanel::default()
            .frame(Frame::new().fill(palette.background).inner_margin(8))
            .show(ui, |ui| films::films_ui(ui, state));
        return;
    }
    Panel::left("sections")
        .exact_size(SIDE_WIDTH)
        .resizable(false)
        .show_separator_line(false)
        .frame(
            Frame::new()
                .fill(palette.card)
                .inner_margin(Margin::symmetric(12, 16)),
        )
        .show(ui, |ui| side_ui(ui, state));
    CentralPanel::default()
        .frame(Frame::new().fill(palette.background).inner_margin(Margin {
            left: 26,
            right: 22,
            top: 20,
            bottom: 16,
        }))
        .show(ui, |ui| {
            if let Standing::In { lost: true, .. } = state.standing {
                banner_ui(ui, Tone::Warning, w(state.lang, Word::Reconnecting));
                ui.add_space(4.0);
            }
            match state.section {
                Section::Overview => overview::overview_ui(ui, state),
                Section::Live => live::live_ui(ui, state),
                Section::Reports => reports::reports_ui(ui, state),
                Section::Films => films::films_ui(ui, state),
                Section::People => people::people_ui(ui, state),
                Section::Computers => computers::computers_ui(ui, state),
                Section::Audit => audit::audit_ui(ui, state),
                Section::Settings => settings::settings_ui(ui, state),
            }
        });
}

fn own_account_ui(ui: &Ui, state: &mut State) {
    let reachable = matches!(state.standing, Standing::In { lost: false, .. });
    let (lang, clock) = (state.lang, state.clock);
    let Some(form) = &mut state.own else {
        return;
    };
    for wish in form.ui(ui.ctx(), lang, clock, reachable) {
        match wish {
            OwnWish::Ask(question) => {
                state.last_own = state.last_own.wrapping_add(1);
                state.ask(Topic::Own(state.last_own), Question::Own(question));
            }
            OwnWish::Copy(text) => state.wish(Wish::Copy(text)),
            OwnWish::Close => state.own = None,
        }
    }
}

fn keys(ui: &Ui, state: &mut State) {
    if ui.input(|input| input.key_pressed(Key::F5)) {
        state.wish(Wish::Refresh);
    }
    // Ctrl and a digit goes to a section, as browsers go to their tabs
    const DIGITS: [Key; 9] = [
        Key::Num1,
        Key::Num2,
        Key::Num3,
        Key::Num4,
        Key::Num5,
        Key::Num6,
        Key::Num7,
        Key::Num8,
        Key::Num9,
    ];
    for (section, key) in Section::ALL.into_iter().zip(DIGITS) {
        if ui.input(|input| input.modifiers.command && input.key_pressed(key)) {
            state.wish(Wish::Go(section));
        }
    }
}

fn side_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let palette = Palette::of(ui);
    let bar = ui.max_rect();
    let edge = bar.right() + 12.0;
    ui.painter().vline(
        edge,
        bar.y_range().expand(16.0),
        Stroke::new(1.0, palette.line),
    );
    ui.horizontal(|ui| {
        logo_ui(ui, 34.0);
        ui.add_space(2.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let name = w(lang, Word::PureHelpDesk);
            ui.label(text(name, 14.5, theme::BOLD, palette.text));
            let part = s(lang, Say::Administration);
            ui.label(text(part, 12.0, theme::REGULAR, palette.dim));
        });
    });
    ui.add_space(14.0);
    ui.spacing_mut().item_spacing.y = 2.0;
    let room = (ui.available_height() - FOOT_HEIGHT).max(0.0);
    let sections = ScrollArea::vertical().max_height(room);
    sections.show(ui, |ui| {
        for section in Section::ALL {
            let chosen = state.section == section;
            let (icon, say) = face(section);
            if section_ui(ui, icon, s(lang, say), chosen).clicked() {
                state.wish(Wish::Go(section));
            }
        }
    });
    ui.with_layout(egui::Layout::bottom_up(egui::Align::Min), |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            sign_in::appearance_ui(ui, state);
            if icon_button_ui(ui, Icon::LogOut, s(lang, Say::SignOut), true).clicked() {
                state.wish(Wish::SignOut);
            }
        });
        ui.add_space(6.0);
        if let Standing::In { name, .. } = &state.standing
            && account_button_ui(ui, name, w(lang, Word::YourAccount), true).clicked()
        {
            state.own = Some(OwnForm::default());
        }
    });
}

fn face(section: Section) -> (Icon, Say) {
    match section {
        Section::Overview => (Icon::LayoutDashboard, Say::Overview),
        Section::Live => (Icon::Radio, Say::Live),
        Section::Reports => (Icon::FileText, Say::Reports),
        Section::Films => (Icon::Film, Say::Films),
        Section::People => (Icon::Users, Say::People),
        Section::Computers => (Icon::Server, Say::Computers),
        Section::Audit => (Icon::ShieldCheck, Say::Audit),
        Section::Settings => (Icon::Settings, Say::Settings),
    }
}

/// One line of the side bar.
fn section_ui(ui: &mut Ui, icon: Icon, label: &str, chosen: bool) -> Response {
    let palette = Palette::of(ui);
    let enabled = ui.is_enabled();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, enabled, chosen, label));
    let fill = match (chosen, response.hovered()) {
        (true, _) => palette.accent_soft,
        (false, true) => palette.sunken,
        (false, false) => egui::Color32::TRANSPARENT,
    };
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(8), fill);
    if response.has_focus() {
        let ring = Stroke::new(2.0, palette.accent);
        painter.rect_stroke(rect.shrink(1.0), 8, ring, egui::StrokeKind::Inside);
    }
    let color = if chosen { palette.accent } else { palette.dim };
    painter.text(
        pos2(rect.left() + 20.0, rect.center().y),
        Align2::CENTER_CENTER,
        icon.unicode(),
        icon_font(17.0),
        color,
    );
    let weight = if chosen { theme::SEMIBOLD } else { 480.0 };
    let color = if chosen { palette.accent } else { palette.text };
    let label = text(label, 14.0, weight, color);
    let galley = egui::WidgetText::from(label).into_galley(
        ui,
        Some(egui::TextWrapMode::Truncate),
        rect.width() - 48.0,
        FontId::proportional(14.0),
    );
    let at = pos2(rect.left() + 40.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, color);
    response.on_hover_cursor(CursorIcon::PointingHand)
}

#[cfg(test)]
mod tests {
    use egui::Key;
    use egui::accesskit::Role;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;
    use protocol::OwnQuestion;
    use ui_kit::Lang;

    use super::*;

    #[test]
    fn the_name_at_the_foot_opens_ones_own_account() {
        let mut state = State::new(Lang::En);
        state.standing = Standing::In {
            name: "Carla".to_owned(),
            lost: false,
        };
        let draw = |ui: &mut Ui, state: &mut State| {
            theme::install(ui.ctx());
            shell_ui(ui, state);
        };
        let mut harness = Harness::builder()
            .with_size([1180.0, 760.0])
            .build_ui_state(draw, state);
        harness.run_steps(3);
        harness.get_by_role_and_label(Role::Button, "Carla").click();
        harness.run_steps(3);
        let asked = (Topic::Own(1), Question::Own(OwnQuestion::Show));
        assert!(harness.state().outbox.contains(&asked));
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        assert!(harness.state().own.is_none());
    }
}
