//! What a person does to the window by pointer and by keys.

use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
};
use fantoccini::key::Key;

use super::window::{Window, by_testid, done};
use super::{PATIENCE, PULSE};

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

    /// Presses the pointer's button on a part twice, as fast as a hand does. Returns whether the page
    /// got a double click: on a busy machine the second press may come too late for that.
    pub async fn double_click(&self, part: &str) -> bool {
        let listen =
            "document.addEventListener('dblclick', () => { window.isDoubled = true; }, true)";
        self.eval(listen).await;
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
        self.eval("return window.isDoubled").await == true
    }

    async fn click_on(&self, selector: &str) {
        let element = self.element(selector).await;
        done(element.click().await);
    }

    /// Presses the pointer's button on a slider's thumb, at its value on the rail.
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

    /// Releases what the pointer holds.
    pub async fn release(&self) {
        let hand = pointer().then(PointerAction::Up {
            button: MOUSE_BUTTON_LEFT,
        });
        done(self.client.perform_actions(hand).await);
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

    /// Replaces what stands in a text field and confirms it.
    pub async fn enter(&self, part: &str, text: &str) {
        self.click(part).await;
        self.chord(&[Key::Control], 'a').await;
        self.write(text).await;
        self.press(Key::Enter).await;
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

    /// Runs a command by the name it has in the palette.
    pub async fn run_command(&self, label: &str) {
        self.chord(&[Key::Control], 'k').await;
        self.until_focus("palette-input").await;
        self.write(label).await;
        self.press(Key::Enter).await;
    }

    /// Strikes keys on the keyboard itself, which the window's menu and toolkit see before the
    /// page does: `ctrl+shift+z`. A window that has closed gets none.
    pub fn strike(&self, keys: &str) {
        if let Some(window) = self.native() {
            self.place
                .xdotool(&["windowfocus", &window, "key", "--clearmodifiers", keys]);
        }
    }

    /// Has the window manager ask the window to close, as the × of its frame does.
    pub fn ask_to_close(&self) {
        self.strike("alt+F4");
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
        let shown = || self.shown_dialog(title);
        let path = path.to_str().expect("a path of letters");
        let is_gone = || shown().is_none();
        let deadline = Instant::now() + 2 * PATIENCE;
        while let Some(dialog) = shown() {
            assert!(Instant::now() < deadline, "“{title}” takes {path}");
            // Once its folder is read, the dialog gives the keyboard to its list. On a machine that
            // is always busy it never rests: then what is typed too early is typed again.
            comes_true(|| self.driver.rests("flagdeck")).await;
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
}

/// Waits until a condition holds, for as long as a busy desktop needs; returns whether it does.
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
