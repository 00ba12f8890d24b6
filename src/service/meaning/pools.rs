//! The meaning of pools.

use super::Parts;
use scrip_domain::{
    binding::{Binding, OnFailure},
    combining::{Stacking, StackingWith},
    limits::LimitsDraft,
    pool_draft::{PoolDraft, RestrictionsDraft},
    till::TillEdit,
};

impl Parts {
    fn binding(&mut self, binding: &Binding) {
        let Binding { plugin, config, on_failure, at_claim, tells_changes } = binding;
        self.text(plugin);
        self.text(&config.to_string());
        self.number(u64::from(*on_failure == OnFailure::Allow));
        self.number(u64::from(*at_claim));
        // Nothing where it tells none: what was kept before there was this means the same.
        if *tells_changes {
            self.text("tells_changes");
        }
    }

    fn restrictions(&mut self, restrictions: &RestrictionsDraft) {
        let RestrictionsDraft {
            minimum_value,
            minimum_redemption_value,
            purchase_minimum,
            expiration_period,
            stores,
            products,
            valid_from,
            valid_until,
            time_zone,
        } = restrictions;
        for amount in [minimum_value, minimum_redemption_value, purchase_minimum] {
            self.maybe_amount(amount.as_ref());
        }
        self.maybe_text(expiration_period.as_ref());
        self.set(stores);
        self.set(products);
        for (name, at) in [("validFrom", valid_from), ("validUntil", valid_until)] {
            self.later(name, *at, |parts, at| parts.text(&at.to_string()));
        }
        self.later("timeZone", time_zone.as_ref(), |parts, zone| parts.text(zone));
    }

    pub(super) fn draft(&mut self, draft: &PoolDraft) {
        let PoolDraft {
            name,
            external_id,
            source,
            kind,
            value,
            currency,
            case_sensitive,
            pattern,
            excluded_characters,
            excluded_phrases,
            remote,
            checks,
            restrictions,
            aggregated,
            pays_shipping,
            till,
            returnable,
            group,
        } = draft;
        self.text(name);
        self.maybe_text(external_id.as_ref());
        self.text(source.name());
        self.text(kind.name());
        self.maybe_amount(value.as_ref());
        self.maybe_text(currency.as_ref());
        self.number(u64::from(case_sensitive.unwrap_or(false)));
        self.maybe_text(pattern.as_ref());
        self.set(excluded_characters);
        self.set(excluded_phrases);
        self.maybe(remote.as_ref(), Self::binding);
        self.number(checks.len() as u64);
        checks.iter().for_each(|check| self.binding(check));
        self.restrictions(restrictions);
        self.number(u64::from(*aggregated));
        self.later("paysShipping", *pays_shipping, |parts, pays| parts.number(u64::from(pays)));
        self.later("returnable", *returnable, |parts, returnable| parts.number(u64::from(returnable)));
        self.till(till);
        self.later("userGroup", *group, |parts, group| parts.number(group.0.into()));
    }

    fn till(&mut self, till: &TillEdit) {
        let TillEdit { stacking, limits, claim_on_use } = till;
        self.later("stacking", stacking.as_ref().and_then(Option::as_ref), |parts, stacking| {
            let Stacking { with, category, order } = stacking;
            parts.text(match with {
                StackingWith::All => "all",
                StackingWith::OtherCategories => "other categories",
                StackingWith::None => "none",
            });
            parts.maybe_text(category.as_ref());
            parts.text(&order.to_string());
        });
        self.later("limits", limits.as_ref().and_then(Option::as_ref), |parts, limits| {
            let LimitsDraft { total, per_customer } = limits;
            parts.maybe(*total, |parts, number| parts.text(&number.to_string()));
            parts.maybe(*per_customer, |parts, number| parts.text(&number.to_string()));
        });
        self.later("claimOnUse", *claim_on_use, |parts, open| parts.number(u64::from(open)));
    }
}
