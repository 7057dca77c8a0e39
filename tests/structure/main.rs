//! Does the tree keep to its layers, and does clippy refuse what steps must not do?

mod ambient;
mod files;
mod graph;
mod layers;
