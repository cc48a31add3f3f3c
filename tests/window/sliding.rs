//! Who gains and who loses, while the slider moves over rosters: whether the window keeps its
//! frames, and how long after the hand the sentence comes.

use std::fmt::Write as _;
use std::fs;

use crate::measuring::sized;
use crate::rig::{Window, Workplace};
use crate::{MOVE, SLIDER, frames, numbers, told};

/// Users of the larger roster.
fn many() -> usize {
    sized(1_000_000, 5000)
}

#[expect(clippy::print_stdout, reason = "it is there to print")]
pub async fn measure() {
    for people in [4000, many()] {
        let place = Workplace::new();
        place.flagctl(&["master", "on"]);
        place.flagctl(&["set", "calculator", "on"]);
        place.flagctl(&["set", "ui.badges", "on"]);
        import(&place, people);
        let window = place.open().await;
        window.resize(1280, 800).await;
        window.click("nav-flags").await;
        window.click("row-*").await;
        println!("With a roster of {people} people in groups:");
        let first = lags(&window, 1).await;
        println!("  the first sentence         {}", told(&first));
        let lags = lags(&window, sized(60, 3)).await;
        println!("  from a move to its sentence{}", told(&lags));
        let still = frames(&window, "").await;
        println!("  frames at rest, the floor  {}", told(&still.gaps));
        let moving = frames(&window, MOVE).await;
        println!("  frames while dragging      {}", told(&moving.gaps));
        println!(
            "  the page's work on a move  {} (target 16 ms)",
            told(&moving.work)
        );
        window.close().await;
    }
}

/// Imports a roster with groups and weights.
fn import(place: &Workplace, people: usize) {
    let mut text = "id;groups;weight\n".to_owned();
    for at in 0..people {
        let groups = ["", "beta", "beta|staff", "eu"][at % 4];
        writeln!(text, "user-{at:08};{groups};{}", at % 3 + 1).expect("a text takes it");
    }
    let file = place.data_dir().with_file_name("people.csv");
    fs::write(&file, text).expect("a file");
    let file = file.to_str().expect("a name in UTF-8");
    place.flagctl(&["roster", "import", file, "--yes"]);
}

/// Moves the slider so often; takes the time from each move to the sentence about it.
async fn lags(window: &Window<'_>, moves: usize) -> Vec<f64> {
    let measured = window
        .eval_later(&format!(
            "const done = arguments[0];
            {SLIDER}
            const told = () =>
                document.querySelector('[data-testid=affected-sentence]')?.textContent;
            const lags = [];
            const move = () => {{
                const [before, start] = [told(), performance.now()];
                // Never twice the same, and far from where the slider snaps.
                send(lags.length === 0 ? 'pointerdown' : 'pointermove',
                    0.56 + 0.38 * ((lags.length + 1) * 17 % 41) / 41);
                const look = () => {{
                    const now = told();
                    if (!now || now === before || !now.includes('people'))
                        return performance.now() - start < 20000 ? setTimeout(look) : done([]);
                    lags.push(performance.now() - start);
                    if (lags.length < {moves}) return setTimeout(move, 50);
                    send('pointercancel', 0.5);
                    done(lags);
                }};
                look();
            }};
            move();"
        ))
        .await;
    numbers(&measured)
}
