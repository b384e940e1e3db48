//! What a hub is told by flags, the environment and a file (B5).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "the peers of the tests, which fail on what a hub should not say"
)]

mod support;

use std::fs;
use std::path::Path;

use support::{TestHub, folder, hub_command, text};

fn file(folder: &Path, said: &str) -> String {
    let path = folder.join("hub.toml");
    fs::write(&path, said).expect("written");
    path.to_str().expect("a plain path").to_owned()
}

#[test]
fn b5_a_flag_counts_before_the_environment_and_that_before_the_file() {
    let folder = folder();
    let public = |flag: Option<&str>, environment: Option<&str>, in_file: Option<&str>| {
        let line = in_file.map(|host| format!("public-address = \"{host}\"\n"));
        let path = file(folder.path(), &line.unwrap_or_default());
        let mut command = hub_command(&[]);
        if let Some(host) = environment {
            command.env("HUB_PUBLIC_ADDRESS", host);
        }
        let mut args = vec!["--config", &path];
        if let Some(host) = flag {
            args.extend(["--public-address", host]);
        }
        let data = folder.path().join("data");
        let hub = TestHub::serve_by(command, &data, &args);
        let page = support::web::get(&hub, "/", &[]).text();
        let (_, rest) = page.split_once("helpme://").expect("a link");
        rest.split(':').next().expect("a host").to_owned()
    };
    fs::create_dir(folder.path().join("data")).expect("made");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let closed = fs::Permissions::from_mode(0o700);
        fs::set_permissions(folder.path().join("data"), closed).expect("closed");
    }
    let (flag, environment, in_file) = (
        Some("flag:4433"),
        Some("environment:4433"),
        Some("file:4433"),
    );
    assert_eq!(public(flag, environment, in_file), "flag");
    assert_eq!(public(None, environment, in_file), "environment");
    assert_eq!(public(None, None, in_file), "file");
    assert_eq!(public(None, None, None), "127.0.0.1");
}

#[test]
fn b5_a_hub_that_is_told_nonsense_says_where_and_does_not_start() {
    let folder = folder();
    let start = |said: &str, args: &[&str]| {
        let path = file(folder.path(), said);
        let output = hub_command(&["serve", "--config", &path])
            .args(args)
            .output();
        let output = output.expect("hub runs");
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        text(&output)
    };
    let data = folder.path().join("data");
    let data = data.to_str().expect("plain");
    let said = start("listen = [\n  \"127.0.0.1:port\"\n]\n", &["--data", data]);
    assert!(said.contains("hub.toml:2:3: "), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    let said = start("", &[]);
    assert!(said.contains("HUB_DATA"), "{said}");
    let said = start("certificate = \"a\"", &["--data", data]);
    assert!(said.contains("belong together"), "{said}");
    let said = start("downloads = \"/d\"", &["--data", data, "--page", "false"]);
    assert!(said.contains("downloads is for the page"), "{said}");
    let said = start("page-listen = [\"0.0.0.0:1\"]", &["--data", data]);
    assert!(said.contains("hub.toml:1:1: "), "{said}");
    let said = start("", &["--data", data, "--keep-minutes", "1441"]);
    assert!(said.contains("1 to 1440"), "{said}");
    let missing = hub_command(&["serve", "--config", "/nowhere/hub.toml"]).output();
    let missing = missing.expect("hub runs");
    assert!(text(&missing).contains("cannot read /nowhere/hub.toml"));
    assert!(!Path::new(data).exists(), "nothing was made");
}

#[test]
fn b5_a_public_address_without_a_port_has_the_one_where_the_hub_really_listens() {
    let hub = TestHub::start_with(&["--public-address", "hub.example.org"]);
    let page = support::web::get(&hub, "/", &[]).text();
    let link = format!("helpme://hub.example.org:{}/", hub.address.port);
    assert!(page.contains(&link), "{link} in {page}");
    assert_ne!(hub.address.port, 0);
}
