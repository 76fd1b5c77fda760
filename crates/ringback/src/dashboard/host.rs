//! Where a request came from, as far as a browser says so.

use std::net::IpAddr;

use http::uri::Authority;
use http::{HeaderMap, Uri, header};

/// Whether a request is addressed to a name that can only be this machine's own. A page of another site may have its name point here (DNS
/// rebinding), but the browser goes on saying that name. Who says none is no browser.
pub(crate) fn is_local(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut named = headers.get_all(header::HOST).iter();
    let said = match (named.next(), named.next()) {
        (None, _) => None,
        (Some(_), Some(_)) => return false,
        (Some(value), None) => match value.to_str() {
            Ok(text) => Some(text),
            Err(_) => return false,
        },
    };
    // A request line with a whole address overrules the header.
    let said = uri.authority().map(Authority::as_str).or(said);
    match said {
        None | Some("") => true,
        Some(said) if said.contains('@') => false,
        Some(said) => said.parse::<Authority>().is_ok_and(|authority| is_loopback(authority.host())),
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback(),
        // RFC 6761: what ends in .localhost resolves to this machine, in browsers by themselves.
        Err(_) => {
            let host = host.to_ascii_lowercase();
            host == "localhost" || host.ends_with(".localhost")
        }
    }
}

/// Whether a POST comes from a page of ours. Browsers of today say so where the page came by https or from this machine
/// (`Sec-Fetch-Site`), and all say which site the page was of (`Origin`). Who says neither is no browser, and has no cookie of anybody.
pub(crate) fn is_same_site(headers: &HeaderMap) -> bool {
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = said("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = said("origin") else { return true };
    let of = origin.split_once("://").map(|(_, authority)| authority);
    // Behind a proxy the page was asked for by the proxy's name.
    let here = [said("x-forwarded-host"), said("host")];
    of.is_some() && here.contains(&of)
}

/// Whether the browser speaks https, to a proxy in front.
pub(crate) fn is_https(headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    forwarded
        .and_then(|said| said.split(',').next())
        .is_some_and(|first| first.trim().eq_ignore_ascii_case("https"))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, Uri};

    use super::{is_https, is_local, is_same_site};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair =
            |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn s19_only_names_of_this_machine_are_local() {
        let here: Uri = "/".parse().unwrap();
        for host in
            ["localhost", "LOCALHOST:9090", "127.0.0.1:9090", "127.9.9.9", "[::1]:9090", "a.localhost", ""]
        {
            assert!(is_local(&headers(&[("host", host)]), &here), "{host}");
        }
        for host in [
            "evil.example:9090",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "evillocalhost",
            "10.0.0.7:9090",
            "[::2]",
            "0.0.0.0:9090",
            "2130706433",
            "evil.example:80@localhost",
            "localhost/evil",
        ] {
            assert!(!is_local(&headers(&[("host", host)]), &here), "{host}");
        }
        assert!(is_local(&HeaderMap::new(), &here), "no browser leaves it out");
        let mut twice = headers(&[("host", "localhost")]);
        twice.append("host", "evil.example".parse().unwrap());
        assert!(!is_local(&twice, &here));
        let whole: Uri = "http://evil.example/".parse().unwrap();
        assert!(!is_local(&headers(&[("host", "localhost")]), &whole));
    }

    #[test]
    fn s19_a_form_of_another_site_is_refused() {
        for (pairs, ours) in [
            (vec![("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (vec![("sec-fetch-site", "cross-site"), ("origin", "http://h:1"), ("host", "h:1")], false),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("origin", "http://h:1"), ("host", "h:1")], true),
            (
                vec![
                    ("origin", "https://ops.example"),
                    ("host", "10.0.0.1:9090"),
                    ("x-forwarded-host", "ops.example"),
                ],
                true,
            ),
            (vec![("origin", "http://h:2"), ("host", "h:1")], false),
            (vec![("origin", "null"), ("host", "h:1")], false),
            (vec![("host", "h:1")], true),
        ] {
            assert_eq!(is_same_site(&headers(&pairs)), ours, "{pairs:?}");
        }
    }

    #[test]
    fn https_is_what_the_first_proxy_says() {
        assert!(is_https(&headers(&[("x-forwarded-proto", "HTTPS, http")])));
        assert!(!is_https(&headers(&[("x-forwarded-proto", "http, https")])));
        assert!(!is_https(&HeaderMap::new()));
    }
}
