//! Pictures of a video that are made while other updates leave: nothing waits for them, and none of them undoes
//! what was told meanwhile.

use std::collections::VecDeque;
use std::time::Duration;

use codec::{
    DamageHint, Decoder, Encoder, Level, Line, MadeVideo, Picture, PixelSize, Rect, Update,
    VideoJob, VideoPicture,
};
use proptest::prelude::*;

const SCREEN: PixelSize = PixelSize {
    width: 320,
    height: 240,
};
const FILM: Rect = Rect {
    x: 48,
    y: 32,
    width: 176,
    height: 144,
};
const BETWEEN_PICTURES: Duration = Duration::from_millis(33);

/// Something like a photograph, another one for each `at`.
fn film(picture: &mut Picture, rect: Rect, at: u32) {
    for y in rect.y..rect.bottom() {
        for x in rect.x..rect.right() {
            let wave = |a: u32, b: u32| {
                let phase = f64::from(x * a + y * b + at * 23) / 60.0;
                128.0 + 90.0 * phase.sin() + f64::from((x * 7919 + y * 104_729 + at) % 7)
            };
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "38 to 225"
            )]
            let byte = |value: f64| value as u32;
            picture.row_mut(y)[x as usize] =
                byte(wave(3, 1)) << 16 | byte(wave(1, 2)) << 8 | byte(wave(2, 3));
        }
    }
}

fn text(picture: &mut Picture, rect: Rect, seed: u32) {
    for y in rect.y..rect.bottom() {
        for x in rect.x..rect.right() {
            let ink = (x / 2 * 7 + y * 13 + seed * 5) % 11 < 3 && y % 14 < 10;
            picture.row_mut(y)[x as usize] = if ink { 0x0010_2030 } else { 0x00ff_fff0 };
        }
    }
}

/// A viewer that decodes pictures of a video late, and lets pass what may.
#[derive(Default)]
struct Overtaking {
    decoder: Decoder,
    video: Option<VideoPicture>,
    /// Updates that were applied before a picture that was told before them.
    overtook: u32,
}

impl Overtaking {
    fn deliver(&mut self, update: &Update) {
        if !self.decoder.may_overtake(&update.bytes) {
            self.put();
        }
        self.overtook += u32::from(self.video.is_some());
        let applied = self.decoder.apply_but_video(&update.bytes);
        let (_, video) = applied.expect("the encoder's own update");
        if video.is_some() {
            assert!(self.video.is_none(), "one after the other");
            self.video = video;
        }
    }

    fn put(&mut self) {
        if let Some(video) = self.video.take() {
            let put = video.decode(|decoded| {
                for rows in [0..50, 50..SCREEN.height] {
                    self.decoder.put_rows_of_video(&decoded, rows)?;
                }
                self.decoder.end_video(decoded)
            });
            put.expect("the encoder's own video");
        }
    }
}

/// A screen, its encoder, whatever makes its videos, and a viewer.
struct Stage {
    picture: Picture,
    damage: Vec<Rect>,
    encoder: Encoder,
    /// The level of what was encoded last.
    level: Level,
    viewer: Decoder,
    overtaking: Overtaking,
    jobs: VecDeque<VideoJob>,
    made: VecDeque<MadeVideo>,
    now: Duration,
    line: Line,
    /// How many pictures of a video the viewer was told.
    told: u32,
    /// The rectangle of the video that began last.
    video: Option<Rect>,
}

/// The rectangle of the video that begins with an update which tells nothing else.
fn new_video(update: &[u8]) -> Option<Rect> {
    const VIDEO: u8 = 6;
    let (&[_flags, tag], mut rest) = update.split_first_chunk()?;
    let mut number = || {
        let mut number = 0;
        for shift in [0, 7, 14, 21, 28] {
            let (&byte, behind) = rest.split_first()?;
            rest = behind;
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(number)
    };
    let (_length, is_new) = (number()?, number()?);
    let rect = Rect::new(number()?, number()?, number()?, number()?);
    (tag == VIDEO && is_new == 1).then_some(rect)
}

impl Stage {
    fn new(line: Line) -> Self {
        let mut picture = Picture::new(SCREEN);
        text(&mut picture, SCREEN.rect(), 1);
        let mut encoder = Encoder::new(Level::True);
        encoder.defer_video();
        let mut stage = Self {
            picture,
            damage: Vec::new(),
            encoder,
            level: Level::True,
            viewer: Decoder::new(),
            overtaking: Overtaking::default(),
            jobs: VecDeque::new(),
            made: VecDeque::new(),
            now: Duration::ZERO,
            line,
            told: 0,
            video: None,
        };
        stage.encode();
        stage
    }

    /// With a video whose first pictures were told.
    fn playing(line: Line) -> Self {
        let mut stage = Self::new(line);
        for at in 0..20 {
            stage.play(at);
            stage.encode();
            stage.make();
            stage.tell();
        }
        assert!(stage.told > 5, "a video has begun: {}", stage.told);
        stage
    }

    fn play(&mut self, at: u32) {
        self.now += BETWEEN_PICTURES;
        film(&mut self.picture, FILM, at);
        self.damage.push(FILM);
    }

    fn type_text(&mut self, rect: Rect, seed: u32) {
        text(&mut self.picture, rect, seed);
        self.damage.push(rect);
    }

    fn deliver(&mut self, update: Option<&Update>) -> bool {
        if let Some(update) = update {
            let applied = self.viewer.apply(&update.bytes);
            applied.expect("the encoder's own update");
            self.overtaking.deliver(update);
            if self.overtaking.video.is_none() {
                assert!(self.overtaking.decoder.picture() == self.viewer.picture());
            }
        }
        self.assert_exact_where_promised();
        update.is_some()
    }

    /// Encodes what has changed; whether that gave an update.
    fn encode(&mut self) -> bool {
        self.level = self.encoder.level();
        let hint = DamageHint::Rects(&self.damage);
        let update = self
            .encoder
            .encode(&self.picture, hint, self.now, self.line);
        self.damage.clear();
        let is_told = self.deliver(update.as_ref());
        let job = self.encoder.begin_video(&self.picture);
        self.jobs.extend(job);
        is_told
    }

    fn make(&mut self) {
        let jobs = std::mem::take(&mut self.jobs);
        self.made.extend(jobs.into_iter().map(VideoJob::run));
    }

    fn tell(&mut self) {
        while let Some(made) = self.made.pop_front() {
            let update = self.encoder.end_video(made);
            self.told += u32::from(update.is_some());
            let video = update.as_ref().and_then(|update| new_video(&update.bytes));
            self.video = video.or(self.video);
            self.deliver(update.as_ref());
        }
    }

    fn shown(&self) -> &Picture {
        self.viewer.picture().expect("an update was applied")
    }

    fn assert_exact_where_promised(&self) {
        let shown = self.shown();
        for y in 0..SCREEN.height {
            for (x, (&shown, &pixel)) in (0..).zip(shown.row(y).iter().zip(self.picture.row(y))) {
                let pixel = self.level.reduce(pixel);
                assert!(
                    shown == pixel || !self.encoder.is_exact(Rect::new(x, y, 1, 1)),
                    "pixel {x},{y} is {shown:06x} and not {pixel:06x}"
                );
            }
        }
    }

    fn shows(&self, rect: Rect) -> bool {
        (rect.y..rect.bottom()).all(|y| {
            let columns = rect.x as usize..rect.right() as usize;
            self.shown().row(y)[columns.clone()] == self.picture.row(y)[columns]
        })
    }

    /// Until nothing is left to tell.
    fn settle(&mut self) {
        for _ in 0..2_000 {
            self.now += Duration::from_millis(50);
            self.make();
            self.tell();
            if self.encode() {
                continue;
            }
            let update = self.encoder.sharpen(self.now, self.line);
            let is_done = self.encoder.sharpens_at().is_none()
                && !self.encoder.has_more()
                && self.jobs.is_empty();
            if !self.deliver(update.as_ref()) && is_done {
                break;
            }
        }
        assert!(self.shows(SCREEN.rect()), "everything is exact at rest");
        self.overtaking.put();
        assert!(self.overtaking.decoder.picture() == self.viewer.picture());
        assert!(self.encoder.is_exact(SCREEN.rect()));
    }
}

#[test]
fn what_is_typed_while_a_picture_is_made_is_told_at_once_and_stays() {
    for line in [
        Line::WIDE,
        Line {
            bytes_per_second: Some(250_000),
        },
    ] {
        let mut stage = Stage::playing(line);
        stage.play(20);
        stage.encode();
        assert_eq!(stage.jobs.len(), 1, "a picture is being made");
        // beside the film, and on top of it
        let [beside, above] = [Rect::new(240, 192, 48, 16), Rect::new(96, 64, 64, 32)];
        let told = stage.told;
        for rect in [beside, above] {
            stage.now += Duration::from_millis(2);
            stage.type_text(rect, 9);
            stage.encode();
        }
        assert!(stage.shows(beside), "without the picture");
        assert_eq!(stage.jobs.len(), 1, "one after the other");
        stage.make();
        stage.tell();
        assert_eq!(stage.told, told + 1);
        assert!(stage.shows(beside));
        // and the viewer need not wait for the picture either
        let overtook = stage.overtaking.overtook;
        stage.now += Duration::from_millis(2);
        stage.type_text(beside, 10);
        stage.encode();
        assert!(stage.overtaking.overtook > overtook);
        stage.settle();
    }
}

#[test]
fn what_is_typed_again_and_again_over_a_film_does_not_become_a_part_of_it() {
    for line in [
        Line::WIDE,
        Line {
            bytes_per_second: Some(1_000_000),
        },
    ] {
        let mut stage = Stage::playing(line);
        let note = Rect::new(96, 64, 64, 32);
        let mut seed = 0;
        for at in 20..120 {
            stage.play(at);
            text(&mut stage.picture, note, seed);
            stage.encode();
            // two or three times in a second
            let is_typed = at % 12 == 0;
            if is_typed {
                seed += 1;
                stage.now += Duration::from_millis(2);
                stage.type_text(note, seed);
                stage.encode();
            }
            // the film, which was seen there before, is forgotten
            if is_typed && at > 80 {
                assert!(stage.shows(note), "at {at}, before the picture is made");
            }
            stage.make();
            stage.tell();
        }
        assert!(stage.told > 80, "the film goes on: {}", stage.told);
        stage.settle();
    }
}

#[test]
fn what_changes_in_the_film_while_a_picture_is_made_comes_with_the_next() {
    let mut stage = Stage::playing(Line::WIDE);
    stage.play(20);
    stage.encode();
    stage.play(21);
    assert!(!stage.encode(), "it waits for the video");
    assert!(!stage.encoder.has_more(), "and nobody needs to ask again");
    stage.make();
    stage.tell();
    assert!(stage.encoder.has_more());
    assert!(!stage.encode());
    assert_eq!(stage.jobs.len(), 1);
    stage.make();
    stage.tell();
    let mut wanted = 0_u64;
    for y in FILM.y..FILM.bottom() {
        let columns = FILM.x as usize..FILM.right() as usize;
        let pixels = stage.shown().row(y)[columns.clone()]
            .iter()
            .zip(&stage.picture.row(y)[columns]);
        for (shown, pixel) in pixels {
            wanted += u64::from((shown >> 8 & 0xff).abs_diff(pixel >> 8 & 0xff));
        }
    }
    assert!(
        wanted < 6 * FILM.area(),
        "the newest picture is shown: {wanted}"
    );
    stage.settle();
}

#[test]
fn a_video_that_fills_little_of_its_rectangle_any_more_begins_anew_in_a_smaller_one() {
    let mut stage = Stage::playing(Line::WIDE);
    assert_eq!(stage.video, Some(FILM));
    let small = Rect::new(64, 48, 96, 96);
    for at in 20..140 {
        stage.now += BETWEEN_PICTURES;
        film(&mut stage.picture, small, at);
        stage.damage.push(small);
        stage.encode();
        stage.make();
        stage.tell();
    }
    assert_eq!(stage.video, Some(small));
    let told = stage.told;
    stage.play(140);
    stage.encode();
    stage.make();
    stage.tell();
    assert_eq!(stage.told, told + 1, "and it goes on");
    stage.settle();
}

#[test]
fn a_picture_that_was_made_for_another_beginning_is_dropped() {
    let mut stage = Stage::playing(Line::WIDE);
    stage.play(20);
    stage.encode();
    stage.make();
    stage.encoder.request_reset();
    let told = stage.told;
    assert!(stage.encode());
    stage.tell();
    assert_eq!(stage.told, told);
    for at in 21..41 {
        stage.play(at);
        stage.encode();
        stage.make();
        stage.tell();
    }
    assert!(stage.told > told, "and another video begins");
    stage.settle();
}

#[test]
fn what_a_film_has_covered_comes_back_when_it_ends() {
    let mut stage = Stage::playing(Line::WIDE);
    // the very page that was there before
    stage.now += BETWEEN_PICTURES;
    stage.type_text(SCREEN.rect(), 1);
    stage.encode();
    stage.settle();
}

/// What happens in one round, each perhaps.
#[derive(Debug, Clone)]
struct Round {
    plays: bool,
    types: Option<(Rect, u32)>,
    makes: bool,
    tells: bool,
    sharpens: bool,
    resets: bool,
    waits: Duration,
    level: Option<Level>,
}

fn round() -> impl Strategy<Value = Round> {
    let rect = (0_u32..300, 0_u32..220, 1_u32..150, 1_u32..90);
    let rect = rect.prop_map(|(x, y, width, height)| {
        let rect = Rect::new(x, y, width, height).intersect(SCREEN.rect());
        rect.expect("it begins within")
    });
    let waits = prop_oneof![
        6 => Just(Duration::ZERO),
        1 => (0_u64..600).prop_map(Duration::from_millis),
    ];
    (
        prop::bool::weighted(0.9),
        prop::option::weighted(0.3, (rect, 0_u32..4)),
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.03),
        waits,
        prop::option::weighted(0.05, prop::sample::select(&Level::ALL[..])),
    )
        .prop_map(
            |(plays, types, makes, tells, sharpens, resets, waits, level)| Round {
                plays,
                types,
                makes,
                tells,
                sharpens,
                resets,
                waits,
                level,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn in_whatever_order_pictures_are_made_the_viewer_is_exact_where_promised_and_at_rest(
        rounds in prop::collection::vec(round(), 1..50),
        rate in prop::sample::select(&[None, Some(60_000), Some(250_000)][..]),
    ) {
        let mut stage = Stage::new(Line { bytes_per_second: rate });
        for (at, round) in (0..).zip(&rounds) {
            stage.now += round.waits;
            if let Some(level) = round.level {
                stage.encoder.set_level(level);
            }
            if round.plays {
                stage.play(at);
            }
            if let Some((rect, seed)) = round.types {
                stage.type_text(rect, seed);
            }
            if round.resets {
                stage.encoder.request_reset();
            }
            stage.encode();
            if round.makes {
                stage.make();
            }
            if round.tells {
                stage.tell();
            }
            if round.sharpens {
                let update = stage.encoder.sharpen(stage.now, stage.line);
                stage.deliver(update.as_ref());
            }
        }
        stage.encoder.set_level(Level::True);
        stage.damage.push(SCREEN.rect());
        stage.settle();
    }
}
