//! What a monitoring system asks for, from the desk and the catalogue.

use protocol::{EntryKind, Refusal};

use super::{Office, desk};
use crate::disk;
use crate::registry::Oversight;

/// The hub in numbers, at one moment.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) up_seconds: u64,
    pub(crate) operators: u64,
    pub(crate) users: u64,
    pub(crate) permanent_hosts: u64,
    pub(crate) sessions: u64,
    pub(crate) films: u64,
    pub(crate) films_bytes: u64,
    pub(crate) disk_free_bytes: Option<u64>,
    /// Changes that wait for the disk.
    pub(crate) store_queue: u64,
    pub(crate) is_behind: bool,
}

impl Figures {
    pub(crate) async fn ask(office: &Office) -> Result<Self, Refusal> {
        let desk = desk::ask(office, Oversight::Look).await?;
        let folder = office.folder.clone();
        let read = office.read(move |catalogue| {
            let films = catalogue.film_totals(0)?;
            Ok((films, disk::space(&folder)))
        });
        let (films, space) = read.await?;
        let count = |kind: EntryKind| {
            let present = desk.entries.iter();
            as_u64(
                present
                    .filter(|entry| entry.present && entry.kind == kind)
                    .count(),
            )
        };
        Ok(Self {
            up_seconds: office.clock.now().since_start.as_secs(),
            operators: count(EntryKind::Operator),
            users: count(EntryKind::User),
            permanent_hosts: count(EntryKind::PermanentHost),
            sessions: as_u64(desk.sessions.len()),
            films: films.films.into(),
            films_bytes: films.bytes,
            disk_free_bytes: space.map(|space| space.free),
            store_queue: as_u64(office.store.waiting()),
            is_behind: desk.is_behind,
        })
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
