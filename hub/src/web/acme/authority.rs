//! One try to get a certificate: account, order, challenge, and what came is looked at before it is stored.

use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, BodyWrapper, BytesResponse, ChallengeType,
    Error, HttpClient, Identifier, NewAccount, NewOrder, Order, OrderStatus, Problem, RetryPolicy,
};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{ACCOUNT_FILE, AcmeConfig, AcmeFault, AcmeTrouble, CERTIFICATE_FILE};
use crate::web::certificate::Certificate;

/// For one question to the authority.
const ANSWER: Duration = Duration::from_secs(30);
/// Of one answer; a chain of certificates is the largest.
const MOST_ANSWER_BYTES: usize = 256 << 10;
/// How the authority is asked whether it is done.
const POLLING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.5)
    .timeout(Duration::from_mins(2));
/// Before the type of each problem.
const PROBLEM: &str = "urn:ietf:params:acme:error:";

/// There is no certificate.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) trouble: AcmeTrouble,
    /// How long the authority says to wait.
    pub(super) wait: Option<Duration>,
}

impl From<AcmeTrouble> for Failure {
    fn from(trouble: AcmeTrouble) -> Self {
        Self {
            trouble,
            wait: None,
        }
    }
}

/// Asks for a certificate and stores it in `data`. Authorities see of `certificate` what shows them that the hub
/// has its name.
pub(super) async fn obtain(
    config: &AcmeConfig,
    data: &Path,
    certificate: &Certificate,
) -> Result<(), Failure> {
    let try_out = Try {
        config,
        data,
        certificate,
        told: Arc::default(),
    };
    try_out.run().await.map_err(|trouble| {
        let told = try_out.told.lock().unwrap_or_else(PoisonError::into_inner);
        Failure {
            trouble,
            wait: *told,
        }
    })
}

/// The account, as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    directory: String,
    contact: Option<String>,
    account: AccountCredentials,
}

struct Try<'a> {
    config: &'a AcmeConfig,
    data: &'a Path,
    certificate: &'a Certificate,
    told: Arc<Mutex<Option<Duration>>>,
}

impl Try<'_> {
    async fn run(&self) -> Result<(), AcmeTrouble> {
        let names = [Identifier::Dns(self.config.name.clone())];
        let order = NewOrder::new(&names);
        let account = self.account().await?;
        let mut order = match account.new_order(&order).await {
            // it may have been started anew, from nothing
            Err(Error::Api(problem)) if kind(&problem) == "accountDoesNotExist" => {
                self.open_account().await?.new_order(&order).await
            }
            ordered => ordered,
        }?;
        self.prove(&mut order).await?;
        let key = Zeroizing::new(order.finalize().await?);
        let chain = order.poll_certificate(&POLLING).await?;
        let pem = Zeroizing::new(format!("{}\n{}", chain.trim_end(), *key));
        self.certificate
            .check(pem.as_bytes(), &self.config.name, SystemTime::now())
            .map_err(|fault| AcmeTrouble::new(AcmeFault::Unusable, &fault))?;
        self.store(CERTIFICATE_FILE, pem.as_bytes().to_vec().into())
            .await
    }

    /// The account that the hub has there, or a new one.
    async fn account(&self) -> Result<Account, AcmeTrouble> {
        let path = self.data.join(ACCOUNT_FILE);
        let stored = std::fs::read(&path).ok();
        let stored = stored.and_then(|text| serde_json::from_slice::<Stored>(&text).ok());
        match stored.filter(|stored| stored.directory == self.config.directory) {
            Some(stored) if stored.contact == self.config.contact => {
                let http = self.http().await?;
                let account = Account::builder_with_http(http);
                Ok(account.from_credentials(stored.account).await?)
            }
            // with another address it is another account
            Some(_) | None => self.open_account().await,
        }
    }

    async fn open_account(&self) -> Result<Account, AcmeTrouble> {
        let contact = self.config.contact.as_ref();
        let contact: Vec<String> = contact
            .map(|mail| format!("mailto:{mail}"))
            .into_iter()
            .collect();
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new = NewAccount {
            contact: &contact,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let builder = Account::builder_with_http(self.http().await?);
        let directory = self.config.directory.clone();
        let (account, credentials) = builder.create(&new, directory.clone(), None).await?;
        let stored = Stored {
            directory,
            contact: self.config.contact.clone(),
            account: credentials,
        };
        let text = serde_json::to_vec(&stored).map_err(|error| disk(&error.into()))?;
        self.store(ACCOUNT_FILE, text.into()).await?;
        Ok(account)
    }

    /// Shows the authority that the hub has the name.
    async fn prove(&self, order: &mut Order) -> Result<(), AcmeTrouble> {
        let challenges = self.certificate.challenges();
        let challenges = challenges.expect("whoever asks authorities shows challenges");
        let mut shown = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let Some(mut challenge) = authorization.challenge(ChallengeType::TlsAlpn01) else {
                let detail = "it does not look at TCP port 443 (TLS-ALPN-01)";
                return Err(AcmeTrouble::new(AcmeFault::Refused, detail));
            };
            let digest = challenge.key_authorization().digest();
            let show = challenges.show(&self.config.name, digest.as_ref());
            shown.push(
                show.map_err(|error| AcmeTrouble::new(AcmeFault::Refused, &error.to_string()))?,
            );
            challenge.set_ready().await?;
        }
        let polled = order.poll_ready(&POLLING).await;
        match polled {
            Ok(OrderStatus::Ready | OrderStatus::Valid) => return Ok(()),
            // why, stands with the challenge
            Ok(OrderStatus::Invalid | OrderStatus::Pending | OrderStatus::Processing)
            | Err(Error::Api(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            let now = authorization.refresh().await?;
            if let Some(problem) = now.challenges.iter().find_map(|c| c.error.clone()) {
                return Err(Error::Api(problem).into());
            }
        }
        let nothing = || AcmeTrouble::new(AcmeFault::Refused, "it does not say why");
        Err(polled.err().map_or_else(nothing, Into::into))
    }

    /// A client that trusts whom the operating system trusts, and the roots that were given.
    async fn http(&self) -> Result<Box<dyn HttpClient>, AcmeTrouble> {
        let roots = self.config.roots.clone();
        // a hundred files
        let read = tokio::task::spawn_blocking(move || verifier(roots)).await;
        let verifier = read.map_err(|error| disk(&error.into()))??;
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has ciphers for them")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .build();
        Ok(Box::new(Http {
            client: Client::builder(TokioExecutor::new()).build(connector),
            told: Arc::clone(&self.told),
        }))
    }

    async fn store(&self, name: &str, bytes: Zeroizing<Vec<u8>>) -> Result<(), AcmeTrouble> {
        let path = self.data.join(name);
        let stored = tokio::task::spawn_blocking(move || private_file::replace(&path, &bytes));
        let stored = stored.await.unwrap_or_else(|error| Err(error.into()));
        stored.map_err(|error| disk(&error))
    }
}

fn verifier(roots: Option<PathBuf>) -> Result<Verifier, AcmeTrouble> {
    let mut given = Vec::new();
    if let Some(path) = roots {
        let unread = |detail: String| {
            let detail = format!("{}: {detail}", path.display());
            AcmeTrouble::new(AcmeFault::Untrusted, &detail)
        };
        let read =
            CertificateDer::pem_file_iter(&path).map_err(|error| unread(error.to_string()))?;
        given = read
            .collect::<Result<_, _>>()
            .map_err(|error| unread(error.to_string()))?;
        if given.is_empty() {
            return Err(unread("it holds no certificate in PEM".to_owned()));
        }
    }
    let provider = Arc::new(ring::default_provider());
    Verifier::new_with_extra_roots(given, provider)
        .map_err(|error| AcmeTrouble::new(AcmeFault::Untrusted, &error.to_string()))
}

/// Asks the authority, within limits.
struct Http {
    client: Client<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
    told: Arc<Mutex<Option<Duration>>>,
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let asked = self.client.request(request);
        let told = Arc::clone(&self.told);
        let answer = async move {
            let (parts, body) = asked.await.map_err(other)?.into_parts();
            if matches!(
                parts.status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
            ) {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = wait(&parts.headers);
            }
            let body = Limited::new(body, MOST_ANSWER_BYTES).collect().await;
            let body = body.map_err(Error::Other)?.to_bytes();
            // of something in front of the authority, which will be back
            if parts.status.is_server_error() && !body.starts_with(b"{") {
                return Err(other(io::Error::other(format!(
                    "it answers {}",
                    parts.status
                ))));
            }
            Ok(BytesResponse {
                parts,
                body: Box::new(body),
            })
        };
        Box::pin(async move {
            let in_time = tokio::time::timeout(ANSWER, answer).await;
            in_time.unwrap_or_else(|elapsed| Err(other(elapsed)))
        })
    }
}

fn other(error: impl StdError + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}

/// How long to wait, in seconds or until a moment.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let said = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = said.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = jiff::fmt::rfc2822::parse(said).ok()?.timestamp();
    Duration::try_from(jiff::Timestamp::now().duration_until(moment)).ok()
}

fn disk(error: &io::Error) -> AcmeTrouble {
    AcmeTrouble::new(AcmeFault::Disk, &error.to_string())
}

fn kind(problem: &Problem) -> &str {
    let kind = problem.r#type.as_deref().unwrap_or_default();
    kind.strip_prefix(PROBLEM).unwrap_or(kind)
}

impl From<Error> for AcmeTrouble {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the enum is non-exhaustive, and for the rest there is one advice"
    )]
    fn from(error: Error) -> Self {
        match error {
            Error::Api(problem) => {
                let fault = match kind(&problem) {
                    "connection" | "incorrectResponse" | "tls" | "unauthorized" => {
                        AcmeFault::NotReached
                    }
                    "dns" => AcmeFault::NoName,
                    "caa" => AcmeFault::Forbidden,
                    "rateLimited" => AcmeFault::Limited,
                    "externalAccountRequired" => AcmeFault::NoCustomer,
                    "invalidContact" | "unsupportedContact" => AcmeFault::Contact,
                    _ => AcmeFault::Refused,
                };
                let nested = problem.subproblems.first();
                let detail = nested.and_then(|nested| nested.detail.clone());
                let detail = detail.or(problem.detail).or(problem.r#type);
                Self::new(fault, &detail.unwrap_or_default())
            }
            Error::Json(error) => Self::new(AcmeFault::NoDirectory, &error.to_string()),
            error => {
                let (said, is_trusted) = causes(&error);
                let fault = if is_trusted {
                    AcmeFault::Unreachable
                } else {
                    AcmeFault::Untrusted
                };
                Self::new(fault, &said)
            }
        }
    }
}

/// What went wrong, down to the bottom, and whether it was anything else than the authority's own certificate.
fn causes(error: &(dyn StdError + 'static)) -> (String, bool) {
    let (mut said, mut is_trusted) = (error.to_string(), true);
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        let words = error.to_string();
        if !said.contains(&words) {
            said.push_str(": ");
            said.push_str(&words);
        }
        if error.downcast_ref().is_some_and(is_mistrust) {
            is_trusted = false;
        }
        cause = error.source();
    }
    (said, is_trusted)
}

/// Whether it comes of a certificate, maybe within others of its kind.
fn is_mistrust(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inside| {
        let fault = inside.downcast_ref::<rustls::Error>();
        matches!(fault, Some(rustls::Error::InvalidCertificate(_)))
            || inside.downcast_ref().is_some_and(is_mistrust)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn trouble(kind: &str, detail: &str) -> AcmeTrouble {
        let problem = serde_json::json!({ "type": format!("{PROBLEM}{kind}"), "detail": detail });
        let problem: Problem = serde_json::from_value(problem).expect("a problem");
        Error::Api(problem).into()
    }

    #[test]
    fn each_refusal_of_an_authority_is_a_trouble_that_somebody_can_act_on() {
        for (kind, fault) in [
            ("connection", AcmeFault::NotReached),
            ("unauthorized", AcmeFault::NotReached),
            ("dns", AcmeFault::NoName),
            ("caa", AcmeFault::Forbidden),
            ("rateLimited", AcmeFault::Limited),
            ("externalAccountRequired", AcmeFault::NoCustomer),
            ("invalidContact", AcmeFault::Contact),
            ("rejectedIdentifier", AcmeFault::Refused),
        ] {
            let trouble = trouble(kind, "why");
            assert_eq!((trouble.fault, trouble.detail.as_str()), (fault, "why"));
        }
    }

    #[test]
    fn an_authority_says_how_long_to_wait_in_seconds_or_until_a_moment() {
        let said = |text: &str| {
            let value = HeaderValue::from_str(text).expect("a header");
            wait(&HeaderMap::from_iter([(header::RETRY_AFTER, value)]))
        };
        assert_eq!(said("120"), Some(Duration::from_mins(2)));
        let long = said("Fri, 31 Dec 2100 23:59:59 GMT").expect("a time");
        assert!(long > Duration::from_hours(24 * 365));
        assert_eq!(said("Fri, 31 Dec 1999 23:59:59 GMT"), None);
        assert_eq!(said("soon"), None);
        assert_eq!(wait(&HeaderMap::new()), None);
    }
}
