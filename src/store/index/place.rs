//! Where a database may lie.

use std::path::Path;

use crate::store::StoreError;

/// The network file system that a folder lies on, if it does: locks and shared memory do not hold there, and a database breaks.
///
/// # Errors
/// When the folder cannot be looked at.
#[cfg(target_os = "linux")]
pub fn network(folder: &Path) -> Result<Option<&'static str>, StoreError> {
    let found = rustix::fs::statfs(folder)
        .map_err(|error| StoreError::file(folder, "look at its file system", error.into()))?;
    // The magic number is 32 bits wide, whatever the type that carries it.
    Ok(named(found.f_type as u32))
}

/// Elsewhere nothing is known.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn network(_: &Path) -> Result<Option<&'static str>, StoreError> {
    Ok(None)
}

/// The magic numbers of statfs(2) and linux/magic.h that stand for another machine.
#[cfg(any(target_os = "linux", test))]
fn named(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517b | 0xfe53_4d42 | 0xff53_4d42 => "an SMB share",
        0x0102_1997 => "a 9P share",
        0x6573_5546 => "a FUSE file system (SSHFS and other shares)",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x7375_7245 => "Coda",
        0x00c3_6400 => "Ceph",
        0x0bd0_0bd0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x786f_4256 => "a VirtualBox share",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_from_disks() {
        assert_eq!(named(0x6969), Some("NFS"));
        // ext4, XFS, Btrfs, tmpfs, overlayfs, ZFS.
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(named(local), None, "{local:x}");
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(network(&folder.path().join("missing")).is_err());
        assert!(network(folder.path()).is_ok());
    }
}
