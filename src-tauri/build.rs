//! Prepares the window's configuration. Without the feature `desktop` there is nothing to do.

fn main() {
    #[cfg(feature = "desktop")]
    {
        println!("cargo:rerun-if-changed={INTERFACE}");
        ensure_interface();
        tauri_build::build();
    }
}

/// The page the window loads, built from `ui/` by `make`.
#[cfg(feature = "desktop")]
const INTERFACE: &str = "ui/dist/index.html";

/// Writes a placeholder page if the interface has not been built.
///
/// The window embeds the interface when it is compiled, and does not compile without one; with the
/// placeholder, a plain `cargo test` works on a fresh clone.
#[cfg(feature = "desktop")]
fn ensure_interface() {
    use std::io::Write;

    const PLACEHOLDER: &str = "<!doctype html>\n<title>Flagdeck</title>\n\
        <p>The interface has not been built: run <code>make run</code>.</p>\n";
    let path = std::path::Path::new(INTERFACE);
    if path.exists() {
        return;
    }
    let folder = path.parent().expect("the page lies in a folder");
    std::fs::create_dir_all(folder).expect("ui/dist can be made");
    let mut page = std::fs::File::create(path).expect("ui/dist can be written");
    page.write_all(PLACEHOLDER.as_bytes())
        .expect("ui/dist can be written");
    // Older than every source, so that make builds the real one in its place.
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(24 * 60 * 60);
    page.set_modified(long_ago)
        .expect("the page's time can be set");
}
