//! How the balance of each account in each asset came about.

use std::collections::BTreeMap;

use crate::answer::{Balance, BalanceSlot, RowAnswer};
use crate::ledger::Leg;
use crate::model::{assets_of, balance_after};
use crate::number::Number;
use crate::order::Placed;
use crate::totals::tax_year;

/// Balances by asset, account and tax year, and over the whole ledger. An opening balance is what the
/// rows before come to, a closing balance what they come to behind the last row.
pub(crate) fn balances(
    said: &[RowAnswer],
    rows: &[Placed],
    uk: bool,
) -> BTreeMap<BalanceSlot, Balance> {
    let mut balances: BTreeMap<BalanceSlot, Balance> = BTreeMap::new();
    for (n, (said, placed)) in said.iter().zip(rows).enumerate() {
        if !placed.counts() {
            continue;
        }
        let row = &placed.row;
        for asset in assets_of(row) {
            let slot = |year| (asset.clone(), row.account.clone(), year);
            // An hour of the old year that comes again is of the new one.
            let years = balances.range(slot(Some(i16::MIN))..=slot(Some(i16::MAX)));
            let last = years.last().and_then(|((_, _, year), _)| *year);
            let year = last.max(Some(tax_year(&said.date, uk)));
            for year in [year, None] {
                let opening = || balance_after(&rows[..n], &row.account, &asset);
                let balance = balances.entry(slot(year)).or_insert_with(|| Balance {
                    opening: opening(),
                    ..Balance::default()
                });
                add(&mut balance.received, row.received.as_ref(), &asset);
                add(&mut balance.sent, row.sent.as_ref(), &asset);
                add(&mut balance.fee, row.fee.as_ref(), &asset);
                balance.closing = balance_after(&rows[..=n], &row.account, &asset);
            }
        }
    }
    balances
}

fn add(sum: &mut Number, leg: Option<&Leg>, asset: &str) {
    if let Some((amount, _)) = leg.filter(|(_, other)| other == asset) {
        *sum = &*sum + amount;
    }
}
