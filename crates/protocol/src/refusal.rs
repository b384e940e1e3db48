//! Refusals: what was not done and why, as data with stable numbers.

use serde::{Deserialize, Serialize};

/// Why something was refused.
///
/// INVARIANT: numbers never change their meaning and are never used again. Programs turn them into
/// sentences in the language of whoever reads; an unknown number from a newer peer still reads as
/// "refused (number)".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefusalCode(pub u16);

impl RefusalCode {
    /// The two programs share no version of the protocol.
    pub const VERSION_MISMATCH: Self = Self(1);
    /// A message that does not parse, or is too large.
    pub const MALFORMED: Self = Self(2);
    /// A message that makes no sense in this state, or from this role.
    pub const OUT_OF_PLACE: Self = Self(3);
    /// Too many tries; `retry_after_seconds` says how long to wait.
    pub const THROTTLED: Self = Self(4);
    /// The hub is going down.
    pub const SHUTTING_DOWN: Self = Self(5);
    /// The hub has as many connections as it takes.
    pub const FULL: Self = Self(6);
    /// The hub failed inside; its log says more.
    pub const INTERNAL: Self = Self(7);
    /// The client did not answer in time.
    pub const TIMED_OUT: Self = Self(8);

    /// User name or password is wrong (which of them is not said).
    pub const WRONG_CREDENTIALS: Self = Self(20);
    /// The account is disabled.
    pub const ACCOUNT_DISABLED: Self = Self(21);
    /// The same account logged in elsewhere and took over.
    pub const LOGGED_IN_ELSEWHERE: Self = Self(22);

    /// The account's password was changed; the new one is needed.
    pub const PASSWORD_CHANGED: Self = Self(23);
    /// The peer was away for too long, or was never here: it starts anew.
    pub const CANNOT_RESUME: Self = Self(24);
    /// The account has no right to this.
    pub const NOT_ALLOWED: Self = Self(25);
    /// What was asked for breaks a rule of the hub's data; nothing was changed.
    pub const AGAINST_A_RULE: Self = Self(26);
    /// The code of the second factor is wrong, or was used before.
    pub const CODE_WRONG: Self = Self(27);
    /// The account has to have a second factor, and has none.
    pub const SECOND_FACTOR_MISSING: Self = Self(28);
    /// The invitation is used up, too old, or none.
    pub const INVITATION_OVER: Self = Self(29);
    /// A new password has too few characters.
    pub const PASSWORD_SHORT: Self = Self(30);
    /// A new password is one that everybody tries.
    pub const PASSWORD_KNOWN: Self = Self(31);
    /// A new password is the account's name.
    pub const PASSWORD_IS_NAME: Self = Self(32);
    /// A name is empty, or has characters that hide.
    pub const NAME_UNFIT: Self = Self(33);
    /// Something else has this name.
    pub const NAME_TAKEN: Self = Self(34);
    /// Nobody could administer the hub any more.
    pub const LAST_ADMINISTRATOR: Self = Self(35);
    /// It is built in and stays as it is.
    pub const BUILT_IN: Self = Self(36);
    /// Somebody still has it.
    pub const IN_USE: Self = Self(37);
    /// An administrator ended the sign-in.
    pub const SIGNED_OUT: Self = Self(38);
    /// No such account, group, role, sign-in or program any more.
    pub const NOT_THERE: Self = Self(39);

    /// No such ticket.
    pub const TICKET_WRONG: Self = Self(40);
    /// The ticket's time is over.
    pub const TICKET_EXPIRED: Self = Self(41);
    /// The ticket was used before.
    pub const TICKET_USED: Self = Self(42);
    /// The ticket was withdrawn, or burnt by wrong guesses.
    pub const TICKET_BURNT: Self = Self(43);
    /// The operator who made the ticket is not connected now.
    pub const OPERATOR_AWAY: Self = Self(44);

    /// The code that enrols permanent hosts is used up, too old, or none.
    pub const ENROLMENT_OVER: Self = Self(45);
    /// The hub knows no permanent host with this key.
    pub const HOST_UNKNOWN: Self = Self(46);
    /// An administrator disabled this permanent host.
    pub const HOST_DISABLED: Self = Self(47);
    /// The access password of the permanent host is another.
    pub const HOST_PASSWORD_WRONG: Self = Self(48);
    /// The permanent host has no access password, so nobody opens it.
    pub const HOST_PASSWORD_MISSING: Self = Self(49);
    /// Nobody sits at the host who could let a colleague in: they open it with its access password.
    pub const COLLEAGUE_NEEDS_PASSWORD: Self = Self(50);

    /// The colleague is not connected now.
    pub const COLLEAGUE_AWAY: Self = Self(51);
    /// The colleague, or this operator, is asking or being asked already.
    pub const COLLEAGUE_BUSY: Self = Self(52);
    /// The colleague was first: they ask to see this operator's screen.
    pub const COLLEAGUE_ASKS: Self = Self(53);
    /// The colleague does not show their screen, or asks no more.
    pub const COLLEAGUE_REFUSED: Self = Self(54);
    /// The two operators typed different words.
    pub const WORDS_DIFFER: Self = Self(55);
    /// The two words were not there in time.
    pub const WORD_LATE: Self = Self(56);
    /// By the hub's settings a permanent host is opened with a new code of the second factor; none was given.
    pub const CODE_NEEDED: Self = Self(57);
    /// By the hub's settings permanent hosts are not opened at this hour.
    pub const OUTSIDE_HOURS: Self = Self(58);
    /// An administrator chose who opens this permanent host, and this operator is none of them.
    pub const NOT_CHOSEN: Self = Self(59);

    /// No such host, or not one this operator may open.
    pub const HOST_GONE: Self = Self(60);
    /// The host is in a session already.
    pub const HOST_BUSY: Self = Self(61);
    /// No such session, or not one of this client.
    pub const SESSION_GONE: Self = Self(62);
    /// The user did not allow it.
    pub const CONSENT_REFUSED: Self = Self(63);
    /// The film cannot be written (disk full or broken), so nothing may be seen.
    pub const CANNOT_RECORD: Self = Self(64);
    /// The operator disconnected this computer (O9).
    pub const DISCONNECTED: Self = Self(65);

    /// An administrator of the hub ended the connection.
    pub const DISCONNECTED_BY_ADMINISTRATOR: Self = Self(67);

    /// The host is connected already, and needs no waking.
    pub const HOST_AWAKE: Self = Self(68);
    /// The hub does not know where the host's network cards are.
    pub const NETWORK_UNKNOWN: Self = Self(69);
    /// No other computer of the host's network is connected, which could wake it.
    pub const NOBODY_NEAR: Self = Self(70);

    /// The host's screen cannot be shown; what hinders it says the host.
    pub const CANNOT_SHOW: Self = Self(66);

    /// No such report, or not one of this operator.
    pub const REPORT_GONE: Self = Self(80);

    /// No such film, or only its trace is left.
    pub const FILM_GONE: Self = Self(100);
    /// The film is not finished yet.
    pub const FILM_RUNNING: Self = Self(101);
    /// The film is held, so it cannot be erased.
    pub const FILM_HELD: Self = Self(102);
    /// A film is held and erased with a reason, and by the hub's settings a permanent host is opened with
    /// one; none was given.
    pub const NO_REASON: Self = Self(103);
    /// A setting cannot have this value; nothing was changed.
    pub const SETTING_OUT_OF_RANGE: Self = Self(104);
    /// The logo is no PNG, or too large.
    pub const LOGO_UNFIT: Self = Self(105);
    /// A setting of the hub says that nobody watches sessions while they run.
    pub const WATCHING_OFF: Self = Self(106);
    /// The hub's disk has no room for what was to be made on it.
    pub const NO_ROOM: Self = Self(107);
    /// The report is not finished: it is its operator's to write.
    pub const REPORT_UNFINISHED: Self = Self(81);
    /// A field that the organisation asks for is missing, or has what it cannot have.
    pub const REPORT_FIELDS: Self = Self(82);
    /// The export is not kept any more.
    pub const EXPORT_GONE: Self = Self(83);
    /// So many reports do not fit one document.
    pub const EXPORT_TOO_LARGE: Self = Self(84);
    /// The hub does not know the time zone.
    pub const UNKNOWN_ZONE: Self = Self(85);
}

/// Something that was not done, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("refused ({})", code.0)]
pub struct Refusal {
    pub code: RefusalCode,
    /// How long to wait before trying again makes sense, in seconds; 0 where waiting does not help.
    pub retry_after_seconds: u32,
}

impl Refusal {
    /// A refusal for which waiting does not help.
    pub const fn new(code: RefusalCode) -> Self {
        Self {
            code,
            retry_after_seconds: 0,
        }
    }
}

impl From<RefusalCode> for Refusal {
    fn from(code: RefusalCode) -> Self {
        Self::new(code)
    }
}
