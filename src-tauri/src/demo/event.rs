//! What the synthetic host reports: events, as Flagdeck's intake takes them.

use serde::Serialize;

/// What the host calls itself. Every face shows sources whose name begins with `synthetic-` as
/// made up.
pub const SOURCE: &str = "synthetic-demo";

/// Something that happened in the host.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
pub enum Event {
    /// A calculation ended well. Whether its user sees the component is left for Flagdeck to
    /// evaluate.
    #[serde(rename = "ml:calculation:complete")]
    Complete {
        /// How long it took.
        #[serde(rename = "duration")]
        duration_s: f64,
        /// 0.0 to 1.0.
        confidence: f64,
        /// Until the confidence was settled.
        iterations: u32,
        /// Of what, for whom.
        #[serde(flatten)]
        by: By,
    },
    /// A calculation failed.
    #[serde(rename = "ml:calculation:error")]
    Error {
        /// Of what, for whom.
        #[serde(flatten)]
        by: By,
    },
    /// How much memory the host uses.
    #[serde(rename = "ml:memory")]
    Memory {
        /// So much.
        bytes: u64,
    },
    /// A user used a result.
    #[serde(rename = "ml:usage")]
    Usage,
}

/// What calculated, and for whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct By {
    /// The path of the component.
    pub component: String,
    /// The user's id.
    pub user: String,
    /// The groups that the user belongs to.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub groups: &'static [&'static str],
}

/// Writes events as NDJSON: one a line, each with its source.
pub fn ndjson(events: &[Event]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        event: &'a Event,
        source: &'static str,
    }
    let mut text = Vec::new();
    for event in events {
        let line = Line {
            event,
            source: SOURCE,
        };
        serde_json::to_writer(&mut text, &line).expect("an event is plain data");
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_as_the_intake_takes_them() {
        let by = By {
            component: "ui.badges".into(),
            user: "user42".into(),
            groups: &["beta"],
        };
        let events = [
            Event::Complete {
                duration_s: 0.041,
                confidence: 0.83,
                iterations: 14,
                by: by.clone(),
            },
            Event::Error {
                by: By { groups: &[], ..by },
            },
            Event::Memory { bytes: 96_000_000 },
            Event::Usage,
        ];
        assert_eq!(
            String::from_utf8(ndjson(&events)).unwrap(),
            concat!(
                r#"{"type":"ml:calculation:complete","duration":0.041,"confidence":0.83,"iterations":14,"component":"ui.badges","user":"user42","groups":["beta"],"source":"synthetic-demo"}"#,
                "\n",
                r#"{"type":"ml:calculation:error","component":"ui.badges","user":"user42","source":"synthetic-demo"}"#,
                "\n",
                r#"{"type":"ml:memory","bytes":96000000,"source":"synthetic-demo"}"#,
                "\n",
                r#"{"type":"ml:usage","source":"synthetic-demo"}"#,
                "\n",
            )
        );
    }
}
