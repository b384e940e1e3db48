//! What lies in memory for a program, by what it is for.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Its share of all pages, in kilobytes: what several programs use together counts for each in part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Its own code and constants.
    pub program: u64,
    /// The libraries that draw, the compiler of the software that draws without a graphics card among them.
    pub graphics: u64,
    /// All other libraries, and files that it reads as if they were memory.
    pub files: u64,
    /// What it asked for: heap and stacks, those of the libraries among them.
    pub own: u64,
    /// What it shares with the display server and others.
    pub shared: u64,
}

impl Memory {
    /// What the process `pid` has now.
    ///
    /// # Errors
    ///
    /// If it is gone, or the system does not tell.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        let program = fs::read_link(format!("/proc/{pid}/exe"))?;
        let told = fs::read_to_string(format!("/proc/{pid}/smaps"))?;
        Self::read(&told, &program)
    }

    /// All of it, in megabytes.
    pub fn all_mb(&self) -> f64 {
        self.beside_graphics_mb() + mb(self.graphics)
    }

    /// All of it but the libraries that draw, in megabytes.
    pub fn beside_graphics_mb(&self) -> f64 {
        mb(self.program + self.files + self.own + self.shared)
    }

    fn read(told: &str, program: &Path) -> anyhow::Result<Self> {
        let mut memory = Self::default();
        let mut path = "";
        for line in told.lines() {
            let mut words = line.split_ascii_whitespace();
            let first = words.next().unwrap_or_default();
            if let Some(share) = line.strip_prefix("Pss:") {
                let kb = share.trim().trim_end_matches(" kB");
                let kb: u64 = kb.parse().with_context(|| line.to_owned())?;
                *memory.kind(path, program) += kb;
            } else if !first.ends_with(':') {
                // 7f00-7f10 r-xp 00000000 08:01 42   /usr/lib/libc.so.6
                path = words.nth(4).map_or("", |begin| from(line, begin));
            }
        }
        Ok(memory)
    }

    fn kind(&mut self, path: &str, program: &Path) -> &mut u64 {
        const SHARED: &[&str] = &["/SYSV", "/memfd:", "/dev/shm/", "/dev/zero", "/dev/dri/"];
        if Path::new(path) == program {
            &mut self.program
        } else if SHARED.iter().any(|begin| path.starts_with(begin)) {
            &mut self.shared
        } else if !path.starts_with('/') {
            &mut self.own
        } else if draws(path) {
            &mut self.graphics
        } else {
            &mut self.files
        }
    }
}

/// In megabytes.
pub fn mb(kb: u64) -> f64 {
    kb as f64 / 1024.0
}

/// `line` from where its part `word` begins.
fn from<'a>(line: &'a str, word: &str) -> &'a str {
    let at = word.as_ptr() as usize - line.as_ptr() as usize;
    line.get(at..).unwrap_or_default()
}

/// Whether the file is Mesa's or a vendor's, or one that only those load.
fn draws(path: &str) -> bool {
    const NAMES: &[&str] = &[
        "libGL",
        "libEGL",
        "libgallium",
        "libglapi",
        "libLLVM",
        "libgbm",
        "libdrm",
        "libz3",
        "libnvidia",
        "swrast_dri",
        "kms_swrast_dri",
        "libsensors",
        "libelf",
    ];
    let name = path.rsplit('/').next().unwrap_or_default();
    NAMES.iter().any(|begin| name.starts_with(begin)) || name.ends_with("_dri.so")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_apart_by_what_it_is_for() {
        let told = "\
55e0-55f0 r-xp 00000000 08:01 42                         /opt/a program
Size:                 64 kB
Pss:                  10 kB
Pss_Dirty:             3 kB
55f0-5600 rw-p 00000000 00:00 0                          [heap]
Pss:                  20 kB
7f00-7f01 rw-p 00000000 00:00 0 
Pss:                   1 kB
7f10-7f20 r-xp 00000000 08:01 43                         /usr/lib/x86_64-linux-gnu/libLLVM-15.so.1
Pss:                  30 kB
7f20-7f30 r-xp 00000000 08:01 44                         /usr/lib/dri/swrast_dri.so
Pss:                   5 kB
7f30-7f40 rw-s 00000000 00:01 32                         /SYSV00000000 (deleted)
Pss:                  40 kB
7f40-7f50 r--p 00000000 08:01 45                         /usr/share/fonts/noto.ttc
Pss:                  50 kB
VmFlags: rd mr mw me
";
        let memory = Memory::read(told, Path::new("/opt/a program")).expect("read");
        let expected = Memory {
            program: 10,
            graphics: 35,
            files: 50,
            own: 21,
            shared: 40,
        };
        assert_eq!(memory, expected);
    }

    #[test]
    fn this_program_has_some_of_its_own() {
        let kept = vec![1_u8; 40 << 20];
        let memory = Memory::of(std::process::id()).expect("told");
        assert!(kept.iter().all(|byte| *byte == 1));
        assert!(memory.own >= 40 << 10, "{memory:?}");
        assert!(memory.program > 0, "{memory:?}");
    }
}
