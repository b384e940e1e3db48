//! The disk from which the machine starts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// What builds the disk and runs it.
const PACKAGES: [&str; 4] = ["qemu-system-x86", "seabios", "mmdebstrap", "e2fsprogs"];
const RELEASE: &str = "bookworm";
const MIRROR: &str = "http://deb.debian.org/debian";
/// What the disk has beside a minimal system.
const IN_IT: &str = "systemd-sysv,udev,dbus,libpam-systemd,linux-image-amd64,initramfs-tools,kmod,procps,kbd,\
    lightdm,lightdm-gtk-greeter,xserver-xorg-core,xserver-xorg-input-libinput,fonts-dejavu-core,\
    openbox,xterm,xinput,x11-xserver-utils";
/// Of the disk, with room for what a play writes.
const MEGABYTES: u32 = 3_000;

/// Done in the new system, as root.
const SET_UP: &str = r#"
set -eu
echo TILL-7 >/etc/hostname
printf '127.0.0.1 localhost TILL-7\n' >/etc/hosts
printf '/dev/vda / ext4 defaults 0 1\n' >/etc/fstab

printf '[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n' >/etc/systemd/network/line.network
systemctl enable systemd-networkd lightdm stage-door
systemctl set-default graphical.target
systemctl disable apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer || true

user() { # name, colour of the desktop
    useradd --create-home --shell /bin/bash "$1"
    printf '%s:%s likes 12 cakes\n' "$1" "$1" | chpasswd
    mkdir -p "/home/$1/.config/openbox"
    cat >"/home/$1/.config/openbox/autostart" <<TEXT
xsetroot -solid '$2'
xset s off -dpms
xterm -bc -geometry 60x12+20+60 +bc &
TEXT
    chown -R "$1:$1" "/home/$1"
}
user anna '#35587a'
user bruno '#3f7a35'

mkdir -p /etc/lightdm/lightdm.conf.d
cat >/etc/lightdm/lightdm.conf.d/stage.conf <<'TEXT'
[Seat:*]
greeter-hide-users=true
greeter-show-manual-login=true
user-session=openbox
TEXT
cat >/etc/lightdm/lightdm-gtk-greeter.conf <<'TEXT'
[greeter]
background=#202020
indicators=
screensaver-timeout=0
TEXT
mkdir -p /etc/gtk-3.0
printf '[Settings]\ngtk-cursor-blink=false\ngtk-enable-animations=false\n' >/etc/gtk-3.0/settings.ini
"#;

/// Does what comes through the door, one command after another, as root.
const DOOR: &str = r#"#!/bin/bash
until [ -e /dev/virtio-ports/stage ]; do sleep 0.2; done
exec 3<>/dev/virtio-ports/stage
hex() { od -An -v -tx1 | tr -d ' \n'; }
echo "0 0 $(echo ready | hex)" >&3
while IFS=' ' read -r number command <&3; do
    command=$(sed 's/../\\x&/g' <<<"$command")
    said=$(printf '%b' "$command" | timeout 120 bash 3>&- 2>&1)
    code=$?
    echo "$number $code $(printf '%s' "$said" | hex)" >&3
done
"#;

const DOOR_UNIT: &str = "[Unit]
Description=What a play wants done
[Service]
ExecStart=/usr/local/sbin/stage-door
Restart=always
[Install]
WantedBy=multi-user.target
";

/// The disk, and what is started from it.
#[derive(Debug, Clone)]
pub struct Root {
    pub(super) disk: PathBuf,
    pub(super) kernel: PathBuf,
    pub(super) initrd: PathBuf,
}

/// Gives the disk in `folder`, which is built where there is none yet or one of an older recipe: some minutes,
/// and some hundred megabytes from Debian's archive. Installs what that needs. Needs root.
///
/// # Errors
///
/// If a package or the archive cannot be had.
pub fn prepare(folder: &Path, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Root> {
    install_missing(tell)?;
    let root = Root {
        disk: folder.join("disk.img"),
        kernel: folder.join("vmlinuz"),
        initrd: folder.join("initrd.img"),
    };
    let recipe = [RELEASE, IN_IT, SET_UP, DOOR, DOOR_UNIT].join("\n");
    let kept = folder.join("recipe");
    if fs::read_to_string(&kept).is_ok_and(|text| text == recipe) {
        return Ok(root);
    }
    tell("building the machine's disk; it is kept for the next time");
    fs::create_dir_all(folder)?;
    drop(fs::remove_file(&kept));
    let tree = folder.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree).context("the tree of a build that was cut off")?;
    }
    let (door, unit, set_up) = (
        folder.join("stage-door"),
        folder.join("stage-door.service"),
        folder.join("set-up"),
    );
    fs::write(&door, DOOR)?;
    fs::write(&unit, DOOR_UNIT)?;
    fs::write(&set_up, SET_UP)?;
    let hook = |words: String| format!("--customize-hook={words}");
    let (door, unit, set_up) = (door.display(), unit.display(), set_up.display());
    let mut build = Command::new("mmdebstrap");
    build
        .args(["--mode=root", "--variant=minbase", "--quiet"])
        .arg(format!("--include={IN_IT}"))
        .args([
            "--dpkgopt=path-exclude=/usr/share/man/*",
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            "--dpkgopt=force-unsafe-io",
        ])
        .arg(hook(format!(
            r#"install -m 755 {door} "$1/usr/local/sbin/stage-door""#
        )))
        .arg(hook(format!(
            r#"install -m 644 {unit} "$1/etc/systemd/system/stage-door.service""#
        )))
        .arg(hook(format!(r#"install -m 755 {set_up} "$1/root/set-up""#)))
        .arg(hook(r#"chroot "$1" /root/set-up"#.to_owned()))
        .arg(RELEASE)
        .arg(&tree)
        .arg(MIRROR);
    done(&mut build)?;
    let boot = tree.join("boot");
    copy_first(&boot, "vmlinuz-", &root.kernel)?;
    copy_first(&boot, "initrd.img-", &root.initrd)?;
    let mut format = Command::new("mkfs.ext4");
    format.args(["-q", "-F", "-d"]).arg(&tree).arg(&root.disk);
    done(format.arg(format!("{MEGABYTES}M")))?;
    fs::remove_dir_all(&tree)?;
    fs::write(&kept, recipe)?;
    Ok(root)
}

fn install_missing(tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let is_missing = |package: &&str| {
        let mut query = Command::new("dpkg-query");
        query.args(["--show", "--showformat=${Status}", package]);
        let said = query.output().map(|output| output.stdout);
        !said.is_ok_and(|said| said.ends_with(b"ok installed"))
    };
    let missing: Vec<_> = PACKAGES.into_iter().filter(is_missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    tell(&format!("installing {}", missing.join(", ")));
    done(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install
        .args(["install", "--yes", "-qq", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive");
    done(&mut install)
}

fn copy_first(folder: &Path, begins: &str, to: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(begins) {
            fs::copy(entry.path(), to)?;
            return Ok(());
        }
    }
    anyhow::bail!("no {begins} in {}", folder.display())
}

/// Runs `command`; what it says shows only where it fails.
pub(super) fn done(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().display().to_string();
    let output = command
        .output()
        .with_context(|| format!("cannot start {name}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{name} ended with {}: {said}",
        output.status
    );
    Ok(())
}
