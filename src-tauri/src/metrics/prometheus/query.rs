//! The queries to a Prometheus.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::{Response, Series, understand};
use super::{QueryError, Range};

/// Queries, one after the other, over one connection.
pub(super) struct Queries<'a> {
    pub(super) range: &'a Range,
    /// Returns the answer at a path.
    pub(super) get: &'a dyn Fn(&str) -> Result<Response, QueryError>,
}

impl Queries<'_> {
    /// Asks by how much the cumulative buckets of a histogram grew.
    pub(super) fn buckets(&self, histogram: &str) -> Result<Vec<Series>, QueryError> {
        let step_s = self.range.step();
        self.ask(&format!(
            "sum by (component, arm, le) (increase({histogram}_bucket[{step_s}s]))"
        ))
    }

    /// Asks by how much a counter grew.
    pub(super) fn growth(&self, counter: &str) -> Result<Vec<Series>, QueryError> {
        let step_s = self.range.step();
        self.ask(&format!(
            "sum by (component, arm) (increase({counter}[{step_s}s]))"
        ))
    }

    /// Asks for mean, smallest and largest value of a gauge at once, distinguished by a label.
    pub(super) fn extent(
        &self,
        by: &str,
        gauge: &str,
        only: &str,
    ) -> Result<Vec<Series>, QueryError> {
        let step_s = self.range.step();
        let one = |extent: &str, aggregate: &str| {
            let values = format!("{aggregate}_over_time({gauge}[{step_s}s]){only}");
            format!(
                r#"label_replace({aggregate} by ({by}) ({values}), "extent", "{extent}", "", "")"#
            )
        };
        let [mean, min, max] = [one("mean", "avg"), one("min", "min"), one("max", "max")];
        self.ask(&format!("{mean} or {min} or {max}"))
    }

    /// Asks for the memory of those processes that are a Flagdeck: every exporter of a process
    /// exposes a series of that name.
    pub(super) fn own_memory(&self) -> Result<Vec<Series>, QueryError> {
        let step_s = self.range.step();
        let of_flagdeck =
            format!(" and on (instance, job) present_over_time(flagdeck_build_info[{step_s}s])");
        self.extent("", "process_resident_memory_bytes", &of_flagdeck)
    }

    fn ask(&self, query: &str) -> Result<Vec<Series>, QueryError> {
        understand((self.get)(&self.path(query))?)
    }

    /// Steps are queried by their ends, because a query looks back.
    pub(super) fn path(&self, query: &str) -> String {
        let Range { from_s, .. } = self.range;
        let step = self.range.step();
        let start = from_s + step;
        let end = from_s + step * self.range.steps();
        let query = utf8_percent_encode(query, NON_ALPHANUMERIC);
        format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}")
    }
}
