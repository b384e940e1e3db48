//! The film that is looked at: fetched, played, and made a video file of.

use std::sync::Arc;

use bytes::Bytes;
use egui::Context;
use protocol::admin::{Question, films};
use protocol::{Refusal, SessionId};
use ui_kit::Tone;

use super::AdminApp;
use super::answers::downloads;
use crate::exports::VideoExport;
use crate::fetch::Fetch;
use crate::player::Player;
use crate::state::{Cut, Exporting, FilmStage, Topic};
use crate::watch::{self, Watch};
use crate::words::{Say, s};

impl AdminApp {
    pub(super) fn take_part(
        &mut self,
        session: SessionId,
        offset: u64,
        part: Result<(u64, Bytes), Refusal>,
    ) {
        let fetch = self.fetch.as_mut().filter(|fetch| fetch.session == session);
        let (Some(fetch), Some(film)) = (fetch, &mut self.state.films.open) else {
            return;
        };
        film.stage = match part {
            Ok((whole, bytes)) => match fetch.take(offset, whole, bytes) {
                Ok(()) => {
                    let (done, whole) = fetch.progress();
                    FilmStage::Fetching { done, whole }
                }
                Err(error) => FilmStage::Failed(error.to_string()),
            },
            Err(refusal) => FilmStage::Refused(refusal),
        };
        if !matches!(film.stage, FilmStage::Fetching { .. }) {
            self.fetch = None;
        }
    }

    /// The session that is watched: its film is asked for piece by piece for as long as it is open.
    pub(super) fn follow_watch(&mut self, ctx: &Context) {
        let open = self.state.films.open.as_ref().filter(|film| film.live);
        let wanted = open.map(|film| film.session);
        if self.watch.as_ref().map(|watch| watch.session) != wanted {
            self.stop_watching();
        }
        let Some(film) = self.state.films.open.as_mut().filter(|film| film.live) else {
            return;
        };
        if let (FilmStage::Fetching { .. }, None) = (&film.stage, &self.watch) {
            match Watch::begin(film.session, &self.films, Arc::clone(&self.wake)) {
                Ok(watch) => self.watch = Some(watch),
                Err(error) => film.stage = FilmStage::Failed(error.to_string()),
            }
        }
        let Some(watch) = &mut self.watch else { return };
        match watch.begun() {
            Ok(None) => {}
            Ok(Some(path)) => {
                film.stage =
                    match Player::open(path.to_path_buf(), self.state.lang, Arc::clone(&self.wake))
                    {
                        Ok(player) => FilmStage::Open(player),
                        Err(error) => FilmStage::Failed(error.to_string()),
                    };
            }
            Err(error) => {
                film.stage = FilmStage::Failed(error);
                return self.stop_watching();
            }
        }
        if let Some(place) = watch.wanted() {
            let session = watch.session;
            let question = films::Question::Watch { session, place };
            self.state
                .ask(Topic::Watch(session), Question::Films(question));
        }
        if watch.goes_on() {
            ctx.request_repaint_after(watch::PAUSE);
        }
    }

    /// Nobody watches here any more; the hub says so to everybody in the session.
    fn stop_watching(&mut self) {
        let Some(watch) = self.watch.take().filter(Watch::goes_on) else {
            return;
        };
        let session = watch.session;
        let question = Question::Films(films::Question::StopWatching { session });
        self.state.ask(Topic::WatchEnded, question);
    }

    pub(super) fn take_piece(
        &mut self,
        session: SessionId,
        piece: Result<(Bytes, films::Place, bool), Refusal>,
    ) {
        let watch = self.watch.as_mut().filter(|watch| watch.session == session);
        let Some(watch) = watch else { return };
        match piece {
            Ok((bytes, next, is_over)) => {
                watch.take(bytes, next);
                if is_over {
                    watch.end();
                    self.state.films.facts.forget();
                }
            }
            Err(refusal) => {
                watch.end();
                if let Some(film) = &mut self.state.films.open {
                    film.stage = FilmStage::Refused(refusal);
                }
            }
        }
    }

    /// The film that is opened is fetched, and played once it is here.
    pub(super) fn follow_film(&mut self) {
        let Some(film) = &mut self.state.films.open else {
            (self.fetch, self.film_file) = (None, None);
            return;
        };
        if film.live {
            (self.fetch, self.film_file) = (None, None);
            return;
        }
        let session = film.session;
        let lang = self.state.lang;
        self.fetch.take_if(|fetch| fetch.session != session);
        let facts = self.state.films.facts.value.as_ref();
        let is_there = facts.is_some_and(|facts| {
            facts.film.session == session && facts.film.standing == films::Standing::Finished
        });
        if let (FilmStage::Fetching { .. }, None, true) = (&film.stage, &self.fetch, is_there) {
            match Fetch::begin(session, &self.films, Arc::clone(&self.wake)) {
                Ok(fetch) => self.fetch = Some(fetch),
                Err(error) => film.stage = FilmStage::Failed(error.to_string()),
            }
        }
        let Some(fetch) = &mut self.fetch else { return };
        if let Some(file) = fetch.file() {
            self.fetch = None;
            let player = file.and_then(|file| {
                let player = Player::open(file.to_path_buf(), lang, Arc::clone(&self.wake))?;
                self.film_file = Some(file);
                Ok(player)
            });
            film.stage = match player {
                Ok(player) => FilmStage::Open(player),
                Err(error) => FilmStage::Failed(error.to_string()),
            };
            return;
        }
        for offset in fetch.wanted() {
            let question = Question::Films(films::Question::Part { session, offset });
            self.state.ask(Topic::FilmPart(session, offset), question);
        }
    }

    /// The hub has noted that the film is exported: now it may be.
    pub(super) fn export_film(&mut self, session: SessionId, cut: Cut) {
        // it may be another one by now
        let is_open = self.state.films.open.as_ref();
        let is_open = is_open.is_some_and(|film| film.session == session);
        let Some(file) = self.film_file.as_ref().filter(|_| is_open) else {
            return;
        };
        let part = if cut == Cut::WHOLE { "" } else { "-part" };
        let name = format!("session-{session}{part}.mp4");
        let options = film::Options {
            from_millis: cut.from_millis,
            to_millis: cut.to_millis,
            ..film::Options::default()
        };
        let wake = Arc::clone(&self.wake);
        match VideoExport::begin(file.to_path_buf(), downloads(), name, options, wake) {
            Ok(export) => self.state.films.exporting = Some(Exporting::Video(export)),
            Err(error) => self.tell_not_saved(&error.to_string()),
        }
    }

    pub(super) fn follow_export(&mut self) {
        match &self.state.films.exporting {
            Some(Exporting::Video(video)) => {
                let Some(made) = video.take() else { return };
                let cancelled = video.is_cancelled();
                self.state.films.exporting = None;
                match made {
                    Ok(path) => self.tell_saved(&path),
                    Err(_why) if cancelled => self.tell_cancelled(),
                    Err(why) => self.tell_not_saved(&why),
                }
            }
            Some(Exporting::Bundle(_)) => self.follow_bundle(),
            None => {}
        }
    }

    pub(super) fn cancel_export(&mut self) {
        match &self.state.films.exporting {
            // the thread says when it has given up
            Some(Exporting::Video(video)) => video.cancel(),
            Some(Exporting::Bundle(_)) => {
                self.drop_bundle();
                self.tell_cancelled();
            }
            None => {}
        }
    }

    fn tell_cancelled(&mut self) {
        let told = s(self.state.lang, Say::ExportCancelled);
        self.notices.push(Tone::Neutral, told);
    }
}
