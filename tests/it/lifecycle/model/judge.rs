//! Which refusals of a command would be right in the state that the model is in. A command with
//! several faults may be refused with any of them.

use scrip::domain::{gift_card::EntryKind, rejection::Code, status::Status};

use super::{Action, Model, Modelled, PEOPLE, POOLS, Place, PoolFacts, Target};

/// The code that names a status that an action does not allow.
fn state(coupon: &Modelled) -> Code {
    match coupon.status {
        Status::Unassigned => Code::NotClaimed,
        Status::Claimed => Code::NotRedeemed,
        Status::PartiallyRedeemed | Status::Redeemed => Code::AlreadyRedeemed,
        Status::Expired => Code::Expired,
        Status::Invalid => Code::Invalidated,
    }
}

/// Whether a card can spare so much beside what is held: it would be voided before that is paid otherwise.
pub(super) fn spares(facts: &PoolFacts, coupon: &Modelled, balance: i64, cents: i64) -> bool {
    let least = coupon.holds.iter().map(|hold| hold.cents).min();
    least.is_none_or(|least| balance - coupon.held() - cents + least >= facts.minimums.0)
}

/// While a checkout holds it, nobody takes a coupon from its customer.
fn of_holds(coupon: &Modelled) -> Option<Code> {
    unless(coupon.holds.is_empty(), Code::Held)
}

fn unless(good: bool, code: Code) -> Option<Code> {
    (!good).then_some(code)
}

impl Model {
    /// The right refusals; none where the command has to succeed.
    pub(super) fn refusals(&self, action: &Action) -> Vec<Code> {
        match action {
            Action::Claim { pool, customer } => self.of_claim(*pool, *customer),
            Action::Redeem { target, customer, cents, transaction } => {
                let mut right = self.on(target, |place, facts, coupon| {
                    let mut right = self.of_status_to_redeem(place, coupon, *customer);
                    right.extend(of_amount(facts, coupon, *cents));
                    right.extend(
                        transaction
                            .and_then(|id| unless(!coupon.purchases.contains(&id), Code::TransactionAlreadyUsed)),
                    );
                    right
                });
                right.dedup();
                right
            }
            Action::Unredeem { target, entry, cents } => self.on(target, |_, facts, coupon| {
                let standing = match facts.card {
                    Some(_) => !matches!(coupon.status, Status::Unassigned | Status::Claimed),
                    None => coupon.usages > 0,
                };
                let mut right: Vec<_> = unless(standing, state(coupon)).into_iter().collect();
                match facts.card {
                    None => right.extend(unless(entry.is_none() && cents.is_none(), Code::FieldNotApplicable)),
                    Some(_) => right.extend(of_reversal(coupon, *entry, *cents)),
                }
                right
            }),
            Action::Unassign(target) => self.on(target, |_, _, coupon| {
                // What was used is its customer's.
                let mut right: Vec<_> = of_claimed(coupon).into_iter().collect();
                right.extend(unless(coupon.usages == 0, Code::AlreadyRedeemed));
                right.extend(of_holds(coupon));
                right
            }),
            Action::Transfer { target, to, email } => {
                let mut right: Vec<_> = self.of_receiver(*to, *email);
                let receiver = to.or(*email);
                right.extend(self.on(target, |_, facts, coupon| {
                    let mut right: Vec<_> = of_claimed(coupon).into_iter().collect();
                    right.extend(unless(coupon.usages == 0, Code::AlreadyRedeemed));
                    right.extend(of_holds(coupon));
                    right.extend(unless(receiver != coupon.owner, Code::CustomerMismatch));
                    right.extend(receiver.and_then(|customer| of_currency(facts, customer)));
                    right
                }));
                right
            }
            Action::Invalidate(target) => self.on(target, |_, _, coupon| {
                let usable = coupon.is_live() || coupon.status == Status::Unassigned;
                unless(usable, state(coupon)).into_iter().chain(of_holds(coupon)).collect()
            }),
            Action::Reinstate(target) => self.on(target, |_, facts, coupon| match coupon.was {
                // Such a card is voided, however it came to hold so little.
                Some(held) if (1..facts.minimums.0).contains(&(coupon.balance + held)) => vec![Code::Invalidated],
                Some(_) => Vec::new(),
                None => vec![state(coupon)],
            }),
            Action::Extend { target, until } => self.on(target, |_, _, coupon| {
                let held = coupon.is_live() || coupon.status == Status::Expired;
                let mut right: Vec<_> = unless(held, state(coupon)).into_iter().collect();
                right.extend(unless(*until > self.now, Code::ValueInvalid));
                right
            }),
            Action::Adjust { target, cents } => {
                self.on(target, |_, facts, coupon| of_adjustment(facts, coupon, *cents))
            }
            Action::Archive { .. } => Vec::new(),
            // Judged where it is compared.
            Action::Till(_) => Vec::new(),
            Action::Add { pool, .. } => {
                unless(!POOLS[*pool].is_endless(), Code::PoolSourceMismatch).into_iter().collect()
            }
        }
    }

    /// The refusals of an action on a target, which has to exist first.
    fn on(&self, target: &Target, judge: impl FnOnce(Place, &PoolFacts, &Modelled) -> Vec<Code>) -> Vec<Code> {
        match self.find(target) {
            Ok(place) => judge(place, &POOLS[place.0], &self.coupons[&place]),
            Err(code) => vec![code],
        }
    }

    fn of_claim(&self, pool: usize, customer: usize) -> Vec<Code> {
        let facts = &POOLS[pool];
        let mut right: Vec<_> = unless(!self.archived.contains(&pool), Code::PoolArchived).into_iter().collect();
        if facts.aggregated && self.to_renew(pool, customer).is_some() {
            return right;
        }
        let free = |coupon: &Modelled| coupon.status == Status::Unassigned;
        let any = self.coupons.range((pool, 0)..(pool + 1, 0)).any(|(_, coupon)| free(coupon));
        right.extend(unless(any || facts.is_endless(), Code::PoolExhausted));
        right.extend(of_currency(facts, customer));
        right
    }

    /// Whether a coupon can be redeemed: it is live and its owner's, or it is assigned on the way.
    fn of_status_to_redeem(&self, place: Place, coupon: &Modelled, customer: Option<usize>) -> Vec<Code> {
        let facts = &POOLS[place.0];
        if coupon.status == Status::Unassigned && facts.is_uploaded() {
            let mut right: Vec<_> = unless(customer.is_some(), Code::Required).into_iter().collect();
            right.extend(unless(!self.archived.contains(&place.0), Code::PoolArchived));
            right.extend(customer.and_then(|customer| of_currency(facts, customer)));
            return right;
        }
        let mut right: Vec<_> = unless(coupon.is_live(), state(coupon)).into_iter().collect();
        let uses = coupon.usages + coupon.holds.len() as u32;
        let held = facts.card.is_none() && !coupon.holds.is_empty() && uses >= coupon.claims;
        right.extend(unless(!held, Code::Held));
        right.extend(unless(customer.is_none() || customer == coupon.owner, Code::NotOwner));
        right
    }

    fn of_receiver(&self, to: Option<usize>, email: Option<usize>) -> Vec<Code> {
        let unknown = |place: usize| unless(self.known.contains(&place), Code::CustomerNotFound);
        let by_email =
            |place: usize| unless(PEOPLE[place].known && PEOPLE[place].email.is_some(), Code::CustomerNotFound);
        let mut right: Vec<_> = to.and_then(unknown).into_iter().chain(email.and_then(by_email)).collect();
        right.extend(unless(to.is_some() || email.is_some(), Code::Required));
        right.extend(unless(to.is_none() || email.is_none() || to == email, Code::CustomerMismatch));
        right
    }
}

fn of_claimed(coupon: &Modelled) -> Option<Code> {
    unless(coupon.status == Status::Claimed, state(coupon))
}

fn of_currency(facts: &PoolFacts, customer: usize) -> Option<Code> {
    // Where a customer's is not known, it keeps nobody from a coupon that is no money.
    let unknown = facts.card.is_none() && PEOPLE[customer].currency.is_none();
    let same = facts.currency.is_none() || facts.currency == PEOPLE[customer].currency;
    unless(same || unknown, Code::CurrencyMismatch)
}

fn of_adjustment(facts: &PoolFacts, coupon: &Modelled, cents: i64) -> Vec<Code> {
    let mut right: Vec<_> = unless(facts.card.is_some() && cents != 0, Code::ValueInvalid).into_iter().collect();
    right.extend(unless(coupon.is_live(), state(coupon)));
    right.extend(unless(coupon.balance + cents >= 0, Code::InsufficientBalance));
    let stays = coupon.balance + cents >= coupon.held() && spares(facts, coupon, coupon.balance, -cents);
    right.extend(unless(cents >= 0 || stays, Code::Held));
    right
}

/// What is wrong with the amount of a redemption.
fn of_amount(facts: &PoolFacts, coupon: &Modelled, cents: Option<i64>) -> Vec<Code> {
    let (value, cents) = match (facts.card, cents) {
        (None, None) => return Vec::new(),
        (None, Some(_)) => return vec![Code::FieldNotApplicable],
        (Some(_), None) => return vec![Code::AmountRequired],
        (Some(value), Some(cents)) => (value, cents),
    };
    let balance = if coupon.status == Status::Unassigned { value } else { coupon.balance };
    let free = balance - coupon.held();
    let enough = cents >= facts.minimums.1 || cents == free;
    let right = [
        unless(cents > 0, Code::ValueInvalid),
        unless(cents <= balance, Code::InsufficientBalance),
        unless(cents <= free && spares(facts, coupon, balance, cents), Code::Held),
        unless(enough, Code::BelowMinimumRedemption),
    ];
    right.into_iter().flatten().collect()
}

/// What is wrong with the reversal of a ledger entry.
fn of_reversal(coupon: &Modelled, entry: Option<u32>, cents: Option<i64>) -> Vec<Code> {
    let Some(entry) = entry else { return vec![Code::Required] };
    let Some(line) = coupon.ledger.get(entry as usize) else { return vec![Code::NotFound] };
    if line.kind != EntryKind::Redeem {
        return vec![Code::ValueInvalid];
    }
    let left = -line.cents - line.returned;
    let fits = cents.is_none_or(|cents| cents > 0 && cents <= left);
    unless(left > 0, Code::NotRedeemed).into_iter().chain(unless(fits, Code::ValueInvalid)).collect()
}
