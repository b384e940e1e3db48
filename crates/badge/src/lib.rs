//! For build scripts: what Windows shows of a program, its icon, its version and its manifest.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// No rights but those of who starts it, sharp on each monitor, paths of any length, and controls of today.
const MANIFEST: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3">
    <security>
      <requestedPrivileges>
        <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
      </requestedPrivileges>
    </security>
  </trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application>
      <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
    </application>
  </compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3">
    <windowsSettings>
      <dpiAware xmlns="http://schemas.microsoft.com/SMI/2005/WindowsSettings">true/pm</dpiAware>
      <dpiAwareness xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">PerMonitorV2</dpiAwareness>
      <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
    </windowsSettings>
  </application>
  <dependency>
    <dependentAssembly>
      <assemblyIdentity type="win32" name="Microsoft.Windows.Common-Controls" version="6.0.0.0" processorArchitecture="*" publicKeyToken="6595b64144ccf1df" language="*"/>
    </dependentAssembly>
  </dependency>
</assembly>
"#;

/// A program, as its properties in Windows say.
#[derive(Debug, Clone, Copy)]
pub struct Badge<'a> {
    /// The name of its file, without an ending.
    pub file: &'a str,
    /// As people call it.
    pub name: &'a str,
    /// What it is, in a few words; the list of running programs shows them.
    pub about: &'a str,
}

/// Has the program carry it, where it is built for Windows. Without a resource compiler (`windres`) it is built
/// without, and the build says so.
pub fn put(badge: Badge<'_>) {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("windows") {
        return;
    }
    if let Err(error) = compile(badge) {
        warn(&format!(
            "{} has no icon and no version: {error}",
            badge.file
        ));
    }
}

fn compile(badge: Badge<'_>) -> io::Result<()> {
    let folder = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let icon: PathBuf = Path::new(&folder).join("program.ico");
    fs::write(&icon, icon::ico())?;
    let mut resource = winresource::WindowsResource::new();
    resource
        .set_icon(&icon.to_string_lossy())
        .set_manifest(MANIFEST)
        .set("ProductName", "Pure Help Desk")
        .set("FileDescription", badge.about)
        .set("InternalName", badge.name)
        .set("OriginalFilename", &format!("{}.exe", badge.file))
        .set("LegalCopyright", "MIT or Apache-2.0");
    resource.compile_for(badge.file)
}

#[expect(
    clippy::print_stdout,
    reason = "cargo reads what build scripts say there"
)]
fn warn(words: &str) {
    println!("cargo::warning={words}");
}
