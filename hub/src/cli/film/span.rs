//! A part of a film, as people write it.

use anyhow::ensure;
use clap::Args;

use super::super::table::duration_text;

/// From when to when, in seconds from the film's beginning.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct SpanArgs {
    /// Begin here: seconds, m:ss or h:mm:ss from the film's beginning.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    from: Option<u32>,
    /// End here, written alike.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    to: Option<u32>,
}

impl SpanArgs {
    /// Refuses a span that holds nothing, before the export is noted.
    pub(super) fn check(self) -> anyhow::Result<()> {
        let from = self.from.unwrap_or(0);
        if let Some(to) = self.to {
            let text = |seconds: u32| duration_text(seconds.into());
            ensure!(
                from < to,
                "from {} to {} there is nothing: the end must come after the beginning",
                text(from),
                text(to)
            );
        }
        Ok(())
    }

    /// The same for the worker.
    pub(super) fn for_worker(self) -> Vec<String> {
        let option = |name: &str, at: Option<u32>| {
            at.map(|at| format!("--{name}-millis={}", u64::from(at) * 1000))
        };
        [option("from", self.from), option("to", self.to)]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Reads seconds, m:ss or h:mm:ss.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let wrong =
        || format!("{text:?} is no time; write seconds, m:ss or h:mm:ss, such as 90 or 1:30");
    let parts: Vec<&str> = text.split(':').collect();
    let mut sum = 0_u32;
    for (place, part) in parts.iter().enumerate() {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let number = part.parse::<u32>().ok().filter(|_| digits);
        let number = number.ok_or_else(wrong)?;
        // behind a colon there are two digits, below sixty
        if parts.len() > 3 || place > 0 && (part.len() != 2 || number > 59) {
            return Err(wrong());
        }
        let sixties = sum.checked_mul(60).ok_or_else(wrong)?;
        sum = sixties.checked_add(number).ok_or_else(wrong)?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, expected) in [
            ("0", 0),
            ("90", 90),
            ("1:30", 90),
            ("90:00", 5400),
            ("1:02:05", 3725),
        ] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            ":30",
            "1:",
            "1:60",
            "1:5",
            "+5",
            "-5",
            "1.5",
            "1:00:00:00",
            "4294967296",
            "2000000:00:00",
        ] {
            let told = seconds(text).expect_err(text);
            assert!(
                told.contains("is no time; write seconds, m:ss or h:mm:ss"),
                "{told}"
            );
        }
    }

    #[test]
    fn an_empty_span_is_refused_and_a_sound_one_goes_to_the_worker() {
        let span = |from, to| SpanArgs { from, to };
        for empty in [
            span(Some(90), Some(90)),
            span(Some(91), Some(90)),
            span(None, Some(0)),
        ] {
            let told = empty.check().expect_err("it is empty").to_string();
            assert!(
                told.ends_with("the end must come after the beginning"),
                "{told}"
            );
        }
        for sound in [
            span(None, None),
            span(Some(90), None),
            span(Some(90), Some(91)),
        ] {
            sound.check().expect("it holds something");
        }
        let told = span(Some(90), Some(120)).for_worker();
        assert_eq!(told, ["--from-millis=90000", "--to-millis=120000"]);
        assert!(span(None, None).for_worker().is_empty());
    }
}
