//! A port of this computer alone: so many programs at a time, and none that outlives the hub's stop.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The pause after the operating system has no socket to give.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(200);

/// Listens; must run inside a tokio runtime.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Answers until it is dropped, and then no more: `at_once` programs, each for as long as `visit`; whoever
/// comes then is hung up on.
pub(crate) async fn serve<F>(
    listener: TcpListener,
    at_once: usize,
    visit: Duration,
    answer: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut visits = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_ended) = visits.join_next() => continue,
        };
        match accepted {
            Ok((stream, _loopback)) if visits.len() < at_once => {
                visits.spawn(timeout(visit, answer(stream)));
            }
            Ok(_too_many) => {}
            Err(_out_of_sockets) => sleep(OUT_OF_SOCKETS).await,
        }
    }
}
