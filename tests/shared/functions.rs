//! The functions as a deployment sees them: a name, an environment, queues to send to.

use std::collections::{BTreeMap, BTreeSet};

use domain::message::Queue;
use lambda::env::{Env, EnvError};

/// A function that is deployed.
#[derive(Clone, Copy)]
pub struct Function {
    /// Its crate, its folder and its binary.
    pub name: &'static str,
    read: fn(&mut Env) -> bool,
    /// The queues its transitions send to.
    pub sends: &'static [Queue],
}

/// All of them.
pub const FUNCTIONS: [Function; 12] = [
    Function {
        name: "presign",
        read: |env| presign::Config::read(env).is_some(),
        sends: &[],
    },
    Function {
        name: "split",
        read: |env| split::config::Config::read(env).is_some(),
        sends: &split::config::SENDS,
    },
    Function {
        name: "ingest",
        read: |env| ingest::config::Config::read(env).is_some(),
        sends: &ingest::config::SENDS,
    },
    Function {
        name: "price",
        read: |env| price::Config::read(env).is_some(),
        sends: &price::config::SENDS,
    },
    Function {
        name: "reconcile",
        read: |env| reconcile::Config::read(env).is_some(),
        sends: &reconcile::config::SENDS,
    },
    Function {
        name: "metrics",
        read: |env| metrics::Config::read(env).is_some(),
        sends: &metrics::config::SENDS,
    },
    Function {
        name: "status",
        read: |env| status::Config::read(env).is_some(),
        sends: &status::config::SENDS,
    },
    Function {
        name: "ledger",
        read: |env| ledger::Config::read(env).is_some(),
        sends: &ledger::config::SENDS,
    },
    Function {
        name: "export",
        read: |env| export::Config::read(env).is_some(),
        sends: &[],
    },
    Function {
        name: "notify",
        read: |env| notify::Config::read(env).is_some(),
        sends: &[],
    },
    Function {
        name: "failure",
        read: |env| failure::Config::read(env).is_some(),
        sends: &failure::config::SENDS,
    },
    Function {
        name: "sweep",
        read: |env| sweep::Config::read(env).is_some(),
        sends: &sweep::config::SENDS,
    },
];

impl Function {
    /// The logical name of its resource in the template: `PresignFunction`.
    #[must_use]
    pub fn resource(&self) -> String {
        let (first, rest) = self.name.split_at(1);
        format!("{}{rest}Function", first.to_ascii_uppercase())
    }

    /// The variables it asks for when these are there; and what is wrong with these. `MILLRACE_LOG`
    /// is not among them: every function reads it.
    pub fn read(
        &self,
        variables: &BTreeMap<String, String>,
    ) -> (BTreeSet<String>, Option<EnvError>) {
        let mut env = Env::new(variables.clone());
        let read = (self.read)(&mut env);
        let asked = env.asked().clone();
        let error = env.finish().err();
        assert!(
            read || error.is_some(),
            "{} gave up without a fault",
            self.name
        );
        (asked, error)
    }

    /// An environment in which the function starts: a Cassandra at `contact_point`, queues, a table
    /// and a bucket that nobody has.
    pub fn environment(&self, contact_point: &str) -> BTreeMap<String, String> {
        let (asked, _) = self.read(&BTreeMap::new());
        let values = asked.into_iter().filter_map(|name| {
            let value = value_of(&name, contact_point)?;
            Some((name, value))
        });
        values.collect()
    }
}

/// A value that fits; nothing for what may be absent.
fn value_of(name: &str, contact_point: &str) -> Option<String> {
    let value = match name {
        "MILLRACE_STATE_TABLE" => "millrace-state".to_owned(),
        "MILLRACE_BUCKET" => "millrace-bucket".to_owned(),
        "MILLRACE_CASSANDRA_CONTACT_POINTS" => contact_point.to_owned(),
        "MILLRACE_CASSANDRA_DATACENTER" => "datacenter1".to_owned(),
        "MILLRACE_CASSANDRA_KEYSPACE" => "millrace".to_owned(),
        "MILLRACE_CASSANDRA_ACCESS" => "password".to_owned(),
        "MILLRACE_CASSANDRA_USER" | "MILLRACE_CASSANDRA_PASSWORD" => "cassandra".to_owned(),
        "MILLRACE_CASSANDRA_TLS" => "off".to_owned(),
        "MILLRACE_CHUNK_ROWS"
        | "MILLRACE_SEGMENT_ROWS"
        | "MILLRACE_SINGLE_PUT_BYTES"
        | "MILLRACE_UPLOAD_URL_SECONDS"
        | "MILLRACE_UPLOADS_IN_FLIGHT"
        | "MILLRACE_UPLOADS_PER_DAY" => {
            return None;
        }
        queue if queue.starts_with("MILLRACE_QUEUE_") => {
            format!("http://127.0.0.1:9/queue/{}", queue.to_ascii_lowercase())
        }
        other => panic!("what value fits {other}?"),
    };
    Some(value)
}
