//! Pictures to H.264.

use codec::PixelSize;
use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, QpRange,
    RateControlMode, SpsPpsStrategy, UsageType, VuiConfig,
};
use openh264::formats::YUVSource;
use yuv::{
    YuvChromaSubsampling, YuvConversionMode, YuvPlanarImageMut, YuvRange, YuvStandardMatrix,
};

use crate::canvas::Canvas;
use crate::h264::{Sample, without_start_code};

/// The encoder's quantiser: small text stays sharp. Up to two steps coarser where much of the
/// picture changed at once.
const QP: QpRange = QpRange::new(22, 24);
/// Never reached: it only keeps the encoder from choosing a level for tiny rates.
const BIT_RATE: BitRate = BitRate::from_bps(40_000_000);

/// A picture could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("the video encoder failed")]
    Encoder(#[from] openh264::Error),
    #[error("the colours of a picture cannot be converted")]
    Colours(#[from] yuv::YuvError),
}

/// Encodes the pictures of one film.
pub(crate) struct FilmEncoder {
    encoder: Encoder,
    picture: YuvPlanarImageMut<'static, u8>,
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
        let picture =
            YuvPlanarImageMut::alloc(size.width, size.height, YuvChromaSubsampling::Yuv420);
        Ok(Self { encoder, picture })
    }

    /// Takes over the picture on `canvas`, which has the encoder's size.
    pub(crate) fn take(&mut self, canvas: &Canvas) -> Result<(), EncodeError> {
        let stride = u32::try_from(canvas.stride()).expect("a row is far below 4 GB");
        yuv::bgra_to_yuv420(
            &mut self.picture,
            canvas.bytes(),
            stride,
            YuvRange::Limited,
            YuvStandardMatrix::Bt709,
            YuvConversionMode::Balanced,
        )?;
        Ok(())
    }

    /// Encodes the picture taken last, as a key picture if `is_key`.
    ///
    /// Returns `None` where the encoder says that nothing is to be shown.
    pub(crate) fn encode(&mut self, is_key: bool) -> Result<Option<Sample>, EncodeError> {
        if is_key {
            self.encoder.force_intra_frame();
        }
        let stream = self.encoder.encode(&Planes(&self.picture))?;
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
        let Self {
            encoder: _,
            picture,
        } = self;
        f.debug_struct("FilmEncoder")
            .field("width", &picture.width)
            .field("height", &picture.height)
            .finish_non_exhaustive()
    }
}

struct Planes<'a>(&'a YuvPlanarImageMut<'static, u8>);

impl YUVSource for Planes<'_> {
    fn dimensions(&self) -> (usize, usize) {
        (to_usize(self.0.width), to_usize(self.0.height))
    }

    fn strides(&self) -> (usize, usize, usize) {
        (
            to_usize(self.0.y_stride),
            to_usize(self.0.u_stride),
            to_usize(self.0.v_stride),
        )
    }

    fn y(&self) -> &[u8] {
        self.0.y_plane.borrow()
    }

    fn u(&self) -> &[u8] {
        self.0.u_plane.borrow()
    }

    fn v(&self) -> &[u8] {
        self.0.v_plane.borrow()
    }
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).expect("addresses have at least 32 bits")
}
