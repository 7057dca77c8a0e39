//! The ports over S3, SQS and DynamoDB.
