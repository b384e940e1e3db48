//! The parts of an H.264 stream that a container must know (ITU-T H.264 7.3.1, 7.4.1, annex B).

/// `nal_unit_type` of an instantaneous decoder refresh: a key picture.
const NAL_IDR: u8 = 5;
const NAL_SEQUENCE_PARAMETERS: u8 = 7;
const NAL_PICTURE_PARAMETERS: u8 = 8;

/// One encoded picture, in the shape in which MP4 holds it (ISO/IEC 14496-15 5.3.3): each NAL unit
/// behind its length, the parameter sets apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Four bytes of length (big endian) and the NAL unit, for each NAL unit of the picture.
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_key: bool,
    /// The sequence parameter set, where the picture came with one.
    pub(crate) sequence_parameters: Option<Vec<u8>>,
    /// The picture parameter set, where the picture came with one.
    pub(crate) picture_parameters: Option<Vec<u8>>,
}

impl Sample {
    /// Puts one NAL unit, without start code, to the others.
    pub(crate) fn push(&mut self, nal: &[u8]) {
        let Some(&header) = nal.first() else { return };
        match header & 0x1f {
            NAL_SEQUENCE_PARAMETERS => self.sequence_parameters = Some(nal.to_vec()),
            NAL_PICTURE_PARAMETERS => self.picture_parameters = Some(nal.to_vec()),
            nal_type => {
                self.is_key |= nal_type == NAL_IDR;
                let len = u32::try_from(nal.len()).expect("a picture is smaller than 4 GB");
                self.bytes.extend_from_slice(&len.to_be_bytes());
                self.bytes.extend_from_slice(nal);
            }
        }
    }
}

/// The NAL unit behind its annex B start code (00 00 01 or 00 00 00 01).
pub(crate) fn without_start_code(nal: &[u8]) -> &[u8] {
    nal.strip_prefix(&[0, 0, 0, 1])
        .or_else(|| nal.strip_prefix(&[0, 0, 1]))
        .unwrap_or(nal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_are_kept_apart_and_pictures_get_lengths() {
        let mut sample = Sample::default();
        for nal in [
            &[0, 0, 0, 1, 0x67, 1][..],
            &[0, 0, 0, 1, 0x68, 2],
            &[0, 0, 1, 0x65, 3, 4],
            &[],
        ] {
            sample.push(without_start_code(nal));
        }
        assert_eq!(sample.bytes, [0, 0, 0, 3, 0x65, 3, 4]);
        assert_eq!(sample.sequence_parameters, Some(vec![0x67, 1]));
        assert_eq!(sample.picture_parameters, Some(vec![0x68, 2]));
        assert!(sample.is_key);
    }
}
