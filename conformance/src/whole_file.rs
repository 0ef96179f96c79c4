//! Files that are whole or not there at all, whenever the program is ended.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file so that whoever looks sees all of it, or nothing; the folder is made if it is not there.
///
/// # Errors
///
/// Those of the file system.
pub(crate) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    // As any file that is made: what the umask leaves, and not for its owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_over_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/report.txt");
        for text in ["a longer text", "short"] {
            write_whole(&path, text).expect("is written");
            assert_eq!(fs::read_to_string(&path).expect("is there"), text);
        }
        assert_eq!(fs::read_dir(folder.path().join("deep")).expect("a folder").count(), 1);
    }
}
