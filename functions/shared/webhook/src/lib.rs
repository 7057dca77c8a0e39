//! `ports::Webhooks` over HTTP: the one adapter that connects to addresses users choose.
//!
//! It is a room of its own so that nothing but `notify` links an HTTP client. What keeps an address
//! from leading into our own network (SSRF) is here: the name is resolved once for each connection,
//! what may not be reached is dropped (`domain::webhook::Reach`), and the connection goes to what is
//! left, not to the name; no redirect is followed, no proxy of the environment used, no connection
//! kept for later, no answer read beyond its head.

mod names;
mod post;

pub use post::HttpWebhooks;

#[cfg(test)]
mod tests;
