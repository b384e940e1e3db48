//! What `hub serve` can be told: by flags, by the environment, and by a file `hub.toml` (B5).
//!
//! A name is the same everywhere: `--keep-minutes`, `HUB_KEEP_MINUTES`, `keep-minutes`. A flag counts
//! before the environment, the environment before the file, and the file before what is usual.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use axum::http::Uri;
use clap::Args;
use hub::{AcmeConfig, CertificateFiles, CertificateSource, Config, PageConfig};
use protocol::WrittenAddress;
use serde::{Deserialize, Deserializer};

/// Where a hub listens that is told nothing else.
const LISTEN: &str = "0.0.0.0:443";
const KEEP: Minutes = Minutes(10);
const MAX_CONNECTIONS: usize = 10_000;
const MAX_CONNECTIONS_PER_ADDRESS: usize = 4_096;
const MAX_STRANGERS: usize = 1_000;
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Everything, each of it said or not.
#[derive(Debug, Default, Clone, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Options {
    /// The hub's data folder.
    #[arg(long, env = "HUB_DATA", value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Where to listen; several times, or with commas between; 0.0.0.0:443 if not given.
    #[arg(
        long,
        env = "HUB_LISTEN",
        value_name = "ADDRESS:PORT",
        value_delimiter = ','
    )]
    listen: Option<Vec<SocketAddr>>,
    /// Where to listen by TCP, for the page and for those whose line carries no UDP, as for --listen. If not
    /// given: the ports of --listen, and 443, 3128 and 8080 where they can be had.
    #[arg(
        long,
        alias = "tunnel-listen",
        env = "HUB_WEB_LISTEN",
        value_name = "ADDRESS:PORT",
        value_delimiter = ','
    )]
    #[serde(alias = "tunnel-listen")]
    web_listen: Option<Vec<SocketAddr>>,
    /// Where people reach this hub, for invitations and Helpme; this computer's own name if not given.
    #[arg(long, env = "HUB_PUBLIC_ADDRESS", value_name = "HOST[:PORT]")]
    #[serde(deserialize_with = "parsed")]
    public_address: Option<WrittenAddress>,
    /// How long a ticket is good, in minutes, whatever the hub's settings say.
    #[arg(long, env = "HUB_TICKET_MINUTES", value_name = "MINUTES")]
    ticket_minutes: Option<Minutes>,
    /// How long a session waits for a side that is out of reach, in minutes; 10 if not given.
    #[arg(long, env = "HUB_KEEP_MINUTES", value_name = "MINUTES")]
    keep_minutes: Option<Minutes>,
    /// This hub's own number, where several share a store; 0 if not given.
    #[arg(long, env = "HUB_NUMBER", value_name = "NUMBER")]
    number: Option<u16>,
    /// Write addresses and fingerprint as JSON to this file once the hub listens.
    #[arg(long, env = "HUB_READY_FILE", value_name = "FILE")]
    pub(super) ready_file: Option<PathBuf>,
    /// Connections that the hub takes at once; 10,000 if not given.
    #[arg(long, env = "HUB_MAX_CONNECTIONS", value_name = "COUNT")]
    max_connections: Option<usize>,
    /// Connections that the hub takes from one address; 4,096 if not given.
    #[arg(long, env = "HUB_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT")]
    max_connections_per_address: Option<usize>,
    /// Connections of those who have neither logged in, nor brought a good ticket, nor come back to a place
    /// of theirs; 1,000 if not given.
    #[arg(long, env = "HUB_MAX_STRANGERS", value_name = "COUNT")]
    max_strangers: Option<usize>,
    /// Whether the hub has a page for users, by HTTPS; true if not given. Without it the TCP ports are for
    /// those whose line carries no UDP.
    #[arg(long, env = "HUB_PAGE", value_name = "true|false")]
    page: Option<bool>,
    /// The certificate of the TCP ports, and those of whoever vouches for it, in PEM; read again when it
    /// changes. The hub's own identity if not given.
    #[arg(long, env = "HUB_CERTIFICATE", value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The private key of the certificate, in PEM.
    #[arg(long, env = "HUB_CERTIFICATE_KEY", value_name = "FILE")]
    certificate_key: Option<PathBuf>,
    /// Get that certificate from this authority, for the public address, and renew it: `letsencrypt`, or the
    /// directory of another (ACME, RFC 8555, with TLS-ALPN-01). By this you agree to its terms. It looks at TCP
    /// port 443 of that address.
    #[arg(long, env = "HUB_ACME", value_name = "letsencrypt|URL")]
    #[serde(deserialize_with = "parsed")]
    acme: Option<Authority>,
    /// An e-mail address for the authority; none if not given.
    #[arg(long, env = "HUB_ACME_CONTACT", value_name = "ADDRESS")]
    acme_contact: Option<String>,
    /// Root certificates by which the authority itself is known, in PEM, beside those of the operating system:
    /// for a company's own.
    #[arg(long, env = "HUB_ACME_ROOTS", value_name = "FILE")]
    acme_roots: Option<PathBuf>,
    /// Whether the Helpme that the page gives out knows the hub by that certificate and its public address, in
    /// place of the hub's own key; false if not given.
    #[arg(long, env = "HUB_KNOWN_BY_NAME", value_name = "true|false")]
    known_by_name: Option<bool>,
    /// The folder of the Helpmes that the page gives out; `downloads` in the data folder if not given.
    #[arg(long, env = "HUB_DOWNLOADS", value_name = "DIR")]
    downloads: Option<PathBuf>,
    /// Where figures for Prometheus and the hub's health are (HTTP; /metrics, /healthz, /readyz); a loopback
    /// address; nowhere if not given.
    #[arg(long, env = "HUB_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// How the log is written; plain if not given.
    #[arg(long, env = "HUB_LOG_FORMAT", value_enum)]
    pub(super) log_format: Option<LogFormat>,
    /// What to log; its flag is one of every command.
    #[arg(skip)]
    pub(super) log: Option<String>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LogFormat {
    /// Lines for people.
    Plain,
    /// An object of JSON a line.
    Json,
}

/// From one minute to a day.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
struct Minutes(u32);

/// The address of an authority's directory.
#[derive(Debug, Clone)]
struct Authority(String);

/// What was given is no such address.
#[derive(Debug, thiserror::Error)]
#[error(
    "an authority is `letsencrypt`, or the address of its directory, which begins with https://"
)]
struct NoAuthority;

impl FromStr for Authority {
    type Err = NoAuthority;

    fn from_str(text: &str) -> Result<Self, NoAuthority> {
        if text == "letsencrypt" {
            return Ok(Self(LETS_ENCRYPT.to_owned()));
        }
        let is_fit = text.starts_with("https://") && text.parse::<Uri>().is_ok();
        is_fit.then(|| Self(text.to_owned())).ok_or(NoAuthority)
    }
}

/// What was given is no such time.
#[derive(Debug, thiserror::Error)]
enum MinutesError {
    #[error("minutes are a whole number: {0}")]
    NoNumber(#[from] ParseIntError),
    #[error("minutes are from 1 to 1440")]
    OutOfRange,
}

impl TryFrom<u32> for Minutes {
    type Error = MinutesError;

    fn try_from(minutes: u32) -> Result<Self, MinutesError> {
        let is_fit = (1..=1440).contains(&minutes);
        is_fit
            .then_some(Self(minutes))
            .ok_or(MinutesError::OutOfRange)
    }
}

impl FromStr for Minutes {
    type Err = MinutesError;

    fn from_str(text: &str) -> Result<Self, MinutesError> {
        Self::try_from(text.parse::<u32>()?)
    }
}

impl From<Minutes> for Duration {
    fn from(minutes: Minutes) -> Self {
        Self::from_mins(minutes.0.into())
    }
}

/// What the hub was told makes no sense.
#[derive(Debug, thiserror::Error)]
pub(super) enum OptionsError {
    #[error("cannot read {path}: {source}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}:{place} {detail}")]
    File {
        path: PathBuf,
        place: Place,
        detail: String,
    },
    #[error("certificate and certificate-key belong together; one of them is missing")]
    HalfCertificate,
    #[error("known-by-name needs a certificate, and a public-address that it is for")]
    NoName,
    #[error("acme gets a certificate, and certificate gives one; leave out one of them")]
    TwoCertificates,
    #[error("acme needs a public-address with a name, for which it gets the certificate")]
    AcmeWithoutName,
    #[error("acme-contact and acme-roots are for acme, which is not given")]
    WithoutAcme,
    #[error("acme-contact is an e-mail address")]
    NoContact,
    #[error("downloads is for the page, and page is false; leave out one of them")]
    DownloadsWithoutPage,
    #[error(
        "nobody says where the hub keeps everything: give --data, HUB_DATA, or data in hub.toml"
    )]
    NoData,
}

/// Where in a file, counted from one.
#[derive(Debug)]
pub(super) struct Place {
    line: usize,
    column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.line, self.column)
    }
}

impl Options {
    /// Reads a `hub.toml`.
    pub(super) fn read(path: &Path) -> Result<Self, OptionsError> {
        let text = std::fs::read_to_string(path).map_err(|source| OptionsError::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|error| OptionsError::File {
            path: path.to_owned(),
            place: place(&text, error.span().map_or(0, |span| span.start)),
            detail: error.message().trim_end().replace('\n', "; "),
        })
    }

    /// What these say, and `less` where they say nothing.
    pub(super) fn or(self, less: Self) -> Self {
        Self {
            data: self.data.or(less.data),
            listen: self.listen.or(less.listen),
            web_listen: self.web_listen.or(less.web_listen),
            public_address: self.public_address.or(less.public_address),
            ticket_minutes: self.ticket_minutes.or(less.ticket_minutes),
            keep_minutes: self.keep_minutes.or(less.keep_minutes),
            number: self.number.or(less.number),
            ready_file: self.ready_file.or(less.ready_file),
            max_connections: self.max_connections.or(less.max_connections),
            max_connections_per_address: self
                .max_connections_per_address
                .or(less.max_connections_per_address),
            max_strangers: self.max_strangers.or(less.max_strangers),
            page: self.page.or(less.page),
            certificate: self.certificate.or(less.certificate),
            certificate_key: self.certificate_key.or(less.certificate_key),
            acme: self.acme.or(less.acme),
            acme_contact: self.acme_contact.or(less.acme_contact),
            acme_roots: self.acme_roots.or(less.acme_roots),
            known_by_name: self.known_by_name.or(less.known_by_name),
            downloads: self.downloads.or(less.downloads),
            metrics_listen: self.metrics_listen.or(less.metrics_listen),
            log_format: self.log_format.or(less.log_format),
            log: self.log.or(less.log),
        }
    }

    /// How to serve.
    pub(super) fn config(self) -> Result<Config, OptionsError> {
        let certificate = self.certificate_source()?;
        let known_by_name = self.known_by_name.unwrap_or(false);
        if known_by_name && (!certificate.is_public() || self.public_address.is_none()) {
            return Err(OptionsError::NoName);
        }
        let page = match (self.page.unwrap_or(true), self.downloads) {
            (true, downloads) => Some(PageConfig {
                downloads,
                known_by_name,
            }),
            (false, None) => None,
            (false, Some(_)) => return Err(OptionsError::DownloadsWithoutPage),
        };
        let usual = || vec![LISTEN.parse().expect("an address")];
        let per_address = self.max_connections_per_address;
        Ok(Config {
            data: self.data.ok_or(OptionsError::NoData)?,
            listen: self.listen.unwrap_or_else(usual),
            web: self.web_listen,
            certificate,
            public_address: self.public_address,
            ticket_validity: self.ticket_minutes.map(Into::into),
            kept: self.keep_minutes.unwrap_or(KEEP).into(),
            number: self.number.unwrap_or(0),
            max_connections: self.max_connections.unwrap_or(MAX_CONNECTIONS),
            max_connections_per_address: per_address.unwrap_or(MAX_CONNECTIONS_PER_ADDRESS),
            max_strangers: self.max_strangers.unwrap_or(MAX_STRANGERS),
            page,
            metrics: self.metrics_listen,
        })
    }

    fn certificate_source(&self) -> Result<CertificateSource, OptionsError> {
        match (&self.certificate, &self.certificate_key, &self.acme) {
            (Some(_), Some(_), Some(_)) => Err(OptionsError::TwoCertificates),
            (Some(_), None, _) | (None, Some(_), _) => Err(OptionsError::HalfCertificate),
            (None, None, Some(authority)) => Ok(CertificateSource::Acme(self.acme_of(authority)?)),
            _ if self.acme_contact.is_some() || self.acme_roots.is_some() => {
                Err(OptionsError::WithoutAcme)
            }
            (None, None, None) => Ok(CertificateSource::Own),
            (Some(chain), Some(key), None) => Ok(CertificateSource::Files(CertificateFiles {
                chain: chain.clone(),
                key: key.clone(),
            })),
        }
    }

    fn acme_of(&self, authority: &Authority) -> Result<AcmeConfig, OptionsError> {
        let name = self
            .public_address
            .as_ref()
            .map(|address| address.host.clone());
        let is_name = |name: &String| name.parse::<IpAddr>().is_err();
        let is_mail = |mail: &String| mail.contains('@') && !mail.contains([':', ',', ' ']);
        if !self.acme_contact.as_ref().is_none_or(is_mail) {
            return Err(OptionsError::NoContact);
        }
        Ok(AcmeConfig {
            name: name.filter(is_name).ok_or(OptionsError::AcmeWithoutName)?,
            directory: authority.0.clone(),
            contact: self.acme_contact.clone(),
            roots: self.acme_roots.clone(),
        })
    }
}

fn place(text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

fn parsed<'de, D, T>(given: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(given)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn read(text: &str) -> Result<Options, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hub.toml");
        std::fs::write(&path, text).expect("written");
        let cut = |error: OptionsError| {
            let said = error.to_string();
            let (_, said) = said.split_once("hub.toml:").expect("the file");
            said.to_owned()
        };
        Options::read(&path).map_err(cut)
    }

    #[test]
    fn b5_a_mistake_in_the_file_is_told_with_line_and_column() {
        for (text, place, part) in [
            (
                "data = \"/d\"\nkeep-minutes = 0\n",
                "2:16:",
                "from 1 to 1440",
            ),
            ("\n\n  listn = [\"0.0.0.0:443\"]\n", "3:3:", "listn"),
            (
                "listen = [\"0.0.0.0:443\", \"here\"]",
                "1:26:",
                "socket address",
            ),
            ("data = 5", "1:8:", "string"),
            ("data = \"/d", "1:", "string"),
            ("# è\npublic-address = \"a b\"", "2:18:", "space"),
            ("number = 70000", "1:10:", "u16"),
            ("acme = \"http://a.example\"", "1:8:", "https://"),
            ("data = \"/a\"\ndata = \"/b\"", "2:1:", "duplicate key"),
        ] {
            let said = read(text).expect_err(text);
            assert!(said.starts_with(place), "{said}");
            assert!(said.contains(part), "{said}");
            assert!(!said.contains('\n'), "{said}");
        }
    }

    #[test]
    fn b5_the_example_is_what_a_hub_does_anyway() {
        let example = include_str!("../../../packaging/hub.toml");
        let plain = read(example).expect("the example reads");
        assert_eq!(
            plain.data.as_deref(),
            Some(Path::new("/var/lib/pure-help-desk"))
        );
        // every option is there, and each of them reads once it is no comment any more
        let is_option = |line: &&str| {
            let name = line.split(" = ").next().unwrap_or_default();
            line.contains(" = ") && name.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        };
        let bare = example
            .lines()
            .map(|line| line.strip_prefix('#').unwrap_or(line));
        let all: Vec<&str> = bare.filter(is_option).collect();
        let flags = Options::augment_args(clap::Command::new("serve"));
        let known: BTreeSet<&str> = flags
            .get_arguments()
            .filter_map(clap::Arg::get_long)
            .chain(["log"])
            .collect();
        let shown: BTreeSet<&str> = all
            .iter()
            .filter_map(|line| line.split(" = ").next())
            .collect();
        assert_eq!(shown, known);
        // a certificate is given, or asked for
        let without = |left_out: &str| {
            let lines = all.iter().filter(|line| !line.starts_with(left_out));
            let lines: Vec<&str> = lines.copied().collect();
            let read = read(&lines.join("\n")).expect("reads");
            read.config().expect("makes sense")
        };
        let asked_for = without("certificate").certificate;
        assert!(matches!(asked_for, CertificateSource::Acme(_)));
        let config = without("acme");
        assert!(matches!(config.certificate, CertificateSource::Files(_)));
        assert_eq!(config.kept, Duration::from(KEEP));
        assert_eq!(config.max_connections, MAX_CONNECTIONS);
        assert_eq!(
            config.max_connections_per_address,
            MAX_CONNECTIONS_PER_ADDRESS
        );
        assert_eq!(config.max_strangers, MAX_STRANGERS);
        assert_eq!(config.listen, [LISTEN.parse().expect("an address")]);
        assert!(config.page.is_some());
    }
}
