//! Operators who knock: whether their password is right, and the process that serves those who come in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use protocol::control::Name;
use protocol::{AccountId, HostToHub, HubToHost, KnockAnswer, Refusal, RefusalCode};
use session::PairKey;
use session::access::HostKnock;

use crate::access;
use crate::agent::{Agent, AgentArgs, Order};

/// Exchanges that may be under way; the oldest are forgotten first.
const MOST_KNOCKS: usize = 16;

/// The host's side of every exchange over the access password.
#[derive(Debug)]
pub(crate) struct Doorman {
    folder: PathBuf,
    agent_args: AgentArgs,
    knocks: BTreeMap<u64, Knock>,
    agent: Option<Agent>,
}

#[derive(Debug)]
enum Knock {
    Answered {
        account: AccountId,
        operator: Name,
        state: Box<HostKnock>,
    },
    /// The password was right; the hub gives a place for it.
    Right { operator: Name, pair: PairKey },
}

impl Doorman {
    pub(crate) fn new(folder: PathBuf, agent_args: AgentArgs) -> Self {
        Self {
            folder,
            agent_args,
            knocks: BTreeMap::new(),
            agent: None,
        }
    }

    /// What is to be said first in a new connection to the hub.
    pub(crate) fn first_words(&mut self) -> Option<HostToHub> {
        self.knocks.clear();
        self.agent.is_none().then_some(HostToHub::LeavePlace)
    }

    /// Comes when the process that serves operators has ended; never while there is none.
    pub(crate) async fn agent_ends(&mut self) -> HostToHub {
        match &mut self.agent {
            Some(agent) => agent.ends().await,
            None => std::future::pending().await,
        }
        self.agent = None;
        HostToHub::LeavePlace
    }

    /// Whether an operator is served, or was let in a moment ago.
    pub(crate) fn serves(&self) -> bool {
        let is_right = |knock: &Knock| matches!(knock, Knock::Right { .. });
        self.agent.is_some() || self.knocks.values().any(is_right)
    }

    /// Ends the process that serves operators, and with it every session.
    pub(crate) async fn close(&mut self) {
        if let Some(agent) = self.agent.take() {
            agent.stop().await;
        }
    }

    /// What the hub said to a host that is in; `Err` for what makes no sense here.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a permanent host hears of nothing else but its end"
    )]
    pub(crate) async fn hear(
        &mut self,
        message: HubToHost,
    ) -> Result<Option<HostToHub>, Box<HubToHost>> {
        match message {
            HubToHost::Knocked {
                knock,
                account,
                operator,
                exchange,
            } => {
                let answer = self.knocked(knock, account, operator, exchange.to_vec());
                let answer = match answer.await {
                    Ok(answer) => KnockAnswer::Exchange(answer.into()),
                    Err(refusal) => KnockAnswer::Refused(refusal),
                };
                Ok(Some(HostToHub::AnswerKnock { knock, answer }))
            }
            HubToHost::KnockProved { knock, proof } => {
                let right = self.proved(knock, proof.as_deref()).await;
                // one that was given up has no judgement
                Ok(proof.map(|_| HostToHub::JudgeKnock { knock, right }))
            }
            HubToHost::KnockAdmitted { knock, admission } => {
                let Some(Knock::Right { operator, pair }) = self.knocks.remove(&knock) else {
                    // nobody has proved anything
                    return Ok(Some(HostToHub::LeavePlace));
                };
                let pair = pair.to_bytes();
                let is_known = admission.secret.0 == [0; 32];
                let order = if is_known {
                    Order::Acquaint { operator, pair }
                } else {
                    Order::TakePlace {
                        admission,
                        operator,
                        pair,
                    }
                };
                Ok(self.serve(order, is_known).await)
            }
            // a permanent host has no ticket
            other => Err(Box::new(other)),
        }
    }

    /// Hands an order to the process that serves operators, which is started where there is none.
    async fn serve(&mut self, order: Order, is_known: bool) -> Option<HostToHub> {
        if self.agent.is_none() && !is_known {
            match Agent::start(&self.agent_args) {
                Ok(agent) => self.agent = Some(agent),
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "Cannot serve operators");
                }
            }
        }
        let given = match &mut self.agent {
            Some(agent) => agent.give(&order).await,
            None => false,
        };
        (!given).then_some(HostToHub::LeavePlace)
    }

    async fn knocked(
        &mut self,
        knock: u64,
        account: AccountId,
        operator: Name,
        request: Vec<u8>,
    ) -> Result<Vec<u8>, Refusal> {
        let folder = self.folder.clone();
        let answered = tokio::task::spawn_blocking(move || answer(&folder, account, &request));
        let internal = Refusal::new(RefusalCode::INTERNAL);
        let answered = answered.await.map_err(|_panicked| internal)?;
        let answered = answered.unwrap_or_else(|error| {
            tracing::error!(
                error = format!("{error:#}"),
                "The access password cannot be tried"
            );
            Err(internal)
        });
        let (state, answer) = answered.inspect_err(|refusal| {
            tracing::info!(%operator, code = refusal.code.0, "Operator refused");
        })?;
        while self.knocks.len() >= MOST_KNOCKS {
            self.knocks.pop_first();
        }
        let state = Box::new(state);
        let answered = Knock::Answered {
            account,
            operator,
            state,
        };
        self.knocks.insert(knock, answered);
        Ok(answer)
    }

    async fn proved(&mut self, knock: u64, proof: Option<&[u8]>) -> bool {
        let Some(Knock::Answered {
            account,
            operator,
            state,
        }) = self.knocks.remove(&knock)
        else {
            return false;
        };
        let pair = proof.and_then(|proof| state.finish(proof).ok());
        let Some(pair) = pair else {
            tracing::warn!(%operator, "Wrong access password");
            return false;
        };
        tracing::info!(%operator, "Opened with the access password");
        let folder = self.folder.clone();
        let counted = tokio::task::spawn_blocking(move || {
            access::count(&folder, |tries, _| tries.was_right(account))
        });
        if !matches!(counted.await, Ok(Ok(()))) {
            // the operator waits longer the next time
            tracing::warn!("The count of tries is not kept");
        }
        self.knocks.insert(knock, Knock::Right { operator, pair });
        true
    }
}

type Answered = Result<(HostKnock, Vec<u8>), Refusal>;

/// Counts a try, and answers it. Waits for the disk.
fn answer(
    folder: &std::path::Path,
    account: AccountId,
    request: &[u8],
) -> anyhow::Result<Answered> {
    let Some(record) = access::record(folder)? else {
        return Ok(Err(RefusalCode::HOST_PASSWORD_MISSING.into()));
    };
    // on the disk before anything is answered: a try that is cut off counts
    let may = access::count(folder, |tries, now| tries.begin(account, now))?;
    if let Err(refusal) = may {
        return Ok(Err(refusal));
    }
    let answered = HostKnock::answer(&record, request);
    if answered.is_err() {
        // who gets no answer checks no guess
        access::count(folder, |tries, _| tries.was_none(account))?;
    }
    Ok(answered.map_err(|_malformed| RefusalCode::MALFORMED.into()))
}
