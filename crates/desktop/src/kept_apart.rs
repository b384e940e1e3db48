//! A remembered secret of a program that leaves its keeping to another.
//!
//! What speaks to the password store of a Linux desktop makes a program a third of a megabyte larger, which is much for
//! the Helpme that people download. So it starts `helpme-screencast`, without which it has nothing to keep, with
//! [`KEEP`] and an [order](Order). The secret goes over standard input and output, never among the arguments.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::{Folders, FoldersError, Keeper, SecretError, Secrets};

/// The first argument of a program that is to keep a secret; the second is the order.
pub const KEEP: &str = "--keep";

/// What is said before a secret, or alone.
const IN_STORE: &str = "store\n";
const IN_FILE: &str = "file\n";

/// What is to be done with the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Recall,
    Remember,
    Forget,
}

impl Order {
    const ALL: [Self; 3] = [Self::Recall, Self::Remember, Self::Forget];

    fn name(self) -> &'static str {
        match self {
            Self::Recall => "recall",
            Self::Remember => "remember",
            Self::Forget => "forget",
        }
    }
}

/// What was remembered, and who keeps it. May wait until the desktop's user has unlocked the store.
///
/// # Errors
///
/// If the program cannot be started, or what it says of the store or its file.
pub fn recall(program: &Path) -> io::Result<Option<(Keeper, Zeroizing<String>)>> {
    let said = ask(program, Order::Recall, "")?;
    if said.is_empty() {
        return Ok(None);
    }
    let (keeper, secret) = keeper_in(&said)?;
    Ok(Some((keeper, Zeroizing::new(secret.to_owned()))))
}

/// Remembers `secret` in the place of any other, and tells who keeps it. May wait as [`recall`].
///
/// # Errors
///
/// As [`recall`]; what was remembered before may still be.
pub fn remember(program: &Path, secret: &str) -> io::Result<Keeper> {
    let said = ask(program, Order::Remember, secret)?;
    keeper_in(&said).map(|(keeper, _)| keeper)
}

/// Forgets it. May wait as [`recall`].
///
/// # Errors
///
/// As [`recall`]; it may still be remembered then.
pub fn forget(program: &Path) -> io::Result<()> {
    ask(program, Order::Forget, "").map(drop)
}

fn ask(program: &Path, order: Order, secret: &str) -> io::Result<Zeroizing<String>> {
    let mut command = Command::new(program);
    command.args([KEEP, order.name()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut program = command.stderr(Stdio::piped()).spawn()?;
    let given = program.stdin.take().map_or(Ok(()), |mut stdin| {
        // it reads all of it before it says anything
        stdin.write_all(secret.as_bytes())
    });
    let output = program.wait_with_output()?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(reason.trim().to_owned()));
    }
    given?;
    String::from_utf8(output.stdout)
        .map(Zeroizing::new)
        .map_err(|_no_text| io::ErrorKind::InvalidData.into())
}

fn keeper_in(said: &str) -> io::Result<(Keeper, &str)> {
    let in_store = said
        .strip_prefix(IN_STORE)
        .map(|rest| (Keeper::Store, rest));
    let in_file = || said.strip_prefix(IN_FILE).map(|rest| (Keeper::File, rest));
    in_store
        .or_else(in_file)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A secret could not be kept for another program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    #[error("there is no order {0:?}")]
    Order(String),
    #[error("the secret does not come, or cannot be told")]
    Pipe(#[from] io::Error),
    #[error(transparent)]
    Folders(#[from] FoldersError),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// Does what `order` says with the secret `name` of the program `service`, for the one at the other end of standard
/// input and output.
///
/// # Errors
///
/// [`KeepError`], none of which tells the secret.
pub fn serve(order: &str, service: &str, name: &str) -> Result<(), KeepError> {
    let found = Order::ALL.into_iter().find(|known| known.name() == order);
    let order = found.ok_or_else(|| KeepError::Order(order.to_owned()))?;
    let mut secret = Zeroizing::new(String::new());
    io::stdin().read_to_string(&mut secret)?;
    let mut secrets = Secrets::open(service, &Folders::find(service)?);
    let keeper = match secrets.keeper() {
        Keeper::Store => IN_STORE,
        Keeper::Sealed | Keeper::Locked | Keeper::File => IN_FILE,
    };
    let mut stdout = io::stdout().lock();
    match order {
        Order::Recall => {
            if let Some(secret) = secrets.recall(name)?.map(Zeroizing::new) {
                stdout.write_all(keeper.as_bytes())?;
                stdout.write_all(secret.as_bytes())?;
            }
        }
        Order::Remember => {
            secrets.remember(name, &secret)?;
            stdout.write_all(keeper.as_bytes())?;
        }
        Order::Forget => secrets.forget(name)?,
    }
    Ok(stdout.flush()?)
}
