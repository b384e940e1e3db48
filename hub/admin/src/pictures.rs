//! First pictures of films for the list: of those on the screen alone, a few at a time.

use std::collections::BTreeMap;
use std::io::Cursor;

use egui::{ColorImage, Context, TextureHandle, TextureOptions};
use image::{ImageFormat, ImageReader, Limits};
use protocol::SessionId;

/// Pictures that are asked for at a time; the hub makes one after the other.
const AT_ONCE: usize = 2;
/// Pictures that are kept; more than a list shows.
const MOST_KEPT: usize = 256;
/// Largest side of a picture that is shown, in pixels.
const MOST_SIDE: u32 = 512;

/// What is known of the films' pictures.
#[derive(Default)]
pub struct Pictures {
    known: BTreeMap<SessionId, Known>,
}

enum Known {
    Asked,
    /// The film has none, or the hub cannot make one.
    Missing,
    /// Not on the graphics card yet.
    Decoded(ColorImage),
    Here(TextureHandle),
}

impl std::fmt::Debug for Pictures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = self.known.len();
        f.debug_struct("Pictures").field("known", &known).finish()
    }
}

impl Pictures {
    /// The films to ask for now, of those on the screen.
    pub fn wanted(&mut self, on_screen: &[SessionId]) -> Vec<SessionId> {
        if self.known.len() > MOST_KEPT {
            let stays = |known: &Known| matches!(known, Known::Asked);
            self.known
                .retain(|session, known| on_screen.contains(session) || stays(known));
        }
        let asked = self.known.values();
        let asked = asked.filter(|known| matches!(known, Known::Asked)).count();
        let unknown = on_screen
            .iter()
            .filter(|session| !self.known.contains_key(session));
        let wanted = unknown.take(AT_ONCE.saturating_sub(asked));
        let wanted: Vec<SessionId> = wanted.copied().collect();
        for session in &wanted {
            self.known.insert(*session, Known::Asked);
        }
        wanted
    }

    /// Takes what the hub gave; `None` for a refusal.
    pub fn take(&mut self, session: SessionId, png: Option<&[u8]>) {
        let picture = png.and_then(decoded);
        let known = picture.map_or(Known::Missing, Known::Decoded);
        self.known.insert(session, known);
    }

    /// What was asked for is not answered any more, and what was missing may be there now.
    pub fn refresh(&mut self) {
        self.known
            .retain(|_, known| matches!(known, Known::Decoded(_) | Known::Here(_)));
    }

    /// Puts what is new on the graphics card.
    pub fn upload(&mut self, ctx: &Context) {
        for known in self.known.values_mut() {
            if let Known::Decoded(picture) = known {
                let picture = std::mem::take(picture);
                let texture = ctx.load_texture("film in list", picture, TextureOptions::LINEAR);
                *known = Known::Here(texture);
            }
        }
    }

    /// The picture of a film, where it is here.
    pub fn of(&self, session: SessionId) -> Option<&TextureHandle> {
        match self.known.get(&session)? {
            Known::Here(texture) => Some(texture),
            Known::Asked | Known::Missing | Known::Decoded(_) => None,
        }
    }
}

fn decoded(png: &[u8]) -> Option<ColorImage> {
    let mut reader = ImageReader::with_format(Cursor::new(png), ImageFormat::Png);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    reader.limits(limits);
    let picture = reader.decode().ok()?.to_rgb8();
    let side = |side: u32| usize::try_from(side).unwrap_or(0);
    let size = [side(picture.width()), side(picture.height())];
    Some(ColorImage::from_rgb(size, picture.as_raw()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32) -> Vec<u8> {
        let mut png = Vec::new();
        let picture = image::RgbImage::from_pixel(width, 10, image::Rgb([200, 0, 0]));
        let written = picture.write_to(&mut Cursor::new(&mut png), ImageFormat::Png);
        written.expect("memory takes it");
        png
    }

    #[test]
    fn d2_pictures_are_asked_for_once_and_a_few_at_a_time() {
        let films: Vec<SessionId> = (1..=5).map(SessionId).collect();
        let mut pictures = Pictures::default();
        assert_eq!(pictures.wanted(&films), films[..2]);
        assert_eq!(pictures.wanted(&films), []);
        pictures.take(SessionId(1), Some(&png(20)));
        // whoever scrolled on wants others
        assert_eq!(pictures.wanted(&films[3..]), films[3..4]);
        // none, refused, far too large or no picture at all: all the same
        pictures.take(SessionId(2), None);
        pictures.take(SessionId(4), Some(b"nothing"));
        assert_eq!(pictures.wanted(&films), [SessionId(3), SessionId(5)]);
        pictures.take(SessionId(3), Some(&png(MOST_SIDE + 1)));
        pictures.upload(&Context::default());
        let size = pictures.of(SessionId(1)).map(TextureHandle::size);
        assert_eq!(size, Some([20, 10]));
        for missing in [2, 3, 4] {
            assert!(pictures.of(SessionId(missing)).is_none());
        }
        // after a lost line, what had no answer is asked for again
        pictures.refresh();
        assert_eq!(pictures.wanted(&films), [SessionId(2), SessionId(3)]);
    }

    #[test]
    fn d2_no_more_pictures_are_kept_than_a_list_needs() {
        let mut pictures = Pictures::default();
        for number in 0..1000 {
            let on_screen = [SessionId(number)];
            assert_eq!(pictures.wanted(&on_screen), on_screen);
            pictures.take(SessionId(number), Some(&png(20)));
        }
        assert!(pictures.known.len() <= MOST_KEPT + 1);
    }
}
