//! Copies the recipe, with the address taken from the environment: tests have ports of their own.

use std::path::Path;
use std::{env, fs};

const RECIPE: &str = "../../../docs/recipes/rust.rs";
const ADDRESS: &str = "\"http://127.0.0.1:4680\"";
const FROM_ENVIRONMENT: &str = "std::env::var(\"FLAGDECK\").expect(\"FLAGDECK is set\")";

fn main() {
    println!("cargo::rerun-if-changed={RECIPE}");
    let recipe = fs::read_to_string(RECIPE).expect("the recipe is there");
    assert_eq!(
        recipe.matches(ADDRESS).count(),
        1,
        "one address in {RECIPE}"
    );
    let recipe = recipe.replace(ADDRESS, FROM_ENVIRONMENT);
    let folder = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&folder).join("recipe.rs"), recipe).expect("cargo made the folder");
}
