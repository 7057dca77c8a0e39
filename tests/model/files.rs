//! A ledger as the files a user uploads, and the model's answer as the files a user gets back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::answer::{Answer, DayPart, Disposal, RowAnswer};
use crate::ledger::{DAY, Entry, Ledger, Leg, Place};
use crate::number::Number;

/// Records of cells, without the header.
pub(crate) type Records = Vec<Vec<String>>;

/// What an upload is called.
pub(crate) fn filename(upload: usize) -> String {
    format!("upload-{upload}.csv")
}

fn timestamp(at: i64) -> Timestamp {
    Timestamp::from_microsecond(at).unwrap()
}

fn utc_day(at: i64) -> String {
    timestamp(at).strftime("%Y-%m-%d").to_string()
}

fn shown(number: Option<&Number>) -> String {
    number.map(ToString::to_string).unwrap_or_default()
}

fn csv(header: &str, records: &Records) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header.split(',')).unwrap();
    records
        .iter()
        .for_each(|record| writer.write_record(record).unwrap());
    writer.into_inner().unwrap()
}

/// An upload in the universal template; its rows stand on the lines the ledger says.
pub(crate) fn upload(ledger: &Ledger, upload: usize) -> Vec<u8> {
    let header = "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,\
                  Net Worth Amount,Net Worth Currency,Label,Description,TxHash,ID,Account,Fee Worth Amount,\
                  Fee Worth Currency";
    let mut rows: Vec<&Entry> = ledger
        .entries
        .iter()
        .filter(|row| row.place.0 == upload)
        .collect();
    rows.sort_by_key(|row| row.place.1);
    let records = rows.into_iter().map(|row| {
        let mut record = vec![
            timestamp(row.at)
                .strftime("%Y-%m-%d %H:%M:%S%.6f UTC")
                .to_string(),
        ];
        for leg in [&row.sent, &row.received, &row.fee, &row.net_worth] {
            record.extend(leg_cells(leg.as_ref()));
        }
        let texts =
            [&row.description, &row.hash, &row.id].map(|text| text.clone().unwrap_or_default());
        record.push(row.label.clone());
        record.extend(texts);
        record.push(row.account.clone());
        record.extend(leg_cells(row.fee_worth.as_ref()));
        record
    });
    csv(header, &records.collect())
}

fn leg_cells(leg: Option<&Leg>) -> [String; 2] {
    let (amount, asset) = leg.cloned().unzip();
    [shown(amount.as_ref()), asset.unwrap_or_default()]
}

/// The prices as a user sends them.
pub(crate) fn prices(ledger: &Ledger) -> Vec<u8> {
    let records = ledger.prices.iter().map(|((asset, day), price)| {
        vec![
            utc_day(day * DAY),
            asset.clone(),
            ledger.rules.base.clone(),
            price.to_string(),
        ]
    });
    csv("date,asset,currency,price", &records.collect())
}

/// The answer to a ledger, to be written.
pub(crate) struct Written<'a> {
    pub(crate) answer: &'a Answer,
    rows: BTreeMap<Place, Entry>,
}

impl<'a> Written<'a> {
    pub(crate) fn new(ledger: &Ledger, answer: &'a Answer) -> Self {
        let rows = ledger
            .entries
            .iter()
            .map(|row| (row.place, row.without_zeros()));
        Self {
            answer,
            rows: rows.collect(),
        }
    }

    /// A row's ID, else its file and line.
    fn name(&self, place: Place) -> String {
        let named = self.rows[&place].id.clone();
        named.unwrap_or_else(|| format!("{}:{}", filename(place.0), place.1))
    }

    fn place(place: Place) -> [String; 2] {
        [filename(place.0), place.1.to_string()]
    }

    /// `transactions.csv`; issues sorted by code.
    pub(crate) fn transactions(&self) -> Records {
        let record = |said: &RowAnswer| {
            let row = &self.rows[&said.place];
            let mut record = vec![
                timestamp(row.at).to_string(),
                said.date.clone(),
                row.account.clone(),
            ];
            record.extend([self.name(said.place), said.kind.clone()]);
            for leg in [&row.sent, &row.received, &row.fee] {
                record.extend(leg_cells(leg.as_ref()));
            }
            let partner = said
                .partner
                .as_ref()
                .map(|partner| self.name(partner.place));
            let duplicate = if said.duplicate_of.is_some() {
                "true"
            } else {
                ""
            };
            let issues: Vec<&str> = said.issues.iter().map(|(code, ..)| code.as_str()).collect();
            let balances: Vec<String> = said
                .balances
                .iter()
                .map(|(asset, held)| format!("{asset}={held}"))
                .collect();
            // A spreadsheet must not take a text for a formula.
            let description = row
                .description
                .clone()
                .map(|text| text.replace("=again", "'=again"));
            let mut days: Vec<String> = Vec::new();
            for share in &said.shares {
                let id = format!("{}:{}", share.asset, said.date);
                if !days.contains(&id) {
                    days.push(id);
                }
            }
            record.push(shown(said.value.as_ref()));
            record.push(said.value_source.clone().unwrap_or_default());
            record
                .extend([&said.fee_value, &said.income, &said.gain].map(|sum| shown(sum.as_ref())));
            record.extend([
                days.join(";"),
                duplicate.to_owned(),
                partner.unwrap_or_default(),
                issues.join(";"),
                balances.join(";"),
            ]);
            record.extend([
                row.hash.clone().unwrap_or_default(),
                description.unwrap_or_default(),
                if said.ignored { "true" } else { "" }.to_owned(),
                said.identity.clone(),
            ]);
            record.extend(Self::place(said.place));
            record
        };
        self.answer.rows.iter().map(record).collect()
    }

    /// `disposals.csv`.
    pub(crate) fn disposals(&self) -> Records {
        let rows = self.answer.rows.iter();
        let of_rows = rows.flat_map(|said| {
            let disposals = said.disposals.iter();
            disposals.map(|one| self.disposal(said, one))
        });
        of_rows
            .chain(self.answer.days.iter().map(Self::day_part))
            .collect()
    }

    /// A line per part of a day: with section 104 no row has disposals of its own.
    fn day_part(part: &DayPart) -> Vec<String> {
        let id = |day: &String| format!("{}:{day}", part.asset);
        let mut record = vec![id(&part.day), part.asset.clone(), part.day.clone()];
        record.extend([part.rule.to_owned(), part.quantity.to_string()]);
        let (cost, long) = (
            Some(part.cost.clone()),
            part.gain.as_ref().map(|_| Number::default()),
        );
        let sums = [&part.proceeds, &cost, &part.gain, &long];
        record.extend(sums.map(|sum| shown(sum.as_ref())));
        record.extend(sums.map(|sum| sum.as_ref().map(in_cents).unwrap_or_default()));
        record.push(part.acquired.clone().unwrap_or_default());
        let from = part.acquired.as_ref().map(id);
        let lot = json!([from, part.quantity.to_string(), part.cost.to_string(), "S"]);
        record.push(json!([lot]).to_string());
        record.extend(Self::place(part.rows[0]));
        record
    }

    fn disposal(&self, said: &RowAnswer, disposal: &Disposal) -> Vec<String> {
        let mut record = vec![
            self.name(said.place),
            disposal.asset.clone(),
            disposal.date.clone(),
        ];
        record.extend([disposal.kind.clone(), disposal.quantity.to_string()]);
        let cost = Some(disposal.cost.clone());
        let sums = [
            &disposal.proceeds,
            &cost,
            &disposal.gain,
            &disposal.gain_long,
        ];
        record.extend(sums.map(|sum| shown(sum.as_ref())));
        record.extend(sums.map(|sum| sum.as_ref().map(in_cents).unwrap_or_default()));
        let mut days: Vec<i64> = disposal
            .parts
            .iter()
            .filter_map(|part| part.acquired)
            .map(|at| at.div_euclid(DAY))
            .collect();
        days.sort_unstable();
        days.dedup();
        let days: Vec<String> = days.into_iter().map(|day| utc_day(day * DAY)).collect();
        record.push(days.join(";"));
        let parts = disposal.parts.iter().map(|part| {
            let held = if part.long { "L" } else { "S" };
            let source = part.source.map(|source| self.name(source));
            json!([
                source,
                part.quantity.to_string(),
                part.cost.to_string(),
                held
            ])
        });
        record.push(json!(parts.collect::<Vec<_>>()).to_string());
        record.extend(Self::place(said.place));
        record
    }

    /// `transfers.csv`.
    pub(crate) fn transfers(&self) -> Records {
        let withdrawals = self
            .answer
            .rows
            .iter()
            .filter(|said| said.kind == "withdrawal");
        let pair = |said: &RowAnswer| {
            let deposit = self.name(said.partner.as_ref()?.place);
            Some(vec![self.name(said.place), deposit])
        };
        withdrawals.filter_map(pair).collect()
    }

    /// `issues.csv` without its words, sorted.
    pub(crate) fn issues(&self) -> Records {
        let mut records = Records::new();
        for said in &self.answer.rows {
            let row = &self.rows[&said.place];
            for (code, asset, quantity) in &said.issues {
                let mut record = vec![
                    timestamp(row.at).to_string(),
                    row.account.clone(),
                    self.name(said.place),
                ];
                record.extend([
                    code.clone(),
                    asset.clone().unwrap_or_default(),
                    shown(quantity.as_ref()),
                ]);
                record.extend(Self::place(said.place));
                records.push(record);
            }
        }
        for part in &self.answer.days {
            let Some(missing) = &part.missing else {
                continue;
            };
            let id = format!("{}:{}", part.asset, part.day);
            let mut record = vec![
                part.day.clone(),
                String::new(),
                id,
                "missing_cost_basis".to_owned(),
            ];
            record.extend([part.asset.clone(), missing.to_string()]);
            record.extend(Self::place(part.rows[0]));
            records.push(record);
        }
        records.sort();
        records
    }

    /// `holdings.csv`.
    pub(crate) fn holdings(&self) -> Records {
        let held = self.answer.holdings.iter().map(|(asset, held)| {
            let balances: Vec<String> = held
                .balances
                .iter()
                .map(|(account, amount)| format!("{account}={amount}"))
                .collect();
            vec![
                asset.clone(),
                held.quantity.to_string(),
                held.cost.to_string(),
                shown(held.average_cost.as_ref()),
                balances.join(";"),
            ]
        });
        held.collect()
    }

    /// What `summary.json` calls `balances`: by asset and account the years, behind them the whole.
    pub(crate) fn balances(&self) -> Vec<Value> {
        let mut balances: Vec<_> = self.answer.balances.iter().collect();
        balances.sort_by_key(|((asset, account, year), _)| (asset, account, year.is_none(), year));
        let balances = balances
            .into_iter()
            .map(|((asset, account, year), balance)| {
                json!({
                    "asset": asset, "account": account, "year": year,
                    "opening": balance.opening.to_string(),
                    "received": balance.received.to_string(),
                    "sent": balance.sent.to_string(),
                    "fee": balance.fee.to_string(),
                    "closing": balance.closing.to_string(),
                })
            });
        balances.collect()
    }

    /// What `summary.json` calls `totals`, in the order of year, asset, account and kind.
    pub(crate) fn totals(&self) -> Vec<Value> {
        let totals = self
            .answer
            .totals
            .iter()
            .map(|((year, asset, account, kind), total)| {
                json!({
                    "year": year, "asset": asset, "account": account, "kind": kind,
                    "count": total.count,
                    "acquired": total.acquired.to_string(),
                    "disposed": total.disposed.to_string(),
                    "proceeds": total.proceeds.to_string(),
                    "cost_basis": total.cost.to_string(),
                    "gain": total.gain.to_string(),
                    "gain_long": total.gain_long.to_string(),
                    "income": total.income.to_string(),
                    "gain_reported": total.gain_reported.to_string(),
                    "gain_long_reported": total.gain_long_reported.to_string(),
                    "unpriced": total.unpriced,
                })
            });
        totals.collect()
    }
}

/// Rounded to 0.01, always with two decimal places.
fn in_cents(number: &Number) -> String {
    let text = number.rounded(2).to_string();
    let places = text.split_once('.').map_or(0, |(_, places)| places.len());
    let point = if places == 0 { "." } else { "" };
    format!("{text}{point}{}", "0".repeat(2 - places))
}
