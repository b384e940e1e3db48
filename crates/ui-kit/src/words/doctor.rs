//! What the connection doctor found, in words: a sentence for whoever sits there, and a text for the people
//! of their network, who have never heard of a hub. To them it is the server.

use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use protocol::diagnosis::{
    Check, Diagnosis, Family, Finding, Found, Opener, Opening, State, Verdict,
};
use protocol::{CertificateFault, HubAddress, NoAccount, ProxyAddress, ProxyError, ProxySource};

use super::{
    Lang, Word, certificate_problem, other_version, proxy_text, refusal_for_user, visible_line, w,
};

/// What is looked at.
pub fn check_name(lang: Lang, check: &Check) -> String {
    let of = |family: &Family| match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    };
    match (lang, check) {
        (Lang::En, Check::Name) => "name".to_owned(),
        (Lang::It, Check::Name) => "nome".to_owned(),
        (Lang::En, Check::Udp { port, family }) => format!("UDP port {port} ({})", of(family)),
        (Lang::It, Check::Udp { port, family }) => format!("porta UDP {port} ({})", of(family)),
        (Lang::En, Check::Tcp { port, family }) => format!("TCP port {port} ({})", of(family)),
        (Lang::It, Check::Tcp { port, family }) => format!("porta TCP {port} ({})", of(family)),
        (Lang::En, Check::ProxySettings) => "proxies".to_owned(),
        (Lang::It, Check::ProxySettings) => "proxy".to_owned(),
        (_, Check::Proxy(proxy)) => format!("proxy {proxy}"),
    }
}

/// What was found, after the name of what was looked at.
pub fn found_text(lang: Lang, finding: &Finding, hub: &HubAddress) -> String {
    let Finding { check, found, .. } = finding;
    let fixed = |en: &str, it: &str| match lang {
        Lang::En => en.to_owned(),
        Lang::It => it.to_owned(),
    };
    match found {
        Found::Addresses(known) => {
            let known = addresses(known);
            match lang {
                Lang::En if known == hub.host => {
                    "not needed, as the address is a number".to_owned()
                }
                Lang::It if known == hub.host => "non serve, l'indirizzo è un numero".to_owned(),
                Lang::En => format!("{} is {known}", hub.host),
                Lang::It => format!("{} è {known}", hub.host),
            }
        }
        Found::NotResolved { detail } => match lang {
            Lang::En => format!("nobody here knows {} ({detail})", hub.host),
            Lang::It => format!("qui nessuno conosce {} ({detail})", hub.host),
        },
        Found::NoProxyWanted => fixed("none is to be used", "non se ne usano"),
        Found::NoProxyNamed { by } => match by {
            ProxySource::Environment => fixed(
                "the environment says to do without for this server (no_proxy)",
                "l'ambiente dice di farne a meno per questo server (no_proxy)",
            ),
            ProxySource::Settings => fixed(
                "the system's settings name none for this server",
                "le impostazioni di sistema non ne indicano per questo server",
            ),
            ProxySource::Script => fixed(
                "the script (PAC) of the system's settings names none for this server",
                "lo script (PAC) delle impostazioni di sistema non ne indica per questo server",
            ),
        },
        Found::ProxiesNamed { count, by } => proxies_named(lang, *count, *by),
        Found::ProxiesNotTold => fixed(
            "the system does not say in time which there are; a script (PAC) of its settings may not be reachable",
            "il sistema non dice in tempo quali ci sono; uno script (PAC) delle sue impostazioni può non essere raggiungibile",
        ),
        Found::NeedsScript => w(lang, Word::ProxyScript).to_owned(),
        Found::Works { port, opened_by } => works(lang, check, *port, opened_by.as_ref()),
        Found::NoWayHere => match (lang, check) {
            (
                Lang::En,
                Check::Udp {
                    family: Family::Ipv6,
                    ..
                }
                | Check::Tcp {
                    family: Family::Ipv6,
                    ..
                },
            ) => "not tried, as this computer has no IPv6".to_owned(),
            (
                Lang::It,
                Check::Udp {
                    family: Family::Ipv6,
                    ..
                }
                | Check::Tcp {
                    family: Family::Ipv6,
                    ..
                },
            ) => "non provata: questo computer non ha IPv6".to_owned(),
            _ => fixed(
                "not tried, as this computer knows no way there",
                "non provata: questo computer non conosce una via",
            ),
        },
        Found::NoAnswer => fixed("nothing came back", "non è tornato nulla"),
        Found::Unreachable => fixed(
            "a router on the way says that it does not lead there",
            "un router lungo il percorso dice che da lì non si passa",
        ),
        Found::PortClosed if check.is_beside(hub) => fixed(
            "refused; the server need not be there",
            "rifiutata; il server può anche non usarla",
        ),
        Found::PortClosed => fixed(
            "refused: nothing listens there, or a firewall refuses in its place",
            "rifiutata: lì non ascolta nessuno, o un firewall rifiuta al suo posto",
        ),
        Found::Silent => fixed(
            "connects, and then nothing comes back",
            "si connette, poi non torna nulla",
        ),
        Found::CutOff => fixed(
            "connects, and is cut off as soon as it is used",
            "si connette, ma viene interrotta appena la si usa",
        ),
        Found::OtherServer { status, shows } => other_server(lang, *status, shows.as_ref()),
        Found::ForeignKey => fixed(
            "another server answers: its key is not the one that is known",
            "risponde un altro server: la sua chiave non è quella nota",
        ),
        Found::Certificate(_) => fixed(
            "the certificate does not prove that it is the server",
            "il certificato non dimostra che sia il server",
        ),
        Found::OtherVersion(too_old) => other_version(lang, *too_old, hub),
        Found::TurnedAway(refusal) => refusal_for_user(lang, *refusal),
        Found::Proxy(error) => proxy_row(lang, error),
        Found::Failed { detail } => match lang {
            Lang::En => format!("failed: {}", visible_line(detail)),
            Lang::It => format!("non riuscita: {}", visible_line(detail)),
        },
    }
}

/// How many there are, and who says so.
fn proxies_named(lang: Lang, count: usize, by: Option<ProxySource>) -> String {
    let are = match (lang, count) {
        (Lang::En, 1) => "one is set".to_owned(),
        (Lang::It, 1) => "ne è impostato uno".to_owned(),
        (Lang::En, _) => format!("{count} are set"),
        (Lang::It, _) => format!("ne sono impostati {count}"),
    };
    let by = match (lang, by) {
        (_, None) => return are,
        (Lang::En, Some(ProxySource::Environment)) => "in the environment (https_proxy)",
        (Lang::It, Some(ProxySource::Environment)) => "nell'ambiente (https_proxy)",
        (Lang::En, Some(ProxySource::Settings)) => {
            "by the system's settings, or their script (PAC)"
        }
        (Lang::It, Some(ProxySource::Settings)) => {
            "dalle impostazioni di sistema, o dal loro script (PAC)"
        }
        (Lang::En, Some(ProxySource::Script)) => "by the script (PAC) of the system's settings",
        (Lang::It, Some(ProxySource::Script)) => "dallo script (PAC) delle impostazioni di sistema",
    };
    format!("{are} {by}")
}

/// What a proxy did, after its name.
fn proxy_row(lang: Lang, error: &ProxyError) -> String {
    let fixed = |en: &str, it: &str| match lang {
        Lang::En => en.to_owned(),
        Lang::It => it.to_owned(),
    };
    match error {
        ProxyError::NoAnswer { .. } => fixed("does not answer", "non risponde"),
        ProxyError::AsksForLogin { .. } => fixed(
            "asks for a user name and a password",
            "chiede un nome utente e una password",
        ),
        ProxyError::LoginRefused { .. } => fixed(
            "does not accept the user name or the password",
            "non accetta il nome utente o la password",
        ),
        ProxyError::UnknownSignIn { offered, .. } => match lang {
            Lang::En => format!("signs people in by {} only", visible_line(offered)),
            Lang::It => format!("autentica solo con {}", visible_line(offered)),
        },
        ProxyError::NotAllowed { to, .. } => match lang {
            Lang::En => format!("does not permit {}, port {}", to.host, to.port),
            Lang::It => format!("non permette {}, porta {}", to.host, to.port),
        },
        ProxyError::HubNotReached { to, .. } => match lang {
            Lang::En => format!("does not reach {}, port {}", to.host, to.port),
            Lang::It => format!("non raggiunge {}, porta {}", to.host, to.port),
        },
        ProxyError::NoProxy { .. } => fixed("is no proxy", "non è un proxy"),
        ProxyError::WantsAccount { why, .. } => match why {
            NoAccount::NoTicket => fixed(
                "takes no passwords but Kerberos (Negotiate), and there is no Kerberos ticket for it here",
                "non accetta password ma Kerberos (Negotiate), e qui non c'è un ticket Kerberos per esso",
            ),
            NoAccount::TooSlow => fixed(
                "takes no passwords but Kerberos (Negotiate), and no Kerberos ticket for it came in time",
                "non accetta password ma Kerberos (Negotiate), e nessun ticket Kerberos per esso è arrivato in tempo",
            ),
            NoAccount::Refused => fixed(
                "takes no passwords but Kerberos (Negotiate), and refuses the account of this computer",
                "non accetta password ma Kerberos (Negotiate), e rifiuta l'account di questo computer",
            ),
        },
    }
}

fn works(lang: Lang, check: &Check, port: u16, opened_by: Option<&Opener>) -> String {
    let mut text = match (lang, check) {
        (Lang::En, Check::Proxy(_)) => format!("leads to the server's port {port}"),
        (Lang::It, Check::Proxy(_)) => format!("porta alla porta {port} del server"),
        (Lang::En, _) => "works".to_owned(),
        (Lang::It, _) => "funziona".to_owned(),
    };
    if let Some(opener) = opened_by {
        let who = issuer(lang, opener);
        let _infallible = match lang {
            Lang::En => write!(
                text,
                "; {who} opens the TLS around it, but not what is inside"
            ),
            Lang::It => write!(text, "; {who} apre il TLS esterno, ma non ciò che contiene"),
        };
    }
    text
}

fn other_server(lang: Lang, status: Option<u16>, shows: Option<&Opener>) -> String {
    let mut details = Vec::new();
    if let Some(status) = status {
        details.push(format!("HTTP {status}"));
    }
    if let Some(opener) = shows {
        let who = issuer(lang, opener);
        details.push(match lang {
            Lang::En => format!("certificate from {who}"),
            Lang::It => format!("certificato di {who}"),
        });
    }
    let mut text = match lang {
        Lang::En => "something else answers in the server's place",
        Lang::It => "al posto del server risponde altro",
    }
    .to_owned();
    if !details.is_empty() {
        let _infallible = write!(text, " ({})", details.join(", "));
    }
    text
}

fn issuer(lang: Lang, opener: &Opener) -> String {
    match lang {
        _ if !opener.issuer.is_empty() => format!("“{}”", visible_line(&opener.issuer)),
        Lang::En => "somebody".to_owned(),
        Lang::It => "qualcuno".to_owned(),
    }
}

/// What follows from `found`, for whoever sits there: what is wrong, whom to call and what to tell them.
pub fn verdict_text(lang: Lang, found: &Diagnosis) -> String {
    let hub = &found.hub;
    let HubAddress { host, port } = hub;
    match (lang, found.verdict()) {
        (Lang::En, Verdict::Works(Check::Udp { .. })) => "The connection works.".to_owned(),
        (Lang::It, Verdict::Works(Check::Udp { .. })) => "La connessione funziona.".to_owned(),
        (Lang::En, Verdict::Works(Check::Proxy(proxy))) => format!(
            "The connection works, through the proxy {proxy}. It would be quicker if the network let UDP port {port} through."
        ),
        (Lang::It, Verdict::Works(Check::Proxy(proxy))) => format!(
            "La connessione funziona, attraverso il proxy {proxy}. Sarebbe più veloce se la rete lasciasse passare la porta UDP {port}."
        ),
        (Lang::En, Verdict::Works(_)) => format!(
            "The connection works, by TCP. It would be quicker if the network let UDP port {port} through."
        ),
        (Lang::It, Verdict::Works(_)) => format!(
            "La connessione funziona, via TCP. Sarebbe più veloce se la rete lasciasse passare la porta UDP {port}."
        ),
        (Lang::En, Verdict::Offline) => {
            "This computer is not connected to a network. Check its cable or its Wi-Fi.".to_owned()
        }
        (Lang::It, Verdict::Offline) => {
            "Questo computer non è connesso a una rete. Controlla il cavo o il Wi-Fi.".to_owned()
        }
        (_, Verdict::ForeignKey) => w(lang, Word::HelpDeskKeyDiffers).to_owned(),
        (_, Verdict::Certificate(fault)) => certificate(lang, found, fault),
        (_, Verdict::OtherVersion(too_old)) => other_version(lang, too_old, hub),
        (_, Verdict::TurnedAway(refusal)) => refusal_for_user(lang, refusal),
        (_, Verdict::ProxyAsks { proxy, refused }) => proxy_asks(lang, &proxy, refused),
        // it says already whom to ask
        (_, Verdict::Proxy(error @ ProxyError::NotAllowed { .. })) => proxy_text(lang, &error),
        (Lang::En, Verdict::Proxy(error)) if can_be_tried_again(&error) => format!(
            "{} If that does not help, {}",
            proxy_text(lang, &error),
            call_en().to_lowercase()
        ),
        (Lang::It, Verdict::Proxy(error)) if can_be_tried_again(&error) => format!(
            "{} Se non basta, {}",
            proxy_text(lang, &error),
            call_it().to_lowercase()
        ),
        (Lang::En, Verdict::Proxy(error)) => {
            format!("{} {}", proxy_text(lang, &error), call_en())
        }
        (Lang::It, Verdict::Proxy(error)) => {
            format!("{} {}", proxy_text(lang, &error), call_it())
        }
        (_, Verdict::ProxyScript) => w(lang, Word::ProxyScript).to_owned(),
        (Lang::En, Verdict::UnknownName) => format!(
            "Your network does not know the address {host} of the help service. Check the address and that other pages open; if both are right, {}",
            call_en().to_lowercase()
        ),
        (Lang::It, Verdict::UnknownName) => format!(
            "La tua rete non conosce l'indirizzo {host} del servizio di assistenza. Controlla l'indirizzo e se altre pagine si aprono; se è tutto giusto, {}",
            call_it().to_lowercase()
        ),
        (Lang::En, Verdict::NotRunning) => "The help service refuses connections; it may be switched off right now. Try again in a few minutes, or call whoever helps you.".to_owned(),
        (Lang::It, Verdict::NotRunning) => "Il servizio di assistenza rifiuta le connessioni; al momento potrebbe essere spento. Riprova tra qualche minuto, o chiama chi ti assiste.".to_owned(),
        (Lang::En, Verdict::Filtered) => format!(
            "Something in your network stops the connection after it has begun. {}",
            call_en()
        ),
        (Lang::It, Verdict::Filtered) => format!(
            "Qualcosa nella tua rete interrompe la connessione dopo l'inizio. {}",
            call_it()
        ),
        (Lang::En, Verdict::Blocked) => format!(
            "Your network lets nothing through to the help service. Call the people who look after it and tell them: “Allow UDP or TCP port {port} to {host}.”"
        ),
        (Lang::It, Verdict::Blocked) => format!(
            "La tua rete non lascia passare nulla verso il servizio di assistenza. Chiama chi la gestisce e digli: «Permettete la porta UDP o TCP {port} verso {host}.»"
        ),
    }
}

/// Whether whoever sits there is told to do something first.
fn can_be_tried_again(error: &ProxyError) -> bool {
    let ProxyError::WantsAccount { why, .. } = error else {
        return false;
    };
    matches!(why, NoAccount::NoTicket | NoAccount::TooSlow)
}

fn call_en() -> &'static str {
    "Call the people who look after your network and send them the details."
}

fn call_it() -> &'static str {
    "Chiama chi gestisce la tua rete e invia i dettagli."
}

fn proxy_asks(lang: Lang, proxy: &ProxyAddress, refused: bool) -> String {
    match (lang, refused) {
        (Lang::En, false) => format!(
            "Your network's proxy {proxy} asks who you are. If you do not know the name and the password, ask the people who look after your network."
        ),
        (Lang::It, false) => format!(
            "Il proxy {proxy} della tua rete chiede chi sei. Se non conosci nome e password, chiedili a chi gestisce la rete."
        ),
        (Lang::En, true) => format!(
            "Your network's proxy {proxy} does not accept the name or the password. Ask the people who look after your network."
        ),
        (Lang::It, true) => format!(
            "Il proxy {proxy} della tua rete non accetta il nome o la password. Chiedi a chi gestisce la rete."
        ),
    }
}

/// Where the time is what is wrong, the clock is told.
fn certificate(lang: Lang, found: &Diagnosis, fault: CertificateFault) -> String {
    let problem = certificate_problem(lang, &found.hub, fault);
    if !matches!(
        fault,
        CertificateFault::Expired | CertificateFault::NotYetValid
    ) {
        return problem;
    }
    let time = time(found);
    match lang {
        Lang::En => format!("{problem} The clock of this computer says {time}."),
        Lang::It => format!("{problem} L'orologio di questo computer segna {time}."),
    }
}

fn time(found: &Diagnosis) -> String {
    let seconds = i64::try_from(found.unix_seconds).unwrap_or(i64::MAX);
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Everything, as text to send to the people of the network. `program` says which one it was.
pub fn doctor_text(lang: Lang, found: &Diagnosis, program: &str) -> String {
    let HubAddress { host, port } = &found.hub;
    let mut text = verdict_text(lang, found);
    text += "\n\n";
    let facts = match lang {
        Lang::En => ["server:  ", "time:    ", "from:    ", "program: "],
        Lang::It => ["server:    ", "ora:       ", "da:        ", "programma: "],
    };
    let port_word = match lang {
        Lang::En => "port",
        Lang::It => "porta",
    };
    let own = match (lang, found.own.is_empty()) {
        (_, false) => addresses(&found.own),
        (Lang::En, true) => "no network".to_owned(),
        (Lang::It, true) => "nessuna rete".to_owned(),
    };
    let values = [
        format!("{host}, {port_word} {port}"),
        time(found),
        own,
        program.to_owned(),
    ];
    for (fact, value) in facts.iter().zip(values) {
        let _infallible = writeln!(text, "{fact}{value}");
    }
    text.push('\n');
    for finding in &found.findings {
        let mark = mark(lang, found.state(finding));
        let check = check_name(lang, &finding.check);
        let says = found_text(lang, finding, &found.hub);
        let _infallible = writeln!(text, "{mark}  {check}: {says}");
    }
    text + &advice(lang, found)
}

/// As in `hub doctor`.
fn mark(lang: Lang, state: State) -> &'static str {
    match (lang, state) {
        (_, State::Good) => "ok     ",
        (Lang::En, State::Warning) => "look at",
        (Lang::It, State::Warning) => "vedi   ",
        (Lang::En, State::Fault) => "WRONG  ",
        (Lang::It, State::Fault) => "ERRORE ",
        (_, State::Neutral) => "-      ",
    }
}

fn advice(lang: Lang, found: &Diagnosis) -> String {
    let openings = found.openings();
    let verdict = found.verdict();
    let heading = match (lang, &verdict, openings.as_slice()) {
        (_, _, []) => return String::new(),
        (Lang::En, Verdict::Works(_), _) => "To make it quicker:",
        (Lang::It, Verdict::Works(_), _) => "Per renderla più veloce:",
        (Lang::En, Verdict::NotRunning, _) => {
            "If the server runs, a firewall refuses. One of these is enough, UDP is the best:"
        }
        (Lang::It, Verdict::NotRunning, _) => {
            "Se il server è in funzione, rifiuta un firewall. Basta una di queste cose, UDP è la migliore:"
        }
        (Lang::En, _, [_]) => "What to do:",
        (Lang::It, _, [_]) => "Che cosa fare:",
        (Lang::En, _, _) => "What to do; one of these is enough, UDP is the best:",
        (Lang::It, _, _) => "Che cosa fare; basta una di queste cose, UDP è la migliore:",
    };
    let mut text = format!("\n{heading}\n");
    for opening in &openings {
        let _infallible = writeln!(text, "  -> {}", opening_text(lang, found, opening));
    }
    text += match (lang, verdict) {
        (Lang::En, Verdict::Blocked) => {
            "If these are open already, the server itself may be switched off.\n"
        }
        (Lang::It, Verdict::Blocked) => {
            "Se sono già aperte, il server stesso potrebbe essere spento.\n"
        }
        _ => "",
    };
    text += match lang {
        Lang::En => "All connections begin at this computer; nothing has to be let in.\n",
        Lang::It => {
            "Tutte le connessioni partono da questo computer; non serve aprire nulla in entrata.\n"
        }
    };
    text
}

fn opening_text(lang: Lang, found: &Diagnosis, opening: &Opening) -> String {
    let host = &found.hub.host;
    let known = addresses(found.addresses());
    let to = if known.is_empty() || known == *host {
        host.clone()
    } else {
        format!("{host} ({known})")
    };
    match (lang, opening) {
        (Lang::En, Opening::Udp { port }) => {
            format!("allow UDP port {port} to {to}, and what comes back (QUIC)")
        }
        (Lang::It, Opening::Udp { port }) => {
            format!("permettere la porta UDP {port} verso {to}, e le risposte (QUIC)")
        }
        (Lang::En, Opening::Tcp { port }) => format!("allow TCP port {port} to {to} (TLS)"),
        (Lang::It, Opening::Tcp { port }) => {
            format!("permettere la porta TCP {port} verso {to} (TLS)")
        }
        (Lang::En, Opening::Unopened { port }) => format!(
            "allow TCP port {port} to {to} without opening its TLS, or allow WebSockets to https://{host}:{port}/tunnel"
        ),
        (Lang::It, Opening::Unopened { port }) => format!(
            "permettere la porta TCP {port} verso {to} senza aprirne il TLS, o permettere i WebSocket verso https://{host}:{port}/tunnel"
        ),
        (Lang::En, Opening::Proxy { proxy, port }) => {
            format!("have the proxy {proxy} permit CONNECT to {host}:{port}")
        }
        (Lang::It, Opening::Proxy { proxy, port }) => {
            format!("far permettere al proxy {proxy} il CONNECT verso {host}:{port}")
        }
        (Lang::En, Opening::SignIn { proxy }) => {
            format!("get a user name and a password for the proxy {proxy}")
        }
        (Lang::It, Opening::SignIn { proxy }) => {
            format!("ottenere un nome utente e una password per il proxy {proxy}")
        }
        (_, Opening::Account { proxy, why }) => account_text(lang, proxy, *why),
        (Lang::En, Opening::Name) => {
            format!("have DNS know {host} here, or set the proxy by which one gets out")
        }
        (Lang::It, Opening::Name) => {
            format!("far conoscere {host} al DNS, o impostare il proxy attraverso cui si esce")
        }
    }
}

fn account_text(lang: Lang, proxy: &ProxyAddress, why: NoAccount) -> String {
    match (lang, why) {
        (Lang::En, NoAccount::NoTicket | NoAccount::Refused) => format!(
            "sign this computer in to the network of the proxy {proxy} (a Kerberos ticket; klist lists them), or have the proxy take names and passwords"
        ),
        (Lang::It, NoAccount::NoTicket | NoAccount::Refused) => format!(
            "far accedere questo computer alla rete del proxy {proxy} (un ticket Kerberos; klist li elenca), o far accettare al proxy nomi e password"
        ),
        (Lang::En, NoAccount::TooSlow) => format!(
            "let this computer reach the Kerberos server of its network (port 88, TCP and UDP), or have the proxy {proxy} take names and passwords"
        ),
        (Lang::It, NoAccount::TooSlow) => format!(
            "far raggiungere a questo computer il server Kerberos della sua rete (porta 88, TCP e UDP), o far accettare al proxy {proxy} nomi e password"
        ),
    }
}

fn addresses(known: &[IpAddr]) -> String {
    let known: Vec<String> = known.iter().map(IpAddr::to_string).collect();
    known.join(", ")
}

#[cfg(test)]
mod tests {
    use protocol::{ProxyKind, Refusal, RefusalCode, TooOld};

    use super::*;

    const UDP: Check = Check::Udp {
        port: 4433,
        family: Family::Ipv4,
    };
    const TCP: Check = Check::Tcp {
        port: 4433,
        family: Family::Ipv4,
    };

    fn proxy() -> ProxyAddress {
        ProxyAddress {
            kind: ProxyKind::Http,
            host: "proxy.example".to_owned(),
            port: 3128,
        }
    }

    fn diagnosis(found: impl IntoIterator<Item = (Check, Found)>) -> Diagnosis {
        let ip = IpAddr::from([192, 0, 2, 7]);
        let name = [(Check::Name, Found::Addresses(vec![ip]))];
        let finding = |(check, found)| Finding {
            check,
            found,
            took_millis: 1,
        };
        Diagnosis {
            hub: "hub.example:4433".parse().expect("an address"),
            unix_seconds: 1_795_954_203,
            own: vec![[10, 0, 0, 2].into()],
            findings: name.into_iter().chain(found).map(finding).collect(),
        }
    }

    #[test]
    fn the_text_for_a_network_says_what_was_tried_and_what_to_open() {
        let blocked = diagnosis([(UDP, Found::NoAnswer), (TCP, Found::NoAnswer)]);
        let expected = "\
Your network lets nothing through to the help service. Call the people who look after it and tell them: “Allow UDP or TCP port 4433 to hub.example.”

server:  hub.example, port 4433
time:    2026-11-29 12:10:03 UTC
from:    10.0.0.2
program: helpme 1

ok       name: hub.example is 192.0.2.7
WRONG    UDP port 4433 (IPv4): nothing came back
WRONG    TCP port 4433 (IPv4): nothing came back

What to do; one of these is enough, UDP is the best:
  -> allow UDP port 4433 to hub.example (192.0.2.7), and what comes back (QUIC)
  -> allow TCP port 4433 to hub.example (192.0.2.7) (TLS)
If these are open already, the server itself may be switched off.
All connections begin at this computer; nothing has to be let in.
";
        assert_eq!(doctor_text(Lang::En, &blocked, "helpme 1"), expected);
    }

    #[test]
    fn where_all_is_well_nobody_is_told_to_do_anything() {
        let works = Found::Works {
            port: 4433,
            opened_by: None,
        };
        let text = doctor_text(Lang::En, &diagnosis([(UDP, works)]), "helpme 1");
        assert!(text.starts_with("The connection works.\n"), "{text}");
        assert!(!text.contains("->"), "{text}");
    }

    #[test]
    fn each_verdict_has_a_sentence_of_its_own_in_every_language() {
        let tcp = |found| diagnosis([(UDP, Found::NoAnswer), (TCP, found)]);
        let behind = |error| {
            diagnosis([
                (UDP, Found::NoAnswer),
                (TCP, Found::NoAnswer),
                (Check::Proxy(proxy()), Found::Proxy(error)),
            ])
        };
        let works = || Found::Works {
            port: 4433,
            opened_by: None,
        };
        let mut offline = tcp(Found::NoAnswer);
        offline.own.clear();
        let mut unknown = diagnosis([]);
        unknown.findings.clear();
        let all = [
            diagnosis([(UDP, works())]),
            tcp(works()),
            diagnosis([(UDP, Found::NoAnswer), (Check::Proxy(proxy()), works())]),
            offline,
            unknown,
            tcp(Found::ForeignKey),
            tcp(Found::Certificate(CertificateFault::Expired)),
            tcp(Found::Certificate(CertificateFault::OtherName)),
            tcp(Found::OtherVersion(TooOld::Program)),
            tcp(Found::TurnedAway(Refusal::new(RefusalCode::FULL))),
            tcp(Found::PortClosed),
            tcp(Found::CutOff),
            tcp(Found::NoAnswer),
            behind(ProxyError::AsksForLogin { proxy: proxy() }),
            behind(ProxyError::LoginRefused { proxy: proxy() }),
            behind(ProxyError::NoAnswer { proxy: proxy() }),
            behind(ProxyError::WantsAccount {
                proxy: proxy(),
                why: NoAccount::NoTicket,
            }),
            diagnosis([
                (TCP, Found::NoAnswer),
                (Check::ProxySettings, Found::NeedsScript),
            ]),
        ];
        let mut said: Vec<String> = Lang::ALL
            .into_iter()
            .flat_map(|lang| all.iter().map(move |found| verdict_text(lang, found)))
            .collect();
        let count = said.len();
        said.sort();
        said.dedup();
        assert_eq!(said.len(), count, "{said:#?}");
        let expired = verdict_text(Lang::En, &all[6]);
        assert!(expired.contains("2026-11-29 12:10:03 UTC"), "{expired}");
    }

    #[test]
    fn what_a_certificate_calls_itself_cannot_pass_for_our_words() {
        let opened_by = Some(Opener {
            issuer: "firm\u{202e}".to_owned(),
        });
        let port = 4433;
        let finding = Finding {
            check: TCP,
            found: Found::Works { port, opened_by },
            took_millis: 1,
        };
        let hub = "hub.example:4433".parse().expect("an address");
        for lang in Lang::ALL {
            let says = found_text(lang, &finding, &hub);
            assert!(
                says.contains("“firm") && !says.contains('\u{202e}'),
                "{says}"
            );
        }
    }
}
