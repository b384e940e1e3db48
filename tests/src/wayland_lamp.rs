//! A lamp ([`crate::lamp`]) of Wayland, which also notes where it was clicked on.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::MemfdFlags;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_compositor::WlCompositor;
use wayland_client::protocol::wl_keyboard::{self, KeyState, WlKeyboard};
use wayland_client::protocol::wl_pointer::{self, ButtonState, WlPointer};
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::protocol::wl_shm_pool::WlShmPool;
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_client::{
    Connection, Dispatch, EventQueue, Proxy as _, QueueHandle, WEnum, delegate_noop,
};
use wayland_protocols::xdg::shell::client::xdg_surface::{self, XdgSurface};
use wayland_protocols::xdg::shell::client::xdg_toplevel::{self, XdgToplevel};
use wayland_protocols::xdg::shell::client::xdg_wm_base::{self, XdgWmBase};

use crate::lamp::rgb;

/// What it is called.
const NAME: &str = "lamp";

/// A window of one colour. It goes when this is dropped.
#[derive(Debug)]
pub struct WaylandLamp {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    count: AtomicU32,
    is_shown: AtomicBool,
    ends: AtomicBool,
    clicks: Mutex<Vec<(f64, f64)>>,
}

/// How large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LampSize {
    /// In the compositor's units.
    Of(u32, u32),
    /// As large as its output.
    Full,
}

impl WaylandLamp {
    /// Hangs one up in the session at `socket`; sway is told elsewhere where its window, called `lamp`, is.
    ///
    /// # Errors
    ///
    /// If the compositor does not answer.
    pub fn hang(socket: &Path, size: LampSize) -> anyhow::Result<Self> {
        let connection = Connection::from_socket(UnixStream::connect(socket)?)?;
        let mut queue = connection.new_event_queue();
        connection.display().get_registry(&queue.handle(), ());
        let shared = Arc::<Shared>::default();
        let mut bulb = Bulb::new(Arc::clone(&shared), size);
        queue.roundtrip(&mut bulb)?;
        bulb.show(&queue.handle())?;
        queue.flush()?;
        let thread = thread::spawn(move || {
            while !bulb.shared.ends.load(Ordering::SeqCst) {
                if turn(&mut queue, &mut bulb).is_err() {
                    return; // the compositor is gone
                }
            }
        });
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// How many keys there were.
    pub fn count(&self) -> u32 {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// Whether it has its size and a colour.
    pub fn is_shown(&self) -> bool {
        self.shared.is_shown.load(Ordering::SeqCst)
    }

    /// Where buttons went down since this was asked last, in the compositor's units from its corner.
    pub fn clicks(&self) -> Vec<(f64, f64)> {
        let clicks = self.shared.clicks.lock();
        std::mem::take(&mut clicks.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for WaylandLamp {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Waits for what the compositor says, a moment at most.
fn turn(queue: &mut EventQueue<Bulb>, bulb: &mut Bulb) -> anyhow::Result<()> {
    const MOMENT: Duration = Duration::from_millis(50);
    queue.dispatch_pending(bulb)?;
    queue.flush()?;
    if let Some(reader) = queue.prepare_read() {
        let socket = reader.connection_fd();
        let moment = Timespec {
            tv_sec: 0,
            tv_nsec: MOMENT.subsec_nanos().into(),
        };
        let ready = rustix::event::poll(&mut [PollFd::new(&socket, PollFlags::IN)], Some(&moment))?;
        if ready > 0 {
            reader.read()?;
        }
    }
    queue.dispatch_pending(bulb)?;
    Ok(queue.flush()?)
}

#[derive(Debug)]
struct Bulb {
    shared: Arc<Shared>,
    wanted: LampSize,
    size: (u32, u32),
    is_full: bool,
    compositor: Option<WlCompositor>,
    shm: Option<WlShm>,
    shell: Option<XdgWmBase>,
    seat: Option<WlSeat>,
    surface: Option<WlSurface>,
    glass: Option<Glass>,
    pointer: (f64, f64),
}

/// Two buffers, so that one can be filled while the other is shown.
#[derive(Debug)]
struct Glass {
    size: (u32, u32),
    file: File,
    buffers: [WlBuffer; 2],
}

impl Bulb {
    fn new(shared: Arc<Shared>, wanted: LampSize) -> Self {
        Self {
            shared,
            wanted,
            size: (0, 0),
            is_full: false,
            compositor: None,
            shm: None,
            shell: None,
            seat: None,
            surface: None,
            glass: None,
            pointer: (0.0, 0.0),
        }
    }

    fn show(&mut self, handle: &QueueHandle<Self>) -> anyhow::Result<()> {
        let compositor = self.compositor.as_ref().context("a compositor")?;
        let shell = self.shell.as_ref().context("a shell")?;
        let seat = self.seat.as_ref().context("a seat")?;
        seat.get_keyboard(handle, ());
        seat.get_pointer(handle, ());
        let surface = compositor.create_surface(handle, ());
        let window = shell.get_xdg_surface(&surface, handle, ());
        let toplevel = window.get_toplevel(handle, ());
        toplevel.set_title(NAME.to_owned());
        toplevel.set_app_id(NAME.to_owned());
        match self.wanted {
            LampSize::Of(width, height) => {
                self.size = (width, height);
                // of one size, so it floats
                let (width, height) = (i32::try_from(width)?, i32::try_from(height)?);
                toplevel.set_min_size(width, height);
                toplevel.set_max_size(width, height);
            }
            LampSize::Full => toplevel.set_fullscreen(None),
        }
        surface.commit();
        self.surface = Some(surface);
        Ok(())
    }

    /// Shows the colour of its count.
    fn light(&mut self, handle: &QueueHandle<Self>) -> anyhow::Result<()> {
        let (width, height) = self.size;
        let len_bytes = u64::from(width) * u64::from(height) * 4;
        if self
            .glass
            .as_ref()
            .is_none_or(|glass| glass.size != self.size)
        {
            let file = File::from(rustix::fs::memfd_create(NAME, MemfdFlags::CLOEXEC)?);
            file.set_len(2 * len_bytes)?;
            let shm = self.shm.as_ref().context("memory")?;
            let pool = shm.create_pool(file.as_fd(), i32::try_from(2 * len_bytes)?, handle, ());
            let (width, height) = (i32::try_from(width)?, i32::try_from(height)?);
            let begin = i32::try_from(len_bytes)?;
            let buffers = [0, begin].map(|begin| {
                pool.create_buffer(
                    begin,
                    width,
                    height,
                    4 * width,
                    Format::Xrgb8888,
                    handle,
                    (),
                )
            });
            pool.destroy();
            self.glass = Some(Glass {
                size: self.size,
                file,
                buffers,
            });
        }
        let count = self.shared.count.load(Ordering::SeqCst);
        let (glass, surface) = self
            .glass
            .as_ref()
            .zip(self.surface.as_ref())
            .context("a window")?;
        let which = count % 2;
        let colour = rgb(count).to_le_bytes();
        let pixels = colour.repeat(usize::try_from(width * height)?);
        glass
            .file
            .write_all_at(&pixels, u64::from(which) * len_bytes)?;
        surface.attach(Some(&glass.buffers[which as usize]), 0, 0);
        surface.damage_buffer(0, 0, i32::MAX, i32::MAX);
        surface.commit();
        let is_shown = self.is_full || self.wanted != LampSize::Full;
        self.shared.is_shown.store(is_shown, Ordering::SeqCst);
        Ok(())
    }
}

impl Dispatch<WlRegistry, ()> for Bulb {
    fn event(
        bulb: &mut Self,
        registry: &WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        let wl_registry::Event::Global {
            name, interface, ..
        } = event
        else {
            return;
        };
        if interface == WlCompositor::interface().name {
            bulb.compositor = Some(registry.bind(name, 4, handle, ()));
        } else if interface == WlShm::interface().name {
            bulb.shm = Some(registry.bind(name, 1, handle, ()));
        } else if interface == XdgWmBase::interface().name {
            bulb.shell = Some(registry.bind(name, 1, handle, ()));
        } else if interface == WlSeat::interface().name {
            bulb.seat = Some(registry.bind(name, 1, handle, ()));
        }
    }
}

impl Dispatch<XdgWmBase, ()> for Bulb {
    fn event(
        _: &mut Self,
        shell: &XdgWmBase,
        event: xdg_wm_base::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            shell.pong(serial);
        }
    }
}

impl Dispatch<XdgSurface, ()> for Bulb {
    fn event(
        bulb: &mut Self,
        window: &XdgSurface,
        event: xdg_surface::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        if let xdg_surface::Event::Configure { serial } = event {
            window.ack_configure(serial);
            if bulb.size.0 == 0 || bulb.size.1 == 0 {
                // it is told how large it is once it is there
                bulb.size = (64, 64);
            }
            bulb.light(handle).expect("a colour");
        }
    }
}

impl Dispatch<XdgToplevel, ()> for Bulb {
    fn event(
        bulb: &mut Self,
        _: &XdgToplevel,
        event: xdg_toplevel::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_toplevel::Event::Configure { width, height, .. } = event
            && bulb.wanted == LampSize::Full
        {
            let side = |side: i32| u32::try_from(side).unwrap_or(0);
            bulb.size = (side(width), side(height));
            bulb.is_full = bulb.size != (0, 0);
        }
    }
}

impl Dispatch<WlKeyboard, ()> for Bulb {
    fn event(
        bulb: &mut Self,
        _: &WlKeyboard,
        event: wl_keyboard::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        if let wl_keyboard::Event::Key {
            state: WEnum::Value(KeyState::Pressed),
            ..
        } = event
        {
            bulb.shared.count.fetch_add(1, Ordering::SeqCst);
            bulb.light(handle).expect("a colour");
        }
    }
}

impl Dispatch<WlPointer, ()> for Bulb {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a lamp is clicked on")]
    fn event(
        bulb: &mut Self,
        _: &WlPointer,
        event: wl_pointer::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            wl_pointer::Event::Enter {
                surface_x,
                surface_y,
                ..
            }
            | wl_pointer::Event::Motion {
                surface_x,
                surface_y,
                ..
            } => bulb.pointer = (surface_x, surface_y),
            wl_pointer::Event::Button {
                state: WEnum::Value(ButtonState::Pressed),
                ..
            } => {
                let clicks = bulb.shared.clicks.lock();
                clicks
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(bulb.pointer);
            }
            _ => {}
        }
    }
}

delegate_noop!(Bulb: WlCompositor);
delegate_noop!(Bulb: WlShmPool);
delegate_noop!(Bulb: ignore WlShm);
delegate_noop!(Bulb: ignore WlBuffer);
delegate_noop!(Bulb: ignore WlSurface);
delegate_noop!(Bulb: ignore WlSeat);
