//! For which users of the synthetic host which component is on, by the document in force.

use flagdeck_core::{Compiled, User};

use super::host::Host;
use super::population::Population;

/// Who sees what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    components: Vec<Component>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Component {
    path: String,
    /// For each user, whether the component is on.
    is_on: Vec<bool>,
}

impl Exposure {
    /// Evaluates components for everybody. One that the document does not have is off.
    pub fn of(compiled: &Compiled, components: &[String], population: &Population) -> Self {
        let is_on = |path: &str, user: usize| {
            let user = User {
                id: &population.id(user),
                groups: population.groups(user),
            };
            compiled.evaluate(path, &user).value
        };
        let components = components.iter().map(|path| Component {
            path: path.clone(),
            is_on: (0..population.size())
                .map(|user| is_on(path, user))
                .collect(),
        });
        Self {
            components: components.collect(),
        }
    }

    /// Says whether a component, by its place in the list, is on for a user.
    pub fn is_exposed(&self, component: usize, user: usize) -> bool {
        self.components[component].is_on[user]
    }

    /// Returns each component with for how many users it is on.
    pub fn counts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.components.iter().map(|component| {
            let on = component.is_on.iter().filter(|is_on| **is_on).count();
            (component.path.as_str(), on)
        })
    }
}

/// Evaluates the components of a host for its users.
pub fn exposure_of(compiled: &Compiled, host: &Host) -> Exposure {
    Exposure::of(compiled, host.components(), host.population())
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;
    use flagdeck_core::validate;

    use super::*;

    #[test]
    fn the_arms_are_those_that_flagdeck_evaluates() {
        let document = br#"{"enabled": true, "components": {"a": true, "b": true, "c": false},
            "rollout": {"percentage": 50, "userGroups": [], "strategy": "canary"},
            "rollouts": {"b": {"percentage": 1, "userGroups": ["beta"], "strategy": "canary"}}}"#;
        let compiled = Compiled::new(&validate(document).unwrap().document);
        let population = Population::new(1000, &mut Rng::with_seed(7));
        let names = ["a", "b", "c", "gone"].map(str::to_owned);
        let exposure = Exposure::of(&compiled, &names, &population);
        assert!(exposure.is_exposed(0, 0), "the core's own example");
        let beta = (0..1000).find(|user| population.groups(*user) == ["beta"]);
        assert!(exposure.is_exposed(1, beta.unwrap()));
        let counts: Vec<(&str, usize)> = exposure.counts().collect();
        assert!((450..550).contains(&counts[0].1), "{counts:?}");
        assert!((60..160).contains(&counts[1].1), "{counts:?}");
        assert_eq!(counts[2..], [("c", 0), ("gone", 0)]);
    }
}
