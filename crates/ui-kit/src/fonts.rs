//! The bundled fonts: one for text (Inter), one of fixed width, one for icons (Lucide). What they cannot draw
//! comes from the fonts of the computer, or is a box with the character's number.
//!
//! Inter is a variable font; [`crate::text`] sets its weight between 400 and 700. Both text fonts
//! carry the SIL Open Font License (see `assets/fonts`), Lucide the ISC licence.

mod number;
mod system;

use std::io::Read as _;

use egui::{Context, FontData, FontDefinitions, FontFamily, FontId};
use flate2::read::ZlibDecoder;

pub use lucide_icons::Icon;

/// These are packed by `build.rs`.
const INTER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/Inter-Variable"));
const JETBRAINS_MONO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/JetBrainsMono-Regular"));
/// The icons that the sources name, and no others; `cargo xtask icons` makes it.
const LUCIDE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/Lucide-Icons"));

/// The name of the family that holds the icons.
const ICON_FAMILY: &str = "icons";

/// Gives `ctx` these fonts, and for what they lack the computer's.
pub fn install(ctx: &Context) {
    ctx.set_fonts(definitions());
    system::use_where_needed(ctx);
    number::stand_in(ctx);
}

/// All bundled fonts and the families they serve.
///
/// Text families end with the icons, so that an icon character inside a text is drawn too.
pub fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let mut icons = unpacked(LUCIDE);
    // thin strokes come out uneven when they are moved to whole pixels
    icons.tweak.hinting = Some(false);
    let mut add = |name: &str, data: FontData| fonts.font_data.insert(name.into(), data.into());
    add("inter", unpacked(INTER));
    add("mono", unpacked(JETBRAINS_MONO));
    add(ICON_FAMILY, icons);

    let mut family = |family: FontFamily, names: &[&str]| {
        fonts
            .families
            .insert(family, names.iter().map(|&name| name.into()).collect());
    };
    family(FontFamily::Proportional, &["inter", ICON_FAMILY]);
    family(FontFamily::Monospace, &["mono", "inter", ICON_FAMILY]);
    family(
        FontFamily::Name(ICON_FAMILY.into()),
        &[ICON_FAMILY, "inter"],
    );
    fonts
}

/// A font as it was before the build.
fn unpacked(packed: &[u8]) -> FontData {
    let mut font = Vec::new();
    let read = ZlibDecoder::new(packed).read_to_end(&mut font);
    read.expect("the build has packed it");
    font.shrink_to_fit();
    FontData::from_owned(font)
}

/// The icon font at `size` points.
pub fn icon_font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(ICON_FAMILY.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_the_languages_around_us_has_a_glyph() {
        let ctx = Context::default();
        ctx.set_fonts(definitions());
        ctx.run_ui(Default::default(), |_| {})
            .drop_without_applying_deltas();
        let letters = "àèéìòùÀÈÉ äöüßÄÖÜ ñÑ¿¡ çêëîïôœ ąćęłńóśźżŁ čďěňřšťůž őű ăâîșț ğışİ åæø ðþ \
                       αβγδεζ абвгдежъыьэюя „“”‘’«»–—…·€£°→←×✓";
        for family in [FontFamily::Proportional, FontFamily::Monospace] {
            let missing: String = letters
                .chars()
                .filter(|&letter| {
                    letter != ' '
                        && !ctx.fonts_mut(|fonts| {
                            fonts.has_glyph(&FontId::new(14.0, family.clone()), letter)
                        })
                })
                .collect();
            assert_eq!(missing, "", "{family:?}");
        }
    }
}
