//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::StoreError;

/// Writes a file by way of a temporary one beside it and a rename, so that a reader never sees half of it and an older
/// version survives a full disk or a crash.
///
/// A device or pipe (`/dev/stdout`, `/dev/null`) is written to as it is: a rename would put a file in its place.
///
/// # Errors
/// Names the file and the step that failed; the temporary file is removed.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    if is_device(path) {
        let written =
            fs::OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(bytes));
        return written.map_err(|source| StoreError::file(path, "write", source));
    }
    let temporary = beside(path);
    // An error names the file that was asked for: of the temporary one nobody knows.
    let failed = |doing: &'static str| move |source| StoreError::file(path, doing, source);
    let written = (|| {
        let mut file = File::create(&temporary).map_err(failed("create"))?;
        file.write_all(bytes).map_err(failed("write"))?;
        file.sync_all().map_err(failed("synchronise"))?;
        fs::rename(&temporary, path).map_err(failed("put in place"))
    })();
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(path);
    Ok(())
}

/// Lets `write` make a file that appears whole or not at all: whatever goes wrong, nothing of it is left. One that exists
/// is replaced with `force` alone; a device or pipe is none that could be put in place.
///
/// # Errors
/// Those of `write`, and when the file exists, is a device, or cannot be created or put in place.
pub fn write_new<T, E: From<StoreError>>(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<T, E> {
    if is_device(path) {
        return Err(StoreError::Device(path.to_owned()).into());
    }
    if !force && path.exists() {
        return Err(StoreError::Exists(path.to_owned()).into());
    }
    let temporary = beside(path);
    let failed = |doing: &'static str| move |source| StoreError::file(path, doing, source);
    let written = (|| {
        let mut file = File::create(&temporary).map_err(failed("create"))?;
        let result = write(&mut file)?;
        file.sync_all().map_err(failed("synchronise"))?;
        fs::rename(&temporary, path).map_err(failed("put in place"))?;
        Ok(result)
    })();
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A name for what is not whole yet: beside the target, because a rename does not cross file systems; named by process,
/// because two runs may share a target.
fn beside(path: &Path) -> std::path::PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// Something that exists and is neither a file nor a folder.
pub fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Makes the rename itself durable. Some file systems cannot synchronise a folder; the file is in place all the same.
pub(super) fn sync_folder(path: &Path) {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(parent) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        write_atomic(&path, b"old").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_device_stays_a_device() {
        // A link to it, so that a mistake would replace the link and not the machine's own device.
        let folder = tempfile::tempdir().unwrap();
        let device = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        assert!(is_device(&device) && !is_device(folder.path()));
        write_atomic(&device, b"gone").unwrap();
        assert!(device.is_symlink() && is_device(&device));
        let refused = write_new(&device, true, |_| Ok::<_, StoreError>(())).unwrap_err().to_string();
        assert!(refused.contains("is a device") && device.is_symlink(), "{refused}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failure_keeps_the_old_file_and_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("kept"), b"kept").unwrap();
        let error = write_atomic(&path, b"new").unwrap_err().to_string();
        assert!(error.contains("record.json") && error.contains("put in place"), "{error}");
        assert_eq!(fs::read(path.join("kept")).unwrap(), b"kept");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
        let missing = write_atomic(&folder.path().join("no/such/file"), b"").unwrap_err().to_string();
        assert!(
            missing.contains("no/such/file: create: ") && missing.contains("check the path"),
            "{missing}"
        );
    }
}
