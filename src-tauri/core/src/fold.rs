//! Texts made alike for searching: what a person types finds what they mean.
//!
//! Case does not count, in any script, and neither does how Unicode spells a letter: `é` as one
//! character or as two, `ﬁ` as a ligature. Accents count: `cafe` does not find `café`. The four
//! letters I of Turkish are one, so that `istanbul` finds `İstanbul` whatever the language.
//! The page does the same in `ui/src/model/fold.ts`.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// Returns a text as it is compared in searches; folding it again changes nothing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // By way of capitals, which have one letter for `ς` and `σ`, for `ß` and `ss`, for `ı` and `i`;
    // of small letters before that, because `ẞ` is its own capital.
    let plain = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let small = plain.chars().flat_map(char::to_lowercase);
    let upper = small.flat_map(char::to_uppercase);
    let lower: String = upper.flat_map(char::to_lowercase).collect();
    // The dot of `İ`, which is a separate mark in lower case.
    let undotted = lower.replace("i\u{307}", "i");
    ComposingNormalizerBorrowed::new_nfkc()
        .normalize(&undotted)
        .into_owned()
}
