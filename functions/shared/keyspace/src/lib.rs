//! From what a function was told to its tables: the settings of `lambda`, the credentials of `aws`,
//! a session of `cassandra`. Only a `main.rs` comes here, so that no handler knows which store it
//! works on, and functions without tables link no driver.

use aws::SdkConfig;
use cassandra::{Settings, Tables};
use lambda::runtime::Stop;
use lambda::settings::{Access, Cassandra};

/// Opens the tables, before the first event: a store that cannot be reached is a start that failed.
/// Keyspaces is asked in the region and with the credentials of `sdk`. A second call opens a second
/// session.
///
/// # Errors
/// What the server, or the lack of one, said; without secrets.
pub async fn open(told: Cassandra, sdk: &SdkConfig) -> Result<Tables, Stop> {
    let region = sdk.region().map(ToString::to_string);
    let settings = settings(told, region)?;
    let opened = cassandra::connect(&settings, sdk.credentials_provider()).await;
    opened.map_err(|error| Stop::outside("cassandra", error))
}

fn settings(told: Cassandra, region: Option<String>) -> Result<Settings, Stop> {
    let (access, tls) = match told.access {
        Access::Open { tls } => (cassandra::Access::Open, tls),
        Access::Password {
            user,
            password,
            tls,
        } => {
            let password = password.reveal().to_owned();
            (cassandra::Access::Password { user, password }, tls)
        }
        Access::Keyspaces => {
            let why = "Keyspaces is asked in a region, and AWS_REGION names none";
            let region = region.ok_or_else(|| Stop::outside("cassandra", why))?;
            (cassandra::Access::Keyspaces { region }, true)
        }
    };
    Ok(Settings {
        contact_points: told.contact_points,
        datacenter: told.datacenter,
        keyspace: told.keyspace,
        access,
        tls,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use lambda::env::Env;

    use super::*;

    fn told(access: &[(&str, &str)]) -> Cassandra {
        let place = [
            ("CONTACT_POINTS", "a:9142"),
            ("DATACENTER", "eu-west-1"),
            ("KEYSPACE", "millrace"),
        ];
        let variables = place.iter().chain(access).map(|(name, value)| {
            let name = format!("MILLRACE_CASSANDRA_{name}");
            (name, (*value).to_owned())
        });
        Cassandra::read(&mut Env::new(variables)).unwrap()
    }

    #[test]
    fn keyspaces_is_asked_over_tls_in_the_functions_region() {
        let keyspaces = || told(&[("ACCESS", "keyspaces")]);
        let settings_of = settings(keyspaces(), Some("eu-west-1".to_owned())).unwrap();
        let region = "eu-west-1".to_owned();
        assert_eq!(settings_of.access, cassandra::Access::Keyspaces { region });
        assert!(settings_of.tls);
        assert_eq!(settings_of.fault(), None);
        let stop = settings(keyspaces(), None).unwrap_err();
        assert!(stop.to_string().contains("AWS_REGION"), "{stop}");
    }

    #[test]
    fn an_own_cassandra_is_asked_as_told() {
        let open = told(&[("ACCESS", "open"), ("TLS", "off")]);
        let open = settings(open, None).unwrap();
        assert_eq!((open.access, open.tls), (cassandra::Access::Open, false));
        assert_eq!(open.contact_points, ["a:9142"]);
        let login = [
            ("ACCESS", "password"),
            ("USER", "anna"),
            ("PASSWORD", "s3cret"),
            ("TLS", "on"),
        ];
        let login = settings(told(&login), None).unwrap();
        assert!(login.tls && !format!("{login:?}").contains("s3cret"));
        let (user, password) = ("anna".to_owned(), "s3cret".to_owned());
        assert_eq!(login.access, cassandra::Access::Password { user, password });
    }
}
