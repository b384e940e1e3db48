//! The thread that does what the operators do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use input::{InjectError, InputSink, hid};
use protocol::{Hindrance, InputEvent, PeerId, Place};
use tokio::sync::mpsc;

use crate::clipboard::{Offers, Takers};
use crate::course::Course;
use crate::engine::Backends;
use crate::event::Trouble;
use crate::live::Report;
use crate::share::LOOK_FOR_DISPLAY_EVERY;
use crate::switch::Switch;
use crate::turns::{Turn, Turns};

/// Events that may wait for injection; then the operator's stream is no longer read.
pub(crate) const MAX_WAITING: usize = 256;
/// How often it is said that something could not be done.
const SAY_EVERY: Duration = Duration::from_secs(1);
/// So many characters of a text are typed between two looks whether the operator still may: where a desktop is
/// asked for each key, that is 80 ms.
const TYPED_AT_ONCE: usize = 32;
/// The farthest one wheel event turns, in 1/120 notches.
const MAX_WHEEL: i32 = 120 * 64;

/// Work for the injecting thread.
#[derive(Debug)]
pub(crate) enum Job {
    /// An input frame, with its number.
    Do(PeerId, u64, InputEvent),
    /// One that came too late to be done.
    Skip(PeerId, u64),
    /// What the operator holds comes up.
    LetGo(PeerId),
    /// The user has moved the pointer, or pressed something.
    UserActs,
    /// The rights changed.
    Check,
}

/// Keyboard and pointer of the display that is shown, for as long as there is one.
struct Hands<'a> {
    backends: &'a Backends,
    sink: Option<Box<dyn InputSink>>,
    /// How often another display had come.
    displays: u64,
    gone_since: Option<Instant>,
    looked: Option<Instant>,
    /// The sink tells what the user does.
    watch_user: bool,
}

impl<'a> Hands<'a> {
    fn new(backends: &'a Backends, displays: u64) -> Self {
        Self {
            backends,
            sink: None,
            displays,
            gone_since: None,
            looked: None,
            watch_user: false,
        }
    }

    /// Opens the sink where it is not; there is none while the display is missing.
    /// `at_once`: not only now and then.
    ///
    /// # Errors
    ///
    /// If it has been missing for longer than it may.
    fn keep_open(&mut self, switch: &Arc<Switch>, at_once: bool) -> Result<(), InjectError> {
        let displays = switch.displays();
        if displays != self.displays {
            self.let_go();
            (self.displays, self.looked) = (displays, None);
        }
        let looks = at_once
            || self
                .looked
                .is_none_or(|at| at.elapsed() >= LOOK_FOR_DISPLAY_EVERY);
        if self.sink.is_none() && looks {
            self.looked = Some(Instant::now());
            match (self.backends.input)() {
                Ok(sink) => {
                    self.sink = Some(sink);
                    self.gone_since = None;
                }
                // whoever shows the screen has the user asked
                Err(InjectError::UserAsked) => {}
                // and who has said no is not asked again
                Err(error @ InjectError::Refused) => return Err(error),
                Err(error) => self.missing(error)?,
            }
        }
        let is_shared = switch.is_shared();
        if let Some(sink) = &mut self.sink
            && is_shared != self.watch_user
        {
            self.watch_user = is_shared;
            watch_user(sink.as_mut(), is_shared.then_some(switch));
        }
        Ok(())
    }

    /// The display is gone with `error`.
    ///
    /// # Errors
    ///
    /// That error, if it has been so for longer than it may.
    fn missing(&mut self, error: InjectError) -> Result<(), InjectError> {
        self.let_go();
        let since = *self.gone_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.backends.comes_back_within {
            return Err(error);
        }
        tracing::debug!(%error, "Input gone; looking for another display");
        Ok(())
    }

    fn release(&mut self) {
        if let Some(sink) = &mut self.sink {
            release(sink.as_mut());
        }
    }

    fn let_go(&mut self) {
        self.release();
        self.sink = None;
        self.watch_user = false;
    }
}

/// Injects until the switch is off or all senders are gone; then everything is released.
pub(crate) fn run(
    backends: &Backends,
    switch: &Arc<Switch>,
    course: &Course,
    mut jobs: mpsc::Receiver<Job>,
    takers: Takers,
    reports: &mpsc::Sender<Report>,
) {
    let trouble = |error: InjectError| {
        tracing::warn!(%error, "Input not available");
        let trouble = Trouble::NoInput {
            detail: error.to_string(),
            why: match error {
                InjectError::Refused => Hindrance::INPUT_NOT_SHARED,
                InjectError::NoDisplay { .. }
                | InjectError::Unsuitable { .. }
                | InjectError::NoGuardian { .. }
                | InjectError::NoWay { .. }
                | InjectError::Lost { .. }
                | InjectError::UserAsked
                | InjectError::UnsupportedPlatform
                | _ => Hindrance::NO_INPUT,
            },
        };
        let report = Report::Trouble(trouble);
        if reports.blocking_send(report).is_err() {
            tracing::debug!("The session is gone");
        }
    };
    let mut hands = Hands::new(backends, switch.displays());
    if let Err(error) = hands.keep_open(switch, true) {
        return trouble(error);
    }
    let mut turns = Turns::default();
    let mut offers = Offers::new(takers);
    let mut impossible = Impossible::default();
    while let Some(job) = jobs.blocking_recv() {
        if !switch.is_on() {
            break;
        }
        impossible.say(reports);
        if let Some(driver) = turns.driver()
            && !switch.lets_touch(driver)
        {
            turns.give_up(driver);
            hands.release();
            tell_driver(reports, None);
        }
        if let Err(error) = hands.keep_open(switch, matches!(job, Job::Check)) {
            trouble(error);
            break;
        }
        let (operator, event) = match job {
            // only here it counts as taken: what waits when the line is lost is asked for again
            Job::Do(operator, number, event) if course.take_input(operator, number) => {
                (operator, event)
            }
            Job::Skip(operator, number) => {
                course.take_input(operator, number);
                continue;
            }
            Job::LetGo(operator) => (operator, InputEvent::ReleaseAll),
            Job::UserActs => {
                turns.user_acts(course.elapsed());
                continue;
            }
            Job::Do(..) | Job::Check => continue,
        };
        if !switch.lets_touch(operator) {
            continue;
        }
        if let InputEvent::ClipboardOffered { offer, kinds } = event {
            offers.offered(operator, (offer, kinds), turns.driver());
            continue;
        }
        match turns.turn(operator, &event, course.elapsed()) {
            Turn::Has => {}
            Turn::Takes => {
                hands.release();
                offers.drives(operator);
                tell_driver(reports, Some(operator));
            }
            Turn::Waits => continue,
        }
        let Some(event) = on_desktop(event, course, hands.displays) else {
            tracing::debug!("Place in a picture that is not known");
            continue;
        };
        if switch.is_shared()
            && let InputEvent::PointerMoved { to: at } | InputEvent::Button { at, .. } = &event
        {
            course.put_pointer((at.x, at.y));
        }
        if could_press(&event) {
            switch.operator_presses();
        }
        // what is pressed while no display is there is pressed nowhere
        let Some(sink) = &mut hands.sink else {
            continue;
        };
        if presses(&event) {
            course.press();
        }
        let injected = if let InputEvent::Text { text } = &event {
            type_text(sink.as_mut(), text.as_str(), || switch.lets_touch(operator))
        } else {
            sink.inject(&event)
        };
        match injected {
            Ok(()) => {}
            Err(error @ InjectError::Lost { .. }) => {
                if let Err(error) = hands.missing(error) {
                    trouble(error);
                    break;
                }
            }
            // whoever shows the screen has the user asked once more
            Err(InjectError::UserAsked) => hands.let_go(),
            // this one event cannot be done; the next may
            Err(error) => {
                tracing::debug!(%error, "Event not injected");
                impossible.add(operator);
                impossible.say(reports);
            }
        }
    }
    hands.release();
}

/// Types a text for as long as `goes_on`: an end or a pause does not wait for the rest of it.
fn type_text(
    sink: &mut dyn InputSink,
    text: &str,
    goes_on: impl Fn() -> bool,
) -> Result<(), InjectError> {
    let mut result = Ok(());
    let mut rest = text;
    while !rest.is_empty() && goes_on() {
        let end = rest.char_indices().nth(TYPED_AT_ONCE);
        let (piece, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = after;
        match sink.inject(&InputEvent::Text { text: piece.into() }) {
            Ok(()) => {}
            // of what cannot be typed the rest may be
            Err(error @ InjectError::NoWay { .. }) => result = Err(error),
            Err(error) => return Err(error),
        }
    }
    result
}

/// Whether a button on the screen could take `event` for its press.
fn could_press(event: &InputEvent) -> bool {
    match event {
        InputEvent::Button { .. } | InputEvent::Text { .. } => true,
        InputEvent::Key { key, character, .. } => {
            [hid::ENTER, hid::NUMPAD_ENTER, hid::SPACE].contains(key)
                || matches!(character, Some(' ' | '\n' | '\r'))
        }
        InputEvent::PointerMoved { .. }
        | InputEvent::Wheel { .. }
        | InputEvent::ReleaseAll
        | InputEvent::StillHeld
        | InputEvent::ClipboardOffered { .. } => false,
    }
}

/// Whether somebody waits for what `event` does: a pointer that moves is drawn by the console itself.
fn presses(event: &InputEvent) -> bool {
    match event {
        InputEvent::Key { .. }
        | InputEvent::Button { .. }
        | InputEvent::Wheel { .. }
        | InputEvent::Text { .. } => true,
        InputEvent::PointerMoved { .. }
        | InputEvent::ReleaseAll
        | InputEvent::StillHeld
        | InputEvent::ClipboardOffered { .. } => false,
    }
}

/// Counts what could not be done, and says so at once and then now and then.
#[derive(Default)]
struct Impossible {
    count: Option<(PeerId, u32)>,
    said: Option<Instant>,
}

impl Impossible {
    fn add(&mut self, operator: PeerId) {
        let before = match self.count {
            Some((of, count)) if of == operator => count,
            Some(_) | None => 0,
        };
        self.count = Some((operator, before.saturating_add(1)));
    }

    fn say(&mut self, reports: &mpsc::Sender<Report>) {
        let is_early = self.said.is_some_and(|said| said.elapsed() < SAY_EVERY);
        let Some((operator, count)) = self.count.filter(|_| !is_early) else {
            return;
        };
        if reports
            .try_send(Report::Impossible(operator, count))
            .is_ok()
        {
            self.count = None;
            self.said = Some(Instant::now());
        }
    }
}

/// Has the user's keys and clicks noticed as long as several operators could be in their way; one alone
/// sees what the user does and makes room by itself.
fn watch_user(sink: &mut dyn InputSink, switch: Option<&Arc<Switch>>) {
    let acted = switch.map(|switch| {
        let switch = Arc::downgrade(switch);
        let acted = move || {
            if let Some(switch) = switch.upgrade() {
                switch.user_acts();
            }
        };
        Box::new(acted) as input::UserActed
    });
    if let Err(error) = sink.watch_user(acted) {
        tracing::info!(%error, "Only the user's pointer comes before the operators");
    }
}

/// Says who has keyboard and pointer now; input does not wait for whoever hears it.
fn tell_driver(reports: &mpsc::Sender<Report>, driver: Option<PeerId>) {
    if reports.try_send(Report::Driver(driver)).is_err() {
        tracing::debug!("Driver not told");
    }
}

fn release(sink: &mut dyn InputSink) {
    if let Err(error) = sink.release_all() {
        tracing::warn!(%error, "Keys not released; the guardian will");
    }
}

/// The event with its place on the desktop instead of in the picture, and never outside of it. `None`
/// for a place in a picture that nobody can have seen, that is long gone, or of another display.
fn on_desktop(event: InputEvent, course: &Course, display: u64) -> Option<InputEvent> {
    let moved = |place: Place| {
        let seen = course
            .seen(place.seen)
            .filter(|seen| seen.display == display)?;
        let (x, y) = seen.on_desktop(place.x, place.y);
        Some(Place { x, y, ..place })
    };
    Some(match event {
        InputEvent::PointerMoved { to } => InputEvent::PointerMoved { to: moved(to)? },
        InputEvent::Button {
            button,
            pressed,
            at,
        } => match moved(at) {
            Some(at) => InputEvent::Button {
                button,
                pressed,
                at,
            },
            None if pressed => return None,
            // it must not stay down, wherever that was
            None => InputEvent::ReleaseAll,
        },
        InputEvent::Wheel { dx, dy } => InputEvent::Wheel {
            dx: dx.clamp(-MAX_WHEEL, MAX_WHEEL),
            dy: dy.clamp(-MAX_WHEEL, MAX_WHEEL),
        },
        event @ (InputEvent::Key { .. }
        | InputEvent::Text { .. }
        | InputEvent::ReleaseAll
        | InputEvent::StillHeld
        | InputEvent::ClipboardOffered { .. }) => event,
    })
}

#[cfg(test)]
mod tests {
    use codec::Rect;
    use protocol::SessionId;

    use super::*;
    use crate::geometry::Geometry;

    fn course(area: Rect) -> Course {
        let course = Course::begin(SessionId(1));
        course.lies(1, Geometry::new(area, 100));
        course.screen_sent(1);
        course
    }

    fn moved(x: i32, y: i32, seen: u64) -> InputEvent {
        InputEvent::PointerMoved {
            to: Place { x, y, seen },
        }
    }

    #[test]
    fn a_place_outside_of_the_shared_screen_is_moved_to_its_edge() {
        let course = course(Rect::new(100, 50, 640, 480));
        let lands = |x, y| on_desktop(moved(x, y, 1), &course, 0);
        assert_eq!(lands(0, 0), Some(moved(100, 50, 1)));
        assert_eq!(lands(-9, 9_999), Some(moved(100, 529, 1)));
        assert_eq!(lands(i32::MAX, i32::MIN), Some(moved(739, 50, 1)));
    }

    #[test]
    fn a_click_lands_where_the_operator_saw_it() {
        let course = course(Rect::new(0, 0, 640, 480));
        course.lies(2, Geometry::new(Rect::new(640, 0, 640, 480), 100));
        course.screen_sent(2);
        assert_eq!(on_desktop(moved(5, 5, 1), &course, 0), Some(moved(5, 5, 1)));
        assert_eq!(
            on_desktop(moved(5, 5, 2), &course, 0),
            Some(moved(645, 5, 2))
        );
        assert_eq!(on_desktop(moved(5, 5, 3), &course, 0), None);
        assert_eq!(
            on_desktop(moved(5, 5, 2), &course, 1),
            None,
            "another display"
        );
    }

    #[test]
    fn h6_what_could_press_the_users_answer_is_known() {
        let key = |key, character| InputEvent::Key {
            key,
            pressed: true,
            character,
        };
        let at = Place {
            x: 0,
            y: 0,
            seen: 1,
        };
        let button = InputEvent::Button {
            button: protocol::PointerButton::Left,
            pressed: false,
            at,
        };
        for event in [button, key(hid::ENTER, None), key(hid::A, Some(' '))] {
            assert!(could_press(&event), "{event:?}");
        }
        for event in [key(hid::A, Some('a')), moved(1, 1, 1)] {
            assert!(!could_press(&event), "{event:?}");
        }
    }

    #[test]
    fn a_text_is_typed_whole_and_no_further_than_the_operator_may() {
        let text = "è ò ñ and more, ".repeat(20);
        let (mut sink, log) = input::memory();
        type_text(&mut sink, &text, || true).expect("typed");
        assert_eq!(log.typed(), text);
        let (mut sink, log) = input::memory();
        let looks = std::cell::Cell::new(0);
        let goes_on = || looks.replace(looks.get() + 1) < 2;
        type_text(&mut sink, &text, goes_on).expect("typed");
        let begin: String = text.chars().take(2 * TYPED_AT_ONCE).collect();
        assert_eq!(log.typed(), begin);
    }

    #[test]
    fn a_wheel_cannot_turn_for_ever() {
        let event = InputEvent::Wheel {
            dx: i32::MIN,
            dy: i32::MAX,
        };
        assert_eq!(
            on_desktop(event, &course(Rect::new(0, 0, 1, 1)), 0),
            Some(InputEvent::Wheel {
                dx: -MAX_WHEEL,
                dy: MAX_WHEEL
            })
        );
    }
}
