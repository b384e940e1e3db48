//! The brightness of the monitors: `RandR`'s gamma, which the graphics card applies to what leaves it.

use std::collections::BTreeMap;

use x11::PatientConnection;
use x11rb::connection::RequestConnection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::randr::{self, ConnectionExt as _, Crtc};
use x11rb::wrapper::ConnectionExt as _;

use super::Fault;

/// Whether every monitor's can be changed.
pub(super) fn can(connection: &PatientConnection, root: u32) -> Result<bool, ReplyError> {
    let name = randr::X11_EXTENSION_NAME;
    if connection.extension_information(name)?.is_none() {
        return Ok(false);
    }
    let has = connection.randr_query_version(1, 3)?.reply()?;
    if (has.major_version, has.minor_version) < (1, 3) {
        return Ok(false);
    }
    let lit = lit_crtcs(connection, root)?;
    for crtc in &lit {
        if Ramp::of(connection, *crtc)?.red.is_empty() {
            return Ok(false);
        }
    }
    Ok(!lit.is_empty())
}

/// Those that show something.
fn lit_crtcs(connection: &PatientConnection, root: u32) -> Result<Vec<Crtc>, ReplyError> {
    let resources = connection
        .randr_get_screen_resources_current(root)?
        .reply()?;
    let mut lit = Vec::new();
    for crtc in resources.crtcs {
        let info = connection.randr_get_crtc_info(crtc, resources.config_timestamp)?;
        match info.reply() {
            Ok(info) if info.mode != x11rb::NONE => lit.push(crtc),
            // it went in the same moment
            Ok(_) | Err(ReplyError::X11Error(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(lit)
}

/// How bright which value of a channel is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ramp {
    red: Vec<u16>,
    green: Vec<u16>,
    blue: Vec<u16>,
}

impl Ramp {
    /// An empty one where it cannot be changed.
    fn of(connection: &PatientConnection, crtc: Crtc) -> Result<Self, ReplyError> {
        let reply = connection.randr_get_crtc_gamma(crtc)?.reply()?;
        Ok(Self {
            red: reply.red,
            green: reply.green,
            blue: reply.blue,
        })
    }

    fn dark(len: usize) -> Self {
        Self {
            red: vec![0; len],
            green: vec![0; len],
            blue: vec![0; len],
        }
    }

    fn straight(len: usize) -> Self {
        let last = len.saturating_sub(1).max(1);
        let step = |at: usize| u16::try_from(at * usize::from(u16::MAX) / last).unwrap_or(u16::MAX);
        let channel: Vec<u16> = (0..len).map(step).collect();
        Self {
            red: channel.clone(),
            green: channel.clone(),
            blue: channel,
        }
    }

    fn is_dark(&self) -> bool {
        let mut all = self.red.iter().chain(&self.green).chain(&self.blue);
        all.all(|value| *value == 0)
    }

    fn set(&self, connection: &PatientConnection, crtc: Crtc) -> Result<(), ReplyError> {
        let set = connection.randr_set_crtc_gamma(crtc, &self.red, &self.green, &self.blue)?;
        match set.check() {
            // it went in the same moment
            Err(ReplyError::X11Error(_)) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The monitors while they are dark.
pub(super) struct Dark<'a> {
    connection: &'a PatientConnection,
    root: u32,
    /// As they were.
    before: BTreeMap<Crtc, Ramp>,
}

impl<'a> Dark<'a> {
    pub(super) fn make(connection: &'a PatientConnection, root: u32) -> Result<Self, Fault> {
        if !can(connection, root)? {
            return Err(Fault::NoBrightness);
        }
        let mut dark = Self {
            connection,
            root,
            before: BTreeMap::new(),
        };
        if let Err(fault) = dark.look_after() {
            dark.lighten().ok();
            return Err(fault);
        }
        Ok(dark)
    }

    /// Makes dark what shows something: at first, and what another program has lit or plugged in since.
    pub(super) fn look_after(&mut self) -> Result<(), Fault> {
        for crtc in lit_crtcs(self.connection, self.root)? {
            let now = match Ramp::of(self.connection, crtc) {
                Ok(now) => now,
                Err(ReplyError::X11Error(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let len = now.red.len();
            if now.is_dark() {
                // as a killed process may have left it
                let straight = || Ramp::straight(len);
                self.before.entry(crtc).or_insert_with(straight);
                continue;
            }
            self.before.insert(crtc, now);
            Ramp::dark(len).set(self.connection, crtc)?;
        }
        Ok(())
    }

    pub(super) fn lighten(&self) -> Result<(), Fault> {
        for (crtc, ramp) in &self.before {
            ramp.set(self.connection, *crtc)?;
        }
        Ok(self.connection.sync()?)
    }
}

/// Has monitors show again that are dark.
pub(super) fn lighten(connection: &PatientConnection, root: u32) -> Result<(), ReplyError> {
    if !can(connection, root)? {
        return Ok(());
    }
    for crtc in lit_crtcs(connection, root)? {
        let now = Ramp::of(connection, crtc)?;
        if now.is_dark() {
            Ramp::straight(now.red.len()).set(connection, crtc)?;
        }
    }
    connection.sync()
}
