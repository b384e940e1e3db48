//! Opening what another program shows: a page, a new mail.

use std::fmt::Write as _;
use std::io;

/// Longest body of a mail that goes into an address, in bytes; mail programs cut or refuse more.
pub const MAX_MAIL_BODY_BYTES: usize = 8 * 1024;

/// Nothing was opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    #[error("only web pages and mail are opened, not {url:?}")]
    Scheme { url: String },
    #[error("no program on this computer opens {url:?}")]
    NoProgram { url: String, source: io::Error },
}

/// Opens a web page or mail address in the user's program for it; does not wait for that program.
///
/// # Errors
///
/// [`OpenError::Scheme`] for anything but `https:`, `http:` and `mailto:`: an address from a peer
/// must not start a program. [`OpenError::NoProgram`] if the desktop has none.
pub fn open_url(url: &str) -> Result<(), OpenError> {
    let allowed = ["https://", "http://", "mailto:"];
    if !allowed.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(OpenError::Scheme {
            url: url.to_owned(),
        });
    }
    open::that_detached(url).map_err(|source| OpenError::NoProgram {
        url: url.to_owned(),
        source,
    })
}

/// Opens a new mail with `subject` and `body` in the user's mail program (O6).
///
/// # Errors
///
/// [`OpenError::NoProgram`] if the desktop has no mail program.
pub fn open_mail(subject: &str, body: &str) -> Result<(), OpenError> {
    open_url(&mailto_url("", subject, body))
}

/// A `mailto:` address after RFC 6068; line ends become CR LF. A body longer than
/// [`MAX_MAIL_BODY_BYTES`] is cut.
pub fn mailto_url(to: &str, subject: &str, body: &str) -> String {
    let end = (0..=body.len().min(MAX_MAIL_BODY_BYTES))
        .rev()
        .find(|&at| body.is_char_boundary(at));
    let body = &body[..end.unwrap_or(0)];
    let body = body.replace("\r\n", "\n").replace('\n', "\r\n");
    let mut url = "mailto:".to_owned();
    encode(&mut url, to, b"@");
    url.push_str("?subject=");
    encode(&mut url, subject, b"");
    url.push_str("&body=");
    encode(&mut url, &body, b"");
    url
}

/// Appends `text` with everything but unreserved characters (RFC 3986) and `kept` as `%XX`.
fn encode(url: &mut String, text: &str, kept: &[u8]) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").expect("a string takes everything");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o6_the_text_reaches_the_mail_program_unharmed() {
        assert_eq!(
            mailto_url(
                "a&b@example.org",
                "Aiuto & più",
                "Ticket 482-913\nè qui? 100%"
            ),
            "mailto:a%26b@example.org?subject=Aiuto%20%26%20pi%C3%B9\
             &body=Ticket%20482-913%0D%0A%C3%A8%20qui%3F%20100%25"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let url = mailto_url("", "", &"è".repeat(MAX_MAIL_BODY_BYTES));
        assert_eq!(url.matches("%C3%A8").count(), MAX_MAIL_BODY_BYTES / 2);
    }

    #[test]
    fn an_address_that_would_start_a_program_is_refused() {
        for url in ["file:///bin/sh", "javascript:alert(1)", "/bin/sh", "-x", ""] {
            assert!(
                matches!(open_url(url), Err(OpenError::Scheme { .. })),
                "{url}"
            );
        }
    }
}
