//! A program that copies and pastes as it is told: this one, started again.
#![expect(unsafe_code, reason = "Windows' own functions are foreign ones")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::ptr::{null, null_mut};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::HWND;
use windows_sys::Win32::System::DataExchange::{
    CloseClipboard, EmptyClipboard, GetClipboardData, OpenClipboard, RegisterClipboardFormatW,
    SetClipboardData,
};
use windows_sys::Win32::System::Memory::{
    GMEM_MOVEABLE, GlobalAlloc, GlobalLock, GlobalSize, GlobalUnlock,
};
use windows_sys::Win32::System::Ole::{CF_DIB, CF_UNICODETEXT};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DispatchMessageW, HWND_MESSAGE, MSG, PM_REMOVE, PeekMessageW,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Html,
    Png,
    Bitmap,
}

impl Format {
    const ALL: [Self; 4] = [Self::Text, Self::Html, Self::Png, Self::Bitmap];

    fn number(self) -> u32 {
        let named = |name: &str| {
            let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
            // SAFETY: the name ends with a zero.
            unsafe { RegisterClipboardFormatW(name.as_ptr()) }
        };
        match self {
            Self::Text => CF_UNICODETEXT.into(),
            Self::Html => named("HTML Format"),
            Self::Png => named("PNG"),
            Self::Bitmap => CF_DIB.into(),
        }
    }
}

/// What the answers begin with: the harness writes lines of its own.
const ANSWER: &str = "answer: ";

/// The other program. It ends with this.
pub(crate) struct OtherProgram {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// By which contents go to and fro.
    file: PathBuf,
}

impl OtherProgram {
    pub(crate) fn start() -> Self {
        let this = std::env::current_exe().expect("a name");
        let mut command = Command::new(this);
        command.args(["--ignored", "--exact", "the_other_program", "--nocapture"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("this very program");
        let orders = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("a pipe"));
        let file = std::env::temp_dir().join(format!("phd-clipboard-{}", process.id()));
        Self {
            process,
            orders,
            answers,
            file,
        }
    }

    fn tell(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("it runs");
        writeln!(orders, "{order}\t{}", self.file.display()).expect("it reads");
    }

    fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.answers.read_line(&mut line).expect("it answers");
            assert!(read > 0, "the other program ended");
            // what the harness writes before has no end of its own
            if let Some((_, answer)) = line.split_once(ANSWER) {
                return answer.trim_end().to_owned();
            }
        }
    }

    fn ask(&mut self, order: &str) -> String {
        self.tell(order);
        self.answer()
    }

    pub(crate) fn clear(&mut self) {
        assert_eq!(self.ask("clear\tText"), "done");
    }

    pub(crate) fn copy(&mut self, format: Format, bytes: &[u8]) {
        fs::write(&self.file, bytes).expect("written");
        assert_eq!(self.ask(&format!("copy\t{format:?}")), "done");
    }

    /// Copies, and never hands over what it promised.
    pub(crate) fn promise_and_stall(&mut self, format: Format) {
        assert_eq!(self.ask(&format!("promise\t{format:?}")), "done");
    }

    pub(crate) fn begin_paste(&mut self, format: Format) {
        self.tell(&format!("paste\t{format:?}"));
    }

    /// Opens the clipboard, waits for a while and pastes then.
    pub(crate) fn begin_paste_after(&mut self, wait: Duration, format: Format) {
        self.tell(&format!("paste after {}\t{format:?}", wait.as_millis()));
    }

    /// What was pasted, if it was given anything.
    pub(crate) fn pasted(&mut self) -> Option<Vec<u8>> {
        (self.answer() == "done").then(|| fs::read(&self.file).expect("written"))
    }

    pub(crate) fn paste(&mut self, format: Format) -> Option<Vec<u8>> {
        self.begin_paste(format);
        self.pasted()
    }

    pub(crate) fn end(&mut self) {
        self.orders = None;
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Drop for OtherProgram {
    fn drop(&mut self) {
        self.end();
        fs::remove_file(&self.file).ok();
    }
}

/// The other program itself.
pub(crate) fn run() {
    let window = window();
    let (sender, lines) = sync_channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let sent = line.map(|line| sender.send(line).is_ok());
            if !sent.unwrap_or(false) {
                break;
            }
        }
    });
    loop {
        match lines.recv_timeout(Duration::from_millis(5)) {
            Ok(line) => obey(window, &line),
            Err(RecvTimeoutError::Timeout) => answer_windows(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn obey(window: HWND, line: &str) {
    let words: Vec<&str> = line.split('\t').collect();
    let [order, format, file] = words[..] else {
        unreachable!("{line}")
    };
    let format = Format::ALL
        .into_iter()
        .find(|known| format!("{known:?}") == format);
    let number = format.expect("a format").number();
    let done = match order {
        "clear" => put(window, None),
        "copy" => {
            let bytes = fs::read(file).expect("written");
            put(window, Some((number, Some(&bytes))))
        }
        "promise" => put(window, Some((number, None))),
        "paste" => {
            get(window, number, Duration::ZERO).is_some_and(|bytes| fs::write(file, bytes).is_ok())
        }
        _ => {
            let millis = order.strip_prefix("paste after ").expect("an order");
            let wait = Duration::from_millis(millis.parse().expect("a number"));
            get(window, number, wait).is_some_and(|bytes| fs::write(file, bytes).is_ok())
        }
    };
    let said = if done { "done" } else { "nothing" };
    writeln!(std::io::stdout(), "{ANSWER}{said}").expect("a pipe");
    if order == "promise" {
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

/// Windows asks the owner of a clipboard, and waits for it.
fn answer_windows() {
    let mut message = MSG::default();
    loop {
        // SAFETY: the message is written there; a null means all of this thread.
        let came = unsafe { PeekMessageW(&raw mut message, null_mut(), 0, 0, PM_REMOVE) };
        if came == 0 {
            return;
        }
        // SAFETY: the message came from Windows.
        unsafe { DispatchMessageW(&raw const message) };
    }
}

/// A window of a class of Windows' own.
fn window() -> HWND {
    let class: Vec<u16> = "STATIC\0".encode_utf16().collect();
    // SAFETY: the class is one of Windows' own, and its name ends with a zero.
    unsafe {
        CreateWindowExW(
            0,
            class.as_ptr(),
            null(),
            0,
            0,
            0,
            0,
            0,
            HWND_MESSAGE,
            null_mut(),
            null_mut(),
            null(),
        )
    }
}

fn opened(window: HWND) {
    let until = Instant::now() + Duration::from_secs(20);
    // SAFETY: the window is this program's.
    while unsafe { OpenClipboard(window) } == 0 {
        assert!(
            Instant::now() < until,
            "{}",
            std::io::Error::last_os_error()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn put(window: HWND, what: Option<(u32, Option<&[u8]>)>) -> bool {
    opened(window);
    // SAFETY: it is open.
    assert_ne!(unsafe { EmptyClipboard() }, 0);
    if let Some((format, bytes)) = what {
        let memory = bytes.map_or(null_mut(), |bytes| {
            // SAFETY: it takes any length.
            let memory = unsafe { GlobalAlloc(GMEM_MOVEABLE, bytes.len()) };
            // SAFETY: it was got above.
            let at = unsafe { GlobalLock(memory) }.cast::<u8>();
            assert!(!at.is_null());
            // SAFETY: it is as long, and nobody else has it.
            unsafe { at.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            // SAFETY: it was locked above.
            unsafe { GlobalUnlock(memory) };
            memory
        });
        // SAFETY: the memory is the clipboard's from now on; a null is a promise.
        unsafe { SetClipboardData(format, memory) };
    }
    // SAFETY: it was opened above.
    unsafe { CloseClipboard() != 0 }
}

fn get(window: HWND, format: u32, wait: Duration) -> Option<Vec<u8>> {
    opened(window);
    std::thread::sleep(wait);
    // SAFETY: it takes any number.
    let memory = unsafe { GetClipboardData(format) };
    let bytes = (!memory.is_null()).then(|| {
        // SAFETY: these formats are memory, which stays as long as the clipboard is open.
        let len = unsafe { GlobalSize(memory) };
        // SAFETY: the same.
        let at = unsafe { GlobalLock(memory) }.cast::<u8>();
        assert!(!at.is_null());
        // SAFETY: it is as long as it says.
        let bytes = unsafe { std::slice::from_raw_parts(at, len) }.to_vec();
        // SAFETY: it was locked above.
        unsafe { GlobalUnlock(memory) };
        bytes
    });
    // SAFETY: it was opened above.
    unsafe { CloseClipboard() };
    bytes
}
