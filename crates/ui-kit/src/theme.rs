//! Colours, sizes and text styles, light and dark.

use egui::{Color32, CornerRadius, FontId, RichText, Shadow, Stroke, TextStyle, Theme, vec2};
use serde::{Deserialize, Serialize};

use crate::fonts::{self, Icon};

/// Weight of running text.
pub const REGULAR: f32 = 400.0;
/// Weight of labels and status text.
pub const MEDIUM: f32 = 540.0;
/// Weight of buttons and titles in lists.
pub const SEMIBOLD: f32 = 600.0;
/// Weight of headings.
pub const BOLD: f32 = 660.0;

/// Size of running text, in points.
pub const BODY_SIZE: f32 = 14.5;
/// Size of secondary text, in points.
pub const SMALL_SIZE: f32 = 13.0;
/// Size of the heading of a page, in points.
pub const HEADING_SIZE: f32 = 26.0;
/// Corner radius of buttons and fields, in points.
pub const RADIUS: u8 = 8;
/// Corner radius of cards and dialogs, in points.
pub const CARD_RADIUS: u8 = 12;
/// Height of buttons and fields, in points.
pub const CONTROL_HEIGHT: f32 = 36.0;
/// Empty space between a window's edge and its content, in points.
pub const PAGE_MARGIN: f32 = 24.0;

/// Light, dark, or what the desktop says (E3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ThemeChoice {
    #[default]
    System,
    Light,
    Dark,
}

impl ThemeChoice {
    /// Makes `ctx` follow the choice from the next frame on.
    pub fn apply(self, ctx: &egui::Context) {
        ctx.set_theme(match self {
            Self::System => egui::ThemePreference::System,
            Self::Light => egui::ThemePreference::Light,
            Self::Dark => egui::ThemePreference::Dark,
        });
    }

    /// What a press on the sun or moon button means: the opposite of what is shown now.
    pub fn opposite_of_shown(ctx: &egui::Context) -> Self {
        match ctx.theme() {
            Theme::Dark => Self::Light,
            Theme::Light => Self::Dark,
        }
    }
}

/// What a badge, a dot or a notice stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Neutral,
    /// Something to notice.
    Accent,
    Good,
    Warning,
    Danger,
}

/// The colours of one theme.
///
/// INVARIANT: each text colour has a contrast of at least 4.5:1 with every background it is used on
/// (WCAG 2.2, 1.4.3); a test computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Behind everything.
    pub background: Color32,
    /// Cards, fields, dialogs.
    pub card: Color32,
    /// Bars and side panels, hovered rows.
    pub sunken: Color32,
    /// Borders and separators.
    pub line: Color32,
    /// Borders of fields, stronger than `line`.
    pub field_line: Color32,
    pub text: Color32,
    /// Secondary text.
    pub dim: Color32,
    /// Text and icons of what can be pressed; focus rings.
    pub accent: Color32,
    /// Fill of the primary button, and the same under the pointer.
    pub accent_fill: Color32,
    pub accent_fill_hover: Color32,
    /// Background of what is selected, and of icons in cards.
    pub accent_soft: Color32,
    /// Text on `accent_fill` and `danger_fill`.
    pub on_accent: Color32,
    pub good: Color32,
    pub good_soft: Color32,
    pub warning: Color32,
    pub warning_soft: Color32,
    pub danger: Color32,
    pub danger_soft: Color32,
    pub danger_fill: Color32,
    pub danger_fill_hover: Color32,
    pub shadow: Color32,
    /// Over the window, behind a dialog.
    pub backdrop: Color32,
}

impl Palette {
    /// The palette of the theme that `ui` is drawn in.
    pub fn of(ui: &egui::Ui) -> Self {
        if ui.visuals().dark_mode {
            Self::DARK
        } else {
            Self::LIGHT
        }
    }

    /// The palette of the theme that `ctx` shows now.
    pub fn of_ctx(ctx: &egui::Context) -> Self {
        match ctx.theme() {
            Theme::Dark => Self::DARK,
            Theme::Light => Self::LIGHT,
        }
    }

    /// Foreground and soft background of a tone.
    pub fn tone(&self, tone: Tone) -> (Color32, Color32) {
        match tone {
            Tone::Neutral => (self.dim, self.sunken),
            Tone::Accent => (self.accent, self.accent_soft),
            Tone::Good => (self.good, self.good_soft),
            Tone::Warning => (self.warning, self.warning_soft),
            Tone::Danger => (self.danger, self.danger_soft),
        }
    }

    /// Light theme.
    pub const LIGHT: Self = Self {
        background: rgb(0x00f5_f6f8),
        card: rgb(0x00ff_ffff),
        sunken: rgb(0x00ed_eff3),
        line: rgb(0x00df_e3e9),
        field_line: rgb(0x00c9_d0da),
        text: rgb(0x0017_1b22),
        dim: rgb(0x0058_6271),
        accent: rgb(0x001a_56f0),
        accent_fill: rgb(0x001f_5eff),
        accent_fill_hover: rgb(0x0017_52ec),
        accent_soft: rgb(0x00e8_efff),
        on_accent: Color32::WHITE,
        good: rgb(0x000d_7546),
        good_soft: rgb(0x00e3_f5ec),
        warning: rgb(0x008a_5600),
        warning_soft: rgb(0x00fd_f1d9),
        danger: rgb(0x00c4_2b2b),
        danger_soft: rgb(0x00fd_ebeb),
        danger_fill: rgb(0x00cf_2f33),
        danger_fill_hover: rgb(0x00b9_262a),
        shadow: Color32::from_black_alpha(16),
        backdrop: Color32::from_black_alpha(90),
    };

    /// Dark theme.
    pub const DARK: Self = Self {
        background: rgb(0x0014_171c),
        card: rgb(0x001c_2027),
        sunken: rgb(0x0023_2831),
        line: rgb(0x002e_343e),
        field_line: rgb(0x003d_4552),
        text: rgb(0x00e8_ebf0),
        dim: rgb(0x00a0_a9b7),
        accent: rgb(0x0073_a2ff),
        accent_fill: rgb(0x002f_6bf2),
        accent_fill_hover: rgb(0x0025_61e8),
        accent_soft: rgb(0x001d_2c4d),
        on_accent: Color32::WHITE,
        good: rgb(0x003e_cf8e),
        good_soft: rgb(0x0017_352a),
        warning: rgb(0x00f2_b84b),
        warning_soft: rgb(0x003a_2d12),
        danger: rgb(0x00ff_8079),
        danger_soft: rgb(0x003d_1f22),
        danger_fill: rgb(0x00cf_2f33),
        danger_fill_hover: rgb(0x00bd_2529),
        shadow: Color32::from_black_alpha(80),
        backdrop: Color32::from_black_alpha(150),
    };
}

/// Gives `ctx` the fonts, both themes and typing in order; call once, before the first frame.
pub fn install(ctx: &egui::Context) {
    fonts::install(ctx);
    crate::typing::keep_in_order(ctx);
    crate::caret::comes_to_rest(ctx);
    ctx.options_mut(|options| {
        options.fallback_theme = Theme::Light;
        // text sizes are chosen and kept by ourselves, and these keys are also a host's
        options.zoom_with_keyboard = false;
    });
    for (theme, palette) in [(Theme::Light, Palette::LIGHT), (Theme::Dark, Palette::DARK)] {
        ctx.style_mut_of(theme, |style| apply(style, &palette));
    }
}

fn apply(style: &mut egui::Style, palette: &Palette) {
    style.text_styles = [
        (TextStyle::Heading, FontId::proportional(HEADING_SIZE)),
        (TextStyle::Body, FontId::proportional(BODY_SIZE)),
        (TextStyle::Button, FontId::proportional(BODY_SIZE)),
        (TextStyle::Small, FontId::proportional(SMALL_SIZE)),
        (TextStyle::Monospace, FontId::monospace(SMALL_SIZE)),
    ]
    .into();
    style.animation_time = 0.12;
    style.interaction.selectable_labels = false;
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 8.0);
    spacing.button_padding = vec2(12.0, 7.0);
    spacing.interact_size = vec2(36.0, 34.0);
    spacing.menu_margin = egui::Margin::same(6);
    spacing.icon_width = 18.0;
    spacing.icon_width_inner = 10.0;
    spacing.icon_spacing = 8.0;
    spacing.combo_height = 320.0;
    // the handle is drawn in the colour of text, which would shout
    spacing.scroll.dormant_handle_opacity = 0.18;
    spacing.scroll.active_handle_opacity = 0.3;
    spacing.scroll.interact_handle_opacity = 0.5;

    let visuals = &mut style.visuals;
    visuals.panel_fill = palette.background;
    visuals.window_fill = palette.card;
    visuals.extreme_bg_color = palette.card;
    visuals.faint_bg_color = palette.sunken;
    visuals.code_bg_color = palette.sunken;
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.danger;
    visuals.weak_text_color = Some(palette.dim);
    visuals.selection.bg_fill = palette.accent.gamma_multiply(0.28);
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.text_cursor.stroke = Stroke::new(2.0, palette.accent);
    visuals.window_corner_radius = CornerRadius::same(CARD_RADIUS);
    visuals.menu_corner_radius = CornerRadius::same(10);
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_shadow = Shadow {
        offset: [0, 8],
        blur: 28,
        spread: 0,
        color: palette.shadow,
    };
    visuals.popup_shadow = visuals.window_shadow;
    visuals.slider_trailing_fill = true;

    let widgets = &mut visuals.widgets;
    for (widget, fill, line) in [
        (&mut widgets.noninteractive, palette.card, palette.line),
        (&mut widgets.inactive, palette.card, palette.field_line),
        (&mut widgets.hovered, palette.accent_soft, palette.accent),
        (&mut widgets.active, palette.accent_soft, palette.accent),
        (&mut widgets.open, palette.accent_soft, palette.accent),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, line);
        widget.fg_stroke = Stroke::new(1.5, palette.text);
        widget.corner_radius = CornerRadius::same(RADIUS);
        widget.expansion = 0.0;
    }
}

/// Text in `size` points, with a weight from 400 to 700.
pub fn text(text: impl Into<String>, size: f32, weight: f32, color: Color32) -> RichText {
    RichText::new(text)
        .size(size)
        .variation(b"wght", weight)
        .color(color)
}

/// An icon as text.
pub fn icon(icon: Icon, size: f32, color: Color32) -> RichText {
    RichText::new(icon.unicode().to_string())
        .font(fonts::icon_font(size))
        .color(color)
}

/// `from` at 0, `to` at 1.
pub(crate) fn mix(from: Color32, to: Color32, share: f32) -> Color32 {
    from.lerp_to_gamma(to, share)
}

const fn rgb(hex: u32) -> Color32 {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color32::from_rgb(red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance after WCAG 2.2.
    fn luminance(color: Color32) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn every_text_can_be_read_on_every_background_it_stands_on() {
        for (theme, p) in [("light", Palette::LIGHT), ("dark", Palette::DARK)] {
            let mut pairs = Vec::new();
            for ground in [p.background, p.card, p.sunken, p.accent_soft] {
                pairs.extend([(p.text, ground), (p.dim, ground), (p.accent, ground)]);
            }
            for ground in [p.background, p.card] {
                pairs.extend([(p.good, ground), (p.warning, ground), (p.danger, ground)]);
            }
            pairs.extend([
                (p.good, p.good_soft),
                (p.warning, p.warning_soft),
                (p.danger, p.danger_soft),
                (p.on_accent, p.accent_fill),
                (p.on_accent, p.accent_fill_hover),
                (p.on_accent, p.danger_fill),
                (p.on_accent, p.danger_fill_hover),
            ]);
            for ground in [p.good_soft, p.warning_soft, p.danger_soft] {
                pairs.push((p.text, ground));
            }
            for (fore, ground) in pairs {
                let found = contrast(fore, ground);
                assert!(
                    found >= 4.5,
                    "{theme}: {fore:?} on {ground:?} has only {found:.2}"
                );
            }
        }
    }

    #[test]
    fn the_contrast_formula_knows_black_on_white() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
    }
}
