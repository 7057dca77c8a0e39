//! CSV cells. A cell of text that a spreadsheet would take for a formula is written as text.

use bytes::Bytes;
use domain::formula::escaped;
use domain::money::Decimal;
use ports::PortError;

/// Lines of a CSV file that are not yet handed on.
#[derive(Debug)]
pub(crate) struct Lines {
    writer: csv::Writer<Vec<u8>>,
    delimiter: u8,
}

impl Lines {
    /// No lines yet; fields are divided by `delimiter`.
    #[must_use]
    pub(crate) fn new(delimiter: u8) -> Self {
        Self {
            writer: writer(delimiter),
            delimiter,
        }
    }

    /// A cell of text, safe to open in a spreadsheet.
    ///
    /// # Errors
    /// `Bug`: memory does not refuse bytes.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), PortError> {
        self.bytes(text.as_bytes())
    }

    /// The same for bytes that may not be UTF-8.
    ///
    /// # Errors
    /// As `text`.
    pub(crate) fn bytes(&mut self, cell: &[u8]) -> Result<(), PortError> {
        self.writer.write_field(escaped(cell)).map_err(trouble)
    }

    /// A cell of text that may be absent.
    ///
    /// # Errors
    /// As `text`.
    pub(crate) fn optional(&mut self, text: Option<&str>) -> Result<(), PortError> {
        self.text(text.unwrap_or_default())
    }

    /// A number: exact, plain digits.
    ///
    /// # Errors
    /// As `text`.
    pub(crate) fn number(&mut self, number: Option<&Decimal>) -> Result<(), PortError> {
        let digits = number.map(ToString::to_string).unwrap_or_default();
        self.writer.write_field(digits).map_err(trouble)
    }

    /// A number as a form shows it: rounded half-even to 0.01, always with two decimal places.
    ///
    /// # Errors
    /// As `text`.
    pub(crate) fn money(&mut self, number: Option<&Decimal>) -> Result<(), PortError> {
        let digits = number.map(two_places).unwrap_or_default();
        self.writer.write_field(digits).map_err(trouble)
    }

    /// Ends the line.
    ///
    /// # Errors
    /// `Bug` when it has not as many cells as the first.
    pub(crate) fn end(&mut self) -> Result<(), PortError> {
        self.writer.write_record(None::<&[u8]>).map_err(trouble)
    }

    /// A line of plain texts: a header.
    ///
    /// # Errors
    /// As `end`.
    pub(crate) fn header(&mut self, names: &[&str]) -> Result<(), PortError> {
        for name in names {
            self.text(name)?;
        }
        self.end()
    }

    /// Takes out every line so far.
    ///
    /// # Errors
    /// As `text`.
    pub(crate) fn take(&mut self) -> Result<Bytes, PortError> {
        let full = std::mem::replace(&mut self.writer, writer(self.delimiter));
        full.into_inner()
            .map(Bytes::from)
            .map_err(|error| PortError::bug("export.lines", error.to_string()))
    }
}

fn writer(delimiter: u8) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .delimiter(delimiter)
        .from_writer(Vec::new())
}

fn trouble(error: csv::Error) -> PortError {
    PortError::bug("export.lines", error)
}

fn two_places(number: &Decimal) -> String {
    let digits = number.rounded(2).to_string();
    match digits.split_once('.') {
        None => format!("{digits}.00"),
        Some((_, places)) if places.len() == 1 => format!("{digits}0"),
        Some(_) => digits,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::formula::is_formula;
    use proptest::prelude::*;

    use super::*;

    fn line(cells: &[&str]) -> String {
        let mut lines = Lines::new(b',');
        lines.header(cells).unwrap();
        String::from_utf8(lines.take().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn a_formula_becomes_text_and_a_negative_number_stays() {
        assert_eq!(
            line(&["=1+1", "+49x", "@cmd", "\tx", "-x"]),
            "'=1+1,'+49x,'@cmd,'\tx,'-x\n"
        );
        assert_eq!(
            line(&["-1.5", "-0.00001", "a=b", "-$4.41"]),
            "-1.5,-0.00001,a=b,-$4.41\n"
        );
    }

    #[test]
    fn quotes_and_line_ends_are_quoted() {
        assert_eq!(
            line(&["a,b", "say \"x\"", "two\nlines"]),
            "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\n"
        );
    }

    #[test]
    fn money_has_two_places_and_is_rounded_half_even() {
        let shown = |text: &str| two_places(&text.parse().unwrap());
        assert_eq!(shown("28357.5"), "28357.50");
        assert_eq!(shown("0.125"), "0.12");
        assert_eq!(shown("-0.135"), "-0.14");
        assert_eq!(shown("7"), "7.00");
    }

    proptest! {
        #[test]
        fn no_cell_of_text_begins_like_a_formula_unless_it_is_a_number(cell in "[=+\\-@\ta-z0-9.]{0,8}") {
            let written = line(&["x", &cell]);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            let read = record.get(1).unwrap();
            prop_assert!(!is_formula(read.as_bytes()));
            prop_assert_eq!(read.strip_prefix('\'').unwrap_or(read), cell.strip_prefix('\'').unwrap_or(&cell));
        }
    }
}
