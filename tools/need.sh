#!/usr/bin/env bash
# Installs what is missing on Debian and Ubuntu, and checks the versions of Rust and Node.
#
#   tools/need.sh compile   to build flagctl
#   tools/need.sh window    to build and open the window as well
#   tools/need.sh test      to run every check as well
#
# Looks before it acts: where everything is there, it neither asks for rights nor uses the network.
set -euo pipefail
cd "$(dirname "$0")/.."

compile=(build-essential pkg-config)
window=("${compile[@]}" libwebkit2gtk-4.1-dev librsvg2-dev)
# The tests start these themselves, on ports of their own.
services=(prometheus prometheus-pushgateway)
test=("${window[@]}" webkit2gtk-driver xvfb xdotool x11-utils openbox dbus strace fonts-dejavu-core
    chromium chromium-driver curl python3-venv "${services[@]}")

main() {
    case "${1:-}" in
        compile)
            need_packages "${compile[@]}"
            need_rust
            ;;
        window)
            need_packages "${window[@]}"
            need_rust
            need_node
            ;;
        test)
            need_packages "${test[@]}"
            need_rust
            need_rust_components
            need_node
            ;;
        *) fail "usage: tools/need.sh compile|window|test" ;;
    esac
}

need_packages() {
    if ! has apt-get; then
        echo "This is not Debian or Ubuntu: install what these packages hold yourself: $*" >&2
        return
    fi
    local installed missing=() idle=()
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    for package in "$@"; do
        if grep -qx "$package installed" <<<"$installed"; then
            continue
        elif [[ " ${services[*]} " == *" $package "* ]]; then
            idle+=("$package")
        else
            missing+=("$package")
        fi
    done
    [ $((${#missing[@]} + ${#idle[@]})) -gt 0 ] || return 0

    echo "Installing ${missing[*]} ${idle[*]}"
    as_root apt-get update -qq
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
    [ ${#idle[@]} -eq 0 ] || install_idle "${idle[@]}"
}

install_packages() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" </dev/null
}

# Debian starts a service as it installs it, and again at every boot: ports 9090 and 9091 would be
# taken on a machine that is only to run tests. So starting is forbidden for the moment, and what
# was not there before is not to start by itself later either.
install_idle() {
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        # shellcheck disable=SC2064 # the path of now
        trap "as_root rm -f $policy" EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    install_packages "$@"
    ! has systemctl || as_root systemctl --quiet disable "$@"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        fail "Packages are missing and there is no sudo: run as root: $*"
    fi
}

need_rust() {
    local least
    least=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    has cargo && has rustc ||
        fail "Flagdeck needs Rust $least or later: see https://www.rust-lang.org/tools/install"
    need_version Rust "$least" "$(rustc --version | cut -d ' ' -f 2)"
}

need_node() {
    local least
    least=$(sed -n 's/.*"node": ">=\([0-9.]*\)".*/\1/p' ui/package.json)
    has node && has npm ||
        fail "Flagdeck's window is built with Node $least or later: see https://nodejs.org"
    need_version Node "$least" "$(node --version | tr -d v)"
}

need_rust_components() {
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return
    has rustup || fail "The checks need rustfmt and clippy beside Rust."
    rustup component add rustfmt clippy
}

need_version() {
    local name=$1 least=$2 found=$3
    printf '%s\n' "$least" "$found" | sort -V -C ||
        fail "Flagdeck needs $name $least or later; this is $name $found."
}

has() {
    command -v "$1" >/dev/null
}

fail() {
    echo "$*" >&2
    exit 1
}

main "$@"
