//! A program with windows, used as a person would: by what the labels say.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use x11rb::protocol::xproto::Window;

use crate::display::Display;
use crate::hands::Hands;
use crate::look::Look;
use crate::picture::{Picture, Region};
use crate::programs::Home;
use crate::running::{Running, wait_until};
use crate::ui_map::{Found, MappedWindow, UiMap};

/// How long something may take to show. Programs draw in software and share two cores with others.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// From one click to the next, which lies elsewhere.
const BETWEEN_CLICKS: Duration = Duration::from_millis(300);
/// How often a click that did nothing is tried.
const CLICKS: u32 = 5;
/// From a field that is cut off, so far lies what scrolls, in pixels.
const WITHIN: u32 = 150;

/// A running program, its windows, and the hands on its display.
#[derive(Debug)]
pub struct App {
    running: Running,
    home: Home,
    hands: Hands,
    eyes: Display,
    look: Look,
    /// When something was clicked last.
    clicked: Option<Instant>,
}

impl App {
    /// Starts `command` on `display`, its settings and log in `home`.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start(
        name: &str,
        command: &mut Command,
        home: Home,
        display: &Display,
        look: Look,
    ) -> anyhow::Result<Self> {
        look.set_up(&home.profile(), name)?;
        // what an earlier run wrote is not where things are now
        drop(std::fs::remove_file(home.ui_map()));
        Ok(Self {
            running: Running::start(name, command, &home.log())?,
            home,
            hands: display.hands()?,
            eyes: Display::attach(display.name())?,
            look,
            clicked: None,
        })
    }

    /// The process.
    pub fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// Its settings and log.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// What is on its display.
    pub fn eyes(&self) -> &Display {
        &self.eyes
    }

    /// The hands on its display.
    pub fn hands(&self) -> &Hands {
        &self.hands
    }

    /// What its windows show now.
    ///
    /// # Errors
    ///
    /// If it wrote something that is no map.
    pub fn map(&self) -> anyhow::Result<UiMap> {
        UiMap::read(&self.home.ui_map())
    }

    /// What is called `label` now, if anything is.
    ///
    /// # Errors
    ///
    /// As [`App::map`].
    pub fn find(&self, label: &str) -> anyhow::Result<Option<Found>> {
        Ok(self.map()?.find(self.look.reads(label)))
    }

    /// The window that shows `label` now, if one does.
    ///
    /// # Errors
    ///
    /// As [`App::map`].
    pub fn window_of(&self, label: &str) -> anyhow::Result<Option<MappedWindow>> {
        let label = self.look.reads(label);
        let map = self.map()?;
        let mut windows = map.windows().iter();
        Ok(windows.find(|window| window.shows(label)).cloned())
    }

    /// Whether `label` can be read now.
    ///
    /// # Errors
    ///
    /// As [`App::map`].
    pub fn shows(&self, label: &str) -> anyhow::Result<bool> {
        Ok(self.find(label)?.is_some())
    }

    /// Waits until `label` can be read and stands still.
    ///
    /// # Errors
    ///
    /// If it does not within [`PATIENCE`], or the program ended.
    pub fn wait_for(&mut self, label: &str) -> anyhow::Result<Found> {
        let label = self.look.reads(label);
        self.wait_for_matching(label, |shown| shown == label)
    }

    /// Waits until `label` can be read and used.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn wait_until_usable(&mut self, label: &str) -> anyhow::Result<Found> {
        let label = self.look.reads(label);
        self.wait_for_where(label, |map| map.find(label).filter(|found| found.enabled))
    }

    /// Waits until `label` is gone.
    ///
    /// # Errors
    ///
    /// If it is still there after [`PATIENCE`], or the program ended.
    pub fn wait_until_gone(&mut self, label: &str) -> anyhow::Result<()> {
        let label = self.look.reads(label);
        let Self { running, home, .. } = self;
        wait_until(&format!("{label:?} to go"), PATIENCE, || {
            running.check_alive()?;
            let found = UiMap::read(&home.ui_map())?.find(label);
            Ok(found.is_none().then_some(()))
        })
    }

    /// Clicks what is called `label` as soon as it can be used.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn click(&mut self, label: &str) -> anyhow::Result<()> {
        // nobody is there sooner, and what egui hears of two clicks in one picture it takes for two of the latter
        if let Some(clicked) = self.clicked {
            std::thread::sleep(BETWEEN_CLICKS.saturating_sub(clicked.elapsed()));
        }
        let found = self.wait_until_usable(label)?;
        self.hands.click(found.region.middle())?;
        self.clicked = Some(Instant::now());
        Ok(())
    }

    /// Clicks what has a label that `matches`; `what` is for the message.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn click_matching(
        &mut self,
        what: &str,
        matches: impl Fn(&str) -> bool,
    ) -> anyhow::Result<()> {
        let found = self.wait_for_matching(what, matches)?;
        self.hands.click(found.region.middle())
    }

    /// Clicks the command `label` of the menu that is open.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn click_in_menu(&mut self, label: &str) -> anyhow::Result<()> {
        let label = self.look.reads(label);
        let found = self.wait_for_where(label, |map| in_menu(map, label))?;
        self.hands.click(found.region.middle())
    }

    /// Whether a menu with the command `label` opens within two seconds.
    ///
    /// # Errors
    ///
    /// As [`App::map`].
    pub fn menu_opens(&self, label: &str) -> anyhow::Result<bool> {
        let label = self.look.reads(label);
        self.soon(|map| in_menu(map, label).is_some())
    }

    /// Clicks what is called `label` if it is there and can be used; whether it was.
    ///
    /// # Errors
    ///
    /// As [`App::map`].
    pub fn click_if_there(&self, label: &str) -> anyhow::Result<bool> {
        let found = self.find(label)?.filter(|found| found.enabled);
        if let Some(found) = found {
            self.hands.click(found.region.middle())?;
        }
        Ok(found.is_some())
    }

    /// Whether `question` is answered with yes within two seconds.
    fn soon(&self, question: impl Fn(&UiMap) -> bool) -> anyhow::Result<bool> {
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until {
            if question(&self.map()?) {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        Ok(false)
    }

    /// Clicks what is called `label` with the right button.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn right_click(&mut self, label: &str) -> anyhow::Result<()> {
        let found = self.wait_until_usable(label)?;
        self.hands.right_click(found.region.middle())
    }

    /// Clicks into the field called `label` and replaces what is in it by `text`.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`], or if a character is on no key.
    pub fn type_into(&mut self, label: &str, text: &str) -> anyhow::Result<()> {
        use xkeysym::key;
        let label = self.look.reads(label);
        // like a person, who clicks again when no caret appears, and scrolls to what is cut off
        for turn in 0..CLICKS {
            let field = self.wait_for_where(label, |map| input_field(map, label))?;
            let (x, y) = field.region.middle();
            self.hands.click((x, y))?;
            let focused = |map: &UiMap| input_field(map, label).is_some_and(|f| f.focused);
            if self.soon(focused)? {
                break;
            }
            let (within, notches) = if turn % 2 == 0 {
                (y.saturating_sub(WITHIN), 4)
            } else {
                (y + WITHIN, -8)
            };
            self.hands.point_at((x, within))?;
            self.hands.turn_wheel(notches)?;
        }
        // no hand goes from the mouse to the keys within a picture
        std::thread::sleep(Duration::from_millis(150));
        self.hands.chord(&[key::Control_L, key::a])?;
        self.hands.tap(key::Delete)?;
        self.hands.type_text(text)
    }

    /// Clicks into the field called `label` and replaces what is in it by `text`, from the clipboard: for what
    /// is on no key.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn paste_into(&mut self, label: &str, text: &str) -> anyhow::Result<()> {
        use xkeysym::key;
        self.eyes.put_on_clipboard(text)?;
        self.type_into(label, "")?;
        self.hands.chord(&[key::Control_L, key::v])
    }

    /// What stands in the field that has the keyboard, by way of the clipboard.
    ///
    /// # Errors
    ///
    /// If nothing is copied.
    pub fn typed_text(&self) -> anyhow::Result<String> {
        use xkeysym::key;
        const NOTHING: &str = "nothing copied";
        self.eyes.put_on_clipboard(NOTHING)?;
        self.hands.chord(&[key::Control_L, key::a])?;
        self.hands.chord(&[key::Control_L, key::c])?;
        wait_until("a copy", Duration::from_secs(8), || {
            let text = self.eyes.clipboard()?;
            Ok(text.filter(|text| text != NOTHING))
        })
    }

    /// Waits until the field called `label` has the keyboard.
    ///
    /// # Errors
    ///
    /// If it does not get it.
    pub fn wait_for_keyboard(&self, label: &str) -> anyhow::Result<()> {
        let label = self.look.reads(label);
        wait_until(
            &format!("the keyboard in {label:?}"),
            Duration::from_secs(8),
            || {
                let found = input_field(&self.map()?, label);
                Ok(found.filter(|found| found.focused).map(drop))
            },
        )
    }

    /// Where the field called `label` is.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn wait_for_field(&mut self, label: &str) -> anyhow::Result<Found> {
        let label = self.look.reads(label);
        self.wait_for_where(label, |map| input_field(map, label))
    }

    /// Waits until a label that `matches` can be read and stands still; `what` is for the message.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn wait_for_matching(
        &mut self,
        what: &str,
        matches: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Found> {
        self.wait_for_where(what, |map| map.find_matching(|shown, _| matches(shown)))
    }

    fn wait_for_where(
        &mut self,
        label: &str,
        look: impl Fn(&UiMap) -> Option<Found>,
    ) -> anyhow::Result<Found> {
        let until = Instant::now() + PATIENCE;
        let mut before: Option<Found> = None;
        loop {
            self.running.check_alive()?;
            let map = self.map()?;
            let found = look(&map);
            if let Some(found) = found
                && before == Some(found)
            {
                return Ok(found);
            }
            if Instant::now() >= until {
                bail!(
                    "{} does not show {label:?}; it shows {:?} (see {})\n{}",
                    self.running.name(),
                    map.labels(),
                    // the screen of a Wayland desktop's X server cannot be taken
                    self.keep_screenshot()
                        .map_or_else(|error| error.to_string(), |path| path.display().to_string()),
                    self.running.log_tail()
                );
            }
            before = found;
            std::thread::sleep(self.home.at_rest_after());
        }
    }

    /// A picture of the window that shows `label`, without its title bar.
    ///
    /// # Errors
    ///
    /// If there is no such window.
    pub fn picture_of(&self, label: &str) -> anyhow::Result<Picture> {
        let (_, region) = self.window_on_screen(label)?;
        self.eyes.screenshot_of(region)
    }

    /// Brings the window that shows `label` to the front and waits until nothing lies over it: no
    /// other window, and no notice of its own.
    ///
    /// # Errors
    ///
    /// If something still does after [`PATIENCE`].
    pub fn uncover(&mut self, label: &str) -> anyhow::Result<()> {
        self.bring_to_front(label)?;
        // every notice can be dismissed, and leaves by itself
        self.wait_until_gone("Dismiss")?;
        wait_until(&format!("{label:?} to lie on top"), PATIENCE, || {
            let (window, _) = self.window_on_screen(label)?;
            Ok(self.eyes.is_on_top(window)?.then_some(()))
        })
    }

    /// The window that shows `label` and its place, without its title bar.
    fn window_on_screen(&self, label: &str) -> anyhow::Result<(Window, Region)> {
        let window = self.window_of(label)?;
        let window = window.with_context(|| format!("no window shows {label:?}"))?;
        let (x, y) = window.corner();
        self.eyes.window_at_corner(x, y)
    }

    /// Brings the window that shows `label` to the front, once it is there.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn bring_to_front(&mut self, label: &str) -> anyhow::Result<()> {
        let window = self.window_that_shows(label)?;
        self.eyes.bring_to_front(window)?;
        std::thread::sleep(Duration::from_millis(200));
        Ok(())
    }

    fn window_that_shows(&mut self, label: &str) -> anyhow::Result<u32> {
        self.wait_for(label)?;
        let (window, _) = self.window_on_screen(label)?;
        Ok(window)
    }

    /// Minimises the window that shows `label`, as the button in its title bar does; the window, to ask its
    /// display about.
    ///
    /// # Errors
    ///
    /// As [`App::wait_for`].
    pub fn minimise(&mut self, label: &str) -> anyhow::Result<Window> {
        let window = self.window_that_shows(label)?;
        self.eyes.minimise(window)?;
        std::thread::sleep(Duration::from_millis(200));
        Ok(window)
    }

    /// Keeps a picture of the window that shows `label`, for whoever wants to look at one, in the folder that
    /// `PHD_PICTURES` names. Without it nothing is done.
    ///
    /// # Errors
    ///
    /// If it cannot be taken or written.
    pub fn show_picture(&self, label: &str, name: &str) -> anyhow::Result<()> {
        if let Some(folder) = std::env::var_os("PHD_PICTURES") {
            std::thread::sleep(Duration::from_millis(500));
            let path = PathBuf::from(folder).join(format!("{name}.png"));
            self.picture_of(label)?.save_png(&path)?;
        }
        Ok(())
    }

    /// Keeps a picture of its display for whoever looks why a play failed.
    ///
    /// # Errors
    ///
    /// If it cannot be taken or written.
    pub fn keep_screenshot(&self) -> anyhow::Result<PathBuf> {
        let folder = std::env::temp_dir().join("phd-e2e-failures");
        std::fs::create_dir_all(&folder)?;
        let name = format!("{}-{}.png", self.running.name(), self.running.pid());
        let path = folder.join(name);
        self.eyes.screenshot()?.save_png(&path)?;
        Ok(path)
    }
}

/// The command `label` of a menu that is open.
fn in_menu(map: &UiMap, label: &str) -> Option<Found> {
    map.find_matching(|shown, role| shown == label && role == "MenuItem")
        .filter(|found| found.enabled)
}

/// The field `label`, if it takes text.
pub(crate) fn input_field(map: &UiMap, label: &str) -> Option<Found> {
    map.find_matching(|shown, role| shown == label && role.ends_with("Input"))
        .filter(|found| found.enabled)
}
