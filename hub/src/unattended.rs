//! What the administrator demands before a permanent host is opened (U4), but for who may.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use protocol::admin::settings::Settings;
use protocol::{Refusal, RefusalCode, WeekHours};

/// What an operator brings along.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brought<'a> {
    /// Why the host is opened.
    pub(crate) reason: &'a str,
    /// A new code of the second factor was right.
    pub(crate) code: bool,
}

/// Why a permanent host is not opened now, and in the words of the audit log. The hours are those of this
/// computer's time zone.
pub(crate) fn obstacle(
    settings: &Settings,
    brought: Brought<'_>,
    now_unix_millis: i64,
    zone: &TimeZone,
) -> Option<(RefusalCode, &'static str)> {
    if let Some(shut) = is_shut(settings, now_unix_millis, zone) {
        return Some(shut);
    }
    if settings.unattended_reason && brought.reason.trim().is_empty() {
        return Some((RefusalCode::NO_REASON, "no reason"));
    }
    if settings.unattended_code && !brought.code {
        return Some((RefusalCode::CODE_NEEDED, "no code of the second factor"));
    }
    None
}

/// Whether permanent hosts are neither opened nor woken at this hour, and why in both words.
pub(crate) fn is_shut(
    settings: &Settings,
    now_unix_millis: i64,
    zone: &TimeZone,
) -> Option<(RefusalCode, &'static str)> {
    let open = is_within(&settings.unattended_hours, now_unix_millis, zone);
    (!open).then_some((RefusalCode::OUTSIDE_HOURS, "outside of the hours"))
}

/// Why a code of the second factor was not taken, in the words of the audit log.
pub(crate) fn why_no_code(refusal: Refusal) -> &'static str {
    match refusal.code {
        RefusalCode::CODE_WRONG => "a wrong code of the second factor",
        RefusalCode::THROTTLED => "too many wrong codes of the second factor",
        RefusalCode::SECOND_FACTOR_MISSING => "the account has no second factor",
        _ => "the code of the second factor was not tried",
    }
}

fn is_within(hours: &str, now_unix_millis: i64, zone: &TimeZone) -> bool {
    // what is stored was checked; of a newer hub it may be more than is known here
    let Ok(hours) = hours.parse::<WeekHours>() else {
        return false;
    };
    let Ok(now) = Timestamp::from_millisecond(now_unix_millis) else {
        return false;
    };
    let now = zone.to_datetime(now);
    let day = usize::try_from(now.weekday().to_monday_zero_offset()).unwrap_or_default();
    let minute = i32::from(now.hour()) * 60 + i32::from(now.minute());
    hours.has(day, u16::try_from(minute).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday, 29 June 2026, 09:30 in UTC.
    const NOW: i64 = 1_782_725_400_000;

    fn told(settings: &Settings, reason: &str, code: bool) -> Option<RefusalCode> {
        let brought = Brought { reason, code };
        obstacle(settings, brought, NOW, &TimeZone::UTC).map(|(code, _)| code)
    }

    #[test]
    fn u4_each_demand_stands_alone_and_without_any_nothing_is_demanded() {
        let nothing = Settings::default();
        assert_eq!(told(&nothing, "", false), None);
        let reason = Settings {
            unattended_reason: true,
            ..Settings::default()
        };
        assert_eq!(told(&reason, " ", true), Some(RefusalCode::NO_REASON));
        assert_eq!(told(&reason, "Case 7", false), None);
        let code = Settings {
            unattended_code: true,
            ..Settings::default()
        };
        assert_eq!(told(&code, "", false), Some(RefusalCode::CODE_NEEDED));
        assert_eq!(told(&code, "", true), None);
    }

    #[test]
    fn u4_the_hours_are_those_of_the_hubs_zone() {
        let hours = |hours: &str| Settings {
            unattended_hours: hours.into(),
            ..Settings::default()
        };
        let outside = Some(RefusalCode::OUTSIDE_HOURS);
        assert_eq!(told(&hours("mon 09:00-10:00"), "", false), None);
        assert_eq!(told(&hours("mon 10:00-12:00"), "", false), outside);
        assert_eq!(told(&hours("tue-sun 00:00-24:00"), "", false), outside);
        let rome = TimeZone::get("Europe/Rome").expect("this machine knows its zones");
        let brought = Brought {
            reason: "",
            code: false,
        };
        let in_rome = |text| obstacle(&hours(text), brought, NOW, &rome);
        assert_eq!(in_rome("mon 11:00-12:00"), None);
        assert!(in_rome("mon 09:00-10:00").is_some());
    }
}
