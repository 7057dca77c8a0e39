//! The tables in Keyspaces are those of the `.cql` files, column for column.

use std::collections::BTreeMap;

use schema::table::{Column, Order, Table};
use serde_json::{Value, json};

use super::{Resource, Stack, Template};

const TABLE: &str = "AWS::Cassandra::Table";

fn column(column: &Column) -> Value {
    json!({"ColumnName": column.name, "ColumnType": column.cql_type})
}

/// A table's key and columns, as the resource has them.
fn described(table: &Table) -> Value {
    let clustering = table.clustering.iter().map(|(name, order)| {
        let order = match order {
            Order::Ascending => "ASC",
            Order::Descending => "DESC",
        };
        json!({"Column": column(name), "OrderBy": order})
    });
    json!({
        "PartitionKeyColumns": table.partition_key.iter().map(column).collect::<Value>(),
        "ClusteringKeyColumns": clustering.collect::<Value>(),
        "RegularColumns": table.columns.iter().map(column).collect::<Value>(),
    })
}

fn faults_of(name: &str, table: &Resource, described: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for (property, columns) in described.as_object().into_iter().flatten() {
        if table.get(property) != columns {
            faults.push(format!(
                "{name}: {property} must be {columns}, as in infra/cassandra"
            ));
        }
    }
    if table.text("KeyspaceName") != "Keyspace" {
        faults.push(format!(
            "{name}: KeyspaceName must be the keyspace of the template"
        ));
    }
    faults
}

fn faults(template: &Template) -> Vec<String> {
    let stack = Stack::of(template, &[]);
    let own = Stack::of(template, &[("CassandraMode", "own")]);
    let mut made: BTreeMap<&str, (&str, &Resource)> = stack
        .of_kind(TABLE)
        .map(|(name, table)| (table.text("TableName"), (name, table)))
        .collect();
    let mut faults = Vec::new();
    for table in schema::tables().expect("the files are CQL") {
        match made.remove(table.name.as_str()) {
            Some((name, held)) => faults.extend(faults_of(name, held, &described(&table))),
            None => faults.push(format!(
                "add an {TABLE} for {}, which infra/cassandra makes",
                table.name
            )),
        }
    }
    for (table, (name, _)) in made {
        faults.push(format!("{name}: infra/cassandra makes no table {table}"));
    }
    for (name, resource) in &own.resources {
        if resource.kind.starts_with("AWS::Cassandra::") {
            faults.push(format!("{name}: make it under the condition UsesKeyspaces"));
        }
    }
    faults
}

fn bites(broken: &Template, name: &str, remedy: &str) {
    let found = faults(broken);
    let named = |fault: &String| fault.contains(name) && fault.contains(remedy);
    assert!(found.iter().any(named), "{name}, {remedy}: {found:#?}");
}

#[test]
fn keyspaces_has_the_tables_of_the_schema() {
    assert_eq!(faults(&Template::read()), Vec::<String>::new());
}

#[test]
fn a_table_or_a_column_that_differs_is_found() {
    let template = Template::read();
    bites(
        &template.without("Resources/RejectsTable"),
        "rejects",
        "add an AWS::Cassandra::Table",
    );
    let renamed = template.broken("Resources/RejectsTable/Properties", |table| {
        table["TableName"] = json!("refused");
    });
    bites(&renamed, "RejectsTable", "no table refused");
    let retyped = template.broken(
        "Resources/RowsTable/Properties/RegularColumns/0",
        |column| {
            column["ColumnType"] = json!("text");
        },
    );
    bites(&retyped, "RowsTable", "RegularColumns must be");
    let descending = template.broken(
        "Resources/RowsTable/Properties/ClusteringKeyColumns/0",
        |key| {
            key["OrderBy"] = json!("DESC");
        },
    );
    bites(&descending, "RowsTable", "ClusteringKeyColumns must be");
    let narrower = template.broken(
        "Resources/RowsTable/Properties/PartitionKeyColumns",
        |key| {
            key.as_array_mut().expect("columns").pop();
        },
    );
    bites(&narrower, "RowsTable", "PartitionKeyColumns must be");
    let elsewhere = template.broken("Resources/RowsTable/Properties", |table| {
        table["KeyspaceName"] = json!("other");
    });
    bites(&elsewhere, "RowsTable", "KeyspaceName");
    let always = template.without("Resources/RowsTable/Condition");
    bites(&always, "RowsTable", "UsesKeyspaces");
}
