//! A thousand streams at once: each is told of a change, kept awake, and resumed.

use std::time::Duration;

use flagdeck::http::Limits;

use crate::http_stream::{Stream, switch};
use crate::http_support::Running;
use crate::support::waiting::wait_until;

const STREAMS: usize = 1000;

#[test]
fn a_thousand_streams_are_told_kept_awake_and_resumed() {
    let server = Running::with_limits(Limits {
        heartbeat_time: Duration::from_secs(1),
        ..Limits::default()
    });
    let open = |headers: &[(&str, &str)]| -> Vec<Stream> {
        let streams = (0..STREAMS).map(|_| Stream::open_with(&server, headers));
        streams.collect()
    };
    let mut streams = open(&[]);
    for stream in &mut streams {
        assert_eq!(stream.event("flags")["revision"], 0);
    }
    switch(&server, true);
    let mut seen = String::new();
    for stream in &mut streams {
        stream.until("event: flags");
        seen = stream.until("id: ");
        stream.until(":");
    }
    drop(streams);
    wait_until("the places of all", || server.app.load().streams.get() == 0);

    let mut resumed = open(&[("Last-Event-ID", &seen)]);
    for stream in &mut resumed {
        stream.until("retry: ");
    }
    wait_until("all of them", || {
        server.app.load().streams.get() == STREAMS as u64
    });
    switch(&server, false);
    for stream in &mut resumed {
        assert_eq!(stream.event("flags")["revision"], 2, "nothing before that");
    }
    assert_eq!(server.app.load().streams_evicted.get(), 0);
}
