//! Rows that are stored in parts: numbered, and put together again when they are read.

use std::ops::ControlFlow;

use ports::PortError;
use scylla::response::query_result::QueryRowsResult;

/// Bytes of a part. Keyspaces takes no row above 1 MB, and a sale out of ten thousand small lots
/// names each of them; half of it, as keys and a margin belong to a row too.
pub(crate) const PART_BYTES: usize = 512 * 1024;

/// Whole payloads out of parts that come in order of (seq, part).
pub(crate) struct Gathered {
    wanted: usize,
    /// Number and payload. The last one may still be growing.
    pub(crate) payloads: Vec<(u32, Vec<u8>)>,
}

impl Gathered {
    /// Gathers at most so many rows.
    pub(crate) fn new(wanted: usize) -> Self {
        Self {
            wanted,
            payloads: Vec::new(),
        }
    }

    /// Takes a page of (seq, payload), until a part belongs to a row too many: only that, or the end
    /// of the partition, proves that the last row wanted is whole.
    pub(crate) fn take(
        &mut self,
        op: &'static str,
        page: &QueryRowsResult,
    ) -> Result<ControlFlow<()>, PortError> {
        let parts = page.rows::<(i32, &[u8])>();
        for part in parts.map_err(|error| PortError::invalid(op, error))? {
            let (seq, bytes) = part.map_err(|error| PortError::invalid(op, error))?;
            let seq = u32::try_from(seq).map_err(|error| PortError::invalid(op, error))?;
            if self.add(seq, bytes).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn add(&mut self, seq: u32, bytes: &[u8]) -> ControlFlow<()> {
        let full = self.payloads.len() == self.wanted;
        match self.payloads.last_mut() {
            Some((last, payload)) if *last == seq => payload.extend_from_slice(bytes),
            _ if full => return ControlFlow::Break(()),
            _ => self.payloads.push((seq, bytes.to_vec())),
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_row_come_together_and_the_last_wanted_row_is_whole() {
        let mut gathered = Gathered::new(2);
        let parts: [(u32, &[u8]); 5] = [(4, b"a"), (4, b"b"), (5, b"c"), (5, b"d"), (6, b"e")];
        let taken = parts
            .iter()
            .take_while(|(seq, bytes)| gathered.add(*seq, bytes).is_continue())
            .count();
        assert_eq!(taken, 4);
        assert_eq!(
            gathered.payloads,
            [(4, b"ab".to_vec()), (5, b"cd".to_vec())]
        );
    }
}
