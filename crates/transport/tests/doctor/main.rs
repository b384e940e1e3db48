//! The connection doctor over real sockets: hubs that answer or not, and what stands in between.

mod hub;

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::diagnosis::{Check, Diagnosis, Family, Found, News, Opener, State, Verdict};
use protocol::{Proxy, ProxyError, ProxySource, Role, SystemProxies};
use transport::{AskSystem, Doctor, HubAddress, Pin, ProxyChoice, Routes, doctor};

use hub::{Hub, Inspector, Relay, Udp, swallows};

const PATIENCE: Duration = Duration::from_secs(30);

/// The hub's own ports alone; what else listens on this computer is nobody's business.
fn routes() -> Routes {
    Routes::with_tunnels_at(&[])
}

async fn examine(at: &HubAddress, pin: impl Into<Pin>, routes: &Routes) -> Diagnosis {
    let mut news = Vec::new();
    let told = |told| news.push(told);
    let examining = doctor::examine(at, pin.into(), Role::Host, "test 1", routes, told);
    let diagnosis = tokio::time::timeout(PATIENCE, examining).await;
    let diagnosis = diagnosis.expect("in time");
    let mut begun = Vec::new();
    let mut found = Vec::new();
    for told in news {
        match told {
            News::Begun(check) => begun.push(check),
            News::Found(finding) => {
                assert!(begun.contains(&finding.check), "begun before");
                found.push(finding);
            }
            News::Over(_) => unreachable!("it returns that"),
        }
    }
    assert_eq!(found.len(), begun.len(), "each thing is told twice");
    assert_eq!(found.len(), diagnosis.findings.len());
    diagnosis
}

fn of(diagnosis: &Diagnosis, wanted: impl Fn(&Check) -> bool) -> &Found {
    let mut all = diagnosis.findings.iter();
    &all.find(|f| wanted(&f.check)).expect("looked at").found
}

fn udp(diagnosis: &Diagnosis) -> &Found {
    of(diagnosis, |check| matches!(check, Check::Udp { .. }))
}

fn tcp(diagnosis: &Diagnosis) -> &Found {
    of(diagnosis, |check| matches!(check, Check::Tcp { .. }))
}

fn by_proxy(diagnosis: &Diagnosis) -> &Found {
    of(diagnosis, |check| matches!(check, Check::Proxy(_)))
}

fn works(found: &Found) -> bool {
    matches!(
        found,
        Found::Works {
            opened_by: None,
            ..
        }
    )
}

#[tokio::test]
async fn r2_where_everything_works_that_is_told_by_family_and_port() {
    let hub = Hub::start(Udp::Answers, None).await;
    let found = examine(&hub.address, hub.pin, &routes()).await;
    assert!(works(udp(&found)) && works(tcp(&found)));
    let port = hub.address.port;
    let family = Family::Ipv4;
    assert_eq!(found.verdict(), Verdict::Works(Check::Udp { port, family }));
    assert_eq!(found.openings(), []);
    assert_eq!(
        found.own,
        ["127.0.0.1".parse::<std::net::IpAddr>().expect("one")]
    );
    assert!(
        found
            .findings
            .iter()
            .all(|f| found.state(f) != State::Fault)
    );
}

#[tokio::test]
async fn r2_without_udp_the_tunnel_is_told_to_work() {
    let hub = Hub::start(Udp::Swallows, None).await;
    let begun = Instant::now();
    let found = examine(&hub.address, hub.pin, &routes()).await;
    assert_eq!(udp(&found), &Found::NoAnswer);
    assert!(works(tcp(&found)));
    let works = Verdict::Works(Check::Tcp {
        port: hub.address.port,
        family: Family::Ipv4,
    });
    assert_eq!(found.verdict(), works);
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "one limit for all"
    );
}

#[tokio::test]
async fn a_closed_port_is_told_from_one_that_swallows() {
    let (tcp_port, udp_port, silent) = swallows().await;
    let found = examine(&silent, Hub::some_pin(), &routes()).await;
    assert_eq!(
        (udp(&found), tcp(&found)),
        (&Found::NoAnswer, &Found::Silent)
    );
    assert_eq!(found.verdict(), Verdict::Filtered);
    drop((tcp_port, udp_port));
    let found = examine(&silent, Hub::some_pin(), &routes()).await;
    assert_eq!(tcp(&found), &Found::PortClosed);
    assert_eq!(found.verdict(), Verdict::NotRunning);
}

#[tokio::test]
async fn e2_a_hub_with_another_key_is_told() {
    let hub = Hub::start(Udp::Answers, None).await;
    let found = examine(&hub.address, Hub::some_pin(), &routes()).await;
    assert_eq!(
        (udp(&found), tcp(&found)),
        (&Found::ForeignKey, &Found::ForeignKey)
    );
    assert_eq!(found.verdict(), Verdict::ForeignKey);
}

#[tokio::test]
async fn a_web_server_that_is_no_hub_is_told_with_its_answer() {
    let hub = Hub::start(Udp::Swallows, None).await;
    let page = hub::web_server("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    let found = examine(&page, hub.pin, &routes()).await;
    let Found::OtherServer { status, shows } = tcp(&found) else {
        unreachable!("{found:?}");
    };
    assert_eq!(*status, Some(403));
    let issuer = shows.as_ref().map(|shows| shows.issuer.as_str());
    assert_eq!(issuer, Some("the firm"));
    assert_eq!(found.verdict(), Verdict::Filtered);
    // what speaks no TLS at all
    let plain = hub::says(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let found = examine(&plain, hub.pin, &routes()).await;
    let other = Found::OtherServer {
        status: None,
        shows: None,
    };
    assert_eq!(tcp(&found), &other);
    let hangs_up = hub::says(b"").await;
    let found = examine(&hangs_up, hub.pin, &routes()).await;
    assert_eq!(tcp(&found), &Found::CutOff);
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told() {
    let at: HubAddress = "hub.invalid:4433".parse().expect("an address");
    let found = examine(&at, Hub::some_pin(), &routes()).await;
    let resolved = of(&found, |check| *check == Check::Name);
    assert!(
        matches!(resolved, Found::NotResolved { .. }),
        "{resolved:?}"
    );
    let expected = if found.own.is_empty() {
        Verdict::Offline
    } else {
        Verdict::UnknownName
    };
    assert_eq!(found.verdict(), expected);
}

/// Somebody between a program and the hub who opens TLS and closes it again.
#[tokio::test]
async fn e2_who_opens_tls_on_the_way_is_named_and_the_hub_is_still_the_hub() {
    for public in [None, Some("a certificate authority")] {
        let hub = Hub::start(Udp::Swallows, public).await;
        let found = examine(&hub.address, hub.pin, &routes()).await;
        assert!(works(tcp(&found)), "nobody is in between: {found:?}");
        let inspector = Inspector::before(&hub).await;
        let found = examine(&inspector.address, hub.pin, &routes()).await;
        let opened = Found::Works {
            port: inspector.address.port,
            opened_by: Some(Opener {
                issuer: "the firm".to_owned(),
            }),
        };
        assert_eq!(tcp(&found), &opened);
    }
}

/// The hub by a name that only the proxy knows.
fn named() -> HubAddress {
    "hub.invalid:4433".parse().expect("an address")
}

fn through(proxy: &Relay, login: &str) -> Routes {
    let proxy: Proxy = format!("http://{login}{}", proxy.at).parse().expect("one");
    let routes = routes();
    routes.use_proxies(ProxyChoice::Custom(proxy));
    routes
}

#[tokio::test]
async fn r3_what_a_proxy_says_is_told() {
    let hub = Hub::start(Udp::Swallows, None).await;
    let proxy = Relay::to(&hub, "").await;
    let found = examine(&named(), hub.pin, &through(&proxy, "")).await;
    assert!(works(by_proxy(&found)), "{found:?}");
    assert!(matches!(found.verdict(), Verdict::Works(Check::Proxy(_))));

    let asks = "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    let proxy = Relay::to(&hub, asks).await;
    let found = examine(&named(), hub.pin, &through(&proxy, "")).await;
    let asked = by_proxy(&found);
    assert!(
        matches!(asked, Found::Proxy(ProxyError::AsksForLogin { .. })),
        "{asked:?}"
    );
    assert!(matches!(
        found.verdict(),
        Verdict::ProxyAsks { refused: false, .. }
    ));
    let routes = through(&proxy, "anna:hunter2@");
    for _ in 0..3 {
        let found = examine(&named(), hub.pin, &routes).await;
        assert!(matches!(
            found.verdict(),
            Verdict::ProxyAsks { refused: true, .. }
        ));
        let told = format!("{found:?}");
        assert!(
            !told.contains("hunter2") && !told.contains("anna"),
            "{told}"
        );
    }
    assert_eq!(proxy.logins(), 1, "three wrong ones lock an account");

    let forbids = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let proxy = Relay::to(&hub, forbids).await;
    let found = examine(&named(), hub.pin, &through(&proxy, "")).await;
    let forbidden = by_proxy(&found);
    let forbids = matches!(forbidden, Found::Proxy(ProxyError::NotAllowed { .. }));
    assert!(forbids, "{forbidden:?}");
    let at = proxy.at;
    drop(proxy);
    let gone: Proxy = format!("http://{at}").parse().expect("one");
    let routes = self::routes();
    routes.use_proxies(ProxyChoice::Custom(gone));
    let found = examine(&named(), hub.pin, &routes).await;
    let gone = by_proxy(&found);
    assert!(
        matches!(gone, Found::Proxy(ProxyError::NoAnswer { .. })),
        "{gone:?}"
    );
}

#[tokio::test]
async fn r3_who_names_proxies_is_told_and_that_nobody_does() {
    let hub = Hub::start(Udp::Swallows, None).await;
    let proxy = Relay::to(&hub, "").await;
    let named_by = async |said: SystemProxies, takes: Duration| {
        let routes = routes();
        let ask: AskSystem = Arc::new(move |_hub: &HubAddress| {
            std::thread::sleep(takes);
            said.clone()
        });
        let login = None;
        routes.use_proxies(ProxyChoice::System { ask, login });
        let found = examine(&named(), hub.pin, &routes).await;
        of(&found, |check| *check == Check::ProxySettings).clone()
    };
    let one: Proxy = format!("http://{}", proxy.at).parse().expect("one");
    let by_script = SystemProxies {
        proxies: vec![one],
        source: ProxySource::Script,
        ..SystemProxies::default()
    };
    let (count, by) = (1, Some(ProxySource::Script));
    let found = named_by(by_script.clone(), Duration::ZERO).await;
    assert_eq!(found, Found::ProxiesNamed { count, by });
    // a script whose server does not answer
    let found = named_by(by_script, Duration::from_secs(6)).await;
    assert_eq!(found, Found::ProxiesNotTold);
    let none = SystemProxies {
        source: ProxySource::Environment,
        ..SystemProxies::default()
    };
    let by = ProxySource::Environment;
    let found = named_by(none, Duration::ZERO).await;
    assert_eq!(found, Found::NoProxyNamed { by });
    let needs_script = SystemProxies {
        needs_script: true,
        ..SystemProxies::default()
    };
    let found = named_by(needs_script, Duration::ZERO).await;
    assert_eq!(found, Found::NeedsScript);
}

#[test]
fn an_examination_that_is_given_up_ends_at_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (tcp, _udp, silent) = runtime.block_on(swallows());
    let doctor = Doctor::start(
        silent,
        Hub::some_pin().into(),
        Role::Host,
        "test 1".to_owned(),
        routes(),
        || {},
    );
    let doctor = doctor.expect("a thread");
    let begins = doctor.wait();
    assert_eq!(begins, Some(News::Begun(Check::Name)));
    let mut called = runtime
        .block_on(async { tcp.accept().await })
        .expect("called")
        .0;
    drop(doctor);
    let given_up = Instant::now();
    let hung_up = runtime.block_on(async {
        let mut rest = Vec::new();
        let reading = tokio::io::AsyncReadExt::read_to_end(&mut called, &mut rest);
        // reset or closed, whichever
        tokio::time::timeout(Duration::from_millis(500), reading).await
    });
    assert!(hung_up.is_ok(), "after {:?}", given_up.elapsed());
}
