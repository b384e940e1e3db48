//! What the programs are made of, for other programs: a bill of materials as `CycloneDX` has it.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Package, PackageId};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::release::Release;

/// The document, as JSON.
///
/// # Errors
///
/// If `Cargo.lock` cannot be read.
pub(crate) fn of_materials(release: &Release, linked: &[&Package]) -> anyhow::Result<Vec<u8>> {
    let root = format!("pure-help-desk@{}", release.version);
    let sums = checksums(release)?;
    let components: Vec<_> = linked
        .iter()
        .map(|package| component(package, &sums))
        .collect();
    let dependencies = dependencies(release, linked, &root);
    let content = json!([components, dependencies]).to_string();
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": format!("urn:uuid:{}", uuid_of(&content)),
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "pure-help-desk",
                "version": release.version,
                "licenses": [{ "expression": "MIT OR Apache-2.0" }],
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(format!("{document:#}\n").into_bytes())
}

fn component(package: &Package, sums: &BTreeMap<(String, String), String>) -> Value {
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": name,
        "version": version,
    });
    // those of the workspace are nowhere else
    if package.source.is_some() {
        component["purl"] = json!(format!("pkg:cargo/{name}@{version}"));
    }
    if let Some(licence) = &package.license {
        component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    if let Some(sum) = sums.get(&(name, version)) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    component
}

fn reference(package: &Package) -> String {
    format!("{}@{}", package.name, package.version)
}

/// Who is linked for whom; the product for the programs.
fn dependencies(release: &Release, linked: &[&Package], root: &str) -> Vec<Value> {
    let references: BTreeMap<&PackageId, String> = linked
        .iter()
        .map(|package| (&package.id, reference(package)))
        .collect();
    let own = linked.iter().filter(|package| package.source.is_none());
    let own: Vec<_> = own.map(|package| reference(package)).collect();
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    edges.insert(root, own.iter().map(String::as_str).collect());
    let nodes = release.metadata.resolve.iter().flat_map(|all| &all.nodes);
    for node in nodes {
        let Some(from) = references.get(&node.id) else {
            continue;
        };
        let normal = node.deps.iter().filter(|dependency| {
            let kinds = &dependency.dep_kinds;
            kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
        });
        let to = normal.filter_map(|dependency| references.get(&dependency.pkg));
        edges.insert(from, to.map(String::as_str).collect());
    }
    let edges = edges.into_iter();
    edges
        .map(|(from, to)| json!({ "ref": from, "dependsOn": to }))
        .collect()
}

/// The SHA-256 of each crate's archive, by name and version, as `Cargo.lock` keeps them.
fn checksums(release: &Release) -> anyhow::Result<BTreeMap<(String, String), String>> {
    let text = release.text("Cargo.lock")?;
    let mut sums = BTreeMap::new();
    for package in text.split("[[package]]") {
        let value = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name))?;
            line.strip_prefix(" = \"")?
                .strip_suffix('"')
                .map(str::to_owned)
        };
        if let (Some(name), Some(version), Some(sum)) =
            (value("name"), value("version"), value("checksum"))
        {
            sums.insert((name, version), sum);
        }
    }
    Ok(sums)
}

/// A UUID (version 8) that follows from what it names, so that the same product has the same.
pub(crate) fn uuid_of(content: &str) -> String {
    let mut hash = Sha256::digest(content.as_bytes());
    hash[6] = hash[6] & 0x0f | 0x80;
    hash[8] = hash[8] & 0x3f | 0x80;
    let bytes = hash.iter().take(16);
    let digits = bytes.fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    let digits = format!("{digits:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    parts.map(|part| digits[part].to_owned()).join("-")
}
