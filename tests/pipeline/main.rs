//! Does a file come all the way, and come out the same whatever happens on the way?
//!
//! Every test drives the whole stack through its HTTP API and presigned URLs, as any client does.

mod bad_files;
mod invariance;
mod ledgers;
mod turns;
mod world;
