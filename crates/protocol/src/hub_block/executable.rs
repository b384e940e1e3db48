//! Where a block goes in a program's file.

use super::{END, MAX_HUB_BLOCK_BYTES, SignedHubBlock};

/// Where the header of a program for Windows says that it begins.
const HEADER_AT: usize = 0x3c;
/// From there to the optional header.
const OPTIONAL_HEADER: usize = 24;
/// The fifth directory is the table of certificates; from the optional header on, in programs of 32 and 64 bits.
const CERTIFICATES: [(u16, usize); 2] = [(0x10b, 96 + 4 * 8), (0x20b, 112 + 4 * 8)];
/// What stands before a certificate: its length, with this, and what it is.
const CERTIFICATE_HEADER: usize = 8;

/// A program's file takes no block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoRoom {
    #[error("it carries a help desk already")]
    CarriesOne,
    #[error("it is a program for Windows, and its header makes no sense")]
    Header,
    #[error("its code signature is not the one thing that its file ends with")]
    Signature,
    #[error("the block is larger than {MAX_HUB_BLOCK_BYTES} bytes")]
    TooLarge,
}

/// The file of `program` with `block` at its end.
///
/// Of a program for Windows with a code signature the table of certificates grows by the block: its length stands in
/// the header and in the table. A code signature leaves out all three, so it stays good.
///
/// # Errors
///
/// [`NoRoom`].
pub fn with_block(program: &[u8], block: &SignedHubBlock) -> Result<Vec<u8>, NoRoom> {
    if program.ends_with(&END) {
        return Err(NoRoom::CarriesOne);
    }
    let block = block.to_file();
    if block.len() > MAX_HUB_BLOCK_BYTES {
        return Err(NoRoom::TooLarge);
    }
    let mut file = [program, &block].concat();
    if program.starts_with(b"MZ")
        && let Some(lengths) = code_signature(program)?
    {
        let grown = u32::try_from(block.len()).expect("a block is small") + lengths.bytes;
        for at in lengths.at {
            file[at..at + 4].copy_from_slice(&grown.to_le_bytes());
        }
    }
    Ok(file)
}

/// The length of a table of certificates with one in it.
struct Lengths {
    bytes: u32,
    /// Where it stands: in the header, and in the table.
    at: [usize; 2],
}

/// The code signature of a program for Windows, if it has one.
fn code_signature(program: &[u8]) -> Result<Option<Lengths>, NoRoom> {
    let directory = directory(program).ok_or(NoRoom::Header)?;
    let (start, bytes) = (u32_at(program, directory), u32_at(program, directory + 4));
    let (start, bytes) = (start.ok_or(NoRoom::Header)?, bytes.ok_or(NoRoom::Header)?);
    if (start, bytes) == (0, 0) {
        return Ok(None);
    }
    let at = usize::try_from(start).map_err(|_error| NoRoom::Signature)?;
    let length = usize::try_from(bytes).map_err(|_error| NoRoom::Signature)?;
    let ends_the_file = at.checked_add(length) == Some(program.len());
    let is_one = length > CERTIFICATE_HEADER && u32_at(program, at) == Some(bytes);
    // both begin at a multiple of eight: the block's own length is one
    if ends_the_file && is_one && at % 8 == 0 && length % 8 == 0 {
        let at = [directory + 4, at];
        Ok(Some(Lengths { bytes, at }))
    } else {
        Err(NoRoom::Signature)
    }
}

/// Where the header says where the table of certificates is.
fn directory(program: &[u8]) -> Option<usize> {
    let header = usize::try_from(u32_at(program, HEADER_AT)?).ok()?;
    let optional = header.checked_add(OPTIONAL_HEADER)?;
    if program.get(header..header.checked_add(4)?)? != b"PE\0\0" {
        return None;
    }
    let kind = program.get(optional..optional.checked_add(2)?)?;
    let kind = u16::from_le_bytes([kind[0], kind[1]]);
    let (_, offset) = CERTIFICATES.into_iter().find(|(known, _)| *known == kind)?;
    // the number of directories stands before the first
    let first = offset - 4 * 8;
    let directories = u32_at(program, optional.checked_add(first - 4)?)?;
    (directories > 4).then_some(optional.checked_add(offset)?)
}

fn u32_at(program: &[u8], at: usize) -> Option<u32> {
    let bytes = program.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::signed;
    use super::*;

    const HEADER: usize = 0x80;
    const DIRECTORY: usize = HEADER + OPTIONAL_HEADER + 112 + 4 * 8;

    /// As little of a program for Windows as there can be, with a code signature of `signature` bytes.
    fn windows_program(signature: usize) -> Vec<u8> {
        let mut program = vec![0x5a; 1024];
        let mut put =
            |at: usize, bytes: &[u8]| program[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"MZ");
        put(HEADER_AT, &0x80_u32.to_le_bytes());
        put(HEADER, b"PE\0\0");
        put(HEADER + OPTIONAL_HEADER, &0x20b_u16.to_le_bytes());
        put(HEADER + OPTIONAL_HEADER + 108, &16_u32.to_le_bytes());
        put(DIRECTORY, &[0; 8]);
        if signature > 0 {
            let bytes = u32::try_from(signature).expect("small").to_le_bytes();
            put(DIRECTORY, &1024_u32.to_le_bytes());
            put(DIRECTORY + 4, &bytes);
            program.extend(bytes);
            program.extend([0, 2, 2, 0]);
            program.resize(1024 + signature, 0x30);
        }
        program
    }

    /// What a code signature is of, as Windows reads the file: all but the checksum, where and how long the table is,
    /// and the table.
    fn signed_part(file: &[u8]) -> Vec<u8> {
        let checksum = HEADER + OPTIONAL_HEADER + 64;
        let table = u32_at(file, DIRECTORY).expect("a place") as usize;
        let length = u32_at(file, DIRECTORY + 4).expect("a length") as usize;
        assert_eq!(
            table + length,
            file.len(),
            "the table is the rest of the file"
        );
        let alone = &file[DIRECTORY + 4..DIRECTORY + 8];
        assert_eq!(&file[table..table + 4], alone, "one certificate fills it");
        [
            &file[..checksum],
            &file[checksum + 4..DIRECTORY],
            &file[DIRECTORY + 8..table],
        ]
        .concat()
    }

    #[test]
    fn h2_a_code_signature_of_windows_stays_good() {
        let program = windows_program(1504);
        let file = with_block(&program, &signed()).expect("room");
        assert_eq!(SignedHubBlock::find(&file), Ok(Some(signed())));
        assert_eq!(signed_part(&file), signed_part(&program));
        // the certificate itself is in its place, too
        assert_eq!(file[1028..1024 + 1504], program[1028..]);
        let differ = file
            .iter()
            .zip(&program)
            .filter(|(one, other)| one != other);
        assert!(differ.count() <= 8, "two lengths");
    }

    #[test]
    fn without_a_code_signature_nothing_of_the_program_changes() {
        for program in [windows_program(0), b"\x7fELF and so on".to_vec()] {
            let file = with_block(&program, &signed()).expect("room");
            assert!(file.starts_with(&program));
            assert_eq!(SignedHubBlock::find(&file), Ok(Some(signed())));
        }
    }

    #[test]
    fn a_program_whose_file_is_not_as_it_should_be_gets_none() {
        let block = signed();
        let good = windows_program(1504);
        let mut behind = good.clone();
        behind.extend([0; 8]);
        assert_eq!(with_block(&behind, &block), Err(NoRoom::Signature));
        assert_eq!(
            with_block(&windows_program(1501), &block),
            Err(NoRoom::Signature)
        );
        let mut two = good.clone();
        two[1024..1028].copy_from_slice(&800_u32.to_le_bytes());
        assert_eq!(with_block(&two, &block), Err(NoRoom::Signature));
        assert_eq!(with_block(b"MZ", &block), Err(NoRoom::Header));
        let mut odd = good;
        odd[HEADER_AT..HEADER_AT + 4].copy_from_slice(&[0xff; 4]);
        assert_eq!(with_block(&odd, &block), Err(NoRoom::Header));
        let mut large = block;
        large.certificate = vec![0; MAX_HUB_BLOCK_BYTES].into();
        assert_eq!(with_block(b"program", &large), Err(NoRoom::TooLarge));
    }

    proptest! {
        #[test]
        fn a_header_of_nonsense_is_no_panic(
            changes in prop::collection::vec((0_usize..1100, any::<u8>()), 0..40),
            length in 2_usize..3000,
        ) {
            let mut program = windows_program(1504);
            for (at, byte) in changes {
                program[at] = byte;
            }
            program.truncate(length);
            if let Ok(file) = with_block(&program, &signed()) {
                prop_assert_eq!(SignedHubBlock::find(&file), Ok(Some(signed())));
            }
        }
    }
}
