//! What an HTTP proxy answers, as far as it matters here.

/// The longest head of an answer, in bytes.
pub(super) const MAX_HEAD_BYTES: usize = 16 << 10;
/// Headers in one.
const MAX_HEADERS: usize = 96;
/// Ways to sign in that are looked at.
const MAX_CHALLENGES: usize = 16;

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// The values of `Proxy-Authenticate`.
    pub(super) challenges: Vec<String>,
    pub(super) body: Body,
    /// Whether more may be asked over the same connection.
    pub(super) stays: bool,
}

/// What follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Bytes(u64),
    Chunks,
    UntilTheEnd,
}

/// What came makes no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nonsense;

/// Reads the head at the beginning of `bytes`, and says how long it is; `None` while it is not whole.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Nonsense> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD_BYTES => length,
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD_BYTES => return Ok(None),
        Ok(_) | Err(_) => return Err(Nonsense),
    };
    let mut head = Head {
        status: response.code.ok_or(Nonsense)?,
        challenges: Vec::new(),
        body: Body::UntilTheEnd,
        stays: response.version == Some(1),
    };
    for header in &*response.headers {
        let value = String::from_utf8_lossy(header.value);
        let says = |word: &str| {
            let mut words = value.split(',').map(str::trim);
            words.any(|said| said.eq_ignore_ascii_case(word))
        };
        match header.name.to_ascii_lowercase().as_str() {
            "proxy-authenticate" if head.challenges.len() < MAX_CHALLENGES => {
                head.challenges.push(value.trim().to_owned());
            }
            "connection" | "proxy-connection" if says("close") => head.stays = false,
            "connection" | "proxy-connection" if says("keep-alive") => head.stays = true,
            "transfer-encoding" if says("chunked") => head.body = Body::Chunks,
            "content-length" if head.body != Body::Chunks => {
                head.body = Body::Bytes(value.trim().parse().map_err(|_number| Nonsense)?);
            }
            _ => {}
        }
    }
    if head.status == 204 || head.status < 200 {
        head.body = Body::Bytes(0);
    }
    Ok(Some((head, length)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\
            Proxy-Authenticate: NTLM\r\nproxy-authenticate:  Basic realm=\"x\" \r\n\r\nhello";
        for end in 0..text.len() - 5 {
            assert_eq!(parse(&text[..end]), Ok(None), "{end}");
        }
        let (head, length) = parse(text).expect("sense").expect("whole");
        assert_eq!(length, text.len() - 5);
        let expected = Head {
            status: 407,
            challenges: vec!["NTLM".to_owned(), "Basic realm=\"x\"".to_owned()],
            body: Body::Bytes(5),
            stays: true,
        };
        assert_eq!(head, expected);
    }

    #[test]
    fn a_connection_that_will_be_closed_is_not_asked_again() {
        for (text, stays) in [
            ("HTTP/1.0 407 x\r\n\r\n", false),
            (
                "HTTP/1.0 407 x\r\nProxy-Connection: Keep-Alive\r\n\r\n",
                true,
            ),
            ("HTTP/1.1 407 x\r\nConnection: a, Close\r\n\r\n", false),
            ("HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n", true),
        ] {
            let (head, _) = parse(text.as_bytes()).expect("sense").expect("whole");
            assert_eq!(head.stays, stays, "{text}");
        }
    }

    #[test]
    fn a_head_has_an_end() {
        let mut long = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
        long.resize(MAX_HEAD_BYTES, b'x');
        assert_eq!(parse(&long), Err(Nonsense));
        let mut many = b"HTTP/1.1 200 OK\r\n".to_vec();
        many.extend(b"X: y\r\n".repeat(MAX_HEADERS + 1));
        many.extend(b"\r\n");
        assert_eq!(parse(&many), Err(Nonsense));
        assert_eq!(parse(b"SSH-2.0-OpenSSH_9\r\n"), Err(Nonsense));
        let length = b"HTTP/1.1 407 x\r\nContent-Length: -1\r\n\r\n";
        assert_eq!(parse(length), Err(Nonsense));
    }

    proptest! {
        #[test]
        fn whatever_answers_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _read = parse(&bytes);
        }
    }
}
