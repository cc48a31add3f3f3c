//! What a person's team serves its flags with: `flagctl serve` on a folder of its own.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use serde_json::{Deserializer, Value, json};
use tempfile::TempDir;

use super::Workplace;
use super::process::ProcessGroup;

/// A second Flagdeck, whose document is followed.
pub struct Team {
    folder: TempDir,
    server: Option<ProcessGroup>,
    address: SocketAddr,
}

impl Team {
    /// Serves a document at a port of the system's choice.
    pub fn serving(document: &Value) -> Self {
        let mut team = Self {
            folder: TempDir::new().expect("a temporary folder"),
            server: None,
            address: ([127, 0, 0, 1], 0).into(),
        };
        team.import(document);
        team.start();
        team
    }

    /// Serves at the same port as before.
    pub fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagctl"));
        let port = self.address.port().to_string();
        let command = command.args(["serve", "--json", "--port", &port]);
        let command = command.arg("--data-dir").arg(self.folder.path());
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut server = ProcessGroup::start(command.stderr(Stdio::null()));
        let output = server.0.stdout.take().expect("stdout is piped");
        let told = Deserializer::from_reader(output)
            .into_iter::<Value>()
            .next();
        let told = told.expect("the server tells its address").expect("JSON");
        let address = told["address"].as_str().expect("an address");
        let address = address.trim_start_matches("http://");
        self.address = address.parse().expect("an address with a port");
        self.server = Some(server);
    }

    /// Kills the server.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Puts another document in force, whatever it removes.
    pub fn import(&self, document: &Value) {
        let place = self.folder.path().join("document.json");
        fs::write(&place, document.to_string()).expect("a document");
        self.flagctl(&["import", "--yes", &place.display().to_string()]);
    }

    /// Returns the document that is in force there.
    pub fn stored(&self) -> Value {
        serde_json::from_str(&self.flagctl(&["export"])).expect("flagctl exports JSON")
    }

    /// Sets a workplace up to follow it, with its token, and to look every second.
    pub fn is_followed_at(&self, place: &Workplace) {
        let address = json!(format!("http://{}/api/ml/flags", self.address));
        let config = format!(
            "[http]\nport = 0\n[featureFlags]\nendpoint = {address}\nrefreshInterval = 1000\n\
             [featureFlags.cache]\nttl = 0\n"
        );
        fs::write(place.data_dir().join("config.toml"), config).expect("a config");
        place.keep_secret("flags-token", self.flagctl(&["token"]).trim());
    }

    /// Runs `flagctl` on its data and returns what it printed.
    pub fn flagctl(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_flagctl"))
            .args(arguments)
            .arg("--data-dir")
            .arg(self.folder.path())
            .env("USER", "team")
            .output()
            .expect("flagctl starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "flagctl {arguments:?}: {told}");
        String::from_utf8(output.stdout).expect("flagctl prints UTF-8")
    }
}
