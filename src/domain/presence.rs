//! Which coupons of a pool are in which status, as a tree of bit sets: a node tells for each of its
//! 64 children which statuses occur below it, and a node of level 0 has the coupons themselves as
//! children. The next coupon in a status is found in a few nodes however large the pool is, and a
//! change of status writes one node, rarely more.

use serde::{Deserialize, Serialize};

use super::status::Status;

/// How many children a node has: a bit each.
pub const CHILDREN: u64 = 64;

/// The levels of the tree: the top level has 64 children of 64^5 coupons each.
pub const LEVELS: u8 = 6;

/// The most coupons of a pool that the tree can hold.
pub const MAX_INDEX: u64 = 1 << (6 * LEVELS as u32);

/// A node: for each status a set of children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Node {
    sets: [u64; 6],
}

/// Where a node is: its level, and its place in that level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    /// 0 is the level above the coupons.
    pub level: u8,
    /// It holds the children from [`CHILDREN`] times this on.
    pub place: u64,
}

/// Some statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statuses(u8);

impl Statuses {
    /// Exactly these.
    #[must_use]
    pub fn of(statuses: &[Status]) -> Self {
        Self(statuses.iter().fold(0, |set, status| set | 1 << status.number()))
    }

    /// Whether a status is one of them.
    #[must_use]
    pub fn has(self, status: Status) -> bool {
        self.0 & (1 << status.number()) != 0
    }
}

impl Node {
    /// The node with these sets, one for each status in the order of [`Status::number`].
    #[must_use]
    pub fn from_sets(sets: [u64; 6]) -> Self {
        Self { sets }
    }

    /// Its sets.
    #[must_use]
    pub fn sets(&self) -> [u64; 6] {
        self.sets
    }

    /// The children below which any of the statuses occurs.
    #[must_use]
    pub fn children(&self, statuses: Statuses) -> u64 {
        Status::ALL
            .iter()
            .zip(self.sets)
            .filter(|(status, _)| statuses.has(**status))
            .fold(0, |children, (_, set)| children | set)
    }

    /// Adds a child to a status, or takes it out.
    pub fn put(&mut self, status: Status, child: u64, present: bool) {
        if let Some(set) = self.sets.get_mut(usize::from(status.number())) {
            let bit = 1_u64 << (child % CHILDREN);
            *set = if present { *set | bit } else { *set & !bit };
        }
    }

    /// Whether a status occurs below it.
    #[must_use]
    pub fn holds(&self, status: Status) -> bool {
        self.children(Statuses::of(&[status])) != 0
    }
}

/// The nodes above a coupon, from level 0 up, each with the coupon's (or the lower node's) place
/// among all children of that level.
pub fn path(index: u64) -> impl Iterator<Item = (NodeId, u64)> {
    (0..LEVELS).map(move |level| {
        let child = index >> (6 * u32::from(level));
        (NodeId { level, place: child >> 6 }, child)
    })
}

/// The first coupon at or after `from` that is in any of the statuses. `node` reads a node; what it
/// fails with ends the search.
pub fn next<E>(
    from: u64,
    statuses: Statuses,
    mut node: impl FnMut(NodeId) -> Result<Option<Node>, E>,
) -> Result<Option<u64>, E> {
    let mut child = from;
    let mut level = 0;
    while level < LEVELS {
        let id = NodeId { level, place: child >> 6 };
        let children = node(id)?.unwrap_or_default().children(statuses);
        let later = children & (u64::MAX << (child & 63));
        if later != 0 {
            return descend_first(id, later, statuses, &mut node).map(Some);
        }
        child = (child >> 6) + 1;
        level += 1;
    }
    Ok(None)
}

/// The last coupon at or before `from` that is in any of the statuses.
pub fn previous<E>(
    from: u64,
    statuses: Statuses,
    mut node: impl FnMut(NodeId) -> Result<Option<Node>, E>,
) -> Result<Option<u64>, E> {
    let mut child = from;
    let mut level = 0;
    while level < LEVELS {
        let id = NodeId { level, place: child >> 6 };
        let children = node(id)?.unwrap_or_default().children(statuses);
        let earlier = children & (u64::MAX >> (63 - (child & 63)));
        if earlier != 0 {
            return descend_last(id, earlier, statuses, &mut node).map(Some);
        }
        let Some(before) = (child >> 6).checked_sub(1) else { return Ok(None) };
        child = before;
        level += 1;
    }
    Ok(None)
}

fn descend_first<E>(
    mut id: NodeId,
    mut children: u64,
    statuses: Statuses,
    node: &mut impl FnMut(NodeId) -> Result<Option<Node>, E>,
) -> Result<u64, E> {
    loop {
        let child = (id.place << 6) + u64::from(children.trailing_zeros() & 63);
        let Some(level) = id.level.checked_sub(1) else { return Ok(child) };
        id = NodeId { level, place: child };
        children = node(id)?.unwrap_or_default().children(statuses);
    }
}

fn descend_last<E>(
    mut id: NodeId,
    mut children: u64,
    statuses: Statuses,
    node: &mut impl FnMut(NodeId) -> Result<Option<Node>, E>,
) -> Result<u64, E> {
    loop {
        let child = (id.place << 6) + u64::from(63 - (children.leading_zeros() & 63));
        let Some(level) = id.level.checked_sub(1) else { return Ok(child) };
        id = NodeId { level, place: child };
        children = node(id)?.unwrap_or_default().children(statuses);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use proptest::prelude::*;

    use super::*;

    type Tree = HashMap<NodeId, Node>;

    /// Moves a coupon from one status to another, upwards only as far as needed.
    fn set(tree: &mut Tree, index: u64, status: Status, present: bool) {
        for (id, child) in path(index) {
            let node = tree.entry(id).or_default();
            let held = node.holds(status);
            node.put(status, child, present);
            if node.holds(status) == held {
                break;
            }
        }
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_a_list_finds(
            moves in proptest::collection::vec((0u64..100_000, 0u8..6), 1..200),
            from in 0u64..100_000,
            wanted in 0u8..6,
        ) {
            let mut tree = Tree::new();
            let mut list = BTreeMap::new();
            for (index, status) in moves {
                let status = Status::from_number(status).expect("a status");
                if let Some(before) = list.insert(index, status) {
                    set(&mut tree, index, before, false);
                }
                set(&mut tree, index, status, true);
            }
            let wanted = Statuses::of(&[Status::from_number(wanted).expect("a status")]);
            let read = |id| Ok::<_, ()>(tree.get(&id).copied());
            let after = list.range(from..).find(|(_, s)| wanted.has(**s)).map(|(i, _)| *i);
            let before = list.range(..=from).rev().find(|(_, s)| wanted.has(**s)).map(|(i, _)| *i);
            prop_assert_eq!(next(from, wanted, read), Ok(after));
            prop_assert_eq!(previous(from, wanted, read), Ok(before));
        }
    }
}
