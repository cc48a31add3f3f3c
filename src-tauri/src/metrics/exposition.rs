//! The totals as Prometheus reads them: OpenMetrics 1.0, and the classic text 0.0.4.
//!
//! Names, types and escaping are prometheus-client's; this file only decides which values there
//! are. Both formats have the same series, edges of buckets included.

use std::fmt;
use std::sync::{Arc, Mutex};

use flagdeck_core::measure::{DURATION_EDGES_S, ITERATION_EDGES};
use memchr::memmem;
use prometheus_client::collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, MetricEncoder,
    NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::Refusals;
use super::collector::{Collected, Collector, Total};
use super::event::Labels;
use super::process::{self, ProcessUse};
use crate::load::{Count, Load};
use crate::lock::lock;

const NO_LABELS: [(&str, &str); 0] = [];

/// A format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The classic text format 0.0.4.
    Classic,
}

/// How following a document stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FollowedFigures {
    /// Seconds since the document was last found to be as it is; `None` if it was not yet.
    pub confirmed_age_s: Option<f64>,
    /// Whether the remote has a document that is held.
    pub is_held: bool,
    /// How many overrides act.
    pub overrides: usize,
}

/// Writes the metrics in either format.
#[derive(Debug)]
pub struct Exposition {
    open_metrics: Registry,
    classic: Registry,
    followed: Arc<Mutex<Option<FollowedFigures>>>,
}

impl Exposition {
    /// Exposes what a collector counts, what was refused, and what the server carries.
    pub fn new(collector: &Arc<Collector>, refusals: &Arc<Refusals>, load: &Arc<Load>) -> Self {
        let followed = Arc::default();
        let registry = |format| {
            let mut registry = Registry::default();
            registry.register_collector(Box::new(Exposed {
                format,
                collector: Arc::clone(collector),
                refusals: Arc::clone(refusals),
                load: Arc::clone(load),
                followed: Arc::clone(&followed),
            }));
            registry
        };
        Self {
            open_metrics: registry(Format::OpenMetrics),
            classic: registry(Format::Classic),
            followed,
        }
    }

    /// Returns all metrics as text, those of following if a document is followed.
    pub fn text(&self, format: Format, followed: Option<FollowedFigures>) -> String {
        *lock(&self.followed) = followed;
        let mut text = String::new();
        let written = match format {
            Format::OpenMetrics => text::encode(&mut text, &self.open_metrics),
            Format::Classic => prometheus_text::encode(&mut text, &self.classic),
        };
        written.expect("a text in memory takes everything");
        match format {
            Format::OpenMetrics => text,
            Format::Classic => with_edges_as_in_open_metrics(&text),
        }
    }
}

/// Writes `le="5"` as `le="5.0"`. To a Prometheus these are two series: one that is scraped in both
/// formats in turn would split into two.
fn with_edges_as_in_open_metrics(text: &str) -> String {
    const EDGE: &str = "le=\"";
    let mut written = String::with_capacity(text.len() + text.len() / 32);
    let mut copied = 0;
    for found in memmem::find_iter(text.as_bytes(), EDGE) {
        let begins = found + EDGE.len();
        let digits = text.as_bytes()[begins..].iter();
        let ends = begins + digits.take_while(|byte| byte.is_ascii_digit()).count();
        if ends > begins && text.as_bytes().get(ends) == Some(&b'"') {
            written.push_str(&text[copied..ends]);
            written.push_str(".0");
            copied = ends;
        }
    }
    written.push_str(&text[copied..]);
    written
}

/// All metrics, in one format.
#[derive(Debug)]
struct Exposed {
    format: Format,
    collector: Arc<Collector>,
    refusals: Arc<Refusals>,
    load: Arc<Load>,
    /// As it stood when the metrics were asked for last.
    followed: Arc<Mutex<Option<FollowedFigures>>>,
}

impl collector::Collector for Exposed {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let state = self.collector.state();
        calculations(&mut encoder, &state)?;
        usage(&mut encoder, &state)?;
        let accepted = state.accepted;
        drop(state);
        toggles(&mut encoder, self.format, self.collector.toggles().count)?;
        self.own(&mut encoder, accepted)?;
        self.served(&mut encoder)?;
        self.following(&mut encoder)?;
        process::look().map_or(Ok(()), |used| process_use(&mut encoder, &used))
    }
}

/// The metrics of the founding specification, by source, component and arm.
fn calculations(encoder: &mut DescriptorEncoder, state: &Collected) -> fmt::Result {
    completed(encoder, state)?;
    errors(encoder, state)?;
    confidence(encoder, state)?;
    durations(encoder, state)?;
    iterations(encoder, state)
}

fn completed(encoder: &mut DescriptorEncoder, state: &Collected) -> fmt::Result {
    let help = "Calculations that ended well";
    let mut metric =
        encoder.encode_descriptor("ml_calculations", help, None, MetricType::Counter)?;
    each(state, |labels, total| {
        counter(&mut metric, labels, &total.tally.completed())
    })
}

fn errors(encoder: &mut DescriptorEncoder, state: &Collected) -> fmt::Result {
    let help = "Calculations that failed";
    let mut metric = encoder.encode_descriptor("ml_errors", help, None, MetricType::Counter)?;
    each(state, |labels, total| {
        counter(&mut metric, labels, &total.tally.errors)
    })
}

fn confidence(encoder: &mut DescriptorEncoder, state: &Collected) -> fmt::Result {
    let name = "ml_confidence_current";
    let help = "The confidence that was reported last, 0 to 1";
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    each(state, |labels, total| match total.confidence_last {
        Some(confidence) => gauge(&mut metric, labels, &confidence),
        None => Ok(()),
    })
}

fn durations(encoder: &mut DescriptorEncoder, state: &Collected) -> fmt::Result {
    let name = "ml_calculation_duration";
    let help = "How long calculations took that ended well";
    let unit = Some(&Unit::Seconds);
    let mut metric = encoder.encode_descriptor(name, help, unit, MetricType::Histogram)?;
    each(state, |labels, total| {
        let Total { tally, .. } = total;
        let sum = tally.duration_s;
        histogram(
            &mut metric,
            labels,
            sum,
            &DURATION_EDGES_S,
            &tally.durations,
        )
    })
}

fn iterations(encoder: &mut DescriptorEncoder, state: &Collected) -> fmt::Result {
    let name = "ml_convergence_iterations";
    let help = "Iterations until a calculation converged";
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    each(state, |labels, total| {
        let Total { tally, .. } = total;
        let sum = tally.iterations_sum as f64;
        histogram(
            &mut metric,
            labels,
            sum,
            &ITERATION_EDGES,
            &tally.iterations,
        )
    })
}

/// Metrics by source alone.
fn usage(encoder: &mut DescriptorEncoder, state: &Collected) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(
        "ml_memory_usage",
        "The memory that a source reported last",
        Some(&Unit::Bytes),
        MetricType::Gauge,
    )?;
    for (source, memory) in &state.memory {
        gauge(&mut metric, &[("source", &**source)], &memory.bytes)?;
    }
    let mut metric = encoder.encode_descriptor(
        "ml_usage",
        "How often a source said that it was used",
        None,
        MetricType::Counter,
    )?;
    for (source, usage) in &state.usage {
        counter(&mut metric, &[("source", &**source)], &usage.count)?;
    }
    Ok(())
}

fn toggles(encoder: &mut DescriptorEncoder, format: Format, count: u64) -> fmt::Result {
    let name = "ml_feature_flag_toggles";
    let help = "How often a component or the master switch was switched";
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    counter(&mut metric, &NO_LABELS, &count)?;
    if format == Format::Classic {
        // The name in the founding specification. Conventions forbid it for a counter, and
        // OpenMetrics for anything with the name of a counter's family.
        let help = "The same as ml_feature_flag_toggles_total";
        let mut alias = encoder.encode_descriptor(name, help, None, MetricType::Unknown)?;
        alias.encode_gauge(&(count as f64))?;
    }
    Ok(())
}

impl Exposed {
    /// Metrics of Flagdeck itself.
    fn own(&self, encoder: &mut DescriptorEncoder, accepted: u64) -> fmt::Result {
        let mut counted = |name, help, count| -> fmt::Result {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            counter(&mut metric, &NO_LABELS, &count)
        };
        counted(
            "flagdeck_events_accepted",
            "Events collected, over restarts",
            accepted,
        )?;
        counted(
            "flagdeck_events_rejected",
            "Events that were not valid",
            self.refusals.rejected(),
        )?;
        counted(
            "flagdeck_batches_turned_away",
            "Batches of events that found the queue full",
            self.refusals.turned_away(),
        )?;
        counted(
            "flagdeck_labels_overflowed",
            "Calculations counted under other labels because there were too many",
            self.collector.recorder().overflowed(),
        )?;
        let mut metric = encoder.encode_descriptor(
            "flagdeck_build",
            "The version of Flagdeck",
            None,
            MetricType::Info,
        )?;
        metric.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

impl Exposed {
    /// What the server carries.
    fn served(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let Self { load, .. } = self;
        let mut now = |name, help, unit: Option<Unit>, count: &Count| -> fmt::Result {
            let mut metric =
                encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
            gauge(&mut metric, &NO_LABELS, &(count.get() as f64))
        };
        let help = "Open connections";
        now("flagdeck_http_connections", help, None, &load.connections)?;
        let help = "Open streams of events";
        now("flagdeck_http_streams", help, None, &load.streams)?;
        let help = "Memory reserved for the bodies of requests";
        let unit = Some(Unit::Bytes);
        now("flagdeck_http_body", help, unit, &load.body_bytes)?;
        let mut counted = |name, help, count: &Count| -> fmt::Result {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            counter(&mut metric, &NO_LABELS, &count.get())
        };
        let help = "Connections closed because a newer one needed the place";
        let name = "flagdeck_http_connections_evicted";
        counted(name, help, &load.connections_evicted)?;
        let help = "Streams ended because a newer one needed the place";
        let name = "flagdeck_http_streams_evicted";
        counted(name, help, &load.streams_evicted)?;
        let help = "Requests refused because too many bytes were in memory";
        counted("flagdeck_http_bodies_refused", help, &load.bodies_refused)
    }
}

impl Exposed {
    /// How following a document stands.
    fn following(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let Some(followed) = *lock(&self.followed) else {
            return Ok(());
        };
        let mut now = |name, help, unit: Option<Unit>, value: f64| -> fmt::Result {
            let mut metric =
                encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
            gauge(&mut metric, &NO_LABELS, &value)
        };
        if let Some(age_s) = followed.confirmed_age_s {
            let help = "Time since the followed document was last confirmed";
            let name = "flagdeck_followed_confirmed_age";
            now(name, help, Some(Unit::Seconds), age_s)?;
        }
        let help = "Whether the followed document is held until it is accepted";
        now(
            "flagdeck_followed_held",
            help,
            None,
            f64::from(followed.is_held),
        )?;
        let help = "Overrides of the followed document that act";
        now("flagdeck_overrides", help, None, followed.overrides as f64)
    }
}

/// The conventional metrics of a process, under their conventional names.
fn process_use(encoder: &mut DescriptorEncoder, used: &ProcessUse) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(
        "process_cpu",
        "Processor time of this process",
        Some(&Unit::Seconds),
        MetricType::Counter,
    )?;
    counter(&mut metric, &NO_LABELS, &used.cpu_s)?;
    for (name, help, unit, value) in process_gauges(used) {
        let Some(value) = value else { continue };
        let mut metric = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
        gauge(&mut metric, &NO_LABELS, &value)?;
    }
    Ok(())
}

/// Name, help text, unit and value, if the system tells it.
type ProcessGauge = (&'static str, &'static str, Option<Unit>, Option<f64>);

#[rustfmt::skip]
fn process_gauges(used: &ProcessUse) -> [ProcessGauge; 5] {
    let bytes = |bytes| Some(bytes as f64);
    [
        ("process_resident_memory", "Resident memory", Some(Unit::Bytes), bytes(used.resident_bytes)),
        ("process_virtual_memory", "Virtual memory", Some(Unit::Bytes), bytes(used.virtual_bytes)),
        ("process_open_fds", "Open file descriptors", None, Some(used.open_fds as f64)),
        ("process_max_fds", "How many file descriptors may be open", None, used.max_fds.map(|max_fds| max_fds as f64)),
        ("process_start_time", "When this process started, since 1970", Some(Unit::Seconds), Some(used.started_s)),
    ]
}

fn each(
    state: &Collected,
    mut tell: impl FnMut(&[(&'static str, &str); 3], &Total) -> fmt::Result,
) -> fmt::Result {
    state
        .totals
        .iter()
        .try_for_each(|(labels, total)| tell(&pairs(labels), total))
}

fn pairs(labels: &Labels) -> [(&'static str, &str); 3] {
    [
        ("source", &labels.source),
        ("component", &labels.component),
        ("arm", labels.arm.as_str()),
    ]
}

fn counter(
    metric: &mut MetricEncoder,
    labels: &impl EncodeLabelSet,
    value: &impl EncodeCounterValue,
) -> fmt::Result {
    let mut metric = metric.encode_family(labels)?;
    metric.encode_counter::<NoLabelSet, _, f64>(value, None)
}

fn gauge(
    metric: &mut MetricEncoder,
    labels: &impl EncodeLabelSet,
    value: &impl EncodeGaugeValue,
) -> fmt::Result {
    metric.encode_family(labels)?.encode_gauge(value)
}

fn histogram<const EDGES: usize>(
    metric: &mut MetricEncoder,
    labels: &impl EncodeLabelSet,
    sum: f64,
    edges: &[f64; EDGES],
    counts: &[u64],
) -> fmt::Result {
    let edges = edges.iter().copied().chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = edges.zip(counts.iter().copied()).collect();
    let count = counts.iter().sum();
    let mut metric = metric.encode_family(labels)?;
    metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
}
