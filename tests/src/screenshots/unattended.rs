//! Pictures of a computer with nobody in front: the box for its password, and what it shows meanwhile (U3, U4).

use xkeysym::key;

use super::{Album, SETTLED};
use crate::cast::{Cast, OPERATOR};
use crate::till::Till;

const COMPUTER: &str = "TILL-4";
const PASSWORD: &str = "the shop opens at nine";

impl Album<'_> {
    pub(super) fn unattended(&self, cast: &mut Cast) -> anyhow::Result<()> {
        cast.hub.set_up_hosts("Tills", "Retail", OPERATOR)?;
        let home = cast.fresh_home("till")?.speaking(self.look.locale());
        let openable = (&cast.user_display, PASSWORD);
        let names = (COMPUTER, "Tills");
        let _till = Till::enrol_openable(&cast.programs, &cast.hub, home, names, openable)?;
        let console = &mut cast.console.app;
        console.wait_for(COMPUTER)?;
        console.right_click(COMPUTER)?;
        console.click_in_menu("Remote Session")?;
        console.wait_for_field("Access password of the computer")?;
        self.add(console, "Logged in", "console-open-host")?;
        console.hands().type_text("the shop opens at noon")?;
        console.hands().tap(key::Return)?;
        console.wait_for("The password is wrong.")?;
        self.add(console, "Logged in", "console-open-host-wrong")?;
        console.hands().type_text(PASSWORD)?;
        console.hands().tap(key::Return)?;
        cast.console.wait_for_session()?;
        std::thread::sleep(SETTLED);
        let path = self.out.join(format!("purepc-sign-{}.png", self.look.name));
        cast.user_display.screenshot()?.save_png(&path)?;
        cast.console.end_session()?;
        cast.console.leave_session()
    }
}
