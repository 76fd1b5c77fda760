use std::path::Path;

use toml::{Table, Value};

use super::problem::Problems;
use super::reader::{Notes, Reader};
use super::sections::Config;

/// A configuration that can be run, and how it reads.
pub(crate) struct Loaded {
    /// The settings.
    pub(crate) config: Config,
    /// Every setting in effect, by its full name, secrets redacted.
    pub(crate) effective: Vec<(String, String)>,
    /// What is allowed but unwise.
    pub(crate) warnings: Vec<String>,
}

/// The file that is read when none is named and it is there.
const FILE: &str = "ringback.toml";
/// Of environment variables that set something.
const PREFIX: &str = "RINGBACK__";

/// Reads `file` (or `ringback.toml` where it is there), then the environment.
///
/// # Errors
/// All problems at once.
pub(crate) fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Loaded, Problems> {
    let mut notes = Notes::default();
    let mut table = read_file(file, &mut notes.problems);
    for (name, value) in environment {
        if let Some(path) = name.strip_prefix(PREFIX) {
            let keys: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
            set(&mut table, &keys, value, &mut notes.problems);
        }
    }
    let (config, warnings) = Config::read(Reader::new(table, &mut notes));
    // Rules that only the parts themselves know.
    if let Err(problems) = crate::providers::check(&config) {
        notes.problems.add_new(&problems);
    }
    if !notes.problems.is_empty() {
        return Err(notes.problems);
    }
    Ok(Loaded { config, effective: notes.effective, warnings })
}

fn read_file(file: Option<&Path>, problems: &mut Problems) -> Table {
    let path = file.unwrap_or(Path::new(FILE));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(err) if file.is_none() && err.kind() == std::io::ErrorKind::NotFound => return Table::new(),
        Err(err) => {
            problems.add(&path.display().to_string(), format!("cannot be read: {err}"));
            return Table::new();
        }
    };
    text.parse().unwrap_or_else(|err: toml::de::Error| {
        // The parser's message quotes the line, which may hold a secret: only the place is told.
        let line = err.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        problems.add(&path.display().to_string(), format!("is not TOML (line {line})"));
        Table::new()
    })
}

fn set(table: &mut Table, keys: &[String], value: String, problems: &mut Problems) {
    let Some((last, sections)) = keys.split_last() else { return };
    let mut here = table;
    for section in sections {
        match here.entry(section.clone()).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(next) => here = next,
            _ => {
                return problems
                    .add(&keys.join("."), "is set in the environment below a value that is no section");
            }
        }
    }
    here.insert(last.clone(), Value::String(value));
}
