//! What a standard queue may do and seldom does, on demand.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::chance::Chance;

/// How the queues misbehave; by default not at all. Messages are never lost: SQS does not either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueFaults {
    /// Every message is stored twice, and each copy delivered on its own.
    pub deliver_twice: bool,
    /// Every message is delivered once more after it was acknowledged.
    pub repeat_acknowledged: bool,
    /// Messages come in an order drawn from this seed, in batches of any size.
    pub shuffle: Option<u64>,
}

/// The faults in force, and the history of the seed.
#[derive(Default)]
pub(super) struct FaultSwitch(Mutex<(QueueFaults, Option<Chance>)>);

impl FaultSwitch {
    fn lock(&self) -> MutexGuard<'_, (QueueFaults, Option<Chance>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, faults: QueueFaults) {
        *self.lock() = (faults, faults.shuffle.map(Chance::new));
    }

    pub(super) fn copies(&self) -> u32 {
        if self.lock().0.deliver_twice { 2 } else { 1 }
    }

    pub(super) fn repeats(&self) -> bool {
        self.lock().0.repeat_acknowledged
    }

    /// The chance for one receive: its own piece of the seed's history.
    pub(super) fn draw(&self) -> Option<Chance> {
        self.lock()
            .1
            .as_mut()
            .map(|chance| Chance::new(chance.next()))
    }
}
