//! What Prometheus reads: in the format it asks for, where the settings say.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use crate::http_support::Running;

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";
const COMPLETE: &str = r#"{"type":"ml:calculation:complete","source":"web","component":"ui.badges","duration":5,"confidence":0.5,"iterations":5,"exposed":true}"#;

#[test]
fn the_format_is_negotiated() {
    let server = Running::collecting();
    server.report(&[], COMPLETE);
    let classic = server.get("/metrics", &[]);
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(classic.header("content-type"), Some(content_type));
    assert!(
        classic
            .text()
            .contains("# TYPE ml_calculations_total counter\n")
    );
    assert!(
        classic
            .text()
            .contains("# TYPE ml_feature_flag_toggles untyped\n")
    );
    let open = server.get("/metrics", &[("Accept", OPEN_METRICS)]);
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(open.header("content-type"), Some(content_type));
    assert!(open.text().contains("# TYPE ml_calculations counter\n"));
    assert!(open.text().ends_with("# EOF\n"));
    assert!(!open.text().contains("ml_feature_flag_toggles untyped"));
}

/// A Prometheus would take `le="5"` and `le="5.0"` for two series.
#[test]
fn both_formats_tell_the_same_series() {
    let server = Running::collecting();
    server.report(&[], COMPLETE);
    let series = |accept: &str| {
        let answer = server.get("/metrics", &[("Accept", accept)]);
        let samples = answer.text().lines().filter(|line| line.starts_with("ml_"));
        let names = samples.map(|line| line.rsplit_once(' ').unwrap().0);
        let mut series: Vec<Vec<String>> = names
            .filter(|name| *name != "ml_feature_flag_toggles")
            .map(|name| {
                // The order of labels says nothing.
                let mut parts: Vec<_> = name.split(['{', ',', '}']).map(str::to_owned).collect();
                parts.sort();
                parts
            })
            .collect();
        series.sort();
        series
    };
    assert_eq!(series(OPEN_METRICS), series("text/plain"));
}

#[test]
fn labels_show_any_text_that_was_reported() {
    let server = Running::collecting();
    let odd = COMPLETE.replace("web", r#"a \\ \" {le=\"5\"} ü"#);
    assert_eq!(server.report(&[], &odd).json()["accepted"], 1);
    for accept in [OPEN_METRICS, "text/plain"] {
        let answer = server.get("/metrics", &[("Accept", accept)]);
        let label = r#"source="a \\ \" {le=\"5\"} ü""#;
        assert!(answer.text().contains(label), "{}", answer.text());
    }
}

#[test]
fn what_is_asked_for_compressed_is_sent_so() {
    let server = Running::collecting();
    server.report(&[], COMPLETE);
    let plain = server.get("/metrics", &[]);
    assert_eq!(plain.header("content-encoding"), None);
    let gzip = server.get("/metrics", &[("Accept-Encoding", "gzip")]);
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(&gzip.body[..]);
    decoder.read_to_string(&mut text).unwrap();
    assert!(text.contains("ml_calculations_total"));
    assert!(gzip.body.len() * 4 < plain.body.len());
    let zstd = server.get("/metrics", &[("Accept-Encoding", "zstd, gzip;q=0.5")]);
    assert_eq!(zstd.header("content-encoding"), Some("zstd"));
    let vary = zstd.headers.iter().filter(|(name, _)| name == "vary");
    let vary: Vec<&str> = vary.map(|(_, value)| value.as_str()).collect();
    assert!(
        vary.iter().any(|value| value.contains("Accept-Encoding")),
        "{vary:?}"
    );
}

#[test]
fn the_address_is_a_setting() {
    let server = Running::collecting();
    let path = "/internal/prometheus";
    assert_eq!(server.get(path, &[]).problem(404), "not_found");
    server
        .app
        .change_setting("metrics.endpoint", &path.into())
        .unwrap();
    assert_eq!(server.get(path, &[]).status, 200);
    assert_eq!(server.get("/metrics", &[]).problem(404), "not_found");
    let head = server.request("HEAD", path, &[], "");
    assert_eq!(head.status, 200);
    assert_ne!(head.header("content-length"), Some("0"));
    let refused = server.request("POST", path, &[("Content-Type", "text/plain")], "x");
    assert_eq!(refused.problem(405), "method_not_allowed");
    assert_eq!(refused.header("allow"), Some("GET,HEAD"));
    server
        .app
        .change_setting("metrics.enabled", &false.into())
        .unwrap();
    server
        .app
        .change_setting("metrics.endpoint", &path.into())
        .unwrap();
    assert_eq!(server.get(path, &[]).problem(503), "not_collecting");
}

#[test]
fn an_address_is_served_as_it_is_written_or_refused() {
    let server = Running::collecting();
    let change = |path: &str| server.app.change_setting("metrics.endpoint", &path.into());
    for path in [
        "/",
        "/metrics",
        "/m.x-y_z~",
        "/a/b;c=1/d:e@f",
        "/apis",
        "/!$&'()*+,;=:@",
    ] {
        change(path).unwrap();
        let answer = server.get(path, &[]);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.text().contains("process_"), "{path}");
        let queried = server.get(&format!("{path}?x=1"), &[]);
        assert_eq!(queried.status, 200, "{path}");
    }
    change("/metrics").unwrap();
    for (path, said) in [
        ("/metrics/", "must be a path that does not end in /, not"),
        ("//metrics", "must be a path without //, not"),
        ("/metrics?x=1", "must be a path without ? and #, not"),
        ("/m%65trics", "must be a path without %, which"),
        ("/métriques", "must be a path of letters"),
        ("/healthz", "must be a path outside /api, /healthz, "),
        ("/api/ml/flags", "must be a path outside /api, /healthz, "),
    ] {
        let refused = change(path).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
        assert_eq!(server.get("/metrics", &[]).status, 200);
    }
}

#[test]
fn slow_readers_do_not_block_other_scrapes() {
    let server = Running::collecting();
    let slow: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut client = server.connect();
            client.send(server.compose("GET", "/metrics", &[], ""));
            let stream = TcpStream::connect(server.address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(1)))
                .unwrap();
            stream
        })
        .collect();
    let scraped = (0..50).any(|_| server.get("/metrics", &[]).status == 200);
    assert!(scraped);
    drop(slow);
}
