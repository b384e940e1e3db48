//! Text as Windows has it: UTF-16 that ends with a zero, in lines that end with two characters.

/// What a program copied, in UTF-8, with lines that end as everywhere else.
pub(super) fn from_wide(bytes: &[u8]) -> Vec<u8> {
    let units = bytes
        .chunks_exact(2)
        .map(|two| u16::from_le_bytes([two[0], two[1]]));
    let units = units.take_while(|unit| *unit != 0);
    let text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    text.replace("\r\n", "\n").into_bytes()
}

/// For a program that pastes.
pub(super) fn to_wide(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut wide = Vec::with_capacity(text.len() * 2 + 2);
    let mut before = '\0';
    for c in text.chars() {
        let mut units = [0; 2];
        if c == '\n' && before != '\r' {
            wide.extend(u16::from(b'\r').to_le_bytes());
        }
        for unit in c.encode_utf16(&mut units) {
            wide.extend(unit.to_le_bytes());
        }
        before = c;
    }
    wide.extend([0, 0]);
    wide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_each_system_has_them() {
        let wide = to_wide("uno\ndue\r\ntre €😀\n".as_bytes());
        let expected: Vec<u8> = "uno\r\ndue\r\ntre €😀\r\n\0"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(wide, expected);
        assert_eq!(from_wide(&wide), "uno\ndue\ntre €😀\n".as_bytes());
    }

    #[test]
    fn what_follows_the_end_is_not_text_and_half_a_character_is_replaced() {
        let units = [0x61_u16, 0xd800, 0x62, 0, 0x63];
        let mut bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
        bytes.push(7);
        assert_eq!(from_wide(&bytes), "a\u{fffd}b".as_bytes());
        assert_eq!(from_wide(&[]), b"");
        assert_eq!(from_wide(&[0x61]), b"");
    }
}
