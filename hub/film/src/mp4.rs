//! Writes MP4 files with one H.264 track.
//!
//! Boxes and their fields are those of ISO/IEC 14496-12 (cited by clause) and, inside `avc1`, of
//! ISO/IEC 14496-15. The index (`moov`) stands in front of the pictures, so that a player can begin
//! before it has the whole file. The tables in it grow with the film, so they wait in files and
//! stand at its end: a film takes no memory, however long it is.

mod tables;

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, Write};
use std::path::Path;

use self::tables::Tables;
use crate::chapters::Chapter;
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

/// Collects pictures, and the tables about them, in nameless temporary files until the index that
/// stands in front of the pictures is complete.
#[derive(Debug)]
pub(crate) struct Mp4Writer {
    track: Track,
    pictures: Spool,
    tables: Tables,
    parameters: Option<(Vec<u8>, Vec<u8>)>,
}

impl Mp4Writer {
    /// Keeps everything in files without a name in `folder` until [`Self::finish`].
    pub(crate) fn new(track: Track, folder: &Path) -> io::Result<Self> {
        Ok(Self {
            track,
            pictures: Spool::new(folder)?,
            tables: Tables::new(folder)?,
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
        self.tables.add(start_millis, self.pictures.bytes, sample)?;
        self.pictures.write(&sample.bytes)
    }

    /// Writes the whole film to `out`. The last picture stands until `end_millis`.
    ///
    /// Returns the bytes written.
    pub(crate) fn finish(
        mut self,
        end_millis: u64,
        chapters: &[Chapter],
        out: &File,
    ) -> io::Result<u64> {
        self.tables.end(end_millis)?;
        let Some((sequence_parameters, picture_parameters)) = &self.parameters else {
            return Err(io::Error::other("the film has no picture"));
        };
        let avc = avc_configuration(sequence_parameters, picture_parameters)?;
        let ftyp = file_type();
        let moov = movie(self.track, &self.tables, &avc, chapters);
        let mdat = media_data_header(self.pictures.bytes);
        let headers = u64_len(ftyp.len() + moov.len() + mdat.len());
        let before_pictures = headers + self.tables.box_bytes();
        let written = before_pictures + self.pictures.bytes;

        let mut out = BufWriter::new(out);
        out.write_all(&ftyp)?;
        out.write_all(&moov)?;
        self.tables.copy_to(before_pictures, &mut out)?;
        out.write_all(&mdat)?;
        self.pictures.copy_to(&mut out)?;
        out.flush()?;
        Ok(written)
    }
}

/// A nameless file: first written, then read once.
#[derive(Debug)]
struct Spool {
    file: BufWriter<File>,
    bytes: u64,
}

impl Spool {
    fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::new(tempfile::tempfile_in(folder)?),
            bytes: 0,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.bytes += u64_len(bytes.len());
        Ok(())
    }

    /// What was written, from the beginning.
    fn read(self) -> io::Result<File> {
        let mut file = self.file.into_inner().map_err(io::Error::from)?;
        file.rewind()?;
        Ok(file)
    }

    fn copy_to(self, out: &mut impl Write) -> io::Result<()> {
        let bytes = self.bytes;
        if io::copy(&mut self.read()?.take(bytes), out)? != bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
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

/// `moov` (8.2.1): the index, up to its tables, which must follow.
fn movie(track: Track, tables: &Tables, avc: &[u8], chapters: &[Chapter]) -> Vec<u8> {
    let duration = tables.duration();
    let behind = tables.box_bytes();
    let created = u64::try_from(
        track
            .created_unix_seconds
            .saturating_add(EPOCH_1904_SECONDS),
    );
    let created = created.unwrap_or(0);
    let mut moov = Vec::new();
    moov.child_that_goes_on(*b"moov", behind, |b| {
        // 8.2.2
        b.full(*b"mvhd", 1, 0, |b| {
            b.u64(created);
            b.u64(created);
            b.u32(TIMESCALE);
            b.u64(duration);
            b.u32(0x1_0000); // plays at its own speed
            b.u16(0x100); // full volume
            b.zeros(10);
            b.matrix();
            b.zeros(24);
            b.u32(TRACK_ID + 1);
        });
        if !chapters.is_empty() {
            // in front of the track, whose tables end the index
            b.child(*b"udta", |b| chapter_list(b, chapters));
        }
        b.child_that_goes_on(*b"trak", behind, |b| {
            // 8.3.2; the flags: enabled, in movie, in preview
            b.full(*b"tkhd", 1, 7, |b| {
                b.u64(created);
                b.u64(created);
                b.u32(TRACK_ID);
                b.zeros(4);
                b.u64(duration);
                b.zeros(16);
                b.matrix();
                b.u32(u32::from(track.width) << 16);
                b.u32(u32::from(track.height) << 16);
            });
            b.child_that_goes_on(*b"mdia", behind, |b| {
                // 8.4.2; "und" as three letters of five bits each
                b.full(*b"mdhd", 1, 0, |b| {
                    b.u64(created);
                    b.u64(created);
                    b.u32(TIMESCALE);
                    b.u64(duration);
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
                b.child_that_goes_on(*b"minf", behind, |b| {
                    // 12.1.2
                    b.full(*b"vmhd", 0, 1, |b| b.zeros(8));
                    // 8.7.1, 8.7.2; the flag: the pictures are in this file
                    b.child(*b"dinf", |b| {
                        b.full(*b"dref", 0, 0, |b| {
                            b.u32(1);
                            b.full(*b"url ", 0, 1, |_| ());
                        });
                    });
                    b.child_that_goes_on(*b"stbl", behind, |b| {
                        sample_description(b, track, avc);
                    });
                });
            });
        });
    });
    moov
}

/// `chpl`, which no standard has but players read: times of 100 ns, titles with their length in front.
fn chapter_list(b: &mut Vec<u8>, chapters: &[Chapter]) {
    b.full(*b"chpl", 1, 0, |b| {
        b.zeros(4);
        b.push(u8::try_from(chapters.len()).expect("at most 255 chapters are noted"));
        for Chapter {
            at_millis, title, ..
        } in chapters
        {
            b.u64(at_millis * 10_000);
            b.push(u8::try_from(title.len()).expect("a title has at most 255 bytes"));
            b.extend(title.as_bytes());
        }
    });
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
    fn child(&mut self, kind: [u8; 4], fill: impl FnOnce(&mut Vec<u8>)) {
        self.child_that_goes_on(kind, 0, fill);
    }
    /// A box that goes on for `behind` bytes beyond the buffer.
    fn child_that_goes_on(&mut self, kind: [u8; 4], behind: u64, fill: impl FnOnce(&mut Vec<u8>));
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

    fn child_that_goes_on(&mut self, kind: [u8; 4], behind: u64, fill: impl FnOnce(&mut Self)) {
        let start = self.len();
        self.zeros(4);
        self.extend(kind);
        fill(self);
        let size = u64_len(self.len() - start) + behind;
        let size = u32::try_from(size).expect("the index of a week is smaller than 2 GB");
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

fn u64_len(length: usize) -> u64 {
    u64::try_from(length).expect("a length fits 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn writer(folder: &Path) -> Mp4Writer {
        let track = Track {
            width: 2,
            height: 2,
            created_unix_seconds: 0,
        };
        Mp4Writer::new(track, folder).expect("a writer")
    }

    /// Four hours at 20 pictures a second, no two in a row alike, as a hostile session would have it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_long_film_takes_no_memory() {
        let resident = |name: &str| {
            let status = std::fs::read_to_string("/proc/self/status").expect("it is always there");
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.expect("it is always told").trim_end_matches("kB");
            kib.trim().parse::<usize>().expect("a number") * 1024
        };
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut writer = writer(folder.path());
        let mut sample = Sample {
            bytes: vec![0],
            is_key: true,
            sequence_parameters: Some(vec![0x67, 66, 0xc0, 10]),
            picture_parameters: Some(vec![0x68]),
        };
        let before = resident("VmRSS:");
        let pictures = 4 * 3600 * 20;
        for picture in 0..pictures {
            sample.is_key = picture % 3 != 0;
            writer
                .add(picture * 50 + picture % 2, &sample)
                .expect("room");
        }
        let out = tempfile::tempfile_in(folder.path()).expect("a file");
        let bytes = writer.finish(pictures * 50, &[], &out).expect("room");
        assert_eq!(out.metadata().expect("its length").len(), bytes);
        assert!(bytes > 25 * pictures, "its tables are in it");
        let taken = resident("VmHWM:").saturating_sub(before);
        assert!(taken < 3 << 20, "{taken} bytes");
    }

    #[test]
    fn a_film_without_pictures_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let writer = writer(folder.path());
        let out = tempfile::tempfile_in(folder.path()).expect("a file");
        assert!(writer.finish(0, &[], &out).is_err());
    }
}
