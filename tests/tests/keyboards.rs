//! Each key of each level of a few layouts; `cargo xtask keyboards` tries all of them.

use e2e::keyboards::{Keyboards, Kind, LayoutName};

/// Latin letters in other places, dead keys, a third and a fifth level, characters that the host lacks.
const LAYOUTS: [&str; 2] = ["fr", "de(neo)"];

#[test]
fn s1_every_key_does_at_the_host_what_it_does_at_the_operators() {
    let mut keyboards = Keyboards::set_up().expect("a session");
    let mut different = Vec::new();
    for layout in LAYOUTS {
        let layout: LayoutName = layout.parse().expect("a layout");
        let lesson = keyboards.learn(&layout).expect("pressed");
        let found = keyboards.compare(&lesson).expect("pressed");
        let (_, characters) = found.count(Kind::Character);
        assert!(characters > 90, "{layout}: only {characters} characters");
        different.extend(found.differences);
    }
    // keys that other keyboards do not have, the pointer's keys, and two of neo's sixth level
    let known = [
        "Key(\"Linefeed\")",
        "Key(\"Redo\")",
        "Key(\"Undo\")",
        "Pointer_EnableKeys",
        "[Key(\"Tab\")]",
        "[Text(\".\")]",
    ];
    different.retain(|difference| !known.iter().any(|known| difference.here.contains(known)));
    assert!(different.is_empty(), "{different:#?}");
}
