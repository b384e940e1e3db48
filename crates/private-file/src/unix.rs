//! Rights as Unix has them.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

const FILE: u32 = 0o600;
const FOLDER: u32 = 0o700;
/// What anybody but the owner may do.
const OTHERS: u32 = 0o077;

pub(crate) fn private_folder(builder: &mut DirBuilder) {
    builder.mode(FOLDER);
}

/// For writing, never through a link.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .write(true)
        .mode(FILE)
        .custom_flags(libc::O_NOFOLLOW);
    options
}

/// Sets the mode whatever the umask made of it.
pub(crate) fn make_private(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(FILE))
}

/// Does `what`: whoever has a file open here is in nobody's way.
pub(crate) fn patiently<T>(mut what: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    what()
}

/// The mode of the folder `path` if other accounts may do anything there.
///
/// # Errors
///
/// Whatever the platform says.
pub fn mode_open_to_others(path: &Path) -> io::Result<Option<u32>> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    Ok(Some(mode).filter(|mode| mode & OTHERS != 0))
}

/// The account that `path` belongs to, where that is not the one that runs this program.
///
/// # Errors
///
/// Whatever the platform says.
pub fn other_owner(path: &Path) -> io::Result<Option<u32>> {
    let owner = fs::metadata(path)?.uid();
    Ok(Some(owner).filter(|owner| *owner != rustix::process::geteuid().as_raw()))
}

/// Takes the rights of other accounts from the file at `path`; a link or a folder is left alone.
///
/// # Errors
///
/// Whatever the platform says.
pub fn close_to_others(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if found.is_file() && found.permissions().mode() & OTHERS != 0 {
        fs::set_permissions(path, Permissions::from_mode(FILE))?;
    }
    Ok(())
}

/// Makes the names in `folder` safe from a power failure: what was made, renamed and removed there.
///
/// # Errors
///
/// Whatever the platform says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
