//! The ticket as people know it: ten digits, grouped 3-3-4 (H1).

mod found;

use std::fmt;

use protocol::TicketRoute;
use zeroize::Zeroize as _;

pub use found::{TicketMissing, digit_value, ticket_in};

/// How many digits a ticket has.
pub const TICKET_DIGITS: usize = 10;

/// How many secrets there are.
const SECRETS: u128 = 1_000_000;

/// What was typed is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    #[error("a ticket has ten digits, this has {digits}")]
    WrongLength { digits: usize },
    #[error("a ticket has digits only")]
    NotADigit,
}

/// The last six digits: known to the console and to whoever it told, never to the hub.
///
/// INVARIANT: below 1 000 000. Its text never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketSecret(u32);

impl TicketSecret {
    /// A secret from 16 random bytes, evenly spread up to a part in 2^108.
    pub fn from_random(random: [u8; 16]) -> Self {
        let number = u128::from_le_bytes(random) % SECRETS;
        Self(u32::try_from(number).expect("a number below a million fits"))
    }

    /// The six digits as the key exchange takes them.
    pub(crate) fn digits(&self) -> [u8; 6] {
        let mut rest = self.0;
        let mut digits = [0; 6];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).expect("a digit fits");
            rest /= 10;
        }
        digits
    }
}

impl Drop for TicketSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for TicketSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketSecret(..)")
    }
}

/// A whole ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketNumber {
    route: TicketRoute,
    secret: TicketSecret,
}

impl TicketNumber {
    /// Joins the part the hub chose and the part the console made.
    pub fn new(route: TicketRoute, secret: TicketSecret) -> Self {
        Self { route, secret }
    }

    /// Reads what a person typed or pasted: spaces, dashes, dots and slashes between digits are
    /// skipped.
    ///
    /// # Errors
    ///
    /// [`TicketError`] if something else is in it or the count of digits is not ten.
    pub fn parse(typed: &str) -> Result<Self, TicketError> {
        let mut number: u64 = 0;
        let mut digits = 0;
        for character in typed.chars() {
            if let Some(digit) = character.to_digit(10) {
                digits += 1;
                number = number.wrapping_mul(10).wrapping_add(digit.into());
            } else if !is_separator(character) {
                return Err(TicketError::NotADigit);
            }
        }
        if digits != TICKET_DIGITS {
            return Err(TicketError::WrongLength { digits });
        }
        let route = u32::try_from(number / 1_000_000).ok();
        let route = route.and_then(TicketRoute::new);
        let secret = u32::try_from(number % 1_000_000).expect("six digits fit");
        Ok(Self {
            route: route.expect("ten digits leave four for the route"),
            secret: TicketSecret(secret),
        })
    }

    /// The part that the hub knows.
    pub fn route(&self) -> TicketRoute {
        self.route
    }

    /// The part that the hub must never know.
    pub fn secret(&self) -> &TicketSecret {
        &self.secret
    }

    /// The ticket for people: `482 913 0571`. Whoever reads it can use it.
    pub fn to_spoken(&self) -> String {
        let all = u64::from(self.route.get()) * 1_000_000 + u64::from(self.secret.0);
        let (high, middle, low) = (all / 10_000_000, all / 10_000 % 1_000, all % 10_000);
        format!("{high:03} {middle:03} {low:04}")
    }
}

/// Whether `character` may stand between the digits of a ticket.
pub fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '–' | '—' | '.' | '/' | '_' | '\u{2011}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h1_a_ticket_is_read_with_spaces_and_dashes() {
        let ticket = TicketNumber::parse(" 482-913 0571\n").expect("ten digits");
        assert_eq!(ticket.route().get(), 4_829);
        assert_eq!(ticket.secret().digits(), *b"130571");
        assert_eq!(ticket.to_spoken(), "482 913 0571");
    }

    #[test]
    fn h1_what_is_no_ticket_is_told_apart() {
        assert_eq!(
            TicketNumber::parse("12"),
            Err(TicketError::WrongLength { digits: 2 })
        );
        assert_eq!(
            TicketNumber::parse("123456789x"),
            Err(TicketError::NotADigit)
        );
        assert_eq!(
            TicketNumber::parse("000000000"),
            Err(TicketError::WrongLength { digits: 9 })
        );
        assert_eq!(
            TicketNumber::parse(&"9".repeat(40)),
            Err(TicketError::WrongLength { digits: 40 })
        );
    }

    #[test]
    fn a_ticket_with_zeros_in_front_keeps_them() {
        let ticket = TicketNumber::parse("0000000007").expect("ten digits");
        assert_eq!(ticket.to_spoken(), "000 000 0007");
    }

    #[test]
    fn the_secret_does_not_show_in_debug_output() {
        let ticket = TicketNumber::parse("4829130571").expect("ten digits");
        assert!(!format!("{ticket:?}").contains("0571"));
    }
}
