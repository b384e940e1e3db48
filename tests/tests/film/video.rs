//! A video file, as ffmpeg sees it, which knows nothing of this product.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use e2e::Picture;

/// A file that plays.
pub(crate) struct Video {
    file: PathBuf,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) duration_millis: u64,
    /// When each picture is shown from, in milliseconds.
    starts: Vec<u64>,
}

impl Video {
    /// Plays the file at `file` to its end; anything that ffmpeg has to say is an error.
    pub(crate) fn open(file: &Path) -> anyhow::Result<Self> {
        let name = file.to_str().context("a plain path")?;
        let probe = |entries| {
            let streams = ["-select_streams", "v", "-show_entries", entries];
            run(
                "ffprobe",
                &[&streams[..], &["-of", "csv=p=0", name]].concat(),
            )
        };
        let millis = |seconds: &str| {
            let time = Duration::try_from_secs_f64(seconds.trim().parse()?)?;
            anyhow::Ok(u64::try_from(time.as_millis())?)
        };
        let size = probe("stream=width,height")?;
        let (width, height) = size.trim().split_once(',').context("two numbers")?;
        let packets = probe("packet=pts_time")?;
        let starts = packets
            .lines()
            .map(millis)
            .collect::<anyhow::Result<Vec<u64>>>()?;
        let frames = ["-count_frames", "-show_entries", "stream=nb_read_frames"];
        let frames = run(
            "ffprobe",
            &[&frames[..], &["-of", "csv=p=0", name]].concat(),
        )?;
        ensure!(
            frames.trim().parse::<usize>()? == starts.len(),
            "{frames} pictures of {} can be decoded",
            starts.len()
        );
        Ok(Self {
            file: file.to_owned(),
            width: width.parse()?,
            height: height.parse()?,
            duration_millis: millis(&probe("format=duration")?)?,
            starts,
        })
    }

    /// What is shown at `millis`, sought there as a player does.
    pub(crate) fn seek(&self, millis: u64) -> anyhow::Result<Picture> {
        let starts = self.starts.iter().rev();
        let start = starts.copied().find(|start| *start <= millis);
        // ffmpeg gives the first picture that starts there or later, and rounds down
        let start = format!(
            "{:.4}",
            start.context("before the first picture")? as f64 / 1000.0
        );
        let picture = self.file.with_extension("png");
        let names = [&self.file, &picture].map(|path| path.to_str());
        let [Some(file), Some(out)] = names else {
            anyhow::bail!("a plain path");
        };
        let seek = ["-y", "-ss", &start, "-i", file, "-frames:v", "1"];
        let colours = ["-sws_flags", "accurate_rnd+full_chroma_int", out];
        run("ffmpeg", &[&seek[..], &colours[..]].concat())?;
        Picture::open_png(&picture)
    }
}

/// What the program prints.
fn run(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program)
        .args(["-v", "error"])
        .args(arguments)
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success() && errors.is_empty(),
        "{program} {arguments:?}: {errors}"
    );
    Ok(String::from_utf8(output.stdout)?)
}
