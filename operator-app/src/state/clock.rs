//! Times as people read them. The hub's clock counts seconds since the Unix epoch in UTC.

use time::{OffsetDateTime, UtcOffset};

/// What time it is, and how far the local time is from UTC.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub now_unix_seconds: i64,
    pub offset: UtcOffset,
}

impl Clock {
    fn local(self, unix_seconds: i64) -> Option<OffsetDateTime> {
        let utc = OffsetDateTime::from_unix_timestamp(unix_seconds).ok()?;
        utc.checked_to_offset(self.offset)
    }

    /// `14:05` today, `2026-11-24 14:05` on any other day; nothing for a time that cannot be.
    pub fn since(self, unix_seconds: i64) -> String {
        let today = self.local(self.now_unix_seconds).map(OffsetDateTime::date);
        match self.local(unix_seconds) {
            Some(at) if Some(at.date()) == today => hours_minutes(at),
            Some(at) => format!("{} {}", at.date(), hours_minutes(at)),
            None => String::new(),
        }
    }

    /// `2026-11-24 14:05`.
    pub fn date_time(self, unix_seconds: i64) -> String {
        let local = self.local(unix_seconds);
        local.map_or_else(String::new, |at| {
            format!("{} {}", at.date(), hours_minutes(at))
        })
    }

    /// `2026-11-24 14-05-09`, fit for a file's name.
    pub fn for_file_name(self) -> String {
        let local = self.local(self.now_unix_seconds);
        local.map_or_else(String::new, |at| {
            let (hour, minute, second) = at.time().as_hms();
            format!("{} {hour:02}-{minute:02}-{second:02}", at.date())
        })
    }
}

fn hours_minutes(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_is_told_by_the_hour_and_other_days_by_the_date() {
        let clock = Clock {
            now_unix_seconds: 1_795_546_800,
            offset: UtcOffset::from_hms(1, 0, 0).expect("one hour"),
        };
        assert_eq!(clock.since(1_795_546_800 - 60), "19:59");
        assert_eq!(clock.since(1_795_546_800 - 86_400), "2026-11-23 20:00");
        assert_eq!(clock.since(i64::MAX), "");
    }
}
