//! What Helpme remembers, and where its hub is (H2).

use std::path::{Path, PathBuf};

use desktop::WindowPlace;
use host_engine::hub_block::{self, BlockFault, CarriedHub};
use host_engine::{AddressFault, HubAddress, Pin};
use protocol::hub_block::MAX_HUB_BLOCK_BYTES;
use serde::{Deserialize, Serialize};
use ui_kit::{Lang, TextSize, ThemeChoice};

use crate::organisations::Organisations;

/// The file beside the program that names its hub.
const HUB_FILE: &str = "helpme.json";
/// Where packages of Linux put programs, and where such a file is then in place of beside it.
const PACKAGED: (&str, &str) = ("/usr/bin", "/etc/pure-help-desk");
/// The largest of it that is read, in bytes.
const MAX_HUB_FILE_BYTES: u64 = 16 * 1024;

/// What is kept between two starts. Nothing in it is a secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// `None` follows the system.
    pub language: Option<Lang>,
    pub theme: ThemeChoice,
    pub text_size: TextSize,
    /// The user's name as typed last.
    pub name: String,
    pub hub: Option<HubText>,
    /// The hub whose operator helped last; another one is asked about.
    pub used_hub: Option<HubText>,
    /// Whose the help desks are that were reached.
    pub organisations: Organisations,
    /// The user's yes to their desktop's own question is kept, as a secret elsewhere.
    pub lasting_yes: bool,
    /// The user has read how to recognise a swindler.
    pub advice_read: bool,
    pub window: Option<WindowPlace>,
}

/// A hub's place as people write it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubText {
    pub address: String,
    pub fingerprint: String,
}

/// Where the hub is and by which key it is known (E2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubPlace {
    pub address: HubAddress,
    pub pin: Pin,
}

impl HubPlace {
    /// Whether `other` is this hub too. A hub with a key may move to another address; what is known by its name
    /// may not.
    pub fn is(&self, other: &Self) -> bool {
        match (self.pin, other.pin) {
            (Pin::Key(one), Pin::Key(other)) => one == other,
            (Pin::PublicName, Pin::PublicName) => self.address == other.address,
            (Pin::Key(_), Pin::PublicName) | (Pin::PublicName, Pin::Key(_)) => false,
        }
    }
}

/// The part of a hub's place that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HubTextError {
    #[error("{0}")]
    Address(AddressFault),
    #[error("the fingerprint is not valid")]
    Fingerprint,
}

impl From<&HubPlace> for HubText {
    fn from(place: &HubPlace) -> Self {
        Self {
            address: place.address.to_string(),
            fingerprint: place.pin.to_string(),
        }
    }
}

impl HubText {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`HubTextError`] names the first part that is wrong.
    pub fn parse(&self) -> Result<HubPlace, HubTextError> {
        let address = self.address.parse().map_err(HubTextError::Address)?;
        let pin = self
            .fingerprint
            .parse()
            .map_err(|_detail| HubTextError::Fingerprint)?;
        Ok(HubPlace { address, pin })
    }
}

/// The hub that the program in the file `exe` carries behind itself, as that hub signed it (H2). A file that cannot be
/// read carries none.
///
/// # Errors
///
/// [`BlockFault`]: it carried one and was changed.
pub fn hub_in_program(exe: &Path) -> Result<Option<CarriedHub>, BlockFault> {
    let tail = tail(exe).unwrap_or_else(|error| {
        tracing::warn!(%error, "This program does not read itself");
        Vec::new()
    });
    hub_block::find(&tail)
}

/// As much of the end of `file` as a block can take.
fn tail(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::{Read as _, Seek as _, SeekFrom};

    let mut file = std::fs::File::open(file)?;
    let most = u64::try_from(MAX_HUB_BLOCK_BYTES).unwrap_or(u64::MAX);
    let begin = file.metadata()?.len().saturating_sub(most);
    file.seek(SeekFrom::Start(begin))?;
    let mut tail = Vec::new();
    file.take(most).read_to_end(&mut tail)?;
    Ok(tail)
}

/// The hub that a set-up Helpme carries beside it: `helpme.json` in `folder` (H2).
///
/// # Errors
///
/// If the file is there and does not read; a missing one is `Ok(None)`.
pub fn hub_beside_program(folder: &Path) -> anyhow::Result<Option<HubPlace>> {
    use anyhow::Context as _;
    use std::io::Read as _;

    let path = hub_file(folder);
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("{HUB_FILE} does not open")),
    };
    let mut text = String::new();
    file.take(MAX_HUB_FILE_BYTES)
        .read_to_string(&mut text)
        .with_context(|| format!("{HUB_FILE} does not read"))?;
    let hub: HubText =
        serde_json::from_str(&text).with_context(|| format!("{HUB_FILE} is damaged"))?;
    let place = hub
        .parse()
        .with_context(|| format!("{HUB_FILE} is damaged"))?;
    Ok(Some(place))
}

/// Sets the program in `folder` up for a hub, for everybody who starts it: writes `helpme.json`, and gives its path.
///
/// # Errors
///
/// If it cannot be written there.
pub fn set_up_beside_program(folder: &Path, hub: &HubPlace) -> anyhow::Result<PathBuf> {
    use anyhow::Context as _;

    let path = hub_file(folder);
    let text = serde_json::to_string_pretty(&HubText::from(hub))? + "\n";
    // nothing in it is a secret: other accounts read it
    let write = || {
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(&path, &text)
    };
    write().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn hub_file(folder: &Path) -> PathBuf {
    let (programs, settings) = PACKAGED;
    let is_packaged = cfg!(unix) && folder == Path::new(programs);
    let folder = if is_packaged {
        Path::new(settings)
    } else {
        folder
    };
    folder.join(HUB_FILE)
}

/// The name of whoever uses this account, for a first start.
pub fn account_name() -> String {
    ["USER", "USERNAME", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h2_a_helpme_that_was_set_up_finds_its_hub_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(
            hub_beside_program(folder.path()).expect("no file is fine"),
            None
        );

        let text = format!(
            r#"{{"address": "hub.example.org:8443", "fingerprint": "{}", "organisation": "Bank"}}"#,
            "ab".repeat(32)
        );
        std::fs::write(folder.path().join(HUB_FILE), text).expect("written");
        let place = hub_beside_program(folder.path())
            .expect("reads")
            .expect("is there");
        assert_eq!(place.address.port, 8443);
        assert_eq!(place.pin.to_string(), "ab".repeat(32));
    }

    #[test]
    fn h2_what_was_set_up_for_a_hub_is_found_beside_the_program() {
        let folder = tempfile::tempdir().expect("a folder");
        let hub = HubText {
            address: "hub.example.org:8443".to_owned(),
            fingerprint: "ab".repeat(32),
        };
        let hub = hub.parse().expect("a hub");
        let path = set_up_beside_program(folder.path(), &hub).expect("written");
        assert_eq!(path, folder.path().join(HUB_FILE));
        let found = hub_beside_program(folder.path()).expect("reads");
        assert_eq!(found, Some(hub));
    }

    #[cfg(unix)]
    #[test]
    fn h2_a_packaged_program_is_set_up_where_the_system_keeps_settings() {
        let file = hub_file(Path::new("/usr/bin"));
        assert_eq!(file, Path::new("/etc/pure-help-desk/helpme.json"));
    }

    #[test]
    fn e4_a_damaged_set_up_is_told_and_not_guessed() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in ["", "{", r#"{"address": "hub", "fingerprint": "12"}"#] {
            std::fs::write(folder.path().join(HUB_FILE), text).expect("written");
            assert!(hub_beside_program(folder.path()).is_err(), "{text}");
        }
    }

    #[test]
    fn settings_of_an_older_version_still_read() {
        let settings: Settings =
            serde_json::from_str(r#"{"name": "Anna", "gone": 1}"#).expect("reads");
        assert_eq!(settings.name, "Anna");
        assert_eq!(settings.language, None);
    }
}
