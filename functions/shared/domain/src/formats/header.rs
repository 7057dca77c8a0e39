//! Headers: which column of a format stands at which place of a file.

use crate::asset::Asset;
use crate::limits::MAX_COLUMNS;
use crate::quote::quote;

use super::error::FormatError;

/// Columns that our own files of refused records add, so that they can be corrected and come back:
/// they say nothing of a row.
const OURS: [&str; 3] = ["_line", "_code", "_message"];

/// A column that files of a format may have.
#[derive(Debug)]
pub(super) struct Column {
    /// How the header writes it. `{}` stands for what differs from file to file: a currency, an offset.
    pub(super) name: &'static str,
    /// Another way to write it.
    pub(super) alias: Option<&'static str>,
    /// Whether every file of the format has it.
    pub(super) mandatory: bool,
}

impl Column {
    pub(super) const fn mandatory(name: &'static str) -> Self {
        Self {
            name,
            alias: None,
            mandatory: true,
        }
    }

    pub(super) const fn optional(name: &'static str) -> Self {
        Self {
            name,
            alias: None,
            mandatory: false,
        }
    }

    pub(super) const fn or(self, alias: &'static str) -> Self {
        Self {
            alias: Some(alias),
            ..self
        }
    }

    fn is(&self, cell: &str) -> bool {
        let written = |name: &'static str| match name.split_once("{}") {
            Some(_) => filled(name, cell).is_some(),
            None => name.eq_ignore_ascii_case(cell),
        };
        written(self.name) || self.alias.is_some_and(written)
    }
}

/// What a cell has where a column's name has `{}`; `None` when it is not that column.
pub(super) fn filled<'a>(name: &str, cell: &'a str) -> Option<&'a str> {
    let (before, behind) = name.split_once("{}")?;
    let (start, rest) = cell.split_at_checked(before.len())?;
    let (middle, end) = rest.split_at_checked(rest.len().checked_sub(behind.len())?)?;
    let fits = start.eq_ignore_ascii_case(before) && end.eq_ignore_ascii_case(behind);
    (fits && !middle.is_empty() && !middle.contains(char::is_whitespace)).then_some(middle)
}

/// A header that fits a format.
#[derive(Debug)]
pub(super) struct Columns {
    /// For each column of the format, in its order, the place in the file.
    places: Vec<Option<usize>>,
    /// The cells as the file writes them, trimmed.
    cells: Vec<String>,
}

/// Why a record is no header of a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misfit {
    #[error("it has no column {}", quote(.0))]
    Missing(&'static str),
    #[error("it has a column {} that the format does not know", quote(.0))]
    Unknown(String),
    #[error("it has the column {} twice", quote(.0))]
    Twice(&'static str),
    #[error("it has more than {MAX_COLUMNS} columns")]
    TooWide,
}

impl Columns {
    /// Fits the cells of a header to the columns of a format.
    pub(super) fn of(known: &'static [Column], header: &[String]) -> Result<Self, Misfit> {
        if header.len() > MAX_COLUMNS {
            return Err(Misfit::TooWide);
        }
        let cells: Vec<String> = header.iter().map(|cell| trimmed(cell).to_owned()).collect();
        let mut places = vec![None; known.len()];
        for (place, cell) in cells.iter().enumerate() {
            let column = known
                .iter()
                .zip(&mut places)
                .find(|(column, _)| column.is(cell));
            match column {
                None if OURS.contains(&cell.as_str()) => {}
                None => return Err(Misfit::Unknown(cell.clone())),
                Some((column, Some(_))) => return Err(Misfit::Twice(column.name)),
                Some((_, free)) => *free = Some(place),
            }
        }
        let missing = known
            .iter()
            .zip(&places)
            .find(|(column, place)| column.mandatory && place.is_none());
        match missing {
            Some((column, _)) => Err(Misfit::Missing(column.name)),
            None => Ok(Self { places, cells }),
        }
    }

    /// The place of the format's `column`-th column in a record, if the file has it.
    pub(super) fn place(&self, column: usize) -> Option<usize> {
        self.places.get(column).copied().flatten()
    }

    /// The cell at `place`, as the file writes it.
    pub(super) fn cell(&self, place: usize) -> &str {
        self.cells.get(place).map_or("", String::as_str)
    }

    /// The one currency that the names of these columns of `known` hold.
    pub(super) fn currency(
        &self,
        known: &[Column],
        columns: &[usize],
        format: &'static str,
    ) -> Result<Asset, FormatError> {
        let mut found: Option<&str> = None;
        for column in columns {
            let written = self.place(*column).map_or("", |place| self.cell(place));
            let names = known
                .get(*column)
                .into_iter()
                .flat_map(|column| [Some(column.name), column.alias]);
            let Some(currency) = names.flatten().find_map(|name| filled(name, written)) else {
                continue;
            };
            if found.is_some_and(|other| !other.eq_ignore_ascii_case(currency)) {
                let why = format!(
                    "its columns name two currencies, the second in {}",
                    quote(written)
                );
                return Err(FormatError::NotItsHeader { format, why });
            }
            found = Some(currency);
        }
        let currency = found.unwrap_or_default();
        currency.parse().map_err(|error| FormatError::NotItsHeader {
            format,
            why: format!(
                "its columns name the currency {}, which is refused: {error}",
                quote(currency)
            ),
        })
    }

    /// Fields every record has.
    pub(super) fn count(&self) -> usize {
        self.cells.len()
    }
}

/// How many mandatory columns of a format a record has.
pub(super) fn shared(known: &[Column], header: &[String]) -> usize {
    let mandatory = known.iter().filter(|column| column.mandatory);
    mandatory
        .filter(|column| {
            header
                .iter()
                .take(MAX_COLUMNS)
                .any(|cell| column.is(trimmed(cell)))
        })
        .count()
}

/// A cell without surrounding space and without the byte order mark a file may begin with.
fn trimmed(cell: &str) -> &str {
    cell.trim_start_matches('\u{feff}').trim()
}
