//! The lint: CQL that Amazon Keyspaces does not understand, and CQL that breaks our own rules
//! (insert-only, idempotent, bounded), is refused by name.

use crate::cql::{self, CqlError, Statement, Token};

/// Values an `IN` may list: Keyspaces takes no more.
const MOST_IN: usize = 100;
/// Statements of a batch: Keyspaces takes no more.
const MOST_IN_BATCH: usize = 30;

/// A statement was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {rule}: {statement}")]
pub struct Refusal {
    /// The line the statement starts on, from 1.
    pub line: usize,
    /// What it breaks.
    pub rule: &'static str,
    /// The statement.
    pub statement: String,
}

/// What a text breaks; nothing when it is good.
///
/// # Errors
/// The text is not CQL.
pub fn lint(text: &str) -> Result<Vec<Refusal>, CqlError> {
    let mut refusals = Vec::new();
    for statement in cql::statements(text)? {
        let broken = RULES.iter().filter(|(_, breaks)| breaks(&statement));
        refusals.extend(broken.map(|(rule, _)| Refusal {
            line: statement.line(),
            rule,
            statement: statement.text(),
        }));
    }
    Ok(refusals)
}

type Breaks = fn(&Statement) -> bool;

/// Each rule, and whether a statement breaks it.
const RULES: [(&str, Breaks); 20] = [
    ("not a kind of statement we use", other_kind),
    ("an index", |s| {
        s.starts_with(&["create", "index"]) || s.starts_with(&["create", "custom", "index"])
    }),
    ("a materialized view", |s| has(s, &["materialized", "view"])),
    ("a function or an aggregate of one's own", |s| {
        has(s, &["create", "function"]) || has(s, &["create", "aggregate"])
    }),
    ("a type of one's own", |s| {
        s.starts_with(&["create", "type"])
    }),
    ("TRUNCATE", |s| s.starts_with(&["truncate"])),
    ("DROP: the schema goes forward only", |s| has(s, &["drop"])),
    ("an aggregate", aggregate),
    ("GROUP BY", |s| has(s, &["group", "by"])),
    ("ALLOW FILTERING", |s| has(s, &["allow", "filtering"])),
    (
        "IN with more than 100 values, or as many as are bound",
        wide_in,
    ),
    ("a batch with a log", |s| {
        s.starts_with(&["begin"]) && !s.starts_with(&["begin", "unlogged", "batch"])
    }),
    ("a batch of more than 30", wide_batch),
    ("a batch over more than one table", mixed_batch),
    ("a counter", |s| has(s, &["counter"])),
    ("a list: appending twice is not appending once", |s| {
        has(s, &["list", "<"])
    }),
    ("a condition (IF) beside plain writes", condition),
    ("a time to live: rows go when nothing names them", |s| {
        has(s, &["ttl"]) || has(s, &["default_time_to_live"])
    }),
    ("a null is written: it is a tombstone", |s| {
        writes(s) && has(s, &["null"])
    }),
    ("compact storage", |s| has(s, &["compact", "storage"])),
];

fn has(statement: &Statement, words: &[&str]) -> bool {
    statement.find(words).is_some()
}

fn writes(statement: &Statement) -> bool {
    ["insert", "update", "delete", "begin"]
        .iter()
        .any(|word| statement.starts_with(&[word]))
}

/// What we use: tables that are made, columns that are added, rows that are inserted, deleted whole
/// and read.
fn other_kind(statement: &Statement) -> bool {
    const USED: [&[&str]; 6] = [
        &["create", "table", "if", "not", "exists"],
        &["alter", "table"],
        &["insert", "into"],
        &["delete", "from"],
        &["select"],
        &["begin", "unlogged", "batch"],
    ];
    let creates_keyspace = statement.starts_with(&["create", "keyspace", "if", "not", "exists"]);
    !creates_keyspace && !USED.iter().any(|words| statement.starts_with(words))
}

fn aggregate(statement: &Statement) -> bool {
    ["count", "sum", "avg", "min", "max"]
        .iter()
        .any(|function| has(statement, &[function, "("]))
}

/// `IN ?` binds a list of any length; `IN (…)` shows how long it is.
fn wide_in(statement: &Statement) -> bool {
    let tokens = &statement.tokens;
    (0..tokens.len()).any(|place| {
        tokens[place].is("in")
            && match tokens.get(place + 1) {
                Some(next) if next.is("(") => values(&tokens[place + 2..]) > MOST_IN,
                _ => true,
            }
    })
}

/// Values up to the bracket that closes.
fn values(tokens: &[Token]) -> usize {
    let inner = tokens.iter().take_while(|token| !token.is(")"));
    inner.filter(|token| token.is(",")).count() + 1
}

fn wide_batch(statement: &Statement) -> bool {
    statement.starts_with(&["begin"]) && in_batch(statement).count() > MOST_IN_BATCH
}

fn mixed_batch(statement: &Statement) -> bool {
    if !statement.starts_with(&["begin"]) {
        return false;
    }
    let mut tables: Vec<String> = in_batch(statement).collect();
    tables.sort();
    tables.dedup();
    tables.len() > 1
}

/// The table of each statement of a batch: what follows `INTO`, `UPDATE` or `FROM`.
fn in_batch(statement: &Statement) -> impl Iterator<Item = String> {
    let tokens = &statement.tokens;
    let starts = (0..tokens.len()).filter(|&place| {
        ["into", "update", "from"]
            .iter()
            .any(|word| tokens[place].is(word))
    });
    starts.map(|place| {
        let name = tokens[place + 1..].iter();
        let name = name.take_while(|token| {
            token.word().is_some_and(|w| w != "set" && w != "where") || token.is(".")
        });
        name.map(|token| token.word().unwrap_or(".")).collect()
    })
}

/// `IF` after a write; the one of `CREATE … IF NOT EXISTS` is what makes a second application
/// harmless.
fn condition(statement: &Statement) -> bool {
    writes(statement) && has(statement, &["if"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FILES;

    fn rules(text: &str) -> Vec<&'static str> {
        let refusals = lint(text).expect("CQL");
        refusals.iter().map(|refusal| refusal.rule).collect()
    }

    /// Each refused form, and words of the rule it breaks.
    const REFUSED: [(&str, &str); 28] = [
        ("CREATE INDEX ON t (a)", "an index"),
        ("CREATE CUSTOM INDEX i ON t (a) USING 'x'", "an index"),
        (
            "CREATE MATERIALIZED VIEW v AS SELECT * FROM t",
            "materialized view",
        ),
        ("CREATE FUNCTION f (a int) RETURNS int", "a function"),
        (
            "CREATE AGGREGATE f (int) SFUNC g",
            "a function or an aggregate",
        ),
        ("CREATE TYPE t (a int)", "a type"),
        ("CREATE TABLE t (a int, PRIMARY KEY (a))", "not a kind"),
        ("USE other", "not a kind"),
        ("UPDATE t SET a = 1 WHERE b = 2", "not a kind"),
        ("TRUNCATE t", "TRUNCATE"),
        ("DROP TABLE t", "DROP"),
        ("ALTER TABLE t DROP a", "DROP"),
        ("SELECT COUNT(*) FROM t", "an aggregate"),
        ("SELECT max(a) FROM t", "an aggregate"),
        ("SELECT a FROM t GROUP BY a", "GROUP BY"),
        (
            "SELECT a FROM t WHERE b = 1 ALLOW FILTERING",
            "ALLOW FILTERING",
        ),
        ("SELECT a FROM t WHERE b IN ?", "IN with more"),
        (
            "BEGIN BATCH INSERT INTO t (a) VALUES (1); APPLY BATCH",
            "a batch with a log",
        ),
        (
            "BEGIN COUNTER BATCH UPDATE t SET a = a + 1; APPLY BATCH",
            "a batch with a log",
        ),
        (
            "BEGIN UNLOGGED BATCH INSERT INTO t (a) VALUES (1); INSERT INTO u (a) VALUES (1); APPLY BATCH",
            "more than one table",
        ),
        (
            "CREATE TABLE IF NOT EXISTS t (a int, c counter, PRIMARY KEY (a))",
            "a counter",
        ),
        (
            "CREATE TABLE IF NOT EXISTS t (a int, c list<int>, PRIMARY KEY (a))",
            "a list",
        ),
        ("INSERT INTO t (a) VALUES (?) IF NOT EXISTS", "a condition"),
        ("DELETE FROM t WHERE a = 1 IF b = 2", "a condition"),
        (
            "INSERT INTO t (a) VALUES (?) USING TTL 10",
            "a time to live",
        ),
        (
            "CREATE TABLE IF NOT EXISTS t (a int, PRIMARY KEY (a)) WITH default_time_to_live = 1",
            "a time to live",
        ),
        ("INSERT INTO t (a, b) VALUES (1, null)", "a null"),
        (
            "CREATE TABLE IF NOT EXISTS t (a int, PRIMARY KEY (a)) WITH COMPACT STORAGE",
            "compact storage",
        ),
    ];

    #[test]
    fn each_refused_form_is_refused_by_its_name() {
        for (text, rule) in REFUSED {
            let broken = rules(text);
            assert!(
                broken.iter().any(|name| name.contains(rule)),
                "{text}: {broken:?}"
            );
        }
    }

    #[test]
    fn every_rule_is_shown_to_refuse_something() {
        let long: Vec<String> = (0..=MOST_IN).map(|n| n.to_string()).collect();
        let wide = format!("SELECT a FROM t WHERE b IN ({})", long.join(", "));
        assert_eq!(
            rules(&wide),
            ["IN with more than 100 values, or as many as are bound"]
        );
        let many = "INSERT INTO t (a) VALUES (1); ".repeat(MOST_IN_BATCH + 1);
        let many = format!("BEGIN UNLOGGED BATCH {many} APPLY BATCH");
        assert_eq!(rules(&many), ["a batch of more than 30"]);
        let mut shown: Vec<&str> = REFUSED.iter().flat_map(|(text, _)| rules(text)).collect();
        shown.extend(rules(&wide));
        shown.extend(rules(&many));
        for (rule, _) in RULES {
            assert!(
                shown.contains(&rule),
                "{rule} was never shown to refuse anything"
            );
        }
    }

    #[test]
    fn what_keyspaces_understands_passes() {
        let hundred = vec!["?"; MOST_IN].join(", ");
        let batch = "INSERT INTO k.t (a) VALUES (?); ".repeat(MOST_IN_BATCH);
        for text in [
            "CREATE TABLE IF NOT EXISTS t (a int, \"count\" set<text>, PRIMARY KEY (a)) WITH CLUSTERING ORDER BY (a DESC)",
            "ALTER TABLE t ADD b text",
            "INSERT INTO t (a, b) VALUES (?, 'null; IF ttl')",
            "DELETE FROM t WHERE a = ?",
            "SELECT a, count FROM t WHERE b = ? AND c >= ? ORDER BY c LIMIT 10",
            &format!("SELECT a FROM t WHERE b IN ({hundred})"),
            &format!("BEGIN UNLOGGED BATCH {batch} APPLY BATCH"),
        ] {
            assert_eq!(rules(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn every_file_of_the_schema_passes() {
        for file in FILES {
            assert_eq!(lint(file.text), Ok(Vec::new()), "{}", file.name);
        }
    }

    #[test]
    fn every_statement_of_the_adapter_and_of_the_command_passes() {
        for cql in cassandra::STATEMENTS {
            assert_eq!(lint(&cql.over("millrace")), Ok(Vec::new()));
        }
        for text in crate::apply::STATEMENTS {
            assert_eq!(lint(text), Ok(Vec::new()));
        }
    }
}
