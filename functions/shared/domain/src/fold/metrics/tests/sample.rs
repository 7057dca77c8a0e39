//! Ledgers written out in tests.

use std::collections::BTreeMap;

use crate::asset::Asset;
use crate::fold::metrics::{AssetState, Measured, metrics};
use crate::ids::JobId;
use crate::kinds::kind_of;
use crate::money::Decimal;
use crate::order::{LedgerRow, place_rows};
use crate::overrides::{Ruling, Rulings, Told};
use crate::prices::PriceBook;
use crate::read_rows::{Decision, Disposal, IssueCode, Partner, TransactionRow};
use crate::rows::{Leg, Row};
use crate::settings::Settings;
use crate::time::Instant;
use crate::value;

/// Rows, what is decided on them, prices and settings.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) rows: Vec<LedgerRow>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) rulings: Vec<Ruling>,
    pub(crate) book: PriceBook,
    pub(crate) settings: Settings,
}

pub(crate) fn asset(code: &str) -> Asset {
    code.parse().unwrap()
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// `2020-01-10 10:00` in UTC.
pub(crate) fn instant(text: &str) -> Instant {
    let text = format!("{}:00Z", text.replace(' ', "T"));
    Instant(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

/// `1.5 BTC`; nothing for an empty text.
pub(crate) fn leg(text: &str) -> Option<Leg> {
    let (amount, code) = text.split_once(' ')?;
    Some(Leg {
        amount: decimal(amount),
        asset: asset(code),
    })
}

impl Sample {
    /// An empty ledger in USD.
    pub(crate) fn new() -> Self {
        let settings = Settings::default();
        Self {
            rows: Vec::new(),
            decisions: Vec::new(),
            rulings: Vec::new(),
            book: PriceBook::new(settings.base.clone()),
            settings,
        }
    }

    /// A row on account `main`; its kind follows from label and legs.
    pub(crate) fn row(
        &mut self,
        id: &str,
        at: &str,
        label: &str,
        sent: &str,
        received: &str,
        fee: &str,
    ) -> &mut Row {
        let (sent, received, fee) = (leg(sent), leg(received), leg(fee));
        let kind = kind_of(Some(label), sent.as_ref(), received.as_ref(), fee.as_ref()).unwrap();
        let row = Row {
            at: instant(at),
            line: self.rows.len() as u64 + 2,
            chunk: 0,
            kind,
            account: "main".parse().unwrap(),
            id: Some(id.into()),
            sent,
            received,
            fee,
            net_worth: None,
            fee_worth: None,
            records: 1,
            tx_hash: None,
            description: None,
        };
        self.rows.push(LedgerRow {
            job: JobId::new(1, &[0; 10]),
            row,
        });
        &mut self.rows.last_mut().unwrap().row
    }

    /// A price on a day written `2020-01-10`.
    pub(crate) fn price(&mut self, code: &str, day: &str, price: &str) {
        let day = instant(&format!("{day} 00:00")).utc_day();
        self.book.pin(asset(code), day, decimal(price), "own");
    }

    pub(crate) fn find(&self, id: &str) -> &LedgerRow {
        self.rows
            .iter()
            .find(|row| row.row.id.as_deref() == Some(id))
            .unwrap()
    }

    /// A decision on a row that says nothing yet.
    pub(crate) fn decision(&mut self, id: &str) -> &mut Decision {
        let row = self.find(id);
        let (row, at) = (row.row_ref(), row.row.at);
        self.decisions.push(Decision {
            row,
            at,
            duplicate_of: None,
            partner: None,
            unmatched: None,
            same_content: None,
        });
        self.decisions.last_mut().unwrap()
    }

    /// Says something of a row.
    pub(crate) fn tell(&mut self, id: &str, told: Told) {
        let placed = place_rows(vec![self.find(id).clone()]);
        self.rulings.push(Ruling {
            row: placed[0].identity(),
            told,
            partner: None,
        });
    }

    /// Makes a withdrawal and a deposit one transfer.
    pub(crate) fn link(&mut self, withdrawal: &str, deposit: &str) {
        for (end, other) in [(withdrawal, deposit), (deposit, withdrawal)] {
            let other = self.find(other);
            let leg = other
                .row
                .sent
                .as_ref()
                .or(other.row.received.as_ref())
                .unwrap();
            let partner = Partner {
                name: other.name(),
                account: other.row.account.clone(),
                at: other.row.at,
                amount: leg.amount.clone(),
            };
            self.decision(end).partner = Some(partner);
        }
    }

    /// Folds everything as one segment.
    pub(crate) fn measure(&self) -> Measured {
        self.measure_on(BTreeMap::new())
    }

    /// The same on top of a state.
    pub(crate) fn measure_on(&self, assets: BTreeMap<Asset, AssetState>) -> Measured {
        metrics(
            assets,
            self.rows.clone(),
            &self.decisions,
            &Rulings::of(&self.rulings),
            &self.book,
            &self.settings,
        )
        .unwrap()
    }

    /// The book with only those prices that the rows ask for.
    pub(crate) fn asked_prices(&self) -> PriceBook {
        let needs: Vec<_> = self
            .rows
            .iter()
            .flat_map(|row| value::needs(&row.row))
            .collect();
        let mut book = PriceBook::new(self.settings.base.clone());
        for (asset, day) in value::wanted(&needs, &self.settings.base) {
            if let Some(price) = self.book.price(&asset, day) {
                book.pin(asset, day, price, "own");
            }
        }
        book
    }
}

pub(crate) fn written<'a>(measured: &'a Measured, id: &str) -> &'a TransactionRow {
    measured
        .rows
        .iter()
        .find(|row| row.name.id.as_deref() == Some(id))
        .unwrap()
}

pub(crate) fn issues(measured: &Measured, id: &str) -> Vec<IssueCode> {
    written(measured, id)
        .issues
        .iter()
        .map(|issue| issue.code)
        .collect()
}

/// `asset kind quantity proceeds cost gain` of a disposal, `-` for what is unpriced.
pub(crate) fn shown(disposal: &Disposal) -> String {
    let or_dash =
        |amount: &Option<Decimal>| amount.as_ref().map_or("-".to_owned(), Decimal::to_string);
    let Disposal {
        asset,
        kind,
        quantity,
        cost_basis,
        ..
    } = disposal;
    let (proceeds, gain) = (or_dash(&disposal.proceeds), or_dash(&disposal.gain));
    format!(
        "{asset} {} {quantity} {proceeds} {cost_basis} {gain}",
        kind.name()
    )
}

/// The disposals of a row, as text.
pub(crate) fn disposals(measured: &Measured, id: &str) -> Vec<String> {
    written(measured, id).disposals.iter().map(shown).collect()
}

/// Quantity and cost of all open lots of an asset.
pub(crate) fn held(measured: &Measured, code: &str) -> (String, String) {
    let state = measured.assets.get(&asset(code)).unwrap();
    let head = state.lots.head();
    (head.quantity.to_string(), head.cost.to_string())
}
