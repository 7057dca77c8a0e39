//! `template.yaml` deploys what the code needs: each rule here is checked on the template, and shown
//! to bite on a broken copy of it. Linters know what AWS refuses; these rules know what it takes and
//! what then does not work, or works for more people than it should.

mod access;
mod environment;
mod functions;
mod page;
mod queues;
pub(crate) mod routes;
mod stack;
mod storage;
mod tree;

pub(crate) use stack::{Resource, Stack};
pub(crate) use tree::Template;
