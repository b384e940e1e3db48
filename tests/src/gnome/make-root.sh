#!/usr/bin/env bash
# Makes a Debian with GNOME and the programs that the plays on it need, in a folder of its own; it takes root,
# debootstrap, and 1.4 GB. make-root.sh DIR [trixie|bookworm]
set -euo pipefail
root=$1
release=${2:-trixie}
[ -e "$root/etc/debian_version" ] ||
    debootstrap --variant=minbase "$release" "$root" http://deb.debian.org/debian
# no service starts there
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf"
inside() { DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" "$@"; }
inside apt-get update -qq
inside apt-get install --yes --quiet --no-install-recommends \
    adwaita-icon-theme dbus dbus-bin dbus-daemon foot fonts-dejavu-core gnome-settings-daemon-common gnome-shell \
    gsettings-desktop-schemas libegl1 libgl1-mesa-dri libglib2.0-bin libxkbcommon0 pipewire \
    wireplumber xdg-desktop-portal xdg-desktop-portal-gnome xwayland
inside apt-get clean
inside id helped >/dev/null 2>&1 || inside useradd --uid 61184 --create-home helped
mkdir -p "$root/tmp/.X11-unix"
chmod 1777 "$root/tmp" "$root/tmp/.X11-unix" "$root/dev/shm"
