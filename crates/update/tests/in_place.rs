//! A program that is replaced by its next version, and brought back. The programs are scripts, which are started, say
//! their version, and carry a block behind them as real ones do.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use maker::{Mistrust, Version};
use protocol::hub_block::{SignedHubBlock, with_block};
use tempfile::TempDir;
use update::{Own, UpdateFault};

struct Desk {
    folder: TempDir,
    own: Own,
}

/// A program of that version, as its maker has it.
fn program(version: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho helpme {version}\nexit 0\n").into_bytes()
}

fn block() -> SignedHubBlock {
    SignedHubBlock {
        said: b"said".to_vec().into(),
        certificate: b"certificate".to_vec().into(),
        signature: b"signature".to_vec().into(),
    }
}

impl Desk {
    /// Somebody runs version 0.2.0, which carries a hub.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let exe = folder.path().join("helpme (1)");
        let carrying = with_block(&program("0.2.0"), &block()).expect("room");
        fs::write(&exe, carrying).expect("written");
        fs::set_permissions(&exe, fs::Permissions::from_mode(0o755)).expect("set");
        let own = Own {
            exe,
            name: "helpme",
            version: Version::new(0, 2, 0),
        };
        Self { folder, own }
    }

    /// `program`, signed by the maker of tests as `file` in version `version`.
    fn signed(&self, program: &[u8], file: &str, version: &str) -> PathBuf {
        let path = self.folder.path().join("given");
        let key = include_str!("../../maker/test.key").to_owned();
        let key = minisign::SecretKeyBox::from(key).into_unencrypted_secret_key();
        let comment = format!("timestamp:1790000000\tfile:{file}\tversion:{version}");
        let signature = minisign::sign(None, &key.expect("a key"), program, Some(&comment), None);
        let signature = signature.expect("signed").into_string();
        fs::write(&path, program).expect("written");
        fs::write(path.with_file_name("given.minisig"), signature).expect("written");
        path
    }

    fn next(&self, version: &str) -> PathBuf {
        self.signed(&program(version), &file("helpme"), version)
    }

    fn says(&self) -> String {
        let said = Command::new(&self.own.exe).arg("--version").output();
        let said = said.expect("it starts");
        String::from_utf8(said.stdout)
            .expect("text")
            .trim()
            .to_owned()
    }

    fn refused(&self, given: &Path) -> UpdateFault {
        let before = fs::read(&self.own.exe).expect("read");
        let fault = self.own.update(given).expect_err("refused");
        assert!(
            fs::read(&self.own.exe).expect("read") == before,
            "as it was"
        );
        assert_eq!(self.says(), "helpme 0.2.0");
        for left in ["helpme (1).next", "helpme (1).before"] {
            assert!(!self.folder.path().join(left).exists(), "{left}");
        }
        fault
    }
}

/// What the maker calls the program for this system.
fn file(name: &str) -> String {
    format!("{name}-{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

#[test]
fn p3_a_next_version_takes_its_place_carries_the_hub_on_and_is_taken_back() {
    let desk = Desk::new();
    let before = fs::read(&desk.own.exe).expect("read");
    let placed = desk.own.update(&desk.next("0.3.0")).expect("placed");
    assert_eq!(placed, Version::new(0, 3, 0));
    assert_eq!(desk.says(), "helpme 0.3.0");
    let now = fs::read(&desk.own.exe).expect("read");
    assert!(now.starts_with(&program("0.3.0")));
    assert_eq!(SignedHubBlock::find(&now), Ok(Some(block())));
    let mode = fs::metadata(&desk.own.exe)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o755);

    // and once more, over the one that was kept
    let newer = Own {
        version: placed,
        ..desk.own.clone()
    };
    newer.update(&desk.next("0.4.0")).expect("placed");
    assert_eq!(desk.says(), "helpme 0.4.0");
    newer.roll_back().expect("brought back");
    assert!(fs::read(&desk.own.exe).expect("read") == now);
    assert_eq!(desk.says(), "helpme 0.3.0");
    let nothing = newer.roll_back().expect_err("only one is kept");
    assert!(matches!(nothing, UpdateFault::NothingBefore { .. }));
    assert!(now != before);
}

#[test]
fn p3_nothing_takes_its_place_that_the_maker_did_not_sign_as_its_next_version() {
    let desk = Desk::new();
    let given = desk.next("0.3.0");
    let mut changed = program("0.3.0");
    changed[20] ^= 1;
    fs::write(&given, changed).expect("written");
    let fault = desk.refused(&given);
    assert!(
        matches!(fault, UpdateFault::Mistrust(Mistrust::Changed)),
        "{fault}"
    );
    fs::remove_file(given.with_file_name("given.minisig")).expect("removed");
    let fault = desk.refused(&given);
    assert!(matches!(fault, UpdateFault::NoSignature { .. }), "{fault}");

    let fault = desk.refused(&desk.next("0.1.0"));
    assert!(matches!(fault, UpdateFault::Downgrade { .. }), "{fault}");
    let fault = desk.refused(&desk.next("0.2.0"));
    assert!(matches!(fault, UpdateFault::Same { .. }), "{fault}");
    let other = desk.signed(&program("0.3.0"), &file("purepc"), "0.3.0");
    let fault = desk.refused(&other);
    assert!(matches!(fault, UpdateFault::OtherProgram { .. }), "{fault}");
}

#[test]
fn p3_what_does_not_start_or_says_another_version_changes_nothing() {
    let desk = Desk::new();
    for script in [
        "#!/bin/sh\nexit 3\n",
        "#!/bin/sh\necho helpme 0.2.9\nexit 0\n",
        "#!/nowhere\n",
        "\u{7f}ELF",
    ] {
        let given = desk.signed(script.as_bytes(), &file("helpme"), "0.3.0");
        let fault = desk.refused(&given);
        assert!(matches!(fault, UpdateFault::DoesNotStart { .. }), "{fault}");
    }
}

#[test]
fn p3_a_program_of_a_package_is_left_to_the_package() {
    let own = Own {
        exe: "/usr/bin/helpme".into(),
        name: "helpme",
        version: Version::new(0, 2, 0),
    };
    let fault = own.update(Path::new("anything")).expect_err("left alone");
    assert!(matches!(fault, UpdateFault::Packaged), "{fault}");
    let fault = own.roll_back().expect_err("left alone");
    assert!(matches!(fault, UpdateFault::Packaged), "{fault}");
}
