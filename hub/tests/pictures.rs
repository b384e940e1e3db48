//! Pictures of films: in the window's list, and in the report as a document (D2, D3).

#![expect(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test waits for one answer among many, and fails on any that rules it out"
)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use codec::{DamageHint, Encoder, Level, Line, Picture, PixelSize};
use protocol::admin::films::{Answer, MAX_PICTURE_BYTES, Question};
use protocol::admin::{self, reports};
use protocol::limits::MAX_ADMIN_FRAME_BYTES;
use protocol::{Lane, OperatorToHub, Permissions, RefusalCode, Rights, SessionId};
use support::window::{Window, admin, audited, hub_with_administrator};
use support::{PATIENCE, TestHub, build_worker, run_hub, screen_frame, send_tagged, text};

const SIZE: PixelSize = PixelSize::new(640, 360);

/// A film of a session of three seconds in which the screen is red, green and blue.
async fn film_in_colours(hub: &TestHub) -> SessionId {
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    let mut encoder = Encoder::new(Level::Lossless);
    let mut seq = 0;
    for (second, colour) in [(0, 0x00ff_0000), (1, 0x0000_ff00), (2, 0x0000_00ff)] {
        let mut picture = Picture::new(SIZE);
        picture.pixels_mut().fill(colour);
        let now = Duration::from_secs(second);
        while let Some(update) = encoder.encode(&picture, DamageHint::Everything, now, Line::WIDE) {
            seq += 1;
            let mut frame = screen_frame(seq, 0);
            frame.payload = update.bytes.into();
            send_tagged(&mut screen, &frame).await;
            if !encoder.has_more() {
                break;
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let end = OperatorToHub::EndSession { session };
    pair.operator.send(&end).await;
    session
}

async fn window_of(hub: &TestHub, name: &str) -> Window {
    let mut window = Window::signed_in(hub, name).await;
    window.peer.greeted.reader.set_limit(MAX_ADMIN_FRAME_BYTES);
    window
}

async fn ask(window: &mut Window, question: Question) -> Result<Answer, RefusalCode> {
    match window.ask_hub(admin::Question::Films(question)).await {
        admin::Answer::Films(answer) => Ok(answer),
        admin::Answer::Refused(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

/// The first picture, once the film is finished.
async fn picture(window: &mut Window, session: SessionId) -> Vec<u8> {
    let end = Instant::now() + PATIENCE;
    loop {
        match ask(window, Question::Picture { session }).await {
            Ok(Answer::Picture { png }) => return png.to_vec(),
            Err(RefusalCode::FILM_RUNNING) => assert!(Instant::now() < end, "not finished"),
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What lies beside the films, and what is being made.
fn lying(hub: &TestHub) -> Vec<PathBuf> {
    let folders = [hub.data.join("films"), hub.data.join("temporary")];
    let entries = folders
        .iter()
        .flat_map(|f| fs::read_dir(f).expect("a folder"));
    entries
        .map(|entry| entry.expect("readable").path())
        .collect()
}

/// The picture that the hub keeps.
fn kept(hub: &TestHub) -> PathBuf {
    let lying = lying(hub);
    assert_eq!(lying.len(), 2, "a film and its picture: {lying:?}");
    let is_picture = |path: &PathBuf| path.extension().is_some_and(|end| end == "png");
    lying.into_iter().find(is_picture).expect("kept")
}

#[tokio::test]
async fn d2_the_list_has_a_first_picture_that_is_made_once_and_goes_with_the_film() {
    build_worker();
    let hub = hub_with_administrator();
    let session = film_in_colours(&hub).await;
    let mut window = window_of(&hub, "carla").await;
    let png = picture(&mut window, session).await;
    assert!(png.starts_with(b"\x89PNG"), "{} bytes", png.len());
    assert!(png.len() <= MAX_PICTURE_BYTES);
    let kept = kept(&hub);
    assert_eq!(fs::read(&kept).expect("there"), png);
    // the one that is kept is given from then on
    fs::write(&kept, b"kept").expect("written");
    assert_eq!(picture(&mut window, session).await, b"kept");
    let erase = Question::Erase {
        session,
        reason: "asked".into(),
    };
    assert_eq!(ask(&mut window, erase).await, Ok(Answer::Done));
    assert_eq!(lying(&hub), Vec::<PathBuf>::new());
    let gone = ask(&mut window, Question::Picture { session }).await;
    assert_eq!(gone, Err(RefusalCode::FILM_GONE));
    // a crash may have come between the two files
    fs::write(&kept, b"left").expect("written");
    let hub = hub.kill_and_restart();
    let end = Instant::now() + PATIENCE;
    while !lying(&hub).is_empty() {
        assert!(Instant::now() < end, "{:?}", lying(&hub));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn d2_a_film_that_cannot_be_decoded_has_no_picture_and_harms_nothing() {
    build_worker();
    let hub = hub_with_administrator();
    let mut pair = hub.pair("anna").await;
    let (session, _) = pair.start_session(Rights::SEE_AND_CONTROL).await;
    let mut screen = pair.open(Lane::Screen, session).await;
    send_tagged(&mut screen, &screen_frame(1, 2_000)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    pair.operator
        .send(&OperatorToHub::EndSession { session })
        .await;
    let mut window = window_of(&hub, "carla").await;
    assert_eq!(picture(&mut window, session).await, b"");
    // nor is it tried again
    let kept = fs::metadata(kept(&hub)).expect("there");
    assert_eq!(kept.len(), 0);
}

fn printed(hub: &TestHub, name: &str, options: &[&str]) -> Vec<u8> {
    let out: PathBuf = hub.data.join(name);
    let args = ["report", "export", "1", "--format", "pdf", "--data"];
    let places = [hub.data_text(), "--out", out.to_str().expect("plain")];
    let made = run_hub(&[&args[..], &places, options].concat(), "");
    assert!(made.status.success(), "{}", text(&made));
    fs::read(out).expect("there")
}

/// How many pictures are in a document.
fn pictures_in(pdf: &[u8]) -> usize {
    const PICTURE: &[u8] = b"/Subtype/Image";
    let plain: Vec<u8> = pdf.iter().copied().filter(|byte| *byte != b' ').collect();
    plain
        .windows(PICTURE.len())
        .filter(|w| *w == PICTURE)
        .count()
}

#[tokio::test]
async fn d3_a_printed_report_has_pictures_of_its_film_for_whom_may_see_it() {
    build_worker();
    let hub = hub_with_administrator();
    let session = film_in_colours(&hub).await;
    let mut window = window_of(&hub, "carla").await;
    picture(&mut window, session).await;
    let pdf = printed(&hub, "with.pdf", &[]);
    assert_eq!(pictures_in(&pdf), 3, "red, green and blue");
    assert_eq!(audited(&hub, "film.exported").len(), 1);
    let pdf = printed(&hub, "without.pdf", &["--no-pictures"]);
    assert_eq!(pictures_in(&pdf), 0);
    assert_eq!(audited(&hub, "film.exported").len(), 1);

    // over the network as well, noted in the same way
    let pdf = fetched(&mut window).await;
    assert_eq!(pictures_in(&pdf), 3);
    let noted = audited(&hub, "film.exported");
    assert_eq!(noted.len(), 2);
    assert!(noted[1].0.contains("carla"), "{noted:?}");
    let role = admin::people::Question::AddRole {
        name: "exporter".into(),
        permissions: Permissions::EXPORT,
    };
    window.ask(role).await;
    admin(&hub, &["add-operator", "dora", "--role", "exporter"]);
    let mut dora = window_of(&hub, "dora").await;
    assert_eq!(pictures_in(&fetched(&mut dora).await), 0);
    assert_eq!(audited(&hub, "film.exported").len(), 2);
}

/// The first report, as the window gets it.
async fn fetched(window: &mut Window) -> Vec<u8> {
    let question = reports::Question::Export {
        of: reports::ExportOf::One(protocol::ReportId(1)),
        format: reports::ExportFormat::Pdf,
        language: reports::Language::English,
        zone: "".into(),
    };
    let answer = window.ask_hub(admin::Question::Reports(question)).await;
    let admin::Answer::Reports(reports::Answer::Export { export, .. }) = answer else {
        panic!("{answer:?}");
    };
    let mut pdf = Vec::new();
    for part in 0.. {
        let question = reports::Question::ExportPart { export, part };
        let answer = window.ask_hub(admin::Question::Reports(question)).await;
        let admin::Answer::Reports(reports::Answer::Part(bytes)) = answer else {
            panic!("{answer:?}");
        };
        pdf.extend_from_slice(&bytes);
        if bytes.len() < reports::EXPORT_PART_BYTES {
            break;
        }
    }
    pdf
}
