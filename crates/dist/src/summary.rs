//! What an MSI says of itself beside its tables: `wixl` gives it a code by chance and the time of now.

use std::io::{Cursor, Read as _, Seek as _, SeekFrom, Write as _};

use anyhow::{Context as _, ensure};

/// Where it is in the compound file.
const STREAM: &str = "/\u{5}SummaryInformation";
/// The numbers and types of its properties (MS-OLEPS).
const CODE: u32 = 9;
const TEXT: u32 = 0x1e;
const CREATED: u32 = 12;
const SAVED: u32 = 13;
const TIME: u32 = 0x40;
/// From 1601, from which these times are counted, to 1970, in seconds.
const SECONDS_BEFORE_1970: u64 = 11_644_473_600;

/// Gives the package the code `uuid` and the time `epoch`.
///
/// # Errors
///
/// If it is no MSI, or says less of itself than `wixl` writes.
pub(crate) fn settle(msi: Vec<u8>, uuid: &str, epoch: u64) -> anyhow::Result<Vec<u8>> {
    let mut file = cfb::CompoundFile::open(Cursor::new(msi)).context("this is no MSI")?;
    let mut stream = file.open_stream(STREAM)?;
    let mut summary = Vec::new();
    stream.read_to_end(&mut summary)?;
    let code = format!("{{{}}}\0", uuid.to_uppercase());
    let at = value_of(&summary, CODE, TEXT)?;
    ensure!(
        number(&summary, at)? as usize == code.len(),
        "a code of another length"
    );
    put(&mut summary, at + 4, code.as_bytes())?;
    let time = (SECONDS_BEFORE_1970 + epoch) * 10_000_000;
    for property in [CREATED, SAVED] {
        let at = value_of(&summary, property, TIME)?;
        put(&mut summary, at, &time.to_le_bytes())?;
    }
    stream.seek(SeekFrom::Start(0))?;
    stream.write_all(&summary)?;
    drop(stream);
    file.flush()?;
    Ok(file.into_inner().into_inner())
}

/// Where the value of a property begins, behind its type.
fn value_of(summary: &[u8], property: u32, kind: u32) -> anyhow::Result<usize> {
    // the first section's place is behind 28 bytes of header and 16 of its name
    let section = number(summary, 44)? as usize;
    let count = number(summary, section + 4)?;
    for entry in 0..count as usize {
        let at = section + 8 + entry * 8;
        if number(summary, at)? == property {
            let value = section + number(summary, at + 4)? as usize;
            ensure!(
                number(summary, value)? == kind,
                "property {property} is of another type"
            );
            return Ok(value + 4);
        }
    }
    anyhow::bail!("there is no property {property}")
}

fn number(bytes: &[u8], at: usize) -> anyhow::Result<u32> {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk());
    Ok(u32::from_le_bytes(*four.context("the summary ends early")?))
}

fn put(bytes: &mut [u8], at: usize, what: &[u8]) -> anyhow::Result<()> {
    let place = bytes.get_mut(at..at + what.len());
    place
        .context("the summary ends early")?
        .copy_from_slice(what);
    Ok(())
}
