//! What changed between two documents, for programs and in words.

use flagdeck_core::{Edit, FlagDocument, Trace, apply};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Written, changes, document_of};

/// Says the differences of two trees, `pointer: sentence`, one a line.
fn said(before: &Value, after: &Value) -> String {
    let lines = changes(before, after);
    let lines = lines
        .iter()
        .map(|change| format!("{}: {change}", change.pointer));
    lines.collect::<Vec<_>>().join("\n")
}

/// Says what a change to the start document would be called.
fn sentences(change: impl FnOnce(&mut Value)) -> String {
    let before = json!({
        "enabled": true,
        "components": {"calculator": false, "ui": {"badges": true}},
        "rollout": {"percentage": 12.5, "userGroups": ["beta", "staff"], "strategy": "canary"},
        "rollouts": {"ui.badges": {"percentage": 10, "userGroups": [], "strategy": "canary"}},
        "requires": {"ui.badges": ["calculator"]},
        "about": {"calculator": {"title": "Calculator", "tags": ["ui", "beta"], "expires": "2027-01-31"}},
        "note": 1
    });
    let mut after = before.clone();
    change(&mut after);
    let (before, after) = (document_of(&before), document_of(&after));
    said(&before.to_value(), &after.to_value())
}

#[test]
fn switches_are_said_on_or_off() {
    assert_snapshot!(sentences(|tree| tree["enabled"] = json!(false)), @"/enabled: Master switch off");
    assert_snapshot!(sentences(|tree| {
        tree["components"]["calculator"] = json!(true);
        tree["components"]["ui"]["badges"] = json!(false);
    }), @"
    /components/calculator: calculator on
    /components/ui/badges: ui.badges off
    ");
}

#[test]
fn components_and_groups_come_go_and_turn_into_each_other() {
    let said = |before: Value, after: Value| {
        let tree = |components| document_of(&json!({"components": components})).to_value();
        self::said(&tree(before), &tree(after))
    };
    assert_snapshot!(said(
        json!({"calculator": true, "old": {"x": false, "y": false}, "ui": {"badges": true, "menu": {"x": true}}}),
        json!({"calculator": {"x": true}, "ui": {"badges": true, "menu": false, "a": true, "b": false, "c": {}}}),
    ), @"
    /components/calculator: calculator became a group
    /components/old: Group old removed with 2 components
    /components/ui/menu: ui.menu became a component, off
    /components/ui/a: ui.a added, on
    /components/ui/b: ui.b added, off
    /components/ui/c: Group ui.c added
    ");
    assert_snapshot!(said(json!({"ui": {"badges": true}}), json!({"ui": true})), @"/components/ui: ui became a component, on");
    assert_snapshot!(said(json!({"ui": {"badges": true}}), json!({})), @"/components/ui: Group ui removed with 1 component");
}

#[test]
fn a_rollout_is_said_field_by_field() {
    assert_snapshot!(sentences(|tree| tree["rollout"] = json!({
        "percentage": 25, "userGroups": ["staff", "ops"], "strategy": "feature"
    })), @"
    /rollout/percentage: Default rollout: 12.5 % → 25 %
    /rollout/userGroups: Default rollout: groups +ops, −beta
    /rollout/strategy: Default rollout: canary → groups only
    ");
    assert_snapshot!(sentences(|tree| {
        tree["rollout"]["userGroups"] = json!(["staff", "beta"]);
        tree["rollout"]["salt"] = json!("x");
    }), @r#"
    /rollout/userGroups: Default rollout: groups in another order
    /rollout/salt: Default rollout: "salt" changed
    "#);
    assert_snapshot!(sentences(|tree| {
        tree["rollouts"]["ui.badges"]["percentage"] = json!(0.001);
    }), @"/rollouts/ui.badges/percentage: ui.badges: 10 % → 0.001 %");
}

#[test]
fn an_own_rollout_comes_and_goes() {
    assert_snapshot!(sentences(|tree| {
        tree["rollouts"]["calculator"] =
            json!({"percentage": 0.5, "userGroups": ["beta", "ops"], "strategy": "feature"});
    }), @"/rollouts/calculator: calculator: custom rollout, groups only 0.5 %, groups beta, ops");
    assert_snapshot!(sentences(|tree| tree["rollouts"] = json!({})), @"/rollouts: ui.badges follows the default rollout");
}

#[test]
fn prerequisites_are_said_as_the_list_that_holds() {
    assert_snapshot!(sentences(|tree| {
        tree["components"]["tracker"] = json!(true);
        tree["requires"]["ui.badges"] = json!(["calculator", "tracker"]);
    }), @"
    /components/tracker: tracker added, on
    /requires/ui.badges: ui.badges requires calculator, tracker
    ");
    assert_snapshot!(sentences(|tree| tree["requires"]["ui.badges"] = json!([])), @"/requires/ui.badges: ui.badges requires nothing");
    assert_snapshot!(sentences(|tree| tree["requires"] = json!({})), @"/requires: ui.badges requires nothing");
}

#[test]
fn descriptions_are_said_by_their_field() {
    assert_snapshot!(sentences(|tree| tree["about"]["calculator"] = json!({
        "title": "Sums", "owner": "search team", "description": "…", "tags": ["ui"], "link": 1
    })), @r#"
    /about/calculator/title: calculator: title Calculator → Sums
    /about/calculator/tags: calculator: tags −beta
    /about/calculator/expires: calculator: expires 2027-01-31 → none
    /about/calculator/description: calculator: description changed
    /about/calculator/owner: calculator: owner none → search team
    /about/calculator/link: calculator: "link" changed
    "#);
    assert_snapshot!(sentences(|tree| tree["about"] = json!({})), @"/about: calculator: description removed");
    assert_snapshot!(sentences(|tree| {
        tree["about"]["ui.badges"] = json!({"title": "Badges"});
        tree["about"]["ui"] = json!({"owner": "search team"});
    }), @"
    /about/ui: ui: described
    /about/ui.badges: ui.badges: described as Badges
    ");
}

#[test]
fn bucketing_and_unknown_keys_are_said() {
    assert_snapshot!(sentences(|tree| tree["bucketing"] = json!("flagd-2")), @"/bucketing: Bucketing: flagd-3 → flagd-2");
    assert_snapshot!(sentences(|tree| {
        tree["note"] = json!(2);
        tree["<b>"] = json!(1);
    }), @r#"
    /note: "/note" changed
    /<b>: "/<b>" changed
    "#);
}

#[test]
fn what_would_turn_text_around_is_escaped() {
    let sentence = sentences(|tree| tree["\u{202e}"] = json!(1));
    assert!(sentence.ends_with(r#""/\u{202e}" changed"#), "{sentence:?}");
}

#[test]
fn a_long_list_of_groups_is_cut() {
    let groups: Vec<String> = (0..1000).map(|i| format!("g{i}")).collect();
    assert_snapshot!(sentences(|tree| tree["rollout"]["userGroups"] = json!(groups)), @"/rollout/userGroups: Default rollout: groups +g0, +g1, +g2, +g3, +g4, +g5, +g6 and 995 more");
}

#[test]
fn a_whole_document_is_one_change_where_there_was_none() {
    let document = FlagDocument::default().to_value();
    assert_snapshot!(said(&Value::Null, &document), @": The whole document changed");
    let components_only = json!({"components": document["components"]});
    assert_snapshot!(said(&json!({}), &components_only), @r#"/components: "/components" changed"#);
}

#[test]
fn order_alone_is_no_difference_of_objects_but_of_lists() {
    assert_eq!(said(&json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})), "");
    assert_eq!(
        said(&json!({"a": [1, 2]}), &json!({"a": [2, 1]})),
        "/a: \"/a\" changed"
    );
}

#[test]
fn a_change_survives_its_journal() {
    let before = json!({"a": null, "b/c~": 1, "d": 1});
    for change in changes(&before, &json!({"b/c~": 2, "e": {}})) {
        let line = serde_json::to_string(&change).expect("a change is JSON");
        let read: flagdeck_core::Change = serde_json::from_str(&line).expect("it is a change");
        assert_eq!(read, change, "{line}");
    }
}

/// A document with something said about nearly everything.
fn furnished() -> FlagDocument {
    document_of(&json!({
        "enabled": true,
        "components": {
            "calculator": true, "tracker": false,
            "ui": {"badges": true, "dashboard": false, "menu": {"open": false}},
            "search": {"box": false}
        },
        "rollouts": {"ui.badges": {"percentage": 10}},
        "requires": {"ui.badges": ["tracker", "ui.dashboard"], "calculator": ["ui.badges"]},
        "about": {"ui": {"owner": "search team"}, "ui.badges": {"title": "Badges"}}
    }))
}

/// Says what moves, each applied to what those before it made, would be called.
fn moves(moves: &[(&str, &str)]) -> String {
    let before = furnished();
    let path = |name: &str| name.parse().expect("a path");
    let edits = moves.iter().map(|(from, to)| Edit::Move {
        from: path(from),
        to: path(to),
    });
    let after = apply(&before, &Edit::Batch(edits.collect())).expect("they can be moved");
    said(&before.to_value(), &after.document.to_value())
}

#[test]
fn a_rename_is_one_change_with_everything_said_about_it() {
    assert_snapshot!(moves(&[("ui.badges", "ui.marks")]), @"/components/ui/marks: ui.badges renamed to ui.marks");
    assert_snapshot!(moves(&[("calculator", "sums")]), @"/components/sums: calculator renamed to sums");
    assert_snapshot!(moves(&[("ui", "page")]), @"/components/page: Group ui renamed to page");
}

#[test]
fn a_move_is_one_change_and_makes_the_groups_it_needs() {
    assert_snapshot!(moves(&[("ui.badges", "search.badges")]), @"/components/search/badges: ui.badges moved to search.badges");
    assert_snapshot!(moves(&[("tracker", "deep.er.tracker")]), @"/components/deep/er/tracker: tracker moved to deep.er.tracker");
    assert_snapshot!(moves(&[("ui.menu", "menu")]), @"/components/menu: Group ui.menu moved to menu");
}

#[test]
fn several_moves_at_once_are_told_apart_by_content_name_and_group() {
    assert_snapshot!(moves(&[("ui.dashboard", "search.dashboard"), ("tracker", "search.tracker")]), @r"
    /components/search/tracker: tracker moved to search.tracker
    /components/search/dashboard: ui.dashboard moved to search.dashboard
    ");
    assert_snapshot!(moves(&[("tracker", "follower"), ("search.box", "search.field")]), @r"
    /components/follower: tracker renamed to follower
    /components/search/field: search.box renamed to search.field
    ");
    assert_snapshot!(moves(&[("ui.badges", "marks"), ("ui.dashboard", "ui.board")]), @r"
    /components/marks: ui.badges moved to marks
    /components/ui/board: ui.dashboard renamed to ui.board
    ");
}

#[test]
fn what_else_changed_is_told_under_the_path_after() {
    let before = furnished().to_value();
    let mut after = before.clone();
    let ui = after["components"]
        .as_object_mut()
        .unwrap()
        .shift_remove("ui");
    after["components"]["page"] = ui.unwrap();
    after["rollouts"] = json!({"page.badges": {"percentage": 10}});
    after["about"] = json!({"page": {"owner": "search team"}, "page.badges": {"title": "Badges"}});
    after["requires"] =
        json!({"page.badges": ["tracker", "page.dashboard"], "tracker": ["search.box"]});
    after["rollout"]["percentage"] = json!(5);
    assert_snapshot!(said(&before, &document_of(&after).to_value()), @r"
    /components/page: Group ui renamed to page
    /rollout/percentage: Default rollout: 0 % → 5 %
    /requires/calculator: calculator requires nothing
    /requires/tracker: tracker requires search.box
    ");
}

#[test]
fn what_could_be_several_or_is_not_equal_came_and_went() {
    let said = |before: Value, after: Value| {
        let tree = |components| document_of(&json!({"components": components})).to_value();
        self::said(&tree(before), &tree(after))
    };
    assert_snapshot!(said(json!({"a": true, "b": true}), json!({"c": true})), @r"
    /components/a: a removed
    /components/b: b removed
    /components/c: c added, on
    ");
    assert_snapshot!(said(json!({"a": true}), json!({"c": true, "d": true})), @r"
    /components/a: a removed
    /components/c: c added, on
    /components/d: d added, on
    ");
    assert_snapshot!(said(json!({"a": true}), json!({"c": false})), @r"
    /components/a: a removed
    /components/c: c added, off
    ");
    assert_snapshot!(said(json!({"a": false}), json!({"a": {"b": false}})), @"/components/a: a became a group");
}

#[test]
fn a_part_of_what_went_can_be_part_of_what_came() {
    let said = |before: Value, after: Value| {
        let tree = |components| document_of(&json!({"components": components})).to_value();
        self::said(&tree(before), &tree(after))
    };
    let grouped = json!({"search": {"badges": true, "box": false}});
    let flat = json!({"badges": true});
    assert_snapshot!(said(grouped.clone(), flat.clone()), @r"
    /components/badges: search.badges moved to badges
    /components/search: Group search removed with 1 component
    ");
    assert_snapshot!(said(flat, grouped), @r"
    /components/search/badges: badges moved to search.badges
    /components/search/box: search.box added, off
    ");
}

/// Says which paths a change to the furnished document touches.
fn touched(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let before = furnished().to_value();
    let mut after = before.clone();
    change(&mut after);
    let after = document_of(&after).to_value();
    Trace::of(&changes(&before, &after))
        .touched
        .into_iter()
        .collect()
}

#[test]
fn a_component_is_touched_by_what_is_said_about_it() {
    assert_eq!(
        touched(|tree| tree["components"]["ui"]["badges"] = json!(false)),
        ["ui.badges"]
    );
    assert_eq!(
        touched(|tree| tree["rollouts"]["ui.badges"]["percentage"] = json!(20)),
        ["ui.badges"]
    );
    assert_eq!(touched(|tree| tree["rollouts"] = json!({})), ["ui.badges"]);
    assert_eq!(
        touched(|tree| tree["requires"]["calculator"] = json!(["tracker"])),
        ["calculator"]
    );
    assert_eq!(
        touched(|tree| tree["about"] = json!({"ui.badges": {"title": "Badges"}})),
        ["ui"]
    );
    assert_eq!(
        touched(|tree| tree["components"]["new"] = json!({"a": true})),
        ["new", "new.a"]
    );
}

#[test]
fn what_belongs_to_no_component_touches_the_document_as_a_whole() {
    assert_eq!(touched(|tree| tree["enabled"] = json!(false)), [""]);
    assert_eq!(
        touched(|tree| tree["rollout"]["percentage"] = json!(1)),
        [""]
    );
    assert_eq!(touched(|tree| tree["bucketing"] = json!("flagd-2")), [""]);
    assert_eq!(touched(|tree| tree["note"] = json!("x")), [""]);
    assert_eq!(touched(|_| ()), Vec::<String>::new());
}

#[test]
fn a_rename_touches_both_names_and_everything_inside() {
    let path = |name: &str| name.parse().expect("a path");
    let edit = Edit::Move {
        from: path("ui.menu"),
        to: path("menu"),
    };
    let before = furnished();
    let after = apply(&before, &edit).expect("it can be moved").document;
    let trace = Trace::of(&changes(&before.to_value(), &after.to_value()));
    let touched: Vec<&str> = trace.touched.iter().map(String::as_str).collect();
    assert_eq!(touched, ["menu", "menu.open", "ui.menu", "ui.menu.open"]);
    let [rename] = trace.renames.as_slice() else {
        panic!("{:?}", trace.renames);
    };
    assert_eq!(
        (rename.from.as_str(), rename.to.as_str()),
        ("ui.menu", "menu")
    );
}
