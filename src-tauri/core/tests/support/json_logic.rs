//! A plain second opinion on flag definitions: the operations of JSONLogic that they use, as
//! flagd's evaluators have them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use flagdeck_core::User;
use flagdeck_core::bucket::Bucketer;
use flagdeck_core::document::Bucketing;
use flagdeck_core::tree::Tree;
use serde_json::{Map, Value, json};

/// Definitions, with what they share put in its place.
pub struct Evaluator {
    flags: Map<String, Value>,
    bucketing: Bucketing,
}

impl Evaluator {
    pub fn new(definitions: &Tree, bucketing: Bucketing) -> Self {
        let mut definitions: Value = definitions.to_string().parse().unwrap();
        let mut flags = definitions["flags"].take().to_string();
        for (name, rule) in definitions["$evaluators"].as_object().unwrap() {
            let reference = json!({ "$ref": name }).to_string();
            flags = flags.replace(&reference, &rule.to_string());
        }
        Self {
            flags: serde_json::from_str(&flags).unwrap(),
            bucketing,
        }
    }

    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.flags.keys().map(String::as_str)
    }

    pub fn is_on(&self, key: &str, user: &User<'_>) -> bool {
        let flag = &self.flags[key];
        let context = json!({ "targetingKey": user.id, "groups": user.groups });
        let variant = match self.apply(&flag["targeting"], &context, key) {
            Value::Null => flag["defaultVariant"].clone(),
            variant => variant,
        };
        flag["variants"][variant.as_str().unwrap()]
            .as_bool()
            .unwrap()
    }

    fn apply(&self, rule: &Value, data: &Value, flag: &str) -> Value {
        let Some((operation, arguments)) = rule.as_object().and_then(|it| it.iter().next()) else {
            return match rule {
                Value::Array(items) => items.iter().map(|it| self.apply(it, data, flag)).collect(),
                rule => rule.clone(),
            };
        };
        let list = match arguments {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        let value = |at: usize| self.apply(&list[at], data, flag);
        match operation.as_str() {
            "if" => value(if truthy(&value(0)) { 1 } else { 2 }),
            "and" => {
                let mut values = list.iter().map(|it| self.apply(it, data, flag));
                let failing = values.by_ref().find(|it| !truthy(it));
                failing.unwrap_or(Value::Bool(true))
            }
            "or" => list
                .iter()
                .any(|it| truthy(&self.apply(it, data, flag)))
                .into(),
            "!!" => truthy(&value(0)).into(),
            "cat" => (value(0).as_str().unwrap().to_owned() + value(1).as_str().unwrap()).into(),
            "in" => value(1).as_array().unwrap().contains(&value(0)).into(),
            "some" => {
                let items = value(0);
                let mut items = items.as_array().unwrap().iter();
                items
                    .any(|it| truthy(&self.apply(&list[1], it, flag)))
                    .into()
            }
            "var" => match arguments.as_str().unwrap() {
                "" => data.clone(),
                name => data[name].clone(),
            },
            "fractional" => self.fractional(&value(0), &list, data, flag),
            other => panic!("{other} is not used"),
        }
    }

    fn fractional(&self, first: &Value, list: &[Value], data: &Value, flag: &str) -> Value {
        let (bucket, entries) = match first {
            Value::Array(_) => {
                let id = data["targetingKey"].as_str().unwrap();
                if id.is_empty() {
                    return Value::Null;
                }
                (Bucketer::new(self.bucketing, Some(flag)).bucket(id), list)
            }
            first => {
                let hashed = first.as_str().unwrap();
                (
                    Bucketer::new(self.bucketing, None).bucket(hashed),
                    &list[1..],
                )
            }
        };
        let mut end = 0;
        for entry in entries {
            end += entry[1].as_u64().unwrap();
            if u64::from(bucket) < end {
                return entry[0].clone();
            }
        }
        Value::Null
    }
}

fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value != &json!("")
}
