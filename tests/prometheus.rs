//! Charts read from a Prometheus: a real one that scrapes growing counters, and servers that are
//! none.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};

use flagdeck::metrics::frame::{Frame, NameId, SeriesKey};
use flagdeck::metrics::prometheus::{QueryError, Range, frames};
use flagdeck_core::measure::{Arm, Tally};

use crate::support::observers::{Prometheus, Stranger, answer};
use crate::support::waiting::wait_for;

const STEP_S: u32 = 3;

/// Two steps that have just ended, with every sample in.
fn last_two_steps() -> Range {
    let to_s = jiff::Timestamp::now().as_second() - 1;
    Range {
        from_s: to_s - 2 * i64::from(STEP_S),
        to_s,
        step_s: STEP_S,
    }
}

/// Names in the order in which they were asked for.
#[derive(Debug, Default)]
struct Names(Vec<String>);

impl Names {
    fn id(&mut self, name: &str) -> NameId {
        let known = self.0.iter().position(|known| known == name);
        let at = known.unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        at as NameId
    }
}

/// Classic text of a Flagdeck, after a number of scrapes. Every scrape finds 400 calculations
/// more, of which 100 took up to 100 ms, 200 up to a second and 100 longer than 5 s.
fn flagdeck(scrapes: u64) -> String {
    let confidence = if scrapes.is_multiple_of(2) { 0.2 } else { 0.6 };
    let labels = r#"source="shop",component="ui.badges",arm="exposed""#;
    let duration = "ml_calculation_duration_seconds";
    let iterations = "ml_convergence_iterations";
    let (a, b, c) = (scrapes * 100, scrapes * 300, scrapes * 400);
    format!(
        "# TYPE {duration} histogram\n\
         {duration}_bucket{{{labels},le=\"0.01\"}} 0\n\
         {duration}_bucket{{{labels},le=\"0.1\"}} {a}\n\
         {duration}_bucket{{{labels},le=\"1\"}} {b}\n\
         {duration}_bucket{{{labels},le=\"5\"}} {b}\n\
         {duration}_bucket{{{labels},le=\"+Inf\"}} {c}\n\
         {duration}_sum{{{labels}}} {c}\n\
         {duration}_count{{{labels}}} {c}\n\
         # TYPE {iterations} histogram\n\
         {iterations}_bucket{{{labels},le=\"10\"}} {a}\n\
         {iterations}_bucket{{{labels},le=\"+Inf\"}} {a}\n\
         {iterations}_sum{{{labels}}} {b}\n\
         {iterations}_count{{{labels}}} {a}\n\
         # TYPE ml_confidence_current gauge\n\
         ml_confidence_current{{{labels}}} {confidence}\n\
         # TYPE ml_memory_usage_bytes gauge\n\
         ml_memory_usage_bytes{{source=\"shop\"}} 1000000\n\
         # TYPE flagdeck_build_info gauge\n\
         flagdeck_build_info{{version=\"0.1.0\"}} 1\n\
         # TYPE process_resident_memory_bytes gauge\n\
         process_resident_memory_bytes 50000000\n"
    )
}

/// OpenMetrics of another program, which is no Flagdeck: it has memory of its own, and writes
/// edges as OpenMetrics does.
fn another(scrapes: u64) -> String {
    let labels = r#"source="till",component="ui.prices",arm="""#;
    let duration = "ml_calculation_duration_seconds";
    format!(
        "# TYPE {duration} histogram\n\
         {duration}_bucket{{{labels},le=\"1.0\"}} {0}\n\
         {duration}_bucket{{{labels},le=\"2.0\"}} {0}\n\
         {duration}_bucket{{{labels},le=\"5.0\"}} {1}\n\
         {duration}_bucket{{{labels},le=\"+Inf\"}} {1}\n\
         {duration}_sum{{{labels}}} {1}\n\
         {duration}_count{{{labels}}} {1}\n\
         # TYPE ml_errors counter\n\
         ml_errors_total{{{labels}}} {0}\n\
         # TYPE process_resident_memory_bytes gauge\n\
         process_resident_memory_bytes 9e9\n\
         # EOF\n",
        scrapes * 50,
        scrapes * 80,
    )
}

/// Serves a text that grows with every scrape.
fn growing(kind: &'static str, text: fn(u64) -> String) -> Stranger {
    let scrapes = AtomicU64::new(0);
    Stranger::answering(move |_| {
        let text = text(scrapes.fetch_add(1, Ordering::SeqCst));
        let head = format!("200 OK\r\nContent-Type: {kind}");
        answer(&head, &text).into_bytes()
    })
}

#[test]
fn frames_are_what_flagdeck_exposed() {
    let flagdeck = growing("text/plain; version=0.0.4", flagdeck);
    let another = growing("application/openmetrics-text; version=1.0.0", another);
    let targets = [flagdeck.address, another.address];
    let prometheus = Prometheus::scraping(&targets, "/metrics", "1s");
    let (frames, names) = until_there_are_counts(&prometheus);
    let name = |name: &str| names.0.iter().position(|known| known == name).unwrap() as NameId;
    assert_eq!(names.0.len(), 3, "{names:?}", names = names.0);
    let key = SeriesKey::without_source;
    for frame in &frames {
        assert_eq!(frame.tallies.len(), 2);
        check_flagdeck(&frame.tallies[&key(name("ui.badges"), Arm::Exposed)]);
        check_another(&frame.tallies[&key(name("ui.prices"), Arm::Unknown)]);
        let memory = &frame.memory[&name("shop")];
        assert_eq!((frame.memory.len(), memory.count), (1, 1));
        assert_eq!((memory.min, memory.max, memory.sum), (1e6, 1e6, 1e6));
        let own = &frame.own_memory;
        assert_eq!((own.min, own.max, own.mean()), (5e7, 5e7, Some(5e7)));
    }
}

/// Asks until both steps have counts of both servers, which begins when these were scraped
/// for as long.
fn until_there_are_counts(prometheus: &Prometheus) -> (Vec<Frame>, Names) {
    let ask = || {
        let (range, mut names) = (last_two_steps(), Names::default());
        let found = frames(&prometheus.url(), &range, &mut |name| names.id(name)).unwrap();
        let times: Vec<i64> = found.iter().map(|(at_s, _)| *at_s).collect();
        assert_eq!(times, [range.from_s, range.from_s + i64::from(STEP_S)]);
        let frames: Vec<Frame> = found.into_iter().map(|(_, frame)| frame).collect();
        (frames, names)
    };
    let has_all = |frame: &Frame| {
        let full = |tally: &Tally| tally.completed() > 0;
        frame.tallies.len() == 2 && frame.tallies.values().all(full)
    };
    wait_for("counts in both steps", ask, |(frames, _)| {
        frames.iter().all(has_all)
    })
}

/// However Prometheus extrapolates, it does so in proportion: to one for rounding.
#[track_caller]
fn check_flagdeck(tally: &Tally) {
    let [_, _, fast, half_second, second, two, five, slower] = tally.durations;
    assert_eq!(tally.durations[..2], [0, 0]);
    assert_eq!((half_second, two, five), (0, 0, 0));
    assert!(slower.abs_diff(fast) <= 2, "{tally:?}");
    assert!(second.abs_diff(2 * fast) <= 3, "{tally:?}");
    // Three scrapes in three seconds, give or take what is extrapolated or comes late.
    assert!((50..=1000).contains(&fast), "{tally:?}");
    assert!((tally.duration_s - tally.completed() as f64).abs() < 2.0);
    assert_eq!(tally.iterations[..3], [0, 0, 0]);
    assert!(tally.iterations[3].abs_diff(fast) <= 2, "{tally:?}");
    assert!(tally.iterations_sum.abs_diff(3 * fast) <= 4, "{tally:?}");
    assert_eq!(tally.errors, 0);
    let confidence = &tally.confidence;
    assert_eq!(confidence.count, tally.completed());
    assert_eq!((confidence.min, confidence.max), (0.2, 0.6));
    let mean = confidence.mean().unwrap();
    assert!((0.25..=0.55).contains(&mean), "{mean}");
}

#[track_caller]
fn check_another(tally: &Tally) {
    let [.., second, two, five, slower] = tally.durations;
    assert_eq!((two, slower), (0, 0));
    assert!(tally.errors.abs_diff(second) <= 1, "{tally:?}");
    assert!((5 * five).abs_diff(3 * second) <= 8, "{tally:?}");
    assert_eq!(tally.confidence.count, 0);
}

#[test]
fn a_prometheus_without_flagdeck_has_quiet_frames() {
    let nothing = Stranger::saying(answer("200 OK", ""));
    let prometheus = Prometheus::scraping(&[nothing.address], "/", "1s");
    let found = frames(&prometheus.url(), &last_two_steps(), &mut |_| 0).unwrap();
    assert_eq!(found.len(), 2);
    let is_empty = |frame: &Frame| frame.is_quiet() && frame.own_memory.count == 0;
    assert!(found.iter().all(|(_, frame)| is_empty(frame)));
    assert_eq!(prometheus.query("vector(1)")[0]["value"][1], "1");
}

#[test]
fn all_queries_go_over_one_connection() {
    let nothing = Stranger::saying(answer("200 OK", ""));
    let prometheus = Prometheus::scraping(&[nothing.address], "/", "1h");
    let before = prometheus.connections();
    frames(&prometheus.url(), &last_two_steps(), &mut |_| 0).unwrap();
    // Theirs, and that of the second question.
    assert_eq!(prometheus.connections() - before, 2);
}

#[test]
fn a_range_is_bounded_and_may_be_empty() {
    let ask = |from_s: i64, to_s: i64| {
        let range = Range {
            from_s,
            to_s,
            step_s: 10,
        };
        frames("http://127.0.0.1:1", &range, &mut |_| 0)
    };
    assert_eq!(ask(100, 109).unwrap(), []);
    assert_eq!(ask(100, 50).unwrap(), []);
    assert_eq!(ask(i64::MAX, i64::MIN).unwrap(), []);
    let error = ask(0, 110_010).unwrap_err();
    assert!(matches!(error, QueryError::TooManySteps { steps: 11_001 }));
    assert!(ask(i64::MIN, i64::MAX).is_err());
}

#[test]
fn why_there_is_no_answer_is_said() {
    let check = |url: &str, said: &str| {
        let error = frames(url, &last_two_steps(), &mut |_| 0).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with(said), "{error}");
        assert!(error.chars().count() < 300 && !error.contains(char::is_control));
        assert!(
            !error.contains("secret") && !error.contains("hello"),
            "{error}"
        );
    };
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let free = format!("http://me:secret@{}", free.unwrap());
    check(&free, "it cannot be reached: ");
    check("http://me:secret@no port", "its address cannot be used");

    let answers = |status: &str, body: &str, said: &str| {
        let stranger = Stranger::saying(answer(status, body));
        check(&stranger.url(), said);
    };
    let page = format!("<html>\n\x1b<body>{}", "hello ".repeat(100_000));
    let stranger = "it is not a Prometheus: it answered 200";
    answers("200 OK", &page, stranger);
    answers("404 No", "", "it is not a Prometheus: it answered 404");
    answers("401 No", "who are you", "it refused a query: 401");
    answers("200 OK", "[]", stranger);
    let deep = "[".repeat(100_000);
    answers("200 OK", &deep, stranger);
    let error = r#"{"status":"error","errorType":"timeout","error":"query timed\nout"}"#;
    answers("503 No", error, "it refused a query: query timed out");
    let elsewhere = "302 Found\r\nLocation: http://me:secret@elsewhere/";
    answers(
        elsewhere,
        "",
        "it redirects elsewhere, which is not followed: 302 http://elsewhere/",
    );
}

#[test]
fn an_answer_beyond_the_bound_is_refused() {
    let stranger = Stranger::answering(|_| {
        let mut endless = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n".to_vec();
        endless.resize(33 * 1024 * 1024, b' ');
        endless
    });
    let error = frames(&stranger.url(), &last_two_steps(), &mut |_| 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "its answer is larger than 33554432 bytes"
    );
}

#[test]
fn an_answer_with_an_evil_shape_makes_no_frame_up() {
    let json = r#"{"status":"success","warnings":["old"],"infos":[],"data":{"resultType":"matrix",
        "result":[{"metric":{"component":"ui","arm":"","le":"NaN","source":"x"},"values":
        [[1e300,"1"],[-1e300,"1"],[0,"1e308"]]}]}}"#;
    let stranger = Stranger::saying(answer("200 OK", json));
    let found = frames(&stranger.url(), &last_two_steps(), &mut |_| 0).unwrap();
    assert!(found.iter().all(|(_, frame)| *frame == Frame::default()));
}
