//! A fault on purpose, for those who test from outside what a fault leaves behind.
//!
//! When the environment names a file in `PHD_FAULT_WHEN`, the program panics as soon as that file is there: in its
//! first thread if the file says `window`, else in another.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use egui::{Context, Plugin, RawInput};

const VARIABLE: &str = "PHD_FAULT_WHEN";
const LOOKED_EVERY: Duration = Duration::from_millis(20);

/// Waits for the file from now on, if the environment names one.
pub(crate) fn install(ctx: &Context) {
    let Some(path) = std::env::var_os(VARIABLE) else {
        return;
    };
    let is_due = Arc::<AtomicBool>::default();
    ctx.add_plugin(InWindow {
        is_due: Arc::clone(&is_due),
    });
    let ctx = ctx.clone();
    let waits = move || {
        if told(Path::new(&path)) == "window" {
            is_due.store(true, Ordering::Relaxed);
            ctx.request_repaint();
        } else {
            fail();
        }
    };
    let started = thread::Builder::new().name("fault".to_owned()).spawn(waits);
    if let Err(error) = started {
        tracing::error!(%error, "No fault on purpose");
    }
}

/// What the file says, once it is there.
fn told(path: &Path) -> String {
    loop {
        if let Ok(told) = std::fs::read_to_string(path)
            && !told.is_empty()
        {
            return told;
        }
        thread::sleep(LOOKED_EVERY);
    }
}

#[expect(clippy::panic, reason = "this is what was asked for")]
fn fail() {
    panic!("asked to fail");
}

struct InWindow {
    is_due: Arc<AtomicBool>,
}

impl Plugin for InWindow {
    fn debug_name(&self) -> &'static str {
        "fault on purpose"
    }

    fn input_hook(&mut self, _ctx: &Context, _input: &mut RawInput) {
        if self.is_due.load(Ordering::Relaxed) {
            fail();
        }
    }
}
