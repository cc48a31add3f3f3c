// cargo add open-feature@0.3 open-feature-ofrep@0.1 && cargo add tokio --features full
use open_feature::{EvaluationContext, OpenFeature};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};

#[tokio::main]
async fn main() {
    let options = OfrepOptions {
        base_url: "http://127.0.0.1:4680".into(),
        ..Default::default()
    };
    let provider = OfrepProvider::new(options).await.expect("a valid address");
    let mut flags = OpenFeature::singleton_mut().await;
    flags.set_provider(provider).await;
    let client = flags.create_client();

    let user = EvaluationContext::default()
        .with_targeting_key("user42")
        .with_custom_field("source", "shop");
    let is_on = client.get_bool_value("ui.badges", Some(&user), None).await;
    let word = if is_on.unwrap_or(false) { "on" } else { "off" };
    println!("ui.badges is {word} for user42");
}
