//! The user's page, as a browser gets it (H2, R5, B6).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::fs;
use std::io::Read as _;
use std::time::Instant;

use support::web::{self, Answer, get};
use support::{PATIENCE, TestHub, run_hub, text};

const FIREFOX: &str = "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0";

/// Asks until the answer is as `wanted`: what changes outside is followed within seconds.
fn get_until(hub: &TestHub, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = get(hub, path, &[FIREFOX]);
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < end, "{path} stays {answer:?}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn set(hub: &TestHub, args: &[&str]) {
    let mut all = vec!["settings"];
    all.extend(args);
    all.extend(["--data", hub.data_text()]);
    let done = run_hub(&all, "");
    assert!(done.status.success(), "{}", text(&done));
}

#[test]
fn r5_the_page_is_there_unless_it_is_not_wanted() {
    let hub = TestHub::start();
    assert_eq!(hub.page, Some(format!("https://{}/", hub.web)));
    let front = get(&hub, "/", &[]);
    assert_eq!(front.status, 200);
    let key = hub.fingerprint.to_string();
    let text = front.text();
    assert!(text.contains(&key) && text.contains("helpme://127.0.0.1:"));

    let without = TestHub::start_with(&["--page", "false"]);
    assert_eq!(without.page, None);
    let mut tls = web::open(without.web);
    assert_eq!(web::ask(&mut tls, "/", &[]).expect("an answer").status, 404);

    // whatever name and number a router gives it
    let named = TestHub::start_with(&["--public-address", "hub.example.org"]);
    let port = named.web.port();
    assert_eq!(named.page, Some(format!("https://hub.example.org:{port}/")));
}

#[test]
fn every_answer_has_strict_headers_and_loads_nothing_from_elsewhere() {
    let hub = TestHub::start();
    for path in [
        "/",
        "/style.css",
        "/ticket.js",
        "/icon.svg",
        "/logo.png",
        "/nothing",
        "/download/x",
    ] {
        let answer = get(&hub, path, &[]);
        let header = |name| {
            answer
                .header(name)
                .unwrap_or_else(|| panic!("{path} lacks {name}"))
        };
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-frame-options"), "DENY");
        header("cache-control");
        assert_eq!(
            answer.header("strict-transport-security"),
            None,
            "no public certificate"
        );
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(answer.header("server"), None);
        let text = answer.text().replace("http://www.w3.org/2000/svg", "");
        for elsewhere in [
            "http://", "https://", "src=\"//", "<style", " style=", "onclick",
        ] {
            assert!(!text.contains(elsewhere), "{path} has {elsewhere}");
        }
    }
    assert_eq!(
        get(&hub, "/", &[]).header("cache-control"),
        Some("no-store")
    );
    let post = ask_raw(
        &hub,
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    );
    assert_eq!(post.status, 405);
}

fn ask_raw(hub: &TestHub, request: &str) -> Answer {
    let mut tls = web::open(web::page(hub));
    std::io::Write::write_all(&mut tls, request.as_bytes()).expect("sent");
    web::answer(&mut tls).expect("an answer")
}

#[test]
fn e3_the_page_speaks_the_browsers_language_and_can_be_switched() {
    let hub = TestHub::start();
    let lang = |path, header: &str| {
        let text = get(&hub, path, &[header]).text();
        let start = text.find("lang=\"").expect("a language") + 6;
        text[start..start + 2].to_owned()
    };
    assert_eq!(lang("/", "Accept-Language: it-IT,it;q=0.9,en;q=0.5"), "it");
    assert_eq!(lang("/", "Accept-Language: de-DE,de"), "en");
    assert_eq!(lang("/?lang=it", "Accept-Language: en"), "it");
    assert_eq!(lang("/?lang=en", "Accept-Language: it"), "en");
    assert_eq!(lang("/nothing", "Accept-Language: it"), "it");
    assert_eq!(lang("/", "Accept-Language: \u{e9}\u{ff};q=it"), "en");
}

#[test]
fn b6_the_organisation_is_shown_and_cannot_break_the_page() {
    let hub = TestHub::start();
    assert_eq!(get(&hub, "/logo.png", &[]).status, 404);
    set(
        &hub,
        &["set", "organisation", "Rossi & <script>alert(1)</script>"],
    );
    set(&hub, &["set", "words", "Mondays to Fridays \"9-18\"'><b>"]);
    let png = hub.data.join("logo.png");
    let bytes = b"\x89PNG\r\n\x1a\nno picture, and none of the hub's business";
    fs::write(&png, bytes).expect("written");
    set(&hub, &["set-logo", png.to_str().expect("plain")]);

    let front = get_until(&hub, "/", |page| {
        page.text().contains("Mondays") && page.text().contains("/logo.png")
    });
    let text = front.text();
    assert!(text.contains("Rossi &amp; &lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(
        !text.contains("<script>") && !text.contains("'><b>"),
        "{text}"
    );
    let logo = get(&hub, "/logo.png", &[]);
    assert_eq!(logo.body, bytes);
    assert_eq!(logo.header("content-type"), Some("image/png"));
}

#[test]
fn h2_a_visitor_gets_helpme_for_their_system_untouched_and_set_up_for_this_hub() {
    let hub = TestHub::start();
    let before = get(&hub, "/", &[FIREFOX]).text();
    assert!(before.contains("nothing to download"), "{before}");

    let downloads = hub.data.join("downloads");
    fs::create_dir(&downloads).expect("made");
    let program: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(downloads.join("helpme-windows-x86_64.exe"), &program).expect("written");
    fs::write(downloads.join("helpme-linux-x86_64"), b"another").expect("written");
    fs::write(downloads.join("secret.txt"), b"not offered").expect("written");

    let path = "/download/helpme-windows-x86_64.zip";
    let whole = get_until(&hub, path, |answer| answer.status == 200);
    assert_eq!(whole.header("content-type"), Some("application/zip"));
    let named = whole.header("content-disposition");
    assert_eq!(
        named,
        Some("attachment; filename=\"helpme-windows-x86_64.zip\"")
    );
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&whole.body)).expect("a ZIP");
    let mut inside = Vec::new();
    let mut file = zip.by_name("helpme/helpme.exe").expect("the program");
    assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
    file.read_to_end(&mut inside).expect("read");
    assert!(
        inside == program,
        "a program that was signed stays as it is"
    );
    drop(file);
    let file = zip.by_name("helpme/helpme.json").expect("the hub's place");
    let place: serde_json::Value = serde_json::from_reader(file).expect("JSON");
    assert_eq!(place["address"], hub.address.to_string());
    assert_eq!(place["fingerprint"], hub.fingerprint.to_string());

    let front = get(&hub, "/", &[FIREFOX]).text();
    let button = front.find("class=\"button\"").expect("a button");
    assert!(front[button..].starts_with(&format!("class=\"button\" href=\"{path}\"")));
    assert!(front.contains("/download/helpme-linux-x86_64.zip"));
    let linux = get(&hub, "/", &["User-Agent: Mozilla/5.0 (X11; Linux x86_64)"]).text();
    assert!(linux.contains("class=\"button\" href=\"/download/helpme-linux"));
    let phone = get(
        &hub,
        "/",
        &["User-Agent: Mozilla/5.0 (Linux; Android 15) Mobile"],
    )
    .text();
    assert!(!phone.contains("class=\"button\"") && phone.contains("Open this page there"));

    // what was fetched already is not fetched again, and half a download goes on
    let tag = whole.header("etag").expect("a tag").to_owned();
    let again = get(&hub, path, &[&format!("If-None-Match: {tag}")]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    let rest = get(
        &hub,
        path,
        &["Range: bytes=1000000-", &format!("If-Range: {tag}")],
    );
    assert_eq!(rest.status, 206);
    assert!(rest.body == whole.body[1_000_000..]);
    let other = get(
        &hub,
        path,
        &["Range: bytes=1000000-", "If-Range: \"other\""],
    );
    assert_eq!(other.status, 200);
    assert!(other.body == whole.body);
    let beyond = get(&hub, path, &["Range: bytes=99999999-"]);
    assert_eq!(beyond.status, 416);
}

#[test]
fn without_scripts_the_page_leads_into_helpme_all_the_same() {
    let hub = TestHub::start();
    let front = get(&hub, "/", &[FIREFOX]).text();
    let (address, key) = (&hub.address, hub.fingerprint);
    assert!(front.contains(&format!(
        "id=\"start\" href=\"helpme://{address}/?key={key}\""
    )));
    // what only a script can make use of waits for it: the field, and the ticket of a link
    assert_eq!(front.matches(" hidden>").count(), 2, "{front}");
    assert!(
        !front.contains("<form"),
        "a ticket that is sent is a ticket that the hub knows"
    );
}

#[test]
fn no_path_leads_out_of_what_is_offered() {
    let hub = TestHub::start();
    let downloads = hub.data.join("downloads");
    fs::create_dir(&downloads).expect("made");
    fs::write(downloads.join("helpme-linux-x86_64"), b"a program").expect("written");
    #[cfg(unix)]
    std::os::unix::fs::symlink(hub.data.join("hub-key.pem"), downloads.join("key"))
        .expect("a link");
    get_until(&hub, "/download/helpme-linux-x86_64.zip", |answer| {
        answer.status == 200
    });
    for path in [
        "/download/../hub-key.pem",
        "/download/..%2fhub-key.pem",
        "/download/%2e%2e/hub-key.pem",
        "/download/%2e%2e%2fhub-key.pem",
        "/download/..%5chub-key.pem",
        "/download/helpme-linux-x86_64",
        "/download/helpme-linux-x86_64.zip/..",
        "/download/helpme-linux-x86_64.zip%00",
        "/download/key",
        "/download/",
        "/download",
        "/../../etc/passwd",
        "//etc/passwd",
        "/hub.db",
        "/page/",
        "/%",
        "/%ff%fe",
        "/t/4829130571",
    ] {
        let answer = get(&hub, path, &[]);
        assert!(
            [400, 404].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            !text.contains("PRIVATE KEY") && !text.contains("root:"),
            "{path}"
        );
    }
}
