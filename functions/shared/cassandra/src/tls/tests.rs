//! Whole handshakes in memory, with an authority of our own.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{CertificateError, ClientConnection, ServerConfig, ServerConnection};

use super::*;

const SERVICE: &str = "cassandra.eu-west-1.amazonaws.com";

/// An authority.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a root")
}

fn roots_of(issuer: &CertifiedIssuer<'static, KeyPair>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).expect("a root");
    roots
}

/// A server with a certificate for `name`.
fn server(issuer: &CertifiedIssuer<'static, KeyPair>, name: &str) -> ServerConnection {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("params");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a server");
    ServerConnection::new(Arc::new(config)).expect("a connection")
}

/// A handshake as the driver makes it: to an address.
fn shake(config: ClientConfig, mut server: ServerConnection) -> Result<(), Error> {
    let address = ServerName::try_from("10.1.2.3").expect("an address");
    let mut client = ClientConnection::new(Arc::new(config), address)?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).expect("bytes");
        server.read_tls(&mut bytes.as_slice()).expect("bytes");
        server.process_new_packets()?;
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).expect("bytes");
        client.read_tls(&mut bytes.as_slice()).expect("bytes");
        client.process_new_packets()?;
    }
    Ok(())
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn the_right_name_of_the_right_authority_is_let_in() {
    let issuer = authority("ours");
    let config = pinned(&names(&[SERVICE]), roots_of(&issuer)).expect("a config");
    assert_eq!(shake(config, server(&issuer, SERVICE)), Ok(()));
    let config =
        pinned(&names(&["one.example", "two.example"]), roots_of(&issuer)).expect("a config");
    assert_eq!(shake(config, server(&issuer, "two.example")), Ok(()));
}

#[test]
fn another_name_is_refused_even_the_address_that_was_called() {
    let issuer = authority("ours");
    for name in [
        "cassandra.eu-west-2.amazonaws.com",
        "evil.example",
        "10.1.2.3",
    ] {
        let config = pinned(&names(&[SERVICE]), roots_of(&issuer)).expect("a config");
        let refused = shake(config, server(&issuer, name)).expect_err(name);
        let by_name = matches!(
            refused,
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            )
        );
        assert!(by_name, "{name}: {refused}");
    }
}

#[test]
fn another_authority_is_refused_even_with_the_right_name() {
    let config = pinned(&names(&[SERVICE]), roots_of(&authority("ours"))).expect("a config");
    let refused = shake(config, server(&authority("theirs"), SERVICE)).expect_err("refused");
    let by_chain = matches!(
        refused,
        Error::InvalidCertificate(CertificateError::UnknownIssuer)
    );
    assert!(by_chain, "{refused}");
}

#[test]
fn keyspaces_is_never_spoken_to_without_tls() {
    let settings = Settings {
        contact_points: names(&["cassandra.eu-west-1.amazonaws.com:9142"]),
        datacenter: "eu-west-1".to_owned(),
        keyspace: "millrace".to_owned(),
        access: Access::Keyspaces {
            region: "eu-west-1".to_owned(),
        },
        tls: false,
    };
    assert!(context(&settings).expect("roots of the system").is_some());
}
