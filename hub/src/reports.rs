//! How long reports are kept: by rule, or until one is erased, which leaves its rows in the audit log (D5).

use protocol::ReportId;
use protocol::admin::films::Erasure;
use protocol::admin::settings::Settings;

use crate::catalogue::{Catalogue, CatalogueError, ReportStanding, What};

const MILLIS_OF_DAY: i64 = 24 * 3600 * 1000;

/// A report cannot be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportFault {
    #[error("there is no such report")]
    Gone,
    #[error("the session is not over yet")]
    Running,
    #[error("the film of this report is held; release it first")]
    Held,
    #[error("a reason is needed; it is kept in the audit log")]
    NoReason,
}

/// The change that erases a report for somebody's privacy. Whoever stored it has what is left in the files
/// [overwritten](overwrite).
///
/// # Errors
///
/// [`ReportFault`].
pub fn erase(
    report: ReportId,
    standing: Option<ReportStanding>,
    reason: &str,
) -> Result<What, ReportFault> {
    let standing = standing.ok_or(ReportFault::Gone)?;
    if standing.running {
        return Err(ReportFault::Running);
    }
    if standing.held {
        return Err(ReportFault::Held);
    }
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(ReportFault::NoReason);
    }
    Ok(What::ReportErased {
        report,
        why: Erasure::Privacy,
        reason: reason.to_owned(),
    })
}

/// The changes that erase the reports which the rules let go now, the oldest first.
///
/// # Errors
///
/// [`CatalogueError::Engine`].
pub fn due(
    catalogue: &dyn Catalogue,
    settings: &Settings,
    now_unix_millis: i64,
) -> Result<Vec<What>, CatalogueError> {
    let days = settings.report_days;
    if days == 0 {
        return Ok(Vec::new());
    }
    let since = now_unix_millis.saturating_sub(i64::from(days) * MILLIS_OF_DAY);
    let old = catalogue.reports_finished_before(since)?;
    let erased = old.into_iter().map(|report| What::ReportErased {
        report,
        why: Erasure::Retention,
        reason: format!("kept for {days} days"),
    });
    Ok(erased.collect())
}

/// Overwrites what is left in the files of erased reports and chat, as far as others who work with them let it; what
/// stays is overwritten by the hub that runs, or the next one.
///
/// # Errors
///
/// [`CatalogueError::Engine`].
pub fn overwrite(catalogue: &dyn Catalogue) -> Result<(), CatalogueError> {
    /// Far more steps than the largest index takes.
    const MOST_STEPS: u32 = 100_000;
    let mut steps = 0;
    while catalogue.overwrite_erased()? && steps < MOST_STEPS {
        steps += 1;
    }
    Ok(())
}
