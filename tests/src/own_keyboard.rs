//! The keyboard that is a display's own, as a person in front of it has one: to the programs no different from
//! `Hands`, to whoever tells devices apart another.

use anyhow::Context as _;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::xinput::{
    self, ConnectionExt as _, DEVICE_KEY_PRESS_EVENT, DEVICE_KEY_RELEASE_EVENT, Device, DeviceType,
};
use x11rb::protocol::xproto::Window;
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::Display;

/// Presses keys of one display's own keyboard. Every call returns when the server has taken its event.
#[derive(Debug)]
pub struct OwnKeyboard {
    connection: RustConnection,
    root: Window,
    device: u8,
    /// Of the extension's events.
    first_event: u8,
}

impl OwnKeyboard {
    /// That of `display`.
    ///
    /// # Errors
    ///
    /// If it has none, or no `XInput`.
    pub fn of(display: &Display) -> anyhow::Result<Self> {
        let (connection, screen) = x11rb::connect(Some(display.name()))?;
        let root = connection.setup().roots[screen].root;
        connection.xinput_xi_query_version(2, 2)?.reply()?;
        let devices = connection.xinput_xi_query_device(Device::ALL)?.reply()?;
        let own = devices.infos.iter().find(|device| {
            let is_xtest = String::from_utf8_lossy(&device.name).contains("XTEST");
            device.type_ == DeviceType::SLAVE_KEYBOARD && !is_xtest
        });
        let device = own.context("it has no keyboard of its own")?.deviceid;
        let extension = connection.extension_information(xinput::X11_EXTENSION_NAME)?;
        let first_event = extension.context("no XInput")?.first_event;
        Ok(Self {
            root,
            device: u8::try_from(device)?,
            first_event,
            connection,
        })
    }

    /// Presses a key by its number.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub fn press(&self, keycode: u8) -> anyhow::Result<()> {
        self.fake(DEVICE_KEY_PRESS_EVENT, keycode)
    }

    /// Releases it.
    ///
    /// # Errors
    ///
    /// As [`Self::press`].
    pub fn release(&self, keycode: u8) -> anyhow::Result<()> {
        self.fake(DEVICE_KEY_RELEASE_EVENT, keycode)
    }

    /// Presses and releases it.
    ///
    /// # Errors
    ///
    /// As [`Self::press`].
    pub fn tap(&self, keycode: u8) -> anyhow::Result<()> {
        self.press(keycode)?;
        self.release(keycode)
    }

    fn fake(&self, event: u8, keycode: u8) -> anyhow::Result<()> {
        let event = self.first_event + event;
        let asked =
            self.connection
                .xtest_fake_input(event, keycode, 0, self.root, 0, 0, self.device)?;
        asked.check()?;
        Ok(self.connection.sync()?)
    }
}
