//! What this computer is, and what it is busy with, as an operator may be told it (S2).

mod busy;
mod lans;

use std::collections::BTreeMap;
use std::thread;

use protocol::SystemInformation;
use protocol::control::Name;
use protocol::system::{Disk, Interface, MAX_PROGRAMS, Program, Room, Short};
use sysinfo::{
    DiskRefreshKind, Disks, MINIMUM_CPU_UPDATE_INTERVAL, MemoryRefreshKind, Networks,
    ProcessRefreshKind, ProcessesToUpdate, Product, RefreshKind, System,
};

use busy::Busy;
pub use lans::{OwnLan, lans};

/// Looks at this computer; blocks for a few hundred milliseconds, in which it counts who is busy.
/// What the system does not tell is missing.
pub fn look() -> SystemInformation {
    let known = |told: Result<String, sysinfo::Error>| told.unwrap_or_default();
    let mut told = SystemInformation {
        computer: Name::cut(known(System::host_name())),
        model: Name::cut(model()),
        system: Name::cut(known(System::long_os_version())),
        kernel: Short::cut(known(System::kernel_version())),
        uptime_seconds: System::uptime().unwrap_or_default(),
        architecture: Short::cut(System::cpu_arch()),
        disks: disks(),
        interfaces: interfaces(),
        ..SystemInformation::default()
    };
    let processes = ProcessRefreshKind::nothing().with_cpu().with_memory();
    let processes = processes.without_tasks();
    let first = RefreshKind::nothing()
        .with_memory(MemoryRefreshKind::everything())
        .with_cpu(Busy::asked())
        .with_processes(processes);
    let busy = Busy::first();
    if let Ok(mut system) = System::new_with_specifics(first) {
        thread::sleep(MINIMUM_CPU_UPDATE_INTERVAL);
        let busy_percent = busy.percent(&mut system);
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, processes);
        let cpus = system.cpus();
        told.processor = Name::cut(cpus.first().map_or("", |cpu| cpu.brand()).trim());
        told.cores = u16::try_from(cpus.len()).unwrap_or(u16::MAX);
        told.busy_percent = u8::try_from(hundredths(busy_percent)).unwrap_or(100);
        told.memory = Room {
            used_bytes: system.used_memory(),
            total_bytes: system.total_memory(),
        };
        told.swap = Room {
            used_bytes: system.used_swap(),
            total_bytes: system.total_swap(),
        };
        told.programs = programs(&system);
    }
    told.bounded()
}

/// The system's own name where it tells one, like `Debian GNU/Linux 12 (bookworm)` or `Windows 11 Pro`. Reads a
/// file or the registry.
pub fn system_name() -> String {
    // a program of Windows under Wine would read it too
    let told = if cfg!(windows) {
        String::new()
    } else {
        std::fs::read_to_string("/etc/os-release").unwrap_or_default()
    };
    let pretty = told.lines().find_map(|l| l.strip_prefix("PRETTY_NAME="));
    let pretty = pretty.map(|name| name.trim_matches('"').to_owned());
    let known = pretty.filter(|name| !name.is_empty());
    known
        .or_else(|| System::long_os_version().ok())
        .unwrap_or_else(|| std::env::consts::OS.to_owned())
}

/// Maker and model, where the maker wrote something.
fn model() -> String {
    let parts = [Product::vendor_name(), Product::name()];
    let parts = parts.into_iter().filter_map(Result::ok);
    let parts: Vec<String> = parts.map(|part| part.trim().to_owned()).collect();
    parts.join(" ").trim().to_owned()
}

fn disks() -> Vec<Disk> {
    let kind = DiskRefreshKind::nothing().with_storage();
    let Ok(found) = Disks::new_with_refreshed_list_specifics(kind) else {
        return Vec::new();
    };
    let mut disks: Vec<Disk> = found
        .iter()
        .filter(|disk| disk.total_space() > 0)
        .map(|disk| Disk {
            place: Short::cut(disk.mount_point().to_string_lossy()),
            file_system: Short::cut(disk.file_system().to_string_lossy()),
            room: Room {
                used_bytes: disk.total_space().saturating_sub(disk.available_space()),
                total_bytes: disk.total_space(),
            },
        })
        .collect();
    // the same one may be in several places
    disks.sort_by(|one, other| one.place.cmp(&other.place));
    disks.dedup_by(|one, other| one.place == other.place);
    disks
}

/// Those with an address, but for the one that leads nowhere.
fn interfaces() -> Vec<Interface> {
    let Ok(found) = Networks::new_with_refreshed_list() else {
        return Vec::new();
    };
    let mut interfaces: Vec<Interface> = found
        .iter()
        .map(|(name, network)| Interface {
            name: Short::cut(name.to_string_lossy()),
            addresses: network
                .ip_networks()
                .iter()
                .map(|network| (network.addr, network.prefix))
                .filter(|(address, _)| !address.is_loopback())
                .collect(),
            received_bytes: network.total_received(),
            sent_bytes: network.total_transmitted(),
        })
        .filter(|interface| !interface.addresses.is_empty())
        .collect();
    interfaces.sort_by(|one, other| one.name.cmp(&other.name));
    interfaces
}

/// The busiest programs and the largest, by their names.
fn programs(system: &System) -> Vec<Program> {
    let mut by_name: BTreeMap<Short, (u32, f32, u64)> = BTreeMap::new();
    #[expect(
        clippy::iter_over_hash_type,
        reason = "what is summed up is in an order of its own"
    )]
    for process in system.processes().values() {
        let name = Short::cut(process.name().to_string_lossy());
        let (processes, busy, memory) = by_name.entry(name).or_default();
        *processes += 1;
        *busy += process.cpu_usage();
        *memory = memory.saturating_add(process.memory());
    }
    let programs = by_name.into_iter();
    let mut programs: Vec<Program> = programs
        .map(|(name, (processes, busy, memory_bytes))| Program {
            name,
            processes,
            busy_percent: hundredths(busy),
            memory_bytes,
        })
        .collect();
    programs.sort_by_key(|program| std::cmp::Reverse(program.memory_bytes));
    let mut told: Vec<Program> = programs
        .drain(..programs.len().min(MAX_PROGRAMS / 2))
        .collect();
    programs.sort_by_key(|program| std::cmp::Reverse(program.busy_percent));
    programs.truncate(MAX_PROGRAMS - told.len());
    told.append(&mut programs);
    told.sort_by_key(|p| std::cmp::Reverse((p.busy_percent, p.memory_bytes)));
    told
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "of a share, which is small"
)]
fn hundredths(share: f32) -> u32 {
    share.round().clamp(0.0, 1e6) as u32
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// A process that ends with this.
    struct Ended(std::process::Child);

    impl Drop for Ended {
        fn drop(&mut self) {
            self.0.kill().expect("ours");
            self.0.wait().expect("ended");
        }
    }

    #[test]
    fn s2_this_computer_is_told_with_what_runs_on_it_and_no_command_lines() {
        let secret = "secret-9137";
        let mut busy = if cfg!(windows) {
            let mut shell = std::process::Command::new("cmd");
            shell.args("/c for /l %i in (1,0,2) do @rem".split(' '));
            shell
        } else {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", "while :; do :; done"]);
            shell
        };
        let busy = Ended(busy.arg(secret).spawn().expect("a shell"));
        let end = Instant::now() + Duration::from_secs(20);
        let told = loop {
            let told = look();
            let shell = told
                .programs
                .iter()
                .find(|p| matches!(&*p.name, "sh" | "dash" | "bash" | "cmd.exe"));
            // Wine tells of no other program how long it computed
            if shell.is_some_and(|shell| cfg!(windows) || shell.busy_percent > 10) {
                break told;
            }
            assert!(Instant::now() < end, "it is among the busiest: {told:?}");
        };
        drop(busy);
        assert!(!format!("{told:?}").contains(secret));
        assert!(told.cores > 0 && told.uptime_seconds > 0);
        assert!(told.memory.total_bytes > told.memory.used_bytes && told.memory.used_bytes > 0);
        assert!(
            !told.system.is_empty() && !told.kernel.is_empty(),
            "{told:?}"
        );
        // nor of disks
        assert!(cfg!(windows) || !told.disks.is_empty(), "{told:?}");
        assert!(told.busy_percent > 10, "{told:?}");
        let loopback = |interface: &Interface| {
            let mut addresses = interface.addresses.iter();
            addresses.any(|(address, _)| address.is_loopback())
        };
        assert!(!told.interfaces.iter().any(loopback));
    }
}
