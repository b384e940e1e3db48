//! Settings of the whole hub: the organisation, how long things are kept, limits, rules.
//!
//! A setting is named, has a range, and is changed alone or together with others; a hub that runs
//! follows within seconds.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::control::Name;
use crate::text::BoundedText;

/// Largest logo, in bytes.
pub const MAX_LOGO_BYTES: usize = 256 * 1024;

/// Hours as [`crate::WeekHours`] reads them.
pub type HoursText = BoundedText<256>;

/// What the organisation says of itself, below its name.
pub type Words = BoundedText<1024>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    Read,
    /// All of these, or none if one of them is out of its range.
    Change {
        settings: Vec<Setting>,
    },
    Logo,
    /// A PNG of at most [`MAX_LOGO_BYTES`]; without bytes there is none any more.
    SetLogo {
        png: Bytes,
    },
    /// As [`Self::Read`], answered with [`Answer::Each`].
    ReadEach,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Settings(Settings),
    /// Without bytes there is none.
    Logo {
        png: Bytes,
    },
    Done,
    /// All settings that the hub has but the logo.
    Each(Vec<Setting>),
}

/// All settings but the logo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Shown wherever a user or a reader of a report looks (B6).
    pub organisation: Name,
    pub words: Words,
    /// How many days a film is kept; 0 for ever (D5).
    pub film_days: u32,
    /// Bytes of all films; the oldest go where there are more. 0 without a limit.
    pub film_quota_bytes: u64,
    /// Bytes a second that a film grows by in the long run; a host that sends more is slowed down.
    pub film_bytes_per_second: u64,
    /// Bytes that stay free on the disk: below that no film is begun or goes on.
    pub free_disk_bytes: u64,
    pub ticket_minutes: u32,
    /// Whether sessions may be watched while they run, by those whose role permits it.
    pub watch_live: bool,
    /// How many days a finished report is kept; 0 for ever (D5). [`Answer::Settings`] does not have it.
    #[serde(skip)]
    pub report_days: u32,
    /// Whether a permanent host is opened only by who says why (U4). [`Answer::Settings`] does not have it.
    #[serde(skip)]
    pub unattended_reason: bool,
    /// Whether a code of the operator's second factor is asked for anew before a permanent host is opened
    /// (U4). [`Answer::Settings`] does not have it.
    #[serde(skip)]
    pub unattended_code: bool,
    /// The hours of the week, in the hub's time zone, in which permanent hosts are opened; empty for all of
    /// them (U4). [`Answer::Settings`] does not have it.
    #[serde(skip)]
    pub unattended_hours: HoursText,
    /// Whether permanent hosts take newer versions by themselves (P3). [`Answer::Settings`] does not have it.
    #[serde(skip)]
    pub hosts_update: bool,
}

/// One setting and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    Organisation(Name),
    Words(Words),
    FilmDays(u32),
    FilmQuotaBytes(u64),
    FilmBytesPerSecond(u64),
    FreeDiskBytes(u64),
    TicketMinutes(u32),
    WatchLive(bool),
    ReportDays(u32),
    UnattendedReason(bool),
    UnattendedCode(bool),
    UnattendedHours(HoursText),
    HostsUpdate(bool),
}

/// What was given is no setting, or not of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    #[error("there is no setting {name:?}; there are {}", Setting::NAMES.join(", "))]
    Unknown { name: String },
    #[error("{name} is a whole number")]
    NoNumber { name: &'static str },
    #[error("{name} is from {least} to {most}")]
    OutOfRange {
        name: &'static str,
        least: u64,
        most: u64,
    },
    #[error("{name} is 0 or from {least} to {most}")]
    OutOfRangeOrZero {
        name: &'static str,
        least: u64,
        most: u64,
    },
    #[error("{name} has at most {most} bytes and no control characters")]
    Text { name: &'static str, most: usize },
    #[error("{name} is yes or no")]
    YesOrNo { name: &'static str },
    #[error("{name} is empty, or as in: mon-fri 08:00-18:00, sat 09:00-12:30")]
    NoHours { name: &'static str },
}

const MIB: u64 = 1024 * 1024;
/// A hundred years.
const MOST_DAYS: u64 = 36_525;
const MOST_BYTES: u64 = 1 << 60;

impl Default for Settings {
    fn default() -> Self {
        Self {
            organisation: Name::default(),
            words: Words::default(),
            film_days: 0,
            film_quota_bytes: 0,
            film_bytes_per_second: 4 * MIB,
            free_disk_bytes: 0,
            ticket_minutes: 15,
            watch_live: true,
            report_days: 0,
            unattended_reason: false,
            unattended_code: false,
            unattended_hours: HoursText::default(),
            hosts_update: false,
        }
    }
}

impl FromIterator<Setting> for Settings {
    /// The defaults, but for these.
    fn from_iter<I: IntoIterator<Item = Setting>>(each: I) -> Self {
        let mut settings = Self::default();
        each.into_iter().for_each(|setting| settings.set(setting));
        settings
    }
}

impl Settings {
    /// Takes one of them over.
    pub fn set(&mut self, setting: Setting) {
        match setting {
            Setting::Organisation(name) => self.organisation = name,
            Setting::Words(words) => self.words = words,
            Setting::FilmDays(days) => self.film_days = days,
            Setting::FilmQuotaBytes(bytes) => self.film_quota_bytes = bytes,
            Setting::FilmBytesPerSecond(bytes) => self.film_bytes_per_second = bytes,
            Setting::FreeDiskBytes(bytes) => self.free_disk_bytes = bytes,
            Setting::TicketMinutes(minutes) => self.ticket_minutes = minutes,
            Setting::WatchLive(may) => self.watch_live = may,
            Setting::ReportDays(days) => self.report_days = days,
            Setting::UnattendedReason(must) => self.unattended_reason = must,
            Setting::UnattendedCode(must) => self.unattended_code = must,
            Setting::UnattendedHours(hours) => self.unattended_hours = hours,
            Setting::HostsUpdate(may) => self.hosts_update = may,
        }
    }

    /// All of them, one by one, in the order of [`Setting::NAMES`].
    pub fn each(&self) -> [Setting; Setting::NAMES.len()] {
        [
            Setting::Organisation(self.organisation.clone()),
            Setting::Words(self.words.clone()),
            Setting::FilmDays(self.film_days),
            Setting::FilmQuotaBytes(self.film_quota_bytes),
            Setting::FilmBytesPerSecond(self.film_bytes_per_second),
            Setting::FreeDiskBytes(self.free_disk_bytes),
            Setting::TicketMinutes(self.ticket_minutes),
            Setting::WatchLive(self.watch_live),
            Setting::ReportDays(self.report_days),
            Setting::UnattendedReason(self.unattended_reason),
            Setting::UnattendedCode(self.unattended_code),
            Setting::UnattendedHours(self.unattended_hours.clone()),
            Setting::HostsUpdate(self.hosts_update),
        ]
    }
}

impl Setting {
    /// What settings are called on the command line and in data bases.
    pub const NAMES: [&'static str; 13] = [
        "organisation",
        "words",
        "film-days",
        "film-quota-bytes",
        "film-bytes-per-second",
        "free-disk-bytes",
        "ticket-minutes",
        "watch-live",
        "report-days",
        "unattended-reason",
        "unattended-code",
        "unattended-hours",
        "hosts-update",
    ];

    pub fn name(&self) -> &'static str {
        let place = match self {
            Self::Organisation(_) => 0,
            Self::Words(_) => 1,
            Self::FilmDays(_) => 2,
            Self::FilmQuotaBytes(_) => 3,
            Self::FilmBytesPerSecond(_) => 4,
            Self::FreeDiskBytes(_) => 5,
            Self::TicketMinutes(_) => 6,
            Self::WatchLive(_) => 7,
            Self::ReportDays(_) => 8,
            Self::UnattendedReason(_) => 9,
            Self::UnattendedCode(_) => 10,
            Self::UnattendedHours(_) => 11,
            Self::HostsUpdate(_) => 12,
        };
        Self::NAMES[place]
    }

    /// The value as text, as [`Setting::parse`] reads it.
    pub fn value(&self) -> String {
        match self {
            Self::Organisation(name) => name.to_string(),
            Self::Words(words) => words.to_string(),
            Self::FilmDays(number) | Self::ReportDays(number) | Self::TicketMinutes(number) => {
                number.to_string()
            }
            Self::UnattendedHours(hours) => hours.to_string(),
            Self::WatchLive(may)
            | Self::UnattendedReason(may)
            | Self::UnattendedCode(may)
            | Self::HostsUpdate(may) => if *may { "yes" } else { "no" }.to_owned(),
            Self::FilmQuotaBytes(number)
            | Self::FilmBytesPerSecond(number)
            | Self::FreeDiskBytes(number) => number.to_string(),
        }
    }

    /// The setting `name` with the value in `text`, if it is of its range.
    ///
    /// # Errors
    ///
    /// [`SettingError`].
    pub fn parse(name: &str, text: &str) -> Result<Self, SettingError> {
        let place = Self::NAMES.iter().position(|known| *known == name);
        let unknown = || SettingError::Unknown {
            name: name.to_owned(),
        };
        let name = Self::NAMES[place.ok_or_else(unknown)?];
        let number = || {
            let parsed = text.trim().parse::<u64>();
            parsed.map_err(|_no_number| SettingError::NoNumber { name })
        };
        // what does not fit is out of every range
        let small = || number().map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        let yes_or_no = || match text.trim() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(SettingError::YesOrNo { name }),
        };
        let too_long = |most| SettingError::Text { name, most };
        let setting = match name {
            "organisation" if text.len() > crate::limits::MAX_NAME_BYTES => {
                return Err(too_long(crate::limits::MAX_NAME_BYTES));
            }
            "organisation" => Self::Organisation(text.trim().into()),
            "words" if text.len() > Words::MAX_BYTES => return Err(too_long(Words::MAX_BYTES)),
            "words" => Self::Words(text.trim().into()),
            "film-days" => Self::FilmDays(small()?),
            "report-days" => Self::ReportDays(small()?),
            "film-quota-bytes" => Self::FilmQuotaBytes(number()?),
            "film-bytes-per-second" => Self::FilmBytesPerSecond(number()?),
            "free-disk-bytes" => Self::FreeDiskBytes(number()?),
            "ticket-minutes" => Self::TicketMinutes(small()?),
            "watch-live" => Self::WatchLive(yes_or_no()?),
            "unattended-reason" => Self::UnattendedReason(yes_or_no()?),
            "unattended-code" => Self::UnattendedCode(yes_or_no()?),
            "unattended-hours" if text.len() > HoursText::MAX_BYTES => {
                return Err(too_long(HoursText::MAX_BYTES));
            }
            "unattended-hours" => Self::UnattendedHours(text.trim().into()),
            "hosts-update" => Self::HostsUpdate(yes_or_no()?),
            _ => return Err(unknown()),
        };
        setting.check()?;
        Ok(setting)
    }

    /// Whether the value is one that the setting can have.
    ///
    /// # Errors
    ///
    /// [`SettingError`].
    pub fn check(&self) -> Result<(), SettingError> {
        let name = self.name();
        let text = |text: &str, most, lines: bool| {
            if text
                .chars()
                .any(|c| c.is_control() && !(lines && c == '\n'))
            {
                return Err(SettingError::Text { name, most });
            }
            Ok(())
        };
        let within = |value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(SettingError::OutOfRange { name, least, most })
        };
        let zero_or = |value: u64, least: u64, most: u64| {
            if value == 0 || (least..=most).contains(&value) {
                return Ok(());
            }
            Err(SettingError::OutOfRangeOrZero { name, least, most })
        };
        match self {
            Self::Organisation(given) => text(given, crate::limits::MAX_NAME_BYTES, false),
            Self::Words(given) => text(given, Words::MAX_BYTES, true),
            Self::FilmDays(days) | Self::ReportDays(days) => {
                zero_or(u64::from(*days), 1, MOST_DAYS)
            }
            Self::FilmQuotaBytes(bytes) => zero_or(*bytes, 64 * MIB, MOST_BYTES),
            // a video of 20 Mbit/s on a host's screen is no attack
            Self::FilmBytesPerSecond(bytes) => within(*bytes, MIB / 4, 1024 * MIB),
            Self::FreeDiskBytes(bytes) => zero_or(*bytes, MIB, MOST_BYTES),
            Self::TicketMinutes(minutes) => within(u64::from(*minutes), 1, 1440),
            Self::UnattendedHours(hours) => match hours.parse::<crate::WeekHours>() {
                Ok(_hours) => Ok(()),
                Err(_none) => Err(SettingError::NoHours { name }),
            },
            Self::WatchLive(_)
            | Self::UnattendedReason(_)
            | Self::UnattendedCode(_)
            | Self::HostsUpdate(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_reads_what_it_writes() {
        for setting in Settings::default().each() {
            let read = Setting::parse(setting.name(), &setting.value());
            assert_eq!(read, Ok(setting));
        }
        let names = Settings::default().each().map(|setting| setting.name());
        assert_eq!(names, Setting::NAMES);
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        for (name, text) in [
            ("film-days", "36526"),
            ("film-days", "-1"),
            ("report-days", "36526"),
            ("film-quota-bytes", "1000"),
            ("film-bytes-per-second", "0"),
            ("ticket-minutes", "0"),
            ("ticket-minutes", "4294967296"),
            ("organisation", "a\u{7}b"),
            ("watch-live", "perhaps"),
            ("unattended-reason", "perhaps"),
            ("unattended-code", "perhaps"),
            ("unattended-hours", "always"),
            ("hosts-update", "perhaps"),
            ("colour", "blue"),
        ] {
            assert!(Setting::parse(name, text).is_err(), "{name} {text}");
        }
    }
}
