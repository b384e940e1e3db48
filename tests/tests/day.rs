//! An operator's day, with `cargo xtask soak`.

#[test]
#[ignore = "a day takes minutes; cargo xtask soak plays it"]
fn d1_a_day_with_eight_tickets_loses_nothing() {
    let day = e2e::day::play(&mut |what| println!("{what}")).expect("nothing is lost");
    println!("{}", day.told());
}
