//! X servers: one without a screen for each person in the play, or the user's own.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, ImageFormat,
    ImageOrder, KeyButMask, MapState, PropMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::hands::Hands;
use crate::picture::{Picture, Region};
use crate::running::{Running, wait_until};

/// What an X server is like.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    pub width: u16,
    pub height: u16,
    /// Bits of a pixel's colours.
    pub depth: u8,
    /// The extensions that it does not have.
    pub lacking: &'a [&'a str],
}

impl Server<'_> {
    /// A usual one of this size.
    pub const fn usual(width: u16, height: u16) -> Self {
        Self {
            width,
            height,
            depth: 24,
            lacking: &[],
        }
    }

    fn arguments(&self, screen: &[&str]) -> Vec<String> {
        let Self {
            width,
            height,
            depth,
            lacking,
        } = self;
        let size = format!("{width}x{height}x{depth}");
        let lacking = lacking.iter().flat_map(|name| ["-extension", name]);
        let arguments = ["-nolisten", "tcp", "-noreset", "-dpi", "96"];
        let arguments = arguments.into_iter().chain(lacking);
        let arguments = arguments.chain(screen.iter().copied()).map(str::to_owned);
        arguments.chain([size]).collect()
    }
}

/// An X display, with a window manager if the play needs one.
///
/// Dropping it ends the servers that it started, by their process ids, and no others.
#[derive(Debug)]
pub struct Display {
    name: String,
    connection: RustConnection,
    root: Window,
    width: u16,
    height: u16,
    /// Where the hands act that this display feels, if it has none of its own.
    hands_at: Option<String>,
    // dropped in this order: the window manager before its server
    window_manager: Option<Running>,
    server: Option<Running>,
    folder: TempDir,
}

impl Display {
    /// The X server that it started.
    ///
    /// # Errors
    ///
    /// If it started none.
    pub(crate) fn server_pid(&self) -> anyhow::Result<u32> {
        let server = self.server.as_ref().context("no server of its own")?;
        Ok(server.pid())
    }

    /// Starts an X server without a screen on a free display, `width` x `height` pixels.
    ///
    /// # Errors
    ///
    /// If `Xvfb` is missing or does not come up.
    pub fn start(width: u16, height: u16) -> anyhow::Result<Self> {
        Self::start_server(&Server::usual(width, height))
    }

    /// The same with such a server.
    ///
    /// # Errors
    ///
    /// As [`Display::start`].
    pub fn start_server(server: &Server<'_>) -> anyhow::Result<Self> {
        Self::start_program("Xvfb", server.arguments(&["-screen", "0"]), |_| {})
    }

    /// A display inside of a window of this one, which has the size of it at least: what is done with
    /// hands here is felt there, also by a server without XTEST.
    ///
    /// # Errors
    ///
    /// If `Xephyr` is missing or does not come up.
    pub fn start_inside(&self, server: &Server<'_>) -> anyhow::Result<Self> {
        let arguments = server.arguments(&["-screen"]);
        let mut inner = Self::start_program("Xephyr", arguments, |command| {
            command.env("DISPLAY", &self.name);
        })?;
        inner.hands_at = Some(self.name.clone());
        Ok(inner)
    }

    /// The X server of a Wayland desktop that listens at `socket` in the runtime folder `folder`.
    ///
    /// # Errors
    ///
    /// If `Xwayland` is missing or does not come up.
    pub fn start_on_wayland(folder: &Path, socket: &str) -> anyhow::Result<Self> {
        let arguments = ["-noreset"].map(str::to_owned);
        Self::start_program("Xwayland", arguments.to_vec(), |command| {
            command
                .env("XDG_RUNTIME_DIR", folder)
                .env("WAYLAND_DISPLAY", socket);
        })
    }

    fn start_program(
        program: &str,
        arguments: Vec<String>,
        set_up: impl FnOnce(&mut Command),
    ) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("phd-display-")?;
        let number = folder.path().join("number");
        let mut command = Command::new("sh");
        // The server tells its number on a file descriptor once it takes connections.
        command
            .args([
                "-c",
                r#"program=$1; shift; exec "$program" -displayfd 3 "$@" 3>"$0""#,
            ])
            .arg(&number)
            .arg(program)
            .args(arguments);
        set_up(&mut command);
        let mut server = Running::start(program, &mut command, &folder.path().join("server.log"))?;
        let number = wait_until("an X server", Duration::from_secs(20), || {
            server.check_alive()?;
            let text = fs::read_to_string(&number).unwrap_or_default();
            Ok(text.strip_suffix('\n').map(str::to_owned))
        })?;
        let mut display = Self::attach(&format!(":{number}"))?;
        display.folder = folder;
        display.server = Some(server);
        Ok(display)
    }

    /// [`Display::start`] with a window manager that leaves all keys but Alt+Tab to the programs.
    ///
    /// # Errors
    ///
    /// As [`Display::start`], or if `openbox` is missing.
    pub fn start_managed(width: u16, height: u16) -> anyhow::Result<Self> {
        let mut display = Self::start(width, height)?;
        display.manage()?;
        Ok(display)
    }

    /// Ends the window manager: what has the keyboard from then on is what the pointer is over.
    pub fn end_window_manager(&mut self) {
        self.window_manager = None;
    }

    /// The same display with such a window manager.
    ///
    /// # Errors
    ///
    /// If `openbox` is missing.
    pub fn managed(mut self) -> anyhow::Result<Self> {
        self.manage()?;
        Ok(self)
    }

    /// A display that is there already; nothing is started or ended.
    ///
    /// # Errors
    ///
    /// If it takes no connection.
    pub fn attach(name: &str) -> anyhow::Result<Self> {
        let (connection, screen) = x11rb::connect(Some(name))
            .with_context(|| format!("cannot connect to display {name}"))?;
        let setup = &connection.setup().roots[screen];
        let (root, width, height) = (setup.root, setup.width_in_pixels, setup.height_in_pixels);
        Ok(Self {
            name: name.to_owned(),
            root,
            width,
            height,
            hands_at: None,
            connection,
            window_manager: None,
            server: None,
            folder: TempDir::with_prefix("phd-display-")?,
        })
    }

    fn manage(&mut self) -> anyhow::Result<()> {
        let rules = self.folder.path().join("rc.xml");
        fs::write(&rules, WINDOW_MANAGER_RULES)?;
        let mut command = Command::new("openbox");
        command
            .arg("--sm-disable")
            .arg("--config-file")
            .arg(&rules)
            .env("DISPLAY", &self.name)
            .env("HOME", self.folder.path())
            .env_remove("XDG_CONFIG_HOME");
        let log = self.folder.path().join("openbox.log");
        let mut manager = Running::start("openbox", &mut command, &log)?;
        let check = self.atom("_NET_SUPPORTING_WM_CHECK")?;
        wait_until("a window manager", Duration::from_secs(20), || {
            manager.check_alive()?;
            let property = self
                .connection
                .get_property(false, self.root, check, 0_u32, 0, 1)?
                .reply()?;
            Ok((property.type_ != 0).then_some(()))
        })?;
        self.window_manager = Some(manager);
        Ok(())
    }

    /// Its name, for the environment variable `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width.into()
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height.into()
    }

    /// Somebody's keyboard and mouse on this display.
    ///
    /// # Errors
    ///
    /// If the server has no XTEST.
    pub fn hands(&self) -> anyhow::Result<Hands> {
        Hands::at(self.hands_at.as_deref().unwrap_or(&self.name))
    }

    pub(crate) fn connection(&self) -> &RustConnection {
        &self.connection
    }

    /// The window behind all others.
    pub(crate) fn root(&self) -> Window {
        self.root
    }

    /// Gives the keyboard the layout `layout` of XKB (`us`, `it`, ...).
    ///
    /// # Errors
    ///
    /// If `setxkbmap` is missing or does not know the layout.
    pub fn set_layout(&self, layout: &str) -> anyhow::Result<()> {
        self.set_layout_with(layout, "", "")
    }

    /// The same with a variant (`colemak`) and an option (`caps:escape`), or without where it is empty.
    ///
    /// # Errors
    ///
    /// As [`Display::set_layout`].
    pub fn set_layout_with(&self, layout: &str, variant: &str, option: &str) -> anyhow::Result<()> {
        // an empty option takes back those that were set before
        let output = Command::new("setxkbmap")
            .args(["-display", &self.name, "-layout", layout])
            .args(["-variant", variant, "-option", "", "-option", option])
            .output()
            .context("cannot start setxkbmap")?;
        ensure!(
            output.status.success(),
            "setxkbmap {layout}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// What is on the screen now, without the pointer.
    ///
    /// # Errors
    ///
    /// If the server does not answer or is no true-colour one.
    pub fn screenshot(&self) -> anyhow::Result<Picture> {
        self.screenshot_of(Region {
            x: 0,
            y: 0,
            width: self.width(),
            height: self.height(),
        })
    }

    /// The part of [`Display::screenshot`] in `region`; what of it lies beyond the screen is cut off.
    ///
    /// # Errors
    ///
    /// As [`Display::screenshot`].
    pub fn screenshot_of(&self, region: Region) -> anyhow::Result<Picture> {
        let x = u16::try_from(region.x)?.min(self.width);
        let y = u16::try_from(region.y)?.min(self.height);
        let width = u16::try_from(region.width)?.min(self.width - x);
        let height = u16::try_from(region.height)?.min(self.height - y);
        let image = self
            .connection
            .get_image(
                ImageFormat::Z_PIXMAP,
                self.root,
                i16::try_from(x)?,
                i16::try_from(y)?,
                width,
                height,
                u32::MAX,
            )?
            .reply()?;
        let little = self.connection.setup().image_byte_order == ImageOrder::LSB_FIRST;
        ensure!(little, "not a server of this kind of machine");
        let pixels = if image.depth == 24 {
            image.data
        } else {
            self.usual_pixels(&image.data, width, image.depth)?
        };
        Picture::from_bgrx(width.into(), height.into(), &pixels)
            .context("the server sent too few pixels")
    }

    /// Pixels of another depth as a screen of 24 bits has them.
    fn usual_pixels(&self, data: &[u8], width: u16, depth: u8) -> anyhow::Result<Vec<u8>> {
        let setup = self.connection.setup();
        let screen = setup.roots.iter().find(|s| s.root == self.root);
        let screen = screen.context("a root window is of a screen")?;
        let format = setup.pixmap_formats.iter().find(|f| f.depth == depth);
        let format = format.context("a depth has a format")?;
        let bytes = usize::from(format.bits_per_pixel / 8);
        ensure!(matches!(bytes, 1 | 2 | 4), "{bytes} bytes for a pixel");
        let visuals = screen.allowed_depths.iter().flat_map(|d| &d.visuals);
        let visual = visuals
            .into_iter()
            .find(|v| v.visual_id == screen.root_visual);
        let visual = visual.context("a screen has a visual")?;
        // a map of colours has as many as one byte can name
        let map = if bytes == 1 {
            let all: Vec<u32> = (0..256).collect();
            let asked = self
                .connection
                .query_colors(screen.default_colormap, &all)?;
            asked.reply()?.colors
        } else {
            Vec::new()
        };
        let row_bytes = (usize::from(width) * bytes).next_multiple_of(4);
        let mut usual = Vec::new();
        for row in data.chunks_exact(row_bytes) {
            for pixel in row[..usize::from(width) * bytes].chunks_exact(bytes) {
                let stored = pixel
                    .iter()
                    .rev()
                    .fold(0, |all, b| all << 8 | u32::from(*b));
                let part = |mask: u32| {
                    let highest = mask >> mask.trailing_zeros();
                    let value = (stored & mask) >> mask.trailing_zeros();
                    u8::try_from((value * 255 + highest / 2) / highest)
                };
                usual.extend(match map.get(pixel[0] as usize) {
                    Some(c) => [c.blue, c.green, c.red].map(|c| c.to_be_bytes()[0]),
                    None => [
                        part(visual.blue_mask)?,
                        part(visual.green_mask)?,
                        part(visual.red_mask)?,
                    ],
                });
                usual.push(0);
            }
        }
        Ok(usual)
    }

    /// Whether its server has the extension `name`.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn has_extension(&self, name: &str) -> anyhow::Result<bool> {
        let asked = self.connection.query_extension(name.as_bytes())?;
        Ok(asked.reply()?.present)
    }

    /// The place of the window with this title, if there is one.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn window_titled(&self, title: &str) -> anyhow::Result<Option<Region>> {
        for window in self.connection.query_tree(self.root)?.reply()?.children {
            let name: u32 = AtomEnum::WM_NAME.into();
            let told = self
                .connection
                .get_property(false, window, name, AtomEnum::ANY, 0, 64)?;
            let (Ok(told), Ok(place)) =
                (told.reply(), self.connection.get_geometry(window)?.reply())
            else {
                continue;
            };
            if told.value == title.as_bytes() {
                return Ok(Some(Region {
                    x: u32::try_from(place.x).unwrap_or(0),
                    y: u32::try_from(place.y).unwrap_or(0),
                    width: place.width.into(),
                    height: place.height.into(),
                }));
            }
        }
        Ok(None)
    }

    /// The windows that stand on the screen itself and can be seen; a window manager's frames are among them.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn shown_windows(&self) -> anyhow::Result<BTreeSet<Window>> {
        let all = self.connection.query_tree(self.root)?.reply()?.children;
        let mut shown = BTreeSet::new();
        for window in all {
            // one may go in between
            let look = self.connection.get_window_attributes(window)?.reply();
            let place = self.connection.get_geometry(window)?.reply();
            // toolkits have some of one pixel
            let is_large = place.is_ok_and(|place| place.width > 1 && place.height > 1);
            if is_large && look.is_ok_and(|look| look.map_state == MapState::VIEWABLE) {
                shown.insert(window);
            }
        }
        Ok(shown)
    }

    /// Whether `window` is on the screen, and not minimised.
    ///
    /// # Errors
    ///
    /// If it is gone, or the server does not answer.
    pub fn is_shown(&self, window: Window) -> anyhow::Result<bool> {
        let told = self.connection.get_window_attributes(window)?.reply()?;
        Ok(told.map_state == MapState::VIEWABLE)
    }

    /// Where one of [`Self::shown_windows`] is.
    ///
    /// # Errors
    ///
    /// If it is gone, or the server does not answer.
    pub fn place_of(&self, window: Window) -> anyhow::Result<Region> {
        let place = self.connection.get_geometry(window)?.reply()?;
        Ok(Region {
            x: u32::try_from(place.x).unwrap_or(0),
            y: u32::try_from(place.y).unwrap_or(0),
            width: place.width.into(),
            height: place.height.into(),
        })
    }

    /// The largest window whose content has its left upper corner at `x`, `y`, and its place.
    ///
    /// # Errors
    ///
    /// If there is none, or the server does not answer.
    pub fn window_at_corner(&self, x: u32, y: u32) -> anyhow::Result<(Window, Region)> {
        let mut best: Option<(Window, Region)> = None;
        let mut rest = vec![(self.root, 0_i32, 0_i32)];
        while let Some((parent, left, top)) = rest.pop() {
            for window in self.connection.query_tree(parent)?.reply()?.children {
                let Ok(place) = self.connection.get_geometry(window)?.reply() else {
                    continue;
                };
                let (left, top) = (left + i32::from(place.x), top + i32::from(place.y));
                rest.push((window, left, top));
                let region = Region {
                    x: u32::try_from(left).unwrap_or(u32::MAX),
                    y: u32::try_from(top).unwrap_or(u32::MAX),
                    width: place.width.into(),
                    height: place.height.into(),
                };
                let here = region.x.abs_diff(x) <= 1 && region.y.abs_diff(y) <= 1;
                if here && best.is_none_or(|(_, best)| best.area() < region.area()) {
                    best = Some((window, region));
                }
            }
        }
        best.with_context(|| format!("no window at {x}, {y}"))
    }

    /// Brings a window to the front, as a click on its name in a task bar does.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn bring_to_front(&self, window: Window) -> anyhow::Result<()> {
        // EWMH: 2 says that a pager asks, for the person in front of it
        self.ask_the_manager(window, "_NET_ACTIVE_WINDOW", [2, 0, 0, 0, 0])
    }

    /// Minimises a window, as the button in its title bar does.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn minimise(&self, window: Window) -> anyhow::Result<()> {
        const ICONIC: u32 = 3;
        self.ask_the_manager(window, "WM_CHANGE_STATE", [ICONIC, 0, 0, 0, 0])
    }

    /// Closes a window, as the button in its title bar does: its program may do something else.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn close(&self, window: Window) -> anyhow::Result<()> {
        self.ask_the_manager(window, "_NET_CLOSE_WINDOW", [0, 2, 0, 0, 0])
    }

    /// Says for the window that has the keyboard that somebody uses it now, as GTK and Qt say for
    /// theirs with each key: window managers let nothing take the keyboard from it then.
    ///
    /// # Errors
    ///
    /// If no window has it, or the server does not answer.
    pub fn mark_as_used(&self) -> anyhow::Result<()> {
        let window = self.active_window()?;
        let now = self.server_time()?;
        let used = self.atom("_NET_WM_USER_TIME")?;
        self.connection
            .change_property32(PropMode::REPLACE, window, used, AtomEnum::CARDINAL, &[now])?
            .check()?;
        Ok(())
    }

    /// Keeps the window that has the keyboard above usual ones, as its title bar's menu does.
    ///
    /// # Errors
    ///
    /// If no window has it, or the server does not answer.
    pub fn keep_on_top(&self) -> anyhow::Result<()> {
        const ADD: u32 = 1;
        const FOR_THE_PERSON: u32 = 2;
        let above = self.atom("_NET_WM_STATE_ABOVE")?;
        let order = [ADD, above, 0, FOR_THE_PERSON, 0];
        self.ask_the_manager(self.active_window()?, "_NET_WM_STATE", order)
    }

    /// The window that has the keyboard.
    ///
    /// # Errors
    ///
    /// If none has it, or the server does not answer.
    pub fn active_window(&self) -> anyhow::Result<Window> {
        let active = self.atom("_NET_ACTIVE_WINDOW")?;
        let property = self
            .connection
            .get_property(false, self.root, active, AtomEnum::WINDOW, 0, 1)?
            .reply()?;
        let window = property.value32().and_then(|mut windows| windows.next());
        window.context("no window has the keyboard")
    }

    /// What the server's clock shows, which it only tells with an event.
    fn server_time(&self) -> anyhow::Result<u32> {
        let window = self.connection.generate_id()?;
        let aux = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        let (class, visual) = (WindowClass::INPUT_ONLY, 0);
        self.connection
            .create_window(0, window, self.root, -1, -1, 1, 1, 0, class, visual, &aux)?;
        self.connection.change_property8(
            PropMode::REPLACE,
            window,
            AtomEnum::WM_NAME,
            AtomEnum::STRING,
            b"clock",
        )?;
        self.connection.flush()?;
        loop {
            if let Event::PropertyNotify(told) = self.connection.wait_for_event()?
                && told.window == window
            {
                self.connection.destroy_window(window)?;
                return Ok(told.time);
            }
        }
    }

    fn ask_the_manager(&self, window: Window, what: &str, how: [u32; 5]) -> anyhow::Result<()> {
        let what = self.atom(what)?;
        let wish = ClientMessageEvent::new(32, window, what, how);
        let to = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
        self.connection
            .send_event(false, self.root, to, wish)?
            .check()?;
        Ok(())
    }

    /// Whether no other program's window lies over `window`. What no window manager knows of the same
    /// program may.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn is_on_top(&self, window: Window) -> anyhow::Result<bool> {
        let mut top_level = window;
        loop {
            let parent = self.connection.query_tree(top_level)?.reply()?.parent;
            if parent == self.root || parent == x11rb::NONE {
                break;
            }
            top_level = parent;
        }
        let own = self.outline_of(top_level)?;
        let program = self.program_in(top_level)?;
        // the server tells them from the lowest to the highest
        let all = self.connection.query_tree(self.root)?.reply()?.children;
        let higher = all
            .into_iter()
            .rev()
            .take_while(|other| *other != top_level)
            .filter(|other| self.maker_of(*other) != program);
        for other in higher {
            let Ok(look) = self.connection.get_window_attributes(other)?.reply() else {
                continue;
            };
            let Ok(outline) = self.outline_of(other) else {
                continue;
            };
            let overlaps = outline
                .iter()
                .zip(&own)
                .all(|(one, own)| one.start < own.end && own.start < one.end);
            if look.map_state == MapState::VIEWABLE && overlaps {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What connection to the server made a window: the identifier says it.
    fn maker_of(&self, window: Window) -> u32 {
        window & !self.connection.setup().resource_id_mask
    }

    /// The program that shows something in a window which stands on the screen itself: not the window
    /// manager, if that is only the frame.
    fn program_in(&self, top_level: Window) -> anyhow::Result<u32> {
        let mut rest = vec![top_level];
        while let Some(window) = rest.pop() {
            let maker = self.maker_of(window);
            if maker != self.maker_of(top_level) {
                return Ok(maker);
            }
            rest.extend(self.connection.query_tree(window)?.reply()?.children);
        }
        Ok(self.maker_of(top_level))
    }

    /// Columns and rows that a window which stands on the screen itself takes.
    fn outline_of(&self, window: Window) -> anyhow::Result<[Range<i32>; 2]> {
        let place = self.connection.get_geometry(window)?.reply()?;
        let span = |start: i16, length: u16| i32::from(start)..i32::from(start) + i32::from(length);
        Ok([span(place.x, place.width), span(place.y, place.height)])
    }

    /// The key codes that are down now.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn pressed_keys(&self) -> anyhow::Result<Vec<u8>> {
        let map = self.connection.query_keymap()?.reply()?.keys;
        Ok((0..=u8::MAX)
            .filter(|code| map[usize::from(code / 8)] & (1 << (code % 8)) != 0)
            .collect())
    }

    /// Whether any pointer button is down now.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn any_button_pressed(&self) -> anyhow::Result<bool> {
        const BUTTONS: u16 = 0x1f00;
        let pointer = self.connection.query_pointer(self.root)?.reply()?;
        Ok(u16::from(pointer.mask) & BUTTONS != 0)
    }

    /// Whether Num Lock is on; it is the modifier that X calls `Mod2` on every usual layout.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn num_lock_is_on(&self) -> anyhow::Result<bool> {
        let pointer = self.connection.query_pointer(self.root)?.reply()?;
        Ok(u16::from(pointer.mask) & u16::from(KeyButMask::MOD2) != 0)
    }

    /// The text on the clipboard, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// If `xclip` is missing.
    pub fn clipboard(&self) -> anyhow::Result<Option<String>> {
        let output = Command::new("timeout")
            .args(["5", "xclip", "-display", &self.name])
            .args(["-selection", "clipboard", "-out"])
            .stdin(Stdio::null())
            .output()
            .context("cannot start xclip")?;
        Ok(output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// What a program can paste the clipboard as, as its owner says; for messages.
    pub(crate) fn kinds_on_clipboard(&self) -> String {
        let mut xclip = Command::new("timeout");
        xclip.args(["5", "xclip", "-display", &self.name]);
        xclip.args(["-selection", "clipboard", "-out", "-target", "TARGETS"]);
        let said = xclip.stdin(Stdio::null()).output().map(|said| said.stdout);
        String::from_utf8_lossy(&said.unwrap_or_default()).replace('\n', " ")
    }

    /// Puts `text` on the clipboard, as another program would.
    ///
    /// # Errors
    ///
    /// If `xclip` is missing.
    pub fn put_on_clipboard(&self, text: &str) -> anyhow::Result<()> {
        self.offer("clipboard", text)
    }

    /// Offers `text` to the middle button, as if it were selected in another program.
    ///
    /// # Errors
    ///
    /// If `xclip` is missing.
    pub fn put_in_selection(&self, text: &str) -> anyhow::Result<()> {
        self.offer("primary", text)
    }

    /// The `xclip` that stays to answer goes when somebody else offers something, or with the display.
    fn offer(&self, selection: &str, text: &str) -> anyhow::Result<()> {
        use std::io::Write as _;
        let atom = self.atom(&selection.to_uppercase())?;
        let owner = || anyhow::Ok(self.connection.get_selection_owner(atom)?.reply()?.owner);
        let before = owner()?;
        let mut xclip = Command::new("xclip")
            .args(["-display", &self.name])
            .args(["-selection", selection, "-in"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start xclip")?;
        let mut stdin = xclip.stdin.take().context("xclip takes nothing")?;
        stdin.write_all(text.as_bytes())?;
        drop(stdin);
        anyhow::ensure!(xclip.wait()?.success(), "xclip offers nothing");
        // the one that stays to answer may come after the one that was started has gone
        wait_until("the offer", Duration::from_secs(10), || {
            let owner = owner()?;
            Ok((owner != x11rb::NONE && owner != before).then_some(()))
        })
    }

    /// Paints the whole background in one colour, as a desktop would.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn paint_background(&self, rgb: u32) -> anyhow::Result<()> {
        use x11rb::protocol::xproto::ChangeWindowAttributesAux;
        let colour = ChangeWindowAttributesAux::new().background_pixel(rgb);
        self.connection
            .change_window_attributes(self.root, &colour)?;
        self.connection
            .clear_area(false, self.root, 0, 0, 0, 0)?
            .check()?;
        Ok(())
    }

    /// Changes the size of the screen, as somebody does in the settings of his desktop. It cannot become
    /// larger than it was at the start.
    ///
    /// # Errors
    ///
    /// If `xrandr` is missing or the server refuses.
    pub fn resize(&mut self, width: u16, height: u16) -> anyhow::Result<()> {
        let mode = format!("{width} by {height}");
        let sides = [width, height].map(|side| [side, side, side, side + 8].map(|n| n.to_string()));
        let timing = sides.as_flattened().iter().map(String::as_str);
        let new_mode: Vec<&str> = ["--newmode", &mode, "25"]
            .into_iter()
            .chain(timing)
            .collect();
        for words in [
            &new_mode[..],
            &["--addmode", "screen", &mode],
            &["--output", "screen", "--mode", &mode],
        ] {
            let output = Command::new("xrandr")
                .args(["-display", &self.name])
                .args(words)
                .output()
                .context("cannot start xrandr")?;
            ensure!(
                output.status.success(),
                "xrandr {words:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        (self.width, self.height) = (width, height);
        Ok(())
    }

    fn atom(&self, name: &str) -> anyhow::Result<u32> {
        let reply = self.connection.intern_atom(false, name.as_bytes())?;
        Ok(reply.reply()?.atom)
    }
}

/// Focus follows clicks, windows are placed by themselves, and of all keys only Alt+Tab is the
/// manager's: what a test types must reach the programs.
const WINDOW_MANAGER_RULES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <placement><policy>Smart</policy></placement>
  <theme><name>Clearlooks</name><animateIconify>no</animateIconify></theme>
  <desktops><number>1</number></desktops>
  <keyboard>
    <keybind key="A-Tab"><action name="NextWindow">
      <finalactions><action name="Focus"/><action name="Raise"/></finalactions>
    </action></keybind>
  </keyboard>
  <mouse>
    <context name="Client"><mousebind button="Left" action="Press">
      <action name="Focus"/><action name="Raise"/>
    </mousebind></context>
    <context name="Titlebar">
      <mousebind button="Left" action="Press"><action name="Focus"/><action name="Raise"/></mousebind>
      <mousebind button="Left" action="Drag"><action name="Move"/></mousebind>
    </context>
    <context name="Close"><mousebind button="Left" action="Click">
      <action name="Close"/>
    </mousebind></context>
  </mouse>
</openbox_config>
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Board;

    #[test]
    fn two_displays_run_at_once_and_end_with_their_owners() {
        let first = Display::start(320, 200).expect("an X server");
        let second = Display::start_managed(300, 240).expect("an X server and a window manager");
        assert_ne!(first.name(), second.name());
        first.paint_background(0x12_34_56).expect("painted");
        let seen = first.screenshot().expect("a picture");
        assert_eq!((seen.width(), seen.height()), (320, 200));
        assert_eq!(seen.at(319, 199), [0x12, 0x34, 0x56]);
        let name = second.name().to_owned();
        drop(second);
        assert!(Display::attach(&name).is_err());
    }

    #[test]
    fn a_window_under_another_is_not_on_top() {
        let display = Display::start(320, 200).expect("an X server");
        let grey = Picture::of_one_colour(100, 80, 0x80_80_80);
        let hang = |x| Board::hang(&display, &grey, (x, 20)).expect("a window");
        let first = hang(20);
        let on_top = |x| {
            let (window, _) = display.window_at_corner(x, 20).expect("a window");
            display.is_on_top(window).expect("an answer")
        };
        assert!(on_top(20));
        let second = hang(119);
        assert!(!on_top(20) && on_top(119), "one column is covered");
        drop(second);
        let _beside = hang(120);
        assert!(on_top(20));
        drop(first);
    }

    #[test]
    fn characters_of_the_layout_are_typed_as_a_person_would() {
        let display = Display::start_managed(640, 480).expect("an X server");
        display.set_layout("it").expect("an Italian keyboard");
        let folder = TempDir::new().expect("a folder");
        let typed = folder.path().join("typed");
        let mut command = Command::new("xterm");
        command
            .args(["-e", "sh", "-c", r#"cat >"$0""#])
            .arg(&typed)
            .env("DISPLAY", display.name())
            .env("LC_ALL", "C.UTF-8");
        let log = folder.path().join("log");
        let _terminal = Running::start("xterm", &mut command, &log).expect("xterm");
        wait_until("the terminal", Duration::from_secs(20), || {
            Ok(typed.exists().then_some(()))
        })
        .expect("a terminal");
        let hands = display.hands().expect("hands");
        let text = "Perché? è ò @ € [ ñ ~";
        hands.type_text(text).expect("typed");
        hands.type_text("\n").expect("typed");
        wait_until("the text", Duration::from_secs(10), || {
            let arrived = fs::read_to_string(&typed)?;
            Ok((arrived.trim_end() == text).then_some(()))
        })
        .expect("the text arrives");
        assert!(display.pressed_keys().expect("keys").is_empty());
    }
}
