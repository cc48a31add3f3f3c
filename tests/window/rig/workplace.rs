//! One person's computer, and what is started on it: the driver with the application's window, a
//! second application, a window manager, other programs, `flagctl`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::process::ProcessGroup;
use super::window::{Painting, Window};
use super::{PATIENCE, PULSE};

/// Ports that are tried for a driver.
const PORTS_MAX: usize = 3;

/// Who sits there.
const PERSON: &str = "maria";

/// One person's computer: a display and folders that outlive the windows opened on it.
pub struct Workplace {
    _display: ProcessGroup,
    display_name: String,
    folder: TempDir,
}

impl Workplace {
    /// Sets up an empty one, of a person who has taken the tour. Its window will serve flags on a
    /// port of the system's choice.
    pub fn new() -> Self {
        let place = Self::never_used();
        place.prefer(&json!({ "isToured": true }));
        place
    }

    /// Sets up one where the window has never been opened, so that it will show its tour.
    pub fn never_used() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (display, display_name) = start_display();
        let place = Self {
            _display: display,
            display_name,
            folder,
        };
        fs::create_dir(place.data_dir()).expect("a data folder");
        fs::write(place.data_dir().join("config.toml"), "[http]\nport = 0\n").expect("a config");
        place
    }

    /// Puts another document in force, as one revision by `flagctl`.
    pub fn import(&self, document: &Value) {
        let place = self.folder.path().join("document.json");
        fs::write(&place, document.to_string()).expect("a document");
        self.flagctl(&["import", "--yes", &place.display().to_string()]);
    }

    /// Chooses what the window would have kept for itself.
    pub fn prefer(&self, preferences: &Value) {
        let kept = json!({ "window": preferences });
        fs::write(self.preferences_path(), kept.to_string()).expect("preferences");
    }

    /// Opens the application's window and waits until its page stands. No picture can be taken of
    /// it.
    pub async fn open(&self) -> Window<'_> {
        self.open_painted(Painting::Plain).await
    }

    /// Opens the application's window to take pictures of it.
    pub async fn open_for_pictures(&self) -> Window<'_> {
        self.open_painted(Painting::Composited).await
    }

    async fn open_painted(&self, painting: Painting) -> Window<'_> {
        let (driver, address) = self.start_driver(painting);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities())
            .connect(&format!("http://{address}"))
            .await
            .unwrap_or_else(|error| panic!("the window opens: {error}"));
        let window = Window {
            client,
            driver,
            place: self,
            painting,
        };
        // Before that, no key would be heard.
        let stands = async || window.shows("nav-flags").await;
        window.until("the page stands", stands).await;
        window
    }

    /// Returns the folder the application keeps its data in.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Keeps a text in a file of the data folder that only its owner can read.
    pub fn keep_secret(&self, name: &str, text: &str) {
        let place = self.data_dir().join(name);
        fs::write(&place, text).expect("a file");
        let owner_alone = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&place, owner_alone).expect("its permissions");
    }

    /// Runs `flagctl` on its data and returns what it printed.
    pub fn flagctl(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_flagctl"))
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data_dir())
            .env("USER", PERSON)
            .output()
            .expect("flagctl starts");
        assert!(
            output.status.success(),
            "flagctl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("flagctl prints UTF-8")
    }

    /// Returns the stored flag document, as a second process reads it.
    pub fn stored(&self) -> Value {
        serde_json::from_str(&self.flagctl(&["export"])).expect("flagctl exports JSON")
    }

    /// Returns the history as `flagctl` lists it, latest first.
    pub fn history(&self, arguments: &[&str]) -> Vec<Value> {
        let list = self.flagctl(&[&["history", "--json"], arguments].concat());
        serde_json::from_str(&list).expect("a list of revisions")
    }

    /// Returns what the window keeps for itself, as it stands on disk; empty if nothing does.
    pub fn preferences(&self) -> String {
        fs::read_to_string(self.preferences_path()).unwrap_or_default()
    }

    fn preferences_path(&self) -> PathBuf {
        self.data_dir().join("preferences.json")
    }

    /// Starts the application by hand, without a session bus, and waits until it has ended by
    /// itself.
    pub async fn start_again(&self) -> ExitStatus {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagdeck"));
        let command = self.at_home(&mut command).stdin(Stdio::null());
        let mut second = ProcessGroup::start(command.env_remove("DBUS_SESSION_BUS_ADDRESS"));
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = second.0.try_wait().expect("a process of this one") {
                return status;
            }
            assert!(Instant::now() < deadline, "the second one ends");
            tokio::time::sleep(PULSE).await;
        }
    }

    /// Starts a window manager, which gives the keyboard to what opens and asks windows to close.
    pub fn manage_windows(&self) -> ProcessGroup {
        let mut manager = Command::new("openbox");
        let manager = self.at_home(&mut manager).stdin(Stdio::null());
        let manager = ProcessGroup::start(manager.stdout(Stdio::null()).stderr(Stdio::null()));
        let property = ["-root", "_NET_SUPPORTING_WM_CHECK"];
        let deadline = Instant::now() + PATIENCE;
        while !self.xprop(&property).contains("window id") {
            assert!(Instant::now() < deadline, "the window manager is ready");
            std::thread::sleep(PULSE);
        }
        // With the first key, X tells of a keyboard, over which the manager binds its keys again:
        // one that closes a window would be lost until then.
        self.xdotool(&["key", "shift"]);
        manager
    }

    /// Opens a window of another program, and waits until it has the keyboard.
    pub async fn open_another_program(&self) -> ProcessGroup {
        let mut other = Command::new("xmessage");
        let other = self.at_home(&mut other).arg("Hello").stdin(Stdio::null());
        let other = ProcessGroup::start(other);
        let deadline = Instant::now() + PATIENCE;
        while !self
            .xdotool(&["getwindowfocus", "getwindowname"])
            .contains("xmessage")
        {
            assert!(Instant::now() < deadline, "the other program is in front");
            tokio::time::sleep(PULSE).await;
        }
        other
    }

    fn xprop(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("xprop");
        let output = self.at_home(&mut command).args(arguments).output();
        String::from_utf8_lossy(&output.expect("xprop starts").stdout).into_owned()
    }

    /// Gives a program this workplace's display and folders.
    fn at_home<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let home = self.folder.path();
        command
            .env("DISPLAY", &self.display_name)
            .env("FLAGDECK_DATA_DIR", self.data_dir())
            .env("XDG_DATA_HOME", home.join("share"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_RUNTIME_DIR", home)
            .env("LANG", "en_US.UTF-8")
            .env("USER", PERSON)
            .env_remove("LC_ALL")
            .env_remove("LANGUAGE")
            .env_remove("WAYLAND_DISPLAY")
            .env("GDK_BACKEND", "x11")
    }

    /// Runs `xdotool` on the display and returns what it printed.
    pub(super) fn xdotool(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", &self.display_name)
            .output()
            .expect("xdotool starts");
        String::from_utf8(output.stdout).expect("xdotool prints UTF-8")
    }

    /// Starts the driver, which will start the application with this environment.
    fn start_driver(&self, painting: Painting) -> (ProcessGroup, SocketAddr) {
        // A port is only taken once the driver listens: until then no other test may look.
        static CHOOSING_A_PORT: Mutex<()> = Mutex::new(());
        let _alone = CHOOSING_A_PORT
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // Another program may take a free port before the driver does.
        for _ in 0..PORTS_MAX {
            let address = free_address();
            let mut driver = self.start_driver_at(address, painting);
            if driver.listens(address) {
                return (driver, address);
            }
        }
        panic!("WebKitWebDriver ended before it listened, at each of {PORTS_MAX} ports");
    }

    fn start_driver_at(&self, address: SocketAddr, painting: Painting) -> ProcessGroup {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("a log file");
        let mut command = Command::new("dbus-run-session");
        let command = self
            .at_home(&mut command)
            .args(["--", "WebKitWebDriver"])
            .arg(format!("--port={}", address.port()))
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log);
        if painting == Painting::Plain {
            command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        }
        ProcessGroup::start(command)
    }

    /// The log of everything started here.
    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log.txt")
    }
}

impl Drop for Workplace {
    #[expect(clippy::print_stderr, reason = "a failing test shows the log")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.log_path()).unwrap_or_default();
            eprintln!("-- the log of {}\n{log}", self.display_name);
        }
    }
}

/// Starts a display of its own; the server picks a free number and tells it.
fn start_display() -> (ProcessGroup, String) {
    let mut display = ProcessGroup::start(
        Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1600x1200x24",
                "-nolisten",
                "tcp",
                // Otherwise it restarts, deaf for a while, whenever its last window closes.
                "-noreset",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()),
    );
    let number = display.0.stdout.take().expect("stdout is piped");
    let mut line = String::new();
    BufReader::new(number)
        .read_line(&mut line)
        .expect("Xvfb tells its display's number");
    assert!(!line.is_empty(), "Xvfb ended before it had a display");
    (display, format!(":{}", line.trim()))
}

fn capabilities() -> Map<String, Value> {
    let options = json!({ "binary": env!("CARGO_BIN_EXE_flagdeck"), "args": [] });
    Map::from_iter([("webkitgtk:browserOptions".to_owned(), options)])
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener
        .local_addr()
        .expect("a bound listener has an address")
}
