//! Searches find what differs in case and spelling only. The page reads the same vectors.

use flagdeck_core::fold;
use icu_normalizer::DecomposingNormalizerBorrowed;
use proptest::prelude::*;
use serde::Deserialize;

const VECTORS: &str = include_str!("../../../tests/fixtures/folding.json");

#[derive(Deserialize)]
struct Vectors {
    finds: Vec<[String; 2]>,
    misses: Vec<[String; 2]>,
}

#[test]
fn case_and_spelling_do_not_count_and_accents_do() {
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    let finds = |[query, text]: &[String; 2]| fold(text).contains(&fold(query));
    for pair in &vectors.finds {
        assert!(finds(pair), "{pair:?}");
    }
    for pair in &vectors.misses {
        assert!(!finds(pair), "{pair:?}");
    }
}

/// Writes a text in capitals. It is decomposed first: the iota subscript of `ᾀ` is a mark, whose
/// place among other marks is in canonical order, and a letter as a capital, whose place is fixed
/// (Unicode Standard, section 3.13, note on D145).
fn capitals(text: &str) -> String {
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    decomposed.to_uppercase()
}

#[test]
fn marks_after_an_iota_subscript_are_found_in_capitals() {
    let text = "ᾀ\u{d4d}";
    assert_eq!(fold(&capitals(text)), fold(text));
}

proptest! {
    #[test]
    fn folding_again_changes_nothing(text in any::<String>()) {
        let folded = fold(&text);
        prop_assert_eq!(fold(&folded), folded);
    }

    #[test]
    fn a_text_finds_itself_in_capitals_and_small_letters(text in any::<String>()) {
        prop_assert_eq!(fold(&capitals(&text)), fold(&text));
    }
}
