//! The tables over Cassandra and Amazon Keyspaces.
