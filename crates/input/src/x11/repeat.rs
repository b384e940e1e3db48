//! Who repeats a held key.
//!
//! The operator's keyboard does: each of its repetitions arrives as another press. The server would
//! repeat the artificial press as well, and go on for as long as a release is late. So the XTEST
//! keyboard is told not to repeat, and none of the user's own.
//!
//! What programs hear comes from a master keyboard, which takes over the settings of another keyboard
//! with that one's next key, and not before. So a master that was used by XTEST last is told too.

use std::borrow::Cow;

use x11rb::connection::RequestConnection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::xinput::{self, ConnectionExt as _, Device, DeviceClassData, XIDeviceInfo};
use x11rb::protocol::xkb::{AXOption, BoolCtrl, Control, SetControlsRequest};
use x11rb::rust_connection::RustConnection;

pub(super) fn stop_server_repeats(conn: &RustConnection) -> Result<(), ReplyError> {
    if x11::missing_extension(conn, &[xinput::X11_EXTENSION_NAME])?.is_some() {
        return Ok(());
    }
    conn.xinput_xi_query_version(2, 2)?.reply()?;
    let devices = conn.xinput_xi_query_device(Device::ALL)?.reply()?.infos;
    let artificial = devices.iter().filter(|device| is_artificial(device));
    let artificial: Vec<u16> = artificial.map(|device| device.deviceid).collect();
    let follows = |device: &&XIDeviceInfo| {
        let mut classes = device.classes.iter();
        classes.any(|class| {
            matches!(class.data, DeviceClassData::Key(_)) && artificial.contains(&class.sourceid)
        })
    };
    for device in devices.iter().filter(follows) {
        conn.send_trait_request_without_reply(no_repeats(device.deviceid))?
            .check()?;
    }
    Ok(())
}

fn is_artificial(device: &XIDeviceInfo) -> bool {
    String::from_utf8_lossy(&device.name).contains("XTEST keyboard")
}

/// Only "repeat keys" is touched; every other field is ignored by its mask.
fn no_repeats(device: u16) -> SetControlsRequest<'static> {
    let (no_mods, no_virtual_mods) = (0_u16.into(), 0_u16.into());
    let (no_controls, no_options) = (BoolCtrl::from(0_u16), AXOption::from(0_u16));
    SetControlsRequest {
        device_spec: device,
        affect_internal_real_mods: no_mods,
        internal_real_mods: no_mods,
        affect_ignore_lock_real_mods: no_mods,
        ignore_lock_real_mods: no_mods,
        affect_internal_virtual_mods: no_virtual_mods,
        internal_virtual_mods: no_virtual_mods,
        affect_ignore_lock_virtual_mods: no_virtual_mods,
        ignore_lock_virtual_mods: no_virtual_mods,
        mouse_keys_dflt_btn: 0,
        groups_wrap: 0,
        access_x_options: no_options,
        affect_enabled_controls: BoolCtrl::REPEAT_KEYS,
        enabled_controls: no_controls,
        change_controls: Control::CONTROLS_ENABLED,
        repeat_delay: 0,
        repeat_interval: 0,
        slow_keys_delay: 0,
        debounce_delay: 0,
        mouse_keys_delay: 0,
        mouse_keys_interval: 0,
        mouse_keys_time_to_max: 0,
        mouse_keys_max_speed: 0,
        mouse_keys_curve: 0,
        access_x_timeout: 0,
        access_x_timeout_mask: no_controls,
        access_x_timeout_values: no_controls,
        access_x_timeout_options_mask: no_options,
        access_x_timeout_options_values: no_options,
        per_key_repeat: Cow::Owned([0; 32]),
    }
}
