//! Pools.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::enums::{CouponType, PoolSource};
use crate::{
    domain::{id::CouponId, pool, terms::Terms},
    graphql::{
        connection::CouponConnection,
        cursor::place_of,
        failure::{failed, refused},
        global_id::GlobalId,
        input::CouponFilter,
        scalar::{CurrencyCode, Cursor, DateTime, Decimal, Period},
        types::Coupon,
    },
    service::{PageRequest, Scrip},
};

/// A coupon pool: a source of codes, the terms that new coupons get, and its counts.
#[derive(Debug, Clone)]
pub struct CouponPool(pub Arc<pool::Pool>);

/// In which order a pool's coupons are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Default)]
pub enum CouponOrder {
    /// In the order in which they were added or made.
    #[default]
    Position,
    /// The other way round.
    PositionDescending,
}

/// A coupon pool: a source of codes, the terms that new coupons get, and its counts.
#[Object]
impl CouponPool {
    /// The opaque id.
    pub async fn id(&self) -> ID {
        GlobalId::Pool(self.0.id).encode()
    }

    /// The retailer's id of the pool, unique among pools.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where its codes come from.
    async fn source(&self) -> PoolSource {
        self.0.source.into()
    }

    /// What kind of coupons it has.
    #[graphql(name = "type")]
    async fn kind(&self) -> CouponType {
        self.0.kind.into()
    }

    /// What a new coupon is worth: an amount, or a percentage; null for free shipping.
    async fn value(&self) -> Option<Decimal> {
        self.0.terms.last().and_then(value_of)
    }

    /// The currency of its amounts; null where they are in any.
    async fn currency(&self) -> Option<CurrencyCode> {
        self.0.currency.map(|currency| CurrencyCode(currency.to_string()))
    }

    /// Whether its codes are compared with regard to case.
    async fn case_sensitive(&self) -> bool {
        self.0.case_sensitive
    }

    /// Where a new coupon may be used.
    async fn restrictions(&self) -> Restrictions {
        self.0.terms.last().map(Restrictions::of).unwrap_or_default()
    }

    /// Whether a customer who claims again gets the same coupon again.
    async fn aggregated(&self) -> bool {
        self.0.aggregated
    }

    /// How many coupons it has, by status.
    async fn stats(&self, ctx: &Context<'_>) -> Result<PoolStats> {
        let scrip = ctx.data::<Arc<Scrip>>()?;
        scrip.settle().await.map_err(|failure| failed(ctx, &failure))?;
        Ok(PoolStats::of(&scrip.registry().tally(self.0.id).counts))
    }

    /// Its coupons, those that nobody has claimed included.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection with filter and order")]
    async fn coupons(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start: 1 to 500; 50 where neither first nor last is given.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only those after this place.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the end: 1 to 500.")] last: Option<i32>,
        #[graphql(desc = "Only those before this place.")] before: Option<Cursor>,
        #[graphql(desc = "Only these.")] filter: Option<CouponFilter>,
        #[graphql(desc = "In this order.")] order_by: Option<CouponOrder>,
    ) -> Result<CouponConnection> {
        let mine = |id: &CouponId| id.pool == self.0.id;
        let after = place_of(after.as_ref(), "after", mine).map_err(|r| refused(&r))?;
        let before = place_of(before.as_ref(), "before", mine).map_err(|r| refused(&r))?;
        let descending = order_by == Some(CouponOrder::PositionDescending);
        let mut page = PageRequest::new(first, after, last, before).map_err(|r| refused(&r))?;
        if descending {
            // A list read backwards: its start is the other list's end.
            page.from_end = !page.from_end;
            std::mem::swap(&mut page.after, &mut page.before);
        }
        let filter = filter.unwrap_or_default().into();
        let scrip = ctx.data::<Arc<Scrip>>()?;
        let mut found = scrip.pool_coupons(self.0.id, &filter, &page).await.map_err(|failure| failed(ctx, &failure))?;
        if descending {
            found.items.reverse();
            std::mem::swap(&mut found.has_next, &mut found.has_previous);
        }
        Ok(CouponConnection::of(found, Coupon))
    }

    /// Since when it gives out nothing new.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was last edited.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// Raised by one with every edit: give it back as expectedVersion to edit only what you have read.
    async fn version(&self) -> i32 {
        i32::try_from(self.0.version).unwrap_or(i32::MAX)
    }
}

/// The value of terms as a decimal.
pub(super) fn value_of(terms: &Terms) -> Option<Decimal> {
    terms.value.text(terms.currency).map(Decimal)
}

/// Where and when a coupon may be used.
#[derive(Debug, Clone, Default, SimpleObject)]
pub struct Restrictions {
    /// Gift cards: a card that holds less than this after a redemption is voided.
    pub minimum_value: Option<Decimal>,
    /// Gift cards: the least that is taken at once.
    pub minimum_redemption_value: Option<Decimal>,
    /// The least that the eligible part of a basket is worth.
    pub purchase_minimum: Option<Decimal>,
    /// How long after its claim a coupon is valid.
    pub expiration_period: Option<Period>,
    /// The stores it is for; all where empty.
    pub stores: Vec<ID>,
    /// The products it is for; all where empty.
    pub products: Vec<ID>,
}

impl Restrictions {
    /// The restrictions of terms.
    #[must_use]
    pub fn of(terms: &Terms) -> Self {
        let restrictions = &terms.restrictions;
        let amount = |amount: Option<crate::domain::decimal::Amount>| amount.map(|a| Decimal(a.text(terms.exponent())));
        let ids = |ids: &[String]| ids.iter().cloned().map(ID).collect();
        Self {
            minimum_value: amount(restrictions.minimum_value),
            minimum_redemption_value: amount(restrictions.minimum_redemption_value),
            purchase_minimum: amount(restrictions.purchase_minimum),
            expiration_period: restrictions.expiration_period.map(|period| Period(period.to_string())),
            stores: ids(&restrictions.stores),
            products: ids(&restrictions.products),
        }
    }
}

/// How many coupons a pool has, by status, at this moment.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct PoolStats {
    /// All of them.
    pub total: i32,
    /// Those that nobody holds.
    pub unassigned: i32,
    /// Those that a customer holds.
    pub claimed: i32,
    /// Gift cards that have paid and still hold something.
    pub partially_redeemed: i32,
    /// Those that are used up.
    pub redeemed: i32,
    /// Those whose time is over.
    pub expired: i32,
    /// Those that were taken out of use.
    pub invalid: i32,
    /// Redemptions that stand.
    pub usages: i32,
}

impl PoolStats {
    fn of(counts: &pool::Counts) -> Self {
        use crate::domain::status::Status;
        let number = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            total: number(counts.total()),
            unassigned: number(counts.of(Status::Unassigned)),
            claimed: number(counts.of(Status::Claimed)),
            partially_redeemed: number(counts.of(Status::PartiallyRedeemed)),
            redeemed: number(counts.of(Status::Redeemed)),
            expired: number(counts.of(Status::Expired)),
            invalid: number(counts.of(Status::Invalid)),
            usages: number(counts.usages),
        }
    }
}
