//! Connecting an application to the real window: the client appears, and the way on if the port is
//! another program's.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use crate::rig::{Window, Workplace};

async fn open_connect(place: &Workplace) -> Window<'_> {
    let window = place.open().await;
    window.click("nav-settings").await;
    window.click("part-connect").await;
    window
}

/// Runs curl, and returns what it printed.
fn curl(address: &str) -> String {
    let ran = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", address])
        .output();
    let ran = ran.expect("curl is installed");
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout).expect("JSON is text")
}

#[tokio::test]
async fn a_client_appears_by_itself_under_the_name_it_gives() {
    let place = Workplace::new();
    let window = open_connect(&place).await;
    window.until_told("no-clients", "No client yet").await;
    let address = format!("http://{}", window.address().await);
    window.until_told("base-address", &address).await;
    window.until_told("recipe", &address).await;

    curl(&format!("{address}/api/ml/flags"));
    window.until_told("client", "curl").await;
    curl(&format!("{address}/api/ml/flags?source=shop"));
    window
        .until_told("clients-line", "Connected lately: shop, curl")
        .await;
    window.until_told("clients-count", "2 clients").await;
    let listed = place.flagctl(&["clients", "--url", &address]);
    assert!(listed.contains("shop"), "{listed}");
    assert!(listed.contains("flagdeck (process "), "{listed}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_and_tried_again_without_a_restart() {
    let place = Workplace::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("its address").port();
    let config = place.data_dir().join("config.toml");
    fs::write(config, format!("[http]\nport = {port}\n")).expect("a config");
    let window = open_connect(&place).await;
    let told = format!("Port {port} is used by ");
    window.until_told("not-serving", &told).await;
    assert!(!window.shows("recipe").await);

    drop(taken);
    window.click("serve").await;
    let address = format!("http://127.0.0.1:{port}");
    window.until_told("recipe", &address).await;
    assert!(curl(&format!("{address}/api/ml/flags")).contains("components"));
    let told_on = async || window.page_text().await.contains("not served over HTTP");
    window
        .until("the notice is gone", async || !told_on().await)
        .await;
}
