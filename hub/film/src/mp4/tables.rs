//! The last boxes of the index: tables that have an entry for each picture (8.6.1, 8.6.2, 8.7.3 to
//! 8.7.5).

use std::io::{self, BufReader, Read as _, Write};
use std::path::Path;

use super::{BoxWriter as _, Spool};
use crate::h264::Sample;

/// What is known of the pictures so far.
#[derive(Debug)]
pub(super) struct Tables {
    /// How many pictures of equal duration follow each other, and how long each is.
    durations: TableBox,
    /// The numbers of the key pictures, from 1.
    keys: TableBox,
    /// The first (from 1) of chunks that hold equally many pictures, how many, and which entry of
    /// `stsd` describes them.
    chunk_runs: TableBox,
    /// The pictures' lengths in bytes.
    sizes: TableBox,
    /// Where each chunk begins, from the first picture's first byte, with 64 bits. A chunk
    /// begins at each key picture.
    chunks: TableBox,
    pictures: u32,
    /// The run of equal durations that may go on, and when the last picture started.
    run: (u32, u32),
    last_start: Option<u64>,
    duration: u64,
    /// How many pictures the last chunk has so far, and the ones before it.
    chunk: u32,
    chunks_before: u32,
}

impl Tables {
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let table = |kind, before| TableBox::new(kind, before, folder);
        Ok(Self {
            durations: table(*b"stts", &[])?,
            keys: table(*b"stss", &[])?,
            chunk_runs: table(*b"stsc", &[])?,
            // each picture has its own size
            sizes: table(*b"stsz", &[0])?,
            chunks: table(*b"co64", &[])?,
            pictures: 0,
            run: (0, 0),
            last_start: None,
            duration: 0,
            chunk: 0,
            chunks_before: 0,
        })
    }

    /// Adds a picture that is shown from `start` on and whose bytes stand at `place`.
    pub(super) fn add(&mut self, start: u64, place: u64, sample: &Sample) -> io::Result<()> {
        self.end_picture(start)?;
        // the first picture stands from the beginning
        let is_first = self.pictures == 0;
        self.last_start = Some(if is_first { 0 } else { start });
        self.pictures += 1;
        if sample.is_key || is_first {
            self.end_chunk()?;
            self.chunks.push_bytes(&place.to_be_bytes())?;
        }
        self.chunk += 1;
        if sample.is_key {
            self.keys.push([self.pictures])?;
        }
        let size = u32::try_from(sample.bytes.len()).expect("a picture is smaller than 4 GB");
        self.sizes.push([size])
    }

    /// The last picture stands until `end`, and none follows.
    pub(super) fn end(&mut self, end: u64) -> io::Result<()> {
        self.end_picture(end)?;
        self.end_run()?;
        self.end_chunk()
    }

    fn end_picture(&mut self, end: u64) -> io::Result<()> {
        let Some(start) = self.last_start.take() else {
            return Ok(());
        };
        // 49 days; the films made here are shorter
        let duration = u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX);
        self.duration += u64::from(duration);
        if self.run.1 != duration {
            self.end_run()?;
        }
        self.run = (self.run.0 + 1, duration);
        Ok(())
    }

    fn end_run(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.run) {
            (0, _) => Ok(()),
            (pictures, duration) => self.durations.push([pictures, duration]),
        }
    }

    fn end_chunk(&mut self) -> io::Result<()> {
        let pictures = std::mem::take(&mut self.chunk);
        if pictures != 0 && pictures != self.chunks_before {
            self.chunks_before = pictures;
            self.chunk_runs.push([self.chunks.entries, pictures, 1])?;
        }
        Ok(())
    }

    /// How long all pictures are shown.
    pub(super) fn duration(&self) -> u64 {
        self.duration
    }

    /// The length of all boxes, in bytes.
    pub(super) fn box_bytes(&self) -> u64 {
        let boxes = [
            &self.durations,
            &self.keys,
            &self.chunk_runs,
            &self.sizes,
            &self.chunks,
        ];
        boxes.into_iter().map(TableBox::bytes).sum()
    }

    /// Writes the boxes; the first picture will stand at `pictures_at` in the file.
    pub(super) fn copy_to(self, pictures_at: u64, out: &mut impl Write) -> io::Result<()> {
        for table in [self.durations, self.keys, self.chunk_runs, self.sizes] {
            out.write_all(&table.header())?;
            table.rows.copy_to(out)?;
        }
        out.write_all(&self.chunks.header())?;
        let chunks = self.chunks.entries;
        let mut places = BufReader::new(self.chunks.rows.read()?);
        for _ in 0..chunks {
            let mut place = [0; 8];
            places.read_exact(&mut place)?;
            let place = pictures_at + u64::from_be_bytes(place);
            out.write_all(&place.to_be_bytes())?;
        }
        Ok(())
    }
}

/// A box that holds a table.
#[derive(Debug)]
struct TableBox {
    kind: [u8; 4],
    /// What stands in front of the number of entries.
    before: &'static [u32],
    entries: u32,
    rows: Spool,
}

impl TableBox {
    fn new(kind: [u8; 4], before: &'static [u32], folder: &Path) -> io::Result<Self> {
        Ok(Self {
            kind,
            before,
            entries: 0,
            rows: Spool::new(folder)?,
        })
    }

    /// Adds an entry of these numbers.
    fn push<const N: usize>(&mut self, entry: [u32; N]) -> io::Result<()> {
        self.push_bytes(entry.map(u32::to_be_bytes).as_flattened())
    }

    fn push_bytes(&mut self, entry: &[u8]) -> io::Result<()> {
        self.entries += 1;
        self.rows.write(entry)
    }

    /// Everything in front of the entries.
    fn header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        header.child_that_goes_on(self.kind, self.rows.bytes, |b| {
            b.zeros(4); // version and flags
            self.before.iter().for_each(|number| b.u32(*number));
            b.u32(self.entries);
        });
        header
    }

    fn bytes(&self) -> u64 {
        super::u64_len(self.header().len()) + self.rows.bytes
    }
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

    fn tables() -> Tables {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Tables::new(folder.path()).expect("files without a name outlive their folder")
    }

    /// The boxes: kind, and every number behind version and flags.
    fn boxes(tables: Tables, pictures_at: u64) -> Vec<(Vec<u8>, Vec<u32>)> {
        let mut bytes = Vec::new();
        let stated = tables.box_bytes();
        tables.copy_to(pictures_at, &mut bytes).expect("room");
        assert_eq!(u64::try_from(bytes.len()), Ok(stated));
        let number = |four: &[u8]| u32::from_be_bytes(four.try_into().expect("four bytes"));
        let mut rest = &bytes[..];
        let mut boxes = Vec::new();
        while !rest.is_empty() {
            let (first, behind) = rest.split_at(number(&rest[..4]) as usize);
            let numbers = first[12..].chunks(4).map(number).collect();
            boxes.push((first[4..8].to_vec(), numbers));
            rest = behind;
        }
        boxes
    }

    #[test]
    fn chunks_begin_at_key_pictures_and_equal_ones_are_told_once() {
        let mut tables = tables();
        for number in 0..9 {
            let sample = sample(number % 3 == 0, 10);
            tables
                .add(number * 100, number * 10, &sample)
                .expect("room");
        }
        tables.end(1000).expect("room");
        assert_eq!(tables.duration(), 1000);
        let expected = [
            (*b"stts", vec![2, 8, 100, 1, 200]),
            (*b"stss", vec![3, 1, 4, 7]),
            (*b"stsc", vec![1, 1, 3, 1]),
            (*b"stsz", [vec![0, 9], vec![10; 9]].concat()),
            (*b"co64", vec![3, 1, 7, 1, 37, 1, 67]),
        ];
        let expected = expected.map(|(kind, numbers)| (kind.to_vec(), numbers));
        assert_eq!(boxes(tables, (1 << 32) + 7), expected);
    }

    #[test]
    fn chunks_of_other_lengths_are_told_anew() {
        let mut tables = tables();
        for number in 0..6 {
            let sample = sample(matches!(number, 0 | 2 | 4 | 5), 1);
            tables.add(number, number, &sample).expect("room");
        }
        tables.end(6).expect("room");
        let boxes = boxes(tables, 0);
        assert_eq!(boxes[2].1, [2, 1, 2, 1, 3, 1, 1]);
    }
}
