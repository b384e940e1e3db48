//! How the operator wants to see a session's screen, on its way to the host.

use protocol::ViewWish;
use tokio::sync::watch;

/// Tells one session's host how its screen is to be seen (S2, S3). Clones share one place.
///
/// Any thread may send, and never waits. Only the newest wish counts: one that has not left yet is
/// replaced. After the session's end a wish goes nowhere.
#[derive(Debug, Clone)]
pub struct WishSender {
    newest: watch::Sender<ViewWish>,
}

impl WishSender {
    pub(crate) fn new() -> Self {
        Self {
            newest: watch::Sender::new(ViewWish::default()),
        }
    }

    /// Sends `wish` as soon as the network takes it.
    pub fn send(&self, wish: ViewWish) {
        self.newest.send_replace(wish);
    }

    /// Where the wishes come out for one channel; the newest is told anew, since the host may have
    /// begun again without it.
    pub(crate) fn wishes(&self) -> Wishes {
        let mut newest = self.newest.subscribe();
        if *newest.borrow_and_update() != ViewWish::default() {
            newest.mark_changed();
        }
        Wishes(newest)
    }
}

/// Where the wishes come out.
pub(crate) struct Wishes(watch::Receiver<ViewWish>);

impl Wishes {
    /// The newest wish that has not been taken yet.
    pub(crate) async fn next(&mut self) -> ViewWish {
        if self.0.changed().await.is_err() {
            // nobody is left who could wish
            std::future::pending::<()>().await;
        }
        *self.0.borrow_and_update()
    }
}
