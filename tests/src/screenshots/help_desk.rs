//! Pictures of what users see of their help desk: Helpme with its organisation, how to recognise a swindler,
//! the page; and of what helps where networks are in the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::ensure;
use tempfile::TempDir;

use super::{Album, ORGANISATION};
use crate::browser::visitor;
use crate::cast::{Cast, USER_NAME};
use crate::demo::{OPERATOR_SCREEN, USER_SCREEN, WALLPAPER};
use crate::display::Display;
use crate::helpme::Helpme;
use crate::hub::Hub;
use crate::network::{End, Namespaces};
use crate::programs::{Home, Programs};
use crate::proxy_server::{ProxyServer, SignIn};

/// A ticket that nobody made.
const TICKET: &str = "482 913 0571";
/// How large the page is shown, in its own pixels: on a desk and on a telephone.
const PAGES: [(&str, u16, u16); 2] = [("page", 1280, 1760), ("page-phone", 500, 1800)];

impl Album<'_> {
    pub(super) fn help_desk(&self) -> anyhow::Result<()> {
        let fine = self.look.scale();
        let user = Display::start_managed(USER_SCREEN.0 * fine, USER_SCREEN.1 * fine)?;
        let operator = Display::start_managed(OPERATOR_SCREEN.0 * fine, OPERATOR_SCREEN.1 * fine)?;
        user.paint_background(WALLPAPER)?;
        let mut cast = Cast::before_log_in(user, operator, self.look)?;
        cast.hub.name_organisation(ORGANISATION)?;
        cast.log_in()?;
        self.proxies(&mut cast)?;
        self.page(&mut cast)?;
        self.assistance(&mut cast)?;
        self.unattended(&mut cast)?;

        cast.helpme.enter(TICKET, USER_NAME)?;
        let helpme = &mut cast.helpme.app;
        self.add(helpme, "Your name", "helpme")?;
        helpme.click("How to recognise a swindler")?;
        helpme.wait_until_usable("I understand")?;
        self.add(helpme, "I understand", "helpme-advice")?;
        helpme.click("I understand")?;

        cast.hub.stop()?;
        helpme.click("Helpme")?;
        helpme.click("Details for a technician")?;
        self.add(helpme, "Details for a technician", "helpme-doctor")?;
        self.proxy_form()
    }

    fn assistance(&self, cast: &mut Cast) -> anyhow::Result<()> {
        let ticket = cast.user_asks_for_help()?;
        cast.console.choose(&ticket, "Remote Session")?;
        cast.helpme.app.wait_until_usable("Allow")?;
        self.add(&mut cast.helpme.app, "Allow", "helpme-consent")?;
        cast.helpme.allow()?;
        cast.helpme.wait_for_bar()?;
        // by then the bar is where it stays
        cast.console.wait_for_session()?;
        self.add(&mut cast.helpme.app, "End", "helpme-bar")?;
        cast.helpme.end()?;
        cast.helpme.leave()?;
        // its window would lie over the list
        cast.console.app.click("Finish later")
    }

    /// The page as a visitor's browser shows it.
    fn page(&self, cast: &mut Cast) -> anyhow::Result<()> {
        let home = cast.fresh_home("visitor")?;
        let (hub, lang) = (cast.hub.address(), self.look.language_code());
        for (name, width, height) in PAGES {
            let path = self.out.join(format!("{name}-{}.png", self.look.name));
            let mut browser = visitor(&home);
            browser
                .arg("--hide-scrollbars")
                .arg(format!("--window-size={width},{height}"))
                .arg(format!("--force-device-scale-factor={}", self.look.scale()))
                .arg(format!("--screenshot={}", path.display()))
                .arg(format!("https://{hub}/?lang={lang}#482-913-0571"));
            if self.look.is_dark() {
                browser.arg("--blink-settings=preferredColorScheme=0");
            }
            let taken = browser.output()?;
            ensure!(taken.status.success(), "no picture of the page: {taken:?}");
        }
        Ok(())
    }

    /// The console's settings of proxies, and its doctor.
    fn proxies(&self, cast: &mut Cast) -> anyhow::Result<()> {
        let console = &mut cast.console.app;
        console.click("Settings")?;
        console.click("Proxy and http tunneling")?;
        console.wait_until_usable("Check the connection")?;
        self.add(console, "Logged in", "console-proxies")?;
        console.click("Check the connection")?;
        console.wait_until_usable("Close")?;
        self.add(console, "Logged in", "console-doctor")?;
        console.click("Close")?;
        console.wait_until_gone("Close")?;
        console.click("Cancel")?;
        console.wait_until_gone("Cancel")
    }

    /// Helpme where only a proxy leads out, which wants to know who signs in.
    fn proxy_form(&self) -> anyhow::Result<()> {
        let mut namespaces = Namespaces::make()?;
        let at = namespaces.hide_hub()?;
        let folder = TempDir::with_prefix("phd-proxy-")?;
        // proxies give up their rights, and still come in
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let programs = Programs::find()?;
        let of_hub = Home::fresh(folder.path(), "hub")?;
        let of_hub = of_hub.in_network_of(Some(namespaces.of_hub()));
        let hub = Hub::start(&programs, of_hub, [0, 0, 0, 0].into())?;
        let at = (at, hub.address().port()).into();
        let proxy = ProxyServer::start(folder.path(), &namespaces, SignIn::Digest, at)?;
        let fine = self.look.scale();
        let display = Display::start_managed(USER_SCREEN.0 * fine, USER_SCREEN.1 * fine)?;
        let of_user = Home::fresh(folder.path(), "user")?;
        let of_user = of_user
            .in_network_of(Some(namespaces.of_end(End::User)))
            .behind(Some(&proxy.url(End::User, None)));
        let seen = (at, hub.fingerprint());
        let mut helpme = Helpme::start(&programs, &display, of_user, seen, self.look)?;
        helpme.ask_for_help(TICKET, USER_NAME)?;
        let asks = "Your network asks who you are";
        helpme.app.wait_for(asks)?;
        self.add(&mut helpme.app, asks, "helpme-proxy")
    }
}
