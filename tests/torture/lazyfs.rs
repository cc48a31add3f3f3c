//! A disk on LazyFS (<https://github.com/dsrhaslab/lazyfs>), which keeps what was written in memory
//! until it is synced, and forgets the rest on request.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::program::PATIENCE;

/// Names the program `lazyfs`; without it, it is looked for in `PATH`.
const VARIABLE: &str = "LAZYFS";

/// What all that a round writes fits in.
const CACHE: &str = "64mb";

/// Returns why there is no such disk here; `None` if there is.
pub fn missing() -> Option<&'static str> {
    let Some(_) = program() else {
        return Some(
            "LazyFS is not here: build it from https://github.com/dsrhaslab/lazyfs, and name the \
             program in LAZYFS",
        );
    };
    let can_mount = Path::new("/dev/fuse").exists() && unmount().is_some();
    (!can_mount).then_some("LazyFS needs /dev/fuse and fusermount3 (apt install fuse3)")
}

/// A mounted disk; unmounted when this is dropped.
pub struct LazyDisk {
    mounted: PathBuf,
    process: Child,
    /// Takes orders, and says that one was carried out. LazyFS opens each once, so both stay open.
    orders: File,
    completed: BufReader<File>,
}

impl LazyDisk {
    /// Mounts an empty one within a folder.
    pub fn mount(folder: &Path) -> Self {
        let [root, mounted] = ["root", "disk"].map(|name| folder.join(name));
        fs::create_dir(&root).expect("a folder can be made");
        fs::create_dir(&mounted).expect("a folder can be made");
        let [orders, completed] = ["orders", "completed"].map(|name| folder.join(name));
        let settings = folder.join("lazyfs.toml");
        let text = format!(
            "[faults]\nfifo_path={orders:?}\nfifo_path_completed={completed:?}\n\
             [cache]\napply_eviction=false\n\
             [cache.simple]\ncustom_size=\"{CACHE}\"\nblocks_per_page=1\n\
             [filesystem]\nlog_all_operations=false\nlogfile={:?}\n",
            folder.join("lazyfs.log")
        );
        fs::write(&settings, text).expect("a file can be written");
        let process = Command::new(program().expect("it was there"))
            .arg(&mounted)
            .arg("--config-path")
            .arg(settings)
            .args(["-o", "modules=subdir", "-o"])
            .arg(format!("subdir={}", root.display()))
            .arg("-f")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("LazyFS starts");
        let outside = device(folder);
        until_mounted(|| device(&mounted) != outside);
        // In this order, which is that of LazyFS: opening one waits for the other end.
        let orders = OpenOptions::new().write(true).open(orders);
        let completed = File::open(completed);
        Self {
            mounted,
            process,
            orders: orders.expect("LazyFS takes orders"),
            completed: BufReader::new(completed.expect("LazyFS answers")),
        }
    }

    /// Returns the folder that is on this disk.
    pub fn folder(&self) -> PathBuf {
        self.mounted.clone()
    }

    /// Cuts the power: what was not synced is gone. No program may use the disk meanwhile.
    pub fn cut(&mut self) {
        let order = b"lazyfs::clear-cache\n";
        self.orders.write_all(order).expect("LazyFS takes orders");
        let mut said = String::new();
        let read = self.completed.read_line(&mut said);
        read.expect("LazyFS answers");
        assert!(said.contains("finished::clear-cache"), "LazyFS: {said}");
    }
}

fn until_mounted(mut is_mounted: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_mounted() {
        assert!(began.elapsed() < PATIENCE, "LazyFS mounts nothing");
        // A real pause, from one look to the next.
        thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for LazyDisk {
    fn drop(&mut self) {
        if let Some(unmount) = unmount() {
            let ended = Command::new(unmount).arg("-u").arg(&self.mounted).output();
            debug_assert!(ended.is_ok_and(|it| it.status.success()), "unmounted");
        }
        // Fails only if it has ended already, which unmounting makes it do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    match env::var_os(VARIABLE) {
        Some(named) => Some(named.into()),
        None => in_path("lazyfs"),
    }
}

fn unmount() -> Option<PathBuf> {
    in_path("fusermount3")
}

fn in_path(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let mut programs = env::split_paths(&folders).map(|folder| folder.join(name));
    programs.find(|program| program.is_file())
}

fn device(folder: &Path) -> u64 {
    folder.metadata().map_or(0, |it| it.dev())
}
