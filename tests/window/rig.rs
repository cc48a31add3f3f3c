//! A workplace for one test: a display, folders and a session bus of its own, and on it the
//! application's real window, driven as a person would: by pointer, by keys, by reading.
//!
//! Nothing is shared between workplaces, so tests run side by side. Everything one starts is
//! stopped through its own process handle when it is dropped, also by a failing test.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

/// How long anything may take, on the slowest and busiest machine, before a test gives up.
const PATIENCE: Duration = Duration::from_secs(90);

/// Ports that are tried for a driver.
const PORTS_MAX: usize = 3;

/// Who sits there.
const PERSON: &str = "maria";

/// How often a condition is looked at.
const PULSE: Duration = Duration::from_millis(20);

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

    /// Returns what the window keeps for itself, as it stands on disk; empty where nothing does.
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
        // With the first key, X tells of a keyboard, over which the manager binds its keys anew:
        // one that closes a window would be lost meanwhile.
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
    fn xdotool(&self, arguments: &[&str]) -> String {
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

    /// Where everything started here writes what it has to say.
    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log.txt")
    }
}

impl Drop for Workplace {
    #[expect(
        clippy::print_stderr,
        reason = "a failing test shows what was said meanwhile"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.log_path()).unwrap_or_default();
            eprintln!("-- the log of {}\n{log}", self.display_name);
        }
    }
}

/// How the page gets onto the display, which has no graphics card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Painting {
    /// Straight to X: half the processor time of a whole test. WebKitWebDriver's screenshots never
    /// come.
    Plain,
    /// Through OpenGL in software, as where there is a card.
    Composited,
}

/// The open window. Parts of the page are named by their `data-testid`.
pub struct Window<'place> {
    client: Client,
    driver: ProcessGroup,
    place: &'place Workplace,
    painting: Painting,
}

impl Window<'_> {
    /// Presses the pointer's button on a part.
    pub async fn click(&self, part: &str) {
        self.click_on(&by_testid(part)).await;
    }

    /// Presses the pointer's button on a part while a key is held.
    pub async fn click_holding(&self, held: Key, part: &str) {
        let element = self.element(&by_testid(part)).await;
        let (left, top, width, height) = done(element.rectangle().await);
        let down = keyboard().then(KeyAction::Down { value: held.into() });
        done(self.client.perform_actions(down).await);
        let hand = pointer()
            .then(PointerAction::MoveTo {
                duration: None,
                x: left + width / 3.0,
                y: top + height / 2.0,
            })
            .then(PointerAction::Down {
                button: MOUSE_BUTTON_LEFT,
            })
            .then(PointerAction::Up {
                button: MOUSE_BUTTON_LEFT,
            });
        done(self.client.perform_actions(hand).await);
        let up = keyboard().then(KeyAction::Up { value: held.into() });
        done(self.client.perform_actions(up).await);
    }

    /// Waits until a part is shown and says something.
    pub async fn until_told(&self, part: &str, text: &str) {
        let script =
            "return document.querySelector(arguments[0])?.innerText.includes(arguments[1])";
        self.until(&format!("{part} says “{text}”"), async || {
            let told = self.run(script, vec![json!(by_testid(part)), json!(text)]);
            self.shows(part).await && told.await == true
        })
        .await;
    }

    /// Waits until a part has the keyboard.
    pub async fn until_focus(&self, part: &str) {
        let focused = async || self.focus().await == part;
        self.until(&format!("{part} has the keyboard"), focused)
            .await;
    }

    /// Waits until a part is not shown any more.
    pub async fn until_gone(&self, part: &str) {
        let gone = async || !self.shows(part).await;
        self.until(&format!("{part} is gone"), gone).await;
    }

    /// Returns a part's text as a person reads it.
    pub async fn text(&self, part: &str) -> String {
        let element = self.element(&by_testid(part)).await;
        done(element.text().await)
    }

    /// Returns an attribute of a part; empty where it has none, or is not there.
    pub async fn attribute(&self, part: &str, name: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1])";
        let value = self
            .run(script, vec![json!(by_testid(part)), json!(name)])
            .await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Tells whether a switch is on, off or, for a group, `mixed`.
    pub async fn switch(&self, path: &str) -> String {
        self.attribute(&format!("switch-{path}"), "aria-checked")
            .await
    }

    /// Returns the number a slider shows.
    pub async fn slider(&self, part: &str) -> f64 {
        let value = self.attribute(part, "aria-valuenow").await;
        value.parse().unwrap_or(f64::NAN)
    }

    /// Returns what stands in a text field.
    pub async fn field(&self, part: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.value";
        let value = self.run(script, vec![json!(by_testid(part))]).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Tells whether the page has a part and shows it.
    pub async fn shows(&self, part: &str) -> bool {
        self.shows_css(&by_testid(part)).await
    }

    /// The same for any CSS selector.
    pub async fn shows_css(&self, selector: &str) -> bool {
        self.holds(selector, "part.checkVisibility(PAINTED)").await
    }

    /// Returns the text of the whole page.
    pub async fn page_text(&self) -> String {
        let text = self.eval("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Returns the name of the part that has the keyboard; empty where none has.
    pub async fn focus(&self) -> String {
        let script =
            "return document.activeElement?.closest('[data-testid]')?.dataset.testid ?? ''";
        let part = self.eval(script).await;
        part.as_str().unwrap_or_default().to_owned()
    }

    /// Replaces what stands in a text field and confirms it.
    pub async fn enter(&self, part: &str, text: &str) {
        self.click(part).await;
        self.chord(&[Key::Control], 'a').await;
        self.write(text).await;
        self.press(Key::Enter).await;
    }

    /// Types a text where the keyboard is.
    pub async fn write(&self, text: &str) {
        let keys = text.chars().fold(keyboard(), stroke);
        done(self.client.perform_actions(keys).await);
    }

    /// Presses a key.
    pub async fn press(&self, key: Key) {
        let keys = stroke(keyboard(), char::from(key));
        done(self.client.perform_actions(keys).await);
    }

    /// Presses a key while others are held.
    pub async fn chord(&self, held: &[Key], value: char) {
        let mut keys = keyboard();
        for &key in held {
            keys = keys.then(KeyAction::Down { value: key.into() });
        }
        keys = stroke(keys, value);
        for &key in held {
            keys = keys.then(KeyAction::Up { value: key.into() });
        }
        done(self.client.perform_actions(keys).await);
    }

    /// Presses Tab until a part has the keyboard.
    pub async fn tab_to(&self, part: &str) {
        const STOPS_MAX: usize = 100;
        let mut stops = Vec::new();
        for _ in 0..STOPS_MAX {
            self.press(Key::Tab).await;
            let focus = self.focus().await;
            if focus == part {
                return;
            }
            stops.push(focus);
        }
        self.give_up(&format!("Tab reaches {part}, it reaches {stops:?}"))
            .await;
    }

    /// Takes hold of a slider's thumb, where its value puts it on the rail.
    pub async fn grab(&self, slider: &str) {
        const EDGE: f64 = 0.02;
        let element = self.element(&by_testid(slider)).await;
        let (left, top, width, height) = done(element.rectangle().await);
        let share = (self.slider(slider).await / 100.0).clamp(EDGE, 1.0 - EDGE);
        let hand = pointer()
            .then(PointerAction::MoveTo {
                duration: None,
                x: left + share * width,
                y: top + height / 3.0,
            })
            .then(PointerAction::Down {
                button: MOUSE_BUTTON_LEFT,
            });
        done(self.client.perform_actions(hand).await);
    }

    /// Pulls a slider's thumb to the right, bit by bit, until it shows at least `value`.
    pub async fn pull_to(&self, slider: &str, value: f64) {
        const STEPS_MAX: usize = 400;
        for _ in 0..STEPS_MAX {
            if self.slider(slider).await >= value {
                return;
            }
            let hand = pointer().then(PointerAction::MoveBy {
                duration: None,
                x: 7.0,
                y: 0.0,
            });
            done(self.client.perform_actions(hand).await);
        }
        self.give_up(&format!("{slider} reaches {value}")).await;
    }

    /// Lets go of what the pointer holds.
    pub async fn let_go(&self) {
        let hand = pointer().then(PointerAction::Up {
            button: MOUSE_BUTTON_LEFT,
        });
        done(self.client.perform_actions(hand).await);
    }

    /// Runs a command by the name it has in the palette.
    pub async fn run_command(&self, label: &str) {
        self.chord(&[Key::Control], 'k').await;
        self.until_focus("palette-input").await;
        self.write(label).await;
        self.press(Key::Enter).await;
    }

    /// Gives the page a size in pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        let menu = self.eval("return outerHeight - innerHeight").await;
        let menu = menu.as_u64().and_then(|menu| u32::try_from(menu).ok());
        let menu = menu.expect("a page is no higher than its window");
        done(self.client.set_window_size(width, height + menu).await);
        self.until("the page has its size", async || {
            self.eval("return [innerWidth, innerHeight]").await == json!([width, height])
        })
        .await;
    }

    /// Returns how long the application's processes, the page's among them, have been computing.
    #[allow(dead_code, reason = "measured, not tested")]
    pub fn processor_time(&self) -> Duration {
        /// What Linux counts it in, on every machine of today.
        const TICKS_A_SECOND: f64 = 100.0;
        let group = self.driver.0.id().to_string();
        let processes = fs::read_dir("/proc").expect("Linux");
        let ticks: u64 = processes
            .flatten()
            .filter_map(|process| {
                // proc(5): `pid (program) state parent group …`, times 11 and 12 fields later.
                let stat = fs::read_to_string(process.path().join("stat")).ok()?;
                let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
                let time = |index: usize| fields.get(index)?.parse::<u64>().ok();
                (*fields.get(2)? == group).then_some(time(11)? + time(12)?)
            })
            .sum();
        Duration::from_secs_f64(ticks as f64 / TICKS_A_SECOND)
    }

    /// Returns how many bytes of memory the page's process has that are no part of a file: those
    /// come and go as the system likes.
    #[allow(dead_code, reason = "measured, not tested")]
    pub fn page_memory(&self) -> u64 {
        // What the system shows of the name `WebKitWebProcess`.
        let page = self.driver.process("WebKitWebProces").expect("a page");
        let rollup = format!("/proc/{}/smaps_rollup", page.as_raw_nonzero());
        let rollup = fs::read_to_string(rollup).expect("Linux");
        // proc(5): `Pss_Anon:    123456 kB`. What is swapped out is held all the same.
        let kib = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        };
        (kib("Pss_Anon:").expect("a number of KiB") + kib("SwapPss:").unwrap_or(0)) * 1024
    }

    /// Saves a picture of the page as `target/screenshots/{name}.png`, and returns it.
    pub async fn picture(&self, name: &str) -> Vec<u8> {
        assert_eq!(self.painting, Painting::Composited, "open it for pictures");
        // Two frames: the first one paints what the page has just become.
        self.eval_later(
            "const done = arguments[0];
            document.fonts.ready.then(() => {
                requestAnimationFrame(() => requestAnimationFrame(() => done()));
            })",
        )
        .await;
        let png = done(self.client.screenshot().await);
        save_picture(name, &png);
        png
    }

    /// Runs a script in the page and returns its value.
    pub async fn eval(&self, script: &str) -> Value {
        self.run(script, Vec::new()).await
    }

    /// Runs a script that calls its last argument with a value once it has it.
    pub async fn eval_later(&self, script: &str) -> Value {
        self.eval_later_with(script, Vec::new()).await
    }

    /// The same, with arguments that come before it.
    pub async fn eval_later_with(&self, script: &str, arguments: Vec<Value>) -> Value {
        done(self.client.execute_async(script, arguments).await)
    }

    /// Waits until a condition holds; fails the test with `what` and a picture where it never does.
    pub async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition().await {
            if Instant::now() > deadline {
                self.give_up(what).await;
            }
            tokio::time::sleep(PULSE).await;
        }
    }

    /// Strikes keys on the keyboard itself, which the window's menu and toolkit see before the
    /// page does: `ctrl+shift+z`. A window that has closed meanwhile gets none.
    pub fn strike(&self, keys: &str) {
        if let Some(window) = self.native() {
            self.place
                .xdotool(&["windowfocus", &window, "key", "--clearmodifiers", keys]);
        }
    }

    /// Answers a question that the desktop asks, by the beginning of its title, with keys.
    pub async fn answer_question(&self, title: &str, keys: &[&str]) {
        let shown = self.dialog(title).await;
        for key in keys {
            self.place
                .xdotool(&["windowfocus", "--sync", &shown, "key", key]);
        }
        let is_gone = || self.shown_dialog(title).is_none();
        self.until_outside(&format!("“{title}” is answered"), is_gone)
            .await;
    }

    /// Waits for a dialog of the desktop, by the beginning of its title, and returns the display's
    /// number for it.
    pub async fn dialog(&self, title: &str) -> String {
        let is_shown = || self.shown_dialog(title).is_some();
        self.until_outside(&format!("the dialog “{title}”"), is_shown)
            .await;
        self.shown_dialog(title).expect("it was there a moment ago")
    }

    fn shown_dialog(&self, title: &str) -> Option<String> {
        let found = self
            .place
            .xdotool(&["search", "--onlyvisible", "--name", title]);
        found.lines().last().map(str::to_owned)
    }

    /// Answers a dialog of the desktop, by its title, with the path of a file.
    pub async fn answer_dialog(&self, title: &str, path: &Path) {
        self.dialog(title).await;
        let path = path.to_str().expect("a path of letters");
        let shown = || self.shown_dialog(title);
        let is_gone = || shown().is_none();
        let deadline = Instant::now() + 2 * PATIENCE;
        while let Some(dialog) = shown() {
            assert!(Instant::now() < deadline, "“{title}” takes {path}");
            // Once its folder is read, the dialog gives the keyboard to its list.
            self.until_outside("the dialog rests", || self.driver.rests("flagdeck"))
                .await;
            // One call, which ends at its first step if the dialog has just closed.
            let enter = ["windowfocus", &dialog, "key", "ctrl+l", "key", "ctrl+a"];
            let path = [
                "type", "--delay", "20", "--args", "1", path, "key", "Return",
            ];
            self.place.xdotool(&[&enter[..], &path[..]].concat());
            // A busy desktop may lose a letter: then once more, over what stands there. Not before
            // it had all the time to close: what is typed then reaches the window behind it.
            comes_true(is_gone).await;
        }
    }

    /// Has the window manager ask the window to close, as the × of its frame does.
    pub fn ask_to_close(&self) {
        self.strike("alt+F4");
    }

    /// Ends the application as a desktop that logs out does.
    pub fn terminate(&self) {
        let pid = self.driver.process("flagdeck").expect("it runs");
        kill_process(pid, Signal::TERM).expect("a process of this user");
    }

    /// Presses the pointer's button on a part twice, as fast as a hand does.
    pub async fn double_click(&self, part: &str) {
        let element = self.element(&by_testid(part)).await;
        let (left, top, width, height) = done(element.rectangle().await);
        let mut hand = pointer().then(PointerAction::MoveTo {
            duration: None,
            x: left + width / 2.0,
            y: top + height / 2.0,
        });
        for _ in 0..2 {
            hand = hand
                .then(PointerAction::Down {
                    button: MOUSE_BUTTON_LEFT,
                })
                .then(PointerAction::Up {
                    button: MOUSE_BUTTON_LEFT,
                });
        }
        done(self.client.perform_actions(hand).await);
    }

    /// Tells whether the display's keyboard belongs to the window.
    pub fn is_in_front(&self) -> bool {
        let focused = self.place.xdotool(&["getwindowfocus"]);
        self.native().is_some_and(|window| window == focused.trim())
    }

    /// Keeps the page busy for ever, and waits until it does not answer any more.
    pub async fn hang(&self) {
        const SILENCE: Duration = Duration::from_secs(1);
        self.eval("setTimeout(() => { for (;;); }, 100)").await;
        let question = "return true";
        while timeout(SILENCE, self.eval(question)).await.is_ok() {}
    }

    /// Tells whether the application still runs.
    pub fn is_open(&self) -> bool {
        self.driver.runs("flagdeck")
    }

    /// Waits, without asking the page, until a condition holds.
    pub async fn until_outside(&self, what: &str, condition: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition() {
            assert!(Instant::now() < deadline, "never came about: {what}");
            tokio::time::sleep(PULSE).await;
        }
    }

    /// Returns the display's number for the window, while it shows one.
    fn native(&self) -> Option<String> {
        let found = self
            .place
            .xdotool(&["search", "--onlyvisible", "--class", "flagdeck"]);
        found.lines().last().map(str::to_owned)
    }

    /// Asks the window's HTTP interface, at the address it shows, and returns the JSON it answers.
    pub async fn get(&self, path: &str) -> Value {
        http_get(self.address().await, path)
    }

    /// Returns the address the window shows that it serves at.
    pub async fn address(&self) -> SocketAddr {
        self.until("the window shows the address it serves at", async || {
            served_address(&self.page_text().await).is_some()
        })
        .await;
        served_address(&self.page_text().await).expect("it was there a moment ago")
    }

    /// Closes the window as a person does and waits until the application has ended.
    pub async fn close(self) {
        let Self { client, driver, .. } = &self;
        done(client.close_window().await);
        let deadline = Instant::now() + PATIENCE;
        while driver.runs("flagdeck") {
            assert!(
                Instant::now() < deadline,
                "the application ends with its window"
            );
            tokio::time::sleep(PULSE).await;
        }
    }

    /// Closes the window by its menu's key and waits until the application has ended.
    pub async fn quit(self) {
        self.strike("ctrl+q");
        let ended = || !self.is_open();
        self.until_outside("the application ends", ended).await;
    }

    async fn click_on(&self, selector: &str) {
        let element = self.element(selector).await;
        done(element.click().await);
    }

    /// Finds a part, once it can be seen, wherever its surroundings have to be scrolled to.
    async fn element(&self, selector: &str) -> Element {
        let brought_into_sight = "part.scrollIntoView({ block: 'nearest' }),
            part.checkVisibility(PAINTED)";
        self.until(&format!("{selector} is shown"), async || {
            self.holds(selector, brought_into_sight).await
        })
        .await;
        done(self.client.find(Locator::Css(selector)).await)
    }

    /// Tells whether the page has a part and an expression over it is true.
    async fn holds(&self, selector: &str, expression: &str) -> bool {
        // A row that has never been painted has no size yet, and cannot be clicked.
        let script = format!(
            "const PAINTED = {{ contentVisibilityAuto: true, visibilityProperty: true }};
            const part = document.querySelector(arguments[0]);
            return part !== null && ({expression})"
        );
        self.run(&script, vec![json!(selector)]).await == true
    }

    async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        done(self.client.execute(script, arguments).await)
    }

    async fn give_up(&self, what: &str) -> ! {
        if self.painting == Painting::Composited
            && let Ok(png) = self.client.screenshot().await
        {
            let test = std::thread::current()
                .name()
                .unwrap_or("test")
                .replace("::", "-");
            save_picture(&format!("failed-{test}"), &png);
        }
        panic!(
            "never came about: {what}; the page says:\n{}",
            self.page_text().await
        );
    }
}

/// Waits until a condition holds, for as long as a busy desktop needs; says whether it does.
async fn comes_true(condition: impl Fn() -> bool) -> bool {
    const ENOUGH: Duration = Duration::from_secs(15);
    let deadline = Instant::now() + ENOUGH;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(PULSE).await;
    }
    true
}

/// A process and whatever it starts, stopped together.
pub struct ProcessGroup(Child);

impl ProcessGroup {
    fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_owned();
        let child = command.process_group(0).spawn();
        Self(child.unwrap_or_else(|error| panic!("{} starts: {error}", name.display())))
    }

    /// Waits until the process listens at an address; `false` if it ends before that.
    fn listens(&mut self, address: SocketAddr) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if !self.is_alive() {
                return false;
            }
            assert!(Instant::now() < deadline, "nothing listens at {address}");
            std::thread::sleep(PULSE);
        }
        true
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Tells whether a program still runs in the group.
    fn runs(&self, program: &str) -> bool {
        self.process(program).is_some()
    }

    /// Tells whether no thread of a program has anything to do for a while.
    fn rests(&self, program: &str) -> bool {
        const LOOKS: usize = 15;
        let Some(process) = self.process(program) else {
            return true;
        };
        let tasks = PathBuf::from(format!("/proc/{}/task", process.as_raw_nonzero()));
        (0..LOOKS).all(|_| {
            std::thread::sleep(PULSE);
            is_idle(&tasks)
        })
    }

    /// Finds a program that runs in the group.
    fn process(&self, program: &str) -> Option<Pid> {
        let group = self.0.id().to_string();
        let processes = fs::read_dir("/proc").expect("Linux");
        let found = processes.flatten().find(|process| {
            // proc(5): `pid (program) state parent group …`
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let (Some((head, tail)), name) = (stat.rsplit_once(") "), format!("({program}")) else {
                return false;
            };
            let fields: Vec<&str> = tail.split(' ').collect();
            head.ends_with(&name) && fields[0] != "Z" && fields[2] == group
        });
        let number = found?.file_name().to_str()?.parse().ok()?;
        Pid::from_raw(number)
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.0);
        // The group may have ended by itself.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Tells whether all threads of a process wait for something.
fn is_idle(tasks: &Path) -> bool {
    let mut tasks = fs::read_dir(tasks).into_iter().flatten().flatten();
    tasks.all(|task| {
        // proc(5): `pid (program) state …`
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_none_or(|(_, state)| state.starts_with('S'))
    })
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
                // Else it starts anew, deaf for a while, whenever its last window closes.
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

fn by_testid(part: &str) -> String {
    format!("[data-testid=\"{part}\"]")
}

fn keyboard() -> KeyActions {
    KeyActions::new("keyboard".to_owned())
}

fn pointer() -> MouseActions {
    MouseActions::new("pointer".to_owned())
}

fn stroke(keys: KeyActions, value: char) -> KeyActions {
    keys.then(KeyAction::Down { value })
        .then(KeyAction::Up { value })
}

fn done<T>(answer: Result<T, CmdError>) -> T {
    answer.unwrap_or_else(|error| panic!("the window obeys: {error:?}"))
}

fn save_picture(name: &str, png: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    fs::create_dir_all(&folder).expect("a folder for pictures");
    fs::write(folder.join(format!("{name}.png")), png).expect("a picture is saved");
}

/// Finds `127.0.0.1:PORT` in the text of a page.
fn served_address(text: &str) -> Option<SocketAddr> {
    text.split_whitespace().find_map(|word| {
        let address: SocketAddr = word.trim_start_matches("http://").parse().ok()?;
        address.ip().is_loopback().then_some(address)
    })
}

/// Asks the HTTP interface at an address, and returns the JSON it answers.
pub fn http_get(address: SocketAddr, path: &str) -> Value {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let (status, body) = http(address, &request);
    assert_eq!(status, 200, "GET {path}: {body}");
    serde_json::from_str(&body).expect("a body of JSON")
}

/// Sends a document to the HTTP interface at an address, and returns the status it answers.
pub fn http_put(address: SocketAddr, path: &str, token: &str, document: &Value) -> u16 {
    let body = document.to_string();
    let request = format!(
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\nIf-Match: *\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    http(address, &request).0
}

/// Changes a part of the document at an address (RFC 7396), and returns the status it answers.
#[allow(dead_code, reason = "measured, not tested")]
pub fn http_patch(address: SocketAddr, path: &str, token: &str, patch: &Value) -> u16 {
    let body = patch.to_string();
    let request = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\nIf-Match: *\r\n\
        Content-Type: application/merge-patch+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    http(address, &request).0
}

/// Reports events, one a line, to the HTTP interface at an address, and returns the status.
pub fn http_report(address: SocketAddr, token: &str, lines: &str) -> u16 {
    let request = format!(
        "POST /api/ml/events HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\nContent-Type: application/x-ndjson\r\n\
        Content-Length: {}\r\n\r\n{lines}",
        lines.len()
    );
    http(address, &request).0
}

/// Confirms a restore as its source: reads what is asked for, and hands that in as its state.
pub fn http_confirm(address: SocketAddr, token: &str, source: &str, restore: u64) -> u16 {
    let path = format!("/api/ml/state/{source}");
    let ask = format!(
        "GET {path}/restores/{restore} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\n\r\n"
    );
    let (status, body) = http(address, &ask);
    assert_eq!(status, 200, "what is asked for: {body}");
    let request = format!(
        "PUT {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {token}\r\nMl-Restore: {restore}\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    http(address, &request).0
}

/// Sends a request and returns the status and the body of the answer.
fn http(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the window listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a time limit");
    stream
        .write_all(request.as_bytes())
        .expect("a request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.expect("a status"), body.to_owned())
}
