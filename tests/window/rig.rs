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
use std::process::{Child, Command, Stdio};
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
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// How long anything may take, on the slowest and busiest machine, before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a condition is looked at.
const PULSE: Duration = Duration::from_millis(20);

/// One person's computer: a display and folders that outlive the windows opened on it.
pub struct Workplace {
    _display: ProcessGroup,
    display_name: String,
    folder: TempDir,
}

impl Workplace {
    /// Sets up an empty one. Its window will serve flags on a port of the system's choice.
    pub fn new() -> Self {
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

    /// Opens the application's window and waits until its page stands.
    pub async fn open(&self) -> Window<'_> {
        let (driver, address) = self.start_driver();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities())
            .connect(&format!("http://{address}"))
            .await
            .unwrap_or_else(|error| panic!("the window opens: {error}"));
        let window = Window {
            client,
            driver,
            _place: self,
        };
        window
            .until("the page is complete", async || {
                window.eval("return document.readyState").await == "complete"
            })
            .await;
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

    /// Returns what the window keeps for itself, as it stands on disk; empty where nothing does.
    pub fn preferences(&self) -> String {
        fs::read_to_string(self.data_dir().join("preferences.json")).unwrap_or_default()
    }

    /// Starts the driver, which will start the application with this environment.
    fn start_driver(&self) -> (ProcessGroup, SocketAddr) {
        // A port is only taken once the driver listens: until then no other test may look.
        static CHOOSING_A_PORT: Mutex<()> = Mutex::new(());
        let _alone = CHOOSING_A_PORT
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let address = free_address();
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("a log file");
        let home = self.folder.path();
        let mut driver = ProcessGroup::start(
            Command::new("dbus-run-session")
                .args(["--", "WebKitWebDriver"])
                .arg(format!("--port={}", address.port()))
                .env("TAURI_WEBVIEW_AUTOMATION", "true")
                .env("DISPLAY", &self.display_name)
                .env("FLAGDECK_DATA_DIR", self.data_dir())
                .env("XDG_DATA_HOME", home.join("share"))
                .env("XDG_CONFIG_HOME", home.join("config"))
                .env("XDG_CACHE_HOME", home.join("cache"))
                .env("XDG_RUNTIME_DIR", home)
                .env("LANG", "en_US.UTF-8")
                .env_remove("LC_ALL")
                .env_remove("LANGUAGE")
                .env_remove("WAYLAND_DISPLAY")
                .env("GDK_BACKEND", "x11")
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("a second handle"))
                .stderr(log),
        );
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(
                driver.is_alive(),
                "WebKitWebDriver ended before it listened"
            );
            assert!(Instant::now() < deadline, "WebKitWebDriver does not listen");
            std::thread::sleep(PULSE);
        }
        (driver, address)
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

/// The open window. Parts of the page are named by their `data-testid`.
pub struct Window<'place> {
    client: Client,
    driver: ProcessGroup,
    _place: &'place Workplace,
}

impl Window<'_> {
    /// Presses the pointer's button on a part.
    pub async fn click(&self, part: &str) {
        self.click_on(&by_testid(part)).await;
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

    /// Gives the window a size in pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        done(self.client.set_window_size(width, height).await);
        self.until("the window has its size", async || {
            self.eval("return [innerWidth, innerHeight]").await == json!([width, height])
        })
        .await;
    }

    /// Saves a picture of the page as `target/screenshots/{name}.png`.
    pub async fn picture(&self, name: &str) {
        // Two frames: the first one paints what the page has just become.
        let painted = "const done = arguments[0];
            document.fonts.ready.then(() => {
                requestAnimationFrame(() => requestAnimationFrame(() => done()));
            })";
        done(self.client.execute_async(painted, Vec::new()).await);
        let png = done(self.client.screenshot().await);
        save_picture(name, &png);
    }

    /// Runs a script in the page and returns its value.
    pub async fn eval(&self, script: &str) -> Value {
        self.run(script, Vec::new()).await
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

    /// Asks the window's HTTP interface, at the address it shows, and returns the JSON it answers.
    pub async fn get(&self, path: &str) -> Value {
        self.until("the window shows the address it serves at", async || {
            served_address(&self.page_text().await).is_some()
        })
        .await;
        let address = served_address(&self.page_text().await).expect("it was there a moment ago");
        http_get(address, path)
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
        if let Ok(png) = self.client.screenshot().await {
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

/// A process and whatever it starts, stopped together.
struct ProcessGroup(Child);

impl ProcessGroup {
    fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_owned();
        let child = command.process_group(0).spawn();
        Self(child.unwrap_or_else(|error| panic!("{} starts: {error}", name.display())))
    }

    fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Tells whether a program still runs in the group.
    fn runs(&self, program: &str) -> bool {
        let group = self.0.id().to_string();
        let processes = fs::read_dir("/proc").expect("Linux");
        processes.flatten().any(|process| {
            // proc(5): `pid (program) state parent group …`
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let (Some((head, tail)), name) = (stat.rsplit_once(") "), format!("({program}")) else {
                return false;
            };
            let fields: Vec<&str> = tail.split(' ').collect();
            head.ends_with(&name) && fields[0] != "Z" && fields[2] == group
        })
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

fn http_get(address: SocketAddr, path: &str) -> Value {
    let mut stream = TcpStream::connect(address).expect("the window listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a time limit");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .expect("a request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200 "), "GET {path}: {head}");
    serde_json::from_str(body).expect("a body of JSON")
}
