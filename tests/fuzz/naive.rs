//! The records of a CSV, read byte by byte and without any cleverness.

use split::scanner::RecordSpan;

/// The records of a file and the columns of each; none when a quote stays open.
pub(crate) fn records(file: &[u8], delimiter: u8) -> Option<Vec<(RecordSpan, u64)>> {
    let mut records = Vec::new();
    let mut at = if file.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    while at < file.len() {
        if is_end(file[at]) {
            at += 1;
            continue;
        }
        let (end, columns) = end_of(file, at, delimiter)?;
        let span = RecordSpan {
            offset: at as u64,
            length: (end - at) as u64,
            line: line_of(file, at),
        };
        records.push((span, columns));
        at = end;
    }
    Some(records)
}

/// LF, CRLF and a lone CR end a line.
fn line_of(file: &[u8], at: usize) -> u64 {
    let ends = (0..at).filter(|&place| match file[place] {
        b'\r' => true,
        b'\n' => place == 0 || file[place - 1] != b'\r',
        _ => false,
    });
    1 + ends.count() as u64
}

fn is_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}

/// Where the record that starts at `at` ends, and its columns: field by field.
fn end_of(file: &[u8], mut at: usize, delimiter: u8) -> Option<(usize, u64)> {
    let mut columns = 1;
    loop {
        if file.get(at) == Some(&b'"') {
            at = behind_quotes(file, at)?;
        }
        while file
            .get(at)
            .is_some_and(|&byte| byte != delimiter && !is_end(byte))
        {
            at += 1;
        }
        if file.get(at) != Some(&delimiter) {
            return Some((at, columns));
        }
        columns += 1;
        at += 1;
    }
}

/// Behind the quote that closes the one at `at`; two in a row are text.
fn behind_quotes(file: &[u8], mut at: usize) -> Option<usize> {
    at += 1;
    loop {
        match (file.get(at)?, file.get(at + 1)) {
            (b'"', Some(b'"')) => at += 2,
            (b'"', _) => return Some(at + 1),
            _ => at += 1,
        }
    }
}
