//! Windows in sight, in which nothing happens, cost next to nothing.

/// Most that a program may work, in milliseconds for each second.
const MOST: f64 = 2.0;

#[test]
fn e1_windows_in_which_nothing_happens_rest() {
    let at_rest = e2e::rest::watch().expect("watched");
    for program in &at_rest {
        println!("{}", program.told());
    }
    for program in at_rest {
        let told = program.told();
        assert!(program.cpu_millis_per_second <= MOST, "{told}");
    }
}
