//! Bytes of a patch, and back.
//!
//! Compact before compression: whole numbers in as few bytes as they need, decimals as mantissa and
//! exponent, members by their place if that is one byte. The result is packed by zstd with the text
//! of the chain's first tree as its dictionary, which has most keys and texts already. Reading is
//! total: any bytes give a patch or [`Damaged`], within bounded memory.

use std::borrow::Cow;

use super::{Members, Patch, Piece};
use crate::limits::{HISTORY_DEPTH_MAX, PATCH_BYTES_MAX};
use crate::tree::{Number, Object, Tree};

/// Bytes that are no patch of the tree they are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the history is damaged")]
pub struct Damaged;

/// Members whose place is written instead of their key: those whose place is one byte.
const PLACED_MEMBERS: usize = 0x7f;

/// What begins a patch.
mod kind {
    pub(super) const SAME: u8 = 0;
    pub(super) const REPLACE: u8 = 1;
    pub(super) const MEMBERS: u8 = 2;
    pub(super) const ELEMENTS: u8 = 3;
}

/// What begins a run of elements.
mod piece {
    pub(super) const KEEP: u8 = 0;
    pub(super) const DROP: u8 = 1;
    pub(super) const ADD: u8 = 2;
    pub(super) const CHANGE: u8 = 3;
}

/// What begins a value. From [`value::SMALL`] on, it is a small whole number itself.
mod value {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const POSITIVE: u8 = 3;
    pub(super) const NEGATIVE: u8 = 4;
    pub(super) const FLOAT: u8 = 5;
    pub(super) const TEXT: u8 = 6;
    pub(super) const LIST: u8 = 7;
    pub(super) const OBJECT: u8 = 8;
    /// With its literal.
    pub(super) const NUMBER: u8 = 9;
    /// With so many decimals, 0 to 6; the mantissa follows.
    pub(super) const DECIMAL: u8 = 16;
    pub(super) const MOST_DECIMALS: u8 = 6;
    /// The same of a number below zero.
    pub(super) const NEGATIVE_DECIMAL: u8 = 24;
    pub(super) const SMALL: u8 = 32;
}

/// Writes a patch of `before`.
pub fn write(patch: &Patch<'_>, before: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_patch(patch, before, &mut bytes);
    bytes
}

fn write_patch(patch: &Patch<'_>, before: &Tree, bytes: &mut Vec<u8>) {
    match (patch, before) {
        (Patch::Members(members), Tree::Object(old)) => {
            bytes.push(kind::MEMBERS);
            write_members(members, old, bytes);
        }
        (Patch::Elements(pieces), Tree::Array(old)) => {
            bytes.push(kind::ELEMENTS);
            write_pieces(pieces, old, bytes);
        }
        (Patch::Replace(value), _) => {
            bytes.push(kind::REPLACE);
            write_value(value, bytes);
        }
        _ => bytes.push(kind::SAME),
    }
}

fn write_members(members: &Members<'_>, old: &Object, bytes: &mut Vec<u8>) {
    let removed: Vec<&str> = members.removed.iter().map(|key| &**key).collect();
    let changed: Vec<&str> = members.changed.iter().map(|(key, _)| &**key).collect();
    write_number(removed.len() as u64, bytes);
    write_keys(&removed, old, bytes);
    write_number(changed.len() as u64, bytes);
    write_keys(&changed, old, bytes);
    for (key, patch) in &members.changed {
        write_patch(patch, old.get(key).unwrap_or(&Tree::Null), bytes);
    }
    write_number(members.added.len() as u64, bytes);
    let stay = old.len() - members.removed.len();
    for (nth, (place, key, value)) in members.added.iter().enumerate() {
        // 0 stands for the end, where most are added.
        let is_last = *place == stay + nth;
        write_number(if is_last { 0 } else { *place as u64 + 1 }, bytes);
        write_text(key, bytes);
        write_value(value, bytes);
    }
}

/// Writes existing keys in their order.
fn write_keys(keys: &[&str], old: &Object, bytes: &mut Vec<u8>) {
    let mut left = keys.iter().peekable();
    let mut placed = 0;
    for (place, key) in old.keys().take(PLACED_MEMBERS).enumerate() {
        if left.peek() == Some(&&key) {
            bytes.push(place as u8 + 1);
            left.next();
            placed += 1;
        }
    }
    for key in &keys[placed..] {
        bytes.push(0);
        write_text(key, bytes);
    }
}

fn write_pieces(pieces: &[Piece<'_>], old: &[Tree], bytes: &mut Vec<u8>) {
    write_number(pieces.len() as u64, bytes);
    let mut place = 0;
    for piece in pieces {
        match piece {
            Piece::Keep(count) => {
                write_run(piece::KEEP, *count, bytes);
                place += count;
            }
            Piece::Drop(count) => {
                write_run(piece::DROP, *count, bytes);
                place += count;
            }
            Piece::Add(values) => {
                write_run(piece::ADD, values.len(), bytes);
                values.iter().for_each(|value| write_value(value, bytes));
            }
            Piece::Change(patches) => {
                write_run(piece::CHANGE, patches.len(), bytes);
                for patch in patches {
                    write_patch(patch, &old[place], bytes);
                    place += 1;
                }
            }
            Piece::Replace(values) => {
                write_run(piece::CHANGE, values.len(), bytes);
                for value in values.iter() {
                    bytes.push(kind::REPLACE);
                    write_value(value, bytes);
                }
                place += values.len();
            }
        }
    }
}

fn write_run(kind: u8, count: usize, bytes: &mut Vec<u8>) {
    write_number(count as u64 * 4 + u64::from(kind), bytes);
}

fn write_value(value: &Tree, bytes: &mut Vec<u8>) {
    match value {
        Tree::Null => bytes.push(value::NULL),
        Tree::Bool(false) => bytes.push(value::FALSE),
        Tree::Bool(true) => bytes.push(value::TRUE),
        Tree::Number(number) => write_json_number(number, bytes),
        Tree::String(text) => {
            bytes.push(value::TEXT);
            write_text(text, bytes);
        }
        Tree::Array(elements) => {
            bytes.push(value::LIST);
            write_number(elements.len() as u64, bytes);
            elements
                .iter()
                .for_each(|element| write_value(element, bytes));
        }
        Tree::Object(members) => {
            bytes.push(value::OBJECT);
            write_number(members.len() as u64, bytes);
            for (key, value) in members.iter() {
                write_text(key, bytes);
                write_value(value, bytes);
            }
        }
    }
}

fn write_json_number(number: &Number, bytes: &mut Vec<u8>) {
    if let Some(float) = number.as_float() {
        return write_float(float, bytes);
    }
    if let Some(literal) = number.as_literal() {
        bytes.push(value::NUMBER);
        return write_text(literal, bytes);
    }
    match (number.as_u64(), number.as_i64()) {
        (Some(small), _) if small < u64::from(u8::MAX - value::SMALL) => {
            bytes.push(value::SMALL + small as u8);
        }
        (Some(positive), _) => {
            bytes.push(value::POSITIVE);
            write_number(positive, bytes);
        }
        (None, negative) => {
            bytes.push(value::NEGATIVE);
            write_number(!negative.unwrap_or_default() as u64, bytes);
        }
    }
}

/// Writes a float as a decimal if that is exact and takes fewer bytes.
fn write_float(float: f64, bytes: &mut Vec<u8>) {
    // Six bytes of a varint; above, the eight of the float are as good.
    const MANTISSA_BELOW: f64 = (1u64 << 42) as f64;
    for decimals in 0..=value::MOST_DECIMALS {
        let mantissa = (float.abs() * powers_of_ten(decimals)).round();
        if mantissa >= MANTISSA_BELOW {
            break;
        }
        // Both are exact, so their quotient is the float nearest to the decimal.
        if (mantissa / powers_of_ten(decimals)).to_bits() == float.abs().to_bits() {
            let sign = match float.is_sign_negative() {
                true => value::NEGATIVE_DECIMAL,
                false => value::DECIMAL,
            };
            bytes.push(sign + decimals);
            return write_number(mantissa as u64, bytes);
        }
    }
    bytes.push(value::FLOAT);
    bytes.extend(float.to_le_bytes());
}

fn powers_of_ten(decimals: u8) -> f64 {
    10f64.powi(i32::from(decimals))
}

fn write_text(text: &str, bytes: &mut Vec<u8>) {
    write_number(text.len() as u64, bytes);
    bytes.extend(text.as_bytes());
}

/// Writes a number in groups of seven bits, lowest first (LEB128).
fn write_number(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads a patch of `before`.
///
/// # Errors
/// [`Damaged`] if the bytes are none.
pub fn read(bytes: &[u8], before: &Tree) -> Result<Patch<'static>, Damaged> {
    let mut reader = Reader { left: bytes };
    let patch = reader.patch(Some(before), HISTORY_DEPTH_MAX)?;
    match reader.left.is_empty() {
        true => Ok(patch),
        false => Err(Damaged),
    }
}

struct Reader<'a> {
    left: &'a [u8],
}

impl Reader<'_> {
    fn patch(&mut self, before: Option<&Tree>, depth: usize) -> Result<Patch<'static>, Damaged> {
        let depth = depth.checked_sub(1).ok_or(Damaged)?;
        match (self.byte()?, before) {
            (kind::SAME, _) => Ok(Patch::Same),
            (kind::REPLACE, _) => Ok(Patch::Replace(Cow::Owned(self.value(depth)?))),
            (kind::MEMBERS, Some(Tree::Object(old))) => {
                Ok(Patch::Members(Box::new(self.members(old, depth)?)))
            }
            (kind::ELEMENTS, Some(Tree::Array(old))) => {
                Ok(Patch::Elements(self.pieces(old, depth)?))
            }
            _ => Err(Damaged),
        }
    }

    fn members(&mut self, old: &Object, depth: usize) -> Result<Members<'static>, Damaged> {
        let removed = self.keys(old)?;
        let changed = self.keys(old)?;
        let changed = changed
            .into_iter()
            .map(|key| {
                let patch = self.patch(old.get(&key), depth)?;
                Ok((key, patch))
            })
            .collect::<Result<Vec<_>, Damaged>>()?;
        let count = self.count()?;
        let stay = old.len().checked_sub(removed.len()).ok_or(Damaged)?;
        let added = (0..count)
            .map(|nth| {
                let place = match self.number()? {
                    0 => stay + nth,
                    place => usize::try_from(place - 1).map_err(|_| Damaged)?,
                };
                let (key, value) = (self.text()?, self.value(depth)?);
                Ok((place, key.into(), Cow::Owned(value)))
            })
            .collect::<Result<Vec<_>, Damaged>>()?;
        Ok(Members {
            removed,
            changed,
            added,
        })
    }

    fn keys(&mut self, old: &Object) -> Result<Vec<Cow<'static, str>>, Damaged> {
        let count = self.count()?;
        let mut keys = Vec::with_capacity(count);
        let mut names = old.keys().enumerate();
        for _ in 0..count {
            keys.push(match self.byte()? {
                0 => self.text()?.into(),
                place => {
                    let wanted = usize::from(place - 1);
                    let found = names.by_ref().find(|(place, _)| *place == wanted);
                    found.ok_or(Damaged)?.1.to_owned().into()
                }
            });
        }
        Ok(keys)
    }

    fn pieces(&mut self, old: &[Tree], depth: usize) -> Result<Vec<Piece<'static>>, Damaged> {
        let mut place = 0usize;
        (0..self.count()?)
            .map(|_| {
                let run = self.number()?;
                let count = usize::try_from(run / 4).map_err(|_| Damaged)?;
                Ok(match (run % 4) as u8 {
                    piece::KEEP => {
                        place = place.saturating_add(count);
                        Piece::Keep(count)
                    }
                    piece::DROP => {
                        place = place.saturating_add(count);
                        Piece::Drop(count)
                    }
                    piece::ADD => {
                        self.check_count(count)?;
                        let values = (0..count).map(|_| self.value(depth));
                        Piece::Add(Cow::Owned(values.collect::<Result<_, _>>()?))
                    }
                    _ => {
                        self.check_count(count)?;
                        let begin = place;
                        place = place.saturating_add(count);
                        self.changes(old.get(begin..place).unwrap_or_default(), count, depth)?
                    }
                })
            })
            .collect()
    }

    /// Reads what happens to elements that differ. `old` has none if they are not there.
    fn changes(
        &mut self,
        old: &[Tree],
        count: usize,
        depth: usize,
    ) -> Result<Piece<'static>, Damaged> {
        let mut patches = Vec::new();
        let mut values = Vec::new();
        for nth in 0..count {
            match self.patch(old.get(nth), depth)? {
                Patch::Replace(value) if patches.is_empty() => values.push(value.into_owned()),
                patch => patches.push(patch),
            }
        }
        if patches.is_empty() {
            return Ok(Piece::Replace(Cow::Owned(values)));
        }
        let replaced = values
            .into_iter()
            .map(|value| Patch::Replace(Cow::Owned(value)));
        patches.splice(0..0, replaced);
        Ok(Piece::Change(patches))
    }

    fn value(&mut self, depth: usize) -> Result<Tree, Damaged> {
        let depth = depth.checked_sub(1).ok_or(Damaged)?;
        Ok(match self.byte()? {
            value::NULL => Tree::Null,
            value::FALSE => false.into(),
            value::TRUE => true.into(),
            value::POSITIVE => self.number()?.into(),
            value::NEGATIVE => (!(self.number()? as i64)).into(),
            value::FLOAT => {
                let bytes = self.take(8)?.try_into().map_err(|_| Damaged)?;
                float(f64::from_le_bytes(bytes))?
            }
            value::TEXT => self.text()?.into(),
            value::NUMBER => {
                let number = Number::read(&self.text()?);
                Tree::Number(number.ok_or(Damaged)?)
            }
            value::LIST => {
                let elements = (0..self.count()?).map(|_| self.value(depth));
                Tree::Array(elements.collect::<Result<_, _>>()?)
            }
            value::OBJECT => self.object(depth)?.into(),
            small if small >= value::SMALL => u64::from(small - value::SMALL).into(),
            tag => self.decimal(tag)?,
        })
    }

    fn object(&mut self, depth: usize) -> Result<Object, Damaged> {
        let count = self.count()?;
        let mut members = Object::with_capacity(count);
        for _ in 0..count {
            let (key, value) = (self.text()?, self.value(depth)?);
            members.insert(key, value);
        }
        Ok(members)
    }

    /// Reads a float that is written as a decimal; its tag has the sign and the decimal places.
    fn decimal(&mut self, tag: u8) -> Result<Tree, Damaged> {
        let (sign, decimals) = match tag {
            value::NEGATIVE_DECIMAL.. => (-1.0, tag - value::NEGATIVE_DECIMAL),
            value::DECIMAL.. => (1.0, tag - value::DECIMAL),
            _ => return Err(Damaged),
        };
        if decimals > value::MOST_DECIMALS {
            return Err(Damaged);
        }
        float(sign * (self.number()? as f64 / powers_of_ten(decimals)))
    }

    fn text(&mut self) -> Result<String, Damaged> {
        let length = self.count()?;
        let bytes = self.take(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| Damaged)
    }

    /// Reads how many of something follow, each of at least a byte.
    fn count(&mut self) -> Result<usize, Damaged> {
        let count = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        self.check_count(count)?;
        Ok(count)
    }

    fn check_count(&self, count: usize) -> Result<(), Damaged> {
        match count <= self.left.len() {
            true => Ok(()),
            false => Err(Damaged),
        }
    }

    fn number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(Damaged);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.left.split_first().ok_or(Damaged)?;
        self.left = rest;
        Ok(*first)
    }

    fn take(&mut self, count: usize) -> Result<&[u8], Damaged> {
        let (taken, rest) = self.left.split_at_checked(count).ok_or(Damaged)?;
        self.left = rest;
        Ok(taken)
    }
}

fn float(float: f64) -> Result<Tree, Damaged> {
    Number::from_f64(float).map(Tree::Number).ok_or(Damaged)
}

/// Returns whether unpacking may give so many bytes.
pub(crate) fn is_affordable(bytes: usize) -> bool {
    bytes <= PATCH_BYTES_MAX
}
