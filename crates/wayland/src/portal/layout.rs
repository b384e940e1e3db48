//! Which characters the user's keyboard makes: the compositor drops those that it does not, and says nothing.

use std::collections::HashSet;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::sync_channel;
use std::thread;

use wayland_client::protocol::{wl_keyboard, wl_registry, wl_seat};
use wayland_client::{Connection, Dispatch, QueueHandle, WEnum};
use xkeysym::Keysym;

use crate::session::{PATIENCE, named};

/// The longest keymap that is read.
const MAX_BYTES: u32 = 1 << 20;
/// As long as no keysym's name is, with the 0 at its end.
const MAX_NAME_BYTES: usize = 64;

/// The names of all that the keys mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    names: HashSet<String>,
}

impl Layout {
    /// Asks the compositor that `WAYLAND_DISPLAY` names; `None` where it has no keyboard, or has not answered after ten
    /// seconds. Blocks until then.
    pub fn of_this_desktop() -> Option<Self> {
        let (told, answer) = sync_channel(1);
        let asks = move || drop(told.send(Self::ask()));
        let thread = thread::Builder::new().name("layout".to_owned());
        thread.spawn(asks).ok()?;
        answer.recv_timeout(PATIENCE).ok()?
    }

    fn ask() -> Option<Self> {
        // not by `connect_to_env`: a socket that was handed over by `WAYLAND_SOCKET` is the window's
        let stream = UnixStream::connect(named()?).ok()?;
        let connection = Connection::from_socket(stream).ok()?;
        let mut queue = connection.new_event_queue();
        connection.display().get_registry(&queue.handle(), ());
        let mut asked = Asked::default();
        // what there is, what the seat has, and what its keyboard is
        for _ in 0..3 {
            queue.roundtrip(&mut asked).ok()?;
        }
        let (keymap, len_bytes) = asked.keymap?;
        let mut text = vec![0; len_bytes.min(MAX_BYTES) as usize];
        File::from(keymap).read_exact_at(&mut text, 0).ok()?;
        Some(Self::of_keymap(&String::from_utf8_lossy(&text)))
    }

    /// What the keys of this keymap of XKB mean.
    pub fn of_keymap(text: &str) -> Self {
        let symbols = text.split_once("xkb_symbols").map_or("", |(_, rest)| rest);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let names = symbols.split(|c| !is_name(c));
        Self {
            names: names
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// The keysym that some key makes this character with.
    pub fn keysym_of(&self, character: char) -> Option<u32> {
        let keysym = Keysym::from_char(character).raw();
        let by_number = format!("U{:04X}", u32::from(character));
        let is_made = name_of(keysym).is_some_and(|name| self.names.contains(&name))
            || self.names.contains(&by_number);
        is_made.then_some(keysym)
    }
}

/// What a keymap calls a keysym, by the library that every Wayland desktop reads keymaps with; `None` where it is
/// missing. The names alone would make Helpme 0.2 MB larger.
#[expect(unsafe_code, reason = "the library is one of C")]
fn name_of(keysym: u32) -> Option<String> {
    let library = xkbcommon_dl::xkbcommon_option()?;
    let mut name = [0_u8; MAX_NAME_BYTES];
    // SAFETY: it writes at most as many bytes as it is told there are, and a 0 after the last.
    let len =
        unsafe { (library.xkb_keysym_get_name)(keysym, name.as_mut_ptr().cast(), name.len()) };
    // a number below 0 says that there is no such keysym
    let name = name.get(..usize::try_from(len).ok()?)?;
    Some(String::from_utf8_lossy(name).into_owned())
}

#[derive(Default)]
struct Asked {
    seat: Option<wl_seat::WlSeat>,
    keyboard: Option<wl_keyboard::WlKeyboard>,
    keymap: Option<(OwnedFd, u32)>,
}

impl Dispatch<wl_registry::WlRegistry, ()> for Asked {
    fn event(
        asked: &mut Self,
        registry: &wl_registry::WlRegistry,
        event: wl_registry::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        if let wl_registry::Event::Global {
            name, interface, ..
        } = event
            && interface == "wl_seat"
            && asked.seat.is_none()
        {
            asked.seat = Some(registry.bind(name, 1, handle, ()));
        }
    }
}

impl Dispatch<wl_seat::WlSeat, ()> for Asked {
    fn event(
        asked: &mut Self,
        seat: &wl_seat::WlSeat,
        event: wl_seat::Event,
        (): &(),
        _: &Connection,
        handle: &QueueHandle<Self>,
    ) {
        if let wl_seat::Event::Capabilities {
            capabilities: WEnum::Value(capabilities),
        } = event
            && capabilities.contains(wl_seat::Capability::Keyboard)
            && asked.keyboard.is_none()
        {
            asked.keyboard = Some(seat.get_keyboard(handle, ()));
        }
    }
}

impl Dispatch<wl_keyboard::WlKeyboard, ()> for Asked {
    fn event(
        asked: &mut Self,
        _: &wl_keyboard::WlKeyboard,
        event: wl_keyboard::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let wl_keyboard::Event::Keymap { fd, size, .. } = event {
            asked.keymap = Some((fd, size));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_layout_lacks_is_known() {
        let keymap = r#"
            xkb_keycodes "x" { <AD01> = 24; <ntilde> = 25; };
            xkb_symbols "it" {
                key <AD01> { type= "FOUR_LEVEL", symbols[Group1]= [ q, Q, at, Greek_OMEGA ] };
                key <AC10> { [ ograve, ccedilla, U20AC ] };
            };"#;
        let layout = Layout::of_keymap(keymap);
        assert_eq!(layout.keysym_of('q'), Some(u32::from(b'q')));
        assert_eq!(layout.keysym_of('@'), Some(u32::from(b'@')));
        assert_eq!(layout.keysym_of('ò'), Some(0xf2));
        assert_eq!(layout.keysym_of('€'), Some(0x20ac), "by its number");
        assert_eq!(layout.keysym_of('ñ'), None, "a key's name means nothing");
        assert_eq!(layout.keysym_of('漢'), None);
    }
}
