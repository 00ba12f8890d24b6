//! Relay connections (the GraphQL Cursor Connections specification) of each kind of object.

use async_graphql::SimpleObject;

use super::{
    cursor::{Place, cursor},
    global_id::GlobalIds,
    scalar::Cursor,
    types::{AuditEntry, Coupon, CouponEvent, CouponPool, Customer, Job, JobRefusal, LedgerEntry},
};
use scrip_service::Page;

/// Where a page is in its list.
#[derive(Debug, Clone, SimpleObject)]
pub struct PageInfo {
    /// Whether there are more items after this page.
    pub has_next_page: bool,
    /// Whether there are more items before this page.
    pub has_previous_page: bool,
    /// The place of its first item.
    pub start_cursor: Option<Cursor>,
    /// The place of its last item: give it as `after` for the next page.
    pub end_cursor: Option<Cursor>,
}

/// The connection and the edge of one kind of object.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ident) => {
        /// An item and its place in the list.
        #[derive(Debug, SimpleObject)]
        pub struct $edge {
            /// The place of the item in the list.
            pub cursor: Cursor,
            /// The item.
            pub node: $node,
        }

        /// A page of a list.
        #[derive(Debug, SimpleObject)]
        pub struct $connection {
            /// The items with their places.
            pub edges: Vec<$edge>,
            /// Where the page is in its list.
            pub page_info: PageInfo,
        }

        impl $connection {
            /// The connection of a page of the service.
            pub fn of<T, P: Place>(ids: &GlobalIds, page: Page<T, P>, node: impl Fn(T) -> $node) -> Self {
                let mut page_info = PageInfo::of(ids, &page);
                let reached = if page.from_end { &mut page_info.start_cursor } else { &mut page_info.end_cursor };
                if let Some(resume) = &page.resume {
                    *reached = Some(cursor(ids, resume));
                }
                let edge = |(place, item): (P, T)| $edge { cursor: cursor(ids, &place), node: node(item) };
                Self { edges: page.items.into_iter().map(edge).collect(), page_info }
            }
        }
    };
}

connection!(CouponPoolConnection, CouponPoolEdge, CouponPool);
connection!(CouponConnection, CouponEdge, Coupon);
connection!(CustomerConnection, CustomerEdge, Customer);
connection!(CouponEventConnection, CouponEventEdge, CouponEvent);
connection!(AuditEntryConnection, AuditEntryEdge, AuditEntry);
connection!(JobConnection, JobEdge, Job);
connection!(JobRefusalConnection, JobRefusalEdge, JobRefusal);
connection!(LedgerEntryConnection, LedgerEntryEdge, LedgerEntry);

impl PageInfo {
    fn of<T, P: Place>(ids: &GlobalIds, page: &Page<T, P>) -> Self {
        let at = |item: Option<&(P, T)>| item.map(|(place, _)| cursor(ids, place));
        Self {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor: at(page.items.first()),
            end_cursor: at(page.items.last()),
        }
    }
}
