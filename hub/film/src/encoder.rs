//! Pictures to H.264.

use codec::{Picture, PixelSize, VideoColours, Yuv420};
use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, QpRange,
    RateControlMode, SpsPpsStrategy, UsageType, VuiConfig,
};
use openh264::formats::YUVSource;

use crate::h264::{Sample, without_start_code};

/// The encoder's quantiser: small text stays sharp. Up to two steps coarser where much of the
/// picture changed at once.
const QP: QpRange = QpRange::new(22, 24);
/// Never reached: it only keeps the encoder from choosing a level for tiny rates.
const BIT_RATE: BitRate = BitRate::from_bps(40_000_000);

/// A picture could not be encoded.
#[derive(Debug, thiserror::Error)]
#[error("the video encoder failed")]
pub struct EncodeError(#[from] openh264::Error);

/// Encodes the pictures of one film.
pub(crate) struct FilmEncoder {
    encoder: Encoder,
    planes: Yuv420,
}

impl FilmEncoder {
    /// Encodes pictures of `size` (even sides), at most `fps_max` a second.
    pub(crate) fn new(size: PixelSize, fps_max: u32) -> Result<Self, EncodeError> {
        // The buffer-based mode is the one that keeps the quantiser at its lower bound: this
        // program never reports a full buffer. "Off" would fix it at 26.
        let config = EncoderConfig::new()
            .usage_type(UsageType::ScreenContentRealTime)
            .rate_control_mode(RateControlMode::Bufferbased)
            .qp(QP)
            .bitrate(BIT_RATE)
            .max_frame_rate(FrameRate::from_hz(f32::from(
                u8::try_from(fps_max).unwrap_or(60),
            )))
            .skip_frames(false)
            .sps_pps_strategy(SpsPpsStrategy::ConstantId)
            // key pictures are asked for by time, not by count
            .intra_frame_period(IntraFramePeriod::auto())
            .adaptive_quantization(false)
            .background_detection(false)
            .num_threads(1)
            .vui(VuiConfig::bt709());
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config)?;
        let planes = Yuv420::new(size, VideoColours::Film);
        Ok(Self { encoder, planes })
    }

    /// Takes over `picture`, which has the encoder's size.
    pub(crate) fn take(&mut self, picture: &Picture) {
        self.planes.take(picture, picture.size().rect());
    }

    /// Encodes the picture taken last, as a key picture if `is_key`.
    ///
    /// Returns `None` where the encoder says that nothing is to be shown.
    pub(crate) fn encode(&mut self, is_key: bool) -> Result<Option<Sample>, EncodeError> {
        if is_key {
            self.encoder.force_intra_frame();
        }
        let stream = self.encoder.encode(&Source(&self.planes))?;
        if matches!(stream.frame_type(), FrameType::Skip | FrameType::Invalid) {
            return Ok(None);
        }
        let mut sample = Sample::default();
        for layer in (0..stream.num_layers()).filter_map(|index| stream.layer(index)) {
            for nal in (0..layer.nal_count()).filter_map(|index| layer.nal_unit(index)) {
                sample.push(without_start_code(nal));
            }
        }
        Ok((!sample.bytes.is_empty()).then_some(sample))
    }
}

impl std::fmt::Debug for FilmEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { encoder: _, planes } = self;
        f.debug_struct("FilmEncoder")
            .field("size", &planes.size())
            .finish_non_exhaustive()
    }
}

struct Source<'a>(&'a Yuv420);

impl YUVSource for Source<'_> {
    fn dimensions(&self) -> (usize, usize) {
        let PixelSize { width, height } = self.0.size();
        (to_usize(width), to_usize(height))
    }

    fn strides(&self) -> (usize, usize, usize) {
        let (width, _) = self.dimensions();
        (width, width / 2, width / 2)
    }

    fn y(&self) -> &[u8] {
        self.0.luma()
    }

    fn u(&self) -> &[u8] {
        self.0.blue()
    }

    fn v(&self) -> &[u8] {
        self.0.red()
    }
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).expect("addresses have at least 32 bits")
}
