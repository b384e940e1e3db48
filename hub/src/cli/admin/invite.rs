//! What a person is given once: an invitation, or a second factor.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use hub::catalogue::{self, CatalogueError, PasswordHash};
use hub::people::PeopleError;
use hub::{people, unix_millis};
use protocol::RefusalCode;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;
use transport::HubIdentity;

use super::super::DataArgs;
use super::super::table::time_text;
use super::{PlaceArgs, change, open};

#[derive(Debug, clap::Args)]
pub(crate) struct InviteArgs {
    /// What is typed at log-in.
    name: String,
    /// What others see, for a new account; the name if not given.
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    #[command(flatten)]
    place: PlaceArgs,
    /// Write the invitation to this file, for its owner alone, and not to the screen.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show it as a QR code too.
    #[arg(long)]
    qr: bool,
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

impl InviteArgs {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let folder = &self.data.data;
        let mut catalogue = catalogue::open(folder)?;
        if catalogue.hub_address()?.is_none() {
            return Err(PeopleError::NoAddress.into());
        }
        let fingerprint = HubIdentity::open_or_create(folder)?.fingerprint();
        let account = match catalogue.account_named(&self.name) {
            Err(CatalogueError::Refused {
                code: RefusalCode::NOT_THERE,
                ..
            }) => {
                let (role, groups) = self.place.find(&*catalogue)?;
                let shown = self.display_name.as_deref().unwrap_or_default();
                let none = PasswordHash::none();
                let what = people::add(&self.name, shown, role, groups, none)?;
                change(&mut *catalogue, what)?;
                catalogue.account_named(&self.name)?
            }
            found => found?,
        };
        let now = unix_millis();
        let (what, invitation) = people::invite(&*catalogue, &account, fingerprint, now)?;
        change(&mut *catalogue, what)?;
        let (line, expires) = (invitation.to_string(), people::invitation_expires(now));
        let mut out = std::io::stdout();
        if let Some(path) = &self.out {
            private_file::replace(path, format!("{line}\n").as_bytes())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        if self.json {
            let shown = json!({
                "name": account.name,
                "invitation": line,
                "expires": time_text(expires),
            });
            writeln!(out, "{shown}")?;
            return Ok(());
        }
        match &self.out {
            Some(path) => writeln!(out, "the invitation is in {}", path.display())?,
            None => writeln!(out, "{line}")?,
        }
        if self.qr {
            write_qr(&mut out, &line)?;
        }
        writeln!(out, "good once, until {}", time_text(expires))?;
        Ok(())
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct SecondFactorArgs {
    name: String,
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

impl SecondFactorArgs {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let (mut catalogue, account) = open(&self.data, &self.name)?;
        let (what, shown) = people::second_factor(&account)?;
        change(&mut *catalogue, what)?;
        let mut out = std::io::stdout();
        if self.json {
            let shown = json!({
                "name": account.name,
                "address": shown.address,
                "recovery_codes": shown.recovery_codes,
            });
            writeln!(out, "{shown}")?;
            return Ok(());
        }
        writeln!(out, "Scan this with the program that makes codes:\n")?;
        write_qr(&mut out, &shown.address)?;
        writeln!(out, "\nor type {}\n", shown.address)?;
        write_recovery_codes(&mut out, &shown.recovery_codes)
    }

    /// New recovery codes for the second factor that there is.
    pub(super) fn renew_recovery_codes(&self) -> anyhow::Result<()> {
        let (mut catalogue, account) = open(&self.data, &self.name)?;
        let (what, codes) = people::renew_recovery_codes(&account)?;
        change(&mut *catalogue, what)?;
        let mut out = std::io::stdout();
        if self.json {
            let shown = json!({ "name": account.name, "recovery_codes": codes });
            writeln!(out, "{shown}")?;
            return Ok(());
        }
        write_recovery_codes(&mut out, &codes)
    }
}

fn write_recovery_codes(out: &mut impl std::io::Write, codes: &[String]) -> anyhow::Result<()> {
    writeln!(
        out,
        "Each of these counts once in place of a code. They are not shown again:\n"
    )?;
    for code in codes {
        writeln!(out, "    {code}")?;
    }
    Ok(())
}

/// A QR code of half blocks, dark on light as scanners like it on a dark terminal too.
pub(super) fn write_qr(out: &mut impl std::io::Write, text: &str) -> anyhow::Result<()> {
    let code = QrCode::new(text).context("too long for a QR code")?;
    let drawn = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Dark)
        .light_color(Dense1x2::Light)
        .build();
    writeln!(out, "{drawn}")?;
    Ok(())
}
