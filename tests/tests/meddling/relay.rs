//! A hub in the wrong hands: it has the hub's own key, stands between the programs and the hub, and does to what
//! passes whatever it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use e2e::Hub;
use protocol::limits::{MAX_CONTROL_FRAME_BYTES, MAX_HEADER_FRAME_BYTES};
use protocol::wire::{self, PREFIX_BYTES};
use protocol::{ClientHello, HubHello, Lane, Role, StreamHeader};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;
use transport::close::{CloseReason, close, close_refused};
use transport::{
    Connection, Endpoint, Fingerprint, FramedReader, FramedWriter, HubAddress, HubIdentity,
    RecvStream, Routes, client, server,
};

/// One frame on its way.
pub(crate) struct Passing<'a> {
    /// The end that this is from or to, beside the hub.
    pub(crate) program: Role,
    pub(crate) to_program: bool,
    /// `None` in the control stream.
    pub(crate) lane: Option<Lane>,
    pub(crate) body: &'a Bytes,
}

impl Passing<'_> {
    /// What this says, if it is in the control stream and leads from or to `program`.
    pub(crate) fn says<M: DeserializeOwned>(&self, program: Role, to_program: bool) -> Option<M> {
        let is_it = self.lane.is_none() && (self.program, self.to_program) == (program, to_program);
        is_it.then(|| wire::decode(self.body).ok()).flatten()
    }
}

/// The body of a frame that says `message`.
pub(crate) fn body<M: Serialize>(message: &M) -> Bytes {
    let frame = wire::encode(message, MAX_CONTROL_FRAME_BYTES).expect("a small message");
    Bytes::from(frame).slice(PREFIX_BYTES..)
}

/// `body` with another last bit.
pub(crate) fn altered(body: &Bytes) -> Bytes {
    let mut changed = body.to_vec();
    *changed.last_mut().expect("not empty") ^= 1;
    changed.into()
}

/// What goes on in place of a frame; `None` lets it pass.
type Plan = Box<dyn FnMut(&Passing<'_>) -> Option<Vec<Bytes>> + Send>;

/// Ends with its drop, and all connections with it.
pub(crate) struct Meddler {
    pub(crate) address: SocketAddr,
    plan: Arc<Mutex<Plan>>,
    _runtime: Runtime,
}

impl Meddler {
    /// Stands in front of `hub`, and lets everything pass.
    pub(crate) fn start(hub: &Hub) -> Self {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        let runtime = threads.expect("threads");
        let identity = HubIdentity::open(&hub.data()).expect("the hub's key");
        let endpoint = {
            let _inside = runtime.enter();
            let anywhere = SocketAddr::new(hub.address().ip(), 0);
            server::bind(anywhere, &identity).expect("listens")
        };
        let address = endpoint.local_addr().expect("an address");
        let plan: Arc<Mutex<Plan>> = Arc::new(Mutex::new(Box::new(|_| None)));
        let to = HubAddress {
            host: hub.address().ip().to_string(),
            port: hub.address().port(),
        };
        let serve = serve(endpoint, to, identity.fingerprint(), Arc::clone(&plan));
        runtime.spawn(serve);
        Self {
            address,
            plan,
            _runtime: runtime,
        }
    }

    /// From now on `plan` decides what goes on in place of what comes.
    pub(crate) fn does(
        &self,
        plan: impl FnMut(&Passing<'_>) -> Option<Vec<Bytes>> + Send + 'static,
    ) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(plan);
    }
}

async fn serve(endpoint: Endpoint, hub: HubAddress, pin: Fingerprint, plan: Arc<Mutex<Plan>>) {
    while let Some(calls) = endpoint.accept().await {
        let (hub, plan) = (hub.clone(), Arc::clone(&plan));
        tokio::spawn(async move {
            if let Ok(near) = calls.await {
                // `None` where a program or the hub hung up meanwhile
                let _ended = stand_between(near, &hub, pin, plan).await;
            }
        });
    }
}

/// Connects to the hub as `near` wants to, and carries everything until either end hangs up.
async fn stand_between(
    near: Connection,
    hub: &HubAddress,
    pin: Fingerprint,
    plan: Arc<Mutex<Plan>>,
) -> Option<()> {
    server::welcome(&near);
    server::open_lanes(&near);
    let (to_near, from_near) = near.accept_bi().await.ok()?;
    let mut from_near = FramedReader::new(from_near, MAX_CONTROL_FRAME_BYTES);
    let mut to_near = FramedWriter::new(to_near, MAX_CONTROL_FRAME_BYTES);
    let hello: ClientHello = from_near.read().await.ok()??;
    let program = hello.role;
    let routes = Routes::with_tunnels_at(&[]);
    let far = client::connect(hub, pin, program, &hello.program, &routes).await;
    let far = far.ok()?;
    let welcome = HubHello::Welcome {
        version: far.version,
        hub: "hub".into(),
    };
    to_near.write(&welcome).await.ok()?;
    let way = |to_program| Way {
        program,
        to_program,
        plan: Arc::clone(&plan),
    };
    tokio::spawn(way(false).carry(from_near, far.writer, None));
    tokio::spawn(way(true).carry(far.reader, to_near, None));
    tokio::spawn(way(false).carry_lanes(near.clone(), far.connection.clone()));
    tokio::spawn(way(true).carry_lanes(far.connection.clone(), near.clone()));
    let (why, other) = tokio::select! {
        why = near.closed() => (why, &far.connection),
        why = far.connection.closed() => (why, &near),
    };
    match CloseReason::from(&why) {
        CloseReason::Refused(refusal) => close_refused(other, refusal),
        CloseReason::GoodOrder | CloseReason::Lost | CloseReason::Failed(_) => close(other),
    }
    Some(())
}

#[derive(Clone)]
struct Way {
    program: Role,
    to_program: bool,
    plan: Arc<Mutex<Plan>>,
}

impl Way {
    async fn carry_lanes(self, from: Connection, to: Connection) {
        while let Ok(stream) = from.accept_uni().await {
            let (way, to) = (self.clone(), to.clone());
            tokio::spawn(async move { way.carry_lane(stream, &to).await });
        }
    }

    async fn carry_lane(self, stream: RecvStream, to: &Connection) -> Option<()> {
        let mut reader = FramedReader::new(stream, MAX_HEADER_FRAME_BYTES);
        let header: StreamHeader = reader.read().await.ok()??;
        let mut writer = FramedWriter::new(to.open_uni().await.ok()?, MAX_HEADER_FRAME_BYTES);
        writer.write(&header).await.ok()?;
        let most = header.lane.rules().max_frame_bytes;
        reader.set_limit(most);
        writer.set_limit(most);
        self.carry(reader, writer, Some(header.lane)).await;
        Some(())
    }

    async fn carry(self, mut from: FramedReader, mut to: FramedWriter, lane: Option<Lane>) {
        loop {
            match from.read_body().await {
                Ok(Some(body)) => {
                    for body in self.pass(lane, &body) {
                        if to.write_body(body).await.is_err() {
                            // it may be stopped already
                            let _stopped = from.stream_mut().stop(0_u32.into());
                            return;
                        }
                    }
                }
                Ok(None) => return to.finish(),
                Err(_broken) => {
                    let _reset = to.stream_mut().reset(0_u32.into());
                    return;
                }
            }
        }
    }

    fn pass(&self, lane: Option<Lane>, body: &Bytes) -> Vec<Bytes> {
        let passing = Passing {
            program: self.program,
            to_program: self.to_program,
            lane,
            body,
        };
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan(&passing).unwrap_or_else(|| vec![body.clone()])
    }
}
