/// Everything that is wrong with a configuration. Never carries a value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// Notes that the setting at `path` is wrong.
    pub(crate) fn add(&mut self, path: &str, what: impl std::fmt::Display) {
        self.0.push(format!("{path}: {what}"));
    }

    /// Notes what else is wrong, except with settings about which something is said already: it is the same mistake.
    pub(crate) fn add_new(&mut self, others: &Self) {
        let name = |line: &str| line.split_once(": ").map_or(line, |(name, _)| name).to_owned();
        let known: Vec<_> = self.0.iter().map(|line| name(line)).collect();
        self.0.extend(others.0.iter().filter(|line| !known.contains(&name(line))).cloned());
    }

    /// Nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line each.
    pub(crate) fn lines(&self) -> &[String] {
        &self.0
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}
