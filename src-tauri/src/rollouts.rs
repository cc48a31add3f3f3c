//! Rollouts that are watched: attempts with what was counted of them, decisions, ramps, plans, and
//! what each rollout is held to.
//!
//! They are in `rollouts.db`, a database of their own. Every call opens it and closes it again:
//! another program may lead the next time. Knows neither flags nor metrics; the application joins
//! them (`app/rollouts.rs`).

pub mod counting;
pub mod course;
pub mod limits;
pub mod shapes;
pub mod store;

use std::path::{Path, PathBuf};

use flagdeck_core::ramp::{NAMED, Plan, PlanError};
use rusqlite::{Connection, Transaction};

use self::course::{Course, replay};
use self::limits::{
    ALPHA_MAX, ALPHA_MIN, ENTRIES_SHOWN_MAX, PLAN_NAME_CHARS_MAX, PLANS_MAX, TOLERATED_RATIO_MAX,
};
use self::shapes::{Decision, NamedPlan, OwnGuardRules, Replayed, TimelineEntry};
use self::store::{Attempt, KeptRamp, ROLLOUTS, RolloutStore};
use crate::clock::Clock;
use crate::store::StoreError;

/// Why something about a rollout was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RolloutsError {
    /// A plan is none.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// It is out of range, or does not fit what is there.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
    },
    /// There is nothing of that name or number.
    #[error("{message}")]
    NotFound {
        /// What was looked for.
        message: String,
    },
    /// There are as many as there may be.
    #[error("there are {PLANS_MAX} plans already; remove one first")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for RolloutsError {
    fn from(error: StoreError) -> Self {
        Self::Store(ROLLOUTS.name(error))
    }
}

impl From<rusqlite::Error> for RolloutsError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// The rollouts of a data folder.
#[derive(Debug)]
pub struct Rollouts {
    data_dir: PathBuf,
    clock: Clock,
}

/// Everything that is known besides blocks, as of one moment.
#[derive(Debug, Default)]
pub struct Known {
    /// Attempts that go on.
    pub attempts: Vec<Attempt>,
    /// The last ramp of each rollout.
    pub ramps: Vec<KeptRamp>,
    /// The last decision of each rollout.
    pub decisions: Vec<Decision>,
    /// What is set for single rollouts.
    pub rules: Vec<(Option<String>, OwnGuardRules)>,
    /// When somebody watched last, in milliseconds since 1970.
    pub watched_ms: Option<i64>,
}

impl Rollouts {
    /// Names those of a data folder. Opens nothing yet.
    pub(crate) fn new(data_dir: &Path, clock: Clock) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            clock,
        }
    }

    /// Writes in one transaction, which ends durably or changes nothing.
    pub(crate) fn write<T>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, RolloutsError>,
    ) -> Result<T, RolloutsError> {
        RolloutStore::open(&self.data_dir, self.clock.now_ms())?.within(write)
    }

    /// Reads as of one moment; `None` if nothing was ever kept.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<Option<T>, RolloutsError> {
        let Some(connection) = ROLLOUTS.read(&self.data_dir)? else {
            return Ok(None);
        };
        let moment = connection.unchecked_transaction()?;
        Ok(Some(read(&moment)?))
    }

    /// Returns everything that is known besides blocks.
    ///
    /// # Errors
    /// [`RolloutsError::Store`] if it cannot be read.
    pub fn known(&self) -> Result<Known, RolloutsError> {
        let known = self.read(|connection| {
            Ok(Known {
                attempts: store::open_attempts(connection)?,
                ramps: store::last_ramps(connection)?,
                decisions: store::last_decisions(connection)?,
                rules: store::rules(connection)?,
                watched_ms: store::watched(connection)?,
            })
        })?;
        Ok(known.unwrap_or_default())
    }

    /// Lists what happened to a rollout, latest first.
    ///
    /// # Errors
    /// [`RolloutsError::Store`] if it cannot be read.
    pub fn timeline(&self, component: Option<&str>) -> Result<Vec<TimelineEntry>, RolloutsError> {
        let entries = self.read(|it| store::entries(it, component, ENTRIES_SHOWN_MAX))?;
        Ok(entries.unwrap_or_default())
    }

    /// Judges the blocks of an attempt again.
    ///
    /// # Errors
    /// [`RolloutsError::Store`] if they cannot be read.
    pub fn points(&self, attempt: &Attempt) -> Result<Vec<shapes::EvidencePoint>, RolloutsError> {
        let blocks = self.read(|it| store::blocks(it, attempt.id, u32::MAX))?;
        let Some(Some(blocks)) = blocks else {
            return Ok(Vec::new());
        };
        let course = Course::new(attempt.info.rules, attempt.info.baseline_bytes);
        Ok(replay(course, &blocks).1)
    }

    /// Lists every decision, latest first.
    ///
    /// # Errors
    /// [`RolloutsError::Store`] if they cannot be read.
    pub fn decisions(&self) -> Result<Vec<Decision>, RolloutsError> {
        Ok(self.read(store::all_decisions)?.unwrap_or_default())
    }

    /// Judges a decision again, from the blocks that were stored.
    ///
    /// # Errors
    /// [`RolloutsError::NotFound`] if there is none of that number, [`RolloutsError::Store`] if it
    /// cannot be read.
    pub fn replay(&self, id: u64) -> Result<Replayed, RolloutsError> {
        let found = self.read(|connection| {
            let Some((decision, attempt, info)) = store::decision(connection, id)? else {
                return Ok(None);
            };
            let blocks = store::blocks(connection, attempt, decision.blocks)?;
            Ok(Some((decision, info, blocks)))
        })?;
        let (decision, info, blocks) = found.flatten().ok_or_else(|| no_decision(id))?;
        let blocks = blocks.filter(|blocks| blocks.len() == decision.blocks as usize);
        let Some(blocks) = blocks else {
            return Ok(Replayed {
                decision,
                is_same: None,
                points: Vec::new(),
            });
        };
        let course = Course::new(decision.rules, info.baseline_bytes);
        let (decided, points) = replay(course, &blocks);
        let is_same = decided.is_some_and(|(judged, after)| {
            (judged.action, judged.test, after) == (decision.action, decision.test, decision.blocks)
        });
        Ok(Replayed {
            decision,
            is_same: Some(is_same),
            points,
        })
    }

    /// Returns a decision.
    ///
    /// # Errors
    /// [`RolloutsError::NotFound`] if there is none of that number.
    pub fn decision(&self, id: u64) -> Result<Decision, RolloutsError> {
        let found = self.read(|connection| store::decision(connection, id))?;
        let found = found.flatten().ok_or_else(|| no_decision(id))?;
        Ok(found.0)
    }

    /// Lists every plan, those that every data folder has first.
    ///
    /// # Errors
    /// [`RolloutsError::Store`] if they cannot be read.
    pub fn plans(&self) -> Result<Vec<NamedPlan>, RolloutsError> {
        let built_in = NAMED.iter().map(|named| NamedPlan {
            name: named.name.into(),
            plan: named.plan(),
            is_built_in: true,
        });
        let own = self.read(store::plans)?.unwrap_or_default();
        let own = own.into_iter().map(|(name, plan)| NamedPlan {
            name,
            plan,
            is_built_in: false,
        });
        Ok(built_in.chain(own).collect())
    }

    /// Finds a plan by its name.
    ///
    /// # Errors
    /// [`RolloutsError::NotFound`] if there is none.
    pub fn plan(&self, name: &str) -> Result<Plan, RolloutsError> {
        let plans = self.plans()?;
        let names: Vec<&str> = plans.iter().map(|it| it.name.as_str()).collect();
        let message = format!("there is no plan {name}; there are {}", names.join(", "));
        let found = plans.into_iter().find(|it| it.name == name);
        found
            .map(|it| it.plan)
            .ok_or(RolloutsError::NotFound { message })
    }

    /// Keeps a plan under a name, in place of the one that has it.
    ///
    /// # Errors
    /// [`RolloutsError::Plan`] or [`RolloutsError::Refused`] if plan or name are none,
    /// [`RolloutsError::TooMany`].
    pub fn keep_plan(&self, name: &str, plan: &Plan) -> Result<Vec<NamedPlan>, RolloutsError> {
        check_name(name)?;
        plan.check()?;
        self.write(|transaction| {
            let plans = store::plans(transaction)?;
            if plans.len() >= PLANS_MAX && !plans.iter().any(|(it, _)| it == name) {
                return Err(RolloutsError::TooMany);
            }
            Ok(store::keep_plan(transaction, name, plan)?)
        })?;
        self.plans()
    }

    /// Removes a plan. Ramps that were started with it go on.
    ///
    /// # Errors
    /// [`RolloutsError::NotFound`] if there is none of that name.
    pub fn remove_plan(&self, name: &str) -> Result<Vec<NamedPlan>, RolloutsError> {
        check_name(name)?;
        let was_there = self.write(|transaction| Ok(store::remove_plan(transaction, name)?))?;
        match was_there {
            true => self.plans(),
            false => Err(RolloutsError::NotFound {
                message: format!("there is no plan {name} of your own"),
            }),
        }
    }

    /// Sets what one rollout is held to, in place of what was set.
    ///
    /// # Errors
    /// [`RolloutsError::Refused`] if a value is out of its range.
    pub fn keep_rules(
        &self,
        component: Option<&str>,
        rules: &OwnGuardRules,
    ) -> Result<(), RolloutsError> {
        rules.check()?;
        self.write(|transaction| Ok(store::keep_rules(transaction, component, rules)?))
    }

    /// Checks everything that is kept. Returns how many decisions there are, and every problem;
    /// `None` if nothing was ever kept.
    pub(crate) fn check(&self) -> Result<Option<(usize, Vec<String>)>, StoreError> {
        store::check(&self.data_dir)
    }
}

impl OwnGuardRules {
    /// Checks that each value is within its range.
    ///
    /// # Errors
    /// [`RolloutsError::Refused`] names the first that is not.
    pub fn check(&self) -> Result<(), RolloutsError> {
        let within = |value: Option<f64>, min: f64, max: f64| {
            value.is_none_or(|value| (min..=max).contains(&value))
        };
        let checks = [
            (
                within(self.error_rate, 0.0, 1.0),
                "errorRate is a share from 0 to 1".to_owned(),
            ),
            (
                self.response_time_ms
                    .is_none_or(|ms| (1..=86_400_000).contains(&ms)),
                "responseTime is from 1 to 86400000 milliseconds".to_owned(),
            ),
            (
                self.memory_bytes
                    .is_none_or(|bytes| (1..=1 << 50).contains(&bytes)),
                "memoryThreshold is from 1 to 1125899906842624 bytes".to_owned(),
            ),
            (
                within(self.tolerated_ratio, 1.0, TOLERATED_RATIO_MAX),
                format!("the tolerated ratio is from 1 to {TOLERATED_RATIO_MAX}"),
            ),
            (
                within(self.alpha, ALPHA_MIN, ALPHA_MAX),
                format!("the probability of a false rollback is from {ALPHA_MIN} to {ALPHA_MAX}"),
            ),
        ];
        match checks.into_iter().find(|(is_right, _)| !is_right) {
            Some((_, message)) => Err(RolloutsError::Refused { message }),
            None => Ok(()),
        }
    }
}

fn check_name(name: &str) -> Result<(), RolloutsError> {
    let is_plain = !name.trim().is_empty() && !name.contains(char::is_control);
    let is_short = name.chars().count() <= PLAN_NAME_CHARS_MAX;
    if !is_plain || !is_short {
        let message =
            format!("the name of a plan has 1 to {PLAN_NAME_CHARS_MAX} characters on one line");
        return Err(RolloutsError::Refused { message });
    }
    if NAMED.iter().any(|named| named.name == name) {
        let message = format!("{name} is a plan that every data folder has; choose another name");
        return Err(RolloutsError::Refused { message });
    }
    Ok(())
}

fn no_decision(id: u64) -> RolloutsError {
    RolloutsError::NotFound {
        message: format!("there is no decision {id}"),
    }
}
