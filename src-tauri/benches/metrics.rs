//! Counting and exposing, each figure beside prometheus-client's own, in the same run; and how
//! much a day of series takes.
//!
//! One calculation is a counter, a gauge and two histograms, by source, component and arm.
//! Targets: at most 60 ns with the labels looked up, at most twice that where two threads
//! count at once; a scrape of 1000 samples at most twice prometheus-client's own encoding; a
//! day of series at most 6 MB in memory and 30 MB on disk.

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![expect(clippy::print_stdout, reason = "sizes are told, not timed")]

mod measuring;

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use flagdeck::leader::{Leader, Role};
use flagdeck::metrics::collector::{Checkpoint, Collector};
use flagdeck::metrics::event::{Event, Labels};
use flagdeck::metrics::exposition::{Exposition, Format};
use flagdeck::metrics::frame::{Frame, SeriesKey};
use flagdeck::metrics::limits::TICKS_BYTES_MAX;
use flagdeck::metrics::recorder::{LabelsRef, Recorder};
use flagdeck::metrics::store::{MetricsStore, Unsaved};
use flagdeck::metrics::tiers::{Ring, TICK_S, TICKS_IN_MEMORY_S};
use flagdeck::trusted_time::Moment;
use flagdeck_core::measure::{Arm, Calculation, DURATION_EDGES_S, ITERATION_EDGES};
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use self::measuring::sized;

/// Sets of labels, of 26 samples each, that make about 1000 samples.
const SERIES: usize = 38;

/// Components a host reports, each in two arms.
const COMPONENTS: u32 = 10;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PeerLabels {
    source: String,
    component: String,
    arm: String,
}

/// The same four metrics as prometheus-client has them.
#[derive(Clone)]
struct Peer {
    calculations: Family<PeerLabels, Counter>,
    confidence: Family<PeerLabels, Gauge<f64, AtomicU64>>,
    durations: Family<PeerLabels, Histogram, fn() -> Histogram>,
    iterations: Family<PeerLabels, Histogram, fn() -> Histogram>,
    errors: Family<PeerLabels, Counter>,
}

/// Handles of one set of labels.
struct Held {
    calculations: Counter,
    confidence: Gauge<f64, AtomicU64>,
    durations: Histogram,
    iterations: Histogram,
}

impl Peer {
    fn new() -> Self {
        let durations: fn() -> Histogram = || Histogram::new(DURATION_EDGES_S);
        let iterations: fn() -> Histogram = || Histogram::new(ITERATION_EDGES);
        Self {
            calculations: Family::default(),
            confidence: Family::default(),
            durations: Family::new_with_constructor(durations),
            iterations: Family::new_with_constructor(iterations),
            errors: Family::default(),
        }
    }

    fn hold(&self, labels: &PeerLabels) -> Held {
        Held {
            calculations: self.calculations.get_or_create_owned(labels),
            confidence: self.confidence.get_or_create_owned(labels),
            durations: self.durations.get_or_create_owned(labels),
            iterations: self.iterations.get_or_create_owned(labels),
        }
    }

    fn registry(&self) -> Registry {
        let mut registry = Registry::default();
        registry.register(
            "ml_calculations",
            "Calculations that ended well",
            self.calculations.clone(),
        );
        registry.register("ml_errors", "Calculations that failed", self.errors.clone());
        registry.register(
            "ml_confidence_current",
            "The confidence",
            self.confidence.clone(),
        );
        registry.register_with_unit(
            "ml_calculation_duration",
            "How long calculations took",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "ml_convergence_iterations",
            "Iterations",
            self.iterations.clone(),
        );
        registry
    }
}

impl Held {
    #[inline]
    fn record(&self, calculation: &Calculation) {
        self.calculations.inc();
        self.confidence.set(calculation.confidence);
        self.durations.observe(calculation.duration_s);
        if let Some(iterations) = calculation.iterations {
            self.iterations.observe(f64::from(iterations));
        }
    }
}

fn labels(index: usize) -> Labels {
    Labels {
        source: "knowledge-base".into(),
        component: format!("area{}.component{index}", index % 7).into(),
        arm: Arm::of(index.is_multiple_of(2)),
    }
}

fn peer_labels(index: usize) -> PeerLabels {
    let labels = labels(index);
    PeerLabels {
        source: labels.source.into(),
        component: labels.component.into(),
        arm: labels.arm.as_str().into(),
    }
}

fn calculations() -> Vec<Calculation> {
    (0..1024_u32)
        .map(|index| Calculation {
            duration_s: f64::from(index % 97) * f64::from(index % 89) / 1500.0,
            confidence: f64::from(index % 100) / 100.0,
            iterations: Some(5 + index % 60),
        })
        .collect()
}

fn record_one(criterion: &mut Criterion) {
    let calculations = calculations();
    let mut at = 0;
    let mut next = move || {
        at = (at + 1) % 1024;
        calculations[at]
    };
    let mut group = criterion.benchmark_group("record one calculation");

    let cells: Vec<AtomicU64> = (0..30).map(|_| AtomicU64::new(0)).collect();
    group.bench_function("floor: six relaxed atomics", |bencher| {
        bencher.iter(|| {
            let calculation = next();
            let bucket = |edges: &[f64], value: f64| edges.iter().filter(|it| value > **it).count();
            let duration = bucket(&DURATION_EDGES_S, calculation.duration_s);
            let iterations = f64::from(calculation.iterations.unwrap_or(0));
            cells[0].fetch_add(1, Ordering::Relaxed);
            cells[1].store(calculation.confidence.to_bits(), Ordering::Relaxed);
            cells[2 + duration].fetch_add(1, Ordering::Relaxed);
            cells[10].fetch_add(1, Ordering::Relaxed);
            cells[11 + bucket(&ITERATION_EDGES, iterations)].fetch_add(1, Ordering::Relaxed);
            cells[23].fetch_add(iterations as u64, Ordering::Relaxed);
        });
    });

    let held = Peer::new().hold(&peer_labels(0));
    group.bench_function("prometheus-client, held handles", |bencher| {
        bencher.iter(|| held.record(&next()));
    });

    let peer = Peer::new();
    let known = peer_labels(0);
    group.bench_function("prometheus-client, looked up", |bencher| {
        bencher.iter(|| peer.hold(black_box(&known)).record(&next()));
    });

    let recorder = Recorder::default();
    let owned = labels(0);
    let wanted = LabelsRef::from(&owned);
    group.bench_function("Recorder, looked up", |bencher| {
        bencher.iter(|| recorder.record(black_box(&wanted), &next()));
    });

    let mut recording = recorder.begin();
    group.bench_function("Recorder, looked up, within a batch", |bencher| {
        bencher.iter(|| recording.record(black_box(&wanted), &next()));
    });
    drop(recording);
    group.finish();
}

/// Two threads count the same series at once; a figure is for one calculation of one thread.
fn record_contended(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("record one calculation, two threads");
    let held = Peer::new().hold(&peer_labels(0));
    group.bench_function("prometheus-client, held handles", |bencher| {
        bencher.iter_custom(|count| on_two_threads(count, |calculation| held.record(calculation)));
    });
    let recorder = Recorder::default();
    let owned = labels(0);
    let wanted = LabelsRef::from(&owned);
    group.bench_function("Recorder, looked up", |bencher| {
        bencher.iter_custom(|count| {
            on_two_threads(count, |calculation| {
                recorder.record(black_box(&wanted), calculation);
            })
        });
    });
    group.finish();
}

fn on_two_threads(count: u64, record: impl Fn(&Calculation) + Sync) -> Duration {
    let calculations = calculations();
    let ready = Barrier::new(2);
    let run = || {
        ready.wait();
        let begin = Instant::now();
        for index in 0..count {
            record(&calculations[index as usize % 1024]);
        }
        begin.elapsed()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(run);
        run().max(other.join().expect("it counts"))
    })
}

fn scrape(criterion: &mut Criterion) {
    let peer = Peer::new();
    let collector = Arc::new(Collector::default());
    for index in 0..SERIES {
        let held = peer.hold(&peer_labels(index));
        peer.errors.get_or_create_owned(&peer_labels(index)).inc();
        let mut events = vec![Event::Error(labels(index))];
        for calculation in calculations() {
            held.record(&calculation);
            events.push(Event::Complete(labels(index), calculation));
        }
        collector.apply(index as i64, &events, 0);
    }
    let registry = peer.registry();
    let exposition = Exposition::new(&collector, &Arc::default(), &Arc::default());
    let samples = |text: &str| text.lines().filter(|line| !line.starts_with('#')).count();

    let mut group = criterion.benchmark_group("scrape");
    let mut written = String::new();
    text::encode(&mut written, &registry).expect("it is text");
    println!("prometheus-client: {} samples", samples(&written));
    for format in [Format::OpenMetrics, Format::Classic] {
        println!(
            "Exposition: {} samples, {format:?}",
            samples(&exposition.text(format, None))
        );
    }
    group.bench_function("prometheus-client, OpenMetrics", |bencher| {
        bencher.iter(|| {
            let mut written = String::new();
            text::encode(&mut written, &registry).expect("it is text");
            written
        });
    });
    group.bench_function("prometheus-client, classic", |bencher| {
        bencher.iter(|| {
            let mut written = String::new();
            prometheus_text::encode(&mut written, &registry).expect("it is text");
            written
        });
    });
    group.bench_function("Exposition, OpenMetrics", |bencher| {
        bencher.iter(|| exposition.text(Format::OpenMetrics, None));
    });
    group.bench_function("Exposition, classic", |bencher| {
        bencher.iter(|| exposition.text(Format::Classic, None));
    });
    group.finish();
}

/// A tick of a host that calculates 1000 times a second, for ten components in two arms.
fn tick(at: u32) -> Frame {
    let mut frame = Frame::default();
    for component in 0..COMPONENTS {
        for arm in [Arm::Exposed, Arm::Control] {
            let tally = frame
                .tallies
                .entry(SeriesKey {
                    component,
                    arm,
                    source: 1,
                })
                .or_default();
            for index in 0..500_u32 {
                let seed = (index * 7919 + at * 104_729 + component * 31) % 10_000;
                tally.record(&Calculation {
                    duration_s: 0.002 + f64::from(seed * seed) / 4e7,
                    confidence: f64::from(seed % 1000) / 1000.0,
                    iterations: Some(8 + seed % 70),
                });
            }
            tally.errors = u64::from(at % 7);
        }
    }
    frame
        .memory
        .entry(7)
        .or_default()
        .record(9e7 + f64::from(at));
    frame.own_memory.record(5e7 + f64::from(at));
    frame
}

/// Not timed: how much a day of ticks takes, in memory and on disk.
fn day_of_series(_: &mut Criterion) {
    const MB: f64 = 1e6;
    let ticks: Vec<(i64, Frame)> = (0..sized(TICKS_IN_MEMORY_S / i64::from(TICK_S), 30))
        .map(|at| {
            (
                at * i64::from(TICK_S),
                tick(u32::try_from(at).expect("few")),
            )
        })
        .collect();
    let mut ring = Ring::new(TICKS_IN_MEMORY_S, TICKS_BYTES_MAX);
    for (at_s, frame) in &ticks {
        ring.push(*at_s, frame);
    }
    let kept = ring.between(0, i64::MAX).len();
    let with_places = ring.bytes() + kept * (size_of::<(i64, Box<[u8]>)>() + 16);
    println!(
        "a day of series in memory: {:.2} MB for {kept} of {} ticks (target 6)",
        with_places as f64 / MB,
        ticks.len()
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let lead = Leader::new(folder.path()).seat(Role::Metrics).lead();
    let lead = lead.expect("no other program leads");
    let (mut store, _) = MetricsStore::open(folder.path(), 1, 0).expect("it opens");
    for ticks in ticks.chunks(360) {
        let now_ms = ticks.last().expect("not empty").0 * 1000 + 10_000;
        let ticks = Unsaved {
            ticks: ticks.iter().cloned().collect(),
            ..Unsaved::default()
        };
        let kept = store.keep(
            &lead,
            &Checkpoint::default(),
            &ticks,
            &std::collections::BTreeMap::new(),
            &Moment::sure(now_ms),
        );
        kept.expect("the disk takes it");
    }
    store.close();
    let bytes = std::fs::metadata(folder.path().join("metrics.db"))
        .expect("it is there")
        .len();
    println!(
        "a day of series on disk: {:.2} MB, all tiers (target 30)",
        bytes as f64 / MB
    );
}

criterion_group!(benches, record_one, record_contended, scrape, day_of_series);
criterion_main!(benches);
