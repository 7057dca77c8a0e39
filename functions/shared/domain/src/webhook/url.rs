//! Where a webhook is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::Reach;
use crate::limits::MAX_WEBHOOK_URL_BYTES;

/// The address of a webhook, in the normal form of the WHATWG URL standard: the form the HTTP client
/// reads, so that what was checked is what is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebhookUrl(Url);

/// An address was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// It has too many bytes.
    #[error("must have at most {MAX_WEBHOOK_URL_BYTES} bytes")]
    TooLong,
    /// It is no absolute URL.
    #[error("must be an absolute URL, such as https://example.com/millrace")]
    NotAUrl,
    /// It is neither https nor what may be http.
    #[error("must begin with https://")]
    NotHttps,
    /// It holds a user or password.
    #[error("must not hold a user or password; events are signed with the webhook's secret")]
    Credentials,
    /// It holds a fragment.
    #[error("must not hold a fragment (#)")]
    Fragment,
    /// It is within a private network or on this machine.
    #[error("must be at a public address")]
    NotPublic,
}

impl WebhookUrl {
    /// Whether a webhook may be here, as far as its text tells. What its name stands for is found
    /// out, and asked of `Reach::allows`, each time somebody connects.
    ///
    /// # Errors
    /// `NotHttps`, `NotPublic`.
    pub fn within(&self, reach: Reach) -> Result<(), UrlFault> {
        let here = self.is_here();
        if here && reach == Reach::Loopback {
            return Ok(());
        }
        if self.0.scheme() != "https" {
            return Err(UrlFault::NotHttps);
        }
        let inside = self.address().is_some_and(|literal| !reach.allows(literal));
        if here || inside {
            return Err(UrlFault::NotPublic);
        }
        Ok(())
    }

    /// The address when the URL names one instead of a host: then nobody resolves anything.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    fn is_here(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                name == "localhost" || name.ends_with(".localhost")
            }
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl FromStr for WebhookUrl {
    type Err = UrlFault;

    fn from_str(text: &str) -> Result<Self, UrlFault> {
        if text.len() > MAX_WEBHOOK_URL_BYTES {
            return Err(UrlFault::TooLong);
        }
        let url = Url::parse(text).map_err(|_| UrlFault::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(UrlFault::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlFault::Credentials);
        }
        if url.fragment().is_some() {
            return Err(UrlFault::Fragment);
        }
        if url.as_str().len() > MAX_WEBHOOK_URL_BYTES {
            return Err(UrlFault::TooLong);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for WebhookUrl {
    type Error = UrlFault;

    fn try_from(text: String) -> Result<Self, UrlFault> {
        text.parse()
    }
}

impl From<WebhookUrl> for String {
    fn from(url: WebhookUrl) -> Self {
        url.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, reach: Reach) -> Result<(), UrlFault> {
        text.parse::<WebhookUrl>()?.within(reach)
    }

    #[test]
    fn https_to_a_public_place_is_taken_by_either_reach() {
        for good in [
            "https://example.com",
            "https://example.com:8443/hook?key=1",
            "HTTPS://EXAMPLE.COM/",
            "https://münchen.example/",
            "https://1.1.1.1/",
            "https://[2606:4700:4700::1111]/",
        ] {
            assert_eq!(check(good, Reach::Public), Ok(()), "{good}");
            assert_eq!(check(good, Reach::Loopback), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_no_https_url_is_refused_with_its_reason() {
        let long = format!("https://example.com/{}", "a".repeat(MAX_WEBHOOK_URL_BYTES));
        let grows = format!("https://example.com/{}", "ü".repeat(900));
        for (bad, fault) in [
            ("", UrlFault::NotAUrl),
            ("example.com/hook", UrlFault::NotAUrl),
            ("https://", UrlFault::NotAUrl),
            ("https://exa mple.com", UrlFault::NotAUrl),
            ("ftp://example.com", UrlFault::NotHttps),
            ("file:///etc/passwd", UrlFault::NotHttps),
            ("http://example.com", UrlFault::NotHttps),
            ("http://1.1.1.1", UrlFault::NotHttps),
            ("https://user@example.com", UrlFault::Credentials),
            ("https://:word@example.com", UrlFault::Credentials),
            ("https://example.com/#part", UrlFault::Fragment),
            (&long, UrlFault::TooLong),
            (&grows, UrlFault::TooLong),
        ] {
            assert_eq!(check(bad, Reach::Public), Err(fault), "{bad}");
            assert_eq!(check(bad, Reach::Loopback), Err(fault), "{bad}");
        }
    }

    #[test]
    fn an_inner_address_is_refused_however_it_is_written() {
        for inside in [
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://0xa9fea9fe/",
            "https://2852039166/",
            "https://0251.0376.0251.0376/",
            "https://10.1/",
            "https://0/",
            "https://[fd00:ec2::254]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
        ] {
            assert_eq!(
                check(inside, Reach::Public),
                Err(UrlFault::NotPublic),
                "{inside}"
            );
            assert_eq!(
                check(inside, Reach::Loopback),
                Err(UrlFault::NotPublic),
                "{inside}"
            );
        }
    }

    #[test]
    fn this_machine_is_taken_only_when_that_was_set() {
        for here in [
            "https://localhost/",
            "https://localhost./",
            "https://a.localhost/",
            "https://127.0.0.1:9000/",
            "https://127.1/",
            "https://[::1]/",
        ] {
            assert_eq!(
                check(here, Reach::Public),
                Err(UrlFault::NotPublic),
                "{here}"
            );
            assert_eq!(check(here, Reach::Loopback), Ok(()), "{here}");
            let plain = here.replace("https", "http");
            assert_eq!(
                check(&plain, Reach::Public),
                Err(UrlFault::NotHttps),
                "{plain}"
            );
            assert_eq!(check(&plain, Reach::Loopback), Ok(()), "{plain}");
        }
    }

    #[test]
    fn a_url_is_kept_in_its_normal_form_and_comes_back_from_json() {
        let url: WebhookUrl = "HTTPS://Example.com:443/a/../b".parse().unwrap();
        assert_eq!(url.as_str(), "https://example.com/b");
        let json = serde_json::to_string(&url).unwrap();
        assert_eq!(json, "\"https://example.com/b\"");
        assert_eq!(serde_json::from_str::<WebhookUrl>(&json).unwrap(), url);
        assert!(serde_json::from_str::<WebhookUrl>("\"nowhere\"").is_err());
    }
}
