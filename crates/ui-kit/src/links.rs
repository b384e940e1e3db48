//! Web addresses in what somebody wrote, told by the server that they lead to.

/// Most addresses of one line that can be opened; who sends more is up to no good.
const MOST: usize = 3;
/// The longest address, in bytes.
const LONGEST: usize = 1000;

/// A web address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) url: String,
    /// The server, with its port if one is named: what counts when somebody wants to deceive.
    pub(crate) host: String,
}

/// The addresses in `text`, in their order. Those whose server is not plainly to be read (other letters than
/// those of a usual name, or nothing) are left out.
pub(crate) fn links_in(text: &str) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for word in text.split_whitespace() {
        let lower = word.to_ascii_lowercase();
        let starts = ["https://", "http://"].map(|scheme| lower.find(scheme));
        let Some(start) = starts.into_iter().flatten().min() else {
            continue;
        };
        let Some(link) = word.get(start..).and_then(link) else {
            continue;
        };
        if links.len() < MOST && !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

fn link(rest: &str) -> Option<Link> {
    // a name that goes on with another letter is another name than its beginning
    let (_, written) = rest.split_once("://")?;
    let written = written.split(['/', '?', '#']).next().unwrap_or_default();
    if !written.is_ascii() {
        return None;
    }
    let is_ours =
        |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '`' | '\\' | '^');
    let end = rest.find(|c: char| !is_ours(c)).unwrap_or(rest.len());
    let mut url = rest.get(..end)?;
    // what ends a sentence, and brackets around all of it, are not part of it
    loop {
        let cut = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'']);
        let cut = [('(', ')'), ('[', ']'), ('{', '}')]
            .iter()
            .find(|(open, close)| cut.ends_with(*close) && !cut.contains(*open))
            .map_or(cut, |(_, close)| cut.trim_end_matches(*close));
        if cut.len() == url.len() {
            break;
        }
        url = cut;
    }
    let (_, behind) = url.split_once("://")?;
    let server = behind.split(['/', '?', '#']).next().unwrap_or_default();
    // a name before @ is a favourite way to deceive
    let host = server.rsplit('@').next().unwrap_or_default();
    let host = host.to_ascii_lowercase();
    let is_name = host
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
        && host.chars().any(char::is_alphanumeric);
    // letters of other scripts can be written like this, too
    let is_disguised = host.split('.').any(|part| part.starts_with("xn--"));
    (is_name && !is_disguised && url.len() <= LONGEST).then(|| Link {
        url: url.to_owned(),
        host,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(String, String)> {
        let links = links_in(text).into_iter();
        links.map(|link| (link.url, link.host)).collect()
    }

    #[test]
    fn an_address_ends_where_its_sentence_goes_on() {
        for (text, url, host) in [
            (
                "See https://example.org/a?b=c#d.",
                "https://example.org/a?b=c#d",
                "example.org",
            ),
            (
                "(at http://Example.org:8080/x)",
                "http://Example.org:8080/x",
                "example.org:8080",
            ),
            (
                "https://example.org/a_(b)",
                "https://example.org/a_(b)",
                "example.org",
            ),
            (
                "<https://example.org>",
                "https://example.org",
                "example.org",
            ),
            (
                "here:HTTPS://example.org/à",
                "HTTPS://example.org/",
                "example.org",
            ),
            (
                "http://[2001:db8::1]/",
                "http://[2001:db8::1]/",
                "[2001:db8::1]",
            ),
        ] {
            assert_eq!(found(text), [(url.to_owned(), host.to_owned())], "{text}");
        }
    }

    #[test]
    fn the_server_is_the_one_that_it_leads_to() {
        let text = "https://bank.example@evil.example/bank.example";
        assert_eq!(found(text)[0].1, "evil.example");
        for text in [
            "https://",
            "https:///x",
            "https://bаnk.example",
            "https://xn--bnk-6cd.example",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "helpme://x",
            "example.org",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn a_line_has_no_more_than_a_few() {
        let text = "https://a.example https://b.example https://a.example https://c.example https://d.example";
        assert_eq!(found(text).len(), MOST);
    }

    proptest! {
        #[test]
        fn whatever_is_written_leads_to_where_it_says(text in ".{0,60}(https?://)?.{0,60}") {
            for link in links_in(&text) {
                prop_assert!(text.contains(&link.url));
                prop_assert!(link.url.to_ascii_lowercase().contains(&link.host));
                prop_assert!(link.url.chars().all(|c| c.is_ascii_graphic()));
            }
        }
    }
}
