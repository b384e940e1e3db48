//! The user's page, as a browser gets it (H2, R5, B6).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one message among many, and fails on any that rules it out"
)]

mod support;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::Instant;

use support::web::{self, Answer, get};
use support::{PATIENCE, TestHub, run_hub, text};
use transport::hub_block;

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

    set(&hub, &["set", "organisation", "Comune di Prova"]);
    let downloads = hub.data.join("downloads");
    let program: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let elsewhere = support::folder();
    for (name, program) in [
        ("helpme-windows-x86_64.exe", &program[..]),
        ("helpme-linux-x86_64", b"another"),
        ("helpme-macos-universal", b"a third"),
    ] {
        support::put_download(elsewhere.path(), name, program);
        add(&hub, &elsewhere.path().join(name));
    }
    fs::write(downloads.join("secret.txt"), b"not offered").expect("written");

    let path = "/download/helpme-windows-x86_64.exe";
    let whole = get_until(&hub, path, |answer| {
        answer.status == 200 && organisation_in(&answer.body) == "Comune di Prova"
    });
    let kind = whole.header("content-type");
    assert_eq!(kind, Some("application/vnd.microsoft.portable-executable"));
    let named = whole.header("content-disposition");
    assert_eq!(
        named,
        Some("attachment; filename=\"helpme-windows-x86_64.exe\"")
    );
    assert!(
        whole.body.starts_with(&program),
        "a program that was signed stays as it is"
    );
    let carried = hub_block::find(&whole.body[program.len()..]).expect("whole");
    let expected = hub_block::CarriedHub {
        address: hub.address.clone(),
        pin: hub.fingerprint.into(),
        organisation: "Comune di Prova".to_owned(),
    };
    assert_eq!(carried, Some(expected.clone()));

    // elsewhere in a ZIP, which keeps the right to be started
    let unpacked = |path: &str| {
        let answer = get_until(&hub, path, |answer| answer.status == 200);
        assert_eq!(answer.header("content-type"), Some("application/zip"));
        zip::ZipArchive::new(std::io::Cursor::new(answer.body)).expect("a ZIP")
    };
    let mut zip = unpacked("/download/helpme-linux-x86_64.zip");
    assert_eq!(zip.len(), 1);
    let mut inside = Vec::new();
    let mut file = zip.by_name("helpme/helpme").expect("the program");
    assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
    file.read_to_end(&mut inside).expect("read");
    assert!(inside.starts_with(b"another"));
    assert_eq!(hub_block::find(&inside), Ok(Some(expected)));

    // what macOS would not start with something behind it has a file beside it
    let mut zip = unpacked("/download/helpme-macos-universal.zip");
    let mut inside = Vec::new();
    let mut file = zip.by_name("helpme/helpme").expect("the program");
    file.read_to_end(&mut inside).expect("read");
    assert_eq!(inside, b"a third");
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
fn h2_the_button_is_the_helpme_for_the_visitors_kind_of_processor() {
    let hub = TestHub::start();
    let elsewhere = support::folder();
    let offer = |name: &str| {
        support::put_download(elsewhere.path(), name, name.as_bytes());
        add(&hub, &elsewhere.path().join(name));
        get_until(&hub, &format!("/download/{name}.zip"), |answer| {
            answer.status == 200
        });
    };
    let page = |machine: &str| {
        let agent = format!("User-Agent: Mozilla/5.0 (X11; Linux {machine})");
        get(&hub, "/", &[&agent]).text()
    };
    let button = |machine: &str| {
        let page = page(machine);
        let (_, rest) = page.split_once("class=\"button\" href=\"/download/")?;
        Some(rest.split_once(".zip")?.0.to_owned())
    };
    offer("helpme-linux-aarch64");
    assert_eq!(button("aarch64").as_deref(), Some("helpme-linux-aarch64"));
    assert_eq!(button("x86_64"), None, "it would not start there");
    // and who knows better finds it, since browsers on ARM may say the other
    assert!(page("x86_64").contains("details class=\"small\" open"));
    offer("helpme-linux-x86_64");
    for machine in ["aarch64", "x86_64"] {
        let best = format!("helpme-linux-{machine}");
        assert_eq!(button(machine), Some(best));
        for listed in ["aarch64", "x86_64"] {
            let listed = format!("/download/helpme-linux-{listed}.zip");
            assert!(page(machine).contains(&listed), "{listed}");
        }
    }
}

/// Whose help desk the program carries behind it.
fn organisation_in(program: &[u8]) -> String {
    let carried = hub_block::find(program).expect("whole");
    carried.expect("a block").organisation
}

fn downloads(hub: &TestHub, args: &[&str]) -> std::process::Output {
    let mut all = vec!["downloads"];
    all.extend(args);
    all.extend(["--data", hub.data_text()]);
    run_hub(&all, "")
}

fn add(hub: &TestHub, program: &Path) {
    let done = downloads(hub, &["add", program.to_str().expect("plain")]);
    assert!(done.status.success(), "{}", text(&done));
}

#[test]
fn p3_a_hub_hands_out_nothing_that_its_maker_did_not_sign() {
    const NAME: &str = "helpme-linux-x86_64";
    let hub = TestHub::start();
    let elsewhere = support::folder();
    let program = elsewhere.path().join(NAME);
    let refused = |args: &[&str], why: &str| {
        let mut all = vec!["add", program.to_str().expect("plain")];
        all.extend(args);
        let said = downloads(&hub, &all);
        assert!(!said.status.success(), "{}", text(&said));
        assert!(text(&said).contains(why), "{}", text(&said));
        assert_eq!(
            fs::read_dir(hub.data.join("downloads")).map_or(0, Iterator::count),
            0
        );
    };
    fs::write(&program, b"program").expect("written");
    refused(&[], "there is no signature of its maker beside it");
    support::put_version(elsewhere.path(), NAME, "0.2.0", b"program");
    fs::write(&program, b"Program").expect("written");
    refused(&[], "it was changed after its maker had signed it");
    let stranger = minisign::KeyPair::generate_unencrypted_keypair().expect("a key");
    let comment = "timestamp:1790000000\tfile:helpme-linux-x86_64\tversion:0.2.0";
    let signature = minisign::sign(None, &stranger.sk, &b"Program"[..], Some(comment), None);
    let signature = signature.expect("signed").into_string();
    let theirs = elsewhere.path().join("theirs");
    fs::write(&theirs, signature).expect("written");
    let by_stranger = ["--signature", theirs.to_str().expect("plain")];
    refused(&by_stranger, "somebody else than the maker has signed it");
    // signed, and no Helpme
    support::put_version(elsewhere.path(), "SHA256SUMS", "0.2.0", b"sums");
    fs::rename(elsewhere.path().join("SHA256SUMS"), &program).expect("renamed");
    let sums = elsewhere.path().join("SHA256SUMS.minisig");
    refused(
        &["--signature", sums.to_str().expect("plain")],
        "which is no Helpme for a page",
    );

    // what is, is offered, whatever the file is called
    support::put_version(elsewhere.path(), NAME, "0.2.0", b"program");
    let renamed = elsewhere.path().join("helpme (1)");
    fs::rename(&program, &renamed).expect("renamed");
    let signature = elsewhere.path().join(format!("{NAME}.minisig"));
    let args = [
        "add",
        renamed.to_str().expect("plain"),
        "--signature",
        signature.to_str().expect("plain"),
        "--json",
    ];
    let said = downloads(&hub, &args);
    assert!(said.status.success(), "{}", text(&said));
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).expect("JSON");
    assert_eq!(
        (&said["name"], &said["version"]),
        (&NAME.into(), &"0.2.0".into())
    );
    let path = format!("/download/{NAME}.zip");
    let first = get_until(&hub, &path, |answer| answer.status == 200);

    // an older one takes its place only if that is wanted
    support::put_version(elsewhere.path(), NAME, "0.1.9", b"older");
    let older = downloads(&hub, &["add", program.to_str().expect("plain")]);
    assert!(!older.status.success() && text(&older).contains("--allow-older"));
    let wanted = ["add", program.to_str().expect("plain"), "--allow-older"];
    let done = downloads(&hub, &wanted);
    assert!(done.status.success(), "{}", text(&done));
    get_until(&hub, &path, |answer| {
        answer.status == 200 && answer.body != first.body
    });

    // whoever gets at the folder hands out nothing else
    let kept = hub.data.join("downloads").join(NAME);
    fs::write(&kept, b"evil").expect("written");
    get_until(&hub, &path, |answer| answer.status == 404);
    let listed = downloads(&hub, &["list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    let fault = listed[0]["fault"].as_str().expect("a fault");
    assert_eq!(fault, "it was changed after its maker had signed it");

    let removed = downloads(&hub, &["remove", NAME]);
    assert!(removed.status.success(), "{}", text(&removed));
    let again = downloads(&hub, &["remove", NAME]);
    assert!(!again.status.success());
    for nowhere in ["../hub-key.pem", "hub-key.pem", "helpme-linux-../x"] {
        assert!(!downloads(&hub, &["remove", nowhere]).status.success());
    }
    assert!(hub.data.join("hub-key.pem").exists());
    let log = run_hub(&["audit", "list", "--json", "--data", hub.data_text()], "");
    let log = text(&log);
    assert_eq!(log.matches("download.added").count(), 2, "{log}");
    assert_eq!(log.matches("download.removed").count(), 1, "{log}");
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
    support::put_download(&downloads, "helpme-linux-x86_64", b"a program");
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
