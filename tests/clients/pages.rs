//! What `docs/` says, tried by programs that are not Flagdeck's.

use std::fs;

use serde_json::Value;

use crate::flagdeck::{client, output, path};

/// The Python in `docs/http.md` computes the buckets of all vectors.
#[test]
fn the_bucket_of_the_page_is_that_of_the_vectors() {
    let page = fs::read_to_string(path("docs/http.md")).unwrap();
    let code = page.split("```python\n").nth(1).unwrap();
    let code = code.split("```").next().unwrap();
    let vectors = path("tests/fixtures/bucketing.json");
    let run = format!(
        "{code}
import json
for vector in json.load(open({vectors:?}, encoding='utf-8')):
    user = vector['user'] if vector['user'] != \"'x' repeated 70000\" else 'x' * 70000
    of = [(None, vector['global_bucket'])]
    of += [(path, vector[path]['bucket']) for path in ('ui.badges', 'calculator')]
    for component, expected in of:
        assert bucket(user, component) == expected, (user, component)
    print(len(of))
"
    );
    let told = output(client("target/clients/venv/bin/python").arg("-"), &run);
    let vectors: Vec<Value> = serde_json::from_slice(&fs::read(vectors).unwrap()).unwrap();
    assert_eq!(told.lines().count(), vectors.len());
}

/// The description is one of OpenAPI, by its published schema.
#[test]
fn the_description_is_valid() {
    let mut python = client("target/clients/venv/bin/python");
    python
        .args(["-m", "openapi_spec_validator"])
        .arg(path("docs/openapi.json"));
    let told = output(&mut python, "");
    assert!(told.ends_with("OK"), "{told}");
}
