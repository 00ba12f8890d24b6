//! The till in the model: who has what under which purchase, what a checkout takes, and what comes back.

use scrip::{
    domain::{event::EventType, gift_card::EntryKind, rejection::Code, status::Status},
    service::Answer,
};

use super::{Model, Modelled, PEOPLE, POOLS, Place, judge::spares};
use crate::{
    lifecycle::{
        till::{Asking, Till, name},
        world::PoolFacts,
    },
    support::Codes,
};

/// What a checkout holds of a coupon.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    transaction: u8,
    until: i64,
    /// Of a card.
    pub(super) cents: i64,
    assigned: bool,
}

/// What is known of the id of a purchase.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    till: Till,
    /// Of which coupon it takes how much.
    taken: Option<(Place, i64)>,
    assigned: bool,
    /// Until when it is held; none where it is recorded.
    held: Option<i64>,
    /// The line of a card's ledger.
    entry: Option<usize>,
    returned: i64,
    returns: usize,
    given_back: bool,
}

impl Slot {
    fn is_whole(&self) -> bool {
        self.returns > 0 && self.returned == self.till.cents
    }
}

fn found(answer: &Result<Answer, Codes>, right: &[Code], asking: &Asking) -> bool {
    match answer {
        Ok(_) if right.is_empty() => true,
        Err(codes) if !right.is_empty() => {
            assert!(codes.iter().all(|code| right.contains(code)), "{asking:?}: found {codes:?}, right: {right:?}");
            false
        }
        _ => panic!("{asking:?}: found {answer:?}, right: {right:?}"),
    }
}

/// What a recorded or held checkout says that its coupon takes.
fn discount(answer: &Result<Answer, Codes>) -> i64 {
    match answer {
        Ok(Answer::Held(record, _) | Answer::Checkout(record) | Answer::Released(record)) => record.discount().0,
        other => panic!("found {other:?}"),
    }
}

impl Model {
    /// Whether a hold is over and not known as over.
    pub(in crate::lifecycle) fn has_holds(&self) -> bool {
        self.slots.values().any(|slot| slot.held.is_some())
    }

    /// Forgets the holds that are over.
    pub(super) fn forget_holds(&mut self) {
        let now = self.now;
        self.slots.retain(|_, slot| slot.held.is_none_or(|until| until > now));
    }

    pub(super) fn check_till(&mut self, asking: &Asking, answer: &Result<Answer, Codes>) {
        match asking {
            Asking::Hold(till, minutes) => self.check_hold(asking, till, *minutes, answer),
            Asking::Complete(till) => self.check_complete(asking, till, answer),
            Asking::Release(transaction) => self.check_release(asking, *transaction, answer),
            Asking::Return(transaction, cents) => self.check_return(asking, *transaction, *cents, answer),
        }
    }

    /// Whether a purchase's id is taken.
    fn is_used(&self, transaction: u8) -> bool {
        self.slots.get(&transaction).is_some_and(|slot| !slot.is_whole())
    }

    /// What the coupon of a checkout would take.
    fn takes(&self, till: &Till) -> Option<(Place, i64)> {
        let place = self.find(&till.target()).ok()?;
        let (facts, coupon) = (&POOLS[place.0], &self.coupons[&place]);
        let is_free = coupon.status == Status::Unassigned && facts.is_uploaded();
        let own = PEOPLE[till.customer].currency;
        let admitted = facts.currency.is_none() || own.is_none() || own == facts.currency;
        if is_free && (self.archived.contains(&place.0) || !admitted) {
            return None;
        }
        let is_own = coupon.is_live() && coupon.owner == Some(till.customer);
        if !is_free && !is_own {
            return None;
        }
        let cents = match facts.card {
            None if !is_free && coupon.usages + coupon.holds.len() as u32 >= coupon.claims => 0,
            None => (till.cents * 10 + 50) / 100,
            Some(value) => {
                let balance = if is_free { value } else { coupon.balance };
                let free = balance - coupon.held();
                let cents = free.min(till.cents);
                let enough = cents >= facts.minimums.1 || cents == free;
                if enough && spares(facts, coupon, balance, cents) { cents } else { 0 }
            }
        };
        (cents > 0).then_some((place, cents))
    }

    fn check_hold(&mut self, asking: &Asking, till: &Till, minutes: i64, answer: &Result<Answer, Codes>) {
        let mut right = Vec::new();
        if !(1..=1_440).contains(&minutes) {
            right.push(Code::ValueInvalid);
        }
        if self.is_used(till.transaction) {
            right.push(Code::TransactionAlreadyUsed);
        }
        let taken = self.takes(till);
        if let Some((place, cents)) = taken {
            let (facts, coupon) = (&POOLS[place.0], &self.coupons[&place]);
            let least = coupon.holds.iter().map(|hold| hold.cents).min();
            let after = coupon.balance - coupon.held() - cents;
            if facts.card.is_some() && least.is_some_and(|least| after + least.min(cents) < facts.minimums.0) {
                right.push(Code::Held);
            }
        }
        if !found(answer, &right, asking) {
            return;
        }
        assert_eq!(discount(answer), taken.map_or(0, |(_, cents)| cents), "{asking:?}");
        self.known.insert(till.customer);
        let until = self.now + minutes;
        let mut assigned = false;
        if let Some((place, cents)) = taken {
            assigned = self.coupons[&place].status == Status::Unassigned;
            if assigned {
                self.claim(place, till.customer);
            }
            let card = POOLS[place.0].card.is_some();
            let coupon = self.coupons.get_mut(&place).expect("a coupon");
            coupon.tell(EventType::Hold, coupon.status);
            let cents = if card { cents } else { 0 };
            coupon.holds.push(Hold { transaction: till.transaction, until, cents, assigned });
        }
        let slot = Slot {
            till: till.clone(),
            taken,
            assigned,
            held: Some(until),
            entry: None,
            returned: 0,
            returns: 0,
            given_back: false,
        };
        self.slots.insert(till.transaction, slot);
    }

    fn check_complete(&mut self, asking: &Asking, till: &Till, answer: &Result<Answer, Codes>) {
        let held = self.slots.get(&till.transaction).filter(|slot| slot.held.is_some()).cloned();
        let mut right = Vec::new();
        match &held {
            Some(slot) => {
                if slot.till.customer != till.customer {
                    right.push(Code::CustomerMismatch);
                }
                if !slot.till.is_same(till) || slot.till.customer != till.customer {
                    right.push(Code::ValueInvalid);
                }
            }
            None if self.is_used(till.transaction) => right.push(Code::TransactionAlreadyUsed),
            None => {}
        }
        if !found(answer, &right, asking) {
            return;
        }
        let taken = held.as_ref().map_or_else(|| self.takes(till), |slot| slot.taken);
        assert_eq!(discount(answer), taken.map_or(0, |(_, cents)| cents), "{asking:?}");
        self.known.insert(till.customer);
        let mut slot = held.unwrap_or_else(|| Slot {
            till: till.clone(),
            taken,
            assigned: false,
            held: None,
            entry: None,
            returned: 0,
            returns: 0,
            given_back: false,
        });
        if let Some((place, cents)) = taken {
            let facts = &POOLS[place.0];
            if self.coupons[&place].status == Status::Unassigned {
                self.claim(place, till.customer);
                slot.assigned = true;
            }
            let coupon = self.coupons.get_mut(&place).expect("a coupon");
            coupon.holds.retain(|hold| hold.transaction != till.transaction);
            slot.entry = facts.card.map(|_| coupon.ledger.len());
            coupon.redeem(facts, facts.card.map(|_| cents), Some(name(till.transaction)));
        }
        slot.held = None;
        self.slots.insert(till.transaction, slot);
    }

    fn check_release(&mut self, asking: &Asking, transaction: u8, answer: &Result<Answer, Codes>) {
        let held = self.slots.get(&transaction).filter(|slot| slot.held.is_some()).cloned();
        let right: Vec<Code> = if held.is_some() { Vec::new() } else { vec![Code::NotFound] };
        if !found(answer, &right, asking) {
            return;
        }
        let slot = self.slots.remove(&transaction).expect("it is held");
        if let Some((place, _)) = slot.taken {
            self.coupons.get_mut(&place).expect("a coupon").release(transaction);
        }
    }

    fn check_return(&mut self, asking: &Asking, transaction: u8, cents: Option<i64>, answer: &Result<Answer, Codes>) {
        let recorded = self.slots.get(&transaction).filter(|slot| slot.held.is_none()).cloned();
        let right = match &recorded {
            None => vec![Code::NotFound],
            Some(slot) if slot.is_whole() => vec![Code::AlreadyReturned],
            Some(slot) if cents.is_some_and(|cents| cents <= 0 || cents > slot.till.cents - slot.returned) => {
                vec![Code::ValueInvalid]
            }
            Some(_) => Vec::new(),
        };
        if !found(answer, &right, asking) {
            return;
        }
        let mut slot = recorded.expect("it is recorded");
        slot.returned += cents.unwrap_or(slot.till.cents - slot.returned);
        slot.returns += 1;
        if let Some((place, taken)) = slot.taken {
            let (now, facts) = (self.now, &POOLS[place.0]);
            let coupon = self.coupons.get_mut(&place).expect("a coupon");
            if let Some(entry) = slot.entry {
                let due = first_units(taken, slot.till.cents - taken, slot.returned);
                let line = coupon.ledger[entry];
                let lacks = (due - line.returned).min(-line.cents - line.returned);
                if lacks > 0 {
                    coupon.unredeem(facts, Some(u32::try_from(entry).expect("few")), Some(lacks), now);
                    coupon.give_up(facts, slot.assigned);
                }
            } else if slot.is_whole() && facts.returnable && !slot.given_back && coupon.take_use(&name(transaction)) {
                slot.given_back = true;
                coupon.unredeem(facts, None, None, now);
                coupon.give_up(facts, slot.assigned);
            }
        }
        match answer {
            Ok(Answer::Purchase(purchase)) => assert_eq!(purchase.is_back(), slot.is_whole(), "{asking:?}"),
            other => panic!("{asking:?}: found {other:?}"),
        }
        self.slots.insert(transaction, slot);
    }
}

/// How much of what came back of a line is of the coupon, of whose price it took a part and the customer paid the rest:
/// one unit after the other, in proportion.
fn first_units(taken: i64, rest: i64, number: i64) -> i64 {
    let (mut of_coupon, mut of_rest) = (0, 0);
    for _ in 0..number {
        if of_coupon < taken && (of_rest == rest || (2 * of_coupon + 1) * rest <= (2 * of_rest + 1) * taken) {
            of_coupon += 1;
        } else {
            of_rest += 1;
        }
    }
    of_coupon
}

impl Modelled {
    /// What of a card is held.
    pub(super) fn held(&self) -> i64 {
        self.holds.iter().map(|hold| hold.cents).sum()
    }

    /// What time does, in the order in which it does it.
    pub(super) fn pass(&mut self, now: i64) {
        loop {
            let end = self.ends.filter(|end| *end <= now && self.is_live());
            let over = self.holds.iter().filter(|hold| hold.until <= now);
            let over =
                over.min_by_key(|hold| (hold.until, hold.transaction)).map(|hold| (hold.until, hold.transaction));
            match (end, over) {
                (Some(end), Some((until, transaction))) if until < end => self.release(transaction),
                (Some(_), _) => self.tell(EventType::Expire, Status::Expired),
                (None, Some((_, transaction))) => self.release(transaction),
                (None, None) => return,
            }
        }
    }

    fn release(&mut self, transaction: u8) {
        let Some(place) = self.holds.iter().position(|hold| hold.transaction == transaction) else { return };
        let hold = self.holds.remove(place);
        self.tell(EventType::Release, self.status);
        let unused = self.usages == 0 && self.claims == 1 && self.holds.is_empty() && self.paid() == 0;
        if hold.assigned && unused && matches!(self.status, Status::Claimed | Status::Expired) {
            self.unassign();
        }
    }

    /// Puts a coupon that a purchase gave to its customer back.
    fn give_up(&mut self, facts: &PoolFacts, assigned: bool) {
        let as_given = self.status == Status::Claimed && self.usages == 0 && self.claims == 1 && self.transfers == 0;
        if assigned && as_given && self.holds.is_empty() && facts.card.is_none_or(|value| self.balance == value) {
            self.unassign();
        }
    }

    pub(super) fn unassign(&mut self) {
        if self.balance != 0 {
            self.post(EntryKind::Void, -self.balance);
        }
        self.tell(EventType::Unassign, Status::Unassigned);
        (self.owner, self.ends, self.claims) = (None, None, 0);
    }

    /// Has the use by a purchase be the last one, if it stands.
    fn take_use(&mut self, purchase: &str) -> bool {
        let Some(place) = self.uses.iter().rposition(|one| one.as_deref() == Some(purchase)) else { return false };
        let used = self.uses.remove(place);
        self.uses.push(used);
        true
    }
}
