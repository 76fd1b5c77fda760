//! Reads settings out of a table, one by one: every wrong one is a problem of its own, every one that nobody asked for is too.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use toml::{Table, Value};

use super::problem::Problems;
use super::units;

/// What came of reading: problems, and every setting as it is in effect (secrets redacted).
#[derive(Default)]
pub(super) struct Notes {
    pub(super) problems: Problems,
    pub(super) effective: Vec<(String, String)>,
    /// Hosts that secrets may go to unencrypted.
    pub(super) simulators: Vec<String>,
}

/// One section.
pub(super) struct Reader<'a> {
    path: String,
    table: Table,
    asked: BTreeSet<String>,
    notes: &'a mut Notes,
}

impl<'a> Reader<'a> {
    pub(super) fn new(table: Table, notes: &'a mut Notes) -> Self {
        Self { path: String::new(), table, asked: BTreeSet::new(), notes }
    }

    /// The setting's full name.
    pub(super) fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn problem(&mut self, key: &str, what: impl std::fmt::Display) {
        let name = self.name(key);
        self.notes.problems.add(&name, what);
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.asked.insert(key.to_owned());
        self.table.remove(key)
    }

    fn show(&mut self, key: &str, value: String) {
        let name = self.name(key);
        self.notes.effective.push((name, value));
    }

    /// A sub-section; empty when it is not there.
    pub(super) fn section(&mut self, key: &str) -> Reader<'_> {
        let path = self.name(key);
        let table = match self.take(key) {
            Some(Value::Table(table)) => table,
            None => Table::new(),
            Some(_) => {
                self.problem(key, "is a section, not a value");
                Table::new()
            }
        };
        Reader { path, table, asked: BTreeSet::new(), notes: self.notes }
    }

    /// The names of the sub-sections that are there.
    pub(super) fn sections(&self, key: &str) -> Vec<String> {
        match self.table.get(key) {
            Some(Value::Table(table)) => table.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether there is anything under this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The names of everything that is here, for sections that people fill with names of their own.
    pub(super) fn names(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// The same for secrets, each of which may be given as a file.
    pub(super) fn secret_names(&self) -> BTreeSet<String> {
        self.table.keys().map(|key| key.strip_suffix("_file").unwrap_or(key).to_owned()).collect()
    }

    /// A list of tables (`[[key]]`; in the environment a JSON array), each by `read`. They are named from 1.
    pub(super) fn tables<T>(&mut self, key: &str, read: impl Fn(Reader<'_>) -> Option<T>) -> Vec<T> {
        let path = self.name(key);
        let values = match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or_else(|_| {
                self.problem(key, "is not a JSON list of objects");
                Vec::new()
            }),
            Some(_) => {
                self.problem(key, "is a list of tables");
                Vec::new()
            }
        };
        let mut all = Vec::new();
        for (n, value) in (1..).zip(values) {
            match value {
                Value::Table(table) => {
                    let path = format!("{path}.{n}");
                    all.extend(read(Reader { path, table, asked: BTreeSet::new(), notes: self.notes }));
                }
                _ => self.problem(key, "holds something that is no table"),
            }
        }
        all
    }

    /// Requests to these hosts need no encryption: nobody real is behind them.
    pub(super) fn trust_simulators(&mut self, hosts: Vec<String>) {
        self.notes.simulators = hosts;
    }

    pub(super) fn is_simulator(&self, host: &str) -> bool {
        self.notes.simulators.iter().any(|known| known == host)
    }

    /// A setting as text, however it was written.
    fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            Value::Integer(number) => Some(number.to_string()),
            Value::Boolean(truth) => Some(truth.to_string()),
            Value::Float(number) => Some(number.to_string()),
            Value::Array(_) | Value::Table(_) | Value::Datetime(_) => {
                self.problem(key, "is not a plain value");
                None
            }
        }
    }

    /// Text; an empty one is the same as none.
    pub(super) fn string(&mut self, key: &str) -> Option<String> {
        let text = self.text(key).filter(|text| !text.is_empty());
        self.show(key, format!("{:?}", text.as_deref().unwrap_or_default()));
        text
    }

    /// Text that must be there.
    pub(super) fn required(&mut self, key: &str) -> String {
        self.string(key).unwrap_or_else(|| {
            self.problem(key, "is missing");
            String::new()
        })
    }

    fn read<T>(&mut self, key: &str, default: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(key).unwrap_or_else(|| default.to_owned());
        self.show(key, format!("{text:?}"));
        match read(&text) {
            Ok(value) => Some(value),
            Err(what) => {
                self.problem(key, what);
                None
            }
        }
    }

    pub(super) fn duration(&mut self, key: &str, default: &str) -> Duration {
        self.read(key, default, |text| units::duration(text).map_err(str::to_owned)).unwrap_or_default()
    }

    pub(super) fn size(&mut self, key: &str, default: &str) -> u64 {
        self.read(key, default, |text| units::size(text).map_err(str::to_owned)).unwrap_or_default()
    }

    pub(super) fn parsed<T: FromStr>(&mut self, key: &str, default: &str, what: &str) -> Option<T> {
        self.read(key, default, |text| text.parse().map_err(|_| format!("is not {what}")))
    }

    /// A share like `10%`, of less than all.
    pub(super) fn percent(&mut self, key: &str, default: &str) -> u8 {
        self.read(key, default, |text| {
            let number = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<u8>().ok());
            number.filter(|number| *number < 100).ok_or_else(|| "is not a share like 10%".to_owned())
        })
        .unwrap_or_default()
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, key: &str, default: bool) -> bool {
        self.parsed(key, if default { "true" } else { "false" }, "true or false").unwrap_or(default)
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, default: &str, words: &[(&str, T)]) -> Option<T> {
        self.read(key, default, |text| {
            let known = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
            known.ok_or_else(|| {
                format!("is not one of {}", words.iter().map(|(w, _)| *w).collect::<Vec<_>>().join(", "))
            })
        })
    }

    /// A list; in the environment separated by commas, or a JSON array where items hold commas.
    pub(super) fn list(&mut self, key: &str, default: &[&str]) -> Vec<String> {
        let items =
            self.items(key).unwrap_or_else(|| default.iter().map(|item| (*item).to_owned()).collect());
        self.show(key, format!("{items:?}"));
        items
    }

    fn items(&mut self, key: &str) -> Option<Vec<String>> {
        match self.take(key)? {
            Value::Array(values) => {
                let items: Vec<_> = values.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect();
                if items.len() != values.len() {
                    self.problem(key, "is a list of texts");
                }
                Some(items)
            }
            Value::String(text) if text.trim_start().starts_with('[') => match serde_json::from_str(&text) {
                Ok(items) => Some(items),
                Err(_) => {
                    self.problem(key, "is not a list of texts");
                    Some(Vec::new())
                }
            },
            Value::String(text) => Some(
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect(),
            ),
            _ => {
                self.problem(key, "is a list of texts");
                Some(Vec::new())
            }
        }
    }

    /// A secret, given as `KEY` or as the path `KEY_FILE`.
    pub(super) fn secret(&mut self, key: &str) -> Option<SecretString> {
        let file = self.secret_file(key);
        let secret = self.text(key).filter(|text| !text.is_empty());
        if file.is_some() && secret.is_some() {
            self.problem(key, format!("and {key}_file are both given"));
        }
        // An empty file is no secret: a mount may have to exist for one that is not used.
        let file =
            file.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).filter(|text| !text.is_empty());
        let secret = file.or(secret);
        let shown = if secret.is_some() { "\"<redacted>\"" } else { "\"\"" };
        self.show(key, shown.to_owned());
        secret.map(SecretString::from)
    }

    /// A text that may hold a password, like a URL. Its default holds none and is shown.
    pub(super) fn secret_or(&mut self, key: &str, default: &str) -> SecretString {
        self.secret(key).unwrap_or_else(|| {
            self.notes.effective.pop();
            self.show(key, format!("{default:?}"));
            SecretString::from(default)
        })
    }

    /// A list of secrets, given as `KEY` or as the path `KEY_FILE` with one a line. Empty ones do not count.
    pub(super) fn secrets(&mut self, key: &str) -> Vec<SecretString> {
        let file = self.secret_file(key);
        let here = self.items(key).unwrap_or_default();
        let lines = file.iter().flat_map(|text| text.lines().map(str::to_owned));
        let secrets: Vec<_> =
            here.into_iter().chain(lines).filter(|s| !s.is_empty()).map(SecretString::from).collect();
        self.show(key, format!("{:?}", vec!["<redacted>"; secrets.len()]));
        secrets
    }

    fn secret_file(&mut self, key: &str) -> Option<String> {
        let file_key = format!("{key}_file");
        let path = self.text(&file_key).filter(|path| !path.is_empty())?;
        match std::fs::read_to_string(Path::new(&path)) {
            Ok(text) => Some(text),
            Err(err) => {
                self.problem(&file_key, format!("cannot be read: {}", err.kind()));
                None
            }
        }
    }

    /// A setting of the interface that this version does not act on.
    pub(super) fn not_yet(&mut self, key: &str) {
        if self.take(key).is_some() {
            self.problem(key, "is not supported by this version");
        }
    }

    /// Everything that nobody asked for is a problem.
    pub(super) fn finish(mut self) {
        for key in std::mem::take(&mut self.table).keys() {
            let near = self.asked.iter().find(|known| near(known, key)).cloned();
            match near {
                Some(known) => self.problem(key, format!("is not a setting; did you mean {known}?")),
                None => self.problem(key, "is not a setting"),
            }
        }
    }
}

/// One letter missing, added or changed, or two swapped.
fn near(known: &str, key: &str) -> bool {
    let (a, b) = (known.as_bytes(), key.as_bytes());
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (left, right) = (a.len() - head - tail, b.len() - head - tail);
    left.max(right) <= 2 && left.abs_diff(right) <= 1
}
