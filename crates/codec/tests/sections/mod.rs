//! Which sections an encoder's update has.

/// The sections of a sound update in their order: the tag and the body of each.
pub(crate) fn of(update: &[u8]) -> Vec<(u8, &[u8])> {
    let mut rest = update.iter();
    // the flags; after a reset version, width and height
    if rest.next() == Some(&1) {
        for _ in 0..3 {
            number(&mut rest);
        }
    }
    let mut sections = Vec::new();
    while let Some(&tag) = rest.next() {
        let length = number(&mut rest);
        let (body, behind) = rest.as_slice().split_at(length);
        sections.push((tag, body));
        rest = behind.iter();
    }
    sections
}

/// A number as the format writes it, seven bits a byte.
fn number(rest: &mut std::slice::Iter<'_, u8>) -> usize {
    let mut number = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = *rest.next().expect("a whole number");
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}
