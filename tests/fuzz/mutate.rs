//! Inputs out of examples: bytes and pieces of text moved, repeated, left out and exchanged.
//!
//! Knows nothing of JSON but where its pieces end, and which numbers and texts are troublesome.

use fastrand::Rng;

/// Longer inputs are cut.
const INPUT_BYTES_MAX: usize = 16 * 1024;
/// Changes to one input.
const STEPS_MAX: usize = 8;
/// How often a piece is repeated.
const REPEATS_MAX: usize = 300;

/// Texts that readers of numbers, strings, lines and keys trip over.
const TROUBLE: &[&str] = &[
    "0",
    "-0",
    "1.0",
    "1e2",
    "14.0",
    "-1",
    "0.1",
    "1e400",
    "1e-400",
    // Exponents at the ends of 128 bits.
    "1e170141183460469231731687303715884105727",
    "0.1e-170141183460469231731687303715884105728",
    "5e-324",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "0.1000000000000000055511151231257827",
    "12345678901234567890123",
    "NaN",
    "Infinity",
    "01",
    "1.",
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "\"\"",
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ud83d\\ude00\"",
    "\"\\u0000\"",
    "\"\u{1b}[2J\"",
    "\"__proto__\"",
    "\"constructor\"",
    "\"é\"",
    "\"e\u{301}\"",
    "\"😀\"",
    "\u{feff}",
    "\r\n",
    "\r",
    "\n",
    "\n\n",
    "\t",
    " ",
    "\0",
    "\u{2028}",
    ",",
    ":",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ".",
    "/",
    "~",
    "~1",
    "=",
    "#",
];

/// Makes inputs, always the same ones for a seed.
pub struct Mutator {
    rng: Rng,
    /// Words that the target has a meaning for.
    words: &'static [&'static str],
}

impl Mutator {
    pub fn new(seed: u64, words: &'static [&'static str]) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            words,
        }
    }

    /// Makes one of the examples another input.
    pub fn input(&mut self, examples: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.rng.choice(examples).cloned().unwrap_or_default();
        for _ in 0..self.rng.usize(1..=STEPS_MAX) {
            self.change(&mut input, examples);
            input.truncate(INPUT_BYTES_MAX);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, examples: &[Vec<u8>]) {
        match self.rng.u8(0..12) {
            0 => self.flip_bit(input),
            1 => self.insert_bytes(input),
            2 => self.remove_range(input),
            3 => self.repeat_range(input),
            4 => self.cut(input),
            5 => self.splice(input, examples),
            6 | 7 => self.exchange_piece(input),
            8 => self.insert_word(input),
            9 => self.swap_pieces(input),
            10 => self.remove_piece(input),
            _ => self.wrap_piece(input),
        }
    }

    fn flip_bit(&mut self, input: &mut [u8]) {
        if !input.is_empty() {
            let at = self.rng.usize(..input.len());
            input[at] ^= 1 << self.rng.u8(..8);
        }
    }

    fn insert_bytes(&mut self, input: &mut Vec<u8>) {
        let at = self.rng.usize(..=input.len());
        let bytes: Vec<u8> = (0..self.rng.usize(1..5)).map(|_| self.rng.u8(..)).collect();
        input.splice(at..at, bytes);
    }

    fn remove_range(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input.len());
        input.drain(range);
    }

    fn repeat_range(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input.len().min(64));
        let piece = input[range.clone()].to_vec();
        let times = self.rng.usize(1..=REPEATS_MAX);
        let at = self.rng.usize(..=input.len());
        input.splice(at..at, piece.repeat(times));
    }

    fn cut(&mut self, input: &mut Vec<u8>) {
        input.truncate(self.rng.usize(..=input.len()));
    }

    /// Puts a part of another example into this one.
    fn splice(&mut self, input: &mut Vec<u8>, examples: &[Vec<u8>]) {
        let Some(other) = self.rng.choice(examples) else {
            return;
        };
        let part = other[self.range(other.len())].to_vec();
        let range = self.range(input.len());
        input.splice(range, part);
    }

    fn exchange_piece(&mut self, input: &mut Vec<u8>) {
        if let Some(piece) = self.piece(input) {
            let word = self.word();
            input.splice(piece, word);
        }
    }

    fn insert_word(&mut self, input: &mut Vec<u8>) {
        let at = self.rng.usize(..=input.len());
        let word = self.word();
        input.splice(at..at, word);
    }

    fn swap_pieces(&mut self, input: &mut Vec<u8>) {
        let (Some(one), Some(other)) = (self.piece(input), self.piece(input)) else {
            return;
        };
        let (first, last) = match one.start <= other.start {
            true => (one, other),
            false => (other, one),
        };
        if first.end <= last.start {
            let (early, late) = (input[first.clone()].to_vec(), input[last.clone()].to_vec());
            input.splice(last, early);
            input.splice(first, late);
        }
    }

    fn remove_piece(&mut self, input: &mut Vec<u8>) {
        if let Some(piece) = self.piece(input) {
            input.drain(piece);
        }
    }

    /// Nests a piece deeper.
    fn wrap_piece(&mut self, input: &mut Vec<u8>) {
        let Some(piece) = self.piece(input) else {
            return;
        };
        let depth = match self.rng.bool() {
            true => self.rng.usize(1..4),
            false => self.rng.usize(1..200),
        };
        let (open, close): (&[u8], &[u8]) = match self.rng.bool() {
            true => (b"[", b"]"),
            false => (b"{\"a\":", b"}"),
        };
        let inside = input[piece.clone()].to_vec();
        let wrapped = [open.repeat(depth), inside, close.repeat(depth)].concat();
        input.splice(piece, wrapped);
    }

    fn word(&mut self) -> Vec<u8> {
        let words = match self.rng.bool() && !self.words.is_empty() {
            true => self.words,
            false => TROUBLE,
        };
        let word = self.rng.choice(words).copied().unwrap_or_default();
        word.as_bytes().to_vec()
    }

    /// Picks what stands between two separators: a number, a word, a text without blanks.
    fn piece(&mut self, input: &[u8]) -> Option<std::ops::Range<usize>> {
        if input.is_empty() {
            return None;
        }
        let from = self.rng.usize(..input.len());
        let start = from + input[from..].iter().position(|byte| !separates(*byte))?;
        let length = input[start..].iter().position(|byte| separates(*byte));
        let end = length.map_or(input.len(), |length| start + length);
        Some(start..end)
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let (one, other) = (self.rng.usize(..=length), self.rng.usize(..=length));
        one.min(other)..one.max(other)
    }
}

fn separates(byte: u8) -> bool {
    matches!(
        byte,
        b'{' | b'}' | b'[' | b']' | b',' | b':' | b' ' | b'\n' | b'\r' | b'='
    )
}
