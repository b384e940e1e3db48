//! The bar on a surface of wlr-layer-shell.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wayland::{ConnectError, Lost, PointerAct, Session, SurfacePicture};
use x11::Alarm;

use super::{Act, Painter, Pixels};

/// A compositor that takes the bar away has it again after so long, at the earliest.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Shown {
    over: Arc<AtomicBool>,
    alarm: Arc<Alarm>,
}

impl Shown {
    pub(super) fn begin(painter: Box<dyn Painter>) -> io::Result<Self> {
        let alarm = Arc::new(Alarm::new()?);
        let over = Arc::new(AtomicBool::new(false));
        let (of_thread, alarm_of_thread) = (Arc::clone(&over), Arc::clone(&alarm));
        // nobody waits for its end: it may itself be waiting for the compositor
        thread::Builder::new()
            .name("overlay".to_owned())
            .spawn(move || match run(painter, &alarm_of_thread, &of_thread) {
                Ok(()) => {}
                Err(error) => tracing::info!(%error, "No bar above windows that fill the screen"),
            })?;
        Ok(Self { over, alarm })
    }

    pub(super) fn look_again(&self) {
        self.alarm.ring();
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        self.alarm.ring();
    }
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the compositor has no place for it")]
    NoPlace,
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error("cannot paint: {0}")]
    Paint(#[from] io::Error),
}

fn run(mut painter: Box<dyn Painter>, alarm: &Alarm, over: &AtomicBool) -> Result<(), Fault> {
    let session = Session::connect(None)?;
    let mut overlay = wayland::Overlay::new(session).ok_or(Fault::NoPlace)?;
    overlay.point_with(&arrow())?;
    overlay.session().ask()?;
    let mut size = (0, 0);
    let mut shown_at: Option<Instant> = None;
    let mut painted: Option<Pixels> = None;
    while !over.load(Ordering::Acquire) {
        let mut timeout = None;
        let wanted = overlay.filled_output();
        if wanted != overlay.shown_on() {
            painted = None;
            let waits = shown_at.map_or(Duration::ZERO, |at| PAUSE.saturating_sub(at.elapsed()));
            let width = wanted.and_then(|output| overlay.width_of(output));
            match wanted.zip(width) {
                Some(_) if !waits.is_zero() => timeout = Some(waits),
                Some((output, width)) => {
                    size = painter.size(width);
                    overlay.show(output, size);
                    shown_at = Some(Instant::now());
                }
                None => {
                    overlay.hide();
                    shown_at = None;
                }
            }
        }
        let acts: Vec<Act> = std::iter::from_fn(|| overlay.act()).map(act).collect();
        if let Some(scale) = overlay.scale() {
            let pixels = painter.paint(&acts, size, scale);
            // what looks as before would be seen as a change by whoever watches the screen
            if painted.as_ref() != Some(&pixels) {
                overlay.paint(&picture(&pixels))?;
                painted = Some(pixels);
            }
            let changes_in = painter.changes_in();
            timeout = timeout.into_iter().chain(changes_in).min();
        }
        overlay
            .session()
            .wait(|socket| alarm.wait(&socket, timeout))?;
        alarm.rang();
    }
    Ok(())
}

fn act(act: PointerAct) -> Act {
    match act {
        PointerAct::Moved { x, y } => Act::Moved { x, y },
        PointerAct::Gone => Act::Gone,
        PointerAct::Button { pressed } => Act::Button { pressed },
    }
}

fn picture(pixels: &Pixels) -> SurfacePicture {
    SurfacePicture {
        width: pixels.width,
        height: pixels.height,
        bytes: pixels.bytes.clone(),
    }
}

/// An arrow as every desktop has it: black with a white edge. The user's own theme would have to be read from files.
fn arrow() -> SurfacePicture {
    const ARROW: [&[u8]; 19] = [
        b"#...........",
        b"##..........",
        b"#o#.........",
        b"#oo#........",
        b"#ooo#.......",
        b"#oooo#......",
        b"#ooooo#.....",
        b"#oooooo#....",
        b"#ooooooo#...",
        b"#oooooooo#..",
        b"#ooooooooo#.",
        b"#oooooo#####",
        b"#ooo#oo#....",
        b"#oo##oo#....",
        b"#o#.#oo#....",
        b"##...#oo#...",
        b"#....#oo#...",
        b"......##....",
        b"............",
    ];
    let colour = |letter: &u8| -> [u8; 4] {
        match letter {
            b'#' => [0xff, 0xff, 0xff, 0xff],
            b'o' => [0, 0, 0, 0xff],
            _ => [0; 4],
        }
    };
    SurfacePicture {
        width: 12,
        height: 19,
        bytes: ARROW.concat().iter().flat_map(colour).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrow_has_as_many_pixels_as_it_says() {
        let SurfacePicture {
            width,
            height,
            bytes,
        } = arrow();
        assert_eq!(bytes.len(), (width * height * 4) as usize);
        assert_eq!(bytes[..4], [0xff; 4], "its tip");
    }
}
