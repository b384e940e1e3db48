//! Reads recorded desktops (`*.seq.zst`), or the same without zstd.
//!
//! Little endian: magic, width, height, side of a tile; then for each frame its time in
//! milliseconds, the number of damage rectangles and of changed tiles, the rectangles, the tiles'
//! numbers, and the rows of each tile as blue, green, red, unused.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use codec::{Picture, PixelSize, Rect};

const MAGIC: u32 = 0x3151_4553;
const WINDOW_LOG: u32 = 27;

/// A recording being replayed.
pub(crate) struct Recording {
    input: Box<dyn Read>,
    picture: Picture,
    tile_side: u32,
}

/// What the display server said about one frame.
pub(crate) struct Frame {
    /// When it was shown, since some moment before the recording.
    pub(crate) at: Duration,
    /// Where it may differ from the frame before: the display server's damage, and the few tiles
    /// beyond it that changed between the damage and the moment the picture was taken.
    pub(crate) damage: Vec<Rect>,
}

impl Recording {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = BufReader::new(File::open(path)?);
        let mut input: Box<dyn Read> = if path.extension().is_some_and(|name| name == "zst") {
            let mut decoder = zstd::Decoder::with_buffer(file)?;
            decoder.window_log_max(WINDOW_LOG)?;
            Box::new(BufReader::with_capacity(1 << 20, decoder))
        } else {
            Box::new(file)
        };
        let [magic, width, height, tile_side] = numbers(&mut input)?;
        let size = PixelSize::new(width, height);
        if magic != MAGIC || !size.is_supported() || tile_side == 0 {
            return Err(io::Error::other("not a recorded desktop"));
        }
        Ok(Self {
            input,
            picture: Picture::new(size),
            tile_side,
        })
    }

    /// The picture after the last frame read.
    pub(crate) fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Reads one frame into the picture; `None` at the end.
    pub(crate) fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        let [at_millis, rects, tiles] = match numbers(&mut self.input) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        };
        let mut damage = Vec::new();
        for _ in 0..rects {
            let [x, y, width, height] = numbers(&mut self.input)?;
            damage.push(Rect::new(x, y, width, height));
        }
        let mut changed = vec![[0; 2]; tiles as usize];
        self.input.read_exact(changed.as_flattened_mut())?;
        for tile in changed {
            let tile = self.read_tile(u32::from(u16::from_le_bytes(tile)))?;
            if !damage.iter().any(|rect| rect.contains(tile)) {
                damage.push(tile);
            }
        }
        Ok(Some(Frame {
            at: Duration::from_millis(at_millis.into()),
            damage,
        }))
    }

    fn read_tile(&mut self, tile: u32) -> io::Result<Rect> {
        let size = self.picture.size();
        let columns = size.width.div_ceil(self.tile_side);
        let (x, y) = (
            tile % columns * self.tile_side,
            tile / columns * self.tile_side,
        );
        let side = self.tile_side;
        let rect = Rect::new(x, y, side, side).intersect(size.rect());
        let rect = rect.ok_or_else(|| io::Error::other("a tile outside the picture"))?;
        let mut bytes = vec![[0; 4]; rect.width as usize];
        for y in rect.y..rect.bottom() {
            self.input.read_exact(bytes.as_flattened_mut())?;
            let row = &mut self.picture.row_mut(y)[rect.x as usize..rect.right() as usize];
            for (pixel, &[blue, green, red, _]) in row.iter_mut().zip(&bytes) {
                *pixel = u32::from_le_bytes([blue, green, red, 0]);
            }
        }
        Ok(rect)
    }
}

fn numbers<const N: usize>(input: &mut impl Read) -> io::Result<[u32; N]> {
    let mut bytes = [[0; 4]; N];
    input.read_exact(bytes.as_flattened_mut())?;
    Ok(bytes.map(u32::from_le_bytes))
}
