#!/usr/bin/env bash
# Every check there is, in the order in which a fault is cheapest to find.
set -euo pipefail
cd "$(dirname "$0")/.."

steps=10
step=0
name=

main() {
    trap tell_the_end EXIT
    begin "what is needed";         tools/need.sh test
    begin "the window's page";      make ui/dist/index.html
    begin "format";                 cargo fmt --all --check
    begin "checks of the page";     in_ui check; in_ui lint
    begin "tests of the page";      in_ui test
    begin "lints";                  lints
    begin "flagctl without webkit"; flagctl_without_webkit
    begin "readers on inputs made of examples"
    FUZZ_SECONDS=20 cargo test --test fuzz
    begin "benchmarks, each once";  cargo test --workspace --benches
    begin "tests, among them the real window"
    cargo test --workspace --no-fail-fast
    name=
}

lints() {
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --lib --no-deps
}

flagctl_without_webkit() {
    if cargo tree --no-default-features --edges normal,build --prefix none |
        grep -E '^(tauri|wry|webkit2gtk|gtk)'; then
        echo "flagctl must do without these" >&2
        return 1
    fi
    cargo clippy --no-default-features --all-targets -- -D warnings
}

in_ui() {
    npm --prefix ui run --silent "$1"
}

begin() {
    tell_time
    step=$((step + 1))
    name=$1
    started=$SECONDS
    echo "== $step/$steps $name …"
}

tell_time() {
    [ -z "$name" ] || echo "== $step/$steps $name: $((SECONDS - started)) s"
}

tell_the_end() {
    local status=$?
    if [ "$status" -ne 0 ]; then
        echo "== failed at $step/$steps, $name, after $SECONDS s" >&2
    else
        echo "== all of it passed in $SECONDS s"
    fi
}

main "$@"
