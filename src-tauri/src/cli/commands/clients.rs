//! `clients`: who uses the Flagdeck that is running. That one knows: it is asked over HTTP.

use flagdeck::address::Address;
use flagdeck::clients::{Client, ClientUse, Connected, Interface};
use flagdeck::http::port_owner;

use super::demo::find;
use crate::arguments::Arguments;
use crate::output::{Output, table, when};

/// Lists the clients that were seen lately.
pub fn clients(
    arguments: &Arguments,
    url: Option<&Address>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let flagdeck = find(arguments, url)?;
    let connected = flagdeck.clients()?;
    if output.json {
        return Ok(output.value(&connected)?);
    }
    let place = place(flagdeck.address());
    output.line(match connected.clients.as_slice() {
        [] => format!(
            "No client was seen in the last {} by {place}.",
            span(&connected)
        ),
        _ => format!("Seen in the last {} by {place}:", span(&connected)),
    })?;
    if connected.clients.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = connected.clients.iter().map(row).collect();
    let headings = ["SOURCE", "PROGRAM", "LAST SEEN", "REQUESTS", "INTERFACES"];
    Ok(table(headings, &rows, output)?)
}

/// Names the program that was asked: another one on the same folder has clients of its own.
fn place(address: &Address) -> String {
    match port_owner::find(address.port()) {
        Some(owner) => format!("{owner} at {address}"),
        None => format!("Flagdeck at {address}"),
    }
}

fn span(connected: &Connected) -> String {
    format!("{} minutes", connected.seen_for_s / 60)
}

fn row(client: &Client) -> [String; 5] {
    let named = |name: &Option<String>, other: &str| name.as_deref().unwrap_or(other).to_owned();
    let requests: u64 = client.uses.iter().map(|one| one.requests).sum();
    let uses: Vec<String> = client.uses.iter().map(describe).collect();
    [
        named(&client.source, "-"),
        named(&client.program, "other"),
        when(client.last_ms),
        requests.to_string(),
        uses.join(", "),
    ]
}

/// `document`, `stream (open)`, `stream (2 open)`.
fn describe(one: &ClientUse) -> String {
    let name = match one.over {
        Interface::Document => "document",
        Interface::Stream => "stream",
        Interface::Ofrep => "OFREP",
        Interface::Events => "events",
        Interface::State => "state",
        Interface::Metrics => "metrics",
    };
    match one.open {
        0 => name.to_owned(),
        1 => format!("{name} (open)"),
        open => format!("{name} ({open} open)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_who_uses_what() {
        let used = |over, requests, open| ClientUse {
            over,
            requests,
            first_ms: 0,
            last_ms: 0,
            open,
        };
        let shop = Client {
            source: Some("shop".into()),
            program: None,
            first_ms: 0,
            last_ms: 0,
            uses: vec![
                used(Interface::Document, 40, 0),
                used(Interface::Stream, 2, 2),
                used(Interface::Ofrep, 1, 0),
            ],
        };
        let [source, program, _, requests, uses] = row(&shop);
        assert_eq!([source, program, requests], ["shop", "other", "43"]);
        assert_eq!(uses, "document, stream (2 open), OFREP");
        assert_eq!(describe(&used(Interface::Stream, 1, 1)), "stream (open)");
    }
}
