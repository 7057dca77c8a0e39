//! What a row is worth and what it does to lots and income (domain section 3).

use crate::answer::Partner;
use crate::kinds::{Gets, Gives, treatment};
use crate::ledger::{Entry, Ledger, Leg, is_fiat};
use crate::number::Number;
use crate::order::Placed;
use crate::said;

/// What a row does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effects {
    pub(crate) value: Option<(Number, String)>,
    pub(crate) fee_value: Option<Number>,
    pub(crate) income: Option<Number>,
    pub(crate) acquisition: Option<Acquisition>,
    pub(crate) disposals: Vec<Planned>,
    /// Legs of a row that neither acquires nor disposes of any of its own legs.
    pub(crate) moved: Vec<Leg>,
    /// Values that contradict each other: the issue and the asset concerned.
    pub(crate) contradictions: Vec<(&'static str, String)>,
    /// Assets whose price is missing where it is used.
    pub(crate) unpriced: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Acquisition {
    pub(crate) asset: String,
    pub(crate) quantity: Number,
    pub(crate) cost: Number,
    pub(crate) unpriced: bool,
    /// Money received is income without a lot.
    pub(crate) lot: bool,
}

/// A disposal before it is known what it takes.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) asset: String,
    pub(crate) kind: &'static str,
    pub(crate) quantity: Number,
    pub(crate) proceeds: Proceeds,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proceeds {
    Known(Number),
    Cost,
    Unpriced,
}

/// How the fee is borne.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fee {
    /// None, or of money: its value is part of a cost or lessens proceeds.
    Money,
    /// More of the asset sent goes.
    MoreSent,
    /// Less of the asset received comes.
    LessReceived,
    /// It is a disposal of its own; its value is the row's fee.
    Apart,
}

/// A row at work.
struct Work<'a> {
    ledger: &'a Ledger,
    row: &'a Entry,
    kind: &'static str,
    fee: Fee,
    told: Option<Told>,
    effects: Effects,
}

/// The price a user gave a row.
struct Told {
    asset: String,
    price: Number,
    source: String,
}

/// The price a user gave a row, in the base currency; none where its currency has no rate that day.
fn told(placed: &Placed, ledger: &Ledger) -> Option<Told> {
    let (price, currency) = placed.said.price.as_ref()?;
    let (_, asset) = said::priced(&placed.row)?;
    let base = *currency == ledger.rules.base;
    let rates = &ledger.prices;
    let rate = rates.get(&(currency.clone(), placed.row.utc_day()));
    let rate = rate.cloned().filter(|_| !base);
    let source = if base { "override" } else { "override+fx:own" };
    Some(Told {
        asset: asset.clone(),
        price: price * &rate.or_else(|| base.then(|| Number::whole(1)))?,
        source: format!("price:{source}"),
    })
}

/// The effects of a row; none of one that does not count.
pub(crate) fn effects(placed: &Placed, ledger: &Ledger) -> Effects {
    if !placed.counts() {
        return Effects::default();
    }
    let row = &placed.row;
    let (mut gets, mut gives) = treatment(placed.kind, ledger.rules.switches);
    if placed.partner.is_some() {
        (gets, gives) = (Gets::Nothing, Gives::Nothing);
    }
    let acquired = row.received.as_ref().filter(|(_, asset)| match gets {
        Gets::Nothing => false,
        Gets::AsIncome => true,
        _ => !is_fiat(asset),
    });
    let crypto_sent = row.sent.as_ref().filter(|(_, asset)| !is_fiat(asset));
    let disposed = crypto_sent.filter(|_| gives != Gives::Nothing);
    let travelling = placed.partner.as_ref().filter(|_| crypto_sent.is_some());
    let mut work = Work {
        ledger,
        row,
        kind: placed.kind,
        fee: Fee::Money,
        told: told(placed, ledger),
        effects: Effects::default(),
    };
    let with_lot = acquired.filter(|(_, asset)| !is_fiat(asset));
    work.fee = work.how_the_fee_is_borne(
        with_lot,
        disposed.or(crypto_sent.filter(|_| travelling.is_some())),
    );
    work.find_values(placed);
    if let Some(leg) = acquired {
        work.acquire(leg, gets, disposed.is_some());
    }
    if let Some(leg) = disposed {
        work.dispose(leg, gives);
    }
    if let (Some(leg), Some(partner)) = (crypto_sent, travelling) {
        work.lose_on_the_way(leg, partner);
    }
    work.dispose_of_fee();
    if acquired.is_none() && disposed.is_none() {
        work.effects.moved = work.moved();
    }
    work.effects
}

impl Work<'_> {
    fn how_the_fee_is_borne(&self, acquired: Option<&Leg>, disposed: Option<&Leg>) -> Fee {
        let Some((amount, asset)) = &self.row.fee else {
            return Fee::Money;
        };
        if is_fiat(asset) {
            return Fee::Money;
        }
        if disposed.is_some_and(|(_, sent)| sent == asset) {
            return Fee::MoreSent;
        }
        match acquired {
            Some((received, same)) if same == asset && received > amount => Fee::LessReceived,
            _ => Fee::Apart,
        }
    }

    /// What an amount is worth at the price of the row's day.
    fn worth(&self, (amount, asset): &Leg) -> Option<Number> {
        if *asset == self.ledger.rules.base {
            return Some(amount.clone());
        }
        if let Some(told) = self.told.as_ref().filter(|told| told.asset == *asset) {
            return Some(amount * &told.price);
        }
        let price = self
            .ledger
            .prices
            .get(&(asset.clone(), self.row.utc_day()))?;
        Some(amount * price)
    }

    /// The row's value, where something follows from it, and its fee's.
    fn find_values(&mut self, placed: &Placed) {
        let legs: Vec<&Leg> = self.row.sent.iter().chain(&self.row.received).collect();
        let used = match self.kind {
            "deposit" | "withdrawal" => {
                placed.partner.is_none() && legs.iter().any(|(_, asset)| !is_fiat(asset))
            }
            kind => {
                !legs.is_empty()
                    && treatment(kind, self.ledger.rules.switches)
                        != (Gets::Nothing, Gives::Nothing)
            }
        };
        if used {
            self.effects.value = self.value(&legs);
            if self.told.is_none() {
                self.effects.contradictions = self.contradictions(&legs);
            }
        }
        if matches!(self.fee, Fee::Money | Fee::Apart) {
            self.effects.fee_value = self.fee_value(legs.is_empty());
        }
    }

    /// What the user gave a price of, Net Worth, a leg in the base currency, another fiat leg, what was sent, what was received.
    fn value(&self, legs: &[&Leg]) -> Option<(Number, String)> {
        let base = |leg: &&&Leg| leg.1 == self.ledger.rules.base;
        let fiat = |leg: &&&Leg| is_fiat(&leg.1);
        let told = |leg: &&&Leg| self.told.as_ref().is_some_and(|told| told.asset == leg.1);
        let mut sources: Vec<(&Leg, &'static str)> = Vec::new();
        sources.extend(legs.iter().find(told).map(|leg| (*leg, "")));
        sources.extend(self.row.net_worth.iter().map(|leg| (leg, "net_worth")));
        sources.extend(legs.iter().filter(base).map(|leg| (*leg, "base_leg")));
        sources.extend(legs.iter().filter(fiat).map(|leg| (*leg, "fiat_leg")));
        sources.extend(legs.iter().map(|leg| (*leg, "")));
        let mut values = sources
            .into_iter()
            .filter_map(|(leg, what)| Some((self.worth(leg)?, self.source(what, &leg.1))));
        values.next()
    }

    /// What was valued and by whose price: every price of the model is the user's own.
    fn source(&self, what: &str, asset: &str) -> String {
        let told = self.told.as_ref().filter(|told| told.asset == asset);
        let price = match asset {
            _ if told.is_some() => told.map_or("", |told| &told.source),
            asset if asset == self.ledger.rules.base => "",
            asset if is_fiat(asset) => "fx:own",
            _ => "price:own",
        };
        let said = [what, price].into_iter().filter(|said| !said.is_empty());
        said.collect::<Vec<_>>().join("+")
    }

    /// Legs too far apart, and Net Worth too far off the price of the first leg that has one; never
    /// by a cent.
    fn contradictions(&self, legs: &[&Leg]) -> Vec<(&'static str, String)> {
        let rules = &self.ledger.rules;
        let apart = |one: &Number, two: &Number, of: &Number, percent: u32| {
            let difference = &(one - two).abs() * &Number::whole(100);
            difference > Number::whole(1) && difference > of * &Number::whole(percent.into())
        };
        let valued = legs
            .iter()
            .filter_map(|leg| Some((&leg.1, self.worth(leg)?)));
        let valued: Vec<(&String, Number)> = valued.collect();
        let mut found = Vec::new();
        if let [(_, sent), (asset, received)] = valued.as_slice()
            && apart(sent, received, sent.max(received), rules.mismatch_percent)
        {
            found.push(("value_mismatch", (*asset).clone()));
        }
        let said = self.row.net_worth.as_ref().and_then(|leg| self.worth(leg));
        let priced = valued.iter().find(|(asset, _)| **asset != rules.base);
        if let (Some(said), Some((asset, value))) = (said, priced)
            && apart(&said, value, value, rules.outlier_percent)
        {
            found.push(("price_outlier", (*asset).clone()));
        }
        found
    }

    /// On a bare fee what the user gave a price of; Fee Worth, on a bare fee Net Worth, the fee itself.
    fn fee_value(&self, bare: bool) -> Option<Number> {
        let fee = self.row.fee.as_ref()?;
        let net_worth = self.row.net_worth.as_ref().filter(|_| bare);
        let told = Some(fee).filter(|_| bare && self.told.is_some());
        let sources = [told, self.row.fee_worth.as_ref(), net_worth, Some(fee)];
        sources
            .into_iter()
            .flatten()
            .find_map(|leg| self.worth(leg))
    }

    /// The fee as part of a cost or of proceeds: 0 where it is a quantity of the row's own assets.
    fn counted_fee(&mut self) -> Option<Number> {
        let Some((_, asset)) = self
            .row
            .fee
            .as_ref()
            .filter(|_| matches!(self.fee, Fee::Money | Fee::Apart))
        else {
            return Some(Number::default());
        };
        if self.effects.fee_value.is_none() {
            self.miss(asset);
        }
        self.effects.fee_value.clone()
    }

    fn miss(&mut self, asset: &str) {
        if !self.effects.unpriced.iter().any(|known| known == asset) {
            self.effects.unpriced.push(asset.to_owned());
        }
    }

    fn acquire(&mut self, (amount, asset): &Leg, gets: Gets, swap: bool) {
        let value = self.effects.value.as_ref().map(|(value, _)| value.clone());
        let mut cost = Number::default();
        if gets != Gets::Free {
            if value.is_none() {
                self.miss(asset);
            }
            cost = value.clone().unwrap_or_default();
        }
        if gets == Gets::AtCost && !swap {
            cost = &cost + &self.counted_fee().unwrap_or_default();
        }
        if gets == Gets::AsIncome {
            self.effects.income = value;
        }
        let kept = match (&self.row.fee, self.fee) {
            (Some((fee, _)), Fee::LessReceived) => amount - fee,
            _ => amount.clone(),
        };
        self.effects.acquisition = Some(Acquisition {
            asset: asset.clone(),
            quantity: kept,
            cost,
            unpriced: !self.effects.unpriced.is_empty(),
            lot: !is_fiat(asset),
        });
    }

    /// What leaves: the amount sent, and the fee where it is of the same asset.
    fn leaving(&self, amount: &Number) -> Number {
        match (&self.row.fee, self.fee) {
            (Some((fee, _)), Fee::MoreSent) => amount + fee,
            _ => amount.clone(),
        }
    }

    fn dispose(&mut self, (amount, asset): &Leg, gives: Gives) {
        let proceeds = match gives {
            Gives::Nothing => return,
            Gives::AtCost => Proceeds::Cost,
            Gives::ForNothing => Proceeds::Known(Number::default()),
            Gives::AtValue => self.proceeds(),
        };
        let quantity = self.leaving(amount);
        self.plan(asset, self.kind, quantity, proceeds);
    }

    /// The value less the fee; without one of them there are none.
    fn proceeds(&mut self) -> Proceeds {
        let fee = self.counted_fee();
        if self.effects.value.is_none() {
            let legs = self.row.sent.iter().chain(&self.row.received);
            let crypto = legs.into_iter().find(|(_, asset)| !is_fiat(asset));
            self.miss(&crypto.unwrap().1);
        }
        match (&self.effects.value, fee) {
            (Some((value, _)), Some(fee)) => Proceeds::Known(value - &fee),
            _ => Proceeds::Unpriced,
        }
    }

    /// A transfer costs what was sent and did not arrive.
    fn lose_on_the_way(&mut self, (amount, asset): &Leg, partner: &Partner) {
        let lost = &self.leaving(amount) - &partner.amount;
        if lost.is_zero() || lost.is_negative() {
            return;
        }
        let proceeds = match self.lost_value(amount, asset, &lost) {
            Some(value) => Proceeds::Known(value),
            None => {
                self.miss(asset);
                Proceeds::Unpriced
            }
        };
        self.plan(asset, "transfer_fee", lost, proceeds);
    }

    /// The fee for what the file says it is worth; the rest by price, else by its share of Net Worth.
    fn lost_value(&self, sent: &Number, asset: &str, lost: &Number) -> Option<Number> {
        let stated = match (&self.row.fee, &self.row.fee_worth) {
            (Some((fee, same)), Some(worth)) if same == asset && fee <= lost => {
                self.worth(worth).map(|worth| (fee.clone(), worth))
            }
            _ => None,
        };
        let (fee, fee_worth) = stated.unwrap_or_default();
        let rest = lost - &fee;
        if rest.is_zero() {
            return Some(fee_worth);
        }
        let by_share = || {
            let net_worth = self.worth(self.row.net_worth.as_ref()?)?;
            Some(net_worth.share(&rest, sent))
        };
        let value = self
            .worth(&(rest.clone(), asset.to_owned()))
            .or_else(by_share)?;
        Some(&fee_worth + &value)
    }

    fn dispose_of_fee(&mut self) {
        let (Some((amount, asset)), Fee::Apart) = (&self.row.fee, self.fee) else {
            return;
        };
        let proceeds = match self.effects.fee_value.clone() {
            Some(value) => Proceeds::Known(value),
            None => {
                self.miss(asset);
                Proceeds::Unpriced
            }
        };
        let bare = self.row.sent.is_none() && self.row.received.is_none();
        let kind = if bare { self.kind } else { "fee" };
        self.plan(asset, kind, amount.clone(), proceeds);
    }

    fn plan(&mut self, asset: &str, kind: &'static str, quantity: Number, proceeds: Proceeds) {
        self.effects.disposals.push(Planned {
            asset: asset.to_owned(),
            kind,
            quantity,
            proceeds,
        });
    }

    /// What is counted of a neutral row: its legs, or its fee when it is a bare fee in money.
    fn moved(&self) -> Vec<Leg> {
        let legs: Vec<Leg> = self
            .row
            .sent
            .iter()
            .chain(&self.row.received)
            .cloned()
            .collect();
        if !legs.is_empty() {
            return legs;
        }
        let fee = self.row.fee.iter().filter(|(_, asset)| is_fiat(asset));
        fee.cloned().collect()
    }
}
