//! The pictures that `ScreenCaptureKit` gives, without foreign objects.
#![expect(unsafe_code, reason = "macOS' own functions are foreign ones")]

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use block2::RcBlock;
use dispatch2::DispatchQueue;
use objc2::rc::Retained;
use objc2::runtime::{NSObjectProtocol, ProtocolObject};
use objc2::{AllocAnyThread as _, DefinedClass as _, define_class, msg_send};
use objc2_core_foundation::CFRetained;
use objc2_core_graphics::kCGColorSpaceSRGB;
use objc2_core_media::{CMSampleBuffer, CMTime};
use objc2_core_video::{
    CVPixelBuffer, CVPixelBufferGetBaseAddress, CVPixelBufferGetBytesPerRow,
    CVPixelBufferGetHeight, CVPixelBufferGetWidth, CVPixelBufferLockBaseAddress,
    CVPixelBufferLockFlags, CVPixelBufferUnlockBaseAddress, kCVPixelFormatType_32BGRA,
    kCVReturnSuccess,
};
use objc2_foundation::{NSArray, NSError, NSObject};
use objc2_screen_capture_kit::{
    SCContentFilter, SCDisplay, SCShareableContent, SCStream, SCStreamConfiguration,
    SCStreamDelegate, SCStreamOutput, SCStreamOutputType,
};

/// How long macOS may take to name its displays, or to start a stream.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pictures of one second at most.
const MOST_PER_SECOND: i32 = 60;
/// Pictures that macOS may hold ready: the one that is read, the newest, and the next.
const PICTURES: isize = 3;

/// A picture of a display.
#[derive(Debug)]
struct Frame(CFRetained<CVPixelBuffer>);

// SAFETY: a pixel buffer is counted across threads, and read by one at a time: whoever has taken it.
unsafe impl Send for Frame {}

impl Frame {
    /// Calls `row` with the number of each row and its pixels, as `0xAARRGGBB`.
    fn read(&self, mut row: impl FnMut(usize, &[[u8; 4]])) -> io::Result<()> {
        let Self(pixels) = self;
        // SAFETY: it is unlocked below, with the same flags.
        let locked =
            unsafe { CVPixelBufferLockBaseAddress(pixels, CVPixelBufferLockFlags::ReadOnly) };
        if locked != kCVReturnSuccess {
            return Err(io::Error::other(format!("CVReturn {locked}")));
        }
        let (width, height) = (
            CVPixelBufferGetWidth(pixels),
            CVPixelBufferGetHeight(pixels),
        );
        let (stride, start) = (
            CVPixelBufferGetBytesPerRow(pixels),
            CVPixelBufferGetBaseAddress(pixels),
        );
        if !start.is_null() && stride > 0 && stride >= width * 4 {
            // SAFETY: while it is locked there are `height` rows of `stride` bytes from `start` on, and nobody writes
            // to them.
            let bytes = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), stride * height) };
            for (y, bytes) in bytes.chunks_exact(stride).enumerate() {
                row(y, bytes[..width * 4].as_chunks::<4>().0);
            }
        }
        // SAFETY: it was locked with these flags.
        unsafe { CVPixelBufferUnlockBaseAddress(pixels, CVPixelBufferLockFlags::ReadOnly) };
        Ok(())
    }
}

/// What macOS calls with the pictures of a stream.
#[derive(Debug)]
struct Heard {
    newest: Mutex<Option<Frame>>,
    /// Told of each picture, and of the end.
    news: SyncSender<()>,
    ended: Mutex<Option<String>>,
}

impl Heard {
    fn tell(&self) {
        // A full channel wakes already.
        self.news.try_send(()).ok();
    }
}

define_class!(
    // SAFETY: NSObject wants nothing of its subclasses, and this one has no destructor.
    #[unsafe(super(NSObject))]
    #[name = "PureHelpDeskPictures"]
    #[ivars = Arc<Heard>]
    struct Pictures;

    // SAFETY: it adds nothing.
    unsafe impl NSObjectProtocol for Pictures {}

    // SAFETY: the method is the protocol's.
    unsafe impl SCStreamOutput for Pictures {
        #[unsafe(method(stream:didOutputSampleBuffer:ofType:))]
        fn output(&self, _stream: &SCStream, sample: &CMSampleBuffer, of: SCStreamOutputType) {
            if of != SCStreamOutputType::Screen {
                return;
            }
            // SAFETY: the sample lives for the time of this call, and the picture is counted.
            let pixels = unsafe { sample.image_buffer() };
            // one that says that nothing has changed has none
            if let Some(pixels) = pixels {
                let mut newest = lock(&self.ivars().newest);
                *newest = Some(Frame(pixels));
                drop(newest);
                self.ivars().tell();
            }
        }
    }

    // SAFETY: the method is the protocol's.
    unsafe impl SCStreamDelegate for Pictures {
        #[unsafe(method(stream:didStopWithError:))]
        fn stopped(&self, _stream: &SCStream, error: &NSError) {
            *lock(&self.ivars().ended) = Some(error.localizedDescription().to_string());
            self.ivars().tell();
        }
    }
);

impl Pictures {
    fn new(heard: Arc<Heard>) -> Retained<Self> {
        let this = Self::alloc().set_ivars(heard);
        // SAFETY: it is NSObject's own.
        unsafe { msg_send![super(this), init] }
    }
}

/// The pictures of one display, as long as it lives.
pub(super) struct Stream {
    running: Retained<SCStream>,
    _pictures: Retained<Pictures>,
    heard: Arc<Heard>,
}

// SAFETY: a stream is told things from any thread, and its pictures come on a queue of its own; of both there is
// only this one owner.
unsafe impl Send for Stream {}

impl Stream {
    /// Starts to take pictures of a display, `width` x `height` pixels large; `news` is told of each.
    ///
    /// # Errors
    ///
    /// That there is no such display, or macOS refuses.
    pub(super) fn start(
        id: u32,
        (width, height): (usize, usize),
        news: SyncSender<()>,
    ) -> io::Result<Self> {
        let display = shareable(id)?;
        let heard = Arc::new(Heard {
            newest: Mutex::default(),
            news,
            ended: Mutex::default(),
        });
        let pictures = Pictures::new(Arc::clone(&heard));
        let stream = stream_of(&display.0, (width, height), &pictures);
        let queue = DispatchQueue::new("pure-help-desk.pictures", None);
        // SAFETY: a serial queue of its own, so that one picture comes after the other.
        let added = unsafe {
            stream.addStreamOutput_type_sampleHandlerQueue_error(
                ProtocolObject::from_ref(&*pictures),
                SCStreamOutputType::Screen,
                Some(&queue),
            )
        };
        added.map_err(|error| said(&error))?;
        let (started, when_started) = sync_channel(1);
        let started = RcBlock::new(move |error: *mut NSError| {
            // SAFETY: null, or an error that lives for the time of this call.
            let error = unsafe { error.as_ref() };
            started
                .try_send(error.map_or(Ok(()), |error| Err(said(error))))
                .ok();
        });
        // SAFETY: the block is counted, and called once.
        unsafe { stream.startCaptureWithCompletionHandler(Some(&started)) };
        let started = when_started.recv_timeout(PATIENCE);
        started.map_err(io::Error::other)??;
        Ok(Self {
            running: stream,
            _pictures: pictures,
            heard,
        })
    }

    /// Calls `row` with each row of the newest picture, if one has come since the last call; whether that was so.
    ///
    /// # Errors
    ///
    /// That the stream has ended, or the picture cannot be read.
    pub(super) fn take(&self, row: impl FnMut(usize, &[[u8; 4]])) -> io::Result<bool> {
        if let Some(reason) = lock(&self.heard.ended).clone() {
            return Err(io::Error::other(reason));
        }
        let newest = lock(&self.heard.newest).take();
        newest.map_or(Ok(false), |frame| frame.read(row).map(|()| true))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: nobody waits for it; the stream lives until it has stopped.
        unsafe { self.running.stopCaptureWithCompletionHandler(None) };
    }
}

/// A stream that is not started yet.
#[expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "setters of one object, one after the other"
)]
fn stream_of(
    display: &SCDisplay,
    (width, height): (usize, usize),
    pictures: &Pictures,
) -> Retained<SCStream> {
    // SAFETY: all of it are plain setters and initialisers, called with objects of the types that they want.
    unsafe {
        let filter = SCContentFilter::initWithDisplay_excludingWindows(
            SCContentFilter::alloc(),
            display,
            &NSArray::new(),
        );
        let wanted = SCStreamConfiguration::new();
        wanted.setWidth(width);
        wanted.setHeight(height);
        wanted.setPixelFormat(kCVPixelFormatType_32BGRA);
        wanted.setColorSpaceName(kCGColorSpaceSRGB);
        wanted.setShowsCursor(true);
        wanted.setQueueDepth(PICTURES);
        wanted.setMinimumFrameInterval(CMTime::new(1, MOST_PER_SECOND));
        SCStream::initWithFilter_configuration_delegate(
            SCStream::alloc(),
            &filter,
            &wanted,
            Some(ProtocolObject::from_ref(pictures)),
        )
    }
}

/// What macOS gives to another thread.
struct Given<T>(T);

// SAFETY: made for objects that are counted across threads and that nobody else holds.
unsafe impl Send for Given<Retained<SCDisplay>> {}

/// The display of this number, as one that may be shared.
fn shareable(id: u32) -> io::Result<Given<Retained<SCDisplay>>> {
    let (found, when_found) = sync_channel(1);
    let named = RcBlock::new(
        move |content: *mut SCShareableContent, error: *mut NSError| {
            // SAFETY: null, or an object that lives for the time of this call.
            let content = unsafe { content.as_ref() };
            // SAFETY: the same.
            let error = unsafe { error.as_ref() };
            let answer = match (content, error) {
                (Some(content), _) => {
                    // SAFETY: a list that is counted.
                    let displays = unsafe { content.displays() };
                    // SAFETY: it only reads a number.
                    let mut displays = displays.iter().filter(|it| unsafe { it.displayID() } == id);
                    let display = displays.next().map(Given);
                    display.ok_or_else(|| io::ErrorKind::NotFound.into())
                }
                (None, Some(error)) => Err(said(error)),
                (None, None) => Err(io::ErrorKind::Other.into()),
            };
            found.try_send(answer).ok();
        },
    );
    // SAFETY: the block is counted, and called once.
    unsafe { SCShareableContent::getShareableContentWithCompletionHandler(&named) };
    when_found
        .recv_timeout(PATIENCE)
        .map_err(io::Error::other)?
}

fn said(error: &NSError) -> io::Error {
    io::Error::other(error.localizedDescription().to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
