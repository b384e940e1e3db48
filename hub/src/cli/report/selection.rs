//! Which reports, and in which order, as it is said on a command line.

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use protocol::BoundedText;
use protocol::admin::reports::{ReportColumn, ReportFilter, ReportGroups, ReportSort};

#[derive(Debug, Args)]
pub(in crate::cli) struct Selection {
    /// Only those in which this operator took part, by the name that others see.
    #[arg(long)]
    operator: Option<String>,
    /// Only those of this requester.
    #[arg(long)]
    requester: Option<String>,
    /// Only those of this computer.
    #[arg(long)]
    host: Option<String>,
    /// Only those of this category.
    #[arg(long)]
    category: Option<String>,
    /// Only those of operators who are in this group now.
    #[arg(long, value_name = "GROUP")]
    operator_group: Option<String>,
    /// Only those of computers that have the name of a permanent host of this group.
    #[arg(long, value_name = "GROUP")]
    host_group: Option<String>,
    /// Only sessions that began then or later: 2026-11-28, or a whole time.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only sessions that began before: 2026-11-28, or a whole time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only finished reports.
    #[arg(long, conflicts_with = "drafts")]
    finished: bool,
    /// Only reports that are not finished.
    #[arg(long)]
    drafts: bool,
    #[arg(long, value_enum, default_value_t = Column::Started)]
    sort: Column,
    /// The smallest or oldest first.
    #[arg(long)]
    ascending: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Column {
    Started,
    Lasted,
    Active,
    Operator,
    Requester,
    Host,
    Category,
    Finished,
}

impl Selection {
    pub(super) fn filter(&self, text: &str) -> anyhow::Result<ReportFilter> {
        let name = |name: &Option<String>| name.as_deref().map(BoundedText::cut);
        let time = |time: &Option<String>| time.as_deref().map(unix_millis).transpose();
        Ok(ReportFilter {
            text: BoundedText::cut(text),
            operator: name(&self.operator),
            requester: name(&self.requester),
            host: name(&self.host),
            category: name(&self.category),
            since_unix_millis: time(&self.since)?,
            until_unix_millis: time(&self.until)?,
            finished: match (self.finished, self.drafts) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                (false, false) => None,
            },
            groups: Box::new(ReportGroups {
                operators: name(&self.operator_group),
                hosts: name(&self.host_group),
            }),
        })
    }

    /// Whether anything is said of which reports.
    pub(super) fn is_any(&self) -> bool {
        let texts = [
            &self.operator,
            &self.requester,
            &self.host,
            &self.category,
            &self.operator_group,
            &self.host_group,
            &self.since,
            &self.until,
        ];
        self.finished || self.drafts || texts.into_iter().any(Option::is_some)
    }

    pub(super) fn sort(&self) -> ReportSort {
        ReportSort {
            column: match self.sort {
                Column::Started => ReportColumn::Started,
                Column::Lasted => ReportColumn::Lasted,
                Column::Active => ReportColumn::Active,
                Column::Operator => ReportColumn::Operator,
                Column::Requester => ReportColumn::Requester,
                Column::Host => ReportColumn::Host,
                Column::Category => ReportColumn::Category,
                Column::Finished => ReportColumn::Finished,
            },
            descending: !self.ascending,
        }
    }
}

/// A day's begin in UTC, or a time that says its offset.
fn unix_millis(text: &str) -> anyhow::Result<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at.as_millisecond());
    }
    let day: Date = text
        .parse()
        .with_context(|| format!("\"{text}\" is no time; write 2026-11-28 or 2026-11-28T19:00Z"))?;
    let begin = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0))?;
    Ok(begin.as_millisecond())
}
