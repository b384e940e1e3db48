//! HTML as Windows has it: behind a few lines that say where in the bytes it begins and ends.

/// The places are this wide, so that writing them moves nothing.
const DIGITS: usize = 10;
const BEGINS: &str = "<!--StartFragment-->";
const ENDS: &str = "<!--EndFragment-->";
/// Most bytes in which the lines of the head are looked for.
const MOST_HEAD_BYTES: usize = 4096;

/// The HTML of what a program copied; `None` where it says no place, or one that is not there.
pub(super) fn from_windows(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == 0);
    let bytes = &bytes[..end.unwrap_or(bytes.len())];
    let place = |name: &str| -> Option<usize> {
        let head = &bytes[..bytes.len().min(MOST_HEAD_BYTES)];
        let mut lines = head.split(|byte| matches!(byte, b'\r' | b'\n'));
        let digits = lines.find_map(|line| line.strip_prefix(name.as_bytes()))?;
        std::str::from_utf8(digits).ok()?.trim().parse().ok()
    };
    let part = |from: &str, to: &str| bytes.get(place(from)?..place(to)?);
    // programs that leave out what is around the fragment say -1
    part("StartHTML:", "EndHTML:").or_else(|| part("StartFragment:", "EndFragment:"))
}

/// For a program that pastes. What it is to take in is marked: all that is in the body, where it is a page.
pub(super) fn to_windows(html: &[u8]) -> Vec<u8> {
    let html = String::from_utf8_lossy(html);
    let (before, fragment, after) = parts(&html);
    let head = |start_html: usize, start: usize, end: usize, end_html: usize| {
        format!(
            "Version:0.9\r\nStartHTML:{start_html:0DIGITS$}\r\nEndHTML:{end_html:0DIGITS$}\r\n\
             StartFragment:{start:0DIGITS$}\r\nEndFragment:{end:0DIGITS$}\r\n"
        )
    };
    let start_html = head(0, 0, 0, 0).len();
    let start = start_html + before.len() + BEGINS.len();
    let end = start + fragment.len();
    let end_html = end + ENDS.len() + after.len();
    let mut all = head(start_html, start, end, end_html);
    for piece in [before, BEGINS, fragment, ENDS, after] {
        all.push_str(piece);
    }
    all.push('\0');
    all.into_bytes()
}

/// What is before the fragment, the fragment, and what is after it.
fn parts(html: &str) -> (&str, &str, &str) {
    if let Some((before, rest)) = html.split_once(BEGINS)
        && let Some((fragment, after)) = rest.split_once(ENDS)
    {
        return (before, fragment, after);
    }
    let small = html.to_ascii_lowercase();
    let opening = small.find("<body");
    let from = opening.and_then(|at| Some(at + small[at..].find('>')? + 1));
    let Some(from) = from else {
        return ("<html><body>", html, "</body></html>");
    };
    let to = small[from..]
        .rfind("</body")
        .map_or(html.len(), |at| from + at);
    (&html[..from], &html[from..to], &html[to..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the head says is the fragment.
    fn fragment(windows: &[u8]) -> &str {
        let text = std::str::from_utf8(windows).expect("UTF-8");
        let place = |name: &str| -> usize {
            let (_, rest) = text.split_once(name).expect("a line");
            rest[..DIGITS].parse().expect("digits")
        };
        &text[place("StartFragment:")..place("EndFragment:")]
    }

    #[test]
    fn a_fragment_gets_a_page_around_it_and_the_places_fit() {
        let windows = to_windows("<b>perché €</b>".as_bytes());
        assert_eq!(fragment(&windows), "<b>perché €</b>");
        let page = from_windows(&windows).expect("HTML");
        let expected =
            "<html><body><!--StartFragment--><b>perché €</b><!--EndFragment--></body></html>";
        assert_eq!(page, expected.as_bytes());
        // and stays what it is on the way back
        assert_eq!(to_windows(page), windows);
    }

    #[test]
    fn of_a_page_the_body_is_the_fragment() {
        let page = "<HTML><head><style>b{}</style></head><Body lang=it>a<b>b</b></BODY></HTML>";
        let windows = to_windows(page.as_bytes());
        assert_eq!(fragment(&windows), "a<b>b</b>");
        assert_eq!(fragment(&to_windows(b"<body>x")), "x");
    }

    #[test]
    fn places_that_are_not_there_are_no_html() {
        let fragment = b"Version:0.9\r\nStartHTML:-1\r\nEndHTML:-1\r\nStartFragment:79\r\nEndFragment:82\r\nSourceURL:x\r\n";
        let whole = [&fragment[..], b"<i>"].concat();
        let start = fragment.len();
        let text = String::from_utf8(whole).expect("ASCII");
        let text = text.replace(":79", &format!(":{start}"));
        let text = text.replace(":82", &format!(":{}", start + 3));
        assert_eq!(from_windows(text.as_bytes()), Some(&b"<i>"[..]));
        for wrong in [
            &b""[..],
            b"<b>x</b>",
            b"StartHTML:9\nEndHTML:4\n",
            b"StartHTML:0\nEndHTML:99999999999999999999\n",
            b"StartHTML:0\nEndHTML:400\n",
        ] {
            assert_eq!(from_windows(wrong), None);
        }
    }
}
