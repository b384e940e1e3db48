//! Figures for a monitoring system, and whether the hub lives, on a port of this computer alone (B5).
//!
//! Numbers without names: nothing here says who did anything.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::administration::Office;
use crate::administration::figures::Figures;
use crate::crowd::Crowd;
use crate::loopback;
use crate::web::{AcmeStanding, Certificate};

/// Programs that ask at a time; whoever comes then is hung up on.
const AT_ONCE: usize = 16;
const HEADERS_TIMEOUT: Duration = Duration::from_secs(5);
const MOST_HEADER_BYTES: usize = 16 * 1024;
/// How long a program may stay.
const VISIT: Duration = Duration::from_mins(5);
/// A hub that takes longer to say how it is does not work.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is counted while the hub runs.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Of each [`Refused`].
    refused: [AtomicU64; Refused::ALL.len()],
    /// Bytes that one side of a session sent for the other.
    relayed: AtomicU64,
}

/// Why somebody got no connection, or lost it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Its address has all the places that it may have.
    Address,
    /// All places are taken by those who stay.
    All,
    /// A stranger made room for another one.
    MadeRoom,
    /// It said nothing in time, or nothing that is TLS.
    NoTls,
    /// It asked, and then stayed longer than anybody has to.
    TooLong,
}

impl Refused {
    const ALL: [Self; 5] = [
        Self::Address,
        Self::All,
        Self::MadeRoom,
        Self::NoTls,
        Self::TooLong,
    ];
    /// Of those who come by QUIC.
    const OF_QUIC: [Self; 3] = [Self::Address, Self::All, Self::MadeRoom];

    fn labels(self) -> &'static str {
        match self {
            Self::Address => "{reason=\"address\"}",
            Self::All => "{reason=\"all\"}",
            Self::MadeRoom => "{reason=\"made_room\"}",
            Self::NoTls => "{reason=\"no_tls\"}",
            Self::TooLong => "{reason=\"too_long\"}",
        }
    }
}

impl Counters {
    pub(crate) fn count_refused(&self, why: Refused) {
        self.refused[why as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_relayed(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.relayed.fetch_add(bytes, Ordering::Relaxed);
    }

    fn refused<const N: usize>(&self, reasons: [Refused; N]) -> [(&'static str, u64); N] {
        reasons.map(|why| {
            let count = self.refused[why as usize].load(Ordering::Relaxed);
            (why.labels(), count)
        })
    }
}

/// The port cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricsError {
    #[error(
        "figures are for this computer alone: {0} is no loopback address, as 127.0.0.1:9090 is"
    )]
    NotLoopback(SocketAddr),
    #[error("cannot listen at {address} for figures: {source}")]
    Bind {
        address: SocketAddr,
        source: io::Error,
    },
}

/// The port.
#[derive(Debug)]
pub(crate) struct Metrics {
    listener: TcpListener,
    address: SocketAddr,
}

/// From where the figures are.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) office: Arc<Office>,
    /// Those who come by QUIC.
    pub(crate) crowd: Arc<Crowd>,
    /// Those who call by TCP.
    pub(crate) callers: Arc<Crowd>,
    pub(crate) certificate: Arc<Certificate>,
    /// How it stands with the authority that gives the certificate, if one does.
    pub(crate) renewal: Option<watch::Receiver<AcmeStanding>>,
}

impl Metrics {
    pub(crate) fn listen(address: SocketAddr) -> Result<Self, MetricsError> {
        if !address.ip().is_loopback() {
            return Err(MetricsError::NotLoopback(address));
        }
        let listen = || {
            let listener = loopback::listen(address)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        listen().map_err(|source| MetricsError::Bind { address, source })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped.
    pub(crate) async fn serve(self, sources: Sources) {
        let router = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(async || "ok\n"))
            .route("/readyz", get(ready))
            .with_state(sources);
        let answer = move |stream| {
            let service = TowerToHyperService::new(router.clone());
            let visit = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS_TIMEOUT)
                .max_buf_size(MOST_HEADER_BYTES)
                .serve_connection(TokioIo::new(stream), service);
            async move {
                if visit.await.is_err() {
                    tracing::trace!("A program that asks for figures is gone");
                }
            }
        };
        loopback::serve(self.listener, AT_ONCE, VISIT, answer).await;
    }
}

/// Whether the hub can work: its desk and its catalogue answer, and the disk keeps up.
async fn ready(State(sources): State<Sources>) -> impl IntoResponse {
    match timeout(PATIENCE, Figures::ask(&sources.office)).await {
        Ok(Ok(figures)) if !figures.is_behind => (StatusCode::OK, "ready\n"),
        Ok(Ok(_behind)) => (StatusCode::SERVICE_UNAVAILABLE, "the disk is behind\n"),
        Ok(Err(_refusal)) => (StatusCode::SERVICE_UNAVAILABLE, "the hub cannot work\n"),
        Err(_elapsed) => (StatusCode::SERVICE_UNAVAILABLE, "no answer in time\n"),
    }
}

async fn metrics(State(sources): State<Sources>) -> impl IntoResponse {
    let Ok(Ok(figures)) = timeout(PATIENCE, Figures::ask(&sources.office)).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, page(&figures, &sources)).into_response()
}

/// All figures, in Prometheus' text format 0.0.4.
fn page(figures: &Figures, sources: &Sources) -> String {
    let mut page = Page(String::new());
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("{{version=\"{version}\"}}");
    page.family(
        "hub_build_info",
        "gauge",
        "The hub's version.",
        &[(&build, 1)],
    );
    page.one(
        "hub_up_seconds",
        "gauge",
        "Since the hub was started.",
        figures.up_seconds,
    );
    let guests = sources.crowd.numbers();
    let connections = [
        ("{kind=\"operator\"}", figures.operators),
        ("{kind=\"user\"}", figures.users),
        ("{kind=\"permanent_host\"}", figures.permanent_hosts),
        ("{kind=\"stranger\"}", guests.strangers),
    ];
    page.family(
        "hub_connections",
        "gauge",
        "Who is connected.",
        &connections,
    );
    let admitted = "Connections of those who are admitted, administrators too.";
    page.one(
        "hub_admitted_connections",
        "gauge",
        admitted,
        guests.admitted,
    );
    page.one(
        "hub_sessions",
        "gauge",
        "Sessions that run.",
        figures.sessions,
    );
    let counters = &sources.crowd.counters;
    let (name, help) = (
        "hub_refused_connections_total",
        "Connections without a place.",
    );
    page.family(name, "counter", help, &counters.refused(Refused::OF_QUIC));
    let (name, help) = (
        "hub_refused_callers_total",
        "TCP connections that were hung up.",
    );
    let of_callers = sources.callers.counters.refused(Refused::ALL);
    page.family(name, "counter", help, &of_callers);
    let relayed = counters.relayed.load(Ordering::Relaxed);
    let help = "Bytes that one side of a session sent for the other.";
    page.one("hub_relayed_bytes_total", "counter", help, relayed);
    page.one(
        "hub_films",
        "gauge",
        "Films in the catalogue.",
        figures.films,
    );
    page.one(
        "hub_films_bytes",
        "gauge",
        "What they take of the disk.",
        figures.films_bytes,
    );
    if let Some(free) = figures.disk_free_bytes {
        page.one(
            "hub_disk_free_bytes",
            "gauge",
            "Room on the data folder's disk.",
            free,
        );
    }
    let help = "Changes that wait for the disk.";
    page.one("hub_store_queue", "gauge", help, figures.store_queue);
    if let Some(validity) = sources.certificate.validity() {
        let left = validity.until.duration_since(SystemTime::now());
        let days = left.unwrap_or_default().as_secs() / (24 * 60 * 60);
        let help = "Whole days for which the certificate of the TCP ports is still good.";
        page.one("hub_certificate_days_left", "gauge", help, days);
    }
    if let Some(renewal) = &sources.renewal {
        let failures = renewal.borrow().failures.into();
        let help = "Tries to get a certificate that failed since the last one came.";
        page.one("hub_certificate_failures", "gauge", help, failures);
    }
    page.0
}

struct Page(String);

impl Page {
    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.family(name, kind, help, &[("", value)]);
    }

    fn family(&mut self, name: &str, kind: &str, help: &str, values: &[(&str, u64)]) {
        let page = &mut self.0;
        // writing to memory does not fail
        writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}").unwrap_or_default();
        for (labels, value) in values {
            writeln!(page, "{name}{labels} {value}").unwrap_or_default();
        }
    }
}
