//! How it stands with the authority: what failed, and when it is asked again. A file in the data folder, for a
//! hub that is started anew and for `hub doctor`.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use protocol::visible::visible_line;
use serde::{Deserialize, Serialize};

use super::AcmeConfig;

const FILE: &str = "acme-state.json";
/// The pauses after failures in a row. Authorities take few of them in an hour.
const PAUSES: [Duration; 6] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_hours(1),
    Duration::from_hours(3),
    Duration::from_hours(12),
];
/// A hub that was started anew, maybe since what was wrong is right, waits no longer than this.
const PAUSE_OF_START: Duration = Duration::from_mins(15);
/// Longest that an authority may say to wait.
const LONGEST_TOLD: Duration = Duration::from_hours(7 * 24);
/// Of what an authority says.
const MOST_DETAIL: usize = 500;

/// How it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AcmeStanding {
    /// The directory of the authority that gave the last certificate.
    pub directory: String,
    /// Tries since then, failed or cut off.
    pub failures: u32,
    /// When the last one began, in milliseconds since 1970.
    pub tried_unix_millis: i64,
    /// When the next one may, if one is needed.
    pub next_unix_millis: i64,
    /// The authority said so itself.
    pub is_told: bool,
    /// Why the last one failed.
    pub trouble: Option<AcmeTrouble>,
}

/// Why there is no new certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeTrouble {
    pub fault: AcmeFault,
    /// What exactly, of one line and bounded.
    pub detail: String,
}

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcmeFault {
    /// The authority does not answer.
    Unreachable,
    /// It cannot be known for what it says it is.
    Untrusted,
    /// What answers is no authority.
    NoDirectory,
    /// It does not reach this hub, or something else in its place.
    NotReached,
    /// It does not find the hub's name.
    NoName,
    /// The name's owner does not let it.
    Forbidden,
    /// It was asked too often.
    Limited,
    /// It has customers only.
    NoCustomer,
    /// It does not like the e-mail address.
    Contact,
    /// It says no.
    Refused,
    /// What it gave does not work.
    Unusable,
    /// The disk does not take it.
    Disk,
    /// The hub ended meanwhile.
    CutOff,
}

impl AcmeStanding {
    /// What stands in `data`; nothing if there is no such file, or no sense in it.
    pub fn read(data: &Path) -> Self {
        let text = std::fs::read(data.join(FILE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(super) fn write(&self, data: &Path) -> io::Result<()> {
        private_file::replace(&data.join(FILE), &serde_json::to_vec(self)?)
    }

    /// There is a certificate from the authority at `directory`.
    pub(super) fn obtained(directory: String, now: SystemTime) -> Self {
        Self {
            directory,
            tried_unix_millis: millis(now),
            ..Self::default()
        }
    }

    /// A try begins, which counts as failed until it is known better.
    pub(super) fn begun(mut self, now: SystemTime) -> Self {
        self.tried_unix_millis = millis(now);
        self.failures = self.failures.saturating_add(1);
        let cut_off = AcmeTrouble::new(AcmeFault::CutOff, "");
        self.failed(&cut_off, None, now)
    }

    /// The try that was [begun](Self::begun) has failed; the authority may have said how long to wait.
    pub(super) fn failed(
        mut self,
        trouble: &AcmeTrouble,
        wait: Option<Duration>,
        now: SystemTime,
    ) -> Self {
        let before = usize::try_from(self.failures.max(1) - 1).unwrap_or(usize::MAX);
        let pause = PAUSES[before.min(PAUSES.len() - 1)];
        let told = wait.map(|wait| wait.min(LONGEST_TOLD));
        self.is_told = told.is_some_and(|told| told > pause);
        self.next_unix_millis = millis(now + told.unwrap_or_default().max(pause));
        self.trouble = Some(trouble.clone());
        self
    }

    /// Whoever starts the hub anew may have put right what was wrong.
    pub(super) fn hub_started(&mut self) {
        if !self.is_told {
            let soon = Duration::from_millis(unsigned(self.tried_unix_millis)) + PAUSE_OF_START;
            let soon = i64::try_from(soon.as_millis()).unwrap_or(i64::MAX);
            self.next_unix_millis = self.next_unix_millis.min(soon);
        }
    }

    /// Before this nothing is asked.
    pub(super) fn not_before(&self, now: SystemTime) -> SystemTime {
        if self.failures == 0 {
            return SystemTime::UNIX_EPOCH;
        }
        let next = SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_millis(unsigned(self.next_unix_millis)))
            .unwrap_or(now);
        let longest = if self.is_told {
            LONGEST_TOLD
        } else {
            PAUSES[PAUSES.len() - 1]
        };
        // the clock was set back since
        if next > now + longest { now } else { next }
    }

    /// When the next try may begin, for people.
    pub fn next_try(&self) -> String {
        moment(self.next_unix_millis)
    }

    /// When the last try began, for people.
    pub fn last_try(&self) -> String {
        moment(self.tried_unix_millis)
    }
}

impl AcmeTrouble {
    pub(super) fn new(fault: AcmeFault, detail: &str) -> Self {
        let detail: String = visible_line(detail).chars().take(MOST_DETAIL).collect();
        Self { fault, detail }
    }

    /// What somebody can do about it.
    pub fn advice(&self, config: &AcmeConfig) -> String {
        let AcmeConfig {
            name, directory, ..
        } = config;
        match self.fault {
            AcmeFault::Unreachable => format!(
                "let this computer call {directory} (HTTPS), and look whether it finds that name in DNS"
            ),
            AcmeFault::Untrusted => format!(
                "look at this computer's clock; if the authority at {directory} is your company's own, give its \
                 root certificate with acme-roots"
            ),
            AcmeFault::NoDirectory => format!(
                "give the authority's directory with acme; {directory} is none"
            ),
            AcmeFault::NotReached => format!(
                "TCP port 443 of {name} must lead to this hub itself: look at firewall and router, at the \
                 addresses of {name} in DNS (AAAA too), and whether a proxy or web server in between ends TLS"
            ),
            AcmeFault::NoName => format!("give {name} its address in DNS (A or AAAA)"),
            AcmeFault::Forbidden => {
                format!("change the CAA record of {name} in DNS, or take the authority that it names")
            }
            AcmeFault::Limited => "wait; the hub asks again by itself".to_owned(),
            AcmeFault::NoCustomer => {
                "take another authority (acme), or get a certificate there by hand and give it with \
                 certificate and certificate-key"
                    .to_owned()
            }
            AcmeFault::Contact => "say an e-mail address that works with acme-contact".to_owned(),
            AcmeFault::Refused => {
                "do as the authority says, or take another authority (acme)".to_owned()
            }
            AcmeFault::Unusable => {
                "look at this computer's clock, and at what the authority gives".to_owned()
            }
            AcmeFault::Disk => "make room on the disk of the data folder; it must belong to the hub's account".to_owned(),
            AcmeFault::CutOff => "let the hub run; it asks again by itself".to_owned(),
        }
    }
}

impl fmt::Display for AcmeTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.fault {
            AcmeFault::Unreachable => "the authority cannot be reached",
            AcmeFault::Untrusted => "the authority is not trusted",
            AcmeFault::NoDirectory => "what answers is no ACME authority",
            AcmeFault::NotReached => "the authority does not reach this hub",
            AcmeFault::NoName => "the authority does not find the hub's name",
            AcmeFault::Forbidden => "the name's owner does not let this authority",
            AcmeFault::Limited => "the authority was asked too often",
            AcmeFault::NoCustomer => "the authority gives certificates to its customers only",
            AcmeFault::Contact => "the authority does not take the e-mail address",
            AcmeFault::Refused => "the authority refuses",
            AcmeFault::Unusable => "the certificate that came does not work",
            AcmeFault::Disk => "it cannot be stored",
            AcmeFault::CutOff => "the hub ended in the middle of it",
        };
        f.write_str(kind)?;
        if self.detail.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.detail)
    }
}

fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

fn unsigned(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or(0)
}

fn moment(unix_millis: i64) -> String {
    let second = Timestamp::from_second(unix_millis / 1000);
    second.unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn trouble() -> AcmeTrouble {
        AcmeTrouble::new(AcmeFault::NotReached, "Connection refused")
    }

    #[test]
    fn an_authority_is_asked_less_and_less_the_longer_it_fails() {
        let start = SystemTime::UNIX_EPOCH + DAY;
        let (mut now, mut standing) = (start, AcmeStanding::default());
        let mut tries = Vec::new();
        while now < start + 2 * DAY {
            tries.push(now);
            standing = standing.begun(now);
            now += Duration::from_secs(10);
            standing = standing.failed(&trouble(), None, now);
            now = standing.not_before(now);
        }
        let within = |time| tries.iter().filter(|at| **at < start + time).count();
        assert_eq!(within(Duration::from_hours(1)), 4);
        assert_eq!(within(DAY), 7);
        assert_eq!(within(2 * DAY), 9);
    }

    #[test]
    fn a_hub_that_is_killed_in_each_try_asks_no_more_than_six_times_in_the_first_hour() {
        let folder = tempfile::tempdir().expect("a folder");
        let start = SystemTime::UNIX_EPOCH + DAY;
        let mut tries = 0;
        for second in 0..3600 {
            let now = start + Duration::from_secs(second);
            let mut standing = AcmeStanding::read(folder.path());
            standing.hub_started();
            if standing.not_before(now) <= now {
                tries += 1;
                standing.begun(now).write(folder.path()).expect("written");
            }
        }
        assert_eq!(tries, 6);
        let standing = AcmeStanding::read(folder.path());
        let trouble = standing.trouble.expect("a trouble");
        assert_eq!(trouble.fault, AcmeFault::CutOff);
    }

    #[test]
    fn what_the_authority_says_counts_also_for_a_hub_that_is_started_anew() {
        let now = SystemTime::UNIX_EPOCH + DAY;
        let standing = AcmeStanding::default().begun(now);
        let wait = Some(Duration::from_hours(30));
        let mut standing = standing.failed(&trouble(), wait, now);
        standing.hub_started();
        assert_eq!(standing.not_before(now), now + Duration::from_hours(30));
        // unless it is beyond reason, or the clock was set back
        let standing = standing.failed(&trouble(), Some(Duration::MAX), now);
        assert_eq!(standing.not_before(now), now + 7 * DAY);
        let earlier = now - Duration::from_hours(1);
        assert_eq!(standing.not_before(earlier), earlier);
        assert_eq!(
            AcmeStanding::default().not_before(now),
            SystemTime::UNIX_EPOCH
        );
    }

    #[test]
    fn what_an_authority_says_is_one_line_and_bounded() {
        let said = "no\n\u{202e}way".repeat(1000);
        let trouble = AcmeTrouble::new(AcmeFault::Refused, &said);
        assert!(trouble.detail.chars().count() <= MOST_DETAIL);
        assert!(!trouble.detail.contains(['\n', '\u{202e}']));
    }
}
