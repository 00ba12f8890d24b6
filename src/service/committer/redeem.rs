//! Redeeming a coupon, taking a redemption back, and changing a gift card's balance by hand.

use std::sync::Arc;

use crate::{Adjust, Changed, Redeem, Unredeem};
use scrip_domain::{
    basket::Basket,
    checkout::{asked_amount, basket_refusals, payable_by},
    coupon::{Coupon, Decision, Holder},
    decimal::{Amount, Decimal},
    event::Reason,
    gift_card::Entry,
    id::{CustomerId, EntryId, TransactionId},
    period::Instant,
    rejection::{Input, Refusal, Rejection},
    terms::Terms,
};
use scrip_plugins::Occasion;
use scrip_storage::Ledger;

use super::{attempt::Attempt, decide::at, found::Found, plugins::Setting, stop::Stop};

impl Attempt<'_> {
    pub(super) fn redeem(&mut self, asked: &Redeem, actor: &str) -> Result<Changed, Stop> {
        let basket = asked.basket.as_ref().map(|basket| self.asker.prepared.basket(basket)).transpose();
        let basket = basket.map_err(within_basket)?;
        let (customer, basket) = (asked.customer.as_ref(), basket.as_deref());
        let transaction = asked.transaction.as_ref().map(|id| id.as_str().to_owned());
        let found = self.lookups().find_at_till(&asked.coupon)?;
        if found.open && asked.coupon.parts().1.is_some_and(|holder| customer != Some(holder)) {
            return Err(Rejection::NotOwner.at([Input::CustomerId]).into());
        }
        let terms = self.rows.terms(&found.coupon)?;
        let pool = self.rows.pool_of(found.coupon.id)?;
        let worth = basket
            .as_ref()
            .map_or(Ok(()), |basket| check_worth(basket, &terms, pool.pays_shipping(&terms), asked.amount));
        // Of a coupon that somebody holds, what it is says more than what it would be worth; what a card holds, less.
        let is_of_the_amount = |refusal: &Refusal| refusal.field.first() == Some(&Input::Amount.into());
        let says_more = |decision: &Result<Decision, Refusal>| !decision.as_ref().err().is_none_or(is_of_the_amount);
        if found.is_assigned_by_redeeming(&pool) {
            worth.clone()?;
        }
        let (coupon, claim) = self.assigned(&found, &terms, customer, basket)?;
        let decision = redeemed(coupon, &terms, customer, asked.amount, transaction.clone(), self.now());
        if !says_more(&decision) {
            worth?;
        }
        let decision = decision?;
        let setting = Setting { occasion: Occasion::Redeem, customer, basket, at: None };
        self.plugins().pass_checks(&found.coupon, &terms, setting)?;
        if let Some(transaction) = transaction {
            self.books().use_transaction(transaction, &found, &decision)?;
        }
        self.books().finish(&found, after(claim, decision.because(asked.reason.as_ref().map(Reason::as_str))), actor)
    }

    /// The coupon as it is when it is redeemed: an unassigned one of a list is assigned first, one of an open code is made.
    /// A customer whose currency is not known pays in the basket's.
    pub(super) fn assigned(
        &mut self,
        found: &Found,
        terms: &Terms,
        customer: Option<&CustomerId>,
        basket: Option<&Basket>,
    ) -> Result<(Coupon, Option<Decision>), Stop> {
        let coupon = found.coupon.clone();
        let pool = self.rows.pool_of(coupon.id)?;
        if !found.is_assigned_by_redeeming(&pool) {
            return Ok((coupon, None));
        }
        let (what, why) = ("a customerId", "nobody has claimed the coupon yet");
        let customer = customer.ok_or_else(|| Rejection::RequiredBecause { what, why }.at([Input::CustomerId]))?;
        pool.check_open()?;
        self.books().room(&pool, customer)??;
        let coupon = if found.open { self.supply().take_new(&pool)?.coupon } else { coupon };
        let known = self.rows.customer_or_new(customer)?;
        let currency = known.currency.or(basket.map(|basket| basket.currency));
        let holder = Holder { customer: customer.clone(), currency };
        let claim = coupon.claim(terms, holder, None, self.now())?;
        Ok((claim.coupon.clone(), Some(claim)))
    }

    pub(super) fn unredeem(&mut self, case: &Unredeem, actor: &str) -> Result<Changed, Stop> {
        let found = self.lookups().find(&case.coupon)?;
        let terms = self.rows.terms(&found.coupon)?;
        let transaction = case.transaction.as_ref().map(TransactionId::as_str);
        let used = transaction.map(|transaction| self.standing_use(transaction, &found.coupon)).transpose()?;
        let decision = if terms.card_value().is_some() {
            self.unredeemed_card(case, &found.coupon, &terms, used.flatten())?
        } else {
            let given = [(case.entry.is_some(), Input::LedgerEntryId), (case.amount.is_some(), Input::Amount)];
            if let Some((_, field)) = given.into_iter().find(|(given, _)| *given) {
                let subject = format!("type {}", terms.value.kind().name());
                return Err(Rejection::FieldNotApplicable { subject }.at([field]).into());
            }
            let coupon = found.coupon.clone();
            let decision = match transaction {
                Some(transaction) => coupon.unredeem_purchase(transaction.to_owned(), self.now())?,
                None => coupon.unredeem(self.now())?,
            };
            self.books().note_taken_back(found.coupon.id, &decision)?;
            decision
        };
        self.books().finish(&found, decision.because(case.reason.as_ref().map(Reason::as_str)), actor)
    }

    /// The entry of a gift card's redemption by a purchase, and that one by it stands of any other coupon.
    fn standing_use(&mut self, transaction: &str, coupon: &Coupon) -> Result<Option<EntryId>, Stop> {
        let used = self.books().used_by(transaction, coupon.id)?;
        let entry = used.flatten().and_then(|used| used.entry).map(|number| EntryId { coupon: coupon.id, number });
        let is_taken_back = used.flatten().is_some_and(|used| used.taken_back);
        let stands = entry.is_some() || (!is_taken_back && coupon.may_be_redeemed_by(transaction));
        if used.is_none() || !stands {
            let unknown = Rejection::NotFound { what: "redemption of this coupon that stands", by: "transactionId" };
            return Err(unknown.at([Input::TransactionId]).into());
        }
        Ok(entry)
    }

    fn unredeemed_card(
        &mut self,
        case: &Unredeem,
        card: &Coupon,
        terms: &Terms,
        used: Option<EntryId>,
    ) -> Result<Decision, Stop> {
        let (what, why) = ("a ledgerEntryId or a transactionId", "it names the redemption");
        let id =
            case.entry.or(used).ok_or_else(|| Rejection::RequiredBecause { what, why }.at([Input::LedgerEntryId]))?;
        let is_meant = |entry: &Entry| {
            id.coupon == card.id
                && case.transaction.as_ref().is_none_or(|named| entry.transaction.as_deref() == Some(named.as_str()))
        };
        let entry = self.rows.get::<Ledger>(&id)?.cloned().filter(is_meant);
        let unknown =
            || Rejection::NotFound { what: "ledger entry of this gift card", by: "id" }.at([Input::LedgerEntryId]);
        let entry = entry.ok_or_else(unknown)?;
        let amount = case.amount.map(|amount| card_amount(amount, terms)).transpose()?;
        let void = self.rows.void_of(card)?;
        Ok(card.clone().unredeem_card(terms, entry, amount, void, self.now())?)
    }

    pub(super) fn adjust(&mut self, case: &Adjust, actor: &str) -> Result<Changed, Stop> {
        let found = self.lookups().find(&case.coupon)?;
        let terms = self.rows.terms(&found.coupon)?;
        if terms.card_value().is_none() {
            let reason = format!("expected a gift card, found a coupon of type {}", terms.value.kind().name());
            return Err(Rejection::ValueInvalid { reason }.at([Input::Coupon]).into());
        }
        let amount = card_amount(case.amount, &terms)?;
        let decision = found.coupon.clone().adjust(&terms, amount, self.now())?.because(Some(case.reason.as_str()));
        self.books().finish(&found, decision, actor)
    }
}

/// Refuses a basket that the coupon is not for, or of which it would take nothing, and an amount that is more than it
/// could.
fn check_worth(
    basket: &Basket,
    terms: &Arc<Terms>,
    pays_shipping: bool,
    amount: Option<Decimal>,
) -> Result<(), Vec<Refusal>> {
    let refusals = basket_refusals(basket, terms);
    if !refusals.is_empty() {
        return Err(within_basket(refusals));
    }
    let payable = payable_by(basket, terms, pays_shipping).map_err(|rejection| vec![rejection.at([Input::Basket])])?;
    match amount.filter(|_| terms.card_value().is_some()) {
        Some(amount) if asked_amount(amount, terms, basket).map_err(|refusal| vec![refusal])? > payable => {
            let payable = payable.text(terms.exponent());
            Err(vec![Rejection::AbovePayable { payable }.at([Input::Amount])])
        }
        Some(_) | None => Ok(()),
    }
}

/// The redemption of a coupon of any type.
pub(super) fn redeemed(
    coupon: Coupon,
    terms: &Terms,
    by: Option<&CustomerId>,
    amount: Option<Decimal>,
    transaction: Option<String>,
    now: Instant,
) -> Result<Decision, Refusal> {
    terms.restrictions.check_begun(now)?;
    match (terms.card_value(), amount) {
        (Some(_), Some(amount)) => coupon.redeem_card(terms, by, card_amount(amount, terms)?, transaction, now),
        (Some(_), None) => Err(Rejection::AmountRequired.at([Input::Amount])),
        (None, None) => coupon.redeem(by, transaction, now),
        (None, Some(_)) => {
            let subject = format!("type {}", terms.value.kind().name());
            Err(Rejection::FieldNotApplicable { subject }.at([Input::Amount]))
        }
    }
}

/// One decision after another.
pub(super) fn after(first: Option<Decision>, mut second: Decision) -> Decision {
    if let Some(mut first) = first {
        first.changes.append(&mut second.changes);
        first.entries.append(&mut second.entries);
        second.changes = first.changes;
        second.entries = first.entries;
    }
    second
}

fn card_amount(amount: Decimal, terms: &Terms) -> Result<Amount, Refusal> {
    amount.to_amount(terms.exponent()).map_err(at(Input::Amount))
}

/// A basket's refusals, with their place in the input.
pub(super) fn within_basket(refusals: Vec<Refusal>) -> Vec<Refusal> {
    refusals.into_iter().map(|refusal| refusal.within(Input::Basket)).collect()
}
