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
mod tables;
mod tree;

pub(crate) use stack::{Resource, Stack};
pub(crate) use tree::Template;

/// Of the faults that were found one begins with `name` and says `remedy`.
fn assert_named(found: &[String], name: &str, remedy: &str) {
    let named = |fault: &String| fault.starts_with(name) && fault.contains(remedy);
    assert!(found.iter().any(named), "{name}, {remedy}: {found:#?}");
}
