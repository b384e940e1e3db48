//! An examination on a thread of its own, for programs that must not wait.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use protocol::diagnosis::News;
use protocol::{HubAddress, Role};
use tokio::sync::oneshot;

use super::examine;
use crate::pin::Pin;
use crate::routes::Routes;

/// More than there ever are: two families, a few ports and proxies, each begun and found.
const MAX_NEWS: usize = 128;

/// An examination under way. Dropping it ends it soon.
#[derive(Debug)]
pub struct Doctor {
    news: Receiver<News>,
    _cancel: oneshot::Sender<()>,
}

impl Doctor {
    /// Examines the ways to `hub`; `wake` is called whenever there is news, the last of which is
    /// [`News::Over`]. Nobody is logged in at the hub.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(
        hub: HubAddress,
        pin: Pin,
        role: Role,
        program: String,
        routes: Routes,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (sender, news) = sync_channel(MAX_NEWS);
        let (cancel, mut cancelled) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let work = async move {
            let told = |news| tell(&sender, news, &wake);
            let examining = examine(&hub, pin, role, &program, &routes, told);
            tokio::select! {
                _ = &mut cancelled => {}
                diagnosis = Box::pin(examining) => tell(&sender, News::Over(diagnosis), &wake),
            }
        };
        std::thread::Builder::new()
            .name("doctor".to_owned())
            .spawn(move || {
                runtime.block_on(work);
                // a look-up that hangs holds up nobody
                runtime.shutdown_background();
            })?;
        Ok(Self {
            news,
            _cancel: cancel,
        })
    }

    /// The next news, if there is some.
    pub fn take(&self) -> Option<News> {
        self.news.try_recv().ok()
    }

    /// Blocks until there is news; `None` after the last.
    pub fn wait(&self) -> Option<News> {
        self.news.recv().ok()
    }
}

fn tell(sender: &SyncSender<News>, news: News, wake: &impl Fn()) {
    // whoever asked may be gone meanwhile
    let _gone = sender.try_send(news);
    wake();
}
