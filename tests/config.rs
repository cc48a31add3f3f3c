//! Configuration: every key, every source, and what is said of a value that cannot be used.

use std::fs;
use std::path::Path;

use flagdeck::config::{Given, KEYS, Loaded, Source, load};

fn given(environment: &[(&str, &str)], command_line: &[(&str, &str)]) -> Given {
    let owned = |pairs: &[(&str, &str)]| {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(pair).collect()
    };
    Given {
        environment: owned(environment),
        command_line: owned(command_line),
    }
}

fn load_with(file: &str, given: &Given) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), file).unwrap();
    load(folder.path(), given)
}

#[test]
fn without_anything_given_every_key_has_the_founding_default() {
    let loaded = load(Path::new("/nowhere"), &Given::default());
    assert_eq!(loaded.problems, Vec::<String>::new());
    assert!(
        loaded
            .sources
            .iter()
            .all(|source| *source == Source::Default)
    );
    let config = loaded.config;
    assert_eq!(config.feature_flags.endpoint, None);
    assert_eq!(config.feature_flags.refresh_interval_ms, 60_000);
    assert!(config.feature_flags.cache.enabled);
    assert_eq!(config.feature_flags.cache.ttl_ms, 300_000);
    assert!(config.metrics.enabled);
    assert_eq!(config.metrics.endpoint, "/metrics");
    assert_eq!(config.metrics.push_gateway, None);
    assert_eq!(config.metrics.interval_ms, 10_000);
    assert_eq!(config.metrics.buffer_ticks, 1000);
    assert_eq!(config.metrics.prometheus, None);
    assert!(config.state.persist_ml && config.state.compression_enabled);
    assert_eq!(config.state.max_history_size, 100);
    assert_eq!(config.state.snapshot_interval_ms, 300_000);
    assert_eq!(config.performance.max_memory_mb, 100);
    assert_eq!(config.performance.max_calculation_time_ms, 2000);
    assert!(config.performance.worker_pool_size >= 1);
    assert!(config.rollback.enabled && !config.rollback.strict);
    assert!((config.rollback.triggers.error_rate - 0.05).abs() < f64::EPSILON);
    assert_eq!(config.rollback.triggers.memory_threshold_bytes, 157_286_400);
    assert_eq!(config.rollback.triggers.response_time_ms, 5000);
    assert_eq!(config.rollback.webhook.url, None);
    assert_eq!(config.http.port, 4680);
    assert_eq!(config.http.allowed_origins, Vec::<String>::new());
}

#[test]
fn the_last_source_that_gives_a_value_wins() {
    let file = "[http]\nport = 4701\n[metrics]\ninterval = 2000\n[performance]\nmaxMemoryMB = 7";
    let environment = [
        ("FLAGDECK_HTTP_PORT", "4702"),
        ("FLAGDECK_METRICS_INTERVAL", "3000"),
    ];
    let loaded = load_with(file, &given(&environment, &[("http.port", "4703")]));
    assert_eq!(loaded.problems, Vec::<String>::new());
    assert_eq!(loaded.config.http.port, 4703);
    assert_eq!(loaded.config.metrics.interval_ms, 3000);
    assert_eq!(loaded.config.performance.max_memory_mb, 7);
    let source = |name| {
        let index = KEYS.iter().position(|key| key.name == name).unwrap();
        loaded.sources[index].clone()
    };
    assert_eq!(source("http.port"), Source::CommandLine);
    assert_eq!(
        source("metrics.interval"),
        Source::Environment("FLAGDECK_METRICS_INTERVAL".into())
    );
    assert!(matches!(source("performance.maxMemoryMB"), Source::File(_)));
    assert_eq!(source("state.persistML"), Source::Default);
}

#[test]
fn the_founding_variables_are_read_under_their_own_names() {
    let environment = [
        ("ML_FLAGS_ENDPOINT", "https://flags.example/api/ml/flags"),
        ("PROMETHEUS_GATEWAY", "http://127.0.0.1:9091"),
        (
            "FLAGDECK_ROLLBACK_WEBHOOK_URL",
            "https://hooks.example/a?b=c",
        ),
        ("FLAGDECK_STATE_PERSIST_ML", "false"),
        ("FLAGDECK_PERFORMANCE_MAX_MEMORY_MB", "12"),
        (
            "FLAGDECK_HTTP_ALLOWED_ORIGINS",
            "http://localhost:5173, http://localhost:8080",
        ),
        ("FLAGDECK_HTTP_PORT", ""),
    ];
    let loaded = load(Path::new("/nowhere"), &given(&environment, &[]));
    assert_eq!(loaded.problems, Vec::<String>::new());
    let endpoint = loaded.config.feature_flags.endpoint;
    assert_eq!(
        endpoint.as_deref(),
        Some("https://flags.example/api/ml/flags")
    );
    let gateway = loaded.config.metrics.push_gateway;
    assert_eq!(gateway.as_deref(), Some("http://127.0.0.1:9091"));
    let webhook = loaded.config.rollback.webhook.url;
    assert_eq!(webhook.as_deref(), Some("https://hooks.example/a?b=c"));
    assert!(!loaded.config.state.persist_ml);
    assert_eq!(loaded.config.performance.max_memory_mb, 12);
    assert_eq!(loaded.config.http.allowed_origins.len(), 2);
    assert_eq!(
        loaded.config.http.port, 4680,
        "an empty variable is not set"
    );
}

#[test]
fn the_secret_of_webhooks_is_no_setting() {
    let secret = |value| given(&[("FLAGDECK_WEBHOOK_SECRET", value)], &[]);
    assert_eq!(secret("whsec_1").webhook_secret(), Some("whsec_1"));
    assert_eq!(secret("").webhook_secret(), None);
    let loaded = load(Path::new("/nowhere"), &secret("whsec_1"));
    assert_eq!(loaded.problems, Vec::<String>::new());
    let values = loaded.values.iter().map(ToString::to_string);
    assert!(values.into_iter().all(|value| !value.contains("whsec_1")));
}

#[track_caller]
#[test]
fn a_whole_number_is_read_however_it_is_written() {
    let file = "[http]\nport = 4.701e3\n[metrics]\ninterval = 10500.0";
    let environment = [("FLAGDECK_METRICS_BUFFER_SIZE", "2e3")];
    let loaded = load_with(
        file,
        &given(&environment, &[("state.maxHistorySize", "50.0")]),
    );
    assert_eq!(loaded.problems, Vec::<String>::new());
    assert_eq!(loaded.config.http.port, 4701);
    assert_eq!(loaded.config.metrics.interval_ms, 10_500);
    assert_eq!(loaded.config.metrics.buffer_ticks, 2000);
    assert_eq!(loaded.config.state.max_history_size, 50);
    check_refused(
        "http.port",
        "14.5",
        "http.port in the command line must be a whole number from 0 to 65535 (port), \
         not \"14.5\"; 4680 from the default is used.",
    );
}

#[test]
fn no_password_is_shown_of_a_value_that_is_used_instead() {
    let environment = [("PROMETHEUS_GATEWAY", "http://user:secret@gate")];
    let refused = [("metrics.pushGateway", "user:secret@other")];
    let loaded = load(Path::new("/nowhere"), &given(&environment, &refused));
    let problem = &loaded.problems[0];
    let shown = "not \"***@other\"; \"http://***@gate\" from the environment";
    assert!(problem.contains(shown), "{problem}");
}

fn check_refused(name: &str, value: &str, expected: &str) {
    let loaded = load(Path::new("/nowhere"), &given(&[], &[(name, value)]));
    assert_eq!(loaded.problems, [expected]);
    assert!(
        loaded
            .sources
            .iter()
            .all(|source| *source == Source::Default)
    );
}

#[test]
fn a_value_that_cannot_be_used_names_its_key_its_source_and_the_range() {
    check_refused(
        "http.port",
        "70000",
        "http.port in the command line must be a whole number from 0 to 65535 (port), \
         not 70000; 4680 from the default is used.",
    );
    check_refused(
        "rollback.triggers.errorRate",
        "NaN",
        "rollback.triggers.errorRate in the command line must be a number from 0 to 1, \
         not \"NaN\"; 0.05 from the default is used.",
    );
    check_refused(
        "state.persistML",
        "yes",
        "state.persistML in the command line must be true or false, not \"yes\"; \
         true from the default is used.",
    );
    check_refused(
        "featureFlags.endpoint",
        "file:///etc/passwd",
        "featureFlags.endpoint in the command line must be an address that begins with \
         http:// or https://, not \"file:///etc/passwd\"; null from the default is used.",
    );
    check_refused(
        "featureFlags.endpoint",
        "https://user:secret@flags.example/api/ml/flags",
        "featureFlags.endpoint in the command line must be an address without a user or password \
         (the credential belongs in ML_FLAGS_TOKEN or in the file flags-token of the data folder), \
         not \"https://***@flags.example/api/ml/flags\"; null from the default is used.",
    );
    check_refused(
        "metrics.pushGateway",
        "ftp://user:secret@gate/?token=secret",
        "metrics.pushGateway in the command line must be an address that begins with \
         http:// or https://, not \"ftp://***@gate/?***\"; null from the default is used.",
    );
    check_refused(
        "metrics.endpoint",
        "/metrics/",
        "metrics.endpoint in the command line must be a path that does not end in /, \
         not \"/metrics/\"; \"/metrics\" from the default is used.",
    );
    check_refused(
        "http.allowedOrigins",
        "*",
        "http.allowedOrigins in the command line must be a list of origins such as \
         http://localhost:5173 or tauri://localhost, without a path, not [\"*\"]; [] from the default is used.",
    );
}

#[test]
fn a_bad_file_is_reported_whole_and_the_good_values_in_it_count() {
    let file = "[http]\nport = \"x\"\ncolour = 1\n[metrics]\ninterval = 5\nbufferSize = 9\n";
    let loaded = load_with(file, &Given::default());
    assert_eq!(loaded.problems.len(), 3, "{:?}", loaded.problems);
    assert!(
        loaded
            .problems
            .iter()
            .all(|problem| problem.contains("config.toml"))
    );
    let named = |name: &str| {
        loaded
            .problems
            .iter()
            .any(|problem| problem.starts_with(name))
    };
    assert!(named("http.colour in") && named("http.port in") && named("metrics.interval in"));
    assert_eq!(loaded.config.metrics.buffer_ticks, 9);
    assert_eq!(loaded.config.metrics.interval_ms, 10_000);
}

#[test]
fn a_file_that_is_not_toml_is_passed_over_with_its_line() {
    let loaded = load_with("[http]\nport 4680\n", &Given::default());
    assert_eq!(loaded.problems.len(), 1);
    assert!(
        loaded.problems[0].contains("not valid TOML in line 2"),
        "{:?}",
        loaded.problems
    );
}

#[test]
fn every_key_says_what_it_means_and_has_a_default_it_accepts() {
    for key in KEYS {
        assert!(key.meaning.ends_with('.'), "{}", key.name);
        let variable = key.variable();
        let text = variable
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        assert!(text, "{variable}");
    }
}
