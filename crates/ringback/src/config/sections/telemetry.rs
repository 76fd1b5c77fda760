use url::Url;

use crate::config::reader::Reader;

/// `[telemetry]`
#[derive(Debug)]
pub(crate) struct TelemetryConfig {
    /// Where traces go: the base URL of an OTLP/HTTP receiver.
    pub(crate) otlp_endpoint: Option<Url>,
}

impl TelemetryConfig {
    pub(super) fn read(mut reader: Reader<'_>) -> Self {
        let otlp_endpoint = reader.string("otlp_endpoint").and_then(|text| match text.parse::<Url>() {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Some(url),
            _ => {
                reader.problem("otlp_endpoint", "is not an http:// or https:// URL");
                None
            }
        });
        reader.finish();
        Self { otlp_endpoint }
    }
}
