//! The ways in which a person or a service manager stops the program.

use std::io;

use tokio::sync::watch;

#[derive(Debug)]
pub(crate) struct StopSignal {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    console: Console,
    /// Becomes true when a service manager says so that sends no signals.
    service: Option<watch::Receiver<bool>>,
}

impl StopSignal {
    /// # Errors
    ///
    /// If the system does not tell of signals.
    pub(crate) fn listen(service: Option<watch::Receiver<bool>>) -> io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(windows)]
            console: Console::listen()?,
            service,
        })
    }

    /// Comes once the program is to stop.
    pub(crate) async fn heard(&mut self) {
        let service = async {
            let heard = match &mut self.service {
                Some(said) => said.wait_for(|is_over| *is_over).await.is_ok(),
                None => false,
            };
            // who may say so is gone, or never was: nobody will
            if !heard {
                std::future::pending::<()>().await;
            }
        };
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
            () = service => {}
        }
        #[cfg(windows)]
        tokio::select! {
            () = self.console.closes() => {}
            () = service => {}
        }
        #[cfg(not(any(unix, windows)))]
        service.await;
    }
}

/// What Windows tells a program in a terminal: keys, and that the terminal, the session or the computer ends.
#[cfg(windows)]
#[derive(Debug)]
struct Console {
    interrupt: tokio::signal::windows::CtrlC,
    pause: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    log_off: tokio::signal::windows::CtrlLogoff,
    shut_down: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Console {
    fn listen() -> io::Result<Self> {
        use tokio::signal::windows;
        Ok(Self {
            interrupt: windows::ctrl_c()?,
            pause: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            log_off: windows::ctrl_logoff()?,
            shut_down: windows::ctrl_shutdown()?,
        })
    }

    async fn closes(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.pause.recv() => {}
            _ = self.close.recv() => {}
            _ = self.log_off.recv() => {}
            _ = self.shut_down.recv() => {}
        }
    }
}
