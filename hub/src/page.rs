//! The user's page (H2, R5): the web site on the hub's TCP ports, where somebody in trouble finds Helpme.
//!
//! It works without scripts, loads nothing from elsewhere, takes nothing but GET, and keeps nothing. A
//! ticket never comes here: its last digits are a secret that the hub must not know. So a link to the page
//! carries a ticket behind its `#`, which browsers keep to themselves, and the page's small script puts it
//! into the link `helpme://` that leads into Helpme. There is nothing to guess here either.

mod downloads;
mod html;
mod words;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use protocol::HubAddress;
use tokio::time::MissedTickBehavior;
use transport::{HubIdentity, Pin};

use self::downloads::{Downloads, Offer, System};
use self::words::Lang;
use crate::administration::Office;
use crate::web::{Caller, Certificate};

/// How often the page looks whether files and logo are still the same.
const LOOK: Duration = Duration::from_secs(2);

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/ticket.js");
const ICON: &str = include_str!("page/icon.svg");

/// Only the site's own style, pictures and script, and no forms.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// How to serve the page.
#[derive(Debug, Clone)]
pub struct PageConfig {
    /// Where the Helpmes lie that visitors get, as `helpme-SYSTEM-MACHINE` with its maker's signature beside it;
    /// `downloads` in the data folder if it is not said.
    pub downloads: Option<PathBuf>,
    /// Whether they are to know the hub by its public certificate and not by its key.
    pub known_by_name: bool,
}

/// The page.
#[derive(Debug)]
pub(crate) struct Page {
    site: Arc<Site>,
}

/// Everything that is shown.
#[derive(Debug)]
struct Site {
    office: Arc<Office>,
    hub: HubAddress,
    /// By what Helpme is to know the hub.
    pin: Pin,
    certificate: Arc<Certificate>,
    downloads: Downloads,
    logo: RwLock<axum::body::Bytes>,
}

impl Page {
    /// `hub` is where Helpme finds this hub.
    pub(crate) fn new(
        config: &PageConfig,
        hub: HubAddress,
        identity: Arc<HubIdentity>,
        certificate: Arc<Certificate>,
        office: Arc<Office>,
    ) -> Self {
        let folder = office.folder().to_owned();
        let pin = if config.known_by_name {
            Pin::PublicName
        } else {
            Pin::Key(identity.fingerprint())
        };
        let downloads = config.downloads.clone();
        let downloads = downloads.unwrap_or_else(|| folder.join("downloads"));
        Self {
            site: Arc::new(Site {
                office,
                pin,
                certificate,
                downloads: Downloads::new(downloads, &folder, (hub.clone(), pin), identity),
                hub,
                logo: RwLock::default(),
            }),
        }
    }

    /// What answers visitors.
    pub(crate) fn router(&self) -> Router {
        router(&self.site)
    }

    /// Follows what changes outside: downloads, logo. Until it is dropped.
    pub(crate) async fn keep_up(self) {
        let site = self.site;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            if let Ok(logo) = site.office.read(|catalogue| catalogue.logo()).await {
                let mut shown = site.logo.write().unwrap_or_else(PoisonError::into_inner);
                *shown = logo.into();
            }
            let site = Arc::clone(&site);
            let looked = tokio::task::spawn_blocking(move || {
                let organisation = site.office.settings().organisation.to_string();
                site.downloads.look(&organisation, Instant::now());
            });
            if let Err(error) = looked.await {
                tracing::error!(%error, "Page does not keep up");
            }
        }
    }
}

/// All of the site.
fn router(site: &Arc<Site>) -> Router {
    Router::new()
        .route("/", get(front))
        .route(
            "/style.css",
            get(|| fixed("text/css; charset=utf-8", STYLE)),
        )
        .route(
            "/ticket.js",
            get(|| fixed("text/javascript; charset=utf-8", SCRIPT)),
        )
        .route("/icon.svg", get(|| fixed("image/svg+xml", ICON)))
        .route("/logo.png", get(logo))
        .route("/download/{name}", get(download))
        .fallback(nothing)
        .layer(map_response_with_state(Arc::clone(site), protect))
        .with_state(Arc::clone(site))
}

async fn front(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let lang = Lang::of(uri.query(), text(header::ACCEPT_LANGUAGE));
    let agent = text(header::USER_AGENT).unwrap_or_default();
    let front = html::Front {
        lang,
        settings: &site.office.settings(),
        has_logo: !site.logo().is_empty(),
        hub: &site.hub,
        pin: site.pin,
        offers: &site.downloads.offers(),
        visitor: System::of_visitor(agent),
        on_arm: System::is_of_arm(agent),
    };
    html_response(StatusCode::OK, front.page().into_string())
}

async fn nothing(uri: Uri, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_LANGUAGE);
    let lang = Lang::of(uri.query(), accepted.and_then(|value| value.to_str().ok()));
    html_response(
        StatusCode::NOT_FOUND,
        html::nothing_here(lang).into_string(),
    )
}

fn html_response(status: StatusCode, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept-language, user-agent"),
    ];
    (status, headers, text).into_response()
}

#[expect(clippy::unused_async, reason = "what a route wants")]
async fn fixed(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, text).into_response()
}

async fn logo(State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap) -> Response {
    let png = site.logo();
    if png.is_empty() {
        return nothing(uri, headers).await;
    }
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        (header::CACHE_CONTROL, "public, max-age=60"),
    ];
    (headers, png).into_response()
}

/// A Helpme; its name is looked for among those there are, and is no path.
async fn download(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    match site.downloads.offer(&name) {
        Some(offer) => {
            let caller = request.extensions().get::<Caller>().cloned();
            let response = give(&offer, request).await;
            // whoever looks at the page meanwhile must not break it off
            if let Some(caller) = caller
                && response.status().is_success()
            {
                caller.0.keep();
            }
            response
        }
        None => nothing(request.uri().clone(), request.headers().clone()).await,
    }
}

async fn give(offer: &Offer, mut request: Request) -> Response {
    // by content, so that half a download goes on after the hub was started anew
    let tag = format!("\"{}\"", offer.hash);
    let asked = request.headers_mut();
    asked.remove(header::IF_MODIFIED_SINCE);
    let (held, part_of) = (
        asked.remove(header::IF_NONE_MATCH),
        asked.remove(header::IF_RANGE),
    );
    if held.is_some_and(|held| held == tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    // the rest of another file is of no use
    if part_of.is_some_and(|part_of| part_of != tag) {
        asked.remove(header::RANGE);
    }
    let kind = offer.media_type().parse().expect("a media type");
    let file = tower_http::services::ServeFile::new_with_mime(&offer.path, &kind);
    let Ok(response) = tower::ServiceExt::oneshot(file, request).await;
    let mut response = response.map(Body::new);
    let no_cache = HeaderValue::from_static("no-cache");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_cache);
    let named = format!("attachment; filename=\"{}\"", offer.name);
    let own = [(header::ETAG, tag), (header::CONTENT_DISPOSITION, named)];
    (own, response).into_response()
}

/// What holds for every answer.
async fn protect(State(site): State<Arc<Site>>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if site.certificate.is_public() {
        // it holds for all of the host, so who goes back to the hub's own certificate is locked out for so long
        let day = HeaderValue::from_static("max-age=86400");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, day);
    }
    response
}

impl Site {
    fn logo(&self) -> axum::body::Bytes {
        let logo = self.logo.read().unwrap_or_else(PoisonError::into_inner);
        logo.clone()
    }
}
