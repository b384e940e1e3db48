//! Answers to what people ask about their own accounts, from the administration and from consoles alike.
//!
//! Whoever changes what opens the account shows first that they are its owner, with the password and the
//! second factor: a window that was left open gives neither away.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::admin::people::{Line, RecoveryCode, Rules, SignInRow};
use protocol::control::Name;
use protocol::own_account::MAX_OWN_SIGN_INS;
use protocol::{
    Code, OwnAccount, OwnAnswer, OwnQuestion, OwnSignIn, Password, PeerId, Refusal, RefusalCode,
};
use session::authority::{Action, Object, may};

use super::people::refusal;
use super::{Office, lock};
use crate::catalogue::{
    Account, AccountId, Actor, Catalogue, Change, FactorSecret, NewSecondFactor, PasswordHash, What,
};
use crate::login::{LoginDesk, Proof};
use crate::{people, second_factor};

/// How long a second factor that was shown waits for its first code.
const CONFIRM_WITHIN: Duration = Duration::from_mins(15);
/// How long it is remembered when a sign-in without a connection was used last.
const REMEMBER_USE: Duration = Duration::from_hours(1);

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) account: AccountId,
    pub(crate) sign_in: PeerId,
    pub(crate) address: IpAddr,
}

/// What is remembered of sign-ins while the hub runs, and stands in no file.
#[derive(Debug)]
pub(super) struct Own {
    logins: Arc<LoginDesk>,
    /// Second factors that were shown to a sign-in and are not confirmed, and when.
    shown: Mutex<BTreeMap<PeerId, (FactorSecret, Duration)>>,
    /// The password that an owner chose just now, and the sign-in that it does not end.
    chosen: Mutex<BTreeMap<AccountId, (PasswordHash, PeerId)>>,
    used: Mutex<BTreeMap<PeerId, Used>>,
}

#[derive(Debug)]
struct Used {
    connections: u32,
    at_unix_millis: i64,
}

impl Own {
    pub(super) fn new(logins: Arc<LoginDesk>) -> Self {
        Self {
            logins,
            shown: Mutex::default(),
            chosen: Mutex::default(),
            used: Mutex::default(),
        }
    }
}

/// A connection of a sign-in, for as long as it lives.
#[derive(Debug)]
pub(crate) struct InUse {
    office: Arc<Office>,
    sign_in: PeerId,
}

impl InUse {
    /// Something was done over the connection.
    pub(crate) fn touch(&self) {
        let now = self.office.clock.now().unix_millis;
        if let Some(used) = lock(&self.office.own.used).get_mut(&self.sign_in) {
            used.at_unix_millis = now;
        }
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        if let Some(used) = lock(&self.office.own.used).get_mut(&self.sign_in) {
            used.connections = used.connections.saturating_sub(1);
        }
    }
}

impl Office {
    /// Says that a connection of `sign_in` is here.
    pub(crate) fn in_use(self: &Arc<Self>, sign_in: PeerId) -> InUse {
        let now = self.clock.now().unix_millis;
        let memory = i64::try_from(REMEMBER_USE.as_millis()).unwrap_or(i64::MAX);
        let mut all = lock(&self.own.used);
        all.retain(|_, used| used.connections > 0 || now - used.at_unix_millis < memory);
        let used = all.entry(sign_in).or_insert(Used {
            connections: 0,
            at_unix_millis: now,
        });
        used.connections += 1;
        used.at_unix_millis = now;
        InUse {
            office: Arc::clone(self),
            sign_in,
        }
    }

    /// Which sign-in of `account` stays although the account's password is `hash` from now on.
    pub(crate) fn stays(&self, account: AccountId, hash: &PasswordHash) -> Option<PeerId> {
        let chosen = lock(&self.own.chosen);
        let (of, stays) = chosen.get(&account)?;
        (of == hash).then_some(*stays)
    }

    /// Answers a question of `owner` about their own account.
    pub(crate) async fn answer_owner(&self, owner: Owner, question: OwnQuestion) -> OwnAnswer {
        let answer = self.ask_own(owner, question).await;
        answer.unwrap_or_else(OwnAnswer::Refused)
    }

    async fn ask_own(&self, owner: Owner, question: OwnQuestion) -> Result<OwnAnswer, Refusal> {
        let id = owner.account;
        let (account, rules) = self.read(move |c| Ok((c.account(id)?, c.rules()?))).await?;
        let account = account.ok_or_else(|| Refusal::from(RefusalCode::NOT_ALLOWED))?;
        let may_ask = may(
            (&account).into(),
            Action::KeepOwnAccount,
            Object::OwnAccount,
        );
        may_ask.map_err(|_denied| Refusal::from(RefusalCode::NOT_ALLOWED))?;
        match question {
            OwnQuestion::Show => self.show(owner, &account, rules).await,
            OwnQuestion::ChangePassword {
                password,
                code,
                new,
            } => {
                let proof = self.prove(owner, &account, password, code.as_ref()).await?;
                self.change_password(owner, &account, rules, proof, new)
                    .await
            }
            OwnQuestion::BeginSecondFactor { password, code } => {
                let proof = self.prove(owner, &account, password, code.as_ref()).await?;
                let secret = people::new_factor_secret().map_err(refusal)?;
                self.own.logins.act(proof, Vec::new()).await?;
                let address = people::factor_address(&account, &secret);
                let now = self.clock.now().since_start;
                let mut shown = lock(&self.own.shown);
                shown.retain(|_, (_, at)| now < *at + CONFIRM_WITHIN);
                shown.insert(owner.sign_in, (secret, now));
                Ok(OwnAnswer::SecondFactor {
                    address: Line::cut(address),
                })
            }
            OwnQuestion::ConfirmSecondFactor { code } => {
                self.confirm_second_factor(owner, &account, &code).await
            }
            OwnQuestion::RenewRecoveryCodes { password, code } => {
                let (what, shown) = people::renew_recovery_codes(&account).map_err(refusal)?;
                let proof = self.prove(owner, &account, password, Some(&code)).await?;
                self.own.logins.act(proof, vec![what]).await?;
                Ok(shown_once(shown))
            }
            OwnQuestion::RemoveSecondFactor { password, code } => {
                if people::needs_second_factor(rules.second_factor, account.permissions) {
                    return Err(RefusalCode::AGAINST_A_RULE.into());
                }
                if !account.has_second_factor {
                    return Err(RefusalCode::NOT_THERE.into());
                }
                let proof = self.prove(owner, &account, password, Some(&code)).await?;
                let account = account.named();
                let what = What::SecondFactorReset { account };
                self.own.logins.act(proof, vec![what]).await?;
                Ok(OwnAnswer::Done)
            }
            OwnQuestion::EndSignIn { sign_in } => {
                let rows = self.read(move |c| c.sign_ins_of(id)).await?;
                let is_another = sign_in != owner.sign_in;
                if !(is_another && rows.iter().any(|row| row.sign_in == sign_in)) {
                    return Err(RefusalCode::NOT_THERE.into());
                }
                let actor = Actor::Account(account.name);
                let what = What::SignInEnded { sign_in };
                self.change_all(vec![Change { actor, what }]).await?;
                self.accounts_changed().await;
                Ok(OwnAnswer::Done)
            }
        }
    }

    async fn show(
        &self,
        owner: Owner,
        account: &Account,
        rules: Rules,
    ) -> Result<OwnAnswer, Refusal> {
        let id = account.id;
        let read = move |c: &dyn Catalogue| Ok((c.sign_ins_of(id)?, c.recovery_codes_left(id)?));
        let (rows, recovery_codes_left) = self.read(read).await?;
        let used = lock(&self.own.used);
        let sign_in = |row: SignInRow| OwnSignIn {
            sign_in: row.sign_in,
            kind: row.kind,
            program: row.program,
            address: row.address,
            since_unix_millis: row.since_unix_millis,
            last_used_unix_millis: used.get(&row.sign_in).map(|used| used.at_unix_millis),
            is_this: row.sign_in == owner.sign_in,
        };
        let rule = rules.second_factor;
        Ok(OwnAnswer::Account(OwnAccount {
            name: Name::cut(account.name.as_str()),
            display_name: Name::cut(account.display_name.as_str()),
            has_second_factor: account.has_second_factor,
            recovery_codes_left,
            must_have_second_factor: people::needs_second_factor(rule, account.permissions),
            password_chars: rules.password_chars,
            sign_ins: rows
                .into_iter()
                .map(sign_in)
                .take(MAX_OWN_SIGN_INS)
                .collect(),
        }))
    }

    async fn prove(
        &self,
        owner: Owner,
        account: &Account,
        password: Password,
        code: Option<&Code>,
    ) -> Result<Proof, Refusal> {
        let logins = &self.own.logins;
        logins.prove(account, password, code, owner.address).await
    }

    async fn change_password(
        &self,
        owner: Owner,
        account: &Account,
        rules: Rules,
        proof: Proof,
        new: Password,
    ) -> Result<OwnAnswer, Refusal> {
        let (name, folder) = (account.name.clone(), self.folder.clone());
        let new = zeroize::Zeroizing::new(new.0.into_string());
        let hash = move |_: &dyn Catalogue| {
            Ok(people::new_password(&new, &name, rules, Path::new(&folder)))
        };
        let hash = match self.read(hash).await {
            Ok(Ok(hash)) => hash,
            Ok(Err(error)) => {
                self.own.logins.was_no_guess(&proof);
                return Err(refusal(error));
            }
            Err(refusal) => {
                self.own.logins.was_no_guess(&proof);
                return Err(refusal);
            }
        };
        // before it is stored: whoever watches the accounts must not take it for somebody else's doing
        let chosen = (hash.clone(), owner.sign_in);
        lock(&self.own.chosen).insert(account.id, chosen.clone());
        let what = What::OwnPasswordSet {
            account: account.named(),
            hash,
            stays: owner.sign_in,
        };
        let done = self.own.logins.act(proof, vec![what]).await;
        if done.is_ok() {
            self.accounts_changed().await;
        }
        let mut all = lock(&self.own.chosen);
        if all.get(&account.id) == Some(&chosen) {
            all.remove(&account.id);
        }
        done.map(|()| OwnAnswer::Done)
    }

    /// The second factor that was shown is the account's, once a code of it shows that it makes codes.
    async fn confirm_second_factor(
        &self,
        owner: Owner,
        account: &Account,
        code: &Code,
    ) -> Result<OwnAnswer, Refusal> {
        let now = self.clock.now();
        let shown = lock(&self.own.shown).get(&owner.sign_in).cloned();
        let waiting = shown.filter(|(_, at)| now.since_start < *at + CONFIRM_WITHIN);
        let (secret, _) = waiting.ok_or_else(|| Refusal::from(RefusalCode::NOT_THERE))?;
        let seconds = now.unix_millis.div_euclid(1000);
        let step = second_factor::step_of(&secret, &code.0, seconds)
            .ok_or_else(|| Refusal::from(RefusalCode::CODE_WRONG))?;
        let (recovery_codes, codes) = people::recovery_codes().map_err(refusal)?;
        let factor = NewSecondFactor {
            secret,
            recovery_codes,
        };
        let (set, used) = (account.named(), account.named());
        let changes = [
            What::SecondFactorSet {
                account: set,
                factor,
            },
            // the code counts no second time, at the next log-in
            What::CodeUsed {
                account: used,
                step,
            },
        ];
        let actor = Actor::Account(account.name.clone());
        let changes = changes.map(|what| Change {
            actor: actor.clone(),
            what,
        });
        self.change_all(changes.into()).await?;
        lock(&self.own.shown).remove(&owner.sign_in);
        Ok(shown_once(codes))
    }
}

fn shown_once(codes: Vec<String>) -> OwnAnswer {
    OwnAnswer::RecoveryCodes {
        codes: codes.into_iter().map(RecoveryCode::cut).collect(),
    }
}
