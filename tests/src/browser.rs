//! A web browser without a window, that looks at one page and tells what it found there.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use serde_json::{Value, json};

use crate::programs::Home;
use crate::running::{Running, wait_until};

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

/// Whose computer a hub's page is looked at on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    /// The one that the browser runs on.
    Here,
    /// One with Windows, as its Chromium says.
    Windows,
}

/// The file that Chromium has once `visitor` opened the page at `url` of a hub and pressed its button.
///
/// # Errors
///
/// If there is no Chromium, or nothing is downloaded within `limit`.
pub fn downloaded_from(
    home: &Home,
    url: &str,
    visitor: Visitor,
    limit: Duration,
) -> anyhow::Result<PathBuf> {
    const OF_WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
        (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    let folder = home.file("Downloads");
    std::fs::create_dir_all(&folder)?;
    let mut browser = Piloted::start(home)?;
    let behaviour = json!({ "behavior": "allow", "downloadPath": folder });
    browser.ask("Browser.setDownloadBehavior", &behaviour, None)?;
    let blank = json!({ "url": "about:blank" });
    let page = browser.ask("Target.createTarget", &blank, None)?;
    let attach = json!({ "targetId": page["targetId"], "flatten": true });
    let session = browser.ask("Target.attachToTarget", &attach, None)?;
    let session = Some(&session["sessionId"]);
    if visitor == Visitor::Windows {
        let says = json!({ "userAgent": OF_WINDOWS });
        browser.ask("Emulation.setUserAgentOverride", &says, session)?;
    }
    browser.ask("Page.navigate", &json!({ "url": url }), session)?;
    // what the page offers may be made just now: it is looked at again until there is a button
    let press = "(button => { \
            if (button) button.click(); else if (document.readyState == 'complete') location.reload(); \
            return button !== null })\
        (document.querySelector('a.button[href^=\"/download/\"]'))";
    let press = json!({ "expression": press });
    wait_until("the page's button", limit, || {
        match browser.ask("Runtime.evaluate", &press, session) {
            Ok(pressed) => Ok((pressed["result"]["value"] == true).then_some(())),
            // between one load and the next there is no page
            Err(error) if error.to_string().contains("execution context") => Ok(None),
            Err(error) => Err(error),
        }
    })?;
    wait_until("a download", limit, || {
        let files = std::fs::read_dir(&folder)?.flatten();
        let files: Vec<_> = files.map(|entry| entry.path()).collect();
        // until it is whole it has other names, and its own is kept free by an empty file
        let is_whole = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_hidden = name.starts_with('.') || name.ends_with(".crdownload");
            !is_hidden && path.metadata().is_ok_and(|file| file.len() > 0)
        };
        Ok(files.iter().find(is_whole).cloned())
    })
}

/// A Chromium that is told what to do, by the pipes of its protocol for developers. Ended when dropped.
struct Piloted {
    browser: Child,
    says: BufReader<ChildStdout>,
    number: u64,
}

impl Piloted {
    fn start(home: &Home) -> anyhow::Result<Self> {
        // it hears at the third descriptor and speaks at the fourth
        let script = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null";
        let mut command = home.command("sh");
        let visitor = visitor(home);
        command
            .args(["-c", script, "sh"])
            .arg(visitor.get_program())
            .args(visitor.get_args())
            .arg("--remote-debugging-pipe")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(home.log())?);
        let mut browser = command.spawn().context("cannot start a shell")?;
        let says = browser.stdout.take().context("its output is a pipe")?;
        Ok(Self {
            browser,
            says: BufReader::new(says),
            number: 0,
        })
    }

    /// Has it done, and gives the answer.
    fn ask(
        &mut self,
        method: &str,
        params: &Value,
        session: Option<&Value>,
    ) -> anyhow::Result<Value> {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.clone();
        }
        let hears = self.browser.stdin.as_mut().context("its input is a pipe")?;
        hears.write_all(format!("{message}\0").as_bytes())?;
        loop {
            let mut said = Vec::new();
            self.says.read_until(0, &mut said)?;
            said.pop()
                .context("no Chromium: `./run test` installs it (the package `chromium`)")?;
            let mut said: Value = serde_json::from_slice(&said)?;
            // it tells of much that nobody asked for
            if said["id"] == self.number {
                ensure!(said["error"].is_null(), "{method}: {said}");
                return Ok(said["result"].take());
            }
        }
    }
}

impl Drop for Piloted {
    fn drop(&mut self) {
        // it ends when nobody can tell it anything any more
        drop(self.browser.stdin.take());
        let gone = wait_until("Chromium to end", Duration::from_secs(10), || {
            Ok(self.browser.try_wait()?.map(drop))
        });
        if gone.is_err() {
            drop(self.browser.kill());
            drop(self.browser.wait());
        }
    }
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
