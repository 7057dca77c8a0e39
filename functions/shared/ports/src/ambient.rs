//! Time and chance, as arguments.

use domain::ids::JobId;
use domain::time::Instant;

use crate::PortError;

/// What time it is. Steps never ask the machine.
pub trait Clock: Send + Sync {
    /// The instant now; never earlier than an answer before it.
    fn now(&self) -> Instant;
}

/// Fresh names. Steps never draw a random number.
pub trait Ids: Send + Sync {
    /// The id of a job created at `now`; sorts after every id made before it by this source.
    fn job_id(&self, now: Instant) -> JobId;
}

/// What nobody can guess. Steps never draw a random number.
pub trait Secrets: Send + Sync {
    /// Fresh bytes for a key; each call gives others. Unlike an id, which only has to be new, a secret
    /// from a machine without randomness would be worse than none: then it fails with `Retry`.
    fn secret(&self) -> Result<[u8; 32], PortError>;
}
