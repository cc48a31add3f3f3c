//! The provider for Rust: evaluates every line of input, and prints a line for each.
//!
//! ```text
//! {"url": "http://127.0.0.1:4680"}                  connects
//! {"context": {"targetingKey": "user42"}}           evaluates for this user from here on
//! {"key": "ui.badges"}                              evaluates
//! ```

use std::io::{self, BufRead};

use open_feature::{Client, EvaluationContext, EvaluationErrorCode, OpenFeature};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use serde_json::{Value, json};

#[tokio::main]
async fn main() {
    let mut client = OpenFeature::singleton().await.create_client();
    let mut context = EvaluationContext::default();
    for line in io::stdin().lock().lines() {
        let line = line.expect("input is text");
        let asked: Value = serde_json::from_str(&line).expect("a line is JSON");
        let answer = if let Some(url) = asked["url"].as_str() {
            client = connect(url).await;
            json!({})
        } else if let Some(attributes) = asked["context"].as_object() {
            let user = attributes.get("targetingKey").and_then(Value::as_str);
            context = user.map_or_else(EvaluationContext::default, |user| {
                EvaluationContext::default().with_targeting_key(user)
            });
            json!({})
        } else {
            let key = asked["key"].as_str().expect("a key");
            evaluate(&client, key, &context).await
        };
        println!("{answer}");
    }
}

async fn connect(url: &str) -> Client {
    let options = OfrepOptions {
        base_url: url.into(),
        ..OfrepOptions::default()
    };
    let provider = OfrepProvider::new(options).await.expect("a valid address");
    let mut flags = OpenFeature::singleton_mut().await;
    flags.set_provider(provider).await;
    flags.create_client()
}

async fn evaluate(client: &Client, key: &str, context: &EvaluationContext) -> Value {
    match client.get_bool_details(key, Some(context), None).await {
        Ok(found) => json!({
            "value": found.value,
            "reason": found.reason.map(|reason| reason.to_string()),
            "variant": found.variant,
            "error": null,
        }),
        Err(failed) => json!({ "value": false, "error": name_of(&failed.code) }),
    }
}

/// Names an error as the specification does.
fn name_of(code: &EvaluationErrorCode) -> &'static str {
    match code {
        EvaluationErrorCode::FlagNotFound => "FLAG_NOT_FOUND",
        EvaluationErrorCode::InvalidContext => "INVALID_CONTEXT",
        EvaluationErrorCode::ParseError => "PARSE_ERROR",
        EvaluationErrorCode::ProviderNotReady => "PROVIDER_NOT_READY",
        EvaluationErrorCode::TargetingKeyMissing => "TARGETING_KEY_MISSING",
        EvaluationErrorCode::TypeMismatch => "TYPE_MISMATCH",
        EvaluationErrorCode::General(_) => "GENERAL",
    }
}
