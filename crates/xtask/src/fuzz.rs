//! Fuzzing the parsers of a peer's bytes, built so that an input costs as little as it can.

use std::path::Path;

use anyhow::Context as _;

use crate::steps::{Steps, cargo};

const TARGETS: [&str; 5] = [
    "decoder_update",
    "codec_round_trip",
    "recording",
    "messages",
    "key_exchange",
];

/// Runs `targets`, by default all, each for `seconds`.
///
/// # Errors
///
/// If something does not build, or the first crash.
pub(crate) fn run(root: &Path, targets: &[String], seconds: u32) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    let all = TARGETS.map(str::to_owned);
    let targets = if targets.is_empty() { &all } else { targets };
    let outcome = targets.iter().try_for_each(|target| {
        let limit = format!("-max_total_time={seconds}");
        let options = ["-len_control=0", "-print_final_stats=1", &limit];
        // Told of every comparison the fuzzer is several times slower, and in bits of a range coder
        // finds nothing by it.
        let mut fuzz = cargo(["fuzz", "run", "--no-trace-compares", target, "--"]);
        fuzz.args(options)
            .current_dir(root)
            // cargo-fuzz needs options of rustc that are not stable
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CC", "clang")
            .env("CXX", "clang++")
            .env("CXXFLAGS", instrumented(root))
            .env("ASAN_OPTIONS", "detect_stack_use_after_return=0");
        steps.command("fuzzing", &mut fuzz).context(target.clone())
    });
    steps.summary();
    outcome
}

/// The video library is C++: its memory is watched and its branches count as coverage. Not so the
/// fuzzer, which would watch itself.
fn instrumented(root: &Path) -> String {
    let fuzzer = root.join("fuzz").join("not-instrumented.txt");
    let fuzzer = fuzzer.display();
    format!(
        "-fsanitize=address,fuzzer-no-link -fsanitize-ignorelist={fuzzer} \
         -fsanitize-coverage-ignorelist={fuzzer}"
    )
}
