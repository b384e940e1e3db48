//! Pages that are being laid out: what stands where, from the top down.

use crate::fonts::{Fonts, Weight};

/// A4, in points.
pub(crate) const WIDTH: f32 = 595.28;
pub(crate) const HEIGHT: f32 = 841.89;
pub(crate) const LEFT: f32 = 56.0;
pub(crate) const RIGHT: f32 = WIDTH - 56.0;
const TOP: f32 = 56.0;
/// Where the text ends; below it is the foot.
const BOTTOM: f32 = HEIGHT - 72.0;

/// A colour, as red, green and blue.
pub(crate) type Ink = [u8; 3];
pub(crate) const BLACK: Ink = [28, 32, 38];
pub(crate) const GREY: Ink = [104, 112, 124];
pub(crate) const LINE: Ink = [214, 219, 226];
pub(crate) const ACCENT: Ink = [28, 90, 178];

/// How letters look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) weight: Weight,
    pub(crate) size: f32,
    pub(crate) ink: Ink,
}

impl Style {
    pub(crate) const TEXT: Self = Self::new(Weight::Regular, 10.0, BLACK);
    pub(crate) const SMALL: Self = Self::new(Weight::Regular, 8.0, GREY);
    pub(crate) const CELL: Self = Self::new(Weight::Regular, 8.5, BLACK);
    pub(crate) const HEAD: Self = Self::new(Weight::SemiBold, 11.0, BLACK);
    pub(crate) const TITLE: Self = Self::new(Weight::SemiBold, 20.0, BLACK);

    pub(crate) const fn new(weight: Weight, size: f32, ink: Ink) -> Self {
        Self { weight, size, ink }
    }

    /// From one line to the next.
    pub(crate) fn leading(self) -> f32 {
        self.size * 1.45
    }
}

/// A mark on a page. Places are from the left and the top.
pub(crate) enum Mark {
    /// `y` is where the letters stand.
    Text {
        x: f32,
        y: f32,
        style: Style,
        text: String,
    },
    Bar {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Ink,
    },
    /// The picture with this number.
    Picture {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        number: usize,
    },
}

/// Where columns go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A document that is being laid out.
pub(crate) struct Layout {
    pub(crate) fonts: Fonts,
    pub(crate) pages: Vec<Vec<Mark>>,
    /// How far down the last page is full.
    pub(crate) y: f32,
}

impl Layout {
    pub(crate) fn new(fonts: Fonts) -> Self {
        Self {
            fonts,
            pages: vec![Vec::new()],
            y: TOP,
        }
    }

    pub(crate) fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Goes on a new page if less than `height` is left; says whether it did.
    pub(crate) fn need(&mut self, height: f32) -> bool {
        let is_full = self.y + height > BOTTOM;
        if is_full {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
        is_full
    }

    /// How much is left of the page.
    pub(crate) fn left(&self) -> f32 {
        BOTTOM - self.y
    }

    pub(crate) fn space(&mut self, height: f32) {
        self.y += height;
    }

    /// A line of text at `x`, whose letters stand at `y`.
    pub(crate) fn text_at(&mut self, (x, y): (f32, f32), style: Style, align: Align, text: &str) {
        let width = self.fonts.width(text, style.weight, style.size);
        let x = if align == Align::Right { x - width } else { x };
        let text = text.to_owned();
        self.put(Mark::Text { x, y, style, text });
    }

    /// A line across the page.
    pub(crate) fn rule(&mut self, ink: Ink, height: f32) {
        let (x, y, width) = (LEFT, self.y, RIGHT - LEFT);
        self.put(Mark::Bar {
            x,
            y,
            width,
            height,
            ink,
        });
        self.y += height;
    }

    /// Text over the page's width, over pages if need be.
    pub(crate) fn paragraph(&mut self, style: Style, text: &str) {
        for line in self.lines(style, text, RIGHT - LEFT) {
            self.need(style.leading());
            self.y += style.leading();
            let y = self.y - style.leading() * 0.3;
            self.text_at((LEFT, y), style, Align::Left, &line);
        }
    }

    /// `text` in lines that are no wider than `width`.
    pub(crate) fn lines(&self, style: Style, text: &str, width: f32) -> Vec<String> {
        let fits = |line: &str| self.fonts.width(line, style.weight, style.size) <= width;
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split(' ') {
                let longer = if line.is_empty() {
                    word.to_owned()
                } else {
                    format!("{line} {word}")
                };
                if fits(&longer) {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                // a word that is wider than the page is broken where it must be
                for c in word.chars() {
                    line.push(c);
                    if !fits(&line) {
                        line.pop();
                        lines.push(std::mem::replace(&mut line, c.to_string()));
                    }
                }
            }
            lines.push(line);
        }
        lines
    }

    /// The beginning of `text` that is no wider than `width`; an ellipsis tells of the rest.
    pub(crate) fn fitted(&self, style: Style, text: &str, width: f32) -> String {
        let fits = |line: &str| self.fonts.width(line, style.weight, style.size) <= width;
        if fits(text) {
            return text.to_owned();
        }
        let mut kept: Vec<char> = text.chars().collect();
        while kept.pop().is_some() {
            let line: String = kept.iter().collect::<String>().trim_end().to_owned() + "…";
            if fits(&line) {
                return line;
            }
        }
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_wider_than_the_page_and_lose_nothing() {
        let layout = Layout::new(Fonts::new().expect("bundled"));
        let long = "x".repeat(500);
        let text = format!("Perché la stampante non risponde {long}\n\nfine");
        let lines = layout.lines(Style::TEXT, &text, 200.0);
        for line in &lines {
            assert!(layout.fonts.width(line, Weight::Regular, 10.0) <= 200.0);
        }
        let said: String = lines.concat().replace(' ', "");
        assert_eq!(said, text.replace([' ', '\n'], ""));
    }

    #[test]
    fn what_is_cut_says_so() {
        let layout = Layout::new(Fonts::new().expect("bundled"));
        let cut = layout.fitted(Style::CELL, "PC-OF-THE-VERY-LONG-NAME", 60.0);
        assert!(cut.ends_with('…') && cut.starts_with("PC-OF"), "{cut}");
        assert_eq!(layout.fitted(Style::CELL, "PC-1", 60.0), "PC-1");
    }
}
