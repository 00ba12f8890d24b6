//! A customer's own: to a session of a customer, coupons, events and customers that are not the customer's own do not
//! exist, and a code that cannot be redeemed is refused in one way, whatever the reason.
//!
//! Codes cannot be probed by it. A code that is not known, that somebody else holds, or that is over, is answered with the
//! same words and at the same beat: a refusal leaves at the next multiple of [`BEAT`] after it was asked for, so the
//! time that a decision took shows nothing of it. And tries are counted (`service/attempts.rs`).

use std::{future::Future, time::Duration};

use tokio::time::{Instant as Moment, sleep_until};

use super::{Action, Session};
use crate::{
    Agreed, Answer, CheckoutOrder, CheckoutRecord, Command, CouponFilter, CouponRef, EligibleRecord, EventFilter,
    Failure, Page, PageRequest, Recorded, Redeem,
};
use scrip_domain::{
    basket::BasketDraft,
    checkout::Check,
    coupon::Coupon,
    customer::Customer,
    event::Event,
    id::{CouponId, CustomerId, EventId},
    period::Instant,
    rejection::{Code, Input, Refusal, Rejection},
};

/// The time between two moments at which refusals leave: longer than nearly all decisions take.
const BEAT: Duration = Duration::from_millis(25);
/// How many parts of a customer's history are looked through for a code.
const PARTS: usize = 5;
/// What a customer is told where a plugin that has to decide could not.
const CANNOT_BE_CHECKED: &str = "whether this coupon may be used cannot be checked at the moment: try again later";
/// Who did what a customer's events tell, where it was not the customer.
const SOMEBODY: &str = "shop";

/// What refuses a coupon to its own holder and is told: it says what to do.
fn is_told(code: Code) -> bool {
    matches!(
        code,
        Code::PurchaseMinimumNotMet
            | Code::StoreNotAllowed
            | Code::ProductNotEligible
            | Code::CurrencyMismatch
            | Code::AmountRequired
            | Code::BelowMinimumRedemption
            | Code::InsufficientBalance
            | Code::NothingToDiscount
            | Code::NotCombinable
            | Code::Held
            | Code::NotYetValid
            | Code::ValueInvalid
            | Code::FieldNotApplicable
            | Code::Required
            | Code::Duplicate
            | Code::TransactionAlreadyUsed
            | Code::CheckRefused
            | Code::CheckUnavailable
    )
}

/// A refusal in the words for a customer. A verdict of a plugin has a text for people; why one could not be asked is for
/// staff alone.
fn in_plain_words(refusal: Refusal) -> Refusal {
    match refusal.code {
        Code::CheckUnavailable => Refusal { message: CANNOT_BE_CHECKED.to_owned(), ..refusal },
        _ => refusal,
    }
}

/// What is told whatever is asked for: nothing was found out of a code.
fn is_of_no_code(code: Code) -> bool {
    matches!(code, Code::IdempotencyMismatch | Code::DatabaseUnavailable | Code::Forbidden)
}

/// Who somebody is for whom events, coupons and customers are looked at.
impl Session {
    /// The customer that it is; none for staff and services.
    #[must_use]
    pub fn own(&self) -> Option<&CustomerId> {
        self.actor().customer.as_ref()
    }

    /// Whether a customer exists for whoever asks.
    #[must_use]
    pub fn may_know(&self, customer: &CustomerId) -> bool {
        self.own().is_none_or(|own| own == customer)
    }

    pub(super) fn may_hold(&self, coupon: &Coupon) -> bool {
        self.own().is_none_or(|own| coupon.customer.as_ref() == Some(own))
    }

    pub(super) fn may_see(&self, event: &Event) -> bool {
        self.own().is_none_or(|own| event.change.customer.as_ref() == Some(own)) && self.sees(event.coupon.pool)
    }

    /// Who did it, as whoever asks may know: a customer learns no names of keys.
    #[must_use]
    pub fn actor_of<'a>(&self, event: &'a Event) -> &'a str {
        let is_of_customer = event.actor == "customer" || event.actor == "scrip";
        if self.own().is_none() || is_of_customer { &event.actor } else { SOMEBODY }
    }

    /// Whether words that staff and services wrote for each other are told.
    #[must_use]
    pub fn reads_reasons(&self) -> bool {
        self.own().is_none()
    }

    /// A filter of events as far as whoever asks may see them; none where nothing is left.
    pub(super) fn own_events(&self, filter: &EventFilter) -> Option<EventFilter> {
        let filter = EventFilter { sight: self.sight(), ..filter.clone() };
        let Some(own) = self.own() else { return Some(filter) };
        if filter.customer.as_ref().is_some_and(|customer| customer != own) {
            return None;
        }
        Some(EventFilter { customer: Some(own.clone()), ..filter })
    }

    /// The own customer, where what is looked for is that.
    pub(super) async fn myself(&self, is_it: impl Fn(&Customer) -> bool) -> Result<Option<Customer>, Failure> {
        let Some(own) = self.own() else { return Ok(None) };
        let found = self.customer(own).await?;
        Ok(found.filter(is_it))
    }

    /// The own coupons with a code, looked for among what the customer holds: whether others have it makes no difference.
    pub(super) async fn own_by_code(
        &self,
        own: &CustomerId,
        code: &str,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        let filter = CouponFilter::default();
        let (mut found, mut before): (Vec<(CouponId, Coupon)>, Option<EventId>) = (Vec::new(), None);
        for _ in 0..PARTS {
            let part = PageRequest { limit: crate::MAX_PAGE, after: None, before, from_end: true };
            let part = self.customer_coupons(own, &filter, &part, now).await?;
            for (_, coupon) in part.items {
                let pool = self.pool_of(coupon.id)?;
                if pool.is_some_and(|pool| pool.case().forgives(&coupon.code, code)) {
                    found.push((coupon.id, coupon));
                }
            }
            match part.resume {
                Some(resume) => before = Some(resume),
                None => break,
            }
        }
        // One that is written so goes before those that are forgiven.
        let exact = |coupon: &Coupon| {
            let pool = self.pool_of(coupon.id).ok().flatten();
            pool.is_some_and(|pool| pool.same_code(&coupon.code, code.trim()))
        };
        if found.iter().any(|(_, coupon)| exact(coupon)) {
            found.retain(|(_, coupon)| exact(coupon));
        }
        found.sort_by_key(|(id, _)| *id);
        found.retain(|(id, _)| page.after.is_none_or(|after| *id > after));
        Ok(Page::from_gathered(found, page))
    }
}

/// What a customer tries with codes.
impl Session {
    /// Takes tries for so many codes.
    fn take_tries(&self, number: usize) -> Result<(), Failure> {
        self.0.tries();
        let attempts = &self.0.open_to_all().attempts;
        attempts.take(&self.trier(), number, self.now()).map_err(|seconds| self.too_many(seconds))
    }

    fn give_tries_back(&self, number: usize) {
        self.0.open_to_all().attempts.give_back(&self.trier(), number, self.now());
    }

    /// Looks own coupons up by their code.
    pub(super) async fn look_up_own(
        &self,
        own: &CustomerId,
        code: &str,
        page: &PageRequest<CouponId>,
        now: Instant,
    ) -> Result<Page<Coupon, CouponId>, Failure> {
        self.take_tries(1)?;
        let found = on_the_beat(self.own_by_code(own, code, page, now), |found| {
            found.as_ref().is_ok_and(|page| page.items.is_empty())
        });
        let found = found.await?;
        if !found.items.is_empty() {
            self.give_tries_back(1);
        }
        Ok(found)
    }

    /// Has the customer's own redemption carried out; nothing else of what changes is a customer's to do.
    pub(super) async fn submit_own(
        &self,
        own: &CustomerId,
        key: Option<String>,
        command: Command,
    ) -> Result<Answer, Failure> {
        let Command::Redeem(asked) = command else {
            return Err(Refusal::from(Rejection::Forbidden { action: command.demands().name() }).into());
        };
        if asked.customer.as_ref().is_some_and(|customer| customer != own) {
            let reason = "expected the customer whose token this is, or none".to_owned();
            return Err(Rejection::ValueInvalid { reason }.at([Input::CustomerId]).into());
        }
        // What is wrong whatever the code is: it is told.
        asked.basket.as_deref().map(BasketDraft::check).transpose().map_err(within_basket)?;
        self.take_tries(1)?;
        let named = asked.coupon.clone();
        let case = Redeem { customer: Some(own.clone()), ..asked };
        let decided = async {
            match self.0.may(Action::RedeemCoupons)?.submit(self.actor(), key, case).await {
                Err(Failure::Refused(refusals)) => Err(self.told(own, &named, refusals).await?),
                other => other,
            }
        };
        let decided = on_the_beat(decided, |decided| matches!(decided, Err(Failure::Refused(_)))).await;
        if !decided.as_ref().is_err_and(is_not_redeemable) {
            self.give_tries_back(1);
        }
        decided
    }

    /// What a customer is told of a redemption that was refused.
    async fn told(&self, own: &CustomerId, named: &CouponRef, refusals: Vec<Refusal>) -> Result<Failure, Failure> {
        if refusals.iter().all(|refusal| is_of_no_code(refusal.code)) {
            return Ok(refusals.into());
        }
        let one = PageRequest { limit: 1, after: None, before: None, from_end: false };
        let holds = match named.parts().0 {
            CouponRef::Id(id) => !self.coupons(&[*id]).await?.iter().flatten().collect::<Vec<_>>().is_empty(),
            CouponRef::Code { code, .. } => !self.own_by_code(own, code, &one, self.now()).await?.items.is_empty(),
            CouponRef::Held { .. } => false,
        };
        if holds && refusals.iter().all(|refusal| is_told(refusal.code)) {
            return Ok(refusals.into_iter().map(in_plain_words).collect::<Vec<_>>().into());
        }
        Ok(Refusal::from(Rejection::NotRedeemable).into())
    }

    /// Decides a customer's own checkout.
    pub(super) async fn preview_own(&self, own: &CustomerId, order: CheckoutOrder) -> Result<Agreed, Failure> {
        self.check_own(own, &order.customer)?;
        let codes = order.coupons.len();
        self.take_tries(codes)?;
        let decided = async {
            let agreed = self.0.may(Action::PreviewCheckouts)?.checkout_preview(self.actor(), order).await?;
            Ok::<_, Failure>(Agreed { record: Box::new(told_record(own, *agreed.record)), ..agreed })
        };
        let decided = on_the_beat(decided, |decided| decided.as_ref().map_or(0, guesses) > 0).await;
        let guessed = decided.as_ref().map_or(0, guesses);
        self.give_tries_back(codes - guessed.min(codes));
        decided
    }

    /// Which of the customer's own coupons fit a basket.
    pub(super) async fn eligible_own(
        &self,
        own: &CustomerId,
        customer: CustomerId,
        basket: BasketDraft,
    ) -> Result<Box<EligibleRecord>, Failure> {
        self.check_own(own, &customer)?;
        let scrip = self.0.may(Action::PreviewCheckouts)?;
        let mut record = scrip.eligible_coupons(self.actor(), customer, basket).await?;
        // They are the customer's own, and are not found by a code.
        for recorded in &mut record.alone.coupons {
            tell_checks(recorded, true);
        }
        Ok(record)
    }

    fn check_own(&self, own: &CustomerId, customer: &CustomerId) -> Result<(), Failure> {
        if customer == own {
            return Ok(());
        }
        let reason = "expected the customer whose token this is".to_owned();
        Err(Rejection::ValueInvalid { reason }.at([Input::CustomerId]).into())
    }
}

/// Where something is refused, has its answer leave at the next beat after it was asked for.
async fn on_the_beat<T>(work: impl Future<Output = T>, is_refused: impl Fn(&T) -> bool) -> T {
    let begin = Moment::now();
    let done = work.await;
    if is_refused(&done) {
        let beats = begin.elapsed().as_micros() / BEAT.as_micros() + 1;
        sleep_until(begin + BEAT.saturating_mul(u32::try_from(beats).unwrap_or(u32::MAX))).await;
    }
    done
}

fn within_basket(refusals: Vec<Refusal>) -> Failure {
    refusals.into_iter().map(|refusal| refusal.within(Input::Basket)).collect::<Vec<_>>().into()
}

fn is_not_redeemable(failure: &Failure) -> bool {
    match failure {
        Failure::Refused(refusals) => refusals.iter().any(|refusal| refusal.code == Code::NotRedeemable),
        Failure::Internal(_) => false,
    }
}

/// How many codes of a checkout were refused without a reason.
fn guesses(agreed: &Agreed) -> usize {
    let is_guess = |recorded: &&Recorded| recorded.reasons().any(|refusal| refusal.code == Code::NotRedeemable);
    agreed.record.coupons.iter().filter(is_guess).count()
}

/// A decided checkout as a customer is told of it.
fn told_record(own: &CustomerId, mut record: CheckoutRecord) -> CheckoutRecord {
    for recorded in &mut record.coupons {
        let holds = recorded.coupon.as_ref().is_some_and(|coupon| coupon.customer.as_ref() == Some(own));
        let told = tell_checks(recorded, holds);
        if !holds || !told {
            recorded.coupon = None;
        }
    }
    record
}

/// Leaves of the checks of a coupon what a customer is told. Whether it is told what they were.
fn tell_checks(recorded: &mut Recorded, holds: bool) -> bool {
    let failed = std::mem::take(&mut recorded.checks).into_iter().filter(|check| check.refusal.is_some());
    let failed: Vec<Check> = failed.map(for_customer).collect();
    let told = holds && failed.iter().filter_map(|check| check.refusal.as_ref()).all(|one| is_told(one.code));
    let told = failed.is_empty() || told;
    recorded.checks = if told { failed } else { vec![not_redeemable()] };
    told
}

/// A check that refused, without what is for staff: which plugin it was, and what went wrong with it.
fn for_customer(check: Check) -> Check {
    let is_plugin = |code| matches!(code, Code::CheckRefused | Code::CheckUnavailable);
    let of_plugin = check.refusal.as_ref().is_some_and(|refusal| is_plugin(refusal.code));
    let name = if of_plugin { "check".to_owned() } else { check.name };
    Check { name, refusal: check.refusal.map(in_plain_words), note: None }
}

fn not_redeemable() -> Check {
    Check { name: "code".to_owned(), refusal: Some(Rejection::NotRedeemable.into()), note: None }
}
