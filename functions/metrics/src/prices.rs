//! The prices of a segment, from the pins its snapshot sees.

use domain::plan::Segment;
use domain::prices::PriceBook;
use domain::revision::Snapshot;
use ports::PortError;
use ports::tables::{LedgerPrices, PriceOwner};

/// Loads the pins of every day of a segment. A later turn's pin wins over an earlier one's: the user
/// corrected the price.
///
/// # Errors
/// What the table says.
pub(crate) async fn load(
    prices: &dyn LedgerPrices,
    snapshot: &Snapshot,
    segment: &Segment,
) -> Result<PriceBook, PortError> {
    let base = &snapshot.settings.base;
    let (first, last) = (segment.from.utc_day(), segment.to.utc_day());
    let mut book = PriceBook::new(base.clone());
    for &turn in &snapshot.pins {
        let owner = PriceOwner::Turn(turn);
        for pin in prices
            .read(&snapshot.ledger, owner, base, first, last)
            .await?
        {
            if let Some(price) = pin.price {
                book.pin(pin.asset, pin.day, price, pin.source);
            }
        }
    }
    Ok(book)
}
