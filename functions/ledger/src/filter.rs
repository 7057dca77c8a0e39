//! Which rows a reader wants, and which segments cannot have any.

use std::str::FromStr;

use domain::asset::Asset;
use domain::ids::{Account, InvalidName};
use domain::limits::{DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS};
use domain::read_rows::{IssueCode, TransactionRow};
use domain::revision::SegmentEntry;
use domain::rows::Kind;
use domain::section_104::{DayDisposal, DayKey};
use domain::time::{DAY_US, Day, Instant};
use lambda::params::{Paging, Params};

use crate::page::Found;

/// A bound in time. A date means the tax day, an instant means the row's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A tax day; as `to` the whole day belongs to it.
    Day(Day),
    /// An instant; as `to` it is the first that does not belong to it.
    At(Instant),
}

/// Which rows a reader wants: those that fit every filter that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    from: Option<Bound>,
    to: Option<Bound>,
    account: Option<Account>,
    asset: Option<Asset>,
    kind: Option<Kind>,
    issue: Option<IssueCode>,
    has_issue: Option<bool>,
    unmatched: Option<bool>,
    disposal: Option<DayKey>,
    disposes: bool,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Which rows.
    pub(crate) filter: Filter,
    /// How many at most.
    pub(crate) limit: u32,
    /// Where the page before ended.
    pub(crate) cursor: Option<String>,
}

impl Asked {
    /// Reads the parameters of a page.
    pub(crate) fn read(params: &mut Params) -> Self {
        let filter = Filter {
            from: params.parsed("from", bound),
            to: params.parsed("to", bound),
            account: params.parsed("account", name),
            asset: params.parsed("asset", name),
            kind: params.parsed("type", kind),
            issue: params.parsed("issue", issue),
            has_issue: params.flag("has_issue"),
            unmatched: params.flag("unmatched"),
            disposal: params.parsed("disposal", |text| {
                text.parse().map_err(|error| format!("{error}"))
            }),
            disposes: false,
        };
        let Paging { limit, cursor } = params.paging(DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS);
        Self {
            filter,
            limit,
            cursor,
        }
    }
}

/// An account or an asset.
pub(crate) fn name<T: FromStr<Err = InvalidName>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: InvalidName| error.to_string())
}

fn bound(text: &str) -> Result<Bound, String> {
    if text.len() == "2024-12-31".len() {
        if let Ok(date) = text.parse::<jiff::civil::Date>() {
            return Ok(Bound::Day(Day::of(date)));
        }
    } else if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Bound::At(Instant(at.as_microsecond())));
    }
    Err(
        "must be a date such as 2024-12-31 or a time with its offset such as 2024-12-31T00:00:00Z"
            .to_owned(),
    )
}

fn kind(text: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.name() == text);
    found.ok_or_else(|| {
        format!(
            "is no type; the types are {}",
            Kind::ALL.map(Kind::name).join(", ")
        )
    })
}

fn issue(text: &str) -> Result<IssueCode, String> {
    let found = IssueCode::ALL.into_iter().find(|code| code.name() == text);
    found.ok_or_else(|| {
        format!(
            "is no issue; the issues are {}",
            IssueCode::ALL.map(IssueCode::name).join(", ")
        )
    })
}

impl Filter {
    /// The same, for rows with an issue only.
    pub(crate) fn with_issues(self) -> Self {
        Self {
            has_issue: Some(true),
            ..self
        }
    }

    /// The same, for rows with disposals of their own only.
    pub(crate) fn with_disposals(self) -> Self {
        Self {
            disposes: true,
            ..self
        }
    }

    /// Whether it asks for what only a transaction has: an account, a type, a match.
    pub(crate) fn is_of_rows(&self) -> bool {
        self.account.is_some() || self.kind.is_some() || self.unmatched.is_some()
    }

    /// The asset that is asked for.
    pub(crate) fn asset(&self) -> Option<&Asset> {
        self.asset.as_ref()
    }

    /// Whether every row is wanted.
    pub(crate) fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// The issue that is asked for.
    pub(crate) fn issue(&self) -> Option<IssueCode> {
        self.issue
    }

    /// The filter as text, the same for the same filter: part of what a cursor is bound to.
    pub(crate) fn canonical(&self) -> String {
        format!("{self:?}")
    }

    /// Whether a row of either table is wanted.
    pub(crate) fn wants_found(&self, found: &Found) -> bool {
        match found {
            Found::Row(row) => self.wants(row),
            Found::Day(day) => self.wants_day(day),
        }
    }

    /// Whether a disposal of section 104 is wanted. It is of a day and of all accounts: an instant
    /// means its day of UTC, and what only a transaction has fits none.
    fn wants_day(&self, day: &DayDisposal) -> bool {
        let has = |code: IssueCode| day.issues.iter().any(|issue| issue.code == code);
        let day_of = |bound| match bound {
            Bound::Day(day) => day,
            Bound::At(at) => at.utc_day(),
        };
        let key = &day.key;
        !self.is_of_rows()
            && self.from.is_none_or(|from| key.day >= day_of(from))
            && self.to.is_none_or(|to| key.day <= day_of(to))
            && self.asset.as_ref().is_none_or(|asset| key.asset == *asset)
            && self.disposal.as_ref().is_none_or(|wanted| key == wanted)
            && self.issue.is_none_or(has)
            && self
                .has_issue
                .is_none_or(|wanted| wanted != day.issues.is_empty())
    }

    /// Whether a row is wanted.
    fn wants(&self, row: &TransactionRow) -> bool {
        self.wants_time(row)
            && self
                .account
                .as_ref()
                .is_none_or(|account| row.account == *account)
            && self
                .asset
                .as_ref()
                .is_none_or(|asset| has_asset(row, asset))
            && self.kind.is_none_or(|kind| row.kind == kind)
            && self
                .issue
                .is_none_or(|code| row.issues.iter().any(|issue| issue.code == code))
            && self
                .has_issue
                .is_none_or(|wanted| wanted != row.issues.is_empty())
            && self.unmatched.is_none_or(|wanted| {
                wanted == row.issues.iter().any(|issue| is_unmatched(issue.code))
            })
            && self
                .disposal
                .as_ref()
                .is_none_or(|key| is_part_of(row, key))
            && !(self.disposes && row.disposals.is_empty())
    }

    fn wants_time(&self, row: &TransactionRow) -> bool {
        let after = match self.from {
            None => true,
            Some(Bound::Day(day)) => row.date >= day,
            Some(Bound::At(at)) => row.at >= at,
        };
        after
            && match self.to {
                None => true,
                Some(Bound::Day(day)) => row.date <= day,
                Some(Bound::At(at)) => row.at < at,
            }
    }

    /// Whether a segment can have rows that are wanted, as its directory tells: transactions, or
    /// `days` that section 104 decided.
    pub(crate) fn may_be_in(&self, entry: &SegmentEntry, days: bool) -> bool {
        if days {
            self.may_have_days(entry)
        } else {
            self.may_have_rows(entry)
        }
    }

    fn may_have_days(&self, entry: &SegmentEntry) -> bool {
        let facts = &entry.facts.days;
        let Some((first, last)) = facts.span else {
            return false;
        };
        let wanted = self.disposal.as_ref();
        let key =
            |key: &DayKey| (first..=last).contains(&key.day) && has(&facts.assets, &key.asset);
        !self.is_of_rows()
            && wanted.is_none_or(key)
            && self
                .asset
                .as_ref()
                .is_none_or(|asset| has(&facts.assets, asset))
    }

    /// A tax day may lie up to a day to either side of the day of UTC.
    fn may_have_rows(&self, entry: &SegmentEntry) -> bool {
        let (segment, facts) = (&entry.segment, &entry.facts);
        let ends_before = |bound| match bound {
            Bound::Day(day) => segment.to <= day.start().plus_us(-DAY_US),
            Bound::At(at) => segment.to <= at,
        };
        let begins_behind = |bound| match bound {
            Bound::Day(day) => segment.from >= day.start().plus_us(2 * DAY_US),
            Bound::At(at) => segment.from >= at,
        };
        let has_code =
            |wanted: &dyn Fn(IssueCode) -> bool| facts.issues.iter().any(|(code, _)| wanted(*code));
        !self.from.is_some_and(ends_before)
            && !self.to.is_some_and(begins_behind)
            && self
                .account
                .as_ref()
                .is_none_or(|account| facts.accounts.binary_search(account).is_ok())
            && self
                .asset
                .as_ref()
                .is_none_or(|asset| has(&facts.assets, asset))
            && self.disposal.as_ref().is_none_or(|key| {
                let day = Bound::Day(key.day);
                has(&facts.assets, &key.asset) && !ends_before(day) && !begins_behind(day)
            })
            && self
                .kind
                .is_none_or(|kind| facts.kinds.binary_search(&kind).is_ok())
            && self
                .issue
                .is_none_or(|wanted| has_code(&|code| code == wanted))
            && (self.has_issue != Some(true) || has_code(&|_| true))
            && (self.unmatched != Some(true) || has_code(&is_unmatched))
    }
}

fn has(sorted: &[Asset], asset: &Asset) -> bool {
    sorted.binary_search(asset).is_ok()
}

/// Whether a row is part of what was disposed of on a tax day.
fn is_part_of(row: &TransactionRow, key: &DayKey) -> bool {
    let mut shares = row.day_shares.iter();
    row.date == key.day && shares.any(|share| share.asset == key.asset)
}

fn has_asset(row: &TransactionRow, asset: &Asset) -> bool {
    [&row.sent, &row.received, &row.fee]
        .into_iter()
        .flatten()
        .any(|leg| leg.asset == *asset)
}

fn is_unmatched(code: IssueCode) -> bool {
    matches!(
        code,
        IssueCode::UnmatchedDeposit | IssueCode::UnmatchedWithdrawal
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::revision::DayFacts;
    use proptest::prelude::*;

    use super::*;
    use crate::world::{day, row, segment_of, share};

    fn asked(given: &[(&str, &str)]) -> Filter {
        let mut params = Params::new(
            given
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        );
        let asked = Asked::read(&mut params);
        params.finish().unwrap();
        asked.filter
    }

    fn is_refused(name: &str, value: &str) -> bool {
        let mut params = Params::new(vec![(name.to_owned(), value.to_owned())]);
        Asked::read(&mut params);
        params.finish().is_err()
    }

    #[test]
    fn each_filter_alone_takes_the_rows_it_names() {
        let row = row(1, 2, 19_723);
        for (name, value, wanted) in [
            ("from", "2024-01-01", true),
            ("from", "2024-01-02", false),
            ("to", "2024-01-01", true),
            ("to", "2023-12-31", false),
            ("from", "2024-01-01T00:00:00Z", true),
            ("to", "2024-01-01T00:00:00Z", false),
            ("account", "Kraken", true),
            ("account", "Ledger", false),
            ("asset", "usd", true),
            ("asset", "ETH", false),
            ("type", "buy", true),
            ("type", "sell", false),
            ("has_issue", "false", true),
            ("has_issue", "true", false),
            ("unmatched", "false", true),
            ("unmatched", "true", false),
            ("issue", "unpriced", false),
        ] {
            assert_eq!(
                asked(&[(name, value)]).wants(&row),
                wanted,
                "{name}={value}"
            );
        }
    }

    #[test]
    fn a_disposal_of_a_day_is_found_by_its_key_and_its_rows_too() {
        let mut row = row(1, 2, 19_723);
        row.day_shares = vec![share()];
        let day = day(19_723, 0);
        for (name, value, of_row, of_day) in [
            ("disposal", "btc:2024-01-01", true, true),
            ("disposal", "BTC:2024-01-02", false, false),
            ("disposal", "ETH:2024-01-01", false, false),
            ("asset", "BTC", true, true),
            ("from", "2024-01-02", false, false),
            ("to", "2024-01-01", true, true),
            ("from", "2024-01-01T12:00:00Z", false, true),
            ("account", "Kraken", true, false),
            ("type", "buy", true, false),
            ("has_issue", "true", false, true),
            ("issue", "missing_cost_basis", false, true),
        ] {
            let filter = asked(&[(name, value)]);
            assert_eq!(filter.wants(&row), of_row, "{name}={value}");
            assert_eq!(filter.wants_day(&day), of_day, "{name}={value}");
            let mut entry = segment_of(0, std::slice::from_ref(&row));
            entry.facts.days = DayFacts::of(std::slice::from_ref(&day));
            assert!(!of_row || filter.may_be_in(&entry, false), "{name}={value}");
            assert!(!of_day || filter.may_be_in(&entry, true), "{name}={value}");
        }
        row.day_shares.clear();
        assert!(!asked(&[("disposal", "BTC:2024-01-01")]).wants(&row));
        assert!(!Filter::default().with_disposals().wants(&row));
    }

    #[test]
    fn odd_values_are_refused() {
        for (name, value) in [
            ("from", "01/02/2024"),
            ("to", "2024-13-01"),
            ("type", "trade"),
            ("issue", "bad"),
            ("limit", "0"),
            ("limit", "1001"),
            ("has_issue", "1"),
            ("asset", "a b"),
            ("disposal", "BTC"),
            ("disposal", "BTC:2024-13-01"),
        ] {
            assert!(is_refused(name, value), "{name}={value}");
        }
    }

    proptest! {
        #[test]
        fn a_segment_that_is_skipped_has_no_row_that_is_wanted(
            days in proptest::collection::vec(19_700i32..19_760, 1..20),
            shift in -1i32..2,
            from in 19_690i32..19_770, to in 19_690i32..19_770,
            which in 0usize..5,
        ) {
            let mut rows: Vec<_> = (2..).zip(&days).map(|(line, day)| row(1, line, *day)).collect();
            for row in &mut rows {
                row.date = Day(row.date.0 + shift);
            }
            rows.sort_by_key(|row| row.at);
            let (from, to) = (Day(from).to_string(), Day(to).to_string());
            let other = [("account", "Kraken"), ("asset", "BTC"), ("type", "sell"), ("has_issue", "true"), ("unmatched", "true")];
            let filter = asked(&[("from", &from), ("to", &to), other[which]]);
            let entry = segment_of(0, &rows);
            prop_assert!(filter.may_be_in(&entry, false) || !rows.iter().any(|row| filter.wants(row)));
        }
    }
}
