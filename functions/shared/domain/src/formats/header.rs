//! Headers: which column of a format stands at which place of a file.

use crate::limits::MAX_COLUMNS;
use crate::quote::quote;

/// A column that files of a format may have.
#[derive(Debug)]
pub(super) struct Column {
    /// How the header writes it.
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
        self.name.eq_ignore_ascii_case(cell)
            || self
                .alias
                .is_some_and(|alias| alias.eq_ignore_ascii_case(cell))
    }
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
