//! What all documents have: the organisation's head, a foot on each page, and the file.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::text::TextDirection;
use protocol::admin::reports::Language;
use protocol::{visible_line, visible_text};

use crate::fonts::{Fonts, Weight};
use crate::page::{ACCENT, Align, HEIGHT, Ink, LEFT, LINE, Layout, Mark, RIGHT, Style, WIDTH};
use crate::words::Words;
use crate::{DocumentError, Organisation};

/// How large a logo may be, in points.
const LOGO: (f32, f32) = (150.0, 44.0);

/// A document that is laid out, and what its file says of it.
pub(crate) struct Paper {
    pub(crate) layout: Layout,
    pictures: Vec<Image>,
    title: String,
    organisation: String,
    language: Language,
}

impl Paper {
    /// A document with the organisation's head and a title.
    pub(crate) fn new(
        organisation: &Organisation,
        language: Language,
        title: &str,
    ) -> Result<Self, DocumentError> {
        let mut paper = Self {
            layout: Layout::new(Fonts::new()?),
            pictures: Vec::new(),
            title: title.to_owned(),
            organisation: visible_line(&organisation.name).into_owned(),
            language,
        };
        paper.head(organisation)?;
        Ok(paper)
    }

    fn head(&mut self, organisation: &Organisation) -> Result<(), DocumentError> {
        let top = self.layout.y;
        let mut bottom = top;
        let has_logo = organisation.logo.is_some();
        if let Some(logo) = &organisation.logo {
            let number = self.add_picture(logo)?;
            let (width, height) = self.fitted(number, LOGO);
            self.layout.put(Mark::Picture {
                x: LEFT,
                y: top,
                width,
                height,
                number,
            });
            bottom = top + height;
        }
        // beside a logo the words stand at the right, as on a letter
        let (x, align) = if has_logo {
            (RIGHT, Align::Right)
        } else {
            (LEFT, Align::Left)
        };
        let name = Style::new(Weight::SemiBold, 12.0, ACCENT);
        let mut y = top;
        if !self.organisation.is_empty() {
            y += name.leading();
            let text = self.layout.fitted(name, &self.organisation, 300.0);
            self.layout.text_at((x, y - 5.0), name, align, &text);
        }
        for line in visible_text(&organisation.words).lines().take(6) {
            y += Style::SMALL.leading();
            let line = self.layout.fitted(Style::SMALL, line, 300.0);
            self.layout
                .text_at((x, y - 2.5), Style::SMALL, align, &line);
        }
        bottom = bottom.max(y);
        if bottom > top {
            self.layout.y = bottom + 10.0;
            self.layout.rule(ACCENT, 1.2);
            self.layout.space(26.0);
        }
        self.layout.need(Style::TITLE.leading());
        self.layout.y += Style::TITLE.leading();
        let (y, title) = (self.layout.y - 8.0, self.title.clone());
        let title = self.layout.fitted(Style::TITLE, &title, RIGHT - LEFT);
        self.layout
            .text_at((LEFT, y), Style::TITLE, Align::Left, &title);
        Ok(())
    }

    /// Keeps a picture for the document; its number.
    pub(crate) fn add_picture(&mut self, png: &[u8]) -> Result<usize, DocumentError> {
        let picture = Image::from_png(png.to_vec().into(), true);
        self.pictures.push(picture.map_err(DocumentError::Picture)?);
        Ok(self.pictures.len() - 1)
    }

    /// How large the picture is that just fits into `room`, and not larger than it is.
    #[expect(clippy::cast_precision_loss, reason = "no picture has so many pixels")]
    pub(crate) fn fitted(&self, number: usize, room: (f32, f32)) -> (f32, f32) {
        let (width, height) = self.pictures.get(number).map_or((1, 1), Image::size);
        let (width, height) = (width as f32 * 0.75, height as f32 * 0.75);
        let scale = (room.0 / width).min(room.1 / height).min(1.0);
        (width * scale, height * scale)
    }

    /// Puts the file together.
    pub(crate) fn write(mut self) -> Result<Vec<u8>, DocumentError> {
        self.feet();
        let mut document = Document::new();
        let language = match self.language {
            Language::English => "en",
            Language::Italian => "it",
        };
        let mut metadata = Metadata::new()
            .title(self.title.clone())
            .language(language.to_owned())
            .creator("Pure Help Desk".to_owned());
        if !self.organisation.is_empty() {
            metadata = metadata.authors(vec![self.organisation.clone()]);
        }
        document.set_metadata(metadata);
        let size = PageSettings::from_wh(WIDTH, HEIGHT);
        let size = size.ok_or_else(|| DocumentError::Write("no such page".to_owned()))?;
        for marks in &self.layout.pages {
            let mut page = document.start_page_with(size.clone());
            let mut surface = page.surface();
            for mark in marks {
                self.draw(&mut surface, mark);
            }
            surface.finish();
            page.finish();
        }
        let file = document.finish();
        file.map_err(|error| DocumentError::Write(format!("{error:?}")))
    }

    fn feet(&mut self) {
        let words = Words(self.language);
        let total = self.layout.pages.len();
        for number in 0..total {
            let page = words.page(number + 1, total);
            let width = self.layout.fonts.width(&page, Weight::Regular, 8.0);
            let left = if self.organisation.is_empty() {
                self.title.clone()
            } else {
                format!("{} · {}", self.organisation, self.title)
            };
            let room = RIGHT - LEFT - width - 20.0;
            let left = self.layout.fitted(Style::SMALL, &left, room);
            let y = HEIGHT - 40.0;
            let style = Style::SMALL;
            self.layout.pages[number].extend([
                Mark::Bar {
                    x: LEFT,
                    y: y - 14.0,
                    width: RIGHT - LEFT,
                    height: 0.6,
                    ink: LINE,
                },
                Mark::Text {
                    x: LEFT,
                    y,
                    style,
                    text: left,
                },
                Mark::Text {
                    x: RIGHT - width,
                    y,
                    style,
                    text: page,
                },
            ]);
        }
    }

    fn draw(&self, surface: &mut Surface<'_>, mark: &Mark) {
        match mark {
            Mark::Text { x, y, style, text } => {
                surface.set_fill(Some(fill(style.ink)));
                let font = self.layout.fonts.of(style.weight);
                let at = Point::from_xy(*x, *y);
                surface.draw_text(at, font, style.size, text, false, TextDirection::Auto);
            }
            Mark::Bar {
                x,
                y,
                width,
                height,
                ink,
            } => {
                let mut path = PathBuilder::new();
                if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
                    path.push_rect(rect);
                }
                if let Some(path) = path.finish() {
                    surface.set_fill(Some(fill(*ink)));
                    surface.draw_path(&path);
                }
            }
            Mark::Picture {
                x,
                y,
                width,
                height,
                number,
            } => {
                let picture = self.pictures.get(*number);
                if let (Some(picture), Some(size)) = (picture, Size::from_wh(*width, *height)) {
                    surface.push_transform(&Transform::from_translate(*x, *y));
                    surface.draw_image(picture.clone(), size);
                    surface.pop();
                }
            }
        }
    }
}

fn fill([red, green, blue]: Ink) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}
