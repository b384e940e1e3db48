//! CONNECT, with as many questions as a sign-in takes.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use protocol::{HubAddress, Proxy, ProxyError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::account::Accounts;
use super::dial;
use super::head::{self, Body, Head, MAX_HEAD_BYTES};
use super::sign_in::{NoAnswer, SignIn};

/// Requests for one connection: a sign-in has three, and two more where its answers come too late; before it the
/// account of this computer may have tried, with two.
const MAX_REQUESTS: usize = 8;
/// Of the page that comes with a question, in bytes.
const MAX_BODY_BYTES: u64 = 256 << 10;

pub(super) async fn open(
    proxy: &Proxy,
    to: &HubAddress,
    login_sent: &AtomicBool,
    accounts: &Accounts,
) -> Result<TcpStream, ProxyError> {
    let Proxy { address, login } = proxy;
    let account = Some((accounts, address.host.as_str()));
    let address = || address.clone();
    let no_proxy = || ProxyError::NoProxy { proxy: address() };
    let target = if to.host.contains(':') {
        format!("[{}]:{}", to.host, to.port)
    } else {
        format!("{}:{}", to.host, to.port)
    };
    if !target.chars().all(|c| c.is_ascii_graphic()) {
        // no name that any proxy looks up
        let (proxy, to) = (address(), to.clone());
        return Err(ProxyError::HubNotReached { proxy, to });
    }
    let mut sign_in = SignIn::new(login.as_ref(), account, &target);
    let mut answer = None;
    let mut line: Option<Line> = None;
    for _ in 0..MAX_REQUESTS {
        let mut on = match line.take() {
            Some(line) => line,
            None => Line::new(dial(&proxy.address).await?),
        };
        if sign_in.uses_login() {
            login_sent.store(true, Ordering::Relaxed);
        }
        let head = match on.ask(&target, answer.as_deref()).await {
            Ok(head) => head,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(no_proxy()),
            Err(error) => {
                tracing::debug!(proxy = %proxy.address, %error, "Proxy hung up");
                return Err(no_proxy());
            }
        };
        match head.status {
            // what follows is TLS, which the programs begin
            200..=299 if on.surplus.is_empty() => return Ok(on.stream),
            407 => {
                answer = Some(sign_in.answer(&head.challenges).await.map_err(
                    |none| match none {
                        NoAnswer::NobodySignsIn => ProxyError::AsksForLogin { proxy: address() },
                        NoAnswer::Refused => ProxyError::LoginRefused { proxy: address() },
                        NoAnswer::Unknown { offered } => {
                            let proxy = address();
                            ProxyError::UnknownSignIn { proxy, offered }
                        }
                        NoAnswer::AccountsOnly { why } => {
                            let proxy = address();
                            ProxyError::WantsAccount { proxy, why }
                        }
                        NoAnswer::Nonsense => no_proxy(),
                    },
                )?);
                let stays = head.stays && !sign_in.begins_anew();
                if stays && on.pass_over(head.body).await.is_ok() {
                    line = Some(on);
                } else if sign_in.is_bound() {
                    // the answer is worth nothing elsewhere
                    return Err(no_proxy());
                }
            }
            502..=504 => {
                let (proxy, to) = (address(), to.clone());
                return Err(ProxyError::HubNotReached { proxy, to });
            }
            // a web server takes CONNECT for a mistake, as do proxies that permit other ports only
            400..=499 => {
                let (proxy, to) = (address(), to.clone());
                return Err(match head.status {
                    400 | 404 | 405 | 421 => ProxyError::NoProxy { proxy },
                    _ => ProxyError::NotAllowed { proxy, to },
                });
            }
            _ => return Err(no_proxy()),
        }
    }
    Err(ProxyError::LoginRefused { proxy: address() })
}

/// A connection to a proxy.
struct Line {
    stream: TcpStream,
    /// What was read beyond the last head.
    surplus: Vec<u8>,
}

impl Line {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            surplus: Vec::new(),
        }
    }

    /// Asks for `target`. What makes no sense is `InvalidData`.
    async fn ask(&mut self, target: &str, answer: Option<&str>) -> io::Result<Head> {
        let answer = answer.map(|answer| format!("Proxy-Authorization: {answer}\r\n"));
        let answer = answer.unwrap_or_default();
        let request = format!(
            "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{answer}\
             Proxy-Connection: Keep-Alive\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            let read = head::parse(&self.surplus);
            let read = read.map_err(|head::Nonsense| io::ErrorKind::InvalidData)?;
            if let Some((head, length)) = read {
                self.surplus.drain(..length);
                if head.status >= 200 {
                    return Ok(head);
                }
                // what is said meanwhile
                continue;
            }
            self.more().await?;
        }
    }

    /// Reads what there is, at least a byte.
    async fn more(&mut self) -> io::Result<()> {
        let mut piece = [0; 2048];
        match self.stream.read(&mut piece).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.surplus.extend_from_slice(&piece[..read]);
                Ok(())
            }
        }
    }

    /// Reads the page of an answer, and forgets it.
    async fn pass_over(&mut self, body: Body) -> io::Result<()> {
        match body {
            Body::Bytes(length) => self.pass_over_bytes(length).await,
            Body::Chunks => {
                let mut left = MAX_BODY_BYTES;
                loop {
                    let (line, length) = match httparse::parse_chunk_size(&self.surplus) {
                        Ok(httparse::Status::Complete(chunk)) => chunk,
                        Ok(httparse::Status::Partial) if self.surplus.len() < MAX_HEAD_BYTES => {
                            self.more().await?;
                            continue;
                        }
                        Ok(_) | Err(_) => return Err(io::ErrorKind::InvalidData.into()),
                    };
                    self.surplus.drain(..line);
                    // the line's end behind it; the last one has no trailers, or this is no good line
                    left = left.checked_sub(length).ok_or(io::ErrorKind::InvalidData)?;
                    self.pass_over_bytes(length + 2).await?;
                    if length == 0 {
                        return Ok(());
                    }
                }
            }
            Body::UntilTheEnd => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    async fn pass_over_bytes(&mut self, length: u64) -> io::Result<()> {
        if length > MAX_BODY_BYTES + 2 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut left = usize::try_from(length).map_err(io::Error::other)?;
        loop {
            let now = left.min(self.surplus.len());
            self.surplus.drain(..now);
            left -= now;
            if left == 0 {
                return Ok(());
            }
            self.more().await?;
        }
    }
}
