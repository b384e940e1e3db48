//! What is done with the windows of this program itself: a picture is put into one ([`Inset`]), and the desktop's
//! shortcuts come to one as other keys do ([`Inhibitor`]).
//!
//! A window was opened on a connection of its own, and whatever touches it must speak on the same one. So whoever
//! opens windows [lends](lend) that connection once. Each of these has a queue of its own on it.

use std::any::Any;
use std::ffi::c_void;
use std::fmt;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use codec::{PixelSize, Rect};
use raw_window_handle::{HasDisplayHandle, RawDisplayHandle};
use rustix::event::{PollFd, PollFlags};
use wayland_client::backend::{Backend, ObjectId, WaylandError};
use wayland_client::protocol::wl_buffer::{self, WlBuffer};
use wayland_client::protocol::wl_compositor::WlCompositor;
use wayland_client::protocol::wl_region::WlRegion;
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::protocol::wl_shm_pool::WlShmPool;
use wayland_client::protocol::wl_subcompositor::WlSubcompositor;
use wayland_client::protocol::wl_subsurface::WlSubsurface;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_client::{Connection, Dispatch, EventQueue, Proxy, QueueHandle, delegate_noop};
use wayland_protocols::wp::keyboard_shortcuts_inhibit::zv1::client::zwp_keyboard_shortcuts_inhibit_manager_v1::ZwpKeyboardShortcutsInhibitManagerV1;
use wayland_protocols::wp::keyboard_shortcuts_inhibit::zv1::client::zwp_keyboard_shortcuts_inhibitor_v1::ZwpKeyboardShortcutsInhibitorV1;
use wayland_protocols::wp::viewporter::client::wp_viewport::WpViewport;
use wayland_protocols::wp::viewporter::client::wp_viewporter::WpViewporter;

use crate::memory::Shared;
use crate::session::{Lost, poll};

/// As many are never held at once by a compositor that works.
const MOST_BUFFERS: usize = 4;
/// A compositor that holds all of them for longer is taken for dead.
const FOR_A_BUFFER: Duration = Duration::from_secs(1);
/// Of what has changed since a buffer was shown, more parts than these are copied as one.
const MOST_STALE: usize = 64;

static LENT: OnceLock<Lent> = OnceLock::new();

struct Lent {
    connection: Connection,
    /// Its owner; never dropped, since nobody knows when the last who speaks on it is gone.
    _owner: Box<dyn Any + Send + Sync>,
}

/// Why nothing can be done with a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// This program's windows are not on Wayland.
    #[error("no window is on Wayland")]
    NotOnWayland,
    #[error("there is no such window")]
    NoWindow,
    #[error("the desktop lacks {0}")]
    Lacks(&'static str),
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// Lends the connection of this program's windows, if it is one with a Wayland compositor. The first call counts.
pub fn lend(display: impl HasDisplayHandle + Send + Sync + 'static) {
    let Ok(RawDisplayHandle::Wayland(raw)) = display.display_handle().map(|handle| handle.as_raw())
    else {
        return;
    };
    let connection = guest(raw.display.as_ptr());
    LENT.get_or_init(|| Lent {
        connection,
        _owner: Box::new(display),
    });
}

/// Whether the windows of this program are on Wayland.
pub fn are_on_wayland() -> bool {
    LENT.get().is_some()
}

#[expect(
    unsafe_code,
    reason = "a window belongs to a connection that others made in C's library"
)]
fn guest(display: *mut c_void) -> Connection {
    // SAFETY: `lend` keeps its owner until the program ends.
    Connection::from_backend(unsafe { Backend::from_foreign_display(display.cast()) })
}

/// The surface of a window, by the number that winit gives it: where its proxy is.
#[expect(
    unsafe_code,
    reason = "a window belongs to a connection that others made in C's library"
)]
fn surface_of(connection: &Connection, window: u64) -> Result<WlSurface, WindowError> {
    let address = usize::try_from(window).map_err(|_too_large| WindowError::NoWindow)?;
    if address == 0 {
        return Err(WindowError::NoWindow);
    }
    let proxy = std::ptr::with_exposed_provenance_mut::<c_void>(address);
    // SAFETY: windows are named by whoever opened them while they are open.
    let id = unsafe { ObjectId::from_ptr(WlSurface::interface(), proxy.cast()) };
    let id = id.map_err(|_not_one| WindowError::NoWindow)?;
    WlSurface::from_id(connection, id).map_err(|_not_one| WindowError::NoWindow)
}

/// A queue on the lent connection, and what the compositor advertises.
struct Guest {
    connection: Connection,
    queue: EventQueue<Bound>,
    bound: Bound,
    window: WlSurface,
}

#[derive(Debug, Default)]
struct Bound {
    compositor: Option<WlCompositor>,
    subcompositor: Option<WlSubcompositor>,
    shm: Option<WlShm>,
    viewporter: Option<WpViewporter>,
    seat: Option<WlSeat>,
    inhibitors: Option<ZwpKeyboardShortcutsInhibitManagerV1>,
}

impl Guest {
    /// Waits for one answer of the compositor.
    fn of(window: u64) -> Result<Self, WindowError> {
        let lent = LENT.get().ok_or(WindowError::NotOnWayland)?;
        let connection = lent.connection.clone();
        let window = surface_of(&connection, window)?;
        let mut queue = connection.new_event_queue();
        connection.display().get_registry(&queue.handle(), ());
        let mut bound = Bound::default();
        queue
            .roundtrip(&mut bound)
            .map_err(|error| Lost::new(&error))?;
        Ok(Self {
            connection,
            queue,
            bound,
            window,
        })
    }

    /// Takes the events that somebody has read; whoever runs the windows reads all the time.
    fn take_events(&mut self) -> Result<(), Lost> {
        let taken = self.queue.dispatch_pending(&mut self.bound);
        taken.map(drop).map_err(|error| Lost::new(&error))
    }

    /// Waits until something has arrived, for that long at most.
    fn wait(&mut self, left: Duration) -> Result<(), Lost> {
        if let Some(reader) = self.queue.prepare_read() {
            let socket = reader.connection_fd();
            poll(socket, PollFlags::IN, left).map_err(|error| Lost::new(&error))?;
            // whoever else is about to read waits for all others to do so: only where there is something
            let mut there = [PollFd::new(&socket, PollFlags::IN)];
            let now = rustix::event::Timespec::default();
            let count = rustix::event::poll(&mut there, Some(&now)).unwrap_or(0);
            if count > 0 {
                match reader.read() {
                    Ok(_) => {}
                    Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(Lost::new(&error)),
                }
            }
        }
        self.take_events()
    }

    fn flush(&self) -> Result<(), Lost> {
        match self.connection.flush() {
            Ok(()) => Ok(()),
            // whoever runs the windows sends it
            Err(WaylandError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(Lost::new(&error)),
        }
    }
}

/// Where an [`Inset`] is shown, and what part of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InsetPlace {
    /// Its top left in the window, in the compositor's units.
    pub at: (i32, i32),
    /// Its width and height in the compositor's units; more than 0.
    pub size: (i32, i32),
    /// The part of the picture, in its pixels; inside it.
    pub part: Rect,
}

/// A picture over a part of a window, by a surface below the window's own. Pointer and keyboard go to the window.
///
/// A picture is shown at once, without the window being drawn; a new place counts from when the window is drawn next.
pub struct Inset {
    guest: Guest,
    surface: WlSurface,
    role: WlSubsurface,
    viewport: WpViewport,
    shm: WlShm,
    buffers: Vec<Buffer>,
    size: PixelSize,
    /// Which buffer was shown last.
    newest: Option<usize>,
    is_shown: bool,
}

/// One picture of the size that is shown now.
struct Buffer {
    proxy: WlBuffer,
    memory: Shared,
    /// The compositor does not read it.
    is_free: Arc<AtomicBool>,
    /// What has changed since it was the newest.
    stale: Vec<Rect>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.proxy.destroy();
    }
}

impl fmt::Debug for Inset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inset")
            .field("size", &self.size)
            .field("is_shown", &self.is_shown)
            .finish_non_exhaustive()
    }
}

impl Inset {
    /// In the window of that number, which must stay open for as long; not shown yet. Waits for an answer of the
    /// compositor.
    ///
    /// # Errors
    ///
    /// [`WindowError`].
    pub fn new(window: u64) -> Result<Self, WindowError> {
        let guest = Guest::of(window)?;
        let handle = guest.queue.handle();
        let bound = &guest.bound;
        let compositor = bound
            .compositor
            .as_ref()
            .ok_or(WindowError::Lacks("wl_compositor"))?;
        let shm = bound.shm.clone().ok_or(WindowError::Lacks("wl_shm"))?;
        let below = bound.subcompositor.as_ref();
        let below = below.ok_or(WindowError::Lacks("wl_subcompositor"))?;
        let viewporter = bound.viewporter.as_ref();
        let viewporter = viewporter.ok_or(WindowError::Lacks("wp_viewporter"))?;
        let surface = compositor.create_surface(&handle, ());
        let nothing = compositor.create_region(&handle, ());
        surface.set_input_region(Some(&nothing));
        nothing.destroy();
        let role = below.get_subsurface(&surface, &guest.window, &handle, ());
        role.set_desync();
        let viewport = viewporter.get_viewport(&surface, &handle, ());
        Ok(Self {
            guest,
            surface,
            role,
            viewport,
            shm,
            buffers: Vec::new(),
            size: PixelSize::default(),
            newest: None,
            is_shown: false,
        })
    }

    /// Where it is from now on. Counts with the next [`Self::show`].
    pub fn place(&mut self, place: InsetPlace) {
        let InsetPlace { at, size, part } = place;
        self.role.set_position(at.0, at.1);
        self.viewport.set_source(
            part.x.into(),
            part.y.into(),
            part.width.into(),
            part.height.into(),
        );
        self.viewport.set_destination(size.0.max(1), size.1.max(1));
    }

    /// Shows a picture of `size`. `draw` gets the rows of the one that was shown last, or black ones of a new size,
    /// and gives the parts of it that it has changed.
    ///
    /// # Errors
    ///
    /// [`Lost`], also where there is no memory.
    pub fn show(
        &mut self,
        size: PixelSize,
        draw: impl FnOnce(&mut [u32]) -> Vec<Rect>,
    ) -> Result<(), Lost> {
        self.guest.take_events()?;
        if self.size != size {
            self.buffers.clear();
            self.newest = None;
            self.size = size;
        }
        let index = self.free_buffer()?;
        self.freshen(index);
        let Some(buffer) = self.buffers.get_mut(index) else {
            return Ok(());
        };
        let drawn = draw(buffer.memory.pixels_mut());
        let whole = [size.rect()];
        // what was never shown is new as a whole
        let damage = if self.is_shown { &drawn[..] } else { &whole };
        for rect in damage {
            let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(signed);
            self.surface.damage_buffer(x, y, width, height);
        }
        buffer.stale.clear();
        buffer.is_free.store(false, Ordering::Release);
        self.surface.attach(Some(&buffer.proxy), 0, 0);
        self.surface.commit();
        for (other, buffer) in self.buffers.iter_mut().enumerate() {
            if other != index {
                buffer.stale.extend(&drawn);
                if buffer.stale.len() > MOST_STALE {
                    buffer.stale = bounds(&buffer.stale).into_iter().collect();
                }
            }
        }
        self.newest = Some(index);
        self.is_shown = true;
        self.guest.flush()
    }

    /// Shows nothing any more.
    ///
    /// # Errors
    ///
    /// [`Lost`].
    pub fn hide(&mut self) -> Result<(), Lost> {
        if std::mem::take(&mut self.is_shown) {
            self.surface.attach(None, 0, 0);
            self.surface.commit();
        }
        self.guest.flush()
    }

    /// Which buffer may be drawn into; a new one if there are few.
    fn free_buffer(&mut self) -> Result<usize, Lost> {
        let deadline = Instant::now() + FOR_A_BUFFER;
        loop {
            let is_free = |buffer: &Buffer| buffer.is_free.load(Ordering::Acquire);
            if let Some(index) = self.buffers.iter().position(is_free) {
                return Ok(index);
            }
            if self.buffers.len() < MOST_BUFFERS {
                let buffer = self.new_buffer().map_err(|error| Lost::new(&error))?;
                self.buffers.push(buffer);
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Lost::new(&"it gives no picture back"));
            }
            self.guest.wait(left)?;
        }
    }

    fn new_buffer(&self) -> io::Result<Buffer> {
        let PixelSize { width, height } = self.size;
        let pixels = u64::from(width) * u64::from(height);
        let memory = Shared::new(usize::try_from(pixels).map_err(io::Error::other)?)?;
        let handle = self.guest.queue.handle();
        let len = i32::try_from(memory.len_bytes()).map_err(io::Error::other)?;
        let pool = self.shm.create_pool(memory.fd().as_fd(), len, &handle, ());
        let is_free = Arc::new(AtomicBool::new(true));
        let (width, height) = (signed(width), signed(height));
        let stride = width.saturating_mul(4);
        let told = Arc::clone(&is_free);
        let proxy = pool.create_buffer(0, width, height, stride, Format::Xrgb8888, &handle, told);
        pool.destroy();
        Ok(Buffer {
            proxy,
            memory,
            is_free,
            stale: vec![self.size.rect()],
        })
    }

    /// Brings a buffer up to what the newest shows.
    fn freshen(&mut self, index: usize) {
        let Some(newest) = self.newest.filter(|newest| *newest != index) else {
            // the newest is what it is, and without one all is black
            return;
        };
        let stride = self.size.width as usize;
        let Ok([newest, buffer]) = self.buffers.get_disjoint_mut([newest, index]) else {
            return;
        };
        for rect in buffer.stale.drain(..) {
            for y in rect.y..rect.bottom() {
                let start = y as usize * stride + rect.x as usize;
                let row = start..start + rect.width as usize;
                let from = &newest.memory.pixels()[row.clone()];
                buffer.memory.pixels_mut()[row].copy_from_slice(from);
            }
        }
    }
}

impl Drop for Inset {
    fn drop(&mut self) {
        self.viewport.destroy();
        self.role.destroy();
        self.surface.destroy();
        self.buffers.clear();
        self.guest.flush().ok();
    }
}

/// While it lives, the desktop's shortcuts come to a window as other keys do when it has the keyboard, as far as the
/// desktop and its user allow.
pub struct Inhibitor {
    guest: Guest,
    proxy: ZwpKeyboardShortcutsInhibitorV1,
}

impl fmt::Debug for Inhibitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inhibitor").finish_non_exhaustive()
    }
}

impl Inhibitor {
    /// For the window of that number. Waits for an answer of the compositor.
    ///
    /// # Errors
    ///
    /// [`WindowError`].
    pub fn new(window: u64) -> Result<Self, WindowError> {
        let guest = Guest::of(window)?;
        let bound = &guest.bound;
        let inhibitors = bound.inhibitors.as_ref();
        let inhibitors = inhibitors.ok_or(WindowError::Lacks(
            "zwp_keyboard_shortcuts_inhibit_manager_v1",
        ))?;
        let seat = bound.seat.as_ref().ok_or(WindowError::Lacks("wl_seat"))?;
        let handle = guest.queue.handle();
        let proxy = inhibitors.inhibit_shortcuts(&guest.window, seat, &handle, ());
        guest.flush()?;
        Ok(Self { guest, proxy })
    }
}

impl Drop for Inhibitor {
    fn drop(&mut self) {
        self.proxy.destroy();
        self.guest.flush().ok();
    }
}

fn signed(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

/// The smallest part that holds all of them.
fn bounds(rects: &[Rect]) -> Option<Rect> {
    let left = rects.iter().map(|rect| rect.x).min()?;
    let top = rects.iter().map(|rect| rect.y).min()?;
    let right = rects.iter().map(|rect| rect.right()).max()?;
    let bottom = rects.iter().map(|rect| rect.bottom()).max()?;
    Some(Rect::new(left, top, right - left, bottom - top))
}

impl Dispatch<WlRegistry, ()> for Bound {
    fn event(
        bound: &mut Self,
        registry: &WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        let wl_registry::Event::Global {
            name,
            interface,
            version,
        } = event
        else {
            return;
        };
        let known = &interface;
        if is::<WlCompositor>(known) && version >= wl_surface_damage_buffer() {
            bound.compositor = Some(registry.bind(name, wl_surface_damage_buffer(), handle, ()));
        } else if is::<WlSubcompositor>(known) {
            bound.subcompositor = Some(registry.bind(name, 1, handle, ()));
        } else if is::<WlShm>(known) {
            bound.shm = Some(registry.bind(name, 1, handle, ()));
        } else if is::<WpViewporter>(known) {
            bound.viewporter = Some(registry.bind(name, 1, handle, ()));
        } else if is::<WlSeat>(known) {
            // the first is the usual one
            let seat = || registry.bind(name, 1, handle, ());
            bound.seat.get_or_insert_with(seat);
        } else if is::<ZwpKeyboardShortcutsInhibitManagerV1>(known) {
            bound.inhibitors = Some(registry.bind(name, 1, handle, ()));
        }
    }
}

fn is<P: Proxy>(interface: &str) -> bool {
    interface == P::interface().name
}

/// From this version of a surface on damage is told in the picture's own pixels.
const fn wl_surface_damage_buffer() -> u32 {
    wayland_client::protocol::wl_surface::REQ_DAMAGE_BUFFER_SINCE
}

impl Dispatch<WlBuffer, Arc<AtomicBool>> for Bound {
    fn event(
        _: &mut Self,
        _: &WlBuffer,
        event: wl_buffer::Event,
        is_free: &Arc<AtomicBool>,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_buffer::Event::Release = event {
            is_free.store(true, Ordering::Release);
        }
    }
}

delegate_noop!(Bound: WlCompositor);
delegate_noop!(Bound: WlSubcompositor);
delegate_noop!(Bound: WlSubsurface);
delegate_noop!(Bound: WlRegion);
delegate_noop!(Bound: WlShmPool);
delegate_noop!(Bound: WpViewporter);
delegate_noop!(Bound: WpViewport);
delegate_noop!(Bound: ZwpKeyboardShortcutsInhibitManagerV1);
delegate_noop!(Bound: ignore WlShm);
delegate_noop!(Bound: ignore WlSeat);
delegate_noop!(Bound: ignore WlSurface);
delegate_noop!(Bound: ignore ZwpKeyboardShortcutsInhibitorV1);
