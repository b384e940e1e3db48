//! Packs the fonts: as they are they would be a thirtieth of Helpme.

use std::io::Write as _;
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::ZlibEncoder;

const FONTS: &str = "../../assets/fonts";
const NAMES: [&str; 3] = ["Inter-Variable", "JetBrainsMono-Regular", "Lucide-Icons"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    for name in NAMES {
        let path = Path::new(FONTS).join(name).with_extension("ttf");
        println!("cargo::rerun-if-changed={}", path.display());
        let font = fs::read(&path)?;
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&font)?;
        fs::write(Path::new(&out).join(name), packed.finish()?)?;
    }
    Ok(())
}
