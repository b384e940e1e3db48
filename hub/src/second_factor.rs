//! Codes that change with time (RFC 6238), as the usual programs on phones make them.

use totp_rs::{Builder, Totp};

use crate::catalogue::FactorSecret;

/// The step of time that `code` is of, if it is one of `secret` about now: a clock may be half a minute off.
pub(crate) fn step_of(secret: &FactorSecret, code: &str, unix_seconds: i64) -> Option<u64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let time = u64::try_from(unix_seconds).ok().filter(|_| is_code)?;
    generator(secret).check(&digits, time)
}

fn generator(secret: &FactorSecret) -> Totp {
    let made = Builder::new().with_secret(secret.0.to_vec()).build();
    made.expect("the secret has the length that the standard recommends")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and the codes of RFC 6238's appendix B, of which ours are the last six digits.
    const SECRET: FactorSecret = FactorSecret(*b"12345678901234567890");

    #[test]
    fn codes_are_those_of_the_standard() {
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(time / 30).expect("positive");
            assert_eq!(step_of(&SECRET, code, time), Some(step), "{code}");
            assert_eq!(
                step_of(&SECRET, code, time + 30),
                Some(step),
                "a slow clock"
            );
            assert_eq!(step_of(&SECRET, code, time + 90), None, "{code}");
        }
    }

    #[test]
    fn a_code_is_read_with_a_blank_in_it_and_nothing_else_is_a_code() {
        assert_eq!(step_of(&SECRET, "287 082", 59), Some(1));
        for wrong in ["", "28708", "2870822", "28708x", "287083"] {
            assert_eq!(step_of(&SECRET, wrong, 59), None, "{wrong}");
        }
    }
}
