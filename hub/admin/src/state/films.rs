//! The films, and one while it is looked at or exported.

use protocol::admin::films;
use protocol::{Refusal, SessionId};

use super::{LookedAt, NO_ROWS, Period, Shown, wanted};
use crate::bundle::Bundling;
use crate::exports::VideoExport;
use crate::listing::Listing;
use crate::pictures::Pictures;
use crate::player::Player;

/// The films.
#[derive(Debug)]
pub struct Films {
    pub operator: String,
    pub requester: String,
    pub host: String,
    pub period: Period,
    pub list: Listing<(films::Filter, films::Sort), films::Film>,
    pub chosen: Option<u32>,
    pub looked_at: LookedAt,
    pub open: Option<Film>,
    pub facts: Shown<Box<films::Facts>>,
    pub asking: Option<FilmAsking>,
    pub pictures: Pictures,
    pub exporting: Option<Exporting>,
    /// The picture fills the window.
    pub full_screen: bool,
}

impl Default for Films {
    fn default() -> Self {
        Self {
            operator: String::new(),
            requester: String::new(),
            host: String::new(),
            period: Period::Any,
            list: Listing::default(),
            chosen: None,
            looked_at: NO_ROWS,
            open: None,
            facts: Shown::default(),
            asking: None,
            pictures: Pictures::default(),
            exporting: None,
            full_screen: false,
        }
    }
}

impl Films {
    /// What was typed into the filter counts.
    pub fn filter(&mut self) {
        let filter = &mut self.list.filter.0;
        filter.operator = wanted(&self.operator);
        filter.requester = wanted(&self.requester);
        filter.host = wanted(&self.host);
        self.chosen = None;
        self.list.begin_anew();
    }

    /// Orders by a column; by the same one the other way round.
    pub fn sort_by(&mut self, by: films::Column) {
        let sort = &mut self.list.filter.1;
        sort.ascending = if sort.by == by {
            !sort.ascending
        } else {
            !matches!(by, films::Column::Started | films::Column::Bytes)
        };
        sort.by = by;
        self.chosen = None;
        self.list.begin_anew();
    }

    /// Watches a session while it runs.
    pub fn watch(&mut self, session: SessionId) {
        self.show(session);
        if let Some(film) = &mut self.open {
            film.live = true;
        }
    }

    /// Opens the film of a session.
    pub fn show(&mut self, session: SessionId) {
        self.open = Some(Film::new(session));
        self.facts.forget();
        self.full_screen = false;
    }
}

/// A question about a film that is open over the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilmAsking {
    Hold { reason: String },
    Erase { reason: String },
    Export(CutForm),
}

/// What of a film becomes a video, from the beginning of the session on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub from_millis: u64,
    pub to_millis: u64,
}

impl Cut {
    pub const WHOLE: Self = Self {
        from_millis: 0,
        to_millis: u64::MAX,
    };
}

/// An export under way.
#[derive(Debug)]
pub enum Exporting {
    Video(VideoExport),
    Bundle(Bundling),
}

impl Exporting {
    /// How much is done, from 0 to 1.
    pub fn done(&self) -> f32 {
        match self {
            Self::Video(video) => video.done(),
            Self::Bundle(bundle) => bundle.done(),
        }
    }
}

/// What of a film is to be exported, as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutForm {
    /// All of the session as a proof bundle, and no video.
    pub is_bundle: bool,
    pub is_cut: bool,
    pub from: String,
    pub to: String,
}

impl CutForm {
    /// What the marks in the player say.
    pub fn of(film: &Film) -> Self {
        let duration = match &film.stage {
            FilmStage::Open(player) => player.playing().duration_micros,
            FilmStage::Fetching { .. } | FilmStage::Refused(_) | FilmStage::Failed(_) => 0,
        };
        Self {
            is_bundle: false,
            is_cut: film.cut_from.is_some() || film.cut_to.is_some(),
            from: exact_clock(film.cut_from.unwrap_or(0)),
            to: exact_clock(film.cut_to.unwrap_or(duration)),
        }
    }
}

/// `1:15.3`: a moment to a tenth of a second, of microseconds.
fn exact_clock(micros: u64) -> String {
    let tenths = micros / 100_000;
    let clock = crate::words::clock(tenths / 10);
    match tenths % 10 {
        0 => clock,
        tenth => format!("{clock}.{tenth}"),
    }
}

/// A film that is looked at.
pub struct Film {
    pub session: SessionId,
    pub stage: FilmStage,
    /// It is watched while it is made.
    pub live: bool,
    /// The picture on the graphics card, and its number.
    pub texture: Option<(u64, egui::TextureHandle)>,
    /// The small picture over the time line, and the moment that it is of.
    pub thumb: Option<(u64, egui::TextureHandle)>,
    /// Tenths of the usual speed.
    pub speed: u8,
    pub skip_idle: bool,
    /// What is searched for in chat and events.
    pub search: String,
    /// Where a cut begins and ends, in microseconds, as far as it was marked.
    pub cut_from: Option<u64>,
    pub cut_to: Option<u64>,
}

impl std::fmt::Debug for Film {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Film")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// How far a film is.
#[derive(Debug)]
pub enum FilmStage {
    Fetching { done: u64, whole: u64 },
    Refused(Refusal),
    Failed(String),
    Open(Player),
}

impl Film {
    fn new(session: SessionId) -> Self {
        Self {
            session,
            stage: FilmStage::Fetching { done: 0, whole: 0 },
            live: false,
            texture: None,
            thumb: None,
            speed: 10,
            skip_idle: true,
            search: String::new(),
            cut_from: None,
            cut_to: None,
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.stage, FilmStage::Open(_))
    }
}
