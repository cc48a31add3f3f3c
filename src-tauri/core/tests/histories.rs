//! Trees one after the other: what is kept gives each of them back.

use flagdeck_core::chain::{self, Chain};
use flagdeck_core::compare;
use flagdeck_core::tree::patch::codec;
use flagdeck_core::tree::{self, Run, Tree, align, same};
use proptest::prelude::*;

use crate::support::states::{Host, any_tree, object, tree_and_next};

/// Applies operations of RFC 6902 one after the other, as its section 4 says.
fn patched(tree: &Tree, operations: &[Tree]) -> Tree {
    let mut tree = tree.clone();
    for operation in operations {
        let text = |name| operation.get(name).and_then(Tree::as_str);
        let path = tree::keys::tokens(text("path").expect("a path"));
        let op = text("op").expect("an operation");
        operate(&mut tree, &path, op, operation.get("value").cloned());
    }
    tree
}

fn operate(tree: &mut Tree, path: &[String], op: &str, value: Option<Tree>) {
    let Some((first, rest)) = path.split_first() else {
        *tree = value.expect("a value");
        return;
    };
    let index = || first.parse::<usize>().expect("an index");
    match (tree, op, rest.is_empty()) {
        (Tree::Object(members), _, false) => {
            operate(
                members.get_mut(first).expect("it is there"),
                rest,
                op,
                value,
            );
        }
        (Tree::Array(elements), _, false) => operate(&mut elements[index()], rest, op, value),
        (Tree::Object(members), "remove", true) => {
            members.remove(first).expect("it is there");
        }
        (Tree::Object(members), _, true) => members.insert(first.clone(), value.expect("a value")),
        (Tree::Array(elements), "remove", true) => drop(elements.remove(index())),
        (Tree::Array(elements), "add", true) => elements.insert(index(), value.expect("a value")),
        (Tree::Array(elements), _, true) => elements[index()] = value.expect("a value"),
        (other, ..) => panic!("{other} has no parts"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_patch_gives_the_later_tree_in_every_value((before, after) in tree_and_next()) {
        let patch = compare(&before, &after);
        prop_assert_eq!(patch.is_same(), same(&before, &after));
        let read = codec::read(&codec::write(&patch, &before), &before);
        prop_assert_eq!(read.as_ref(), Ok(&patch));
        let mut tree = before.clone();
        patch.apply(&mut tree).expect("it is of this tree");
        prop_assert!(same(&tree, &after), "{} is not {}", tree, after);
        prop_assert_eq!(tree::hash(&tree), tree::hash(&after));
    }

    #[test]
    fn a_json_patch_gives_the_later_tree((before, after) in tree_and_next()) {
        let operations = compare(&before, &after).to_json_patch();
        prop_assert_eq!(tree::hash(&patched(&before, &operations)), tree::hash(&after));
    }

    #[test]
    fn a_chain_gives_every_tree_back(trees in prop::collection::vec(any_tree(), 1..6)) {
        let kept = kept(&trees);
        for length in 1..=trees.len() {
            let mut chain = Chain::open(&kept[0]).expect("it was written so");
            for step in &kept[1..length] {
                chain.advance(step).expect("it was written so");
            }
            prop_assert!(same(chain.tree(), &trees[length - 1]));
            prop_assert_eq!(tree::hash(chain.tree()), tree::hash(&trees[length - 1]));
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed_or_changes_nothing(
        (before, after) in tree_and_next(),
        bit in any::<prop::sample::Index>(),
        in_step in any::<bool>(),
    ) {
        let mut kept = kept(&[before, after.clone()]);
        let bytes = &mut kept[usize::from(in_step)];
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let read = Chain::open(&kept[0]).and_then(|mut chain| {
            chain.advance(&kept[1])?;
            Ok(chain.into_tree())
        });
        // What is read is held against the hash of what was kept: here, what passes is it.
        if let Ok(tree) = read && tree::hash(&tree) == tree::hash(&after) {
            prop_assert_eq!(tree::canonical::canonical(&tree), tree::canonical::canonical(&after));
        }
    }

    #[test]
    fn any_bytes_are_a_patch_or_damage(bytes in prop::collection::vec(any::<u8>(), 0..64), tree in any_tree()) {
        if let Ok(patch) = codec::read(&bytes, &tree) {
            let _ = patch.apply(&mut tree.clone());
        }
        let _ = Chain::open(&bytes);
        let _ = Chain::start(tree).advance(&bytes);
    }

    #[test]
    fn runs_account_for_every_element_and_keep_equal_ones(
        before in prop::collection::vec(0..4u8, 0..24),
        after in prop::collection::vec(0..4u8, 0..24),
    ) {
        let (before, after): (Vec<Tree>, Vec<Tree>) = (
            before.into_iter().map(|value| tree!(value)).collect(),
            after.into_iter().map(|value| tree!(value)).collect(),
        );
        let (mut from, mut to) = (0, 0);
        for run in align(&before, &after).runs {
            match run {
                Run::Keep(count) => {
                    prop_assert_eq!(&before[from..from + count], &after[to..to + count]);
                    (from, to) = (from + count, to + count);
                }
                Run::Change(count) => (from, to) = (from + count, to + count),
                Run::Drop(count) => from += count,
                Run::Add(count) => to += count,
            }
        }
        prop_assert_eq!((from, to), (before.len(), after.len()));
    }
}

/// Keeps trees as a chain.
fn kept(trees: &[Tree]) -> Vec<Vec<u8>> {
    let mut chain = Chain::start(trees[0].clone());
    let mut kept = vec![chain::keyframe(&tree::write(&trees[0]))];
    for tree in &trees[1..] {
        let step = chain.encode(tree);
        chain.advance(&step.bytes).expect("it was written so");
        kept.push(step.bytes);
    }
    kept
}

/// An object or a list of so many members, every `step`th number from 0 on.
fn every(step: usize, count: usize) -> [Tree; 2] {
    let numbers = || (0..count).map(|number| number * step);
    let name = |number: usize| format!("{number:06}");
    [
        object(numbers().map(|number| (name(number), tree!(number)))),
        numbers()
            .map(|number| Tree::from(name(number)))
            .collect::<Vec<_>>()
            .into(),
    ]
}

/// Fifty thousand that come or go one by one between as many that stay: each of these is moved
/// once, not once for each of the others.
#[test]
fn many_members_and_elements_that_come_and_go_are_applied_in_one_pass() {
    let started = std::time::Instant::now();
    for (few, many) in every(2, 50_000).iter().zip(&every(1, 100_000)) {
        for (before, after) in [(few, many), (many, few)] {
            let mut tree = before.clone();
            let patch = compare(before, after);
            patch.apply(&mut tree).expect("it is of this tree");
            assert_eq!(tree.to_string(), after.to_string());
        }
    }
    // It takes longer if each of them moves all that stand behind it, even in a release build.
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn a_patch_of_another_tree_is_a_misfit() {
    let few = every(2, 20);
    for (few, many) in few.iter().zip(&every(1, 40)) {
        let (grow, shrink) = (compare(few, many), compare(many, few));
        for (patch, other) in [(&grow, many), (&shrink, few)] {
            assert!(patch.apply(&mut other.clone()).is_err(), "{other}");
        }
        let nothing = &mut tree!({});
        assert!(shrink.apply(nothing).is_err());
    }
}

#[test]
fn a_ring_that_moved_on_is_seen_at_once() {
    let list =
        |numbers: std::ops::Range<u32>| numbers.map(|number| tree!(number)).collect::<Vec<_>>();
    let aligned = align(&list(0..500), &list(5..505));
    assert_eq!(aligned.runs, [Run::Drop(5), Run::Keep(495), Run::Add(5)]);
    // Lists that repeat themselves are no harder.
    let same = vec![tree!(0); 20_000];
    let mut other = same.clone();
    other[19_999] = tree!(1);
    let runs = align(&same, &other).runs;
    assert_eq!(runs, [Run::Drop(1), Run::Keep(19_999), Run::Add(1)]);
}

#[test]
fn elements_with_a_key_are_told_apart_by_it() {
    let list = |ids: &[u32], changed: u32| -> Vec<Tree> {
        let element = |id: &u32| tree!({ "id": id, "size": if *id == changed { 9 } else { 1 } });
        ids.iter().map(element).collect()
    };
    let aligned = align(&list(&[1, 2, 3, 4], 0), &list(&[2, 3, 4, 5], 3));
    assert_eq!(aligned.key.as_deref(), Some("id"));
    assert_eq!(
        aligned.runs,
        [
            Run::Drop(1),
            Run::Keep(1),
            Run::Change(1),
            Run::Keep(1),
            Run::Add(1)
        ]
    );
    let moved = align(&list(&[1, 2, 3, 4], 0), &list(&[4, 1, 2, 3], 0));
    assert_eq!(moved.moved, [(3, 0)]);
}

#[test]
fn large_lists_of_objects_and_texts_are_aligned() {
    let objects: Vec<Tree> = (0..5000)
        .map(|id| tree!({ "id": id, "at": id * 2 }))
        .collect();
    let mut other = objects.clone();
    other.remove(2500);
    other[10] = tree!({ "id": 10, "at": 0 });
    let aligned = align(&objects, &other);
    let changed = aligned
        .runs
        .iter()
        .filter(|run| matches!(run, Run::Change(_)));
    assert_eq!((aligned.key.as_deref(), changed.count()), (Some("id"), 1));
    let texts: Vec<Tree> = (0..20_000).map(|n| tree!(format!("text {n}"))).collect();
    let mut other = texts.clone();
    other.insert(9000, tree!("new"));
    assert_eq!(
        align(&texts, &other).runs,
        [Run::Keep(9000), Run::Add(1), Run::Keep(11_000)]
    );
}

#[test]
fn the_host_of_the_measurements_has_the_sizes_they_name() {
    let kib = |host: Host| tree::write(host.state()).len() / 1024;
    assert_eq!(
        [kib(Host::small()), kib(Host::typical()), kib(Host::large())],
        [42, 146, 411]
    );
}

#[test]
fn a_day_of_a_host_is_kept_in_few_bytes_and_given_back() {
    let mut host = Host::small();
    let mut trees = Vec::new();
    for _ in 0..40 {
        host.pass();
        trees.push(host.state().clone());
    }
    let kept = kept(&trees);
    let bytes: usize = kept.iter().map(Vec::len).sum();
    let text = tree::write(&trees[0]).len();
    assert!(
        bytes / trees.len() < text / 25,
        "{bytes} bytes of states of {text}"
    );
    let mut chain = Chain::open(&kept[0]).expect("it was written so");
    for (tree, step) in trees[1..].iter().zip(&kept[1..]) {
        chain.advance(step).expect("it was written so");
        assert_eq!(tree::hash(chain.tree()), tree::hash(tree));
    }
}
