//! The rules of Millrace, without I/O, clock or randomness.
//!
//! Everything a row means (`rows`, `labels`, `formats`, `value`), everything computed from a ledger
//! (`order`, `duplicates`, `matching`, `lots`, `fold`), and every state machine of the pipeline
//! (`state`, `message`, `plan`) is decided here by plain functions over plain data. Adapters store
//! these shapes, functions move them; neither decides anything.

pub mod asset;
pub mod checkpoint;
pub mod counts;
pub mod dialect;
pub mod digest;
pub mod duplicates;
pub mod exports;
pub mod fold;
pub mod formats;
pub mod formula;
pub mod fragments;
pub mod identity;
pub mod ids;
pub mod job_ids;
pub mod keys;
pub mod kinds;
pub mod limits;
pub mod lots;
pub mod matching;
pub mod message;
pub mod money;
pub mod order;
pub mod overrides;
pub mod parts;
pub mod plan;
pub mod prices;
pub mod quote;
pub mod read_rows;
pub mod repeats;
pub mod report;
pub mod revision;
pub mod rows;
pub mod section_104;
pub mod segments;
pub mod settings;
pub mod state;
pub mod switches;
mod text;
pub mod time;
pub mod value;
pub mod webhook;
