//! What is asked for when a pool is made or edited, checked field by field into a [`Pool`] or new
//! [`Terms`]. All of a draft's faults are told at once, each with its field.

use std::sync::Arc;

use jiff::Span;

use super::{
    binding::{Binding, MAX_CHECKS},
    code::{CaseMode, SeriesKey, typed},
    currency::Currency,
    decimal::{Amount, Decimal},
    group::GroupId,
    id::{PoolId, checked_id, checked_text},
    period::{Instant, Period},
    pool::Pool,
    pool_codes::{CodesDraft, CodesFault, NewCodes},
    rejection::{Input, Refusal, Rejection},
    source::Source,
    terms::{CouponType, Restrictions, Terms, Value},
    till::{Till, TillEdit, check_claim_on_use},
    zone::Zone,
};

/// The longest name of a pool, in characters.
const MAX_NAME: usize = 200;
/// The bounds of a pool's external id, in characters (product section 1).
const EXTERNAL_ID: std::ops::RangeInclusive<usize> = 6..=24;
/// The longest code, in characters (product section 2).
pub const MAX_CODE: usize = 64;
/// The most stores or products that a restriction may list.
const MAX_LISTED: usize = 10_000;

/// Restrictions as they are asked for.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct RestrictionsDraft {
    /// Gift cards: the least that stays on a card.
    pub minimum_value: Option<String>,
    /// Gift cards: the least that is taken at once.
    pub minimum_redemption_value: Option<String>,
    /// The least that a basket is worth.
    pub purchase_minimum: Option<String>,
    /// An ISO 8601 period.
    pub expiration_period: Option<String>,
    /// Store ids.
    pub stores: Vec<String>,
    /// Product ids.
    pub products: Vec<String>,
    /// The first instant at which a coupon may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Instant>,
    /// The last one; with a time zone, one of the last day there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Instant>,
    /// The name of a time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A pool as it is asked for.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PoolDraft {
    /// What people call it.
    pub name: String,
    /// The retailer's id.
    pub external_id: Option<String>,
    /// Where its codes come from.
    pub source: Source,
    /// What kind of coupons it has.
    pub kind: CouponType,
    /// What a coupon is worth, as a decimal text.
    pub value: Option<String>,
    /// An ISO 4217 code.
    pub currency: Option<String>,
    /// Whether codes are compared with regard to case.
    pub case_sensitive: Option<bool>,
    /// The pattern of generated codes.
    pub pattern: Option<String>,
    /// Characters that never take a placeholder's place.
    pub excluded_characters: Vec<String>,
    /// Phrases that never appear in a code.
    pub excluded_phrases: Vec<String>,
    /// The plugin that supplies its codes.
    pub remote: Option<Binding>,
    /// The plugins that say who may use its coupons.
    pub checks: Vec<Binding>,
    /// Where its coupons may be used.
    pub restrictions: RestrictionsDraft,
    /// Whether a customer gets the same coupon again.
    pub aggregated: bool,
    /// Gift cards: whether they pay for the shipping too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pays_shipping: Option<bool>,
    /// How its coupons behave at the till.
    #[serde(flatten)]
    pub till: TillEdit,
    /// Whether its coupons are given back with what they took something of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returnable: Option<bool>,
    /// The group of users to whom it belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
}

/// Gathers refusals, so that a draft's faults are told together.
#[derive(Debug, Default)]
pub struct Faults(Vec<Refusal>);

impl Faults {
    /// The value, or none and its fault kept with its field.
    pub fn take<T>(&mut self, field: &[Input], result: Result<T, Rejection>) -> Option<T> {
        result.map_err(|rejection| self.0.push(rejection.at(field.iter().copied()))).ok()
    }

    /// Keeps a fault.
    pub fn add(&mut self, field: &[Input], rejection: Rejection) {
        self.0.push(rejection.at(field.iter().copied()));
    }

    /// Keeps a fault that has its field.
    pub fn keep(&mut self, refusal: Refusal) {
        self.0.push(refusal);
    }

    /// All faults, if there are any.
    pub fn into_result(self) -> Result<(), Vec<Refusal>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

impl PoolDraft {
    /// The codes that it asks for, in the order of `key`; none where its codes come from elsewhere. Takes
    /// up to tenths of a second where there are many phrases.
    #[must_use]
    pub fn codes(&self, key: SeriesKey) -> Option<Result<NewCodes, CodesFault>> {
        let pattern = match self.source {
            Source::Generated | Source::BulkGenerated => self.pattern.clone()?,
            Source::Uploaded | Source::Remote => return None,
        };
        let draft = CodesDraft {
            pattern,
            excluded_characters: self.excluded_characters.clone(),
            excluded_phrases: self.excluded_phrases.clone(),
            case_sensitive: self.case_sensitive.unwrap_or(false),
        };
        Some(draft.check(self.source, key))
    }

    /// The pool that this draft describes, with the codes of [`PoolDraft::codes`], or all that is wrong
    /// with it.
    pub fn check(
        &self,
        id: PoolId,
        now: Instant,
        codes: Option<Result<NewCodes, CodesFault>>,
    ) -> Result<Pool, Vec<Refusal>> {
        let mut faults = Faults::default();
        faults.take(&[Input::Name], checked_text(&self.name, MAX_NAME));
        if let Some(external) = &self.external_id {
            faults.take(&[Input::ExternalId], check_external_id(external));
        }
        let currency = self.check_currency(&mut faults);
        let codes = self.check_source(codes, &mut faults);
        faults.take(&[Input::Checks], check_number(&self.checks));
        faults.take(&[Input::PaysShipping], check_pays_shipping(self.kind, self.pays_shipping));
        let value = faults.take(&[Input::Value], Value::parse(self.kind, self.value.as_deref(), currency));
        let restrictions = self.restrictions.check(self.kind, currency, &mut faults);
        let till = self.till.applied(&Till::default(), &mut faults);
        faults.into_result()?;
        let Some(value) = value else { return Err(vec![Rejection::Required { what: "a value" }.at([Input::Value])]) };
        let mut pool = Pool {
            id,
            external_id: self.external_id.clone(),
            name: self.name.clone(),
            source: self.source,
            kind: self.kind,
            currency,
            case_sensitive: codes
                .as_ref()
                .map_or(self.case_sensitive.unwrap_or(false), |codes| codes.format().case() == CaseMode::Sensitive),
            series: codes.iter().map(|codes| codes.series(0)).collect(),
            remote: self.remote.clone(),
            checks: self.checks.clone(),
            aggregated: self.aggregated,
            pays_shipping: (self.kind == CouponType::GiftCard).then_some(self.pays_shipping == Some(true)),
            till,
            returnable: self.returnable == Some(true),
            group: self.group,
            holdings_since: None,
            claims_since: None,
            terms: vec![Arc::new(Terms { value, currency, restrictions })],
            ranges: Vec::new(),
            updates: Vec::new(),
            updates_kept: 0,
            withdrawn: Vec::new(),
            archived_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        // What is claimed of it is noted from the first one on.
        pool.holdings_since = pool.asks_holdings().then_some(0);
        pool.claims_since = pool.till.limits.per_customer.map(|_| 0);
        let open = check_claim_on_use(&pool.till, pool.generic_code().is_some(), pool.aggregated);
        open.map_err(|rejection| vec![rejection.at([Input::ClaimOnUse])])?;
        Ok(pool)
    }

    fn check_currency(&self, faults: &mut Faults) -> Option<Currency> {
        let code = self.currency.as_deref()?;
        faults.take(&[Input::Currency], Currency::parse(code))
    }

    /// The codes, where the source makes them; other sources have none of the fields.
    fn check_source(&self, codes: Option<Result<NewCodes, CodesFault>>, faults: &mut Faults) -> Option<NewCodes> {
        let subject = || format!("source {}", self.source.name());
        let makes = matches!(self.source, Source::Generated | Source::BulkGenerated);
        let given = [
            (Input::Pattern, self.pattern.is_some() && !makes),
            (Input::ExcludedCharacters, !self.excluded_characters.is_empty() && !makes),
            (Input::ExcludedPhrases, !self.excluded_phrases.is_empty() && !makes),
            (Input::Remote, self.remote.is_some() && self.source != Source::Remote),
        ];
        for (field, _) in given.iter().filter(|(_, given)| *given) {
            faults.add(&[*field], Rejection::FieldNotApplicable { subject: subject() });
        }
        if self.source == Source::Remote && self.remote.is_none() {
            faults.add(&[Input::Remote], Rejection::Required { what: "a plugin that supplies the codes" });
        }
        match codes.filter(|_| makes) {
            Some(Ok(codes)) => return Some(codes),
            Some(Err(fault)) => faults.add(&[fault.field], fault.rejection),
            None if makes => faults.add(&[Input::Pattern], Rejection::Required { what: "a pattern" }),
            None => {}
        }
        None
    }
}

impl RestrictionsDraft {
    /// The restrictions, with what is wrong added to `faults`.
    pub fn check(&self, kind: CouponType, currency: Option<Currency>, faults: &mut Faults) -> Restrictions {
        let exponent = super::currency::exponent_of(currency);
        let mut card_amount = |name: Input, text: &Option<String>| {
            let field = [Input::Restrictions, name];
            let text = text.as_deref()?;
            if kind != CouponType::GiftCard {
                faults.add(&field, not_for(kind));
                return None;
            }
            faults.take(&field, positive(text, exponent))
        };
        let minimum_value = card_amount(Input::MinimumValue, &self.minimum_value);
        let minimum_redemption_value = card_amount(Input::MinimumRedemptionValue, &self.minimum_redemption_value);
        let minimum = self.purchase_minimum.as_deref();
        let purchase_minimum = minimum
            .and_then(|text| faults.take(&[Input::Restrictions, Input::PurchaseMinimum], positive(text, exponent)));
        let period = self.expiration_period.as_deref();
        let expiration_period =
            period.and_then(|text| faults.take(&[Input::Restrictions, Input::ExpirationPeriod], Period::parse(text)));
        let stores = faults.take(&[Input::Restrictions, Input::Stores], listed(&self.stores)).unwrap_or_default();
        let products = faults.take(&[Input::Restrictions, Input::Products], listed(&self.products)).unwrap_or_default();
        let zone = self.time_zone.as_deref();
        let time_zone = zone.and_then(|name| faults.take(&[Input::Restrictions, Input::TimeZone], Zone::parse(name)));
        let valid_until = self.valid_until.and_then(|until| {
            faults.take(
                &[Input::Restrictions, Input::ValidUntil],
                last_instant(until, self.valid_from, time_zone.as_ref()),
            )
        });
        Restrictions {
            minimum_value,
            minimum_redemption_value,
            purchase_minimum,
            expiration_period,
            stores,
            products,
            valid_from: self.valid_from,
            valid_until,
            time_zone,
        }
    }
}

/// The last instant at which coupons may be used: with a time zone, that of the day there.
fn last_instant(until: Instant, from: Option<Instant>, zone: Option<&Zone>) -> Result<Instant, Rejection> {
    let invalid = |reason: String| Rejection::ValueInvalid { reason };
    let last = match zone {
        Some(zone) => zone.day_after(until).and_then(|next| next.checked_sub(Span::new().milliseconds(1)).ok()),
        None => Some(until),
    };
    let last = last.ok_or_else(|| invalid("expected an instant before the year 9999".to_owned()))?;
    match from {
        Some(from) if last < from => Err(invalid(format!("expected an instant after validFrom, which is {from}"))),
        Some(_) | None => Ok(last),
    }
}

/// Whether it can be said of coupons of a type that they pay for the shipping too: gift cards are the only ones that pay.
pub fn check_pays_shipping(kind: CouponType, given: Option<bool>) -> Result<(), Rejection> {
    if given.is_some() && kind != CouponType::GiftCard { Err(not_for(kind)) } else { Ok(()) }
}

fn not_for(kind: CouponType) -> Rejection {
    Rejection::FieldNotApplicable { subject: format!("type {}", kind.name()) }
}

fn positive(text: &str, exponent: u8) -> Result<Amount, Rejection> {
    match Decimal::parse(text)?.to_amount(exponent)? {
        amount if amount.is_positive() => Ok(amount),
        _ => Err(Rejection::ValueInvalid { reason: "expected an amount above zero".to_owned() }),
    }
}

/// Distinct ids in a fixed order, so that looking one up is a binary search.
fn listed(ids: &[String]) -> Result<Vec<String>, Rejection> {
    if ids.len() > MAX_LISTED {
        return Err(Rejection::LimitExceeded { what: "too many ids", limit: MAX_LISTED as u64 });
    }
    let mut checked = ids.iter().map(|id| checked_id(id)).collect::<Result<Vec<_>, _>>()?;
    checked.sort_unstable();
    checked.dedup();
    Ok(checked)
}

/// A pool's external id: 6 to 24 printable ASCII characters.
fn check_external_id(text: &str) -> Result<(), Rejection> {
    if EXTERNAL_ID.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Rejection::ValueInvalid { reason: "expected 6 to 24 printable ASCII characters without spaces".to_owned() })
}

/// A number of checks that a pool may have.
pub fn check_number(checks: &[Binding]) -> Result<(), Rejection> {
    if checks.len() <= MAX_CHECKS {
        return Ok(());
    }
    Err(Rejection::LimitExceeded { what: "too many checks", limit: MAX_CHECKS as u64 })
}

/// A name that a pool may be given.
pub fn check_name(name: &str) -> Result<String, Rejection> {
    checked_text(name, MAX_NAME)
}

/// A code as it is kept: trimmed, in normalisation form C, 1 to 64 characters, none of them a control
/// character.
pub fn check_code(text: &str) -> Result<String, Rejection> {
    // What is far too long to be a code is not normalised first.
    checked_text(text.trim(), MAX_CODE)?;
    checked_text(&typed(text), MAX_CODE)
}
