//! What the host and the hub say to each other, without the network.
//!
//! The ticket's key exchange, the question, and what may start when. The hub is taken for hostile:
//! no session starts that the user did not allow, and never with more than he allowed (H5).

use protocol::control::Name;
use protocol::limits::MAX_EXCHANGE_BYTES;
use protocol::{EndedBy, HostToHub, HubToHost, Rights, SessionId};
use session::exchange::HostAwaitsProof;
use session::{Grant, HostExchange, SessionKeys, TicketKey, TicketNumber};

use crate::event::{ConnectProblem, EndCause, HostEvent, LostCause};

/// Who is at the host, as the operator will read it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) computer: Name,
    pub(crate) user: Name,
    pub(crate) system: Name,
}

/// What is to be done, in order.
#[derive(Debug)]
pub(crate) enum Step {
    Send(HostToHub),
    Tell(HostEvent),
    /// Everything is agreed: capture and injection may begin.
    Start(Box<Agreement>),
    Reduce(Rights),
    Stop {
        session: SessionId,
        cause: EndCause,
    },
    /// The hub says good-bye.
    HangUp(LostCause),
}

/// A session both sides agreed on.
#[derive(Debug)]
pub(crate) struct Agreement {
    pub(crate) session: SessionId,
    pub(crate) operator: Name,
    pub(crate) grant: Grant,
    pub(crate) keys: SessionKeys,
}

/// The hub breaks the rules; the connection must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the hub said {said} at the wrong time")]
    OutOfPlace { said: &'static str },
    #[error("the operator's half of the key exchange is malformed")]
    MalformedExchange,
    #[error("the operator's console could not prove that it knows the ticket")]
    FalseConsole,
    #[error("the hub started a session that was not allowed")]
    NotAllowed,
}

impl Fault {
    pub(crate) fn problem(self) -> ConnectProblem {
        match self {
            Self::FalseConsole | Self::MalformedExchange => ConnectProblem::FalseConsole,
            Self::OutOfPlace { .. } | Self::NotAllowed => ConnectProblem::Nonsense,
        }
    }
}

#[derive(Debug)]
enum Stage {
    /// Connected, without a ticket.
    Idle,
    /// The ticket is on its way; the console's half is awaited.
    Offered(HostExchange),
    /// The proof is on its way; the console's is awaited.
    Proved {
        operator: Name,
        awaits: HostAwaitsProof,
    },
    /// In the operator's list.
    Admitted(Admitted),
}

#[derive(Debug)]
struct Admitted {
    key: TicketKey,
    question: Option<Question>,
    live: Option<Live>,
}

/// The session that runs, and what the operator may still do in it.
#[derive(Debug, Clone, Copy)]
struct Live {
    session: SessionId,
    grant: Grant,
}

#[derive(Debug)]
struct Question {
    session: SessionId,
    operator: Name,
    asked: Rights,
    operator_nonce: [u8; 16],
    /// The user's yes, with the host's nonce.
    allowed: Option<(Grant, [u8; 16])>,
}

/// One connection's conversation.
#[derive(Debug)]
pub(crate) struct Conversation {
    stage: Stage,
}

impl Conversation {
    /// A fresh connection.
    pub(crate) fn new() -> Self {
        Self { stage: Stage::Idle }
    }

    /// Whether the operator's console has proved itself on this connection.
    pub(crate) fn admitted(&self) -> bool {
        matches!(self.stage, Stage::Admitted(_))
    }

    /// Whether a ticket waits for its answer.
    pub(crate) fn opening(&self) -> bool {
        matches!(self.stage, Stage::Offered(_) | Stage::Proved { .. })
    }

    /// Whether streams of `session` may arrive: it runs, or it was allowed and starts any moment.
    pub(crate) fn expects(&self, session: SessionId) -> bool {
        let Stage::Admitted(admitted) = &self.stage else {
            return false;
        };
        let allowed = |q: &Question| q.session == session && q.allowed.is_some();
        admitted.live.is_some_and(|live| live.session == session)
            || admitted.question.as_ref().is_some_and(allowed)
    }

    /// Comes with a ticket; does nothing unless the connection is without one.
    pub(crate) fn open_ticket(&mut self, ticket: &TicketNumber, caller: Caller) -> Vec<Step> {
        if !matches!(self.stage, Stage::Idle) {
            return Vec::new();
        }
        let (exchange, half) = HostExchange::start(ticket);
        self.stage = Stage::Offered(exchange);
        vec![Step::Send(HostToHub::OpenTicket {
            route: ticket.route(),
            computer: caller.computer,
            user: caller.user,
            system: caller.system,
            exchange: half.into(),
        })]
    }

    /// The user's answer; one that comes too late is dropped. `nonce` is fresh randomness.
    pub(crate) fn answer(
        &mut self,
        session: SessionId,
        granted: Option<Rights>,
        nonce: [u8; 16],
    ) -> Vec<Step> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        let open = |q: &&mut Question| q.session == session && q.allowed.is_none();
        let Some(question) = admitted.question.as_mut().filter(open) else {
            return Vec::new();
        };
        let grant = granted.map(|rights| Grant::from_answer(question.asked, rights));
        let grant = grant.filter(|grant| grant.rights().see);
        match grant {
            Some(grant) => question.allowed = Some((grant, nonce)),
            None => admitted.question = None,
        }
        vec![Step::Send(HostToHub::AnswerConsent {
            session,
            granted: grant.map(Grant::rights),
            nonce,
        })]
    }

    /// The user takes rights back; without seeing there is no session.
    pub(crate) fn reduce(&mut self, rights: Rights) -> Vec<Step> {
        let Stage::Admitted(Admitted {
            live: Some(Live { session, grant }),
            ..
        }) = &mut self.stage
        else {
            return Vec::new();
        };
        if !rights.see {
            return self.end(EndCause::By(EndedBy::User));
        }
        grant.reduce(rights);
        let (session, rights) = (*session, grant.rights());
        vec![
            Step::Reduce(rights),
            Step::Send(HostToHub::ReduceRights { session, rights }),
        ]
    }

    /// Ends what runs, or takes back an allowance that has not begun.
    pub(crate) fn end(&mut self, cause: EndCause) -> Vec<Step> {
        let Stage::Admitted(admitted) = &mut self.stage else {
            return Vec::new();
        };
        if let Some(Live { session, .. }) = admitted.live.take() {
            return vec![
                Step::Stop { session, cause },
                Step::Send(HostToHub::EndSession { session }),
            ];
        }
        match admitted.question.take() {
            Some(Question {
                session,
                allowed: Some(_),
                ..
            }) => {
                vec![Step::Send(HostToHub::EndSession { session })]
            }
            open => {
                admitted.question = open;
                Vec::new()
            }
        }
    }

    /// Takes what the hub said.
    ///
    /// # Errors
    ///
    /// [`Fault`]; the conversation is over then.
    pub(crate) fn hear(&mut self, message: HubToHost) -> Result<Vec<Step>, Fault> {
        match message {
            HubToHost::TicketRefused { refusal } => {
                if !self.opening() {
                    return Err(Fault::OutOfPlace {
                        said: "TicketRefused",
                    });
                }
                self.stage = Stage::Idle;
                Ok(vec![Step::Tell(HostEvent::TicketRefused(refusal))])
            }
            HubToHost::TicketAnswered { operator, exchange } => self.answered(operator, &exchange),
            HubToHost::TicketAccepted { proof } => self.accepted(&proof),
            HubToHost::ConsentAsked {
                session,
                operator,
                asked,
                nonce,
            } => self.asked(session, operator, asked, nonce),
            HubToHost::ConsentWithdrawn { session } => {
                Ok(self.withdrawn(session)?.into_iter().collect())
            }
            HubToHost::SessionStarted { session, rights } => self.started(session, rights),
            HubToHost::SessionEnded { session, by } => self.ended(session, by),
            HubToHost::Chat { line } => {
                self.admitted_mut("Chat")?;
                Ok(vec![Step::Tell(HostEvent::ChatReceived(line))])
            }
            HubToHost::OperatorPresent { present } => {
                self.admitted_mut("OperatorPresent")?;
                Ok(vec![Step::Tell(HostEvent::OperatorPresent(present))])
            }
            HubToHost::Goodbye { refusal } => Ok(vec![Step::HangUp(LostCause::Refused(refusal))]),
        }
    }

    fn answered(&mut self, operator: Name, half: &[u8]) -> Result<Vec<Step>, Fault> {
        let Stage::Offered(exchange) = std::mem::replace(&mut self.stage, Stage::Idle) else {
            return Err(Fault::OutOfPlace {
                said: "TicketAnswered",
            });
        };
        if half.len() > MAX_EXCHANGE_BYTES {
            return Err(Fault::MalformedExchange);
        }
        let (awaits, proof) = exchange
            .answer(half)
            .map_err(|_malformed| Fault::MalformedExchange)?;
        self.stage = Stage::Proved { operator, awaits };
        Ok(vec![Step::Send(HostToHub::ConfirmTicket {
            proof: proof.into(),
        })])
    }

    fn accepted(&mut self, proof: &[u8]) -> Result<Vec<Step>, Fault> {
        let Stage::Proved { operator, awaits } = std::mem::replace(&mut self.stage, Stage::Idle)
        else {
            return Err(Fault::OutOfPlace {
                said: "TicketAccepted",
            });
        };
        let key = awaits.finish(proof).map_err(|_wrong| Fault::FalseConsole)?;
        self.stage = Stage::Admitted(Admitted {
            key,
            question: None,
            live: None,
        });
        Ok(vec![Step::Tell(HostEvent::TicketAccepted { operator })])
    }

    fn asked(
        &mut self,
        session: SessionId,
        operator: Name,
        asked: Rights,
        operator_nonce: [u8; 16],
    ) -> Result<Vec<Step>, Fault> {
        let admitted = self.admitted_mut("ConsentAsked")?;
        if admitted.live.is_some() || admitted.question.is_some() {
            return Err(Fault::OutOfPlace {
                said: "ConsentAsked",
            });
        }
        if !asked.see {
            // nothing can be granted; nobody needs to be asked
            return Ok(vec![Step::Send(HostToHub::AnswerConsent {
                session,
                granted: None,
                nonce: [0; 16],
            })]);
        }
        admitted.question = Some(Question {
            session,
            operator: operator.clone(),
            asked,
            operator_nonce,
            allowed: None,
        });
        Ok(vec![Step::Tell(HostEvent::ConsentAsked {
            session,
            operator,
            asked,
        })])
    }

    fn withdrawn(&mut self, session: SessionId) -> Result<Option<Step>, Fault> {
        let admitted = self.admitted_mut("ConsentWithdrawn")?;
        let Some(question) = admitted.question.take_if(|q| q.session == session) else {
            // the answer "no" may have crossed it on the way
            return Ok(None);
        };
        let session = question.session;
        Ok(Some(Step::Tell(HostEvent::ConsentWithdrawn { session })))
    }

    fn started(&mut self, session: SessionId, rights: Rights) -> Result<Vec<Step>, Fault> {
        let admitted = self.admitted_mut("SessionStarted")?;
        let Some(question) = admitted.question.take_if(|q| q.session == session) else {
            // ended here while the start was on its way: the hub gets to know that by itself
            return Ok(Vec::new());
        };
        let (grant, host_nonce) = question.allowed.ok_or(Fault::NotAllowed)?;
        if !rights.see || !rights.is_within(grant.rights()) {
            return Err(Fault::NotAllowed);
        }
        let keys = SessionKeys::derive(&admitted.key, session, question.operator_nonce, host_nonce);
        let grant = Grant::from_answer(grant.rights(), rights);
        admitted.live = Some(Live { session, grant });
        let operator = question.operator;
        Ok(vec![
            Step::Start(Box::new(Agreement {
                session,
                operator: operator.clone(),
                grant,
                keys,
            })),
            Step::Tell(HostEvent::SessionStarted {
                session,
                operator,
                rights: grant.rights(),
            }),
        ])
    }

    fn ended(&mut self, session: SessionId, by: EndedBy) -> Result<Vec<Step>, Fault> {
        let admitted = self.admitted_mut("SessionEnded")?;
        if admitted
            .live
            .take_if(|live| live.session == session)
            .is_some()
        {
            return Ok(vec![Step::Stop {
                session,
                cause: EndCause::By(by),
            }]);
        }
        // an allowed session that ended before it began; or the answer to our own end
        Ok(self.withdrawn(session)?.into_iter().collect())
    }

    fn admitted_mut(&mut self, said: &'static str) -> Result<&mut Admitted, Fault> {
        match &mut self.stage {
            Stage::Admitted(admitted) => Ok(admitted),
            Stage::Idle | Stage::Offered(_) | Stage::Proved { .. } => {
                Err(Fault::OutOfPlace { said })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{ChatAuthor, ChatLine, Refusal, RefusalCode};
    use session::OperatorExchange;

    use super::*;

    const SESSION: SessionId = SessionId(7);
    const SEE: Rights = Rights {
        see: true,
        control: false,
        files: false,
    };

    #[test]
    fn h4_the_right_console_is_let_in() {
        assert!(admitted().admitted());
    }

    #[test]
    fn e2_a_console_without_the_ticket_is_not_believed() {
        let (mut conversation, _proof) = proved();
        let wrong = HubToHost::TicketAccepted {
            proof: vec![0; 32].into(),
        };
        assert_eq!(
            conversation.hear(wrong).expect_err("false proof"),
            Fault::FalseConsole
        );
        assert!(!conversation.admitted());
    }

    #[test]
    fn h4_after_a_refused_ticket_another_may_be_tried() {
        let mut conversation = Conversation::new();
        conversation.open_ticket(&ticket(), caller());
        let refusal = Refusal::new(RefusalCode::TICKET_WRONG);
        let steps = conversation
            .hear(HubToHost::TicketRefused { refusal })
            .expect("in place");
        assert!(matches!(
            steps[..],
            [Step::Tell(HostEvent::TicketRefused(_))]
        ));
        assert_eq!(conversation.open_ticket(&ticket(), caller()).len(), 1);
    }

    #[test]
    fn h5_a_session_that_was_not_allowed_does_not_start() {
        let mut conversation = admitted();
        ask(&mut conversation, Rights::SEE_AND_CONTROL);
        let error = conversation
            .hear(started(SEE))
            .expect_err("nobody answered");
        assert_eq!(error, Fault::NotAllowed);

        let mut conversation = admitted();
        ask(&mut conversation, Rights::SEE_AND_CONTROL);
        conversation.answer(SESSION, None, [2; 16]);
        assert!(conversation.hear(started(SEE)).expect("ignored").is_empty());
        assert!(!conversation.expects(SESSION));
    }

    #[test]
    fn h5_a_session_does_not_start_with_more_than_was_allowed() {
        let mut conversation = admitted();
        ask(&mut conversation, Rights::SEE_AND_CONTROL);
        conversation.answer(SESSION, Some(SEE), [2; 16]);
        let error = conversation
            .hear(started(Rights::SEE_AND_CONTROL))
            .expect_err("too much");
        assert_eq!(error, Fault::NotAllowed);
    }

    #[test]
    fn h5_the_user_can_grant_less_but_not_more_than_asked() {
        let mut conversation = admitted();
        ask(&mut conversation, SEE);
        let steps = conversation.answer(SESSION, Some(Rights::SEE_AND_CONTROL), [2; 16]);
        let [Step::Send(HostToHub::AnswerConsent { granted, .. })] = steps[..] else {
            panic!("one answer expected, not {steps:?}");
        };
        assert_eq!(granted, Some(SEE));
    }

    #[test]
    fn h5_a_question_is_answered_once() {
        let mut conversation = admitted();
        ask(&mut conversation, SEE);
        assert_eq!(conversation.answer(SESSION, Some(SEE), [2; 16]).len(), 1);
        assert!(conversation.answer(SESSION, Some(SEE), [3; 16]).is_empty());
        assert!(conversation.expects(SESSION));
        assert!(!conversation.expects(SessionId(8)));
    }

    #[test]
    fn an_answer_to_a_question_that_was_withdrawn_is_dropped() {
        let mut conversation = admitted();
        ask(&mut conversation, SEE);
        conversation
            .hear(HubToHost::ConsentWithdrawn { session: SESSION })
            .expect("in place");
        assert!(conversation.answer(SESSION, Some(SEE), [2; 16]).is_empty());
    }

    #[test]
    fn h6_an_end_before_the_start_arrives_keeps_it_from_starting() {
        let mut conversation = admitted();
        ask(&mut conversation, SEE);
        conversation.answer(SESSION, Some(SEE), [2; 16]);
        let steps = conversation.end(EndCause::By(EndedBy::User));
        assert!(matches!(
            steps[..],
            [Step::Send(HostToHub::EndSession { session: SESSION })]
        ));
        assert!(conversation.hear(started(SEE)).expect("ignored").is_empty());
        assert!(!conversation.expects(SESSION));
    }

    #[test]
    fn h6_end_stops_first_and_tells_then() {
        let mut conversation = running(SEE);
        let steps = conversation.end(EndCause::By(EndedBy::User));
        assert!(matches!(
            steps[..],
            [
                Step::Stop {
                    session: SESSION,
                    ..
                },
                Step::Send(HostToHub::EndSession { .. })
            ]
        ));
        let echo = HubToHost::SessionEnded {
            session: SESSION,
            by: EndedBy::User,
        };
        assert!(conversation.hear(echo).expect("expected").is_empty());
    }

    #[test]
    fn h6_taking_back_the_view_ends_the_session() {
        let mut conversation = running(Rights::SEE_AND_CONTROL);
        assert!(matches!(
            conversation.reduce(SEE)[..],
            [Step::Reduce(SEE), Step::Send(_)]
        ));
        let steps = conversation.reduce(Rights::default());
        assert!(matches!(steps[..], [Step::Stop { .. }, Step::Send(_)]));
    }

    #[test]
    fn h6_rights_that_were_never_granted_are_not_spoken_of() {
        let mut conversation = running(SEE);
        let steps = conversation.reduce(Rights::SEE_AND_CONTROL);
        let [
            Step::Reduce(SEE),
            Step::Send(HostToHub::ReduceRights { rights, .. }),
        ] = steps[..]
        else {
            panic!("the hub would take more for an attack: {steps:?}");
        };
        assert_eq!(rights, SEE);
    }

    #[test]
    fn nothing_of_an_operator_is_heard_before_he_proved_himself() {
        let line = ChatLine {
            author: ChatAuthor::Operator,
            name: "Eve".into(),
            at_unix_seconds: 0,
            text: "hello".into(),
        };
        let early = [
            HubToHost::Chat { line },
            HubToHost::OperatorPresent { present: true },
            HubToHost::SessionStarted {
                session: SESSION,
                rights: SEE,
            },
            HubToHost::ConsentAsked {
                session: SESSION,
                operator: "Eve".into(),
                asked: SEE,
                nonce: [0; 16],
            },
        ];
        for message in early {
            let (mut conversation, _proof) = proved();
            assert!(conversation.hear(message).is_err());
        }
    }

    #[test]
    fn a_malformed_exchange_is_told() {
        for half in [vec![], vec![0; 33], vec![0x41; 4_000]] {
            let mut conversation = Conversation::new();
            conversation.open_ticket(&ticket(), caller());
            let answer = HubToHost::TicketAnswered {
                operator: "Eve".into(),
                exchange: half.into(),
            };
            assert_eq!(
                conversation.hear(answer).expect_err("wrong"),
                Fault::MalformedExchange
            );
        }
    }

    fn ticket() -> TicketNumber {
        TicketNumber::parse("482 913 057").expect("nine digits")
    }

    fn caller() -> Caller {
        Caller {
            computer: "pc".into(),
            user: "Anna".into(),
            system: "Linux".into(),
        }
    }

    fn proved() -> (Conversation, Vec<u8>) {
        let mut conversation = Conversation::new();
        let steps = conversation.open_ticket(&ticket(), caller());
        let [Step::Send(HostToHub::OpenTicket { exchange, .. })] = &steps[..] else {
            panic!("a ticket expected, not {steps:?}");
        };
        let (console, half) = OperatorExchange::answer(&ticket(), exchange).expect("well formed");
        let answer = HubToHost::TicketAnswered {
            operator: "Marco".into(),
            exchange: half.into(),
        };
        let steps = conversation.hear(answer).expect("in place");
        let [Step::Send(HostToHub::ConfirmTicket { proof })] = &steps[..] else {
            panic!("a proof expected, not {steps:?}");
        };
        let (_key, proof) = console.judge(proof).expect("same secret");
        (conversation, proof)
    }

    fn admitted() -> Conversation {
        let (mut conversation, proof) = proved();
        let accepted = HubToHost::TicketAccepted {
            proof: proof.into(),
        };
        conversation.hear(accepted).expect("the right proof");
        conversation
    }

    fn ask(conversation: &mut Conversation, asked: Rights) {
        let question = HubToHost::ConsentAsked {
            session: SESSION,
            operator: "Marco".into(),
            asked,
            nonce: [1; 16],
        };
        let steps = conversation.hear(question).expect("in place");
        assert!(matches!(
            steps[..],
            [Step::Tell(HostEvent::ConsentAsked { .. })]
        ));
    }

    fn started(rights: Rights) -> HubToHost {
        HubToHost::SessionStarted {
            session: SESSION,
            rights,
        }
    }

    fn running(rights: Rights) -> Conversation {
        let mut conversation = admitted();
        ask(&mut conversation, rights);
        conversation.answer(SESSION, Some(rights), [2; 16]);
        let steps = conversation.hear(started(rights)).expect("allowed");
        assert!(matches!(steps[..], [Step::Start(_), Step::Tell(_)]));
        conversation
    }
}
