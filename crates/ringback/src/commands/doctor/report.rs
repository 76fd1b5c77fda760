use serde::Serialize;
use telephony::{Finding, Level};

use crate::commands::output::{json, line};

/// What was found, said as it comes or all at once.
pub(super) struct Report {
    as_json: bool,
    worst: Level,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    level: &'static str,
    part: String,
    what: String,
    todo: Option<&'static str>,
}

impl Report {
    pub(super) fn new(as_json: bool) -> Self {
        Self { as_json, worst: Level::Ok, lines: Vec::new() }
    }

    /// One line: `ok`, `warn` or `fail`, the part, what was found and what to do.
    pub(super) fn say(&mut self, part: &str, finding: Finding) {
        self.worst = self.worst.max(finding.level);
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        let Finding { what, advice: todo, .. } = finding;
        if self.as_json {
            return self.lines.push(Line { level, part: part.to_owned(), what, todo });
        }
        let todo = todo.map_or_else(String::new, |todo| format!(" -> {todo}"));
        line(format_args!("{level:4} {part}: {what}{todo}"));
    }

    pub(super) fn all(&mut self, part: &str, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.say(part, finding));
    }

    /// The worst of it.
    pub(super) fn end(self) -> anyhow::Result<Level> {
        if self.as_json {
            json(&self.lines)?;
        }
        Ok(self.worst)
    }
}
