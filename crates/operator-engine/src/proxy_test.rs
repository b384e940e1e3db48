//! Whether the hub is reached through the proxies that are set, told before they are saved.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use protocol::Role;
use tokio::sync::oneshot;
use transport::client::test_proxies;
use transport::{ConnectError, HubAddress, Pin, ProxyChoice, Route, Routes};

use crate::command::Wake;

/// The way that led to the hub; `None` where no proxy is to be used for it.
pub type ProxyTested = Result<Option<Route>, Arc<ConnectError>>;

/// A test on its way. Dropping it ends it soon.
#[derive(Debug)]
pub struct ProxyTest {
    answer: Receiver<ProxyTested>,
    _cancel: oneshot::Sender<()>,
}

impl ProxyTest {
    /// Goes to `hub` through what `choice` says, on a thread of its own; `wake` is called when there is
    /// an answer. Nobody is logged in.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(
        hub: HubAddress,
        pin: Pin,
        program: String,
        choice: ProxyChoice,
        wake: Wake,
    ) -> std::io::Result<Self> {
        let (told, answer) = sync_channel(1);
        let (cancel, mut cancelled) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let work = async move {
            let routes = Routes::default();
            routes.use_proxies(choice);
            let testing = test_proxies(&hub, pin, Role::Operator, &program, &routes);
            tokio::select! {
                _ = &mut cancelled => {}
                tested = Box::pin(testing) => {
                    // whoever asked may be gone meanwhile
                    let _gone = told.send(tested.map_err(Arc::new));
                    wake();
                }
            }
        };
        std::thread::Builder::new()
            .name("proxy-test".to_owned())
            .spawn(move || {
                runtime.block_on(work);
                // a look-up that hangs holds up nobody
                runtime.shutdown_background();
            })?;
        Ok(Self {
            answer,
            _cancel: cancel,
        })
    }

    /// The answer, once there is one.
    pub fn take(&self) -> Option<ProxyTested> {
        self.answer.try_recv().ok()
    }
}
