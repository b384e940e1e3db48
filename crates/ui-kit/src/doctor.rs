//! The connection doctor for people: what is known while it looks, and what the command line says.

use std::io::{self, Write};
use std::process::ExitCode;

use protocol::HubAddress;
use protocol::diagnosis::{Check, Diagnosis, Finding, News};
use serde_json::json;

use crate::Lang;
use crate::words::{doctor_text, found_text, verdict_text};

/// What a program exits with when no way leads to its hub. It stands in README.md.
pub const NO_WAY: u8 = 16;

/// What is known of one examination so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    hub: HubAddress,
    rows: Vec<(Check, Option<Finding>)>,
    diagnosis: Option<Diagnosis>,
}

impl Examination {
    /// Nothing yet.
    pub fn new(hub: HubAddress) -> Self {
        Self {
            hub,
            rows: Vec::new(),
            diagnosis: None,
        }
    }

    /// Takes what the doctor tells.
    pub fn take(&mut self, news: News) {
        match news {
            News::Begun(check) => {
                let order = check.order();
                let place = self.rows.partition_point(|(row, _)| row.order() <= order);
                self.rows.insert(place, (check, None));
            }
            News::Found(finding) => {
                let mut rows = self.rows.iter_mut();
                if let Some((_, row)) = rows.find(|(check, _)| *check == finding.check) {
                    *row = Some(finding);
                }
            }
            News::Over(diagnosis) => self.diagnosis = Some(diagnosis),
        }
    }

    /// Which hub it is about.
    pub fn hub(&self) -> &HubAddress {
        &self.hub
    }

    /// What is looked at, and what was found where that is done.
    pub fn rows(&self) -> &[(Check, Option<Finding>)] {
        &self.rows
    }

    /// Everything, once it is over.
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        self.diagnosis.as_ref()
    }

    /// How much of what is known to be looked at is done, from 0 to 1.
    pub fn progress(&self) -> f32 {
        if self.diagnosis.is_some() {
            return 1.0;
        }
        let done = self.rows.iter().filter(|(_, row)| row.is_some()).count();
        let share = |count: usize| u16::try_from(count).map_or(1.0, f32::from);
        share(done) / share(self.rows.len().max(1))
    }
}

/// Writes what was found as text, or as JSON for programs, and gives what to exit with: 0 if some way
/// works, else [`NO_WAY`].
///
/// # Errors
///
/// If `out` does not take it.
pub fn write_out(
    out: &mut impl Write,
    lang: Lang,
    found: &Diagnosis,
    program: &str,
    as_json: bool,
) -> io::Result<ExitCode> {
    let verdict = found.verdict();
    if as_json {
        let mut all = serde_json::to_value(found)?;
        let says = found.findings.iter().map(|finding| {
            let mut row = serde_json::to_value(finding)?;
            row["state"] = serde_json::to_value(found.state(finding))?;
            row["says"] = found_text(lang, finding, &found.hub).into();
            Ok(row)
        });
        all["findings"] = says.collect::<io::Result<_>>()?;
        all["program"] = program.into();
        all["verdict"] = json!(verdict);
        all["says"] = verdict_text(lang, found).into();
        all["openings"] = json!(found.openings());
        writeln!(out, "{all:#}")?;
    } else {
        write!(out, "{}", doctor_text(lang, found, program))?;
    }
    Ok(if verdict.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NO_WAY)
    })
}

#[cfg(test)]
mod tests {
    use protocol::diagnosis::{Family, Found};

    use super::*;

    fn finding(check: Check) -> Finding {
        Finding {
            check,
            found: Found::NoAnswer,
            took_millis: 1,
        }
    }

    #[test]
    fn rows_stand_in_their_order_however_they_come() {
        let hub: HubAddress = "hub.example".parse().expect("an address");
        let mut examination = Examination::new(hub);
        let tcp = |port| Check::Tcp {
            port,
            family: Family::Ipv4,
        };
        let all = [Check::Name, tcp(443), tcp(3128), Check::ProxySettings];
        for check in [&all[0], &all[3], &all[1], &all[2]] {
            examination.take(News::Begun(check.clone()));
        }
        let rows: Vec<_> = examination.rows().iter().map(|(check, _)| check).collect();
        assert_eq!(rows, all.iter().collect::<Vec<_>>());
        examination.take(News::Found(finding(tcp(3128))));
        assert_eq!(examination.rows()[2].1, Some(finding(tcp(3128))));
        assert!((examination.progress() - 0.25).abs() < 0.01);
        // what was never begun is no row
        examination.take(News::Found(finding(tcp(8080))));
        assert_eq!(examination.rows().len(), 4);
    }
}
