//! Each key of each level of a few layouts; `cargo xtask keyboards` tries all of them.

use e2e::keyboards::{Keyboards, Kind, LayoutName, Proven};

/// Latin letters in other places, dead keys, a third and a fifth level, characters that the host lacks,
/// capitals among them, and digits that the third level does not change.
const LAYOUTS: [&str; 4] = ["fr", "de(neo)", "af", "al(veqilharxhi)"];
/// One whose right Alt key reaches the third level.
const HOST: &str = "de";

#[test]
fn s1_every_key_does_at_the_host_what_it_does_at_the_operators() {
    let mut keyboards = Keyboards::set_up().expect("a session");
    let host: LayoutName = HOST.parse().expect("a layout");
    let mut different = Vec::new();
    for layout in LAYOUTS {
        let layout: LayoutName = layout.parse().expect("a layout");
        let lesson = keyboards.learn(&layout).expect("pressed");
        let found = keyboards.compare(&lesson, &host, &mut Proven::default());
        let found = found.expect("pressed");
        let (_, characters) = found.count(Kind::Character);
        assert!(characters > 90, "{layout}: only {characters} characters");
        different.extend(found.differences);
    }
    assert!(different.is_empty(), "{different:#?}");
}
