//! Packages that are made twice are equal, and are what they say.
//!
//! The programs in them are one small real one under all names: packaging looks into none but for what it is linked with.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use minisign::{KeyPair, PublicKey, SignatureBox};
use tempfile::TempDir;

const NAMES: [&str; 7] = [
    "helpme",
    "helpme-screencast",
    "hub",
    "hub-admin",
    "hub-film",
    "pure-help-desk",
    "purepc",
];

/// A program of this workspace, which is there before tests are run.
fn a_program() -> PathBuf {
    let this = std::env::current_exe().expect("this test's path");
    let built = this.ancestors().nth(2).expect("a target folder");
    let program = built.join("hub-film");
    assert!(
        program.is_file(),
        "{} is missing; `cargo build --bins --package hub-film` makes it",
        program.display()
    );
    program
}

fn programs() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in NAMES {
        fs::copy(a_program(), folder.path().join(name)).expect("copied");
    }
    folder
}

/// Runs `dist` as somebody else might: with other times of files, in another time zone, and with other rights.
fn make(out: &Path, mask: &str, zone: &str, more: &[&str]) -> Output {
    let programs = programs();
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("umask {mask}; exec \"$@\""), "sh"])
        .arg(env!("CARGO_BIN_EXE_dist"))
        .args(["--fast", "--from"])
        .arg(programs.path())
        .arg("--out")
        .arg(out)
        .args(more)
        .env("TZ", zone)
        .env("SOURCE_DATE_EPOCH", "1790000000");
    command.output().expect("dist runs")
}

fn made(out: &Path, mask: &str, zone: &str, more: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let said = make(out, mask, zone, more);
    assert!(
        said.status.success(),
        "{}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
    let entries = fs::read_dir(out).expect("made").map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        (name.into_owned(), fs::read(&path).expect("read"))
    });
    entries.collect()
}

fn output(program: &str, words: &[&str], path: &Path) -> String {
    let said = Command::new(program).args(words).arg(path).output();
    let said = said.expect(program);
    assert!(
        said.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&said.stderr)
    );
    String::from_utf8(said.stdout).expect("text")
}

#[test]
fn p1_packages_made_twice_from_the_same_programs_are_equal_and_carry_what_they_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = KeyPair::generate_unencrypted_keypair().expect("a key");
    let key_file = folder.path().join("key");
    let sealed = key.sk.to_box(None).expect("a key").into_string();
    fs::write(&key_file, sealed).expect("written");
    let key_word = key_file.to_str().expect("text");
    let words = ["--only", "deb,tar,image", "--key", key_word];
    let one = made(&folder.path().join("one"), "022", "UTC", &words);
    // there is chance in a signature, so one that is good already stays
    let again = folder.path().join("other");
    fs::create_dir(&again).expect("made");
    let signatures = one.iter().filter(|(name, _)| name.ends_with(".minisig"));
    for (name, signature) in signatures {
        fs::write(again.join(name), signature).expect("written");
    }
    let other = made(&again, "077", "Asia/Tokyo", &words);
    assert_eq!(
        one.keys().collect::<Vec<_>>(),
        other.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in one.iter().filter(|(name, _)| *name != "SHA256SUMS.minisig") {
        assert!(bytes == &other[name], "{name} differs");
    }

    let file = |start: &str| {
        let name = one.keys().find(|name| name.starts_with(start));
        folder.path().join("one").join(name.expect(start))
    };
    the_hub_is_packaged_for_its_service(&file("pure-help-desk-hub_"));
    links_are_helpmes(&file("helpme_"));
    gnomes_screen_comes_with_helpme(&file("helpme_"));
    sums_are_signed(&one, &key.pk);
    the_bill_names_what_is_linked(&one);
    the_downloads_are_what_a_hub_takes(&file("pure-help-desk-downloads_"), &one, &key.pk);
    the_image_has_each_blob_under_its_hash(&file("pure-help-desk-hub-"));
}

fn the_hub_is_packaged_for_its_service(deb: &Path) {
    let files = output("dpkg-deb", &["--contents"], deb);
    for end in [
        "./usr/bin/hub",
        "./usr/bin/hub-film",
        "./usr/lib/systemd/system/hub.service",
        "./usr/lib/sysusers.d/pure-help-desk-hub.conf",
        "./etc/pure-help-desk/hub.toml",
        "./usr/share/man/man8/hub.8.gz",
        "./usr/share/doc/pure-help-desk-hub/third-party-licences.txt.gz",
    ] {
        assert!(
            files.lines().any(|line| line.ends_with(end)),
            "{end}: {files}"
        );
    }
    assert!(
        files.lines().all(|line| line.contains("root/root")),
        "{files}"
    );
    let depends = output("dpkg-deb", &["--field"], deb);
    assert!(depends.contains("libc6 (>= "), "{depends}");
    let unpacked = tempfile::tempdir().expect("a folder");
    let status = Command::new("dpkg-deb")
        .arg("--raw-extract")
        .arg(deb)
        .arg(unpacked.path())
        .status();
    assert!(status.expect("dpkg-deb runs").success());
    let read = |path: &str| fs::read_to_string(unpacked.path().join(path)).expect(path);
    let unit = read("usr/lib/systemd/system/hub.service");
    assert!(
        unit.contains("ExecStart=/usr/bin/hub serve --config"),
        "{unit}"
    );
    assert!(!unit.contains("/usr/local"), "{unit}");
    assert_eq!(read("DEBIAN/conffiles"), "/etc/pure-help-desk/hub.toml\n");
    let settings = read("etc/pure-help-desk/hub.toml");
    assert!(settings.contains("\ndownloads = \"/usr/share/pure-help-desk/downloads\"\n"));
}

fn links_are_helpmes(deb: &Path) {
    let unpacked = tempfile::tempdir().expect("a folder");
    let status = Command::new("dpkg-deb")
        .arg("--extract")
        .arg(deb)
        .arg(unpacked.path())
        .status();
    assert!(status.expect("dpkg-deb runs").success());
    let entry = unpacked
        .path()
        .join("usr/share/applications/helpme.desktop");
    let entry = fs::read_to_string(entry).expect("an entry of menus");
    assert!(
        entry.contains("MimeType=x-scheme-handler/helpme;"),
        "{entry}"
    );
    assert!(entry.contains("Exec=helpme %u"), "{entry}");
}

fn gnomes_screen_comes_with_helpme(deb: &Path) {
    let files = output("dpkg-deb", &["--contents"], deb);
    assert!(files.contains("./usr/bin/helpme-screencast\n"), "{files}");
    let fields = output("dpkg-deb", &["--field"], deb);
    let recommends = fields.lines().find(|line| line.starts_with("Recommends: "));
    let recommends = recommends.expect("recommends");
    assert!(recommends.ends_with(", xdg-desktop-portal"), "{recommends}");
    // what it is linked with, which Helpme itself does without
    assert!(recommends.contains("libc6 (>= "), "{recommends}");
}

fn sums_are_signed(files: &BTreeMap<String, Vec<u8>>, key: &PublicKey) {
    let text = |name: &str| String::from_utf8(files[name].clone()).expect("text");
    let signature = SignatureBox::from_string(&text("SHA256SUMS.minisig")).expect("a signature");
    let sums = text("SHA256SUMS");
    let holds = |sums: &str| {
        minisign::verify(key, &signature, Cursor::new(sums), true, false, false).is_ok()
    };
    assert!(holds(&sums));
    assert!(!holds(&sums.replacen('a', "b", 1)), "a changed byte");
    let listed: Vec<_> = sums
        .lines()
        .map(|line| line.split_once("  ").expect("two").1)
        .collect();
    let made = files.keys().map(String::as_str);
    let made = made.filter(|name| !name.ends_with(".minisig") && *name != "SHA256SUMS");
    assert_eq!(listed, made.collect::<Vec<_>>());
    let helpme = SignatureBox::from_string(&text("helpme-linux-x86_64.minisig"));
    let helpme = helpme.expect("a signature");
    let program = files["helpme-linux-x86_64"].as_slice();
    minisign::verify(key, &helpme, Cursor::new(program), true, false, false)
        .expect("Helpme is signed");
}

/// The package's Helpmes have their signatures beside them, and the list of versions names what is there.
fn the_downloads_are_what_a_hub_takes(
    deb: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    key: &PublicKey,
) {
    let keys = maker::MakerKeys::read(&key.to_base64());
    let unpacked = tempfile::tempdir().expect("a folder");
    let status = Command::new("dpkg-deb")
        .arg("--extract")
        .arg(deb)
        .arg(unpacked.path())
        .status();
    assert!(status.expect("dpkg-deb runs").success());
    let folder = unpacked.path().join("usr/share/pure-help-desk/downloads");
    let program = fs::read(folder.join("helpme-linux-x86_64")).expect("a Helpme");
    let signature = fs::read_to_string(folder.join("helpme-linux-x86_64.minisig"));
    let signed = keys.check(&program, &signature.expect("a signature"));
    let signed = signed.expect("the maker's");
    assert_eq!(signed.file, "helpme-linux-x86_64");

    let text = |name: &str| String::from_utf8(files[name].clone()).expect("text");
    let signature = text("channel.json.minisig");
    let channel = maker::Channel::check(&keys, &files["channel.json"], &signature, None);
    let channel = channel.expect("the maker's");
    assert_eq!(channel.serial, 1_790_000_000);
    for name in ["helpme-linux-x86_64", "pure-help-desk-linux-x86_64"] {
        let listed = channel.listed(name).expect(name);
        assert!(listed.is(&files[name]) && listed.version == signed.version);
    }
}

fn the_bill_names_what_is_linked(files: &BTreeMap<String, Vec<u8>>) {
    let (_, bill) = files
        .iter()
        .find(|(name, _)| name.ends_with(".cdx.json"))
        .expect("a bill");
    let bill: serde_json::Value = serde_json::from_slice(bill).expect("JSON");
    let parts = bill["components"].as_array().expect("components");
    let part = |name: &str| parts.iter().find(|part| part["name"] == name);
    let quinn = part("quinn").expect("quinn is linked");
    assert!(
        quinn["purl"]
            .as_str()
            .expect("a purl")
            .starts_with("pkg:cargo/quinn@")
    );
    assert_eq!(quinn["hashes"][0]["alg"], "SHA-256");
    assert!(part("windows-sys").is_some(), "of other systems too");
    for tool in ["serde_derive", "proptest", "cc", "xtask"] {
        assert!(part(tool).is_none(), "{tool} is not linked");
    }
    let licences = String::from_utf8_lossy(&files["third-party-licences.txt"]);
    for part in parts.iter().filter(|part| part.get("purl").is_some()) {
        let owner = format!(
            "\n{} {} (",
            part["name"].as_str().expect("a name"),
            part["version"].as_str().expect("a version")
        );
        assert!(licences.contains(&owner), "no licence of {owner}");
    }
}

fn the_image_has_each_blob_under_its_hash(image: &Path) {
    use sha2::{Digest as _, Sha256};
    use std::io::Read as _;

    let mut blobs = BTreeMap::new();
    let mut archive = tar::Archive::new(fs::File::open(image).expect("an image"));
    for entry in archive.entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a path").to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("read");
        if let Some(hash) = name
            .strip_prefix("blobs/sha256/")
            .filter(|hash| !hash.is_empty())
        {
            assert_eq!(hash, format!("{:x}", Sha256::digest(&bytes)));
        }
        blobs.insert(name, bytes);
    }
    let index: serde_json::Value = serde_json::from_slice(&blobs["index.json"]).expect("JSON");
    let blob = |descriptor: &serde_json::Value| {
        let digest = descriptor["digest"].as_str().expect("a digest");
        let bytes = &blobs[&digest.replace("sha256:", "blobs/sha256/")];
        assert_eq!(descriptor["size"], bytes.len());
        bytes
    };
    let manifest = blob(&index["manifests"][0]);
    let manifest: serde_json::Value = serde_json::from_slice(manifest).expect("JSON");
    let config: serde_json::Value =
        serde_json::from_slice(blob(&manifest["config"])).expect("JSON");
    let layers = manifest["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), 2);
    let mut found = Vec::new();
    for (layer, hash) in layers
        .iter()
        .zip(config["rootfs"]["diff_ids"].as_array().expect("two"))
    {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(blob(layer).as_slice())
            .read_to_end(&mut plain)
            .expect("gzip");
        assert_eq!(hash, &format!("sha256:{:x}", Sha256::digest(&plain)));
        let mut layer = tar::Archive::new(plain.as_slice());
        for entry in layer.entries().expect("entries") {
            let path = entry.expect("an entry").path_bytes().into_owned();
            found.push(String::from_utf8(path).expect("text"));
        }
    }
    for path in ["usr/bin/hub", "usr/bin/hub-film", "etc/passwd"] {
        assert!(found.iter().any(|found| found == path), "{path}");
    }
    assert!(found.iter().any(|path| path.ends_with("/libc.so.6")));
}

#[test]
fn p1_a_key_within_the_sources_signs_nothing() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/portable.txt");
    let out = tempfile::tempdir().expect("a folder");
    let key = here.to_str().expect("text");
    let said = make(out.path(), "022", "UTC", &["--only", "tar", "--key", key]);
    assert!(!said.status.success());
    let words = String::from_utf8_lossy(&said.stderr);
    assert!(
        words.contains("must not be in the folder of the sources"),
        "{words}"
    );
}

#[test]
fn p1_windows_packages_made_twice_are_equal() {
    for tool in ["makensis", "wixl", "x86_64-w64-mingw32-gcc-posix"] {
        let found = Command::new(tool).arg("--version").output();
        assert!(
            found.is_ok(),
            "{tool} is missing; on Debian: apt-get install nsis wixl gcc-mingw-w64-x86-64-posix"
        );
    }
    let windows = tempfile::tempdir().expect("a folder");
    let source = windows.path().join("program.c");
    fs::write(&source, "int main(void) { return 0; }\n").expect("written");
    for name in ["helpme", "pure-help-desk", "purepc"] {
        let built = Command::new("x86_64-w64-mingw32-gcc-posix")
            .arg("-o")
            .arg(windows.path().join(format!("{name}.exe")))
            .arg(&source)
            .status();
        assert!(built.expect("mingw runs").success());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let programs = windows.path().to_str().expect("text");
    let words = ["--only", "setup,zip,msi", "--from-windows", programs];
    let one = made(&folder.path().join("one"), "022", "UTC", &words);
    // some formats count time in steps of two seconds
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let other = made(&folder.path().join("other"), "077", "Asia/Tokyo", &words);
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{name} differs");
    }
    let packages = one.keys().filter(|name| {
        [".exe", ".zip", ".msi"]
            .iter()
            .any(|end| name.ends_with(end))
    });
    assert_eq!(packages.count(), 5, "{:?}", one.keys());
}

/// Programs for ARM that are linked with what the product's are.
fn programs_for_arm() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("program.cc");
    let text = "#include <cmath>\n#include <new>\nint main(int n, char **) {\n\
        int *made = new int(n); try { if (*made > 9) throw *made; } catch (int) { return 1; }\n\
        return int(std::sin(n)) - *made + n; }\n";
    fs::write(&source, text).expect("written");
    for name in NAMES.iter().filter(|name| **name != "helpme-screencast") {
        let built = Command::new("aarch64-linux-gnu-g++")
            .arg("-o")
            .arg(folder.path().join(name))
            .arg(&source)
            .status()
            .expect(
                "there is no compiler for ARM; on Debian: apt-get install g++-aarch64-linux-gnu",
            );
        assert!(built.success());
    }
    folder
}

#[test]
fn p1_packages_for_arm_stand_beside_the_others_and_are_equal_when_made_twice() {
    let arm = programs_for_arm();
    let folder = tempfile::tempdir().expect("a folder");
    let programs = arm.path().to_str().expect("text");
    let words = ["--only", "deb,tar", "--from-arm", programs];
    let one = made(&folder.path().join("one"), "022", "UTC", &words);
    let other = made(&folder.path().join("other"), "077", "Asia/Tokyo", &words);
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{name} differs");
    }
    let ends = |end: &str| one.keys().filter(|name| name.ends_with(end)).count();
    // the Helpmes of a hub's page are the same for each
    let debs = ["_amd64.deb", "_arm64.deb", "_all.deb"].map(ends);
    assert_eq!(debs, [5, 5, 1], "{:?}", one.keys());
    assert_eq!(ends("-linux-aarch64.tar.gz"), 1);

    let file = |start: &str, end: &str| {
        let mut names = one.keys();
        let name = names.find(|name| name.starts_with(start) && name.ends_with(end));
        folder.path().join("one").join(name.expect(start))
    };
    let fields = output(
        "dpkg-deb",
        &["--field"],
        &file("pure-help-desk-hub_", "_arm64.deb"),
    );
    assert!(fields.contains("\nArchitecture: arm64\n"), "{fields}");
    for library in ["libc6 (>= ", "libgcc-s1", "libstdc++6"] {
        assert!(fields.contains(library), "{fields}");
    }
    // as a computer with ARM calls them
    assert!(
        !fields.contains("cross") && !fields.contains(":arm64"),
        "{fields}"
    );
    let unpacked = tempfile::tempdir().expect("a folder");
    let status = Command::new("dpkg-deb")
        .arg("--extract")
        .arg(file("helpme_", "_arm64.deb"))
        .arg(unpacked.path())
        .status();
    assert!(status.expect("dpkg-deb runs").success());
    let helpme = fs::read(unpacked.path().join("usr/bin/helpme")).expect("Helpme");
    assert!(helpme == one["helpme-linux-aarch64"]);
    assert!(helpme != one["helpme-linux-x86_64"]);

    let channel: maker::Channel = serde_json::from_slice(&one["channel.json"]).expect("a list");
    for name in ["helpme-linux-aarch64", "pure-help-desk-linux-aarch64"] {
        assert!(channel.listed(name).expect(name).is(&one[name]));
    }
    let downloads = output(
        "dpkg-deb",
        &["--contents"],
        &file("pure-help-desk-downloads_", ""),
    );
    for name in ["helpme-linux-aarch64\n", "helpme-linux-x86_64\n"] {
        assert!(downloads.contains(name), "{downloads}");
    }
}

#[test]
fn p1_programs_for_one_kind_of_processor_are_not_packaged_for_another() {
    let programs = programs();
    let out = tempfile::tempdir().expect("a folder");
    let folder = programs.path().to_str().expect("text");
    let said = make(
        out.path(),
        "022",
        "UTC",
        &["--only", "tar", "--from-arm", folder],
    );
    assert!(!said.status.success());
    let words = String::from_utf8_lossy(&said.stderr);
    assert!(words.contains("Linux on ARM"), "{words}");
    // a container has this machine's C library in it
    let arm = programs_for_arm();
    let folder = arm.path().to_str().expect("text");
    let said = make(
        out.path(),
        "022",
        "UTC",
        &["--only", "image", "--from-arm", folder],
    );
    assert!(said.status.success());
    let words = String::from_utf8_lossy(&said.stdout);
    assert!(
        words.contains("left out: Image: the one for Linux on ARM"),
        "{words}"
    );
}
