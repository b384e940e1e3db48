//! The host's screen in a window (S1, S2).
//!
//! The decoding thread publishes into a [`PictureSlot`]; [`RemoteView::ui`] uploads what changed and
//! draws it. At 1:1 every pixel of the window is a pixel of the host's screen, exactly. While shown
//! and allowed to control, it arms the [`InputTap`].

mod slot;
mod texture;

use std::sync::Arc;
use std::time::Duration;

use codec::{PixelSize, Rect as PixelRect};
use egui::scroll_area::ScrollBarVisibility;
use egui::{
    Color32, CursorIcon, CustomCursorImage, Order, Popup, Pos2, Rect, Response, Role, ScrollArea,
    Sense, TextureHandle, TextureOptions, Theme, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use protocol::PointerShape;

pub use slot::{Cut, PictureSlot};

use crate::raw_input::{InputTap, TapTarget, WindowRect};
use slot::RemotePointer;
use texture::PictureTexture;

/// How large the picture is shown (S2, O3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub enum ViewSize {
    /// As large as the window allows; beyond its usual size enlarged by whole factors only, so that
    /// text stays sharp.
    #[default]
    Fit,
    /// One pixel for one pixel.
    Actual,
    /// In per cent of the host's screen.
    Percent(u16),
}

/// What the view is to do now.
#[derive(Debug, Clone, Copy)]
pub struct ViewOptions<'a> {
    /// Its name for screen readers.
    pub label: &'a str,
    pub size: ViewSize,
    /// The size of the picture in hundredths of the host's screen (1 to 100): the host may have made
    /// it smaller already.
    pub picture_percent: u8,
    /// Whether keyboard and pointer go to the host.
    pub control: bool,
    /// Whether the host presses keys by their places, whatever they mean here.
    pub keys_by_place: bool,
    /// Somebody else draws the picture over this place (see [`Shown::placement`]); nothing is
    /// uploaded then, unless something lies over it.
    pub drawn_elsewhere: bool,
    /// The picture's top left is put at a multiple of as many physical pixels of the window.
    pub step_px: u32,
}

/// Where the picture went.
#[derive(Debug, Clone)]
pub struct Shown {
    pub response: Response,
    /// The part of the window that shows picture, and what of it; for whoever draws it by other
    /// means.
    pub placement: Option<PicturePlacement>,
    /// The number of the update that the picture here is of; 0 before the first.
    pub seq: u64,
    /// Menus, notices, dialogs or tool tips lie over the picture, which was drawn here under them.
    pub covered: bool,
}

/// Where a picture is shown; all lengths are physical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PicturePlacement {
    /// The part of the window that shows picture, from the top left of the window's content.
    pub area: PixelRect,
    /// The pixel of the picture, as large as it is shown, that stands at the area's top left.
    pub source_x: u32,
    pub source_y: u32,
    /// The size at which the whole picture is shown.
    pub shown: PixelSize,
}

/// The view of one session. Keep it for as long as the session's window is open.
pub struct RemoteView {
    id: u64,
    slot: Arc<PictureSlot>,
    tap: Option<Arc<InputTap>>,
    texture: PictureTexture,
    seq: u64,
    /// Which part of the host's picture it shows.
    cut: Option<Cut>,
    pointer: Option<RemotePointer>,
    pointer_picture: Option<PointerPicture>,
}

impl std::fmt::Debug for RemoteView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteView")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The host's pointer, ready to be drawn and to be the pointer of this window.
struct PointerPicture {
    shape: Arc<PointerShape>,
    /// It is enlarged with the picture, by whole factors.
    factor: u16,
    cursor: CustomCursorImage,
    texture: TextureHandle,
}

impl RemoteView {
    /// The view of session `id`; without a `tap` it only shows.
    pub fn new(id: u64, slot: Arc<PictureSlot>, tap: Option<Arc<InputTap>>) -> Self {
        Self {
            id,
            slot,
            tap,
            texture: PictureTexture::default(),
            seq: 0,
            cut: None,
            pointer: None,
            pointer_picture: None,
        }
    }

    /// The slot it shows.
    pub fn slot(&self) -> &Arc<PictureSlot> {
        &self.slot
    }

    /// Draws the picture into all the room there is.
    pub fn ui(&mut self, ui: &mut Ui, options: &ViewOptions<'_>) -> Shown {
        let room = ui.available_rect_before_wrap();
        ui.painter().rect_filled(room, 0.0, Color32::from_gray(24));
        let scale_to_pixels = f64::from(ui.ctx().pixels_per_point());
        let size = self.slot.size();
        let Some(size) = size else {
            self.take_news(ui, 1.0, options.drawn_elsewhere);
            ui.ctx().set_cursor_image(None);
            let response = ui.allocate_rect(room, Sense::hover());
            return Shown {
                response,
                placement: None,
                seq: 0,
                covered: false,
            };
        };
        let of_desktop = scale_to_pixels / f64::from(ui.ctx().zoom_factor());
        let pixels = vec2(
            to_f32(f64::from(room.width()) * scale_to_pixels),
            to_f32(f64::from(room.height()) * scale_to_pixels),
        );
        let scale = picture_scale(options, size, pixels, of_desktop);
        let whole = shown_size(size, scale);
        let points = vec2(
            to_f32(f64::from(whole.width) / scale_to_pixels),
            to_f32(f64::from(whole.height) / scale_to_pixels),
        );
        // a rounding error must not bring up scroll bars
        let fits = points.x <= room.width() + 0.01 && points.y <= room.height() + 0.01;
        let visibility = if fits {
            ScrollBarVisibility::AlwaysHidden
        } else {
            ScrollBarVisibility::VisibleWhenNeeded
        };
        let mut view = ui.new_child(egui::UiBuilder::new().max_rect(room));
        // dark as what is around the picture
        view.style_mut().visuals = ui.ctx().style_of(Theme::Dark).visuals.clone();
        let scroll = &mut view.spacing_mut().scroll;
        *scroll = egui::style::ScrollStyle::solid();
        // a handle that can be seen, and no veil over the picture's edges
        scroll.foreground_color = true;
        scroll.fade.strength = 0.0;
        let shown = ScrollArea::both()
            .id_salt(("remote screen", self.id))
            .auto_shrink(false)
            .scroll_bar_visibility(visibility)
            .show(&mut view, |ui| {
                let place = ui.available_size().max(points);
                let (outer, response) = ui.allocate_exact_size(place, Sense::click());
                let picture = snapped(outer, points, scale_to_pixels, options.step_px);
                self.picture_ui(ui, options, response, picture, size, scale)
            })
            .inner;
        ui.advance_cursor_after_rect(room);
        shown
    }

    fn take_news(&mut self, ui: &Ui, scale: f64, drawn_elsewhere: bool) {
        let filter = texture::filter_for(scale);
        let texture = &mut self.texture;
        let (seq, cut, pointer) = self.slot.take(|news| {
            let Some((picture, changed)) = news else {
                return;
            };
            if drawn_elsewhere {
                texture.clear();
            } else {
                texture.update(ui.ctx(), picture, changed, filter);
            }
        });
        self.seq = seq;
        self.cut = cut;
        let shape = pointer.as_ref().and_then(|pointer| pointer.shape.clone());
        let factor = pointer_factor(scale);
        let is_known = |shape: &Arc<PointerShape>| {
            let known = self.pointer_picture.as_ref();
            known.is_some_and(|known| known.shape == *shape && known.factor == factor)
        };
        if !shape.as_ref().is_some_and(is_known) {
            self.pointer_picture = shape.map(|shape| PointerPicture::new(ui, shape, factor));
        }
        self.pointer = pointer;
    }

    fn picture_ui(
        &mut self,
        ui: &Ui,
        options: &ViewOptions<'_>,
        response: Response,
        picture: Rect,
        size: PixelSize,
        scale: f64,
    ) -> Shown {
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, options.label));
        let visible = picture.intersect(ui.clip_rect());
        let busy = Popup::is_any_open(ui.ctx()) || modal_is_open(ui);
        let covers = areas_over(ui, visible, &[Order::Middle, Order::Foreground]);
        // a tool tip hides picture and takes no clicks
        let has_tip = !areas_over(ui, visible, &[Order::Tooltip]).is_empty();
        let covered = busy || has_tip || !covers.is_empty();
        // who draws it elsewhere makes way when this pass is over: it must not leave a gap
        let drawn_elsewhere = options.drawn_elsewhere && !covered;
        self.take_news(ui, scale, drawn_elsewhere);
        if !drawn_elsewhere {
            self.texture.paint(ui.painter(), picture);
        }
        self.arm(
            ui,
            options,
            &response,
            Place {
                picture,
                visible,
                size,
                scale,
            },
            covers,
            busy,
        );

        let hovered = response.hovered()
            && ui.rect_contains_pointer(visible)
            && !busy
            && options.control
            && self.tap.is_some();
        self.pointer_ui(ui, picture, scale, hovered);
        Shown {
            response,
            placement: placement(ui, picture, visible, shown_size(size, scale)),
            seq: self.seq,
            covered,
        }
    }

    fn arm(
        &self,
        ui: &Ui,
        options: &ViewOptions<'_>,
        response: &Response,
        place: Place,
        covers: Vec<Rect>,
        busy: bool,
    ) {
        let Some(tap) = &self.tap else { return };
        let in_pixels = f64::from(ui.ctx().pixels_per_point());
        let window_rect = |rect: Rect| WindowRect {
            left: f64::from(rect.left()) * in_pixels,
            top: f64::from(rect.top()) * in_pixels,
            right: f64::from(rect.right()) * in_pixels,
            bottom: f64::from(rect.bottom()) * in_pixels,
        };
        let typing_elsewhere = ui.memory(|memory| {
            memory
                .focused()
                .is_some_and(|focused| focused != response.id)
        });
        if response.clicked() {
            response.request_focus();
        }
        let active = options.control && !busy;
        let zero = window_rect(place.picture);
        let shown = shown_size(place.size, place.scale);
        let scale = (
            f64::from(place.size.width) / f64::from(shown.width),
            f64::from(place.size.height) / f64::from(shown.height),
        );
        // places are those of the whole picture: what is dragged out of one part comes to the next
        let cut = self.cut.unwrap_or_else(|| Cut::all(place.size));
        tap.arm(TapTarget {
            id: self.id,
            viewport: ui.ctx().viewport_id(),
            visible: window_rect(place.visible),
            zero: (
                zero.left.round() - f64::from(cut.part.x) / scale.0,
                zero.top.round() - f64::from(cut.part.y) / scale.1,
            ),
            scale,
            size: (cut.whole.width, cut.whole.height),
            keyboard: active && !typing_elsewhere,
            by_place: options.keys_by_place,
            pointer: active,
            focused: ui.input(|input| input.viewport().focused == Some(true)),
            hovered: ui.input(|input| input.pointer.has_pointer()),
            covered: covers.into_iter().map(window_rect).collect(),
        });
    }

    /// With control, this window's pointer takes the host's shape at once and never lags. The host's
    /// own pointer is drawn where it stands when that is elsewhere.
    fn pointer_ui(&self, ui: &Ui, picture: Rect, scale: f64, hovered: bool) {
        let Some(pointer) = &self.pointer else {
            ui.ctx().set_cursor_image(None);
            return;
        };
        let image = self
            .pointer_picture
            .as_ref()
            .filter(|_| hovered && pointer.visible);
        ui.ctx()
            .set_cursor_image(image.map(|image| image.cursor.clone()));
        if hovered && !pointer.visible {
            ui.ctx().set_cursor_icon(CursorIcon::None);
        }
        if !pointer.visible || (hovered && !self.moved_by_somebody_else(ui, pointer)) {
            return;
        }
        let Some(image) = &self.pointer_picture else {
            return;
        };
        let Some((x, y)) = self.in_sight(pointer) else {
            return;
        };
        let points = 1.0 / ui.ctx().pixels_per_point();
        let scale = to_f32(scale) * points;
        #[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
        let hot = picture.min + vec2(x as f32, y as f32) * scale;
        let CustomCursorImage { size, hotspot, .. } = &image.cursor;
        let offset = vec2(f32::from(hotspot[0]), f32::from(hotspot[1])) * points;
        let size = vec2(f32::from(size[0]), f32::from(size[1])) * points;
        let at = Rect::from_min_size(hot - offset, size);
        let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        ui.painter()
            .image(image.texture.id(), at, whole, Color32::WHITE);
    }

    /// Where the pointer is in the part that is shown here; one that is elsewhere is seen there.
    fn in_sight(&self, pointer: &RemotePointer) -> Option<(i32, i32)> {
        let Some(cut) = self.cut.filter(|cut| *cut != Cut::all(cut.whole)) else {
            return Some((pointer.x, pointer.y));
        };
        let at = |place: i32, start: u32, length: u32| {
            let place = i64::from(place) - i64::from(start);
            let inside = (0..i64::from(length)).contains(&place);
            i32::try_from(place).ok().filter(|_| inside)
        };
        let part = cut.part;
        let x = at(pointer.x, part.x, part.width)?;
        Some((x, at(pointer.y, part.y, part.height)?))
    }

    /// Whether the host's pointer rests elsewhere than we sent it.
    fn moved_by_somebody_else(&self, ui: &Ui, pointer: &RemotePointer) -> bool {
        const NEAR_PIXELS: i32 = 12;
        const ON_ITS_WAY: Duration = Duration::from_millis(600);
        let Some(sent) = self.tap.as_ref().and_then(|tap| tap.last_move(self.id)) else {
            return false;
        };
        let far = |one: i32, other: i32| one.saturating_sub(other).saturating_abs() > NEAR_PIXELS;
        if !far(sent.x, pointer.x) && !far(sent.y, pointer.y) {
            return false;
        }
        let settled = sent.at.elapsed() >= ON_ITS_WAY;
        if !settled {
            ui.ctx().request_repaint_after(ON_ITS_WAY);
        }
        settled
    }
}

impl PointerPicture {
    fn new(ui: &Ui, shape: Arc<PointerShape>, factor: u16) -> Self {
        let cursor = enlarged(&shape, factor);
        let size = cursor.size.map(usize::from);
        let image = egui::ColorImage::from_rgba_unmultiplied(size, &cursor.rgba);
        let texture = ui
            .ctx()
            .load_texture("remote pointer", image, TextureOptions::NEAREST);
        Self {
            shape,
            factor,
            cursor,
            texture,
        }
    }
}

/// How much a pointer grows over a picture at `scale`.
fn pointer_factor(scale: f64) -> u16 {
    const MOST: f64 = 8.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small number"
    )]
    let factor = scale.floor().clamp(1.0, MOST) as u16;
    factor
}

/// `shape` with each of its pixels as a square of `factor` x `factor`.
fn enlarged(shape: &PointerShape, factor: u16) -> CustomCursorImage {
    let (width, times) = (usize::from(shape.width), usize::from(factor));
    let rows = shape.rgba.chunks_exact(4 * width.max(1));
    let rgba = rows.flat_map(|row| {
        let row: Vec<u8> = row
            .chunks_exact(4)
            .flat_map(|pixel| pixel.repeat(times))
            .collect();
        row.repeat(times)
    });
    let hot = |at: u16, side: u16| at.min(side.saturating_sub(1)) * factor + factor / 2;
    CustomCursorImage {
        rgba: rgba.collect::<Vec<u8>>().into(),
        size: [shape.width * factor, shape.height * factor],
        hotspot: [
            hot(shape.hot_x, shape.width),
            hot(shape.hot_y, shape.height),
        ],
    }
}

#[derive(Debug, Clone, Copy)]
struct Place {
    picture: Rect,
    visible: Rect,
    size: PixelSize,
    scale: f64,
}

/// Physical pixels of the window for each pixel of the picture, in a room of so many physical pixels; `of_desktop` are
/// the desktop's pixels for a point of its own, whatever the text size.
fn picture_scale(
    options: &ViewOptions<'_>,
    picture: PixelSize,
    room: Vec2,
    of_desktop: f64,
) -> f64 {
    let of_picture = |percent: u16| f64::from(percent) / f64::from(options.picture_percent.max(1));
    match options.size {
        ViewSize::Actual => of_picture(100),
        ViewSize::Percent(percent) => of_picture(percent.clamp(5, 800)),
        ViewSize::Fit => {
            let whole = |pixels: f32| (f64::from(pixels) + 0.01).floor().max(1.0);
            let fit = (whole(room.x) / f64::from(picture.width))
                .min(whole(room.y) / f64::from(picture.height));
            // where pixels are finer than usual, one to one would be smaller than the eye expects
            let usual = of_desktop.floor().max(1.0);
            if fit >= usual { fit.floor() } else { fit }
        }
    }
}

/// The size of a picture at `scale`, in whole physical pixels.
fn shown_size(picture: PixelSize, scale: f64) -> PixelSize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lengths in a window; the cast saturates"
    )]
    let side = |pixels: u32| (f64::from(pixels) * scale).round().max(1.0) as u32;
    PixelSize::new(side(picture.width), side(picture.height))
}

/// The place of the picture in the middle of `outer`, at whole steps of physical pixels.
fn snapped(outer: Rect, points: Vec2, in_pixels: f64, step_px: u32) -> Rect {
    let min = outer.center() - points / 2.0;
    let in_steps = in_pixels / f64::from(step_px.max(1));
    let snap = |value: f32| to_f32((f64::from(value) * in_steps).round() / in_steps);
    Rect::from_min_size(pos2(snap(min.x), snap(min.y)), points)
}

/// Other areas of these `orders` that lie over `visible`.
fn areas_over(ui: &Ui, visible: Rect, orders: &[Order]) -> Vec<Rect> {
    let own = ui.layer_id();
    ui.memory(|memory| {
        memory
            .layer_ids()
            .filter(|layer| orders.contains(&layer.order))
            .filter(|layer| *layer != own && memory.areas().is_visible(layer))
            .filter_map(|layer| memory.area_rect(layer.id))
            .filter(|rect| rect.intersects(visible))
            .collect()
    })
}

fn modal_is_open(ui: &Ui) -> bool {
    let top = ui.memory(egui::Memory::top_modal_layer);
    top.is_some_and(|layer| layer != ui.layer_id())
}

fn placement(ui: &Ui, picture: Rect, visible: Rect, shown: PixelSize) -> Option<PicturePlacement> {
    if !visible.is_positive() {
        return None;
    }
    let in_pixels = f64::from(ui.ctx().pixels_per_point());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "places in a window; the cast saturates"
    )]
    let pixel = |points: f32| (f64::from(points) * in_pixels).round().max(0.0) as u32;
    let (left, top) = (pixel(visible.left()), pixel(visible.top()));
    let source_x = pixel(visible.left() - picture.left());
    let source_y = pixel(visible.top() - picture.top());
    let width = pixel(visible.right()).saturating_sub(left);
    let height = pixel(visible.bottom()).saturating_sub(top);
    let area = PixelRect::new(
        left,
        top,
        width.min(shown.width.saturating_sub(source_x)),
        height.min(shown.height.saturating_sub(source_y)),
    );
    (!area.is_empty()).then_some(PicturePlacement {
        area,
        source_x,
        source_y,
        shown,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "lengths in a window")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use codec::Picture;

    use super::*;

    fn slot(picture: PixelSize) -> Arc<PictureSlot> {
        let slot = PictureSlot::new(|| ());
        slot.publish(&Picture::new(picture), &[], 1);
        slot
    }

    /// Textures that a pass of a view drew whose picture somebody else draws, with an area of `order`
    /// over it if there is one.
    fn drawn_under(order: Option<Order>) -> usize {
        let slot = slot(PixelSize::new(64, 64));
        let mut view = RemoteView::new(1, slot, None);
        let options = ViewOptions {
            drawn_elsewhere: true,
            step_px: 1,
            ..options(ViewSize::Actual, 100)
        };
        let ctx = egui::Context::default();
        let mut pass = || {
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                let shown = view.ui(ui, &options);
                let Some(order) = order else { return };
                let at = shown.response.rect.center();
                egui::Area::new(egui::Id::unique("over"))
                    .order(order)
                    .fixed_pos(at)
                    .show(ui.ctx(), |ui| ui.label("over"));
            });
            output.textures_delta.clear();
            output.shapes
        };
        pass();
        let shapes = pass();
        let textures = textures(&shapes);
        textures
            .filter(|texture| *texture != egui::TextureId::default())
            .count()
    }

    /// What the meshes among `shapes` are drawn with.
    fn textures(shapes: &[egui::epaint::ClippedShape]) -> impl Iterator<Item = egui::TextureId> {
        shapes.iter().filter_map(|clipped| {
            if let egui::Shape::Mesh(mesh) = &clipped.shape {
                Some(mesh.texture_id)
            } else {
                None
            }
        })
    }

    #[test]
    fn what_lies_over_the_picture_never_lies_over_nothing() {
        assert_eq!(drawn_under(None), 0, "somebody else draws it");
        for order in [Order::Middle, Order::Foreground, Order::Tooltip] {
            assert_eq!(drawn_under(Some(order)), 1, "{order:?}");
        }
    }

    #[test]
    fn a_picture_larger_than_the_window_is_not_veiled_at_its_edges() {
        let mut view = RemoteView::new(1, slot(FULL_HD), None);
        let options = options(ViewSize::Actual, 100);
        let ctx = egui::Context::default();
        ctx.set_theme(Theme::Light);
        let input = || egui::RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(300.0, 200.0))),
            ..egui::RawInput::default()
        };
        for _ in 0..2 {
            let mut output = ctx.run_ui(input(), |ui| {
                view.ui(ui, &options);
            });
            output.textures_delta.clear();
            let veils = textures(&output.shapes);
            let veils = veils.filter(|texture| *texture == egui::TextureId::default());
            assert_eq!(veils.count(), 0);
        }
    }

    const FULL_HD: PixelSize = PixelSize::new(1920, 1080);

    fn options(size: ViewSize, picture_percent: u8) -> ViewOptions<'static> {
        ViewOptions {
            label: "",
            size,
            picture_percent,
            control: false,
            keys_by_place: false,
            drawn_elsewhere: false,
            step_px: 1,
        }
    }

    #[test]
    fn s2_what_the_host_made_smaller_is_shown_pixel_by_pixel() {
        let half = PixelSize::new(960, 540);
        let scale = |size| picture_scale(&options(size, 50), half, vec2(1.0, 1.0), 1.25);
        assert_eq!(shown_size(half, scale(ViewSize::Percent(50))), half);
        // until the host has followed a wish, the console makes the difference
        assert_eq!(shown_size(half, scale(ViewSize::Actual)), FULL_HD);
        assert_eq!(
            shown_size(half, scale(ViewSize::Percent(25))),
            PixelSize::new(480, 270)
        );
    }

    #[test]
    fn s2_fit_shrinks_to_the_window_and_enlarges_by_whole_factors() {
        let fit = |x, y, in_pixels| {
            let pixels = vec2(x, y) * to_f32(in_pixels);
            picture_scale(&options(ViewSize::Fit, 100), FULL_HD, pixels, in_pixels)
        };
        assert!((fit(960.0, 2000.0, 1.0) - 0.5).abs() < 1e-9);
        assert!((fit(1920.0, 1080.0, 1.0) - 1.0).abs() < 1e-9);
        assert!((fit(1920.0, 1080.0, 2.0) - 2.0).abs() < 1e-9);
        assert!((fit(2900.0, 1700.0, 1.0) - 1.0).abs() < 1e-9);
        // on fine pixels the window is filled up to the usual size
        assert!((fit(1440.0, 1080.0, 2.0) - 1.5).abs() < 1e-9);
        assert!((fit(2900.0, 1700.0, 2.0) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn the_pointer_grows_with_the_picture_by_whole_factors() {
        assert_eq!(
            [0.5, 1.0, 1.9, 2.0, 99.0].map(pointer_factor),
            [1, 1, 1, 2, 8]
        );
        let (red, blue) = ([255, 0, 0, 255], [0, 0, 255, 128]);
        let shape = PointerShape {
            width: 2,
            height: 1,
            hot_x: 1,
            hot_y: 0,
            rgba: [red, blue].concat().into(),
        };
        let doubled = enlarged(&shape, 2);
        assert_eq!((doubled.size, doubled.hotspot), ([4, 2], [3, 1]));
        let row = [red, red, blue, blue].concat();
        assert_eq!(doubled.rgba.to_vec(), row.repeat(2));
    }

    #[test]
    fn percent_is_kept_within_reason() {
        let percent = |p| {
            let options = options(ViewSize::Percent(p), 100);
            picture_scale(&options, FULL_HD, vec2(10.0, 10.0), 1.0)
        };
        assert!((percent(75) - 0.75).abs() < 1e-9);
        assert!((percent(0) - 0.05).abs() < 1e-9);
    }

    #[test]
    fn the_picture_stands_on_whole_pixels_at_any_scale() {
        for in_pixels in [1.0, 1.25, 1.5, 1.75, 2.0] {
            let outer = Rect::from_min_size(pos2(13.37, 41.9), vec2(777.7, 555.5));
            let picture = snapped(outer, vec2(300.0, 200.0), in_pixels, 1);
            let left = f64::from(picture.left()) * in_pixels;
            assert!((left - left.round()).abs() < 1e-3, "{in_pixels}: {left}");
        }
    }
}
