//! The counts of a pool and its tree of statuses against the coupons that it has.

use std::collections::BTreeMap;

use super::{Fault, books::Rows};
use crate::{
    StorageError, Store,
    tables::{Nodes, Tally},
};
use scrip_domain::{
    coupon::Coupon,
    id::PoolId,
    pool::Counts,
    presence::{CHILDREN, LEVELS, Node, NodeId},
    status::Status,
    withdrawn::Withdrawn,
};

/// What the coupons of a pool come to.
pub(super) struct PoolBooks {
    pool: PoolId,
    counts: Counts,
    claims: i64,
    rows: u64,
    /// Untouched coupons that were taken out of use, and how many places of each have a row.
    withdrawn: Vec<(Withdrawn, u64)>,
    /// The node that the last coupon is in, as the coupons make it.
    place: u64,
    node: Node,
    /// The level above, as the nodes make it.
    above: BTreeMap<u64, Node>,
    /// How many nodes of the lowest level the coupons make.
    nodes: u64,
}

impl PoolBooks {
    /// Those of a pool without coupons.
    pub(super) fn new(pool: PoolId, withdrawn: Option<Vec<Withdrawn>>) -> Self {
        let (counts, node) = (Counts::default(), Node::default());
        let withdrawn = withdrawn.into_iter().flatten().map(|withdrawn| (withdrawn, 0)).collect();
        Self { pool, counts, claims: 0, rows: 0, withdrawn, place: 0, node, above: BTreeMap::new(), nodes: 0 }
    }

    /// Whose books they are.
    pub(super) fn pool(&self) -> PoolId {
        self.pool
    }

    /// Adds a coupon, which comes after the ones before.
    pub(super) async fn add(
        &mut self,
        store: &Store,
        coupon: &Coupon,
        tell: &mut impl FnMut(Fault),
    ) -> Result<(), StorageError> {
        let place = coupon.id.index / CHILDREN;
        if place != self.place {
            self.end_of_node(store, tell).await?;
            self.place = place;
        }
        self.node.put(coupon.status, coupon.id.index % CHILDREN, true);
        self.counts.add(coupon.status, 1);
        self.counts.usages += i64::from(coupon.usages);
        self.claims += i64::from(coupon.claims);
        self.rows += 1;
        if let Some((_, rows)) = self.withdrawn.iter_mut().find(|(withdrawn, _)| withdrawn.has(coupon.id.index)) {
            *rows += 1;
        }
        Ok(())
    }

    async fn end_of_node(&mut self, store: &Store, tell: &mut impl FnMut(Fault)) -> Result<(), StorageError> {
        let node = std::mem::take(&mut self.node);
        if node == Node::default() {
            return Ok(());
        }
        self.nodes += 1;
        note(&mut self.above, self.place, &node);
        let id = NodeId { level: 0, place: self.place };
        if store.get_one::<Nodes>((self.pool, id)).await?.unwrap_or_default() != node {
            let (pool, first) = (self.pool.0, self.place * CHILDREN);
            let what = format!("pool {pool} lists coupons {first} to {} by another status", first + CHILDREN - 1);
            tell(Fault::Books { what });
        }
        Ok(())
    }

    /// The last coupon was added: the levels above follow from the lowest.
    pub(super) async fn end_of_rows(
        &mut self,
        store: &Store,
        tell: &mut impl FnMut(Fault),
    ) -> Result<(), StorageError> {
        self.end_of_node(store, tell).await?;
        let mut rows = Rows::of(store, Nodes::of(self.pool));
        let lowest = self.lowest_in_use(&mut rows).await?;
        if lowest != self.nodes {
            let what =
                format!("pool {} has {lowest} groups in its lists, and its coupons make {}", self.pool.0, self.nodes);
            tell(Fault::Books { what });
        }
        let mut level = std::mem::take(&mut self.above);
        for number in 1..LEVELS {
            let mut above = BTreeMap::new();
            for (place, node) in &level {
                note(&mut above, *place, node);
                let id = NodeId { level: number, place: *place };
                if store.get_one::<Nodes>((self.pool, id)).await?.unwrap_or_default() != *node {
                    let what = format!("pool {} has lists whose level {number} is another at {place}", self.pool.0);
                    tell(Fault::Books { what });
                }
            }
            level = above;
        }
        Ok(())
    }

    /// How many nodes of the lowest level hold a coupon.
    async fn lowest_in_use(&self, rows: &mut Rows<'_, Nodes>) -> Result<u64, StorageError> {
        let mut number = 0;
        while let Some(((_, id), node)) = rows.next().await? {
            if id.level > 0 {
                break;
            }
            number += u64::from(node != Node::default());
        }
        Ok(number)
    }

    /// Holds the untouched coupons that were taken out of use against the rows that are among them; how many they are.
    fn check_withdrawn(&self, tell: &mut impl FnMut(Fault)) -> i64 {
        for (withdrawn, rows) in &self.withdrawn {
            let places: u64 = withdrawn.spans.iter().map(|span| span.end.saturating_sub(span.start)).sum();
            if places != withdrawn.left + rows {
                let (pool, left) = (self.pool.0, withdrawn.left);
                let what = format!(
                    "pool {pool} has {left} withdrawn coupons without a row at {places} places, and {rows} rows there"
                );
                tell(Fault::Books { what });
            }
        }
        let left: u64 = self.withdrawn.iter().map(|(withdrawn, _)| withdrawn.left).sum();
        i64::try_from(left).unwrap_or(i64::MAX)
    }

    /// Holds what the coupons come to against the pool's counts. Coupons that nobody has touched have no row, and are
    /// unassigned.
    pub(super) fn finish(&self, tally: &Tally, tell: &mut impl FnMut(Fault)) {
        for status in Status::ALL.into_iter().filter(|status| *status != Status::Unassigned) {
            let (counted, mut found) = (tally.counts.of(status), self.counts.of(status));
            if status == Status::Invalid {
                found = found.saturating_add(self.check_withdrawn(tell));
            }
            if counted != found {
                let name = status.name();
                tell(Fault::Books {
                    what: format!("pool {} counts {counted} {name} coupons and has {found}", self.pool.0),
                });
            }
        }
        let unassigned = tally.counts.of(Status::Unassigned);
        let left = self.withdrawn.iter().map(|(withdrawn, _)| withdrawn.left).sum();
        let untouched = tally.supply.size.saturating_sub(self.rows).saturating_sub(left);
        let untouched = i64::try_from(untouched).unwrap_or(i64::MAX);
        let most = self.counts.of(Status::Unassigned).saturating_add(untouched);
        if unassigned < self.counts.of(Status::Unassigned) || unassigned > most || self.rows > tally.supply.size {
            let what = format!("pool {} counts {unassigned} unassigned coupons of {}", self.pool.0, tally.supply.size);
            tell(Fault::Books { what });
        }
        if tally.counts.usages != self.counts.usages {
            let (counted, found) = (tally.counts.usages, self.counts.usages);
            tell(Fault::Books { what: format!("pool {} counts {counted} usages and has {found}", self.pool.0) });
        }
        let (counted, found) = (tally.claims, self.claims);
        if counted.exact && counted.number != found {
            let what = format!("pool {} counts {} claims and has {found}", self.pool.0, counted.number);
            tell(Fault::Books { what });
        }
    }
}

/// Notes in the level above which statuses occur below a node.
fn note(above: &mut BTreeMap<u64, Node>, place: u64, node: &Node) {
    let parent = above.entry(place / CHILDREN).or_default();
    for status in Status::ALL.into_iter().filter(|status| node.holds(*status)) {
        parent.put(status, place % CHILDREN, true);
    }
}
