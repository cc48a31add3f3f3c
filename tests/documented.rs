//! What README and `docs/http.md` tell developers is what they get.

use std::fs;
use std::path::Path;

use serde_json::Value;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `tests/clients` runs the files.
#[test]
fn the_readme_shows_the_recipes_word_for_word() {
    let readme = text("README.md");
    for (language, recipe) in [
        ("sh", "curl.sh"),
        ("js", "node.mjs"),
        ("python", "python.py"),
        ("rust", "rust.rs"),
        ("html", "browser.html"),
    ] {
        let recipe = text(&format!("docs/recipes/{recipe}"));
        let block = format!("```{language}\n{recipe}```\n");
        assert!(readme.contains(&block), "README.md lacks {block}");
    }
}

/// The rows of the table of buckets: user id, component or nothing, hash, bucket.
fn rows(page: &str) -> Vec<[String; 4]> {
    let table = page.split("| user id | component |").nth(1).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        [cells[1], cells[2], cells[4], cells[5]].map(str::to_owned)
    })
    .collect()
}

#[test]
fn the_buckets_shown_are_those_of_the_vectors() {
    let vectors: Vec<Value> = serde_json::from_str(&text("tests/fixtures/bucketing.json")).unwrap();
    let rows = rows(&text("docs/http.md"));
    assert_eq!(rows.len(), 5);
    for [user, component, hash, bucket] in rows {
        let vector = vectors.iter().find(|vector| vector["user"] == *user);
        let vector = vector.unwrap_or_else(|| panic!("there is no vector of {user}"));
        let (known_hash, known_bucket) = match component.as_str() {
            "" => (&vector["global_hash"], &vector["global_bucket"]),
            path => (&vector[path]["hash"], &vector[path]["bucket"]),
        };
        assert_eq!(known_hash, &Value::from(hash), "{user} {component}");
        assert_eq!(known_bucket.to_string(), bucket, "{user} {component}");
    }
}

/// Links within the pages, and from one to another, lead to headings that are there.
#[test]
fn links_between_the_pages_lead_somewhere() {
    for page in [
        "README.md",
        "docs/following.md",
        "docs/http.md",
        "docs/json.md",
        "docs/keeping.md",
    ] {
        let folder = Path::new(page).parent().unwrap();
        for link in links(&text(page)) {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => page.into(),
                file => folder.join(file),
            };
            let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
            assert!(target.exists(), "{page} links to {link}");
            if !heading.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let mut headings = text
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .map(anchor);
                assert!(
                    headings.any(|anchor| anchor == heading),
                    "{page} links to {link}"
                );
            }
        }
    }
}

/// Lists what a page links to in this tree.
fn links(page: &str) -> Vec<String> {
    let targets = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let here = targets.filter(|target| !target.contains("://"));
    here.map(str::to_owned).collect()
}

/// Returns what a heading is called in addresses.
fn anchor(heading: &str) -> String {
    let title = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = title
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
