//! What a broker prints, on the disk: no more than its last part, however much it is, and read from its end.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// The newest part of what was printed.
const NEW: &str = "output.log";

/// The part before it.
const OLD: &str = "output.old.log";

/// How long a part is at most, in bytes.
const PART: usize = 1 << 20;

/// How much is read at once, in bytes.
const READ: usize = 64 << 10;

/// How many lines count as the last words.
const LINES: usize = 5;

/// How many bytes of the end are looked at for them, a long backtrace included.
const END: u64 = 64 << 10;

/// The longest line that is quoted, in characters.
const LONGEST_LINE: usize = 300;

/// In these words a process says what it dies of: of Rust, Go, C and C++, Java and Erlang, and of sanitizers.
const TELLING: [&str; 10] = [
    "panicked at",
    "panic: ",
    "fatal error: ",
    "Sanitizer: ",
    "runtime error: ",
    "Assertion",
    "terminate called",
    "stack smashing",
    "OutOfMemoryError",
    "Slogan: ",
];

/// Whether a line says what a process dies of.
pub(crate) fn is_telling(line: &str) -> bool {
    TELLING.iter().any(|telling| line.contains(telling))
}

/// Keeps what comes, until nothing can come any more. What can't be written is lost: a broker must never wait for its
/// log.
pub(super) fn keep(mut from: impl Read, folder: &Path) {
    let mut buffer = vec![0; READ];
    let (mut file, mut length) = (File::create(folder.join(NEW)).ok(), 0);
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        if length + count > PART {
            let _ = fs::rename(folder.join(NEW), folder.join(OLD));
            (file, length) = (File::create(folder.join(NEW)).ok(), 0);
        }
        length += count;
        if let Some(file) = &mut file {
            let _ = file.write_all(&buffer[..count]);
        }
    }
}

/// The last lines, on one line, escaped; empty where nothing was printed. Where the process has said what it dies of, that
/// comes first, the first of it and the last: one panic may bring about another, and behind it there may be a long backtrace.
pub(super) fn last_lines(folder: &Path) -> String {
    let mut end = end_of(&folder.join(NEW)).unwrap_or_default();
    if (end.len() as u64) < END
        && let Ok(mut before) = end_of(&folder.join(OLD))
    {
        before.append(&mut end);
        end = before;
    }
    let printed = String::from_utf8_lossy(&end);
    let all: Vec<&str> = printed.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = all.len().saturating_sub(LINES);
    let tells = |line: &&str| is_telling(line);
    let before = &all[..last];
    let first = before.iter().position(tells);
    let second = before.iter().rposition(tells).filter(|_| !all[last..].iter().any(tells));
    // What follows such a line is mostly the message itself.
    let telling: BTreeSet<usize> = first.into_iter().chain(second).flat_map(|at| at..(at + 2).min(last)).collect();
    let lines: Vec<String> = telling.into_iter().chain(last..all.len()).map(|at| shortened(all[at])).collect();
    lines.join(" | ")
}

fn shortened(line: &str) -> String {
    let mut line = crate::text::single_line(line);
    if let Some((at, _)) = line.char_indices().nth(LONGEST_LINE) {
        line.truncate(at);
        line.push_str("...");
    }
    line
}

/// The beginning, where not more than this was printed in all.
pub(super) fn beginning(folder: &Path) -> String {
    let mut printed = Vec::new();
    for name in [OLD, NEW] {
        if let Ok(file) = File::open(folder.join(name)) {
            // What can't be read is as good as not printed.
            let _ = file.take(READ as u64).read_to_end(&mut printed);
        }
    }
    String::from_utf8_lossy(&printed).into_owned()
}

/// The end of a file, however long it is.
fn end_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end)?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn kept(printed: impl Read) -> TempDir {
        let folder = TempDir::new().expect("a folder of our own");
        keep(printed, folder.path());
        folder
    }

    #[test]
    fn the_last_lines_are_told_however_much_came_before_them() {
        let flood = io::repeat(b'x').take(40 << 20).chain(&b"\none\n\ntwo \x1b[2J\nthree\nfour\n\nfive\nsix"[..]);
        let folder = kept(flood);
        assert_eq!(last_lines(folder.path()), "two \\u{1b}[2J | three | four | five | six");
        let on_disk: u64 = fs::read_dir(folder.path())
            .expect("it is ours")
            .flatten()
            .map(|entry| entry.metadata().expect("a file").len())
            .sum();
        assert!(on_disk <= 2 * PART as u64, "{on_disk} bytes on the disk");
    }

    #[test]
    fn what_the_process_dies_of_is_told_however_long_its_backtrace_is() {
        let backtrace = "  45: frame\n".repeat(50);
        let panic = "thread 'router' panicked at src/router.rs:12:5:\nindex out of bounds\n";
        let others = "panic: another\n".repeat(3);
        let first = "thread 'x' panicked at first.rs:1:1:\nPoison\n";
        let folder = kept(format!("info\n{first}{others}{panic}{backtrace}").as_bytes());
        let told = "thread 'x' panicked at first.rs:1:1: | Poison | thread 'router' panicked at src/router.rs:12:5: | \
                    index out of bounds";
        assert_eq!(last_lines(folder.path()), format!("{told}{}", " |   45: frame".repeat(LINES)));
        let folder = kept(format!("{backtrace}panic: short\nexit").as_bytes());
        assert!(last_lines(folder.path()).ends_with("45: frame | panic: short | exit"));
    }

    #[test]
    fn a_line_without_end_is_cut_and_silence_is_empty() {
        let folder = kept(io::repeat(b'x').take(3 << 20));
        assert_eq!(last_lines(folder.path()), format!("{}...", "x".repeat(LONGEST_LINE)));
        assert_eq!(last_lines(kept(io::empty()).path()), "");
    }

    #[test]
    fn few_lines_across_two_parts_are_told_as_they_came() {
        let folder = TempDir::new().expect("a folder of our own");
        fs::write(folder.path().join(OLD), "one\ntw").expect("written");
        fs::write(folder.path().join(NEW), "o\nthree\n").expect("written");
        assert_eq!(last_lines(folder.path()), "one | two | three");
        assert_eq!(beginning(folder.path()), "one\ntwo\nthree\n");
    }
}
