//! Pictures of films, for documents and for the window's list. One is made at a time.

use std::sync::Arc;

use document::KeyPicture;
use protocol::admin::films::Answer;
use protocol::{Refusal, RefusalCode, SessionId};

use super::super::Office;
use super::{facts, off_the_runtime};
use crate::films;
use crate::pictures::{self, KeyPictures, PictureFault};

/// Those of a finished film; none where they cannot be made. Whoever asks notes the export before.
pub(in crate::administration) async fn key_pictures(
    office: &Office,
    session: SessionId,
) -> Vec<KeyPicture> {
    let data = office.folder().to_owned();
    let begun = office.read(
        move |catalogue| match KeyPictures::of(catalogue, &data, session) {
            Ok(pictures) => Ok(Some(pictures)),
            Err(PictureFault::Catalogue(error)) => Err(error),
            Err(fault) => {
                tracing::warn!(%session, %fault, "Document without key pictures");
                Ok(None)
            }
        },
    );
    let Ok(Some(mut pictures)) = begun.await else {
        return Vec::new();
    };
    loop {
        // a turn for each, so that nobody waits for a whole document
        let Ok(turn) = Arc::clone(&office.pictures).acquire_owned().await else {
            return pictures.into_made();
        };
        let made = off_the_runtime(move || {
            let _turn = turn;
            let is_more = pictures.make_next().unwrap_or_else(|fault| {
                tracing::warn!(%session, %fault, "No more key pictures");
                false
            });
            Ok((pictures, is_more))
        });
        let Ok((back, is_more)) = made.await else {
            return Vec::new();
        };
        pictures = back;
        if !is_more {
            return pictures.into_made();
        }
    }
}

pub(super) async fn first(office: &Office, session: SessionId) -> Result<Answer, Refusal> {
    films::finished(facts(office, session).await?.as_ref())?;
    let turn = Arc::clone(&office.pictures).acquire_owned().await;
    let turn = turn.map_err(|_closed| RefusalCode::SHUTTING_DOWN)?;
    let data = office.folder().to_owned();
    let made = off_the_runtime(move || {
        let _turn = turn;
        pictures::first(&data, session).map_err(|fault| {
            tracing::warn!(%session, %fault, "No first picture");
            Refusal::from(RefusalCode::INTERNAL)
        })
    });
    let png = made.await?.into();
    Ok(Answer::Picture { png })
}
