//! What is known of a row before any lot is looked at: what it does, and what is written of it.

use super::effects::{self, Effects, is_money};
use super::governed::Governed;
use super::{Fold, issues, tax_day};
use crate::identity::RowIdentity;
use crate::order::Placed;
use crate::read_rows::{Decision, Issue, Stated, TransactionRow};
use crate::rows::{Kind, Row};
use crate::value::{Value, checks};

/// A row on its way: what it does, and what is written of it so far.
pub(super) struct Draft {
    pub(super) out: TransactionRow,
    pub(super) effects: Effects,
    /// Records of its file it is made of.
    pub(super) records: u32,
    /// The row, when all that the user says of it has come to something.
    pub(super) applied: Option<RowIdentity>,
}

impl Fold<'_> {
    pub(super) fn draft(&self, placed: Placed) -> Draft {
        let decision = self.decisions.get(&placed.row.row_ref()).copied();
        let duplicate_of = decision.and_then(|decision| decision.duplicate_of);
        let counts = duplicate_of.is_none();
        let ruling = counts.then(|| self.rulings.on(&placed)).flatten();
        let unnamed = placed.unnamed();
        let (name, mut row) = (placed.row.name(), placed.row.row);
        let governed = Governed::of(&row, ruling, self.prices);
        let in_file = std::mem::replace(&mut row.kind, governed.kind);
        let (mut effects, mut issues) = (Effects::default(), Vec::new());
        if !counts {
            issues.push(issues::duplicate());
        } else if !governed.ignored {
            (effects, issues) = self.look_at(&row, decision, &governed);
        }
        let partner = decision.and_then(|decision| decision.partner.clone());
        let out = TransactionRow {
            name,
            at: row.at,
            date: tax_day(&self.zone, row.at),
            account: row.account,
            kind: row.kind,
            sent: row.sent,
            received: row.received,
            fee: row.fee,
            value: effects.value.as_ref().map(|value| value.amount.clone()),
            value_source: effects.value.as_ref().map(Value::source_name),
            fee_value: effects.fee_value.clone(),
            income: effects.income.clone(),
            gain: None,
            duplicate_of,
            ignored: governed.ignored,
            partner,
            disposals: Vec::new(),
            day_shares: Vec::new(),
            balances: Vec::new(),
            issues,
            tx_hash: row.tx_hash,
            description: row.description,
            stated: Stated {
                unnamed,
                kind: (in_file != row.kind).then_some(in_file),
                net_worth: row.net_worth,
                fee_worth: row.fee_worth,
            },
        };
        Draft {
            out,
            effects,
            records: row.records,
            applied: governed.applied,
        }
    }

    /// What a row that counts does, and the issues that are plain before any lot is looked at.
    fn look_at(
        &self,
        row: &Row,
        decision: Option<&Decision>,
        governed: &Governed,
    ) -> (Effects, Vec<Issue>) {
        let partner = decision.and_then(|decision| decision.partner.as_ref());
        let prices = governed.prices.as_ref().unwrap_or(self.prices);
        let (mut effects, mut issues) = (Effects::default(), Vec::new());
        match effects::effects(row, partner, self.settings.switches, prices) {
            Ok(found) => effects = found,
            Err(_) => issues.push(issues::overflow(None)),
        }
        if governed.overflow {
            issues.push(issues::overflow(None));
        }
        self.note(row, decision, &effects, &mut issues);
        if partner.is_none() && governed.prices.is_none() {
            self.check(row, &mut issues);
        }
        (effects, issues)
    }

    fn note(
        &self,
        row: &Row,
        decision: Option<&Decision>,
        effects: &Effects,
        issues: &mut Vec<Issue>,
    ) {
        if let Some(other) = decision.and_then(|decision| decision.same_content.as_ref()) {
            issues.push(issues::same_content(other));
        }
        let leg = match row.kind {
            Kind::Deposit => row.received.as_ref(),
            Kind::Withdrawal => row.sent.as_ref(),
            _ => None,
        };
        let matched = decision.is_some_and(|decision| decision.partner.is_some());
        let base = self.prices.base();
        if let Some(leg) = leg.filter(|leg| !matched && !is_money(&leg.asset, base)) {
            let reason = decision.and_then(|decision| decision.unmatched);
            issues.push(issues::unmatched(row.kind, leg, reason));
        }
        for missing in &effects.unpriced {
            issues.push(issues::unpriced(missing, base, row.at.utc_day()));
        }
    }

    /// What the row says it is worth, beside what prices say; of a row whose price the user gave, that
    /// is settled. Of amounts that are too long to be compared nothing is found: their row says
    /// `overflow`.
    fn check(&self, row: &Row, issues: &mut Vec<Issue>) {
        let bounds = &self.settings.checks;
        let Ok(findings) = checks::check(row, self.prices, bounds) else {
            return;
        };
        let base = self.prices.base();
        let mismatch = findings.mismatch.as_ref();
        issues.extend(mismatch.map(|it| issues::value_mismatch(it, base, bounds.mismatch_percent)));
        let outlier = findings.outlier.as_ref();
        issues.extend(outlier.map(|it| issues::price_outlier(it, base, bounds.outlier_percent)));
    }
}
