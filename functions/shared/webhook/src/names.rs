//! Names to the addresses among theirs that may be connected to.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::webhook::Reach;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// All addresses of a name are within a private network or on this machine.
#[derive(Debug, thiserror::Error)]
#[error("the name stands for no public address")]
pub(crate) struct NotPublic;

/// What the system says a name stands for.
pub(crate) struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The addresses of another resolver that a webhook may be at. The client asks anew for every
/// connection and connects to what it is given here, so a name that changes its mind after it was
/// looked at gains nothing.
pub(crate) struct CheckedNames {
    pub(crate) names: Arc<dyn Resolve>,
    pub(crate) reach: Reach,
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (asked, reach) = (self.names.resolve(name), self.reach);
        Box::pin(async move {
            let allowed: Vec<SocketAddr> = asked
                .await?
                .filter(|found| reach.allows(found.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
