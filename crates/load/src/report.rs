//! What is printed.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// One line of the table.
pub(crate) struct Figure {
    title: Cow<'static, str>,
    value: f64,
    beside: Option<f64>,
    wanted: Option<Wanted>,
}

#[derive(Clone, Copy)]
enum Wanted {
    Over(f64),
    Under(f64),
    ShareOver(f64),
    ShareUnder(f64),
}

impl Figure {
    pub(crate) fn new(title: impl Into<Cow<'static, str>>, value: f64) -> Self {
        Self { title: title.into(), value, beside: None, wanted: None }
    }

    /// The pass-through's figure in the same run.
    pub(crate) fn beside(self, beside: Option<f64>) -> Self {
        Self { beside, ..self }
    }

    pub(crate) fn at_least(self, wanted: f64) -> Self {
        Self { wanted: Some(Wanted::Over(wanted)), ..self }
    }

    pub(crate) fn at_most(self, wanted: f64) -> Self {
        Self { wanted: Some(Wanted::Under(wanted)), ..self }
    }

    pub(crate) fn at_least_of_beside(self, wanted: f64) -> Self {
        Self { wanted: Some(Wanted::ShareOver(wanted)), ..self }
    }

    pub(crate) fn at_most_of_beside(self, wanted: f64) -> Self {
        Self { wanted: Some(Wanted::ShareUnder(wanted)), ..self }
    }

    fn line(&self) -> String {
        let ratio = self.beside.filter(|beside| *beside > 0.0).map(|beside| self.value / beside);
        let (target, met) = match self.wanted {
            None => (String::new(), None),
            Some(Wanted::Over(least)) => (format!(">= {least}"), Some(self.value >= least)),
            Some(Wanted::Under(most)) => (format!("<= {most}"), Some(self.value <= most)),
            Some(Wanted::ShareOver(least)) => (format!(">= {least}x"), ratio.map(|it| it >= least)),
            Some(Wanted::ShareUnder(most)) => (format!("<= {most}x"), ratio.map(|it| it <= most)),
        };
        let met = match met {
            None => "",
            Some(true) => "met",
            Some(false) => "MISSED",
        };
        let cell = |value: Option<f64>, unit: &str| {
            value.map_or_else(String::new, |value| format!("{}{unit}", number(value)))
        };
        format!(
            "{:<42} {:>10} {:>12} {:>8}  {:<10} {met}",
            self.title,
            number(self.value),
            cell(self.beside, ""),
            cell(ratio, "x"),
            target
        )
    }
}

/// Three or four digits that mean something.
fn number(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Seconds for a thousand, from seconds for `many`.
pub(crate) fn per_thousand(time: Duration, many: usize) -> f64 {
    time.as_secs_f64() * 1000.0 / many.max(1) as f64
}

/// Every figure of a run.
#[derive(Default)]
pub(crate) struct Table(Vec<Figure>);

impl Table {
    pub(crate) fn add(&mut self, figure: Figure) {
        progress(&figure.line());
        self.0.push(figure);
    }

    #[expect(clippy::print_stdout, reason = "the command's own output")]
    pub(crate) fn print(&self, title: &str) {
        println!("\n{title}");
        println!("{:<42} {:>10} {:>12} {:>8}  target", "", "measured", "pass-through", "ratio");
        for figure in &self.0 {
            println!("{}", figure.line().trim_end());
        }
    }
}

/// What was found in the books.
#[expect(clippy::print_stdout, reason = "the command's own output")]
pub(crate) fn verdict(line: &str) {
    println!("{line}");
}

/// Where a baseline listens, for the runner.
#[expect(clippy::print_stdout, reason = "the command's own output")]
pub(crate) fn address(at: SocketAddr) {
    println!(r#"{{"message":"listening","public":"{at}"}}"#);
}

/// Something for whoever waits.
#[expect(clippy::print_stderr, reason = "the command's own output")]
pub(crate) fn progress(line: &str) {
    eprintln!("  {}", line.trim_end());
}

#[expect(clippy::print_stderr, reason = "the command's own output")]
pub(crate) fn failed(err: &anyhow::Error) -> ExitCode {
    eprintln!("load: {err:#}");
    ExitCode::from(1)
}
