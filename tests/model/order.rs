//! The total order, duplicates and transfers (domain section 4): every pair of rows is looked at.

use std::cmp::Reverse;

use crate::answer::Partner;
use crate::border;
use crate::ledger::{Entry, HOUR, Ledger, Leg, Place, Rules, is_fiat};
use crate::number::Number;
use crate::said::{self, Said, Saying};

/// A row of the ledger in its place, with all that is said of it before any amount is computed.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) row: Entry,
    pub(crate) kind: &'static str,
    content: [u8; 16],
    /// How many equal rows stand before it in its file.
    nth: usize,
    pub(crate) duplicate_of: Option<Place>,
    pub(crate) same_content: Option<Place>,
    pub(crate) partner: Option<Partner>,
    pub(crate) unmatched: Option<&'static str>,
    /// What is said of it; nothing of a duplicate.
    pub(crate) said: Said,
    /// Its partner is the one its user names.
    linked: bool,
}

/// Time, rank, account, ID, content, occurrence, upload, line.
type Key = (i64, u8, String, Option<String>, [u8; 16], usize, Place);

impl Placed {
    fn key(&self) -> Key {
        let Entry {
            at,
            account,
            id,
            place,
            ..
        } = &self.row;
        (
            *at,
            rank(&self.row),
            account.clone(),
            id.clone(),
            self.content,
            self.nth,
            *place,
        )
    }

    /// What the user knows the row by.
    pub(crate) fn identity(&self) -> String {
        let (hash, nth) = match border::named(&self.row) {
            Some(hash) => (hash, 0),
            None => (self.content, self.nth),
        };
        let number = if nth == 0 {
            String::new()
        } else {
            format!(".{nth}")
        };
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hash}.{}{number}", self.row.at)
    }

    /// Whether it moves anything.
    pub(crate) fn counts(&self) -> bool {
        self.duplicate_of.is_none() && !self.said.ignore
    }

    /// The leg that is moved by a deposit or a withdrawal.
    fn moved(&self) -> Option<&Leg> {
        let leg = match self.kind {
            "deposit" => self.row.received.as_ref(),
            "withdrawal" => self.row.sent.as_ref(),
            _ => None,
        };
        leg.filter(|_| self.counts())
    }

    /// The leg by which it can be an end of a transfer that nobody names.
    fn end(&self) -> Option<&Leg> {
        self.moved()
            .filter(|(_, asset)| !self.linked && !is_fiat(asset))
    }

    fn amount(&self) -> &Number {
        &self.moved().unwrap().0
    }

    fn same_hash(&self, other: &Self) -> bool {
        self.row.hash.is_some() && self.row.hash == other.row.hash
    }
}

/// 0 acquires, 1 exchanges like for like, 2 disposes.
fn rank(row: &Entry) -> u8 {
    let fiat = |leg: &Option<Leg>| leg.as_ref().map(|(_, asset)| is_fiat(asset));
    match (fiat(&row.sent), fiat(&row.received)) {
        (None | Some(true), Some(false)) | (None, Some(true)) => 0,
        (_, None) | (Some(false), Some(true)) => 2,
        _ => 1,
    }
}

/// Rows with their kinds, in the total order, with their duplicates and transfers.
pub(crate) fn reconciled(rows: Vec<(Entry, &'static str)>, ledger: &Ledger) -> Vec<Placed> {
    let rules = &ledger.rules;
    let mut rows = placed(rows);
    find_duplicates(&mut rows);
    hear(&mut rows, &ledger.said);
    find_same_content(&mut rows);
    link(&mut rows);
    match_transfers(&mut rows, rules);
    give_reasons(&mut rows, rules);
    rows
}

/// What is said of each row is known from here on: neither place nor duplicates depend on it.
fn hear(rows: &mut [Placed], sayings: &[(String, Saying)]) {
    let said = said::by_row(sayings);
    for row in rows.iter_mut().filter(|row| row.duplicate_of.is_none()) {
        row.said = said.get(&row.identity()).cloned().unwrap_or_default();
        let labelled = said::kind_under(row.said.label.as_ref(), &row.row);
        row.kind = labelled.unwrap_or(row.kind);
    }
}

/// Makes those links that can be: of a withdrawal and a deposit of one asset that is no more.
fn link(rows: &mut [Placed]) {
    let partners: Vec<Option<Partner>> = (0..rows.len())
        .map(|n| {
            let named = |other: &&Placed| {
                other.duplicate_of.is_none() && rows[n].said.link == Some(other.identity())
            };
            let (row, other) = (&rows[n], rows.iter().find(named)?);
            let (Some((_, one)), Some((_, two))) = (row.moved(), other.moved()) else {
                return None;
            };
            let (sent, arrived) = match row.kind {
                "withdrawal" => (row.amount(), other.amount()),
                _ => (other.amount(), row.amount()),
            };
            let can_be = row.kind != other.kind && one == two && arrived <= sent;
            can_be.then(|| as_partner(other))
        })
        .collect();
    for (row, partner) in rows.iter_mut().zip(partners) {
        row.linked = partner.is_some();
        row.partner = partner;
    }
}

pub(crate) fn placed(rows: Vec<(Entry, &'static str)>) -> Vec<Placed> {
    let contents: Vec<[u8; 16]> = rows
        .iter()
        .map(|(row, kind)| border::content(row, kind))
        .collect();
    let mut placed = Vec::new();
    for (n, (row, kind)) in rows.iter().enumerate() {
        let before = |m: &usize| {
            let other = &rows[*m].0;
            other.place.0 == row.place.0
                && other.place.1 < row.place.1
                && other.id == row.id
                && contents[*m] == contents[n]
        };
        placed.push(Placed {
            row: row.clone(),
            kind,
            content: contents[n],
            nth: (0..rows.len()).filter(before).count(),
            duplicate_of: None,
            same_content: None,
            partner: None,
            unmatched: None,
            said: Said::default(),
            linked: false,
        });
    }
    placed.sort_by_key(Placed::key);
    placed
}

fn find_duplicates(rows: &mut [Placed]) {
    for n in 0..rows.len() {
        let row = &rows[n];
        let repeats = |other: &&Placed| match (&other.row.id, &row.row.id) {
            (Some(one), Some(two)) => one == two && other.row.account == row.row.account,
            (None, None) => {
                other.content == row.content
                    && other.nth == row.nth
                    && other.row.place.0 != row.row.place.0
            }
            _ => false,
        };
        rows[n].duplicate_of = rows[..n].iter().find(repeats).map(|first| first.row.place);
    }
}

fn find_same_content(rows: &mut [Placed]) {
    for n in 0..rows.len() {
        let row = &rows[n];
        let counted = |other: &&Placed| other.counts() && other.content == row.content;
        let first = rows[..n].iter().find(counted);
        let other_id = first.filter(|first| first.row.id != row.row.id && row.counts());
        rows[n].same_content = other_id.map(|first| first.row.place);
    }
}

/// Deposits choose in the total order.
fn match_transfers(rows: &mut [Placed], rules: &Rules) {
    for d in 0..rows.len() {
        let deposit = &rows[d];
        if deposit.kind != "deposit" || deposit.end().is_none() {
            continue;
        }
        let free = |w: &usize| {
            rows[*w].partner.is_none()
                && opposite(&rows[*w], deposit)
                && failed_check(&rows[*w], deposit, rules).is_none()
        };
        let Some(w) = (0..rows.len())
            .filter(free)
            .min_by_key(|w| preference(&rows[*w], deposit, *w))
        else {
            continue;
        };
        let (withdrawal, deposit) = (as_partner(&rows[w]), as_partner(deposit));
        rows[w].partner = Some(deposit);
        rows[d].partner = Some(withdrawal);
    }
}

fn as_partner(end: &Placed) -> Partner {
    Partner {
        place: end.row.place,
        account: end.row.account.clone(),
        at: end.row.at,
        amount: end.amount().clone(),
    }
}

/// Whether two rows are a withdrawal and a deposit of one asset.
fn opposite(one: &Placed, two: &Placed) -> bool {
    match (one.end(), two.end()) {
        (Some((_, first)), Some((_, second))) => one.kind != two.kind && first == second,
        _ => false,
    }
}

/// The best candidate has the least of these: equal hash, amount, gap, place.
fn preference(candidate: &Placed, end: &Placed, n: usize) -> (Reverse<bool>, Number, i64, usize) {
    let difference = (candidate.amount() - end.amount()).abs();
    let gap = (candidate.row.at - end.row.at).abs();
    (Reverse(candidate.same_hash(end)), difference, gap, n)
}

/// The first check that forbids the two ends to be one transfer.
fn failed_check(withdrawal: &Placed, deposit: &Placed, rules: &Rules) -> Option<&'static str> {
    let gap = deposit.row.at - withdrawal.row.at;
    let (sent, arrived) = (withdrawal.amount(), deposit.amount());
    let lost_percent = &(sent - arrived) * &Number::whole(100);
    let allowed = sent * &Number::whole(rules.max_loss_percent.into());
    let hashes_differ = withdrawal.row.hash.is_some()
        && deposit.row.hash.is_some()
        && !withdrawal.same_hash(deposit);
    let checks = [
        (
            "unlinked",
            withdrawal.said.unlink.contains(&deposit.identity()),
        ),
        (
            "same_account",
            withdrawal.row.account == deposit.row.account,
        ),
        ("deposit_first", gap < 0),
        ("too_far_apart", gap > i64::from(rules.window_hours) * HOUR),
        ("more_arrived", arrived > sent),
        ("too_much_missing", lost_percent > allowed),
        ("hash_differs", hashes_differ),
    ];
    checks
        .into_iter()
        .find(|(_, fails)| *fails)
        .map(|(reason, _)| reason)
}

/// Why each end that stayed alone did.
fn give_reasons(rows: &mut [Placed], rules: &Rules) {
    let reach = i64::from(rules.reason_hours) * HOUR;
    for n in 0..rows.len() {
        let end = &rows[n];
        if end.partner.is_some() || end.end().is_none() {
            continue;
        }
        let near =
            |m: &usize| opposite(&rows[*m], end) && (rows[*m].row.at - end.row.at).abs() <= reach;
        let best = (0..rows.len())
            .filter(near)
            .min_by_key(|m| preference(&rows[*m], end, *m));
        let reason = match best.map(|m| &rows[m]) {
            None => "no_candidate",
            Some(other) if end.kind == "deposit" => {
                failed_check(other, end, rules).unwrap_or("already_matched")
            }
            Some(other) => failed_check(end, other, rules).unwrap_or("already_matched"),
        };
        rows[n].unmatched = Some(reason);
    }
}
