//! Networks where only a proxy leads to the hub, and only the proxy knows its name (R3). The proxies
//! are squid and dante.

use std::fs;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use e2e::{
    Administrator, Cast, Display, End, Home, Hub, Look, Namespaces, Network, PATIENCE,
    PROXY_PASSWORD, PROXY_USER, Programs, ProxyServer, Running, SignIn, Size, wait_until,
};
use protocol::{Enrolment, NoAccount, Proxy, ProxyError, Role};
use tempfile::TempDir;
use transport::client::{self, ConnectError};
use transport::{HubAddress, Pin, ProxyChoice, Route, Routes};

const USER_SCREEN: Size = Size(960, 640);
const OPERATOR_SCREEN: Size = Size(1400, 900);
const ANNA: Option<(&str, &str)> = Some((PROXY_USER, PROXY_PASSWORD));

/// A hub that only what runs beside it reaches.
struct Hidden {
    hub: Hub,
    at: IpAddr,
    namespaces: Namespaces,
    folder: TempDir,
}

impl Hidden {
    fn hub(mut namespaces: Namespaces) -> Self {
        let at = namespaces.hide_hub().expect("rules");
        let folder = TempDir::with_prefix("phd-proxy-").expect("a folder");
        // proxies give up their rights, and still come in
        run_chmod(folder.path());
        let home = Home::fresh(folder.path(), "hub").expect("a folder");
        let home = home.in_network_of(Some(namespaces.of_hub()));
        let programs = Programs::find().expect("built");
        let hub = Hub::start(&programs, home, [0, 0, 0, 0].into()).expect("it starts");
        Self {
            hub,
            at,
            namespaces,
            folder,
        }
    }

    fn proxy(&self, sign_in: SignIn) -> ProxyServer {
        let at = (self.at, self.hub.address().port()).into();
        ProxyServer::start(self.folder.path(), &self.namespaces, sign_in, at).expect("a proxy")
    }

    /// Connects from the user's network, by the name that nobody there knows.
    fn reach(&self, routes: &Routes) -> (Result<Route, ConnectError>, Duration) {
        let to = HubAddress {
            host: "hub.test".to_owned(),
            port: self.hub.address().port(),
        };
        let pin: Pin = self.hub.fingerprint().parse().expect("a fingerprint");
        let connect = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let begun = Instant::now();
            let reached = runtime.block_on(async {
                let greeted = client::connect(&to, pin, Role::Operator, "test 1", routes).await?;
                transport::close::hang_up(&greeted.connection, &greeted.endpoint).await;
                Ok(greeted.route)
            });
            let took = begun.elapsed();
            // the name is still looked up
            runtime.shutdown_background();
            (reached, took)
        };
        self.namespaces.within(End::User, connect).expect("there")
    }
}

fn run_chmod(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("ours");
}

/// Routes through `proxy` alone, as somebody typed it.
fn through(proxy: &ProxyServer, login: Option<(&str, &str)>) -> Routes {
    let proxy: Proxy = proxy.url(End::User, login).parse().expect("a proxy");
    let routes = Routes::default();
    routes.use_proxies(ProxyChoice::Custom(proxy));
    routes
}

/// Fails unless the hub is reached through the proxy, soon, and at once the next time.
fn leads_there(hidden: &Hidden, sign_in: SignIn, login: Option<(&str, &str)>) {
    let proxy = hidden.proxy(sign_in);
    let routes = through(&proxy, login);
    for which in ["first", "again"] {
        let (reached, took) = hidden.reach(&routes);
        let route = reached.as_ref().ok();
        let by_proxy = route.is_some_and(|route| matches!(route, Route::Proxy { .. }));
        assert!(by_proxy, "{sign_in:?}, {which}: {reached:?}");
        assert!(
            took < Duration::from_secs(4),
            "{sign_in:?}, {which}: {took:?}"
        );
    }
    let log = proxy.log().expect("a log");
    assert!(
        log.contains(&hidden.hub.address().port().to_string()),
        "{log}"
    );
    assert!(!log.contains(PROXY_PASSWORD), "{log}");
}

/// What a proxy is in the way with.
fn in_the_way(hidden: &Hidden, routes: &Routes) -> ProxyError {
    let (reached, _) = hidden.reach(routes);
    let Err(ConnectError::Proxy(error)) = reached else {
        unreachable!("not by a proxy: {reached:?}");
    };
    error
}

#[test]
fn r3_only_squid_leads_to_the_hub_however_it_signs_people_in() {
    let namespaces = Namespaces::make().expect("network namespaces");
    let hidden = Hidden::hub(namespaces);
    leads_there(&hidden, SignIn::None, None);
    leads_there(&hidden, SignIn::Basic, ANNA);
    leads_there(&hidden, SignIn::Digest, ANNA);
    leads_there(&hidden, SignIn::BasicAndDigest, ANNA);
    leads_there(&hidden, SignIn::Ntlm, Some(("FIRM%5Canna", PROXY_PASSWORD)));
    let proxy = hidden.proxy(SignIn::Ntlm);
    for wrong in [("FIRM%5Canna", "wrong"), ("FIRM%5Ceve", PROXY_PASSWORD)] {
        let refused = in_the_way(&hidden, &through(&proxy, Some(wrong)));
        assert!(
            matches!(refused, ProxyError::LoginRefused { .. }),
            "{refused}"
        );
    }
}

#[test]
fn r3_only_dante_leads_to_the_hub_and_looks_its_name_up() {
    let namespaces = Namespaces::make().expect("network namespaces");
    let hidden = Hidden::hub(namespaces);
    leads_there(&hidden, SignIn::Socks, None);
    leads_there(&hidden, SignIn::SocksPassword, ANNA);
    let proxy = hidden.proxy(SignIn::SocksPassword);
    let asked = in_the_way(&hidden, &through(&proxy, None));
    assert!(matches!(asked, ProxyError::AsksForLogin { .. }), "{asked}");
    let wrong = through(&proxy, Some((PROXY_USER, "wrong")));
    let refused = in_the_way(&hidden, &wrong);
    assert!(
        matches!(refused, ProxyError::LoginRefused { .. }),
        "{refused}"
    );
}

#[test]
fn e2_through_a_proxy_that_opens_tls_the_hub_is_still_the_hub() {
    let namespaces = Namespaces::make().expect("network namespaces");
    let hidden = Hidden::hub(namespaces);
    leads_there(&hidden, SignIn::OpensTls, None);
}

#[test]
fn r3_what_a_proxy_is_in_the_way_with_is_told_apart() {
    let namespaces = Namespaces::make().expect("network namespaces");
    let hidden = Hidden::hub(namespaces);
    {
        let proxy = hidden.proxy(SignIn::Digest);
        let begun = Instant::now();
        let asked = in_the_way(&hidden, &through(&proxy, None));
        assert!(matches!(asked, ProxyError::AsksForLogin { .. }), "{asked}");
        // a form opens, and nobody waits for what is blocked
        assert!(begun.elapsed() < Duration::from_secs(4));
        let wrong = through(&proxy, Some((PROXY_USER, "wrong")));
        for _ in 0..3 {
            let refused = in_the_way(&hidden, &wrong);
            assert!(
                matches!(refused, ProxyError::LoginRefused { .. }),
                "{refused}"
            );
        }
        // a question and one answer: three would lock an account
        let log = proxy.log().expect("a log");
        let wrong_answers = log.matches("TCP_DENIED/407").count();
        assert_eq!(wrong_answers, 3, "{log}");
    }
    {
        let proxy = hidden.proxy(SignIn::NotAllowed);
        let not_allowed = in_the_way(&hidden, &through(&proxy, None));
        assert!(
            matches!(not_allowed, ProxyError::NotAllowed { .. }),
            "{not_allowed}"
        );
    }
    let elsewhere = |port: u16| {
        let proxy = format!("http://{}:{port}", Namespaces::far_address(End::User));
        let routes = Routes::default();
        routes.use_proxies(ProxyChoice::Custom(proxy.parse().expect("a proxy")));
        in_the_way(&hidden, &routes)
    };
    let nobody = elsewhere(9);
    assert!(matches!(nobody, ProxyError::NoAnswer { .. }), "{nobody}");
    // the hub's own web server
    let no_proxy = elsewhere(hidden.hub.address().port());
    assert!(matches!(no_proxy, ProxyError::NoProxy { .. }), "{no_proxy}");
}

#[test]
fn r3_where_nobody_is_signed_in_to_the_network_a_password_is_asked_for_only_where_it_helps() {
    let namespaces = Namespaces::make().expect("network namespaces");
    let hidden = Hidden::hub(namespaces);
    {
        let proxy = hidden.proxy(SignIn::NegotiateOrBasic);
        let asked = in_the_way(&hidden, &through(&proxy, None));
        assert!(matches!(asked, ProxyError::AsksForLogin { .. }), "{asked}");
    }
    leads_there(&hidden, SignIn::NegotiateOrBasic, ANNA);
    let proxy = hidden.proxy(SignIn::Negotiate);
    for login in [None, ANNA] {
        let wants = in_the_way(&hidden, &through(&proxy, login));
        let why = NoAccount::NoTicket;
        let expected = matches!(wants, ProxyError::WantsAccount { why: said, .. } if said == why);
        assert!(expected, "{wants}");
    }
}

#[test]
fn r3_whoever_is_signed_in_to_the_network_is_asked_for_nothing() {
    let mut namespaces = Namespaces::make().expect("network namespaces");
    let at = namespaces.hide_hub().expect("rules");
    let folder = TempDir::with_prefix("phd-proxy-").expect("a folder");
    run_chmod(folder.path());
    let to = (at, 0).into();
    let proxy = ProxyServer::start(folder.path(), &namespaces, SignIn::NegotiateOrBasic, to);
    let proxy = proxy.expect("a proxy");
    for end in [End::User, End::Operator] {
        let realm = proxy.realm().expect("a realm");
        let tickets = realm.sign_in(&namespaces, end).expect("signed in");
        namespaces.set_tickets(end, tickets);
        namespaces.set_proxy(end, &proxy.url(end, None));
    }
    let network = Network::Namespaces(Box::new(namespaces));
    let cast = Cast::assemble_over(network, USER_SCREEN, OPERATOR_SCREEN);
    let mut cast = cast.expect("the operator is logged in");
    let ticket = cast.user_asks_for_help().expect("in the list");
    cast.session_begins(&ticket).expect("the picture");
    cast.console.end_session().expect("ended");
    cast.helpme.leave().expect("left");
    for app in [&cast.console.app, &cast.helpme.app] {
        let log = fs::read_to_string(app.home().log()).expect("a log");
        assert!(log.contains("through the proxy"), "{log}");
    }
    let log = proxy.log().expect("a log");
    assert!(log.contains("anna@FIRM.TEST"), "{log}");
}

#[test]
fn r3_behind_a_proxy_helpme_asks_for_the_password_and_an_assistance_goes_its_way() {
    let mut namespaces = Namespaces::make().expect("network namespaces");
    let at = namespaces.hide_hub().expect("rules");
    let folder = TempDir::with_prefix("phd-proxy-").expect("a folder");
    run_chmod(folder.path());
    let to = (at, 0).into();
    let proxy = ProxyServer::start(folder.path(), &namespaces, SignIn::Digest, to);
    let proxy = proxy.expect("a proxy");
    namespaces.set_proxy(End::Operator, &proxy.url(End::Operator, ANNA));
    namespaces.set_proxy(End::User, &proxy.url(End::User, None));
    let network = Network::Namespaces(Box::new(namespaces));
    let cast = Cast::assemble_over(network, USER_SCREEN, OPERATOR_SCREEN);
    let mut cast = cast.expect("the operator is logged in");

    let ticket = cast.console.generate_ticket().expect("a ticket");
    cast.helpme
        .ask_for_help(&ticket, "Mario Rossi")
        .expect("typed");
    let helpme = &mut cast.helpme.app;
    helpme
        .wait_for("Your network asks who you are")
        .expect("the form");
    helpme.type_into("User name", PROXY_USER).expect("typed");
    helpme.type_into("Password", "wrong").expect("typed");
    helpme.click("Connect").expect("pressed");
    helpme
        .wait_for("The name or the password was not accepted. Check them and try again.")
        .expect("told");
    helpme.type_into("Password", PROXY_PASSWORD).expect("typed");
    helpme.click("Connect").expect("pressed");
    cast.console
        .wait_for_computer(&ticket)
        .expect("in the list");
    cast.session_begins(&ticket).expect("the picture");
    cast.console.end_session().expect("ended");
    cast.helpme.leave().expect("left");
    for app in [&cast.console.app, &cast.helpme.app] {
        let log = fs::read_to_string(app.home().log()).expect("a log");
        assert!(log.contains("through the proxy"), "{log}");
        assert!(!log.contains(PROXY_PASSWORD), "{log}");
    }
}

#[test]
fn r3_behind_a_proxy_purepc_signs_in_with_its_file_and_comes_back_by_itself() {
    let namespaces = Namespaces::make().expect("network namespaces");
    let mut hidden = Hidden::hub(namespaces);
    let proxy = hidden.proxy(SignIn::Digest);
    let hub = &hidden.hub;
    hub.add_operator("anna", "Anna Bianchi", "correct horse 7")
        .expect("an account");
    hub.set_up_hosts("Tills", "Retail", "anna").expect("groups");
    // the name that the proxy alone knows
    let line = hidden.hub.invite_host("Tills").expect("a line");
    let mut enrolment: Enrolment = line.parse().expect("a line");
    enrolment.hub.host = "hub.test".to_owned();
    let line = enrolment.to_string();

    let home = Home::fresh(hidden.folder.path(), "till").expect("a home");
    let user = hidden.namespaces.of_end(End::User);
    let home = home.in_network_of(Some(user));
    let password = home.file("password");
    fs::write(&password, format!("{PROXY_PASSWORD}\n")).expect("written");
    let programs = Programs::find().expect("built");
    let purepc = |words: &[&str]| {
        let mut command = home.command(programs.path("purepc"));
        command.args(words).arg("--folder").arg(home.file("state"));
        command
    };
    let through_proxy = |words: &[&str]| {
        let mut command = purepc(words);
        let url = proxy.url(End::User, None);
        command.args(["--proxy", &url, "--proxy-user", PROXY_USER]);
        command.arg("--proxy-password-file").arg(&password);
        command
    };
    // a file that others read is none to keep a password in
    let said = through_proxy(&["enroll", &line]).output().expect("started");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("chmod 600"), "{said}");
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).expect("ours");
    }
    let done = through_proxy(&["enroll", &line]).output().expect("started");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );

    let log = home.file("purepc.log");
    let running = Running::start("purepc", &mut through_proxy(&["run"]), &log);
    let _running = running.expect("it runs");
    let connected = |what: &str| {
        wait_until(what, PATIENCE, || {
            let status = purepc(&["status"]).output()?.status;
            Ok(status.success().then_some(()))
        })
        .expect(what);
    };
    connected("the till is connected");
    hidden.hub.stop().expect("stopped");
    wait_until("the till has noticed", PATIENCE, || {
        let status = purepc(&["status"]).output()?.status;
        Ok((!status.success()).then_some(()))
    })
    .expect("it notices");
    hidden.hub.start_again().expect("again");
    connected("the till is back");
    let log = fs::read_to_string(log).expect("a log");
    assert!(log.contains("through the proxy"), "{log}");
    assert!(!log.contains(PROXY_PASSWORD), "{log}");
}

#[test]
fn r3_behind_a_proxy_the_administration_asks_once_and_comes_back_by_itself() {
    let namespaces = Namespaces::make().expect("network namespaces");
    let mut hidden = Hidden::hub(namespaces);
    let proxy = hidden.proxy(SignIn::Digest);
    let hub = &hidden.hub;
    hub.add_administrator("carla", "Carla Verdi", "correct horse 7")
        .expect("an account");
    let home = Home::fresh(hidden.folder.path(), "admin").expect("a home");
    let user = hidden.namespaces.of_end(End::User);
    let home = home.in_network_of(Some(user));
    let home = home.behind(Some(&proxy.url(End::User, None)));
    let display = Display::start_managed(1280, 840).expect("a display");
    let programs = Programs::find().expect("built");
    let admin = Administrator::start(&programs, &display, home, Look::LIGHT);
    let mut app = admin.expect("started").app;
    let port = hub.address().port();
    for (label, text) in [
        ("Server address", format!("hub.test:{port}")),
        ("Fingerprint of the hub", hub.fingerprint().to_owned()),
        ("User name", "carla".to_owned()),
        ("Password", "correct horse 7".to_owned()),
    ] {
        app.type_into(label, &text).expect(label);
    }
    app.click("Sign in").expect("pressed");
    let asks = "Your network asks who you are";
    app.wait_for(asks).expect("the form");
    // its first field has the keyboard
    app.hands().type_text(PROXY_USER).expect("typed");
    app.hands().tap(xkeysym::key::Tab).expect("typed");
    app.hands().type_text(PROXY_PASSWORD).expect("typed");
    app.show_picture(asks, "admin-proxy").expect("a picture");
    app.hands().tap(xkeysym::key::Return).expect("typed");
    app.wait_for("Carla Verdi").expect("signed in");

    // the hub is started anew: the connection comes back, and nobody is asked
    hidden.hub.stop().expect("stopped");
    let lost = "Connection lost, connecting again…";
    app.wait_for(lost).expect("told");
    hidden.hub.start_again().expect("again");
    wait_until("the line is back", PATIENCE, || {
        let is_lost = app.shows(lost)?;
        Ok((!is_lost && app.shows("Carla Verdi")?).then_some(()))
    })
    .expect("back");
    assert!(!app.shows(asks).expect("a map"), "asked again");
}
