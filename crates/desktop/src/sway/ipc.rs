//! Sway's messages; see sway-ipc(7).

use std::env;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::Duration;

use super::Stand;

/// How long sway may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Begins every message.
const MAGIC: &[u8; 6] = b"i3-ipc";
/// And has its length and its kind after that.
const HEAD_BYTES: usize = 14;
/// The message is a command.
const RUN_COMMAND: u32 = 0;
/// It asks for events.
const SUBSCRIBE: u32 = 2;
/// For [`subscribe`]: each key that is bound and pressed.
pub(crate) const EVENTS_OF_BINDINGS: &str = "[\"binding\"]";
/// Longer ones are not read.
const LONGEST_BODY: u32 = 65_536;

/// See [`super::put`].
pub(super) fn put(stand: Stand) {
    let Some(socket) = socket() else {
        return;
    };
    let command = command(stand, process::id());
    let spawned = thread::Builder::new()
        .name("sway".to_owned())
        .spawn(move || match tell(&socket, &command) {
            Ok(answer) => tracing::debug!(answer, "Sway was asked for a place"),
            Err(error) => tracing::info!(%error, "Sway was not asked for a place"),
        });
    if let Err(error) = spawned {
        tracing::info!(%error, "Sway was not asked for a place");
    }
}

fn command(stand: Stand, process: u32) -> String {
    let Stand { width, height, .. } = stand;
    let place = match stand.left {
        Some(left) => format!("{left} px 0 px"),
        None => "center".to_owned(),
    };
    let sticky = if stand.everywhere {
        "enable"
    } else {
        "disable"
    };
    format!(
        "[pid={process}] floating enable, sticky {sticky}, resize set {width} px {height} px, move position {place}"
    )
}

/// Where sway listens, if this is its desktop.
pub(crate) fn socket() -> Option<PathBuf> {
    let socket = env::var_os("SWAYSOCK").filter(|name| !name.is_empty())?;
    Some(PathBuf::from(socket))
}

/// Gives the answer. It must be waited for: sway does not listen to who has hung up.
pub(crate) fn tell(socket: &Path, command: &str) -> io::Result<String> {
    let mut stream = connect(socket)?;
    stream.write_all(&message(RUN_COMMAND, command)?)?;
    let answer = answer(&mut stream)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether sway did all that it was told, by its answer.
pub(crate) fn is_done(answer: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Outcome {
        success: bool,
    }
    let outcomes: Result<Vec<Outcome>, _> = serde_json::from_str(answer);
    outcomes.is_ok_and(|outcomes| outcomes.iter().all(|outcome| outcome.success))
}

/// A stream of events ([`next_message`]); its reads do not wait.
pub(crate) fn subscribe(socket: &Path, events: &str) -> io::Result<UnixStream> {
    let mut stream = connect(socket)?;
    stream.write_all(&message(SUBSCRIBE, events)?)?;
    answer(&mut stream)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// Takes the first message out of what has arrived, and gives its body; `None` if it is not all here.
///
/// # Errors
///
/// If it is none of sway's, or longer than any of use.
pub(crate) fn next_message(arrived: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let Some((head, rest)) = arrived.split_first_chunk::<HEAD_BYTES>() else {
        return Ok(None);
    };
    let len_bytes = body_len(head)?;
    if rest.len() < len_bytes {
        return Ok(None);
    }
    let body = rest[..len_bytes].to_vec();
    arrived.drain(..HEAD_BYTES + len_bytes);
    Ok(Some(body))
}

fn connect(socket: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn message(kind: u32, body: &str) -> io::Result<Vec<u8>> {
    let len_bytes = u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut message = MAGIC.to_vec();
    message.extend(len_bytes.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(body.as_bytes());
    Ok(message)
}

fn answer(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut head = [0; HEAD_BYTES];
    stream.read_exact(&mut head)?;
    let mut answer = vec![0; body_len(&head)?];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn body_len(head: &[u8; HEAD_BYTES]) -> io::Result<usize> {
    let [.., a, b, c, d, _, _, _, _] = *head;
    let len_bytes = u32::from_ne_bytes([a, b, c, d]);
    if !head.starts_with(MAGIC) || len_bytes > LONGEST_BODY {
        return Err(io::ErrorKind::InvalidData.into());
    }
    usize::try_from(len_bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sway_is_told_where_a_window_stands_and_whether_on_every_workspace() {
        let bar = Stand {
            width: 720,
            height: 60,
            left: Some(600),
            everywhere: true,
        };
        assert_eq!(
            command(bar, 7),
            "[pid=7] floating enable, sticky enable, resize set 720 px 60 px, move position 600 px 0 px"
        );
        let window = Stand {
            left: None,
            everywhere: false,
            ..bar
        };
        assert!(
            command(window, 7)
                .ends_with("sticky disable, resize set 720 px 60 px, move position center")
        );
    }

    #[test]
    fn messages_are_taken_one_by_one_however_they_arrive() {
        let both = [
            message(5, "{}").expect("short"),
            message(5, "[1]").expect("short"),
        ]
        .concat();
        let mut arrived = Vec::new();
        let mut bodies = Vec::new();
        for byte in &both {
            arrived.push(*byte);
            bodies.extend(next_message(&mut arrived).expect("sway's"));
        }
        assert_eq!(bodies, [b"{}".to_vec(), b"[1]".to_vec()]);
        assert!(arrived.is_empty());
        let mut nonsense = vec![b'x'; HEAD_BYTES];
        assert!(next_message(&mut nonsense).is_err());
        let mut endless = MAGIC.to_vec();
        endless.extend([0xff; 8]);
        assert!(next_message(&mut endless).is_err());
    }

    #[test]
    fn an_answer_says_whether_all_was_done() {
        assert!(is_done(r#"[{"success":true}]"#));
        assert!(!is_done(
            r#"[{"success":true},{"success":false,"error":"no"}]"#
        ));
        assert!(!is_done("no"));
    }
}
