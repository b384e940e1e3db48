//! What is in the documents and bundles that wait to be fetched, so that they go when a part of them is
//! erased (D5): in this program, by rule, or on the command line beside it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use protocol::{Refusal, ReportId, SessionId};

use super::Office;
use crate::catalogue::{Catalogue, CatalogueError};

/// What of the catalogue somebody takes out.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) reports: Vec<ReportId>,
    /// Whose film, or pictures of it.
    pub(super) film: Option<SessionId>,
}

impl Contents {
    /// Whether nothing of it was erased.
    fn are_there(&self, catalogue: &dyn Catalogue) -> Result<bool, CatalogueError> {
        if !catalogue.has_reports(&self.reports)? {
            return Ok(false);
        }
        let Some(film) = self.film else {
            return Ok(true);
        };
        let facts = catalogue.film_facts(film)?;
        Ok(facts.is_some_and(|facts| facts.erased.is_none()))
    }
}

impl Office {
    /// Whether nothing of `contents` was erased since they were read.
    pub(super) async fn are_there(&self, contents: &Arc<Contents>) -> Result<bool, Refusal> {
        let contents = Arc::clone(contents);
        self.read(move |catalogue| contents.are_there(catalogue))
            .await
    }

    /// Drops every document and bundle that has something that was erased. Cheap if nothing was.
    pub(crate) async fn forget_erased(&self) -> Result<(), Refusal> {
        let erasures = self.read(|catalogue| catalogue.erasures()).await?;
        if self.erasures.load(Ordering::Acquire) == erasures {
            return Ok(());
        }
        let exports = self.exports().contents();
        for (export, contents) in exports {
            if !self.are_there(&contents).await? {
                self.exports().forget(export);
            }
        }
        for making in self.in_bundles.all() {
            if !self.are_there(making.contents()).await? {
                making.give_up();
            }
        }
        self.erasures.store(erasures, Ordering::Release);
        Ok(())
    }
}
