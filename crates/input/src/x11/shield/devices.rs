//! The user's own keyboards and mice: heard, and taken out of use.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use x11::PatientConnection;
use x11rb::connection::RequestConnection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xinput::{
    self, ConnectionExt as _, Device, DeviceId, DeviceType, EventMask, GrabOwner, InputStateData,
    XIDeviceInfo, XIEventMask,
};
use x11rb::protocol::xproto::{ConnectionExt as _, GrabMode, GrabStatus};
use x11rb::wrapper::ConnectionExt as _;

use super::Fault;
use crate::shield::ESCAPE_HELD;

/// Raw events reach their watcher during a grab from this version on.
const XINPUT: (u16, u16) = (2, 1);
const ALL_DEVICES: u16 = 0;
/// For so long a device may be in use by a key that is down, or by somebody's menu.
const BUSY: Duration = Duration::from_secs(2);
const TRY_EVERY: Duration = Duration::from_millis(20);

/// The keysyms of Escape and of a small x, and where they are where a layout has none.
const ESCAPE: (u32, u8) = (0xff1b, 9);
const X: (u32, u8) = (0x78, 53);
/// Where the modifiers of the key that ends a session are, left and right.
const CONTROLS: [u8; 2] = [37, 105];
const ALTS: [u8; 2] = [64, 108];
const SHIFTS: [u8; 2] = [50, 62];

/// Whether there are such devices, and their keys are told.
pub(super) fn can(connection: &PatientConnection, _root: u32) -> Result<bool, ReplyError> {
    Ok(has_xinput(connection)? && own_devices(connection)?.iter().any(is_attached))
}

fn has_xinput(connection: &PatientConnection) -> Result<bool, ReplyError> {
    let name = xinput::X11_EXTENSION_NAME;
    if connection.extension_information(name)?.is_none() {
        return Ok(false);
    }
    let (major, minor) = (2, 2);
    let has = connection.xinput_xi_query_version(major, minor)?.reply()?;
    Ok((has.major_version, has.minor_version) >= XINPUT)
}

/// All that are no masters and none of XTEST's.
fn own_devices(connection: &PatientConnection) -> Result<Vec<XIDeviceInfo>, ReplyError> {
    let all = connection.xinput_xi_query_device(Device::ALL)?.reply()?;
    let is_own = |device: &XIDeviceInfo| {
        let is_xtest = String::from_utf8_lossy(&device.name).contains("XTEST");
        let is_master = [DeviceType::MASTER_POINTER, DeviceType::MASTER_KEYBOARD];
        device.enabled && !is_xtest && !is_master.contains(&device.type_)
    };
    Ok(all.infos.into_iter().filter(is_own).collect())
}

fn is_attached(device: &XIDeviceInfo) -> bool {
    device.type_ != DeviceType::FLOATING_SLAVE
}

/// What the user did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    Pressed,
    /// Ctrl+Alt+Shift+X.
    EndPressed,
}

/// Hears the keys of the user's own devices, whoever else has them.
pub(super) struct Listening {
    own: BTreeSet<DeviceId>,
    escape: u8,
    x: u8,
    down: BTreeSet<u8>,
    escape_since: Option<Instant>,
}

impl Listening {
    pub(super) fn begin(connection: &PatientConnection, root: u32) -> Result<Self, Fault> {
        if !has_xinput(connection)? {
            return Err(Fault::NoOwnDevices);
        }
        let presses = XIEventMask::RAW_KEY_PRESS | XIEventMask::RAW_BUTTON_PRESS;
        let mask = EventMask {
            deviceid: ALL_DEVICES,
            mask: vec![presses | XIEventMask::RAW_KEY_RELEASE | XIEventMask::HIERARCHY],
        };
        connection.xinput_xi_select_events(root, &[mask])?.check()?;
        let mut listening = Self {
            own: BTreeSet::new(),
            escape: keycode(connection, ESCAPE)?,
            x: keycode(connection, X)?,
            down: BTreeSet::new(),
            escape_since: None,
        };
        listening.look_again(connection)?;
        Ok(listening)
    }

    /// A device came or went.
    pub(super) fn look_again(&mut self, connection: &PatientConnection) -> Result<(), Fault> {
        let own = own_devices(connection)?.into_iter();
        self.own = own.map(|device| device.deviceid).collect();
        Ok(())
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of the server's hundred events only those that were asked for matter"
    )]
    pub(super) fn hear(&mut self, event: &Event) -> Heard {
        let (device, detail, is_press) = match event {
            Event::XinputRawKeyPress(press) => (press.deviceid, press.detail, true),
            Event::XinputRawKeyRelease(release) => (release.deviceid, release.detail, false),
            Event::XinputRawButtonPress(press) if self.own.contains(&press.deviceid) => {
                return Heard::Pressed;
            }
            _ => return Heard::Nothing,
        };
        let key = u8::try_from(detail).ok();
        let Some(key) = key.filter(|_| self.own.contains(&device)) else {
            return Heard::Nothing;
        };
        if !is_press {
            self.down.remove(&key);
            if key == self.escape {
                self.escape_since = None;
            }
            return Heard::Nothing;
        }
        // a key that repeats is pressed once
        if self.down.insert(key) && key == self.escape {
            self.escape_since = Some(Instant::now());
        }
        let any = |keys: [u8; 2]| keys.iter().any(|key| self.down.contains(key));
        if key == self.x && any(CONTROLS) && any(ALTS) && any(SHIFTS) {
            Heard::EndPressed
        } else {
            Heard::Pressed
        }
    }

    /// When Escape will have been held for long enough, while it is.
    pub(super) fn escape_due(&self) -> Option<Instant> {
        self.escape_since.map(|since| since + ESCAPE_HELD)
    }
}

/// The first key that makes `keysym`.
fn keycode(connection: &PatientConnection, (keysym, usual): (u32, u8)) -> Result<u8, Fault> {
    use x11rb::connection::Connection as _;
    let (first, last) = (
        connection.setup().min_keycode,
        connection.setup().max_keycode,
    );
    let count = last.saturating_sub(first).saturating_add(1);
    let mapping = connection.get_keyboard_mapping(first, count)?.reply()?;
    let per_key = usize::from(mapping.keysyms_per_keycode.max(1));
    let mut keys = mapping.keysyms.chunks(per_key);
    let found = keys.position(|keysyms| keysyms.first() == Some(&keysym));
    let found = found.and_then(|index| u8::try_from(index).ok());
    Ok(found.map_or(usual, |index| first.saturating_add(index)))
}

/// The user's devices while they do nothing. The server gives them back when this process is gone.
pub(super) struct Blocked<'a> {
    connection: &'a PatientConnection,
    root: u32,
    taken: BTreeSet<DeviceId>,
}

impl<'a> Blocked<'a> {
    pub(super) fn begin(connection: &'a PatientConnection, root: u32) -> Result<Self, Fault> {
        let mut blocked = Self {
            connection,
            root,
            taken: BTreeSet::new(),
        };
        let deadline = Instant::now() + BUSY;
        loop {
            let is_late = Instant::now() > deadline;
            // a key that is taken away while it is down would stay down
            if (is_late || blocked.all_up()?) && blocked.take()? {
                break;
            }
            if is_late {
                blocked.let_go()?;
                return Err(Fault::Taken);
            }
            std::thread::sleep(TRY_EVERY);
        }
        if blocked.taken.is_empty() {
            return Err(Fault::NoOwnDevices);
        }
        Ok(blocked)
    }

    /// Takes devices that came since.
    pub(super) fn take_new(&mut self) -> Result<(), Fault> {
        self.take()?;
        Ok(())
    }

    /// Whether all that there are could be had.
    fn take(&mut self) -> Result<bool, Fault> {
        let mut all = true;
        for device in own_devices(self.connection)?
            .iter()
            .filter(|d| is_attached(d))
        {
            let id = device.deviceid;
            let (mode, owner) = (GrabMode::ASYNC, GrabOwner::NO_OWNER);
            let (time, cursor) = (x11rb::CURRENT_TIME, x11rb::NONE);
            // whoever grabs a device hears of it by the grab alone
            let heard = XIEventMask::RAW_KEY_PRESS | XIEventMask::RAW_KEY_RELEASE;
            let heard = [u32::from(heard)];
            let asked = self
                .connection
                .xinput_xi_grab_device(self.root, time, cursor, id, mode, mode, owner, &heard)?;
            match asked.reply() {
                Ok(reply) if reply.status == GrabStatus::SUCCESS => {
                    self.taken.insert(id);
                }
                // it went in the same moment
                Err(ReplyError::X11Error(_)) => {}
                Ok(_) => all = false,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(all)
    }

    /// Whether no key and no button of them is down.
    fn all_up(&self) -> Result<bool, Fault> {
        for device in own_devices(self.connection)? {
            let Ok(id) = u8::try_from(device.deviceid) else {
                continue;
            };
            let state = match self.connection.xinput_query_device_state(id)?.reply() {
                Ok(state) => state,
                Err(ReplyError::X11Error(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let is_down = state.classes.iter().any(|class| match &class.data {
                InputStateData::Key(keys) => keys.keys.iter().any(|byte| *byte != 0),
                InputStateData::Button(buttons) => buttons.buttons.iter().any(|byte| *byte != 0),
                InputStateData::Valuator(_) | InputStateData::InvalidValue(_) => false,
            });
            if is_down {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn let_go(&self) -> Result<(), Fault> {
        for id in &self.taken {
            self.connection
                .xinput_xi_ungrab_device(x11rb::CURRENT_TIME, *id)?;
        }
        Ok(self.connection.sync()?)
    }
}
