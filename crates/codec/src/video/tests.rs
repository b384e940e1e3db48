use super::*;

const UNLIMITED: u32 = u32::MAX;

/// Something like a photograph that moves: smooth waves with some grain.
fn scene(size: PixelSize, at: u32) -> Picture {
    let mut picture = Picture::new(size);
    for y in 0..size.height {
        for (x, pixel) in (0..).zip(picture.row_mut(y)) {
            let wave = |a: u32, b: u32| {
                let phase = f64::from(x * a + y * b + at * 9) / 90.0;
                128.0 + 100.0 * phase.sin()
            };
            let grain = f64::from((x * 7919 + y * 104_729 + at) % 5);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "28 to 233"
            )]
            let byte = |value: f64| (value + grain) as u32;
            *pixel = byte(wave(3, 1)) << 16 | byte(wave(1, 2)) << 8 | byte(wave(2, 3));
        }
    }
    picture
}

fn psnr(a: &Picture, b: &Picture) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.pixels().iter().zip(b.pixels()) {
        for (a, b) in a.to_le_bytes().into_iter().zip(b.to_le_bytes()).take(3) {
            sum += (f64::from(a) - f64::from(b)).powi(2);
        }
    }
    let mean = sum / (a.pixels().len() * 3) as f64;
    10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10()
}

fn encoded(
    encoder: &mut VideoEncoder,
    picture: &Picture,
    rect: Rect,
    now: Duration,
    bits_per_second: u32,
) -> Vec<u8> {
    encoder.take(picture, rect).expect("it lies within");
    let unit = encoder.encode(now, bits_per_second);
    unit.expect("a picture of its size")
}

fn decoded(
    decoder: &mut VideoDecoder,
    unit: &[u8],
    target: &mut Picture,
    rect: Rect,
    cells: impl IntoIterator<Item = Rect>,
) -> Result<(), VideoError> {
    decoder.decode(unit)?.write(target, rect, cells)
}

fn units(size: PixelSize, count: u32, bits_per_second: u32) -> Vec<Vec<u8>> {
    let mut encoder = VideoEncoder::new(size, Detail::Whole).expect("a supported size");
    (0..count)
        .map(|at| {
            let now = Duration::from_millis(u64::from(at) * 33);
            encoded(
                &mut encoder,
                &scene(size, at),
                size.rect(),
                now,
                bits_per_second,
            )
        })
        .collect()
}

#[test]
fn every_call_gives_the_picture_of_that_very_access_unit() {
    for (width, height) in [(320, 240), (321, 239), (16, 16), (1, 1), (5, 70)] {
        let size = PixelSize::new(width, height);
        let mut decoder = VideoDecoder::new(size, Detail::Whole).expect("a supported size");
        let mut target = Picture::new(size);
        for (at, unit) in (0..).zip(units(size, 8, UNLIMITED)) {
            decoded(&mut decoder, &unit, &mut target, size.rect(), [size.rect()])
                .expect("its own video");
            let quality = psnr(&target, &scene(size, at));
            assert!(quality > 31.0, "{size:?}, picture {at}: {quality} dB");
            assert!(target.pixels().iter().all(|pixel| pixel >> 24 == 0));
        }
    }
}

#[test]
fn only_the_given_cells_inside_the_rectangle_are_written() {
    let (screen, size) = (PixelSize::new(200, 160), PixelSize::new(64, 48));
    let rect = Rect::new(48, 32, 64, 48);
    let picture = scene(screen, 3);
    let mut encoder = VideoEncoder::new(size, Detail::Whole).expect("a supported size");
    let unit = encoded(&mut encoder, &picture, rect, Duration::ZERO, UNLIMITED);
    let mut decoder = VideoDecoder::new(size, Detail::Whole).expect("a supported size");
    let mut target = Picture::new(screen);
    target.pixels_mut().fill(0x0012_3456);
    let cells = [Rect::new(64, 48, 16, 16), Rect::new(0, 0, 56, 40)];
    decoded(&mut decoder, &unit, &mut target, rect, cells).expect("its own video");
    for y in 0..screen.height {
        for x in 0..screen.width {
            let pixel = Rect::new(x, y, 1, 1);
            let is_video = rect.contains(pixel) && cells.iter().any(|cell| cell.contains(pixel));
            assert_eq!(
                target.row(y)[x as usize] != 0x0012_3456,
                is_video,
                "{x},{y}"
            );
        }
    }
}

#[test]
fn the_rate_changes_without_a_new_beginning() {
    let size = PixelSize::new(640, 360);
    let mut encoder = VideoEncoder::new(size, Detail::Whole).expect("a supported size");
    let mut decoder = VideoDecoder::new(size, Detail::Whole).expect("a supported size");
    let mut target = Picture::new(size);
    let mut lengths = Vec::new();
    let mut quantisers = Vec::new();
    for at in 0..60 {
        let rate = if (20..40).contains(&at) {
            200_000
        } else {
            UNLIMITED
        };
        let now = Duration::from_millis(u64::from(at) * 33);
        let unit = encoded(&mut encoder, &scene(size, at), size.rect(), now, rate);
        let is_key = parameters::check_access_unit(&unit, size).expect("its own video");
        assert_eq!(is_key, at == 0);
        decoded(&mut decoder, &unit, &mut target, size.rect(), [size.rect()])
            .expect("its own video");
        lengths.push(unit.len());
        quantisers.push(encoder.quantiser);
    }
    let sum = |range: std::ops::Range<usize>| lengths[range].iter().sum::<usize>();
    // the line has the last word: as coarse as it goes, and as fine again
    assert!(
        quantisers[30..40].iter().all(|&q| q >= quantisers[19] + 5),
        "{quantisers:?}"
    );
    assert_eq!(quantisers[50..], [quantisers[19]; 10]);
    // for a scene that is easy to foretell that is not much
    assert!(sum(30..40) * 10 < sum(10..20) * 9, "{lengths:?}");
    assert!(sum(50..60) * 9 > sum(30..40) * 10, "{lengths:?}");
}

#[test]
fn a_fresh_decoder_waits_for_the_video_to_begin_anew() {
    let size = PixelSize::new(64, 64);
    let mut encoder = VideoEncoder::new(size, Detail::Whole).expect("a supported size");
    let mut encode = |at: u32, is_key: bool| {
        if is_key {
            encoder.force_key().expect("it can always");
        }
        let now = Duration::from_millis(u64::from(at) * 33);
        encoder.take(&scene(size, at), size.rect())?;
        encoder.encode(now, UNLIMITED)
    };
    let mut decoder = VideoDecoder::new(size, Detail::Whole).expect("a supported size");
    let mut target = Picture::new(size);
    let mut decode = |decoder: &mut VideoDecoder, unit: &[u8]| {
        decoded(decoder, unit, &mut target, size.rect(), [size.rect()])
    };
    let first = encode(0, false).expect("a picture");
    assert_eq!(decode(&mut decoder, &first), Ok(()));
    let mut fresh = VideoDecoder::new(size, Detail::Whole).expect("the same size");
    let second = encode(1, false).expect("a picture");
    assert_eq!(decode(&mut fresh, &second), Err(VideoError::KeyNeeded));
    let third = encode(2, true).expect("a picture");
    assert_eq!(decode(&mut fresh, &third), Ok(()));
}

#[test]
fn a_video_of_another_size_is_refused() {
    let size = PixelSize::new(64, 64);
    let mut decoder = VideoDecoder::new(size, Detail::Whole).expect("a supported size");
    let mut target = Picture::new(size);
    for other in [(8192, 8192), (3840, 2160), (66, 64), (64, 62), (48, 64)] {
        let other = PixelSize::new(other.0, other.1);
        let unit = if other.width > 3840 {
            vec_of_huge()
        } else {
            units(other, 1, UNLIMITED).remove(0)
        };
        assert_eq!(
            decoded(&mut decoder, &unit, &mut target, size.rect(), [size.rect()]),
            Err(VideoError::WrongSize)
        );
    }
}

/// Baseline, level 5.2, set 0, numbers of four bits, order 2, one reference, 512 x 512 blocks.
fn vec_of_huge() -> Vec<u8> {
    let mut bits = String::from("11") + "011" + "010" + "0";
    for _ in 0..2 {
        bits += "0000000001000000000"; // 511 + 1 in Exp-Golomb
    }
    bits += "11001"; // frames only, direct, no crop, no further information, end
    let mut unit = vec![0, 0, 0, 1, 0x67, 66, 0xc0, 52];
    while !bits.len().is_multiple_of(8) {
        bits.push('0');
    }
    for byte in bits.as_bytes().chunks(8) {
        let byte = std::str::from_utf8(byte).expect("digits");
        unit.push(u8::from_str_radix(byte, 2).expect("eight digits"));
    }
    unit.extend([
        0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65, 0x88, 0x80,
    ]);
    unit
}

#[test]
fn damaged_bytes_are_refused_or_shown_but_never_a_panic() {
    let size = PixelSize::new(96, 80);
    let units = units(size, 4, UNLIMITED);
    let mut target = Picture::new(size);
    let mut seed = 1_u32;
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed >> 8
    };
    let mut refused = 0;
    for round in 0..400 {
        let mut decoder = VideoDecoder::new(size, Detail::Whole).expect("a supported size");
        for unit in &units {
            let mut unit = unit.clone();
            match round % 3 {
                0 => unit.truncate(next() as usize % unit.len()),
                1 => {
                    for _ in 0..=next() % 4 {
                        let place = next() as usize % unit.len();
                        unit[place] ^= 1 << (next() % 8);
                    }
                }
                _ => {
                    for byte in unit.iter_mut().skip(5) {
                        *byte = next().to_le_bytes()[0];
                    }
                }
            }
            let result = decoded(&mut decoder, &unit, &mut target, size.rect(), [size.rect()]);
            refused += u32::from(result.is_err());
        }
    }
    assert!(refused > 800, "only {refused} of 1600 were refused");
}

#[test]
fn units_that_this_encoder_never_writes_are_refused() {
    let size = PixelSize::new(64, 64);
    let unit = units(size, 1, UNLIMITED).remove(0);
    let check = |bytes: &[u8]| parameters::check_access_unit(bytes, size);
    assert_eq!(check(&unit), Ok(true));
    assert!(check(&[]).is_err());
    assert!(check(&[0, 0, 0, 1]).is_err());
    let mut more = unit.clone();
    more.extend([0, 0, 0, 1, 6, 5, 1, 1]);
    assert_eq!(check(&more), Err(VideoError::UnexpectedUnit { kind: 6 }));
    let twice = [unit.as_slice(), unit.as_slice()].concat();
    assert!(check(&twice).is_err());
    let mut many = unit.clone();
    for _ in 0..20 {
        many.extend([0, 0, 1, 0x65, 0x88]);
    }
    assert_eq!(check(&many), Err(VideoError::Malformed("too many units")));
}

const FEWER: [Detail; 2] = [Detail::ThreeQuarters, Detail::Half];

#[test]
fn a_video_of_fewer_pixels_shows_the_same_scene() {
    for detail in FEWER {
        for (width, height) in [(320, 240), (321, 239), (83, 61)] {
            let size = PixelSize::new(width, height);
            let mut encoder = VideoEncoder::new(size, detail).expect("a supported size");
            let mut decoder = VideoDecoder::new(size, detail).expect("a supported size");
            let mut target = Picture::new(size);
            for at in 0..4 {
                let picture = scene(size, at);
                let now = Duration::from_millis(u64::from(at) * 33);
                let unit = encoded(&mut encoder, &picture, size.rect(), now, UNLIMITED);
                decoded(&mut decoder, &unit, &mut target, size.rect(), [size.rect()])
                    .expect("its own video");
                let quality = psnr(&target, &picture);
                assert!(quality > 30.0, "{detail:?} of {size:?}: {quality} dB");
                assert!(target.pixels().iter().all(|pixel| pixel >> 24 == 0));
            }
        }
    }
}

#[test]
fn parts_of_an_enlarged_picture_are_those_of_the_whole() {
    let size = PixelSize::new(173, 131);
    for detail in FEWER {
        let mut encoder = VideoEncoder::new(size, detail).expect("a supported size");
        let mut decoder = VideoDecoder::new(size, detail).expect("a supported size");
        let picture = scene(size, 7);
        let unit = encoded(
            &mut encoder,
            &picture,
            size.rect(),
            Duration::ZERO,
            UNLIMITED,
        );
        let decoded = decoder.decode(&unit).expect("its own video");
        let mut whole = Picture::new(size);
        let written = decoded.write(&mut whole, size.rect(), [size.rect()]);
        written.expect("it is as large");
        let mut parts = Picture::new(size);
        let mut cells = Vec::new();
        for y in (0..size.height).step_by(13) {
            for x in (0..size.width).step_by(19) {
                cells.push(Rect::new(x, y, 19, 13));
            }
        }
        let written = decoded.write(&mut parts, size.rect(), cells);
        written.expect("it is as large");
        assert!(parts == whole, "{detail:?}");
    }
}

#[test]
fn a_large_video_has_fewer_pixels_and_no_side_too_long_for_the_library() {
    let sizes = |width, height| {
        let size = PixelSize::new(width, height);
        Detail::of(size).sizes(size).map(|sizes| {
            let PixelSize { width, height } = sizes.coded;
            (width, height)
        })
    };
    assert_eq!(sizes(1280, 720), Ok((1280, 720)));
    assert_eq!(sizes(1920, 1080), Ok((1440, 810)));
    assert_eq!(sizes(2560, 1440), Ok((1920, 1080)));
    assert_eq!(sizes(3840, 2160), Ok((1920, 1080)));
    assert_eq!(sizes(5120, 2880), Ok((2560, 1440)));
    assert_eq!(sizes(4320, 7680), Ok((2160, 3840)));
    for (width, height) in [(0, 9), (9, 0), (7682, 4320), (u32::MAX, 1), (1, u32::MAX)] {
        let refused = Err(VideoError::UnsupportedSize { width, height });
        assert_eq!(sizes(width, height), refused);
    }
    // nothing is left of a narrow one
    for detail in FEWER {
        for size in [PixelSize::new(3, 4000), PixelSize::new(4000, 9)] {
            assert!(detail.sizes(size).is_err(), "{detail:?} of {size:?}");
        }
    }
}
