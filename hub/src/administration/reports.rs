//! Answers to the administration's questions about reports.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use protocol::admin::Page;
use protocol::admin::reports::{
    Answer, EXPORT_PART_BYTES, ExportFormat, ExportOf, FieldText, FieldValue, Language, Question,
    ReportFilter, ReportSort, TotalsBy,
};
use protocol::control::Name;
use protocol::{Refusal, RefusalCode, ReportDraft, ReportId, SessionId};
use session::authority::{Action, Object, may};

use super::films::pictures;
use super::taken_out::Contents;
use super::{Administrator, Office};
use crate::catalogue::{AccountId, Catalogue, CatalogueError, Change, What, check_fields};
use crate::export::{self, ExportError, Style};
use crate::films as films_kept;
use crate::reports::{self as kept, ReportFault};

/// Largest export that is kept for an administrator, in bytes.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Most exports that are kept at a time; one more takes the place of the oldest.
const MOST_KEPT: usize = 4;

/// Exports that wait to be fetched, one for each administrator.
#[derive(Debug, Default)]
pub(super) struct Exports {
    last: u32,
    kept: BTreeMap<u32, Export>,
}

#[derive(Debug)]
struct Export {
    of: AccountId,
    bytes: Bytes,
    contents: Arc<Contents>,
}

impl Exports {
    fn keep(&mut self, of: AccountId, bytes: Bytes, contents: Arc<Contents>) -> u32 {
        self.kept.retain(|_, export| export.of != of);
        while self.kept.len() >= MOST_KEPT {
            self.kept.pop_first();
        }
        self.last += 1;
        let export = Export {
            of,
            bytes,
            contents,
        };
        self.kept.insert(self.last, export);
        self.last
    }

    /// What is in each of them.
    pub(super) fn contents(&self) -> Vec<(u32, Arc<Contents>)> {
        let kept = self.kept.iter();
        kept.map(|(number, export)| (*number, Arc::clone(&export.contents)))
            .collect()
    }

    pub(super) fn forget(&mut self, export: u32) {
        self.kept.remove(&export);
    }

    /// A part of an export of `of`'s; with the last one it is forgotten.
    fn part(&mut self, of: AccountId, export: u32, part: u32) -> Option<Bytes> {
        let Export { bytes, .. } = self.kept.get(&export).filter(|export| export.of == of)?;
        let begin = usize::try_from(part).ok()?.checked_mul(EXPORT_PART_BYTES)?;
        if begin > bytes.len() {
            return None;
        }
        let end = bytes.len().min(begin + EXPORT_PART_BYTES);
        let found = bytes.slice(begin..end);
        if end == bytes.len() {
            self.kept.remove(&export);
        }
        Some(found)
    }
}

pub(super) async fn answer(
    office: &Office,
    who: &Administrator,
    question: Question,
) -> Result<Answer, Refusal> {
    let action = match &question {
        Question::List { .. }
        | Question::ListOfGroups { .. }
        | Question::Totals { .. }
        | Question::TotalsOfGroups { .. }
        | Question::Choices { .. }
        | Question::Show { .. }
        | Question::ShowWithFeedback { .. }
        | Question::Chat { .. }
        | Question::Version { .. }
        | Question::Categories
        | Question::Fields => Action::ListReports,
        Question::Export { .. } | Question::ExportPart { .. } => Action::Export,
        Question::Correct { .. }
        | Question::Erase { .. }
        | Question::ChangeCategories(_)
        | Question::ChangeFields(_) => Action::Administer,
    };
    may(who.who(), action, Object::Hub).map_err(|denied| {
        tracing::info!(actor = ?who.actor(), ?action, %denied, "Not answered");
        Refusal::new(RefusalCode::NOT_ALLOWED)
    })?;
    match question {
        Question::List { filter, sort, page } => list(office, filter, sort, page).await,
        Question::ListOfGroups {
            filter,
            groups,
            sort,
            page,
        } => list(office, filter.of(groups), sort, page).await,
        Question::Totals { filter, by, zone } => totals(office, filter, by, &zone).await,
        Question::TotalsOfGroups {
            filter,
            groups,
            by,
            zone,
        } => totals(office, filter.of(groups), by, &zone).await,
        Question::Choices { of, begin } => {
            let choices = office.read(move |c| c.report_choices(of, &begin));
            Ok(Answer::Choices(choices.await?))
        }
        Question::Show { report } => {
            let report = office.read(move |c| c.report(report)).await?;
            let report = report.ok_or(RefusalCode::REPORT_GONE)?;
            Ok(Answer::Report(Box::new(report)))
        }
        Question::ShowWithFeedback { report } => {
            let report = office.read(move |c| c.report(report)).await?;
            let report = Box::new(report.ok_or(RefusalCode::REPORT_GONE)?);
            let feedback = report.feedback.clone();
            Ok(Answer::ReportWithFeedback { report, feedback })
        }
        Question::Chat { report, page } => {
            let known = office.read(move |c| c.report_standing(report)).await?;
            known.ok_or(RefusalCode::REPORT_GONE)?;
            let chat = office.read(move |c| c.report_chat(report, page));
            Ok(Answer::Chat(chat.await?))
        }
        Question::Version { report, number } => {
            let version = office.read(move |c| c.report_version(report, number));
            let (draft, fields) = version.await?.ok_or(RefusalCode::REPORT_GONE)?;
            let draft = Box::new(draft);
            Ok(Answer::Version { draft, fields })
        }
        Question::Correct {
            report,
            draft,
            fields,
            reason,
        } => correct(office, who, report, (draft, fields, reason)).await,
        Question::Erase { report, reason } => erase(office, who, report, &reason).await,
        Question::Categories => categories(office).await,
        Question::ChangeCategories(change) => {
            office.change(who, What::CategoriesChanged(change)).await?;
            categories(office).await
        }
        Question::Fields => fields(office).await,
        Question::ChangeFields(change) => {
            office.change(who, What::FieldsChanged(change)).await?;
            fields(office).await
        }
        Question::Export {
            of,
            format,
            language,
            zone,
        } => make_export(office, who, of, (format, language, zone)).await,
        Question::ExportPart { export, part } => {
            office.forget_erased().await?;
            let part = office.exports().part(who.account(), export, part);
            Ok(Answer::Part(part.ok_or(RefusalCode::EXPORT_GONE)?))
        }
    }
}

async fn list(
    office: &Office,
    filter: ReportFilter,
    sort: ReportSort,
    page: Page,
) -> Result<Answer, Refusal> {
    let rows = office.read(move |c| c.reports(&filter, sort, page));
    Ok(Answer::List(rows.await?))
}

async fn totals(
    office: &Office,
    filter: ReportFilter,
    by: TotalsBy,
    zone: &Name,
) -> Result<Answer, Refusal> {
    let zone = export::zone(zone).map_err(|error| refused(&error))?;
    let totals = office.read(move |c| c.report_totals(&filter, by, &zone));
    Ok(Answer::Totals(totals.await?))
}

async fn erase(
    office: &Office,
    who: &Administrator,
    report: ReportId,
    reason: &str,
) -> Result<Answer, Refusal> {
    let standing = office.read(move |c| c.report_standing(report)).await?;
    let erased = kept::erase(report, standing, reason)?;
    office.change(who, erased).await?;
    office.forget_erased().await?;
    Ok(Answer::Done)
}

impl From<ReportFault> for Refusal {
    fn from(fault: ReportFault) -> Self {
        let code = match fault {
            ReportFault::Gone => RefusalCode::REPORT_GONE,
            ReportFault::Running => RefusalCode::FILM_RUNNING,
            ReportFault::Held => RefusalCode::FILM_HELD,
            ReportFault::NoReason => RefusalCode::NO_REASON,
        };
        code.into()
    }
}

async fn categories(office: &Office) -> Result<Answer, Refusal> {
    let found = office.read(|c| c.categories()).await?;
    Ok(Answer::Categories(found))
}

async fn fields(office: &Office) -> Result<Answer, Refusal> {
    let found = office.read(|c| c.fields()).await?;
    Ok(Answer::Fields(found))
}

async fn correct(
    office: &Office,
    who: &Administrator,
    report: ReportId,
    (draft, fields, reason): (ReportDraft, Vec<FieldValue>, FieldText),
) -> Result<Answer, Refusal> {
    let checked = office.read(move |c| {
        let standing = c.report_standing(report)?;
        Ok((standing, check_fields(&c.fields()?, fields)))
    });
    let (standing, fields) = checked.await?;
    if !standing.ok_or(RefusalCode::REPORT_GONE)?.finished {
        return Err(RefusalCode::REPORT_UNFINISHED.into());
    }
    let fields = fields.ok_or(RefusalCode::REPORT_FIELDS)?;
    let corrected = What::ReportCorrected {
        report,
        draft,
        fields,
        reason,
    };
    office.change(who, corrected).await?;
    let whole = office.read(move |c| c.report(report)).await?;
    let number = whole.and_then(|whole| whole.corrections.last().map(|newest| newest.number));
    let number = number.ok_or(RefusalCode::REPORT_GONE)?;
    Ok(Answer::Corrected { number })
}

/// Whose documents these are.
pub(super) async fn organisation(office: &Office) -> Result<document::Organisation, Refusal> {
    let settings = office.settings();
    let logo = office.read(|catalogue| catalogue.logo()).await?;
    Ok(document::Organisation {
        name: settings.organisation.to_string(),
        words: settings.words.to_string(),
        logo: (!logo.is_empty()).then_some(logo),
    })
}

async fn make_export(
    office: &Office,
    who: &Administrator,
    of: ExportOf,
    (format, language, zone): (ExportFormat, Language, Name),
) -> Result<Answer, Refusal> {
    let organisation = organisation(office).await?;
    let mut style = Style {
        format,
        language,
        zone: export::zone(&zone).map_err(|error| refused(&error))?,
        organisation,
        key_pictures: Vec::new(),
    };
    let extension = export::extension(format);
    let (report, stem) = match &of {
        ExportOf::One(report) => (Some(*report), format!("report-{report}")),
        ExportOf::List { .. } | ExportOf::ListOfGroups { .. } => (None, "reports".to_owned()),
    };
    // noted before anything leaves
    let noted = What::ReportsExported {
        report,
        format: extension,
    };
    let film = match of {
        ExportOf::One(report) if format == ExportFormat::Pdf => film(office, who, report).await?,
        ExportOf::One(_) | ExportOf::List { .. } | ExportOf::ListOfGroups { .. } => None,
    };
    let (noted, actor) = ([Some(noted), film.map(exported)], who.actor());
    let noted = noted.into_iter().flatten().map(|what| Change {
        actor: actor.clone(),
        what,
    });
    office.change_all(noted.collect()).await?;
    if let Some(session) = film {
        style.key_pictures = pictures::key_pictures(office, session).await;
    }
    let made = office.read(move |c: &dyn Catalogue| {
        let mut out = Bounded(Vec::new());
        match export::write(c, &of, &style, &mut out) {
            Ok(reports) => Ok(Ok((out.0, Contents { reports, film }))),
            Err(ExportError::Catalogue(error)) => Err::<_, CatalogueError>(error),
            Err(error) => Ok(Err(refused(&error))),
        }
    });
    let (made, contents) = made.await??;
    let (made, contents) = (Bytes::from(made), Arc::new(contents));
    let bytes = u64::try_from(made.len()).unwrap_or(u64::MAX);
    let kept = Arc::clone(&contents);
    let export = office.exports().keep(who.account(), made, kept);
    // perhaps it was erased while this was made, when nobody looked for it here yet
    if !office.are_there(&contents).await? {
        office.exports().forget(export);
        return Err(RefusalCode::EXPORT_GONE.into());
    }
    Ok(Answer::Export {
        export,
        bytes,
        file_name: Name::cut(format!("{stem}.{extension}")),
    })
}

/// The session of a report, if there are pictures of it that they may see.
async fn film(
    office: &Office,
    who: &Administrator,
    report: ReportId,
) -> Result<Option<SessionId>, Refusal> {
    if may(who.who(), Action::ReadFilm, Object::Film).is_err() {
        return Ok(None);
    }
    let found = office.read(move |catalogue| {
        let report = catalogue.report(report)?;
        let session = report.map(|report| report.facts.session);
        let facts = session.map(|session| catalogue.film_facts(session));
        Ok(facts.transpose()?.flatten())
    });
    let facts = found.await?;
    let finished = films_kept::finished(facts.as_ref()).ok();
    Ok(finished.map(|facts| facts.film.session))
}

fn exported(session: SessionId) -> What {
    What::FilmExported { session }
}

fn refused(error: &ExportError) -> Refusal {
    tracing::info!(%error, "Not exported");
    error.code().into()
}

/// A buffer that takes [`MOST_BYTES`].
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: AccountId = AccountId(1);
    const BRUNO: AccountId = AccountId(2);

    #[test]
    fn an_export_is_fetched_in_parts_by_whom_it_was_made_for() {
        let mut exports = Exports::default();
        let bytes: Vec<u8> = (0..EXPORT_PART_BYTES + 10)
            .map(|i| i.to_le_bytes()[0])
            .collect();
        let export = exports.keep(ANNA, bytes.clone().into(), Arc::default());
        assert_eq!(exports.part(BRUNO, export, 0), None);
        assert_eq!(exports.part(ANNA, export, 2), None);
        let first = exports.part(ANNA, export, 0).expect("kept");
        let last = exports.part(ANNA, export, 1).expect("kept");
        assert_eq!([first, last].concat(), bytes);
        assert_eq!(exports.part(ANNA, export, 0), None, "fetched");
    }

    #[test]
    fn one_export_is_kept_for_each_and_few_in_all() {
        let mut exports = Exports::default();
        let old = exports.keep(ANNA, Bytes::from_static(b"old"), Arc::default());
        let new = exports.keep(ANNA, Bytes::from_static(b"new"), Arc::default());
        assert_eq!(exports.part(ANNA, old, 0), None);
        for account in 10..10 + i64::try_from(MOST_KEPT).expect("few") {
            exports.keep(AccountId(account), Bytes::new(), Arc::default());
        }
        assert_eq!(exports.part(ANNA, new, 0), None);
        assert_eq!(exports.kept.len(), MOST_KEPT);
    }
}
