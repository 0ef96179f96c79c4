//! How much memory a process has had in use at most, where the system tells.

/// In bytes, since it was started.
#[cfg(target_os = "linux")]
pub(super) fn most_used(process: u32) -> Option<u64> {
    high_water(&std::fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

/// Other systems don't tell it of a process that lives.
#[cfg(not(target_os = "linux"))]
pub(super) fn most_used(_: u32) -> Option<u64> {
    None
}

/// `VmHWM:     1234 kB`.
#[cfg(target_os = "linux")]
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_at_most_is_read_from_what_linux_says() {
        assert_eq!(high_water("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 8 kB\n"), Some(2 << 20));
        assert_eq!(high_water("Name:\tx\n"), None);
        assert!(most_used(std::process::id()).is_some_and(|bytes| bytes > 1 << 20));
    }
}
