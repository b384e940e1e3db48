//! The Debian packages: one for each program that people install, and one with the Helpmes for a hub's page.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::deb::{ANY, Deb};
use crate::release::{Programs, Release, SCREENCAST, System};
use crate::sums::Signed;
use crate::tree::Tree;
use crate::{Package, icon};

/// What windows open while they run, beside what the programs are linked with.
const FOR_WINDOWS: &str =
    "libegl1, libgl1, libx11-6, libx11-xcb1, libxcursor1, libxi6, libxkbcommon-x11-0";
const BETTER_WINDOWS: &str =
    "fontconfig, libgl1-mesa-dri, libwayland-client0, libwayland-egl1, xdg-utils";
/// Signing in at a proxy with the ticket of a Kerberos realm.
const FOR_REALMS: &str = "libgssapi-krb5-2";
/// Where the programs of a hub's page lie.
const DOWNLOADS: &str = "usr/share/pure-help-desk/downloads";
const UNITS: &str = "usr/lib/systemd/system";

/// All packages with these programs.
///
/// # Errors
///
/// If a program or a tool of Debian is missing.
pub(crate) fn all(
    release: &Release,
    programs: &Programs,
    licences: &str,
) -> anyhow::Result<Vec<Package>> {
    let debs = vec![
        console(release, programs)?,
        helpme(release, programs)?,
        hub(release, programs)?,
        administration(release, programs)?,
        purepc(release, programs)?,
    ];
    packed(release, debs, licences)
}

/// The package with the Helpmes for a hub's page, which is the same on every machine.
///
/// # Errors
///
/// If one of the project's papers is missing.
pub(crate) fn of_downloads(
    release: &Release,
    singles: &[Signed],
    licences: &str,
) -> anyhow::Result<Vec<Package>> {
    packed(release, vec![downloads(singles)], licences)
}

fn packed(release: &Release, mut debs: Vec<Deb>, licences: &str) -> anyhow::Result<Vec<Package>> {
    for deb in &mut debs {
        papers(release, deb, licences)?;
    }
    // compressing takes nearly all of the time
    std::thread::scope(|scope| {
        let packed: Vec<_> = debs
            .iter()
            .map(|deb| {
                scope.spawn(|| Ok(Package::new(deb.file_name(release), deb.bytes(release)?)))
            })
            .collect();
        let done = packed.into_iter();
        done.map(|thread| thread.join().expect("packing does not panic"))
            .collect()
    })
}

fn console(release: &Release, programs: &Programs) -> anyhow::Result<Deb> {
    with_window(
        release,
        programs,
        "pure-help-desk",
        Deb {
            name: "pure-help-desk",
            architecture: programs.system.architecture(),
            fields: section("net"),
            description: "console of Pure Help Desk, for those who help\n\
                Tickets, the list of who needs help, remote sessions, chat and reports.\n\
                \n\
                It signs in to a hub of your own organisation.",
            scripts: Vec::new(),
            settings: Vec::new(),
            tree: Tree::default(),
        },
    )
}

fn helpme(release: &Release, programs: &Programs) -> anyhow::Result<Deb> {
    let mut tree = Tree::default();
    let mut recommends = BETTER_WINDOWS.to_owned();
    if programs.has(SCREENCAST) {
        tree.program(&format!("usr/bin/{SCREENCAST}"), programs.get(SCREENCAST)?);
        // without them Helpme runs, and says what is missing
        let linked = linked_with(programs, &[SCREENCAST])?;
        recommends = format!("{recommends}, {linked}, xdg-desktop-portal");
    }
    let deb = with_window(
        release,
        programs,
        "helpme",
        Deb {
            name: "helpme",
            architecture: programs.system.architecture(),
            fields: section("net"),
            description: "lets somebody help you at this computer\n\
                Type the ticket that your help desk gave you, see who asks for what, and say yes\n\
                or no. It shows who is there, and ends it at once.\n\
                \n\
                Links of the form helpme:// open with it.",
            scripts: Vec::new(),
            settings: Vec::new(),
            tree,
        },
    );
    deb.map(|mut deb| {
        let field = deb
            .fields
            .iter_mut()
            .find(|(name, _)| *name == "Recommends");
        if let Some((_, value)) = field {
            *value = recommends;
        }
        deb
    })
}

fn administration(release: &Release, programs: &Programs) -> anyhow::Result<Deb> {
    with_window(
        release,
        programs,
        "hub-admin",
        Deb {
            name: "pure-help-desk-admin",
            architecture: programs.system.architecture(),
            fields: section("admin"),
            description: "administrator's window of Pure Help Desk\n\
                Who is connected, reports, films, people, the audit log and settings of a hub,\n\
                on its machine or far away.",
            scripts: Vec::new(),
            settings: Vec::new(),
            tree: Tree::default(),
        },
    )
}

fn hub(release: &Release, programs: &Programs) -> anyhow::Result<Deb> {
    let mut tree = Tree::default();
    for name in ["hub", "hub-film"] {
        tree.program(&format!("usr/bin/{name}"), programs.get(name)?);
    }
    manual(release, &mut tree, "hub", 8)?;
    let unit = unit(release, "hub.service")?;
    tree.file(&format!("{UNITS}/hub.service"), unit.into_bytes());
    let users = release.text("packaging/linux/hub.sysusers")?;
    let path = "usr/lib/sysusers.d/pure-help-desk-hub.conf";
    tree.file(path, users.into_bytes());
    let settings = hub_settings(release, &format!("/{DOWNLOADS}"))?;
    tree.file("etc/pure-help-desk/hub.toml", settings.into_bytes());
    let mut fields = section("net");
    let depends = linked_with(programs, &["hub", "hub-film"])?;
    fields.extend([
        (
            "Depends",
            format!("{depends}, systemd | systemd-standalone-sysusers | systemd-sysusers"),
        ),
        ("Recommends", "ca-certificates".to_owned()),
        (
            "Suggests",
            "pure-help-desk-admin, pure-help-desk-downloads".to_owned(),
        ),
        // Debian has another program of this name: GitHub's
        ("Conflicts", "hub".to_owned()),
    ]);
    Ok(Deb {
        name: "pure-help-desk-hub",
        architecture: programs.system.architecture(),
        fields,
        description: "server of Pure Help Desk\n\
            Both sides of an assistance only dial out to it: it authorises, relays and films\n\
            sessions, and keeps the reports. It has a web page where users get Helpme.\n\
            \n\
            It runs as a service of systemd, as a user of its own.",
        scripts: scripts(release, "hub", &["postinst", "prerm", "postrm"])?,
        settings: vec!["etc/pure-help-desk/hub.toml"],
        tree,
    })
}

fn purepc(release: &Release, programs: &Programs) -> anyhow::Result<Deb> {
    let mut tree = Tree::default();
    tree.program("usr/bin/purepc", programs.get("purepc")?);
    manual(release, &mut tree, "purepc", 8)?;
    let unit = unit(release, "purepc.service")?;
    tree.file(&format!("{UNITS}/purepc.service"), unit.into_bytes());
    let mut fields = section("admin");
    fields.extend([
        ("Depends", linked_with(programs, &["purepc"])?),
        ("Suggests", FOR_REALMS.to_owned()),
    ]);
    Ok(Deb {
        name: "purepc",
        architecture: programs.system.architecture(),
        fields,
        description: "keeps this computer connected to its hub of Pure Help Desk\n\
            Operators who know its access password can open it with nobody in front. It is\n\
            enrolled once, with a line from the hub's administrator.",
        scripts: scripts(release, "purepc", &["postinst", "prerm", "postrm"])?,
        settings: Vec::new(),
        tree,
    })
}

/// The Helpmes that a hub's page gives out, as they were built, and their signatures: a hub takes none without.
fn downloads(singles: &[Signed]) -> Deb {
    let mut tree = Tree::default();
    let helpmes = singles
        .iter()
        .filter(|single| single.package.name.starts_with("helpme-"));
    for Signed { package, signature } in helpmes {
        let path = format!("{DOWNLOADS}/{}", package.name);
        if let Some(signature) = signature {
            let beside = format!("{path}{}", maker::SIGNATURE_END);
            tree.file(&beside, signature.clone().into_bytes());
        }
        tree.file(&path, package.bytes.clone());
    }
    let mut fields = section("net");
    fields.push(("Enhances", "pure-help-desk-hub".to_owned()));
    Deb {
        name: "pure-help-desk-downloads",
        architecture: ANY,
        fields,
        description: "Helpmes for the web page of a hub\n\
            What users download there, for their systems. The hub puts a block with its address\n\
            behind the program.",
        scripts: Vec::new(),
        settings: Vec::new(),
        tree,
    }
}

fn section(section: &str) -> Vec<(&'static str, String)> {
    vec![
        ("Section", section.to_owned()),
        ("Priority", "optional".to_owned()),
        (
            "Homepage",
            "https://github.com/purehelpdesk/purehelpdesk".to_owned(),
        ),
    ]
}

/// A package with the program `name`, its page of the manual, its icon and its place in menus.
fn with_window(
    release: &Release,
    programs: &Programs,
    name: &str,
    mut deb: Deb,
) -> anyhow::Result<Deb> {
    let tree = &mut deb.tree;
    tree.program(&format!("usr/bin/{name}"), programs.get(name)?);
    manual(release, tree, name, 1)?;
    let entry = release.text(&format!("packaging/linux/{name}.desktop"))?;
    let path = format!("usr/share/applications/{name}.desktop");
    tree.file(&path, entry.into_bytes());
    let icons = "usr/share/icons/hicolor";
    let drawing = icon::drawing(release)?;
    for side in [16, 24, 32, 48, 64, 128, 256] {
        let path = format!("{icons}/{side}x{side}/apps/{name}.png");
        tree.file(&path, icon::png(&drawing, side)?);
    }
    let path = format!("{icons}/scalable/apps/{name}.svg");
    tree.file(&path, drawing.into_bytes());
    let depends = linked_with(programs, &[name])?;
    deb.fields.extend([
        ("Depends", format!("{depends}, {FOR_WINDOWS}")),
        ("Recommends", BETTER_WINDOWS.to_owned()),
        ("Suggests", FOR_REALMS.to_owned()),
    ]);
    Ok(deb)
}

fn manual(release: &Release, tree: &mut Tree, name: &str, section: u8) -> anyhow::Result<()> {
    let page = release.text(&format!("packaging/man/{name}.{section}"))?;
    let path = format!("usr/share/man/man{section}/{name}.{section}.gz");
    tree.file(&path, gzipped(page.as_bytes())?);
    Ok(())
}

/// A unit for a program where packages put it. Its first paragraph says how to do without a package.
fn unit(release: &Release, name: &str) -> anyhow::Result<String> {
    let text = release.text(&format!("packaging/linux/{name}"))?;
    let (_, rest) = text
        .split_once("\n#\n")
        .with_context(|| format!("{name} begins with no paragraph"))?;
    let packaged = rest.replace("/usr/local/bin/", "/usr/bin/");
    ensure!(packaged != rest, "{name} starts no program");
    Ok(packaged)
}

/// The settings of a hub whose page offers what the package with the Helpmes brings.
fn hub_settings(release: &Release, downloads: &str) -> anyhow::Result<String> {
    let text = release.text("packaging/hub.toml")?;
    let (before, after) = (
        format!("#downloads = \"{downloads}\""),
        format!("downloads = \"{downloads}\""),
    );
    ensure!(text.contains(&before), "hub.toml has no {before}");
    Ok(text.replace(&before, &after))
}

fn scripts(
    release: &Release,
    package: &str,
    names: &[&'static str],
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let read = names.iter().map(|&name| {
        let script = release.text(&format!("packaging/debian/{package}.{name}"))?;
        Ok((name, script))
    });
    read.collect()
}

/// Who may do what with it, and what is new.
fn papers(release: &Release, deb: &mut Deb, licences: &str) -> anyhow::Result<()> {
    let folder = format!("usr/share/doc/{}", deb.name);
    let mit = release.text("LICENSE-MIT")?;
    let mut lines = mit
        .lines()
        .skip_while(|line| !line.starts_with("Copyright"));
    let owner = lines.next().context("the MIT licence names nobody")?;
    let indented = lines.skip_while(|line| line.is_empty()).map(|line| {
        let line = if line.is_empty() { "." } else { line };
        format!(" {line}\n")
    });
    let copyright = format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: Pure Help Desk\n\
         Source: https://github.com/purehelpdesk/purehelpdesk\n\
         Comment: What others wrote and is linked into the programs is under the licences in\n \
         third-party-licences.txt.gz.\n\
         \n\
         Files: *\n\
         Copyright: {}\n\
         License: Expat or Apache-2.0\n\
         \n\
         License: Expat\n{}\
         \n\
         License: Apache-2.0\n \
         On Debian systems this licence is in /usr/share/common-licenses/Apache-2.0.\n",
        owner.trim_start_matches("Copyright (c) "),
        indented.collect::<String>(),
    );
    let changes = release.text("CHANGELOG.md")?;
    let tree = &mut deb.tree;
    tree.file(&format!("{folder}/copyright"), copyright.into_bytes());
    tree.file(
        &format!("{folder}/changelog.gz"),
        gzipped(changes.as_bytes())?,
    );
    let path = format!("{folder}/third-party-licences.txt.gz");
    tree.file(&path, gzipped(licences.as_bytes())?);
    Ok(())
}

pub(crate) fn gzipped(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    use std::io::Write as _;

    // it has no name and no time in it
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// The packages with what the programs are linked with, in the versions that they need, as Debian's own tool finds.
fn linked_with(programs: &Programs, names: &[&str]) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("debian"))?;
    fs::write(
        folder.path().join("debian/control"),
        "Source: pure-help-desk\n\nPackage: pure-help-desk\nArchitecture: any\n",
    )?;
    let mut command = Command::new("dpkg-shlibdeps");
    command.current_dir(folder.path()).arg("-O");
    command.env("DEB_HOST_ARCH", programs.system.architecture());
    if programs.system == System::LinuxOnArm {
        command.arg(format!("-l{LIBRARIES_OF_CROSS_COMPILERS}"));
    }
    for name in names {
        fs::write(folder.path().join(name), programs.get(name)?)?;
        command.arg(format!("-e{name}"));
    }
    let said = command
        .output()
        .context("dpkg-shlibdeps is missing; on Debian: apt-get install dpkg-dev")?;
    let words = String::from_utf8_lossy(&said.stdout);
    ensure!(
        said.status.success(),
        "dpkg-shlibdeps failed: {}",
        String::from_utf8_lossy(&said.stderr).trim()
    );
    let depends = words.trim().strip_prefix("shlibs:Depends=");
    let depends = depends.with_context(|| format!("dpkg-shlibdeps says {words}"))?;
    Ok(as_there(depends))
}

/// Where the libraries lie that the cross compilers for ARM come with. They are those of this Debian, and say of no more than its
/// version, so the packages ask for that.
const LIBRARIES_OF_CROSS_COMPILERS: &str = "/usr/aarch64-linux-gnu/lib";

/// What a computer with ARM calls packages that a cross compiler's libraries are from.
fn as_there(depends: &str) -> String {
    depends.replace("-arm64-cross", "").replace(":arm64", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_cross_compilers_have_other_names_on_arm() {
        let said = "libc6:arm64 (>= 2.36), libgcc-s1-arm64-cross (>= 4.2), libstdc++6:arm64";
        assert_eq!(
            as_there(said),
            "libc6 (>= 2.36), libgcc-s1 (>= 4.2), libstdc++6"
        );
        let on_arm = "libc6 (>= 2.34), libgcc-s1 (>= 4.2)";
        assert_eq!(as_there(on_arm), on_arm);
    }
}
