//! Bytes that Flagdeck wrote itself, as a disk may give them back; and those of a connection.

use std::cell::RefCell;

use flagdeck::fuzzing;
use flagdeck::metrics::event::{Event, Labels};
use flagdeck::metrics::frame::{Frame, SeriesKey};
use flagdeck_core::chain::{Chain, keyframe as keyframe_of, text_of};
use flagdeck_core::measure::{Arm, Calculation};
use flagdeck_core::tree::{self, Tree};
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};

use super::kind;

pub const HTTP_WORDS: &[&str] = &[
    "GET ",
    "POST ",
    " HTTP/1.1\r\n",
    "HTTP/1.0",
    "Content-Length: 5\r\n",
    "Content-Length: 0005\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:identity\r\n",
    "Host: localhost\r\n",
    "\r\n\r\n",
    "\n\n",
    "5, 5",
    "+5",
    "18446744073709551616",
    " :",
    "\t",
];

fn before() -> Tree {
    before_value().into()
}

fn before_value() -> Value {
    let list: Vec<_> = (0..40)
        .map(|n| json!({"id": n, "name": format!("file {n}")}))
        .collect();
    json!({"version": "6.0.0", "list": list, "metrics": {"times": [1.5, 2, 3]}})
}

/// Steps from that tree to others: a value, a key, a list that moved on, one that is packed.
pub fn steps() -> Vec<Vec<u8>> {
    let chain = Chain::start(before());
    let after = |change: &dyn Fn(&mut Value)| {
        let mut value = before_value();
        change(&mut value);
        chain.encode(&value.into()).bytes
    };
    vec![
        after(&|_| {}),
        after(&|value| value["version"] = json!("6.0.1")),
        after(&|value| value["added"] = json!({"a": [null, true, -0.0]})),
        after(&|value| {
            let list = value["list"].as_array_mut().expect("a list");
            list.remove(0);
            list.push(json!({"id": 99, "name": "é"}));
        }),
        after(&|value| {
            let long: Vec<_> = (0..200).map(|n| json!(n * 7)).collect();
            value["metrics"]["times"] = json!(long);
        }),
        after(&|value| *value = json!([])),
    ]
}

/// A damaged step is refused, or leads to a tree that a step can lead on from.
pub fn step(bytes: &[u8]) -> u64 {
    let mut chain = Chain::start(before());
    let Ok(patch) = chain.peek(bytes) else {
        return kind("no step");
    };
    if chain.apply(&patch).is_err() {
        return kind("not of this tree");
    }
    let tree = chain.tree().clone();
    let back = chain.encode(&before()).bytes;
    chain.advance(&back).expect("it was encoded");
    assert_eq!(chain.tree(), &before());
    kind((patch.changes().min(30), tree::depth(&tree).min(9)))
}

pub fn keyframes() -> Vec<Vec<u8>> {
    let text = tree::write(&before());
    vec![
        keyframe_of(&text),
        text,
        keyframe_of(b"{}"),
        b"[1,2]".to_vec(),
    ]
}

/// A damaged keyframe is refused, or is a tree that is kept and opened again.
pub fn keyframe(bytes: &[u8]) -> u64 {
    let Ok(text) = text_of(bytes) else {
        return kind("not unpacked");
    };
    let Ok(chain) = Chain::open(bytes) else {
        return kind("no tree");
    };
    assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok());
    let kept = keyframe_of(&tree::write(chain.tree()));
    let again = Chain::open(&kept).expect("it was kept");
    assert_eq!(again.tree(), chain.tree());
    kind(tree::depth(chain.tree()).min(30))
}

fn calculation(duration_s: f64) -> Calculation {
    Calculation {
        duration_s,
        confidence: 0.75,
        iterations: Some(14),
    }
}

pub fn frames() -> Vec<Vec<u8>> {
    let mut full = Frame::default();
    for component in 0..3 {
        for arm in [Arm::Unknown, Arm::Exposed, Arm::Control] {
            let tally = full
                .tallies
                .entry(SeriesKey {
                    component,
                    arm,
                    source: 1,
                })
                .or_default();
            tally.record(&calculation(0.2 * f64::from(component)));
            tally.record_error();
        }
    }
    full.memory.entry(1).or_default().record(5e6);
    full.own_memory.record(4e7);
    let packed = [Frame::default().pack(), full.pack()];
    packed.map(|bytes| without_hash(&bytes)).into()
}

/// Bytes of the hash at the end of a frame.
const HASH_BYTES: usize = 8;

fn without_hash(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() - HASH_BYTES].to_vec()
}

/// A frame whose hash holds is refused, or packed and unpacked again as the same bytes; with a
/// wrong hash it is none.
pub fn frame(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    let mut whole = [bytes, &hash.as_bytes()[..HASH_BYTES]].concat();
    let Some(frame) = Frame::unpack(&whole) else {
        return kind("no frame");
    };
    let packed = frame.pack();
    let again = Frame::unpack(&packed).expect("it was packed");
    assert_eq!(again.pack(), packed, "packed and unpacked again");
    let last = whole.len() - 1;
    whole[last] ^= 1;
    assert_eq!(Frame::unpack(&whole), None, "a wrong hash");
    kind((
        frame.tallies.len().min(9),
        frame.memory.len().min(9),
        frame.own_memory.count.min(3),
    ))
}

pub fn logs() -> Vec<Vec<u8>> {
    let labels = |component: &str| Labels {
        source: "kc-web".into(),
        component: component.into(),
        arm: Arm::Exposed,
    };
    let events = vec![
        Event::Complete(labels("ui.badges"), calculation(0.5)),
        Event::Error(labels("")),
        Event::Memory("kc-web".into(), 1e6),
        Event::Usage("batch".into()),
    ];
    let pack = |events: &[Event]| postcard::to_allocvec(events).expect("plain data");
    vec![pack(&[]), pack(&events[..1]), pack(&events)]
}

/// A damaged batch of the log is refused, or written and read again as the same bytes.
pub fn log(bytes: &[u8]) -> u64 {
    let Ok(events) = postcard::from_bytes::<Vec<Event>>(bytes) else {
        return kind("no batch");
    };
    let packed = postcard::to_allocvec(&events).expect("plain data");
    let again: Vec<Event> = postcard::from_bytes(&packed).expect("it was written");
    assert_eq!(postcard::to_allocvec(&again).expect("plain data"), packed);
    let kinds = events.iter().map(std::mem::discriminant);
    kind(kinds.take(6).collect::<Vec<_>>())
}

/// Which heads pass, and why one does not, is the same however the bytes arrive; and what passes
/// is what came, with the stand-in for a refused head at the end.
pub fn http(bytes: &[u8]) -> u64 {
    thread_local! {
        static RUNTIME: RefCell<Runtime> = RefCell::new(
            runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"),
        );
    }
    RUNTIME.with_borrow(|runtime| {
        let _entered = runtime.enter();
        let whole = fuzzing::http_heads(&[bytes]);
        let few_bytes = 1 + bytes.len() / 500;
        for length in [few_bytes, 7 * few_bytes, bytes.len() / 2 + 1] {
            let pieces: Vec<&[u8]> = bytes.chunks(length).collect();
            assert_eq!(fuzzing::http_heads(&pieces), whole, "in pieces of {length}");
        }
        let (passed, refusal) = whole;
        let stand_in: &[u8] = match refusal {
            Some(_) => b"REFUSED / HTTP/1.1\r\n\r\n",
            None => b"",
        };
        let passed = passed.strip_suffix(stand_in).expect("the stand-in is last");
        assert!(bytes.starts_with(passed), "what passes is what came");
        kind((refusal, passed.is_empty(), passed.len() == bytes.len()))
    })
}
