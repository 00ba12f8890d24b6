//! Completing a checkout: the domain's decision on what is loaded, recorded once for its
//! transaction, and, with auto redeem on, the redemption of every coupon that passed.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Agreed, Changed, CheckoutOrder, CheckoutRecord, Presentation, PurchaseFacts, PurchaseRecord, Recorded};
use scrip_domain::{
    basket::Basket,
    checkout::{MAX_COUPONS, Presented, Verdict, card_amount, decide},
    coupon::Coupon,
    decimal::Amount,
    id::{CouponId, CustomerId, EventId, PoolId},
    limits::Room,
    period::Instant,
    rejection::{Input, Refusal, Rejection, Step},
    terms::Terms,
};
use scrip_plugins::Occasion;
use scrip_storage::{Purchases, RowId};

use super::{
    attempt::Attempt,
    decide::at,
    found::Found,
    lookups::AtTill,
    plugins::Setting,
    purchases::read,
    redeem::{after, within_basket},
    stop::Stop,
};

/// The longest text that is taken for a code or an amount, in characters.
const MAX_TYPED: usize = 256;

/// A coupon that was presented, with the terms it carries; none where the code names none.
pub(super) type MaybeFound = Option<(Found, Arc<Terms>)>;
/// Whether a coupon that nobody holds could be given to the customer, and how many of its pool where that is limited; none
/// where it is held, or cannot be.
type Assignment = Option<Result<Option<Room>, Rejection>>;

/// What a checkout is decided on.
pub(super) struct Order {
    pub(super) customer: CustomerId,
    pub(super) basket: Arc<Basket>,
    pub(super) transaction: String,
    pub(super) at: Instant,
    /// Whether the time was asked for.
    given_time: bool,
    /// What the caller expects to be paid.
    expected_payable: Option<Amount>,
}

/// What was decided of it.
pub(super) struct Decided {
    /// Where its first event will be.
    pub(super) since: EventId,
    pub(super) found: Vec<MaybeFound>,
    pub(super) record: CheckoutRecord,
}

impl Order {
    /// One of nothing but a basket.
    pub(super) fn of_basket(customer: CustomerId, basket: Arc<Basket>, at: Instant) -> Self {
        Self { customer, basket, transaction: String::new(), at, given_time: false, expected_payable: None }
    }
}

impl Attempt<'_> {
    /// Decides a checkout, records it, and redeems what passed where that is on.
    pub(super) fn checkout(&mut self, asked: &CheckoutOrder, actor: &str) -> Result<Agreed, Stop> {
        let order = self.check_order(asked)?;
        if order.at > self.now() {
            let reason = "a checkout cannot be completed in the future".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Input::At]).into());
        }
        if let Some(held) = self.held_for(&order, asked)? {
            return self.complete_held(&order, held, actor);
        }
        let Decided { since, found, mut record } = match self.decided(&order, asked)? {
            Ok(decided) => decided,
            Err(changed) => return Ok(changed),
        };
        if self.rows.working().settings().auto_redeem {
            for (found, recorded) in found.iter().zip(&mut record.coupons) {
                if let Some((found, terms)) = found.as_ref().filter(|_| recorded.redeemable())
                    && let Err(stop) = self.redeem_in(&order, found, terms, recorded, actor)
                {
                    self.rows.go_on(stop)?;
                }
            }
            self.rows.check_loaded()?;
            tell_after(&mut record.coupons, &found, |recorded| recorded.redeemed);
        }
        let purchase =
            PurchaseRecord { transaction: order.transaction.clone(), facts: facts_of(&order, since), checkout: record };
        self.books().put_purchase(&purchase)?;
        Ok(Agreed::as_told(purchase.checkout))
    }

    /// Decides what is to be recorded or held under an id that is free; the answer where it comes out otherwise than its
    /// caller expects.
    pub(super) fn decided(&mut self, order: &Order, asked: &CheckoutOrder) -> Result<Result<Decided, Agreed>, Stop> {
        self.refuse_used(&order.transaction)?;
        let since = self.rows.next_event();
        let (found, verdicts) = self.verdicts(order, asked, Occasion::Checkout)?;
        let record = record_of(&order.basket, asked, &found, verdicts);
        if let Some(refusal) = price_change(order, &record) {
            self.rows.forget_change();
            return Ok(Err(Agreed { record: Box::new(record), refusal: Some(refusal) }));
        }
        self.rows.customer_or_new(&order.customer)?;
        Ok(Ok(Decided { since, found, record }))
    }

    /// Refuses the id of a purchase that was recorded, unless all of it has come back.
    fn refuse_used(&mut self, transaction: &str) -> Result<(), Stop> {
        let Some(row) = self.rows.get::<Purchases>(&(transaction.to_owned(), None))? else { return Ok(()) };
        let is_back = match row.0.clone() {
            Some(kept) => read(transaction, &kept)?.is_back(),
            None => false,
        };
        if is_back { Ok(()) } else { Err(Rejection::TransactionAlreadyUsed.at([Input::TransactionId]).into()) }
    }

    /// Decides a checkout and changes nothing.
    pub(super) fn checkout_preview(&mut self, asked: &CheckoutOrder) -> Result<Agreed, Stop> {
        let order = self.check_order(asked)?;
        match self.held_for(&order, asked) {
            Ok(Some(held)) => return Ok(Agreed::as_told(held.checkout)),
            // Another basket, or another customer: decided anew. What is missing is read with what the codes name.
            Ok(None) | Err(Stop::Refused(_) | Stop::Missing) => {}
            Err(stop) => return Err(stop),
        }
        let (found, verdicts) = self.verdicts(&order, asked, Occasion::Preview)?;
        self.refuse_redeemed(&order, &found, &verdicts)?;
        Ok(Agreed::as_told(record_of(&order.basket, asked, &found, verdicts)))
    }

    /// Refuses the id of a purchase that has redeemed one of the coupons which would be redeemed once more, as completing
    /// it would.
    fn refuse_redeemed(&mut self, order: &Order, found: &[MaybeFound], verdicts: &[Verdict]) -> Result<(), Stop> {
        if !self.rows.working().settings().auto_redeem {
            return Ok(());
        }
        let redeemed = found.iter().zip(verdicts).filter(|(_, verdict)| verdict.redeemable());
        for (found, _) in redeemed.filter_map(|(found, _)| found.as_ref()) {
            self.books().refuse_use(&order.transaction, found.coupon.id)?;
        }
        Ok(())
    }

    pub(super) fn check_order(&self, asked: &CheckoutOrder) -> Result<Order, Stop> {
        let (transaction, customer) = (asked.transaction.as_str().to_owned(), asked.customer.clone());
        let basket = self.asker.prepared.basket(&asked.basket).map_err(within_basket)?;
        if asked.coupons.len() > MAX_COUPONS {
            let rejection = Rejection::LimitExceeded { what: "too many coupons", limit: MAX_COUPONS as u64 };
            return Err(rejection.at([Input::Coupons]).into());
        }
        for (place, given) in asked.coupons.iter().enumerate() {
            let within = |field| move |r: Rejection| r.at([Input::Coupons.into(), place.into(), Step::from(field)]);
            check_typed(&given.code).map_err(within(Input::Code))?;
            given.amount.as_deref().map_or(Ok(()), check_typed).map_err(within(Input::Amount))?;
        }
        let expected = asked.expected_payable.map(|amount| amount.to_total(basket.currency.exponent())).transpose();
        let expected_payable = expected.map_err(at(Input::ExpectedPayable))?;
        let at = asked.at.unwrap_or(self.now());
        Ok(Order { customer, basket, transaction, at, given_time: asked.at.is_some(), expected_payable })
    }

    /// What each code names, and the domain's verdict on it.
    pub(super) fn verdicts(
        &mut self,
        order: &Order,
        asked: &CheckoutOrder,
        occasion: Occasion,
    ) -> Result<(Vec<MaybeFound>, Vec<Verdict>), Stop> {
        let now = if occasion == Occasion::Preview { order.at } else { self.now() };
        // Read with what the codes name.
        if let Err(stop) = self.rows.customer(&order.customer)
            && !matches!(stop, Stop::Missing)
        {
            return Err(stop);
        }
        let mut found = Vec::with_capacity(asked.coupons.len());
        let mut presented = Vec::with_capacity(asked.coupons.len());
        let mut taken = Vec::with_capacity(asked.coupons.len());
        for given in &asked.coupons {
            match self.presented(order, given, &taken) {
                Ok((one, found_one)) => {
                    taken.extend(found_one.as_ref().map(|(found, _)| found.coupon.id));
                    presented.push(one);
                    found.push(found_one);
                }
                // What the others miss is read with it.
                Err(Stop::Missing) => {}
                Err(stop) => return Err(stop),
            }
        }
        self.rows.check_loaded()?;
        let rules = self.rows.working().settings().combining;
        let mut verdicts = decide(&order.basket, &order.customer, &presented, rules, now);
        if self.ask_checks(order, &mut presented, &verdicts, occasion)? {
            verdicts = decide(&order.basket, &order.customer, &presented, rules, now);
        }
        Ok((found, verdicts))
    }

    /// What a code names, as it is presented after those that were taken for codes before it.
    fn presented(
        &mut self,
        order: &Order,
        given: &Presentation,
        taken: &[CouponId],
    ) -> Result<(Presented, MaybeFound), Stop> {
        let (code, amount) = (given.code.clone(), given.amount.clone());
        let mut presented = Presented { code, amount, ..Presented::default() };
        let till = AtTill { transaction: &order.transaction, taken };
        let found = match self.lookups().by_code_as(&given.code, None, Some(&order.customer), Some(&till))? {
            Ok(found) => found,
            Err(missing) => return Ok((Presented { missing: Some(missing), ..presented }, None)),
        };
        self.rows.need([RowId::of::<Purchases>((order.transaction.clone(), Some(found.coupon.id)))])?;
        let terms = self.rows.terms(&found.coupon)?;
        let pool = self.rows.pool_of(found.coupon.id)?;
        // What it holds itself is no hindrance.
        let coupon = found.coupon.clone().for_checkout(&order.transaction);
        presented.found = Some((coupon, Arc::clone(&terms)));
        (presented.assignment, presented.room) = match self.assignment(order, &terms, &found)? {
            Some(Ok(room)) => (Some(Ok(())), room),
            Some(Err(rejection)) => (Some(Err(rejection)), None),
            None => (None, None),
        };
        presented.pays_shipping = pool.pays_shipping(&terms);
        presented.stacking = pool.till.stacking.clone();
        Ok((presented, Some((found, terms))))
    }

    /// Asks the checks of the pools whose coupons have passed so far, each once for all of a pool's coupons;
    /// whether there were any. Those are asked as well that take nothing so far: they may once another is refused.
    pub(super) fn ask_checks(
        &mut self,
        order: &Order,
        presented: &mut [Presented],
        verdicts: &[Verdict],
        occasion: Occasion,
    ) -> Result<bool, Stop> {
        let mut by_pool: BTreeMap<PoolId, Vec<(usize, Coupon, Arc<Terms>)>> = BTreeMap::new();
        for (place, (one, verdict)) in presented.iter().zip(verdicts).enumerate() {
            if let Some((coupon, terms)) = one.found.as_ref().filter(|_| verdict.admitted) {
                by_pool.entry(coupon.id.pool).or_default().push((place, coupon.clone(), terms.clone()));
            }
        }
        // The time is the plugin's to know only where it is another than now.
        let at = Some(order.at).filter(|_| occasion == Occasion::Preview && order.given_time);
        let setting = Setting { occasion, customer: Some(&order.customer), basket: Some(order.basket.as_ref()), at };
        let mut answered = Vec::new();
        for (pool, coupons) in by_pool {
            let pool = self.lookups().pool(pool, Input::Coupons)?;
            let asked: Vec<_> = coupons.iter().map(|(_, coupon, terms)| (coupon, terms.as_ref())).collect();
            match self.plugins().checks(&pool, &asked, setting) {
                Ok(checks) => answered.extend(coupons.iter().map(|(place, ..)| *place).zip(checks)),
                // The other pools' checks are asked with it.
                Err(Stop::Asks) => {}
                Err(stop) => return Err(stop),
            }
        }
        if !self.questions.is_empty() {
            return Err(Stop::Asks);
        }
        let any = answered.iter().any(|(_, checks)| !checks.is_empty());
        for (place, checks) in answered {
            if let Some(one) = presented.get_mut(place) {
                one.asked = checks;
            }
        }
        Ok(any)
    }

    /// Whether the customer could be given a coupon that nobody holds.
    fn assignment(&mut self, order: &Order, terms: &Terms, found: &Found) -> Result<Assignment, Stop> {
        let pool = self.rows.pool_of(found.coupon.id)?;
        if !found.is_assigned_by_redeeming(&pool) {
            return Ok(None);
        }
        let known = self.rows.customer(&order.customer)?.and_then(|customer| customer.currency);
        // A basket in another currency than the coupon's is told as that.
        let currency = known.or(terms.currency).or(Some(order.basket.currency));
        if let Err(rejection) = pool.check_open().and_then(|()| terms.admits_customer(currency)) {
            return Ok(Some(Err(rejection)));
        }
        self.books().room(&pool, &order.customer).map(Some)
    }

    /// Redeems one coupon that passed, in the checkout's own transaction.
    fn redeem_in(
        &mut self,
        order: &Order,
        found: &Found,
        terms: &Terms,
        recorded: &mut Recorded,
        actor: &str,
    ) -> Result<(), Stop> {
        let (coupon, claim) = self.assigned(found, terms, Some(&order.customer), Some(order.basket.as_ref()))?;
        recorded.assigned = claim.is_some();
        let transaction = Some(order.transaction.clone());
        let decision = if terms.card_value().is_some() {
            let amount = card_amount(recorded.discount, &order.basket, terms);
            coupon.redeem_card(terms, Some(&order.customer), amount, transaction, self.now())?
        } else {
            coupon.redeem(Some(&order.customer), transaction, self.now())?
        };
        self.books().use_transaction(order.transaction.clone(), found, &decision)?;
        let Changed { coupon, entry } = self.books().finish(found, after(claim, decision), actor)?;
        (recorded.coupon, recorded.redeemed, recorded.entry) = (Some(*coupon), true, entry);
        Ok(())
    }
}

/// What is recorded of a checkout beside what was decided.
pub(super) fn facts_of(order: &Order, since: EventId) -> PurchaseFacts {
    PurchaseFacts {
        customer: Some(order.customer.clone()),
        at: Some(order.at),
        quantities: order.basket.lines.iter().map(|line| line.quantity).collect(),
        since: Some(since),
        returns: Vec::new(),
        hold: None,
    }
}

/// Refuses a text that nobody types as a code or an amount: it is kept with the purchase.
fn check_typed(text: &str) -> Result<(), Rejection> {
    if text.len() <= 4 * MAX_TYPED && text.chars().count() <= MAX_TYPED {
        return Ok(());
    }
    Err(Rejection::LimitExceeded { what: "too many characters", limit: MAX_TYPED as u64 })
}

/// What is recorded of a checkout whose coupons are not redeemed yet.
fn record_of(basket: &Basket, asked: &CheckoutOrder, found: &[MaybeFound], verdicts: Vec<Verdict>) -> CheckoutRecord {
    let recorded = |((given, found), verdict): ((&Presentation, &MaybeFound), Verdict)| {
        // One of an open code exists once it is redeemed.
        let coupon = found.as_ref().filter(|(found, _)| !found.open).map(|(found, _)| found.coupon.clone());
        Recorded::of(given.code.clone(), coupon, verdict)
    };
    CheckoutRecord::of(basket, asked.coupons.iter().zip(found).zip(verdicts).map(recorded).collect())
}

/// Has every code tell its coupon as it is after the checkout, also where another spelling of the code was `used`.
pub(super) fn tell_after(coupons: &mut [Recorded], found: &[MaybeFound], used: impl Fn(&Recorded) -> bool) {
    let after: Vec<Coupon> = coupons.iter().filter(|one| used(one)).filter_map(|one| one.coupon.clone()).collect();
    for (place, one) in coupons.iter_mut().enumerate().filter(|(_, one)| !used(one)) {
        // One of an open code did not exist before.
        let named = one.coupon.as_ref().or_else(|| Some(&found.get(place)?.as_ref()?.0.coupon)).map(|coupon| coupon.id);
        if let Some(after) = after.iter().find(|after| Some(after.id) == named) {
            one.coupon = Some(after.clone());
        }
    }
}

/// The refusal of a checkout that comes out otherwise than its caller expects.
pub(super) fn price_change(order: &Order, record: &CheckoutRecord) -> Option<Refusal> {
    let (expected, payable) = (order.expected_payable?, record.payable());
    let text = |amount: Amount| amount.text(order.basket.currency.exponent());
    let changed = Rejection::PriceChanged { payable: text(payable), expected: text(expected) };
    (expected != payable).then(|| changed.at([Input::ExpectedPayable]))
}
