//! Evaluation straight from the words of the specification: recursive, slow, over the document.
//!
//! Shares no code with the compiled form, the hash included.

use flagdeck_core::document::{Bucketing, Node};
use flagdeck_core::{ComponentPath, FlagDocument, Rollout, Strategy, User};

/// What was decided, the rule by its published name.
#[derive(Debug, PartialEq, Eq)]
pub struct Decision {
    pub value: bool,
    pub reason: &'static str,
    pub failing_prerequisite: Option<String>,
}

fn decision(value: bool, reason: &'static str) -> Decision {
    Decision {
        value,
        reason,
        failing_prerequisite: None,
    }
}

fn failing(prerequisite: &str) -> Decision {
    Decision {
        failing_prerequisite: Some(prerequisite.to_owned()),
        ..decision(false, "prerequisite")
    }
}

pub fn evaluate(document: &FlagDocument, name: &str, user: &User) -> Decision {
    if let Some(off) = off_for_everybody(document, name) {
        return off;
    }
    let own = should_show(document, name, user);
    if !own.value {
        return own;
    }
    refusing_prerequisite(document, name, user).map_or(own, failing)
}

/// `isEnabled`, with the reason where it is not.
fn off_for_everybody(document: &FlagDocument, name: &str) -> Option<Decision> {
    let Some(on) = switch(document, name) else {
        return Some(decision(false, "unknown_component"));
    };
    if !document.enabled {
        return Some(decision(false, "master_off"));
    }
    if !on {
        return Some(decision(false, "component_off"));
    }
    required(document, name).find_map(|required| {
        let off = off_for_everybody(document, required)?;
        Some(match off.failing_prerequisite {
            Some(deeper) => failing(&deeper),
            None => failing(required),
        })
    })
}

fn refusing_prerequisite<'a>(
    document: &'a FlagDocument,
    name: &str,
    user: &User,
) -> Option<&'a str> {
    required(document, name).find_map(|required| {
        match should_show(document, required, user).value {
            true => refusing_prerequisite(document, required, user),
            false => Some(required),
        }
    })
}

fn switch(document: &FlagDocument, name: &str) -> Option<bool> {
    match document.node(&name.parse().ok()?)? {
        Node::Component(on) => Some(*on),
        Node::Group(_) => None,
    }
}

fn required<'a>(document: &'a FlagDocument, name: &str) -> impl Iterator<Item = &'a str> {
    let list = document.requires.get(name).map_or(&[][..], Vec::as_slice);
    list.iter().map(ComponentPath::as_str)
}

/// The table of the specification, row by row.
fn should_show(document: &FlagDocument, name: &str, user: &User) -> Decision {
    let own = document.rollouts.get(name);
    let rollout: &Rollout = own.unwrap_or(&document.rollout);
    let groups = &rollout.user_groups;
    let in_a_group = groups
        .iter()
        .any(|group| user.groups.contains(&group.trim()));
    let milli = rollout.percentage.milli();
    if milli == 0 {
        return decision(false, "zero");
    }
    if rollout.strategy == Strategy::Feature && !groups.is_empty() && !in_a_group {
        return decision(false, "not_in_group");
    }
    if rollout.strategy == Strategy::Canary && in_a_group {
        return decision(true, "group");
    }
    if milli == 100_000 {
        return decision(true, "full");
    }
    if user.id.is_empty() {
        return decision(false, "no_user");
    }
    let bucket = bucket(document.bucketing, own.map(|_| name), user.id);
    decision(bucket < u64::from(milli), "split")
}

/// The bucket of a whole key, put together before it is hashed.
pub fn bucket(bucketing: Bucketing, component: Option<&str>, user: &str) -> u64 {
    let key = match (bucketing, component) {
        (Bucketing::Flagd2, component) => [component.unwrap_or(""), user].concat().into_bytes(),
        (Bucketing::Flagd3, None) => cbor_text(user),
        (Bucketing::Flagd3, Some(component)) => {
            [vec![0x82], cbor_text(component), cbor_text(user)].concat()
        }
    };
    (u64::from(murmur3(&key)) * 100_000) >> 32
}

fn cbor_text(text: &str) -> Vec<u8> {
    let len = text.len();
    let mut bytes = match len {
        0..=23 => vec![0x60 + len as u8],
        24..=255 => vec![0x78, len as u8],
        256..=65_535 => [&[0x79][..], &(len as u16).to_be_bytes()].concat(),
        _ => [&[0x7a][..], &(len as u32).to_be_bytes()].concat(),
    };
    bytes.extend(text.bytes());
    bytes
}

fn murmur3(bytes: &[u8]) -> u32 {
    let mix = |block: u32| {
        let block = block.wrapping_mul(0xcc9e_2d51);
        block.rotate_left(15).wrapping_mul(0x1b87_3593)
    };
    let mut hash = 0u32;
    for block in bytes.chunks(4) {
        let mut padded = [0; 4];
        padded[..block.len()].copy_from_slice(block);
        hash ^= mix(u32::from_le_bytes(padded));
        if block.len() == 4 {
            hash = hash
                .rotate_left(13)
                .wrapping_mul(5)
                .wrapping_add(0xe654_6b64);
        }
    }
    hash ^= bytes.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}
