//! What keys meant when they were pressed, on a virtual display.

use input::remapped::RemappedKeys;

use super::*;

/// A key that means nothing on usual layouts.
const UNUSED: u8 = 248;

/// A tool that types what no key makes.
struct Tool {
    conn: RustConnection,
    root: Window,
}

impl Tool {
    fn open(server: &Xvfb) -> Self {
        let (conn, _) = RustConnection::connect(Some(server.display())).expect("connects");
        let root = conn.setup().roots[0].root;
        Self { conn, root }
    }

    fn type_on(&self, keycode: u8, character: char) {
        let symbol = 0x0100_0000 | u32::from(character);
        let symbols = [symbol, symbol];
        let change = self.conn.change_keyboard_mapping(1, keycode, 2, &symbols);
        change.expect("sends").check().expect("changed");
        self.tap(keycode);
        // as slow as the quickest of such tools
        std::thread::sleep(Duration::from_millis(12));
    }

    fn tap(&self, keycode: u8) {
        for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            let fake = self
                .conn
                .xtest_fake_input(kind, keycode, 0, self.root, 0, 0, 0);
            fake.expect("sends");
        }
        self.conn.sync().expect("the display answers");
    }
}

#[test]
fn what_a_key_meant_is_known_after_it_means_something_else() {
    let server = Xvfb::start(SCREEN);
    let tool = Tool::open(&server);
    let keys = RemappedKeys::watch(Some(server.display())).expect("watches");
    keys.listen(true);
    tool.tap(A_KEYCODE);
    for character in ['è', '€', '漢', '漢', 'ж'] {
        tool.type_on(UNUSED, character);
    }
    std::thread::sleep(Duration::from_millis(300));
    let mut meant = Vec::new();
    while let Some(character) = keys.meant(UNUSED, false) {
        meant.push(character);
    }
    assert_eq!(meant, ['è', '€', '漢', '漢', 'ж']);
    assert_eq!(keys.meant(A_KEYCODE, false), None, "it is as it was");

    // asked before the thread has seen it, one press is never taken for another
    assert_eq!(keys.meant(A_KEYCODE, false), None);
    tool.type_on(A_KEYCODE, 'ñ');
    tool.type_on(A_KEYCODE, 'ß');
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(keys.meant(A_KEYCODE, false), Some('ß'));

    // what another window got is not remembered
    keys.listen(false);
    tool.type_on(UNUSED, 'é');
    std::thread::sleep(Duration::from_millis(300));
    keys.listen(true);
    assert_eq!(keys.meant(UNUSED, false), None);
}

#[test]
fn s1_another_layout_is_no_tool() {
    let server = Xvfb::start(SCREEN);
    let tool = Tool::open(&server);
    let keys = RemappedKeys::watch(Some(server.display())).expect("watches");
    keys.listen(true);
    // letters with capitals, a space bar that types one thing alone after one that types three, digits
    for name in ["am", "af", "al", "ge", "us", "ru", "de"] {
        layout(&server, name);
        std::thread::sleep(Duration::from_millis(200));
        for keycode in (10..=21).chain(24..=35).chain([A_KEYCODE, 65]) {
            tool.tap(keycode);
        }
        std::thread::sleep(Duration::from_millis(200));
        for keycode in (10..=21).chain(24..=35).chain([A_KEYCODE, 65]) {
            let meant = keys.meant(keycode, false);
            assert_eq!(meant, None, "key {keycode} of {name}");
        }
    }
    // and a tool is none of a layout
    tool.type_on(UNUSED, '漢');
    tool.type_on(A_KEYCODE, 'ж');
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(keys.meant(UNUSED, false), Some('漢'));
    assert_eq!(keys.meant(A_KEYCODE, false), Some('ж'));
}
