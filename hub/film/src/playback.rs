//! A recording played picture by picture, for a window that shows it (D3).

use codec::Picture;
use protocol::PointerUpdate;
use recording::{Body, Entries, Entry, ReadError, Recording};

use crate::canvas::{Canvas, canvas_size};
use crate::scene::Scene;

/// Pointer updates that are looked back through for a shape.
const MOST_POINTERS: usize = 5000;

/// A recording at one of its moments.
///
/// Times are microseconds since the session began. What cannot be decoded leaves the last good picture
/// standing, as in a film.
pub struct Playback<'a> {
    recording: &'a Recording,
    entries: Entries<'a>,
    /// The next entry, which is due later than `at_micros`.
    ahead: Option<Entry>,
    scene: Scene,
    canvas: Canvas,
    at_micros: u64,
    is_drawn: bool,
}

impl std::fmt::Debug for Playback<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playback")
            .field("at_micros", &self.at_micros)
            .finish_non_exhaustive()
    }
}

impl<'a> Playback<'a> {
    /// At the beginning of `recording`; reads nothing of it yet.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the file is damaged.
    pub fn new(recording: &'a Recording) -> Result<Self, ReadError> {
        Ok(Self {
            recording,
            entries: recording.entries(0)?,
            ahead: None,
            scene: Scene::default(),
            canvas: Canvas::new(canvas_size(codec::PixelSize::new(0, 0))),
            at_micros: 0,
            is_drawn: false,
        })
    }

    /// The moment that is shown.
    pub fn at_micros(&self) -> u64 {
        self.at_micros
    }

    /// When the next entry is due; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the file is damaged there.
    pub fn next_micros(&mut self) -> Result<Option<u64>, ReadError> {
        if self.ahead.is_none() {
            self.ahead = self.entries.next().transpose()?;
        }
        Ok(self.ahead.as_ref().map(|entry| entry.at_micros))
    }

    /// Goes on to `to_micros`; whether anything that can be seen has changed on the way.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the file is damaged on the way; what came before that is shown.
    pub fn advance_to(&mut self, to_micros: u64) -> Result<bool, ReadError> {
        let mut changed = false;
        while self.next_micros()?.is_some_and(|next| next <= to_micros) {
            if let Some(entry) = self.ahead.take() {
                changed |= self.scene.apply(&entry.body);
            }
        }
        self.at_micros = self.at_micros.max(to_micros);
        self.is_drawn &= !changed;
        Ok(changed)
    }

    /// Goes to the next moment at which something that can be seen changes; whether there is one.
    ///
    /// # Errors
    ///
    /// As [`Self::advance_to`].
    pub fn step(&mut self) -> Result<bool, ReadError> {
        while let Some(next) = self.next_micros()? {
            if self.advance_to(next)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes to `to_micros`, forwards or back. Takes as long as decoding everything from the last update
    /// that stands alone, or from here if that is nearer.
    ///
    /// # Errors
    ///
    /// As [`Self::advance_to`].
    pub fn seek(&mut self, to_micros: u64) -> Result<(), ReadError> {
        self.approach(to_micros)?;
        self.advance_to(to_micros).map(drop)
    }

    /// Goes to where the way to `to_micros` begins: to the last update that stands alone, or it stays
    /// here if that is nearer. Decodes nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::advance_to`].
    pub fn approach(&mut self, to_micros: u64) -> Result<(), ReadError> {
        let mut from = self.recording.entries_from_reset(to_micros)?;
        let first = from.next().transpose()?;
        let begins = first.as_ref().map_or(0, |entry| entry.at_micros);
        let is_on_the_way = to_micros >= self.at_micros && begins <= self.at_micros;
        if !is_on_the_way {
            (self.entries, self.ahead) = (from, first);
            self.scene = self.scene.before_a_reset();
            self.find_pointer(begins)?;
            self.at_micros = begins.min(to_micros);
            self.is_drawn = false;
        }
        Ok(())
    }

    /// Finds where the pointer was, and its shape, which is said only where it changes.
    fn find_pointer(&mut self, at_micros: u64) -> Result<(), ReadError> {
        let has_shape = |update: &bytes::Bytes| {
            PointerUpdate::from_film(update).is_ok_and(|update| update.shape.is_some())
        };
        let back = self
            .recording
            .pointers_back_from(at_micros, MOST_POINTERS, has_shape)?;
        for update in back.into_iter().rev() {
            self.scene.apply(&Body::Pointer(update));
        }
        Ok(())
    }

    /// What is to be seen, with the pointer in it; black before the first picture.
    pub fn picture(&mut self) -> &Picture {
        if !self.is_drawn {
            self.is_drawn = true;
            if let Some(screen) = self.scene.picture() {
                // each in its own size: to know the largest of all would take decoding all of them
                let wanted = canvas_size(screen.size());
                if wanted != self.canvas.size() {
                    self.canvas = Canvas::new(wanted);
                }
                self.canvas.show(screen, self.scene.pointer());
            }
            if let Some(held) = self.scene.held() {
                self.canvas.mark_held(held);
            }
        }
        self.canvas.picture()
    }

    /// Whether there was a picture by now.
    pub fn has_picture(&self) -> bool {
        self.scene.picture().is_some()
    }

    /// Whether the picture may be an old one, as a line was lost.
    pub fn is_lost(&self) -> bool {
        self.scene.is_lost()
    }
}
