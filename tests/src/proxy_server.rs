//! Real proxies: squid, and dante for SOCKS5.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::network::{End, Namespaces};
use crate::realm::Realm;
use crate::running::{Running, wait_until};
use crate::samba::Samba;

/// Who may go through a proxy that asks.
pub const PROXY_USER: &str = "anna";
pub const PROXY_PASSWORD: &str = "open sesame";
const REALM: &str = "the firm";

/// How a proxy signs people in, or what else it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    None,
    Basic,
    Digest,
    /// Samba checks the password, and takes version 2 alone.
    Ntlm,
    /// Basic and Digest; whoever comes by Basic is not let through.
    BasicAndDigest,
    /// Only accounts of its network (Kerberos).
    Negotiate,
    /// Those, or else a password by Basic.
    NegotiateOrBasic,
    /// It permits nothing.
    NotAllowed,
    /// It opens TLS with a certificate of its own.
    OpensTls,
    /// SOCKS5 without and with a password.
    Socks,
    SocksPassword,
}

/// A proxy that runs in the hub's network.
#[derive(Debug)]
pub struct ProxyServer {
    _running: Running,
    realm: Option<Realm>,
    folder: PathBuf,
    is_socks: bool,
    port: u16,
}

impl ProxyServer {
    /// Starts one, with its files in a fresh folder below `folder`; it knows `hub.test` as `hub`.
    ///
    /// # Errors
    ///
    /// If it is not installed, or does not come up.
    pub fn start(
        folder: &Path,
        namespaces: &Namespaces,
        sign_in: SignIn,
        hub: SocketAddr,
    ) -> anyhow::Result<Self> {
        let folder = folder.join(format!("proxy-{sign_in:?}"));
        fs::create_dir_all(&folder)?;
        // it gives up its rights, and still writes there
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
        fs::write(folder.join("hosts"), format!("{} hub.test\n", hub.ip()))?;
        let is_socks = matches!(sign_in, SignIn::Socks | SignIn::SocksPassword);
        let port = if is_socks { 1080 } else { 3128 };
        let is_for_accounts = matches!(sign_in, SignIn::Negotiate | SignIn::NegotiateOrBasic);
        let realm = is_for_accounts
            .then(|| Realm::start(&folder, namespaces, PROXY_USER, PROXY_PASSWORD))
            .transpose()?;
        let command = if is_socks {
            dante(&folder, sign_in, hub)?
        } else {
            squid(&folder, sign_in, realm.as_ref())?
        };
        let mut inside = Command::new("nsenter");
        inside
            .arg(format!("--net=/proc/{}/ns/net", namespaces.of_hub()))
            .arg("--")
            .args(&command)
            .current_dir(&folder);
        let mut running = Running::start("proxy", &mut inside, &folder.join("output"))?;
        let at = SocketAddr::new(Namespaces::far_address(End::User), port);
        wait_until("the proxy", Duration::from_secs(20), || {
            running.check_alive()?;
            namespaces.within(End::User, || TcpStream::connect(at).ok().map(drop))
        })?;
        Ok(Self {
            _running: running,
            realm,
            folder,
            is_socks,
            port,
        })
    }

    /// As the environment at `end` names it; with somebody who signs in, or nobody.
    pub fn url(&self, end: End, login: Option<(&str, &str)>) -> String {
        let scheme = if self.is_socks { "socks5" } else { "http" };
        let login = login.map(|(user, password)| {
            let password = password.replace(' ', "%20");
            format!("{user}:{password}@")
        });
        let at = SocketAddr::new(Namespaces::far_address(end), self.port);
        format!("{scheme}://{}{at}", login.unwrap_or_default())
    }

    /// The network that it takes accounts of.
    ///
    /// # Errors
    ///
    /// If it takes none.
    pub fn realm(&self) -> anyhow::Result<&Realm> {
        self.realm.as_ref().context("it takes no accounts")
    }

    /// What went through it.
    ///
    /// # Errors
    ///
    /// If it wrote nothing.
    pub fn log(&self) -> anyhow::Result<String> {
        let name = if self.is_socks { "log" } else { "access.log" };
        fs::read_to_string(self.folder.join(name)).context("no log")
    }
}

fn squid(folder: &Path, sign_in: SignIn, realm: Option<&Realm>) -> anyhow::Result<Vec<String>> {
    let f = folder.display();
    let basic = format!("auth_param basic program /usr/lib/squid/basic_ncsa_auth {f}/passwords\n");
    let digest = format!(
        "auth_param digest program /usr/lib/squid/digest_file_auth -c {f}/digests\nauth_param digest realm {REALM}\n"
    );
    let known = "acl known proxy_auth REQUIRED\nhttp_access allow known\n";
    let mut before_squid = String::new();
    let (port, rules) = match sign_in {
        SignIn::Basic => ("", format!("{basic}{known}")),
        SignIn::Digest => ("", format!("{digest}{known}")),
        SignIn::BasicAndDigest => {
            let by_basic =
                "acl by_basic req_header Proxy-Authorization ^Basic\nhttp_access deny by_basic\n";
            ("", format!("{basic}{digest}{by_basic}{known}"))
        }
        SignIn::Ntlm => {
            let Samba { helper, before } = Samba::prepare(folder, PROXY_USER, PROXY_PASSWORD)?;
            before_squid = before;
            ("", format!("auth_param ntlm program {helper}\n{known}"))
        }
        SignIn::Negotiate | SignIn::NegotiateOrBasic => {
            let (settings, keys) = realm
                .context("a network that people sign in to")?
                .of_proxy();
            let negotiate = format!(
                "auth_param negotiate program /usr/bin/env KRB5_CONFIG={} \
                 /usr/lib/squid/negotiate_kerberos_auth -k {} -s GSS_C_NO_NAME -t none\n",
                settings.display(),
                keys.display()
            );
            let or_basic = if sign_in == SignIn::NegotiateOrBasic {
                &*basic
            } else {
                ""
            };
            ("", format!("{negotiate}{or_basic}{known}"))
        }
        SignIn::NotAllowed => ("", "http_access deny all\n".to_owned()),
        SignIn::OpensTls => {
            run(
                "openssl",
                &[
                    "req",
                    "-x509",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-days",
                    "2",
                    "-subj",
                    "/CN=the firm",
                    "-keyout",
                    "ca.key",
                    "-out",
                    "ca.pem",
                ],
                folder,
            )?;
            fs::set_permissions(folder.join("ca.key"), fs::Permissions::from_mode(0o644))?;
            let certgen = "/usr/lib/squid/security_file_certgen";
            run(certgen, &["-c", "-s", "certificates", "-M", "4MB"], folder)?;
            run("chmod", &["-R", "a+rwX", "certificates"], folder)?;
            let rules = format!(
                "sslcrtd_program {certgen} -s {f}/certificates -M 4MB\n\
                 ssl_bump bump all\nsslproxy_cert_error allow all\n\
                 tls_outgoing_options flags=DONT_VERIFY_PEER\n\
                 http_upgrade_request_protocols websocket allow all\nhttp_access allow all\n"
            );
            (
                " ssl-bump tls-cert=ca.pem tls-key=ca.key generate-host-certificates=on",
                rules,
            )
        }
        SignIn::None | SignIn::Socks | SignIn::SocksPassword => {
            ("", "http_access allow all\n".to_owned())
        }
    };
    let apr1 = run("openssl", &["passwd", "-apr1", PROXY_PASSWORD], folder)?;
    fs::write(folder.join("passwords"), format!("{PROXY_USER}:{apr1}"))?;
    let ha1 = format!("{PROXY_USER}:{REALM}:{PROXY_PASSWORD}");
    fs::write(folder.join("plain"), &ha1)?;
    let ha1 = run("md5sum", &["plain"], folder)?;
    let ha1 = ha1.split(' ').next().context("a digest")?;
    fs::write(
        folder.join("digests"),
        format!("{PROXY_USER}:{REALM}:{ha1}\n"),
    )?;
    let port = port.replace("ca.", &format!("{f}/ca."));
    let config = format!(
        "http_port 3128{port}\npid_filename none\ncoredump_dir {f}\nhosts_file {f}/hosts\n\
         cache_log {f}/cache.log\naccess_log stdio:{f}/access.log\ncache deny all\n\
         shutdown_lifetime 1 seconds\nvisible_hostname proxy.test\n{rules}http_access deny all\n"
    );
    fs::write(folder.join("conf"), config)?;
    if before_squid.is_empty() {
        return Ok(["squid", "-N", "-f", &format!("{f}/conf")]
            .map(str::to_owned)
            .to_vec());
    }
    // What runs beside it ends with the shell, the first process in there. The proxy would not be ended: giving
    // up its rights, it is no longer one that its parent's end takes with it.
    let script = format!("{before_squid}squid -N -f {f}/conf; exit");
    let unshare = [
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ];
    let command = unshare.into_iter().chain(["sh", "-ec", &script]);
    Ok(command.map(str::to_owned).collect())
}

/// dante asks the system for names and people, so it sees files of its own in their place.
fn dante(folder: &Path, sign_in: SignIn, hub: SocketAddr) -> anyhow::Result<Vec<String>> {
    let f = folder.display();
    let method = if sign_in == SignIn::SocksPassword {
        "username"
    } else {
        "none"
    };
    let hash = run("openssl", &["passwd", "-6", PROXY_PASSWORD], folder)?;
    let passwd = fs::read_to_string("/etc/passwd")?;
    let line = format!("{PROXY_USER}:x:4711:65534::/:/usr/sbin/nologin\n");
    fs::write(folder.join("passwd"), passwd + &line)?;
    let line = format!("{PROXY_USER}:{}:19000:0:99999:7:::\n", hash.trim());
    fs::write(folder.join("shadow"), line)?;
    let config = format!(
        "logoutput: {f}/log\ninternal: 0.0.0.0 port = 1080\nexternal: {}\n\
         clientmethod: none\nsocksmethod: {method}\nuser.privileged: root\n\
         user.unprivileged: nobody\n\
         client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}\n\
         socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 log: connect error }}\n",
        hub.ip()
    );
    fs::write(folder.join("conf"), config)?;
    let script = "for name in hosts passwd shadow; do mount --bind $name /etc/$name; done; \
        exec danted -f conf";
    Ok(["unshare", "--mount", "sh", "-ec", script]
        .map(str::to_owned)
        .to_vec())
}

/// What a command prints.
fn run(program: &str, words: &[&str], folder: &Path) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(words)
        .current_dir(folder)
        .output();
    let output = output.with_context(|| format!("cannot start {program}"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program}: {error}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
