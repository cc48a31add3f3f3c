//! How the parts of a document fit together: names lead somewhere, nothing requires itself.

use std::collections::BTreeMap;

use super::Check;
use super::place::Place;
use crate::document::{ComponentPath, FlagDocument, Node};
use crate::limits;
use crate::problem::Code;

/// What the search for cycles knows of a component.
enum Visit {
    /// On the trail, at this position.
    Open(usize),
    /// Done, with everything it requires.
    Done,
}

impl Check {
    pub(super) fn names(&mut self, document: &FlagDocument) {
        let at = Place::ROOT.key("rollouts");
        for path in document.rollouts.keys() {
            self.component(document, &at.entry(path.as_str()), path, "A rollout");
        }
        let at = Place::ROOT.key("requires");
        for (path, required) in &document.requires {
            let at = at.entry(path.as_str());
            self.component(document, &at, path, "A prerequisite list");
            for (index, path) in required.iter().enumerate() {
                self.component(document, &at.index(index), path, "A prerequisite");
            }
        }
        let at = Place::ROOT.key("about");
        for path in document.about.keys() {
            if document.node(path).is_none() {
                let message =
                    format!("A description names {path}, and there is no such component.");
                self.warn(Code::UnknownComponent, &at.entry(path.as_str()), message);
            }
        }
    }

    fn component(&mut self, document: &FlagDocument, at: &Place, path: &ComponentPath, what: &str) {
        let message = match document.node(path) {
            Some(Node::Component(_)) => return,
            Some(Node::Group(_)) => {
                format!("{what} names {path}, which is a group; it must name a component.")
            }
            None => format!("{what} names {path}, and there is no such component."),
        };
        self.error(Code::UnknownComponent, at, message);
    }

    /// Reports each cycle once, at the component where a depth-first walk closes it.
    pub(super) fn cycles(&mut self, document: &FlagDocument) {
        let mut visits = BTreeMap::new();
        for start in document.requires.keys() {
            if !visits.contains_key(start) {
                self.cycles_from(document, start, &mut visits);
            }
        }
    }

    /// Walks with an explicit stack: a chain may be as long as there are components.
    fn cycles_from<'a>(
        &mut self,
        document: &'a FlagDocument,
        start: &'a ComponentPath,
        visits: &mut BTreeMap<&'a ComponentPath, Visit>,
    ) {
        let required = |path| document.requires.get(path).map_or(&[][..], Vec::as_slice);
        visits.insert(start, Visit::Open(0));
        let mut trail = vec![start];
        let mut waiting = vec![required(start).iter()];
        while let Some(rest) = waiting.last_mut() {
            let Some(next) = rest.next() else {
                waiting.pop();
                visits.extend(trail.pop().map(|path| (path, Visit::Done)));
                continue;
            };
            match visits.get(next) {
                Some(Visit::Done) => {}
                Some(Visit::Open(position)) => self.cycle(&trail[*position..]),
                None => {
                    visits.insert(next, Visit::Open(trail.len()));
                    trail.push(next);
                    waiting.push(required(next).iter());
                }
            }
        }
    }

    /// Reports components of which each requires the next, and the last one the first.
    fn cycle(&mut self, members: &[&ComponentPath]) {
        let (first, closing) = (members[0], members[members.len() - 1]);
        let mut names: Vec<&str> = members.iter().map(|path| path.as_str()).collect();
        if names.len() > limits::NAMES_SHOWN_MAX + 1 {
            names.truncate(limits::NAMES_SHOWN_MAX);
            names.extend(["…", closing.as_str()]);
        }
        let message = format!(
            "{} requires {first}: a component cannot require itself, directly or through others.",
            names.join(" requires ")
        );
        let at = Place::ROOT.key("requires");
        self.error(Code::Cycle, &at.entry(closing.as_str()), message);
    }
}
