//! What an operator may be told of a host's computer: what it is, and what it is busy with.
//!
//! No serial numbers, no addresses of network cards, and of programs their names alone: what stands behind
//! a name on a command line may be a secret.

use std::net::IpAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::control::Name;
use crate::text::BoundedText;

/// Most disks that are told, ...
pub const MAX_DISKS: usize = 8;
/// ... network interfaces, ...
pub const MAX_INTERFACES: usize = 8;
/// ... addresses of each, ...
pub const MAX_ADDRESSES: usize = 4;
/// ... and programs.
pub const MAX_PROGRAMS: usize = 16;

/// Something short, like a disk's place.
pub type Short = BoundedText<64>;

/// A computer at one moment. What is not known is empty or 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SystemInformation {
    pub computer: Name,
    /// Maker and model.
    pub model: Name,
    /// The operating system: `Debian GNU/Linux 13 (trixie)`.
    pub system: Name,
    pub kernel: Short,
    pub uptime_seconds: u64,
    pub processor: Name,
    /// `x86_64`.
    pub architecture: Short,
    /// Those that the system counts.
    pub cores: u16,
    /// For how much of the time all of them are busy, in hundredths.
    pub busy_percent: u8,
    pub memory: Room,
    pub swap: Room,
    /// At most [`MAX_DISKS`].
    pub disks: Vec<Disk>,
    /// At most [`MAX_INTERFACES`].
    pub interfaces: Vec<Interface>,
    /// Those that are busiest and largest, the busiest first; at most [`MAX_PROGRAMS`].
    pub programs: Vec<Program>,
}

/// How much there is of something, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Room {
    pub used_bytes: u64,
    pub total_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// Where it is in the tree of folders: `/home`, `C:\\`.
    pub place: Short,
    /// `ext4`.
    pub file_system: Short,
    pub room: Room,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    pub name: Short,
    /// At most [`MAX_ADDRESSES`], with the length of the network's part.
    pub addresses: Vec<(IpAddr, u8)>,
    pub received_bytes: u64,
    pub sent_bytes: u64,
}

/// All processes of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    pub name: Short,
    pub processes: u32,
    /// In hundredths of one core.
    pub busy_percent: u32,
    pub memory_bytes: u64,
}

impl Room {
    /// How much is used, in hundredths.
    pub fn used_percent(self) -> u8 {
        let used = u128::from(self.used_bytes.min(self.total_bytes)) * 100;
        let percent = used / u128::from(self.total_bytes).max(1);
        u8::try_from(percent).unwrap_or(100)
    }
}

impl SystemInformation {
    /// What a host told, cut to what it may be.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.disks.truncate(MAX_DISKS);
        self.interfaces.truncate(MAX_INTERFACES);
        for interface in &mut self.interfaces {
            interface.addresses.truncate(MAX_ADDRESSES);
        }
        self.programs.truncate(MAX_PROGRAMS);
        self.busy_percent = self.busy_percent.min(100);
        self
    }
}

/// What became of the question for a [`SystemInformation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SystemAnswer {
    /// The user allows it. Sealed for the operator; each of a session's has another `number`.
    Told { number: u64, sealed: Bytes },
    /// The user does not.
    Refused,
    /// The user has paused.
    Withheld,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_WORD_BYTES;

    #[test]
    fn the_largest_information_fits_into_a_word() {
        let short = || Short::cut("x".repeat(100));
        let name = || Name::cut("x".repeat(200));
        let room = Room {
            used_bytes: u64::MAX,
            total_bytes: u64::MAX,
        };
        let address = (IpAddr::from([0xffff_u16; 8]), 128);
        let largest = SystemInformation {
            computer: name(),
            model: name(),
            system: name(),
            kernel: short(),
            uptime_seconds: u64::MAX,
            processor: name(),
            architecture: short(),
            cores: u16::MAX,
            busy_percent: u8::MAX,
            memory: room,
            swap: room,
            disks: vec![
                Disk {
                    place: short(),
                    file_system: short(),
                    room
                };
                100
            ],
            interfaces: vec![
                Interface {
                    name: short(),
                    addresses: vec![address; 100],
                    received_bytes: u64::MAX,
                    sent_bytes: u64::MAX,
                };
                100
            ],
            programs: vec![
                Program {
                    name: short(),
                    processes: u32::MAX,
                    busy_percent: u32::MAX,
                    memory_bytes: u64::MAX,
                };
                100
            ],
        };
        let largest = largest.bounded();
        let bytes = postcard::to_allocvec(&largest).expect("it serialises");
        assert!(bytes.len() < MAX_WORD_BYTES - 256, "{}", bytes.len());
        assert_eq!(largest.busy_percent, 100);
        assert_eq!(room.used_percent(), 100);
        assert_eq!(Room::default().used_percent(), 0);
    }
}
