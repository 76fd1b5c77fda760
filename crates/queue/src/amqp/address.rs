use lapin::uri::AMQPUri;

use super::options::AmqpOptions;

/// Why a queue cannot be made. None of these repeats the URL, which holds a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is not of the form `amqp://user:password@host:port/vhost`.
    #[error("the broker's URL is not of the form amqp://user:password@host:port/vhost")]
    Malformed,
    /// It begins with something else.
    #[error("the broker's URL begins with neither amqp:// nor amqps://")]
    Scheme,
    /// It names no host, or an IPv6 address, which cannot be told apart from none.
    #[error("the broker's URL names no host (an IPv6 address has to be given by a name)")]
    Host,
    /// The names made of it would be longer than AMQP allows.
    #[error("the prefix of the queues' names is longer than 200 bytes")]
    Prefix,
}

/// Longest prefix, in bytes: names have at most 255.
const LONGEST: usize = 200;

/// Where the broker is and how to sign in. Does not connect.
pub(super) fn parse(url: &str, options: &AmqpOptions) -> Result<AMQPUri, UrlError> {
    let rest =
        url.strip_prefix("amqp://").or_else(|| url.strip_prefix("amqps://")).ok_or(UrlError::Scheme)?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_empty() || host.starts_with(['[', ':']) {
        return Err(UrlError::Host);
    }
    if options.prefix.len() > LONGEST {
        return Err(UrlError::Prefix);
    }
    let mut uri: AMQPUri = url.parse().map_err(|_| UrlError::Malformed)?;
    let heartbeat = u16::try_from(options.heartbeat.as_secs().max(1)).unwrap_or(u16::MAX);
    uri.query.heartbeat.get_or_insert(heartbeat);
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b18_a_bad_url_is_told_without_repeating_it() {
        let parse = |url| parse(url, &AmqpOptions::default());
        for (url, error) in [
            ("http://guest:hunter2@mq/", UrlError::Scheme),
            ("amqp://guest:hunter2@", UrlError::Host),
            ("amqp://guest:hunter2@[::1]:5672/%2f", UrlError::Host),
            ("amqp://guest:hunter2@mq:port/%2f", UrlError::Malformed),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
            assert!(!error.to_string().contains("hunter2"));
        }
        let uri = parse("amqps://guest:hunter2@mq/%2f?heartbeat=4").unwrap();
        assert_eq!((uri.authority.port, uri.vhost.as_str(), uri.query.heartbeat), (5671, "/", Some(4)));
        assert_eq!(parse("amqp://mq").unwrap().query.heartbeat, Some(10));
    }
}
