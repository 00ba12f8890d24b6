//! The model: what Scrip is meant to do, written down a second time from product.md, with a few maps
//! and plain numbers. For each command it says which refusals would be right; where there is none,
//! the command has to succeed, and the model makes the same change.

mod compare;
mod judge;
mod till;

use std::collections::{BTreeMap, BTreeSet};

use scrip::{
    domain::{event::EventType, gift_card::EntryKind, rejection::Code, status::Status},
    service::Answer,
};

use super::{
    action::{Action, Target},
    world::{PEOPLE, POOLS, PoolFacts},
};
use crate::support::Codes;
use till::{Hold, Slot};

/// A coupon by its pool's place and its own.
type Place = (usize, u64);

/// A line of a ledger: kind, amount, balance after it, and how much of it was taken back.
#[derive(Debug, Clone, Copy)]
struct Line {
    kind: EntryKind,
    cents: i64,
    after: i64,
    returned: i64,
}

/// An event: kind, the customer in whose history it is, the status before and after.
type Told = (EventType, Option<usize>, Status, Status);

/// A coupon.
#[derive(Debug, Clone)]
struct Modelled {
    status: Status,
    owner: Option<usize>,
    ends: Option<i64>,
    claims: u32,
    usages: u32,
    transfers: u32,
    balance: i64,
    ledger: Vec<Line>,
    purchases: BTreeSet<u8>,
    /// The purchases of the uses that stand, of one that is no card.
    uses: Vec<Option<String>>,
    holds: Vec<Hold>,
    events: Vec<Told>,
    /// What it held when it was invalidated.
    was: Option<i64>,
}

impl Modelled {
    fn new() -> Self {
        Self {
            status: Status::Unassigned,
            owner: None,
            ends: None,
            claims: 0,
            usages: 0,
            transfers: 0,
            balance: 0,
            ledger: Vec::new(),
            purchases: BTreeSet::new(),
            uses: Vec::new(),
            holds: Vec::new(),
            events: Vec::new(),
            was: None,
        }
    }

    fn is_live(&self) -> bool {
        matches!(self.status, Status::Claimed | Status::PartiallyRedeemed)
    }

    fn tell(&mut self, kind: EventType, after: Status) {
        self.events.push((kind, self.owner, self.status, after));
        self.status = after;
    }

    fn post(&mut self, kind: EntryKind, cents: i64) {
        self.balance += cents;
        self.ledger.push(Line { kind, cents, after: self.balance, returned: 0 });
    }

    fn void(&mut self) {
        if self.balance != 0 {
            self.post(EntryKind::Void, -self.balance);
        }
    }

    /// What stands of the redemptions of a card.
    fn paid(&self) -> i64 {
        let redemptions = self.ledger.iter().filter(|line| line.kind == EntryKind::Redeem);
        redemptions.map(|line| -line.cents - line.returned).sum()
    }
}

/// All that the model knows.
pub(super) struct Model {
    /// The time, in minutes since the start.
    pub(super) now: i64,
    coupons: BTreeMap<Place, Modelled>,
    known: BTreeSet<usize>,
    archived: BTreeSet<usize>,
    /// The purchases of the till that are known.
    slots: BTreeMap<u8, Slot>,
}

impl Model {
    pub(super) fn new() -> Self {
        let places =
            POOLS.iter().enumerate().flat_map(|(pool, facts)| (0..facts.codes).map(move |index| (pool, index)));
        Self {
            now: 0,
            coupons: places.map(|place| (place, Modelled::new())).collect(),
            known: (0..PEOPLE.len()).filter(|place| PEOPLE[*place].known).collect(),
            archived: BTreeSet::new(),
            slots: BTreeMap::new(),
        }
    }

    /// Time alone ends a claimed coupon, at the instant.
    pub(super) fn expire_due(&mut self) {
        let now = self.now;
        self.coupons.values_mut().for_each(|coupon| coupon.pass(now));
        self.forget_holds();
    }

    /// Compares an answer with what is right, and makes the same change.
    pub(super) fn check(&mut self, action: &Action, answer: &Result<Answer, Codes>) {
        self.expire_due();
        if let Action::Till(asking) = action {
            return self.check_till(asking, answer);
        }
        let right = self.refusals(action);
        let coupon = match (right.is_empty(), answer) {
            (false, Err(codes)) => {
                assert!(codes.iter().all(|code| right.contains(code)), "{action:?}: found {codes:?}, right: {right:?}");
                return;
            }
            (true, Ok(Answer::Coupon(coupon, _))) => coupon,
            (true, Ok(_)) => return self.apply_to_pool(action),
            _ => panic!("{action:?}: found {answer:?}, right: {right:?}"),
        };
        let place = (coupon.id.pool.0 as usize - 1, coupon.id.index);
        self.apply(action, place);
        compare::same(&self.coupons[&place], coupon);
    }

    fn apply_to_pool(&mut self, action: &Action) {
        match *action {
            Action::Archive { pool, archive: true } => drop(self.archived.insert(pool)),
            Action::Archive { pool, archive: false } => drop(self.archived.remove(&pool)),
            Action::Add { pool, .. } => {
                let place = (pool, self.size(pool));
                self.coupons.insert(place, Modelled::new());
            }
            ref other => panic!("{other:?} was answered without a coupon"),
        }
    }

    /// How many coupons a pool has.
    fn size(&self, pool: usize) -> u64 {
        self.coupons.range((pool, 0)..(pool + 1, 0)).count() as u64
    }

    /// The coupon that a target names.
    fn find(&self, target: &Target) -> Result<Place, Code> {
        let place = (target.pool, target.index);
        let facts = &POOLS[target.pool];
        match (target.by_code, facts.generic) {
            (None, _) => self.coupons.contains_key(&place).then_some(place).ok_or(Code::NotFound),
            (Some(_), None) => (target.index < facts.codes).then_some(place).ok_or(Code::NotFound),
            (Some(None), Some(_)) => Err(Code::Required),
            (Some(Some(customer)), Some(_)) => self.latest_of(target.pool, customer).ok_or(Code::NotClaimed),
        }
    }

    /// The coupon of a pool that a customer holds: of those that can be used the one with the last place, else of all.
    fn latest_of(&self, pool: usize, customer: usize) -> Option<Place> {
        let held = self.coupons.range((pool, 0)..(pool + 1, 0)).filter(|(_, coupon)| coupon.owner == Some(customer));
        held.max_by_key(|(place, coupon)| (coupon.is_live(), **place)).map(|(place, _)| *place)
    }

    /// The coupon of an aggregated pool that a customer gets once more.
    fn to_renew(&self, pool: usize, customer: usize) -> Option<Place> {
        let held = self.coupons.range((pool, 0)..(pool + 1, 0)).filter(|(_, coupon)| coupon.owner == Some(customer));
        let held = held.filter(|(_, coupon)| coupon.status != Status::Invalid);
        held.max_by_key(|(place, coupon)| (coupon.is_live(), **place)).map(|(place, _)| *place)
    }

    fn apply(&mut self, action: &Action, place: Place) {
        let facts = &POOLS[place.0];
        match *action {
            Action::Claim { customer, .. } => {
                if facts.aggregated
                    && let Some(held) = self.to_renew(place.0, customer)
                {
                    assert_eq!(held, place, "the same coupon again");
                }
                self.claim(place, customer);
            }
            Action::Redeem { cents, customer, transaction, .. } => {
                if self.coupons[&place].status == Status::Unassigned {
                    self.claim(place, customer.expect("it is needed here"));
                }
                let coupon = self.coupons.get_mut(&place).expect("a coupon");
                coupon.purchases.extend(transaction);
                coupon.redeem(facts, cents, transaction.map(|number| format!("purchase {number}")));
            }
            Action::Unredeem { entry, cents, .. } => {
                let now = self.now;
                let coupon = self.coupons.get_mut(&place).expect("a coupon");
                coupon.unredeem(facts, entry, cents, now);
            }
            Action::Unassign(_) => {
                let coupon = self.coupons.get_mut(&place).expect("a coupon");
                coupon.unassign();
            }
            Action::Transfer { to, email, .. } => {
                let receiver = to.or(email).expect("it is needed here");
                let coupon = self.coupons.get_mut(&place).expect("a coupon");
                coupon.tell(EventType::Transfer, Status::Claimed);
                coupon.owner = Some(receiver);
                coupon.tell(EventType::Receive, Status::Claimed);
                coupon.transfers += 1;
            }
            Action::Invalidate(_) => {
                self.coupons.get_mut(&place).expect("a coupon").invalidate();
            }
            Action::Reinstate(_) => {
                let now = self.now;
                self.coupons.get_mut(&place).expect("a coupon").reinstate(now);
            }
            Action::Extend { until, .. } => {
                let coupon = self.coupons.get_mut(&place).expect("a coupon");
                coupon.ends = Some(until);
                let after = if coupon.status == Status::Expired { coupon.in_use() } else { coupon.status };
                coupon.tell(EventType::Extend, after);
            }
            Action::Adjust { cents, .. } => {
                let coupon = self.coupons.get_mut(&place).expect("a coupon");
                coupon.post(EntryKind::Adjust, cents);
                let after = if coupon.balance == 0 { Status::Redeemed } else { coupon.status };
                coupon.tell(EventType::Adjust, after);
                if cents < 0 && (1..facts.minimums.0).contains(&coupon.balance) {
                    coupon.invalidate();
                }
            }
            Action::Archive { .. } | Action::Add { .. } | Action::Till(_) => {
                panic!("{action:?} was answered with a coupon")
            }
        }
    }

    /// Gives a coupon to a customer, or gives it out once more.
    fn claim(&mut self, place: Place, customer: usize) {
        let facts = &POOLS[place.0];
        self.known.insert(customer);
        let next = (place.0, self.size(place.0));
        assert!(place < next || (place == next && facts.is_endless()), "{place:?} was given out, not {next:?}");
        let coupon = self.coupons.entry(place).or_insert_with(Modelled::new);
        if coupon.owner == Some(customer) {
            assert!(facts.aggregated, "{place:?} is given out once");
            coupon.claims += 1;
            coupon.ends = facts.minutes.map(|minutes| self.now + minutes);
            if let Some(value) = facts.card {
                coupon.post(EntryKind::Issue, value);
            }
            return coupon.tell(EventType::Claim, coupon.in_use());
        }
        assert_eq!(coupon.status, Status::Unassigned, "{place:?} was given out, though it is not free");
        (coupon.owner, coupon.claims) = (Some(customer), 1);
        coupon.ends = facts.minutes.map(|minutes| self.now + minutes);
        if let Some(value) = facts.card {
            coupon.post(EntryKind::Issue, value);
        }
        coupon.tell(EventType::Claim, Status::Claimed);
    }
}

impl Modelled {
    fn redeem(&mut self, facts: &PoolFacts, cents: Option<i64>, purchase: Option<String>) {
        self.usages += 1;
        let Some(cents) = cents else {
            self.uses.push(purchase);
            let left = if self.status == Status::Expired { Status::Expired } else { Status::Claimed };
            return self.tell(EventType::Redeem, if self.usages >= self.claims { Status::Redeemed } else { left });
        };
        self.post(EntryKind::Redeem, -cents);
        if self.balance == 0 {
            return self.tell(EventType::Redeem, Status::Redeemed);
        }
        // What was held may be paid after its time; what is left then is over.
        let left = if self.status == Status::Expired { Status::Expired } else { Status::PartiallyRedeemed };
        self.tell(EventType::Redeem, left);
        if self.balance < facts.minimums.0 && self.holds.is_empty() {
            self.invalidate();
        }
    }

    fn invalidate(&mut self) {
        self.was = Some(self.balance);
        self.void();
        self.tell(EventType::Invalidate, Status::Invalid);
    }

    fn reinstate(&mut self, now: i64) {
        let held = self.was.take().expect("it was invalidated");
        if held != 0 {
            self.post(EntryKind::Reverse, held);
        }
        let is_over = self.ends.is_some_and(|end| end <= now);
        self.tell(EventType::Reinstate, if is_over { Status::Expired } else { self.in_use() });
    }

    /// What a coupon is that is neither over nor out of use.
    fn in_use(&self) -> Status {
        match self.owner {
            None => Status::Unassigned,
            Some(_) if self.ledger.is_empty() && self.usages >= self.claims => Status::Redeemed,
            Some(_) if self.ledger.is_empty() => Status::Claimed,
            Some(_) if self.balance == 0 => Status::Redeemed,
            Some(_) if self.paid() == 0 => Status::Claimed,
            Some(_) => Status::PartiallyRedeemed,
        }
    }

    fn unredeem(&mut self, facts: &PoolFacts, entry: Option<u32>, cents: Option<i64>, now: i64) {
        let stays = matches!(self.status, Status::Expired | Status::Invalid);
        let Some(entry) = entry else {
            self.usages -= 1;
            self.uses.pop();
            return self.tell(EventType::Unredeem, if stays { self.status } else { Status::Claimed });
        };
        let line = &mut self.ledger[entry as usize];
        let left = -line.cents - line.returned;
        let cents = cents.unwrap_or(left);
        line.returned += cents;
        self.usages -= u32::from(cents == left);
        self.post(EntryKind::Reverse, cents);
        self.tell(EventType::Unredeem, if stays { self.status } else { self.in_use() });
        // It was voided for want of what is there now.
        let enough = |held: i64| (1..facts.minimums.0).contains(&held) && self.balance + held >= facts.minimums.0;
        if self.status == Status::Invalid && self.was.is_some_and(enough) {
            self.reinstate(now);
        }
        // Too little has come back on one that was used up.
        if self.status == Status::PartiallyRedeemed
            && (1..facts.minimums.0).contains(&self.balance)
            && self.holds.is_empty()
        {
            self.invalidate();
        }
    }
}
