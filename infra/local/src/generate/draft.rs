//! One row before it is written.

use super::market::{DAYS, FIRST_DAY, Market};
use super::units::{Amount, Code, text};
use domain::time::{DAY_US, Day, Instant};

/// The columns of a generated file: the Koinly universal template with `ID` and `Account` in front.
pub const HEADER: [&str; 14] = [
    "ID",
    "Account",
    "Date",
    "Sent Amount",
    "Sent Currency",
    "Received Amount",
    "Received Currency",
    "Fee Amount",
    "Fee Currency",
    "Net Worth Amount",
    "Net Worth Currency",
    "Label",
    "Description",
    "TxHash",
];

/// Labels under which no value is used.
const NEUTRAL: [&str; 7] = [
    "stake",
    "unstake",
    "Sent to Pool",
    "received-from-pool",
    "swap",
    "margin loss",
    "realized gain",
];

/// A row in the making.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Microseconds since the Unix epoch.
    pub(super) at_us: i64,
    pub(super) account: &'static str,
    pub(super) sent: Option<Amount>,
    pub(super) received: Option<Amount>,
    pub(super) fee: Option<Amount>,
    /// Value in dollars that the file itself gives.
    pub(super) net_worth: Option<u64>,
    pub(super) label: &'static str,
    pub(super) description: &'static str,
    pub(super) hash: String,
    /// One end of a transfer whose other end is there too.
    pub(super) paired: bool,
}

impl Draft {
    /// A row without legs.
    pub(super) fn new(at_us: i64, account: &'static str) -> Self {
        Self {
            at_us,
            account,
            sent: None,
            received: None,
            fee: None,
            net_worth: None,
            label: "",
            description: "",
            hash: String::new(),
            paired: false,
        }
    }

    /// The row as it stands in the file. Without `id` that column is empty.
    pub(super) fn record(&self, id: &str, market: &Market) -> csv::StringRecord {
        let mut record = csv::StringRecord::with_capacity(160, HEADER.len());
        record.push_field(id);
        record.push_field(self.account);
        record.push_field(&date_text(self.at_us));
        for leg in [self.sent, self.received, self.fee] {
            push_leg(&mut record, leg, market);
        }
        let net_worth = self.net_worth.map(|units| Amount {
            units,
            code: Code::Usd,
        });
        push_leg(&mut record, net_worth, market);
        record.push_field(self.label);
        record.push_field(self.description);
        record.push_field(&self.hash);
        record
    }

    /// The day of the span the row lies in, from 0.
    pub(super) fn day(&self) -> u64 {
        day_of(self.at_us)
    }

    /// Prices a dollar ledger really uses for the row: the two ends of a matched transfer use one,
    /// for what got lost between them.
    pub(super) fn lookups(&self, market: &Market) -> u64 {
        match self.paired {
            true => u64::from(self.sent.is_some()),
            false => self.needs(market).len() as u64,
        }
    }

    /// Assets whose price on the row's day may be needed in a ledger kept in dollars, by the value
    /// rule: net worth, dollar leg, other fiat leg, sent, received; and a fee in a third asset.
    pub(super) fn needs(&self, market: &Market) -> Vec<Code> {
        let mut needs = Vec::new();
        let money = |leg: &Amount| leg.code == Code::Usd || market.name(leg.code) == "EUR";
        let legs = || self.sent.iter().chain(self.received.iter());
        let given = self.net_worth.is_some() || legs().any(|leg| leg.code == Code::Usd);
        let only_money = legs().all(money);
        if !given && !only_money && !NEUTRAL.contains(&self.label) {
            let source = legs()
                .find(|leg| money(leg))
                .or(self.sent.as_ref())
                .or(self.received.as_ref());
            needs.extend(source.map(|leg| leg.code));
        }
        if let Some(fee) = self.fee {
            let own_leg = legs().any(|leg| leg.code == fee.code && !money(leg));
            let transfer = self.label.is_empty() && self.received.is_none();
            if fee.code != Code::Usd && (!own_leg || transfer) {
                needs.push(fee.code);
            }
        }
        needs
    }
}

fn push_leg(record: &mut csv::StringRecord, leg: Option<Amount>, market: &Market) {
    match leg {
        Some(leg) => {
            record.push_field(&text(leg.units));
            record.push_field(market.name(leg.code));
        }
        None => {
            record.push_field("");
            record.push_field("");
        }
    }
}

/// The day of the span an instant lies in, from 0; the last one for what is behind the span.
pub(super) fn day_of(at_us: i64) -> u64 {
    let day = at_us.div_euclid(DAY_US) - i64::from(FIRST_DAY);
    u64::try_from(day).unwrap_or(0).min(DAYS - 1)
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff] UTC`.
fn date_text(at_us: i64) -> String {
    let day: Day = Instant(at_us).utc_day();
    let rest = at_us.rem_euclid(DAY_US);
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let clock = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    if micros == 0 {
        format!("{day} {clock} UTC")
    } else {
        format!("{day} {clock}.{micros:06} UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::super::units::{ONE, of};
    use super::*;

    #[test]
    fn a_row_is_written_in_the_columns_of_the_header() {
        let market = Market::new(1, 2);
        let mut draft = Draft::new(1_577_872_805_000_000, "Kraken");
        draft.sent = Some(of(ONE * 3 / 2, Code::Coin(0)));
        draft.received = Some(of(28_500 * ONE, Code::Usd));
        let record = draft.record("g1", &market);
        let text: Vec<&str> = record.iter().collect();
        assert_eq!(text.len(), HEADER.len());
        assert_eq!(
            text.join(","),
            "g1,Kraken,2020-01-01 10:00:05 UTC,1.5,BTC,28500,USD,,,,,,,"
        );
    }

    #[test]
    fn a_price_is_needed_only_where_no_better_value_stands() {
        let market = Market::new(1, 7);
        let mut draft = Draft::new(1_577_872_805_000_000, "Kraken");
        draft.sent = Some(of(ONE, Code::Coin(0)));
        draft.received = Some(of(ONE, Code::Coin(1)));
        assert_eq!(draft.needs(&market), [Code::Coin(0)]);
        draft.fee = Some(of(ONE, Code::Coin(2)));
        assert_eq!(draft.needs(&market), [Code::Coin(0), Code::Coin(2)]);
        draft.fee = Some(of(ONE, Code::Coin(0)));
        draft.net_worth = Some(ONE);
        assert!(draft.needs(&market).is_empty());
        draft.net_worth = None;
        draft.received = Some(of(ONE, Code::Usd));
        assert!(draft.needs(&market).is_empty());
        draft.received = market.find("EUR").map(|euro| of(ONE, euro));
        assert_eq!(draft.needs(&market), [Code::Coin(3)]);
    }
}
