//! A network that people sign in to: a Kerberos realm of its own, with MIT's servers.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::network::{End, Namespaces};
use crate::running::{Running, wait_until};

const NAME: &str = "FIRM.TEST";

/// A realm in the hub's network, with one person in it. Its server ends with it.
#[derive(Debug)]
pub struct Realm {
    server: Running,
    folder: PathBuf,
    user: String,
    password: String,
}

/// What a computer knows of a realm: where its server is, and the tickets of whoever is signed in.
#[derive(Debug, Clone)]
pub struct Tickets {
    settings: PathBuf,
    cache: PathBuf,
}

impl Tickets {
    /// Has `command` find them.
    pub(crate) fn for_command(&self, command: &mut Command) {
        command
            .env("KRB5_CONFIG", &self.settings)
            .env("KRB5CCNAME", format!("FILE:{}", self.cache.display()));
    }
}

impl Realm {
    /// Starts one with its files in a fresh folder below `folder`, in which `user` has `password`, and where an
    /// HTTP proxy runs at the hub's end of each line.
    ///
    /// # Errors
    ///
    /// If it is not installed (Debian: `krb5-kdc`, `krb5-admin-server`, `krb5-user`), or does not come up.
    pub(crate) fn start(
        folder: &Path,
        namespaces: &Namespaces,
        user: &str,
        password: &str,
    ) -> anyhow::Result<Self> {
        let folder = folder.join("realm");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir(&folder)?;
        let f = folder.display();
        let server = format!(
            "[kdcdefaults]\n kdc_listen = 88\n kdc_tcp_listen = 88\n\
             [realms]\n {NAME} = {{\n  database_name = {f}/people\n  key_stash_file = {f}/stash\n }}\n"
        );
        fs::write(folder.join("kdc.conf"), server)?;
        for end in [End::User, End::Operator] {
            let at = Namespaces::far_address(end);
            fs::write(settings(&folder, end), settings_text(at))?;
        }
        let own = settings(&folder, End::User);
        let for_server = |command: &mut Command| {
            command
                .env("KRB5_CONFIG", &own)
                .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"))
                .current_dir(&folder);
        };
        let run = |program: &str, words: &[&str]| {
            let mut command = Command::new(program);
            for_server(command.args(words));
            done(&mut command)
        };
        run("kdb5_util", &["-r", NAME, "-P", "master", "create", "-s"])?;
        let add = format!("addprinc -pw \"{password}\" {user}");
        run("kadmin.local", &["-r", NAME, "-q", &add])?;
        for end in [End::User, End::Operator] {
            let proxy = format!("HTTP/{}", Namespaces::far_address(end));
            let add = format!("addprinc -randkey {proxy}");
            run("kadmin.local", &["-r", NAME, "-q", &add])?;
            let key = format!("ktadd -k {f}/keys {proxy}");
            run("kadmin.local", &["-r", NAME, "-q", &key])?;
        }
        // for a proxy that has given up its rights
        fs::set_permissions(folder.join("keys"), fs::Permissions::from_mode(0o644))?;
        let mut inside = in_network_of(namespaces.of_hub(), "krb5kdc");
        for_server(inside.args(["-n", "-r", NAME]));
        let server = Running::start("krb5kdc", &mut inside, &folder.join("output"))?;
        let mut realm = Self {
            server,
            folder,
            user: user.to_owned(),
            password: password.to_owned(),
        };
        wait_until("the realm", Duration::from_secs(20), || {
            realm.server.check_alive()?;
            Ok(realm.sign_in(namespaces, End::User).ok())
        })?;
        Ok(realm)
    }

    /// Signs its person in at `end`, anew.
    ///
    /// # Errors
    ///
    /// If the realm does not let them.
    pub fn sign_in(&self, namespaces: &Namespaces, end: End) -> anyhow::Result<Tickets> {
        let tickets = Tickets {
            settings: settings(&self.folder, end),
            cache: self.folder.join(format!("tickets-{end:?}")),
        };
        let password = self.folder.join("password");
        fs::write(&password, format!("{}\n", self.password))?;
        let mut kinit = in_network_of(namespaces.of_end(end), "kinit");
        tickets.for_command(kinit.arg(&self.user));
        kinit.stdin(fs::File::open(&password)?);
        done(&mut kinit)?;
        Ok(tickets)
    }

    /// A computer at `end` that knows the realm, and where nobody is signed in.
    pub fn nobody(&self, end: End) -> Tickets {
        Tickets {
            settings: settings(&self.folder, end),
            cache: self.folder.join("no-tickets"),
        }
    }

    /// Its server answers nobody from now on.
    ///
    /// # Errors
    ///
    /// If it does not run.
    pub fn fall_silent(&self) -> anyhow::Result<()> {
        self.server.freeze()
    }

    /// The settings and keys of a proxy in it.
    pub(crate) fn of_proxy(&self) -> (PathBuf, PathBuf) {
        (settings(&self.folder, End::User), self.folder.join("keys"))
    }
}

fn settings(folder: &Path, end: End) -> PathBuf {
    folder.join(format!("krb5-{end:?}.conf"))
}

/// Proxies are named by their numbers there, so no name is looked up.
fn settings_text(server: IpAddr) -> String {
    format!(
        "[libdefaults]\n default_realm = {NAME}\n dns_lookup_realm = false\n dns_lookup_kdc = false\n \
         dns_canonicalize_hostname = false\n rdns = false\n\
         [realms]\n {NAME} = {{\n  kdc = {server}\n }}\n"
    )
}

fn in_network_of(process: u32, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net=/proc/{process}/ns/net"))
        .arg("--")
        .arg(program);
    command
}

fn done(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().display().to_string();
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = output
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program}: {error}");
    Ok(())
}
