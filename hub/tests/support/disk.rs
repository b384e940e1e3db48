//! A small disk of its own, to be full or closed.

use std::path::Path;
use std::process::{Command, Stdio};

/// A disk of 40 MB, gone when dropped.
pub(crate) struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where nothing may be mounted.
    pub(crate) fn mount() -> Option<Self> {
        let folder = super::folder();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=40m,mode=700", "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then(|| Self(folder))
    }

    /// Runs `test` again where its user may mount: as the root of a namespace of its own.
    pub(crate) fn in_own_namespace(test: &str) {
        const INSIDE: &str = "PHD_TEST_IN_NAMESPACE";
        assert!(
            std::env::var_os(INSIDE).is_none(),
            "cannot run: a small disk is mounted by root, or in a user namespace, and neither is to be had here"
        );
        let again = Command::new("unshare")
            .args(["--map-root-user", "--mount"])
            .arg(std::env::current_exe().expect("this program"))
            .args([test, "--exact", "--nocapture"])
            .env(INSIDE, "1")
            .status();
        assert!(again.expect("unshare runs").success(), "see above");
    }

    /// Nothing can be written there any more, not even by root.
    pub(crate) fn close(&self) {
        let closed = Command::new("mount")
            .args(["-o", "remount,ro"])
            .arg(self.path())
            .status();
        assert!(closed.expect("mount runs").success());
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // it is busy for as long as a hub that a failed test left runs
        let unmounted = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
        assert!(unmounted.expect("umount runs").success());
    }
}
