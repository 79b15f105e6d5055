//! Lock files: where they are, and what is written in them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Holder, LockError};

/// Variable that names another folder for the lock files.
pub(super) const FOLDER: &str = "STIMRIG_LOCK_DIR";

/// Where the lock files are: one folder for all users of the machine, gone with a restart. A folder of each user's own would
/// let two of them have the same bench.
pub(super) fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()) {
        return folder.into();
    }
    let shared = Path::new("/run/lock");
    let mode = fs::metadata(shared).map_or(0, |found| found.permissions().mode());
    // World-writable and sticky, as most distributions have it.
    if mode & 0o1002 == 0o1002 { shared.to_owned() } else { std::env::temp_dir() }
}

/// Opens a lock file, which is made for everybody where it is missing.
pub(super) fn open(path: &Path) -> Result<File, LockError> {
    let failed = |doing: &'static str| move |source| LockError::File { path: path.to_owned(), doing, source };
    // Never through a link that somebody laid into a folder where everybody may write.
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let existing = |write| OpenOptions::new().read(true).write(write).custom_flags(no_link).open(path);
    match existing(true) {
        Ok(file) => return Ok(file),
        // Somebody else's, made while another umask held: a lock needs no writing.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return existing(false).map_err(failed("opening"));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("opening")(error)),
        Err(_) => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed("making the folder of"))?;
    }
    let made = OpenOptions::new().read(true).write(true).create_new(true).custom_flags(no_link).open(path);
    match made {
        Ok(file) => {
            // For everybody on the machine; who made it is no matter.
            let _ = file.set_permissions(fs::Permissions::from_mode(0o666));
            Ok(file)
        }
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            existing(true).or_else(|_| existing(false)).map_err(failed("opening"))
        }
        Err(error) => Err(failed("making")(error)),
    }
}

/// Writes one line anew, or empties it. Whoever is killed in the middle leaves the old line or the new one: what a longer one had
/// more is cut off last.
pub(super) fn replace(file: &mut File, line: &[u8]) -> io::Result<()> {
    file.rewind()?;
    file.write_all(line)?;
    file.set_len(line.len() as u64)
}

/// Whom its line names.
pub(super) fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(1 << 16).read_to_string(&mut text).ok()?;
    // Behind it there may be the end of a longer one.
    serde_json::from_str(text.lines().next()?).ok()
}
