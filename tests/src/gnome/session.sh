#!/bin/bash
# A GNOME session without a screen, a login manager and systemd; runs inside the Debian that it is installed in. Its
# arguments are the sizes of its monitors. Its end ends all.
set -u
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
trap 'exit 0' TERM INT
stage=$HOME/.local/share/gnome-shell/extensions/stage@purehelpdesk
mkdir -p "$stage"
cat >"$stage/metadata.json" <<'T'
{"uuid": "stage@purehelpdesk", "name": "Stage", "description": "Lets a play see and act", "shell-version": ["43", "48"]}
T
# GNOME 43 takes extensions of an older kind
if gnome-shell --version | grep -q ' 4[0-4]\.'; then
    cat >"$stage/extension.js" <<'T'
const Main = imports.ui.main;
class Stage { enable() { global.context.unsafe_mode = true; Main.overview.hide(); } disable() {} }
function init() { return new Stage(); }
T
else
    cat >"$stage/extension.js" <<'T'
import * as Main from 'resource:///org/gnome/shell/ui/main.js';
export default class Stage {
    enable() { global.context.unsafe_mode = true; Main.sessionMode.hasOverview = false; Main.overview.hide(); }
    disable() {}
}
T
fi
dbus-daemon --session --nofork --nopidfile --address="$DBUS_SYSTEM_BUS_ADDRESS" &
dbus-daemon --session --nofork --nopidfile --address="$DBUS_SESSION_BUS_ADDRESS" &
until [ -e "$XDG_RUNTIME_DIR/bus" ] && [ -e "$XDG_RUNTIME_DIR/system-bus" ]; do sleep 0.05; done
gsettings set org.gnome.shell enabled-extensions "['stage@purehelpdesk']"
gsettings set org.gnome.shell welcome-dialog-last-shown-version 99
gsettings set org.gnome.desktop.input-sources sources "[('xkb','it')]"
gsettings set org.gnome.desktop.interface enable-animations false
gsettings set org.gnome.desktop.session idle-delay 0
# scales apart from whole ones, as users have them that choose 125 %
gsettings set org.gnome.mutter experimental-features "['scale-monitor-framebuffer']"
pipewire &
until [ -e "$XDG_RUNTIME_DIR/pipewire-0" ]; do sleep 0.05; done
# WirePlumber 0.4 leaves where there is no logind, and then nobody joins streams to their pictures
mkdir -p "$HOME/.config/wireplumber/bluetooth.lua.d"
echo 'bluez_monitor.properties["with-logind"] = false' >"$HOME/.config/wireplumber/bluetooth.lua.d/60-no-logind.lua"
wireplumber &
monitors=()
for size in "$@"; do monitors+=(--virtual-monitor "$size"); done
gnome-shell --headless --wayland --no-x11 "${monitors[@]}" &
until [ -e "$XDG_RUNTIME_DIR/wayland-0" ]; do sleep 0.05; done
export WAYLAND_DISPLAY=wayland-0
dbus-update-activation-environment --all
touch "$XDG_RUNTIME_DIR/ready"
wait
