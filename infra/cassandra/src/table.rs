//! What a table looks like, read from the statements that make it.

use crate::cql::{CqlError, Kind, Statement, Token};

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its CQL type, as in `bigint`.
    pub cql_type: String,
}

/// The order of a clustering column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From small to large, which is what no word means too.
    Ascending,
    /// From large to small.
    Descending,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name, without a keyspace.
    pub name: String,
    /// The columns that choose the partition, in the order of the key.
    pub partition_key: Vec<Column>,
    /// The columns that order a partition.
    pub clustering: Vec<(Column, Order)>,
    /// All others, in the order they are declared.
    pub columns: Vec<Column>,
}

/// Applies a statement to the tables so far: `CREATE TABLE`, or `ALTER TABLE … ADD` of one column.
///
/// # Errors
/// Any other statement, or one of these that cannot be understood.
pub fn change(tables: &mut Vec<Table>, statement: &Statement) -> Result<(), CqlError> {
    let mut reader = Reader {
        tokens: &statement.tokens,
        place: 0,
    };
    if statement.starts_with(&["create", "table"]) {
        let table = reader.create()?;
        if tables.iter().any(|known| known.name == table.name) {
            return Err(reader.error(format!("table {} is made twice", table.name)));
        }
        tables.push(table);
        return Ok(());
    }
    let added = added_column(statement)?;
    let Some(table) = tables.iter_mut().find(|table| table.name == added.0) else {
        return Err(reader.error(format!("table {} is not made yet", added.0)));
    };
    table.columns.push(added.1);
    Ok(())
}

/// The table and the column of an `ALTER TABLE … ADD`.
///
/// # Errors
/// It is another statement, or adds more than one column.
pub fn added_column(statement: &Statement) -> Result<(String, Column), CqlError> {
    let mut reader = Reader {
        tokens: &statement.tokens,
        place: 0,
    };
    for word in ["alter", "table"] {
        reader.expect(word)?;
    }
    let table = reader.name()?;
    reader.expect("add")?;
    let column = reader.column()?;
    reader.end()?;
    Ok((table, column))
}

struct Reader<'a> {
    tokens: &'a [Token],
    place: usize,
}

impl Reader<'_> {
    fn error(&self, what: impl Into<String>) -> CqlError {
        let at = self.tokens.get(self.place).or(self.tokens.last());
        CqlError {
            line: at.map_or(1, |token| token.line),
            what: what.into(),
        }
    }

    fn sees(&self, what: &str) -> bool {
        self.tokens
            .get(self.place)
            .is_some_and(|token| token.is(what))
    }

    fn takes(&mut self, what: &str) -> bool {
        let sees = self.sees(what);
        self.place += usize::from(sees);
        sees
    }

    fn expect(&mut self, what: &str) -> Result<(), CqlError> {
        match self.takes(what) {
            true => Ok(()),
            false => Err(self.error(format!("{what:?} is expected"))),
        }
    }

    fn end(&self) -> Result<(), CqlError> {
        match self.tokens.get(self.place) {
            None => Ok(()),
            Some(_) => Err(self.error("the statement goes on where it should end")),
        }
    }

    fn name(&mut self) -> Result<String, CqlError> {
        let token = self.tokens.get(self.place);
        let Some(word) = token.and_then(Token::word) else {
            return Err(self.error("a name is expected"));
        };
        self.place += 1;
        Ok(word.to_owned())
    }

    fn column(&mut self) -> Result<Column, CqlError> {
        let name = self.name()?;
        let mut cql_type = self.name()?;
        if self.sees("<") {
            let mut depth = 0;
            while let Some(token) = self.tokens.get(self.place) {
                depth += i32::from(token.is("<")) - i32::from(token.is(">"));
                match &token.kind {
                    Kind::Word(text) | Kind::Constant(text) => cql_type.push_str(text),
                    Kind::Sign(',') => cql_type.push_str(", "),
                    Kind::Sign(sign) => cql_type.push(*sign),
                }
                self.place += 1;
                if depth == 0 {
                    break;
                }
            }
        }
        Ok(Column { name, cql_type })
    }

    /// `CREATE TABLE IF NOT EXISTS name (column type, …, PRIMARY KEY (…)) [WITH CLUSTERING ORDER BY (…)]`
    fn create(&mut self) -> Result<Table, CqlError> {
        for word in ["create", "table", "if", "not", "exists"] {
            self.expect(word)?;
        }
        let name = self.name()?;
        self.expect("(")?;
        let mut columns = Vec::new();
        while !self.takes("primary") {
            columns.push(self.column()?);
            self.expect(",")?;
        }
        self.expect("key")?;
        let (partition, clustering) = self.key()?;
        self.expect(")")?;
        let orders = self.orders()?;
        self.end()?;
        self.table(name, columns, &partition, &clustering, &orders)
    }

    /// `((a, b), c, d)` or `(a, c, d)`.
    fn key(&mut self) -> Result<(Vec<String>, Vec<String>), CqlError> {
        self.expect("(")?;
        let partition = match self.sees("(") {
            true => self.names()?,
            false => vec![self.name()?],
        };
        let mut clustering = Vec::new();
        while self.takes(",") {
            clustering.push(self.name()?);
        }
        self.expect(")")?;
        Ok((partition, clustering))
    }

    fn names(&mut self) -> Result<Vec<String>, CqlError> {
        self.expect("(")?;
        let mut names = vec![self.name()?];
        while self.takes(",") {
            names.push(self.name()?);
        }
        self.expect(")")?;
        Ok(names)
    }

    fn orders(&mut self) -> Result<Vec<(String, Order)>, CqlError> {
        let mut orders = Vec::new();
        if !self.takes("with") {
            return Ok(orders);
        }
        for word in ["clustering", "order", "by", "("] {
            self.expect(word)?;
        }
        loop {
            let name = self.name()?;
            let order = match self.takes("desc") {
                true => Order::Descending,
                false => Order::Ascending,
            };
            self.takes("asc");
            orders.push((name, order));
            if !self.takes(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(orders)
    }

    fn table(
        &self,
        name: String,
        mut columns: Vec<Column>,
        partition: &[String],
        clustering: &[String],
        orders: &[(String, Order)],
    ) -> Result<Table, CqlError> {
        let mut take = |wanted: &String| {
            let place = columns.iter().position(|column| column.name == *wanted);
            let place =
                place.ok_or_else(|| self.error(format!("{wanted} is no column of {name}")))?;
            Ok(columns.remove(place))
        };
        let partition_key = partition
            .iter()
            .map(&mut take)
            .collect::<Result<_, CqlError>>()?;
        let mut ordered = Vec::with_capacity(clustering.len());
        for wanted in clustering {
            let order = orders.iter().find(|(name, _)| name == wanted);
            let order = order.map_or(Order::Ascending, |(_, order)| *order);
            ordered.push((take(wanted)?, order));
        }
        Ok(Table {
            name,
            partition_key,
            clustering: ordered,
            columns,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cql::statements;

    fn read(text: &str) -> Result<Vec<Table>, CqlError> {
        let mut tables = Vec::new();
        for statement in statements(text)? {
            change(&mut tables, &statement)?;
        }
        Ok(tables)
    }

    fn column(name: &str, cql_type: &str) -> Column {
        Column {
            name: name.to_owned(),
            cql_type: cql_type.to_owned(),
        }
    }

    #[test]
    fn a_table_is_read_with_its_keys_orders_and_later_columns() {
        let text = "CREATE TABLE IF NOT EXISTS t (
                a text, x blob, b int, c bigint, d int, y map<text, frozen<set<int>>>,
                PRIMARY KEY ((a, b), c, d)
            ) WITH CLUSTERING ORDER BY (c DESC, d ASC);
            ALTER TABLE t ADD z text;";
        let table = Table {
            name: "t".to_owned(),
            partition_key: vec![column("a", "text"), column("b", "int")],
            clustering: vec![
                (column("c", "bigint"), Order::Descending),
                (column("d", "int"), Order::Ascending),
            ],
            columns: vec![
                column("x", "blob"),
                column("y", "map<text, frozen<set<int>>>"),
                column("z", "text"),
            ],
        };
        assert_eq!(read(text), Ok(vec![table]));
    }

    #[test]
    fn a_key_of_one_column_needs_no_brackets() {
        let tables = read("CREATE TABLE IF NOT EXISTS t (a text, b int, PRIMARY KEY (a, b))");
        let table = &tables.expect("a table")[0];
        assert_eq!(table.partition_key, [column("a", "text")]);
        assert_eq!(table.clustering, [(column("b", "int"), Order::Ascending)]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "CREATE TABLE t (a text, PRIMARY KEY (a))",
            "CREATE TABLE IF NOT EXISTS t (a text, PRIMARY KEY (b))",
            "CREATE TABLE IF NOT EXISTS t (a text, PRIMARY KEY (a)) WITH comment = 'x'",
            "ALTER TABLE t ADD a text",
            "DROP TABLE t",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
