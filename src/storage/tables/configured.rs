//! What was configured last: which pools, keys and groups of users a batch has changed, and whether it has changed the
//! settings. By it whoever holds these in memory takes over what others have changed, without reading all of them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Configured;
use crate::{
    codec::{CodecError, Part, Parts, PartsReader},
    table::{Form, KIB},
};
use scrip_domain::{group::GroupId, id::PoolId};

/// How many entries are kept. Whoever is further behind reads everything.
pub const CONFIGURED_KEPT: u64 = 256;

/// An entry: what a batch has changed of what is held in memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Configuring {
    /// Its number, counted from 1 without a gap.
    pub number: u64,
    /// The pools.
    pub pools: Vec<PoolId>,
    /// The API keys, by the hashes of their secrets.
    pub keys: Vec<String>,
    /// The groups of users.
    pub groups: Vec<GroupId>,
    /// Whether the settings are others.
    pub settings: bool,
}

impl Configuring {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pools.is_empty() && self.keys.is_empty() && self.groups.is_empty() && !self.settings
    }

    /// The place in the ring of an entry with a number.
    #[must_use]
    pub fn place_of(number: u64) -> u32 {
        (number % CONFIGURED_KEPT) as u32
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptConfiguring<'a> {
    number: u64,
    /// Absent where there are none, as are the next two; and so is the last where it is not so.
    pools: Option<Vec<u32>>,
    #[serde(borrow)]
    keys: Option<Vec<Cow<'a, str>>>,
    groups: Option<Vec<u32>>,
    settings: Option<bool>,
}

fn some<T>(all: Vec<T>) -> Option<Vec<T>> {
    Some(all).filter(|all| !all.is_empty())
}

impl Form for Configured {
    const TABLE: &'static str = "configured";
    /// A command changes a pool or two keys at most.
    const MOST: usize = 128 * KIB;
    type Kept<'a> = KeptConfiguring<'a>;

    fn parts(place: &u32) -> Parts<'_> {
        Parts::alone(Part::Number((*place).into()))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<u32> {
        parts.small()
    }

    fn keep<'a>(_: &u32, entry: &'a Configuring) -> KeptConfiguring<'a> {
        KeptConfiguring {
            number: entry.number,
            pools: some(entry.pools.iter().map(|pool| pool.0).collect()),
            keys: some(entry.keys.iter().map(|key| Cow::Borrowed(key.as_str())).collect()),
            groups: some(entry.groups.iter().map(|group| group.0).collect()),
            settings: entry.settings.then_some(true),
        }
    }

    fn restore(_: &u32, kept: KeptConfiguring<'_>) -> Result<Configuring, CodecError> {
        Ok(Configuring {
            number: kept.number,
            pools: kept.pools.into_iter().flatten().map(PoolId).collect(),
            keys: kept.keys.into_iter().flatten().map(Cow::into_owned).collect(),
            groups: kept.groups.into_iter().flatten().map(GroupId).collect(),
            settings: kept.settings.unwrap_or_default(),
        })
    }
}
