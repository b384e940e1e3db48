//! The virtual machine.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tempfile::TempDir;

use super::door::Door;
use super::monitor::Monitor;
use super::root::{Root, done};
use crate::picture::Picture;
use crate::running::{Running, wait_until};

/// How large the machine's screen is, in pixels.
pub(super) const SCREEN: (u32, u32) = (800, 600);
/// How long a start may take, without help of the processor.
const BOOT: Duration = Duration::from_secs(400);

/// A machine that runs. Dropping it switches it off; what was written on its disk is gone then.
#[derive(Debug)]
pub struct Machine {
    door: Door,
    monitor: Monitor,
    running: Running,
    _folder: TempDir,
}

impl Machine {
    /// Starts a machine that has the program `purepc` on a disk of its own, and waits until its system runs.
    ///
    /// # Errors
    ///
    /// If `qemu` does not run, or the system does not come up.
    pub fn start(root: &Root, purepc: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("phd-boot-")?;
        let file = |name: &str| folder.path().join(name);
        // what finds faults in it would be most of it
        let program = file("purepc");
        let mut strip = Command::new("strip");
        done(strip.arg("-o").arg(&program).arg(purepc))?;
        let disk = file("purepc.tar");
        let mut pack = Command::new("tar");
        pack.arg("-C").arg(folder.path());
        done(pack.arg("-cf").arg(&disk).arg("purepc"))?;

        let by_kvm = fs::File::options()
            .read(true)
            .write(true)
            .open("/dev/kvm")
            .is_ok();
        if !by_kvm {
            tell(
                "no /dev/kvm here: the machine is computed step by step, which takes ten times as long",
            );
        }
        let acceleration: &[&str] = if by_kvm {
            &["-accel", "kvm", "-cpu", "host"]
        } else {
            &["-accel", "tcg", "-cpu", "max"]
        };
        let (width, height) = SCREEN;
        let (door, monitor) = (file("door"), file("qmp"));
        let mut command = Command::new("qemu-system-x86_64");
        command
            .args(acceleration)
            .args(["-m", "1024", "-smp", "2"])
            .args(["-nodefaults", "-no-user-config", "-display", "none"])
            .args([
                "-device",
                &format!("VGA,edid=on,xres={width},yres={height}"),
            ])
            .arg("-kernel")
            .arg(&root.kernel)
            .arg("-initrd")
            .arg(&root.initrd)
            .args([
                "-append",
                "root=/dev/vda rw quiet console=tty0 console=ttyS0",
            ])
            .arg("-drive")
            .arg(drive(&root.disk, "snapshot=on"))
            .arg("-drive")
            .arg(drive(&disk, "readonly=on"))
            .args([
                "-netdev",
                "user,id=line",
                "-device",
                "virtio-net-pci,netdev=line",
            ])
            .args(["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"])
            .arg("-chardev")
            .arg(format!(
                "socket,id=door,path={},server=on,wait=off",
                door.display()
            ))
            .args(["-device", "virtserialport,chardev=door,name=stage"])
            .arg("-qmp")
            .arg(format!("unix:{},server=on,wait=off", monitor.display()))
            .args(["-serial", "stdio"]);
        let mut running = Running::start("qemu", &mut command, &file("log"))?;
        wait_until(
            "the machine to be switched on",
            Duration::from_secs(20),
            || {
                running.check_alive()?;
                Ok((door.exists() && monitor.exists()).then_some(()))
            },
        )?;
        let mut machine = Self {
            door: Door::open(&door)?,
            monitor: Monitor::open(&monitor, folder.path())?,
            running,
            _folder: folder,
        };
        let ready = machine.door.wait_until_ready(BOOT);
        ready.with_context(|| machine.running.log_tail())?;
        machine.done("tar -xf /dev/vdb -C /usr/local/bin --no-same-owner")?;
        Ok(machine)
    }

    /// Has `command` done by root, and gives what it says.
    pub(super) fn done(&mut self, command: &str) -> anyhow::Result<String> {
        self.running.check_alive()?;
        self.door.done(command)
    }

    /// Whether `command`, done by root, is content.
    pub(super) fn holds(&mut self, command: &str) -> anyhow::Result<bool> {
        self.running.check_alive()?;
        Ok(self.door.ask(command)?.0 == 0)
    }

    /// What its monitor shows.
    pub(super) fn picture(&mut self) -> anyhow::Result<Picture> {
        self.monitor.picture()
    }

    /// Presses keys of its own keyboard together, by QEMU's names.
    pub(super) fn press(&mut self, keys: &[&str]) -> anyhow::Result<()> {
        self.monitor.press(keys)
    }

    /// Starts it anew, as its user does; gives when it went down. It is not up yet then.
    pub(super) fn reboot(&mut self) -> anyhow::Result<Instant> {
        self.done("systemd-run --on-active=0.2 systemctl reboot")?;
        Ok(Instant::now())
    }

    /// Waits until its system runs again.
    pub(super) fn wait_until_up(&mut self) -> anyhow::Result<()> {
        self.door.wait_until_ready(BOOT)
    }
}

fn drive(file: &Path, how: &str) -> String {
    format!("file={},format=raw,if=virtio,{how}", file.display())
}
