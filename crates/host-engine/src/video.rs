//! The thread that encodes the pictures of a video. The capture thread goes on meanwhile, so that what a key
//! changes does not stand behind them.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use capture::CaptureWaker;
use codec::{MadeVideo, VideoJob};

/// Pictures that may wait: one, and those of beginnings that came meanwhile.
const MOST_WAITING: usize = 4;

/// A picture, and how long it took to encode.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) video: MadeVideo,
    pub(crate) took: Duration,
}

/// The thread is gone, which it never is by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing encodes videos any more")]
pub(crate) struct Gone;

/// Drop ends the thread and waits for the picture that it has in hand.
#[derive(Debug)]
pub(crate) struct VideoMaker {
    jobs: Option<SyncSender<VideoJob>>,
    made: Receiver<Made>,
    thread: Option<JoinHandle<()>>,
}

impl VideoMaker {
    /// Starts the thread; it calls `waker` after each picture.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(crate) fn start(waker: CaptureWaker) -> io::Result<Self> {
        let (jobs, to_make) = sync_channel::<VideoJob>(MOST_WAITING);
        let (done, made) = sync_channel(MOST_WAITING);
        let thread = Builder::new().name("video".to_owned()).spawn(move || {
            urgency::ordinary();
            while let Ok(job) = to_make.recv() {
                let begun = Instant::now();
                let video = job.run();
                let took = begun.elapsed();
                if done.send(Made { video, took }).is_err() {
                    return;
                }
                waker.wake();
            }
        })?;
        Ok(Self {
            jobs: Some(jobs),
            made,
            thread: Some(thread),
        })
    }

    /// Has a picture made; blocks only where more wait than ever do.
    pub(crate) fn make(&self, job: VideoJob) {
        let is_sent = self
            .jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        if !is_sent {
            // `made` says so
            tracing::debug!("Nothing encodes videos any more");
        }
    }

    /// A picture that is ready, if there is one; never blocks.
    ///
    /// # Errors
    ///
    /// If the thread is gone.
    pub(crate) fn made(&self) -> Result<Option<Made>, Gone> {
        match self.made.try_recv() {
            Ok(made) => Ok(Some(made)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Gone),
        }
    }
}

impl Drop for VideoMaker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread that encodes videos panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize};

    use super::*;

    /// The first picture of a video that goes on for a while.
    fn job() -> (Encoder, VideoJob) {
        let size = PixelSize::new(256, 192);
        let mut encoder = Encoder::new(Level::True);
        encoder.defer_video();
        let mut picture = Picture::new(size);
        for at in 0..30_u32 {
            for y in 0..size.height {
                for (x, pixel) in (0..).zip(picture.row_mut(y)) {
                    *pixel = (x * 3 + y * 5 + at * 31) % 251 * 0x01_0101;
                }
            }
            let now = Duration::from_millis(33) * at;
            let whole = [size.rect()];
            encoder.encode(&picture, DamageHint::Rects(&whole), now, Line::WIDE);
            if let Some(job) = encoder.begin_video(&picture) {
                return (encoder, job);
            }
        }
        unreachable!("nothing but natural pictures, one after the other")
    }

    #[test]
    fn a_picture_is_made_on_another_thread_which_wakes_whoever_waits_for_it() {
        let (woken, wakes) = sync_channel(MOST_WAITING);
        let waker = CaptureWaker::new(move || {
            // nobody may look any more
            woken.send(std::thread::current().id()).ok();
        });
        let maker = VideoMaker::start(waker).expect("a thread");
        assert!(matches!(maker.made(), Ok(None)));
        let (mut encoder, job) = job();
        maker.make(job);
        let maker_thread = wakes.recv().expect("it wakes");
        assert_ne!(maker_thread, std::thread::current().id());
        let made = maker.made().expect("it runs").expect("what it woke for");
        assert!(encoder.end_video(made.video).is_some());
        assert!(matches!(maker.made(), Ok(None)));
    }

    #[test]
    fn its_end_waits_for_the_picture_in_hand() {
        let (woken, wakes) = sync_channel(MOST_WAITING);
        let waker = CaptureWaker::new(move || {
            woken.send(()).ok();
        });
        let maker = VideoMaker::start(waker).expect("a thread");
        maker.make(job().1);
        drop(maker);
        // the waker is gone with the thread, whether or not the picture was still asked for
        assert!(wakes.try_iter().count() <= 1);
        assert!(wakes.recv().is_err());
    }
}
