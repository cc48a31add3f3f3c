//! The whole of it with those who read it: a real Prometheus scrapes what was reported and
//! answers with it, `promtool` finds nothing to complain of, a real Pushgateway keeps the types.

use std::io::Write;
use std::process::{Command, Stdio};

use flagdeck::App;
use flagdeck::wire::{ChartQuery, PushHealth};
use serde_json::Value;

use crate::http_support::Running;
use crate::support::observers::{Prometheus, Pushgateway, Stranger};
use crate::support::waiting::wait_until;

/// 40 calculations, one of which failed, of the arms and components of a host.
fn reported(server: &Running) {
    let mut lines = String::new();
    for index in 0..40 {
        let component = ["ui.badges", "calculator"][index % 2];
        let exposed = index % 4 < 2;
        let duration = [0.004, 0.25, 1.5, 9.0][index % 4];
        let event = match index {
            0 => serde_json::json!({ "type": "ml:calculation:error" }),
            _ => serde_json::json!({
                "type": "ml:calculation:complete", "duration": duration,
                "confidence": 0.75, "iterations": 12 + index,
            }),
        };
        let mut event = event;
        event["source"] = "knowledge base \"eu\\\\1\"".into();
        event["component"] = component.into();
        event["exposed"] = exposed.into();
        lines += &format!("{event}\n");
    }
    lines += r#"{"type":"ml:memory","source":"knowledge base \"eu\\\\1\"","bytes":96000000}"#;
    let answer = server.report(&[], &lines);
    assert_eq!(answer.json()["accepted"], 41, "{}", answer.text());
}

fn value(answer: &Value) -> f64 {
    let samples = answer.as_array().unwrap();
    assert_eq!(samples.len(), 1, "{answer}");
    samples[0]["value"][1].as_str().unwrap().parse().unwrap()
}

/// Checks that a Prometheus scraped without an error, and has what was reported.
fn check_scraped(prometheus: &Prometheus) {
    wait_until("a scrape", || {
        let samples = prometheus.query("sum(ml_calculations_total)");
        !samples.as_array().unwrap().is_empty()
    });
    assert_eq!(value(&prometheus.query("min(up)")), 1.0);
    assert_eq!(value(&prometheus.query("sum(ml_calculations_total)")), 39.0);
    assert_eq!(value(&prometheus.query("sum(ml_errors_total)")), 1.0);
    let arm = r#"sum(ml_calculations_total{component="calculator",arm="control"})"#;
    assert_eq!(value(&prometheus.query(arm)), 10.0);
    let edge = r#"sum(ml_calculation_duration_seconds_bucket{le="5.0"})"#;
    assert_eq!(value(&prometheus.query(edge)), 29.0);
    let all = r#"sum(ml_calculation_duration_seconds_bucket{le="+Inf"})"#;
    assert_eq!(value(&prometheus.query(all)), 39.0);
    let memory = r#"ml_memory_usage_bytes{source="knowledge base \"eu\\\\1\""}"#;
    assert_eq!(value(&prometheus.query(memory)), 96e6);
    let iterations = "sum(ml_convergence_iterations_count)";
    assert_eq!(value(&prometheus.query(iterations)), 39.0);
    assert_eq!(value(&prometheus.query("flagdeck_build_info")), 1.0);
    assert!(value(&prometheus.query("process_resident_memory_bytes")) > 1e6);
}

/// Prometheus prefers OpenMetrics, and asks for it.
#[test]
fn a_prometheus_reads_open_metrics() {
    let server = Running::collecting();
    reported(&server);
    let prometheus = Prometheus::scraping(&[server.address], "/metrics", "1s");
    check_scraped(&prometheus);
    let none = prometheus.query("ml_feature_flag_toggles");
    assert_eq!(none.as_array().unwrap().len(), 0, "that is classic text");
}

/// Older ones ask for the classic text: here through a server that passes only that on.
#[test]
fn a_prometheus_reads_the_classic_text() {
    let server = Running::collecting();
    reported(&server);
    let address = server.address;
    let classic = Stranger::answering(move |_| {
        let mut answer = ureq::get(format!("http://{address}/metrics"))
            .header("Accept", "text/plain;version=0.0.4")
            .call()
            .unwrap();
        let content_type = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let text = answer.body_mut().read_to_string().unwrap();
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{text}",
            text.len()
        )
        .into_bytes()
    });
    let prometheus = Prometheus::scraping(&[classic.address], "/metrics", "1s");
    check_scraped(&prometheus);
    assert_eq!(value(&prometheus.query("ml_feature_flag_toggles")), 0.0);
}

#[test]
fn promtool_accepts_the_metrics() {
    let server = Running::collecting();
    reported(&server);
    let text = server.get("/metrics", &[]);
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is there: run tools/need.sh test");
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(&text.body)
        .unwrap();
    let told = promtool.wait_with_output().unwrap();
    let said = String::from_utf8(told.stderr).unwrap() + &String::from_utf8(told.stdout).unwrap();
    // The name without `_total` is the founding specification's, and has no type for that.
    assert!(told.status.success(), "{said}");
    assert_eq!(said, "");
}

#[test]
fn the_charts_can_come_from_a_prometheus() {
    let server = Running::collecting();
    reported(&server);
    let prometheus = Prometheus::scraping(&[server.address], "/metrics", "1s");
    server
        .app
        .change_setting("metrics.prometheus", &prometheus.url().into())
        .unwrap();
    // What was there at the first scrape is no growth.
    wait_until("a scrape", || {
        !prometheus
            .query("ml_calculations_total")
            .as_array()
            .unwrap()
            .is_empty()
    });
    let total = || value(&prometheus.query("sum(ml_calculations_total)"));
    wait_until("the charts to have what came since", || {
        let before = total();
        reported(&server);
        wait_until("the next scrape", || total() > before);
        let charts = server.app.charts(&last_minutes(false)).unwrap();
        assert_eq!(
            charts.prometheus.as_deref(),
            Some(prometheus.url().as_str())
        );
        let drawn: u64 = charts.durations.iter().flatten().sum();
        drawn >= 39 && charts.components == ["calculator", "ui.badges"]
    });
    let own = server.app.charts(&last_minutes(true)).unwrap();
    assert_eq!((own.prometheus, own.step_s < 60), (None, true));
    drop(prometheus);
    let failed = server.app.charts(&last_minutes(false)).unwrap_err();
    let said = failed.in_full();
    assert!(said.starts_with("the Prometheus at http://"), "{said}");
    assert_eq!(
        said.matches("cannot be asked: it cannot be reached: ")
            .count(),
        1,
        "{said}"
    );
    assert_eq!(
        said.matches("cannot be reached").count(),
        1,
        "its cause is told once: {said}"
    );
}

fn last_minutes(own: bool) -> ChartQuery {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    ChartQuery {
        from_ms: now_ms - 300_000,
        to_ms: now_ms + 60_000,
        points_max: 600,
        component: None,
        own,
    }
}

fn health(app: &App) -> PushHealth {
    app.pulse(None).unwrap().unwrap().push.unwrap()
}

#[test]
fn a_gateway_keeps_the_types_and_may_come_and_go() {
    let mut gateway = Pushgateway::start();
    let server = Running::collecting();
    reported(&server);
    let set = |name, value: Value| server.app.change_setting(name, &value).map(drop).unwrap();
    set("metrics.interval", 1000.into());
    set("metrics.pushGateway", gateway.url().into());
    let group = |gateway: &Pushgateway| {
        let groups = gateway.metrics();
        let mut groups = groups.as_array().unwrap().iter();
        groups
            .find(|group| group["labels"]["job"] == "flagdeck")
            .cloned()
    };
    wait_until("a push", || group(&gateway).is_some());
    let pushed = group(&gateway).unwrap();
    for (name, kind) in [
        ("ml_calculations_total", "COUNTER"),
        ("ml_errors_total", "COUNTER"),
        ("ml_confidence_current", "GAUGE"),
        ("ml_memory_usage_bytes", "GAUGE"),
        ("ml_calculation_duration_seconds", "HISTOGRAM"),
        ("ml_convergence_iterations", "HISTOGRAM"),
        ("ml_feature_flag_toggles_total", "COUNTER"),
        ("ml_feature_flag_toggles", "UNTYPED"),
    ] {
        assert_eq!(pushed[name]["type"], kind, "{name}");
    }
    assert_eq!(health(&server.app).error, None);

    gateway.stop();
    wait_until("its absence to be told", || {
        let health = health(&server.app);
        health.waiting > 0 && health.error.is_some()
    });
    // Whatever happens with the gateway, what is reported counts.
    reported(&server);
    gateway.start_again();
    wait_until("what waited to arrive", || {
        let health = health(&server.app);
        health.waiting == 0 && health.error.is_none()
    });
    let total = |group: &Value| -> f64 {
        let metrics = group["ml_calculations_total"]["metrics"]
            .as_array()
            .unwrap();
        let values = metrics.iter().map(|it| it["value"].as_str().unwrap());
        values.map(|value| value.parse::<f64>().unwrap()).sum()
    };
    assert_eq!(total(&group(&gateway).unwrap()), 78.0);

    server.app.close();
    assert!(group(&gateway).is_none(), "it is forgotten at the end");
}
