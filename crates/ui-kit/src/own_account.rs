//! **Your account**: a dialog of the console and of the administrator's window, in which people change
//! their password, keep their second factor and see where they are signed in.
//!
//! One question is under way at a time. Whoever shows the dialog carries [`OwnWish::Ask`] to the hub and
//! brings the answer to [`OwnForm::take`]; where the line breaks first, [`OwnForm::lost`].

mod views;

use protocol::control::Name;
use protocol::{
    BoundedText, Code, OwnAccount, OwnAnswer, OwnQuestion, Password, Refusal, RefusalCode,
};
use zeroize::Zeroizing;

use crate::widgets::Qr;

/// What the dialog wishes for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnWish {
    Ask(OwnQuestion),
    Copy(String),
    Close,
}

/// What the dialog shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OwnPart {
    #[default]
    Password,
    SecondFactor,
    SignIns,
}

/// The dialog while it is open. What is typed stays until it is closed or done.
#[derive(Debug)]
pub struct OwnForm {
    pub part: OwnPart,
    account: Option<OwnAccount>,
    /// The account is to be asked for, anew or the first time.
    is_old: bool,
    asked: Option<Asked>,
    fault: Option<(Place, Fault)>,
    /// What was done last, in the part that shows.
    done: Option<Done>,
    /// The keyboard goes there, once.
    focus: Option<Place>,
    old: Typed,
    new: Typed,
    again: Typed,
    code: Typed,
    factor: Factor,
}

/// What stands in a field, wiped when it is dropped and shown in no log.
#[derive(Clone, Default)]
struct Typed(Zeroizing<String>);

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed(..)")
    }
}

impl Typed {
    fn password(&self) -> Password {
        Password(BoundedText::cut(self.0.as_str()))
    }

    fn code(&self) -> Code {
        Code(BoundedText::cut(self.0.trim()))
    }

    fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }
}

#[derive(Debug, Default)]
struct Factor {
    password: Typed,
    code: Typed,
    stage: Stage,
}

/// How far the second factor is.
#[derive(Default)]
enum Stage {
    #[default]
    Rest,
    /// The key is shown, and its first code awaited.
    Shown {
        address: String,
        qr: Option<Qr>,
        code: Typed,
    },
    /// Recovery codes, which are shown once.
    Codes(Vec<String>),
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rest => "Rest",
            Self::Shown { .. } => "Shown",
            Self::Codes(_) => "Codes",
        })
    }
}

#[derive(Debug, Clone)]
enum Asked {
    Show,
    /// With the password that it is to be.
    Change(Typed),
    Begin,
    Confirm,
    Renew,
    Remove,
    End,
}

/// Where a fault is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Above the fields.
    Top,
    Old,
    Code,
    New,
    Again,
    Confirm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Missing,
    TooShort(u16),
    NotTheSame,
    NotYours,
    CodeWrong,
    ShownTooLongAgo,
    LineLost,
    Refused(Refusal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    PasswordChanged,
    SecondFactorRemoved,
    SignedOutThere,
}

impl Default for OwnForm {
    fn default() -> Self {
        Self {
            part: OwnPart::default(),
            account: None,
            is_old: true,
            asked: None,
            fault: None,
            done: None,
            focus: Some(Place::Old),
            old: Typed::default(),
            new: Typed::default(),
            again: Typed::default(),
            code: Typed::default(),
            factor: Factor::default(),
        }
    }
}

impl OwnForm {
    /// The hub's answer to what was asked last. Gives the account's password if it is another from now
    /// on.
    pub fn take(&mut self, answer: OwnAnswer) -> Option<Zeroizing<String>> {
        let asked = self.asked.take()?;
        match (asked, answer) {
            (_, OwnAnswer::Account(account)) => self.account = Some(account),
            (Asked::Change(new), OwnAnswer::Done) => {
                for typed in [
                    &mut self.old,
                    &mut self.new,
                    &mut self.again,
                    &mut self.code,
                ] {
                    *typed = Typed::default();
                }
                (self.done, self.is_old) = (Some(Done::PasswordChanged), true);
                return Some(new.0);
            }
            (Asked::Begin, OwnAnswer::SecondFactor { address }) => {
                let address = address.into_string();
                self.factor = Factor::default();
                self.factor.stage = Stage::Shown {
                    qr: Qr::of(&address),
                    address,
                    code: Typed::default(),
                };
                self.focus = Some(Place::Confirm);
            }
            (Asked::Confirm | Asked::Renew, OwnAnswer::RecoveryCodes { codes }) => {
                let codes = codes.into_iter().map(BoundedText::into_string);
                self.factor = Factor::default();
                self.factor.stage = Stage::Codes(codes.collect());
                self.is_old = true;
            }
            (Asked::Remove, OwnAnswer::Done) => {
                self.factor = Factor::default();
                (self.done, self.is_old) = (Some(Done::SecondFactorRemoved), true);
            }
            (Asked::End, OwnAnswer::Done) => {
                (self.done, self.is_old) = (Some(Done::SignedOutThere), true);
            }
            (asked, OwnAnswer::Refused(refusal)) => self.refused(&asked, refusal),
            (_, _other) => {
                let refusal = RefusalCode::MALFORMED.into();
                self.fault = Some((Place::Top, Fault::Refused(refusal)));
            }
        }
        None
    }

    fn refused(&mut self, asked: &Asked, refusal: Refusal) {
        let in_confirm = matches!(asked, Asked::Confirm);
        let fault = match refusal.code {
            RefusalCode::WRONG_CREDENTIALS => (Place::Old, Fault::NotYours),
            RefusalCode::CODE_WRONG if in_confirm => (Place::Confirm, Fault::CodeWrong),
            RefusalCode::CODE_WRONG => (Place::Code, Fault::CodeWrong),
            RefusalCode::PASSWORD_SHORT
            | RefusalCode::PASSWORD_KNOWN
            | RefusalCode::PASSWORD_IS_NAME => (Place::New, Fault::Refused(refusal)),
            RefusalCode::NOT_THERE if in_confirm => {
                self.factor.stage = Stage::Rest;
                (Place::Top, Fault::ShownTooLongAgo)
            }
            _ => (Place::Top, Fault::Refused(refusal)),
        };
        // another window of the account may have changed what is shown here
        self.is_old = !matches!(asked, Asked::Show);
        self.focus = Some(fault.0);
        self.fault = Some(fault);
    }

    /// The line broke: what was asked is not answered any more.
    pub fn lost(&mut self) {
        self.is_old = true;
        match self.asked.take() {
            None | Some(Asked::Show) => {}
            Some(_) => self.fault = Some((Place::Top, Fault::LineLost)),
        }
    }

    /// Whether something was asked whose answer is still to come.
    fn is_busy(&self) -> bool {
        matches!(&self.asked, Some(asked) if !matches!(asked, Asked::Show))
    }

    fn has_second_factor(&self) -> bool {
        self.account.as_ref().is_some_and(|a| a.has_second_factor)
    }

    fn set_part(&mut self, part: OwnPart) {
        self.part = part;
        (self.fault, self.done, self.focus) = (None, None, Some(Place::Old));
        // what others did shows
        self.is_old = true;
    }

    fn ask(&mut self, asked: Asked, question: OwnQuestion) -> OwnWish {
        (self.asked, self.fault, self.done) = (Some(asked), None, None);
        OwnWish::Ask(question)
    }

    /// A field that has to be filled in.
    fn require(&mut self, fields: &[(Place, bool)]) -> bool {
        let missing = fields.iter().find(|(_, is_empty)| *is_empty);
        if let Some((place, _)) = missing {
            self.fault = Some((*place, Fault::Missing));
            self.focus = Some(*place);
        }
        missing.is_none()
    }

    fn change_password(&mut self) -> Option<OwnWish> {
        let with_code = self.has_second_factor();
        let complete = self.require(&[
            (Place::Old, self.old.0.is_empty()),
            (Place::Code, with_code && self.code.is_empty()),
            (Place::New, self.new.0.is_empty()),
        ]);
        if !complete {
            return None;
        }
        let least = self.account.as_ref().map_or(0, |a| a.password_chars);
        let fault = if self.new.0.chars().count() < usize::from(least) {
            Some((Place::New, Fault::TooShort(least)))
        } else if *self.new.0 != *self.again.0 {
            Some((Place::Again, Fault::NotTheSame))
        } else {
            None
        };
        if let Some(fault) = fault {
            (self.fault, self.focus) = (Some(fault), Some(fault.0));
            return None;
        }
        let question = OwnQuestion::ChangePassword {
            password: self.old.password(),
            code: with_code.then(|| self.code.code()),
            new: self.new.password(),
        };
        Some(self.ask(Asked::Change(self.new.clone()), question))
    }

    /// What is done with the second factor, which takes password and code.
    fn prove(&mut self, asked: Asked) -> Option<OwnWish> {
        let with_code = self.has_second_factor();
        let complete = self.require(&[
            (Place::Old, self.factor.password.0.is_empty()),
            (Place::Code, with_code && self.factor.code.is_empty()),
        ]);
        if !complete {
            return None;
        }
        let (password, code) = (self.factor.password.password(), self.factor.code.code());
        let question = match asked {
            Asked::Renew => OwnQuestion::RenewRecoveryCodes { password, code },
            Asked::Remove => OwnQuestion::RemoveSecondFactor { password, code },
            Asked::Begin | Asked::Show | Asked::Change(_) | Asked::Confirm | Asked::End => {
                OwnQuestion::BeginSecondFactor {
                    password,
                    code: with_code.then_some(code),
                }
            }
        };
        Some(self.ask(asked, question))
    }

    fn confirm(&mut self) -> Option<OwnWish> {
        let Stage::Shown { code, .. } = &self.factor.stage else {
            return None;
        };
        let (code, is_empty) = (code.code(), code.is_empty());
        self.require(&[(Place::Confirm, is_empty)])
            .then(|| self.ask(Asked::Confirm, OwnQuestion::ConfirmSecondFactor { code }))
    }

    fn name(&self) -> Option<(&Name, &Name)> {
        let account = self.account.as_ref()?;
        Some((&account.name, &account.display_name))
    }
}

/// The key in an `otpauth://` address, in groups that can be typed.
fn typed_key(address: &str) -> String {
    let (_, query) = address.split_once('?').unwrap_or_default();
    let key = query
        .split('&')
        .find_map(|part| part.strip_prefix("secret="))
        .unwrap_or_default();
    let letters: Vec<char> = key.chars().collect();
    let groups = letters.chunks(4).map(String::from_iter);
    groups.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
