//! Files that are whole, cut, flipped, altered, of a later layout, or something else.

use flagdeck_core::FlagDocument;
use serde_json::json;

use super::*;
use crate::store::sqlite::seal;
use crate::store::{Actor, Cause, Via};

fn draft(at_ms: i64, document: &str) -> Draft {
    Draft {
        at_ms,
        actor: Actor {
            via: Via::Http,
            name: "Ada \"the\" first\n".into(),
        },
        cause: Cause::Undo(RevisionNumber(1)),
        note: Some("why".into()),
        changes: vec!["Master switch on".into()],
        document: document.as_bytes().into(),
        followed: Some(r#"{"address": "https://team.example"}"#.into()),
    }
}

fn documents() -> [String; 2] {
    let default = FlagDocument::default();
    let on = FlagDocument {
        enabled: true,
        ..FlagDocument::default()
    };
    [default, on].map(|document| String::from_utf8(document.to_bytes()).unwrap())
}

/// Revisions of documents, each with the hash of its row.
fn kept(documents: &[String]) -> Vec<Kept> {
    let mut previous = NO_HASH;
    let mut kept = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        let draft = draft(at as i64, document);
        previous = seal(RevisionNumber(at as u64 + 1), &draft, &previous);
        kept.push((draft, previous));
    }
    kept
}

fn written(kept: &[Kept]) -> Result<Vec<u8>, WorkspaceError> {
    let settings = BTreeMap::from([("http.port".to_owned(), json!(4700))]);
    let mut writer = Writer::begin(settings)?;
    for (at, (draft, hash)) in kept.iter().enumerate() {
        writer.revision(RevisionNumber(at as u64 + 1), draft.clone(), hash)?;
    }
    writer.snapshots("shop".into(), 2, r#"{"snapshots": []}"#.into())?;
    Ok(writer.end()?.0)
}

/// Unpacks a file, changes its text, and packs it again.
fn rewritten(bytes: &[u8], change: impl Fn(String) -> String) -> Vec<u8> {
    let text = String::from_utf8(zstd::decode_all(bytes).unwrap()).unwrap();
    zstd::encode_all(change(text).as_bytes(), 1).unwrap()
}

#[track_caller]
fn refusal(bytes: Vec<u8>) -> String {
    Workspace::open(bytes).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read_again() {
    let kept = kept(&documents());
    let workspace = Workspace::open(written(&kept).unwrap()).unwrap();
    assert_eq!((workspace.revisions, workspace.snapshots()), (2, 2));
    assert_eq!(workspace.settings["http.port"], json!(4700));
    let read: Result<Vec<Kept>, _> = workspace.each_revision().unwrap().collect();
    for ((one, hash), (other, other_hash)) in read.unwrap().iter().zip(&kept) {
        assert_eq!(
            (one.at_ms, &one.actor, one.cause),
            (other.at_ms, &other.actor, other.cause)
        );
        assert_eq!((&one.note, &one.changes), (&other.note, &other.changes));
        assert_eq!((&one.document, hash), (&other.document, other_hash));
        assert_eq!(one.followed, other.followed);
    }
    let mut sources = Vec::new();
    let each = workspace.each_source::<WorkspaceError>(|of, bundle| {
        sources.push((of.to_owned(), bundle.to_owned()));
        Ok(())
    });
    each.unwrap();
    assert_eq!(
        sources,
        [("shop".to_owned(), r#"{"snapshots": []}"#.to_owned())]
    );
}

#[test]
fn no_end_and_no_bit_can_be_lost() {
    let bytes = written(&kept(&documents())).unwrap();
    for length in 0..bytes.len() {
        assert!(
            Workspace::open(bytes[..length].to_vec()).is_err(),
            "{length} bytes"
        );
    }
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        let Ok(read) = Workspace::open(flipped) else {
            continue;
        };
        // A bit that means nothing, such as a reserved one of the frame, changes nothing.
        let whole: Vec<Kept> = read.each_revision().unwrap().map(Result::unwrap).collect();
        assert_eq!(whole.len(), 2, "bit {at}");
    }
    let mut longer = bytes.clone();
    longer.extend(b"more");
    assert!(Workspace::open(longer).is_err());
    let twice = [bytes.clone(), bytes].concat();
    assert_eq!(
        refusal(twice),
        "the file is damaged or was altered (something follows its end); nothing was imported"
    );
}

#[test]
fn a_file_that_was_altered_says_what_does_not_match() {
    let bytes = written(&kept(&documents())).unwrap();
    let said = |from: &str, to: &str| {
        let told = refusal(rewritten(&bytes, |text| {
            assert!(text.contains(from), "{text}");
            text.replacen(from, to, 1)
        }));
        let told = told
            .strip_prefix("the file is damaged or was altered (")
            .unwrap()
            .to_owned();
        told.strip_suffix("); nothing was imported")
            .unwrap()
            .to_owned()
    };
    assert_eq!(said("4700", "4701"), "its settings do not match their hash");
    assert_eq!(
        said(r#""why""#, r#""who""#),
        "revision 1 does not match its hash"
    );
    assert_eq!(
        said(r#""revision":2"#, r#""revision":3"#),
        "revision 2 is missing"
    );
    assert_eq!(
        said(r#""of":"shop""#, r#""of":"shoq""#),
        "its snapshots do not match their hash"
    );
    assert_eq!(
        said(r#"{"end""#, r#"{"and""#).split(':').next(),
        Some("a line cannot be read")
    );
    let swapped = refusal(rewritten(&bytes, |text| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.swap(1, 2);
        lines.join("\n") + "\n"
    }));
    assert!(swapped.contains("in another order"), "{swapped}");
}

#[test]
fn only_a_workspace_of_a_known_layout_is_read() {
    let bytes = written(&kept(&documents())).unwrap();
    let newer = rewritten(&bytes, |text| {
        text.replacen(r#""version":1"#, r#""version":2"#, 1)
    });
    assert_eq!(
        refusal(newer),
        "the file is of a newer Flagdeck; update Flagdeck to import it"
    );
    let other = "the file is not a workspace that Flagdeck exported";
    for bytes in [
        Vec::new(),
        b"{}".to_vec(),
        zstd::encode_all(
            &b"{\"format\": \"flagdeck-snapshots\", \"version\": 1}\n"[..],
            1,
        )
        .unwrap(),
        zstd::encode_all(&b"\n"[..], 1).unwrap(),
    ] {
        assert_eq!(refusal(bytes), other);
    }
}

#[test]
fn a_document_that_is_not_valid_is_refused() {
    let [first, _] = documents();
    let invalid = first.replace(r#""percentage":0"#, r#""percentage":101"#);
    let refused = written(&kept(&[first, invalid])).unwrap_err().to_string();
    assert_eq!(
        refused,
        "the workspace cannot be exported: the document of revision 2 is not valid"
    );
}

#[test]
fn counts_of_snapshots_that_are_none_do_no_harm() {
    let mut writer = Writer::begin(BTreeMap::new()).unwrap();
    for source in ["shop", "till"] {
        let bundle = r#"{"snapshots": []}"#.into();
        writer.snapshots(source.into(), u64::MAX, bundle).unwrap();
    }
    let (_, workspace) = writer.end().unwrap();
    assert_eq!(workspace.snapshots(), u64::MAX);
}

#[test]
fn a_small_file_that_unpacks_to_more_than_a_line_is_refused() {
    let line = std::io::Read::take(std::io::repeat(b' '), limits::LINE_BYTES_MAX as u64 + 10);
    let head = &b"{\"format\":\"flagdeck-workspace\",\"version\":1}\n"[..];
    let packed = zstd::encode_all(std::io::Read::chain(head, line), 1).unwrap();
    assert!(packed.len() < 100_000);
    assert!(refusal(packed).contains("larger than 256 MiB"));
}
