//! What the machine offers and a step must not ask for: its clock and its randomness, as the ports
//! `Clock`, `Ids` and `Secrets`. The embedded stack and every deployed function are given these; tests and
//! simulations are given others.

mod clock;
mod ids;

pub use clock::SystemClock;
pub use ids::{SystemIds, SystemSecrets};
