//! Pools.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::{
    enums::{CouponType, PoolSource},
    ids::Ids,
};
use crate::{
    asking::session,
    connection::CouponConnection,
    cursor::{AtEvent, HappenedAt, HeldSince, Place, place},
    failure::{failed, refused},
    global_id::{self, GlobalId, GlobalIds, ids},
    input::CouponFilter,
    moment::instant,
    scalar::{BigInt, CurrencyCode, Cursor, DateTime, Decimal, Period},
    types::{Coupon, Limits, PluginBinding, PoolPartner, Stacking, UserGroup},
};
use scrip_domain::{
    coupon,
    group::Groups,
    id::{CouponId, PoolId},
    pool,
    rejection::Input,
    terms::Terms,
};
use scrip_service::{Index, Page, PageRequest, foreign_cursor};

/// A coupon pool: a source of codes, the terms that new coupons get, and its counts.
#[derive(Debug, Clone)]
pub struct CouponPool(pub Arc<pool::Pool>);

/// In which order a pool's coupons are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Default)]
pub enum CouponOrder {
    /// In the order in which they were added or made; where a filter lists them in another order, in that.
    #[default]
    Position,
    /// The other way round.
    PositionDescending,
}

/// A page of a pool's coupons, as it was asked for.
struct Asked {
    first: Option<i32>,
    after: Option<Cursor>,
    last: Option<i32>,
    before: Option<Cursor>,
    descending: bool,
}

impl Asked {
    /// The page of the list that the filter makes: a customer's, one in the order of time, or by place.
    async fn answer(
        self,
        ctx: &Context<'_>,
        pool: PoolId,
        mut filter: scrip_service::CouponFilter,
    ) -> Result<CouponConnection> {
        let fail = |failure| failed(ctx, &failure);
        let (now, ids, session) = (instant(ctx)?, ids(ctx)?, session(ctx)?);
        if filter.pool.is_some_and(|other| other != pool) {
            return Ok(CouponConnection::of(ids, Page::<_, CouponId>::empty(), Coupon));
        }
        filter.pool = Some(pool);
        match filter.index() {
            Index::Held => {
                let page = self.page(ids, |HeldSince { 0: event }| Some(event))?;
                let found = session.held_coupons(&filter, &page, now).await.map_err(fail)?;
                Ok(self.connection(ids, found.placed(AtEvent::<'h'>)))
            }
            Index::Happened(by) => {
                let page = self.page(ids, |HappenedAt { 0: event }| Some(event))?;
                let found = session.coupons_in_time(pool, by, &filter, &page, now).await.map_err(fail)?;
                Ok(self.connection(ids, found.placed(AtEvent::<'t'>)))
            }
            Index::Place => {
                // Where a search among uploaded codes was cut, its cursor may name a coupon of another pool.
                let any = filter.prefix.is_some();
                let page = self.page(ids, |id: CouponId| (any || id.pool == pool).then_some(id))?;
                let found = session.pool_coupons(pool, &filter, &page, now).await.map_err(fail)?;
                Ok(self.connection(ids, found))
            }
        }
    }

    fn page<P: Place, C>(&self, ids: &GlobalIds, read: impl Fn(P) -> Option<C>) -> Result<PageRequest<C>> {
        let place = |cursor: &Option<Cursor>, field| {
            let found = place(ids, cursor.as_ref(), field)?;
            found.map(|found| read(found).ok_or_else(|| foreign_cursor(field))).transpose()
        };
        let after = place(&self.after, Input::After).map_err(|r| refused(&r))?;
        let before = place(&self.before, Input::Before).map_err(|r| refused(&r))?;
        let page = PageRequest::new(self.first, after, self.last, before).map_err(|r| refused(&r))?;
        Ok(if self.descending { page.reversed() } else { page })
    }

    fn connection<P: Place>(&self, ids: &GlobalIds, found: Page<coupon::Coupon, P>) -> CouponConnection {
        CouponConnection::of(ids, if self.descending { found.reversed() } else { found }, Coupon)
    }
}

/// A coupon pool: a source of codes, the terms that new coupons get, and its counts.
#[Object]
impl CouponPool {
    /// The opaque id.
    pub async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        global_id::id(ctx, &GlobalId::Pool(self.0.id))
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
        self.0.terms.last().and_then(|terms| value_of(terms))
    }

    /// The currency of its amounts; null where they are in any.
    async fn currency(&self) -> Option<CurrencyCode> {
        self.0.currency.map(|currency| CurrencyCode(currency.to_string()))
    }

    /// Whether its codes are compared with regard to case.
    async fn case_sensitive(&self) -> bool {
        self.0.case_sensitive
    }

    /// The plugin that supplies its codes; REMOTE only.
    async fn remote(&self) -> Option<PluginBinding> {
        self.0.remote.as_ref().map(Into::into)
    }

    /// What the partner that supplies its codes is still to be told of its coupons; null where it is told nothing. For
    /// whoever may read plugins.
    async fn partner(&self, ctx: &Context<'_>) -> Result<Option<PoolPartner>> {
        let found = session(ctx)?.partner_news(&self.0).await.map_err(|failure| failed(ctx, &failure))?;
        Ok(found.map(PoolPartner))
    }

    /// The plugins that say who may use its coupons, in order.
    async fn checks(&self) -> Vec<PluginBinding> {
        self.0.checks.iter().map(Into::into).collect()
    }

    /// What its codes are made by; null where they come from a list or a plugin.
    async fn codes(&self, ctx: &Context<'_>) -> Result<Option<PoolCodes>> {
        let tally = session(ctx)?.tally(self.0.id).map_err(|failure| failed(ctx, &failure))?;
        Ok(PoolCodes::of(&self.0, &tally.counts))
    }

    /// Where a new coupon may be used.
    async fn restrictions(&self) -> Restrictions {
        self.0.terms.last().map(Restrictions::of).unwrap_or_default()
    }

    /// Whether a customer who claims again gets the same coupon again: for one more use, or, of a gift card, with its
    /// value on top; its time starts anew.
    async fn aggregated(&self) -> bool {
        self.0.aggregated
    }

    /// Gift cards: whether they pay for the shipping too; null for coupons of other types.
    async fn pays_shipping(&self) -> Option<bool> {
        let terms = self.0.terms.last().filter(|terms| terms.card_value().is_some());
        terms.map(|terms| self.0.pays_shipping(terms))
    }

    /// How its coupons go together with others in one checkout.
    async fn stacking(&self) -> Stacking {
        self.0.till.stacking.clone().into()
    }

    /// How many coupons it gives; null where that is not limited.
    async fn limits(&self) -> Option<Limits> {
        Limits::of(self.0.till.limits)
    }

    /// Whether its code, which is the same for everyone, is open to all: presented at the till by a customer who has not
    /// claimed it, it is claimed and redeemed at once.
    async fn claim_on_use(&self) -> bool {
        self.0.till.claim_on_use
    }

    /// Whether a coupon is given back when all that it took something of is returned. What gift cards paid comes back anyway.
    async fn returnable(&self) -> bool {
        self.0.returnable
    }

    /// Whether coupons are still to get their COUPON_UPDATE after an edit that holds for them. What they carry is what that
    /// edit says already.
    async fn updating(&self) -> bool {
        self.0.updates_kept < self.0.updates_so_far()
    }

    /// The group of users to whom it belongs: for others it does not exist. Null for one that is there for all.
    async fn user_group(&self, ctx: &Context<'_>) -> Result<Option<UserGroup>> {
        let Some(group) = self.0.group else { return Ok(None) };
        Ok(session(ctx)?.groups_named(&Groups::only([group])).into_iter().next().map(UserGroup))
    }

    /// How many coupons it has, by status.
    async fn stats(&self, ctx: &Context<'_>) -> Result<PoolStats> {
        let tally = session(ctx)?.tally_at(self.0.id, instant(ctx)?).await;
        Ok(PoolStats::of(&tally.map_err(|failure| failed(ctx, &failure))?.counts))
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
        let filter = filter.unwrap_or_default().check(ids(ctx)?).map_err(|r| refused(&r))?;
        let asked = Asked { first, after, last, before, descending: order_by == Some(CouponOrder::PositionDescending) };
        asked.answer(ctx, self.0.id, filter).await
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

/// What a pool's codes are made by.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct PoolCodes {
    /// What its codes look like.
    pub pattern: String,
    /// Characters that never take a placeholder's place.
    pub excluded_characters: Vec<String>,
    /// Phrases that never appear in a code, in any case.
    pub excluded_phrases: Vec<String>,
    /// How many codes the pattern can make, exactly.
    pub combinations: BigInt,
    /// The most codes that a bulk pool of it may have: one in a hundred combinations, at most 100,000,000.
    pub bulk_limit: i32,
    /// How many codes exist, those that are used up included.
    pub generated: BigInt,
    /// How likely a guess is to hit a coupon that can be claimed or redeemed: those coupons over the
    /// combinations. Where the pattern was edited, the most that this can be for one of its patterns.
    pub guess_probability: f64,
}

impl PoolCodes {
    fn of(pool: &pool::Pool, counts: &pool::Counts) -> Option<Self> {
        let series = pool.series.last()?;
        Some(Self {
            pattern: series.pattern.clone(),
            excluded_characters: series.excluded_characters.clone(),
            excluded_phrases: series.excluded_phrases.clone(),
            combinations: BigInt(series.combinations.clone()),
            bulk_limit: i32::try_from(series.bulk_limit).unwrap_or(i32::MAX),
            generated: BigInt(counts.total().to_string()),
            guess_probability: pool.guess_probability(counts),
        })
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
    pub stores: Ids,
    /// The products it is for; all where empty.
    pub products: Ids,
    /// The first instant at which it may be used; null where it is at once.
    pub valid_from: Option<DateTime>,
    /// The last instant at which coupons may be used, unless their end is set otherwise (couponExtend); with a time zone
    /// the last one of the day there. A claimed coupon expires after it.
    pub valid_until: Option<DateTime>,
    /// Where the days are that a coupon's time ends with: validUntil, and an expirationPeriod of days or longer. Null
    /// where both end to the instant.
    pub time_zone: Option<String>,
}

impl Restrictions {
    /// The restrictions of terms.
    #[must_use]
    pub fn of(terms: &Arc<Terms>) -> Self {
        let restrictions = &terms.restrictions;
        let amount = |amount: Option<scrip_domain::decimal::Amount>| amount.map(|a| Decimal(a.text(terms.exponent())));
        Self {
            minimum_value: amount(restrictions.minimum_value),
            minimum_redemption_value: amount(restrictions.minimum_redemption_value),
            purchase_minimum: amount(restrictions.purchase_minimum),
            expiration_period: restrictions.expiration_period.map(|period| Period(period.to_string())),
            stores: Ids::of(terms, |terms| &terms.restrictions.stores),
            products: Ids::of(terms, |terms| &terms.restrictions.products),
            valid_from: restrictions.valid_from.map(DateTime),
            valid_until: restrictions.valid_until.map(DateTime),
            time_zone: restrictions.time_zone.as_ref().map(|zone| zone.name().to_owned()),
        }
    }
}

/// How many coupons a pool has, by status, at this moment.
#[derive(Debug, Clone, SimpleObject)]
pub struct PoolStats {
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
    /// Counts as the API tells them.
    pub(crate) fn of(counts: &pool::Counts) -> Self {
        use scrip_domain::status::Status;
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
