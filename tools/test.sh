#!/usr/bin/env bash
# Every check there is, in the order in which a fault is cheapest to find.
#
# What leaves a core idle runs beside the rest: the page's checks, which use one, and the tests of
# the real window and of released clients, which often wait. Their lines begin with `page |`,
# `window |` and `clients |`. A fault ends all. The last lines say what failed, since the end of a log is often all that is kept; each
# step's whole output is in target/checks/.
#
# The modules for other web pages, in js/, are checked with it.
#
# The page's checks are left out, with a line that says so, if they passed within a day and no file
# has changed since but Rust sources, which they do not read. `make test ALL=1` runs them as well.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly logs=target/checks
readonly passes=target/passes
readonly pass_counts_minutes=1440
readonly failed_lines_max=200
readonly last_lines=40

# Processes of what runs beside the steps.
besides=()

main() {
    rm -rf "$logs"
    mkdir -p "$logs"
    trap tell_the_end EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    step "what is needed"         tools/need.sh test
    step "the window's page"      make ui/dist/index.html js/node_modules/.stamp
    beside page check_the_page
    step "format"                 formatted
    lint_what_is_compiled
    step "lints are on"           lints_are_on
    # All at once: one large test after the other would leave a core idle.
    step "lints, building of tests" cargo test --workspace --all-targets --no-run
    step "flagctl without webkit" flagctl_without_webkit
    beside window test_the_window
    beside clients test_the_clients
    step "readers on inputs made of examples" fuzz
    step "kills and damage"       cargo test --workspace --test torture
    step "benchmarks, each once"  cargo test --workspace --benches
    step "tests"                  tests
    for one in "${besides[@]}"; do
        wait "$one"
    done
}

check_the_page() {
    step_of_page "types of the page"     in_ui check
    step_of_page "lints of the page"     in_ui lint
    step_of_page "tests of the page"     in_ui test
    step_of_page "types of the modules"  in_js check
    step_of_page "lints of the modules"  in_js lint
    step_of_page "tests of the modules"  in_js test
}

# One test more than there are cores, since each waits for its window half of its time.
test_the_window() {
    export RUST_TEST_THREADS=$(($(nproc) + 1))
    step "tests of the real window" cargo test --test window --no-fail-fast
}

test_the_clients() {
    step "released clients" tools/clients.sh
    step "tests of released clients" cargo test --test clients --no-fail-fast
}

# The client in Rust and the recipe for it are no part of the workspace.
formatted() {
    cargo fmt --all --check &&
        rustfmt --check --edition 2024 docs/recipes/rust.rs tests/clients/rust/{build.rs,src/*.rs}
}

# Makes cargo compile the crates of the workspace with clippy's compiler, which lints what it
# compiles: `cargo clippy` would compile everything once more, all dependencies included. This is what
# `cargo clippy` sets for `cargo check`.
lint_what_is_compiled() {
    export RUSTC_WORKSPACE_WRAPPER=clippy-driver
    export CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__
}

# Fails if the compiler accepts what a lint warns of.
lints_are_on() {
    local refused
    refused=$(echo 'fn main() { return; }' | clippy-driver - --emit=metadata -o /dev/null 2>&1) &&
        return 1
    grep -q 'clippy::needless-return' <<<"$refused"
}

# The library, tests and benchmarks are the same with and without the window.
flagctl_without_webkit() {
    if cargo tree --no-default-features --edges normal,build --prefix none |
        grep -E '^(tauri|wry|webkit2gtk|gtk)'; then
        echo "flagctl must do without these"
        return 1
    fi
    cargo check --no-default-features --lib --bin flagctl &&
        RUSTDOCFLAGS="-D warnings" cargo doc --workspace --lib --no-deps --no-default-features
}

fuzz() {
    FUZZ_SECONDS=20 cargo test --workspace --test fuzz
}

# Every target with tests but those that have steps of their own: `tests/structure.rs` holds that.
tests() {
    cargo test --workspace --no-fail-fast --lib --bins --test tests &&
        cargo test --workspace --no-fail-fast --doc
}

in_ui() {
    npm --prefix ui run --silent "$1"
}

in_js() {
    npm --prefix js run --silent "$1"
}

# Runs a function beside the steps, with a word before each line.
beside() {
    { "$2" 2>&1 | sed -u "s/^/$1 | /"; } &
    besides+=($!)
}

# Runs a step, shows its output and keeps it; a failed step is what is told at the end.
step() {
    local name=$1 started=$SECONDS
    shift
    end_if_one_failed
    echo "== $name …"
    if ! "$@" 2>&1 | tee "$(log_of "$name")"; then
        echo "$name" >>"$logs/failed"
        exit 1
    fi
    echo "== $name: $((SECONDS - started)) s"
}

# Runs a step that reads no Rust, unless it passed on the very same files.
step_of_page() {
    local name=$1 files pass=$passes/${1// /-}
    files=$(fingerprint) || files=unknown
    if [ -z "${ALL:-}" ] && has_passed "$pass" "$files"; then
        echo "== $name: left out, since it passed on the same files (make test ALL=1 runs it)"
        return
    fi
    rm -f "$pass"
    step "$@"
    # Files that changed while it ran may have been read before or after.
    if [ "$(fingerprint)" = "$files" ]; then
        mkdir -p "$passes"
        echo "$files" >"$pass"
    fi
}

has_passed() {
    [ -n "$(find "$1" -mmin -"$pass_counts_minutes" 2>/dev/null)" ] && [ "$(<"$1")" = "$2" ]
}

# Prints a hash of all that the page's checks could read: the recipes, every other file of the tree
# but Rust sources and what git ignores, the packages and the Node that are installed, and the user's language and zone.
# Fails if a file cannot be read.
fingerprint() {
    {
        {
            git ls-files -z --cached --others --exclude-standard -- ':!*.rs'
            git ls-files -z --cached --others --exclude-standard -- docs/recipes
        } | xargs -0 sha256sum &&
            sha256sum {ui,js}/node_modules/.package-lock.json &&
            node --version &&
            echo "${LANG:-} ${LC_ALL:-} ${TZ:-}"
    } 2>/dev/null | sha256sum
}

log_of() {
    echo "$logs/${1//[^a-zA-Z]/-}.log"
}

end_if_one_failed() {
    [ ! -e "$logs/failed" ] || exit 1
}

tell_the_end() {
    local status=$?
    trap - EXIT
    end_what_is_beside
    if [ "$status" -eq 0 ]; then
        echo "== all of it passed in $SECONDS s"
    elif [ -s "$logs/failed" ]; then
        tell_what_failed
    else
        echo "== interrupted after $SECONDS s"
    fi
    exit "$status"
}

# Ends what still runs beside the steps: shells, and what they started.
end_what_is_beside() {
    local one
    for one in "${besides[@]}"; do
        kill -0 "$one" 2>/dev/null || continue
        descendants "$one" | xargs -r kill 2>/dev/null || true
        wait "$one" 2>/dev/null || true
    done
}

descendants() {
    local child
    for child in $(ps -o pid= --ppid "$1"); do
        descendants "$child"
    done
    echo "$1"
}

tell_what_failed() {
    local name
    while read -r name; do
        echo
        echo "== the end of $name, whole in $(log_of "$name"):"
        what_failed "$(log_of "$name")"
    done <"$logs/failed"
    echo
    echo "== failed after $SECONDS s: $(paste -sd, "$logs/failed")"
    name_failed_tests
}

# Prints what Rust's tests say of each that failed, without backtraces, or the last lines of any
# other output.
what_failed() {
    if grep -q '^test result: FAILED' "$1"; then
        awk '/^failures:$/ { shown = 1 }
            /^stack backtrace:$/ { hidden = 1 }
            shown && !hidden
            /^note: Some details are omitted/ { hidden = 0 }
            /^test result:/ { shown = 0 }' "$1" | tail -n "$failed_lines_max"
    else
        tail -n "$last_lines" "$1"
    fi
}

# Names the tests of Rust and of the page that failed, one a line.
name_failed_tests() {
    sed 's/\x1b\[[0-9;]*m//g' "$logs"/*.log |
        sed -nE -e 's/^test (.*) \.\.\. FAILED.*/   \1/p' -e 's/^ *FAIL  ?(.*)/   \1/p' | sort -u
}

main "$@"
