//! Every pinned version, and the artefact that each server comes as.

use crate::fetch::Artefact;

/// Apache Cassandra, as its Maven artefact: the distribution without its scripts.
pub(crate) const CASSANDRA: Artefact = Artefact::Maven {
    group: "org.apache.cassandra",
    name: "cassandra-all",
    version: "5.0.5",
};

/// DynamoDB Local; of 3.x not every dependency can be fetched.
pub(crate) const DYNAMODB: Artefact = Artefact::Maven {
    group: "com.amazonaws",
    name: "DynamoDBLocal",
    version: "2.6.1",
};

/// ElasticMQ, which speaks SQS.
pub(crate) const ELASTICMQ: Artefact = Artefact::Maven {
    group: "org.elasticmq",
    name: "elasticmq-server_2.13",
    version: "1.7.1",
};

/// versitygw, which speaks S3.
pub(crate) const VERSITYGW: Artefact = Artefact::Go {
    package: "github.com/versity/versitygw/cmd/versitygw",
    binary: "versitygw",
    version: "v1.8.0",
};

/// MiniStack, which speaks CloudFormation, Lambda and what `template.yaml` asks for. It expands SAM
/// templates with AWS's own translator, and verifies tokens with `cryptography`.
pub(crate) const MINISTACK: Artefact = Artefact::Python {
    name: "ministack",
    packages: &[
        "ministack==1.5.33",
        "aws-sam-translator==1.115.0",
        "cryptography==50.0.2",
    ],
};

/// The SAM command line with what `sam build` and `sam validate --lint` call: `cargo-lambda` with the
/// linker `ziglang` for the other architecture, and `cfn-lint`.
pub(crate) const SAM: Artefact = Artefact::Python {
    name: "sam",
    packages: &[
        "aws-sam-cli==1.170.0",
        "cfn-lint==1.58.0",
        "cargo-lambda==1.9.2",
        "ziglang==0.17.1",
    ],
};
