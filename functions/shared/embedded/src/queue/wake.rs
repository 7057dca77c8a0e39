//! Waking whoever waits for messages.

use std::collections::BTreeMap;

use ports::QueueName;
use tokio::sync::watch;

/// One bell per queue. A counter and not a one-shot signal: a ring while nobody listens is seen at
/// the next look.
pub(super) struct Bells {
    bells: BTreeMap<QueueName, watch::Sender<u64>>,
    /// For a name outside of `QueueName::all`, of which there is none.
    spare: watch::Sender<u64>,
}

impl Default for Bells {
    fn default() -> Self {
        let bells = QueueName::all()
            .map(|name| (name, watch::Sender::new(0)))
            .collect();
        Self {
            bells,
            spare: watch::Sender::new(0),
        }
    }
}

impl Bells {
    pub(super) fn ring(&self, name: QueueName) {
        self.bell(name)
            .send_modify(|rings| *rings = rings.wrapping_add(1));
    }

    pub(super) fn listen(&self, name: QueueName) -> watch::Receiver<u64> {
        self.bell(name).subscribe()
    }

    fn bell(&self, name: QueueName) -> &watch::Sender<u64> {
        self.bells.get(&name).unwrap_or(&self.spare)
    }
}
