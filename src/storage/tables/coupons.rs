//! Coupons that have been touched, and the older events of those that have many.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    Coupons, Customers, Histories, Pools,
    words::{self, instant, link_to, linked, millis},
};
use crate::{
    codec::{At, CodecError, Link, Part, Parts, PartsReader},
    table::{Form, KIB, Span},
};
use scrip_domain::{
    coupon::{Coupon, Held, History},
    decimal::Amount,
    gift_card::Account,
    id::{CouponId, EventId, PoolId, TermsNumber},
};

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptCoupon<'a> {
    /// Also the first part of the id; here so that what is asked of its pool is found by it.
    #[serde(borrow)]
    pool: Link<'a>,
    #[serde(borrow)]
    code: Cow<'a, str>,
    /// The number of its terms in the pool.
    terms: u32,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    customer: Option<Link<'a>>,
    #[serde(borrow)]
    first_customer: Option<Link<'a>>,
    claimed_at: Option<At>,
    expires_at: Option<At>,
    redeemed_at: Option<At>,
    invalidated_at: Option<At>,
    claims: u32,
    usages: u32,
    transfers: u32,
    /// Absent where it never changed hands, and in what versions before wrote.
    handed_on: Option<bool>,
    /// Of a gift card that has been issued, in minor units; and so are the next two.
    balance: Option<i64>,
    redeemed: Option<i64>,
    entries: Option<u32>,
    /// Absent in what versions before wrote, and where nothing is voided.
    voided: Option<u32>,
    /// The purchases of redemptions that stand, empty for one without. Absent where there are none.
    #[serde(borrow)]
    purchases: Option<Vec<Cow<'a, str>>>,
    /// What checkouts hold. Absent where that is nothing.
    #[serde(borrow)]
    holds: Option<Vec<KeptHeld<'a>>>,
    acquired: Option<(u32, u64)>,
    /// How many leaves of its history are full.
    leaves: u32,
    /// The events since: of each the stream and the place in it.
    events: Vec<u64>,
    /// Absent where its pool had had no update.
    updates: Option<u32>,
    version: u64,
}

/// What a checkout holds of a coupon.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptHeld<'a> {
    #[serde(borrow)]
    transaction: Cow<'a, str>,
    until: At,
    /// Of a gift card, in minor units.
    amount: Option<i64>,
    /// Whether it was given to the customer for this.
    assigned: bool,
}

impl Coupons {
    /// The coupons of a pool whose places are in a range.
    #[must_use]
    pub fn of(pool: PoolId, places: std::ops::Range<u64>) -> Span<Self> {
        Span::numbers(&[Part::Number(pool.0.into())], places)
    }
}

impl Form for Coupons {
    const TABLE: &'static str = "coupon";
    const MOST: usize = 16 * KIB;
    type Kept<'a> = KeptCoupon<'a>;

    fn parts(key: &CouponId) -> Parts<'_> {
        Parts::array([Part::Number(key.pool.0.into()), Part::Number(key.index)])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<CouponId> {
        Some(CouponId { pool: PoolId(parts.small()?), index: parts.number()? })
    }

    fn keep<'a>(key: &CouponId, coupon: &'a Box<Coupon>) -> KeptCoupon<'a> {
        let account = coupon.account;
        // The first customer mostly still holds it.
        let first = coupon.original_customer.as_ref().filter(|first| Some(*first) != coupon.customer.as_ref());
        KeptCoupon {
            pool: link_to::<Pools>(&key.pool),
            code: Cow::Borrowed(&coupon.code),
            terms: coupon.terms.0,
            status: words::of_status(coupon.status).into(),
            customer: coupon.customer.as_ref().map(link_to::<Customers>),
            first_customer: first.map(link_to::<Customers>),
            claimed_at: coupon.claimed_at.map(millis),
            expires_at: coupon.expires_at.map(millis),
            redeemed_at: coupon.redeemed_at.map(millis),
            invalidated_at: coupon.invalidated_at.map(millis),
            claims: coupon.claims,
            usages: coupon.usages,
            transfers: coupon.transfers,
            handed_on: coupon.handed_on,
            balance: account.map(|account| account.balance.0),
            redeemed: account.map(|account| account.redeemed.0),
            entries: account.map(|account| account.entries),
            voided: account.and_then(|account| account.voided),
            purchases: (!coupon.purchases.is_empty()).then(|| coupon.purchases.iter().map(of_purchase).collect()),
            holds: (!coupon.holds.is_empty()).then(|| coupon.holds.iter().map(keep_held).collect()),
            acquired: coupon.acquired.map(|event| (event.stream, event.sequence)),
            leaves: coupon.history.leaves,
            events: words::of_events(&coupon.history.recent),
            updates: (coupon.updates > 0).then_some(coupon.updates),
            version: coupon.version,
        }
    }

    fn restore(key: &CouponId, kept: KeptCoupon<'_>) -> Result<Box<Coupon>, CodecError> {
        let customer = kept.customer.as_ref().map(linked::<Customers>).transpose()?;
        let first = kept.first_customer.as_ref().map(linked::<Customers>).transpose()?;
        let account = match (kept.balance, kept.redeemed, kept.entries) {
            (Some(balance), Some(redeemed), Some(entries)) => {
                Some(Account { balance: Amount(balance), redeemed: Amount(redeemed), entries, voided: kept.voided })
            }
            (None, None, None) => None,
            _ => return Err(CodecError::new("expected a balance, what was redeemed and how many entries, or none")),
        };
        let time = |at: Option<At>| at.map(instant).transpose();
        Ok(Box::new(Coupon {
            id: *key,
            code: kept.code.into_owned(),
            terms: TermsNumber(kept.terms),
            status: words::status(&kept.status)?,
            original_customer: first.or_else(|| customer.clone()),
            customer,
            claimed_at: time(kept.claimed_at)?,
            expires_at: time(kept.expires_at)?,
            redeemed_at: time(kept.redeemed_at)?,
            invalidated_at: time(kept.invalidated_at)?,
            claims: kept.claims,
            usages: kept.usages,
            transfers: kept.transfers,
            handed_on: kept.handed_on,
            account,
            purchases: kept.purchases.into_iter().flatten().map(purchase).collect(),
            holds: kept.holds.into_iter().flatten().map(held).collect::<Result<_, _>>()?,
            acquired: kept.acquired.map(|(stream, sequence)| EventId { stream, sequence }),
            history: History { leaves: kept.leaves, recent: words::events(&kept.events)? },
            updates: kept.updates.unwrap_or_default(),
            version: kept.version,
        }))
    }
}

fn keep_held(held: &Held) -> KeptHeld<'_> {
    KeptHeld {
        transaction: Cow::Borrowed(&held.transaction),
        until: millis(held.until),
        amount: held.amount.map(|amount| amount.0),
        assigned: held.assigned,
    }
}

fn held(kept: KeptHeld<'_>) -> Result<Held, CodecError> {
    Ok(Held {
        transaction: kept.transaction.into_owned(),
        until: instant(kept.until)?,
        amount: kept.amount.map(Amount),
        assigned: kept.assigned,
    })
}

/// No purchase has an empty id.
fn of_purchase(purchase: &Option<String>) -> Cow<'_, str> {
    Cow::Borrowed(purchase.as_deref().unwrap_or_default())
}

fn purchase(kept: Cow<'_, str>) -> Option<String> {
    Some(kept.into_owned()).filter(|kept| !kept.is_empty())
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptLeaf {
    events: Vec<u64>,
}

impl Form for Histories {
    const TABLE: &'static str = "history";
    const MOST: usize = 2 * KIB;
    type Kept<'a> = KeptLeaf;

    fn parts((coupon, leaf): &(CouponId, u32)) -> Parts<'_> {
        Parts::array([Part::Number(coupon.pool.0.into()), Part::Number(coupon.index), Part::Number((*leaf).into())])
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<(CouponId, u32)> {
        Some((Coupons::key(parts)?, parts.small()?))
    }

    fn keep(_: &(CouponId, u32), events: &Vec<EventId>) -> KeptLeaf {
        KeptLeaf { events: words::of_events(events) }
    }

    fn restore(_: &(CouponId, u32), kept: KeptLeaf) -> Result<Vec<EventId>, CodecError> {
        words::events(&kept.events)
    }
}
