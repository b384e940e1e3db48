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
/// How long a start may take.
const BOOT: Duration = Duration::from_mins(2);

/// A machine that runs. Dropping it switches it off; what was written on its disk is gone then.
#[derive(Debug)]
pub struct Machine {
    door: Door,
    monitor: Monitor,
    running: Running,
    /// How much longer everything may take than on a real computer.
    slowness: u32,
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

        let is_emulated = !has_hardware();
        if is_emulated {
            tell(
                "no KVM of the processor's own here: the machine is emulated, which takes many times as long",
            );
        }
        let acceleration: &[&str] = if is_emulated {
            &["-accel", "tcg,thread=multi", "-cpu", "max"]
        } else {
            &["-accel", "kvm", "-cpu", "host"]
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
        let opened = Door::open(&door).and_then(|door| {
            let monitor = Monitor::open(&monitor, folder.path())?;
            Ok((door, monitor))
        });
        let (door, monitor) = opened.with_context(|| running.log_tail())?;
        let mut machine = Self {
            door,
            monitor,
            running,
            slowness: if is_emulated { 5 } else { 1 },
            _folder: folder,
        };
        let boot = machine.may_take(BOOT);
        let ready = machine.door.wait_until_ready(boot);
        ready.with_context(|| machine.running.log_tail())?;
        machine.done("tar -xf /dev/vdb -C /usr/local/bin --no-same-owner")?;
        Ok(machine)
    }

    /// How long something may take here that takes `time` on a real computer.
    pub(super) fn may_take(&self, time: Duration) -> Duration {
        time * self.slowness
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
        let boot = self.may_take(BOOT);
        self.door.wait_until_ready(boot)
    }
}

/// Whether the processor itself runs the machine. There is also a `/dev/kvm` without that, by which only systems made
/// for it run.
fn has_hardware() -> bool {
    let modules = ["kvm_intel", "kvm_amd"].map(|name| Path::new("/sys/module").join(name));
    let mut options = fs::File::options();
    let device = options.read(true).write(true).open("/dev/kvm");
    modules.iter().any(|module| module.exists()) && device.is_ok()
}

fn drive(file: &Path, how: &str) -> String {
    format!("file={},format=raw,if=virtio,{how}", file.display())
}
