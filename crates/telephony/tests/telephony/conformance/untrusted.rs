//! A server whose certificate nobody vouches for.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;

use otp::AttemptOutcome::NotSent;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::at;
use super::kinds::KINDS;
use crate::setup::budget;

/// For `localhost` and 127.0.0.1, until 2126, by itself.
const CERTIFICATE: &[u8] = include_bytes!("../../samples/tls/self-signed-cert.der");
const KEY: &[u8] = include_bytes!("../../samples/tls/self-signed-key.der");

fn config() -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let (certificate, key) = (CertificateDer::from(CERTIFICATE), PrivatePkcs8KeyDer::from(KEY));
    Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key.into()).unwrap())
}

#[tokio::test]
async fn c3_a_certificate_nobody_vouches_for_gets_no_code() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let config = config();
    // One connection for each kind, to its end.
    let heard = std::thread::spawn(move || {
        let heard = listener.incoming().take(KINDS.len()).map(|stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut text = Vec::new();
            let ended = StreamOwned::new(connection, stream.unwrap()).read_to_end(&mut text);
            assert!(ended.is_err(), "the handshake is broken off");
            text.len()
        });
        heard.sum::<usize>()
    });
    for kind in KINDS {
        let report = at(kind, &url, budget()).await;
        assert_eq!((report.outcome, report.cause), (NotSent, Some("connect_certificate")), "{}", kind.name);
    }
    assert_eq!(heard.join().unwrap(), 0, "not a byte of it");
}
