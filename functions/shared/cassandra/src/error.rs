//! What can go wrong, told as what to do about it.

use ports::{PortError, PortErrorKind};
use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError,
    MetadataError, NewSessionError, PrepareError, RequestAttemptError,
};

/// Why the tables could not be opened. Each variant is something a person does something about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The settings make no sense.
    #[error("cassandra: {0}")]
    Settings(String),
    /// Nobody answered, or not in time, or not in TLS that we trust.
    #[error(
        "cassandra: no contact point of {contact_points} answers ({cause}): check host, port, network and TLS"
    )]
    Unreachable {
        /// Who was asked.
        contact_points: String,
        /// What the last of them did.
        cause: String,
    },
    /// The server refused the credentials, or there are none.
    #[error("cassandra: the credentials are refused ({cause}): check access, user and password")]
    Credentials {
        /// In the server's words.
        cause: String,
    },
    /// No node is in the datacenter of the settings.
    #[error("cassandra: no node is in datacenter {asked:?}: there is {known}")]
    Datacenter {
        /// The datacenter of the settings.
        asked: String,
        /// Those there are.
        known: String,
    },
    /// The keyspace does not exist.
    #[error(
        "cassandra: keyspace {keyspace:?} is missing; apply the schema: cargo run -p schema -- apply --keyspace {keyspace} …"
    )]
    Keyspace {
        /// Which.
        keyspace: String,
    },
    /// A table does not exist.
    #[error(
        "cassandra: table {table:?} is missing in keyspace {keyspace:?}; apply the schema: cargo run -p schema -- apply --keyspace {keyspace} …"
    )]
    Table {
        /// In which keyspace.
        keyspace: String,
        /// Which.
        table: String,
    },
    /// A statement was refused though its table is there: another schema, or no right to it.
    #[error(
        "cassandra: table {table:?} refuses a statement ({cause}): apply the schema of this build, and grant the role SELECT and MODIFY"
    )]
    Refused {
        /// Which table.
        table: String,
        /// In the server's words.
        cause: String,
    },
}

/// Why a session could not be opened, from the driver's many reasons.
pub(crate) fn open_error(contact_points: &[String], error: &NewSessionError) -> ConnectError {
    if let NewSessionError::MetadataError(MetadataError::ConnectionPoolError(pool)) = error
        && let Some(cause) = refused_credentials(pool)
    {
        return ConnectError::Credentials { cause };
    }
    ConnectError::Unreachable {
        contact_points: contact_points.join(", "),
        cause: error.to_string(),
    }
}

/// The server's words when it did not let us in.
fn refused_credentials(error: &ConnectionPoolError) -> Option<String> {
    let ConnectionPoolError::Broken {
        last_connection_error: ConnectionError::ConnectionSetupRequestError(setup),
    } = error
    else {
        return None;
    };
    match setup.get_error() {
        ConnectionSetupRequestErrorKind::DbError(
            DbError::AuthenticationError | DbError::Unauthorized,
            words,
        ) => Some(words.clone()),
        ConnectionSetupRequestErrorKind::MissingAuthentication => {
            Some("the server asks for credentials and the settings have none".to_owned())
        }
        ConnectionSetupRequestErrorKind::StartAuthSessionError(words)
        | ConnectionSetupRequestErrorKind::AuthChallengeEvaluationError(words)
        | ConnectionSetupRequestErrorKind::AuthFinishError(words) => Some(words.clone()),
        _ => None,
    }
}

/// A failed statement as an error of the port.
pub(crate) fn port_error(op: &'static str, error: ExecutionError) -> PortError {
    PortError::new(kind_of(&error), op, error)
}

/// What to do about a failed statement. Every write is idempotent, so an unknown effect is `Retry`.
pub(crate) fn kind_of(error: &ExecutionError) -> PortErrorKind {
    match error {
        ExecutionError::BadQuery(_) => PortErrorKind::Bug,
        ExecutionError::LastAttemptError(attempt) => kind_of_attempt(attempt),
        ExecutionError::ConnectionPoolError(pool) => kind_of_pool(pool),
        ExecutionError::PrepareError(PrepareError::AllAttemptsFailed { first_attempt }) => {
            kind_of_attempt(first_attempt)
        }
        ExecutionError::PrepareError(PrepareError::ConnectionPoolError(pool)) => kind_of_pool(pool),
        // No node in the plan, no answer in time, no agreement yet: somebody is away.
        _ => PortErrorKind::Retry,
    }
}

/// A pool without connections: the node is away, unless it is there and does not let us in.
fn kind_of_pool(error: &ConnectionPoolError) -> PortErrorKind {
    match refused_credentials(error) {
        Some(_) => PortErrorKind::Reject,
        None => PortErrorKind::Retry,
    }
}

fn kind_of_attempt(error: &RequestAttemptError) -> PortErrorKind {
    match error {
        RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_) => PortErrorKind::Bug,
        RequestAttemptError::BodyExtensionsParseError(_)
        | RequestAttemptError::CqlResultParseError(_)
        | RequestAttemptError::CqlErrorParseError(_)
        | RequestAttemptError::UnexpectedResponse(_) => PortErrorKind::Invalid,
        RequestAttemptError::DbError(error, _) => kind_of_answer(error),
        // Broken connections, no free stream, a statement that the server prepared anew.
        _ => PortErrorKind::Retry,
    }
}

fn kind_of_answer(error: &DbError) -> PortErrorKind {
    match error {
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::AlreadyExists { .. }
        | DbError::FunctionFailure { .. }
        | DbError::AuthenticationError
        | DbError::Unauthorized
        | DbError::ConfigError
        | DbError::ProtocolError => PortErrorKind::Reject,
        // Unavailable, overloaded, starting up, timed out (which is also how Keyspaces throttles).
        _ => PortErrorKind::Retry,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scylla::errors::WriteType;
    use scylla::statement::Consistency;

    use super::*;

    fn answered(error: DbError) -> PortErrorKind {
        kind_of(&RequestAttemptError::DbError(error, String::new()).into())
    }

    #[test]
    fn busy_or_away_is_to_be_tried_again() {
        let throttled = DbError::WriteTimeout {
            consistency: Consistency::LocalQuorum,
            received: 0,
            required: 2,
            write_type: WriteType::Simple,
        };
        for error in [DbError::Overloaded, DbError::ServerError, throttled] {
            assert_eq!(answered(error), PortErrorKind::Retry);
        }
        let late = ExecutionError::RequestTimeout(Duration::from_secs(1));
        assert_eq!(kind_of(&late), PortErrorKind::Retry);
        let away = ExecutionError::ConnectionPoolError(ConnectionPoolError::Initializing);
        assert_eq!(kind_of(&away), PortErrorKind::Retry);
    }

    #[test]
    fn what_the_server_will_always_refuse_is_rejected() {
        for error in [
            DbError::Invalid,
            DbError::Unauthorized,
            DbError::SyntaxError,
        ] {
            assert_eq!(answered(error), PortErrorKind::Reject);
        }
    }
}
