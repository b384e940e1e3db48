//! Notices that a message asks the desktop for: by `D-Bus`, or macOS' own way.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::Receiver;

use notify_rust::Notification;

use super::Notice;

/// Notices that may wait for a click, each with a thread.
#[cfg(not(target_os = "macos"))]
const MOST_WATCHED: usize = 8;

/// Shows what comes until nobody can say anything any more.
pub(super) fn show_all(
    program: &'static str,
    waiting: &Receiver<Notice>,
    clicked: &Arc<dyn Fn() + Send + Sync>,
) {
    let watched = Arc::new(AtomicUsize::new(0));
    let mut failed_before = false;
    while let Ok(Notice { title, text }) = waiting.recv() {
        let mut notification = Notification::new();
        notification
            .appname(program)
            .summary(&title)
            .body(&as_the_desktop_reads(&text));
        // its label is shown nowhere: it is what a click on the notice does
        notification.action("default", program);
        match notification.show() {
            Ok(handle) => {
                failed_before = false;
                watch(handle, &watched, Arc::clone(clicked));
            }
            Err(error) if failed_before => tracing::debug!(%error, "Notice not shown"),
            Err(error) => {
                tracing::warn!(%error, "This desktop shows no notices");
                failed_before = true;
            }
        }
    }
}

/// Waits for a click in a thread of its own, unless many wait already.
#[cfg(not(target_os = "macos"))]
fn watch(
    handle: notify_rust::NotificationHandle,
    watched: &Arc<AtomicUsize>,
    clicked: Arc<dyn Fn() + Send + Sync>,
) {
    use std::sync::atomic::Ordering;

    if watched.fetch_add(1, Ordering::Relaxed) >= MOST_WATCHED {
        watched.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let done = Arc::clone(watched);
    let started = std::thread::Builder::new()
        .name("notice".to_owned())
        .spawn(move || {
            handle.wait_for_action(|action| {
                if action == "default" {
                    clicked();
                }
            });
            done.fetch_sub(1, Ordering::Relaxed);
        });
    if let Err(error) = started {
        tracing::debug!(%error, "Nobody waits for a click");
        watched.fetch_sub(1, Ordering::Relaxed);
    }
}

/// There a click brings the program to the front by itself, and waiting for one would take the main thread.
#[cfg(target_os = "macos")]
fn watch(
    _handle: notify_rust::NotificationHandle,
    _watched: &Arc<AtomicUsize>,
    _clicked: Arc<dyn Fn() + Send + Sync>,
) {
}

/// Names come from others, and desktops may take them for markup (freedesktop.org: Desktop Notifications),
/// with pictures and links.
#[cfg(not(target_os = "macos"))]
fn as_the_desktop_reads(text: &str) -> String {
    let has_markup = notify_rust::get_capabilities()
        .is_ok_and(|has| has.iter().any(|capability| capability == "body-markup"));
    if has_markup {
        escaped(text)
    } else {
        text.to_owned()
    }
}

#[cfg(target_os = "macos")]
fn as_the_desktop_reads(text: &str) -> String {
    text.to_owned()
}

#[cfg(not(target_os = "macos"))]
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(all(test, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_markup() {
        let name = "<img src=\"http://x/\">&amp;<b>PC</b>";
        assert_eq!(
            escaped(name),
            "&lt;img src=\"http://x/\"&gt;&amp;amp;&lt;b&gt;PC&lt;/b&gt;"
        );
    }
}
