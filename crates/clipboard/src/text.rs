//! Text as programs hand it over, in whatever they write it.

use bytes::Bytes;

/// Text as UTF-8. `may_be_latin` where its program calls it text in Latin-1, which not all mean.
pub(crate) fn as_utf8(mut bytes: Vec<u8>, may_be_latin: bool) -> Vec<u8> {
    // some browsers write HTML so
    let wide = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units = bytes.chunks_exact(2).map(|two| unit([two[0], two[1]]));
        char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect::<String>()
            .into_bytes()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => bytes = wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => bytes = wide(u16::from_be_bytes, rest),
        [0xef, 0xbb, 0xbf, ..] => drop(bytes.drain(..3)),
        latin if may_be_latin && std::str::from_utf8(latin).is_err() => {
            let text: String = latin.iter().copied().map(char::from).collect();
            bytes = text.into_bytes();
        }
        _ => {}
    }
    // some programs end a text as C does
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes
}

/// Text in Latin-1, with a question mark for what that lacks.
pub(crate) fn latin(text: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(text);
    let latin = text.chars().map(|c| u8::try_from(c).unwrap_or(b'?'));
    latin.collect::<Vec<u8>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_programs_are_given_what_latin_1_has() {
        assert_eq!(latin("perché € ok".as_bytes())[..], *b"perch\xe9 ? ok");
    }
}
