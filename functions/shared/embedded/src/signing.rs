//! Presigned URLs by AWS's own signer: the signature is part of the query string, the body is not
//! signed, and everything a client could get wrong is among the signed headers.

use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::Credentials as SigningKeys;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use axum::http::Uri;
use domain::time::Instant;
use ports::signing::{Lifetime, attachment, check_key, escape};
use ports::{DownloadSigner, PartTerms, PortError, PutTerms, SignedRequest, UploadSigner};

use crate::s3::Credentials;

/// Signs requests to one bucket, path style. Makes no request.
#[derive(Clone)]
pub struct Presigner {
    endpoint: String,
    bucket: String,
    region: String,
    keys: SigningKeys,
}

impl std::fmt::Debug for Presigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presigner")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl Presigner {
    /// A signer for `endpoint`, such as `http://127.0.0.1:9000`.
    ///
    /// # Errors
    /// `Bug` when the endpoint is more or less than scheme, host and port.
    pub fn new(
        endpoint: &str,
        bucket: &str,
        region: &str,
        credentials: &Credentials,
    ) -> Result<Self, PortError> {
        let endpoint = endpoint.trim_end_matches('/');
        let uri: Uri = endpoint
            .parse()
            .map_err(|e| PortError::bug("signing.new", e))?;
        let bare = match (uri.scheme_str(), uri.authority()) {
            (Some(scheme), Some(authority)) => endpoint == format!("{scheme}://{authority}"),
            _ => false,
        };
        if !bare {
            let reason = "the endpoint must be a scheme, a host and a port: http://127.0.0.1:9000";
            return Err(PortError::bug("signing.new", reason));
        }
        let keys = SigningKeys::new(
            credentials.access_key(),
            credentials.secret_key(),
            None,
            None,
            "millrace",
        );
        Ok(Self {
            endpoint: endpoint.to_owned(),
            bucket: bucket.to_owned(),
            region: region.to_owned(),
            keys,
        })
    }

    fn sign(
        &self,
        request: Unsigned<'_>,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        let op = request.op;
        let Lifetime { starts, ends } = Lifetime::of(op, now, valid_for)?;
        let mut settings = SigningSettings::default();
        // S3 signs the path once encoded and as it is; other services encode twice and normalise.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(valid_for);
        let identity = self.keys.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(starts)
            .settings(settings)
            .build()
            .map_err(|e| PortError::bug(op, e))?
            .into();

        let mut url = format!("{}{}", self.endpoint, self.path(op, request.key)?);
        let mut joint = '?';
        for (name, value) in &request.query {
            add_query(&mut url, &mut joint, name, value);
        }
        let headers = request
            .headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()));
        let signable = SignableRequest::new(
            request.method,
            url.as_str(),
            headers,
            SignableBody::UnsignedPayload,
        )
        .map_err(|e| PortError::bug(op, e))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|e| PortError::bug(op, e))?
            .into_parts();
        let (_, signature) = instructions.into_parts();
        for (name, value) in &signature {
            add_query(&mut url, &mut joint, name, value);
        }
        Ok(SignedRequest {
            url,
            headers: request.headers,
            expires_at: ends,
        })
    }

    /// The path of a key.
    fn path(&self, op: &'static str, key: &str) -> Result<String, PortError> {
        check_key(op, key)?;
        let mut path = format!("/{}/", escape(&self.bucket));
        for (n, part) in key.split('/').enumerate() {
            if n > 0 {
                path.push('/');
            }
            path.push_str(&escape(part));
        }
        Ok(path)
    }
}

#[async_trait]
impl UploadSigner for Presigner {
    async fn sign_put(
        &self,
        terms: &PutTerms,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        let headers = [
            ("content-length", terms.content_length.to_string()),
            ("content-type", terms.content_type.clone()),
            ("if-none-match", "*".to_owned()),
            ("x-amz-checksum-sha256", terms.checksum_sha256.clone()),
        ];
        let request = Unsigned {
            op: "signing.put",
            method: "PUT",
            key: &terms.key,
            query: Vec::new(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        };
        self.sign(request, now, valid_for)
    }

    async fn sign_part(
        &self,
        terms: &PartTerms,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        let length = terms.content_length.to_string();
        let request = Unsigned {
            op: "signing.part",
            method: "PUT",
            key: &terms.key,
            query: vec![
                ("partNumber", terms.number.to_string()),
                ("uploadId", terms.upload.clone()),
            ],
            headers: vec![("content-length".to_owned(), length)],
        };
        self.sign(request, now, valid_for)
    }
}

#[async_trait]
impl DownloadSigner for Presigner {
    async fn sign_get(
        &self,
        key: &str,
        filename: &str,
        now: Instant,
        valid_for: Duration,
    ) -> Result<SignedRequest, PortError> {
        let request = Unsigned {
            op: "signing.get",
            method: "GET",
            key,
            query: vec![("response-content-disposition", attachment(filename))],
            headers: Vec::new(),
        };
        self.sign(request, now, valid_for)
    }
}

struct Unsigned<'a> {
    op: &'static str,
    method: &'static str,
    key: &'a str,
    query: Vec<(&'static str, String)>,
    headers: Vec<(String, String)>,
}

fn add_query(url: &mut String, joint: &mut char, name: &str, value: &str) {
    url.push(*joint);
    url.push_str(&escape(name));
    url.push('=');
    url.push_str(&escape(value));
    *joint = '&';
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use ports::PortErrorKind;

    use super::*;

    const NOW: Instant = Instant(1_767_225_600_999_999);
    const MINUTE: Duration = Duration::from_mins(1);

    fn presigner(endpoint: &str) -> Presigner {
        Presigner::new(
            endpoint,
            "bucket",
            "us-east-1",
            &Credentials::from_entropy(&[7; 32]),
        )
        .unwrap()
    }

    fn terms(key: &str) -> PutTerms {
        PutTerms {
            key: key.to_owned(),
            content_length: 25,
            content_type: "text/csv".to_owned(),
            checksum_sha256: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_put_signs_everything_a_client_could_get_wrong() {
        let signed = presigner("http://127.0.0.1:9000/")
            .sign_put(&terms("uploads/a b/é"), NOW, MINUTE)
            .await
            .unwrap();
        let (path, query) = signed.url.split_once('?').unwrap();
        assert_eq!(path, "http://127.0.0.1:9000/bucket/uploads/a%20b/%C3%A9");
        assert!(query.contains(
            "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256"
        ));
        assert!(query.contains("X-Amz-Date=20260101T000000Z&X-Amz-Expires=60"));
        let names: Vec<_> = signed.headers.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(
            names,
            [
                "content-length",
                "content-type",
                "if-none-match",
                "x-amz-checksum-sha256"
            ]
        );
        assert_eq!(signed.expires_at, Instant(1_767_225_660_000_000));
    }

    #[tokio::test]
    async fn the_same_request_at_the_same_second_has_the_same_url() {
        let signer = presigner("http://localhost:1");
        let mut urls = Vec::new();
        for now in [NOW, NOW.plus_us(-999_999), NOW.plus_us(1)] {
            let signed = signer.sign_put(&terms("k"), now, MINUTE).await;
            urls.push(signed.unwrap().url);
        }
        assert_eq!(urls[0], urls[1]);
        assert_ne!(urls[0], urls[2]);
    }

    #[tokio::test]
    async fn what_no_client_could_use_is_not_signed() {
        let signer = presigner("http://localhost:1");
        let header = PutTerms {
            content_type: "a\nb".to_owned(),
            ..terms("k")
        };
        for (terms, now, valid_for) in [
            (terms("a/../b"), NOW, MINUTE),
            (terms("."), NOW, MINUTE),
            (terms(""), NOW, MINUTE),
            (terms("k"), NOW, Duration::ZERO),
            (terms("k"), NOW, Duration::from_millis(1_500)),
            (terms("k"), NOW, Duration::from_hours(169)),
            (terms("k"), Instant(-1), MINUTE),
            (header, NOW, MINUTE),
        ] {
            let signed = signer.sign_put(&terms, now, valid_for).await;
            assert_eq!(signed.unwrap_err().kind, PortErrorKind::Bug, "{terms:?}");
        }
    }

    #[test]
    fn an_endpoint_is_scheme_host_and_port() {
        let keys = Credentials::from_entropy(&[7; 32]);
        for bad in ["", "127.0.0.1:9000", "http://h/path", "/x", "http://h?q=1"] {
            let made = Presigner::new(bad, "bucket", "us-east-1", &keys);
            assert_eq!(made.unwrap_err().kind, PortErrorKind::Bug, "{bad}");
        }
    }

    #[test]
    fn a_signer_never_shows_its_key() {
        let keys = Credentials::from_entropy(&[7; 32]);
        let signer = presigner("http://localhost:1");
        for shown in [format!("{keys:?}"), format!("{signer:?}")] {
            assert!(!shown.contains(keys.secret_key()), "{shown}");
        }
    }
}
