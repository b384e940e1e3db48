//! The one thread that writes the data base while the hub serves.

use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::database::{Database, DatabaseError};

/// How many requests may wait for the disk before those who ask have to wait, too.
const QUEUE: usize = 256;

type Job = Box<dyn FnOnce(&mut Database) + Send>;

/// A way to the store thread; clones reach the same one.
#[derive(Clone)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Starts the thread. It ends, and closes the data base, when all clones are dropped.
    pub(crate) fn start(mut database: Database) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut database);
                }
            })?;
        Ok((Self { jobs }, thread))
    }

    /// Lets the thread do `work`, in the order of the calls, and waits for the answer.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |database| {
            // whoever asked may have gone; the work is done all the same
            drop(answer.send(work(database)));
        });
        if self.jobs.send(job).await.is_err() {
            return Err(DatabaseError::Closed);
        }
        answered.await.unwrap_or(Err(DatabaseError::Closed))
    }
}
