//! The proxy on the way to the hub: the system's, or one that is named. Its password is in a file or is a
//! credential of the service manager, never on the command line, which all users of a computer can read.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use protocol::proxy::MAX_PROXY_LOGIN_BYTES;
use protocol::{Proxy, ProxyLogin};
use transport::{ProxyChoice, Routes};

/// The last bits of a file's mode: what its group and all others may.
#[cfg(unix)]
const OTHERS_BITS: u32 = 6;
/// The name of the credential that systemd's `LoadCredential=` gives.
const CREDENTIAL: &str = "purepc.proxy-password";

#[derive(Debug, Clone, Args)]
pub(crate) struct ProxyArgs {
    /// What leads to the hub where nothing else does: `system` (the environment or the system's settings),
    /// `none`, or a proxy, like `http://proxy.example.org:3128` or `socks5://proxy.example.org:1080`.
    #[arg(
        long,
        value_name = "PROXY",
        env = "PUREPC_PROXY",
        default_value = "system"
    )]
    proxy: String,
    /// Who signs in there.
    #[arg(long, value_name = "NAME", env = "PUREPC_PROXY_USER")]
    proxy_user: Option<String>,
    /// The file with the password, which nobody but its owner may read. Without it the service manager's
    /// credential `purepc.proxy-password` is the password.
    #[arg(
        long,
        value_name = "FILE",
        env = "PUREPC_PROXY_PASSWORD_FILE",
        requires = "proxy_user"
    )]
    proxy_password_file: Option<PathBuf>,
}

impl ProxyArgs {
    /// The ways to the hub, with the password that is in its file now.
    ///
    /// # Errors
    ///
    /// What is wrong with the options or the file, in words.
    pub(crate) fn routes(&self) -> anyhow::Result<Routes> {
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let routes = Routes::default();
        routes.use_proxies(self.choice(credentials.as_deref())?);
        Ok(routes)
    }

    /// The same options, for a process that this one starts.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = vec!["--proxy".to_owned(), self.proxy.clone()];
        if let Some(user) = &self.proxy_user {
            words.extend(["--proxy-user".to_owned(), user.clone()]);
        }
        if let Some(file) = &self.proxy_password_file {
            let file = file.to_string_lossy().into_owned();
            words.extend(["--proxy-password-file".to_owned(), file]);
        }
        words
    }

    fn choice(&self, credentials: Option<&Path>) -> anyhow::Result<ProxyChoice> {
        let login = self.login(credentials)?;
        match self.proxy.as_str() {
            "none" => Ok(ProxyChoice::None),
            "system" => Ok(ProxyChoice::System {
                ask: Arc::new(desktop::system_proxies),
                login,
            }),
            named => {
                let proxy: Proxy = named.parse().context("--proxy")?;
                ensure!(
                    proxy.login.is_none(),
                    "--proxy: whoever looks at this computer's processes would read the password; \
                     use --proxy-user and --proxy-password-file"
                );
                Ok(ProxyChoice::Custom(Proxy { login, ..proxy }))
            }
        }
    }

    fn login(&self, credentials: Option<&Path>) -> anyhow::Result<Option<ProxyLogin>> {
        let Some(user) = &self.proxy_user else {
            return Ok(None);
        };
        let credential = credentials.map(|folder| folder.join(CREDENTIAL));
        let password = match (&self.proxy_password_file, credential) {
            (Some(file), _) => private_line(file)?,
            // the service manager sees to it that nobody else reads it
            (None, Some(credential)) if credential.exists() => read(&credential)?,
            (None, _) => bail!(
                "--proxy-user: where is the password? say --proxy-password-file, or give the service the \
                 credential {CREDENTIAL}"
            ),
        };
        Ok(Some(ProxyLogin::new(user, &password)?))
    }
}

/// The first line of a file that nobody but its owner may read.
///
/// # Errors
///
/// Where others may, or there is no such line.
pub(crate) fn private_line(path: &Path) -> anyhow::Result<String> {
    check_private(path)?;
    read(path)
}

/// The first line of a file.
fn read(path: &Path) -> anyhow::Result<String> {
    let cannot = || format!("cannot read {}", path.display());
    let mut text = String::new();
    let file = File::open(path).with_context(cannot)?;
    let most = u64::try_from(MAX_PROXY_LOGIN_BYTES).unwrap_or(u64::MAX) + 2;
    file.take(most)
        .read_to_string(&mut text)
        .with_context(cannot)?;
    let password = text.lines().next().unwrap_or_default();
    ensure!(!password.is_empty(), "{} is empty", path.display());
    Ok(password.to_owned())
}

#[cfg(unix)]
fn check_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let cannot = || format!("cannot read {}", path.display());
    let mode = std::fs::metadata(path)
        .with_context(cannot)?
        .permissions()
        .mode();
    ensure!(
        mode.trailing_zeros() >= OTHERS_BITS,
        "others can read {0}; say `chmod 600 {0}`",
        path.display()
    );
    Ok(())
}

#[cfg(not(unix))]
fn check_private(_path: &Path) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Cli {
        #[command(flatten)]
        proxy: ProxyArgs,
    }

    fn choice(words: &[&str], credentials: Option<&Path>) -> Result<ProxyChoice, String> {
        let words = ["purepc"].iter().chain(words);
        let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
        let choice = cli.proxy.choice(credentials);
        choice.map_err(|error| format!("{error:#}"))
    }

    fn password_of(choice: ProxyChoice) -> Option<String> {
        let login = match choice {
            ProxyChoice::None => None,
            ProxyChoice::System { login, .. } => login,
            ProxyChoice::Custom(proxy) => proxy.login,
        };
        login.map(|login| login.password().to_owned())
    }

    #[cfg(unix)]
    #[test]
    fn r3_the_password_comes_from_a_private_file_or_the_service_manager() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        std::fs::write(&file, "open sesame\n").expect("written");
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode));
        let text = file.to_str().expect("text");
        let named = ["--proxy", "http://proxy:3128", "--proxy-user", "anna"];
        let with_file = [named.as_slice(), &["--proxy-password-file", text]].concat();

        mode(0o644).expect("set");
        let refused = choice(&with_file, None).expect_err("others read it");
        assert!(refused.contains("chmod 600"), "{refused}");
        mode(0o600).expect("set");
        let taken = choice(&with_file, None).expect("a choice");
        assert_eq!(password_of(taken).as_deref(), Some("open sesame"));

        let refused = choice(&named, None).expect_err("no password");
        assert!(refused.contains(CREDENTIAL), "{refused}");
        std::fs::write(folder.path().join(CREDENTIAL), "given").expect("written");
        let taken = choice(&named, Some(folder.path())).expect("a choice");
        assert_eq!(password_of(taken).as_deref(), Some("given"));
        let system = choice(&["--proxy-user", "anna"], Some(folder.path()));
        assert_eq!(
            password_of(system.expect("a choice")).as_deref(),
            Some("given")
        );
    }

    #[test]
    fn r3_a_password_on_the_command_line_is_refused_and_not_repeated() {
        let refused = choice(&["--proxy", "http://anna:sesame@proxy:3128"], None);
        let refused = refused.expect_err("everybody reads it");
        assert!(refused.contains("--proxy-password-file"), "{refused}");
        assert!(!refused.contains("sesame"), "{refused}");
        assert!(choice(&["--proxy", "ftp://proxy"], None).is_err());
        assert!(matches!(
            choice(&["--proxy", "none"], None),
            Ok(ProxyChoice::None)
        ));
        assert!(matches!(
            choice(&[], None),
            Ok(ProxyChoice::System { login: None, .. })
        ));
    }
}
