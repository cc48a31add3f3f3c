//! The description, read the way a client reads it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::http_support::{Answer, Running};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// Headers that answers have by the rules of HTTP, and those that every answer has, which the
/// description names once.
const COMMON_HEADERS: [&str; 11] = [
    "access-control-expose-headers",
    "allow",
    "connection",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-resource-policy",
    "date",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
];

/// `docs/openapi.json`.
pub struct Description(Value);

/// What can be done at an address.
pub struct Operation<'a> {
    description: &'a Description,
    pub id: String,
    method: String,
    path: String,
    parameters: Vec<&'a Value>,
    value: &'a Value,
}

/// A request as it is sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Description {
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
        let text = fs::read_to_string(path).unwrap();
        Self(serde_json::from_str(&text).expect("the description is JSON"))
    }

    pub fn value(&self) -> Value {
        self.0.clone()
    }

    fn paths(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0["paths"].as_object().expect("paths").iter()
    }

    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        self.paths().flat_map(move |(path, item)| {
            let methods = METHODS
                .into_iter()
                .filter(|method| item.get(method).is_some());
            methods.map(move |method| Operation::of(self, path, method, item))
        })
    }

    /// Lists the addresses, with the examples of their parameters, and the methods of each.
    pub fn methods(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        self.paths().map(|(path, item)| {
            let methods = METHODS
                .into_iter()
                .filter(|method| item.get(method).is_some());
            let methods: Vec<String> = methods.map(str::to_owned).collect();
            let operation = Operation::of(self, path, &methods[0], item);
            (operation.request().path, methods)
        })
    }

    /// Follows a reference.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect(reference);
                self.0.pointer(pointer).expect(reference)
            }
            None => value,
        }
    }

    /// Checks a value against a schema of the description.
    #[track_caller]
    pub fn validate(&self, what: &str, schema: &Value, value: &Value) {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": { "schemas": self.0["components"]["schemas"] },
        });
        let validator = jsonschema::validator_for(&schema).expect(what);
        let problems: Vec<String> = validator
            .iter_errors(value)
            .map(|problem| format!("{}: {problem}", problem.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{what}: {problems:#?} in {value:#}");
    }

    /// Lists the parts that are referred to.
    pub fn references(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        collect_references(&self.0, &mut found);
        found
    }

    /// Lists the parts that can be referred to.
    pub fn parts(&self) -> BTreeSet<String> {
        let components = self.0["components"].as_object().expect("components");
        let kinds = components
            .iter()
            .filter(|(kind, _)| *kind != "securitySchemes");
        kinds
            .flat_map(|(kind, parts)| {
                let names = parts.as_object().expect(kind).keys();
                names.map(move |name| format!("#/components/{kind}/{name}"))
            })
            .collect()
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            found.extend(reference.map(str::to_owned));
            for member in members.values() {
                collect_references(member, found);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                collect_references(element, found);
            }
        }
        _ => {}
    }
}

impl<'a> Operation<'a> {
    fn of(description: &'a Description, path: &str, method: &str, item: &'a Value) -> Self {
        let value = &item[method];
        let shared = item["parameters"].as_array().into_iter().flatten();
        let own = value["parameters"].as_array().into_iter().flatten();
        Self {
            description,
            id: value["operationId"].as_str().expect("an id").to_owned(),
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            parameters: shared
                .chain(own)
                .map(|parameter| description.resolved(parameter))
                .collect(),
            value,
        }
    }

    /// Lists the contents that a request may have, by media type.
    pub fn bodies(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        let content = self.value["requestBody"]["content"].as_object();
        content.into_iter().flatten()
    }

    /// Returns the least request: what is required, and the first example of a body.
    pub fn request(&self) -> Request {
        let bare = Request {
            method: self.method.clone(),
            path: self.path.clone(),
            headers: Vec::new(),
            body: String::new(),
        };
        let required = self.parameters.iter().filter(|one| one["required"] == true);
        let request = required.fold(bare, |request, parameter| request.giving(parameter));
        let request = match self.needs_token() {
            true => request.with("Authorization", "Bearer {token}"),
            false => request,
        };
        match self.bodies().next() {
            Some((media, content)) => request.carrying(media, first_example(content)),
            None => request,
        }
    }

    /// Lists requests that have every example between them.
    pub fn examples(&self) -> Vec<Request> {
        let least = self.request();
        let optional = self.parameters.iter().filter(|one| one["required"] != true);
        let with_parameters = optional.map(|parameter| least.clone().giving(parameter));
        let with_bodies = self.bodies().flat_map(|(media, content)| {
            let examples = content["examples"].as_object().expect("examples").values();
            examples.map(|example| least.clone().carrying(media, &example["value"]))
        });
        let others: Vec<Request> = with_parameters.chain(with_bodies).collect();
        std::iter::once(least.clone()).chain(others).collect()
    }

    fn needs_token(&self) -> bool {
        let ways = self.value["security"].as_array();
        ways.is_some_and(|ways| ways.iter().all(|way| way.get("token").is_some()))
    }

    /// Lists the statuses, other than those of success, that it names.
    pub fn failures(&self) -> Vec<u16> {
        let statuses = self.responses().keys();
        let statuses = statuses.filter_map(|status| status.parse().ok());
        statuses.filter(|status| !is_success(*status)).collect()
    }

    /// Lists the contents of answers, with their statuses.
    pub fn contents(&self) -> Vec<(&'a str, &'a Value)> {
        let mut found = Vec::new();
        for (status, response) in self.responses() {
            let content = self.description.resolved(response)["content"].as_object();
            let contents = content.into_iter().flat_map(Map::values);
            found.extend(contents.map(|content| (status.as_str(), content)));
        }
        found
    }

    fn responses(&self) -> &'a Map<String, Value> {
        self.value["responses"].as_object().expect("responses")
    }

    /// Checks status, headers and body of an answer.
    #[track_caller]
    pub fn check(&self, request: &Request, answer: &Answer) {
        let what = format!("{} answered to {request:?}", answer.status);
        let responses = self.responses();
        let response = responses
            .get(&answer.status.to_string())
            .or_else(|| responses.get("default").filter(|_| answer.status >= 400))
            .unwrap_or_else(|| panic!("{what} is not described"));
        let response = self.description.resolved(response);
        self.check_headers(&what, response, answer);
        self.check_body(&what, response, answer);
    }

    #[track_caller]
    fn check_headers(&self, what: &str, response: &Value, answer: &Answer) {
        let described = response["headers"].as_object();
        let described: Vec<(String, &Value)> = described
            .into_iter()
            .flatten()
            .map(|(name, header)| (name.to_ascii_lowercase(), self.description.resolved(header)))
            .collect();
        for (name, header) in &described {
            let values = answer.headers.iter().filter(|(known, _)| known == name);
            let is_there = values.clone().next().is_some();
            assert!(is_there || header["required"] != true, "{what}: no {name}");
            values.for_each(|(_, value)| {
                let value = read(value, &header["schema"]);
                let what = format!("{name} of {what}");
                self.description.validate(&what, &header["schema"], &value);
            });
        }
        for (name, _) in &answer.headers {
            let is_known = COMMON_HEADERS.contains(&name.as_str())
                || described.iter().any(|(known, _)| known == name);
            assert!(is_known, "{what}: {name} is not described");
        }
    }

    #[track_caller]
    fn check_body(&self, what: &str, response: &Value, answer: &Answer) {
        let media = answer.header("content-type");
        let Some(contents) = response["content"].as_object() else {
            assert!(
                media.is_none() && answer.body.is_empty(),
                "{what}: {answer:?}"
            );
            return;
        };
        let media = media.expect(what).split(';').next().unwrap();
        let content = contents.get(media);
        let content = content.unwrap_or_else(|| panic!("{what}: {media} is not described"));
        let body = match media.ends_with("json") {
            true => answer.json(),
            // The text of a stream has no end.
            false if media == "text/event-stream" => return,
            false => answer.text().into(),
        };
        self.description.validate(what, &content["schema"], &body);
    }
}

/// Returns whether a request did what it asks for; an address that moved is told by 308.
pub fn is_success(status: u16) -> bool {
    (200..300).contains(&status) || status == 308
}

/// Reads the text of a header as its schema says.
fn read(text: &str, schema: &Value) -> Value {
    match schema["type"] == "integer" {
        true => serde_json::from_str(text).expect(text),
        false => text.into(),
    }
}

fn first_example(content: &Value) -> &Value {
    let mut examples = content["examples"].as_object().expect("examples").values();
    &examples.next().expect("an example")["value"]
}

impl Request {
    /// Gives the example of a parameter.
    fn giving(mut self, parameter: &Value) -> Self {
        let name = parameter["name"].as_str().expect("a name");
        let value = match &parameter["example"] {
            Value::String(text) => text.clone(),
            Value::Null => panic!("{name} has no example"),
            other => other.to_string(),
        };
        match parameter["in"].as_str() {
            Some("path") => self.path = self.path.replace(&format!("{{{name}}}"), &value),
            Some("query") => self.path += &format!("?{name}={value}"),
            _ => return self.with(name, &value),
        }
        self
    }

    fn carrying(self, media: &str, body: &Value) -> Self {
        let body = match body {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Self {
            body,
            ..self.with("Content-Type", media)
        }
    }

    /// Gives a header another value.
    pub fn with(self, name: &str, value: &str) -> Self {
        let mut request = self.without(name);
        request.headers.push((name.to_owned(), value.to_owned()));
        request
    }

    /// Leaves a header out.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// Asks at another address.
    pub fn at(self, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            ..self
        }
    }

    /// Carries another body.
    pub fn saying(self, body: &str) -> Self {
        Self {
            body: body.to_owned(),
            ..self
        }
    }

    pub fn send(&self, server: &Running) -> Answer {
        let headers: Vec<(&str, String)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.replace("{token}", &server.token)))
            .collect();
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        server.request(&self.method, &self.path, &headers, &self.body)
    }
}
