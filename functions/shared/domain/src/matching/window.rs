//! The moving window: ends come in the total order, time passes, and each end's decision is given
//! once, as soon as nothing later can change it.
//!
//! An end has two spans. *In sight*, for `reason_hours`, it can be the candidate of an opposite end.
//! *Open*, for `window_hours`, a withdrawal can be taken by a deposit; a deposit chooses when it
//! comes and is never open after that. An unmatched end looks for its best candidate twice: among
//! what is in sight when it comes, and among what has come since when it leaves sight. It leaves the
//! window, and its decision is given, when both spans are over; a match is told when it is made.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::checks::{first_failed, hours_us, kept_apart};
use super::pool::Pool;
use super::{End, Place, Side, difference};
use crate::asset::Asset;
use crate::money::Decimal;
use crate::read_rows::{Decision, UnmatchedReason};
use crate::settings::MatchBounds;
use crate::time::Instant;

/// An end that later rows can still change, or whose presence can change later ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenEnd {
    end: End,
    state: MatchState,
    in_sight: bool,
    best: Option<Candidate>,
}

impl OpenEnd {
    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        self.end.place
    }
}

/// How far an end's own match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum MatchState {
    /// A deposit may still take it.
    Open,
    /// It stays alone; why is known when it leaves sight.
    Alone,
    /// It is matched and that has been told.
    Matched,
}

/// The best candidate found so far. The order of the fields is the order of the rule: less is
/// better.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Candidate {
    without_equal_hash: bool,
    difference: Decimal,
    gap_us: u64,
    place: Place,
    reason: UnmatchedReason,
}

/// A decision and the segment its row lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The row's segment.
    pub segment: u32,
    /// The decision.
    pub decision: Decision,
}

/// All ends of a ledger that are in sight or open.
#[derive(Debug)]
pub struct Window<'a> {
    bounds: &'a MatchBounds,
    ends: BTreeMap<Place, OpenEnd>,
    /// Ends in sight, the first to leave it first.
    in_sight: VecDeque<Place>,
    /// Withdrawals that were opened, the first to close first; some are matched by now.
    open: VecDeque<Place>,
    pools: BTreeMap<Asset, Pool>,
    decided: Vec<Decided>,
}

impl<'a> Window<'a> {
    /// The window as it was left.
    #[must_use]
    pub fn resume(ends: Vec<OpenEnd>, bounds: &'a MatchBounds) -> Self {
        let ends = ends
            .into_iter()
            .map(|open| (open.end.place, open))
            .collect();
        let mut window = Self {
            bounds,
            ends,
            in_sight: VecDeque::new(),
            open: VecDeque::new(),
            pools: BTreeMap::new(),
            decided: Vec::new(),
        };
        for (
            place,
            OpenEnd {
                end,
                state,
                in_sight,
                ..
            },
        ) in &window.ends
        {
            let pool = window.pools.entry(end.asset.clone()).or_default();
            if *in_sight {
                window.in_sight.push_back(*place);
                pool.shelf_mut(end.side).insert(end);
            }
            if *state == MatchState::Open {
                window.open.push_back(*place);
                pool.offer(end);
            }
        }
        window
    }

    /// What is still in sight or open, in the total order, and what was decided.
    #[must_use]
    pub fn leave(self) -> (Vec<OpenEnd>, Vec<Decided>) {
        (self.ends.into_values().collect(), self.decided)
    }

    /// Time has passed: every row before `now` has been seen, or every row there is without it.
    pub fn pass(&mut self, now: Option<Instant>) {
        let sight = hours_us(self.bounds.reason_hours);
        while let Some(place) = next_over(&mut self.in_sight, sight, now) {
            self.leave_sight(place);
        }
        let window = hours_us(self.bounds.window_hours);
        while let Some(place) = next_over(&mut self.open, window, now) {
            self.close(place);
        }
    }

    /// All ends of one instant come, in the total order. Time has passed up to it.
    pub fn arrive(&mut self, ends: Vec<End>) {
        let places: Vec<(Place, Side)> = ends.iter().map(|end| (end.place, end.side)).collect();
        for end in ends {
            self.admit(end);
        }
        for (place, side) in &places {
            if *side == Side::Deposit {
                self.choose(*place);
            }
        }
        for (place, _) in places {
            self.look_around(place);
        }
    }

    fn admit(&mut self, end: End) {
        let pool = self.pools.entry(end.asset.clone()).or_default();
        pool.shelf_mut(end.side).insert(&end);
        self.in_sight.push_back(end.place);
        let state = match end.side {
            Side::Deposit => MatchState::Alone,
            Side::Withdrawal => {
                pool.offer(&end);
                self.open.push_back(end.place);
                MatchState::Open
            }
        };
        let open = OpenEnd {
            end,
            state,
            in_sight: true,
            best: None,
        };
        self.ends.insert(open.end.place, open);
    }

    /// The deposit takes its withdrawal, if there is one for it.
    fn choose(&mut self, place: Place) {
        let Some(deposit) = self.ends.get(&place).map(|open| open.end.clone()) else {
            return;
        };
        let Some(pool) = self.pools.get_mut(&deposit.asset) else {
            return;
        };
        let ends = &self.ends;
        let allowed = |place: Place| {
            let withdrawal = ends.get(&place).map(|open| &open.end);
            withdrawal.is_some_and(|withdrawal| !kept_apart(withdrawal, &deposit))
        };
        let Some(chosen) = pool.choose(&deposit, self.bounds.max_loss_percent, &allowed) else {
            return;
        };
        let Some(withdrawal) = self.ends.get(&chosen).map(|open| open.end.clone()) else {
            return;
        };
        pool.withdraw(&withdrawal);
        for (end, partner) in [(&deposit, &withdrawal), (&withdrawal, &deposit)] {
            let mut decision = end.decision();
            decision.partner = Some(partner.as_partner());
            self.decided.push(Decided {
                segment: end.segment,
                decision,
            });
            if let Some(open) = self.ends.get_mut(&end.place) {
                open.state = MatchState::Matched;
            }
            self.leave_if_over(end.place);
        }
    }

    /// An end without a match looks for its best candidate among those in sight.
    fn look_around(&mut self, place: Place) {
        let Some(open) = self
            .ends
            .get(&place)
            .filter(|open| open.state != MatchState::Matched)
        else {
            return;
        };
        if let Some(found) = self.best_candidate(&open.end)
            && let Some(open) = self.ends.get_mut(&place)
            && open.best.as_ref().is_none_or(|best| found < *best)
        {
            open.best = Some(found);
        }
    }

    fn best_candidate(&self, end: &End) -> Option<Candidate> {
        let (opposite, bounds) = (end.side.opposite(), self.bounds);
        let place = self.pools.get(&end.asset)?.shelf(opposite).best_for(end)?;
        let other = &self.ends.get(&place)?.end;
        let failed = match end.side {
            Side::Withdrawal => first_failed(end, other, bounds),
            Side::Deposit => first_failed(other, end, bounds),
        };
        Some(Candidate {
            without_equal_hash: end.hash.is_none() || end.hash != other.hash,
            difference: difference(&end.amount, &other.amount),
            gap_us: end.place.at.0.abs_diff(place.at.0),
            place,
            reason: failed.unwrap_or(UnmatchedReason::AlreadyMatched),
        })
    }

    fn leave_sight(&mut self, place: Place) {
        self.look_around(place);
        if let Some(open) = self.ends.get_mut(&place) {
            open.in_sight = false;
            if let Some(pool) = self.pools.get_mut(&open.end.asset) {
                pool.shelf_mut(open.end.side).remove(&open.end);
            }
        }
        self.leave_if_over(place);
    }

    /// No deposit can take the withdrawal any more.
    fn close(&mut self, place: Place) {
        let open = self
            .ends
            .get_mut(&place)
            .filter(|open| open.state == MatchState::Open);
        if let Some(open) = open {
            open.state = MatchState::Alone;
            if let Some(pool) = self.pools.get_mut(&open.end.asset) {
                pool.withdraw(&open.end);
            }
            self.leave_if_over(place);
        }
    }

    /// Lets an end go that is neither in sight nor open, with its decision unless it was told.
    fn leave_if_over(&mut self, place: Place) {
        let over = |open: &&OpenEnd| !open.in_sight && open.state != MatchState::Open;
        if self.ends.get(&place).filter(over).is_none() {
            return;
        }
        let Some(OpenEnd {
            end, state, best, ..
        }) = self.ends.remove(&place)
        else {
            return;
        };
        if self.pools.get(&end.asset).is_some_and(Pool::is_empty) {
            self.pools.remove(&end.asset);
        }
        if state == MatchState::Alone {
            let mut decision = end.decision();
            let reason = best.map_or(UnmatchedReason::NoCandidate, |best| best.reason);
            decision.unmatched = Some(reason);
            self.decided.push(Decided {
                segment: end.segment,
                decision,
            });
        }
    }
}

impl Side {
    fn opposite(self) -> Self {
        match self {
            Self::Withdrawal => Self::Deposit,
            Self::Deposit => Self::Withdrawal,
        }
    }
}

/// Takes the first place whose span of `length_us` ends before `now`; any, when nothing comes after.
fn next_over(queue: &mut VecDeque<Place>, length_us: i64, now: Option<Instant>) -> Option<Place> {
    let first = queue.front()?;
    let over = now.is_none_or(|now| first.at.plus_us(length_us) < now);
    if over { queue.pop_front() } else { None }
}
