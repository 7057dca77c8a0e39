//! HTTP as the suites need it: their caller brings a client, so that this crate needs none.

use async_trait::async_trait;
use bytes::Bytes;

use crate::PortError;

/// An HTTP request.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Headers beside `host`. `content-length` is there when it must be sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// Its answer.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl HttpResponse {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Sends requests.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends a request as it is and follows no redirect.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PortError>;
}
