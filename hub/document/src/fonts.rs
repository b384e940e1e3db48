//! The fonts of documents, and how wide texts are in them.

use std::collections::HashMap;

use krilla::text::{Font, Tag};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

use crate::DocumentError;

const INTER: &[u8] = include_bytes!("../../../assets/fonts/Inter-Variable.ttf");

/// How thick letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    SemiBold,
}

/// The bundled font in the weights that documents use.
pub(crate) struct Fonts {
    regular: Face,
    semi_bold: Face,
}

struct Face {
    font: Font,
    /// How wide letters are at a size of one point.
    widths: HashMap<char, f32>,
    /// Of letters that the font does not have.
    missing: f32,
}

impl Face {
    fn new(weight: f32) -> Result<Self, DocumentError> {
        let axes = [(Tag::new(b"wght"), weight)];
        let font = Font::new_variable(INTER.to_vec().into(), 0, &axes);
        let shapes = FontRef::new(INTER).map_err(|_broken| DocumentError::Font)?;
        let place = shapes.axes().location([("wght", weight)]);
        let metrics = shapes.glyph_metrics(Size::new(1.0), LocationRef::from(&place));
        let widths = shapes.charmap().mappings().filter_map(|(letter, glyph)| {
            let width = metrics.advance_width(glyph)?;
            Some((char::from_u32(letter)?, width))
        });
        Ok(Self {
            font: font.ok_or(DocumentError::Font)?,
            widths: widths.collect(),
            missing: metrics.advance_width(0_u16.into()).unwrap_or(1.0),
        })
    }
}

impl Fonts {
    pub(crate) fn new() -> Result<Self, DocumentError> {
        Ok(Self {
            regular: Face::new(400.0)?,
            semi_bold: Face::new(600.0)?,
        })
    }

    fn face(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::SemiBold => &self.semi_bold,
        }
    }

    pub(crate) fn of(&self, weight: Weight) -> Font {
        self.face(weight).font.clone()
    }

    /// How wide `text` is at `size`, in points.
    pub(crate) fn width(&self, text: &str, weight: Weight, size: f32) -> f32 {
        let face = self.face(weight);
        let width_of = |c| face.widths.get(&c).unwrap_or(&face.missing);
        text.chars().map(width_of).sum::<f32>() * size
    }
}
