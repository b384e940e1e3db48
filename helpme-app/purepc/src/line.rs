//! The connection to the hub: comes in with the key, stays, and comes back.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use protocol::version::{KNOCKING, UPDATES, WAKING};
use protocol::{EnrolmentCode, HostToHub, HubToHost, PermanentHost, Refusal, RefusalCode, Role};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, timeout};
use transport::client::{self, ConnectError, Greeted};
use transport::{CloseReason, Connection, Routes, reconnect};

use crate::computer;
use crate::doorman::Doorman;
use crate::membership::Membership;
use crate::newer::{Newer, Trial};
use crate::pause::{Pauses, shortened};
use crate::standing::{Standing, refusal_text};
use crate::stop::StopSignal;
use crate::waking::{self, Waker};

/// How long the hub may take to say whether it lets this computer in.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// When to ask again where only a person can help.
const ASK_AGAIN: Duration = Duration::from_mins(5);
/// A connection that held for so long was a good one.
const HELD: Duration = Duration::from_mins(1);
/// How long leaving in good order may take.
const LEAVE: Duration = Duration::from_millis(500);

/// Why there is no connection, or no more.
enum End {
    /// Trying again may help.
    Lost(String),
    /// Only a person can help.
    Refused(String, Duration),
}

/// Enrols this computer; gives the name that the hub has for it.
pub(crate) async fn enrol(
    membership: &Membership,
    routes: &Routes,
    code: EnrolmentCode,
) -> anyhow::Result<String> {
    let (greeted, answer) = come_in(membership, routes, Some(code)).await?;
    transport::close::hang_up(&greeted.connection, &greeted.endpoint).await;
    if let HubToHost::HostAccepted { name } = answer {
        return Ok(name.to_string());
    }
    let HubToHost::HostRefused { refusal } = answer else {
        bail!("the hub did not answer as a hub does; is it up to date?");
    };
    let (why, seconds) = (refusal_text(refusal), refusal.retry_after_seconds);
    ensure!(seconds == 0, "{why}; try again in {seconds} seconds");
    bail!(why)
}

/// Connects and says who this is; gives the hub's answer.
async fn come_in(
    membership: &Membership,
    routes: &Routes,
    code: Option<EnrolmentCode>,
) -> anyhow::Result<(Greeted, HubToHost)> {
    let program = computer::program();
    let (hub, pin) = (membership.hub(), membership.pin());
    let mut greeted = client::connect(hub, pin, Role::Host, &program, routes).await?;
    let host = PermanentHost {
        key: membership.signer().key(),
        proof: membership.signer().prove(&greeted.connection, pin)?,
        computer: computer::name(),
        system: computer::system(),
    };
    let hello = match code {
        Some(code) => HostToHub::Enrol { code, host },
        None => HostToHub::ComeIn { host },
    };
    greeted.writer.write(&hello).await?;
    let answer = timeout(ANSWER_TIMEOUT, greeted.reader.read()).await;
    let answer = answer.context("the hub does not answer")?;
    match answer {
        Ok(Some(answer)) => Ok((greeted, answer)),
        Ok(None) => bail!("the hub hung up"),
        Err(error) => match greeted
            .connection
            .close_reason()
            .as_ref()
            .map(CloseReason::from)
        {
            Some(CloseReason::Refused(refusal)) => Err(ConnectError::from(refusal).into()),
            _ => Err(error.into()),
        },
    }
}

/// What follows when the program stays connected no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It was told to stop.
    End,
    /// Another version is to run in its stead.
    BeginAnew,
}

/// What becomes of newer versions.
#[derive(Debug)]
pub(crate) struct Versions {
    pub(crate) newer: Newer,
    pub(crate) trial: Trial,
}

/// Stays connected until the program is told to stop, or another version is to run.
pub(crate) async fn stay(
    membership: &Membership,
    routes: &Routes,
    folder: &Path,
    mut doorman: Doorman,
    mut stop: StopSignal,
    mut versions: Versions,
) -> anyhow::Result<After> {
    let mut pauses = Pauses::new();
    Standing::Connecting { why: None }.keep(folder).await;
    loop {
        let began = tokio::time::Instant::now();
        let ended = tokio::select! {
            () = stop.heard() => {
                doorman.close().await;
                return Ok(After::End);
            }
            () = versions.trial.fails() => {
                doorman.close().await;
                return Ok(After::BeginAnew);
            }
            came = come_in(membership, routes, None) => match came {
                Ok((greeted, HubToHost::HostAccepted { name })) => {
                    tracing::info!(%name, "Connected");
                    Standing::connected(&name).keep(folder).await;
                    versions.trial.passes();
                    match listen(greeted, &mut stop, &mut doorman, &mut versions.newer).await {
                        Heard::End(end) => end,
                        Heard::After(after) => return Ok(after),
                    }
                }
                Ok((_greeted, answer)) => end_of(&answer),
                Err(error) => end_of_try(&error),
            },
        };
        if began.elapsed() >= HELD {
            pauses = Pauses::new();
        }
        let pause = match ended {
            End::Lost(why) => {
                tracing::info!(%why, "Not connected");
                Standing::Connecting { why: Some(why) }.keep(folder).await;
                pauses.next()
            }
            End::Refused(why, wait) => {
                tracing::warn!(%why, seconds = wait.as_secs(), "Not let in; asking again");
                Standing::Refused { why }.keep(folder).await;
                shortened(wait)
            }
        };
        tokio::select! {
            () = stop.heard() => {
                doorman.close().await;
                return Ok(After::End);
            }
            () = versions.trial.fails() => {
                doorman.close().await;
                return Ok(After::BeginAnew);
            }
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Messages of the hub that may wait.
const MOST_WAITING: usize = 16;

/// Why it listens no longer.
enum Heard {
    /// The connection is over.
    End(End),
    After(After),
}

/// Listens until the connection is over, the program is to stop, or a newer version is to run.
async fn listen(
    greeted: Greeted,
    stop: &mut StopSignal,
    doorman: &mut Doorman,
    newer: &mut Newer,
) -> Heard {
    let Greeted {
        endpoint,
        connection,
        mut reader,
        mut writer,
        version,
        ..
    } = greeted;
    let (heard, mut inbox) = mpsc::channel(MOST_WAITING);
    // a task of its own, since a message that has come half way must not be given up
    let reading = tokio::spawn(async move {
        while let Ok(Some(message)) = reader.read::<HubToHost>().await {
            if heard.send(message).await.is_err() {
                return;
            }
        }
    });
    let first = doorman.first_words().filter(|_| version >= KNOCKING);
    let mut to_say = first;
    let mut waker = Waker::default();
    let mut looks = tokio::time::interval(waking::LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = Box::pin(reconnect::silent(&connection));
    let end = loop {
        let serves = doorman.serves();
        if serves {
            // an operator is there: what can wait waits
            newer.wait();
        }
        if let Some(message) = to_say.take()
            && writer.write(&message).await.is_err()
        {
            break closed(&connection);
        }
        tokio::select! {
            () = stop.heard() => {
                doorman.close().await;
                // sent before the connection closes: the hub then knows at once that it is meant
                drop(timeout(LEAVE, writer.write(&HostToHub::Leave)).await);
                transport::close::close(&connection);
                drop(timeout(LEAVE, endpoint.wait_idle()).await);
                reading.abort();
                return Heard::After(After::End);
            }
            () = newer.comes(), if version >= UPDATES && !serves => {
                transport::close::close(&connection);
                drop(timeout(LEAVE, endpoint.wait_idle()).await);
                reading.abort();
                return Heard::After(After::BeginAnew);
            }
            () = &mut silent => break End::Lost("the line is lost".to_owned()),
            left = doorman.agent_ends() => to_say = Some(left).filter(|_| version >= KNOCKING),
            _ = looks.tick(), if version >= WAKING => to_say = waker.news(),
            said = inbox.recv() => match said {
                Some(HubToHost::Wake { wake, order }) => to_say = Some(waker.wake(wake, &order)),
                Some(message) => match doorman.hear(message).await {
                    Ok(answer) => to_say = answer,
                    Err(other) => break end_of(&other),
                },
                None => break closed(&connection),
            },
        }
    };
    reading.abort();
    transport::close::close(&connection);
    Heard::End(end)
}

/// Why the hub says no more.
fn closed(connection: &Connection) -> End {
    match connection.close_reason().as_ref().map(CloseReason::from) {
        Some(CloseReason::Refused(refusal)) => end_by(refusal),
        _ => End::Lost("the hub hung up".to_owned()),
    }
}

fn end_of(message: &HubToHost) -> End {
    if let HubToHost::Goodbye { refusal } | HubToHost::HostRefused { refusal } = message {
        return end_by(*refusal);
    }
    // a newer hub's; whatever it wants, this program cannot do it
    let why = "the hub said what this version does not know";
    End::Refused(why.to_owned(), ASK_AGAIN)
}

fn end_by(refusal: Refusal) -> End {
    let why = refusal_text(refusal);
    let wait = Duration::from_secs(refusal.retry_after_seconds.into());
    match refusal.code {
        RefusalCode::HOST_UNKNOWN
        | RefusalCode::HOST_DISABLED
        | RefusalCode::LOGGED_IN_ELSEWHERE
        | RefusalCode::OUT_OF_PLACE
        | RefusalCode::MALFORMED => End::Refused(why, wait.max(ASK_AGAIN)),
        _ => End::Lost(why),
    }
}

fn end_of_try(error: &anyhow::Error) -> End {
    let why = format!("{error:#}");
    match error.downcast_ref() {
        Some(
            ConnectError::ForeignKey
            | ConnectError::Certificate { .. }
            | ConnectError::OtherVersion { .. },
        ) => End::Refused(why, ASK_AGAIN),
        Some(ConnectError::Refused(refusal)) => end_by(*refusal),
        _ => End::Lost(why),
    }
}
