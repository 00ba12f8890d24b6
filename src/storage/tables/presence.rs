//! Which coupons of a pool are in which status.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;

use super::Nodes;
use crate::{
    codec::{CodecError, Part, Parts, PartsReader},
    table::{Form, KIB, Span},
};
use scrip_domain::{
    id::PoolId,
    presence::{Node, NodeId},
};

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptNode {
    /// A set of 64 children for each status, in their order, each as 8 bytes from the least.
    sets: ByteArray<48>,
}

impl Nodes {
    /// The nodes of a pool, level by level from the lowest.
    #[must_use]
    pub fn of(pool: PoolId) -> Span<Self> {
        Span::numbers(&[Part::Number(pool.0.into())], ..)
    }
}

impl Form for Nodes {
    const TABLE: &'static str = "presence";
    const MOST: usize = KIB;
    type Kept<'a> = KeptNode;

    fn parts((pool, node): &(PoolId, NodeId)) -> Parts<'_> {
        Parts::array([Part::Number(pool.0.into()), Part::Number(node.level.into()), Part::Number(node.place)])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(PoolId, NodeId)> {
        let pool = PoolId(parts.small()?);
        Some((pool, NodeId { level: parts.small()?.try_into().ok()?, place: parts.number()? }))
    }

    fn keep(_: &(PoolId, NodeId), node: &Node) -> KeptNode {
        let mut sets = [0; 48];
        for (place, set) in sets.as_chunks_mut::<8>().0.iter_mut().zip(node.sets()) {
            *place = set.to_le_bytes();
        }
        KeptNode { sets: ByteArray::new(sets) }
    }

    fn restore(_: &(PoolId, NodeId), kept: KeptNode) -> Result<Node, CodecError> {
        let mut sets = [0; 6];
        for (set, bytes) in sets.iter_mut().zip(kept.sets.as_chunks::<8>().0) {
            *set = u64::from_le_bytes(*bytes);
        }
        Ok(Node::from_sets(sets))
    }
}
