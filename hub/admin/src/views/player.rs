//! The player: the picture, the time line, and what happened beside the pictures.

use egui::text::LayoutJob;
use egui::{
    Align2, Color32, ColorImage, CornerRadius, FontId, Key, Rect, ScrollArea, Sense,
    TextureOptions, Ui, pos2, vec2,
};
use ui_kit::widgets::{
    Field, Push, card_ui, chip_ui, empty_state_ui, icon_button_ui, icon_toggle_ui,
    section_header_ui, segments_ui, text_field_ui,
};
use ui_kit::{Icon, Lang, Palette, Tone, text, theme};

use crate::player::{Act, MarkKind, Player, Playing, Still};
use crate::state::{Film, FilmStage};
use crate::words::{self, Say, s};

/// How far the arrow keys go, in microseconds.
const ARROW_MICROS: u64 = 5_000_000;
/// Height of one thing in the list of what happened, in points.
const MARK_HEIGHT: f32 = 36.0;
const SPEEDS: [(u8, &str); 5] = [(5, "½×"), (10, "1×"), (20, "2×"), (40, "4×"), (80, "8×")];

/// The picture with the controls below it.
pub(super) fn player_ui(ui: &mut Ui, lang: Lang, film: &mut Film, full_screen: &mut bool) {
    let FilmStage::Open(player) = &film.stage else {
        return;
    };
    let playing = player.playing();
    if let Some(problem) = &playing.problem {
        return empty_state_ui(ui, Icon::CircleAlert, s(lang, Say::NotLoaded), problem);
    }
    if !playing.is_ready {
        return super::loading_ui(ui, lang);
    }
    for act in keys(ui, &playing, full_screen) {
        player.act(act);
    }
    mark_cut(ui, &playing, &mut film.cut_from, &mut film.cut_to);
    const CONTROLS: f32 = 92.0;
    let room = vec2(
        ui.available_width(),
        (ui.available_height() - CONTROLS).max(80.0),
    );
    let (rect, response) = ui.allocate_exact_size(room, Sense::click());
    ui.painter()
        .rect_filled(rect, CornerRadius::same(8), Color32::from_gray(12));
    if let Some(still) = &playing.still {
        picture_ui(ui, rect, still, &mut film.texture);
    }
    if response.clicked() {
        player.act(toggle(&playing));
    }
    if response.double_clicked() {
        *full_screen = !*full_screen;
    }
    ui.add_space(6.0);
    let cut = (film.cut_from, film.cut_to);
    let mut thumb_at = |ui: &Ui, micros| thumb(ui, player, micros, &mut film.thumb);
    if let Some(to) = time_line_ui(ui, lang, &playing, cut, &mut thumb_at) {
        player.act(Act::Seek(to));
    }
    ui.horizontal(|ui| {
        let (icon, label) = if playing.is_playing {
            (Icon::Pause, s(lang, Say::Pause))
        } else {
            (Icon::Play, s(lang, Say::Play))
        };
        if icon_button_ui(ui, icon, label, true).clicked() {
            player.act(toggle(&playing));
        }
        if icon_button_ui(ui, Icon::StepForward, s(lang, Say::Step), !playing.at_end).clicked() {
            player.act(Act::Step);
        }
        let at = format!(
            "{} / {}",
            clock(playing.at_micros),
            clock(playing.duration_micros)
        );
        let palette = Palette::of(ui);
        ui.label(text(at, 13.0, theme::MEDIUM, palette.text));
        ui.add_space(8.0);
        if playing.is_live {
            chip_ui(ui, s(lang, Say::LiveMark), Tone::Danger);
        } else if playing.runs {
            if ui.add(Push::secondary(s(lang, Say::ToLive))).clicked() {
                player.act(Act::Live);
            }
        } else if film.live {
            chip_ui(ui, s(lang, Say::LiveOver), Tone::Neutral);
        }
        if let Some(speed) = segments_ui(ui, film.speed, &SPEEDS) {
            film.speed = speed;
            player.act(Act::Speed(f32::from(speed) / 10.0));
        }
        super::at_right_ui(ui, |ui| {
            let label = if *full_screen {
                s(lang, Say::LeaveFullScreen)
            } else {
                s(lang, Say::FullScreen)
            };
            let icon = if *full_screen {
                Icon::Minimize
            } else {
                Icon::Maximize
            };
            if icon_button_ui(ui, icon, label, true).clicked() {
                *full_screen = !*full_screen;
            }
            let label = s(lang, Say::SkipIdle);
            if icon_toggle_ui(ui, Icon::FastForward, label, true, film.skip_idle).clicked() {
                film.skip_idle = !film.skip_idle;
                player.act(Act::SkipIdle(film.skip_idle));
            }
        });
    });
}

fn toggle(playing: &Playing) -> Act {
    if playing.is_playing {
        Act::Pause
    } else {
        Act::Play
    }
}

/// I and O say where a cut begins and ends; the same key once more takes it back.
fn mark_cut(ui: &Ui, playing: &Playing, from: &mut Option<u64>, to: &mut Option<u64>) {
    if is_covered(ui) {
        return;
    }
    let at = playing.at_micros;
    for (key, mark) in [(Key::I, from), (Key::O, to)] {
        if ui.input(|input| input.key_pressed(key) && input.modifiers.is_none()) {
            *mark = (*mark != Some(at)).then_some(at);
        }
    }
}

/// Whether keys are for something else.
fn is_covered(ui: &Ui) -> bool {
    ui.memory(|memory| {
        memory.focused().is_some()
            || memory
                .top_modal_layer()
                .is_some_and(|top| top != ui.layer_id())
    })
}

/// Space, arrows, and F for the whole window, as in every player.
fn keys(ui: &Ui, playing: &Playing, full_screen: &mut bool) -> Vec<Act> {
    if is_covered(ui) {
        return Vec::new();
    }
    let pressed = |key| ui.input(|input| input.key_pressed(key) && input.modifiers.is_none());
    let mut acts = Vec::new();
    if pressed(Key::Space) {
        acts.push(toggle(playing));
    }
    if pressed(Key::ArrowRight) {
        acts.push(Act::Seek(playing.at_micros + ARROW_MICROS));
    }
    if pressed(Key::ArrowLeft) {
        acts.push(Act::Seek(playing.at_micros.saturating_sub(ARROW_MICROS)));
    }
    if pressed(Key::Home) {
        acts.push(Act::Seek(0));
    }
    if pressed(Key::End) {
        acts.push(if playing.runs {
            Act::Live
        } else {
            Act::Seek(playing.duration_micros)
        });
    }
    if pressed(Key::Period) {
        acts.push(Act::Step);
    }
    if pressed(Key::F) {
        *full_screen = !*full_screen;
    }
    acts
}

fn picture_ui(
    ui: &Ui,
    rect: Rect,
    still: &Still,
    texture: &mut Option<(u64, egui::TextureHandle)>,
) {
    if texture
        .as_ref()
        .is_none_or(|(number, _)| *number != still.number)
    {
        let image = image_of(still.width, still.height, &still.pixels);
        if let Some((number, texture)) = texture {
            texture.set(image, TextureOptions::LINEAR);
            *number = still.number;
        } else {
            let handle = ui.ctx().load_texture("film", image, TextureOptions::LINEAR);
            *texture = Some((still.number, handle));
        }
    }
    let Some((_, texture)) = texture else { return };
    let size = texture.size_vec2();
    let scale = (rect.width() / size.x).min(rect.height() / size.y);
    // one pixel for one where there is room: text stays sharp
    let whole = 1.0 / ui.ctx().pixels_per_point();
    let scale = if scale >= whole {
        whole.max(scale.min(whole))
    } else {
        scale
    };
    let shown = Rect::from_center_size(rect.center(), size * scale);
    let all = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(texture.id(), shown, all, Color32::WHITE);
}

/// The small picture near a moment, on the graphics card; the last one until it is made.
fn thumb(
    ui: &Ui,
    player: &Player,
    micros: u64,
    shown: &mut Option<(u64, egui::TextureHandle)>,
) -> Option<egui::TextureHandle> {
    if let Some(thumb) = player.thumb_near(micros)
        && shown.as_ref().is_none_or(|(at, _)| *at != thumb.at_micros)
        && !thumb.pixels.is_empty()
    {
        let image = image_of(thumb.width, thumb.height, &thumb.pixels);
        let texture = ui
            .ctx()
            .load_texture("thumb", image, TextureOptions::LINEAR);
        *shown = Some((thumb.at_micros, texture));
    }
    shown.as_ref().map(|(_, texture)| texture.clone())
}

fn image_of(width: usize, height: usize, pixels: &[u32]) -> ColorImage {
    let pixels = pixels.iter().map(|pixel| {
        let [blue, green, red, _] = pixel.to_le_bytes();
        Color32::from_rgb(red, green, blue)
    });
    ColorImage::new([width, height], pixels.collect())
}

/// The time line; where it was pressed, in microseconds.
fn time_line_ui(
    ui: &mut Ui,
    lang: Lang,
    playing: &Playing,
    (cut_from, cut_to): (Option<u64>, Option<u64>),
    thumb_at: &mut dyn FnMut(&Ui, u64) -> Option<egui::TextureHandle>,
) -> Option<u64> {
    let palette = Palette::of(ui);
    let size = vec2(ui.available_width(), 26.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Slider, true, s(lang, Say::TimeLine))
    });
    let duration = playing.duration_micros.max(1);
    let line = Rect::from_center_size(rect.center(), vec2(rect.width(), 6.0));
    let painter = ui.painter();
    painter.rect_filled(line, 3, palette.line);
    let x_of = |micros: u64| {
        let share = super::share(micros.min(duration), duration);
        rect.left() + rect.width() * share
    };
    let done = line.with_max_x(x_of(playing.at_micros));
    painter.rect_filled(done, 3, palette.accent_fill);
    if cut_from.is_some() || cut_to.is_some() {
        let (from, to) = (cut_from.unwrap_or(0), cut_to.unwrap_or(duration));
        let part = Rect::from_x_y_ranges(x_of(from)..=x_of(to), rect.top()..=rect.top() + 4.0);
        painter.rect_filled(part, 2, palette.warning);
    }
    for mark in playing.marks.iter() {
        let color = color_of(mark.kind, &palette);
        let at = pos2(x_of(mark.at_micros), line.center().y);
        painter.rect_filled(Rect::from_center_size(at, vec2(3.0, 12.0)), 1, color);
    }
    let at = pos2(x_of(playing.at_micros), line.center().y);
    painter.circle_filled(at, 7.0, palette.accent_fill);
    painter.circle_filled(at, 3.0, palette.on_accent);
    let micros_at = |x: f32| {
        let share = ((x - rect.left()) / rect.width().max(1.0)).clamp(0.0, 1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place on the line is no more exact"
        )]
        let micros = (duration as f64 * f64::from(share)) as u64;
        micros
    };
    let pointer = response.interact_pointer_pos();
    let pressed = pointer
        .filter(|_| response.clicked() || response.dragged())
        .map(|at| micros_at(at.x));
    if let Some(hover) = response.hover_pos() {
        let micros = micros_at(hover.x);
        let near = playing
            .marks
            .iter()
            .filter(|mark| (x_of(mark.at_micros) - hover.x).abs() < 5.0)
            .take(4);
        let mut told = clock(micros);
        for mark in near {
            told.push('\n');
            told.push_str(&mark.text);
        }
        let thumb = thumb_at(ui, micros);
        response.on_hover_ui_at_pointer(|ui| {
            if let Some(thumb) = &thumb {
                ui.image(egui::load::SizedTexture::from_handle(thumb));
            }
            ui.label(told);
        });
    }
    pressed
}

fn color_of(kind: MarkKind, palette: &Palette) -> Color32 {
    match kind {
        MarkKind::UserChat => palette.good,
        MarkKind::OperatorChat => palette.accent,
        MarkKind::People => palette.text,
        MarkKind::Line => palette.danger,
        MarkKind::Moment => palette.warning,
        MarkKind::Note => palette.dim,
    }
}

/// What happened beside the pictures, with a search; a press goes there.
pub(super) fn marks_ui(ui: &mut Ui, lang: Lang, film: &mut Film) {
    let FilmStage::Open(player) = &film.stage else {
        return;
    };
    let playing = player.playing();
    card_ui(ui, |ui| {
        section_header_ui(ui, s(lang, Say::Chapters), "");
        ui.add_space(4.0);
        let field = Field {
            hint: s(lang, Say::SearchFilm),
            ..Field::default()
        };
        text_field_ui(ui, &field, &mut film.search);
        ui.add_space(2.0);
        let wanted = film.search.trim().to_lowercase();
        let shown: Vec<_> = playing
            .marks
            .iter()
            .filter(|mark| wanted.is_empty() || mark.text.to_lowercase().contains(&wanted))
            .collect();
        if shown.is_empty() {
            let palette = Palette::of(ui);
            let nothing = s(lang, Say::NothingFound);
            ui.label(text(nothing, 13.0, theme::REGULAR, palette.dim));
        }
        ScrollArea::vertical()
            .id_salt("marks")
            .max_height(420.0)
            .show_rows(ui, MARK_HEIGHT, shown.len(), |ui, rows| {
                for mark in shown.get(rows).unwrap_or_default() {
                    if mark_ui(ui, mark.at_micros, mark.kind, &mark.text) {
                        // a moment before, to see it come
                        player.act(Act::Seek(mark.at_micros.saturating_sub(300_000)));
                    }
                }
            });
    });
}

/// One thing that happened, in up to two lines; whether it was pressed.
fn mark_ui(ui: &mut Ui, at_micros: u64, kind: MarkKind, what: &str) -> bool {
    let palette = Palette::of(ui);
    let size = vec2(ui.available_width(), MARK_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, what));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 6, palette.sunken);
    }
    let middle = rect.center().y;
    ui.painter().circle_filled(
        pos2(rect.left() + 8.0, middle),
        3.5,
        color_of(kind, &palette),
    );
    ui.painter().text(
        pos2(rect.left() + 18.0, middle),
        Align2::LEFT_CENTER,
        clock(at_micros),
        FontId::monospace(11.5),
        palette.dim,
    );
    // `0:00`, or `0:00:00` once an hour is over
    let indent = if at_micros < 3_600_000_000 {
        54.0
    } else {
        76.0
    };
    let room = Rect::from_min_max(pos2(rect.left() + indent, rect.top()), rect.max);
    let font = FontId::new(13.0, egui::FontFamily::Proportional);
    let mut job = LayoutJob::simple(what.to_owned(), font, palette.text, room.width());
    job.wrap.max_rows = 2;
    let galley = ui.painter().layout_job(job);
    let cut = galley.elided;
    let top = middle - galley.size().y / 2.0;
    ui.painter()
        .galley(pos2(room.left(), top), galley, palette.text);
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
    let response = if cut {
        response.on_hover_text(what)
    } else {
        response
    };
    response.clicked()
}

/// `1:02:03`, `2:03`.
fn clock(micros: u64) -> String {
    words::clock(micros / 1_000_000)
}
