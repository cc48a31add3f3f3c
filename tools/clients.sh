#!/usr/bin/env bash
# Installs the released OpenFeature clients that Flagdeck is tested with, where they are missing or
# others than those that are pinned. All stay in this tree.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly here=tests/clients
readonly venv=target/clients/venv

main() {
    is_up_to_date "$here/node_modules/.stamp" "$here/package-lock.json" || install_for_node
    is_up_to_date "$venv/.stamp" "$here/requirements.txt" || install_for_python
    # Not linted with what is compiled: its build puts an address into the recipe.
    env -u RUSTC_WORKSPACE_WRAPPER \
        cargo build --quiet --locked --manifest-path "$here/rust/Cargo.toml" --target-dir target
}

# A stamp holds the list of what was installed.
is_up_to_date() {
    cmp -s "$1" "$2"
}

install_for_node() {
    npm ci --prefix "$here" --no-audit --no-fund
    cp "$here/package-lock.json" "$here/node_modules/.stamp"
}

install_for_python() {
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --require-hashes --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/.stamp"
}

main
