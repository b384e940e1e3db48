//! The desktops that let programs see and act only with their user's yes (GNOME, KDE): the portals RemoteDesktop
//! and ScreenCast, which bind screen, keyboard and pointer to one dialog.
//!
//! So there is one session for both of those who ask: the one that sees asks ([`ask`]), and the one that acts joins it
//! ([`joined`]). It ends when neither has it any more, and with the process in whatever way that ends, for the
//! desktop's portal watches the connection. Nothing here waits for the user: whoever asks looks again.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use zbus::blocking::{Connection, MessageIterator, connection};
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};
use zbus::{MatchRule, Message, zvariant};

mod casting;
pub mod lasting;
mod layout;
mod pointer;
pub mod wire;

pub use casting::{CHECK, Casting, Event, has_helper, receive};
pub use layout::Layout;
use pointer::Pointer;

const SERVICE: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const REMOTE_DESKTOP: &str = "org.freedesktop.portal.RemoteDesktop";
const SCREEN_CAST: &str = "org.freedesktop.portal.ScreenCast";
const REQUEST: &str = "org.freedesktop.portal.Request";
const SESSION: &str = "org.freedesktop.portal.Session";
/// Who tells on GNOME that monitors have changed.
const DISPLAYS: &str = "org.gnome.Mutter.DisplayConfig";

/// For how long the user's yes can be given back without asking, as the portal counts that.
const FOR_THIS_CONNECTION: u32 = 1;
const UNTIL_TAKEN_BACK: u32 = 2;
/// The first version of RemoteDesktop that does.
const GIVES_BACK: u32 = 2;
/// So near in time a session's end and a change of the monitors are one.
const WITH_MONITORS: Duration = Duration::from_millis(500);
/// So long the desktop may take to be done with such a change.
const CHANGES_FOR: Duration = Duration::from_millis(300);

/// Keyboard and pointer, as the portal counts devices; and the two of them.
const KEYBOARD: u32 = 1;
const POINTER: u32 = 2;
/// Whole monitors, as the portal counts what can be shown.
const MONITORS: u32 = 1;
/// The pointer comes beside the picture, not in it.
const POINTER_BESIDE: u32 = 4;

/// For so long the user may think about the desktop's dialog.
const THINKING: Duration = Duration::from_mins(2);
/// A portal that answers no call for so long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether anybody still wants an answer, and after how long nobody does.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const WANTED_FOR: Duration = Duration::from_millis(1500);

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    #[error("the user refused in the desktop's own question, or stopped the sharing there")]
    ByUser,
    #[error("nobody answered the desktop's own question")]
    NoAnswer,
    #[error("the desktop's portal: {reason}")]
    Failed { reason: String },
}

impl From<zbus::Error> for Refused {
    fn from(error: zbus::Error) -> Self {
        Self::Failed {
            reason: error.to_string(),
        }
    }
}

impl From<zvariant::Error> for Refused {
    fn from(error: zvariant::Error) -> Self {
        Self::Failed {
            reason: error.to_string(),
        }
    }
}

/// A key or a click was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the desktop's portal takes no input: {reason}")]
pub struct NotifyError {
    pub reason: String,
    /// It refused this one alone, and may take the next.
    pub is_of_one: bool,
}

/// What has become of the question.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The user has not answered yet.
    Waiting,
    Granted(Arc<Portal>),
    Refused(Refused),
}

/// What this process has asked for.
enum Asked {
    Nothing,
    /// The dialog is there; when somebody last wanted to know.
    Waiting(Instant),
    /// Nobody has taken it yet.
    Granted(Arc<Portal>),
    /// For as long as the session lasts, also while nobody looks: nobody is asked twice.
    Shared(Arc<Portal>),
    Refused(Refused),
}

static ASKED: Mutex<Asked> = Mutex::new(Asked::Nothing);

fn asked() -> MutexGuard<'static, Asked> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this desktop has the portals, without asking anybody. Blocks for some milliseconds, once.
pub fn is_there() -> bool {
    static IS_THERE: AtomicBool = AtomicBool::new(false);
    if IS_THERE.load(Ordering::Relaxed) {
        return true;
    }
    let is_there = offers().inspect_err(|error| tracing::debug!(%error, "No portal"));
    let is_there = is_there.unwrap_or(false);
    IS_THERE.store(is_there, Ordering::Relaxed);
    is_there
}

fn offers() -> zbus::Result<bool> {
    let bus = connect()?;
    let devices = property(&bus, REMOTE_DESKTOP, "AvailableDeviceTypes")?;
    let sources = property(&bus, SCREEN_CAST, "AvailableSourceTypes")?;
    lasting::is_offered_by(property(&bus, REMOTE_DESKTOP, "version")?);
    Ok(devices & (KEYBOARD | POINTER) != 0 && sources & MONITORS != 0)
}

fn property(bus: &Connection, interface: &str, name: &str) -> zbus::Result<u32> {
    let properties = Some("org.freedesktop.DBus.Properties");
    let answer = bus.call_method(Some(SERVICE), PATH, properties, "Get", &(interface, name))?;
    let value: OwnedValue = answer.body().deserialize()?;
    Ok(u32::try_from(value)?)
}

fn connect() -> zbus::Result<Connection> {
    connection::Builder::session()?
        .method_timeout(PATIENCE)
        .build()
}

/// Asks the user by the desktop's dialog, if nobody has, and tells what has become of it. Never waits for the user:
/// who wants the answer asks again within a second, and the dialog goes when nobody does.
pub fn ask() -> Answer {
    let mut asked = asked();
    let now = Instant::now();
    let mut again = None;
    match &mut *asked {
        Asked::Waiting(wanted) => {
            *wanted = now;
            return Answer::Waiting;
        }
        Asked::Granted(portal) => {
            let portal = Arc::clone(portal);
            *asked = Asked::Shared(Arc::clone(&portal));
            return Answer::Granted(portal);
        }
        Asked::Shared(portal) => {
            if !portal.is_closed() {
                return Answer::Granted(Arc::clone(portal));
            }
            again = portal.again();
        }
        Asked::Refused(why) => {
            let why = why.clone();
            *asked = Asked::Nothing;
            return Answer::Refused(why);
        }
        Asked::Nothing => {}
    }
    let before = std::mem::replace(&mut *asked, Asked::Waiting(now));
    drop(asked);
    drop(before);
    let started = thread::Builder::new()
        .name("portal".to_owned())
        .spawn(move || wait_for_user(again));
    if let Err(error) = started {
        *self::asked() = Asked::Nothing;
        let reason = error.to_string();
        return Answer::Refused(Refused::Failed { reason });
    }
    Answer::Waiting
}

/// The session that was asked for; who only joins never has the user asked.
pub fn joined() -> Option<Arc<Portal>> {
    match &*asked() {
        Asked::Granted(portal) | Asked::Shared(portal) => Some(Arc::clone(portal)),
        Asked::Nothing | Asked::Waiting(_) | Asked::Refused(_) => None,
    }
    .filter(|portal| !portal.is_closed())
}

/// The session is over: what was shared is shared no more. Waits for nobody.
pub fn end() {
    let mut asked = asked();
    let is_shared = matches!(&*asked, Asked::Granted(..) | Asked::Shared(..));
    let shared = is_shared.then(|| std::mem::replace(&mut *asked, Asked::Nothing));
    drop(asked);
    let Some(shared) = shared else { return };
    // it tells the portal
    let told = thread::Builder::new()
        .name("portal-ends".to_owned())
        .spawn(move || drop(shared));
    if let Err(error) = told {
        tracing::warn!(%error, "The sharing ends without a thread");
    }
}

/// Whether the user's yes stands now.
pub fn is_shared() -> bool {
    joined().is_some()
}

/// Has one thread ask, and looks whether anybody still wants to know.
fn wait_for_user(again: Option<Again>) {
    let (answers, answered) = sync_channel(1);
    let (bus, token) = match again {
        Some(again) => (Ok(again.bus), again.token),
        None => (connect(), None),
    };
    let bus = match bus {
        Ok(bus) => bus,
        Err(error) => {
            set(Asked::Refused(error.into()));
            forget_what_nobody_takes();
            return;
        }
    };
    let asks = bus.clone();
    let asker = thread::Builder::new()
        .name("portal-asks".to_owned())
        .spawn(move || {
            // nobody hears it where the dialog was given up
            drop(answers.send(Portal::open_by_token(&asks, token)));
        });
    let began = Instant::now();
    let answer = loop {
        match answered.recv_timeout(LOOK_EVERY) {
            Ok(answer) => break Some(answer),
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) if began.elapsed() >= THINKING => {
                break Some(Err(Refused::NoAnswer));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Asked::Waiting(wanted) = &*asked()
            && wanted.elapsed() >= WANTED_FOR
        {
            break None;
        }
    };
    match answer {
        Some(Ok(portal)) => {
            set(Asked::Granted(Arc::new(portal)));
            forget_what_nobody_takes();
        }
        Some(Err(why)) => {
            tracing::info!(%why, "The desktop does not share");
            set(Asked::Refused(why));
            hang_up(bus);
            forget_what_nobody_takes();
        }
        None => {
            set(Asked::Nothing);
            hang_up(bus);
        }
    }
    if let Ok(asker) = asker
        && asker.join().is_err()
    {
        tracing::error!("The thread that asks the desktop panicked");
    }
}

/// What was before is dropped after the lock: it may tell the portal, and wait for it.
fn set(now: Asked) {
    let before = std::mem::replace(&mut *asked(), now);
    drop(before);
}

/// Who asked looks every now and then, or is not there any more; then an answer counts for no later question.
fn forget_what_nobody_takes() {
    thread::sleep(WANTED_FOR);
    let mut asked = asked();
    let is_left = matches!(&*asked, Asked::Granted(..) | Asked::Refused(..));
    let left = is_left.then(|| std::mem::replace(&mut *asked, Asked::Nothing));
    drop(asked);
    drop(left);
}

/// The portal closes what a connection had when it is gone, the dialog among it.
fn hang_up(bus: Connection) {
    if let Err(error) = bus.close() {
        tracing::debug!(%error, "Not hung up");
    }
}

/// A session with the desktop's portal. Dropping it ends the sharing.
#[derive(Debug)]
pub struct Portal {
    bus: Connection,
    session: OwnedObjectPath,
    stream: Stream,
    /// What the user lets this program act with.
    devices: u32,
    ends: Arc<Ends>,
    /// Gives the user's yes back over this connection, without a dialog.
    token: Option<String>,
    /// Another session goes on with the connection.
    goes_on: AtomicBool,
    /// The size of the picture in pixels, one side in each half.
    picture: AtomicU64,
    pointer: Mutex<Pointer>,
}

/// What a session needs that follows another one.
#[derive(Debug)]
struct Again {
    bus: Connection,
    token: Option<String>,
}

/// How a session ends.
#[derive(Default)]
struct Ends {
    /// The desktop has closed it, or it shows what is not there any more.
    is_closed: AtomicBool,
    /// The desktop has closed it.
    is_gone: AtomicBool,
    times: Mutex<EndTimes>,
    /// Who is told.
    hears: Mutex<Option<Box<dyn Fn() + Send>>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct EndTimes {
    closed: Option<Instant>,
    monitors_changed: Option<Instant>,
}

impl EndTimes {
    fn is_of_monitors(self) -> bool {
        let both = self.closed.zip(self.monitors_changed);
        both.is_some_and(|(one, other)| {
            one.saturating_duration_since(other) <= WITH_MONITORS
                && other.saturating_duration_since(one) <= WITH_MONITORS
        })
    }
}

impl std::fmt::Debug for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ends")
            .field("is_closed", &self.is_closed)
            .finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the user chose to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stream {
    node: u32,
    /// In the units of the desktop, where it says so.
    size: Option<(i32, i32)>,
}

type Options<'a> = HashMap<&'a str, Value<'a>>;
type Results = HashMap<String, OwnedValue>;

/// A token gives back what is not there any more.
const NO_STREAM: &str = "stream";

impl Portal {
    /// Asks, and waits for the user, unless a token gives their yes back: that of a session before on this connection,
    /// or the one that lasts.
    fn open_by_token(bus: &Connection, of_connection: Option<String>) -> Result<Self, Refused> {
        let (is_wanted, lasting) = lasting::wanted();
        let has_lasting = lasting.is_some();
        let opened = match Self::open(bus, of_connection.or(lasting), is_wanted) {
            // it was of a monitor that is gone, for example
            Err(why) if has_lasting && why == missing(NO_STREAM) => {
                tracing::info!(%why, "The user's earlier yes opens nothing; asking again");
                lasting::is_spent();
                Self::open(bus, None, is_wanted)
            }
            opened => opened,
        };
        if has_lasting && matches!(opened, Err(Refused::ByUser)) {
            // or the desktop could not do what the token says, which it does not tell apart
            lasting::is_spent();
        }
        if let Ok(portal) = &opened {
            // half a yes is not kept: who gave it may want to give all the next time
            let token = portal.token.as_deref().filter(|_| portal.lets_act());
            lasting::given(token);
        }
        opened
    }

    /// Asks, and waits for the user.
    fn open(bus: &Connection, token_before: Option<String>, lasts: bool) -> Result<Self, Refused> {
        let mut requests = Requests::new(bus)?;
        let token = token();
        let options = Options::from([("session_handle_token", Value::from(&*token))]);
        let made = requests.ask(
            REMOTE_DESKTOP,
            "CreateSession",
            |options| (options,),
            options,
        )?;
        let session = made
            .get("session_handle")
            .ok_or_else(|| missing("session"))?;
        let session = session.downcast_ref::<&str>().map(str::to_owned);
        let session = OwnedObjectPath::try_from(session?)?;
        let ends = watch(bus, &session)?;
        let of_session = |options| (ObjectPath::from(session.clone()), options);
        let mut options = Options::from([("types", Value::from(KEYBOARD | POINTER))]);
        if requests.version >= GIVES_BACK {
            let lasts = if lasts {
                UNTIL_TAKEN_BACK
            } else {
                FOR_THIS_CONNECTION
            };
            options.insert("persist_mode", Value::from(lasts));
            if let Some(token) = token_before {
                options.insert("restore_token", Value::from(token));
            }
        }
        requests.ask(REMOTE_DESKTOP, "SelectDevices", of_session, options)?;
        let options = Options::from([
            ("types", Value::from(MONITORS)),
            ("multiple", Value::from(false)),
            ("cursor_mode", Value::from(POINTER_BESIDE)),
        ]);
        requests.ask(SCREEN_CAST, "SelectSources", of_session, options)?;
        let started = requests.ask(
            REMOTE_DESKTOP,
            "Start",
            |options| (ObjectPath::from(session.clone()), "", options),
            Options::new(),
        )?;
        let devices = started.get("devices").map(u32::try_from_ref).transpose()?;
        let stream = started
            .get("streams")
            .and_then(|streams| stream_of(streams));
        Ok(Self {
            bus: bus.clone(),
            stream: stream.ok_or_else(|| missing(NO_STREAM))?,
            session,
            devices: devices.unwrap_or(0),
            ends,
            token: started
                .get("restore_token")
                .and_then(|token| token.downcast_ref::<&str>().ok().map(str::to_owned)),
            goes_on: AtomicBool::new(false),
            picture: AtomicU64::new(0),
            pointer: Mutex::default(),
        })
    }

    /// The picture is so large from now on, in pixels.
    pub fn shows(&self, width: u32, height: u32) {
        let sides = u64::from(width) << 32 | u64::from(height);
        self.picture.store(sides, Ordering::Relaxed);
    }

    /// Whether the sharing has ended: the user can stop it in the desktop's own bar.
    pub fn is_closed(&self) -> bool {
        self.ends.is_closed.load(Ordering::Relaxed)
    }

    /// Has `hear` called from another thread when the sharing ends, and nobody who was to be told before.
    pub fn when_closed(&self, hear: impl Fn() + Send + 'static) {
        *locked(&self.ends.hears) = Some(Box::new(hear));
        if self.is_closed() {
            self.ends.tell();
        }
    }

    /// Whether the sharing has ended since the monitors changed, and no user wished it so: GNOME
    /// shows nothing more then. Waits
    /// for half a second at most, as the two are told apart.
    pub fn is_closed_by_monitors(&self) -> bool {
        let deadline = Instant::now() + WITH_MONITORS;
        loop {
            if locked(&self.ends.times).is_of_monitors() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(WITH_MONITORS / 50);
        }
    }

    /// What gives the user's yes back after a change of the monitors; nothing else does without a dialog.
    fn again(&self) -> Option<Again> {
        let is_meant = locked(&self.ends.times).is_of_monitors();
        is_meant.then(|| {
            self.goes_on.store(true, Ordering::Relaxed);
            Again {
                bus: self.bus.clone(),
                token: self.token.clone(),
            }
        })
    }

    /// Whether the user lets this program press keys and move the pointer.
    pub fn lets_act(&self) -> bool {
        self.devices & (KEYBOARD | POINTER) == KEYBOARD | POINTER
    }

    /// Which of PipeWire's nodes has the pictures.
    pub fn node(&self) -> u32 {
        self.stream.node
    }

    /// A connection to PipeWire that sees this session's pictures and nothing else.
    ///
    /// # Errors
    ///
    /// If the portal gives none.
    pub fn remote(&self) -> io::Result<OwnedFd> {
        let answer = self.bus.call_method(
            Some(SERVICE),
            PATH,
            Some(SCREEN_CAST),
            "OpenPipeWireRemote",
            &(&self.session, Options::new()),
        );
        let answer = answer.map_err(io::Error::other)?;
        let fd: zvariant::OwnedFd = answer.body().deserialize().map_err(io::Error::other)?;
        Ok(fd.into())
    }

    /// Moves the pointer to a place in the picture, in pixels.
    ///
    /// # Errors
    ///
    /// If the portal is gone or refuses, as with all that follow.
    pub fn point(&self, at: (f64, f64)) -> Result<(), NotifyError> {
        let (across, down) = self.pixels_per_unit();
        let is_scaled = across > 1.001 || down > 1.001;
        let is_gnome = std::env::var("XDG_CURRENT_DESKTOP").is_ok_and(|d| d.contains("GNOME"));
        if !is_scaled || !is_gnome {
            return self.put_pointer((at.0 / across, at.1 / down));
        }
        // Newer Mutters mean pixels of the picture, older ones units of the desktop, and the portal before them refuses
        // what lies beyond the size in units. A way from where the pointer is they all understand alike.
        let mut pointer = locked(&self.pointer);
        let from = if let Some(from) = pointer.place() {
            from
        } else {
            // a place that is the same in units and in pixels, but for one
            let known = (1.0, 1.0);
            self.put_pointer(known)?;
            known
        };
        let way = ((at.0 - from.0) / across, (at.1 - from.1) / down);
        if way.0.hypot(way.1) > f64::EPSILON {
            let body = (&self.session, Options::new(), way.0, way.1);
            self.notify("NotifyPointerMotion", &body)?;
        }
        pointer.is_put(at, Instant::now());
        Ok(())
    }

    /// The pointer was seen at this pixel of the picture.
    pub fn saw_pointer(&self, x: i32, y: i32) {
        let at = (f64::from(x) + 0.5, f64::from(y) + 0.5);
        locked(&self.pointer).seen = Some((at, Instant::now()));
    }

    /// By the two sides; 1 where it is not known.
    fn pixels_per_unit(&self) -> (f64, f64) {
        let sides = self.picture.load(Ordering::Relaxed);
        let scale = |units: i32, pixels: u64| {
            let pixels = u32::try_from(pixels & u64::from(u32::MAX)).unwrap_or(0);
            if units > 0 && pixels > 0 {
                f64::from(pixels) / f64::from(units)
            } else {
                1.0
            }
        };
        let (width, height) = self.stream.size.unwrap_or((0, 0));
        (scale(width, sides >> 32), scale(height, sides))
    }

    fn put_pointer(&self, (x, y): (f64, f64)) -> Result<(), NotifyError> {
        let body = (&self.session, Options::new(), self.stream.node, x, y);
        self.notify("NotifyPointerMotionAbsolute", &body)
    }

    /// A button of the mouse goes down or up, by its Linux code.
    ///
    /// # Errors
    ///
    /// As [`Self::point`].
    pub fn button(&self, code: u16, pressed: bool) -> Result<(), NotifyError> {
        let body = (
            &self.session,
            Options::new(),
            i32::from(code),
            u32::from(pressed),
        );
        self.notify("NotifyPointerButton", &body)
    }

    /// The wheel turns by whole notches.
    ///
    /// # Errors
    ///
    /// As [`Self::point`].
    pub fn turn(&self, axis: crate::Axis, notches: i32) -> Result<(), NotifyError> {
        let axis: u32 = match axis {
            crate::Axis::Vertical => 0,
            crate::Axis::Horizontal => 1,
        };
        let body = (&self.session, Options::new(), axis, notches);
        self.notify("NotifyPointerAxisDiscrete", &body)
    }

    /// A key goes down or up, by its Linux code.
    ///
    /// # Errors
    ///
    /// As [`Self::point`].
    pub fn key(&self, code: u16, pressed: bool) -> Result<(), NotifyError> {
        let body = (
            &self.session,
            Options::new(),
            i32::from(code),
            u32::from(pressed),
        );
        self.notify("NotifyKeyboardKeycode", &body)
    }

    /// The key that means this keysym goes down or up, with the modifiers that it takes.
    ///
    /// # Errors
    ///
    /// As [`Self::point`].
    pub fn keysym(&self, keysym: u32, pressed: bool) -> Result<(), NotifyError> {
        let keysym = i32::try_from(keysym).unwrap_or(0);
        let body = (&self.session, Options::new(), keysym, u32::from(pressed));
        self.notify("NotifyKeyboardKeysym", &body)
    }

    /// Waits for the answer: the portal does not keep the order of calls that it has at the same time.
    fn notify<B>(&self, method: &str, body: &B) -> Result<(), NotifyError>
    where
        B: serde::ser::Serialize + zvariant::DynamicType,
    {
        let portal = Some(REMOTE_DESKTOP);
        let told = self
            .bus
            .call_method(Some(SERVICE), PATH, portal, method, body);
        told.map(drop).map_err(|error| NotifyError {
            reason: error.to_string(),
            is_of_one: matches!(error, zbus::Error::MethodError(..)) && !self.is_closed(),
        })
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        if !self.ends.is_gone.load(Ordering::Relaxed) {
            let portal = Some(SERVICE);
            let closed = self
                .bus
                .call_method(portal, &self.session, Some(SESSION), "Close", &());
            if let Err(error) = closed {
                tracing::debug!(%error, "Not closed");
            }
        }
        if !self.goes_on.load(Ordering::Relaxed) {
            hang_up(self.bus.clone());
        }
    }
}

impl Ends {
    fn close(&self) {
        let mut times = locked(&self.times);
        times.closed.get_or_insert_with(Instant::now);
        drop(times);
        self.is_closed.store(true, Ordering::Relaxed);
        self.tell();
    }

    fn tell(&self) {
        if let Some(hear) = &*locked(&self.hears) {
            hear();
        }
    }
}

/// Notes when a session is closed and when monitors change, from threads that end with it or with the connection.
fn watch(bus: &Connection, session: &OwnedObjectPath) -> Result<Arc<Ends>, Refused> {
    let signal = || MatchRule::builder().msg_type(zbus::message::Type::Signal);
    let closed = signal()
        .interface(SESSION)?
        .member("Closed")?
        .path(ObjectPath::from(session.clone()))?
        .build();
    let changed = signal()
        .sender(DISPLAYS)?
        .interface(DISPLAYS)?
        .member("MonitorsChanged")?
        .build();
    let mut closed = MessageIterator::for_match_rule(closed, bus, None)?;
    let mut changes = MessageIterator::for_match_rule(changed, bus, None)?;
    let ends = Arc::new(Ends::default());
    let noted = Arc::clone(&ends);
    let spawn = |name: &str, watch: Box<dyn FnOnce() + Send>| {
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn(watch).map_err(|error| Refused::Failed {
            reason: error.to_string(),
        })
    };
    let ended = move || {
        // a signal, or the connection has ended
        drop(closed.next());
        noted.is_gone.store(true, Ordering::Relaxed);
        noted.close();
    };
    spawn("portal-closed", Box::new(ended))?;
    let noted = Arc::downgrade(&ends);
    let monitors = move || {
        // the first one ends it
        if let Some(Ok(_)) = changes.next()
            && let Some(noted) = noted.upgrade()
        {
            locked(&noted.times).monitors_changed = Some(Instant::now());
            // by its code an older GNOME closes it then; 48 does not, and gives no further picture
            thread::sleep(CHANGES_FOR);
            noted.close();
        }
    };
    spawn("portal-monitors", Box::new(monitors))?;
    Ok(ends)
}

/// A name that was not used before.
fn token() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("helpme{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Questions to the portal, and their answers, which come as signals.
struct Requests<'a> {
    bus: &'a Connection,
    answers: MessageIterator,
    /// Who may answer.
    portal: String,
    /// The beginning of the requests' paths.
    begin: String,
    /// Of RemoteDesktop.
    version: u32,
}

impl<'a> Requests<'a> {
    fn new(bus: &'a Connection) -> Result<Self, Refused> {
        let name = bus
            .unique_name()
            .ok_or_else(|| missing("name on the bus"))?;
        let name = name.trim_start_matches(':').replace('.', "_");
        let begin = format!("{PATH}/request/{name}/");
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(REQUEST)?
            .member("Response")?
            .path_namespace(begin.trim_end_matches('/').to_owned())?
            .build();
        let answers = MessageIterator::for_match_rule(rule, bus, None)?;
        // starts it where it does not run, and says who it is
        let version = property(bus, REMOTE_DESKTOP, "version")?;
        let owner = bus.call_method(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus"),
            "GetNameOwner",
            &(SERVICE,),
        )?;
        Ok(Self {
            bus,
            answers,
            portal: owner.body().deserialize()?,
            begin,
            version,
        })
    }

    /// Asks, and waits for the answer.
    fn ask<'b, B>(
        &mut self,
        interface: &str,
        method: &str,
        body: impl FnOnce(Options<'b>) -> B,
        mut options: Options<'b>,
    ) -> Result<Results, Refused>
    where
        B: serde::ser::Serialize + zvariant::DynamicType,
    {
        let token = token();
        let path = format!("{}{token}", self.begin);
        options.insert("handle_token", Value::from(token));
        let body = body(options);
        self.bus
            .call_method(Some(SERVICE), PATH, Some(interface), method, &body)?;
        loop {
            let answer = self.answers.next().ok_or_else(|| missing("answer"))??;
            if self.is_from_portal(&answer, &path) {
                let (code, results): (u32, Results) = answer.body().deserialize()?;
                return match code {
                    0 => Ok(results),
                    // 1 is the user; 2 is "in some other way", as when the screen is locked
                    _ => Err(Refused::ByUser),
                };
            }
        }
    }

    /// Any program of the user's could send such a signal.
    fn is_from_portal(&self, answer: &Message, path: &str) -> bool {
        let header = answer.header();
        let is_sender = header
            .sender()
            .is_some_and(|name| name.as_str() == self.portal);
        is_sender && header.path().is_some_and(|at| at.as_str() == path)
    }
}

fn missing(what: &str) -> Refused {
    Refused::Failed {
        reason: format!("it gives no {what}"),
    }
}

/// The first of the streams: an array of a node and what is known of it.
fn stream_of(streams: &Value<'_>) -> Option<Stream> {
    let Value::Array(streams) = streams else {
        return None;
    };
    let Value::Structure(stream) = streams.inner().first()? else {
        return None;
    };
    let [Value::U32(node), Value::Dict(known)] = stream.fields() else {
        return None;
    };
    let size = known.get::<&str, zvariant::Structure<'_>>(&"size").ok()?;
    let size = size.and_then(|size| match size.fields() {
        [Value::I32(width), Value::I32(height)] => Some((*width, *height)),
        _ => None,
    });
    Some(Stream { node: *node, size })
}

trait TryFromRef: Sized {
    fn try_from_ref(value: &OwnedValue) -> Result<Self, zvariant::Error>;
}

impl TryFromRef for u32 {
    fn try_from_ref(value: &OwnedValue) -> Result<Self, zvariant::Error> {
        value.downcast_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_without_a_change_of_monitors_is_the_users() {
        let start = Instant::now();
        let times = |closed, changed| EndTimes {
            closed: Some(start + Duration::from_millis(closed)),
            monitors_changed: Some(start + Duration::from_millis(changed)),
        };
        assert!(times(1_000, 900).is_of_monitors());
        assert!(
            times(1_000, 1_200).is_of_monitors(),
            "told in whatever order"
        );
        assert!(!times(9_000, 1_000).is_of_monitors());
        let alone = EndTimes {
            closed: Some(start),
            ..EndTimes::default()
        };
        assert!(!alone.is_of_monitors());
    }
}
