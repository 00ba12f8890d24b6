//! From a name to addresses: every one that a name has is checked, and those that were checked are what is connected
//! to. Nothing asks for the name a second time in between.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Ranges;

/// A future on the heap.
type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// How names become addresses: the system's way, unless a test hands another in.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Fn(String) -> Boxed<io::Result<Vec<IpAddr>>> + Send + Sync>);

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lookup").finish_non_exhaustive()
    }
}

impl Default for Lookup {
    fn default() -> Self {
        Self(Arc::new(|name| {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) })
        }))
    }
}

impl Lookup {
    /// Another way.
    pub fn new(lookup: impl Fn(String) -> Boxed<io::Result<Vec<IpAddr>>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }
}

/// An address that is not allowed: found again in the client's error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Denied(pub(super) String);

/// Resolves names to checked addresses, which are those that are connected to.
pub(super) struct Checked {
    pub(super) plugin: String,
    pub(super) lookup: Lookup,
    pub(super) ranges: Ranges,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (plugin, ranges) = (self.plugin.clone(), self.ranges.clone());
        let found = (self.lookup.0)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?;
            for address in &found {
                ranges.check(&plugin, *address).map_err(Denied)?;
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
