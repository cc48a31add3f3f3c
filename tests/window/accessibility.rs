//! What axe-core finds wrong with the page for people who use it by ear, by keys, or with little
//! sight: nothing, in every view, state and theme. It checks WCAG 2.2 A and AA and its own best
//! practices; colours are checked as they are painted. And nothing lies outside of the window, as
//! texts for screen readers easily do: scrolled to, it would move the bars out of sight.

use std::path::Path;

use crate::rig::Window;
use crate::views::{self, Theme};

#[tokio::test]
async fn nothing_stands_in_anybodys_way_in_light_colours() {
    visit_all(Theme::Light).await;
}

#[tokio::test]
async fn nothing_stands_in_anybodys_way_in_dark_colours() {
    visit_all(Theme::Dark).await;
}

async fn visit_all(theme: Theme) {
    let axe = axe();
    let mut found = Vec::new();
    views::visit(theme, async |window: &Window<'_>, name: &str| {
        found.extend(
            violations(window, &axe)
                .await
                .into_iter()
                .map(|violation| format!("{name}: {violation}")),
        );
        if scrolls_as_a_whole(window).await {
            found.push(format!("{name}: the window can be scrolled as a whole"));
        }
    })
    .await;
    assert_eq!(found, Vec::<String>::new());
}

/// Checks what one window shows at present.
pub async fn assert_accessible(window: &Window<'_>, name: &str) {
    let found = violations(window, &axe()).await;
    assert_eq!(found, Vec::<String>::new(), "{name}");
    let scrolls = scrolls_as_a_whole(window).await;
    assert!(!scrolls, "{name}: the window can be scrolled as a whole");
}

async fn scrolls_as_a_whole(window: &Window<'_>) -> bool {
    let script = "const { scrollWidth, scrollHeight } = document.documentElement;
        return scrollWidth > innerWidth || scrollHeight > innerHeight;";
    window.eval(script).await == true
}

/// Reads axe-core, which came with what the page is built with.
fn axe() -> String {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()))
}

async fn violations(window: &Window<'_>, axe: &str) -> Vec<String> {
    let script = format!(
        "const done = arguments[0];
        if (!window.axe) {{ {axe} }}
        const line = ({{ id, nodes }}) => nodes.map((node) =>
            `${{id}} at ${{node.target.join(' ')}}: ${{node.any.concat(node.all, node.none)
                .map((check) => check.message).join('; ')}}`);
        window.axe.run(document, {{ resultTypes: ['violations'] }}).then(
            ({{ violations }}) => done(violations.flatMap(line)),
            (error) => done([String(error)]));"
    );
    let found = window.eval_later(&script).await;
    let lines = found.as_array().expect("a list");
    lines
        .iter()
        .map(|line| line.as_str().unwrap_or_default().to_owned())
        .collect()
}
