//! The open window: what it shows, waiting for that, its pictures and its end.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::http;
use super::process::ProcessGroup;
use super::workplace::Workplace;
use super::{PATIENCE, PULSE};

/// The open window. Parts of the page are named by their `data-testid`.
pub struct Window<'place> {
    pub(super) client: Client,
    pub(super) driver: ProcessGroup,
    pub(super) place: &'place Workplace,
    pub(super) painting: Painting,
}

/// How the page gets onto the display, which has no graphics card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Painting {
    /// Straight to X: half the processor time of a whole test. WebKitWebDriver takes no screenshots
    /// then.
    Plain,
    /// Through OpenGL in software, as with a graphics card.
    Composited,
}

impl Window<'_> {
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

    /// Returns an attribute of a part; empty if it has none, or is not there.
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

    /// Returns the name of the part that has the keyboard; empty if none has.
    pub async fn focus(&self) -> String {
        let script =
            "return document.activeElement?.closest('[data-testid]')?.dataset.testid ?? ''";
        let part = self.eval(script).await;
        part.as_str().unwrap_or_default().to_owned()
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

    /// Returns the address of the bus of the session that the window is in.
    pub fn bus(&self) -> String {
        let process = self.driver.process("flagdeck").expect("the application");
        let environment = format!("/proc/{}/environ", process.as_raw_nonzero());
        let environment = fs::read(environment).expect("Linux");
        let environment = String::from_utf8_lossy(&environment).into_owned();
        let mut variables = environment.split('\0');
        let address = variables.find_map(|it| it.strip_prefix("DBUS_SESSION_BUS_ADDRESS="));
        address.expect("a bus").to_owned()
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

    /// Waits until a condition holds; fails the test with `what` and a picture if it never does.
    pub async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition().await {
            if Instant::now() > deadline {
                self.give_up(what).await;
            }
            tokio::time::sleep(PULSE).await;
        }
    }

    /// Ends the application as a desktop that logs out does.
    pub fn terminate(&self) {
        let pid = self.driver.process("flagdeck").expect("it runs");
        kill_process(pid, Signal::TERM).expect("a process of this user");
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
    pub(super) fn native(&self) -> Option<String> {
        let found = self
            .place
            .xdotool(&["search", "--onlyvisible", "--class", "flagdeck"]);
        found.lines().last().map(str::to_owned)
    }

    /// Asks the window's HTTP interface, at the address it shows, and returns the JSON it answers.
    pub async fn get(&self, path: &str) -> Value {
        http::get(self.address().await, path)
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

    /// Finds a part, once it can be seen, wherever its surroundings have to be scrolled to.
    pub(super) async fn element(&self, selector: &str) -> Element {
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

    pub(super) async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        done(self.client.execute(script, arguments).await)
    }

    pub(super) async fn give_up(&self, what: &str) -> ! {
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

pub(super) fn by_testid(part: &str) -> String {
    format!("[data-testid=\"{part}\"]")
}

pub(super) fn done<T>(answer: Result<T, CmdError>) -> T {
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
