//! Where Cassandra is and how to be let in: data, checked before anything is opened.

use std::fmt;

/// What `connect` needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Nodes to ask for the others: `host:port`, at least one.
    pub contact_points: Vec<String>,
    /// The datacenter whose quorum counts and whose nodes are asked. On Keyspaces the region's name.
    pub datacenter: String,
    /// The keyspace of the tables.
    pub keyspace: String,
    /// How to be let in.
    pub access: Access,
    /// TLS to an own Cassandra, with the system's roots and the contact points' names. Keyspaces is
    /// always spoken to over TLS, whatever stands here.
    pub tls: bool,
}

/// How to be let in.
#[derive(Clone, PartialEq, Eq)]
pub enum Access {
    /// Everybody is.
    Open,
    /// A role of Cassandra's own.
    Password {
        /// The role.
        user: String,
        /// Its password.
        password: String,
    },
    /// Amazon Keyspaces: signatures of the function's AWS credentials.
    Keyspaces {
        /// The region, part of the service's name and of every signature.
        region: String,
    },
}

impl fmt::Debug for Access {
    /// Never shows a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("Open"),
            Self::Password { user, .. } => f
                .debug_struct("Password")
                .field("user", user)
                .finish_non_exhaustive(),
            Self::Keyspaces { region } => {
                f.debug_struct("Keyspaces").field("region", region).finish()
            }
        }
    }
}

impl Settings {
    /// What is wrong with the settings, as a sentence; `None` when nothing is.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        if self.contact_points.is_empty() {
            return Some("no contact point is given: give host:port".to_owned());
        }
        for point in &self.contact_points {
            if split_port(point).is_none() {
                return Some(format!("the contact point {point:?} is not host:port"));
            }
        }
        if !is_name(&self.keyspace) {
            return Some(format!(
                "the keyspace {:?} is not a name: 1 to 48 of a-z 0-9 _, a letter first",
                self.keyspace
            ));
        }
        match &self.access {
            Access::Keyspaces { region } if !is_region(region) => {
                Some(format!("{region:?} is not the name of an AWS region"))
            }
            _ if self.datacenter.is_empty() => Some("no datacenter is given".to_owned()),
            _ => None,
        }
    }

    /// The hosts of the contact points, without ports.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &str> {
        let hosts = self.contact_points.iter();
        hosts.filter_map(|point| Some(split_port(point)?.0))
    }
}

/// Host and port; an IPv6 address stands in brackets.
fn split_port(point: &str) -> Option<(&str, u16)> {
    let (host, port) = point.rsplit_once(':')?;
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host = match inner {
        Some(address) => address,
        None if host.contains(':') => return None,
        None => host,
    };
    (!host.is_empty()).then_some(())?;
    Some((host, port.parse().ok()?))
}

/// A keyspace's name goes into statements as it is: nothing that could end it may be in it.
fn is_name(text: &str) -> bool {
    let first = text.bytes().next();
    text.len() <= 48
        && first.is_some_and(|b| b.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_region(text: &str) -> bool {
    let parts = text.split('-').count();
    parts >= 3
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Settings {
        Settings {
            contact_points: vec!["cassandra.local:9042".to_owned(), "[::1]:9042".to_owned()],
            datacenter: "datacenter1".to_owned(),
            keyspace: "millrace".to_owned(),
            access: Access::Open,
            tls: false,
        }
    }

    #[test]
    fn good_settings_have_no_fault_and_name_their_hosts() {
        assert_eq!(good().fault(), None);
        assert_eq!(
            good().hosts().collect::<Vec<_>>(),
            ["cassandra.local", "::1"]
        );
    }

    #[test]
    fn odd_settings_are_refused_by_name() {
        let with = |change: &dyn Fn(&mut Settings)| {
            let mut settings = good();
            change(&mut settings);
            settings.fault().unwrap_or_default()
        };
        let keyspaces = |region: &str| Access::Keyspaces {
            region: region.to_owned(),
        };
        assert!(with(&|s| s.contact_points.clear()).contains("no contact point"));
        for point in ["host", "host:", ":9042", "a:b:9042", "host:99999"] {
            let refused = with(&|s| s.contact_points = vec![point.to_owned()]);
            assert!(refused.contains(point), "{point}: {refused}");
        }
        for name in ["", "Mill", "a-b", "a; DROP", "1a", &"a".repeat(49)] {
            let refused = with(&|s| s.keyspace = name.to_owned());
            assert!(refused.contains("is not a name"), "{name}: {refused}");
        }
        assert!(with(&|s| s.datacenter.clear()).contains("datacenter"));
        for region in ["", "eu", "eu-west-1.evil.example", "EU-WEST-1"] {
            let refused = with(&|s| s.access = keyspaces(region));
            assert!(refused.contains("region"), "{region}: {refused}");
        }
        assert_eq!(with(&|s| s.access = keyspaces("eu-west-1")), "");
    }

    #[test]
    fn a_password_is_never_shown() {
        let access = Access::Password {
            user: "millrace".to_owned(),
            password: "secret".to_owned(),
        };
        let shown = format!("{access:?}");
        assert!(
            shown.contains("millrace") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
