//! Bytes as people and programs hand them over: byte order marks, line ends, blank lines, blanks.

use flagdeck_core::TextError;
use flagdeck_core::text::{Reading, lines, read, unmarked};
use flagdeck_core::{groups, text};
use proptest::prelude::*;

/// Reads lines, and says them and what was done.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &[&str], said: &str) {
    let mut lines = lines(bytes.as_ref()).expect("it is UTF-8");
    let mut found = Vec::new();
    while let Some(line) = lines.next_text().expect("it is UTF-8") {
        found.push(line);
    }
    assert_eq!(found, expected);
    assert_eq!(lines.reading().to_string(), said);
}

#[test]
fn lines_are_the_same_however_they_end() {
    check("a\nb\n", &["a", "b"], "");
    check("a\nb", &["a", "b"], "");
    check("a\r\nb\r\n", &["a", "b"], "CRLF was read as a line end");
    check("a\r\nb\n", &["a", "b"], "CRLF was read as a line end");
    check("a\rb\r", &["a", "b"], "CR was read as a line end");
    check(
        "a\rb\r\nc",
        &["a", "b", "c"],
        "CRLF and CR were read as line ends",
    );
    check("", &[], "");
    // Line ends of Unicode are text: JSON and ids may hold them.
    let odd = "a\u{2028}b\u{85}c\u{b}d\u{c}e";
    check(odd, &[odd], "");
}

#[test]
fn marks_and_blank_lines_are_passed_over_and_told() {
    check("\u{feff}a\n", &["a"], "skipped 1 byte order mark");
    check("\u{feff}\u{feff}a", &["a"], "skipped 2 byte order marks");
    // As `cat` joins files.
    check(
        "\u{feff}a\n\u{feff}b\n",
        &["a", "b"],
        "skipped 2 byte order marks",
    );
    check(
        "\n a\n \t\n\u{a0}\u{3000}\n\u{b}\u{c}\nb\n\n",
        &[" a", "b"],
        "skipped 5 blank lines; 1 line begins or ends with blanks, which count",
    );
    check(
        "\u{feff}\r\n",
        &[],
        "skipped 1 byte order mark and 1 blank line; CRLF was read as a line end",
    );
    check("\u{feff}", &[], "skipped 1 byte order mark");
}

#[test]
fn blanks_and_marks_inside_a_line_are_kept() {
    check(
        "a \r\n\tb\nc d\n\u{a0}e\n",
        &["a ", "\tb", "c d", "\u{a0}e"],
        "CRLF was read as a line end; 3 lines begin or end with blanks, which count",
    );
    check("a\u{feff}b\n", &["a\u{feff}b"], "");
}

#[test]
fn a_whole_text_loses_its_mark_and_nothing_else() {
    let (text, reading) = read("\u{feff}{\r\n}\r\n".as_bytes()).expect("it is UTF-8");
    assert_eq!(text, "{\r\n}\r\n");
    assert_eq!(reading.to_string(), "skipped 1 byte order mark");
    assert_eq!(read(b" a "), Ok((" a ", Reading::default())));
}

#[test]
fn another_encoding_is_named() {
    let utf_16 = |text: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    };
    let utf_32 = |text: &str| -> Vec<u8> {
        let units = text.chars().map(u32::from);
        units.flat_map(u32::to_le_bytes).collect()
    };
    for text in ["\u{feff}user1\n", "user1\n", "{}", "\u{feff}{\"é\":1}"] {
        for bytes in [
            utf_16(text, u16::to_le_bytes),
            utf_16(text, u16::to_be_bytes),
        ] {
            let encoding = "UTF-16";
            let refused = Some(TextError::OtherEncoding { encoding });
            assert_eq!(read(&bytes).err(), refused, "{text:?}");
            assert_eq!(lines(&bytes).err(), refused, "{text:?}");
        }
        let refused = unmarked(&utf_32(text)).expect_err("it is UTF-32");
        assert_eq!(refused.to_string(), "is UTF-32; save it as UTF-8");
    }
}

#[test]
fn a_compressed_file_is_named_whatever_reads_it() {
    let gzip: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0";
    let zip = b"PK\x03\x04\x14\0";
    for (bytes, said) in [
        (gzip, "is compressed with gzip; unpack it first"),
        (
            b"\x28\xb5\x2f\xfd\x04",
            "is compressed with zstd; unpack it first",
        ),
        (b"\xfd7zXZ\0", "is compressed with xz; unpack it first"),
        (
            zip,
            "is a zip archive, as spreadsheets in .xlsx files are; save it as text",
        ),
    ] {
        assert_eq!(text::read(bytes).unwrap_err().to_string(), said);
        assert_eq!(text::unmarked(bytes).unwrap_err().to_string(), said);
        assert_eq!(text::lines(bytes).err().unwrap().to_string(), said);
    }
    assert!(text::read(b"PK\x03").is_ok() && text::read(b"7zXZ").is_ok());
}

#[test]
fn what_is_not_utf_8_is_told_with_its_place() {
    for (bytes, line, byte) in [
        (&b"\xFF"[..], 1, 1),
        (b"ab\r\n\r\ncd\xE4\n", 3, 3),
        (b"a\rb\rc\xC3", 3, 2),
        // A surrogate, as some programs write half an emoji.
        (b"a\n\xED\xA0\xBD\n", 2, 1),
    ] {
        let refused = TextError::NotUtf8 { line, byte };
        assert_eq!(read(bytes), Err(refused));
        let mut lines = lines(bytes).expect("it is not another encoding");
        let found = loop {
            match lines.next_text() {
                Ok(Some(_)) => {}
                other => break other,
            }
        };
        assert_eq!(found, Err(refused));
    }
}

#[test]
fn blanks_around_the_names_of_groups_are_no_part_of_them() {
    assert_eq!(groups::split("other, staff"), ["other", "staff"]);
    assert_eq!(
        groups::split(" a b ,\t,,\u{a0}c\u{3000}\n"),
        ["a b", "c"],
        "blanks inside a name are"
    );
    assert!(groups::split("").is_empty());
    assert!(groups::split(" , ").is_empty());
    assert_eq!(groups::trimmed([" staff", "a,b", " "]), ["staff", "a,b"]);
}

/// Bytes of which many are marks, line ends and blanks.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            "\n", "\r", "\r\n", "\u{feff}", " ", "\t", "\u{b}", "\u{a0}", "a", "用", "\0",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Reads lines as the rule says it, at leisure.
fn plainly(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mark: String = "\u{feff}".bytes().map(char::from).collect();
    let lines = text.split('\n').map(|line| line.trim_start_matches(&mark));
    let lines = lines.map(|line| line.chars().map(|byte| byte as u8).collect());
    let is_text = |line: &Vec<u8>| match str::from_utf8(line) {
        Ok(text) => !text.trim().is_empty(),
        Err(_) => true,
    };
    lines.filter(is_text).collect()
}

proptest! {
    /// Lines are what was there, but for marks, line ends and blank lines.
    #[test]
    fn lines_lose_marks_ends_and_blank_lines_alone(bytes in bytes()) {
        match lines(&bytes) {
            Ok(lines) => {
                let found: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
                prop_assert_eq!(found, plainly(&bytes));
            }
            Err(error) => prop_assert_eq!(Some(error), read(&bytes).err()),
        }
    }

    /// What a reading counts is what is missing from the lines.
    #[test]
    fn what_is_told_accounts_for_every_byte(bytes in bytes()) {
        let Ok(mut lines) = lines(&bytes) else { return Ok(()) };
        let kept: usize = lines.by_ref().map(<[u8]>::len).sum();
        let Reading { marks, crlf, cr, .. } = lines.reading();
        let lf = bytes.iter().filter(|byte| **byte == b'\n').count() - crlf;
        let ends = 2 * crlf + cr + lf;
        let blanks = bytes.len().checked_sub(kept + 3 * marks + ends);
        prop_assert!(blanks.is_some(), "more is told than was there");
        if lines.reading().blank_lines == 0 {
            prop_assert_eq!(blanks, Some(0));
        }
    }

    /// The same text is read from its bytes whole and by line, or refused at the same place.
    #[test]
    fn a_text_is_read_whole_as_by_line(bytes in bytes()) {
        let whole = read(&bytes).map(|(text, _)| text);
        let mut by_line = match text::lines(&bytes) {
            Ok(lines) => lines,
            Err(error) => {
                prop_assert_eq!(whole, Err(error));
                return Ok(());
            }
        };
        let end = loop {
            match by_line.next_text() {
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        prop_assert_eq!(whole.err().is_some(), end.is_some());
    }
}
