//! The ticket: ten digits in groups of three, three and four, to type (H4) and to read aloud (H1).

use std::any::TypeId;
use std::ops::Range;
use std::time::Duration;

use egui::text::{CCursor, CCursorRange, CharIndex};
use egui::{
    Align2, Color32, CornerRadius, CursorIcon, Event, FontId, Frame, Pos2, Rect, Response, Role,
    Sense, Stroke, StrokeKind, TextBuffer, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use session::ticket::{TicketMissing, digit_value, is_separator, ticket_in};

use super::edit::{self, Edited};
use super::paint;
use crate::theme::{self, Palette, mix};

/// Digits of a ticket.
pub const TICKET_DIGITS: usize = 10;
const GROUPS: usize = 3;
/// The first digit of each group.
const GROUP_STARTS: [usize; GROUPS] = [0, 3, 6];
const HEIGHT: f32 = 72.0;
const GAP: f32 = 20.0;
/// The most that a digit takes, in points.
const DIGIT_WIDTH: f32 = 25.0;

/// The digits as they are read aloud: `482 913 0571`.
pub fn grouped_ticket(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + GROUPS);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && GROUP_STARTS.contains(&index) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// Three boxes for the digits of a ticket, as wide as there is room.
///
/// Takes digits of any script, at most [`TICKET_DIGITS`]. Of a message that is pasted it takes the ticket,
/// or nothing and says why. Under the boxes lies a real text field, so the clipboard, input methods and screen
/// readers work as everywhere. `failed` draws the boxes in the colour of an error.
pub fn ticket_entry_ui(ui: &mut Ui, label: &str, digits: &mut String, failed: bool) -> TicketEntry {
    let palette = Palette::of(ui);
    let enabled = ui.is_enabled();
    let size = vec2(ui.available_width(), HEIGHT);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let before = digits.clone();
    let mut refused = None;
    let mut buffer = Digits { digits };
    let output = ui
        .scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            let id = ui.make_persistent_id("ticket");
            edit::note_paste(ui, id);
            if enabled && ui.memory(|memory| memory.has_focus(id)) {
                refused = sift_pasted(ui);
            }
            let visuals = ui.visuals_mut();
            visuals.text_cursor.stroke = Stroke::NONE;
            visuals.text_cursor.preview = false;
            visuals.selection.bg_fill = Color32::TRANSPARENT;
            visuals.selection.stroke = Stroke::NONE;
            TextEdit::singleline(&mut buffer)
                .id(id)
                .frame(Frame::NONE)
                .text_color(Color32::TRANSPARENT)
                .font(FontId::proportional(1.0))
                .desired_width(size.x)
                .min_size(size)
                .cursor_at_end(true)
                .show(ui)
        })
        .inner;
    let response = output.response.response;
    response.widget_info(|| WidgetInfo {
        label: Some(label.to_owned()),
        ..WidgetInfo::text_edit(enabled, before.as_str(), digits.as_str(), "")
    });

    let edited = Edited {
        response: &response,
        length: digits.len(),
        selected: None,
        secret: false,
    };
    edit::clipboard_ui(ui, edited);

    let boxes = Boxes::new(rect);
    let mut range = output.cursor_range.unwrap_or_default();
    if response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        // the real text is one point high; a click counts where the digits are drawn
        let index = boxes.nearest_place(at).min(digits.len());
        range = CCursorRange::one(CCursor::new(CharIndex(index)));
        let mut state = output.state;
        state.cursor.set_char_range(Some(range));
        state.store(ui.ctx(), response.id);
    }
    if ui.is_rect_visible(rect) {
        boxes_ui(ui, &palette, &boxes, digits, range, &response, failed);
    }
    let response = if enabled {
        response.on_hover_cursor(CursorIcon::Text)
    } else {
        response
    };
    TicketEntry { response, refused }
}

/// The boxes of a ticket, and what came of a text pasted into them.
#[derive(Debug)]
pub struct TicketEntry {
    pub response: Response,
    /// Why nothing was taken of what was pasted in this pass.
    pub refused: Option<TicketMissing>,
}

/// Leaves of what is pasted the ticket alone, before a field of one line takes its lines together.
fn sift_pasted(ui: &Ui) -> Option<TicketMissing> {
    let mut refused = None;
    ui.input_mut(|input| {
        input.events.retain_mut(|event| {
            let Event::Paste(text) = event else {
                return true;
            };
            if is_part(text) {
                return true;
            }
            match ticket_in(text) {
                Ok(ticket) => *text = ticket,
                Err(missing) => {
                    refused = Some(missing);
                    return false;
                }
            }
            true
        });
    });
    refused
}

/// Whether `text` is some digits of a ticket and nothing else, as somebody types them.
fn is_part(text: &str) -> bool {
    let digits = text.chars().filter_map(digit_value).count();
    let may_be = |c| digit_value(c).is_some() || is_separator(c);
    (1..TICKET_DIGITS).contains(&digits) && text.chars().all(may_be)
}

/// A ticket to read aloud or copy: large digits in groups.
pub fn ticket_number_ui(ui: &mut Ui, digits: &str) -> Response {
    let palette = Palette::of(ui);
    let grouped = grouped_ticket(digits);
    let shown = grouped.replace(' ', "  ");
    let galley = paint::line(
        ui,
        &shown,
        30.0,
        theme::SEMIBOLD,
        palette.text,
        f32::INFINITY,
    );
    let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &grouped));
    paint::put(ui, rect.left_center(), Align2::LEFT_CENTER, galley);
    response
}

/// Where the boxes and digits are.
struct Boxes {
    groups: [Rect; GROUPS],
    digit_width: f32,
    /// From a box's edge to its first digit.
    padding: f32,
}

impl Boxes {
    fn new(rect: Rect) -> Self {
        const DIGITS: f32 = 10.0;
        let room = rect.width() - 2.0 * GAP;
        // in a narrow window the digits stand closer, so that the boxes keep their edges
        let digit_width = DIGIT_WIDTH.min(room / (DIGITS + 1.0));
        let padding = (room - DIGITS * digit_width) / 6.0;
        let width = |digits: f32| digits * digit_width + 2.0 * padding;
        let group = |left: f32, digits: f32| {
            let corner = pos2(rect.left() + left, rect.top());
            Rect::from_min_size(corner, vec2(width(digits), rect.height()))
        };
        let step = width(3.0) + GAP;
        Self {
            groups: [group(0.0, 3.0), group(step, 3.0), group(2.0 * step, 4.0)],
            digit_width,
            padding,
        }
    }

    /// The middle of the digit at `index`.
    fn digit(&self, index: usize) -> Pos2 {
        let group = group_of(index);
        let before = index - GROUP_STARTS[group];
        let before = (0..before).fold(0.5, |sum, _| sum + 1.0);
        let edge = self.groups[group].left_center() + vec2(self.padding, 0.0);
        edge + vec2(before * self.digit_width, 0.0)
    }

    /// Where the caret stands before the digit at `index`; after the last one for ten.
    fn caret(&self, index: usize) -> Pos2 {
        match index.checked_sub(TICKET_DIGITS) {
            None => self.digit(index) - vec2(self.digit_width / 2.0, 0.0),
            Some(_) => self.digit(TICKET_DIGITS - 1) + vec2(self.digit_width / 2.0, 0.0),
        }
    }

    /// The place between digits nearest to `at`.
    fn nearest_place(&self, at: Pos2) -> usize {
        (0..=TICKET_DIGITS)
            .min_by(|&one, &other| {
                let far = |index: usize| (self.caret(index).x - at.x).abs();
                far(one).total_cmp(&far(other))
            })
            .unwrap_or(0)
    }
}

/// The group that the digit at `index` is in.
fn group_of(index: usize) -> usize {
    let started = GROUP_STARTS.iter().filter(|start| **start <= index);
    started.count().saturating_sub(1)
}

fn boxes_ui(
    ui: &Ui,
    palette: &Palette,
    boxes: &Boxes,
    digits: &str,
    range: CCursorRange,
    response: &Response,
    failed: bool,
) {
    let focused = response.has_focus();
    let focus = ui.ctx().animate_bool(response.id.with("focus"), focused);
    let caret = range.primary.index.0.min(digits.len());
    let active = group_of(caret);
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
    for (index, &group) in boxes.groups.iter().enumerate() {
        let lit = if index == active { focus } else { 0.0 };
        if lit > 0.0 {
            let halo = Stroke::new(3.0, ring.gamma_multiply(0.25 * lit));
            let corner = CornerRadius::same(14);
            ui.painter()
                .rect_stroke(group.expand(2.0), corner, halo, StrokeKind::Middle);
        }
        let corner = CornerRadius::same(12);
        ui.painter().rect_filled(group, corner, fill);
        let rest = if failed {
            palette.danger
        } else {
            palette.field_line
        };
        let line = Stroke::new(1.0 + 0.5 * lit, mix(rest, ring, lit));
        ui.painter()
            .rect_stroke(group, corner, line, StrokeKind::Inside);
        if index + 1 < GROUPS {
            let middle = pos2(group.right() + GAP / 2.0, group.center().y);
            let dash = [middle - vec2(4.0, 0.0), middle + vec2(4.0, 0.0)];
            ui.painter()
                .line_segment(dash, Stroke::new(2.0, palette.field_line));
        }
    }
    let chosen = range.as_sorted_char_range();
    let mut typed = digits.chars();
    for index in 0..TICKET_DIGITS {
        let at = boxes.digit(index);
        let Some(digit) = typed.next() else {
            ui.painter()
                .circle_filled(at, 3.0, mix(palette.line, palette.dim, 0.3));
            continue;
        };
        if focused && chosen.start.0 <= index && index < chosen.end.0 {
            let behind = Rect::from_center_size(at, vec2(boxes.digit_width, 40.0));
            ui.painter()
                .rect_filled(behind, CornerRadius::ZERO, palette.accent_soft);
        }
        let color = if ui.is_enabled() {
            palette.text
        } else {
            palette.dim
        };
        let galley = paint::line(ui, &digit.to_string(), 33.0, 540.0, color, f32::INFINITY);
        paint::put(ui, at, Align2::CENTER_CENTER, galley);
    }
    if focused && chosen.is_empty() {
        caret_ui(ui, boxes.caret(caret), palette);
    }
}

fn caret_ui(ui: &Ui, at: Pos2, palette: &Palette) {
    const BLINK_SECONDS: f64 = 1.1;
    let blinks = ui.visuals().text_cursor.blink;
    let phase = ui.input(|input| input.time).rem_euclid(BLINK_SECONDS);
    if phase < BLINK_SECONDS / 2.0 || !blinks {
        let line = [at - vec2(0.0, 16.0), at + vec2(0.0, 16.0)];
        ui.painter()
            .line_segment(line, Stroke::new(2.0, palette.accent));
    }
    if !blinks {
        return;
    }
    let left = BLINK_SECONDS / 2.0 - phase.rem_euclid(BLINK_SECONDS / 2.0);
    ui.ctx()
        .request_repaint_after(Duration::from_secs_f64(left.max(0.01)));
}

/// A text buffer that holds nothing but the digits of a ticket.
struct Digits<'a> {
    digits: &'a mut String,
}

impl TextBuffer for Digits<'_> {
    fn is_mutable(&self) -> bool {
        true
    }

    fn as_str(&self) -> &str {
        self.digits
    }

    fn insert_text(&mut self, text: &str, char_index: CharIndex) -> usize {
        let given = text.chars().filter_map(digit_value);
        let given = given.map(|value| char::from(b'0' + value));
        if given.clone().count() >= TICKET_DIGITS {
            let Ok(ticket) = ticket_in(text) else {
                return 0;
            };
            // a whole ticket is pasted: what was typed before it is not a part of it
            *self.digits = ticket;
            return TICKET_DIGITS.saturating_sub(char_index.0);
        }
        let room = TICKET_DIGITS.saturating_sub(self.digits.len());
        let fitting: String = given.take(room).collect();
        self.digits
            .insert_str(char_index.0.min(self.digits.len()), &fitting);
        fitting.len()
    }

    fn delete_char_range(&mut self, char_range: Range<CharIndex>) {
        // digits are ASCII: a character is a byte
        let end = char_range.end.0.min(self.digits.len());
        self.digits.drain(char_range.start.0.min(end)..end);
    }

    fn type_id(&self) -> TypeId {
        TypeId::of::<Digits<'static>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_in_three_groups() {
        assert_eq!(grouped_ticket("4829130571"), "482 913 0571");
        assert_eq!(grouped_ticket("4829"), "482 9");
        assert_eq!(grouped_ticket(""), "");
    }

    #[test]
    fn only_digits_that_fit_get_in() {
        let mut text = "48".to_owned();
        let mut digits = Digits { digits: &mut text };
        assert_eq!(digits.insert_text(" 2-913 057 ", CharIndex(2)), 7);
        assert_eq!(digits.insert_text("199", CharIndex(9)), 1);
        assert_eq!(digits.as_str(), "4829130571");
        digits.delete_char_range(CharIndex(7)..CharIndex(40));
        assert_eq!(digits.as_str(), "4829130");
    }

    #[test]
    fn a_whole_ticket_replaces_what_was_typed() {
        let mut text = "99".to_owned();
        let mut digits = Digits { digits: &mut text };
        assert_eq!(digits.insert_text("482-913-0571", CharIndex(1)), 9);
        assert_eq!(digits.as_str(), "4829130571");
    }

    #[test]
    fn a_click_lands_between_the_nearest_digits() {
        let boxes = Boxes::new(Rect::from_min_size(Pos2::ZERO, vec2(392.0, 72.0)));
        assert_eq!(boxes.nearest_place(pos2(0.0, 30.0)), 0);
        assert_eq!(boxes.nearest_place(pos2(391.0, 30.0)), 10);
        let fifth = boxes.digit(4);
        assert_eq!(boxes.nearest_place(fifth - vec2(6.0, 0.0)), 4);
        assert_eq!(boxes.nearest_place(fifth + vec2(6.0, 0.0)), 5);
    }

    #[test]
    fn all_digits_are_in_their_boxes_however_narrow_the_window() {
        for width in [290.0, 312.0, 392.0, 700.0] {
            let rect = Rect::from_min_size(Pos2::ZERO, vec2(width, 72.0));
            let boxes = Boxes::new(rect);
            for index in 0..TICKET_DIGITS {
                let digit =
                    Rect::from_center_size(boxes.digit(index), vec2(boxes.digit_width, 40.0));
                assert!(
                    boxes.groups[group_of(index)].contains_rect(digit),
                    "{index} at {width}"
                );
            }
            assert!((boxes.groups[2].right() - width).abs() < 0.01, "{width}");
        }
    }
}
