//! The words of documents, in both languages, and how times are written in them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use protocol::admin::reports::Language;

/// The words of a language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words(pub(crate) Language);

/// A word, in English and in Italian.
pub(crate) type Pair = (&'static str, &'static str);

pub(crate) const STARTED: Pair = ("Started", "Inizio");
pub(crate) const ENDED: Pair = ("Ended", "Fine");
pub(crate) const REQUESTER: Pair = ("Requested by", "Richiedente");
pub(crate) const COMPUTER: Pair = ("Computer", "Computer");
pub(crate) const OPERATOR: Pair = ("Technician", "Tecnico");
pub(crate) const OPERATORS: Pair = ("Technicians", "Tecnici");
pub(crate) const OPERATOR_GROUP: Pair = ("Group of technicians", "Gruppo di tecnici");
pub(crate) const HOST_GROUP: Pair = ("Group of computers", "Gruppo di computer");
pub(crate) const TICKET: Pair = ("Ticket", "Ticket");
pub(crate) const CATEGORY: Pair = ("Category", "Categoria");
pub(crate) const STATE: Pair = ("State", "Stato");
pub(crate) const FINISHED: Pair = ("Finished", "Concluso");
pub(crate) const DRAFT: Pair = ("Draft", "Bozza");
pub(crate) const PROBLEM: Pair = ("Problem", "Problema");
pub(crate) const SOLUTION: Pair = ("Solution", "Soluzione");
pub(crate) const NOTES: Pair = ("Notes", "Note");
pub(crate) const OPINION: Pair = ("What the user said", "Parere dell'utente");
pub(crate) const TIME: Pair = ("Time", "Tempo");
pub(crate) const CONNECTED: Pair = ("Connected", "Collegamento");
pub(crate) const WAITING: Pair = ("Waiting", "Attesa");
pub(crate) const ACTIVE: Pair = ("Active", "Lavoro");
pub(crate) const IDLE: Pair = ("Idle", "Inattività");
pub(crate) const PAUSED: Pair = ("Paused", "Pausa");
pub(crate) const CORRECTIONS: Pair = ("Corrections", "Correzioni");
pub(crate) const PICTURES: Pair = ("Pictures of the session", "Immagini della sessione");
pub(crate) const REPORTS: Pair = ("Assistance reports", "Rapporti di assistenza");
pub(crate) const COUNT: Pair = ("Reports", "Rapporti");
pub(crate) const ALL: Pair = ("All", "Totale");
pub(crate) const OTHERS: Pair = ("Others", "Altri");
pub(crate) const TEXT: Pair = ("Text", "Testo");
pub(crate) const FROM: Pair = ("From", "Dal");
pub(crate) const UNTIL: Pair = ("Until", "Fino al");
pub(crate) const NOTHING: Pair = ("No reports.", "Nessun rapporto.");

impl Words {
    pub(crate) fn of(self, (english, italian): Pair) -> &'static str {
        match self.0 {
            Language::English => english,
            Language::Italian => italian,
        }
    }

    pub(crate) fn page(self, number: usize, of: usize) -> String {
        match self.0 {
            Language::English => format!("Page {number} of {of}"),
            Language::Italian => format!("Pagina {number} di {of}"),
        }
    }

    pub(crate) fn report(self, number: u64) -> String {
        match self.0 {
            Language::English => format!("Assistance report {number}"),
            Language::Italian => format!("Rapporto di assistenza {number}"),
        }
    }

    /// A day and time as it was there, and how far that is from UTC.
    pub(crate) fn time(self, unix_millis: i64, zone: &TimeZone) -> String {
        let local = self.short_time(unix_millis, zone);
        let at = Timestamp::from_millisecond(unix_millis).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = at.to_zoned_datetime(zone.clone());
        format!("{local} (UTC{})", at.strftime("%:z"))
    }

    /// As [`Self::time`], shorter.
    pub(crate) fn list_time(self, unix_millis: i64, zone: &TimeZone) -> String {
        self.time(unix_millis, zone)
            .replace("(UTC", "")
            .replace(')', "")
    }

    /// A day and time as it was there.
    pub(crate) fn short_time(self, unix_millis: i64, zone: &TimeZone) -> String {
        let at = Timestamp::from_millisecond(unix_millis).unwrap_or(Timestamp::UNIX_EPOCH);
        let at = at.to_zoned_datetime(zone.clone());
        let form = match self.0 {
            Language::English => "%Y-%m-%d %H:%M",
            Language::Italian => "%d/%m/%Y %H:%M",
        };
        at.strftime(form).to_string()
    }

    /// As [`Self::short_time`], to the second.
    pub(crate) fn exact_time(self, unix_millis: i64, zone: &TimeZone) -> String {
        let at = Timestamp::from_millisecond(unix_millis).unwrap_or(Timestamp::UNIX_EPOCH);
        let seconds = at
            .to_zoned_datetime(zone.clone())
            .strftime(":%S")
            .to_string();
        format!("{}{seconds}", self.short_time(unix_millis, zone))
    }

    /// Hours and minutes; seconds for what is less than a minute.
    pub(crate) fn duration(seconds: u64) -> String {
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        match (hours, minutes) {
            (0, 0) => format!("{seconds} s"),
            (0, _) => format!("{minutes} min"),
            _ => format!("{hours} h {minutes:02} min"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_how_far_from_utc_they_are() {
        let zone = TimeZone::get("Europe/Rome").expect("this machine knows its zones");
        let at = 1_700_000_000_000;
        let english = Words(Language::English).time(at, &zone);
        assert_eq!(english, "2023-11-14 23:13 (UTC+01:00)");
        let italian = Words(Language::Italian).time(at, &zone);
        assert_eq!(italian, "14/11/2023 23:13 (UTC+01:00)");
        let short = Words(Language::English).list_time(at, &zone);
        assert_eq!(short, "2023-11-14 23:13 +01:00");
        assert_eq!(Words::duration(59), "59 s");
        assert_eq!(Words::duration(3_725), "1 h 02 min");
    }
}
