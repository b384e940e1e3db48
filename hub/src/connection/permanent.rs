//! A permanent host's conversation: it proves its key, once also brings a code, and stays.

use protocol::{EnrolmentCode, HostToHub, HubToHost, PermanentHost, Refusal, RefusalCode, Role};
use session::directory::PermanentArrival;
use tokio::time::timeout;
use transport::{FramedReader, FramedWriter, host_is_proved};

use super::{Fault, HELLO_TIMEOUT, Pace, Talk, new_place, read, write};
use crate::admission::Verdict;
use crate::catalogue::{Actor, CatalogueError, Change, EnrolledHost, HostChange, KnownHost, What};
use crate::hosts::hash_code;
use crate::registry::{Event, log_store_error};

/// When a host that is disabled, or not known, may ask again.
const ASK_AGAIN_SECONDS: u32 = 300;

/// A permanent host as it introduced itself.
pub(super) struct Caller {
    pub(super) host: PermanentHost,
    pub(super) program: String,
    /// It speaks the version in which permanent hosts are opened.
    pub(super) knocking: bool,
    /// And the one in which they wake others.
    pub(super) waking: bool,
}

impl Talk {
    /// Serves whoever says that it is the caller's host, until it leaves.
    pub(super) async fn serve_permanent_host(
        self,
        caller: Caller,
        code: Option<EnrolmentCode>,
        mut reader: FramedReader,
        mut writer: FramedWriter,
    ) -> Result<(), Fault> {
        let Caller {
            host,
            program,
            knocking,
            waking,
        } = caller;
        let hub = self.desk.fingerprint;
        if !host_is_proved(&self.connection, hub, host.key, &host.proof) {
            return Err(Fault::OutOfPlace);
        }
        let known = match self.find(&host, code, &program).await {
            Ok(known) => known,
            Err(Stop::Fault(fault)) => return Err(fault),
            Err(Stop::Refuse(refusal)) => {
                write(&mut writer, &HubToHost::HostRefused { refusal }).await?;
                let read = timeout(HELLO_TIMEOUT, reader.read::<HostToHub>()).await;
                drop(read);
                return Ok(());
            }
        };
        self.admission.admit();
        let you = new_place()?;
        let (link, _outbound, _tasks) = self.link::<HubToHost>(Role::Host, writer);
        let arrival = PermanentArrival {
            host: known.id,
            standing: known.standing.clone(),
            computer: host.computer.clone(),
            system: host.system.clone(),
            program,
            knocking,
            waking,
            from: self.admission.address(),
        };
        let arrived = Event::PermanentHostArrived(you, link, Box::new(arrival));
        self.desk.tell(arrived).await?;
        self.takes_place(you);
        // what was decided meanwhile may have reached the desk before the host did
        if self.known(&host).await.ok().flatten() != Some(known) {
            return Err(Fault::Gone);
        }
        // that it is there, QUIC says; it speaks where somebody wants to open it
        let mut pace = Pace::new();
        loop {
            match read::<HostToHub>(&mut reader, &mut pace).await? {
                None | Some(HostToHub::Leave) => return Ok(()),
                Some(message) => self.desk.tell(Event::HostSaid(you, message)).await?,
            }
        }
    }

    /// The host as the hub knows it, from now on if it brings a good code.
    async fn find(
        &self,
        host: &PermanentHost,
        code: Option<EnrolmentCode>,
        program: &str,
    ) -> Result<KnownHost, Stop> {
        let mut known = self.known(host).await?;
        // one that is known has not heard that its code was taken
        if let (None, Some(code)) = (&known, code) {
            self.enrol(host, code, program).await?;
            known = self.known(host).await?;
        }
        let known = known.ok_or_else(|| Stop::later(RefusalCode::HOST_UNKNOWN))?;
        if known.standing.disabled {
            return Err(Stop::later(RefusalCode::HOST_DISABLED));
        }
        Ok(known)
    }

    /// The host as the hub knows it now.
    async fn known(&self, host: &PermanentHost) -> Result<Option<KnownHost>, CatalogueError> {
        let mut known = self.desk.store.host_with_key(host.key).await?;
        if let Some(known) = known.as_mut().filter(|known| !known.is_named) {
            // it may call itself otherwise than the last time
            known.standing.name = host.computer.clone();
        }
        Ok(known)
    }

    /// Codes are guessed no faster than tickets.
    async fn enrol(
        &self,
        host: &PermanentHost,
        code: EnrolmentCode,
        program: &str,
    ) -> Result<(), Stop> {
        match self.admission.may_try_ticket().await {
            Verdict::Try => {}
            Verdict::Refuse(refusal) => return Err(Stop::Refuse(refusal)),
            Verdict::End => return Err(Stop::Fault(Fault::Tries)),
        }
        let change = Change {
            actor: Actor::Host(host.computer.to_string()),
            what: What::Host(HostChange::Enrolled(EnrolledHost {
                code: hash_code(code),
                key: host.key,
                computer: host.computer.clone(),
                system: host.system.clone(),
                program: program.to_owned(),
            })),
        };
        let now = self.desk.clock.now().unix_millis;
        let stored = self.desk.store.apply(change.at(now)).await;
        let is_wrong = matches!(&stored, Err(error) if error.code() == RefusalCode::ENROLMENT_OVER);
        self.admission.ticket_was(is_wrong);
        Ok(stored?)
    }
}

/// Why a host does not get in.
enum Stop {
    Refuse(Refusal),
    Fault(Fault),
}

impl Stop {
    fn later(code: RefusalCode) -> Self {
        Self::Refuse(Refusal {
            code,
            retry_after_seconds: ASK_AGAIN_SECONDS,
        })
    }
}

impl From<CatalogueError> for Stop {
    fn from(error: CatalogueError) -> Self {
        log_store_error(&error);
        Self::Refuse(error.code().into())
    }
}
