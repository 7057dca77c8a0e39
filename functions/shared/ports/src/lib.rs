//! What the functions need of the outside, as narrow traits.
//!
//! A trait has a verb's worth of methods and speaks domain types only; a step's signature is
//! therefore the list of what it may touch. Each method says what `Ok` proves and what a second call
//! does. `contract` is the suite every adapter passes. `outbox` and `transition` are the two
//! protocols that span ports, written once.

pub mod ambient;
#[cfg(feature = "contract")]
pub mod contract;
pub mod digests;
pub mod error;
pub mod folding;
pub mod jobs;
pub mod multipart;
pub mod objects;
pub mod orders;
pub mod outbox;
pub mod payload;
pub mod queue;
pub mod segments;
pub mod signing;
pub mod state;
pub mod tables;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transition;
pub mod troubles;
pub mod turns;
pub mod webhooks;

pub use ambient::{Clock, Ids, Secrets};
pub use error::{PortError, PortErrorKind};
pub use multipart::{HeldPart, Multipart, Parted};
pub use objects::{ObjectHead, ObjectWriter, Objects, PutMode};
pub use queue::{Outgoing, Postponer, QueueName, Received, Receiver, Sender};
pub use signing::{DownloadSigner, PartTerms, PutTerms, SignedRequest, UploadSigner};
pub use state::{DoneSets, StateStore, Stored};
pub use webhooks::{SignedEvent, Webhooks};
