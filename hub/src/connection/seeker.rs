//! The conversation with a program that looks for a newer version of itself (P3).
//!
//! Whoever asks stays a stranger, with a stranger's small window: what is handed out leaves the hub's line to sessions.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

use bytes::Bytes;
use protocol::updates::{HubToSeeker, MAX_PART_BYTES, SeekerToHub};
use protocol::{Refusal, RefusalCode};
use tokio::task::spawn_blocking;
use transport::{FramedReader, FramedWriter};

use super::{Fault, Pace, Talk, read, write};
use crate::updates::KeptProgram;

/// Questions that one connection may ask; a program asks one.
const QUESTIONS: usize = 8;
/// What is read from the disk at once, in bytes.
const READ_BYTES: usize = 16 * MAX_PART_BYTES;
/// When to come again while too many are served.
const COME_AGAIN_SECONDS: u32 = 60;

impl Talk {
    /// Answers until the program has what it wants.
    pub(super) async fn serve_seeker(
        self,
        mut reader: FramedReader,
        mut writer: FramedWriter,
    ) -> Result<(), Fault> {
        self.admission.expect_fetch();
        let mut pace = Pace::new();
        for _ in 0..QUESTIONS {
            match read::<SeekerToHub>(&mut reader, &mut pace).await? {
                None => return Ok(()),
                Some(SeekerToHub::Look { file }) => {
                    let updates = Arc::clone(self.desk.office.updates());
                    let by_themselves = self.desk.office.settings().hosts_update;
                    let looked = spawn_blocking(move || updates.versions(&file, by_themselves));
                    let versions = looked.await.map_err(|_panic| Fault::Inside)?;
                    write(&mut writer, &versions).await?;
                }
                Some(SeekerToHub::Fetch { file }) => {
                    let Some(_held) = self.desk.office.updates().may_hand_out() else {
                        let refusal = Refusal {
                            code: RefusalCode::FULL,
                            retry_after_seconds: COME_AGAIN_SECONDS,
                        };
                        write(&mut writer, &HubToSeeker::Refused { refusal }).await?;
                        continue;
                    };
                    let updates = Arc::clone(self.desk.office.updates());
                    let found = spawn_blocking(move || updates.listed(&file)).await;
                    if let Some(program) = found.map_err(|_panic| Fault::Inside)? {
                        self.hand_out(program, &mut writer).await?;
                    } else {
                        let refusal = RefusalCode::NOT_THERE.into();
                        write(&mut writer, &HubToSeeker::Refused { refusal }).await?;
                    }
                }
            }
        }
        Err(Fault::Tries)
    }

    async fn hand_out(&self, program: KeptProgram, writer: &mut FramedWriter) -> Result<(), Fault> {
        let KeptProgram {
            path,
            signature,
            listed,
            ..
        } = program;
        let address = self.admission.address();
        tracing::info!(%address, file = %listed.file, version = %listed.version, "Program is fetched");
        let bytes = listed.bytes;
        write(writer, &HubToSeeker::Program { bytes, signature }).await?;
        let not_read = |error: io::Error| {
            tracing::error!(%error, "Program not read");
            Fault::Inside
        };
        let opened = spawn_blocking(move || File::open(path)).await;
        let mut file = opened.map_err(|_panic| Fault::Inside)?.map_err(not_read)?;
        let mut left = bytes;
        while left > 0 {
            // a file that was put in its place meanwhile is not this one
            let (next, piece) = next_piece(file, left).await?.map_err(not_read)?;
            file = next;
            left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            let mut piece = piece;
            while !piece.is_empty() {
                let bytes = piece.split_to(piece.len().min(MAX_PART_BYTES));
                write(writer, &HubToSeeker::Part { bytes }).await?;
            }
        }
        Ok(())
    }
}

/// The next bytes of `file`, of which `left` are wanted; never none.
async fn next_piece(mut file: File, left: u64) -> Result<io::Result<(File, Bytes)>, Fault> {
    let read = spawn_blocking(move || {
        let most = left.min(u64::try_from(READ_BYTES).unwrap_or(u64::MAX));
        let mut piece = Vec::new();
        file.by_ref().take(most).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok((file, piece.into()))
    });
    read.await.map_err(|_panic| Fault::Inside)
}
