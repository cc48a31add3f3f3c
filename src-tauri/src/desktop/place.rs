//! The position of the window, and how it fits on the present screens. In logical pixels, which are
//! the same on every screen. Knows no window.

use serde::{Deserialize, Serialize};

/// The smallest window that everything fits in.
const WIDTH_MIN: f64 = 900.0;
const HEIGHT_MIN: f64 = 600.0;

/// Room for the window's frame, which its size does not count.
const FRAME_HEIGHT: f64 = 40.0;

/// The position of a window when it is not maximised, and whether it is maximised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The window's frame and the size of what is in it.
    #[serde(flatten)]
    pub area: Area,
    /// Whether it fills the screen.
    pub is_maximized: bool,
}

/// A rectangle on the desktop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    /// Returns what it becomes on the screen that shows most of it, or else on the first one: no
    /// larger than the screen, and wholly on it. `None` if there is no screen.
    pub fn within(self, screens: &[Area]) -> Option<Self> {
        let shown = |screen: &&Area| self.overlap(screen);
        let most = screens
            .iter()
            .max_by(|a, b| shown(a).total_cmp(&shown(b)))
            .filter(|screen| shown(screen) > 0.0);
        let screen = most.or(screens.first())?;
        let room = screen.height - FRAME_HEIGHT;
        let width = self.width.min(screen.width).max(WIDTH_MIN);
        let height = self.height.min(room).max(HEIGHT_MIN);
        let right = screen.x + screen.width - width;
        let bottom = screen.y + room - height;
        Some(Self {
            // The upper left corner stays visible if the rest does not fit.
            x: self.x.min(right).max(screen.x),
            y: self.y.min(bottom).max(screen.y),
            width,
            height,
        })
    }

    /// Returns the position of a window of this size in the middle of this screen.
    pub fn middle(&self, width: f64, height: f64) -> Self {
        Self {
            x: self.x + (self.width - width) / 2.0,
            y: self.y + (self.height - FRAME_HEIGHT - height) / 2.0,
            width,
            height,
        }
    }

    fn overlap(&self, other: &Area) -> f64 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        width.max(0.0) * height.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: Area = area(0.0, 0.0, 2560.0, 1440.0);
    const SMALL: Area = area(0.0, 0.0, 1024.0, 768.0);
    const BESIDE: Area = area(2560.0, 0.0, 1920.0, 1080.0);

    #[test]
    fn a_first_window_is_in_the_middle_and_no_larger_than_the_screen() {
        let middle = area(640.0, 300.0, 1280.0, 800.0);
        assert_eq!(LARGE.middle(1280.0, 800.0).within(&[LARGE]), Some(middle));
        let whole = area(0.0, 0.0, 1024.0, 728.0);
        assert_eq!(SMALL.middle(1280.0, 800.0).within(&[SMALL]), Some(whole));
    }

    const fn area(x: f64, y: f64, width: f64, height: f64) -> Area {
        Area {
            x,
            y,
            width,
            height,
        }
    }

    #[track_caller]
    fn check(left_at: Area, screens: &[Area], opens_at: Area) {
        assert_eq!(left_at.within(screens), Some(opens_at));
    }

    #[test]
    fn a_window_opens_where_it_was_left() {
        let left_at = area(100.0, 50.0, 1280.0, 800.0);
        check(left_at, &[LARGE], left_at);
        let left_at = area(2700.0, 50.0, 1280.0, 800.0);
        check(left_at, &[LARGE, BESIDE], left_at);
    }

    #[test]
    fn a_window_of_a_screen_that_is_gone_opens_on_the_first_one() {
        let left_at = area(2700.0, 50.0, 1280.0, 800.0);
        check(left_at, &[LARGE], area(1280.0, 50.0, 1280.0, 800.0));
    }

    #[test]
    fn a_window_is_brought_wholly_onto_a_smaller_screen() {
        let left_at = area(300.0, 200.0, 2000.0, 1200.0);
        check(left_at, &[SMALL], area(0.0, 0.0, 1024.0, 728.0));
        let left_at = area(-200.0, -100.0, 900.0, 600.0);
        check(left_at, &[SMALL], area(0.0, 0.0, 900.0, 600.0));
    }

    #[test]
    fn a_screen_too_small_for_the_window_shows_its_upper_left_corner() {
        let tiny = area(0.0, 0.0, 640.0, 480.0);
        let left_at = area(10.0, 10.0, 1280.0, 800.0);
        check(left_at, &[tiny], area(0.0, 0.0, 900.0, 600.0));
    }

    #[test]
    fn without_a_screen_there_is_nothing_to_go_by() {
        assert_eq!(LARGE.within(&[]), None);
    }
}
