//! A surface above all windows, also one that fills the screen, by wlr-layer-shell; and whether there is such a
//! window, by wlr-foreign-toplevel-management.
//!
//! It has no keyboard, takes no room from windows, and nothing of the pointer but over itself.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use wayland_client::backend::ObjectId;
use wayland_client::protocol::wl_buffer::{self, WlBuffer};
use wayland_client::protocol::wl_compositor::WlCompositor;
use wayland_client::protocol::wl_output::WlOutput;
use wayland_client::protocol::wl_pointer::{self, ButtonState, WlPointer};
use wayland_client::protocol::wl_registry::WlRegistry;
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::protocol::wl_surface::WlSurface;
use wayland_client::{
    Connection, Dispatch, Proxy as _, QueueHandle, WEnum, delegate_noop, event_created_child,
};
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_handle_v1::{
    self as window, ZwlrForeignToplevelHandleV1,
};
use wayland_protocols_wlr::foreign_toplevel::v1::client::zwlr_foreign_toplevel_manager_v1::{
    self as windows, ZwlrForeignToplevelManagerV1,
};
use wayland_protocols_wlr::layer_shell::v1::client::zwlr_layer_shell_v1::{
    Layer, ZwlrLayerShellV1,
};
use wayland_protocols_wlr::layer_shell::v1::client::zwlr_layer_surface_v1::{
    self as layer, Anchor, KeyboardInteractivity, ZwlrLayerSurfaceV1,
};

use crate::memory::nameless;
use crate::session::{Session, State};

/// What compositors call it in their settings.
const NAMESPACE: &str = "helpme";
/// From this version on it is said which windows fill an output.
const WINDOWS_THAT_FILL: u32 = 2;
/// Linux' code of a mouse's left button.
const LEFT: u32 = 0x110;

/// What the user does with the pointer over the surface. Lengths are in the compositor's units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PointerAct {
    Moved {
        x: f32,
        y: f32,
    },
    /// It is not over the surface any more.
    Gone,
    /// The left button went down or up.
    Button {
        pressed: bool,
    },
}

/// A picture for the surface: four bytes for each pixel, blue, green, red and one that is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurfacePicture {
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

/// What the registry told, to be bound by who needs it.
#[derive(Debug, Default)]
pub(crate) struct Advertised {
    compositor: Option<u32>,
    layers: Option<u32>,
    windows: Option<(u32, u32)>,
}

impl Advertised {
    pub(crate) fn note(&mut self, interface: &str, name: u32, version: u32) {
        if interface == WlCompositor::interface().name && version >= 3 {
            self.compositor = Some(name);
        } else if interface == ZwlrLayerShellV1::interface().name {
            self.layers = Some(name);
        } else if interface == ZwlrForeignToplevelManagerV1::interface().name
            && version >= WINDOWS_THAT_FILL
        {
            self.windows = Some((name, version));
        }
    }
}

/// What events change.
#[derive(Debug, Default)]
pub(crate) struct Above {
    pub(crate) advertised: Advertised,
    windows: Vec<Window>,
    shown: Option<Shown>,
    arrow: Option<WlSurface>,
    acts: VecDeque<PointerAct>,
}

/// A window of any program.
#[derive(Debug)]
struct Window {
    proxy: ZwlrForeignToplevelHandleV1,
    fills: bool,
    /// As far as it was told, and not yet as a whole.
    will_fill: bool,
    outputs: Vec<ObjectId>,
}

/// The surface that is shown.
#[derive(Debug)]
struct Shown {
    surface: WlSurface,
    role: ZwlrLayerSurfaceV1,
    output: u32,
    scale: i32,
    /// The compositor has said that it may be painted.
    may_be_painted: bool,
    closed: bool,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.role.destroy();
        self.surface.destroy();
    }
}

/// A session with a place for a surface above all windows.
pub struct Overlay {
    session: Session,
    compositor: WlCompositor,
    layers: ZwlrLayerShellV1,
    shm: WlShm,
    pointer: WlPointer,
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").finish_non_exhaustive()
    }
}

impl Overlay {
    /// `None` where the compositor has no such place, or does not tell which windows fill the screen. Shows
    /// nothing yet.
    pub fn new(mut session: Session) -> Option<Self> {
        let handle = session.handle();
        let State { globals, above, .. } = &mut session.state;
        let registry: &WlRegistry = globals.registry.as_ref()?;
        let (shm, seat) = (globals.shm.clone()?, globals.seat.as_ref()?);
        let advertised = &above.advertised;
        let (compositor, layers) = (advertised.compositor?, advertised.layers?);
        let (windows, version) = advertised.windows?;
        let compositor = registry.bind(compositor, 3, &handle, ());
        let layers = registry.bind(layers, 1, &handle, ());
        let _: ZwlrForeignToplevelManagerV1 = registry.bind(windows, version.min(3), &handle, ());
        let pointer = seat.get_pointer(&handle, ());
        Some(Self {
            session,
            compositor,
            layers,
            shm,
            pointer,
        })
    }

    /// What it is a session with.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The output that a window fills, the first one of them.
    pub fn filled_output(&self) -> Option<u32> {
        let State { above, outputs, .. } = &self.session.state;
        let filling = above.windows.iter().filter(|window| window.fills);
        let mut filled = filling.flat_map(|window| &window.outputs);
        filled.find_map(|id| {
            let mut outputs = outputs.iter();
            Some(outputs.find(|output| output.proxy.id() == *id)?.id)
        })
    }

    /// How wide an output is, in the compositor's units; `None` if it is gone.
    pub fn width_of(&self, output: u32) -> Option<u32> {
        self.session
            .state
            .outputs
            .iter()
            .find(|known| known.id == output)?
            .width_in_units()
    }

    /// The output on which the surface is shown.
    pub fn shown_on(&self) -> Option<u32> {
        let shown = self.session.state.above.shown.as_ref()?;
        (!shown.closed).then_some(shown.output)
    }

    /// Shows the surface in the middle of the top of an output, where it is not shown already; sizes are in the
    /// compositor's units. It must be painted once [`Self::scale`] is known.
    pub fn show(&mut self, output: u32, (width, height): (u32, u32)) {
        let handle = self.session.handle();
        let State { above, outputs, .. } = &mut self.session.state;
        let Some(known) = outputs.iter().find(|known| known.id == output) else {
            return;
        };
        above.shown = None;
        let surface = self.compositor.create_surface(&handle, ());
        let to: Option<&WlOutput> = Some(&known.proxy);
        let role = self.layers.get_layer_surface(
            &surface,
            to,
            Layer::Overlay,
            NAMESPACE.to_owned(),
            &handle,
            (),
        );
        role.set_size(width, height);
        role.set_anchor(Anchor::Top);
        // also where a panel has taken the top for itself: a window that fills the screen covers that
        role.set_exclusive_zone(-1);
        role.set_keyboard_interactivity(KeyboardInteractivity::None);
        surface.set_buffer_scale(known.scale.max(1));
        surface.commit();
        above.shown = Some(Shown {
            surface,
            role,
            output,
            scale: known.scale.max(1),
            may_be_painted: false,
            closed: false,
        });
    }

    /// Shows nothing any more.
    pub fn hide(&mut self) {
        self.session.state.above.shown = None;
    }

    /// How many pixels each unit is wide and high; `None` while the surface may not be painted.
    pub fn scale(&self) -> Option<u32> {
        let shown = self.session.state.above.shown.as_ref()?;
        let scale = u32::try_from(shown.scale).ok()?;
        (shown.may_be_painted && !shown.closed).then_some(scale)
    }

    /// Paints the surface, whose size times [`Self::scale`] the picture must have.
    ///
    /// # Errors
    ///
    /// If the process has no file descriptor or memory left.
    pub fn paint(&mut self, picture: &SurfacePicture) -> io::Result<()> {
        let buffer = buffer(&self.shm, picture, Format::Xrgb8888, &self.session.handle())?;
        if let Some(shown) = &self.session.state.above.shown {
            let signed = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
            shown.surface.attach(Some(&buffer), 0, 0);
            shown
                .surface
                .damage(0, 0, signed(picture.width), signed(picture.height));
            shown.surface.commit();
        }
        Ok(())
    }

    /// The next of what the user does, as far as it has arrived.
    pub fn act(&mut self) -> Option<PointerAct> {
        self.session.state.above.acts.pop_front()
    }

    /// What the pointer looks like over the surface, with its tip in the first pixel: blue, green, red and alpha,
    /// multiplied by it. Without it the pointer stays what the window below made of it, also nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::paint`].
    pub fn point_with(&mut self, arrow: &SurfacePicture) -> io::Result<()> {
        let handle = self.session.handle();
        let buffer = buffer(&self.shm, arrow, Format::Argb8888, &handle)?;
        let surface = self.compositor.create_surface(&handle, ());
        surface.attach(Some(&buffer), 0, 0);
        surface.damage(0, 0, i32::MAX, i32::MAX);
        surface.commit();
        self.session.state.above.arrow = Some(surface);
        Ok(())
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        self.hide();
        if self.pointer.version() >= wl_pointer::REQ_RELEASE_SINCE {
            self.pointer.release();
        }
        self.session.flush().ok();
    }
}

/// A buffer that is gone once the compositor has read it.
fn buffer(
    shm: &WlShm,
    picture: &SurfacePicture,
    format: Format,
    handle: &QueueHandle<State>,
) -> io::Result<WlBuffer> {
    let SurfacePicture {
        width,
        height,
        bytes,
    } = picture;
    let len = *width as usize * *height as usize * 4;
    if len == 0 || bytes.len() != len {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut file = nameless(len as u64)?;
    file.write_all(bytes)?;
    let signed = |number: u32| i32::try_from(number).map_err(io::Error::other);
    let len = i32::try_from(len).map_err(io::Error::other)?;
    let (width, height) = (signed(*width)?, signed(*height)?);
    let pool = shm.create_pool(file.as_fd(), len, handle, ());
    let buffer = pool.create_buffer(0, width, height, width * 4, format, handle, Painted);
    pool.destroy();
    Ok(buffer)
}

/// What [`buffer`] makes.
#[derive(Debug)]
pub(crate) struct Painted;

impl Dispatch<WlBuffer, Painted> for State {
    fn event(
        _: &mut Self,
        buffer: &WlBuffer,
        event: wl_buffer::Event,
        _: &Painted,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_buffer::Event::Release = event {
            buffer.destroy();
        }
    }
}

impl Dispatch<ZwlrLayerSurfaceV1, ()> for State {
    fn event(
        state: &mut Self,
        role: &ZwlrLayerSurfaceV1,
        event: layer::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let shown = state.above.shown.as_mut();
        let Some(shown) = shown.filter(|shown| shown.role == *role) else {
            return;
        };
        match event {
            layer::Event::Configure { serial, .. } => {
                role.ack_configure(serial);
                shown.may_be_painted = true;
            }
            layer::Event::Closed => shown.closed = true,
            _ => {}
        }
    }
}

impl Dispatch<WlPointer, ()> for State {
    #[expect(
        clippy::wildcard_enum_match_arm,
        clippy::cast_possible_truncation,
        reason = "of what is said only what is needed matters, and places are small"
    )]
    fn event(
        state: &mut Self,
        pointer: &WlPointer,
        event: wl_pointer::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let above = &mut state.above;
        let act = match event {
            wl_pointer::Event::Enter {
                serial,
                surface_x,
                surface_y,
                ..
            } => {
                if let Some(arrow) = &above.arrow {
                    pointer.set_cursor(serial, Some(arrow), 0, 0);
                }
                PointerAct::Moved {
                    x: surface_x as f32,
                    y: surface_y as f32,
                }
            }
            wl_pointer::Event::Motion {
                surface_x,
                surface_y,
                ..
            } => PointerAct::Moved {
                x: surface_x as f32,
                y: surface_y as f32,
            },
            wl_pointer::Event::Leave { .. } => PointerAct::Gone,
            wl_pointer::Event::Button {
                button: LEFT,
                state: WEnum::Value(state),
                ..
            } => PointerAct::Button {
                pressed: state == ButtonState::Pressed,
            },
            _ => return,
        };
        above.acts.push_back(act);
    }
}

impl Dispatch<ZwlrForeignToplevelManagerV1, ()> for State {
    fn event(
        state: &mut Self,
        _: &ZwlrForeignToplevelManagerV1,
        event: windows::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let windows::Event::Toplevel { toplevel } = event {
            state.above.windows.push(Window {
                proxy: toplevel,
                fills: false,
                will_fill: false,
                outputs: Vec::new(),
            });
        }
    }

    event_created_child!(State, ZwlrForeignToplevelManagerV1, [
        windows::EVT_TOPLEVEL_OPCODE => (ZwlrForeignToplevelHandleV1, ()),
    ]);
}

impl Dispatch<ZwlrForeignToplevelHandleV1, ()> for State {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of what is said only what is needed matters"
    )]
    fn event(
        state: &mut Self,
        proxy: &ZwlrForeignToplevelHandleV1,
        event: window::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        let windows = &mut state.above.windows;
        let Some(at) = windows.iter().position(|window| window.proxy == *proxy) else {
            return;
        };
        let told = &mut windows[at];
        match event {
            window::Event::State { state } => {
                // an array of numbers, as this machine writes them
                let numbers = state.chunks_exact(4).map(|number| {
                    let number: [u8; 4] = number.try_into().expect("chunks of four");
                    u32::from_ne_bytes(number)
                });
                let full = window::State::Fullscreen as u32;
                told.will_fill = numbers.into_iter().any(|number| number == full);
            }
            window::Event::OutputEnter { output } => told.outputs.push(output.id()),
            window::Event::OutputLeave { output } => {
                told.outputs.retain(|id| *id != output.id());
            }
            window::Event::Done => told.fills = told.will_fill,
            window::Event::Closed => {
                proxy.destroy();
                windows.swap_remove(at);
            }
            _ => {}
        }
    }
}

delegate_noop!(State: WlCompositor);
delegate_noop!(State: ignore WlSurface);
delegate_noop!(State: ZwlrLayerShellV1);
