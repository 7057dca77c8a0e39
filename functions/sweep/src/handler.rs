//! A tick of the schedule to the step. What the tick says is of no interest: it is a reason to look.

use std::sync::Arc;

use ports::{Clock, Multipart, Objects, PortError, Sender, StateStore};

use crate::{Swept, sweep};

/// What the function may touch.
pub struct Deps {
    /// The outbox, awaited uploads, jobs.
    pub state: Arc<dyn StateStore>,
    /// Messages out.
    pub sender: Arc<dyn Sender>,
    /// Whether an upload is there.
    pub objects: Arc<dyn Objects>,
    /// Ends uploads in parts.
    pub multipart: Arc<dyn Multipart>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Sweeps once. The next tick goes on where this one ended, or failed.
///
/// # Errors
/// What a port says; what was done until then stays done.
pub async fn handle(deps: &Deps) -> Result<Swept, PortError> {
    let (state, sender) = (deps.state.as_ref(), deps.sender.as_ref());
    let (objects, multipart) = (deps.objects.as_ref(), deps.multipart.as_ref());
    sweep(state, sender, objects, multipart, deps.clock.now()).await
}
