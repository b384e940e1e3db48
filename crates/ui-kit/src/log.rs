//! What a program tells on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What the variable says, in the words of `tracing_subscriber::filter::Targets`: `info`, `operator_app=debug,warn`.
const VARIABLE: &str = "RUST_LOG";

/// Tells what happens on standard error, from now on: what `RUST_LOG` asks for, or what a support desk would note.
///
/// # Panics
///
/// If it is called twice.
pub fn start_log() {
    let asked = std::env::var(VARIABLE).ok();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines)
        .with(wanted(asked.as_deref()))
        .init();
}

fn wanted(asked: Option<&str>) -> Targets {
    let usual = || Targets::new().with_default(LevelFilter::INFO);
    asked
        .filter(|asked| !asked.is_empty())
        .and_then(|asked| asked.parse().ok())
        .unwrap_or_else(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_told_and_otherwise_the_usual() {
        for asked in [None, Some(""), Some("a=b=c")] {
            let wanted = wanted(asked);
            assert!(wanted.would_enable("helpme_app", &tracing::Level::INFO));
            assert!(!wanted.would_enable("helpme_app", &tracing::Level::DEBUG));
        }
        let wanted = wanted(Some("info,operator_app=trace"));
        assert!(wanted.would_enable("operator_app::app", &tracing::Level::TRACE));
        assert!(wanted.would_enable("hub", &tracing::Level::INFO));
        assert!(!wanted.would_enable("hub", &tracing::Level::DEBUG));
    }
}
