use crate::config::reader::Reader;

/// `[log]`
#[derive(Debug)]
pub(crate) struct LogConfig {
    /// How a line looks.
    pub(crate) format: LogFormat,
    /// A filter as `RUST_LOG` takes it; `RUST_LOG` wins.
    pub(crate) level: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For machines.
    Json,
    /// For people.
    Text,
}

impl LogConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let words = [("json", LogFormat::Json), ("text", LogFormat::Text)];
        let format = reader.choice("format", "json", &words).unwrap_or(LogFormat::Json);
        let level = reader.parsed("level", "info", "a log filter").unwrap_or_default();
        reader.finish();
        Self { format, level }
    }
}
