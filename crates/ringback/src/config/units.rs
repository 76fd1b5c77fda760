//! Durations like `250ms`, sizes like `64KiB`.

use std::time::Duration;

/// Reads `250ms`, `3s`, `5m`, `24h`, `30d`.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    const WRONG: &str = "is not a duration like 250ms, 3s, 5m, 24h or 30d";
    let (number, unit) = split(text).ok_or(WRONG)?;
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(WRONG),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or(WRONG)
}

/// Reads `64KiB`, `2GiB`, `10MB` or a plain number of bytes.
pub(super) fn size(text: &str) -> Result<u64, &'static str> {
    const WRONG: &str = "is not a size like 64KiB, 512MiB or 2GiB";
    let (number, unit) = split(text).ok_or(WRONG)?;
    let factor: u64 = match unit {
        "" | "B" => 1,
        "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(WRONG),
    };
    number.checked_mul(factor).ok_or(WRONG)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..digits].parse().ok()?, text[digits..].trim()))
}

#[cfg(test)]
mod tests {
    use super::{duration, size};
    use std::time::Duration;

    #[test]
    fn what_people_write_is_read_and_the_rest_is_refused() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("395d"), Ok(Duration::from_secs(395 * 86_400)));
        assert_eq!(duration("24 h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("1024"), Ok(1024));
        for bad in ["", "5", "ms", "5 weeks", "-1s", "99999999999999999999d", "1.5h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        for bad in ["", "GiB", "5 GiBs", "99999999999GiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
