//! What a deployment makes before the functions run: the schema in Cassandra, the state table in
//! DynamoDB.

use aws::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use cassandra::{Access, Settings, Tables};
use schema::apply::{Creation, apply};
use servers::Cassandra;

/// Settings of a keyspace.
pub fn cassandra_settings(server: &Cassandra, keyspace: &str) -> Settings {
    Settings {
        contact_points: vec![server.address().to_owned()],
        datacenter: server.datacenter().to_owned(),
        keyspace: keyspace.to_owned(),
        access: Access::Password {
            user: server.user().to_owned(),
            password: server.password().to_owned(),
        },
        tls: false,
    }
}

/// The tables of a keyspace, which is made for them.
pub async fn tables_in(settings: &Settings) -> Tables {
    let session = cassandra::open(settings, None).await.expect("a session");
    apply(&session, settings, Creation::Replicas(1))
        .await
        .expect("the schema");
    cassandra::connect(settings, None)
        .await
        .expect("the tables")
}

/// Creates a state table as the template does.
pub async fn create_state_table(config: &SdkConfig, name: &str) {
    let mut create = aws_sdk_dynamodb::Client::new(config)
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest);
    for (attribute, role) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let defined = AttributeDefinition::builder()
            .attribute_name(attribute)
            .attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder()
            .attribute_name(attribute)
            .key_type(role);
        create = create
            .attribute_definitions(defined.build().expect("an attribute"))
            .key_schema(key.build().expect("a key"));
    }
    create.send().await.expect("a table");
}
