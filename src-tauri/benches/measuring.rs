//! Whether a benchmark is measured (`cargo bench`), or run once to show that it still works
//! (`cargo test --benches`, where sizes are small, because nothing is optimised there).

/// Returns `measured`, or `once` if nothing is measured.
pub fn sized<T>(measured: T, once: T) -> T {
    // Cargo says so to benchmarks and not to tests.
    match std::env::args().any(|argument| argument == "--bench") {
        true => measured,
        false => once,
    }
}
