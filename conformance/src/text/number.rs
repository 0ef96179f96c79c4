//! Numbers in sentences.

use std::time::Duration;

/// Seconds with three digits.
pub(crate) fn seconds(took: Duration) -> String {
    format!("{:.3}s", took.as_secs_f64())
}

/// `1 case`, `2 cases`.
pub(crate) fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// With a comma between thousands: `2,923`.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        assert_eq!([0, 999, 1000, 2923, 1_234_567].map(grouped), ["0", "999", "1,000", "2,923", "1,234,567"]);
    }
}
