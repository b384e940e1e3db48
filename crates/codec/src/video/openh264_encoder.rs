//! The H.264 encoder library, set up for pictures that must be encoded quickly.
//!
//! It is used directly because the safe wrapper offers neither a bit rate that changes nor a picture
//! without deblocking, which is a sixth of the work here and more of the viewer's.

#![expect(unsafe_code, reason = "the library is C++")]

use std::ptr::{NonNull, null_mut};
use std::time::Duration;

use openh264_sys2 as sys;
use sys::source::APILoader;

use super::VideoError;
use crate::geometry::PixelSize;

/// Only the level in the parameter set depends on it, in bits per second.
const LEVEL_BIT_RATE: i32 = 40_000_000;

/// An initialised encoder of pictures of one size.
pub(super) struct RawEncoder {
    encoder: NonNull<sys::ISVCEncoder>,
    size: PixelSize,
}

// SAFETY: the library keeps no state of a thread, and the pointer has one owner.
unsafe impl Send for RawEncoder {}

/// Planes to encode: whole rows without gaps, chroma halved both ways.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) luma: &'a [u8],
    pub(super) blue: &'a [u8],
    pub(super) red: &'a [u8],
}

fn check(what: &'static str, code: i32) -> Result<(), VideoError> {
    if code == 0 {
        Ok(())
    } else {
        Err(VideoError::Encoder { what, code })
    }
}

impl RawEncoder {
    /// `size` has even sides of at least 16; `quantiser` is 0 (finest) to 51.
    pub(super) fn new(size: PixelSize, quantiser: i32) -> Result<Self, VideoError> {
        let mut pointer = null_mut();
        // SAFETY: the library writes a pointer to where it is told to.
        check("create", unsafe {
            APILoader::WelsCreateSVCEncoder(&raw mut pointer)
        })?;
        let encoder = NonNull::new(pointer).ok_or(VideoError::Encoder {
            what: "create",
            code: 0,
        })?;
        let this = Self { encoder, size };
        let mut silent = sys::WELS_LOG_QUIET;
        this.set(sys::ENCODER_OPTION_TRACE_LEVEL, &mut silent)?;
        let mut parameters = sys::SEncParamExt::default();
        let get_default = this.table().GetDefaultParams.expect("it is always there");
        // SAFETY: the encoder lives, and the library fills in the structure.
        check("defaults", unsafe {
            get_default(this.encoder.as_ptr(), &raw mut parameters)
        })?;
        this.choose(&mut parameters, quantiser);
        let initialize = this.table().InitializeExt.expect("it is always there");
        // SAFETY: the encoder lives, and the library only reads the structure.
        check("initialise", unsafe {
            initialize(this.encoder.as_ptr(), &raw const parameters)
        })?;
        Ok(this)
    }

    fn choose(&self, parameters: &mut sys::SEncParamExt, quantiser: i32) {
        let width = self.size.width.cast_signed();
        let height = self.size.height.cast_signed();
        let rate = 30.0;
        parameters.iUsageType = sys::CAMERA_VIDEO_REAL_TIME;
        parameters.iComplexityMode = sys::LOW_COMPLEXITY;
        parameters.iPicWidth = width;
        parameters.iPicHeight = height;
        parameters.fMaxFrameRate = rate;
        parameters.iTargetBitrate = LEVEL_BIT_RATE;
        // The library's own rate control misses low rates several times over unless it may leave
        // out pictures.
        parameters.iRCMode = sys::RC_OFF_MODE;
        parameters.bEnableFrameSkip = false;
        parameters.iMinQp = 0;
        parameters.iMaxQp = 51;
        parameters.iSpatialLayerNum = 1;
        parameters.iTemporalLayerNum = 1;
        parameters.uiIntraPeriod = 0;
        parameters.iNumRefFrame = 1;
        parameters.eSpsPpsIdStrategy = sys::CONSTANT_ID;
        parameters.iEntropyCodingModeFlag = 0;
        parameters.iMultipleThreadIdc = 1;
        parameters.iLoopFilterDisableIdc = 1;
        parameters.bEnableLongTermReference = false;
        parameters.bEnableDenoise = false;
        parameters.bEnableBackgroundDetection = false;
        parameters.bEnableAdaptiveQuant = false;
        parameters.bEnableSceneChangeDetect = false;
        let layer = &mut parameters.sSpatialLayers[0];
        layer.iVideoWidth = width;
        layer.iVideoHeight = height;
        layer.fFrameRate = rate;
        layer.iSpatialBitrate = LEVEL_BIT_RATE;
        layer.iMaxSpatialBitrate = 0; // none
        layer.iDLayerQp = quantiser;
        layer.uiProfileIdc = sys::PRO_BASELINE;
        layer.sSliceArgument.uiSliceMode = sys::SM_SINGLE_SLICE;
        layer.sSliceArgument.uiSliceNum = 1;
    }

    fn table(&self) -> &sys::ISVCEncoderVtbl {
        // SAFETY: the pointer came from the library and lives as long as `self`.
        let table = unsafe { *self.encoder.as_ptr() };
        // SAFETY: every encoder of the library has this table, which is static.
        unsafe { &*table }
    }

    fn set<T>(&self, option: sys::ENCODER_OPTION, value: &mut T) -> Result<(), VideoError> {
        let set = self.table().SetOption.expect("it is always there");
        // SAFETY: the encoder lives, and callers pass the type that belongs to the option.
        check("set an option", unsafe {
            set(self.encoder.as_ptr(), option, (&raw mut *value).cast())
        })
    }

    /// From the next picture on, encodes with `quantiser`, 0 (finest) to 51.
    pub(super) fn set_quantiser(&mut self, quantiser: i32) -> Result<(), VideoError> {
        let mut parameters = sys::SEncParamExt::default();
        let get = self.table().GetOption.expect("it is always there");
        let option = sys::ENCODER_OPTION_SVC_ENCODE_PARAM_EXT;
        // SAFETY: the encoder lives, and the structure is the one that belongs to the option.
        check("get the parameters", unsafe {
            get(self.encoder.as_ptr(), option, (&raw mut parameters).cast())
        })?;
        parameters.sSpatialLayers[0].iDLayerQp = quantiser;
        self.set(option, &mut parameters)
    }

    /// Makes the next picture an IDR with parameter sets.
    #[cfg(test)]
    pub(super) fn force_key(&mut self) -> Result<(), VideoError> {
        let force = self.table().ForceIntraFrame.expect("it is always there");
        // SAFETY: the encoder lives.
        check("force a key picture", unsafe {
            force(self.encoder.as_ptr(), true)
        })
    }

    /// One picture; empty where the library left it out.
    pub(super) fn encode(
        &mut self,
        source: Source<'_>,
        now: Duration,
    ) -> Result<Vec<u8>, VideoError> {
        let area = self.size.width as usize * self.size.height as usize;
        let quarter = area / 4;
        assert!(
            source.luma.len() >= area
                && source.blue.len() >= quarter
                && source.red.len() >= quarter,
            "planes smaller than the picture"
        );
        let width = self.size.width.cast_signed();
        let picture = sys::SSourcePicture {
            iColorFormat: sys::videoFormatI420,
            iStride: [width, width / 2, width / 2, 0],
            // the library only reads them
            pData: [
                source.luma.as_ptr().cast_mut(),
                source.blue.as_ptr().cast_mut(),
                source.red.as_ptr().cast_mut(),
                null_mut(),
            ],
            iPicWidth: width,
            iPicHeight: self.size.height.cast_signed(),
            uiTimeStamp: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
            ..Default::default()
        };
        let mut output = sys::SFrameBSInfo::default();
        let encode = self.table().EncodeFrame.expect("it is always there");
        // SAFETY: the encoder lives, the planes are as large as stated, and the output is its own.
        check("encode", unsafe {
            encode(self.encoder.as_ptr(), &raw const picture, &raw mut output)
        })?;
        let mut bytes = Vec::new();
        let layers = usize::try_from(output.iLayerNum).unwrap_or(0);
        for layer in output.sLayerInfo.iter().take(layers) {
            let count = usize::try_from(layer.iNalCount).unwrap_or(0);
            if count == 0 {
                continue;
            }
            // SAFETY: the library states the length of each unit of the layer there.
            let lengths = unsafe { std::slice::from_raw_parts(layer.pNalLengthInByte, count) };
            let length = lengths
                .iter()
                .map(|&length| usize::try_from(length).unwrap_or(0))
                .sum();
            // SAFETY: the units of a layer lie one behind the other, until the next picture.
            bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(layer.pBsBuf, length) });
        }
        Ok(bytes)
    }
}

impl Drop for RawEncoder {
    fn drop(&mut self) {
        if let Some(uninitialize) = self.table().Uninitialize {
            // SAFETY: the encoder lives; the call does nothing if it was not initialised.
            unsafe { uninitialize(self.encoder.as_ptr()) };
        }
        // SAFETY: nobody else has the pointer.
        unsafe { APILoader::WelsDestroySVCEncoder(self.encoder.as_ptr()) };
    }
}
