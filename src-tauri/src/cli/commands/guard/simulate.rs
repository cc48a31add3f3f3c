//! `guard simulate`: many rollouts at once, in all threads of the machine. Each has a seed of its
//! own, so that the number of threads changes nothing.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use flagdeck_core::diff::documents::thousands;
use flagdeck_core::guard::Rules;
use flagdeck_core::guard::simulate::{Judge, Scenario, run};
use flagdeck_core::statistics::share_interval;
use serde::Serialize;

use crate::arguments::SimulateArguments;
use crate::output::{Output, can_ask, progress};

/// What came of rollouts of one kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Simulated {
    runs: u32,
    rolled_back: u32,
    /// Of all runs, with its 95 % interval.
    share: f64,
    share_low: f64,
    share_high: f64,
    /// Exposed calculations until half, and nine of ten, were rolled back; `None` if fewer were.
    median_exposed: Option<u64>,
    most_exposed: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Both {
    healthy: Simulated,
    harmful: Option<Simulated>,
}

pub fn simulate(arguments: &SimulateArguments, output: &mut Output) -> anyhow::Result<()> {
    let judge = match arguments.strict {
        Some(limit) => Judge::Strict(limit),
        None => Judge::Guard(Rules {
            error_limit: arguments.limit,
            ..super::relative(&arguments.rules)
        }),
    };
    let simulated = |exposed, what| {
        let scenario = Scenario {
            setting: arguments.setting.into(),
            control: arguments.control,
            exposed,
            share: arguments.share,
            calculations: arguments.calculations,
            block: arguments.block,
        };
        many(&scenario, &judge, arguments, what)
    };
    let both = Both {
        healthy: simulated(arguments.control, "healthy"),
        harmful: arguments
            .exposed
            .map(|exposed| simulated(exposed, "harmful")),
    };
    if output.json {
        return Ok(output.value(&both)?);
    }
    output.line(format!("healthy: {}", sentence(&both.healthy)))?;
    if let Some(harmful) = &both.harmful {
        output.line(format!("harmful: {}", sentence(harmful)))?;
        output.line(format!("  {}", until(harmful)))?;
    }
    Ok(())
}

fn many(
    scenario: &Scenario,
    judge: &Judge,
    arguments: &SimulateArguments,
    what: &str,
) -> Simulated {
    let next = AtomicU32::new(0);
    let work = || {
        let mut ends = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= arguments.runs {
                return ends;
            }
            tell(what, number, arguments.runs);
            let mut random = fastrand::Rng::with_seed(seed_of(arguments.seed, number));
            ends.extend(run(scenario, judge, &mut || random.f64()));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut ends: Vec<u64> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter();
        joined
            .flat_map(|worker| worker.join().expect("a simulation does not panic"))
            .collect()
    });
    ends.sort_unstable();
    summed_up(arguments.runs, &ends)
}

/// Sums up where rollouts were rolled back; those that were not are left out of `ends`, ascending.
fn summed_up(runs: u32, ends: &[u64]) -> Simulated {
    let rolled_back = u32::try_from(ends.len()).unwrap_or(u32::MAX);
    let share = share_interval(rolled_back.into(), runs.into()).expect("there is at least one run");
    // Of all runs: those that were never rolled back come last.
    let at = |part: f64| ends.get(((f64::from(runs) * part).ceil() as usize).saturating_sub(1));
    Simulated {
        runs,
        rolled_back,
        share: share.share,
        share_low: share.low,
        share_high: share.high,
        median_exposed: at(0.5).copied(),
        most_exposed: at(0.9).copied(),
    }
}

/// Spreads neighbouring numbers over all seeds.
fn seed_of(seed: u64, number: u32) -> u64 {
    fastrand::Rng::with_seed(seed)
        .u64(..)
        .wrapping_add(u64::from(number))
}

/// Tells a person who waits how far it is.
fn tell(what: &str, number: u32, runs: u32) {
    let tenth = (runs / 10).max(1);
    if number > 0 && number.is_multiple_of(tenth) && can_ask() {
        let percent = u64::from(number) * 100 / u64::from(runs);
        progress(&format!("flagctl: {what}: {percent} % simulated\n"));
    }
}

fn sentence(simulated: &Simulated) -> String {
    let percent = |share: f64| format!("{:.2}", share * 100.0);
    format!(
        "{} of {} rolled back, {} % ({} to {} %)",
        thousands(simulated.rolled_back as usize),
        thousands(simulated.runs as usize),
        percent(simulated.share),
        percent(simulated.share_low),
        percent(simulated.share_high),
    )
}

fn until(simulated: &Simulated) -> String {
    let count = |exposed: Option<u64>| match exposed {
        Some(exposed) => format!("after {} exposed calculations", thousands(exposed as usize)),
        None => "not at all".into(),
    };
    format!(
        "half of them {}, nine of ten {}",
        count(simulated.median_exposed),
        count(simulated.most_exposed)
    )
}
