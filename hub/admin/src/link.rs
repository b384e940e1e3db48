//! The connection to the hub, on a thread of its own: orders go in, news come out.
//!
//! A connection that is lost comes back by itself, and signs in again with what was typed; questions
//! that were under way are the asker's to ask anew.

use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use protocol::admin::{AdminToHub, Answer, HubToAdmin, Question};
use protocol::control::Name;
use protocol::limits::MAX_ADMIN_FRAME_BYTES;
use protocol::{
    BoundedText, HubAddress, InvitationToken, OwnAnswer, OwnQuestion, Password, ProxyLogin,
    Refusal, Role,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use transport::client::{self, ConnectError, Greeted};
use transport::close::CloseReason;
use transport::{FramedReader, FramedWriter, Pin, ProxyChoice, Routes, reconnect};
use zeroize::Zeroizing;

/// How long the hub may take to answer a sign-in; it hashes the password slowly on purpose.
const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a farewell may take.
const FAREWELL_TIMEOUT: Duration = Duration::from_millis(800);
/// The wait before a hub that was reached, and is gone again, is tried once more.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// Orders and messages that may wait.
const MAX_WAITING: usize = 1024;

/// Who signs in, and where.
#[derive(Clone)]
pub struct SignIn {
    pub hub: HubAddress,
    pub pin: Pin,
    pub user: String,
    pub password: Zeroizing<String>,
    /// With it the password is one that was chosen just now.
    pub invitation: Option<InvitationToken>,
    /// Who signs in at the network's proxy, where it asked; kept for as long as the program runs.
    pub proxy: Option<ProxyLogin>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            hub,
            user,
            pin: _,
            password: _,
            invitation: _,
            proxy: _,
        } = self;
        write!(f, "SignIn({user:?} at {hub})")
    }
}

/// What the window wants.
#[derive(Debug)]
pub enum Order {
    SignIn(SignIn),
    /// The code of the second factor, after [`News::CodeWanted`].
    GiveCode(Zeroizing<String>),
    Ask(u32, Question),
    SignOut,
}

/// What happened.
#[derive(Debug)]
pub enum News {
    SignedIn {
        name: String,
    },
    /// The password is right; a code is wanted.
    CodeWanted,
    NotSignedIn(Problem),
    Answered(u32, Answer),
    /// The connection is lost, and is to come back.
    Lost,
    /// It is back; nothing that was asked before is answered any more.
    Back,
    /// The hub ended it, and why.
    SignedOut(Problem),
}

/// Why nobody is signed in.
#[derive(Debug, Clone)]
pub enum Problem {
    NotReached(Arc<ConnectError>),
    Refused(Refusal),
    /// The hub's answers make no sense, or do not come.
    Nonsense,
    /// A connection was lost, and coming back takes a new code.
    CodeAnew,
}

/// Wakes the window.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The thread and the ways to and from it. Dropping it signs out.
#[derive(Debug)]
pub struct Link {
    orders: Option<mpsc::Sender<Order>>,
    news: std_mpsc::Receiver<News>,
    thread: Option<JoinHandle<()>>,
}

impl Link {
    /// Starts the thread; `wake` is called when there is news.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(program: String, wake: Wake) -> std::io::Result<Self> {
        let (orders, queue) = mpsc::channel(MAX_WAITING);
        let (news, received) = std_mpsc::sync_channel(MAX_WAITING);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("link".to_owned())
            .spawn(move || {
                let teller = Teller { news, wake };
                runtime.block_on(run(program, queue, teller));
                // a look-up that hangs holds up nobody
                runtime.shutdown_background();
            })?;
        Ok(Self {
            orders: Some(orders),
            news: received,
            thread: Some(thread),
        })
    }

    /// Gives an order; whether it was taken.
    pub fn give(&self, order: Order) -> bool {
        let orders = self.orders.as_ref();
        orders.is_some_and(|orders| orders.try_send(order).is_ok())
    }

    /// The next news, if there are any.
    pub fn take(&self) -> Option<News> {
        self.news.try_recv().ok()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // the thread ends when nobody can give orders any more
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The connection's thread failed");
        }
    }
}

struct Teller {
    news: std_mpsc::SyncSender<News>,
    wake: Wake,
}

impl Teller {
    fn tell(&self, news: News) {
        if self.news.send(news).is_ok() {
            (self.wake)();
        }
    }
}

async fn run(program: String, mut orders: mpsc::Receiver<Order>, teller: Teller) {
    let routes = Routes::default();
    let use_proxies = |login| {
        let ask = Arc::new(desktop::system_proxies);
        routes.use_proxies(ProxyChoice::System { ask, login });
    };
    use_proxies(None);
    while let Some(order) = orders.recv().await {
        // without a connection there is nobody to ask
        if let Order::SignIn(mut who) = order {
            if let Some(login) = who.proxy.take() {
                use_proxies(Some(login));
            }
            serve(&program, &routes, who, &mut orders, &teller).await;
        }
    }
}

/// How a connection ended.
enum End {
    Lost,
    /// The hub wants it so.
    Dismissed(Refusal),
    SignedOut,
}

/// One sign-in, from the first try to the sign-out, over however many connections.
async fn serve(
    program: &str,
    routes: &Routes,
    mut who: SignIn,
    orders: &mut mpsc::Receiver<Order>,
    teller: &Teller,
) {
    let connecting = client::connect(&who.hub, who.pin, Role::Administrator, program, routes);
    let first = async {
        let greeted = connecting.await;
        let greeted = greeted.map_err(|error| Problem::NotReached(Arc::new(error)))?;
        sign_in(greeted, &who).await
    };
    let mut answer = tokio::select! {
        first = first => first,
        () = signs_out(orders) => return,
    };
    let (mut talk, name) = loop {
        match answer {
            Ok(Step::SignedIn(talk, name)) => break (talk, name),
            Ok(Step::CodeWanted(greeted)) => {
                teller.tell(News::CodeWanted);
                let Some(code) = code_or_sign_out(orders).await else {
                    return transport::close::close(&greeted.connection);
                };
                answer = give_code(greeted, &code).await;
            }
            Err(problem) => return teller.tell(News::NotSignedIn(problem)),
        }
    };
    teller.tell(News::SignedIn { name });
    // it is used up: from now on the password alone opens the account
    who.invitation = None;
    loop {
        match talk.go_on(orders, teller, &mut who.password).await {
            End::SignedOut => return talk.leave().await,
            End::Dismissed(refusal) => {
                return teller.tell(News::SignedOut(Problem::Refused(refusal)));
            }
            End::Lost => teller.tell(News::Lost),
        }
        let again = tokio::select! {
            again = come_back(program, routes, &who) => again,
            () = signs_out(orders) => return,
        };
        match again {
            Ok(back) => {
                talk = back;
                teller.tell(News::Back);
            }
            Err(problem) => return teller.tell(News::SignedOut(problem)),
        }
    }
}

/// Ready when somebody wants to sign out; what is asked meanwhile is not answered.
async fn signs_out(orders: &mut mpsc::Receiver<Order>) {
    loop {
        match orders.recv().await {
            None | Some(Order::SignOut) => return,
            Some(Order::SignIn(_) | Order::GiveCode(_) | Order::Ask(..)) => {}
        }
    }
}

/// The code that somebody types, or nothing if they sign out instead.
async fn code_or_sign_out(orders: &mut mpsc::Receiver<Order>) -> Option<Zeroizing<String>> {
    loop {
        match orders.recv().await {
            None | Some(Order::SignOut) => return None,
            Some(Order::GiveCode(code)) => return Some(code),
            Some(Order::SignIn(_) | Order::Ask(..)) => {}
        }
    }
}

async fn come_back(program: &str, routes: &Routes, who: &SignIn) -> Result<Talk, Problem> {
    loop {
        let role = Role::Administrator;
        let coming =
            reconnect::connect_until_it_works(&who.hub, who.pin, role, program, routes).await;
        let greeted = coming.map_err(|error| Problem::NotReached(Arc::new(error)))?;
        match sign_in(greeted, who).await {
            Ok(Step::SignedIn(talk, _name)) => return Ok(talk),
            Ok(Step::CodeWanted(greeted)) => {
                transport::close::close(&greeted.connection);
                return Err(Problem::CodeAnew);
            }
            Err(Problem::Refused(refusal)) if refusal.retry_after_seconds == 0 => {
                return Err(Problem::Refused(refusal));
            }
            Err(problem) => {
                tracing::info!(?problem, "The hub is gone again");
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
        }
    }
}

/// How far a sign-in is.
enum Step {
    SignedIn(Talk, String),
    CodeWanted(Greeted),
}

async fn give_code(greeted: Greeted, code: &str) -> Result<Step, Problem> {
    let code = AdminToHub::GiveCode {
        code: protocol::Code(BoundedText::cut(code.trim())),
    };
    answer(greeted, code).await
}

async fn sign_in(mut greeted: Greeted, who: &SignIn) -> Result<Step, Problem> {
    greeted.writer.set_limit(MAX_ADMIN_FRAME_BYTES);
    greeted.reader.set_limit(MAX_ADMIN_FRAME_BYTES);
    let user = Name::cut(who.user.as_str());
    let password = Password(BoundedText::cut(who.password.as_str()));
    let wish = match who.invitation {
        None => AdminToHub::SignIn { user, password },
        Some(token) => AdminToHub::AcceptInvitation {
            user,
            token,
            password,
        },
    };
    answer(greeted, wish).await
}

async fn answer(mut greeted: Greeted, wish: AdminToHub) -> Result<Step, Problem> {
    let answer = async {
        greeted.writer.write(&wish).await.ok()?;
        greeted.reader.read::<HubToAdmin>().await.ok()?
    };
    let problem = match timeout(SIGN_IN_TIMEOUT, answer).await {
        Ok(Some(HubToAdmin::SignedIn { name })) => {
            return Ok(Step::SignedIn(Talk::new(greeted), name.to_string()));
        }
        Ok(Some(HubToAdmin::CodeWanted)) => return Ok(Step::CodeWanted(greeted)),
        Ok(Some(HubToAdmin::SignInRefused { refusal } | HubToAdmin::Goodbye { refusal })) => {
            Problem::Refused(refusal)
        }
        Ok(Some(HubToAdmin::Answered { .. })) | Err(_) => Problem::Nonsense,
        Ok(None) => closed_because(&greeted.connection).map_or(Problem::Nonsense, Problem::Refused),
    };
    transport::close::close(&greeted.connection);
    Err(problem)
}

/// What the hub said when it closed the connection.
fn closed_because(connection: &transport::Connection) -> Option<Refusal> {
    match connection
        .close_reason()
        .map(|reason| CloseReason::from(&reason))?
    {
        CloseReason::Refused(refusal) => Some(refusal),
        CloseReason::GoodOrder | CloseReason::Lost | CloseReason::Failed(_) => None,
    }
}

/// A connection that is signed in.
struct Talk {
    connection: transport::Connection,
    endpoint: transport::Endpoint,
    writer: FramedWriter,
    inbox: mpsc::Receiver<HubToAdmin>,
    /// Ready when the hub gives no sign of life.
    silent: oneshot::Receiver<()>,
    tasks: [tokio::task::JoinHandle<()>; 2],
}

impl Talk {
    fn new(greeted: Greeted) -> Self {
        let Greeted {
            endpoint,
            connection,
            reader,
            writer,
            ..
        } = greeted;
        let (sender, inbox) = mpsc::channel(MAX_WAITING);
        let (silence, silent) = oneshot::channel();
        let watched = connection.clone();
        let tasks = [
            // a task of its own: reading half a message must not be given up
            tokio::spawn(read_all(reader, sender)),
            tokio::spawn(async move {
                reconnect::silent(&watched).await;
                if silence.send(()).is_err() {
                    tracing::trace!("The connection is over");
                }
            }),
        ];
        Self {
            connection,
            endpoint,
            writer,
            inbox,
            silent,
            tasks,
        }
    }

    /// Passes questions and answers on until it ends. `password` is the one with which to come back.
    async fn go_on(
        &mut self,
        orders: &mut mpsc::Receiver<Order>,
        teller: &Teller,
        password: &mut Zeroizing<String>,
    ) -> End {
        // one that the administrator chose, and the number of the question with which it went
        let mut chosen: Option<(u32, Zeroizing<String>)> = None;
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    None | Some(Order::SignOut) => return End::SignedOut,
                    Some(Order::SignIn(_) | Order::GiveCode(_)) => {}
                    Some(Order::Ask(number, question)) => {
                        if let Question::Own(OwnQuestion::ChangePassword { new, .. }) = &question {
                            chosen = Some((number, Zeroizing::new(new.0.to_string())));
                        }
                        let message = AdminToHub::Ask { number, question };
                        if self.writer.write(&message).await.is_err() {
                            return self.over();
                        }
                    }
                },
                message = self.inbox.recv() => match message {
                    Some(HubToAdmin::Answered { number, answer }) => {
                        if let Some((_, new)) = chosen.take_if(|(asked, _)| *asked == number)
                            && answer == Answer::Own(OwnAnswer::Done)
                        {
                            *password = new;
                        }
                        teller.tell(News::Answered(number, answer));
                    }
                    Some(HubToAdmin::Goodbye { refusal }) => return End::Dismissed(refusal),
                    Some(
                        HubToAdmin::SignedIn { .. }
                        | HubToAdmin::SignInRefused { .. }
                        | HubToAdmin::CodeWanted,
                    ) => {
                        return self.over();
                    }
                    None => return self.over(),
                },
                _silent = &mut self.silent => return self.over(),
            }
        }
    }

    fn over(&self) -> End {
        let refusal = closed_because(&self.connection);
        transport::close::close(&self.connection);
        // a hub that is being restarted comes back
        match refusal {
            Some(refusal) if refusal.code != protocol::RefusalCode::SHUTTING_DOWN => {
                End::Dismissed(refusal)
            }
            _ => End::Lost,
        }
    }

    async fn leave(mut self) {
        let left = async {
            self.writer.write(&AdminToHub::Leave).await.ok();
            self.connection.closed().await;
        };
        if timeout(FAREWELL_TIMEOUT, left).await.is_err() {
            tracing::debug!("The hub did not answer the farewell");
        }
        transport::close::close(&self.connection);
        timeout(FAREWELL_TIMEOUT, self.endpoint.wait_idle())
            .await
            .ok();
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn read_all(mut reader: FramedReader, inbox: mpsc::Sender<HubToAdmin>) {
    while let Ok(Some(message)) = reader.read().await {
        if inbox.send(message).await.is_err() {
            return;
        }
    }
}
