//! What an X server says of its keyboard, for people.

use protocol::control::Name;
use protocol::{HostKeyboard, Unlisted};
use x11rb::errors::ReplyError;
use x11rb::protocol::xkb::{ConnectionExt as _, ID, NameDetail};
use x11rb::protocol::xproto::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// The keyboard of a display, or of the one that `DISPLAY` names; `None` where nobody answers.
///
/// A look costs a connection to the server.
pub fn keyboard(display: Option<&str>) -> Option<HostKeyboard> {
    let (conn, _) = x11::connect(display).ok()?;
    let layout = match layout(&conn) {
        Ok(layout) => layout.unwrap_or_default(),
        Err(error) => {
            tracing::debug!(%error, "The name of the layout is not known");
            Name::default()
        }
    };
    Some(HostKeyboard {
        layout,
        unlisted: Unlisted::SpareKey,
    })
}

/// The name of the group that is on; some servers name none.
fn layout(conn: &RustConnection) -> Result<Option<Name>, ReplyError> {
    let device = ID::USE_CORE_KBD.into();
    conn.xkb_use_extension(1, 0)?.reply()?;
    let state = conn.xkb_get_state(device)?;
    let names = conn.xkb_get_names(device, NameDetail::GROUP_NAMES)?;
    let on = usize::from(u8::from(state.reply()?.group));
    let names = names.reply()?;
    // only groups that have a name are told, in their order
    let bits = u16::from(names.group_names);
    let told = (0..u16::try_from(on).unwrap_or(0)).filter(|group| bits & (1 << group) != 0);
    let all = names.value_list.groups.unwrap_or_default();
    let Some(atom) = all.get(told.count()).filter(|_| bits & (1 << on) != 0) else {
        return Ok(None);
    };
    let name = conn.get_atom_name(*atom)?.reply()?.name;
    Ok(Some(Name::cut(String::from_utf8_lossy(&name).into_owned())))
}
