//! A tenant's webhook, as far as it is not state: where it may point, and what signs its events.
//!
//! The address comes from a user and is opened from inside of our network, so it is as hostile as a
//! file. What may be reached is decided here alone (`Reach`), for `status`, which takes the address,
//! and for the adapter, which connects to it.

mod reach;
mod secret;
mod url;

pub use reach::{InvalidReach, Reach};
pub use secret::WebhookSecret;
pub use url::{UrlFault, WebhookUrl};
