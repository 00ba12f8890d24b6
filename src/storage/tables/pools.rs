//! Pools, and their supply and counts.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;

use super::{
    Pools, Tallies,
    words::{self, currency, instant, millis},
};
use crate::{
    codec::{At, CodecError, Part, Parts, PartsReader},
    table::{Form, KIB, MIB},
};
use scrip_domain::{
    binding::{Binding, OnFailure},
    code::SeriesKey,
    combining::Stacking,
    group::GroupId,
    id::{PoolId, TermsNumber},
    limits::Limits,
    pool::{Counts, Pool, Supply},
    pool_codes::{CodeSeries, Making},
    status::Status,
    till::Till,
    update::TermsUpdate,
    withdrawn::Withdrawn,
};

/// A pool's supply and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "Uncounted")]
pub struct Tally {
    /// How far its codes have been given out.
    pub supply: Supply,
    /// Its coupons by status.
    pub counts: Counts,
    /// How often they were claimed.
    pub claims: Claims,
}

/// As format 2 had it.
#[derive(Deserialize)]
struct Uncounted {
    supply: Supply,
    counts: Counts,
}

impl From<Uncounted> for Tally {
    fn from(Uncounted { supply, counts }: Uncounted) -> Self {
        Self { supply, counts, claims: Claims::of(&counts) }
    }
}

/// How often the coupons of a pool were claimed: the sum of what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// How often.
    pub number: i64,
    /// Whether they were counted from the first. Versions before counted none; then each coupon that is not unassigned is
    /// taken for one claim.
    pub exact: bool,
}

impl Default for Claims {
    fn default() -> Self {
        Self { number: 0, exact: true }
    }
}

impl Claims {
    /// As far as can be told where they were not counted.
    fn of(counts: &Counts) -> Self {
        Self { number: counts.total() - counts.of(Status::Unassigned), exact: false }
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptPool<'a> {
    #[serde(borrow)]
    external_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    currency: Option<Cow<'a, str>>,
    case_sensitive: bool,
    #[serde(borrow)]
    series: Vec<KeptSeries<'a>>,
    #[serde(borrow)]
    remote: Option<KeptBinding<'a>>,
    #[serde(borrow)]
    checks: Vec<KeptBinding<'a>>,
    aggregated: bool,
    /// Absent in what versions before them wrote; and so is the next.
    pays_shipping: Option<bool>,
    /// How its coupons go together with others; absent where with all, of no category and in no order.
    #[serde(borrow)]
    stacking: Option<KeptStacking<'a>>,
    /// Absent where they are not.
    returnable: Option<bool>,
    /// The group to whom it belongs; absent where that is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<u32>,
    holdings_since: Option<u64>,
    /// How many it gives in all and to one customer, and since when those are counted.
    limit_total: Option<u32>,
    limit_per_customer: Option<u32>,
    claims_since: Option<u64>,
    /// Absent where its code is not open to all.
    claim_on_use: Option<bool>,
    ranges: Vec<(u64, u32)>,
    /// The edits that held for coupons of before. Absent where there were none.
    #[serde(borrow)]
    updates: Option<Vec<KeptUpdate<'a>>>,
    /// How many of them all rows of coupons have. Absent where that is none.
    updates_kept: Option<u32>,
    /// Untouched coupons that were taken out of use. Absent where there are none.
    withdrawn: Option<Vec<KeptWithdrawn>>,
    archived_at: Option<At>,
    created_at: At,
    updated_at: At,
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct KeptStacking<'a> {
    #[serde(borrow)]
    with: Cow<'a, str>,
    #[serde(borrow)]
    category: Option<Cow<'a, str>>,
    order: i64,
}

#[derive(Serialize, Deserialize)]
struct KeptUpdate<'a> {
    #[serde(borrow)]
    scope: Cow<'a, str>,
    matching: Option<u32>,
    terms: u32,
    at: At,
    #[serde(borrow)]
    actor: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct KeptWithdrawn {
    number: u32,
    /// The first place and the one after the last of each, in turn.
    spans: Vec<u64>,
    left: u64,
    at: At,
}

#[derive(Serialize, Deserialize)]
struct KeptSeries<'a> {
    #[serde(borrow)]
    pattern: Cow<'a, str>,
    excluded_characters: Vec<String>,
    excluded_phrases: Vec<String>,
    #[serde(borrow)]
    combinations: Cow<'a, str>,
    bulk_limit: u64,
    /// One of the two: the code that everyone gets, or the secret that gives their order.
    #[serde(borrow)]
    generic: Option<Cow<'a, str>>,
    secret: Option<ByteArray<32>>,
    first: u64,
}

#[derive(Serialize, Deserialize)]
struct KeptBinding<'a> {
    #[serde(borrow)]
    plugin: Cow<'a, str>,
    /// JSON, in which numbers and names may be what the engine has not.
    config: String,
    allows_failure: bool,
    at_claim: bool,
    /// Absent where it tells none.
    tells_changes: Option<bool>,
}

impl Form for Pools {
    const TABLE: &'static str = "pool";
    const MOST: usize = 4 * MIB;
    type Kept<'a> = KeptPool<'a>;

    fn parts(key: &PoolId) -> Parts<'_> {
        Parts::alone(Part::Number(key.0.into()))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<PoolId> {
        parts.small().map(PoolId)
    }

    fn keep<'a>(_: &PoolId, pool: &'a Box<Pool>) -> KeptPool<'a> {
        KeptPool {
            external_id: pool.external_id.as_deref().map(Cow::Borrowed),
            name: Cow::Borrowed(&pool.name),
            source: words::of_source(pool.source).into(),
            kind: words::of_kind(pool.kind).into(),
            currency: pool.currency.map(|currency| Cow::Borrowed(currency.code())),
            case_sensitive: pool.case_sensitive,
            series: pool.series.iter().map(keep_series).collect(),
            remote: pool.remote.as_ref().map(keep_binding),
            checks: pool.checks.iter().map(keep_binding).collect(),
            aggregated: pool.aggregated,
            pays_shipping: pool.pays_shipping,
            stacking: keep_stacking(&pool.till.stacking),
            returnable: pool.returnable.then_some(true),
            group: pool.group.map(|group| group.0),
            holdings_since: pool.holdings_since,
            limit_total: pool.till.limits.total,
            limit_per_customer: pool.till.limits.per_customer,
            claims_since: pool.claims_since,
            claim_on_use: pool.till.claim_on_use.then_some(true),
            ranges: pool.ranges.iter().map(|(first, terms)| (*first, terms.0)).collect(),
            updates: (!pool.updates.is_empty()).then(|| pool.updates.iter().map(keep_update).collect()),
            updates_kept: (pool.updates_kept > 0).then_some(pool.updates_kept),
            withdrawn: (!pool.withdrawn.is_empty()).then(|| pool.withdrawn.iter().map(keep_withdrawn).collect()),
            archived_at: pool.archived_at.map(millis),
            created_at: millis(pool.created_at),
            updated_at: millis(pool.updated_at),
            version: pool.version,
        }
    }

    /// Without its terms, which have rows of their own.
    fn restore(key: &PoolId, kept: KeptPool<'_>) -> Result<Box<Pool>, CodecError> {
        Ok(Box::new(Pool {
            id: *key,
            external_id: kept.external_id.map(Cow::into_owned),
            name: kept.name.into_owned(),
            source: words::source(&kept.source)?,
            kind: words::kind(&kept.kind)?,
            currency: currency(kept.currency.as_deref())?,
            case_sensitive: kept.case_sensitive,
            series: kept.series.into_iter().map(series).collect::<Result<_, _>>()?,
            remote: kept.remote.map(binding).transpose()?,
            checks: kept.checks.into_iter().map(binding).collect::<Result<_, _>>()?,
            aggregated: kept.aggregated,
            pays_shipping: kept.pays_shipping,
            till: Till {
                stacking: kept.stacking.map(stacking).transpose()?.unwrap_or_default(),
                limits: Limits { total: kept.limit_total, per_customer: kept.limit_per_customer },
                claim_on_use: kept.claim_on_use == Some(true),
            },
            returnable: kept.returnable == Some(true),
            group: kept.group.map(GroupId),
            holdings_since: kept.holdings_since,
            claims_since: kept.claims_since,
            terms: Vec::new(),
            ranges: kept.ranges.into_iter().map(|(first, terms)| (first, TermsNumber(terms))).collect(),
            updates: kept.updates.into_iter().flatten().map(update).collect::<Result<_, _>>()?,
            updates_kept: kept.updates_kept.unwrap_or_default(),
            withdrawn: kept.withdrawn.into_iter().flatten().map(withdrawn).collect::<Result<_, _>>()?,
            archived_at: kept.archived_at.map(instant).transpose()?,
            created_at: instant(kept.created_at)?,
            updated_at: instant(kept.updated_at)?,
            version: kept.version,
        }))
    }
}

fn keep_stacking(stacking: &Stacking) -> Option<KeptStacking<'_>> {
    let Stacking { with, category, order } = stacking;
    (*stacking != Stacking::default()).then(|| KeptStacking {
        with: words::of_stacking(*with).into(),
        category: category.as_deref().map(Cow::Borrowed),
        order: (*order).into(),
    })
}

fn stacking(kept: KeptStacking<'_>) -> Result<Stacking, CodecError> {
    Ok(Stacking {
        with: words::stacking(&kept.with)?,
        category: kept.category.map(Cow::into_owned),
        order: i32::try_from(kept.order).map_err(|_| CodecError::new("expected an order of 32 bits"))?,
    })
}

fn keep_update(update: &TermsUpdate) -> KeptUpdate<'_> {
    KeptUpdate {
        scope: words::of_scope(update.scope).into(),
        matching: update.matching.map(|terms| terms.0),
        terms: update.terms.0,
        at: millis(update.at),
        actor: Cow::Borrowed(&update.actor),
    }
}

fn update(kept: KeptUpdate<'_>) -> Result<TermsUpdate, CodecError> {
    Ok(TermsUpdate {
        scope: words::scope(&kept.scope)?,
        matching: kept.matching.map(TermsNumber),
        terms: TermsNumber(kept.terms),
        at: instant(kept.at)?,
        actor: kept.actor.into_owned(),
    })
}

fn keep_withdrawn(withdrawn: &Withdrawn) -> KeptWithdrawn {
    let Withdrawn { number, spans, left, at } = withdrawn;
    let spans = spans.iter().flat_map(|span| [span.start, span.end]).collect();
    KeptWithdrawn { number: *number, spans, left: *left, at: millis(*at) }
}

fn withdrawn(kept: KeptWithdrawn) -> Result<Withdrawn, CodecError> {
    let spans = kept.spans.chunks(2).map(|pair| match pair {
        [start, end] => Ok(*start..*end),
        _ => Err(CodecError::new("expected the first place and the one after the last of each span")),
    });
    let spans = spans.collect::<Result<_, _>>()?;
    Ok(Withdrawn { number: kept.number, spans, left: kept.left, at: instant(kept.at)? })
}

fn keep_series(series: &CodeSeries) -> KeptSeries<'_> {
    let (generic, secret) = match &series.making {
        Making::Generic(code) => (Some(Cow::Borrowed(code.as_str())), None),
        Making::Keyed(key) => (None, Some(ByteArray::new(*key.bytes()))),
    };
    KeptSeries {
        pattern: Cow::Borrowed(&series.pattern),
        excluded_characters: series.excluded_characters.clone(),
        excluded_phrases: series.excluded_phrases.clone(),
        combinations: Cow::Borrowed(&series.combinations),
        bulk_limit: series.bulk_limit,
        generic,
        secret,
        first: series.first,
    }
}

fn series(kept: KeptSeries<'_>) -> Result<CodeSeries, CodecError> {
    let making = match (kept.generic, kept.secret) {
        (Some(code), None) => Making::Generic(code.into_owned()),
        (None, Some(secret)) => Making::Keyed(SeriesKey::new(secret.into_array())),
        _ => return Err(CodecError::new("expected a series with either one code or a secret")),
    };
    Ok(CodeSeries {
        pattern: kept.pattern.into_owned(),
        excluded_characters: kept.excluded_characters,
        excluded_phrases: kept.excluded_phrases,
        combinations: kept.combinations.into_owned(),
        bulk_limit: kept.bulk_limit,
        making,
        first: kept.first,
    })
}

fn keep_binding(binding: &Binding) -> KeptBinding<'_> {
    KeptBinding {
        plugin: Cow::Borrowed(&binding.plugin),
        config: binding.config.to_string(),
        allows_failure: binding.on_failure == OnFailure::Allow,
        at_claim: binding.at_claim,
        tells_changes: binding.tells_changes.then_some(true),
    }
}

fn binding(kept: KeptBinding<'_>) -> Result<Binding, CodecError> {
    Ok(Binding {
        plugin: kept.plugin.into_owned(),
        config: words::json(&kept.config)?,
        on_failure: if kept.allows_failure { OnFailure::Allow } else { OnFailure::Refuse },
        at_claim: kept.at_claim,
        tells_changes: kept.tells_changes == Some(true),
    })
}

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptTally {
    size: u64,
    next: u64,
    returned: u64,
    /// A set of bits.
    lengths: i64,
    unassigned: i64,
    claimed: i64,
    partially_redeemed: i64,
    redeemed: i64,
    expired: i64,
    invalid: i64,
    usages: i64,
    /// Counted from the first; absent in what versions before wrote.
    claims: Option<i64>,
    /// Not counted from the first; absent where it is what the coupons that are not unassigned tell.
    claims_estimate: Option<i64>,
}

impl Form for Tallies {
    const TABLE: &'static str = "tally";
    const MOST: usize = KIB;
    type Kept<'a> = KeptTally;

    fn parts(key: &PoolId) -> Parts<'_> {
        Parts::alone(Part::Number(key.0.into()))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<PoolId> {
        parts.small().map(PoolId)
    }

    fn keep(_: &PoolId, tally: &Tally) -> KeptTally {
        let Supply { size, next, returned, lengths } = tally.supply;
        KeptTally {
            size,
            next,
            returned,
            lengths: lengths as i64,
            unassigned: tally.counts.of(Status::Unassigned),
            claimed: tally.counts.of(Status::Claimed),
            partially_redeemed: tally.counts.of(Status::PartiallyRedeemed),
            redeemed: tally.counts.of(Status::Redeemed),
            expired: tally.counts.of(Status::Expired),
            invalid: tally.counts.of(Status::Invalid),
            usages: tally.counts.usages,
            claims: tally.claims.exact.then_some(tally.claims.number),
            claims_estimate: Some(tally.claims.number)
                .filter(|_| !tally.claims.exact && tally.claims != Claims::of(&tally.counts)),
        }
    }

    fn restore(_: &PoolId, kept: KeptTally) -> Result<Tally, CodecError> {
        let KeptTally { size, next, returned, lengths, usages, .. } = kept;
        let mut counts = Counts { usages, ..Counts::default() };
        for (status, number) in [
            (Status::Unassigned, kept.unassigned),
            (Status::Claimed, kept.claimed),
            (Status::PartiallyRedeemed, kept.partially_redeemed),
            (Status::Redeemed, kept.redeemed),
            (Status::Expired, kept.expired),
            (Status::Invalid, kept.invalid),
        ] {
            counts.add(status, number);
        }
        let claims = match (kept.claims, kept.claims_estimate) {
            (Some(number), _) => Claims { number, exact: true },
            (None, Some(number)) => Claims { number, exact: false },
            (None, None) => Claims::of(&counts),
        };
        Ok(Tally { supply: Supply { size, next, returned, lengths: lengths as u64 }, counts, claims })
    }
}
