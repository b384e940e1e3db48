//! A picture on somebody's wall: something to look at, and to click on.

use anyhow::Context as _;
use image::{Rgb, RgbImage};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _, CreateGCAux,
    CreateWindowAux, EventMask, ImageFormat, Pixmap, StackMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

use crate::display::Display;
use crate::picture::Picture;

/// A window without a frame that shows one picture and notes where it is clicked. It goes when this
/// is dropped.
#[derive(Debug)]
pub struct Board {
    connection: RustConnection,
    window: Window,
}

impl Board {
    /// Hangs `picture` up on `display`, its left upper corner at a pixel of the screen.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn hang(display: &Display, picture: &Picture, (x, y): (u32, u32)) -> anyhow::Result<Self> {
        let (connection, screen) = x11rb::connect(Some(display.name()))
            .with_context(|| format!("cannot connect to display {}", display.name()))?;
        let root = connection.setup().roots[screen].root;
        let pixmap = pixmap_of(&connection, root, picture)?;
        let (width, height) = (
            u16::try_from(picture.width())?,
            u16::try_from(picture.height())?,
        );
        let window = connection.generate_id()?;
        // as a background the server keeps it there, whoever passes over it
        let look = CreateWindowAux::new()
            .background_pixmap(pixmap)
            .override_redirect(1)
            .event_mask(EventMask::BUTTON_PRESS);
        let (left, top) = (i16::try_from(x)?, i16::try_from(y)?);
        connection.create_window(
            COPY_DEPTH_FROM_PARENT,
            window,
            root,
            left,
            top,
            width,
            height,
            0,
            WindowClass::INPUT_OUTPUT,
            0,
            &look,
        )?;
        connection.map_window(window)?.check()?;
        connection.free_pixmap(pixmap)?.check()?;
        Ok(Self { connection, window })
    }

    /// Shows another picture of the same size.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn show(&self, picture: &Picture) -> anyhow::Result<()> {
        let pixmap = pixmap_of(&self.connection, self.window, picture)?;
        let look = ChangeWindowAttributesAux::new().background_pixmap(pixmap);
        self.connection
            .change_window_attributes(self.window, &look)?;
        self.connection.free_pixmap(pixmap)?;
        self.connection
            .clear_area(false, self.window, 0, 0, 0, 0)?
            .check()?;
        Ok(())
    }

    /// Goes behind all windows.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn lower(&self) -> anyhow::Result<()> {
        let below = ConfigureWindowAux::new().stack_mode(StackMode::BELOW);
        self.connection
            .configure_window(self.window, &below)?
            .check()?;
        Ok(())
    }

    /// Shows one colour instead of the picture.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn fill(&self, rgb: u32) -> anyhow::Result<()> {
        let colour = ChangeWindowAttributesAux::new().background_pixel(rgb);
        self.connection
            .change_window_attributes(self.window, &colour)?;
        self.connection
            .clear_area(false, self.window, 0, 0, 0, 0)?
            .check()?;
        Ok(())
    }

    /// The next pixel of the screen that was clicked on, if one was since the last call.
    ///
    /// # Errors
    ///
    /// If the server is gone.
    pub fn next_click(&self) -> anyhow::Result<Option<(i16, i16)>> {
        while let Some(event) = self.connection.poll_for_event()? {
            if let Event::ButtonPress(press) = event
                && press.event == self.window
            {
                return Ok(Some((press.root_x, press.root_y)));
            }
        }
        Ok(None)
    }
}

/// `picture` as the server keeps it, for a window on the screen of `like`.
fn pixmap_of(
    connection: &RustConnection,
    like: Window,
    picture: &Picture,
) -> anyhow::Result<Pixmap> {
    let width = u16::try_from(picture.width())?;
    let height = u16::try_from(picture.height())?;
    let depth = connection.get_geometry(like)?.reply()?.depth;
    let pixmap = connection.generate_id()?;
    connection.create_pixmap(depth, pixmap, like, width, height)?;
    let gc = connection.generate_id()?;
    connection.create_gc(gc, pixmap, &CreateGCAux::new())?;
    let format = ImageFormat::Z_PIXMAP;
    let pixels = picture.to_bgrx();
    connection.put_image(format, pixmap, gc, width, height, 0, 0, 0, depth, &pixels)?;
    connection.free_gc(gc)?;
    Ok(pixmap)
}

/// A landscape with the grain of a photograph: every pixel differs a little from its neighbours.
pub fn photo(width: u32, height: u32) -> Picture {
    let (wide, high) = (f64::from(width), f64::from(height));
    Picture::from(RgbImage::from_fn(width, height, |column, row| {
        let (x, y) = (f64::from(column) / wide, f64::from(row) / high);
        let grain = 5.0 * (noise(f64::from(column), f64::from(row)) - 0.5);
        Rgb(scene(x, y).map(|channel| to_byte(channel + grain)))
    }))
}

/// Red, green and blue of the scene, of 255, at a share of its width and height.
fn scene(x: f64, y: f64) -> [f64; 3] {
    const SUN: (f64, f64) = (0.72, 0.28);
    let mix = |one: [f64; 3], other: [f64; 3], share: f64| {
        let share = share.clamp(0.0, 1.0);
        [0, 1, 2].map(|channel| one[channel] * (1.0 - share) + other[channel] * share)
    };
    let near_sun = 1.0 - ((x - SUN.0).hypot(y - SUN.1) / 0.6).min(1.0);
    let sky = mix([74.0, 120.0, 186.0], [236.0, 196.0, 160.0], y * 1.3);
    let cloud = (clouds(x * 5.0, y * 11.0) - 0.45) * 2.6;
    let sky = mix(sky, [248.0, 240.0, 232.0], cloud);
    let sky = mix(sky, [255.0, 238.0, 190.0], near_sun * near_sun);
    let far_ridge = 0.46 + 0.16 * (clouds(x * 4.0, 3.0) - 0.5);
    let near_ridge = 0.66 + 0.34 * (clouds(x * 3.0, 9.0) - 0.5);
    if y > near_ridge {
        let grass = mix(
            [30.0, 58.0, 30.0],
            [128.0, 142.0, 62.0],
            clouds(x * 60.0, y * 40.0) * 1.3 - 0.2,
        );
        mix(grass, [16.0, 26.0, 20.0], (1.0 - y) * 0.6)
    } else if y > far_ridge {
        let stone = [70.0, 84.0, 112.0];
        let light = clouds(x * 22.0 + y * 9.0, y * 22.0);
        mix(stone, [150.0, 146.0, 156.0], light * 1.4 - 0.4)
    } else {
        sky
    }
}

/// Sums of ever finer noise, from 0 to 1.
fn clouds(x: f64, y: f64) -> f64 {
    const OCTAVES: [(f64, f64); 5] = [
        (1.0, 0.5),
        (2.0, 0.25),
        (4.0, 0.13),
        (8.0, 0.08),
        (16.0, 0.04),
    ];
    let soft = |at: f64| at * at * (3.0 - 2.0 * at);
    OCTAVES
        .iter()
        .map(|(finer, weight)| {
            let (x, y) = (x * finer, y * finer);
            let (left, top) = (x.floor(), y.floor());
            let (right_share, bottom_share) = (soft(x - left), soft(y - top));
            let row =
                |y: f64| noise(left, y) * (1.0 - right_share) + noise(left + 1.0, y) * right_share;
            weight * (row(top) * (1.0 - bottom_share) + row(top + 1.0) * bottom_share)
        })
        .sum()
}

/// The same number from 0 to 1 for the same whole place each time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole places of a picture"
)]
fn noise(x: f64, y: f64) -> f64 {
    let mut hash = (x as i64 as u32).wrapping_mul(0x9e37_79b1) ^ (y as i64 as u32).rotate_left(16);
    for _ in 0..2 {
        hash = (hash ^ hash >> 15).wrapping_mul(0x2c1b_3c6d);
    }
    f64::from(hash >> 8) / f64::from(1 << 24)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a byte"
)]
fn to_byte(channel: f64) -> u8 {
    channel.clamp(0.0, 255.0).round() as u8
}

/// All hues, from light to dark, over a ramp of greys.
pub fn colours(width: u32, height: u32) -> Picture {
    let ramp = height / 5;
    Picture::from(RgbImage::from_fn(width, height, |x, y| {
        let across = f64::from(x) / f64::from(width);
        if y >= height - ramp {
            return Rgb([to_byte(across * 255.0); 3]);
        }
        let down = f64::from(y) / f64::from(height - ramp);
        Rgb([0.0, 4.0, 2.0].map(|turn| {
            // a sixth of a turn on the wheel of colours for each step from one pure colour to the next
            let place = (across * 6.0 + turn).rem_euclid(6.0);
            let pure = ((place - 3.0).abs() - 1.0).clamp(0.0, 1.0);
            let lit = if down < 0.5 {
                1.0 - (1.0 - pure) * down * 2.0
            } else {
                pure * (2.0 - down * 2.0)
            };
            to_byte(lit * 255.0)
        }))
    }))
}
