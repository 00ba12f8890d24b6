//! The inputs of pools.

use async_graphql::{Enum, ID, InputObject, MaybeUndefined};

use super::{LimitsInput, PluginBindingInput, StackingInput, edit};
use crate::{
    global_id::{GlobalIds, group_id, pool_id},
    scalar::{CurrencyCode, DateTime, Decimal, Period},
    types::enums::{CouponType, PoolSource},
};
use scrip_domain::{
    pool_draft::{Faults, PoolDraft, RestrictionsDraft},
    rejection::{Input, Refusal, Rejection},
    till::TillEdit,
    update::Scope,
};
use scrip_service::{Apply, PoolArchive, PoolCreate, PoolEdit, PoolUpdate, RestrictionsEdit};

/// Where and when coupons may be used. In an edit, what is absent stays and null clears.
#[derive(Debug, Clone, Default, InputObject)]
pub struct RestrictionsInput {
    /// Gift cards: a card that holds less than this after a redemption is voided.
    #[graphql(default)]
    pub minimum_value: MaybeUndefined<Decimal>,
    /// Gift cards: the least that is taken at once.
    #[graphql(default)]
    pub minimum_redemption_value: MaybeUndefined<Decimal>,
    /// The least that the eligible part of a basket is worth.
    #[graphql(default)]
    pub purchase_minimum: MaybeUndefined<Decimal>,
    /// How long after its claim a coupon is valid.
    #[graphql(default)]
    pub expiration_period: MaybeUndefined<Period>,
    /// The stores it is for; all where empty.
    #[graphql(default)]
    pub stores: MaybeUndefined<Vec<ID>>,
    /// The products it is for; all where empty.
    #[graphql(default)]
    pub products: MaybeUndefined<Vec<ID>>,
    /// The first instant at which coupons may be used. They can be claimed before.
    #[graphql(default)]
    pub valid_from: MaybeUndefined<DateTime>,
    /// The last instant at which coupons may be used, not before validFrom. With a timeZone the whole day there in which
    /// it lies: to have coupons valid through 31 December, give any instant of that day.
    #[graphql(default)]
    pub valid_until: MaybeUndefined<DateTime>,
    /// Where the days are that a coupon's time ends with, by its IANA name such as "Europe/Budapest": validUntil, and an
    /// expirationPeriod of days or longer, which is then counted by the calendar there. Without it both end to the instant.
    #[graphql(default)]
    pub time_zone: MaybeUndefined<String>,
}

impl RestrictionsInput {
    /// The edit that clears every one.
    fn none() -> Self {
        Self {
            minimum_value: MaybeUndefined::Null,
            minimum_redemption_value: MaybeUndefined::Null,
            purchase_minimum: MaybeUndefined::Null,
            expiration_period: MaybeUndefined::Null,
            stores: MaybeUndefined::Null,
            products: MaybeUndefined::Null,
            valid_from: MaybeUndefined::Null,
            valid_until: MaybeUndefined::Null,
            time_zone: MaybeUndefined::Null,
        }
    }
}

/// A pool to be made.
#[derive(Debug, Clone, InputObject)]
pub struct PoolCreateInput {
    /// What people call it: 1 to 200 characters.
    pub name: String,
    /// The retailer's id of it: 6 to 24 characters, unique among pools.
    pub external_id: Option<String>,
    /// Where its codes come from.
    pub source: PoolSource,
    /// What kind of coupons it has.
    #[graphql(name = "type")]
    pub kind: CouponType,
    /// What a coupon is worth. Not for FREE_SHIPPING.
    pub value: Option<Decimal>,
    /// The currency of its amounts, the purchase minimum included. Only a basket in it can be paid, and a customer who pays
    /// in another cannot claim; one whose currency is not known can, but for gift cards.
    pub currency: Option<CurrencyCode>,
    /// Whether its codes are compared with regard to case; forced where one place of the pattern can be of
    /// both cases.
    pub case_sensitive: Option<bool>,
    /// GENERATED and BULK_GENERATED: what its codes look like (see patternPreview); GENERATED without
    /// placeholders: the one code that every customer gets.
    pub pattern: Option<String>,
    /// Characters that never take a placeholder's place, one by one; upper and lower case are different.
    pub excluded_characters: Option<Vec<String>>,
    /// Phrases that never appear in a code, in any case: up to 1,000. What is needed to make codes around them grows with
    /// their number, their length and that of the pattern, and is bounded (LIMIT_EXCEEDED): 1,000 words of five letters
    /// fit into patterns of up to 20 places, 100 into any.
    pub excluded_phrases: Option<Vec<String>>,
    /// REMOTE: the plugin that supplies its codes.
    pub remote: Option<PluginBindingInput>,
    /// Where its coupons may be used.
    pub restrictions: Option<RestrictionsInput>,
    /// The plugins that say who may use its coupons, up to 10.
    pub checks: Option<Vec<PluginBindingInput>>,
    /// Whether a customer who claims again gets the same coupon again: for one more use, or, of a gift card, with its
    /// value on top; its time starts anew.
    pub aggregated: Option<bool>,
    /// Gift cards: whether they pay for the shipping too; false where it is absent.
    pub pays_shipping: Option<bool>,
    /// How its coupons go together with others in one checkout; with all where it is absent.
    pub stacking: Option<StackingInput>,
    /// How many coupons it gives; any number where it is absent.
    pub limits: Option<LimitsInput>,
    /// GENERATED without placeholders: whether the code is open to all, so that a customer who presents it at the till and
    /// has not claimed it gets a coupon at once; false where it is absent.
    pub claim_on_use: Option<bool>,
    /// Whether a coupon is given back when all that it took something of is returned; not unless it is said. What gift cards
    /// paid comes back anyway.
    pub returnable: Option<bool>,
    /// The wallet pass of its coupons. Not available in this version.
    pub pass_template_id: Option<ID>,
    /// The group of users to whom it belongs: for others it does not exist. It is there for all where this is absent.
    pub user_group_id: Option<ID>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

impl PoolCreateInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<PoolCreate, Vec<Refusal>> {
        let mut faults = Faults::default();
        refuse_unavailable(&[(self.pass_template_id.is_some(), Input::PassTemplateId, "a pass template")], &mut faults);
        let group = self.user_group_id.and_then(|id| faults.take(&[Input::UserGroupId], group_id(ids, &id)));
        faults.into_result()?;
        let given = self.restrictions.unwrap_or_default();
        let text = |value: MaybeUndefined<Decimal>| value.take().map(|value| value.0);
        Ok(PoolCreate(Box::new(PoolDraft {
            name: self.name,
            external_id: self.external_id,
            source: self.source.into(),
            kind: self.kind.into(),
            value: self.value.map(|value| value.0),
            currency: self.currency.map(|currency| currency.0),
            case_sensitive: self.case_sensitive,
            pattern: self.pattern,
            excluded_characters: self.excluded_characters.unwrap_or_default(),
            excluded_phrases: self.excluded_phrases.unwrap_or_default(),
            remote: self.remote.map(Into::into),
            checks: self.checks.unwrap_or_default().into_iter().map(Into::into).collect(),
            restrictions: RestrictionsDraft {
                minimum_value: text(given.minimum_value),
                minimum_redemption_value: text(given.minimum_redemption_value),
                purchase_minimum: text(given.purchase_minimum),
                expiration_period: given.expiration_period.take().map(|period| period.0),
                stores: names(given.stores).unwrap_or_default(),
                products: names(given.products).unwrap_or_default(),
                valid_from: given.valid_from.take().map(|at| at.0),
                valid_until: given.valid_until.take().map(|at| at.0),
                time_zone: given.time_zone.take(),
            },
            aggregated: self.aggregated.unwrap_or(false),
            pays_shipping: self.pays_shipping,
            till: TillEdit {
                stacking: self.stacking.map(|stacking| Some(stacking.into())),
                limits: self.limits.map(|limits| Some(limits.into())),
                claim_on_use: self.claim_on_use,
            },
            returnable: self.returnable,
            group,
        })))
    }
}

/// Which existing coupons an edit reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum UpdateScope {
    /// None: only coupons made from now on.
    None,
    /// Those that nobody holds.
    Unassigned,
    /// Those that nobody holds, and those that somebody holds and has not used.
    NotRedeemed,
    /// All.
    All,
}

impl UpdateScope {
    fn scope(self) -> Option<Scope> {
        match self {
            Self::None => None,
            Self::Unassigned => Some(Scope::Unassigned),
            Self::NotRedeemed => Some(Scope::NotRedeemed),
            Self::All => Some(Scope::All),
        }
    }
}

/// An edit of a pool: what is absent stays, null clears.
#[derive(Debug, Clone, InputObject)]
pub struct PoolUpdateInput {
    /// The pool.
    pub id: ID,
    /// The version that was read: the edit is refused when the pool has changed since.
    pub expected_version: Option<i32>,
    /// A new name; it cannot be cleared.
    #[graphql(default)]
    pub name: MaybeUndefined<String>,
    /// A new value.
    #[graphql(default)]
    pub value: MaybeUndefined<Decimal>,
    /// Restrictions that change; null clears all.
    #[graphql(default)]
    pub restrictions: MaybeUndefined<RestrictionsInput>,
    /// GENERATED: a new pattern for those who claim from now on. BULK_GENERATED: another pattern, as long as no
    /// codes are generated. It cannot be cleared.
    #[graphql(default)]
    pub pattern: MaybeUndefined<String>,
    /// Other characters that never take a placeholder's place; null clears them.
    #[graphql(default)]
    pub excluded_characters: MaybeUndefined<Vec<String>>,
    /// Other phrases that never appear in a code; null clears them. Those of all patterns that a pool has had are bounded
    /// together (LIMIT_EXCEEDED): at four times what one may have.
    #[graphql(default)]
    pub excluded_phrases: MaybeUndefined<Vec<String>>,
    /// Other plugins that say who may use its coupons, those that exist too; an empty list for none.
    pub checks: Option<Vec<PluginBindingInput>>,
    /// REMOTE: another plugin that supplies codes, or another configuration of it.
    pub remote: Option<PluginBindingInput>,
    /// Whether a customer who claims again gets the same coupon again: for one more use, or, of a gift card, with its
    /// value on top; its time starts anew.
    pub aggregated: Option<bool>,
    /// Gift cards: whether they pay for the shipping too, those that exist as well.
    pub pays_shipping: Option<bool>,
    /// How its coupons go together with others in one checkout, those that exist as well; null for with all.
    #[graphql(default)]
    pub stacking: MaybeUndefined<StackingInput>,
    /// How many coupons it gives; null for any number. What it has given before counts.
    #[graphql(default)]
    pub limits: MaybeUndefined<LimitsInput>,
    /// Whether its code is open to all; see poolCreate.
    pub claim_on_use: Option<bool>,
    /// Whether a coupon is given back when all that it took something of is returned.
    pub returnable: Option<bool>,
    /// The wallet pass. Not available in this version.
    pub pass_template_id: Option<ID>,
    /// Another group of users to whom it belongs; null: it is there for all.
    #[graphql(default)]
    pub user_group_id: MaybeUndefined<ID>,
    /// Which existing coupons carry the terms after this edit, from now on: value and restrictions, and a time that counts
    /// from their claims. What an issued gift card holds stays; so does an end that was set otherwise.
    pub apply: UpdateScope,
    /// Only coupons whose value is what the pool's was before this edit.
    pub matching: Option<bool>,
    /// Checks only: nothing is changed.
    pub dry_run: Option<bool>,
}

impl PoolUpdateInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<PoolUpdate, Vec<Refusal>> {
        let pool = pool_id(ids, &self.id).map_err(|rejection| vec![rejection.at([Input::Id])])?;
        let mut faults = Faults::default();
        let unavailable = [(self.pass_template_id.is_some(), Input::PassTemplateId, "a pass template")];
        refuse_unavailable(&unavailable, &mut faults);
        if self.matching == Some(true) && self.apply == UpdateScope::None {
            let subject = "apply NONE".to_owned();
            faults.add(&[Input::Matching], Rejection::FieldNotApplicable { subject });
        }
        for (field, what, null) in
            [(Input::Name, "a name", self.name.is_null()), (Input::Pattern, "a pattern", self.pattern.is_null())]
        {
            if null {
                faults.add(&[field], Rejection::Required { what });
            }
        }
        let group = match self.user_group_id {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(id) => faults.take(&[Input::UserGroupId], group_id(ids, &id)).map(Some),
        };
        faults.into_result()?;
        let given = match self.restrictions {
            MaybeUndefined::Null => RestrictionsInput::none(),
            given => given.take().unwrap_or_default(),
        };
        let edit_of = PoolEdit {
            expected_version: self.expected_version.map(|version| u64::try_from(version).unwrap_or_default()),
            name: self.name.take(),
            value: edit(self.value, |value| value.0),
            restrictions: RestrictionsEdit {
                minimum_value: edit(given.minimum_value, |value| value.0),
                minimum_redemption_value: edit(given.minimum_redemption_value, |value| value.0),
                purchase_minimum: edit(given.purchase_minimum, |value| value.0),
                expiration_period: edit(given.expiration_period, |period| period.0),
                stores: names(given.stores),
                products: names(given.products),
                valid_from: edit(given.valid_from, |at| at.0),
                valid_until: edit(given.valid_until, |at| at.0),
                time_zone: edit(given.time_zone, |zone| zone),
            },
            pattern: self.pattern.take(),
            excluded_characters: edit(self.excluded_characters, |list| list).map(Option::unwrap_or_default),
            excluded_phrases: edit(self.excluded_phrases, |list| list).map(Option::unwrap_or_default),
            checks: self.checks.map(|checks| checks.into_iter().map(Into::into).collect()),
            remote: self.remote.map(Into::into),
            aggregated: self.aggregated,
            pays_shipping: self.pays_shipping,
            till: TillEdit {
                stacking: edit(self.stacking, Into::into),
                limits: edit(self.limits, Into::into),
                claim_on_use: self.claim_on_use,
            },
            returnable: self.returnable,
            apply: self.apply.scope().map(|scope| Apply { scope, matching: self.matching == Some(true) }),
            group,
            dry_run: self.dry_run.unwrap_or(false),
        };
        Ok(PoolUpdate { pool, edit: Box::new(edit_of) })
    }
}

/// A pool to be archived, or brought back.
#[derive(Debug, Clone, InputObject)]
pub struct PoolArchiveInput {
    /// The pool.
    pub id: ID,
    /// True archives it (nothing new is claimed from it), false brings it back.
    #[graphql(default = true)]
    pub archived: bool,
}

impl PoolArchiveInput {
    /// The service's use case.
    pub fn case(self, ids: &GlobalIds) -> Result<PoolArchive, Vec<Refusal>> {
        let pool = pool_id(ids, &self.id).map_err(|rejection| vec![rejection.at([Input::Id])])?;
        Ok(PoolArchive { pool, archived: self.archived })
    }
}

/// The ids of a list; none where it is absent, nothing where it is null.
fn names(list: MaybeUndefined<Vec<ID>>) -> Option<Vec<String>> {
    match list {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(Vec::new()),
        MaybeUndefined::Value(ids) => Some(ids.into_iter().map(|id| id.0).collect()),
    }
}

fn refuse_unavailable(asked: &[(bool, Input, &'static str)], faults: &mut Faults) {
    for (_, field, feature) in asked.iter().filter(|(asked, ..)| *asked) {
        faults.add(&[*field], Rejection::NotAvailable { feature });
    }
}
