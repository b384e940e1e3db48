//! A program leaves the keeping of its secret to another, which really runs: the example `keeper`, which cargo builds with
//! the tests of this crate, but not with this file of them alone.

use std::fs;
use std::path::{Path, PathBuf};

use desktop::{Keeper, kept_apart};

/// A copy of the one that keeps, with a folder beside it that has everything.
fn keeper(folder: &Path) -> PathBuf {
    let test = std::env::current_exe().expect("it runs");
    let built = test.ancestors().nth(2).expect("a target folder");
    let name = format!("keeper{}", std::env::consts::EXE_SUFFIX);
    let keeper = folder.join(&name);
    fs::copy(built.join("examples").join(&name), &keeper).expect("the example was built");
    fs::create_dir(folder.join("portable")).expect("a folder of the test's");
    keeper
}

#[test]
fn a_secret_is_kept_by_another_program_and_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let keeper = keeper(folder.path());
    assert!(kept_apart::recall(&keeper).expect("it runs").is_none());
    // more than a pipe holds, too
    let long = "long".repeat(50_000);
    for secret in ["tökén", "two\nlines", "store\n", &long] {
        let by = kept_apart::remember(&keeper, secret).expect("kept");
        assert_eq!(
            by,
            Keeper::File,
            "what is carried away has its secrets with it"
        );
        let (by, recalled) = kept_apart::recall(&keeper)
            .expect("it runs")
            .expect("it was kept");
        assert_eq!((by, recalled.as_str()), (Keeper::File, secret));
    }
    kept_apart::forget(&keeper).expect("forgotten");
    assert!(kept_apart::recall(&keeper).expect("it runs").is_none());
}

#[test]
fn what_cannot_be_kept_is_said_without_the_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let keeper = keeper(folder.path());
    let file = folder.path().join("portable/test/secrets.json");
    fs::create_dir_all(&file).expect("a folder where the file should be");
    let error = kept_apart::remember(&keeper, "hidden").expect_err("no file can be written");
    let said = error.to_string();
    assert!(said.contains("secrets.json"), "{said}");
    assert!(!said.contains("hidden"), "{said}");
    let nobody = folder.path().join("nobody");
    assert!(kept_apart::recall(&nobody).is_err());
}
