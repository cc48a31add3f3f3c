//! Listens to what a running Flagdeck announces, for restores of the synthetic host's state.

use std::io::{self, BufRead, Read};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::remote::{CallError, Flagdeck};
use flagdeck::demo::event::SOURCE;

/// What is announced when the host is asked to become something else.
const RESTORED: &str = "ml:state:restored";

/// Before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Bytes of a line; no announcement has longer ones.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// A restore that the host is asked to take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Restore {
    /// Its number, to confirm it with.
    #[serde(rename = "restore")]
    pub id: u64,
    /// The path of the requested state, on the Flagdeck that sent the event.
    pub href: String,
}

/// Tells `restored` of every restore, until it wants no more of them, or Flagdeck is one that
/// announces nothing.
pub fn listen(flagdeck: &Flagdeck, mut restored: impl FnMut(Restore) -> bool) {
    loop {
        match flagdeck.announcements() {
            Ok(stream) => {
                let mut restores = Restores { stream };
                if !restores.all(&mut restored) {
                    return;
                }
            }
            Err(CallError::Stateless { .. }) => return,
            // Whether Flagdeck is there is the courier's concern.
            Err(_) => {}
        }
        thread::sleep(PAUSE);
    }
}

/// The restores in a stream of events, as the HTML standard writes them.
struct Restores<S> {
    stream: S,
}

impl<S: BufRead> Iterator for Restores<S> {
    type Item = Restore;

    /// Returns the next; none if the stream ends or breaks off.
    fn next(&mut self) -> Option<Restore> {
        let (mut event, mut data) = (String::new(), String::new());
        loop {
            let line = self.line().ok()??;
            match line.split_once(':').unwrap_or((&line, "")) {
                ("event", name) => event = unpadded(name).to_owned(),
                ("data", text) => data += unpadded(text),
                ("", "") if line.is_empty() => {
                    if let Some(restore) = restore(&event, &data) {
                        return Some(restore);
                    }
                    event.clear();
                    data.clear();
                }
                // A comment, which keeps the connection alive, or a field that says nothing here.
                _ => {}
            }
        }
    }
}

impl<S: BufRead> Restores<S> {
    /// Reads a line; none at the end.
    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let read = self
            .stream
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_line(&mut line)?;
        if read > 0 && !line.ends_with('\n') {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        Ok((read > 0).then_some(line))
    }
}

fn unpadded(value: &str) -> &str {
    value.strip_prefix(' ').unwrap_or(value)
}

/// Reads an event; `None` if it is no restore of the host's state.
fn restore(event: &str, data: &str) -> Option<Restore> {
    #[derive(Deserialize)]
    struct Restored {
        source: String,
        #[serde(flatten)]
        restore: Restore,
    }
    if event != RESTORED {
        return None;
    }
    let restored: Restored = serde_json::from_str(data).ok()?;
    // Only a path: the token is sent to no other host.
    let is_of_host = restored.source == SOURCE && restored.restore.href.starts_with('/');
    is_of_host.then_some(restored.restore)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restores(text: &str) -> Vec<u64> {
        let stream = text.as_bytes();
        Restores { stream }.map(|restore| restore.id).collect()
    }

    #[test]
    fn restores_of_the_host_are_heard_among_everything_else() {
        let text = concat!(
            ": hello\n\n",
            "event: flags\nid: 3\ndata: {\"revision\":3}\n\n",
            "event: ml:state:restored\n",
            "data: {\"restore\":7,\"source\":\"synthetic-demo\",\"href\":\"/x/7\"}\n\n",
            "event: ml:state:restored\n",
            "data: {\"restore\":8,\"source\":\"other\",\"href\":\"/x/8\"}\n\n",
            "event: ml:state:restored\n",
            "data: {\"restore\":6,\"source\":\"synthetic-demo\",\"href\":\"http://x/6\"}\n\n",
            "event:ml:state:restored\r\ndata:{\"restore\":9,\r\n",
            "data:\"source\":\"synthetic-demo\",\"href\":\"/x/9\"}\r\n\r\n",
            ":\n\nevent: ml:state:restored\ndata: nonsense\n\n",
            "event: ml:state:restored\ndata: {\"restore\":10,\"source\":\"synthetic-demo\",\"href\":\"/\"}\n",
        );
        assert_eq!(restores(text), [7, 9], "the last one breaks off");
    }

    #[test]
    fn a_line_without_end_ends_the_stream() {
        let endless = "x".repeat(2 * LINE_BYTES_MAX as usize);
        assert_eq!(restores(&endless), [0; 0]);
    }
}
