//! `notify`: tells a tenant's webhook that a job has ended.
