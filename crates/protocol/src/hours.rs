//! Hours of a week, as an administrator writes them: `mon-fri 08:00-18:00, sat 09:00-12:30`.

/// Days as they are written, from Monday on.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MINUTES_OF_DAY: u16 = 24 * 60;
/// Most stretches that one text has.
const MAX_SPANS: usize = 32;

/// The text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("hours are as in: mon-fri 08:00-18:00, sat 09:00-12:30")]
pub struct HoursError;

/// Some hours of every week; without any, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeekHours {
    spans: Vec<Span>,
}

/// On each of some days from a minute of the day until another; into the next day where that is no later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    first_day: usize,
    last_day: usize,
    from: u16,
    until: u16,
}

impl std::str::FromStr for WeekHours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Ok(Self::default());
        }
        let spans = text.split(',').map(span).collect::<Result<Vec<_>, _>>()?;
        if spans.len() > MAX_SPANS {
            return Err(HoursError);
        }
        Ok(Self { spans })
    }
}

impl WeekHours {
    /// Whether `minute` of `day` (0 is Monday) is one of them.
    pub fn has(&self, day: usize, minute: u16) -> bool {
        let before = (day + 6) % 7;
        self.spans.is_empty()
            || self.spans.iter().any(|span| {
                let goes_over = span.until <= span.from;
                let today =
                    span.is_on(day) && minute >= span.from && (goes_over || minute < span.until);
                today || (goes_over && span.is_on(before) && minute < span.until)
            })
    }
}

impl Span {
    /// Whether it begins on `day`; days may go over the end of the week.
    fn is_on(self, day: usize) -> bool {
        if self.first_day <= self.last_day {
            (self.first_day..=self.last_day).contains(&day)
        } else {
            day >= self.first_day || day <= self.last_day
        }
    }
}

fn span(text: &str) -> Result<Span, HoursError> {
    let (days, hours) = text.trim().split_once(' ').ok_or(HoursError)?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let (from, until) = hours.trim().split_once('-').ok_or(HoursError)?;
    let day = |name: &str| DAYS.iter().position(|day| *day == name).ok_or(HoursError);
    let (from, until) = (minute(from)?, minute(until)?);
    if from >= MINUTES_OF_DAY {
        return Err(HoursError);
    }
    Ok(Span {
        first_day: day(first)?,
        last_day: day(last)?,
        from,
        until,
    })
}

fn minute(text: &str) -> Result<u16, HoursError> {
    let (hours, minutes) = text.trim().split_once(':').ok_or(HoursError)?;
    let number = |text: &str, most: u16| {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<u16>().ok().filter(|_| is_number);
        number.filter(|number| *number <= most).ok_or(HoursError)
    };
    let minute = number(hours, 24)? * 60 + number(minutes, 59)?;
    Some(minute)
        .filter(|minute| *minute <= MINUTES_OF_DAY)
        .ok_or(HoursError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, day: usize, hour: u16, minute: u16) -> bool {
        let hours: WeekHours = text.parse().expect("hours");
        hours.has(day, hour * 60 + minute)
    }

    #[test]
    fn u4_hours_of_a_week_have_days_a_beginning_and_an_end() {
        let office = "Mon-Fri 08:00-18:00, sat 09:00-12:30";
        assert!(has(office, 0, 8, 0) && has(office, 4, 17, 59));
        assert!(!has(office, 0, 7, 59) && !has(office, 4, 18, 0));
        assert!(has(office, 5, 12, 29) && !has(office, 5, 12, 30) && !has(office, 6, 10, 0));
        let night = "fri 22:00-06:00";
        assert!(has(night, 4, 22, 0) && has(night, 5, 5, 59));
        assert!(!has(night, 5, 6, 0) && !has(night, 4, 5, 0) && !has(night, 5, 23, 0));
        assert!(has("sat-mon 00:00-24:00", 6, 23, 59) && has("sat-mon 00:00-24:00", 0, 0, 0));
        assert!(!has("sat-mon 00:00-24:00", 1, 0, 0));
        assert!(has("", 3, 3, 0), "without any, all of them");
    }

    #[test]
    fn u4_what_are_no_hours_is_refused() {
        for text in [
            "mon",
            "mon-fri",
            "monday 08:00-18:00",
            "mon 8-18",
            "mon 08:00",
            "mon 08:00-25:00",
            "mon 24:00-24:00",
            "mon 08:60-18:00",
            "mon 08:00-18:00,",
            "mon +8:00-18:00",
            "mon 08:00-24:01",
        ] {
            assert!(text.parse::<WeekHours>().is_err(), "{text}");
        }
        let many = vec!["mon 08:00-18:00"; 33].join(",");
        assert!(many.parse::<WeekHours>().is_err());
    }
}
