//! Frames as a table for other programs: a row for each component and arm, and for each source that
//! reported its memory.

use flagdeck_core::measure::{DURATION_EDGES_S, Spread, Tally};

use super::frame::{Frame, NameId};
use crate::csv;

/// Written after each row.
const NEWLINE: &str = "\r\n";

/// The columns before those of durations.
const FIRST: [&str; 6] = ["time", "seconds", "component", "arm", "completed", "failed"];

/// The columns after those of durations.
const LAST: [&str; 4] = [
    "confidence_mean",
    "source",
    "memory_bytes_mean",
    "memory_bytes_max",
];

/// Returns the row of headings.
pub(super) fn headings() -> String {
    let first = FIRST.iter().map(ToString::to_string);
    let last = LAST.iter().map(ToString::to_string);
    row(first.chain(durations()).chain(last))
}

/// Names the buckets of durations as the table of the charts does.
fn durations() -> impl Iterator<Item = String> {
    let below = [0.0].into_iter().chain(DURATION_EDGES_S);
    let between = below.zip(DURATION_EDGES_S);
    let between = between.map(|(from, to)| format!("durations_{from}_to_{to}_seconds"));
    let last = DURATION_EDGES_S[DURATION_EDGES_S.len() - 1];
    between.chain([format!("durations_over_{last}_seconds")])
}

/// Returns the rows of a frame that begins at `at_s` seconds since 1970; `name` gives the texts of
/// its names.
pub(super) fn rows<'a>(
    frame: &Frame,
    (at_s, step_s): (i64, u32),
    name: impl Fn(NameId) -> &'a str,
) -> Vec<String> {
    let time = jiff::Timestamp::from_second(at_s).unwrap_or_default();
    let begin = [time.to_string(), step_s.to_string()];
    let tallies = frame.by_component();
    let tallies = tallies.iter().map(|((component, arm), tally)| {
        let named = [name(*component).to_owned(), arm.as_str().to_owned()];
        row(begin
            .clone()
            .into_iter()
            .chain(named)
            .chain(tally_cells(tally)))
    });
    let memory = frame.memory.iter().map(|(source, spread)| {
        let empty = FIRST.len() - begin.len() + DURATION_EDGES_S.len() + 1 + 1;
        let cells = vec![String::new(); empty];
        let memory = [
            name(*source).to_owned(),
            mean(spread),
            spread.max.to_string(),
        ];
        row(begin.clone().into_iter().chain(cells).chain(memory))
    });
    tallies.chain(memory).collect()
}

fn tally_cells(tally: &Tally) -> impl Iterator<Item = String> {
    let completed: u64 = tally.durations.iter().sum();
    let counts = [completed, tally.errors].into_iter();
    let counts = counts.chain(tally.durations).map(|count| count.to_string());
    let confidence = mean(&tally.confidence);
    counts.chain([confidence, String::new(), String::new(), String::new()])
}

fn mean(spread: &Spread) -> String {
    spread
        .mean()
        .map_or_else(String::new, |mean| mean.to_string())
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    csv::row(cells.iter().map(String::as_str)) + NEWLINE
}

#[cfg(test)]
mod tests {
    use flagdeck_core::measure::{Arm, Calculation};

    use super::*;
    use crate::metrics::frame::SeriesKey;

    #[test]
    fn each_row_has_a_cell_for_each_heading() {
        let mut frame = Frame::default();
        let key = SeriesKey::without_source(1, Arm::Exposed);
        let tally = frame.tallies.entry(key).or_default();
        tally.record(&Calculation {
            duration_s: 0.25,
            confidence: 0.5,
            iterations: None,
        });
        tally.record_error();
        frame.memory.entry(2).or_default().record(2048.0);
        let name = |id| if id == 1 { "ui.badges" } else { "=web" };
        let rows = rows(&frame, (1_767_225_600, 60), name);
        assert_eq!(
            rows,
            [
                "2026-01-01T00:00:00Z,60,ui.badges,exposed,1,1,0,0,0,1,0,0,0,0,0.5,,,\r\n",
                "2026-01-01T00:00:00Z,60,,,,,,,,,,,,,,\"'=web\",2048,2048\r\n",
            ]
        );
        let cells = |row: &str| row.matches(',').count();
        assert!(rows.iter().all(|row| cells(row) == cells(&headings())));
        assert!(headings().contains(",durations_0.001_to_0.01_seconds,"));
    }
}
