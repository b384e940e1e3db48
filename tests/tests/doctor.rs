//! What the connection doctor says in networks that let little through, or nothing: the real programs on
//! the command line, with a real hub and real proxies.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use e2e::{
    App, Display, End, Home, Hub, Look, Namespaces, Network, PATIENCE, PROXY_PASSWORD, PROXY_USER,
    Programs, ProxyServer, ScriptedDesktop, SignIn, Tickets, wait_until,
};
use serde_json::Value;
use tempfile::TempDir;

/// What a program exits with where no way leads to the hub.
const NO_WAY: i32 = 16;

/// A hub in a network of its own, and a user in another.
struct Place {
    hub: Hub,
    /// Where it is from everywhere.
    at: IpAddr,
    network: Network,
    programs: Programs,
    folder: TempDir,
    /// Of the user's computer.
    tickets: Option<Tickets>,
    /// Of the user's desktop.
    bus: Option<String>,
}

/// What a program said.
struct Said {
    text: String,
    code: Option<i32>,
    took: Duration,
}

impl Place {
    /// Everybody reaches the hub.
    fn open() -> Self {
        Self::with(Namespaces::make().expect("network namespaces"), None)
    }

    /// Only what runs beside it reaches the hub.
    fn hidden() -> Self {
        let mut namespaces = Namespaces::make().expect("network namespaces");
        let at = namespaces.hide_hub().expect("rules");
        Self::with(namespaces, Some(at))
    }

    fn with(namespaces: Namespaces, hidden: Option<IpAddr>) -> Self {
        let folder = TempDir::with_prefix("phd-doctor-").expect("a folder");
        // proxies give up their rights, and still come in
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("ours");
        let programs = Programs::find().expect("built");
        let home = Home::fresh(folder.path(), "hub").expect("a folder");
        let home = home.in_network_of(Some(namespaces.of_hub()));
        let hub = Hub::start(&programs, home, [0, 0, 0, 0].into()).expect("it starts");
        Self {
            hub,
            at: hidden.unwrap_or_else(|| Namespaces::far_address(End::User)),
            network: Network::Namespaces(Box::new(namespaces)),
            programs,
            folder,
            tickets: None,
            bus: None,
        }
    }

    fn namespaces(&self) -> &Namespaces {
        let Network::Namespaces(namespaces) = &self.network else {
            unreachable!("made so");
        };
        namespaces
    }

    fn proxy(&self, sign_in: SignIn) -> ProxyServer {
        let at = (self.at, self.hub.address().port()).into();
        ProxyServer::start(self.folder.path(), self.namespaces(), sign_in, at).expect("a proxy")
    }

    /// By its number.
    fn number(&self) -> String {
        SocketAddr::new(self.at, self.hub.address().port()).to_string()
    }

    /// By the name that only proxies know.
    fn name(&self) -> String {
        format!("hub.test:{}", self.hub.address().port())
    }

    /// What Helpme's doctor says of `hub` in the user's network.
    fn ask(&self, hub: &str, proxy: Option<&str>) -> Said {
        self.ask_as("helpme", hub, self.hub.fingerprint(), proxy, &[])
    }

    fn ask_as(
        &self,
        program: &str,
        hub: &str,
        key: &str,
        proxy: Option<&str>,
        words: &[&str],
    ) -> Said {
        let user = self.namespaces().of_end(End::User);
        let home = Home::fresh(self.folder.path(), program).expect("a folder");
        let home = home.in_network_of(Some(user)).behind(proxy);
        let home = home.with_tickets(self.tickets.as_ref());
        let home = home.on_bus(self.bus.as_deref());
        let begun = Instant::now();
        let output = home
            .command(self.programs.path(program))
            .args(["--doctor", "--hub", hub, "--fingerprint", key])
            .args(words)
            .output()
            .expect("it runs");
        let took = begun.elapsed();
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let log = String::from_utf8_lossy(&output.stderr);
        for told in [&*text, &*log] {
            assert!(!told.contains(PROXY_PASSWORD), "{told}");
            assert!(!told.contains("open%20sesame"), "{told}");
        }
        assert!(!text.contains(PROXY_USER), "{text}");
        let code = output.status.code();
        let said = Said { text, code, took };
        said.show();
        assert!(said.code.is_some(), "it was ended: {log}");
        assert!(said.took < Duration::from_secs(35), "{:?}", said.took);
        said
    }
}

impl Place {
    /// `program` in a window in the user's network, set up for the hub.
    fn window(&self, program: &str, display: &Display) -> App {
        let user = self.namespaces().of_end(End::User);
        let home = Home::fresh(self.folder.path(), program).expect("a folder");
        let home = home.in_network_of(Some(user));
        let mut command = home.windowed(self.programs.path(program), display.name());
        command.args(["--hub", &self.number()]);
        command.args(["--fingerprint", self.hub.fingerprint()]);
        App::start(program, &mut command, home, display, Look::LIGHT).expect("it starts")
    }

    /// Waits until what the doctor found is on the clipboard.
    fn is_copied(&self, display: &Display) {
        let port = self.hub.address().port();
        let udp = format!("WRONG    UDP port {port} (IPv4): nothing came back");
        wait_until("the text on the clipboard", PATIENCE, || {
            let copied = display.clipboard()?;
            Ok(copied.filter(|text| text.contains(&udp)))
        })
        .expect("copied");
        display.put_on_clipboard("").expect("emptied");
    }
}

impl Said {
    #[expect(clippy::print_stdout, reason = "a person judges whether it helps")]
    fn show(&self) {
        println!(
            "\n{}(exit code {:?}, {:?})",
            self.text, self.code, self.took
        );
    }

    fn says(&self, words: &str) -> &Self {
        assert!(self.text.contains(words), "not {words:?}");
        self
    }

    fn does_not_say(&self, words: &str) -> &Self {
        assert!(!self.text.contains(words), "{words:?}");
        self
    }

    fn exits_with(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code));
        self
    }
}

#[test]
fn where_all_ways_are_open_the_doctor_says_so() {
    let place = Place::open();
    let port = place.hub.address().port();
    let said = place.ask(&place.number(), None);
    said.exits_with(0)
        .says("The connection works.\n")
        .says(&format!("ok       UDP port {port} (IPv4): works"))
        .says(&format!("ok       TCP port {port} (IPv4): works"))
        .says("-        proxies: the system's settings name none")
        .does_not_say("->");
    // somebody else's hub
    let other = "ab".repeat(32);
    let said = place.ask_as("helpme", &place.number(), &other, None, &[]);
    said.exits_with(NO_WAY)
        .says("another server answers")
        .does_not_say("->");
}

#[test]
fn without_udp_the_doctor_says_what_works_and_what_would_be_quicker() {
    let place = Place::open();
    place.namespaces().block_udp().expect("a rule");
    let port = place.hub.address().port();
    let said = place.ask(&place.number(), None);
    said.exits_with(0)
        .says("The connection works, by TCP.")
        .says(&format!(
            "look at  UDP port {port} (IPv4): nothing came back"
        ))
        .does_not_say("WRONG")
        .says("To make it quicker:\n")
        .says(&format!("  -> allow UDP port {port} to {}", place.at));
}

#[test]
fn where_nothing_comes_back_the_doctor_says_what_to_open() {
    let place = Place::hidden();
    let port = place.hub.address().port();
    for program in ["helpme", "pure-help-desk"] {
        let key = place.hub.fingerprint();
        let said = place.ask_as(program, &place.number(), key, None, &[]);
        said.exits_with(NO_WAY)
            .says("Your network lets nothing through to the help service.")
            .says(&format!("“Allow UDP or TCP port {port} to {}.”", place.at))
            .says(&format!("  -> allow UDP port {port} to {}", place.at))
            .says(&format!("  -> allow TCP port {port} to {} (TLS)", place.at))
            .says("from:    10.87.1.2\n");
    }
    let key = place.hub.fingerprint();
    let said = place.ask_as("pure-help-desk", &place.number(), key, None, &["--json"]);
    said.exits_with(NO_WAY);
    let told: Value = serde_json::from_str(&said.text).expect("JSON");
    assert_eq!(told["verdict"], "blocked");
    assert_eq!(told["openings"][0]["udp"]["port"], port);
    let findings = told["findings"].as_array().expect("a list");
    let udp = findings.iter().find(|f| f["check"]["udp"].is_object());
    let udp = udp.expect("it was tried");
    assert_eq!(
        (&udp["found"], &udp["state"]),
        (&"no-answer".into(), &"fault".into())
    );
}

#[test]
fn where_nobody_knows_the_name_the_doctor_says_so() {
    let place = Place::hidden();
    let said = place.ask(&place.name(), None);
    said.exits_with(NO_WAY)
        .says("Your network does not know the address hub.test")
        .says("WRONG    name: nobody here knows hub.test (")
        .says("  -> have DNS know hub.test here, or set the proxy");
}

#[test]
fn a_hub_that_is_stopped_is_not_the_networks_fault() {
    let mut place = Place::open();
    place.hub.stop().expect("it ends");
    let said = place.ask(&place.number(), None);
    said.exits_with(NO_WAY)
        .says("it may be switched off right now")
        .says("refused: nothing listens there")
        .says("If the server runs, a firewall refuses.");
}

#[test]
fn a_computer_without_a_network_is_told_from_one_in_a_closed_network() {
    let place = Place::open();
    place.network.cut(End::User).expect("the line is down");
    let said = place.ask(&place.number(), None);
    said.exits_with(NO_WAY)
        .says("This computer is not connected to a network.")
        .says("from:    no network\n")
        .does_not_say("->");
}

#[test]
fn where_only_a_proxy_leads_out_the_doctor_says_what_it_wants() {
    let place = Place::hidden();
    {
        let proxy = place.proxy(SignIn::None);
        let said = place.ask(&place.name(), Some(&proxy.url(End::User, None)));
        said.exits_with(0)
            .says("The connection works, through the proxy 10.87.1.1:3128.")
            .says("leads to the server's port");
    }
    {
        let proxy = place.proxy(SignIn::Digest);
        let said = place.ask(&place.name(), Some(&proxy.url(End::User, None)));
        said.exits_with(NO_WAY)
            .says("Your network's proxy 10.87.1.1:3128 asks who you are.")
            .says("look at  proxy 10.87.1.1:3128: asks for a user name and a password")
            .says("  -> get a user name and a password for the proxy");
        let wrong = proxy.url(End::User, Some(("eve", "guess")));
        let said = place.ask(&place.name(), Some(&wrong));
        said.exits_with(NO_WAY)
            .says("does not accept the name or the password")
            .does_not_say("eve")
            .does_not_say("guess");
        let right = proxy.url(End::User, Some((PROXY_USER, PROXY_PASSWORD)));
        place.ask(&place.name(), Some(&right)).exits_with(0);
    }
    let proxy = place.proxy(SignIn::NotAllowed);
    let url = proxy.url(End::User, None);
    let port = place.hub.address().port();
    place
        .ask(&place.name(), Some(&url))
        .exits_with(NO_WAY)
        .says(&format!(
            "proxy 10.87.1.1:3128: does not permit hub.test, port {port}"
        ))
        .says(&format!(
            "  -> have the proxy 10.87.1.1:3128 permit CONNECT to hub.test:{port}"
        ));
    drop(proxy);
    place
        .ask(&place.name(), Some(&url))
        .exits_with(NO_WAY)
        .says("The proxy 10.87.1.1:3128 cannot be reached.");
}

#[test]
fn where_a_proxy_takes_accounts_the_doctor_goes_through_with_one_and_says_what_else_is_missing() {
    let mut place = Place::hidden();
    let name = place.name();
    {
        let proxy = place.proxy(SignIn::NegotiateOrBasic);
        let realm = proxy.realm().expect("a realm");
        let signed_in = realm.sign_in(place.namespaces(), End::User);
        place.tickets = Some(signed_in.expect("signed in"));
        // the account goes before a password
        let login = Some((PROXY_USER, PROXY_PASSWORD));
        let url = proxy.url(End::User, login);
        place.ask(&name, Some(&url)).exits_with(0);
        let log = proxy.log().expect("a log");
        assert!(
            log.contains("anna@FIRM.TEST") && !log.contains(" anna "),
            "{log}"
        );
        place.tickets = Some(realm.nobody(End::User));
        place.ask(&name, Some(&url)).exits_with(0);
        let log = proxy.log().expect("a log");
        assert!(log.contains(" anna "), "{log}");
    }
    let proxy = place.proxy(SignIn::Negotiate);
    let url = proxy.url(End::User, None);
    let realm = proxy.realm().expect("a realm");
    place.tickets = Some(realm.nobody(End::User));
    place
        .ask(&name, Some(&url))
        .exits_with(NO_WAY)
        .says("lets only those through who are signed in to its network, and this computer is not.")
        .says("look at  proxy 10.87.1.1:3128: takes no passwords but Kerberos (Negotiate), and there is no Kerberos ticket")
        .says("  -> sign this computer in to the network of the proxy 10.87.1.1:3128 (a Kerberos ticket")
        .does_not_say("asks");
    let signed_in = realm.sign_in(place.namespaces(), End::User);
    place.tickets = Some(signed_in.expect("signed in"));
    place
        .ask(&name, Some(&url))
        .exits_with(0)
        .says("The connection works, through the proxy 10.87.1.1:3128.");
    let log = proxy.log().expect("a log");
    assert!(log.contains("anna@FIRM.TEST"), "{log}");
    // a ticket for the realm, and none yet for the proxy
    let anew = realm.sign_in(place.namespaces(), End::User);
    place.tickets = Some(anew.expect("signed in"));
    realm.fall_silent().expect("frozen");
    place
        .ask(&name, Some(&url))
        .exits_with(NO_WAY)
        .says("the server that vouches for this computer does not answer.")
        .says("no Kerberos ticket for it came in time")
        .says("  -> let this computer reach the Kerberos server of its network (port 88, TCP and UDP)");
}

#[test]
fn the_doctor_goes_where_a_script_of_the_settings_leads() {
    let mut place = Place::hidden();
    let proxy = place.proxy(SignIn::None);
    let own = proxy.url(End::User, None).replace("http://", "PROXY ");
    // the first one is switched off
    let answer = format!("PROXY 10.87.1.1:9; {own}; DIRECT");
    let desktop = ScriptedDesktop::start(place.folder.path(), "desktop", &answer);
    let desktop = desktop.expect("a desktop");
    place.bus = Some(desktop.bus().to_owned());
    place
        .ask(&place.name(), None)
        .exits_with(0)
        .says("The connection works, through the proxy 10.87.1.1:3128.")
        .says("proxies: 2 are set by the system's settings, or their script (PAC)")
        .says("proxy 10.87.1.1:9: does not answer");
    // the environment goes before it
    let url = proxy.url(End::User, None);
    place
        .ask(&place.name(), Some(&url))
        .exits_with(0)
        .says("proxies: one is set in the environment (https_proxy)");
}

#[test]
fn whoever_opens_tls_on_the_way_is_named() {
    let place = Place::hidden();
    let proxy = place.proxy(SignIn::OpensTls);
    let said = place.ask(&place.name(), Some(&proxy.url(End::User, None)));
    said.exits_with(0)
        .says("“the firm” opens the TLS around it, but not what is inside");
}

#[test]
fn the_windows_say_what_is_in_the_way_and_hand_it_on() {
    let place = Place::hidden();
    let port = place.hub.address().port();
    let sentence = format!(
        "Your network lets nothing through to the help service. Call the people who look after it and \
         tell them: “Allow UDP or TCP port {port} to {}.”",
        place.at
    );
    let display = Display::start_managed(1200, 860).expect("a display");
    let mut helpme = place.window("helpme", &display);
    helpme.type_into("Ticket", "4829130571").expect("typed");
    helpme.type_into("Your name", "Mario Rossi").expect("typed");
    helpme.click("Helpme").expect("pressed");
    helpme
        .wait_for("Trying every way to the service…")
        .expect("by itself");
    helpme.wait_for(&sentence).expect("told");
    assert!(!helpme.shows("Copy").expect("a map"), "folded");
    helpme.click("Details for a technician").expect("unfolded");
    helpme.wait_for("nothing came back").expect("a row");
    helpme.click("Copy").expect("pressed");
    place.is_copied(&display);
    helpme.wait_for("Copied to the clipboard").expect("told");
    drop(helpme);

    let mut console = place.window("pure-help-desk", &display);
    console.type_into("User name", "anna").expect("typed");
    // beside the proxies, over the settings
    console.click("Settings").expect("pressed");
    console.click("Proxy and http tunneling").expect("the tab");
    console.click("Check the connection").expect("pressed");
    console.wait_for(&sentence).expect("told");
    console.click("Close").expect("pressed");
    console.wait_until_gone(&sentence).expect("closed");
    console.click("Cancel").expect("the settings are there");
    console.wait_until_gone("Cancel").expect("closed");

    console
        .type_into("Password", "some password")
        .expect("typed");
    console.click("Log into the service").expect("pressed");
    // cancelled half-way, it is gone at once
    console.click("Check the connection").expect("offered");
    console
        .wait_for("Trying every way to the service…")
        .expect("it looks");
    console.click("Cancel").expect("pressed");
    console
        .wait_until_gone("Trying every way to the service…")
        .expect("at once");
    console.click("Check the connection").expect("again");
    console.wait_for(&sentence).expect("told");
    console.click("Copy").expect("pressed");
    place.is_copied(&display);
    console.click("Close").expect("pressed");
    console
        .wait_until_usable("Log into the service")
        .expect("the form is back");
}
