//! Numbers and moments for people.

use std::time::Duration;

use jiff::Timestamp;

/// What is not known, or is a share of nothing.
pub(super) const NOTHING: &str = "–";

/// `12,345`
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `one dead letter`, `3 dead letters`; a thousand is where counting ends.
pub(super) fn counted(n: u64, one: &str, more: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        1_000 => format!("1,000 or more {more}"),
        n => format!("{} {more}", count(n)),
    }
}

/// `part` of `whole`, between 0 and 1; nothing of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// `97.3 %`. Only everything is 100 %, and only nothing is 0 %.
pub(super) fn percent(share: Option<f64>) -> String {
    match share {
        None => NOTHING.to_owned(),
        Some(share) if share >= 1.0 => "100 %".to_owned(),
        Some(share) if share <= 0.0 => "0 %".to_owned(),
        Some(share) => format!("{:.1} %", (share * 100.0).clamp(0.1, 99.9)),
    }
}

/// `84 ms`, `1.49 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h`.
pub(super) fn span(span: Duration) -> String {
    let (ms, s) = (span.as_millis(), span.as_secs());
    match s {
        0 if ms < 10 => format!("{:.1} ms", span.as_secs_f64() * 1_000.0),
        0 => format!("{ms} ms"),
        1..10 => format!("{:.2} s", span.as_secs_f64()),
        10..60 => format!("{:.1} s", span.as_secs_f64()),
        60..3_600 => format!("{} min {} s", s / 60, s % 60),
        3_600..86_400 => format!("{} h {} min", s / 3_600, s % 3_600 / 60),
        _ => format!("{} d {} h", s / 86_400, s % 86_400 / 3_600),
    }
}

/// The same of what may not have been measured.
pub(super) fn maybe_span(measured: Option<Duration>) -> String {
    measured.map_or_else(|| NOTHING.to_owned(), span)
}

/// How long ago, in its largest unit.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5_400 => format!("{} min", (seconds + 30) / 60),
        5_400..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `21 Nov 13:37:12`, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%-d %b %H:%M:%S").to_string()
}

/// `12.3 MiB`
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(super) fn bytes(n: u64) -> String {
    match n {
        0..1_024 => format!("{n} B"),
        1_024..1_048_576 => format!("{:.1} KiB", n as f64 / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", n as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", n as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ago, bytes, count, counted, percent, share, span};

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "letter", "letters"), "1 letter");
        assert_eq!(counted(1_000, "letter", "letters"), "1,000 or more letters");
    }

    #[test]
    fn only_everything_is_all_and_only_nothing_is_none() {
        let said = |part, whole| percent(share(part, whole));
        assert_eq!(said(9_999_999, 10_000_000), "99.9 %");
        assert_eq!(said(1, 10_000_000), "0.1 %");
        assert_eq!([said(0, 5), said(5, 5), said(0, 0)], ["0 %", "100 %", "–"]);
    }

    #[test]
    fn spans_are_short() {
        let said = |ms| span(Duration::from_millis(ms));
        assert_eq!(
            [1, 84, 1_486, 12_340, 185_000, 7_500_000, 300_000_000].map(said),
            ["1.0 ms", "84 ms", "1.49 s", "12.3 s", "3 min 5 s", "2 h 5 min", "3 d 11 h"]
        );
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let back = |text: &str| ago(text.parse().unwrap(), now);
        assert_eq!(back("2026-11-21T11:59:30Z"), "30 s");
        assert_eq!(back("2026-11-21T11:30:00Z"), "30 min");
        assert_eq!(back("2026-11-21T12:00:09Z"), "0 s", "a clock that runs ahead");
        assert_eq!(bytes(3 * 1_024 * 1_024 / 2), "1.5 MiB");
    }
}
