//! Writes MP4 files with one H.264 track.
//!
//! Boxes and their fields are those of ISO/IEC 14496-12 (cited by clause) and, inside `avc1`, of
//! ISO/IEC 14496-15. The index (`moov`) stands in front of the pictures, so that a player can begin
//! before it has the whole file.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::h264::Sample;

/// Time units a second: times in this module are milliseconds.
const TIMESCALE: u32 = 1000;
/// Seconds from 1904-01-01, where the times in MP4 begin, to 1970-01-01.
const EPOCH_1904_SECONDS: i64 = 2_082_844_800;
/// The identity matrix of 6.2.2, as 16.16 and (last column) 2.30 fixed point numbers.
const UNITY_MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
const TRACK_ID: u32 = 1;

/// What is known of a film before its first picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Track {
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// When the session started, in seconds since the Unix epoch.
    pub(crate) created_unix_seconds: i64,
}

/// Collects pictures in a nameless temporary file until the index that stands in front of them is
/// complete.
#[derive(Debug)]
pub(crate) struct Mp4Writer {
    track: Track,
    pictures: BufWriter<File>,
    table: Table,
    parameters: Option<(Vec<u8>, Vec<u8>)>,
}

/// What the boxes below `stbl` say of the pictures.
#[derive(Debug, Default)]
struct Table {
    sizes: Vec<u32>,
    /// Runs of pictures of equal duration: how many, how long.
    durations: Vec<(u32, u32)>,
    /// Numbers of the key pictures, from 1.
    keys: Vec<u32>,
    /// A chunk begins at each key picture: where (from the first picture's first byte), and with
    /// which picture (from 0).
    chunks: Vec<(u64, usize)>,
    bytes: u64,
    last_start: Option<u64>,
    duration: u64,
}

impl Mp4Writer {
    /// Keeps the pictures in a file without a name in `folder` until [`Self::finish`].
    pub(crate) fn new(track: Track, folder: &Path) -> io::Result<Self> {
        Ok(Self {
            track,
            pictures: BufWriter::new(tempfile::tempfile_in(folder)?),
            table: Table::default(),
            parameters: None,
        })
    }

    /// Adds the picture that is shown from `start_millis` on; later than the one before.
    pub(crate) fn add(&mut self, start_millis: u64, sample: &Sample) -> io::Result<()> {
        if let (None, Some(sequence), Some(picture)) = (
            &self.parameters,
            &sample.sequence_parameters,
            &sample.picture_parameters,
        ) {
            self.parameters = Some((sequence.clone(), picture.clone()));
        }
        self.table.add(start_millis, sample);
        self.pictures.write_all(&sample.bytes)
    }

    /// Writes the whole film to `out`. The last picture stands until `end_millis`.
    ///
    /// Returns the bytes written.
    pub(crate) fn finish(mut self, end_millis: u64, mut out: &File) -> io::Result<u64> {
        self.table.end(end_millis);
        let Some((sequence_parameters, picture_parameters)) = &self.parameters else {
            return Err(io::Error::other("the film has no picture"));
        };
        let avc = avc_configuration(sequence_parameters, picture_parameters)?;
        let ftyp = file_type();
        let mdat = media_data_header(self.table.bytes);
        // the offsets inside `moov` depend on its length, its length on their width alone
        let length_of_moov = movie(self.track, &self.table, &avc, 0).len();
        let before_pictures = u64_len(ftyp.len() + length_of_moov + mdat.len());
        let moov = movie(self.track, &self.table, &avc, before_pictures);

        let mut pictures = self.pictures.into_inner().map_err(io::Error::from)?;
        pictures.rewind()?;
        for part in [&ftyp, &moov, &mdat] {
            out.write_all(part)?;
        }
        let copied = io::copy(&mut pictures.take(self.table.bytes), &mut out)?;
        if copied != self.table.bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(before_pictures + copied)
    }
}

impl Table {
    fn add(&mut self, start: u64, sample: &Sample) {
        self.end(start);
        // the first picture stands from the beginning
        let first = self.sizes.is_empty();
        self.last_start = Some(if first { 0 } else { start });
        if sample.is_key || self.chunks.is_empty() {
            self.chunks.push((self.bytes, self.sizes.len()));
        }
        let size = u32::try_from(sample.bytes.len()).expect("a picture is smaller than 4 GB");
        self.sizes.push(size);
        self.bytes += u64::from(size);
        if sample.is_key {
            self.keys.push(count(self.sizes.len()));
        }
    }

    /// The last picture added stands until `end`.
    fn end(&mut self, end: u64) {
        let Some(start) = self.last_start.take() else {
            return;
        };
        // 49 days; the films made here are shorter
        let duration = u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX);
        self.duration += u64::from(duration);
        match self.durations.last_mut() {
            Some((run, of)) if *of == duration => *run += 1,
            _ => self.durations.push((1, duration)),
        }
    }

    /// Runs of chunks that hold equally many pictures: the first one (from 1), how many pictures.
    fn chunk_runs(&self) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for (index, &(_, first)) in self.chunks.iter().enumerate() {
            let next = self
                .chunks
                .get(index + 1)
                .map_or(self.sizes.len(), |&(_, next)| next);
            let pictures = count(next - first);
            if runs.last().is_none_or(|&(_, of)| of != pictures) {
                runs.push((count(index + 1), pictures));
            }
        }
        runs
    }
}

/// `ftyp` (4.3): which readers can read this.
fn file_type() -> Vec<u8> {
    boxed(*b"ftyp", |b| {
        b.extend(b"isom");
        b.u32(0x200);
        b.extend(b"isomiso2avc1mp41");
    })
}

/// The header of `mdat` (8.1.1) in front of `bytes` bytes of pictures.
fn media_data_header(bytes: u64) -> Vec<u8> {
    let mut header = Vec::new();
    match u32::try_from(bytes + 8) {
        Ok(size) => {
            header.u32(size);
            header.extend(b"mdat");
        }
        // a size of 1 says that the real size follows with 64 bits (4.2)
        Err(_too_large_for_32_bits) => {
            header.u32(1);
            header.extend(b"mdat");
            header.u64(bytes + 16);
        }
    }
    header
}

/// `moov` (8.2.1): the index. `pictures_at` is the place of the first picture in the file.
fn movie(track: Track, table: &Table, avc: &[u8], pictures_at: u64) -> Vec<u8> {
    let created = u64::try_from(
        track
            .created_unix_seconds
            .saturating_add(EPOCH_1904_SECONDS),
    );
    let created = created.unwrap_or(0);
    boxed(*b"moov", |b| {
        // 8.2.2
        b.full(*b"mvhd", 1, 0, |b| {
            b.u64(created);
            b.u64(created);
            b.u32(TIMESCALE);
            b.u64(table.duration);
            b.u32(0x1_0000); // plays at its own speed
            b.u16(0x100); // full volume
            b.zeros(10);
            b.matrix();
            b.zeros(24);
            b.u32(TRACK_ID + 1);
        });
        b.child(*b"trak", |b| {
            // 8.3.2; the flags: enabled, in movie, in preview
            b.full(*b"tkhd", 1, 7, |b| {
                b.u64(created);
                b.u64(created);
                b.u32(TRACK_ID);
                b.zeros(4);
                b.u64(table.duration);
                b.zeros(16);
                b.matrix();
                b.u32(u32::from(track.width) << 16);
                b.u32(u32::from(track.height) << 16);
            });
            b.child(*b"mdia", |b| {
                // 8.4.2; "und" as three letters of five bits each
                b.full(*b"mdhd", 1, 0, |b| {
                    b.u64(created);
                    b.u64(created);
                    b.u32(TIMESCALE);
                    b.u64(table.duration);
                    b.u16(0x55c4);
                    b.zeros(2);
                });
                // 8.4.3
                b.full(*b"hdlr", 0, 0, |b| {
                    b.zeros(4);
                    b.extend(b"vide");
                    b.zeros(12);
                    b.extend(b"Screen\0");
                });
                b.child(*b"minf", |b| {
                    // 12.1.2
                    b.full(*b"vmhd", 0, 1, |b| b.zeros(8));
                    // 8.7.1, 8.7.2; the flag: the pictures are in this file
                    b.child(*b"dinf", |b| {
                        b.full(*b"dref", 0, 0, |b| {
                            b.u32(1);
                            b.full(*b"url ", 0, 1, |_| ());
                        });
                    });
                    b.child(*b"stbl", |b| {
                        sample_description(b, track, avc);
                        sample_tables(b, table, pictures_at);
                    });
                });
            });
        });
    })
}

/// `stsd` (8.5.2) with one visual sample entry (12.1.3).
fn sample_description(b: &mut Vec<u8>, track: Track, avc: &[u8]) {
    b.full(*b"stsd", 0, 0, |b| {
        b.u32(1);
        b.child(*b"avc1", |b| {
            b.zeros(6);
            b.u16(1); // the first entry of `dref`
            b.zeros(16);
            b.u16(track.width);
            b.u16(track.height);
            b.u32(0x48_0000); // 72 dpi, as every file says
            b.u32(0x48_0000);
            b.zeros(4);
            b.u16(1); // one picture in each sample
            b.zeros(32); // no name of the encoder
            b.u16(0x18); // colour without alpha
            b.u16(0xffff);
            b.child(*b"avcC", |b| b.extend(avc));
            // 12.1.5: BT.709 primaries, transfer and matrix, limited range
            b.child(*b"colr", |b| {
                b.extend(b"nclx");
                b.u16(1);
                b.u16(1);
                b.u16(1);
                b.push(0);
            });
        });
    });
}

/// Durations, key pictures, sizes and places (8.6.1, 8.6.2, 8.7.3 to 8.7.5).
fn sample_tables(b: &mut Vec<u8>, table: &Table, pictures_at: u64) {
    b.full(*b"stts", 0, 0, |b| {
        b.u32(count(table.durations.len()));
        for &(run, duration) in &table.durations {
            b.u32(run);
            b.u32(duration);
        }
    });
    b.full(*b"stss", 0, 0, |b| {
        b.u32(count(table.keys.len()));
        table.keys.iter().for_each(|key| b.u32(*key));
    });
    b.full(*b"stsc", 0, 0, |b| {
        let runs = table.chunk_runs();
        b.u32(count(runs.len()));
        for (first_chunk, pictures) in runs {
            b.u32(first_chunk);
            b.u32(pictures);
            b.u32(1); // described by the first entry of `stsd`
        }
    });
    b.full(*b"stsz", 0, 0, |b| {
        b.u32(0); // each has its own size
        b.u32(count(table.sizes.len()));
        table.sizes.iter().for_each(|size| b.u32(*size));
    });
    b.full(*b"co64", 0, 0, |b| {
        b.u32(count(table.chunks.len()));
        for (offset, _) in &table.chunks {
            b.u64(pictures_at + offset);
        }
    });
}

/// `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 5.3.3.1).
fn avc_configuration(sequence: &[u8], picture: &[u8]) -> io::Result<Vec<u8>> {
    let bad = || io::Error::other("the encoder gave no usable parameter sets");
    let &[_, profile, compatibility, level, ..] = sequence else {
        return Err(bad());
    };
    let mut record = vec![1, profile, compatibility, level];
    record.push(0xfc | 3); // lengths have four bytes
    record.push(0xe0 | 1); // one sequence parameter set
    record.u16(u16::try_from(sequence.len()).map_err(|_too_long| bad())?);
    record.extend(sequence);
    record.push(1); // one picture parameter set
    record.u16(u16::try_from(picture.len()).map_err(|_too_long| bad())?);
    record.extend(picture);
    if matches!(profile, 100 | 110 | 122 | 144) {
        record.push(0xfc | 1); // 4:2:0
        record.push(0xf8); // 8 bits of luma
        record.push(0xf8); // 8 bits of chroma
        record.push(0); // no extension of the sequence parameter set
    }
    Ok(record)
}

/// Big-endian numbers and boxes (4.2) at the end of a buffer.
trait BoxWriter {
    fn u16(&mut self, number: u16);
    fn u32(&mut self, number: u32);
    fn u64(&mut self, number: u64);
    fn zeros(&mut self, bytes: usize);
    /// Shown as it is, neither turned nor scaled.
    fn matrix(&mut self);
    /// A box inside the current one.
    fn child(&mut self, kind: [u8; 4], fill: impl FnOnce(&mut Vec<u8>));
    /// A box with version and flags.
    fn full(&mut self, kind: [u8; 4], version: u8, flags: u8, fill: impl FnOnce(&mut Vec<u8>));
}

impl BoxWriter for Vec<u8> {
    fn u16(&mut self, number: u16) {
        self.extend(number.to_be_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.extend(number.to_be_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.extend(number.to_be_bytes());
    }

    fn zeros(&mut self, bytes: usize) {
        self.resize(self.len() + bytes, 0);
    }

    fn matrix(&mut self) {
        for number in UNITY_MATRIX {
            self.u32(number);
        }
    }

    fn child(&mut self, kind: [u8; 4], fill: impl FnOnce(&mut Self)) {
        let start = self.len();
        self.zeros(4);
        self.extend(kind);
        fill(self);
        let size = u32::try_from(self.len() - start).expect("the index is smaller than 4 GB");
        self[start..start + 4].copy_from_slice(&size.to_be_bytes());
    }

    fn full(&mut self, kind: [u8; 4], version: u8, flags: u8, fill: impl FnOnce(&mut Self)) {
        self.child(kind, |b| {
            b.extend([version, 0, 0, flags]);
            fill(b);
        });
    }
}

fn boxed(kind: [u8; 4], fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut buffer = Vec::new();
    buffer.child(kind, fill);
    buffer
}

/// A number of pictures or chunks; a film has at most a few million.
fn count(number: usize) -> u32 {
    u32::try_from(number).expect("a film has fewer pictures than 2^32")
}

fn u64_len(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(is_key: bool, len: usize) -> Sample {
        Sample {
            bytes: vec![0; len],
            is_key,
            sequence_parameters: None,
            picture_parameters: None,
        }
    }

    #[test]
    fn chunks_begin_at_key_pictures_and_equal_ones_are_told_once() {
        let mut table = Table::default();
        for number in 0..9 {
            table.add(number * 100, &sample(number % 3 == 0, 10));
        }
        table.end(1000);
        assert_eq!(table.keys, [1, 4, 7]);
        assert_eq!(table.chunks, [(0, 0), (30, 3), (60, 6)]);
        assert_eq!(table.chunk_runs(), [(1, 3)]);
        assert_eq!(table.durations, [(8, 100), (1, 200)]);
        assert_eq!(table.duration, 1000);
    }

    #[test]
    fn media_data_beyond_four_gigabytes_says_so_with_64_bits() {
        assert_eq!(media_data_header(92), *b"\0\0\0\x64mdat");
        let header = media_data_header(u64::from(u32::MAX));
        assert_eq!(header, *b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\x0f");
    }

    #[test]
    fn a_box_has_its_own_size_in_front() {
        let nested = boxed(*b"moov", |b| b.full(*b"free", 1, 2, |b| b.u16(7)));
        assert_eq!(nested, *b"\0\0\0\x16moov\0\0\0\x0efree\x01\0\0\x02\0\x07");
    }

    #[test]
    fn a_film_without_pictures_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let track = Track {
            width: 2,
            height: 2,
            created_unix_seconds: 0,
        };
        let writer = Mp4Writer::new(track, folder.path()).expect("a writer");
        let out = tempfile::tempfile_in(folder.path()).expect("a file");
        assert!(writer.finish(0, &out).is_err());
    }
}
