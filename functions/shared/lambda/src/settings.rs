//! Settings that several functions share, as plain data: what an adapter is opened with. Each type
//! knows the variables it is read from; a function's `config.rs` says which types it needs.

use std::collections::{BTreeMap, BTreeSet};

use domain::message::Queue;

use crate::env::{Env, Secret};

/// The DynamoDB table of jobs, turns, ledgers, done-sets and the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateTable(pub String);

impl StateTable {
    /// Reads `MILLRACE_STATE_TABLE`.
    pub fn read(env: &mut Env) -> Option<Self> {
        env.name("MILLRACE_STATE_TABLE").map(Self)
    }
}

/// The S3 bucket of uploads, plans, checkpoints and exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket(pub String);

impl Bucket {
    /// Reads `MILLRACE_BUCKET`.
    pub fn read(env: &mut Env) -> Option<Self> {
        env.name("MILLRACE_BUCKET").map(Self)
    }
}

/// The queues a function sends to or gives messages back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queues(pub BTreeMap<Queue, String>);

impl Queues {
    /// Reads `MILLRACE_QUEUE_<NAME>_URL` of each queue; a queue may be named twice.
    pub fn read(env: &mut Env, queues: impl IntoIterator<Item = Queue>) -> Option<Self> {
        let queues: BTreeSet<Queue> = queues.into_iter().collect();
        let wanted = queues.len();
        let urls: BTreeMap<Queue, String> = queues
            .into_iter()
            .filter_map(|queue| Some((queue, env.url(&Self::variable(queue))?)))
            .collect();
        (urls.len() == wanted).then_some(Self(urls))
    }

    /// The variable that holds a queue's URL: `MILLRACE_QUEUE_INGEST_URL`.
    #[must_use]
    pub fn variable(queue: Queue) -> String {
        format!("MILLRACE_QUEUE_{}_URL", queue.name().to_ascii_uppercase())
    }
}

/// Where the tables are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cassandra {
    /// Nodes to ask first, each `host:port`.
    pub contact_points: Vec<String>,
    /// The datacenter whose nodes are asked; for Keyspaces the region.
    pub datacenter: String,
    /// The keyspace.
    pub keyspace: String,
    /// Who we are there.
    pub access: Access,
}

/// How a function shows who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Amazon Keyspaces: by the function's role, over TLS.
    Keyspaces,
    /// An own Cassandra that asks for a password.
    Password {
        /// The user.
        user: String,
        /// Its password.
        password: Secret,
        /// Whether the connection is encrypted.
        tls: bool,
    },
    /// An own Cassandra that asks for nothing.
    Open {
        /// Whether the connection is encrypted.
        tls: bool,
    },
}

impl Cassandra {
    /// Reads `MILLRACE_CASSANDRA_CONTACT_POINTS`, `_DATACENTER`, `_KEYSPACE`, `_ACCESS`, and what
    /// the access asks for: `_USER` and `_PASSWORD`, `_TLS`.
    pub fn read(env: &mut Env) -> Option<Self> {
        let contact_points = env.contact_points("MILLRACE_CASSANDRA_CONTACT_POINTS");
        let datacenter = env.name("MILLRACE_CASSANDRA_DATACENTER");
        let keyspace = env.name("MILLRACE_CASSANDRA_KEYSPACE");
        let access = Access::read(env);
        Some(Self {
            contact_points: contact_points?,
            datacenter: datacenter?,
            keyspace: keyspace?,
            access: access?,
        })
    }
}

const USER: &str = "MILLRACE_CASSANDRA_USER";
const PASSWORD: &str = "MILLRACE_CASSANDRA_PASSWORD";
const TLS: &str = "MILLRACE_CASSANDRA_TLS";

impl Access {
    fn read(env: &mut Env) -> Option<Self> {
        let kinds = ["keyspaces", "password", "open"];
        let kind = env.one_of("MILLRACE_CASSANDRA_ACCESS", &kinds);
        match kind {
            Some("keyspaces") => {
                refuse_login(env);
                env.refuse(TLS, "Keyspaces is always asked over TLS");
                Some(Self::Keyspaces)
            }
            Some("password") => {
                let (user, password) = (env.name(USER), env.secret(PASSWORD));
                let tls = read_tls(env);
                Some(Self::Password {
                    user: user?,
                    password: password?,
                    tls: tls?,
                })
            }
            Some(_) => {
                refuse_login(env);
                read_tls(env).map(|tls| Self::Open { tls })
            }
            None => {
                // What belongs to it cannot be judged, but it is known.
                for name in [USER, PASSWORD, TLS] {
                    env.is_given(name);
                }
                None
            }
        }
    }
}

fn refuse_login(env: &mut Env) {
    for name in [USER, PASSWORD] {
        env.refuse(name, "only with MILLRACE_CASSANDRA_ACCESS=password");
    }
}

fn read_tls(env: &mut Env) -> Option<bool> {
    env.one_of(TLS, &["on", "off"]).map(|word| word == "on")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::env::EnvError;

    fn read<T>(
        variables: &[(&str, &str)],
        read: impl FnOnce(&mut Env) -> Option<T>,
    ) -> Result<T, EnvError> {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut env = Env::new(owned);
        let settings = read(&mut env);
        env.finish().map(|()| settings.unwrap())
    }

    fn cassandra(more: &[(&str, &str)]) -> Result<Cassandra, EnvError> {
        let mut variables = vec![
            ("MILLRACE_CASSANDRA_CONTACT_POINTS", "a:9042,b:9042"),
            ("MILLRACE_CASSANDRA_DATACENTER", "datacenter1"),
            ("MILLRACE_CASSANDRA_KEYSPACE", "millrace"),
        ];
        variables.extend(more);
        read(&variables, Cassandra::read)
    }

    fn names(error: &EnvError) -> Vec<&str> {
        error.faults.iter().map(|fault| &*fault.name).collect()
    }

    #[test]
    fn a_function_knows_the_url_of_each_queue_it_names() {
        let urls = [
            ("MILLRACE_QUEUE_PRICE_URL", "https://q.example/1/price"),
            ("MILLRACE_QUEUE_INGEST_URL", "https://q.example/1/ingest"),
        ];
        let wanted = [Queue::Ingest, Queue::Price, Queue::Ingest];
        let queues = read(&urls, |env| Queues::read(env, wanted)).unwrap();
        assert_eq!(queues.0[&Queue::Price], "https://q.example/1/price");
        assert_eq!(queues.0.len(), 2);
        let error = read(&urls[..1], |env| Queues::read(env, Queue::ALL)).unwrap_err();
        assert_eq!(error.faults.len(), Queue::ALL.len() - 1);
    }

    #[test]
    fn each_access_takes_what_belongs_to_it() {
        let keyspaces = cassandra(&[("MILLRACE_CASSANDRA_ACCESS", "keyspaces")]).unwrap();
        assert_eq!(keyspaces.access, Access::Keyspaces);
        assert_eq!(keyspaces.contact_points, ["a:9042", "b:9042"]);
        let open = [("MILLRACE_CASSANDRA_ACCESS", "open"), (TLS, "off")];
        let open = cassandra(&open).unwrap();
        assert_eq!(open.access, Access::Open { tls: false });
        let password = [
            ("MILLRACE_CASSANDRA_ACCESS", "password"),
            (USER, "millrace"),
            (PASSWORD, "s3cret"),
            (TLS, "on"),
        ];
        let password = cassandra(&password).unwrap();
        let Access::Password { user, tls, .. } = &password.access else {
            panic!("{:?}", password.access);
        };
        assert_eq!((user.as_str(), *tls), ("millrace", true));
        assert!(!format!("{password:?}").contains("s3cret"));
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let error = cassandra(&[
            ("MILLRACE_CASSANDRA_ACCESS", "keyspaces"),
            (PASSWORD, "s3cret"),
            (TLS, "off"),
        ])
        .unwrap_err();
        assert_eq!(names(&error), [PASSWORD, TLS]);
        let error = cassandra(&[("MILLRACE_CASSANDRA_ACCESS", "password")]).unwrap_err();
        assert_eq!(names(&error), [USER, PASSWORD, TLS]);
        let error = cassandra(&[("MILLRACE_CASSANDRA_ACCESS", "none"), (TLS, "on")]).unwrap_err();
        assert_eq!(names(&error), ["MILLRACE_CASSANDRA_ACCESS"]);
    }
}
