//! Artificial keys and buttons that nobody will release any more.

use std::collections::BTreeSet;

use x11rb::errors::ReplyError;
use x11rb::protocol::xinput::{self, ConnectionExt as _, Device, InputStateData};
use x11rb::rust_connection::RustConnection;

use super::guardian::{self, Hold};
use super::{lost, require_extensions};
use crate::InjectError;

/// Releases what is down on the server's XTEST devices; gives how many keys and buttons that were.
pub(super) fn release(display: Option<&str>) -> Result<usize, InjectError> {
    let (conn, screen) = x11::connect(display)?;
    require_extensions(&conn, &[xinput::X11_EXTENSION_NAME])?;
    let holds = artificial_holds(&conn).map_err(|error| lost(&error))?;
    guardian::release(&conn, screen.root, &holds).map_err(|error| lost(&error))?;
    Ok(holds.len())
}

/// What the XTEST devices hold: each master device of the server has a pair of them.
fn artificial_holds(conn: &RustConnection) -> Result<BTreeSet<Hold>, ReplyError> {
    conn.xinput_xi_query_version(2, 2)?.reply()?;
    let mut holds = BTreeSet::new();
    let devices = conn.xinput_xi_query_device(Device::ALL)?.reply()?.infos;
    for device in devices {
        let is_xtest = String::from_utf8_lossy(&device.name).contains("XTEST");
        let Some(id) = u8::try_from(device.deviceid).ok().filter(|_| is_xtest) else {
            continue;
        };
        conn.xinput_open_device(id)?.reply()?;
        for state in conn.xinput_query_device_state(id)?.reply()?.classes {
            match state.data {
                InputStateData::Key(keys) => holds.extend(set_bits(&keys.keys).map(Hold::Key)),
                InputStateData::Button(buttons) => {
                    holds.extend(set_bits(&buttons.buttons).map(Hold::Button));
                }
                InputStateData::Valuator(_) | InputStateData::InvalidValue(_) => {}
            }
        }
    }
    Ok(holds)
}

fn set_bits(bytes: &[u8; 32]) -> impl Iterator<Item = u8> {
    (0..=u8::MAX).filter(|&bit| bytes[usize::from(bit / 8)] & (1 << (bit % 8)) != 0)
}
