#!/usr/bin/env bash
# Fetches what windows open while they run, and what programs are linked with, for 64-bit ARM: from Debian's archive, with
# lists of its own, so that this machine's packages stay as they are. make-root.sh DIR; 300 MB.
set -euo pipefail
root=$1
[ ! -e "$root/finished" ] || exit 0
rm -rf "$root"
mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial" "$root/apt/state"
: >"$root/apt/status"
apt() {
    apt-get --quiet --quiet \
        -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User="$(id -un)" \
        -o Dir::State="$root/apt/state" -o Dir::State::status="$root/apt/status" \
        -o Dir::State::lists="$root/apt/lists" -o Dir::Cache="$root/apt/cache" "$@"
}
apt update
apt install --yes --no-install-recommends --download-only \
    libstdc++6 libegl1 libgl1 libgl1-mesa-dri libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0
for package in "$root"/apt/cache/archives/*.deb; do
    dpkg-deb --extract "$package" "$root"
done
rm -r "$root/apt"
touch "$root/finished"
