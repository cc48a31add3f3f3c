//! The registry of clients: who is listed, for how long, and who leaves when it is full.

use flagdeck::clients::{
    CLIENTS_MAX, Client, ClientUse, Clients, Interface, PROGRAMS_MAX, SEEN_FOR_S,
};
use flagdeck::state::SourceName;

const SEEN_FOR_MS: i64 = SEEN_FOR_S as i64 * 1000;

fn name(text: &str) -> SourceName {
    text.parse().unwrap()
}

fn note(clients: &Clients, source: &str, program: &str, over: Interface, now_ms: i64) {
    let source = (!source.is_empty()).then(|| name(source));
    clients.note(source.as_ref(), program, over, now_ms);
}

/// What is listed, in a form to compare: `source program`, with `-` for what is not known.
fn listed(clients: &Clients, now_ms: i64) -> Vec<String> {
    let list = clients.list(now_ms).clients;
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let pairs = list.iter();
    pairs
        .map(|client| format!("{} {}", shown(&client.source), shown(&client.program)))
        .collect()
}

fn find<'a>(list: &'a [Client], source: &str) -> &'a Client {
    let is_it = |client: &&Client| client.source.as_deref() == Some(source);
    list.iter().find(is_it).unwrap()
}

/// Room is made for some at once.
#[track_caller]
fn check_full(list: &[Client]) {
    let count = list.len();
    assert!(
        (CLIENTS_MAX * 3 / 4..=CLIENTS_MAX).contains(&count),
        "{count}"
    );
}

#[test]
fn a_client_is_one_source_of_one_program_with_all_it_uses() {
    let clients = Clients::default();
    note(&clients, "shop", "node", Interface::Events, 1000);
    note(&clients, "shop", "node", Interface::Document, 2000);
    note(&clients, "shop", "node", Interface::Document, 5000);
    note(&clients, "", "node", Interface::Document, 3000);
    note(&clients, "shop", "curl", Interface::State, 4000);
    assert_eq!(
        listed(&clients, 5000),
        ["shop curl", "- node", "shop node"],
        "the latest newcomer comes first"
    );
    let list = clients.list(5000);
    assert_eq!(list.seen_for_s, 900);
    let shop = &list.clients[2];
    assert_eq!((shop.first_ms, shop.last_ms), (1000, 5000));
    let used = |over, requests, first_ms, last_ms| ClientUse {
        over,
        requests,
        first_ms,
        last_ms,
        open: 0,
    };
    assert_eq!(
        shop.uses,
        [
            used(Interface::Document, 2, 2000, 5000),
            used(Interface::Events, 1, 1000, 1000),
        ]
    );
}

#[test]
fn what_was_not_used_for_a_quarter_of_an_hour_is_no_longer_listed() {
    let clients = Clients::default();
    note(&clients, "shop", "node", Interface::Events, 0);
    note(&clients, "shop", "node", Interface::Document, 60_000);
    note(&clients, "gone", "node", Interface::Document, 0);
    assert_eq!(clients.list(SEEN_FOR_MS).clients.len(), 2);
    let list = clients.list(SEEN_FOR_MS + 1).clients;
    assert_eq!(list.len(), 1);
    let uses: Vec<Interface> = list[0].uses.iter().map(|one| one.over).collect();
    assert_eq!(uses, [Interface::Document], "the other use is too old");
    assert!(clients.list(60_001 + SEEN_FOR_MS).clients.is_empty());
}

#[test]
fn a_client_with_an_open_stream_is_listed_until_that_was_closed_for_as_long() {
    let clients = Clients::default();
    let shop = name("shop");
    clients.note_opened(Some(&shop), "node", 0);
    clients.note_opened(Some(&shop), "node", 10);
    let open = |now_ms| {
        let list = clients.list(now_ms).clients;
        list.first().map(|client| client.uses[0].open)
    };
    assert_eq!(open(100 * SEEN_FOR_MS), Some(2));
    clients.note_closed(Some(&shop), "node", 100 * SEEN_FOR_MS);
    clients.note_closed(Some(&shop), "node", 101 * SEEN_FOR_MS);
    assert_eq!(open(102 * SEEN_FOR_MS), Some(0));
    assert_eq!(open(102 * SEEN_FOR_MS + 1), None);
    clients.note_closed(Some(&shop), "node", 103 * SEEN_FOR_MS);
    assert_eq!(
        open(103 * SEEN_FOR_MS),
        None,
        "the end of nothing is no use"
    );
}

#[test]
fn a_clock_that_was_set_back_loses_no_client() {
    let clients = Clients::default();
    note(&clients, "shop", "node", Interface::Document, 1_000_000_000);
    note(&clients, "shop", "node", Interface::Document, 0);
    let list = clients.list(0).clients;
    assert_eq!(list[0].last_ms, 1_000_000_000);
    assert_eq!(list[0].uses[0].requests, 2);
}

#[test]
fn a_program_with_ever_other_names_pushes_out_its_own_only() {
    let clients = Clients::default();
    note(&clients, "shop", "node", Interface::Document, 0);
    note(&clients, "", "curl", Interface::Document, 0);
    clients.note_opened(Some(&name("steady")), "flood", 1);
    for number in 0..3 * CLIENTS_MAX as i64 {
        let source = format!("flood-{number}");
        note(&clients, &source, "flood", Interface::Document, 2 + number);
    }
    let list = clients.list(4000).clients;
    check_full(&list);
    find(&list, "shop");
    find(&list, "steady");
    let latest = format!("flood-{}", 3 * CLIENTS_MAX - 1);
    find(&list, &latest);
    assert!(listed(&clients, 4000).contains(&"- curl".to_owned()));
}

#[test]
fn a_client_with_ever_other_programs_pushes_out_none() {
    let clients = Clients::default();
    note(&clients, "shop", "node", Interface::Document, 0);
    for number in 0..3 * CLIENTS_MAX as i64 {
        let (source, program) = (format!("flood-{number}"), format!("program-{number}"));
        note(&clients, &source, &program, Interface::Document, number);
        note(&clients, "", &program, Interface::Document, number);
    }
    let list = clients.list(4000).clients;
    check_full(&list);
    assert_eq!(find(&list, "shop").program.as_deref(), Some("node"));
    assert_eq!(find(&list, "flood-0").program.as_deref(), Some("program-0"));
    let unnamed = list.iter().filter(|client| client.program.is_none());
    assert!(unnamed.count() >= CLIENTS_MAX / 2);
}

#[test]
fn a_program_that_left_leaves_its_place_to_another() {
    let clients = Clients::default();
    for number in 0..PROGRAMS_MAX {
        note(
            &clients,
            "",
            &format!("program-{number}"),
            Interface::Document,
            0,
        );
    }
    note(&clients, "late", "node", Interface::Document, 1);
    assert_eq!(find(&clients.list(1).clients, "late").program, None);
    let later = SEEN_FOR_MS + 1;
    note(&clients, "later", "node", Interface::Document, later);
    let list = clients.list(later).clients;
    assert_eq!(find(&list, "later").program.as_deref(), Some("node"));
}

#[test]
fn a_stream_that_began_among_other_programs_ends_there() {
    let clients = Clients::default();
    for number in 0..PROGRAMS_MAX {
        note(
            &clients,
            "",
            &format!("program-{number}"),
            Interface::Document,
            0,
        );
    }
    let late = name("late");
    clients.note_opened(Some(&late), "node", 1);
    let later = SEEN_FOR_MS + 1;
    note(&clients, "later", "node", Interface::Document, later);
    clients.note_closed(Some(&late), "node", later);
    let list = clients.list(later).clients;
    assert_eq!(find(&list, "late").uses[0].open, 0);
}

#[test]
fn a_full_registry_keeps_a_share_for_each_program() {
    let clients = Clients::default();
    let share = CLIENTS_MAX / (PROGRAMS_MAX + 1);
    for program in 0..PROGRAMS_MAX {
        for source in 0..share {
            let program = format!("program-{program}");
            note(
                &clients,
                &format!("s{source}"),
                &program,
                Interface::Document,
                0,
            );
        }
    }
    for number in 0..2 * CLIENTS_MAX as i64 {
        let (source, program) = (format!("x{number}"), format!("other-{number}"));
        note(&clients, &source, &program, Interface::Document, 1 + number);
        note(
            &clients,
            &source,
            "program-0",
            Interface::Document,
            1 + number,
        );
    }
    let list = clients.list(3000).clients;
    check_full(&list);
    for program in 1..PROGRAMS_MAX {
        let program = format!("program-{program}");
        let of_it = |client: &&Client| client.program.as_ref() == Some(&program);
        assert_eq!(list.iter().filter(of_it).count(), share, "{program}");
    }
}
