#!/usr/bin/env bash
# Installs the Debian packages in clean systems, plays an assistance there, upgrades from the version before with its
# data, removes and purges: `cargo xtask chroots`.
#
#   try-in-chroots.sh BEFORE NOW STAGE
#
# BEFORE and NOW are folders with packages, STAGE the program that plays. SUITES says which systems ("bookworm trixie
# noble"); they are kept, clean, in /tmp/pure-help-desk-chroots. Needs root, debootstrap and Xvfb.
set -euo pipefail
before=$(realpath "$1") now=$(realpath "$2") stage=$(realpath "$3")
SUITES=${SUITES:-bookworm trixie noble}
kept=/tmp/pure-help-desk-chroots
say() { printf '\n--- %s\n' "$*"; }
fail() { printf 'try-in-chroots: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || fail "this needs root"
command -v debootstrap >/dev/null || fail "debootstrap is missing; on Debian: apt-get install debootstrap"
# mounts of this script are seen by nobody else, and go with it
[ "${IN_OWN_MOUNTS:-}" ] || exec env IN_OWN_MOUNTS=1 unshare --mount --propagation private "$0" "$@"
mkdir -p "$kept"

clean_system() { # suite; prints nothing, leaves $kept/SUITE.clean
    local clean=$kept/$1.clean mirror
    [ -e "$clean/finished" ] && return
    case $1 in
    bookworm | trixie) mirror=http://deb.debian.org/debian ;;
    *) mirror=http://archive.ubuntu.com/ubuntu ;;
    esac
    rm -rf "$clean"
    local more=() keys=/usr/share/keyrings/ubuntu-archive-keyring.gpg
    if [ "$mirror" != http://deb.debian.org/debian ]; then
        more=("--keyring=$keys" --components=main,universe)
        # Debian 12 has no package with them; packages of the system itself are checked by its own
        [ -e "$keys" ] || more=(--no-check-gpg --components=main,universe)
    fi
    [ -e "/usr/share/debootstrap/scripts/$1" ] || ln -s gutsy "/usr/share/debootstrap/scripts/$1"
    debootstrap --variant=minbase "${more[@]}" "$1" "$clean" "$mirror" >"$kept/$1.log" || fail "no $1: see $kept/$1.log"
    touch "$clean/finished"
}

inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
quiet() { "$@" >"$kept/$suite.log" 2>&1 || { tail -30 "$kept/$suite.log" >&2; fail "$suite: $*"; }; }
# words for hub follow; an array, so that what is started in the background is the hub and no shell around it
as_the_unit_does() {
    hub=(chroot "$root" env -i PATH=/usr/bin LANG=C.UTF-8 HOME=/var/lib/pure-help-desk
        setpriv --reuid pure-help-desk --regid pure-help-desk --clear-groups --no-new-privs
        --inh-caps=-all,+net_bind_service --ambient-caps=+net_bind_service --bounding-set=-all,+net_bind_service hub)
}

hub_pid=
trap '[ -z "$hub_pid" ] || kill "$hub_pid"' EXIT
start_hub() { # the file of its log; sets hub_pid
    rm -f "$root/var/lib/pure-help-desk/ready.json"
    "${hub[@]}" serve --config /etc/pure-help-desk/hub.toml --public-address localhost --listen 127.0.0.1:7443 \
        --web-listen 127.0.0.1:7443 --ready-file /var/lib/pure-help-desk/ready.json >"$1" 2>&1 &
    hub_pid=$!
    local waited=0
    until [ -s "$root/var/lib/pure-help-desk/ready.json" ]; do
        kill -0 "$hub_pid" 2>/dev/null && [ $((waited += 1)) -lt 100 ] || { cat "$1" >&2; fail "$suite: the hub does not start"; }
        sleep 0.2
    done
}
stop_hub() {
    kill "$hub_pid"
    wait "$hub_pid" || fail "$suite: the hub does not stop as it should"
    hub_pid=
}

# Programs that the stage starts here, and that run inside.
programs_for_the_stage() { # the folder
    local name
    mkdir -p "$1"
    for name in hub hub-admin hub-film pure-help-desk helpme purepc; do
        printf '#!/bin/sh\nexec chroot %q /usr/bin/%s "$@"\n' "$root" "$name" >"$1/$name"
        chmod +x "$1/$name"
    done
}

try_suite() {
    suite=$1 root=$kept/$1.tried
    as_the_unit_does
    say "$suite: a clean system"
    clean_system "$suite"
    rm -rf "$root"
    cp -a --reflink=auto "$kept/$suite.clean" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mkdir "$root/packages"
    cp -r "$before" "$root/packages/before"
    cp -r "$now" "$root/packages/now"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    # services are not for chroots
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    quiet inside apt-get -qq update

    say "$suite: the version before is installed, and its hub has data"
    quiet inside sh -c 'cd /packages/before && apt-get install -y ./*_"$(dpkg --print-architecture)".deb ./*_all.deb'
    inside hub --version
    start_hub "$kept/$suite.hub.log"
    quiet "${hub[@]}" admin add-group Shops --data /var/lib/pure-help-desk
    stop_hub
    echo '# changed by the administrator' >>"$root/etc/pure-help-desk/hub.toml"

    say "$suite: upgraded"
    quiet inside sh -c 'cd /packages/now && apt-get install -y ./*_"$(dpkg --print-architecture)".deb ./*_all.deb'
    [ "$(inside dpkg-query -W -f '${Version}' pure-help-desk-hub)" != 0.0.1 ] || fail "$suite: not upgraded"
    grep -q 'changed by the administrator' "$root/etc/pure-help-desk/hub.toml" || fail "$suite: settings were overwritten"
    start_hub "$kept/$suite.hub.log"
    # everything of the version before is there still
    "${hub[@]}" audit verify --data /var/lib/pure-help-desk
    "${hub[@]}" admin groups --data /var/lib/pure-help-desk | tee "$kept/$suite.log"
    grep -q Shops "$kept/$suite.log" || fail "$suite: the group is gone"
    stop_hub
    inside dpkg --verify

    say "$suite: an assistance with the installed programs"
    # displays, and what the stage and the programs both write
    mount --bind /tmp "$root/tmp"
    programs_for_the_stage "$kept/programs-$suite"
    CI=1 PHD_BIN_DIR=$kept/programs-$suite TMPDIR=/tmp "$stage" demo --out "$kept/demo-$suite"
    umount "$root/tmp"

    say "$suite: removed, and purged"
    local all='pure-help-desk helpme pure-help-desk-hub pure-help-desk-admin pure-help-desk-downloads purepc'
    # shellcheck disable=SC2086
    quiet inside apt-get remove -y $all
    [ -e "$root/var/lib/pure-help-desk/hub.db" ] || fail "$suite: data was removed"
    [ ! -e "$root/usr/bin/hub" ] || fail "$suite: the hub is there still"
    # the others are gone altogether, since they keep nothing
    quiet inside apt-get purge -y pure-help-desk-hub purepc
    [ ! -e "$root/var/lib/pure-help-desk" ] && [ ! -e "$root/etc/pure-help-desk" ] || fail "$suite: data was not purged"
    umount -l "$root/dev" "$root/proc"
    ! grep -q " $root/" /proc/self/mountinfo || fail "$suite: something is mounted still"
    rm -rf "$root"
}

for suite in $SUITES; do try_suite "$suite"; done
say "all systems: $SUITES"
