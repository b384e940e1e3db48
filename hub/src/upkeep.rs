//! What the hub sees to while it runs: settings that changed, films whose time is over, room on the
//! disk, and an anchor of the audit log for an outside keeper each day.

use std::sync::Arc;
use std::time::Duration;

use protocol::admin::settings::Settings;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use crate::administration::Office;
use crate::catalogue::{Catalogue, Change, What};
use crate::disk;
use crate::film::Rules;
use crate::films;
use crate::registry::{Event, log_store_error};
use crate::reports;

const TICK: Duration = Duration::from_secs(1);
const SWEEP: Duration = Duration::from_mins(10);
/// Reports erased in a tick: who set too few days by mistake has time to see it.
const REPORTS_AT_ONCE: usize = 50;
/// Steps of overwriting in a tick.
const STEPS_AT_ONCE: u32 = 10;
const ANCHOR: Duration = Duration::from_hours(24);

/// What upkeep works with.
#[derive(Debug)]
pub(crate) struct Upkeep {
    office: Arc<Office>,
    settings: watch::Sender<Settings>,
    rules: watch::Sender<Rules>,
    /// Whether the command line says how long tickets are good.
    tickets_are_fixed: bool,
}

impl Upkeep {
    pub(crate) fn new(
        office: Arc<Office>,
        settings: watch::Sender<Settings>,
        rules: watch::Sender<Rules>,
        tickets_are_fixed: bool,
    ) -> Self {
        Self {
            office,
            settings,
            rules,
            tickets_are_fixed,
        }
    }

    /// Works until it is dropped.
    pub(crate) async fn run(self) {
        self.remove_erased().await;
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut sweep_due, mut reports_due) = (Instant::now(), Instant::now());
        let mut anchor_due = Instant::now();
        loop {
            tick.tick().await;
            let now = Instant::now();
            if self.follow_settings().await {
                (sweep_due, reports_due) = (now, now);
            }
            self.look_at_disk();
            if now >= sweep_due {
                sweep_due = now + SWEEP;
                self.sweep().await;
            }
            if now >= reports_due {
                // what is left has its turn at the next tick, when the settings may say something else
                let is_more = self.sweep_reports().await;
                reports_due = if is_more { now } else { now + SWEEP };
            }
            self.forget_erased().await;
            self.overwrite_erased().await;
            if now >= anchor_due {
                anchor_due = now + ANCHOR;
                self.anchor().await;
            }
        }
    }

    /// Reads the settings; says whether some changed.
    async fn follow_settings(&self) -> bool {
        let Ok(now) = self.office.read(|catalogue| catalogue.settings()).await else {
            return false;
        };
        let before = self.settings.borrow().clone();
        if before == now {
            return false;
        }
        let minutes = now.ticket_minutes;
        if before.ticket_minutes != minutes && !self.tickets_are_fixed {
            let validity = Duration::from_mins(minutes.into());
            self.office.tell(Event::TicketsGoodFor(validity)).await;
        }
        if before.organisation != now.organisation {
            let name = now.organisation.clone();
            self.office.tell(Event::OrganisationIs(name)).await;
        }
        let per_second = now.film_bytes_per_second;
        self.settings.send_replace(now);
        self.rules
            .send_modify(|rules| rules.bytes_per_second = per_second);
        true
    }

    fn look_at_disk(&self) {
        let least = self.settings.borrow().free_disk_bytes;
        let free = disk::space(self.office.folder()).map(|space| space.free);
        let has_room = least == 0 || free.is_none_or(|free| free >= least);
        self.rules.send_if_modified(|rules| {
            if rules.has_room == has_room {
                return false;
            }
            rules.has_room = has_room;
            if has_room {
                tracing::info!(free, least, "Room for films again");
            } else {
                tracing::error!(
                    free,
                    least,
                    "Too little room for films: no session is filmed"
                );
            }
            true
        });
    }

    /// Erases the films that the rules let go.
    async fn sweep(&self) {
        let read = self.office.read(|catalogue| {
            let totals = catalogue.film_totals(0)?;
            Ok((catalogue.unheld_films()?, totals.bytes))
        });
        let Ok((unheld, bytes)) = read.await else {
            return;
        };
        let settings = self.settings.borrow().clone();
        let now = crate::unix_millis();
        for what in films::due(&settings, &unheld, bytes, now) {
            let What::FilmErased { session, .. } = what else {
                continue;
            };
            tell(&what, "Film erased by rule");
            // one by one: one that was held meanwhile keeps no other
            let stored = self.office.apply(Change::by_hub(what)).await;
            match stored {
                Ok(()) => self.office.remove_film(session).await,
                Err(error) => log_store_error(&error),
            }
        }
    }

    /// Erases some of the reports whose time is over; says whether there are more.
    async fn sweep_reports(&self) -> bool {
        let settings = self.settings.borrow().clone();
        let now = crate::unix_millis();
        let due = self
            .office
            .read(move |catalogue| reports::due(catalogue, &settings, now));
        let mut due = due.await.unwrap_or_default();
        let is_more = due.len() > REPORTS_AT_ONCE;
        due.truncate(REPORTS_AT_ONCE);
        for what in due {
            tell(&what, "Report erased by rule");
            // one by one: one whose film was held meanwhile keeps no other
            match self.office.apply(Change::by_hub(what)).await {
                Ok(()) => {}
                Err(error) => log_store_error(&error),
            }
        }
        is_more
    }

    /// Takes back what was to be fetched and has something that was erased, on the command line too.
    async fn forget_erased(&self) {
        if let Err(refusal) = self.office.forget_erased().await {
            tracing::warn!(%refusal, "Not looked whether something erased is still to be fetched");
        }
    }

    /// Overwrites what is left of erased reports and chat, those of the command line too.
    async fn overwrite_erased(&self) {
        let more = |catalogue: &dyn Catalogue| catalogue.overwrite_erased();
        for _step in 0..STEPS_AT_ONCE {
            if !matches!(self.office.read(more).await, Ok(true)) {
                break;
            }
        }
    }

    /// Removes what a crash, or a back-up that was brought back, left of erased films: the film, or its picture
    /// alone.
    async fn remove_erased(&self) {
        let Ok(erased) = self.office.read(|catalogue| catalogue.erased_films()).await else {
            return;
        };
        for film in erased {
            let path = self.office.folder().join(&film.path);
            if path.exists() || films::picture_of(&path).exists() {
                self.office.remove_film(film.session).await;
            }
        }
    }

    async fn anchor(&self) {
        if let Ok(anchor) = self.office.read(|catalogue| catalogue.audit_head()).await {
            tracing::info!(row = anchor.row, head = %anchor.head, "Audit anchor {anchor}");
        }
    }
}

fn tell(what: &What, told: &str) {
    if let Some((action, detail)) = what.describe() {
        tracing::info!(action = action.code(), %detail, "{told}");
    }
}
