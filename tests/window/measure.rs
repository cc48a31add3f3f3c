//! How quickly the real window answers, and whether its memory stays level: `make bench-window`.
//! Prints what it measured, asserts nothing; the targets are the issue's, and times are taken by
//! the page's own clock.

// It drives the window, and compares no pictures.
#[expect(dead_code, reason = "shared with the tests, which need all of it")]
mod rig;

mod level;
mod sliding;

#[path = "../../src-tauri/benches/measuring.rs"]
mod measuring;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::measuring::sized;
use crate::rig::{Window, Workplace};

/// Times each thing is done; the median is told.
fn rounds() -> usize {
    sized(15, 1)
}

/// How long the window is left alone.
fn idle_time() -> Duration {
    sized(Duration::from_secs(10), Duration::from_millis(200))
}

/// Components of the largest document there may be.
fn component_count() -> usize {
    sized(10_000, 200)
}

#[tokio::main]
async fn main() {
    match std::env::args().skip(1).find(|part| !part.starts_with('-')) {
        None => {
            speed().await;
            sliding::measure().await;
            level::measure().await;
        }
        Some(part) if part == "speed" => speed().await,
        Some(part) if part == "sliding" => sliding::measure().await,
        Some(part) if part == "memory" => level::measure().await,
        Some(part) => panic!("measures speed, sliding and memory, not {part}"),
    }
}

#[expect(clippy::print_stdout, reason = "it is there to print")]
async fn speed() {
    for (document, row) in [(founding(), "calculator"), (largest(), "area0.component0")] {
        let place = Workplace::new();
        place.import(&document);
        let window = place.open().await;
        window.resize(1280, 800).await;
        let count = if row == "calculator" {
            6
        } else {
            component_count()
        };
        println!("With {count} components:");

        let paints = first_paints(&window, row).await;
        println!(
            "  first paint of Flags       {} (target 300 ms)",
            told(&paints)
        );

        let (seen, known) = switches(&window, row).await;
        println!(
            "  switch to visible result   {} (target 50 ms)",
            told(&seen)
        );
        println!(
            "  switch to durable and read {} (target 100 ms)",
            told(&known)
        );

        let heard = changes_elsewhere(&place, &window, row).await;
        println!(
            "  change by flagctl to seen  {} (target 300 ms)",
            told(&heard)
        );

        let still = frames(&window, "").await;
        println!("  frames at rest, the floor  {}", told(&still.gaps));
        let moving = frames(&window, MOVE).await;
        println!("  frames while dragging      {}", told(&moving.gaps));
        println!(
            "  the page's work on a move  {} (target 16 ms)",
            told(&moving.work)
        );

        window.click("nav-dashboard").await;
        let before = window.processor_time();
        // A real pause: the time that is measured.
        tokio::time::sleep(idle_time()).await;
        let used = window.processor_time() - before;
        let share = used.as_secs_f64() / idle_time().as_secs_f64() * 100.0;
        println!("  idle                       {share:6.2} % of a core (target 0.5 %)");
        window.close().await;
    }
}

/// From the click on the view to the frame that shows its rows.
async fn first_paints(window: &Window<'_>, row: &str) -> Vec<f64> {
    let mut times = Vec::new();
    for _ in 0..rounds() {
        window.click("nav-dashboard").await;
        times.push(number(
            &window
                .eval_later(&format!(
                    "const done = arguments[0], started = performance.now();
                    document.querySelector('[data-testid=nav-flags]').click();
                    const look = () => document.querySelector('[data-testid=\"row-{row}\"]')
                        ? setTimeout(() => done(performance.now() - started))
                        : requestAnimationFrame(look);
                    requestAnimationFrame(look);"
                ))
                .await,
        ));
    }
    times
}

/// From a click on a switch to the frame that shows it, and to the page knowing that it is kept.
async fn switches(window: &Window<'_>, row: &str) -> (Vec<f64>, Vec<f64>) {
    window.click("nav-flags").await;
    let (mut seen, mut durable) = (Vec::new(), Vec::new());
    for _ in 0..rounds() {
        let times = window
            .eval_later(&format!(
                "const done = arguments[0], started = performance.now();
                const control = document.querySelector('[data-testid=\"switch-{row}\"]');
                const revision = document.querySelector('[data-testid=revision]');
                const [was, kept] = [control.ariaChecked, revision.textContent];
                let seen = null;
                control.click();
                const look = () => {{
                    if (seen === null && control.ariaChecked !== was) seen = performance.now();
                    if (revision.textContent === kept) return requestAnimationFrame(look);
                    setTimeout(() => done([seen - started, performance.now() - started]));
                }};
                requestAnimationFrame(look);"
            ))
            .await;
        seen.push(number(&times[0]));
        durable.push(number(&times[1]));
    }
    (seen, durable)
}

/// From `flagctl` being done with a change to the window showing it.
async fn changes_elsewhere(place: &Workplace, window: &Window<'_>, row: &str) -> Vec<f64> {
    let mut times = Vec::new();
    for _ in 0..rounds() {
        window
            .eval(&format!(
                "const control = document.querySelector('[data-testid=\"switch-{row}\"]');
                const was = control.ariaChecked;
                window.seenAt = null;
                const look = () => {{
                    if (control.ariaChecked === was) return requestAnimationFrame(look);
                    window.seenAt = Date.now();
                }};
                requestAnimationFrame(look);"
            ))
            .await;
        let position = match window.switch(row).await.as_str() {
            "true" => "off",
            _ => "on",
        };
        place.flagctl(&["set", row, position]);
        let changed_at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock after 1970");
        window
            .until("the change is seen", async || {
                !window.eval("return window.seenAt").await.is_null()
            })
            .await;
        let seen_at = number(&window.eval("return window.seenAt").await);
        times.push((seen_at - changed_at.as_secs_f64() * 1000.0).max(0.0));
    }
    times
}

struct Frames {
    gaps: Vec<f64>,
    work: Vec<f64>,
}

/// A script that finds the slider: `send` sends it a pointer event of a type, at a share of its
/// width.
const SLIDER: &str = "
    const slider = document.querySelector('[data-testid=percent-slider]');
    const { left, top, width } = slider.getBoundingClientRect();
    slider.setPointerCapture = () => {};
    const send = (type, share) => slider.dispatchEvent(new PointerEvent(type, {
        bubbles: true, pointerId: 1, button: 0,
        clientX: left + share * width, clientY: top + 14,
    }));";

/// One move of a hand that goes over the slider again and again.
const MOVE: &str = "send('pointermove', 0.1 + 0.8 * (count % 100) / 100);";

/// Does something once a frame while the slider is held; takes the time between frames and that
/// spent on what was done.
async fn frames(window: &Window<'_>, done_each: &str) -> Frames {
    window.click("row-*").await;
    let measured = window
        .eval_later(&format!(
            "const done = arguments[0];
            {SLIDER}
            send('pointerdown', 0.1);
            const gaps = [], work = [];
            let last = performance.now(), count = 0;
            const frame = () => {{
                const start = performance.now();
                gaps.push(start - last);
                last = start;
                {done_each}
                // What it makes the page do comes with the next microtasks.
                queueMicrotask(() => work.push(performance.now() - start));
                count += 1;
                if (count < 240) return requestAnimationFrame(frame);
                send('pointercancel', 0.5);
                done({{ gaps: gaps.slice(2), work }});
            }};
            requestAnimationFrame(frame);"
        ))
        .await;
    Frames {
        gaps: numbers(&measured["gaps"]),
        work: numbers(&measured["work"]),
    }
}

/// The founding document.
fn founding() -> Value {
    json!({
        "enabled": true,
        "components": {
            "calculator": false, "tracker": false, "orchestrator": false,
            "ui": { "badges": false, "dashboard": false, "curationPanel": false }
        },
    })
}

/// A hundred groups of a hundred components, all described.
fn largest() -> Value {
    let names: Vec<String> = (0..100).map(|index| format!("component{index}")).collect();
    let mut components = serde_json::Map::new();
    let mut about = serde_json::Map::new();
    for group in 0..component_count() / names.len() {
        let switches = names
            .iter()
            .map(|name| (name.clone(), json!(group % 3 > 0)));
        components.insert(format!("area{group}"), Value::Object(switches.collect()));
        for name in &names {
            let said = json!({ "title": format!("What {name} is for"), "tags": ["many"] });
            about.insert(format!("area{group}.{name}"), said);
        }
    }
    json!({
        "enabled": true,
        "components": components,
        "rollout": { "percentage": 50, "userGroups": [], "strategy": "canary" },
        "about": about,
    })
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn numbers(values: &Value) -> Vec<f64> {
    values
        .as_array()
        .into_iter()
        .flatten()
        .map(number)
        .collect()
}

/// The median and the worst.
fn told(times: &[f64]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    let worst = sorted[sorted.len() - 1];
    format!("{median:6.1} ms, worst {worst:6.1} ms")
}
