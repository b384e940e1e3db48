//! Times as people read them. What programs tell each other counts seconds since the Unix epoch, in UTC.
//!
//! Each moment is shown as the clocks of its own day showed it: one in summer keeps its hour in winter.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

/// The rules of some place's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(&'static TimeZone);

impl Zone {
    /// As this computer is set up: by `TZ`, else by its system.
    pub fn system() -> Self {
        static SYSTEM: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);
        Self(&SYSTEM)
    }

    /// The clocks that everybody's are told from.
    pub fn utc() -> Self {
        const UTC: &TimeZone = &TimeZone::UTC;
        Self(UTC)
    }

    /// Its name in the IANA data base, where it has one.
    pub fn name(self) -> Option<&'static str> {
        self.0.iana_name()
    }

    /// Those of `zone` from now on; the rules are never freed.
    pub fn of(zone: TimeZone) -> Self {
        Self(Box::leak(Box::new(zone)))
    }
}

/// What time it is, and how people write that here.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Since the Unix epoch.
    pub now_unix_seconds: i64,
    pub zone: Zone,
}

impl Default for Clock {
    /// The beginning of the Unix epoch.
    fn default() -> Self {
        Self {
            now_unix_seconds: 0,
            zone: Zone::utc(),
        }
    }
}

impl Clock {
    /// What this computer's clock shows now.
    pub fn now() -> Self {
        Self {
            now_unix_seconds: Timestamp::now().as_second(),
            zone: Zone::system(),
        }
    }

    fn local(self, unix_seconds: i64) -> Option<ZonedDateTime> {
        let at = Timestamp::from_second(unix_seconds).ok()?;
        Some(at.to_zoned_datetime(self.zone.0.clone()))
    }

    fn written(self, unix_seconds: i64, format: &str) -> String {
        let local = self.local(unix_seconds);
        local.map_or_else(String::new, |at| at.strftime(format).to_string())
    }

    /// `14:05` today, `2026-11-24 14:05` on any other day; nothing for a time that cannot be.
    pub fn since(self, unix_seconds: i64) -> String {
        let today = self.local(self.now_unix_seconds).map(|now| now.date());
        match self.local(unix_seconds) {
            Some(at) if Some(at.date()) == today => at.strftime("%H:%M").to_string(),
            _ => self.date_time(unix_seconds),
        }
    }

    /// `2026-11-24 14:05`; nothing for a time that cannot be.
    pub fn date_time(self, unix_seconds: i64) -> String {
        self.written(unix_seconds, "%Y-%m-%d %H:%M")
    }

    /// How far the clocks here were from UTC then, in minutes.
    pub fn offset_minutes(self, unix_seconds: i64) -> i16 {
        let offset = self.local(unix_seconds).map(|at| at.offset().seconds());
        let minutes = offset.map(|seconds| seconds.div_euclid(60));
        minutes.and_then(|m| i16::try_from(m).ok()).unwrap_or(0)
    }

    /// When today began here; the Unix epoch on a day that cannot be.
    pub fn day_began_unix_seconds(self) -> i64 {
        let began = self
            .local(self.now_unix_seconds)
            .and_then(|now| now.start_of_day().ok());
        began.map_or(0, |began| began.timestamp().as_second())
    }

    /// Minutes since midnight, as the clock on the wall shows them: below 1,440.
    pub fn minute_of_day(self) -> u16 {
        let now = self.local(self.now_unix_seconds);
        let minute = now.map(|now| i32::from(now.hour()) * 60 + i32::from(now.minute()));
        minute.and_then(|m| u16::try_from(m).ok()).unwrap_or(0)
    }

    /// `2026-11-24 14-05-09`, fit for a file's name.
    pub fn for_file_name(self) -> String {
        self.written(self.now_unix_seconds, "%Y-%m-%d %H-%M-%S")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24 19:00 in Greenwich.
    const NOW: i64 = 1_795_546_800;

    fn clock(zone: &str) -> Clock {
        Clock {
            now_unix_seconds: NOW,
            zone: Zone::of(TimeZone::posix(zone).expect("rules")),
        }
    }

    const ROME: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

    #[test]
    fn today_is_told_by_the_hour_and_other_days_by_the_date() {
        let clock = clock(ROME);
        assert_eq!(clock.since(NOW - 60), "19:59");
        assert_eq!(clock.since(NOW - 86_400), "2026-11-23 20:00");
        assert_eq!(clock.for_file_name(), "2026-11-24 20-00-00");
    }

    #[test]
    fn a_moment_in_summer_keeps_its_hour_in_winter() {
        let july = 1_783_252_800;
        assert_eq!(clock(ROME).date_time(july), "2026-07-05 14:00");
        assert_eq!(clock("UTC0").date_time(july), "2026-07-05 12:00");
        let offsets = [july, NOW].map(|at| clock(ROME).offset_minutes(at));
        assert_eq!(offsets, [120, 60]);
        // an hour that comes twice is one moment each
        let before = 1_792_887_600;
        assert_eq!(clock(ROME).date_time(before), "2026-10-25 02:20");
    }

    #[test]
    fn places_far_from_greenwich_have_their_own_day() {
        assert_eq!(clock("<+14>-14").since(NOW), "09:00");
        assert_eq!(clock("<+14>-14").date_time(NOW), "2026-11-25 09:00");
        assert_eq!(clock("NST3:30").date_time(NOW), "2026-11-24 15:30");
        assert_eq!(clock("<+0545>-5:45").date_time(NOW), "2026-11-25 00:45");
    }

    #[test]
    fn a_day_begins_at_midnight_of_its_own_place() {
        for zone in [ROME, "UTC0", "<+14>-14", "NST3:30"] {
            let clock = clock(zone);
            let began = clock.day_began_unix_seconds();
            assert!((0..86_400).contains(&(NOW - began)), "{zone}");
            assert_eq!(clock.since(began), "00:00", "{zone}");
        }
    }

    #[test]
    fn what_cannot_be_is_nothing() {
        for impossible in [i64::MAX, i64::MIN] {
            assert_eq!(clock(ROME).since(impossible), "");
            assert_eq!(clock(ROME).date_time(impossible), "");
            assert_eq!(clock(ROME).offset_minutes(impossible), 0);
        }
        let clock = Clock {
            now_unix_seconds: i64::MAX,
            ..clock(ROME)
        };
        assert_eq!(clock.since(NOW), "2026-11-24 20:00");
        assert_eq!(clock.for_file_name(), "");
    }
}
