//! Applications for macOS, from programs that were built on a Mac.

use crate::portable::zipped;
use crate::release::{Programs, Release};
use crate::tree::Tree;
use crate::{Package, icon};

/// A program, and what its application is called.
const APPLICATIONS: [(&str, &str); 3] = [
    ("helpme", "Helpme"),
    ("pure-help-desk", "Pure Help Desk"),
    ("hub-admin", "Hub Administration"),
];

/// One ZIP with an application for each program that is there.
///
/// # Errors
///
/// If the icon cannot be drawn.
pub(crate) fn applications(
    release: &Release,
    programs: &Programs,
    licences: &str,
) -> anyhow::Result<Vec<Package>> {
    let mut tree = Tree::default();
    let icon = icon::icns(&icon::drawing(release)?)?;
    for (program, title) in APPLICATIONS {
        if !programs.has(program) {
            continue;
        }
        let inside = format!("{title}.app/Contents");
        tree.program(&format!("{inside}/MacOS/{program}"), programs.get(program)?);
        let about = about(release, program, title).into_bytes();
        tree.file(&format!("{inside}/Info.plist"), about);
        tree.file(&format!("{inside}/PkgInfo"), *b"APPL????");
        tree.file(&format!("{inside}/Resources/icon.icns"), icon.clone());
        let path = format!("{inside}/Resources/third-party-licences.txt");
        tree.file(&path, licences.as_bytes());
    }
    let name = format!("pure-help-desk-{}-macos.zip", release.version);
    Ok(vec![Package::new(name, zipped(&tree, release)?)])
}

/// What the system reads about an application. Helpme opens links; what it has to ask its user for is said in words.
fn about(release: &Release, program: &str, title: &str) -> String {
    let opens = if program == "helpme" {
        "
	<key>CFBundleURLTypes</key>
	<array>
		<dict>
			<key>CFBundleURLName</key>
			<string>org.purehelpdesk.helpme</string>
			<key>CFBundleURLSchemes</key>
			<array>
				<string>helpme</string>
			</array>
		</dict>
	</array>
	<key>NSScreenCaptureUsageDescription</key>
	<string>Your helper sees this screen once you agree.</string>"
    } else {
        ""
    };
    let version = &release.version;
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>CFBundleDevelopmentRegion</key>
	<string>en</string>
	<key>CFBundleExecutable</key>
	<string>{program}</string>
	<key>CFBundleIconFile</key>
	<string>icon</string>
	<key>CFBundleIdentifier</key>
	<string>org.purehelpdesk.{program}</string>
	<key>CFBundleInfoDictionaryVersion</key>
	<string>6.0</string>
	<key>CFBundleLocalizations</key>
	<array>
		<string>en</string>
		<string>it</string>
	</array>
	<key>CFBundleName</key>
	<string>{title}</string>
	<key>CFBundlePackageType</key>
	<string>APPL</string>
	<key>CFBundleShortVersionString</key>
	<string>{version}</string>
	<key>CFBundleVersion</key>
	<string>{version}</string>
	<key>LSMinimumSystemVersion</key>
	<string>13.0</string>
	<key>NSHighResolutionCapable</key>
	<true/>{opens}
</dict>
</plist>
"#
    )
}
