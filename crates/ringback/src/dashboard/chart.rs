//! The geometry of charts: where things stand in an SVG of fixed size. Drawn in three widths, of which a page shows the one that fits, so
//! that its text is never scaled.

use super::overview::Step;
use super::range::Range;
use super::text::{count, percent};

/// A drawing's size, and what it is shown for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) class: &'static str,
    pub(super) width: f64,
    /// Labels below that find room.
    labels: usize,
}

pub(super) const SIZES: [Size; 3] = [
    Size { class: "wide", width: 1_080.0, labels: 12 },
    Size { class: "medium", width: 680.0, labels: 8 },
    Size { class: "narrow", width: 340.0, labels: 4 },
];

/// Room for the labels at the left, at the right, above and below.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BELOW: f64 = 24.0;

/// What is common to all charts.
pub(super) struct Frame {
    pub(super) class: &'static str,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    /// Where nothing is.
    pub(super) base: f64,
    pub(super) ticks: Vec<Tick>,
    pub(super) labels: Vec<Label>,
    /// For those who cannot see it.
    pub(super) summary: String,
}

/// A line across, and its value.
pub(super) struct Tick {
    pub(super) y: f64,
    pub(super) text_y: f64,
    pub(super) text: String,
}

/// A moment below.
pub(super) struct Label {
    pub(super) x: f64,
    pub(super) text: String,
}

/// Codes per step, one above the other by what became of them.
pub(super) struct Bars {
    pub(super) frame: Frame,
    pub(super) bars: Vec<Bar>,
}

pub(super) struct Bar {
    /// The whole step, for the pointer.
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) title: String,
    pub(super) parts: Vec<Part>,
}

pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The share of sent codes that were used, per step; nothing where none was sent.
pub(super) struct Line {
    pub(super) frame: Frame,
    /// One for each run of steps that follow each other.
    pub(super) paths: Vec<String>,
    pub(super) dots: Vec<Dot>,
}

pub(super) struct Dot {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) title: String,
}

/// One decimal of a pixel is more than anybody sees.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "steps and codes stay far below 2^52")]
fn float(n: impl TryInto<u64>) -> f64 {
    n.try_into().unwrap_or(u64::MAX) as f64
}

/// A step of 1, 2 or 5 times a power of ten, so that at most four of them reach `most`.
fn nice_step(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = unit.saturating_mul(factor);
            if step.saturating_mul(4) >= most {
                return step;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// When a step begins, as its title says.
pub(super) fn begin(step: &Step, range: Range) -> String {
    let format = match range {
        Range::Day | Range::Week => "%a %-d %b, %H:%M",
        Range::Month => "%a %-d %b",
    };
    step.begin.strftime(format).to_string()
}

impl Frame {
    fn new(size: Size, height: f64, steps: &[Step], range: Range, summary: String) -> Self {
        let mut frame = Self {
            class: size.class,
            width: size.width,
            height,
            left: LEFT,
            right: size.width - RIGHT,
            base: height - BELOW,
            ticks: Vec::new(),
            labels: Vec::new(),
            summary,
        };
        let format = match range {
            Range::Day => "%H:%M",
            Range::Week => "%a %-d",
            Range::Month => "%-d %b",
        };
        // A day's name stands below its first step.
        let per_unit = match range {
            Range::Day | Range::Month => 1,
            Range::Week => 4,
        };
        let units = steps.len().div_ceil(per_unit);
        let every = per_unit * units.div_ceil(size.labels.max(1)).max(1);
        let first = match range {
            Range::Week => steps.iter().position(|step| step.begin.as_second() % 86_400 == 0).unwrap_or(0),
            // Counted from the present: what happens now has a label.
            Range::Day | Range::Month => steps.len().saturating_sub(1) % every,
        };
        for (n, step) in steps.iter().enumerate().skip(first).step_by(every) {
            let x = frame.x(n, steps.len()) + frame.step(steps.len()) / 2.0;
            // The last word must not run out of the picture.
            let x = x.clamp(frame.left + 14.0, frame.right - 16.0);
            frame.labels.push(Label { x: round(x), text: step.begin.strftime(format).to_string() });
        }
        frame
    }

    fn step(&self, steps: usize) -> f64 {
        (self.right - self.left) / float(steps.max(1))
    }

    fn x(&self, n: usize, steps: usize) -> f64 {
        self.left + self.step(steps) * float(n)
    }

    fn tick(&mut self, share: f64, text: String) {
        let y = round(self.base - (self.base - TOP) * share);
        self.ticks.push(Tick { y, text_y: y + 4.0, text });
    }
}

impl Bars {
    pub(super) fn new(size: Size, steps: &[Step], range: Range) -> Self {
        let most = steps.iter().map(|step| step.share.tally.codes).max().unwrap_or(0);
        let tick = nice_step(most.max(1));
        let top = most.div_ceil(tick).max(1) * tick;
        let all: u64 = steps.iter().map(|step| step.share.tally.codes).sum();
        let used: u64 = steps.iter().map(|step| step.share.tally.used).sum();
        let summary = format!(
            "Bar chart: {} codes in {}, {}; {} of them used; the highest bar is {}.",
            count(all),
            range.label(),
            range.step_label(),
            count(used),
            count(most)
        );
        let mut frame = Frame::new(size, 240.0, steps, range, summary);
        for n in 0..=top / tick {
            frame.tick(float(n * tick) / float(top), count(n * tick));
        }
        let bar = |(n, step): (usize, &Step)| {
            let (x, room) = (frame.x(n, steps.len()), frame.step(steps.len()));
            let width = (room * 0.72).max(2.0);
            let tally = &step.share.tally;
            let mut below = frame.base;
            let mut parts = Vec::new();
            for (class, n) in [
                ("used", tally.used),
                ("unused", tally.unused),
                ("unknown", tally.unknown),
                ("unsent", tally.failed + tally.blocked),
                ("open", tally.open),
            ] {
                if n == 0 {
                    continue;
                }
                // What is there is seen.
                let height = ((frame.base - TOP) * float(n) / float(top)).max(1.5);
                below -= height;
                parts.push(Part {
                    class,
                    x: round(x + (room - width) / 2.0),
                    y: round(below),
                    width: round(width),
                    height: round(height),
                });
            }
            Bar { x: round(x), width: round(room), title: title(step, range), parts }
        };
        let bars = steps.iter().enumerate().map(bar).collect();
        Self { frame, bars }
    }
}

/// What a step's tooltip says.
fn title(step: &Step, range: Range) -> String {
    let tally = &step.share.tally;
    let mut text =
        format!("{} UTC: {}", begin(step, range), super::text::counted(tally.codes, "code", "codes"));
    for (n, word) in [
        (tally.used, "used"),
        (tally.unused, "sent, not used"),
        (tally.unknown, "sent or not: unknown"),
        (tally.failed, "not sent"),
        (tally.blocked, "blocked"),
        (tally.open, "under way"),
    ] {
        if n > 0 {
            text.push_str(&format!("\n{} {word}", count(n)));
        }
    }
    text
}

impl Line {
    pub(super) fn new(size: Size, steps: &[Step], range: Range) -> Self {
        let sent: u64 = steps.iter().map(|step| step.share.sent).sum();
        let used: u64 = steps.iter().map(|step| step.share.tally.used).sum();
        let overall = percent(super::text::share(used, sent));
        let summary = format!(
            "Line chart: share of sent codes that were used in {}; {overall} overall.",
            range.label()
        );
        let mut frame = Frame::new(size, 130.0, steps, range, summary);
        for (share, text) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
            frame.tick(share, text.to_owned());
        }
        let (mut paths, mut dots, mut path) = (Vec::new(), Vec::new(), String::new());
        for (n, step) in steps.iter().enumerate() {
            let Some(share) = step.share.conversion else {
                paths.push(std::mem::take(&mut path));
                continue;
            };
            let x = round(frame.x(n, steps.len()) + frame.step(steps.len()) / 2.0);
            let y = round(frame.base - (frame.base - TOP) * share.clamp(0.0, 1.0));
            path.push_str(&format!("{}{x} {y}", if path.is_empty() { "M" } else { "L" }));
            let sent = count(step.share.sent);
            let title = format!(
                "{} UTC: {} ({} of {sent} sent)",
                begin(step, range),
                percent(Some(share)),
                count(step.share.tally.used)
            );
            dots.push(Dot { x, y, title });
        }
        paths.push(path);
        paths.retain(|path| path.contains('L'));
        Self { frame, paths, dots }
    }
}

#[cfg(test)]
mod tests {
    use ledger::Tally;

    use super::{Bars, Line, SIZES, nice_step};
    use crate::dashboard::overview::Step;
    use crate::dashboard::range::Range;

    fn steps(codes: &[u64]) -> Vec<Step> {
        let begin: jiff::Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        (0..)
            .zip(codes)
            .map(|(n, codes)| Step {
                begin: begin + jiff::SignedDuration::from_hours(n),
                share: Tally {
                    codes: *codes,
                    used: codes / 2,
                    failed: codes - codes / 2,
                    ..Tally::default()
                }
                .into(),
            })
            .collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!([1, 4, 5, 17, 80, 81, 1_001].map(nice_step), [1, 1, 2, 5, 20, 50, 500]);
        assert!(nice_step(u64::MAX) > 0);
    }

    #[test]
    fn everything_stands_inside_its_picture() {
        for size in SIZES {
            for codes in [vec![0; 24], vec![1; 24], (0..30).map(|n| n * n * 7_919).collect::<Vec<_>>()] {
                let (steps, range) = (steps(&codes), Range::Day);
                let bars = Bars::new(size, &steps, range);
                assert_eq!(bars.bars.len(), codes.len());
                for part in bars.bars.iter().flat_map(|bar| &bar.parts) {
                    assert!(part.y >= 0.0 && part.y + part.height <= bars.frame.base + 0.2, "{}", part.y);
                    assert!(part.x >= bars.frame.left && part.x + part.width <= bars.frame.right + 0.2);
                }
                assert!(!bars.frame.labels.is_empty() && bars.frame.labels.len() <= codes.len());
                let line = Line::new(size, &steps, range);
                assert!(line.dots.iter().all(|dot| dot.y > 0.0 && dot.y <= line.frame.base));
            }
        }
    }

    #[test]
    fn a_step_in_which_nothing_was_sent_breaks_the_line() {
        let line = Line::new(SIZES[0], &steps(&[4, 4, 0, 4, 0, 4, 4]), Range::Day);
        assert_eq!(line.paths.len(), 2, "a single dot is no line");
        assert_eq!(line.dots.len(), 5);
    }
}
