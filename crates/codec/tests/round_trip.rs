//! The decoder's picture is the encoder's input, whatever the screen does.

mod scene;

use std::time::Duration;

use codec::{
    DamageHint, DecodeError, Decoder, Encoder, FormatVersion, Level, Line, MAX_UPDATE_BYTES,
    Picture, PixelSize, Rect, Update,
};
use proptest::prelude::*;
use scene::{Step, random_pixels, steps};

/// The picture as the decoder must show it: without the top bytes.
fn visible(picture: &Picture) -> Vec<u32> {
    picture
        .pixels()
        .iter()
        .map(|pixel| pixel & 0x00ff_ffff)
        .collect()
}

/// A viewer who has seen all of `history`.
fn replayed(history: &[Vec<u8>]) -> Decoder {
    let mut decoder = Decoder::new();
    for update in history {
        decoder.apply(update).expect("the encoder's own update");
    }
    decoder
}

fn deliver(viewers: &mut [Decoder; 2], update: &Update) {
    let [first, second] = viewers;
    apply_checked(first, update);
    second
        .apply(&update.bytes)
        .expect("the encoder's own update");
    assert_eq!(shown(first), shown(second), "all viewers show the same");
}

/// Checks that wherever the encoder says so the viewer shows exactly the colours of the level.
fn assert_exact_where_promised(encoder: &Encoder, viewer: &Decoder, screen: &Picture) {
    let level = encoder.level();
    let picture = viewer.picture().expect("an update was applied");
    for y in 0..screen.size().height {
        for (x, (&shown, &pixel)) in (0..).zip(picture.row(y).iter().zip(screen.row(y))) {
            let is_exact = encoder.is_exact(Rect::new(x, y, 1, 1));
            assert!(
                !is_exact || shown == level.reduce(pixel),
                "{level:?}: pixel {x},{y} is {shown:06x} and not {pixel:06x}"
            );
        }
    }
}

fn shown(decoder: &Decoder) -> &[u32] {
    decoder.picture().expect("a reset was applied").pixels()
}

/// Encodes `picture` until nothing is left, and hands each update to `deliver`.
fn encode_all(
    encoder: &mut Encoder,
    picture: &Picture,
    hint: DamageHint<'_>,
    now: Duration,
    mut deliver: impl FnMut(&Update),
) {
    let mut hint = hint;
    while let Some(update) = encoder.encode(picture, hint, now, Line::WIDE) {
        assert!(update.bytes.len() <= MAX_UPDATE_BYTES);
        deliver(&update);
        hint = DamageHint::Rects(&[]);
    }
    assert!(
        !encoder.has_more(),
        "nothing is left when nothing is encoded"
    );
}

/// Applies an update and checks that every changed pixel lies in a rectangle it names.
fn apply_checked(decoder: &mut Decoder, update: &Update) {
    let before = decoder.picture().cloned();
    let applied = decoder
        .apply(&update.bytes)
        .expect("the encoder's own update");
    assert_eq!(applied.was_reset, update.is_reset);
    let after = decoder.picture().expect("an update was applied");
    let Some(before) = before.filter(|before| before.size() == after.size()) else {
        assert_eq!(applied.changed, [after.size().rect()]);
        return;
    };
    for y in 0..after.size().height {
        for (x, (old, new)) in (0..).zip(before.row(y).iter().zip(after.row(y))) {
            let pixel = Rect::new(x, y, 1, 1);
            assert!(
                old == new || applied.changed.iter().any(|rect| rect.contains(pixel)),
                "pixel {x},{y} changed outside of {:?}",
                applied.changed
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_decoder_shows_what_the_encoder_saw(steps in steps(), over_wide in any::<bool>()) {
        let mut screen = scene::Screen::new(PixelSize::new(300, 200));
        let mut encoder = Encoder::new(Level::Lossless);
        let (mut viewer, mut late_viewer) = (Decoder::new(), None::<Decoder>);
        for step in steps {
            screen.apply(&step);
            if matches!(step, Step::Reset) {
                encoder.request_reset();
                late_viewer = Some(Decoder::new());
            }
            let beyond = [Rect::new(7, 3, u32::MAX, 90), Rect::new(9999, 0, 5, 5), Rect::default()];
            let hint: Vec<Rect> = if over_wide {
                screen.damage.iter().chain(&beyond).copied().collect()
            } else {
                screen.damage.clone()
            };
            encode_all(&mut encoder, &screen.picture, DamageHint::Rects(&hint), screen.now, |update| {
                apply_checked(&mut viewer, update);
                if let Some(late) = &mut late_viewer {
                    apply_checked(late, update);
                }
            });
            screen.damage.clear();
            prop_assert_eq!(shown(&viewer), visible(&screen.picture));
            if let Some(late) = &late_viewer {
                prop_assert_eq!(shown(late), shown(&viewer));
            }
            prop_assert!(encoder.encode(&screen.picture, DamageHint::Everything, screen.now, Line::WIDE).is_none());
        }
    }

    #[test]
    fn s3_every_level_is_exact_where_it_says_so_and_everywhere_at_rest(
        steps in steps(),
        levels in prop::collection::vec(prop::sample::select(&Level::ALL[..]), 14),
        rate in prop::sample::select(&[None, Some(20_000), Some(250_000)][..]),
    ) {
        let line = Line { bytes_per_second: rate };
        let mut screen = scene::Screen::new(PixelSize::new(300, 200));
        let mut encoder = Encoder::new(Level::True);
        let mut viewers = [Decoder::new(), Decoder::new()];
        for (step, level) in steps.iter().zip(levels.iter().cycle()) {
            screen.apply(step);
            encoder.set_level(*level);
            if matches!(step, Step::Reset) {
                encoder.request_reset();
            }
            let hint = DamageHint::Rects(&screen.damage);
            if let Some(update) = encoder.encode(&screen.picture, hint, screen.now, line) {
                deliver(&mut viewers, &update);
            }
            screen.damage.clear();
            assert_exact_where_promised(&encoder, &viewers[0], &screen.picture);
            if let Some(update) = encoder.sharpen(screen.now, line) {
                deliver(&mut viewers, &update);
            }
        }
        for _ in 0..2_000 {
            screen.now += Duration::from_millis(50);
            let nowhere = DamageHint::Rects(&[]);
            let update = match encoder.encode(&screen.picture, nowhere, screen.now, line) {
                Some(update) => Some(update),
                None => encoder.sharpen(screen.now, line),
            };
            if let Some(update) = update {
                deliver(&mut viewers, &update);
            } else if encoder.sharpens_at().is_none() && !encoder.has_more() {
                break;
            }
        }
        prop_assert!(encoder.is_exact(screen.picture.size().rect()));
        assert_exact_where_promised(&encoder, &viewers[0], &screen.picture);
    }

    #[test]
    fn a_damaged_update_is_refused_or_applied_but_never_panics(
        steps in steps(),
        damage in any::<prop::sample::Index>(),
        bit in 0_u32..8,
        cut in any::<bool>(),
    ) {
        let mut screen = scene::Screen::new(PixelSize::new(130, 70));
        let mut encoder = Encoder::new(Level::Lossless);
        let mut viewer = Decoder::new();
        let mut history = Vec::new();
        for step in steps {
            screen.apply(&step);
            let Some(update) = encoder.encode(&screen.picture, DamageHint::Everything, screen.now, Line::WIDE) else {
                continue;
            };
            let mut bytes = update.bytes.clone();
            let place = damage.index(bytes.len());
            if cut {
                bytes.truncate(place);
            } else {
                bytes[place] ^= 1 << bit;
            }
            let mut victim = replayed(&history);
            if victim.apply(&bytes).is_err() {
                prop_assert_eq!(victim.apply(&[0]), Err(DecodeError::ResetNeeded));
            }
            viewer.apply(&update.bytes).expect("the encoder's own update");
            history.push(update.bytes);
            prop_assert_eq!(shown(&viewer), visible(&screen.picture));
        }
    }

    #[test]
    fn garbage_never_panics(
        updates in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
        is_dressed in any::<bool>(),
    ) {
        let mut decoder = Decoder::new();
        for mut bytes in updates {
            decoder.apply(&[1, FormatVersion::NEWEST.number(), 100, 100]).expect("a reset to a black picture");
            if is_dressed && bytes.len() > 3 {
                // Something that gets past the header.
                bytes[0] = 0;
                bytes[1] = bytes[1] % 6 + 1;
                bytes[2] = u8::try_from(bytes.len() - 3).unwrap_or(127).min(127);
            }
            let outcome = decoder.apply(&bytes);
            prop_assert!(outcome.is_ok() || decoder.apply(&[0]).is_err());
        }
    }
}

#[test]
fn every_odd_size_comes_back() {
    let mut encoder = Encoder::new(Level::Lossless);
    let mut decoder = Decoder::new();
    for (width, height) in [
        (1, 1),
        (17, 33),
        (1, 700),
        (700, 1),
        (64, 64),
        (65, 63),
        (24, 25),
        (5, 2),
    ] {
        let size = PixelSize::new(width, height);
        let mut picture = Picture::new(size);
        for seed in 0..4 {
            random_pixels(&mut picture, size.rect(), seed, 1 << (seed * 6));
            encode_all(
                &mut encoder,
                &picture,
                DamageHint::Everything,
                Duration::ZERO,
                |update| {
                    assert_eq!(update.is_reset, seed == 0);
                    apply_checked(&mut decoder, update);
                },
            );
            assert_eq!(shown(&decoder), visible(&picture));
        }
    }
}

#[test]
fn a_black_picture_still_makes_a_reset() {
    let picture = Picture::new(PixelSize::new(40, 30));
    let update = Encoder::new(Level::Lossless)
        .encode(&picture, DamageHint::Rects(&[]), Duration::ZERO, Line::WIDE)
        .expect("a viewer needs to know the size");
    assert!(update.is_reset && update.bytes.len() < 8);
    let mut decoder = Decoder::new();
    decoder
        .apply(&update.bytes)
        .expect("the encoder's own update");
    assert_eq!(decoder.picture(), Some(&picture));
}

#[test]
fn noise_on_a_4k_screen_comes_in_several_bounded_updates() {
    let size = PixelSize::new(3840, 2160);
    let mut picture = Picture::new(size);
    random_pixels(&mut picture, size.rect(), 5, 1 << 24);
    let mut encoder = Encoder::new(Level::Lossless);
    let mut decoder = Decoder::new();
    let mut resets = Vec::new();
    encode_all(
        &mut encoder,
        &picture,
        DamageHint::Everything,
        Duration::ZERO,
        |update| {
            assert!(
                update.bytes.len() < (1 << 20) + 100_000,
                "{} bytes",
                update.bytes.len()
            );
            resets.push(update.is_reset);
            decoder
                .apply(&update.bytes)
                .expect("the encoder's own update");
        },
    );
    assert!(resets.len() > 20 && resets[0] && !resets[1..].contains(&true));
    assert_eq!(shown(&decoder), visible(&picture));
}

#[test]
fn what_waits_is_not_overtaken_for_ever() {
    let size = PixelSize::new(1024, 1024);
    let mut picture = Picture::new(size);
    let bottom = Rect::new(0, 1000, 1024, 24);
    let mut encoder = Encoder::new(Level::Lossless);
    let mut decoder = Decoder::new();
    for seed in 0..9 {
        // All of it changes each time, and one update cannot hold it.
        random_pixels(&mut picture, size.rect(), seed, 1 << 24);
        let update = encoder
            .encode(&picture, DamageHint::Everything, Duration::ZERO, Line::WIDE)
            .expect("new noise");
        let applied = decoder
            .apply(&update.bytes)
            .expect("the encoder's own update");
        if applied
            .changed
            .iter()
            .any(|rect| !applied.was_reset && rect.intersect(bottom).is_some())
        {
            return;
        }
    }
    panic!("the bottom never came");
}

#[test]
fn a_menu_that_comes_and_goes_is_nearly_free() {
    let size = PixelSize::new(640, 480);
    let menu = Rect::new(100, 50, 260, 300);
    let mut closed = Picture::new(size);
    random_pixels(&mut closed, size.rect(), 1, 6);
    let mut open = closed.clone();
    random_pixels(&mut open, menu, 2, 40);
    let mut encoder = Encoder::new(Level::Lossless);
    let mut decoder = Decoder::new();
    let mut sizes = Vec::new();
    for second in 0..8 {
        let picture = if second % 2 == 0 { &closed } else { &open };
        let hint = DamageHint::Rects(&[menu]);
        let update = encoder
            .encode(picture, hint, Duration::from_secs(second), Line::WIDE)
            .expect("it changed");
        decoder
            .apply(&update.bytes)
            .expect("the encoder's own update");
        assert_eq!(decoder.picture(), Some(picture));
        sizes.push(update.bytes.len());
    }
    assert!(sizes[2..].iter().all(|&bytes| bytes < 400), "{sizes:?}");
}

#[test]
fn a_scroll_costs_little_more_than_the_new_lines() {
    let size = PixelSize::new(640, 480);
    let mut picture = Picture::new(size);
    random_pixels(&mut picture, size.rect(), 1, 4);
    let mut encoder = Encoder::new(Level::Lossless);
    let first = encoder
        .encode(&picture, DamageHint::Everything, Duration::ZERO, Line::WIDE)
        .expect("a reset");
    picture.pixels_mut().copy_within(640 * 12.., 0);
    random_pixels(&mut picture, Rect::new(0, 468, 640, 12), 2, 4);
    let scroll = encoder
        .encode(&picture, DamageHint::Everything, Duration::ZERO, Line::WIDE)
        .expect("it moved");
    assert!(
        scroll.bytes.len() * 30 < first.bytes.len(),
        "{} bytes",
        scroll.bytes.len()
    );
}

#[test]
fn what_lies_outside_the_hint_waits_until_it_is_named() {
    let size = PixelSize::new(64, 64);
    let mut picture = Picture::new(size);
    let mut encoder = Encoder::new(Level::Lossless);
    encoder
        .encode(&picture, DamageHint::Everything, Duration::ZERO, Line::WIDE)
        .expect("a reset");
    random_pixels(&mut picture, size.rect(), 1, 9);
    let nowhere = DamageHint::Rects(&[]);
    assert_eq!(
        encoder.encode(&picture, nowhere, Duration::ZERO, Line::WIDE),
        None
    );
    assert!(
        encoder
            .encode(
                &picture,
                DamageHint::Rects(&[size.rect()]),
                Duration::ZERO,
                Line::WIDE
            )
            .is_some()
    );
}

/// A photo of 320 x 320 pixels.
fn photo() -> Picture {
    let mut picture = Picture::new(PixelSize::new(320, 320));
    for y in 0..320 {
        for (x, pixel) in (0..).zip(picture.row_mut(y)) {
            let grain = (x * 7 + y * 13) % 5;
            let blend = u32::midpoint;
            *pixel = blend(x, grain) << 16 | blend(y, grain) << 8 | ((x + y) >> 2);
        }
    }
    picture
}

#[test]
fn s3_a_photo_is_exact_at_once_on_a_wide_line_and_coarse_first_on_a_narrow_one() {
    let photo = photo();
    let everywhere = photo.size().rect();
    let is_exact_on = |line| {
        let mut encoder = Encoder::new(Level::True);
        let nothing = Picture::new(photo.size());
        encoder.encode(&nothing, DamageHint::Everything, Duration::ZERO, line);
        let later = Duration::from_secs(3);
        let update = encoder.encode(&photo, DamageHint::Everything, later, line);
        assert!(update.is_some());
        encoder.is_exact(everywhere)
    };
    let bytes_per_second = Some(250_000);
    assert!(is_exact_on(Line::WIDE));
    assert!(!is_exact_on(Line { bytes_per_second }));
}

/// The photo of one seed, as large as a screen.
fn large_photo(seed: u32) -> Picture {
    let mut picture = Picture::new(PixelSize::new(1920, 1080));
    let mut state = seed;
    for y in 0..1080_u32 {
        for (x, pixel) in (0_u32..).zip(picture.row_mut(y)) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = state >> 28;
            let shade = |value: u32| (value / 8 + seed * 31 + grain) & 0xff;
            *pixel = shade(x) << 16 | shade(y) << 8 | shade(x + y);
        }
    }
    picture
}

/// The viewer decodes a part while the next is coded; what changes meanwhile is not lost.
#[test]
fn s4_a_large_photo_comes_in_parts_on_a_wide_line_and_each_cell_in_one_of_them() {
    let mut encoder = Encoder::new(Level::True);
    let mut decoder = Decoder::new();
    let first = large_photo(1);
    encode_all(
        &mut encoder,
        &first,
        DamageHint::Everything,
        Duration::ZERO,
        |update| {
            apply_checked(&mut decoder, update);
        },
    );
    let mut second = large_photo(2);
    let later = Duration::from_secs(5);
    let mut hint = DamageHint::Everything;
    let mut parts = Vec::new();
    let corner = Rect::new(1792, 992, 64, 64);
    while let Some(update) = encoder.encode(&second, hint, later, Line::WIDE) {
        let applied = decoder
            .apply(&update.bytes)
            .expect("the encoder's own update");
        parts.push(
            applied
                .changed
                .iter()
                .map(|rect| u64::from(rect.width * rect.height))
                .sum::<u64>(),
        );
        // a window opens in the last part, which nobody was told of yet
        hint = DamageHint::Rects(std::slice::from_ref(&corner));
        for y in corner.y..corner.bottom() {
            let span = corner.x as usize..corner.right() as usize;
            second.row_mut(y)[span].fill(0x0020_4060);
        }
        assert!(parts.len() < 20, "it ends");
    }
    assert!(!encoder.has_more());
    let told: u64 = parts.iter().sum();
    assert!((4..8).contains(&parts.len()), "{parts:?}");
    let whole = u64::from(first.size().width * first.size().height);
    assert!(
        (whole..whole * 11 / 10).contains(&told),
        "{told} of {whole}: {parts:?}"
    );
    assert!(encoder.is_exact(corner));
    let mut now = later;
    while let Some(due) = encoder.sharpens_at() {
        now = due.max(now + Duration::from_millis(1));
        let update = encoder.sharpen(now, Line::WIDE).expect("it is due");
        apply_checked(&mut decoder, &update);
    }
    assert_eq!(shown(&decoder), visible(&second));
}

/// Where everything changes with each picture and is no video, each row has its turn.
#[test]
fn natural_cells_that_wait_are_not_overtaken_for_ever() {
    let mut encoder = Encoder::new(Level::True);
    let mut decoder = Decoder::new();
    let bottom = Rect::new(0, 1072, 1920, 8);
    for seed in 1..7 {
        let now = Duration::from_secs(5) * seed;
        let picture = large_photo(seed);
        let update = encoder.encode(&picture, DamageHint::Everything, now, Line::WIDE);
        let applied = decoder.apply(&update.expect("a new photo").bytes);
        let applied = applied.expect("the encoder's own update");
        let is_there = |rect: &Rect| rect.intersect(bottom).is_some();
        if !applied.was_reset && applied.changed.iter().any(is_there) {
            return;
        }
    }
    panic!("the bottom never came");
}

/// Where an update of a narrow line holds only a few rows of a photo.
#[test]
fn s3_a_photo_told_nearly_becomes_exact_at_the_lossless_level_on_a_narrow_line() {
    let mut grain = Picture::new(PixelSize::new(240, 240));
    let mut state = 1_u32;
    for pixel in grain.pixels_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *pixel = state >> 8;
    }
    let line = Line {
        bytes_per_second: Some(20_000),
    };
    let mut encoder = Encoder::new(Level::True);
    encoder.encode(&grain, DamageHint::Everything, Duration::ZERO, line);
    let everywhere = grain.size().rect();
    assert!(!encoder.is_exact(everywhere));
    encoder.set_level(Level::Lossless);
    let (mut updates, mut bytes, mut largest) = (0, 0, 0);
    while !encoder.is_exact(everywhere) {
        updates += 1;
        let now = Duration::from_millis(100) * updates;
        let update = encoder.encode(&grain, DamageHint::Rects(&[]), now, line);
        let length = update.expect("it is not exact").bytes.len();
        bytes += length;
        largest = largest.max(length);
    }
    let once = Encoder::new(Level::Lossless)
        .encode(&grain, DamageHint::Everything, Duration::ZERO, Line::WIDE)
        .map_or(0, |update| update.bytes.len());
    assert!(bytes < once * 11 / 10, "{bytes} bytes for {once}");
    assert!(largest < 12_000, "{largest} bytes take long");
}

/// A photograph with detail, seen from closer and closer.
fn moving_photo(picture: &mut Picture, now: Duration) {
    let zoom = 1.0 + now.as_secs_f32() * 0.1;
    for y in 0..picture.size().height {
        for (x, pixel) in (0_u16..).zip(picture.row_mut(y)) {
            let (x, y) = (f32::from(x) / zoom, y as f32 / zoom);
            let coarse = (x * 0.031).sin() + (y * 0.047).cos();
            let fine = (x * 0.41 + y * 0.13).sin() + (y * 0.37 - x * 0.19).cos();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "within 24 and 232"
            )]
            let level = (128.0 + 40.0 * coarse + 12.0 * fine) as u32;
            *pixel = level << 16 | (level * 3 / 4) << 8 | (200 - level / 2);
        }
    }
}

/// A video that fills the picture, on a line that takes half a second for each picture told whole.
#[test]
fn s4_a_large_video_on_a_narrow_line_moves_from_the_second_picture_on() {
    let bytes_per_second = 12_000;
    let line = Line {
        bytes_per_second: Some(bytes_per_second),
    };
    let mut picture = Picture::new(PixelSize::new(640, 360));
    let mut encoder = Encoder::new(Level::True);
    let (mut now, mut updates, mut longest) = (Duration::ZERO, 0, Duration::ZERO);
    while now < Duration::from_secs(6) {
        moving_photo(&mut picture, now);
        let update = encoder.encode(&picture, DamageHint::Everything, now, line);
        let bytes = update.expect("it moves").bytes.len();
        let carried = Duration::from_secs_f64(bytes as f64 / f64::from(bytes_per_second));
        let taken = carried.max(Duration::from_millis(33));
        if now > Duration::from_secs(2) {
            longest = longest.max(taken);
        }
        now += taken;
        updates += 1;
    }
    assert!(updates >= 6 * 8, "{updates} pictures in six seconds");
    assert!(longest < Duration::from_millis(250), "{longest:?}");
}

#[test]
fn s3_a_film_in_few_colours_costs_no_more_than_in_all() {
    let film = |level| {
        let mut picture = Picture::new(PixelSize::new(640, 360));
        let (mut encoder, mut viewer) = (Encoder::new(level), Decoder::new());
        let mut bytes = 0;
        for number in 0..60 {
            let now = Duration::from_millis(33) * number;
            moving_photo(&mut picture, now);
            let update = encoder.encode(&picture, DamageHint::Everything, now, Line::WIDE);
            let update = update.expect("it moves");
            viewer.apply(&update.bytes).expect("the encoder's own");
            bytes += update.bytes.len();
        }
        (bytes, viewer)
    };
    let (in_all, _) = film(Level::True);
    for level in [Level::Bits15, Level::Bits8, Level::Grey] {
        let (bytes, viewer) = film(level);
        assert!(bytes <= in_all, "{level:?}: {bytes} bytes for {in_all}");
        let colourless = |pixel: &u32| {
            let [_, red, green, blue] = pixel.to_be_bytes();
            red.max(green).max(blue) - red.min(green).min(blue) <= 4
        };
        assert_eq!(
            level == Level::Grey,
            shown(&viewer).iter().all(colourless),
            "{level:?}"
        );
    }
}

/// On a narrow line text and a photo come coarse together; the text, which is read, is exact first.
#[test]
fn s3_text_is_sharp_before_photos_are() {
    let photo = photo();
    let mut picture = Picture::new(PixelSize::new(320, 640));
    let mut state = 1_u32;
    let (above, text) = picture.pixels_mut().split_at_mut(320 * 320);
    above.copy_from_slice(photo.pixels());
    for pixel in text {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *pixel = if state >> 31 == 0 { 0x00ff_ffff } else { 0 };
    }
    let line = Line {
        bytes_per_second: Some(20_000),
    };
    let mut encoder = Encoder::new(Level::True);
    let mut now = Duration::from_secs(1);
    encoder.encode(&picture, DamageHint::Everything, now, line);
    while encoder.has_more() {
        now += Duration::from_millis(100);
        encoder.encode(&picture, DamageHint::Rects(&[]), now, line);
    }
    let (photo, text) = (Rect::new(0, 0, 320, 320), Rect::new(0, 320, 320, 320));
    assert!(!encoder.is_exact(text) && !encoder.is_exact(photo));
    while !encoder.is_exact(text) {
        now = encoder.sharpens_at().expect("there is more to do").max(now)
            + Duration::from_millis(100);
        encoder.sharpen(now, line).expect("it is due");
        assert!(!encoder.is_exact(photo));
    }
}

/// A window of text that is dragged over a photograph is moved, and what comes out from behind it is
/// told once: nothing of that is a video.
#[test]
fn s4_a_window_dragged_over_a_photo_is_no_video() {
    let line = Line {
        bytes_per_second: Some(250_000),
    };
    let mut behind = Picture::new(PixelSize::new(1280, 720));
    moving_photo(&mut behind, Duration::from_secs(1));
    let mut text = Picture::new(PixelSize::new(400, 300));
    let mut state = 1_u32;
    for pixel in text.pixels_mut() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *pixel = if state >> 29 == 0 {
            0x00ff_ffff
        } else {
            0x10_20_30
        };
    }
    let mut encoder = Encoder::new(Level::True);
    let mut bytes = 0;
    for step in 0..90_u32 {
        let mut picture = behind.clone();
        let turn = f64::from(step) / 15.0;
        let (x, y) = (
            turn.sin() * 400.0 + 420.0,
            (turn * 1.6).cos() * 180.0 + 200.0,
        );
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the picture"
        )]
        let (x, y) = (x as usize, y as u32);
        for row in 0..300 {
            picture.row_mut(y + row)[x..x + 400].copy_from_slice(text.row(row));
        }
        let now = Duration::from_millis(33) * step;
        if let Some(update) = encoder.encode(&picture, DamageHint::Everything, now, line)
            && step > 3
        {
            bytes += update.bytes.len();
        }
    }
    assert!(bytes < 86 * 6_000, "{bytes} bytes in 86 steps");
}
