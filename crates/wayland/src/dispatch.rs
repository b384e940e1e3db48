//! What the compositor says.

use codec::PixelSize;
use wayland_client::protocol::wl_callback::{self, WlCallback};
use wayland_client::protocol::wl_output::{self, WlOutput};
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_seat::WlSeat;
use wayland_client::protocol::{wl_buffer, wl_shm, wl_shm_pool};
use wayland_client::{Connection, Dispatch, Proxy as _, QueueHandle, WEnum, delegate_noop};
use wayland_protocols::xdg::xdg_output::zv1::client::{
    zxdg_output_manager_v1::ZxdgOutputManagerV1,
    zxdg_output_v1::{self, ZxdgOutputV1},
};
use wayland_protocols_misc::zwp_virtual_keyboard_v1::client::{
    zwp_virtual_keyboard_manager_v1::ZwpVirtualKeyboardManagerV1,
    zwp_virtual_keyboard_v1::ZwpVirtualKeyboardV1,
};
use wayland_protocols_wlr::screencopy::v1::client::{
    zwlr_screencopy_frame_v1::{self, ZwlrScreencopyFrameV1},
    zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1,
};
use wayland_protocols_wlr::virtual_pointer::v1::client::{
    zwlr_virtual_pointer_manager_v1::ZwlrVirtualPointerManagerV1,
    zwlr_virtual_pointer_v1::ZwlrVirtualPointerV1,
};

use crate::outputs::KnownOutput;
use crate::session::State;

/// The newest versions of the interfaces that are spoken here.
const OUTPUT: u32 = 4;
const PLACES: u32 = 3;
const SCREENCOPY: u32 = 3;
/// From this one on screencopy says what has changed, and waits for it.
const SCREENCOPY_WITH_DAMAGE: u32 = 2;

impl Dispatch<WlRegistry, ()> for State {
    fn event(
        state: &mut Self,
        registry: &WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        match event {
            wl_registry::Event::Global {
                name,
                interface,
                version,
            } => state.bind(registry, name, &interface, version, handle),
            wl_registry::Event::GlobalRemove { name } => {
                let mut outputs = state.outputs.iter();
                if let Some(index) = outputs.position(|output| output.id == name) {
                    let mut gone = state.outputs.remove(index);
                    gone.capture.stop();
                    if let Some(place) = gone.place {
                        place.destroy();
                    }
                    if gone.proxy.version() >= wl_output::REQ_RELEASE_SINCE {
                        gone.proxy.release();
                    }
                    state.changes += 1;
                }
            }
            _ => {}
        }
    }
}

impl State {
    fn bind(
        &mut self,
        registry: &WlRegistry,
        name: u32,
        interface: &str,
        version: u32,
        handle: &QueueHandle<Self>,
    ) {
        let globals = &mut self.globals;
        self.above.advertised.note(interface, name, version);
        if globals.selections.bind(interface, registry, name, handle) {
            return;
        }
        if interface == wl_shm::WlShm::interface().name {
            globals.shm = Some(registry.bind(name, 1, handle, ()));
        } else if interface == WlSeat::interface().name {
            // the first is the usual one
            let seat = || registry.bind(name, 1, handle, ());
            globals.seat.get_or_insert_with(seat);
        } else if interface == ZwlrScreencopyManagerV1::interface().name {
            if version >= SCREENCOPY_WITH_DAMAGE {
                let version = version.min(SCREENCOPY);
                globals.screencopy = Some(registry.bind(name, version, handle, ()));
            }
        } else if interface == ZwpVirtualKeyboardManagerV1::interface().name {
            globals.keyboards = Some(registry.bind(name, 1, handle, ()));
        } else if interface == ZwlrVirtualPointerManagerV1::interface().name {
            globals.pointers = Some(registry.bind(name, 1, handle, ()));
        } else if interface == ZxdgOutputManagerV1::interface().name {
            let places: ZxdgOutputManagerV1 = registry.bind(name, version.min(PLACES), handle, ());
            for output in &mut self.outputs {
                output.place = Some(places.get_xdg_output(&output.proxy, handle, output.id));
            }
            globals.places = Some(places);
        } else if interface == WlOutput::interface().name {
            let proxy: WlOutput = registry.bind(name, version.min(OUTPUT), handle, name);
            let mut output = KnownOutput::new(name, proxy);
            if let Some(places) = &globals.places {
                output.place = Some(places.get_xdg_output(&output.proxy, handle, name));
            }
            self.outputs.push(output);
            self.changes += 1;
        }
    }

    fn output_mut(&mut self, id: u32) -> Option<&mut KnownOutput> {
        self.outputs.iter_mut().find(|output| output.id == id)
    }
}

impl Dispatch<WlOutput, u32> for State {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of what is said only what is needed matters"
    )]
    fn event(
        state: &mut Self,
        _: &WlOutput,
        event: wl_output::Event,
        id: &u32,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        // each is counted: old compositors have no `done`
        state.changes += 1;
        let Some(output) = state.output_mut(*id) else {
            return;
        };
        match event {
            wl_output::Event::Geometry {
                x, y, transform, ..
            } => {
                if output.place.is_none() {
                    output.at = (x, y);
                }
                if let WEnum::Value(transform) = transform {
                    output.transform = transform;
                }
            }
            wl_output::Event::Mode {
                flags: WEnum::Value(flags),
                width,
                height,
                ..
            } if flags.contains(wl_output::Mode::Current) => {
                let side = |length: i32| u32::try_from(length).unwrap_or(0);
                output.mode = PixelSize::new(side(width), side(height));
            }
            wl_output::Event::Scale { factor } => output.scale = factor,
            wl_output::Event::Name { name } => output.name = Some(name),
            _ => {}
        }
    }
}

impl Dispatch<ZxdgOutputV1, u32> for State {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of what is said only what is needed matters"
    )]
    fn event(
        state: &mut Self,
        _: &ZxdgOutputV1,
        event: zxdg_output_v1::Event,
        id: &u32,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        state.changes += 1;
        let Some(output) = state.output_mut(*id) else {
            return;
        };
        match event {
            zxdg_output_v1::Event::LogicalPosition { x, y } => output.at = (x, y),
            zxdg_output_v1::Event::LogicalSize { width, height } => {
                output.size = Some((width, height));
            }
            zxdg_output_v1::Event::Name { name } => {
                output.name.get_or_insert(name);
            }
            _ => {}
        }
    }
}

impl Dispatch<WlCallback, ()> for State {
    fn event(
        state: &mut Self,
        _: &WlCallback,
        event: wl_callback::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_callback::Event::Done { .. } = event {
            state.answers += 1;
        }
    }
}

impl Dispatch<ZwlrScreencopyFrameV1, u32> for State {
    fn event(
        state: &mut Self,
        frame: &ZwlrScreencopyFrameV1,
        event: zwlr_screencopy_frame_v1::Event,
        id: &u32,
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        state.frame_event(frame, &event, *id, handle);
    }
}

delegate_noop!(State: ignore wl_shm::WlShm);
delegate_noop!(State: wl_shm_pool::WlShmPool);
delegate_noop!(State: ignore wl_buffer::WlBuffer);
delegate_noop!(State: ignore WlSeat);
delegate_noop!(State: ZxdgOutputManagerV1);
delegate_noop!(State: ZwlrScreencopyManagerV1);
delegate_noop!(State: ZwpVirtualKeyboardManagerV1);
delegate_noop!(State: ZwpVirtualKeyboardV1);
delegate_noop!(State: ZwlrVirtualPointerManagerV1);
delegate_noop!(State: ZwlrVirtualPointerV1);
