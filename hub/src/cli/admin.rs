//! `hub admin`: accounts, from the machine of the hub alone.

mod groups;
mod host;
mod invite;
pub(super) mod list;
mod live;
mod password;
mod sign_ins;
mod wake;

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;
use hub::catalogue::{self, Account, Catalogue, Change, What};
use hub::{people, unix_millis};
use protocol::admin::people::{AccountChange, Rules, SecondFactorRule};
use protocol::{GroupId, Permissions, RoleId};
use session::authority::{Action, Object, Who, may};

use self::password::PasswordArgs;
use super::{ACTOR, DataArgs};

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Add an account. The password is asked for, or read from standard input.
    AddOperator {
        /// What is typed at log-in.
        name: String,
        /// What others see; the name if not given.
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// May also administer the hub; as `--role administrator`.
        #[arg(long, conflicts_with = "role")]
        administrator: bool,
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Make an invitation: one line that sets up a console and lets the person choose a password, once.
    ///
    /// The account is added if there is none with this name.
    Invite(invite::InviteArgs),
    /// Give an operator another password.
    SetPassword {
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Change an account's name, the name that others see, its role or its groups.
    Change {
        name: String,
        /// What is typed at log-in from now on.
        #[arg(long, value_name = "NAME")]
        new_name: Option<String>,
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// A role that is listed by `roles`.
        #[arg(long, value_name = "ROLE")]
        role: Option<String>,
        /// The groups that it is in from now on, in place of those before.
        #[arg(long, value_name = "GROUP")]
        group: Vec<String>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Close an account; a running hub cuts its operator off.
    DisableOperator {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Open an account again.
    EnableOperator {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List the accounts.
    ListOperators(list::ListArgs),
    /// Give an account a second factor; shows a code to scan and ten recovery codes, once.
    SetSecondFactor(invite::SecondFactorArgs),
    /// Make new recovery codes for an account's second factor, in place of those that there were.
    RenewRecoveryCodes(invite::SecondFactorArgs),
    /// Take the second factor from an account.
    ResetSecondFactor {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List the groups.
    Groups(list::ListArgs),
    /// Add a group. Operators see each other and each other's users where they share one.
    AddGroup {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Give a group another name.
    RenameGroup {
        name: String,
        new_name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Remove a group; the accounts that are in it stay.
    RemoveGroup {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List the roles and what they permit.
    Roles(list::ListArgs),
    /// Add a role, for instance `add-role trainee see+control`.
    AddRole {
        name: String,
        permissions: Permissions,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Give a role another name or other permissions.
    ChangeRole {
        name: String,
        #[arg(long, value_name = "NAME")]
        new_name: Option<String>,
        #[arg(long)]
        permissions: Option<Permissions>,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Remove a role that no account has.
    RemoveRole {
        name: String,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Manage permanent hosts: computers that are always connected.
    #[command(subcommand)]
    Host(host::HostCommand),
    /// List who is connected to the running hub: consoles, users and permanent hosts.
    Connected(list::ListArgs),
    /// Send away whom `connected` lists.
    Disconnect {
        id: sign_ins::SignInNumber,
        #[command(flatten)]
        data: DataArgs,
    },
    /// List the sessions that run.
    Sessions(list::ListArgs),
    /// End a session that runs.
    #[command(subcommand)]
    Session(live::SessionCommand),
    /// List who is signed in, with a console or in the administration.
    SignIns(list::ListArgs),
    /// End a sign-in that `sign-ins` lists; a running hub sends them away within seconds.
    EndSignIn {
        sign_in: sign_ins::SignInNumber,
        #[command(flatten)]
        data: DataArgs,
    },
    /// Show what holds for all accounts, or change it.
    Rules {
        /// Who gives a code after the password.
        #[arg(long, value_enum)]
        second_factor: Option<SecondFactorWord>,
        /// How many characters a new password has at least.
        #[arg(long, value_name = "COUNT")]
        password_chars: Option<u16>,
        #[command(flatten)]
        list: list::ListArgs,
    },
}

/// Where a new account belongs.
#[derive(Debug, clap::Args)]
pub(super) struct PlaceArgs {
    /// What it may do; `hub admin roles` lists the roles. "operator" if not given.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// A group that it is in; "Everyone" if none is given.
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum SecondFactorWord {
    Off,
    Optional,
    Administrators,
    Everybody,
}

impl From<SecondFactorWord> for SecondFactorRule {
    fn from(word: SecondFactorWord) -> Self {
        match word {
            SecondFactorWord::Off => Self::Off,
            SecondFactorWord::Optional => Self::Optional,
            SecondFactorWord::Administrators => Self::Administrators,
            SecondFactorWord::Everybody => Self::Everybody,
        }
    }
}

pub(super) fn run(command: AdminCommand) -> anyhow::Result<ExitCode> {
    may(Who::CommandLine, Action::Administer, Object::Hub)?;
    match command {
        AdminCommand::AddOperator {
            name,
            display_name,
            administrator,
            place,
            password,
            data,
        } => {
            let mut catalogue = open_or_create(&data.data)?;
            let (mut role, groups) = place.find(&*catalogue)?;
            if administrator {
                role = RoleId::ADMINISTRATOR;
            }
            let name = people::fit_name(&name)?;
            let hash = password.hash(&name, catalogue.rules()?, &data.data)?;
            let display_name = display_name.unwrap_or_default();
            let what = people::add(&name, &display_name, role, groups, hash)?;
            change(&mut *catalogue, what)?;
            say(&format!("operator {name} can log in"))?;
        }
        AdminCommand::Invite(args) => args.run()?,
        AdminCommand::SetPassword {
            name,
            password,
            data,
        } => {
            let (mut catalogue, account) = open(&data, &name)?;
            let hash = password.hash(&account.name, catalogue.rules()?, &data.data)?;
            let account = account.named();
            change(&mut *catalogue, What::PasswordSet { account, hash })?;
            say(&format!("operator {name} has a new password"))?;
        }
        AdminCommand::Change {
            name,
            new_name,
            display_name,
            role,
            group,
            data,
        } => {
            let (mut catalogue, account) = open(&data, &name)?;
            let role = match role {
                Some(role) => catalogue.role_named(&role)?,
                None => account.role,
            };
            let groups = if group.is_empty() {
                account.groups.iter().copied().collect()
            } else {
                groups::numbers(&*catalogue, &group)?
            };
            let to = AccountChange {
                name: new_name.as_deref().unwrap_or(&account.name).into(),
                display_name: display_name
                    .as_deref()
                    .unwrap_or(&account.display_name)
                    .into(),
                role,
                groups,
            };
            let what = people::change(&account, to)?;
            change(&mut *catalogue, what)?;
            say(&format!("operator {name} is changed"))?;
        }
        AdminCommand::DisableOperator { name, data } => {
            let (mut catalogue, account) = open(&data, &name)?;
            let account = account.named();
            change(&mut *catalogue, What::AccountDisabled { account })?;
            say(&format!("operator {name} cannot log in any more"))?;
        }
        AdminCommand::EnableOperator { name, data } => {
            let (mut catalogue, account) = open(&data, &name)?;
            let account = account.named();
            change(&mut *catalogue, What::AccountEnabled { account })?;
            say(&format!("operator {name} can log in"))?;
        }
        AdminCommand::ListOperators(args) => list::accounts(&args)?,
        AdminCommand::SetSecondFactor(args) => args.run()?,
        AdminCommand::RenewRecoveryCodes(args) => args.renew_recovery_codes()?,
        AdminCommand::ResetSecondFactor { name, data } => {
            let (mut catalogue, account) = open(&data, &name)?;
            let account = account.named();
            change(&mut *catalogue, What::SecondFactorReset { account })?;
            say(&format!("operator {name} has no second factor any more"))?;
        }
        AdminCommand::Groups(args) => list::groups(&args)?,
        AdminCommand::AddGroup { name, data } => groups::add(&data, &name)?,
        AdminCommand::RenameGroup {
            name,
            new_name,
            data,
        } => groups::rename(&data, &name, &new_name)?,
        AdminCommand::RemoveGroup { name, data } => groups::remove(&data, &name)?,
        AdminCommand::Roles(args) => list::roles(&args)?,
        AdminCommand::AddRole {
            name,
            permissions,
            data,
        } => groups::add_role(&data, &name, permissions)?,
        AdminCommand::ChangeRole {
            name,
            new_name,
            permissions,
            data,
        } => groups::change_role(&data, &name, new_name.as_deref(), permissions)?,
        AdminCommand::RemoveRole { name, data } => groups::remove_role(&data, &name)?,
        AdminCommand::Host(command) => host::run(command)?,
        AdminCommand::Connected(args) => live::connected(&args)?,
        AdminCommand::Disconnect { id, data } => live::disconnect(&data, id)?,
        AdminCommand::Sessions(args) => live::sessions(&args)?,
        AdminCommand::Session(command) => live::session(command)?,
        AdminCommand::SignIns(args) => sign_ins::list(&args)?,
        AdminCommand::EndSignIn { sign_in, data } => sign_ins::end(&data, sign_in)?,
        AdminCommand::Rules {
            second_factor,
            password_chars,
            list,
        } => {
            let mut catalogue = catalogue::open(&list.data.data)?;
            let now = catalogue.rules()?;
            let rules = Rules {
                second_factor: second_factor.map_or(now.second_factor, Into::into),
                password_chars: password_chars.unwrap_or(now.password_chars),
            };
            if rules != now {
                let what = people::set_rules(rules, None)?;
                change(&mut *catalogue, what)?;
            }
            list::rules(&list, rules)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl PlaceArgs {
    /// The role and the groups that they name.
    fn find(&self, catalogue: &dyn Catalogue) -> anyhow::Result<(RoleId, Vec<GroupId>)> {
        let role = match &self.role {
            Some(role) => catalogue.role_named(role)?,
            None => RoleId::OPERATOR,
        };
        if self.group.is_empty() {
            return Ok((role, vec![GroupId::EVERYONE]));
        }
        Ok((role, groups::numbers(catalogue, &self.group)?))
    }
}

/// The first account may be made before the hub ever ran.
fn open_or_create(folder: &Path) -> anyhow::Result<Box<dyn Catalogue>> {
    hub::create_folder(folder)?;
    Ok(catalogue::open_or_create(folder)?)
}

/// The catalogue, and the account with this name in it.
fn open(data: &DataArgs, name: &str) -> anyhow::Result<(Box<dyn Catalogue>, Account)> {
    let catalogue = catalogue::open(&data.data)?;
    let account = catalogue.account_named(name)?;
    Ok((catalogue, account))
}

fn change(catalogue: &mut dyn Catalogue, what: What) -> anyhow::Result<()> {
    let actor = ACTOR;
    let batch = Change { actor, what }.at(unix_millis());
    Ok(catalogue.apply(&[batch])?)
}

fn say(line: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}")
}
