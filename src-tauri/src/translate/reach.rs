//! Whom components reach, as faces see it.

use flagdeck_core::{Reach, Widening};

use crate::flags::live::{AllOff, Live};
use crate::wire;

/// Components that are listed of those an edit would widen: more than is read.
const WIDENINGS_LISTED_MAX: usize = 100;

impl From<&AllOff> for wire::AllOff {
    fn from(all_off: &AllOff) -> Self {
        Self {
            since_ms: all_off.since_ms,
            by: all_off.by.clone(),
            is_stored: all_off.is_stored,
        }
    }
}

impl wire::Reaches {
    /// Shows whom each component of a document reaches.
    pub(super) fn of(live: &Live) -> Self {
        let (compiled, reaches) = (&live.compiled, live.reaches());
        let all = || compiled.components().map(|id| (id, reaches.kinds_of(id)));
        let sees = all().filter(|(_, kinds)| kinds.sees != reaches.default_kind());
        let met = all().filter_map(|(id, kinds)| Some((id, kinds.met?)));
        let path = |id| compiled.path(id).to_owned();
        Self {
            kinds: reaches.kinds().iter().map(Into::into).collect(),
            default: reaches.default_kind(),
            sees: sees.map(|(id, kinds)| (path(id), kinds.sees)).collect(),
            met: met.map(|(id, met)| (path(id), met)).collect(),
        }
    }
}

impl From<&Reach> for wire::Reach {
    fn from(reach: &Reach) -> Self {
        Self {
            words: reach.to_string(),
            phrase: reach.phrase(),
            percentage: reach.share() * 100.0,
            is_everyone: reach.is_everyone(),
            is_nobody: reach.nobody.is_some(),
        }
    }
}

impl From<Vec<Widening>> for wire::Widenings {
    fn from(found: Vec<Widening>) -> Self {
        let total = found.len();
        let component = |widening: Widening| wire::Widening {
            before: widening.before.to_string(),
            after: widening.after_in_words(),
            path: widening.path,
        };
        let listed = found.into_iter().take(WIDENINGS_LISTED_MAX);
        Self {
            components: listed.map(component).collect(),
            total,
        }
    }
}
