//! Which versions of the programs are in use, and which the hub hands out (P3).

use egui::Ui;
use protocol::admin::hosts::{FleetRow, ProgramRow, ProgramStanding, VersionList, Versions};
use ui_kit::widgets::{Leading, Row, banner_ui, empty_state_ui, row_ui, section_header_ui};
use ui_kit::words::size_text;
use ui_kit::{Clock, Icon, Lang, Tone};

use crate::state::State;
use crate::views::{missing_ui, scroll_ui};
use crate::words::{self, Say, s};

pub(super) fn versions_ui(ui: &mut Ui, state: &State) {
    let (lang, clock) = (state.lang, state.clock);
    let Some(versions) = &state.computers.versions.value else {
        return missing_ui(ui, lang, &state.computers.versions);
    };
    let Versions {
        list,
        programs,
        fleet,
    } = versions;
    if list.is_none() && programs.is_empty() && fleet.is_empty() {
        let (title, note) = (Say::NoVersions, Say::NoVersionsNote);
        return empty_state_ui(ui, Icon::Download, s(lang, title), s(lang, note));
    }
    scroll_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        section_header_ui(ui, s(lang, Say::InUse), s(lang, Say::InUseNote));
        if fleet.is_empty() {
            let note = s(lang, Say::NobodyYet);
            banner_ui(ui, Tone::Neutral, note);
        }
        for row in fleet {
            fleet_row_ui(ui, lang, row);
        }
        ui.add_space(14.0);
        let list = list_text(lang, clock, *list);
        section_header_ui(ui, s(lang, Say::HandedOut), &list);
        if programs.is_empty() {
            banner_ui(ui, Tone::Neutral, s(lang, Say::NothingHandedOut));
        }
        for row in programs {
            program_row_ui(ui, lang, clock, row);
        }
    });
}

fn list_text(lang: Lang, clock: Clock, list: Option<VersionList>) -> String {
    let Some(list) = list else {
        return s(lang, Say::NoVersionList).to_owned();
    };
    let made = clock.date_time(list.made_unix_millis.div_euclid(1000));
    words::version_list(lang, list.serial, &made)
}

fn fleet_row_ui(ui: &mut Ui, lang: Lang, row: &FleetRow) {
    let program = match row.version.as_str() {
        "" => row.program.to_string(),
        version => format!("{} {version}", row.program),
    };
    let (badge, tone) = if row.behind {
        (words::is_newer(lang, &row.newest), Tone::Warning)
    } else if row.newest.is_empty() {
        (String::new(), Tone::Neutral)
    } else {
        (s(lang, Say::Newest).to_owned(), Tone::Good)
    };
    row_ui(
        ui,
        &Row {
            leading: Leading::Icon(Icon::Monitor, tone),
            title: &program,
            detail: &words::so_many(lang, row.count),
            badge: (!badge.is_empty()).then_some((badge.as_str(), tone)),
            trailing: "",
            selected: false,
            away: false,
        },
    );
}

fn program_row_ui(ui: &mut Ui, lang: Lang, clock: Clock, row: &ProgramRow) {
    let (badge, tone) = match row.standing {
        ProgramStanding::Offered => (Say::OfferedProgram, Tone::Good),
        ProgramStanding::OnPage => (Say::OnPageAlone, Tone::Neutral),
        ProgramStanding::Unlisted => (Say::UnlistedProgram, Tone::Warning),
        ProgramStanding::Refused => (Say::RefusedProgram, Tone::Danger),
    };
    let size = size_text(lang, row.bytes);
    let detail = if row.standing == ProgramStanding::Refused {
        format!("{size}  ·  {}", s(lang, Say::RefusedProgramNote))
    } else {
        let signed = clock.date_time(row.signed_unix_millis.div_euclid(1000));
        let signed = words::signed_by_maker(lang, &signed);
        format!("{}  ·  {size}  ·  {signed}", row.version)
    };
    row_ui(
        ui,
        &Row {
            leading: Leading::Icon(Icon::Download, tone),
            title: &row.file,
            detail: &detail,
            badge: Some((s(lang, badge), tone)),
            trailing: "",
            selected: false,
            away: false,
        },
    );
}
