//! The modules for web pages, run by Node against a real server, and their decisions against the
//! core's.
//!
//! They are tests of Rust, because these have the core, restores and the clock at hand, and need no
//! program that was built before. What needs no Flagdeck is tested in `js/tests`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use flagdeck::flags::targeted::{Target, TargetedRequest, TargetedSelection};
use flagdeck::wire::{RestoreStatus, StateAt};
use flagdeck_core::bucket::Bucketer;
use flagdeck_core::document::Bucketing;
use flagdeck_core::{Compiled, Edit, Reason, User, groups, read_document};
use serde_json::{Value, json};

use crate::http_support::Running;
use crate::states::{everything, me, now, take, web};
use crate::support::apps::request;
use crate::support::waiting::wait_until;

/// A script of `js/tests/flagdeck`, which answers line by line.
struct Script {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Script {
    fn start(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/js/tests/flagdeck");
        let mut child = Command::new("node")
            .arg(format!("{folder}/{name}"))
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// Starts an application with the modules, which knows the server and its token.
    fn page(server: &Running) -> Self {
        let url = format!("http://{}", server.address);
        let environment = [
            ("ML_FLAGDECK_URL", url.as_str()),
            ("ML_FLAGDECK_TOKEN", &server.token),
            ("ML_FLAGDECK_SOURCE", "web"),
            ("ML_METRICS_INTERVAL", "50"),
        ];
        Self::start("page.mjs", &[], &environment)
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    /// Evaluates an expression of JavaScript and returns its value.
    fn ask(&mut self, expression: impl AsRef<str>) -> Value {
        writeln!(self.input, "{}", expression.as_ref()).unwrap();
        self.line()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same numbers on both sides.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

#[test]
fn a_million_users_are_in_the_same_buckets() {
    const USERS: u32 = 1_000_000;
    let mut random = Random(0x2545_f491);
    let bucketers = [
        Bucketer::new(Bucketing::Flagd3, None),
        Bucketer::new(Bucketing::Flagd2, None),
        Bucketer::new(Bucketing::Flagd3, Some("ui.badges")),
        Bucketer::new(Bucketing::Flagd2, Some("ui.badges")),
    ];
    let mut sum: u32 = 0;
    for n in 0..USERS {
        let bucket = bucketers[n as usize % 4].bucket(&made_up_user(n, &mut random));
        sum = (sum ^ bucket).wrapping_mul(0x0100_0193);
    }
    let mut script = Script::start("buckets.mjs", &[&USERS.to_string()], &[]);
    assert_eq!(script.line(), json!(sum));
}

fn made_up_user(n: u32, random: &mut Random) -> String {
    const CHARACTERS: [&str; 10] = ["a", "é", "€", "用", "😀", "\0", "Z", " ", "\u{301}", "7"];
    let drawn = random.next();
    let size = (drawn >> 8) as usize;
    match drawn % 4 {
        0 => format!("user{n}"),
        1 => format!("{drawn:08x}-{n}"),
        2 => (0..size % 40).map(|_| random.of(&CHARACTERS)).collect(),
        _ => format!("{}{n}", "x".repeat(size % 300)),
    }
}

const COMPONENTS: [&str; 8] = ["a", "b", "g.c", "g.d", "g.h.e", "g.h.f", "_", "z-1"];
const GROUPS: [&str; 6] = [
    "beta",
    " staff\u{a0}",
    "\u{85}beta",
    "\u{feff}beta",
    " ",
    "Ünï",
];
const USERS: [&str; 6] = [
    "",
    "user1",
    "user42",
    "café",
    "😀",
    "a very long name of a user",
];

/// Documents that are valid, and ones with something odd in them: accepted by both or by neither,
/// and decided alike.
#[test]
fn documents_are_accepted_and_decided_as_in_the_core() {
    let mut random = Random(0x9e37_79b9);
    let mut script = Script::start("decisions.mjs", &[], &[]);
    let (mut valid, mut reasons) = (0, std::collections::BTreeSet::new());
    for round in 0..1500 {
        let mut document = made_up_document(&mut random);
        if round % 2 == 1 {
            spoil(&mut document, &mut random);
        }
        let questions: Vec<Value> = (0..12).map(|_| question(&mut random)).collect();
        let answered =
            script.ask(json!({"document": document, "questions": questions}).to_string());
        let read = read_document(document.to_string().as_bytes());
        assert_eq!(answered["isValid"], read.is_ok(), "{document}\n{read:?}");
        let Ok(checked) = read else { continue };
        valid += 1;
        let compiled = Compiled::new(&checked.document);
        for (question, answer) in questions
            .iter()
            .zip(answered["answers"].as_array().unwrap())
        {
            let expected = decided(&compiled, &checked.document, question);
            assert_eq!(answer, &expected, "{question} of {document}");
            reasons.insert(expected["reason"].to_string());
        }
    }
    assert!((800..1450).contains(&valid), "{valid} valid documents");
    assert_eq!(reasons.len(), 10, "not every rule was tried: {reasons:?}");
}

fn question(random: &mut Random) -> Value {
    let component = match random.below(8) {
        0 => random.of(&["g", "x", "a.b", "toString", "g.constructor", ""]),
        _ => random.of(&COMPONENTS),
    };
    let groups: Vec<&str> = (0..random.below(3)).map(|_| random.of(&GROUPS)).collect();
    json!({"component": component, "user": random.of(&USERS), "groups": groups})
}

/// Answers a question with the core, as every face does.
fn decided(compiled: &Compiled, document: &flagdeck_core::FlagDocument, question: &Value) -> Value {
    let component = question["component"].as_str().unwrap();
    let named = question["groups"].as_array().unwrap();
    let named = groups::trimmed(named.iter().map(|group| group.as_str().unwrap()));
    let user = User {
        id: question["user"].as_str().unwrap(),
        groups: &named,
    };
    let evaluation = compiled.evaluate(component, &user);
    let failing = match evaluation.reason {
        Reason::Prerequisite(id) => Some(compiled.path(id)),
        _ => None,
    };
    let everyone = User::default();
    let is_enabled = !matches!(
        compiled.evaluate(component, &everyone).reason,
        Reason::Unknown | Reason::MasterOff | Reason::ComponentOff
    ) && !is_barred(document, component);
    json!({
        "value": evaluation.value,
        "reason": evaluation.reason.as_str(),
        "bucket": evaluation.bucket,
        "failingPrerequisite": failing,
        "isEnabled": is_enabled,
        "isShown": is_shown(document, &user),
    })
}

/// Whether something that a component requires is switched off.
fn is_barred(document: &flagdeck_core::FlagDocument, component: &str) -> bool {
    let mut full = document.clone();
    full.rollouts.clear();
    full.rollout = flagdeck_core::document::Rollout {
        percentage: flagdeck_core::Percentage::FULL,
        ..Default::default()
    };
    !Compiled::new(&full)
        .evaluate(component, &User::default())
        .value
}

/// What the default rollout decides, of a document in which a component follows it and is on.
fn is_shown(document: &flagdeck_core::FlagDocument, user: &User) -> bool {
    let mut plain = document.clone();
    plain.enabled = true;
    plain.rollouts.clear();
    plain.requires.clear();
    plain.components.clear();
    let on = flagdeck_core::document::Node::Component(true);
    plain.components.insert("only".into(), on);
    Compiled::new(&plain).evaluate("only", user).value
}

fn made_up_document(random: &mut Random) -> Value {
    let mut on = || !random.one_in(6);
    let mut document = json!({
        "enabled": on(),
        "components": {
            "a": on(), "b": on(), "z-1": on(),
            "g": { "c": on(), "d": on(), "h": { "e": on(), "f": on() } },
        },
        "rollout": rollout(random),
    });
    for _ in 0..random.below(4) {
        let component = random.of(&COMPONENTS[..6]);
        document["rollouts"][component] = rollout(random);
    }
    for _ in 0..random.below(4) {
        // Each requires some of those behind it, so that there is no cycle.
        let from = random.below(5);
        let list: Vec<&str> = (0..random.below(3))
            .map(|_| random.of(&COMPONENTS[from + 1..6]))
            .collect();
        document["requires"][COMPONENTS[from]] = json!(list);
    }
    if random.one_in(3) {
        document["bucketing"] = json!(random.of(&["flagd-2", "flagd-3"]));
    }
    document
}

fn rollout(random: &mut Random) -> Value {
    let strategy = random.of(&["canary", "canary", "feature", "blue-green"]);
    let percentage = match strategy {
        "blue-green" => [0.0, 100.0][random.below(2)],
        _ => [0.0, 100.0, 50.0, 12.5, 0.001, 99.999, 16.001][random.below(7)],
    };
    let groups: Vec<&str> = (0..random.below(3)).map(|_| random.of(&GROUPS)).collect();
    json!({"percentage": percentage, "userGroups": groups, "strategy": strategy})
}

/// Replaces, renames or removes something at a random place.
fn spoil(document: &mut Value, random: &mut Random) {
    let odd = [
        json!(null),
        json!(true),
        json!(0),
        json!(-0.0),
        json!(100.001),
        json!(-1),
        json!(33.333),
        json!(33.3333),
        json!(""),
        json!("a"),
        json!("g"),
        json!("x".repeat(129)),
        json!("😀".repeat(128)),
        json!([]),
        json!(["a"]),
        json!(["beta", 7]),
        json!(["", "g.c"]),
        json!({}),
        json!({"a": true}),
        json!({"percentage": 5}),
        json!({"strategy": "canary"}),
        json!("canary"),
        json!("flagd-4"),
        json!({"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": true}}}}}}}}),
    ];
    let names = [
        "__proto__",
        "constructor",
        "9a",
        "é",
        "x y",
        "a.b",
        "",
        "ok",
        "a\n",
    ];
    let long = "n".repeat(65);
    let mut at = document;
    while is_part_of_more(at) && !random.one_in(3) {
        if let Value::Object(members) = at
            && random.one_in(6)
        {
            let name = [random.of(&names), long.as_str()][random.below(2)];
            return rename_one(members, name, random);
        }
        at = one_inside(at, random);
    }
    *at = odd[random.below(odd.len())].clone();
}

fn is_part_of_more(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        _ => false,
    }
}

fn one_inside<'a>(value: &'a mut Value, random: &mut Random) -> &'a mut Value {
    match value {
        Value::Object(members) => {
            let place = random.below(members.len());
            members.values_mut().nth(place).unwrap()
        }
        Value::Array(elements) => {
            let place = random.below(elements.len());
            &mut elements[place]
        }
        _ => panic!("nothing is inside of {value}"),
    }
}

fn rename_one(members: &mut serde_json::Map<String, Value>, name: &str, random: &mut Random) {
    let place = random.below(members.len());
    let key = members.keys().nth(place).unwrap().clone();
    let value = members.shift_remove(&key).unwrap();
    if random.one_in(2) {
        members.insert(name.into(), value);
    }
}

#[test]
fn a_page_sees_every_change_of_the_flags_and_decides_by_it() {
    let server = Running::collecting();
    let mut page = Script::page(&server);
    page.ask("page.flags = new MLFeatureFlags(), null");
    assert_eq!(page.ask("(await page.flags.load()).enabled"), false);
    page.ask("page.flags.listen(), null");
    let change = |edit| server.app.flags().change(request(edit)).unwrap();
    change(Edit::SetMaster { on: true });
    change(Edit::Patch(
        br#"{"components":{"tracker":true},"rollout":{"percentage":100}}"#.to_vec(),
    ));
    wait_until("the page sees both changes", || {
        page.ask("page.flags.evaluate('tracker').revision") == 2
    });
    let evaluation = page.ask("page.flags.evaluate('tracker', {user: 'user42'})");
    assert_eq!(evaluation["value"], true);
    assert_eq!(evaluation["reason"], "full");
    assert_eq!(page.ask("page.flags.isEnabled('tracker')"), true);
    server.app.flags().emergency_off(&me());
    wait_until("the page sees that all flags are off", || {
        page.ask("page.flags.isEnabled('tracker')") == false
    });
    let heard = "heard.some(([name, {changes}]) => name === 'ml:flags:changed' && \
                 changes.some(it => it.component === 'tracker' && it.oldValue && !it.newValue))";
    assert_eq!(page.ask(heard), true);
    assert_eq!(page.ask("warnings"), json!([]));
}

#[test]
fn a_page_hears_of_an_override_for_its_own_source_and_of_no_other() {
    let server = Running::collecting();
    let flags = server.app.flags();
    flags.change(request(Edit::SetMaster { on: true })).unwrap();
    let mut page = Script::page(&server);
    page.ask("page.flags = new MLFeatureFlags(), null");
    assert_eq!(page.ask("(await page.flags.load()).enabled"), true);
    page.ask("page.flags.listen(), null");
    let set = |source: &str, component: &str| {
        let wanted = TargetedRequest {
            target: Target::Source(source.parse().unwrap()),
            component: component.parse().unwrap(),
            on: true,
            for_ms: 60 * 60 * 1000,
            by: me(),
        };
        flags.override_for(wanted).unwrap();
    };
    set("other", "tracker");
    set("web", "calculator");
    wait_until("the page has its override", || {
        page.ask("page.flags.isEnabled('calculator')") == true
    });
    assert_eq!(page.ask("page.flags.isEnabled('tracker')"), false);
    flags.end_targeted(&TargetedSelection::default()).unwrap();
    wait_until("the override is taken back", || {
        page.ask("page.flags.isEnabled('calculator')") == false
    });
    let heard = "heard.some(([name, {changes}]) => name === 'ml:flags:changed' && \
                 changes.some(it => it.component === 'tracker'))";
    assert_eq!(page.ask(heard), false);
}

#[test]
fn events_of_a_page_are_counted_once_and_by_its_name() {
    let server = Running::collecting();
    let mut page = Script::page(&server);
    page.ask("page.exporter = new PrometheusExporter(), null");
    page.ask(
        "Array.from({length: 250}, (_, i) => EventBus.emit('ml:calculation:complete', \
         {duration: 0.25, confidence: 0.5, iterations: 7, component: 'tracker', user: 'user' + i})), null",
    );
    page.ask("EventBus.emit('ml:calculation:error', {component: 'tracker', exposed: true})");
    page.ask("page.exporter.report('ml:memory', {bytes: 12345})");
    page.ask("page.exporter.flush()");
    let status = page.ask("page.exporter.status");
    let expected = json!({"waiting": 0, "sent": 252, "rejected": 0, "dropped": 0});
    assert_eq!(status, expected);
    let metrics = || server.get("/metrics", &[]).text().to_owned();
    let control = r#"ml_calculations_total{source="web",component="tracker",arm="control"} 250"#;
    wait_until("the events are counted", || metrics().contains(control));
    let metrics = metrics();
    assert!(
        metrics.contains(r#"ml_memory_usage_bytes{source="web"} 12345"#),
        "{metrics}"
    );
    assert!(metrics.contains(r#"arm="exposed"} 1"#), "{metrics}");
}

#[test]
fn a_state_is_handed_in_blamed_and_restored() {
    let server = Running::collecting();
    let app = &server.app;
    let mut page = Script::page(&server);
    page.ask("MLStateExtension.extend(AppState), null");
    page.ask("AppState.set('ml.limits.memMB', 512)");
    let limit = || {
        let state = app.current_state(&web()).ok()?;
        let ml = serde_json::to_value(&*state.ml).unwrap();
        ml["limits"]["memMB"].as_u64()
    };
    wait_until("the first state is stored", || limit() == Some(512));
    let id = take(app).id;
    page.ask("AppState.set('ml.limits.memMB', 5), AppState.set('ml.n', [1, 2])");
    wait_until("the change is stored", || limit() == Some(5));

    let blame = app.blame(
        &StateAt::Now {
            source: web().to_string(),
        },
        "ml.limits.memMB",
    );
    let blame = serde_json::to_value(blame.unwrap()).unwrap().to_string();
    assert!(
        blame.contains("page.mjs") || blame.contains("eval"),
        "{blame}"
    );
    assert!(!blame.contains("MLStateExtension"), "{blame}");

    let restore = app.restore_state(&everything(id), &me()).unwrap();
    wait_until("the page confirms the restore", || {
        app.state_restore(restore.id).unwrap().status == RestoreStatus::Confirmed
    });
    let confirmed = serde_json::to_value(app.state_restore(restore.id).unwrap()).unwrap();
    assert_eq!(confirmed["isExact"], true, "{confirmed}");
    assert_eq!(page.ask("AppState.ml.limits.memMB"), 512);
    assert_eq!(page.ask("AppState.get('ml.limits.memMB')"), 512);
    assert_eq!(page.ask("AppState.ml.n ?? null"), Value::Null);
    assert_eq!(now(app)["limits"]["memMB"], 512);
    assert_eq!(page.ask("warnings"), json!([]));
}

/// Whatever is open when a page starts is taken in before the page says how it begins.
#[test]
fn a_restore_that_waited_for_the_page_comes_before_its_first_report() {
    let server = Running::collecting();
    let app = &server.app;
    crate::states::put(app, &json!({"n": 1}));
    let id = take(app).id;
    crate::states::put(app, &json!({"n": 2}));
    let restore = app.restore_state(&everything(id), &me()).unwrap();
    let mut page = Script::page(&server);
    page.ask("MLStateExtension.extend(AppState), null");
    wait_until("the page confirms the restore", || {
        app.state_restore(restore.id).unwrap().status == RestoreStatus::Confirmed
    });
    assert_eq!(page.ask("AppState.ml.n"), 1);
}

#[test]
fn a_wrong_token_is_told_once_and_not_tried_again() {
    let server = Running::collecting();
    let mut page = Script::page(&server);
    page.ask("MLConfig.flagdeck.token = 'wrong', null");
    page.ask("page.exporter = new PrometheusExporter(), null");
    page.ask("page.exporter.report('ml:usage', {})");
    wait_until("the token is refused", || page.ask("warnings.length") == 1);
    page.ask("page.exporter.report('ml:usage', {})");
    page.ask("page.exporter.flush()");
    assert_eq!(page.ask("page.exporter.status.waiting"), 2);
    let said = page.ask("warnings")[0].to_string();
    assert!(said.contains("does not accept the token"), "{said}");
    page.ask(format!(
        "MLConfig.flagdeck.token = '{}', null",
        server.token
    ));
    page.ask("page.exporter.flush()");
    assert_eq!(page.ask("page.exporter.status.sent"), 2);
    assert_eq!(page.ask("warnings.length"), 1);
}
