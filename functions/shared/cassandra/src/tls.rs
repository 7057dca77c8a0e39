//! TLS to Cassandra: the chain and a *name* are checked.
//!
//! The driver connects to addresses, which it learns from the cluster, and asks TLS to check the
//! address. Certificates carry names: Keyspaces' one service name, an own Cassandra's host names. So
//! the verifier here checks the chain and validity as always, against the names we expect instead of
//! the address we happen to have. There is no way to switch it off.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::error::ConnectError;
use crate::settings::{Access, Settings};

/// The TLS of the settings, with the system's roots; `None` where there is none.
pub(crate) fn context(settings: &Settings) -> Result<Option<Arc<ClientConfig>>, ConnectError> {
    let names: Vec<String> = match &settings.access {
        Access::Keyspaces { region } => vec![format!("cassandra.{region}.amazonaws.com")],
        _ if settings.tls => settings.hosts().map(str::to_owned).collect(),
        _ => return Ok(None),
    };
    let config = pinned(&names, system_roots()?).map_err(|error| {
        ConnectError::Settings(format!(
            "TLS cannot be set up ({error}) for {}",
            names.join(", ")
        ))
    })?;
    Ok(Some(Arc::new(config)))
}

fn system_roots() -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(ConnectError::Settings(
            "TLS needs the system's root certificates and there are none: install ca-certificates, or set SSL_CERT_FILE"
                .to_owned(),
        ));
    }
    Ok(roots)
}

/// TLS that lets in whoever has a certificate of `roots` for one of `names`.
fn pinned(
    names: &[String],
    roots: RootCertStore,
) -> Result<ClientConfig, Box<dyn std::error::Error>> {
    let provider = Arc::new(ring::default_provider());
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let mut expected = Vec::with_capacity(names.len());
    for name in names {
        expected.push(ServerName::try_from(name.clone())?);
    }
    let verifier = PinnedNames {
        chain: chain.build()?,
        names: expected,
    };
    Ok(client(provider, verifier)?)
}

fn client(provider: Arc<CryptoProvider>, verifier: PinnedNames) -> Result<ClientConfig, Error> {
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// rustls' own verification, for names of ours.
#[derive(Debug)]
struct PinnedNames {
    chain: Arc<WebPkiServerVerifier>,
    names: Vec<ServerName<'static>>,
}

impl ServerCertVerifier for PinnedNames {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _address: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut refusal = Error::General("no name to expect of a server".to_owned());
        for name in &self.names {
            match self
                .chain
                .verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
            {
                Ok(verified) => return Ok(verified),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
