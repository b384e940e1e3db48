//! The hub for containers: an archive as the Open Container Initiative has it, made without a daemon.
//!
//! The lower layer holds what the programs are linked with, from this Debian, so that an upgrade of the hub
//! replaces the upper one alone. There is no shell in it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::Package;
use crate::release::{Programs, Release, System};
use crate::tree::Tree;

/// Whose libraries this machine has.
pub(crate) const OF_THIS_MACHINE: System = if cfg!(target_arch = "aarch64") {
    System::LinuxOnArm
} else {
    System::Linux
};
/// Who the hub runs as: nobody that a machine has.
const USER: u64 = 10_443;
const DATA: &str = "/var/lib/pure-help-desk";
const PROGRAMS: [&str; 2] = ["hub", "hub-film"];
/// Where the authorities lie on every Debian, in whose names certificates are looked at.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The image, as an archive that `skopeo`, `podman load` and `docker load` read.
///
/// # Errors
///
/// If a program, or what it is linked with, is missing.
pub(crate) fn hub(
    release: &Release,
    programs: &Programs,
    licences: &str,
) -> anyhow::Result<Vec<Package>> {
    let layers = [below(programs)?, above(release, programs, licences)?];
    let mut blobs = Blobs::default();
    let mut descriptors = Vec::new();
    let mut plain_hashes = Vec::new();
    for layer in &layers {
        let mut tar = Vec::new();
        layer.tar("", release.epoch, &mut tar)?;
        plain_hashes.push(format!("sha256:{:x}", Sha256::digest(&tar)));
        let level = Compression::new(release.effort.of_zlib());
        let mut writer = GzEncoder::new(Vec::new(), level);
        writer.write_all(&tar)?;
        let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
        descriptors.push(blobs.add(kind, writer.finish()?));
    }
    let labels = json!({
        "org.opencontainers.image.title": "Pure Help Desk hub",
        "org.opencontainers.image.version": release.version,
        "org.opencontainers.image.licenses": "MIT OR Apache-2.0",
        "org.opencontainers.image.source": "https://github.com/purehelpdesk/purehelpdesk",
    });
    let created = jiff::Timestamp::from_second(i64::try_from(release.epoch)?)?.to_string();
    let config = json!({
        "created": created,
        "architecture": programs.system.architecture(),
        "os": "linux",
        "config": {
            "User": format!("{USER}:{USER}"),
            "Env": ["PATH=/usr/bin", format!("HUB_DATA={DATA}")],
            "Entrypoint": ["/usr/bin/hub"],
            "Cmd": ["serve"],
            "WorkingDir": "/",
            "Volumes": { DATA: {} },
            "ExposedPorts": { "443/udp": {}, "443/tcp": {}, "3128/tcp": {}, "8080/tcp": {} },
            "StopSignal": "SIGTERM",
            "Labels": labels,
        },
        "rootfs": { "type": "layers", "diff_ids": plain_hashes },
        "history": [
            { "created": created, "created_by": "libraries" },
            { "created": created, "created_by": "hub" },
        ],
    });
    let config = blobs.add_json("application/vnd.oci.image.config.v1+json", &config);
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": descriptors,
        "annotations": labels,
    });
    let mut manifest = blobs.add_json("application/vnd.oci.image.manifest.v1+json", &manifest);
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": release.version });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });

    let mut archive = blobs.tree;
    archive.file("index.json", index.to_string().into_bytes());
    archive.file("oci-layout", *br#"{"imageLayoutVersion":"1.0.0"}"#);
    let mut bytes = Vec::new();
    archive.tar("", release.epoch, &mut bytes)?;
    let machine = match programs.system {
        System::LinuxOnArm => "-aarch64",
        System::Linux | System::Windows | System::Macos => "",
    };
    let name = format!("pure-help-desk-hub-{}{machine}-oci.tar", release.version);
    Ok(vec![Package::new(name, bytes)])
}

/// What is named by its hash.
#[derive(Default)]
struct Blobs {
    tree: Tree,
}

impl Blobs {
    /// Keeps `bytes`; says how others refer to them.
    fn add(&mut self, kind: &str, bytes: Vec<u8>) -> Value {
        let hash = format!("{:x}", Sha256::digest(&bytes));
        let size = bytes.len();
        self.tree.file(&format!("blobs/sha256/{hash}"), bytes);
        json!({ "mediaType": kind, "digest": format!("sha256:{hash}"), "size": size })
    }

    fn add_json(&mut self, kind: &str, value: &Value) -> Value {
        self.add(kind, value.to_string().into_bytes())
    }
}

/// Libraries with their licences, authorities, and who is who.
fn below(programs: &Programs) -> anyhow::Result<Tree> {
    let mut tree = Tree::default();
    tree.file(
        "etc/passwd",
        format!("root:x:0:0:root:/:/bin/false\nhub:x:{USER}:{USER}:hub:{DATA}:/bin/false\n")
            .into_bytes(),
    );
    let groups = format!("root:x:0:\nhub:x:{USER}:\n");
    tree.file("etc/group", groups.into_bytes());
    tree.file("etc/nsswitch.conf", *b"hosts: files dns\n");
    let authorities = fs::read(AUTHORITIES)
        .with_context(|| format!("{AUTHORITIES} is missing (ca-certificates)"))?;
    tree.file(&AUTHORITIES[1..], authorities);
    tree.folder("tmp", 0o1777, 0);
    for library in libraries(programs)? {
        let path = library.to_str().context("a library's path is text")?;
        let bytes = fs::read(&library).with_context(|| path.to_owned())?;
        tree.program(path.trim_start_matches('/'), bytes);
        let package = package_of(&library)?;
        let copyright = format!("/usr/share/doc/{package}/copyright");
        let text = fs::read(&copyright).with_context(|| copyright.clone())?;
        tree.file(&copyright[1..], text);
    }
    Ok(tree)
}

fn above(release: &Release, programs: &Programs, licences: &str) -> anyhow::Result<Tree> {
    let mut tree = Tree::default();
    for name in PROGRAMS {
        tree.program(&format!("usr/bin/{name}"), programs.get(name)?);
    }
    tree.folder(&DATA[1..], 0o700, USER);
    let papers = "usr/share/doc/pure-help-desk-hub";
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let text = release.text(name)?;
        tree.file(&format!("{papers}/{name}"), text.into_bytes());
    }
    let path = format!("{papers}/third-party-licences.txt");
    tree.file(&path, licences.as_bytes());
    Ok(tree)
}

/// The libraries that the loader takes for the programs, and the loader, where programs look for them.
fn libraries(programs: &Programs) -> anyhow::Result<Vec<PathBuf>> {
    let folder = tempfile::tempdir()?;
    let mut found = Vec::new();
    for name in PROGRAMS {
        let path = folder.path().join(name);
        fs::write(&path, programs.get(name)?)?;
        let said = Command::new("ldd").arg(&path).output();
        let said = said.context("cannot start ldd")?;
        ensure!(said.status.success(), "ldd cannot read {name}");
        for line in String::from_utf8(said.stdout)?.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            // `libm.so.6 => /lib/libm.so.6 (0x...)`, and the loader by its path alone
            let path = match words.as_slice() {
                [_, "=>", path, ..] => path,
                [path, ..] if path.starts_with('/') => path,
                _ => continue,
            };
            ensure!(path.starts_with('/'), "{line}");
            found.push(PathBuf::from(path));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The package of Debian that a library is from.
fn package_of(library: &Path) -> anyhow::Result<String> {
    // packages list either path where /lib is a link to /usr/lib
    let real = library.canonicalize()?;
    let bare = real.strip_prefix("/usr").unwrap_or(&real);
    for path in [&real, library, &Path::new("/").join(bare)] {
        let said = Command::new("dpkg").arg("--search").arg(path).output();
        let said = said.context("cannot start dpkg")?;
        let words = String::from_utf8_lossy(&said.stdout);
        if let Some((package, _)) = words.split_once(':').filter(|_| said.status.success()) {
            return Ok(package.to_owned());
        }
    }
    anyhow::bail!("{} is of no package", library.display())
}
