//! Statistics of counts: a share and the difference of two with their intervals, and quantiles of a
//! histogram.

/// The quantile of the normal distribution that leaves 2.5 % on either side.
const Z_95: f64 = 1.959_963_984_540_054;

/// A share of a whole, with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareInterval {
    /// `part / whole`, 0.0 to 1.0.
    pub share: f64,
    /// The lower end, 0.0 to 1.0.
    pub low: f64,
    /// The upper end, 0.0 to 1.0.
    pub high: f64,
}

/// Returns the share of `part` in `whole` with its 95 % score interval; `None` if `whole` is 0.
///
/// Wilson's interval without continuity correction (Wilson 1927, "Probable inference, the law of
/// succession, and statistical inference", JASA 22), which holds its level also for small counts
/// and rare events. A `part` above `whole` counts as the whole.
pub fn share_interval(part: u64, whole: u64) -> Option<ShareInterval> {
    if whole == 0 {
        return None;
    }
    let n = whole as f64;
    let share = part.min(whole) as f64 / n;
    let z2 = Z_95 * Z_95;
    let middle = share + z2 / (2.0 * n);
    let reach = Z_95 * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // At both ends the formula gives 0 and 1, apart from rounding.
    let low = if part == 0 {
        0.0
    } else {
        (middle - reach) / scale
    };
    let high = if part >= whole {
        1.0
    } else {
        (middle + reach) / scale
    };
    Some(ShareInterval {
        share,
        low: low.clamp(0.0, share),
        high: high.clamp(share, 1.0),
    })
}

/// How much larger one share is than another, with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DifferenceInterval {
    /// The first share minus the second, -1.0 to 1.0.
    pub difference: f64,
    /// The lower end, -1.0 to 1.0.
    pub low: f64,
    /// The upper end, -1.0 to 1.0.
    pub high: f64,
}

/// Returns how much larger the share `first` is than `second`, with the 95 % interval of the
/// difference of two independent shares.
///
/// The hybrid score interval made of both Wilson intervals (Newcombe 1998, "Interval estimation
/// for the difference between independent proportions", Statistics in Medicine 17, method 10).
pub fn difference_interval(first: ShareInterval, second: ShareInterval) -> DifferenceInterval {
    let difference = first.share - second.share;
    let below = (first.share - first.low).hypot(second.high - second.share);
    let above = (first.high - first.share).hypot(second.share - second.low);
    DifferenceInterval {
        difference,
        low: (difference - below).max(-1.0),
        high: (difference + above).min(1.0),
    }
}

/// Where a quantile of a histogram lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantile {
    /// About here, in the unit of the edges.
    At(f64),
    /// Above the last edge; a histogram does not tell how far.
    Above(f64),
}

/// Returns the `q`-quantile (0.0 to 1.0) of a histogram; `None` for an empty one.
///
/// `edges` are the upper ends of all buckets but the last, ascending; `counts` says how many values
/// fell in each bucket (not cumulative) and is one longer. Within a bucket values count as evenly
/// spread, from 0 in the first: PromQL's `histogram_quantile`, but that a quantile in the last
/// bucket is said to be above, not at, the last edge.
pub fn quantile(edges: &[f64], counts: &[u64], q: f64) -> Option<Quantile> {
    debug_assert_eq!(counts.len(), edges.len() + 1);
    let total: u64 = counts.iter().sum();
    if total == 0 {
        return None;
    }
    let rank = q.clamp(0.0, 1.0) * total as f64;
    let mut below = 0;
    let mut lower = 0.0;
    for (&upper, &count) in edges.iter().zip(counts) {
        let within = rank - below as f64;
        if count > 0 && within <= count as f64 {
            return Some(Quantile::At(
                lower + (upper - lower) * within / count as f64,
            ));
        }
        below += count;
        lower = upper;
    }
    Some(Quantile::Above(lower))
}
