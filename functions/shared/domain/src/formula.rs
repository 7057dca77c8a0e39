//! Cells that a spreadsheet would compute (OWASP, CSV injection). What we export writes them as text,
//! with `'` before them; what is uploaded has that `'` taken off again, so that a file of refused
//! records can be mended and uploaded as it is.
//!
//! A number is no formula, nor is an amount with its sign and currency, `-$4.41`: those stay as they
//! are. An amount with letters does not: `-kr5` names the cell KR5.

use std::borrow::Cow;

use crate::formats;

/// What makes a cell text.
const TEXT: u8 = b'\'';

/// Whether a cell begins as a formula does.
fn begins(cell: &[u8]) -> bool {
    let first = cell.first();
    first.is_some_and(|first| b"=+-@\t\r".contains(first))
}

/// Whether a spreadsheet would compute a cell.
#[must_use]
pub fn is_formula(cell: &[u8]) -> bool {
    let number = || std::str::from_utf8(cell).is_ok_and(is_number);
    begins(cell) && !number()
}

fn is_number(text: &str) -> bool {
    let exponent = |letter: char| matches!(letter, 'e' | 'E');
    let mut letters = text.chars().filter(|c| c.is_alphabetic());
    letters.all(exponent) && formats::is_amount(text)
}

/// The cell as it is exported.
#[must_use]
pub fn escaped(cell: &[u8]) -> Cow<'_, [u8]> {
    if is_formula(cell) {
        Cow::Owned([&[TEXT], cell].concat())
    } else {
        Cow::Borrowed(cell)
    }
}

/// An uploaded cell as it was before it was exported: without a `'` that makes text of what would
/// begin as a formula does. It makes no difference who wrote the `'`.
#[must_use]
pub fn unescaped(cell: &str) -> &str {
    let text = cell.strip_prefix(char::from(TEXT));
    text.filter(|text| begins(text.as_bytes())).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(cell: &str) -> String {
        String::from_utf8_lossy(&escaped(cell.as_bytes())).into_owned()
    }

    #[test]
    fn what_would_be_computed_becomes_text() {
        for cell in [
            "=1+1",
            "=HYPERLINK(\"x\")",
            "@cmd",
            "\t=1",
            "\r=1",
            "-x",
            "-",
            "-1+1",
            "+1 2",
            "-1e5e5",
            "-kr5",
            "-R$5",
            "-$A1",
            "--1",
            "-2020-01-01",
        ] {
            assert_eq!(shown(cell), format!("'{cell}"));
            assert_eq!(unescaped(&shown(cell)), cell);
        }
        assert_eq!(escaped(b"=\xff"), b"'=\xff".as_slice());
    }

    #[test]
    fn numbers_and_amounts_stay_as_they_are() {
        for cell in [
            "-1.5",
            "+49",
            "-0.00001",
            "-3.6E-05",
            "-$4.41",
            "-€ 1.234,56",
            "-1,234",
            "+1,234,567.89",
            "a=b",
            "'tis",
            "",
        ] {
            assert_eq!(shown(cell), cell);
        }
    }

    #[test]
    fn a_mark_of_text_is_taken_off_once_and_only_from_what_it_hides() {
        assert_eq!(unescaped("'-$4.41"), "-$4.41");
        assert_eq!(unescaped("''=1"), "''=1");
        assert_eq!(unescaped("'tis"), "'tis");
        assert_eq!(unescaped("'"), "'");
        assert_eq!(unescaped(" '=1"), " '=1");
    }

    proptest! {
        #[test]
        fn a_cell_is_read_the_same_before_and_behind_an_export(cell in "['=+\\-@\t\ra-z0-9.,$€ ]{0,8}") {
            let exported = shown(&cell);
            prop_assert!(!is_formula(exported.as_bytes()));
            prop_assert_eq!(unescaped(&exported), unescaped(&cell));
            prop_assert_eq!(&shown(&exported), &exported, "a second export changes nothing");
        }

        #[test]
        fn so_is_any_text(cell in any::<String>()) {
            let exported = shown(&cell);
            prop_assert_eq!(unescaped(&exported), unescaped(&cell));
        }
    }
}
