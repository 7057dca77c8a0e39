//! What every HTTP client of this crate has.

use reqwest::ClientBuilder;
use reqwest::redirect::Policy;
use rustls::crypto::ring;

/// A client that speaks TLS and follows no redirect: where an answer leads is for the caller to see.
pub(crate) fn client() -> ClientBuilder {
    // Fails only when a provider was installed before, and any will do.
    let _installed_before = ring::default_provider().install_default();
    reqwest::Client::builder().redirect(Policy::none())
}
