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
/// The message is a command.
const RUN_COMMAND: u32 = 0;
/// Longer ones are not read to their end.
const LONGEST_ANSWER: u64 = 65_536;

/// See [`super::put`].
pub(super) fn put(stand: Stand) {
    let Some(socket) = env::var_os("SWAYSOCK").filter(|name| !name.is_empty()) else {
        return;
    };
    let socket = PathBuf::from(socket);
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

/// Gives the answer. It must be waited for: sway does not listen to who has hung up.
fn tell(socket: &Path, command: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let len_bytes = u32::try_from(command.len()).map_err(io::Error::other)?;
    let mut message = MAGIC.to_vec();
    message.extend(len_bytes.to_ne_bytes());
    message.extend(RUN_COMMAND.to_ne_bytes());
    message.extend(command.as_bytes());
    stream.write_all(&message)?;
    let mut head = [0; 14];
    stream.read_exact(&mut head)?;
    let [.., a, b, c, d, _, _, _, _] = head;
    let len_bytes = u64::from(u32::from_ne_bytes([a, b, c, d]));
    let mut answer = Vec::new();
    stream
        .take(len_bytes.min(LONGEST_ANSWER))
        .read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
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
}
