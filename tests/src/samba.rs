//! Passwords as a Windows server keeps and checks them, by Samba's `winbindd` without a domain.

use std::fs;
use std::path::Path;

/// The computer's own name, which stands for the domain of its accounts.
const NAME: &str = "FIRM";

/// What runs beside a proxy so that its sign-ins by NTLM are checked.
pub(crate) struct Samba {
    /// The proxy's helper.
    pub(crate) helper: String,
    /// Run by a shell, in mounts and processes of its own, before the proxy in the same folder.
    pub(crate) before: String,
}

impl Samba {
    /// Has `user` with `password`, with files below `folder`.
    ///
    /// # Errors
    ///
    /// If files cannot be written. What is not installed (Debian: `samba-common-bin`, `winbind`) is told by the
    /// shell.
    pub(crate) fn prepare(folder: &Path, user: &str, password: &str) -> anyhow::Result<Self> {
        let folder = folder.join("samba");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder)?;
        for part in ["run", "private", "lock", "state", "cache"] {
            fs::create_dir(folder.join(part))?;
        }
        let f = folder.display();
        let settings = format!(
            "[global]\nworkgroup = {NAME}\nnetbios name = {NAME}\nserver role = standalone server\n\
             passdb backend = tdbsam:{f}/private/accounts\nprivate dir = {f}/private\n\
             lock directory = {f}/lock\nstate directory = {f}/state\ncache directory = {f}/cache\n\
             pid directory = {f}/run\nlog file = {f}/log\nntlm auth = ntlmv2-only\n\
             disable netbios = yes\n"
        );
        fs::write(folder.join("conf"), settings)?;
        fs::write(folder.join("password"), format!("{password}\n{password}\n"))?;
        // each account has one of the system
        let passwd = fs::read_to_string("/etc/passwd")?;
        let line = format!("{user}:x:4711:65534::/:/usr/sbin/nologin\n");
        fs::write(folder.join("passwd"), passwd + &line)?;
        // squid has given up its rights, and the helper asks in its name
        let before = format!(
            "mkdir -p /run/samba; mount --bind {f}/run /run/samba; \
             mount --bind {f}/passwd /etc/passwd; \
             smbpasswd -c {f}/conf -s -a {user} <{f}/password; \
             winbindd -D -s {f}/conf; \
             until [ -S {f}/state/winbindd_privileged/pipe ]; do sleep 0.1; done; \
             chgrp proxy {f}/state/winbindd_privileged; "
        );
        let helper =
            format!("/usr/bin/ntlm_auth --helper-protocol=squid-2.5-ntlmssp --configfile={f}/conf");
        Ok(Self { helper, before })
    }
}
