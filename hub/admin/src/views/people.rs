//! People: accounts, who is signed in, groups and roles.

use egui::{Label, Ui};
use protocol::admin::Question;
use protocol::admin::people::{
    self, AccountOrder, AccountRow, NewAccount, Question as Ask, RoleRow, SignInKind, SignInRow,
};
use protocol::control::Name;
use protocol::{AccountId, Permissions};
use ui_kit::widgets::{
    DialogSize, Field, Push, Qr, banner_ui, card_ui, check_ui, choice_ui, dialog_buttons_ui,
    dialog_ui, divider_ui, empty_state_ui, escaped_from, heading_ui, icon_button_ui,
    link_button_ui, menu_item_ui, segments_ui, text_field_ui,
};
use ui_kit::words::name_alone;
use ui_kit::{Icon, Lang, Palette, Tone, Word, text, theme, w};

use super::questions::{answer_of, danger_ui, memberships_ui, name_ui};
use super::table::{Cell, Column, LEAST_WIDTH, bar_ui, table_ui};
use super::{at_right_ui, form_buttons_ui, loading_ui, missing_ui, refused_ui, scroll_ui};
use crate::state::{AccountForm, Done, PeopleAsking, PeopleTab, RoleForm, State, Topic, Wish};
use crate::words::{self, Say, s};

pub(super) fn people_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    heading_ui(ui, s(lang, Say::People), s(lang, Say::PeopleNote));
    ui.add_space(6.0);
    bar_ui(ui, |ui| {
        let tabs = [
            (PeopleTab::Accounts, s(lang, Say::Accounts)),
            (PeopleTab::SignIns, s(lang, Say::SignIns)),
            (PeopleTab::Groups, s(lang, Say::Groups)),
            (PeopleTab::Roles, s(lang, Say::Roles)),
        ];
        if let Some(tab) = segments_ui(ui, state.people.tab, &tabs) {
            state.people.tab = tab;
            state.people.refresh();
        }
        match state.people.tab {
            PeopleTab::Accounts => {
                /// What the button at the right needs, in points.
                const BUTTON: f32 = 190.0;
                let width = (ui.available_width() - BUTTON).clamp(80.0, 220.0);
                let field = Field {
                    hint: s(lang, Say::SearchPeople),
                    width: Some(width),
                    ..Field::default()
                };
                if text_field_ui(ui, &field, &mut state.people.search).changed() {
                    state.people.filter();
                }
                at_right_ui(ui, |ui| {
                    let add = Push::primary(s(lang, Say::AddPerson)).icon(Icon::UserPlus);
                    if ui.add(add).clicked() {
                        state.people.asking = Some(PeopleAsking::Account(AccountForm::default()));
                    }
                });
            }
            PeopleTab::Groups => at_right_ui(ui, |ui| {
                let add = Push::primary(s(lang, Say::AddGroup)).icon(Icon::Plus);
                if ui.add(add).clicked() {
                    state.people.asking = Some(PeopleAsking::Group {
                        group: None,
                        name: String::new(),
                    });
                }
            }),
            PeopleTab::Roles => at_right_ui(ui, |ui| {
                let add = Push::primary(s(lang, Say::AddRole)).icon(Icon::Plus);
                if ui.add(add).clicked() {
                    state.people.asking = Some(PeopleAsking::Role(RoleForm::default()));
                }
            }),
            PeopleTab::SignIns => {}
        }
    });
    ui.add_space(8.0);
    card_ui(ui, |ui| {
        ui.set_min_height(ui.available_height());
        match state.people.tab {
            PeopleTab::Accounts => accounts_ui(ui, state),
            PeopleTab::SignIns => sign_ins_ui(ui, state),
            PeopleTab::Groups => groups_ui(ui, state),
            PeopleTab::Roles => roles_ui(ui, state),
        }
    });
    asking_ui(ui, state);
}

fn columns(lang: Lang) -> [Column<AccountOrder>; 6] {
    let column = |say, width, sort| Column {
        title: s(lang, say),
        width,
        sort,
        right: false,
        least: LEAST_WIDTH,
    };
    [
        column(Say::Name, 190.0, Some(AccountOrder::DisplayName)),
        column(Say::LogInName, 130.0, Some(AccountOrder::Name)),
        column(Say::Role, 120.0, Some(AccountOrder::Role)),
        column(Say::SecondFactor, 120.0, None),
        column(Say::LastLogIn, 140.0, Some(AccountOrder::LastLogIn)),
        column(Say::State, 160.0, None),
    ]
}

fn accounts_ui(ui: &mut Ui, state: &mut State) {
    let (lang, clock) = (state.lang, state.clock);
    if let Some(refusal) = state.people.accounts.problem {
        return refused_ui(ui, lang, refusal);
    }
    let Some(total) = state.people.accounts.total else {
        return loading_ui(ui, lang);
    };
    if total == 0 {
        return empty_state_ui(ui, Icon::SearchX, s(lang, Say::NothingFound), "");
    }
    let foot = 44.0;
    let room = egui::vec2(ui.available_width(), ui.available_height() - foot);
    let list = &state.people.accounts;
    let chosen = state.people.chosen;
    let (_, order, descending) = list.filter;
    let done = ui
        .allocate_ui(room, |ui| {
            table_ui(
                ui,
                "accounts",
                &columns(lang),
                Some((order, descending)),
                total,
                chosen,
                |index, column| Some(account_cell(lang, clock, list.row(index)?, column)),
            )
        })
        .inner;
    if let Some(order) = done.sort {
        state.people.sort_by(order);
    }
    if let Some(chosen) = done.chosen {
        state.people.chosen = Some(chosen);
    }
    state.people.looked_at = done.looked_at;
    if let Some(row) = done.opened.and_then(|row| state.people.accounts.row(row)) {
        let form = AccountForm::of(row);
        state.people.asking = Some(PeopleAsking::Account(form));
    }
    ui.add_space(6.0);
    bar_ui(ui, |ui| account_actions_ui(ui, state));
}

fn account_cell(lang: Lang, clock: ui_kit::Clock, row: &AccountRow, column: usize) -> Cell {
    match column {
        0 => Cell::new(name_alone(lang, &row.display_name)),
        1 => Cell::dim(row.name.to_string()),
        2 => Cell::new(role_name(lang, &row.role_name)),
        3 if row.has_second_factor => Cell::badge(s(lang, Say::SetUp), Tone::Good),
        3 => Cell::dim("–"),
        4 => Cell::dim(row.last_log_in_unix_millis.map_or_else(
            || s(lang, Say::Never).to_owned(),
            |at| clock.date_time(at.div_euclid(1000)),
        )),
        _ if row.disabled => Cell::badge(s(lang, Say::Disabled), Tone::Danger),
        _ if row.signed_in => Cell::badge(s(lang, Say::SignedIn), Tone::Good),
        _ if row.invited_until_unix_millis.is_some() => {
            Cell::badge(s(lang, Say::Invited), Tone::Accent)
        }
        _ if !row.has_password => Cell::badge(s(lang, Say::NoPassword), Tone::Warning),
        _ => Cell::new(""),
    }
}

/// The built-in roles have names in every language.
fn role_name(lang: Lang, name: &str) -> String {
    let own = match name {
        "operator" => Some(Say::RoleOperator),
        "auditor" => Some(Say::RoleAuditor),
        "administrator" => Some(Say::RoleAdministrator),
        _ => None,
    };
    own.map_or_else(|| name_alone(lang, name), |say| s(lang, say).to_owned())
}

pub(super) fn group_name(lang: Lang, name: &str, built_in: bool) -> String {
    if built_in {
        s(lang, Say::Everyone).to_owned()
    } else {
        name_alone(lang, name)
    }
}

/// What can be done with the account that is chosen.
fn account_actions_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let chosen = state.people.chosen;
    let row = chosen
        .and_then(|row| state.people.accounts.row(row))
        .cloned();
    let Some(row) = row else {
        let palette = Palette::of(ui);
        let note = s(lang, Say::ChoosePerson);
        ui.label(text(note, 13.0, theme::REGULAR, palette.dim));
        return;
    };
    let account = row.account;
    if ui
        .add(Push::secondary(s(lang, Say::Change)).icon(Icon::Pencil))
        .clicked()
    {
        state.people.asking = Some(PeopleAsking::Account(AccountForm::of(&row)));
    }
    if ui
        .add(Push::secondary(s(lang, Say::Invite)).icon(Icon::Mail))
        .clicked()
    {
        let question = Question::People(Ask::Invite { account });
        state.ask(Topic::Invitation, question);
    }
    let factor = Push::secondary(s(lang, Say::SecondFactor)).icon(Icon::KeyRound);
    let button = ui.add(factor);
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(200.0);
        let set_up = s(lang, Say::SetUpAnew);
        if menu_item_ui(ui, Some(Icon::QrCode), set_up, false, None).clicked() {
            let question = Question::People(Ask::SetUpSecondFactor { account });
            state.ask(Topic::SecondFactor, question);
            ui.close();
        }
        let none = (!row.has_second_factor).then(|| s(lang, Say::HasNone));
        let reset = s(lang, Say::TakeAway);
        if menu_item_ui(ui, Some(Icon::X), reset, false, none).clicked() {
            let question = Question::People(Ask::ResetSecondFactor { account });
            state.ask(Topic::Done(Done::Saved), question);
            ui.close();
        }
    });
    let label = if row.disabled {
        Say::Enable
    } else {
        Say::Disable
    };
    let toggle = Push::secondary(s(lang, label)).icon(Icon::Ban);
    if ui.add(toggle).clicked() {
        if row.disabled {
            set_disabled(state, account, false);
        } else {
            state.people.asking = Some(PeopleAsking::Disable {
                account,
                name: row.display_name,
            });
        }
    }
}

fn set_disabled(state: &mut State, account: AccountId, disabled: bool) {
    let question = Question::People(Ask::SetDisabled { account, disabled });
    state.ask(Topic::Done(Done::Saved), question);
}

fn sign_ins_ui(ui: &mut Ui, state: &mut State) {
    let (lang, clock) = (state.lang, state.clock);
    let Some(rows) = state.people.sign_ins.value.clone() else {
        return missing_ui(ui, lang, &state.people.sign_ins);
    };
    scroll_ui(ui, |ui| {
        for row in &rows {
            if sign_in_ui(ui, lang, clock, row) {
                let question = Question::People(Ask::EndSignIn {
                    sign_in: row.sign_in,
                });
                state.ask(Topic::Done(Done::Disconnected), question);
            }
        }
    });
}

fn sign_in_ui(ui: &mut Ui, lang: Lang, clock: ui_kit::Clock, row: &SignInRow) -> bool {
    use ui_kit::widgets::{Leading, Row, row_ui};
    let name = name_alone(lang, &row.display_name);
    let kind = match row.kind {
        SignInKind::Console => Say::Console,
        SignInKind::Administration => Say::Administration,
    };
    let detail = format!("{}  ·  {}  ·  {}", row.name, row.address, row.program);
    let since = clock.since(row.since_unix_millis.div_euclid(1000));
    let shown = Row {
        leading: Leading::Initials(&name),
        title: &name,
        detail: &detail,
        badge: Some((s(lang, kind), Tone::Accent)),
        trailing: &since,
        selected: false,
        away: false,
    };
    ui.horizontal(|ui| {
        let width = ui.available_width() - 44.0;
        ui.scope(|ui| {
            ui.set_max_width(width);
            row_ui(ui, &shown);
        });
        let label = words::end_sign_in(lang, &name);
        icon_button_ui(ui, Icon::LogOut, &label, true).clicked()
    })
    .inner
}

fn groups_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let palette = Palette::of(ui);
    let Some(groups) = state.people.groups.value.clone() else {
        return missing_ui(ui, lang, &state.people.groups);
    };
    ui.add(
        Label::new(text(
            s(lang, Say::GroupsNote),
            13.0,
            theme::REGULAR,
            palette.dim,
        ))
        .wrap(),
    );
    ui.add_space(4.0);
    scroll_ui(ui, |ui| {
        for group in &groups {
            ui.horizontal(|ui| {
                let name = group_name(lang, &group.name, group.built_in);
                ui.label(text(&name, 14.5, theme::MEDIUM, palette.text));
                let count = words::people(lang, group.accounts);
                ui.label(text(count, 13.0, theme::REGULAR, palette.dim));
                at_right_ui(ui, |ui| {
                    let built_in = group.built_in;
                    let label = words::remove(lang, &name);
                    if icon_button_ui(ui, Icon::Trash2, &label, !built_in).clicked() {
                        let group = group.group;
                        let question = Question::People(Ask::RemoveGroup { group });
                        state.ask(Topic::Done(Done::Saved), question);
                    }
                    let label = words::rename(lang, &name);
                    if icon_button_ui(ui, Icon::Pencil, &label, !built_in).clicked() {
                        state.people.asking = Some(PeopleAsking::Group {
                            group: Some(group.group),
                            name: group.name.to_string(),
                        });
                    }
                });
            });
            divider_ui(ui);
        }
    });
}

fn roles_ui(ui: &mut Ui, state: &mut State) {
    let lang = state.lang;
    let palette = Palette::of(ui);
    let Some(roles) = state.people.roles.value.clone() else {
        return missing_ui(ui, lang, &state.people.roles);
    };
    scroll_ui(ui, |ui| {
        for role in &roles {
            ui.horizontal(|ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.set_max_width(ui.available_width() - 100.0);
                    let name = role_name(lang, &role.name);
                    let count = words::people(lang, role.accounts);
                    let title = format!("{name}  ·  {count}");
                    ui.label(text(title, 14.5, theme::MEDIUM, palette.text));
                    let may: Vec<&str> = permission_names(lang, role.permissions).collect();
                    let may = text(may.join(", "), 13.0, theme::REGULAR, palette.dim);
                    ui.add(Label::new(may).wrap());
                });
                at_right_ui(ui, |ui| {
                    let own = !role.built_in;
                    let name = role_name(lang, &role.name);
                    let label = words::remove(lang, &name);
                    if icon_button_ui(ui, Icon::Trash2, &label, own).clicked() {
                        let role = role.role;
                        let question = Question::People(Ask::RemoveRole { role });
                        state.ask(Topic::Done(Done::Saved), question);
                    }
                    let label = words::rename(lang, &name);
                    if icon_button_ui(ui, Icon::Pencil, &label, own).clicked() {
                        state.people.asking = Some(PeopleAsking::Role(RoleForm::of(role)));
                    }
                });
            });
            divider_ui(ui);
        }
    });
}

const PERMISSIONS: [(Permissions, Say); 8] = [
    (Permissions::SEE, Say::MaySee),
    (Permissions::CONTROL, Say::MayControl),
    (Permissions::FILES, Say::MayFiles),
    (Permissions::UNATTENDED, Say::MayUnattended),
    (Permissions::WATCH_LIVE, Say::MayWatchLive),
    (Permissions::READ_REPORTS, Say::MayReadReports),
    (Permissions::EXPORT, Say::MayExport),
    (Permissions::ADMINISTER, Say::MayAdminister),
];

fn permission_names(lang: Lang, of: Permissions) -> impl Iterator<Item = &'static str> {
    PERMISSIONS
        .into_iter()
        .filter(move |(permission, _)| of.has(*permission))
        .map(move |(_, say)| s(lang, say))
}

fn asking_ui(ui: &Ui, state: &mut State) {
    match state.people.asking.take() {
        None => {}
        Some(PeopleAsking::Account(form)) => account_form_ui(ui, state, form),
        Some(PeopleAsking::Disable { account, name }) => disable_ui(ui, state, account, name),
        Some(PeopleAsking::Group { group, name }) => group_form_ui(ui, state, group, name),
        Some(PeopleAsking::Role(form)) => role_form_ui(ui, state, form),
        Some(PeopleAsking::Shown { title, line, codes }) => {
            let stays = once_ui(ui, state, title, &line, &codes);
            let shown = PeopleAsking::Shown { title, line, codes };
            state.people.asking = stays.then_some(shown);
        }
    }
}

fn account_form_ui(ui: &Ui, state: &mut State, mut form: AccountForm) {
    let lang = state.lang;
    let icon = Some((Icon::UserPlus, Tone::Accent));
    let title = if form.account.is_some() {
        s(lang, Say::ChangePerson)
    } else {
        s(lang, Say::AddPerson)
    };
    let roles = state.people.roles.value.clone().unwrap_or_default();
    let groups = state.people.groups.value.clone().unwrap_or_default();
    let dialog = dialog_ui(ui.ctx(), "account", DialogSize::Medium, icon, title, |ui| {
        let missing = form.show_faults && form.name.trim().is_empty();
        let field = Field::new(s(lang, Say::LogInName))
            .note(s(lang, Say::LogInNameNote))
            .error(missing.then(|| w(lang, Word::Required)));
        text_field_ui(ui, &field, &mut form.name);
        let field = Field::new(s(lang, Say::Name)).note(s(lang, Say::NameNote));
        text_field_ui(ui, &field, &mut form.display_name);
        let names: Vec<_> = roles
            .iter()
            .map(|role| (role.role, role_name(lang, &role.name)))
            .collect();
        let choices: Vec<_> = names
            .iter()
            .map(|(id, name)| (*id, name.as_str()))
            .collect();
        let first = choices.first().map(|(id, _)| *id);
        if let Some(role) = form.role.or(first) {
            form.role = Some(role);
            let field = Field::new(s(lang, Say::Role));
            if let Some(role) = choice_ui(ui, &field, role, &choices) {
                form.role = Some(role);
            }
        }
        if groups.len() > 1 {
            memberships_ui(ui, lang, (Say::Groups, &groups), &mut form.groups);
        }
        if form.account.is_none() {
            ui.add(Label::new(s(lang, Say::InvitationFollows)).wrap());
        }
        form_buttons_ui(ui, lang, w(lang, Word::Save))
    });
    let answer = answer_of(&dialog);
    match answer {
        Some(false) => return,
        Some(true) if form.name.trim().is_empty() => form.show_faults = true,
        Some(true) => {
            if let Some((topic, question)) = form.question() {
                state.ask(topic, Question::People(question));
                return;
            }
        }
        None => {}
    }
    state.people.asking = Some(PeopleAsking::Account(form));
}

fn disable_ui(ui: &Ui, state: &mut State, account: AccountId, name: Name) {
    let lang = state.lang;
    let title = words::disable_title(lang, &name_alone(lang, &name));
    let texts = (Say::DisableNote, Say::Disable);
    let answer = danger_ui(ui, lang, (Icon::Ban, &title), texts);
    match answer {
        Some(true) => set_disabled(state, account, true),
        Some(false) => {}
        None => state.people.asking = Some(PeopleAsking::Disable { account, name }),
    }
}

fn group_form_ui(ui: &Ui, state: &mut State, group: Option<protocol::GroupId>, mut name: String) {
    let lang = state.lang;
    let title = match group {
        Some(_) => Say::RenameGroup,
        None => Say::AddGroup,
    };
    let answer = name_ui(ui, lang, (Icon::Users, title), &mut name);
    match answer {
        Some(false) => {}
        Some(true) => {
            let name = Name::cut(name.trim());
            let question = match group {
                Some(group) => Ask::RenameGroup { group, name },
                None => Ask::AddGroup { name },
            };
            state.ask(Topic::Done(Done::Saved), Question::People(question));
        }
        None => state.people.asking = Some(PeopleAsking::Group { group, name }),
    }
}

fn role_form_ui(ui: &Ui, state: &mut State, mut form: RoleForm) {
    let lang = state.lang;
    let icon = Some((Icon::Shield, Tone::Accent));
    let title = if form.role.is_some() {
        Say::ChangeRole
    } else {
        Say::AddRole
    };
    let title = s(lang, title);
    let dialog = dialog_ui(ui.ctx(), "role", DialogSize::Medium, icon, title, |ui| {
        text_field_ui(ui, &Field::new(s(lang, Say::Name)), &mut form.name);
        for (permission, say) in PERMISSIONS {
            let mut may = form.permissions.has(permission);
            check_ui(ui, &mut may, s(lang, say), None);
            form.permissions = form.permissions.set(permission, may);
        }
        form_buttons_ui(ui, lang, w(lang, Word::Save))
    });
    let answer = answer_of(&dialog);
    match answer {
        Some(false) => {}
        Some(true) if !form.name.trim().is_empty() => {
            let name = Name::cut(form.name.trim());
            let permissions = form.permissions;
            let question = match form.role {
                Some(role) => Ask::ChangeRole {
                    role,
                    name,
                    permissions,
                },
                None => Ask::AddRole { name, permissions },
            };
            state.ask(Topic::Done(Done::Saved), Question::People(question));
        }
        Some(true) | None => state.people.asking = Some(PeopleAsking::Role(form)),
    }
}

/// Something that is shown once: an invitation, or a second factor with its codes. Whether it stays.
pub(super) fn once_ui(
    ui: &Ui,
    state: &mut State,
    title: Say,
    line: &str,
    codes: &[String],
) -> bool {
    let lang = state.lang;
    let icon = Some((Icon::KeyRound, Tone::Good));
    let (mut copied, mut saved) = (None, false);
    let heading = s(lang, title);
    let dialog = dialog_ui(ui.ctx(), "shown", DialogSize::Medium, icon, heading, |ui| {
        banner_ui(ui, Tone::Warning, s(lang, Say::ShownOnce));
        let palette = Palette::of(ui);
        if let Some(qr) = Qr::of(line) {
            ui.vertical_centered(|ui| qr.ui(ui, 190.0));
        }
        let mono = egui::RichText::new(line).monospace().color(palette.text);
        ui.add(Label::new(mono).wrap().selectable(true));
        ui.horizontal(|ui| {
            if link_button_ui(ui, Some(Icon::Copy), w(lang, Word::Copy)).clicked() {
                copied = Some(line.to_owned());
            }
            let save = s(lang, Say::SaveAsFile);
            if codes.is_empty() && link_button_ui(ui, Some(Icon::Download), save).clicked() {
                saved = true;
            }
        });
        if !codes.is_empty() {
            ui.add_space(4.0);
            ui.add(Label::new(s(lang, Say::RecoveryCodesNote)).wrap());
            let all = codes.join("   ");
            let mono = egui::RichText::new(&all).monospace().color(palette.text);
            ui.add(Label::new(mono).wrap().selectable(true));
            if link_button_ui(ui, Some(Icon::Copy), s(lang, Say::CopyCodes)).clicked() {
                copied = Some(codes.join("\n"));
            }
        }
        let mut close = false;
        dialog_buttons_ui(ui, |ui| {
            close = ui.add(Push::primary(w(lang, Word::Close))).clicked();
        });
        close
    });
    if let Some(text) = copied {
        state.wish(Wish::Copy(text));
    }
    if saved {
        state.wish(Wish::SaveText {
            file_name: invitation_file(line),
            text: format!("{line}\n"),
        });
    }
    !dialog.inner && !escaped_from(&dialog)
}

/// What the file of an invitation is called.
fn invitation_file(line: &str) -> String {
    match line.parse::<protocol::Invitation>() {
        Ok(invitation) => format!("invitation-{}.txt", invitation.user),
        Err(_of_a_computer) => "invitation-purepc.txt".to_owned(),
    }
}

impl AccountForm {
    /// What is there now.
    pub(crate) fn of(row: &AccountRow) -> Self {
        Self {
            account: Some(row.account),
            name: row.name.to_string(),
            display_name: row.display_name.to_string(),
            role: Some(row.role),
            groups: row.groups.clone(),
            show_faults: false,
        }
    }

    fn question(&self) -> Option<(Topic, Ask)> {
        let name = Name::cut(self.name.trim());
        let display_name = Name::cut(self.display_name.trim());
        let (role, groups) = (self.role?, self.groups.clone());
        if let Some(account) = self.account {
            let change = people::AccountChange {
                name,
                display_name,
                role,
                groups,
            };
            let question = Ask::ChangeAccount { account, change };
            return Some((Topic::Done(Done::Saved), question));
        }
        let new = NewAccount {
            name,
            display_name,
            role,
            groups,
            password: None,
        };
        Some((Topic::AccountAdded, Ask::AddAccount(new)))
    }
}

impl RoleForm {
    fn of(role: &RoleRow) -> Self {
        Self {
            role: Some(role.role),
            name: role.name.to_string(),
            permissions: role.permissions,
        }
    }
}
