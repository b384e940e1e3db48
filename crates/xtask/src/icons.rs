//! The icons that the windows draw, cut out of the Lucide font: all 2,000 of them are one megabyte in every program,
//! and the hundred that are drawn are 40 kB.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use lucide_icons::{Icon, LUCIDE_FONT_BYTES};
use ttf_parser::{Face, GlyphId, RawFace, Tag, loca};

use crate::words::note_sources;

const FONT: &str = "assets/fonts/Lucide-Icons.ttf";
/// What the sources hold when this file reads them rightly, at least.
const FEWEST: usize = 50;

/// Writes the font with the icons that the sources of the workspace `root` name.
///
/// # Errors
///
/// An icon that Lucide does not have, or a file that cannot be read or written.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    let icons = used(root)?;
    let font = cut(&icons)?;
    fs::write(root.join(FONT), &font).with_context(|| format!("cannot write {FONT}"))?;
    println!("{}: {} icons, {} bytes", FONT, icons.len(), font.len());
    Ok(())
}

/// Looks whether the font has every icon that the sources of `root` name, and no other.
///
/// # Errors
///
/// If it does not, with what is to be done.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let icons = used(root)?;
    let font = fs::read(root.join(FONT)).with_context(|| format!("cannot read {FONT}"))?;
    if font != cut(&icons)? {
        bail!("{FONT} is not what the windows draw any more; `cargo xtask icons` makes it anew");
    }
    println!("{} icons, all in the font", icons.len());
    Ok(())
}

/// The characters of the icons that are named anywhere, tests left out.
fn used(root: &Path) -> anyhow::Result<BTreeSet<char>> {
    let mut names = BTreeSet::new();
    note_sources(root, &mut |source| names.extend(named_in(source)))?;
    if names.len() < FEWEST {
        bail!("only {} icons are found", names.len());
    }
    let characters = names.iter().map(|name| {
        let icon = Icon::try_from(name_at_lucide(name).as_str()).ok();
        let icon = icon.with_context(|| format!("Lucide has no icon {name} by this name"))?;
        Ok(char::from(icon))
    });
    characters.collect()
}

/// Every `Icon::Name`, that of `CursorIcon::Name` left out.
fn named_in(source: &str) -> impl Iterator<Item = String> {
    let parts: Vec<&str> = source.split("Icon::").collect();
    let pairs: Vec<(&str, &str)> = parts.windows(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.into_iter().filter_map(|(before, after)| {
        let is_whole = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
        let name: String = after
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        (is_whole && name.starts_with(|c: char| c.is_ascii_uppercase())).then_some(name)
    })
}

/// `MonitorUp` as Lucide writes it: `monitor-up`.
fn name_at_lucide(name: &str) -> String {
    let mut written = String::new();
    let mut before = '-';
    for letter in name.chars() {
        let begins = letter.is_ascii_uppercase()
            || letter.is_ascii_digit() && !before.is_ascii_digit() && before != '-';
        if begins && !written.is_empty() {
            written.push('-');
        }
        written.push(letter.to_ascii_lowercase());
        before = letter;
    }
    written
}

/// A TrueType font with these characters of Lucide alone.
fn cut(characters: &BTreeSet<char>) -> anyhow::Result<Vec<u8>> {
    let face = Face::parse(LUCIDE_FONT_BYTES, 0)?;
    let raw = face.raw_face();
    let kind = face.tables().head.index_to_location_format;
    let many = face.tables().maxp.number_of_glyphs;
    let loca = loca::Table::parse(many, kind, table(raw, *b"loca")?).context("no glyphs")?;
    let outlines = table(raw, *b"glyf")?;
    let mut shapes = Shapes::default();
    shapes.add(&face, GlyphId(0), loca.glyph_range(GlyphId(0)), outlines)?;
    let mut places = BTreeMap::new();
    for &character in characters {
        let glyph = face.glyph_index(character);
        let glyph = glyph.with_context(|| format!("{character:?} is not in the font"))?;
        places.insert(character, shapes.count());
        shapes.add(&face, glyph, loca.glyph_range(glyph), outlines)?;
    }
    let count = shapes.count();
    let mut head = table(raw, *b"head")?.to_vec();
    put(&mut head, 8, &0_u32.to_be_bytes())?;
    // places of outlines have four bytes
    put(&mut head, 50, &1_u16.to_be_bytes())?;
    let mut hhea = table(raw, *b"hhea")?.to_vec();
    put(&mut hhea, 34, &count.to_be_bytes())?;
    let mut maxp = table(raw, *b"maxp")?.to_vec();
    put(&mut maxp, 4, &count.to_be_bytes())?;
    // names of glyphs are left out: version 3
    let mut post = table(raw, *b"post")?
        .get(..32)
        .context("a header")?
        .to_vec();
    put(&mut post, 0, &0x0003_0000_u32.to_be_bytes())?;
    let tables = [
        (b"OS/2", table(raw, *b"OS/2")?.to_vec()),
        (b"cmap", character_map(&places)?),
        (b"glyf", shapes.outlines),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", shapes.widths),
        (b"loca", shapes.places),
        (b"maxp", maxp),
        (b"name", table(raw, *b"name")?.to_vec()),
        (b"post", post),
    ];
    assemble(&tables)
}

fn table<'a>(raw: &RawFace<'a>, tag: [u8; 4]) -> anyhow::Result<&'a [u8]> {
    let found = raw.table(Tag::from_bytes(&tag));
    found.with_context(|| format!("no table {}", String::from_utf8_lossy(&tag)))
}

fn put(table: &mut [u8], at: usize, bytes: &[u8]) -> anyhow::Result<()> {
    let place = table.get_mut(at..at + bytes.len()).context("too short")?;
    place.copy_from_slice(bytes);
    Ok(())
}

/// The glyphs that are kept, as three tables have them.
#[derive(Default)]
struct Shapes {
    outlines: Vec<u8>,
    /// Where each begins, and where the last ends.
    places: Vec<u8>,
    widths: Vec<u8>,
}

impl Shapes {
    fn count(&self) -> u16 {
        u16::try_from(self.widths.len() / 4).unwrap_or(u16::MAX)
    }

    fn add(
        &mut self,
        face: &Face<'_>,
        glyph: GlyphId,
        range: Option<std::ops::Range<usize>>,
        outlines: &[u8],
    ) -> anyhow::Result<()> {
        if self.places.is_empty() {
            self.places.extend([0; 4]);
        }
        // what has no outline has no range
        let outline = outlines.get(range.unwrap_or_default()).context("cut off")?;
        if outline.first().is_some_and(|first| *first >= 0x80) {
            bail!("glyph {} is made of others", glyph.0);
        }
        self.outlines.extend(outline);
        self.outlines
            .resize(self.outlines.len().next_multiple_of(4), 0);
        let end = u32::try_from(self.outlines.len())?;
        self.places.extend(end.to_be_bytes());
        let width = face.glyph_hor_advance(glyph).unwrap_or_default();
        let side = face.glyph_hor_side_bearing(glyph).unwrap_or_default();
        self.widths.extend(width.to_be_bytes());
        self.widths.extend(side.to_be_bytes());
        Ok(())
    }
}

/// The table `cmap`: one group for each character.
fn character_map(places: &BTreeMap<char, u16>) -> anyhow::Result<Vec<u8>> {
    let count = u32::try_from(places.len())?;
    // version 0, one table for Windows and all of Unicode, that begins at byte 12
    let mut map = vec![0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12];
    // format 12
    map.extend([0, 12, 0, 0]);
    map.extend((16 + count * 12).to_be_bytes());
    map.extend(0_u32.to_be_bytes());
    map.extend(count.to_be_bytes());
    for (&character, &glyph) in places {
        let code = u32::from(character).to_be_bytes();
        map.extend(code);
        map.extend(code);
        map.extend(u32::from(glyph).to_be_bytes());
    }
    Ok(map)
}

/// A font of these tables, which are in the order of their names.
fn assemble(tables: &[(&[u8; 4], Vec<u8>)]) -> anyhow::Result<Vec<u8>> {
    let count = u16::try_from(tables.len())?;
    let power = count.ilog2();
    let search = 16_u16 << power;
    let mut font = 0x0001_0000_u32.to_be_bytes().to_vec();
    font.extend(count.to_be_bytes());
    font.extend(search.to_be_bytes());
    font.extend(u16::try_from(power)?.to_be_bytes());
    font.extend((count * 16 - search).to_be_bytes());
    let mut at = font.len() + tables.len() * 16;
    let mut place_of_sum = 0;
    for (tag, table) in tables {
        font.extend(*tag);
        font.extend(sum(table).to_be_bytes());
        font.extend(u32::try_from(at)?.to_be_bytes());
        font.extend(u32::try_from(table.len())?.to_be_bytes());
        if *tag == b"head" {
            place_of_sum = at + 8;
        }
        at += table.len().next_multiple_of(4);
    }
    for (_, table) in tables {
        font.extend(table);
        font.resize(font.len().next_multiple_of(4), 0);
    }
    let whole = 0xb1b0_afba_u32.wrapping_sub(sum(&font));
    put(&mut font, place_of_sum, &whole.to_be_bytes())?;
    Ok(font)
}

/// The sum of all words of four bytes, as fonts have it.
fn sum(table: &[u8]) -> u32 {
    table.chunks(4).fold(0, |sum, chunk| {
        let mut word = [0; 4];
        for (byte, part) in word.iter_mut().zip(chunk) {
            *byte = *part;
        }
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_are_found_by_the_names_that_sources_give_them() {
        let source = "[Icon::Trash2, Icon::MonitorUp]; egui::CursorIcon::None; Icon::from(c)";
        let found: Vec<String> = named_in(source).collect();
        assert_eq!(found, ["Trash2", "MonitorUp"]);
        for (name, written) in [
            ("Trash2", "trash-2"),
            ("MonitorUp", "monitor-up"),
            ("X", "x"),
        ] {
            assert_eq!(name_at_lucide(name), written);
            assert!(Icon::try_from(written).is_ok());
        }
    }

    #[test]
    fn a_cut_font_draws_its_icons_as_lucide_does_and_no_others() {
        let icons = [Icon::Monitor, Icon::Trash2, Icon::X, Icon::ArrowDown];
        let characters: BTreeSet<char> = icons.into_iter().map(char::from).collect();
        let font = cut(&characters).expect("cut");
        assert!(font.len() < 10_000, "{}", font.len());
        assert_eq!(sum(&font), 0xb1b0_afba, "the sum of a whole font");
        let cut = Face::parse(&font, 0).expect("a font");
        let whole = Face::parse(LUCIDE_FONT_BYTES, 0).expect("a font");
        assert_eq!(cut.number_of_glyphs(), 5);
        assert_eq!(cut.units_per_em(), whole.units_per_em());
        assert_eq!(cut.ascender(), whole.ascender());
        for character in characters {
            assert_eq!(drawn(&cut, character), drawn(&whole, character));
        }
        assert_eq!(cut.glyph_index(Icon::Star.unicode()), None);
    }

    /// Strokes by their kind, with their places.
    type Outline = Vec<(char, Vec<f32>)>;

    /// How a character is drawn, and how wide it is.
    fn drawn(face: &Face<'_>, character: char) -> (Outline, Option<u16>) {
        struct Lines(Outline);
        impl Lines {
            fn note(&mut self, what: char, numbers: &[f32]) {
                self.0.push((what, numbers.to_vec()));
            }
        }
        impl ttf_parser::OutlineBuilder for Lines {
            fn move_to(&mut self, x: f32, y: f32) {
                self.note('m', &[x, y]);
            }
            fn line_to(&mut self, x: f32, y: f32) {
                self.note('l', &[x, y]);
            }
            fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
                self.note('q', &[x1, y1, x, y]);
            }
            fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
                self.note('c', &[x1, y1, x2, y2, x, y]);
            }
            fn close(&mut self) {
                self.note('z', &[]);
            }
        }
        let glyph = face.glyph_index(character).expect("in the font");
        let mut lines = Lines(Vec::new());
        face.outline_glyph(glyph, &mut lines).expect("an outline");
        assert!(lines.0.len() > 3);
        (lines.0, face.glyph_hor_advance(glyph))
    }
}
