use reqwest::Response;

use super::error::OktaError;

/// The whole body, if it is no longer than `most` bytes.
pub(crate) async fn read_body(mut response: Response, most: usize) -> Result<Vec<u8>, OktaError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(OktaError::Malformed { what: "the size" });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
