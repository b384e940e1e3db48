//! How large everything is drawn, beside what the desktop asks for.

use egui::{Context, Modifiers, Popup, Rect, Ui, Vec2, ViewportCommand, vec2};
use serde::{Deserialize, Serialize};

use crate::fonts::Icon;
use crate::widgets::{Field, choice_ui, icon_button_ui, menu_item_ui};
use crate::words::{Lang, Word, room_for_text_size, w};

/// What a desktop's bars and a window's frame may take of a monitor, in the desktop's points.
const DESKTOP_ROOM: Vec2 = vec2(0.0, 60.0);

/// The size of letters, and of all that is around them, in percent of what the desktop asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct TextSize(u16);

impl TextSize {
    /// What can be chosen, from the smallest.
    pub const ALL: [Self; 6] = [
        Self(100),
        Self(110),
        Self(125),
        Self(150),
        Self(175),
        Self(200),
    ];

    pub const fn percent(self) -> u16 {
        self.0
    }

    /// A length of a window that is about to be made, in the desktop's points.
    pub fn of_new_window(self, points: f32) -> f32 {
        points * f32::from(self.0) / 100.0
    }

    /// The next larger one, if there is one.
    pub fn larger(self) -> Self {
        let larger = Self::ALL.into_iter().find(|size| size.0 > self.0);
        larger.unwrap_or(self)
    }

    /// The next smaller one, if there is one.
    pub fn smaller(self) -> Self {
        let smaller = Self::ALL.into_iter().rev().find(|size| size.0 < self.0);
        smaller.unwrap_or(self)
    }

    /// What the keys of browsers ask for, if they were pressed: Ctrl with plus, minus or zero (⌘ on macOS).
    pub fn asked_by_keys(self, ctx: &Context) -> Option<Self> {
        use egui::Key;

        let times =
            |key| ctx.input_mut(|input| input.count_and_consume_key(Modifiers::COMMAND, key));
        let (up, down) = (times(Key::Plus) + times(Key::Equals), times(Key::Minus));
        if times(Key::Num0) > 0 {
            return Some(Self::default());
        }
        let larger = (0..up).fold(self, |size, _press| size.larger());
        let asked = (0..down).fold(larger, |size, _press| size.smaller());
        (up + down > 0).then_some(asked)
    }

    /// By which the desktop's points are multiplied, where `monitor` and the `smallest` window are given in
    /// those: a window must not become larger than its monitor.
    fn factor(self, monitor: Option<Vec2>, smallest: Vec2) -> f32 {
        let wanted = self.of_new_window(1.0);
        let Some(monitor) = monitor.filter(|monitor| monitor.min_elem() > 0.0) else {
            return wanted;
        };
        let most = ((monitor - DESKTOP_ROOM) / smallest).min_elem();
        // of whole percents, as they are said
        let most = (most * 100.0).floor() / 100.0;
        wanted.min(most.max(1.0))
    }
}

impl Default for TextSize {
    fn default() -> Self {
        Self(100)
    }
}

/// The nearest that can be chosen.
impl From<u16> for TextSize {
    fn from(percent: u16) -> Self {
        let nearest = Self::ALL
            .into_iter()
            .min_by_key(|size| size.0.abs_diff(percent));
        nearest.unwrap_or_default()
    }
}

impl From<TextSize> for u16 {
    fn from(size: TextSize) -> Self {
        size.0
    }
}

/// Has a program's windows follow the text size, from pass to pass.
#[derive(Debug)]
pub struct Enlarged {
    size: TextSize,
    /// The smallest that the main window may be, in points.
    smallest: Vec2,
    /// The factor in the pass before.
    seen: f32,
    /// The factor changed, and the window did not follow yet.
    is_behind: bool,
    /// The window's size in points, as its user chose it.
    chosen: Option<Vec2>,
    /// The size that it was last asked to have, in points.
    asked: Vec2,
    /// When that was, in seconds of egui's clock; `None` before the first pass.
    asked_at: Option<f64>,
    /// The text size was chosen and has not taken effect yet.
    is_new: bool,
}

impl Enlarged {
    /// For a main window of this `first` size, which was made with [`TextSize::of_new_window`] of it.
    pub fn new(
        ctx: &Context,
        size: TextSize,
        first: impl Into<Vec2>,
        smallest: (f32, f32),
    ) -> Self {
        let first = first.into();
        let factor = size.factor(None, smallest.into());
        ctx.set_zoom_factor(factor);
        Self {
            size,
            smallest: smallest.into(),
            seen: factor,
            is_behind: false,
            chosen: Some(first),
            asked: first,
            asked_at: None,
            is_new: true,
        }
    }

    pub fn choose(&mut self, size: TextSize) {
        self.is_new |= self.size != size;
        self.size = size;
    }

    /// In each pass of the main window. It keeps what it shows and becomes larger or smaller, within its monitor;
    /// one that is maximized keeps its size. While it is no window but a bar, nothing changes. On a smaller monitor all
    /// becomes smaller, and stays so: on two of them a window would come and go between two sizes.
    ///
    /// Gives the size that it was asked to have, if it was.
    pub fn follow(&mut self, ctx: &Context, is_window: bool) -> Option<Vec2> {
        /// Within this time windows take the size that they are asked to have, in seconds.
        const RESIZING: f64 = 0.5;
        if !is_window {
            return None;
        }
        let now = ctx.zoom_factor();
        if is_far(self.seen, now) {
            // what is known of the window is in points of before, until the next pass
            (self.seen, self.is_behind) = (now, true);
            ctx.request_repaint();
            return None;
        }
        let (monitor, maximized, outer, inner, time) = ctx.input(|input| {
            let viewport = input.viewport();
            let full = viewport.fullscreen.unwrap_or(false);
            let maximized = full || viewport.maximized.unwrap_or(false);
            let (outer, inner) = (viewport.outer_rect, viewport.inner_rect);
            (viewport.monitor_size, maximized, outer, inner, input.time)
        });
        let inner = inner.filter(|_window| !maximized);
        let asked_at = *self.asked_at.get_or_insert(time);
        let is_at_rest = !self.is_behind && time - asked_at > RESIZING;
        // what there was room for is not what the user wants
        let is_users = |size: Vec2| (size - self.asked).abs().max_elem() > 1.0;
        if is_at_rest && let Some(inner) = inner.filter(|inner| is_users(inner.size())) {
            self.chosen = Some(inner.size());
        }
        let in_desktop_points = monitor.map(|monitor| monitor * now);
        let most = self.size.factor(in_desktop_points, self.smallest);
        let wanted = if self.is_new { most } else { most.min(now) };
        // until the monitor is known
        self.is_new &= monitor.is_none();
        if is_far(wanted, now) {
            // from the next pass on
            ctx.set_zoom_factor(wanted);
            return None;
        }
        if !std::mem::take(&mut self.is_behind) {
            return None;
        }
        ctx.send_viewport_cmd(ViewportCommand::MinInnerSize(self.smallest));
        let (chosen, inner) = self.chosen.zip(inner)?;
        let room = monitor.map_or(Vec2::INFINITY, |monitor| monitor - DESKTOP_ROOM / now);
        let size = chosen.max(self.smallest).min(room.max(self.smallest));
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
        if let (Some(outer), Some(monitor)) = (outer, monitor)
            && let Some(place) = moved_into(outer, size + outer.size() - inner.size(), monitor)
        {
            ctx.send_viewport_cmd(ViewportCommand::OuterPosition(place));
        }
        (self.asked, self.asked_at) = (size, Some(time));
        Some(size)
    }
}

/// The field where it is chosen, in all the room that there is; `applied` is what the windows have now. Gives what was chosen.
pub fn text_size_ui(
    ui: &mut Ui,
    lang: Lang,
    chosen: TextSize,
    applied: TextSize,
) -> Option<TextSize> {
    let names = TextSize::ALL.map(|size| format!("{} %", size.percent()));
    let choices: Vec<_> = TextSize::ALL
        .into_iter()
        .zip(names.iter().map(String::as_str))
        .collect();
    let shown = shown_percent(ui.ctx());
    let is_limited = chosen == applied && shown < chosen.percent();
    let note = is_limited.then(|| room_for_text_size(lang, shown));
    let field = Field::new(w(lang, Word::TextSize)).width(ui.available_width());
    let field = match &note {
        Some(note) => field.note(note),
        None => field,
    };
    choice_ui(ui, &field, chosen, &choices)
}

/// The same as a button with a menu.
pub fn text_size_button_ui(ui: &mut Ui, lang: Lang, chosen: TextSize) -> Option<TextSize> {
    let mut made = None;
    let button = icon_button_ui(ui, Icon::ALargeSmall, w(lang, Word::TextSize), true);
    Popup::menu(&button).show(|ui| {
        for size in TextSize::ALL {
            let name = format!("{} %", size.percent());
            if menu_item_ui(ui, None, &name, size == chosen, None).clicked() {
                made = Some(size);
            }
        }
    });
    made
}

/// The percentage that the windows have now.
fn shown_percent(ctx: &Context) -> u16 {
    let percent = ctx.zoom_factor() * 100.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 100 to 200; a cast saturates"
    )]
    let percent = percent.round() as u16;
    percent
}

/// Where a window of the first monitor goes that would stick out of it with its new size.
fn moved_into(outer: Rect, size: Vec2, monitor: Vec2) -> Option<egui::Pos2> {
    let is_elsewhere = outer.min.x < 0.0
        || outer.min.y < 0.0
        || outer.min.x > monitor.x
        || outer.min.y > monitor.y;
    if is_elsewhere {
        return None;
    }
    let most = (monitor - size).max(Vec2::ZERO);
    let place = outer.min.min(most.to_pos2());
    (place != outer.min).then_some(place)
}

fn is_far(one: f32, other: f32) -> bool {
    (one - other).abs() > 0.001
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn what_a_file_says_becomes_a_size_that_can_be_chosen() {
        for (written, percent) in [
            ("0", 100),
            ("100", 100),
            ("112", 110),
            ("160", 150),
            ("65535", 200),
        ] {
            let read: TextSize = serde_json::from_str(written).expect("reads");
            assert_eq!(read.percent(), percent, "{written}");
        }
        assert_eq!(
            serde_json::to_string(&TextSize(125)).expect("written"),
            "125"
        );
    }

    #[test]
    fn sizes_go_up_and_down_to_an_end() {
        assert_eq!(TextSize(100).larger(), TextSize(110));
        assert_eq!(TextSize(110).smaller(), TextSize(100));
        assert_eq!(TextSize(200).larger(), TextSize(200));
        assert_eq!(TextSize(100).smaller(), TextSize(100));
    }

    #[test]
    fn no_window_becomes_larger_than_its_monitor() {
        let factor = |monitor: Vec2| TextSize(200).factor(Some(monitor), vec2(760.0, 540.0));
        assert!(!is_far(factor(vec2(3840.0, 2160.0)), 2.0));
        assert!(!is_far(factor(vec2(1366.0, 768.0)), 1.31));
        assert!(!is_far(factor(vec2(640.0, 480.0)), 1.0), "never less");
        assert!(!is_far(TextSize(200).factor(None, vec2(760.0, 540.0)), 2.0));
    }

    #[test]
    fn a_window_that_would_stick_out_is_moved() {
        let outer = Rect::from_min_size(pos2(500.0, 10.0), vec2(300.0, 300.0));
        let monitor = vec2(1000.0, 800.0);
        let place = moved_into(outer, vec2(600.0, 600.0), monitor);
        assert_eq!(place, Some(pos2(400.0, 10.0)));
        assert_eq!(moved_into(outer, vec2(400.0, 400.0), monitor), None);
        let second = outer.translate(vec2(1000.0, 0.0));
        assert_eq!(moved_into(second, vec2(900.0, 900.0), monitor), None);
    }

    /// A window that takes the size that it is asked to have, on one monitor after another.
    struct Desktop {
        ctx: Context,
        enlarged: Enlarged,
        /// In pixels.
        window: Vec2,
        seconds: f64,
    }

    impl Desktop {
        fn new(size: TextSize, first: Vec2) -> Self {
            let ctx = Context::default();
            Self {
                enlarged: Enlarged::new(&ctx, size, first, (760.0, 540.0)),
                ctx,
                window: first * size.of_new_window(1.0),
                seconds: 0.0,
            }
        }

        /// Many passes on a monitor of so many pixels; gives the window's size in points.
        fn stay_on(&mut self, monitor: Vec2, is_window: bool) -> Vec2 {
            for _ in 0..40 {
                let zoom = self.ctx.zoom_factor();
                self.seconds += 0.1;
                let mut input = egui::RawInput {
                    time: Some(self.seconds),
                    ..egui::RawInput::default()
                };
                let viewport = input.viewports.entry(egui::ViewportId::ROOT).or_default();
                viewport.native_pixels_per_point = Some(1.0);
                viewport.monitor_size = Some(monitor / zoom);
                let at = pos2(40.0, 40.0);
                viewport.inner_rect = Some(Rect::from_min_size(at, self.window / zoom));
                viewport.outer_rect = viewport.inner_rect;
                let mut asked = None;
                let mut output = self.ctx.run_ui(input, |ui| {
                    asked = self.enlarged.follow(ui.ctx(), is_window).or(asked);
                });
                output.textures_delta.clear();
                if let Some(asked) = asked {
                    self.window = asked * self.ctx.zoom_factor();
                }
            }
            self.window / self.ctx.zoom_factor()
        }
    }

    const SMALL: Vec2 = vec2(1366.0, 768.0);
    const LARGE: Vec2 = vec2(3840.0, 2160.0);

    #[test]
    fn a_window_keeps_what_it_shows_from_start_to_start() {
        let left = vec2(1000.0, 540.0);
        let mut desktop = Desktop::new(TextSize(200), left);
        // what makes the first window does not make it larger than the monitor
        desktop.window = desktop.window.min(SMALL);
        let again = desktop.stay_on(SMALL, true);
        assert!((again - left).abs().max_elem() < 1.0, "{again}");
        assert!(!is_far(desktop.ctx.zoom_factor(), 1.31));
    }

    #[test]
    fn a_smaller_monitor_makes_all_smaller_until_another_size_is_chosen() {
        let mut desktop = Desktop::new(TextSize(200), vec2(900.0, 600.0));
        desktop.stay_on(LARGE, true);
        assert!(!is_far(desktop.ctx.zoom_factor(), 2.0));
        desktop.stay_on(SMALL, true);
        desktop.stay_on(LARGE, true);
        assert!(
            !is_far(desktop.ctx.zoom_factor(), 1.31),
            "no coming and going"
        );
        desktop.enlarged.choose(TextSize(175));
        let size = desktop.stay_on(LARGE, true);
        assert!(!is_far(desktop.ctx.zoom_factor(), 1.75));
        assert!((size - vec2(900.0, 600.0)).abs().max_elem() < 1.0, "{size}");
    }

    #[test]
    fn a_bar_stays_as_it_is() {
        let mut desktop = Desktop::new(TextSize(200), vec2(900.0, 600.0));
        desktop.stay_on(LARGE, true);
        let bar = vec2(1800.0, 96.0);
        desktop.window = bar;
        desktop.stay_on(SMALL, false);
        assert_eq!(desktop.window, bar);
    }
}
