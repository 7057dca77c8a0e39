//! The Cassandra schema: what tables there are, how they come to be, and what CQL may be written.
//!
//! `FILES` are applied in order by `apply` and never changed afterwards. `tables` describes what they
//! make, so that other descriptions (the template's resources) can be compared with it. `lint`
//! refuses what Amazon Keyspaces does not understand, and what we do not want on any Cassandra.

#[cfg(feature = "apply")]
pub mod apply;
pub mod cql;
pub mod lint;
pub mod table;

use cql::CqlError;
use table::Table;

/// A file of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its name; the number in front is its place in the order.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Every file, in the order they are applied. A new one goes to the end.
pub const FILES: [File; 1] = [File {
    name: "0001_tables.cql",
    text: include_str!("../0001_tables.cql"),
}];

/// The tables as all files together make them, in the order they are made.
///
/// # Errors
/// A file is not CQL that this crate understands: a test keeps that from happening.
pub fn tables() -> Result<Vec<Table>, CqlError> {
    let mut tables = Vec::new();
    for file in &FILES {
        for statement in cql::statements(file.text)? {
            table::change(&mut tables, &statement)?;
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_listed_under_its_number() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found: Vec<String> = fs::read_dir(folder)
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name().display().to_string())
            .filter(|name| name.ends_with(".cql"))
            .collect();
        found.sort();
        let listed: Vec<&str> = FILES.iter().map(|file| file.name).collect();
        assert_eq!(found, listed);
        for (number, name) in (1..).zip(listed) {
            assert!(name.starts_with(&format!("{number:04}_")), "{name}");
        }
    }

    #[cfg(feature = "apply")]
    #[test]
    fn the_tables_are_those_the_adapter_speaks_to() {
        let tables = tables().expect("the files are CQL");
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        for cql in cassandra::STATEMENTS {
            assert!(names.contains(&cql.table), "{}", cql.table);
        }
        assert_eq!(names.len(), 7);
    }
}
