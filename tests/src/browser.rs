//! A web browser without a window, that looks at one page and tells what it found there.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::programs::Home;
use crate::running::Running;

/// The largest answer of a page.
const MOST_TOLD: usize = 1 << 20;

/// Shows `page` to Chromium, with `film` beside it as `film.mp4`, until the page posts to `/told`; gives what
/// it posts. Nothing of the real user's browser is touched.
///
/// # Errors
///
/// If there is no Chromium, or the page says nothing within `limit`.
pub fn ask_page(home: &Home, page: &str, film: &Path, limit: Duration) -> anyhow::Result<String> {
    let film = std::fs::read(film).with_context(|| format!("cannot read {}", film.display()))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let (tell, told) = sync_channel(1);
    let served = Served {
        page: page.to_owned(),
        film,
    };
    // it waits for callers for as long as the test's process runs
    std::thread::spawn(move || served.serve(&listener, &tell));

    let mut command = home.command("chromium");
    command
        .args(["--headless=new", "--no-first-run", "--disable-gpu"])
        .args(["--disable-dev-shm-usage", "--mute-audio"])
        .args(["--autoplay-policy=no-user-gesture-required"])
        // what the browser asks its maker for at each start is nothing of this test
        .args(["--disable-background-networking", "--disable-sync"])
        .arg(format!(
            "--user-data-dir={}",
            home.file("chromium").display()
        ))
        .arg(format!("http://{address}/"));
    if rustix::process::geteuid().is_root() {
        command.arg("--no-sandbox");
    }
    let mut browser = Running::start("chromium", &mut command, &home.log())
        .context("no Chromium: `./run test` installs it (the package `chromium`)")?;
    let answer = wait_for_answer(&mut browser, &told, limit);
    browser.stop()?;
    answer
}

/// The page at `url` of a hub, as Chromium has it once its script ran.
///
/// # Errors
///
/// If there is no Chromium.
pub fn page_at(home: &Home, url: &str) -> anyhow::Result<String> {
    let output = visitor(home)
        .arg("--dump-dom")
        .arg(url)
        .output()
        .context("no Chromium: `./run test` installs it (the package `chromium`)")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Chromium without a window, for the page of a hub.
pub(crate) fn visitor(home: &Home) -> Command {
    let mut command = home.command("chromium");
    command
        .args(["--headless=new", "--no-first-run", "--disable-gpu"])
        .args(["--disable-dev-shm-usage", "--disable-background-networking"])
        // the hub's own certificate is none that a browser knows; and whoever is root has no sandbox
        .args(["--ignore-certificate-errors", "--no-sandbox"])
        .arg(format!(
            "--user-data-dir={}",
            home.file("chromium").display()
        ));
    command
}

fn wait_for_answer(
    browser: &mut Running,
    told: &Receiver<String>,
    limit: Duration,
) -> anyhow::Result<String> {
    let end = Instant::now() + limit;
    loop {
        if let Ok(answer) = told.recv_timeout(Duration::from_millis(100)) {
            return Ok(answer);
        }
        browser.check_alive()?;
        if Instant::now() > end {
            bail!("the page said nothing\n{}", browser.log_tail());
        }
    }
}

/// What the browser gets.
struct Served {
    page: String,
    film: Vec<u8>,
}

impl Served {
    /// Each caller gets one answer; a browser asks again for each part of a film.
    fn serve(&self, listener: &TcpListener, tell: &SyncSender<String>) {
        for caller in listener.incoming().flatten() {
            // a browser that ends in between has asked all it wanted
            drop(self.answer(caller, tell));
        }
    }

    fn answer(&self, mut caller: TcpStream, tell: &SyncSender<String>) -> anyhow::Result<()> {
        let mut reader = BufReader::new(caller.try_clone()?);
        let mut asked = String::new();
        reader.read_line(&mut asked)?;
        let (mut from, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim().to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(range) = line.strip_prefix("range: bytes=") {
                from = Some(range.split('-').next().unwrap_or_default().parse()?);
            } else if let Some(bytes) = line.strip_prefix("content-length: ") {
                length = bytes.parse()?;
            }
        }
        match asked.split(' ').nth(1) {
            Some("/") => reply(
                &mut caller,
                "200 OK",
                "text/html; charset=utf-8",
                "",
                self.page.as_bytes(),
            ),
            Some("/film.mp4") => self.give_film(&mut caller, from),
            Some("/told") => {
                ensure!(length <= MOST_TOLD, "a page that says too much");
                let mut body = vec![0; length];
                reader.read_exact(&mut body)?;
                reply(&mut caller, "200 OK", "text/plain", "", b"")?;
                Ok(tell.send(String::from_utf8(body)?)?)
            }
            _ => reply(&mut caller, "404 Not Found", "text/plain", "", b""),
        }
    }

    /// The film, or its rest from a byte on: without that there is no seeking.
    fn give_film(&self, caller: &mut TcpStream, from: Option<usize>) -> anyhow::Result<()> {
        let all = self.film.len();
        let Some(from) = from else {
            return reply(
                caller,
                "200 OK",
                "video/mp4",
                "Accept-Ranges: bytes\r\n",
                &self.film,
            );
        };
        let rest = self.film.get(from..).context("beyond the film's end")?;
        let range = format!(
            "Content-Range: bytes {from}-{}/{all}\r\n",
            all.saturating_sub(1)
        );
        reply(caller, "206 Partial Content", "video/mp4", &range, rest)
    }
}

fn reply(
    caller: &mut TcpStream,
    status: &str,
    kind: &str,
    headers: &str,
    body: &[u8],
) -> anyhow::Result<()> {
    let length = body.len();
    write!(
        caller,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{headers}\
         Connection: close\r\n\r\n"
    )?;
    Ok(caller.write_all(body)?)
}
