//! Who signs in at an HTTP proxy, and how: the account that somebody is logged in with here, where the proxy takes
//! that; or else a login by NTLM, Digest, or, where nothing better is to be had, Basic.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_auth::{DigestClient, PasswordParams, parse_challenges};
use protocol::{NoAccount, ProxyLogin};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::account::{Account, Accounts};
use super::ntlm::{self, Challenge, Moment};

/// How much of what a proxy offers is repeated in an error.
const MAX_OFFERED_CHARS: usize = 60;
/// Seconds from 1601 to 1970.
const FILE_TIME_EPOCH_SECONDS: u64 = 11_644_473_600;
/// How often an answer may come too late for its question.
const MAX_STALE: u8 = 2;
const NTLM: &str = "NTLM";
const NEGOTIATE: &str = "Negotiate";
const BASIC: &str = "Basic";

/// There is no further answer to a proxy's question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoAnswer {
    NobodySignsIn,
    Refused,
    Unknown {
        offered: String,
    },
    Nonsense,
    /// It takes no passwords, and `why` not the account.
    AccountsOnly {
        why: NoAccount,
    },
}

/// A sign-in under way.
#[derive(Debug)]
pub(super) struct SignIn<'a> {
    login: Option<&'a ProxyLogin>,
    account: OfAccount<'a>,
    /// `host:port`, as in the request.
    target: &'a str,
    /// By the login.
    said: Said,
    /// What was answered before was turned down, and something else is tried.
    begins_anew: bool,
}

/// How far the account of this computer got.
#[derive(Debug)]
enum OfAccount<'a> {
    /// It may sign in at this host.
    Free(&'a Accounts, &'a str),
    Begun(Account),
    /// It has answered to more than the first question.
    GoesOn(Account),
    DoesNot(NoAccount),
}

/// What was answered last.
#[derive(Debug)]
enum Said {
    Nothing,
    Basic,
    Digest { stale: u8 },
    NtlmBegun { scheme: &'static str },
    NtlmAnswered,
}

impl<'a> SignIn<'a> {
    /// `account` says at which host the account of this computer may sign in.
    pub(super) fn new(
        login: Option<&'a ProxyLogin>,
        account: Option<(&'a Accounts, &'a str)>,
        target: &'a str,
    ) -> Self {
        let account = account.map(|(accounts, host)| OfAccount::Free(accounts, host));
        Self {
            login,
            account: account.unwrap_or(OfAccount::DoesNot(NoAccount::NoTicket)),
            target,
            said: Said::Nothing,
            begins_anew: false,
        }
    }

    /// Whether the next answer has to go over a new connection: proxies hold on to the way that was begun.
    pub(super) fn begins_anew(&self) -> bool {
        self.begins_anew
    }

    /// Whether the next answer must go over the connection by which the question came.
    pub(super) fn is_bound(&self) -> bool {
        matches!(self.said, Said::NtlmAnswered) || matches!(self.account, OfAccount::GoesOn(_))
    }

    /// Whether the proxy gets to know the login from the next answer on.
    pub(super) fn uses_login(&self) -> bool {
        self.login.is_some() && !matches!(self.said, Said::Nothing)
    }

    /// What to answer to `challenges`: the value of `Proxy-Authorization`. Takes a few seconds at most, and those
    /// only where the account is asked for.
    pub(super) async fn answer(&mut self, challenges: &[String]) -> Result<String, NoAnswer> {
        let challenges = &apart(challenges);
        self.begins_anew = false;
        if matches!(self.said, Said::Nothing)
            && let Some(answer) = self.by_account(challenges).await
        {
            return Ok(answer);
        }
        self.by_login(challenges)
    }

    /// The account's answer, while the proxy asks for one and the system has one.
    async fn by_account(&mut self, challenges: &[&str]) -> Option<String> {
        let mut tokens = challenges.iter().filter_map(|c| after(c, NEGOTIATE));
        let token = tokens.next()?;
        let refused = OfAccount::DoesNot(NoAccount::Refused);
        let mut account = match std::mem::replace(&mut self.account, refused) {
            OfAccount::Free(accounts, host) if token.is_empty() => match accounts.sign_in(host) {
                Ok(account) => account,
                Err(why) => {
                    self.account = OfAccount::DoesNot(why);
                    return None;
                }
            },
            OfAccount::Begun(account) | OfAccount::GoesOn(account) if !token.is_empty() => account,
            // whoever answers what nobody said, or asks anew, does not want it
            OfAccount::Free(..) | OfAccount::Begun(_) | OfAccount::GoesOn(_) => {
                self.begins_anew = true;
                return None;
            }
            OfAccount::DoesNot(why) => {
                self.account = OfAccount::DoesNot(why);
                return None;
            }
        };
        let message = BASE64.decode(token).ok()?;
        let is_first = message.is_empty();
        match account.answer(message).await {
            Ok(answer) => {
                self.account = if is_first {
                    OfAccount::Begun(account)
                } else {
                    OfAccount::GoesOn(account)
                };
                Some(format!("{NEGOTIATE} {}", BASE64.encode(answer)))
            }
            Err(why) if is_first => {
                self.account = OfAccount::DoesNot(why);
                None
            }
            // what the proxy says back makes no sense to the system
            Err(_) => {
                self.begins_anew = true;
                None
            }
        }
    }

    fn by_login(&mut self, challenges: &[&str]) -> Result<String, NoAnswer> {
        let Some(login) = self.login else {
            return self.without_login(challenges);
        };
        match self.said {
            Said::Nothing => self.begin(login, challenges),
            Said::Basic | Said::NtlmAnswered => Err(NoAnswer::Refused),
            Said::Digest { stale } => {
                let late = digests(challenges).find(DigestClient::stale);
                let late = late.filter(|_| stale < MAX_STALE);
                let digest = late.ok_or(NoAnswer::Refused)?;
                self.said = Said::Digest { stale: stale + 1 };
                self.by_digest(login, digest)
            }
            Said::NtlmBegun { scheme } => {
                let mut tokens = challenges.iter().filter_map(|c| after(c, scheme));
                let Some(token) = tokens.find(|t| !t.is_empty()) else {
                    // whoever asks anew has refused the beginning; some mean Kerberos alone by it
                    if scheme != NEGOTIATE {
                        return Err(NoAnswer::Refused);
                    }
                    self.begins_anew = true;
                    let basic = self.basic(login, challenges);
                    return basic.ok_or_else(|| self.accounts_only());
                };
                let message = BASE64.decode(token).map_err(|_text| NoAnswer::Nonsense)?;
                let challenge = Challenge::parse(&message).ok_or(NoAnswer::Nonsense)?;
                self.said = Said::NtlmAnswered;
                let answer = ntlm::authenticate(login, &challenge, moment());
                Ok(format!("{scheme} {}", BASE64.encode(answer)))
            }
        }
    }

    /// Whether it is of use to ask somebody for a login. Where nothing but `Negotiate` is offered, which may mean
    /// Kerberos alone, NTLM is begun to find out; nobody signs in by that.
    fn without_login(&mut self, challenges: &[&str]) -> Result<String, NoAnswer> {
        let mut with_login = ["Digest", NTLM, BASIC].into_iter();
        let takes_logins = with_login.any(|scheme| offers(challenges, scheme));
        match self.said {
            Said::Nothing if offers(challenges, NEGOTIATE) && !takes_logins => {
                Ok(self.begin_ntlm(NEGOTIATE))
            }
            Said::NtlmBegun { .. } => {
                let mut tokens = challenges.iter().filter_map(|c| after(c, NEGOTIATE));
                if tokens.any(|token| !token.is_empty()) {
                    Err(NoAnswer::NobodySignsIn)
                } else {
                    Err(self.accounts_only())
                }
            }
            Said::Nothing | Said::Basic | Said::Digest { .. } | Said::NtlmAnswered => {
                Err(NoAnswer::NobodySignsIn)
            }
        }
    }

    fn accounts_only(&self) -> NoAnswer {
        let why = match &self.account {
            OfAccount::DoesNot(why) => *why,
            OfAccount::Free(..) | OfAccount::Begun(_) | OfAccount::GoesOn(_) => NoAccount::Refused,
        };
        NoAnswer::AccountsOnly { why }
    }

    /// Answers in the best way that is offered.
    fn begin(&mut self, login: &ProxyLogin, challenges: &[&str]) -> Result<String, NoAnswer> {
        let mut all: Vec<DigestClient> = digests(challenges).collect();
        all.sort_by_key(|digest| !is_sha(digest));
        let digest = all.into_iter().next();
        let ntlm = offers(challenges, NTLM);
        match digest {
            Some(digest) if is_sha(&digest) || !ntlm => {
                self.said = Said::Digest { stale: 0 };
                return self.by_digest(login, digest);
            }
            Some(_) | None => {}
        }
        let scheme = if ntlm {
            NTLM
        } else if offers(challenges, NEGOTIATE) {
            // by which Windows' proxies mean Kerberos or NTLM
            NEGOTIATE
        } else if let Some(answer) = self.basic(login, challenges) {
            return Ok(answer);
        } else {
            let schemes = challenges.iter().filter_map(|c| c.split(' ').next());
            let schemes = schemes.filter(|scheme| !scheme.eq_ignore_ascii_case(BASIC));
            let offered = schemes.collect::<Vec<_>>().join(", ");
            let offered = offered.chars().filter(char::is_ascii_graphic);
            let offered = offered.take(MAX_OFFERED_CHARS).collect();
            return Err(NoAnswer::Unknown { offered });
        };
        Ok(self.begin_ntlm(scheme))
    }

    fn begin_ntlm(&mut self, scheme: &'static str) -> String {
        self.said = Said::NtlmBegun { scheme };
        format!("{scheme} {}", BASE64.encode(ntlm::negotiate()))
    }

    /// Sends the password as it is; `None` where that is not asked for, or Digest is that makes no sense.
    fn basic(&mut self, login: &ProxyLogin, challenges: &[&str]) -> Option<String> {
        if !offers(challenges, BASIC) || offers(challenges, "Digest") {
            return None;
        }
        self.said = Said::Basic;
        let both = format!("{}:{}", login.user(), login.password());
        Some(format!("Basic {}", BASE64.encode(both)))
    }

    fn by_digest(&self, login: &ProxyLogin, mut digest: DigestClient) -> Result<String, NoAnswer> {
        let answer = digest.respond(&PasswordParams {
            username: login.user(),
            password: login.password(),
            uri: self.target,
            method: "CONNECT",
            body: None,
        });
        answer.map_err(|_detail| NoAnswer::Nonsense)
    }
}

/// The challenges one by one: a header may hold several, with commas between them as between the
/// parameters of each.
fn apart(headers: &[String]) -> Vec<&str> {
    let mut challenges = Vec::new();
    for header in headers {
        let mut begin = 0;
        let (mut quoted, mut escaped) = (false, false);
        for (at, byte) in header.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b',' if !quoted && begins_challenge(&header[at + 1..]) => {
                    challenges.push(header[begin..at].trim());
                    begin = at + 1;
                }
                _ => {}
            }
        }
        challenges.push(header[begin..].trim());
    }
    challenges
}

/// Whether a scheme comes next, and not one more parameter.
fn begins_challenge(text: &str) -> bool {
    let text = text.trim_start();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let rest = text.trim_start_matches(is_name);
    let ends = rest.is_empty() || rest.starts_with([' ', '\t', ',']);
    rest.len() < text.len() && ends && !rest.trim_start().starts_with('=')
}

fn offers(challenges: &[&str], scheme: &str) -> bool {
    challenges.iter().any(|c| after(c, scheme).is_some())
}

/// What follows the name of `scheme` in a challenge of it.
fn after<'c>(challenge: &'c str, scheme: &str) -> Option<&'c str> {
    let (name, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// The challenges by Digest that make sense.
fn digests(challenges: &[&str]) -> impl Iterator<Item = DigestClient> {
    let parsed = challenges.iter().filter_map(|c| parse_challenges(c).ok());
    parsed.flatten().filter_map(|challenge| {
        let is_digest = challenge.scheme.eq_ignore_ascii_case("Digest");
        is_digest.then(|| DigestClient::try_from(&challenge).ok())?
    })
}

fn is_sha(digest: &DigestClient) -> bool {
    use http_auth::digest::Algorithm;
    !matches!(digest.algorithm(), Algorithm::Md5)
}

fn moment() -> Moment {
    let mut nonce = [0; 8];
    SystemRandom::new()
        .fill(&mut nonce)
        .expect("the system has randomness");
    let since_1970 = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = since_1970.as_secs() + FILE_TIME_EPOCH_SECONDS;
    let file_time = seconds * 10_000_000 + u64::from(since_1970.subsec_nanos()) / 100;
    Moment { file_time, nonce }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    const MD5: &str = r#"Digest realm="r", nonce="n", qop="auth", algorithm=MD5"#;
    const SHA: &str = r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256"#;

    fn login() -> ProxyLogin {
        ProxyLogin::new("anna", "pass word").expect("short")
    }

    fn first_answer(challenges: &[&str]) -> Result<String, NoAnswer> {
        let (login, challenges) = (login(), owned(challenges));
        let mut sign_in = SignIn::new(Some(&login), None, "hub.example:443");
        answer(&mut sign_in, &challenges)
    }

    /// Nobody is asked for an account, so nothing takes time.
    fn answer(sign_in: &mut SignIn<'_>, challenges: &[String]) -> Result<String, NoAnswer> {
        sign_in.answer(challenges).now_or_never().expect("at once")
    }

    fn owned(challenges: &[&str]) -> Vec<String> {
        challenges.iter().map(|&c| c.to_owned()).collect()
    }

    #[test]
    fn r3_the_password_itself_is_sent_only_where_nothing_better_is_offered() {
        let basic = r#"Basic realm="x""#;
        let both = BASE64.encode("anna:pass word");
        assert_eq!(first_answer(&[basic]), Ok(format!("Basic {both}")));
        for (challenges, begins) in [
            (&[basic, MD5][..], "Digest "),
            (&[basic, "NTLM"], "NTLM TlRMTVNTUAAB"),
            (&["NTLM", MD5, basic], "NTLM "),
            (&["ntlm", SHA, MD5, basic], "Digest "),
            (&["Negotiate", "NTLM"], "NTLM "),
            (&["Negotiate"], "Negotiate TlRMTVNTUAAB"),
            (&["Negotiate", basic], "Negotiate TlRMTVNTUAAB"),
            (&[r#"Basic realm="x, y", NTLM"#], "NTLM "),
            (&[r#"NTLM, Basic realm="x""#], "NTLM "),
            (&[r#"Basic realm="\", NTLM", negotiate"#], "Negotiate "),
            (
                &[r#"Basic realm="x",Digest realm="r", nonce="n", qop="auth""#],
                "Digest ",
            ),
        ] {
            let answer = first_answer(challenges).expect("an answer");
            assert!(answer.starts_with(begins), "{challenges:?}: {answer}");
            assert!(!answer.contains(&both) && !answer.contains("pass word"));
        }
    }

    #[test]
    fn r3_basic_does_not_stand_in_for_what_is_not_understood() {
        let basic = r#"Basic realm="x""#;
        for odd in ["Digest", r#"Digest realm="r", nonce="n", algorithm=ODD"#] {
            let offered = "Digest".to_owned();
            let unknown = Err(NoAnswer::Unknown { offered });
            assert_eq!(first_answer(&[odd, basic]), unknown, "{odd}");
        }
        // one that takes no NTLM under that name has turned down nobody's password yet
        let login = login();
        let mut sign_in = SignIn::new(Some(&login), None, "hub.example:443");
        let asked = owned(&["Negotiate", basic]);
        answer(&mut sign_in, &asked).expect("begun");
        let basic = answer(&mut sign_in, &asked).expect("an answer");
        assert!(basic.starts_with("Basic "), "{basic}");
        assert!(sign_in.begins_anew());
        assert_eq!(answer(&mut sign_in, &asked), Err(NoAnswer::Refused));
    }

    /// What the quoted or plain parameter `name` of an answer is.
    fn parameter(answer: &str, name: &str) -> String {
        let (_, rest) = answer.split_once(&format!(" {name}=")).expect("there");
        let end = if let Some(rest) = rest.strip_prefix('"') {
            return rest.split('"').next().expect("one").to_owned();
        } else {
            rest.split(',').next()
        };
        end.expect("one").trim().to_owned()
    }

    #[test]
    fn r3_digest_takes_sha_256_where_it_can() {
        let answer = first_answer(&[MD5, SHA]).expect("an answer");
        assert_eq!(parameter(&answer, "algorithm"), "SHA-256");
        let hash = |text: String| {
            let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
            let digits = |byte: &u8| [byte >> 4, byte & 15].map(u32::from);
            let digits = digest.as_ref().iter().flat_map(digits);
            digits
                .filter_map(|digit| char::from_digit(digit, 16))
                .collect::<String>()
        };
        let (a1, a2) = (
            hash("anna:r:pass word".to_owned()),
            hash("CONNECT:hub.example:443".to_owned()),
        );
        let (nc, cnonce) = (parameter(&answer, "nc"), parameter(&answer, "cnonce"));
        let expected = hash(format!("{a1}:n:{nc}:{cnonce}:auth:{a2}"));
        assert_eq!(parameter(&answer, "response"), expected);
    }

    #[test]
    fn r3_a_late_digest_is_made_anew_and_a_wrong_one_is_not() {
        let stale = owned(&[r#"Digest realm="r", nonce="m", qop="auth", stale=true"#]);
        let login = login();
        let mut sign_in = SignIn::new(Some(&login), None, "hub.example:443");
        answer(&mut sign_in, &owned(&[MD5])).expect("an answer");
        let again = answer(&mut sign_in, &stale).expect("a second one");
        assert_eq!(parameter(&again, "nonce"), "m");
        assert_eq!(answer(&mut sign_in, &owned(&[MD5])), Err(NoAnswer::Refused));
        // however often it says so
        answer(&mut sign_in, &stale).expect("a third one");
        assert_eq!(answer(&mut sign_in, &stale), Err(NoAnswer::Refused));
    }

    #[test]
    fn r3_nobody_is_signed_in_without_being_asked_for() {
        let mut nobody = SignIn::new(None, None, "hub.example:443");
        assert_eq!(
            answer(&mut nobody, &owned(&[MD5])),
            Err(NoAnswer::NobodySignsIn)
        );
        let unknown = first_answer(&["Bearer x", "\u{202e}Odd"]);
        let offered = "Bearer,Odd".to_owned();
        assert_eq!(unknown, Err(NoAnswer::Unknown { offered }));
        let login = login();
        let mut sign_in = SignIn::new(Some(&login), None, "hub.example:443");
        answer(&mut sign_in, &owned(&["NTLM"])).expect("begun");
        assert_eq!(
            answer(&mut sign_in, &owned(&["NTLM !"])),
            Err(NoAnswer::Nonsense)
        );
        assert_eq!(
            answer(&mut sign_in, &owned(&["NTLM"])),
            Err(NoAnswer::Refused)
        );
    }

    #[test]
    fn r3_nobody_is_asked_for_a_password_that_a_proxy_does_not_take() {
        // by that name Kerberos alone, or Kerberos and NTLM
        let asks = owned(&["Negotiate"]);
        let mut nobody = SignIn::new(None, None, "hub.example:443");
        let probe = answer(&mut nobody, &asks).expect("a question back");
        assert!(probe.starts_with("Negotiate TlRMTVNTUAAB"), "{probe}");
        assert!(!nobody.uses_login());
        let why = NoAccount::NoTicket;
        let only = Err(NoAnswer::AccountsOnly { why });
        assert_eq!(answer(&mut nobody, &asks), only);
        let mut nobody = SignIn::new(None, None, "hub.example:443");
        answer(&mut nobody, &asks).expect("a question back");
        let challenged = owned(&["Negotiate TlRMTVNTUAACAAAA"]);
        let asked_for = Err(NoAnswer::NobodySignsIn);
        assert_eq!(answer(&mut nobody, &challenged), asked_for);
        // a login that is there is turned down by nobody either
        let login = login();
        let mut sign_in = SignIn::new(Some(&login), None, "hub.example:443");
        answer(&mut sign_in, &asks).expect("begun");
        assert!(sign_in.uses_login());
        assert_eq!(answer(&mut sign_in, &asks), only);
    }

    proptest! {
        #[test]
        fn whatever_a_proxy_asks_there_is_an_answer_or_none(
            asked in prop::collection::vec(
                "(Basic|Digest|NTLM|Negotiate|)[ ]?([a-z]{1,9}=\"?[a-zA-Z0-9\\\\,\"=]{0,12}\"?,? ?){0,6}.{0,9}",
                0..5
            ),
        ) {
            let login = login();
            let mut sign_in = SignIn::new(Some(&login), None, "hub.example:443");
            let mut rounds = 0;
            while let Ok(said) = answer(&mut sign_in, &asked) {
                prop_assert!(!said.contains(['\r', '\n']));
                rounds += 1;
                prop_assert!(rounds < 6, "for ever");
            }
        }
    }
}
