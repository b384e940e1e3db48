//! The X11 screen: MIT-SHM for the pixels, DAMAGE for what changed, `RandR` for monitors, XFIXES for
//! the pointer's picture and `XInput` 2 for its moves.
//!
//! Each change is an event of the server, and nothing here has a timer, but where DAMAGE or XFIXES is
//! missing: then the whole screen is compared some times a second. Without XFIXES nobody knows what
//! the pointer looks like.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use codec::{Picture, PixelSize, Rect};
use x11::{Alarm, ConnectError, PatientConnection};
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{self, ConnectionExt as _};
use x11rb::protocol::randr::{self, ConnectionExt as _};
use x11rb::protocol::xfixes::{self, ConnectionExt as _};
use x11rb::protocol::xinput::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, EventMask, Rectangle, Window,
};
use x11rb::protocol::xtest::{self, ConnectionExt as _};

use crate::tiles::TileGrid;
use crate::{
    CaptureError, CaptureWaker, Changes, Monitor, PointerPicture, PointerState, ScreenSource,
};

mod obstacles;
mod pixels;

pub(crate) use obstacles::Observer;

use pixels::{PixelReader, ReadFault};

/// More damaged rectangles than this are made fewer and larger: each costs a request.
const MAX_RECTS: usize = 48;
/// How often the screen is looked at where the server does not tell what changed.
const COMPARE_EVERY: Duration = Duration::from_millis(100);
/// How often a grab is tried anew while the screen keeps changing its size.
const MAX_RESIZES_DURING_A_GRAB: usize = 8;

/// The screen of an X server.
pub struct X11Screen {
    conn: PatientConnection,
    root: Window,
    desktop: PixelSize,
    selected: Option<u32>,
    /// Nothing but the selected monitor is ever shared.
    keeps: bool,
    area: Rect,
    reader: PixelReader,
    watch: Watch,
    /// Whether the server tells what the pointer looks like.
    knows_shape: bool,
    /// The next grab copies the whole area.
    everything: bool,
    geometry_is_stale: bool,
    /// What was found outside of a wait, for the next one to tell.
    untold: Changes,
    pointer_in_desktop: (i16, i16),
    shape: Option<Arc<PointerPicture>>,
    wake: Arc<Alarm>,
}

/// How changes are found.
enum Watch {
    /// The server tells them.
    Damage {
        damage: damage::Damage,
        region: xfixes::Region,
        /// Damage told by events before this request is already in the picture.
        subtracted_at: u64,
    },
    /// The screen is compared with the last picture.
    Compare {
        /// When it is looked at next.
        due: Instant,
        /// Where it is copied to.
        fresh: Picture,
    },
}

impl X11Screen {
    /// Opens a display by name, or the one that `DISPLAY` names.
    ///
    /// # Errors
    ///
    /// [`CaptureError::NoDisplay`] when nothing answers there, [`CaptureError::Unsuitable`] when the
    /// server lacks an extension or has few colours.
    pub fn open_display(display: Option<&str>) -> Result<Self, CaptureError> {
        let (conn, screen) = x11::connect_patiently(display)?;
        require_extensions(&conn)?;
        let root = screen.root;
        let desktop = PixelSize {
            width: screen.width_in_pixels.into(),
            height: screen.height_in_pixels.into(),
        };
        let reader = PixelReader::new(&conn, &screen)?;
        let (watch, knows_shape) = select_events(&conn, root).map_err(|error| lost(&error))?;
        let wake = Alarm::new().map_err(|error| lost(&error))?;
        let mut opened = Self {
            conn,
            root,
            desktop,
            selected: None,
            keeps: false,
            area: whole(desktop),
            reader,
            watch,
            knows_shape,
            everything: true,
            geometry_is_stale: true,
            untold: Changes {
                screen: true,
                pointer_moved: true,
                pointer_shape: true,
                ..Changes::default()
            },
            pointer_in_desktop: (0, 0),
            shape: None,
            wake: Arc::new(wake),
        };
        opened.reader.share_memory(&opened.conn, desktop.area());
        // A new damage object begins with everything damaged, which the first grab copies anyway.
        opened.changed_rects().map_err(|error| lost(&error))?;
        opened.refresh_geometry()?;
        Ok(opened)
    }

    /// Forgets the damage of the past and gives it in pixels of the desktop; `None` where the server does
    /// not tell.
    fn changed_rects(&mut self) -> Result<Option<Vec<Rect>>, ReplyError> {
        let fetch = match &mut self.watch {
            Watch::Damage {
                damage,
                region,
                subtracted_at,
            } => {
                let subtract = self.conn.damage_subtract(*damage, x11rb::NONE, *region)?;
                *subtracted_at = subtract.sequence_number();
                Some(self.conn.xfixes_fetch_region(*region)?)
            }
            Watch::Compare { due, .. } => {
                *due = Instant::now() + COMPARE_EVERY;
                None
            }
        };
        let pointer = self.conn.query_pointer(self.root)?;
        let damaged = match fetch {
            Some(fetch) => Some(fetch.reply()?.rectangles),
            None => None,
        };
        let pointer = pointer.reply()?;
        // A program may place the pointer without moving any device; that has no event.
        if (pointer.root_x, pointer.root_y) != self.pointer_in_desktop {
            self.untold.pointer_moved = true;
        }
        let rect = |rect: &Rectangle| {
            let x = u32::try_from(rect.x).unwrap_or(0);
            let y = u32::try_from(rect.y).unwrap_or(0);
            Rect {
                x,
                y,
                width: rect.width.into(),
                height: rect.height.into(),
            }
        };
        Ok(damaged.map(|damaged| damaged.iter().map(rect).collect()))
    }

    /// Asks for the size of the desktop, and finds the selected monitor in it again.
    fn refresh_geometry(&mut self) -> Result<(), CaptureError> {
        self.geometry_is_stale = false;
        let geometry = self
            .conn
            .get_geometry(self.root)
            .map_err(|error| lost(&error))?;
        let geometry = geometry.reply().map_err(|error| lost(&error))?;
        let desktop = PixelSize {
            width: geometry.width.into(),
            height: geometry.height.into(),
        };
        if !desktop.is_supported() {
            let reason = format!("its size is {} x {} pixels", desktop.width, desktop.height);
            return Err(CaptureError::Unsuitable { reason });
        }
        if desktop != self.desktop {
            self.desktop = desktop;
            self.reader.share_memory(&self.conn, desktop.area());
            self.everything = true;
        }
        let mut area = whole(desktop);
        if let Some(id) = self.selected {
            match self
                .monitors()?
                .into_iter()
                .find(|monitor| monitor.id == id)
            {
                Some(monitor) => area = monitor.area,
                None if self.keeps => {
                    // asked again by every later call, too
                    self.geometry_is_stale = true;
                    return Err(CaptureError::NoSuchMonitor { id });
                }
                None => self.selected = None,
            }
        }
        if area != self.area {
            self.area = area;
            self.everything = true;
        }
        Ok(())
    }

    /// Takes every event that has arrived, without blocking.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of the server's hundred events only those that were asked for matter"
    )]
    fn take_events(&mut self, changes: &mut Changes) -> Result<(), CaptureError> {
        while let Some((event, sequence)) = self
            .conn
            .poll_for_event_with_sequence()
            .map_err(|error| lost(&error))?
        {
            match event {
                Event::DamageNotify(_) => {
                    changes.screen |= matches!(
                        self.watch,
                        Watch::Damage { subtracted_at, .. } if sequence >= subtracted_at
                    );
                }
                Event::XinputRawMotion(_) => changes.pointer_moved = true,
                Event::XfixesCursorNotify(_) => {
                    self.shape = None;
                    changes.pointer_shape = true;
                }
                Event::ConfigureNotify(event) if event.window == self.root => {
                    self.geometry_is_stale = true;
                    changes.resized = true;
                }
                Event::RandrScreenChangeNotify(_) | Event::RandrNotify(_) => {
                    self.geometry_is_stale = true;
                    changes.resized = true;
                }
                _ => {}
            }
        }
        if self.geometry_is_stale {
            self.refresh_geometry()?;
            changes.screen |= self.everything;
        }
        Ok(())
    }

    fn try_grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, ReadFault> {
        // Subtracting comes before reading: what changes in between is damage again.
        let damaged = self.changed_rects()?;
        let area = self.area;
        let size = PixelSize {
            width: area.width,
            height: area.height,
        };
        let corner = (area.x, area.y);
        let is_new = self.everything || picture.size() != size;
        if picture.size() != size {
            *picture = Picture::new(size);
        }
        let rects = match (damaged, &mut self.watch) {
            (Some(damaged), _) if !is_new => {
                let inside: Vec<Rect> = damaged
                    .iter()
                    .filter_map(|rect| rect.intersect(area))
                    .collect();
                let rects = if inside.len() > MAX_RECTS {
                    fewer_rects(&inside, area)
                } else {
                    inside
                };
                self.reader.read(&self.conn, &rects, corner, picture)?;
                rects.into_iter().map(|r| moved_into(r, area)).collect()
            }
            (None, Watch::Compare { fresh, .. }) if !is_new => {
                if fresh.size() != size {
                    *fresh = Picture::new(size);
                }
                self.reader.read(&self.conn, &[area], corner, fresh)?;
                let mut grid = TileGrid::new(size);
                grid.touch_differences(picture.pixels(), fresh.pixels());
                std::mem::swap(picture, fresh);
                grid.rects()
            }
            _ => {
                self.reader.read(&self.conn, &[area], corner, picture)?;
                vec![whole(size)]
            }
        };
        self.everything = false;
        Ok(rects)
    }

    /// Whether the shared area is another one, as the server has said by now. The events that came are told by
    /// the next wait.
    fn has_moved(&mut self) -> Result<bool, CaptureError> {
        let before = self.area;
        let mut untold = std::mem::take(&mut self.untold);
        let taken = self.take_events(&mut untold);
        self.untold = untold;
        taken?;
        Ok(self.area != before)
    }

    fn fetch_shape(&mut self) -> Result<Arc<PointerPicture>, CaptureError> {
        let image = self
            .conn
            .xfixes_get_cursor_image()
            .map_err(|error| lost(&error))?;
        let image = image.reply().map_err(|error| lost(&error))?;
        let shape = Arc::new(PointerPicture {
            width: image.width,
            height: image.height,
            hot_x: image.xhot,
            hot_y: image.yhot,
            rgba: image
                .cursor_image
                .iter()
                .flat_map(|&argb| crate::straight_rgba(argb))
                .collect(),
            serial: image.cursor_serial,
        });
        self.shape = Some(Arc::clone(&shape));
        Ok(shape)
    }
}

/// The monitors of a display whose desktop is so large, the primary one first.
fn monitors_on(
    conn: &PatientConnection,
    root: Window,
    desktop: PixelSize,
) -> Result<Vec<Monitor>, CaptureError> {
    let reply = conn
        .randr_get_monitors(root, true)
        .map_err(|error| lost(&error))?;
    let found = reply.reply().map_err(|error| lost(&error))?.monitors;
    let mut monitors = Vec::with_capacity(found.len());
    for info in found {
        let place = Rect {
            x: u32::try_from(info.x).unwrap_or(0),
            y: u32::try_from(info.y).unwrap_or(0),
            width: info.width.into(),
            height: info.height.into(),
        };
        let Some(area) = place
            .intersect(whole(desktop))
            .filter(|area| !area.is_empty())
        else {
            continue;
        };
        let name = conn
            .get_atom_name(info.name)
            .map_err(|error| lost(&error))?;
        let name = name.reply().map_err(|error| lost(&error))?.name;
        monitors.push(Monitor {
            id: info.name,
            name: String::from_utf8_lossy(&name).into_owned(),
            area,
            primary: info.primary,
        });
    }
    if monitors.is_empty() {
        let area = whole(desktop);
        monitors.push(Monitor {
            id: 0,
            name: "screen".to_owned(),
            area,
            primary: true,
        });
    }
    if !monitors.iter().any(|monitor| monitor.primary) {
        monitors[0].primary = true;
    }
    monitors.sort_by_key(|monitor| !monitor.primary);
    Ok(monitors)
}

impl ScreenSource for X11Screen {
    fn monitors(&mut self) -> Result<Vec<Monitor>, CaptureError> {
        monitors_on(&self.conn, self.root, self.desktop)
    }

    fn keep_to(&mut self, monitor: u32) -> Result<(), CaptureError> {
        self.select(Some(monitor))?;
        self.keeps = true;
        Ok(())
    }

    fn select(&mut self, monitor: Option<u32>) -> Result<(), CaptureError> {
        if let Some(id) = monitor
            && !self.monitors()?.iter().any(|monitor| monitor.id == id)
        {
            return Err(CaptureError::NoSuchMonitor { id });
        }
        self.selected = monitor;
        self.everything = true;
        self.untold.screen = true;
        self.untold.pointer_moved = true;
        let area_before = self.area;
        self.refresh_geometry()?;
        self.untold.resized |= self.area != area_before;
        Ok(())
    }

    fn area(&self) -> Rect {
        self.area
    }

    fn wait(
        &mut self,
        timeout: Option<Duration>,
        changes: &mut Changes,
    ) -> Result<(), CaptureError> {
        *changes = std::mem::take(&mut self.untold);
        // A time too far away to be named is no limit.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            self.take_events(changes)?;
            changes.woken |= self.wake.rang();
            let now = Instant::now();
            let mut until = deadline;
            if let Watch::Compare { due, .. } = &mut self.watch {
                if *due <= now {
                    *due = now + COMPARE_EVERY;
                    changes.screen = true;
                }
                until = Some(until.map_or(*due, |until| until.min(*due)));
            }
            let left = until.map(|until| until.saturating_duration_since(now));
            if changes.any() || left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            self.conn.flush().map_err(|error| lost(&error))?;
            self.wake
                .wait(self.conn.stream(), left)
                .map_err(|error| lost(&error))?;
        }
    }

    fn grab(&mut self, picture: &mut Picture) -> Result<Vec<Rect>, CaptureError> {
        let mut refused = None;
        for _ in 0..MAX_RESIZES_DURING_A_GRAB {
            match self.try_grab(picture) {
                // what was read may have become another monitor's place just before
                Ok(_) if self.keeps && self.has_moved()? => {}
                Ok(rects) => return Ok(rects),
                Err(ReadFault::Failed(error)) => {
                    // A server that wakes up later may still write its answers.
                    self.reader.unshare(&self.conn);
                    return Err(error);
                }
                Err(ReadFault::Refused(error)) => {
                    refused = Some(format!("{error:?}"));
                    self.refresh_geometry()?;
                    self.everything = true;
                    self.untold.resized = true;
                }
            }
        }
        Err(CaptureError::Lost {
            reason: refused.unwrap_or_else(|| "its monitors keep changing".to_owned()),
        })
    }

    fn pointer(&mut self) -> Result<PointerState, CaptureError> {
        let query = self
            .conn
            .query_pointer(self.root)
            .map_err(|error| lost(&error))?;
        let place = query.reply().map_err(|error| lost(&error))?;
        let shape = match &self.shape {
            Some(shape) => Some(Arc::clone(shape)),
            None if self.knows_shape => Some(self.fetch_shape()?),
            None => None,
        };
        self.pointer_in_desktop = (place.root_x, place.root_y);
        let x = i32::from(place.root_x) - signed(self.area.x);
        let y = i32::from(place.root_y) - signed(self.area.y);
        let inside =
            (0..signed(self.area.width)).contains(&x) && (0..signed(self.area.height)).contains(&y);
        let is_drawn = |shape: &Arc<PointerPicture>| {
            let alphas = shape.rgba.iter().skip(3).step_by(4);
            alphas.into_iter().any(|&alpha| alpha != 0)
        };
        let drawn = shape.as_ref().is_none_or(is_drawn);
        Ok(PointerState {
            x,
            y,
            visible: place.same_screen && inside && drawn,
            shape,
        })
    }

    fn waker(&self) -> CaptureWaker {
        let wake = Arc::clone(&self.wake);
        CaptureWaker::new(move || wake.ring())
    }
}

impl fmt::Debug for X11Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("X11Screen")
            .field("area", &self.area)
            .finish_non_exhaustive()
    }
}

fn require_extensions(conn: &PatientConnection) -> Result<(), CaptureError> {
    let needed = [randr::X11_EXTENSION_NAME, xinput::X11_EXTENSION_NAME];
    match x11::missing_extension(conn, &needed).map_err(|error| lost(&error))? {
        Some(name) => {
            let reason = format!("its display server has no {name} extension");
            Err(CaptureError::Unsuitable { reason })
        }
        None => Ok(()),
    }
}

/// Asks for every event that a wait is made of; tells how changes are found, and whether the server knows
/// the pointer's picture.
fn select_events(conn: &PatientConnection, root: Window) -> Result<(Watch, bool), ReplyError> {
    let has = |name| Ok::<_, ReplyError>(conn.extension_information(name)?.is_some());
    let has_fixes = has(xfixes::X11_EXTENSION_NAME)?;
    let tells_damage = has_fixes && has(damage::X11_EXTENSION_NAME)?;
    conn.randr_query_version(1, 5)?.reply()?;
    conn.xinput_xi_query_version(2, 2)?.reply()?;
    let structure = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
    conn.change_window_attributes(root, &structure)?;
    conn.randr_select_input(
        root,
        randr::NotifyMask::SCREEN_CHANGE | randr::NotifyMask::CRTC_CHANGE,
    )?;
    let raw_motion = xinput::EventMask {
        deviceid: xinput::Device::ALL_MASTER.into(),
        mask: vec![xinput::XIEventMask::RAW_MOTION],
    };
    conn.xinput_xi_select_events(root, &[raw_motion])?;
    if has(xtest::X11_EXTENSION_NAME)? {
        // A window manager that holds the server for itself must not freeze the picture.
        conn.xtest_grab_control(true)?;
    }
    if has_fixes {
        conn.xfixes_query_version(5, 0)?.reply()?;
        conn.xfixes_select_cursor_input(root, xfixes::CursorNotifyMask::DISPLAY_CURSOR)?;
    }
    let watch = if tells_damage {
        conn.damage_query_version(1, 1)?.reply()?;
        let region = x11::new_id(conn)?;
        conn.xfixes_create_region(region, &[])?;
        let damage = x11::new_id(conn)?;
        // One event when something is damaged; the rectangles are fetched when they are grabbed.
        conn.damage_create(damage, root, damage::ReportLevel::NON_EMPTY)?
            .check()?;
        Watch::Damage {
            damage,
            region,
            subtracted_at: 0,
        }
    } else {
        tracing::info!("The display server does not tell what changes; it is looked at in turns");
        Watch::Compare {
            due: Instant::now(),
            fresh: Picture::new(PixelSize::new(1, 1)),
        }
    };
    Ok((watch, has_fixes))
}

impl From<ConnectError> for CaptureError {
    fn from(error: ConnectError) -> Self {
        Self::NoDisplay {
            reason: error.to_string(),
        }
    }
}

fn lost(error: &dyn fmt::Display) -> CaptureError {
    CaptureError::Lost {
        reason: error.to_string(),
    }
}

fn whole(size: PixelSize) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width: size.width,
        height: size.height,
    }
}

/// The same pixels, counted from the corner of `area`.
fn moved_into(rect: Rect, area: Rect) -> Rect {
    Rect {
        x: rect.x - area.x,
        y: rect.y - area.y,
        ..rect
    }
}

fn fewer_rects(rects: &[Rect], area: Rect) -> Vec<Rect> {
    let mut grid = TileGrid::new(PixelSize {
        width: area.width,
        height: area.height,
    });
    for &rect in rects {
        grid.touch(moved_into(rect, area));
    }
    let covering = grid.rects();
    covering
        .into_iter()
        .map(|rect| Rect {
            x: rect.x + area.x,
            y: rect.y + area.y,
            ..rect
        })
        .collect()
}

/// Sides of a screen fit: the codec takes none above [`codec::MAX_SIDE`].
fn signed(pixels: u32) -> i32 {
    i32::try_from(pixels).unwrap_or(i32::MAX)
}
