//! What becomes of accounts, for the administration and for the command line alike: each function makes
//! the change that is to be stored, and what the person is shown.

use std::path::Path;

use protocol::admin::hosts::{MAX_USES, MAX_VALID_HOURS};
use protocol::admin::people::{AccountChange, RECOVERY_CODES, Rules, SecondFactorRule};
use protocol::limits::MAX_PASSWORD_BYTES;
use protocol::{
    GroupId, HubAddress, Invitation, InvitationToken, Permissions, RefusalCode, RoleId,
    visible_line,
};
use sha2::{Digest as _, Sha256};
use transport::Fingerprint;

use crate::breached;
use crate::catalogue::{
    Account, Catalogue, CatalogueError, ChangedAccount, FactorSecret, NewAccount, NewSecondFactor,
    PasswordHash, TokenHash, What, name_key,
};
use crate::password::{self, HashError};

/// Where the first administrator finds the invitation.
pub const FIRST_INVITATION_FILE: &str = "administrator-invitation.txt";
/// How long an invitation is good.
const INVITATION_MILLIS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Shortest password that a rule may ask for, and longest.
const PASSWORD_CHARS: std::ops::RangeInclusive<u16> = 4..=128;

/// What was asked for cannot be done with accounts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeopleError {
    #[error("a name cannot be empty, and has no characters that cannot be seen")]
    NameUnfit,
    #[error("a password has at least {0} characters")]
    PasswordShort(u16),
    #[error("a password has at most {MAX_PASSWORD_BYTES} bytes")]
    PasswordLong,
    #[error("this password is on the list of those that attackers try")]
    PasswordKnown,
    #[error("the password must not be the account's name")]
    PasswordIsName,
    #[error("a password may be asked to have from 4 to 128 characters")]
    RuleOutOfRange,
    #[error("a code enrols 1 to {MAX_USES} hosts, and is good for 1 to {MAX_VALID_HOURS} hours")]
    EnrolmentOutOfRange,
    #[error("whoever asks for second factors has to have one first")]
    SecondFactorMissing,
    #[error("the account has no second factor")]
    NoSecondFactor,
    #[error("the list of known passwords cannot be read: {0}")]
    List(#[from] std::io::Error),
    #[error("the hub does not know its own address yet; start it once with `hub serve`")]
    NoAddress,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("no randomness: {0}")]
    Random(getrandom::Error),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl PeopleError {
    /// The number by which clients say it.
    pub(crate) fn code(&self) -> RefusalCode {
        match self {
            Self::NameUnfit => RefusalCode::NAME_UNFIT,
            Self::PasswordShort(_) => RefusalCode::PASSWORD_SHORT,
            Self::PasswordKnown => RefusalCode::PASSWORD_KNOWN,
            Self::PasswordIsName => RefusalCode::PASSWORD_IS_NAME,
            Self::SecondFactorMissing => RefusalCode::SECOND_FACTOR_MISSING,
            Self::NoSecondFactor => RefusalCode::NOT_THERE,
            Self::PasswordLong
            | Self::RuleOutOfRange
            | Self::EnrolmentOutOfRange
            | Self::NoAddress => RefusalCode::AGAINST_A_RULE,
            Self::Catalogue(error) => error.code(),
            Self::List(_) | Self::Hash(_) | Self::Random(_) => RefusalCode::INTERNAL,
        }
    }
}

/// A name as it is kept, if nothing in it hides.
///
/// # Errors
///
/// [`PeopleError::NameUnfit`].
pub fn fit_name(name: &str) -> Result<String, PeopleError> {
    let name = name.trim();
    let fits = !name.is_empty()
        && name.len() <= protocol::limits::MAX_NAME_BYTES
        && visible_line(name) == name;
    fits.then(|| name.to_owned()).ok_or(PeopleError::NameUnfit)
}

/// An account to be added.
///
/// # Errors
///
/// [`PeopleError::NameUnfit`].
pub fn add(
    name: &str,
    display_name: &str,
    role: RoleId,
    groups: impl IntoIterator<Item = GroupId>,
    password_hash: PasswordHash,
) -> Result<What, PeopleError> {
    let name = fit_name(name)?;
    let display_name = match display_name.trim() {
        "" => name.clone(),
        shown => fit_name(shown)?,
    };
    Ok(What::AccountAdded(NewAccount {
        name,
        display_name,
        role,
        groups: groups.into_iter().collect(),
        password_hash,
    }))
}

/// # Errors
///
/// [`PeopleError::NameUnfit`].
pub fn change(account: &Account, to: AccountChange) -> Result<What, PeopleError> {
    let name = fit_name(&to.name)?;
    let display_name = match to.display_name.trim() {
        "" => name.clone(),
        shown => fit_name(shown)?,
    };
    Ok(What::AccountChanged {
        account: account.named(),
        to: ChangedAccount {
            name,
            display_name,
            role: to.role,
            groups: to.groups.into_iter().collect(),
        },
    })
}

/// Hashes a new password of the account `name`, if the rules allow it. Reads the list of known passwords in
/// `folder`, and takes tens of milliseconds.
///
/// # Errors
///
/// [`PeopleError`] says what is wrong with the password.
pub fn new_password(
    password: &str,
    name: &str,
    rules: Rules,
    folder: &Path,
) -> Result<PasswordHash, PeopleError> {
    let chars = rules.password_chars;
    if password.chars().count() < usize::from(chars) {
        return Err(PeopleError::PasswordShort(chars));
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(PeopleError::PasswordLong);
    }
    if name_key(password) == name_key(name) {
        return Err(PeopleError::PasswordIsName);
    }
    if breached::has(folder, password)? {
        return Err(PeopleError::PasswordKnown);
    }
    Ok(PasswordHash(password::hash(password)?))
}

/// Invites the person to choose a password.
///
/// # Errors
///
/// [`PeopleError`], above all where the hub does not know its address yet.
pub fn invite(
    catalogue: &dyn Catalogue,
    account: &Account,
    fingerprint: Fingerprint,
    now_unix_millis: i64,
) -> Result<(What, Invitation), PeopleError> {
    let address = catalogue.hub_address()?;
    let hub: Option<HubAddress> = address.and_then(|address| address.parse().ok());
    let mut token = [0; 16];
    getrandom::fill(&mut token).map_err(PeopleError::Random)?;
    let token = InvitationToken(token);
    let invitation = Invitation {
        hub: hub.ok_or(PeopleError::NoAddress)?,
        fingerprint: fingerprint.bytes(),
        user: account.name.as_str().into(),
        token,
    };
    let what = What::Invited {
        account: account.named(),
        token: hash_token(token),
        expires_unix_millis: now_unix_millis.saturating_add(INVITATION_MILLIS),
    };
    Ok((what, invitation))
}

/// Until when an invitation of now is good.
pub fn invitation_expires(now_unix_millis: i64) -> i64 {
    now_unix_millis.saturating_add(INVITATION_MILLIS)
}

/// What the hub keeps of an invitation's token, which has 128 random bits.
pub(crate) fn hash_token(token: InvitationToken) -> TokenHash {
    hash("pure-help-desk invitation v1", &token.0)
}

/// What is kept of something random.
pub(crate) fn hash(purpose: &str, random: &[u8]) -> TokenHash {
    let hash = Sha256::new_with_prefix(purpose).chain_update(random);
    TokenHash(hash.finalize().into())
}

/// A second factor as its owner sees it, once.
#[derive(Debug)]
pub struct ShownSecondFactor {
    /// An `otpauth://` address.
    pub address: String,
    pub recovery_codes: Vec<String>,
}

/// A second factor for the account, in place of the one that it had.
///
/// # Errors
///
/// [`PeopleError::Random`].
pub fn second_factor(account: &Account) -> Result<(What, ShownSecondFactor), PeopleError> {
    let secret = new_factor_secret()?;
    let (hashes, codes) = recovery_codes()?;
    let shown = ShownSecondFactor {
        address: factor_address(account, &secret),
        recovery_codes: codes,
    };
    let factor = NewSecondFactor {
        secret,
        recovery_codes: hashes,
    };
    let what = What::SecondFactorSet {
        account: account.named(),
        factor,
    };
    Ok((what, shown))
}

/// Recovery codes in place of those that there were, and what their owner sees once.
///
/// # Errors
///
/// [`PeopleError::NoSecondFactor`] or [`PeopleError::Random`].
pub fn renew_recovery_codes(account: &Account) -> Result<(What, Vec<String>), PeopleError> {
    if !account.has_second_factor {
        return Err(PeopleError::NoSecondFactor);
    }
    let (codes, shown) = recovery_codes()?;
    let account = account.named();
    Ok((What::RecoveryCodesRenewed { account, codes }, shown))
}

/// The secret of a second factor that nobody has yet.
pub(crate) fn new_factor_secret() -> Result<FactorSecret, PeopleError> {
    let mut secret = [0; 20];
    getrandom::fill(&mut secret).map_err(PeopleError::Random)?;
    Ok(FactorSecret(secret))
}

/// The `otpauth://` address by which a program makes codes.
pub(crate) fn factor_address(account: &Account, secret: &FactorSecret) -> String {
    let label: String = account.name.bytes().map(percent).collect();
    format!(
        "otpauth://totp/Pure%20Help%20Desk:{label}?secret={}&issuer=Pure%20Help%20Desk",
        base32(&secret.0).to_uppercase()
    )
}

/// New recovery codes: what is kept of them, and what their owner sees once.
pub(crate) fn recovery_codes() -> Result<(Vec<TokenHash>, Vec<String>), PeopleError> {
    let (mut hashes, mut shown) = (Vec::new(), Vec::new());
    for _ in 0..RECOVERY_CODES {
        let mut random = [0; 10];
        getrandom::fill(&mut random).map_err(PeopleError::Random)?;
        let code = base32(&random);
        hashes.push(hash_recovery_code(&code));
        shown.push([&code[..4], &code[4..8], &code[8..12], &code[12..]].join("-"));
    }
    Ok((hashes, shown))
}

/// What the hub keeps of a recovery code, which has 80 random bits; as it is typed, with or without
/// hyphens.
pub(crate) fn hash_recovery_code(code: &str) -> TokenHash {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    let code: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    hash("pure-help-desk recovery code v1", code.as_bytes())
}

/// RFC 4648 without padding, in small letters.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let fives = bytes.chunks(5).flat_map(|chunk| {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let count = (chunk.len() * 8).div_ceil(5);
        (0..count).map(move |n| (bits >> (35 - 5 * n)) & 31)
    });
    fives
        .map(|five| char::from(LETTERS[usize::try_from(five).expect("below 32")]))
        .collect()
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// Rules that can be kept; who sets them over the network must not lock themselves out.
///
/// # Errors
///
/// [`PeopleError`].
pub fn set_rules(rules: Rules, asker: Option<&Account>) -> Result<What, PeopleError> {
    if !PASSWORD_CHARS.contains(&rules.password_chars) {
        return Err(PeopleError::RuleOutOfRange);
    }
    if let Some(asker) = asker
        && needs_second_factor(rules.second_factor, asker.permissions)
        && !asker.has_second_factor
    {
        return Err(PeopleError::SecondFactorMissing);
    }
    Ok(What::RulesSet(rules))
}

/// Whether an account with these permissions cannot be without a second factor.
pub(crate) fn needs_second_factor(rule: SecondFactorRule, permissions: Permissions) -> bool {
    match rule {
        SecondFactorRule::Off | SecondFactorRule::Optional => false,
        SecondFactorRule::Administrators => permissions.has_any(Permissions::OF_ADMINISTRATION),
        SecondFactorRule::Everybody => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn names_that_hide_something_are_unfit() {
        assert_eq!(fit_name("  Zoë Ångström ").expect("fit"), "Zoë Ångström");
        for name in ["", " ", "an\u{202e}na", "an\u{7}na", "an\u{200b}na", "a\nb"] {
            assert!(fit_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_recovery_code_is_the_same_with_or_without_hyphens() {
        let code = hash_recovery_code("abcd-efgh-ijkl-mnop");
        assert_eq!(code, hash_recovery_code(" ABCD EFGH ijklmnop"));
        assert_ne!(code, hash_recovery_code("abcd-efgh-ijkl-mnoq"));
    }
}
