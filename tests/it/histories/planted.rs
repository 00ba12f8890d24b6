//! Tests of the checker: histories of a coupon that is kept well are taken, those of one that is kept badly (a lost
//! update, a stale read, a double redemption) are found; and it says the same as trying every order.

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use scrip::domain::status::Status;

use super::{
    checker::{Operation, linearize},
    model::{Ask, Call, View, next},
};
use crate::support::Codes;

/// How a coupon is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Well,
    /// What is written is what was decided on the coupon as it was when the operation began.
    LosesUpdates,
    /// Some reads give the coupon as it was some changes ago.
    ReadsStale,
    /// Whether it may be redeemed is looked at when the operation begins.
    RedeemsTwice,
}

/// An operation that has begun.
struct Begun {
    begin: u64,
    ask: Ask,
    /// The coupon as it was then.
    seen: View,
    answer: Option<Result<View, Codes>>,
}

/// What an ask gives, by the model: of all answers, the one that is right.
fn right(coupon: &View, ask: &Ask) -> (Option<View>, Result<View, Codes>) {
    match super::model::act(coupon, ask) {
        Ok(after) => (Some(after.clone()), Ok(after)),
        Err(code) => (None, Err(vec![code])),
    }
}

/// A history of some callers at once, of a coupon that is kept so.
fn history(kept: Kept, random: &mut StdRng) -> Vec<Operation<Call>> {
    let mut versions = vec![View::untouched()];
    let (mut running, mut history): (Vec<Begun>, Vec<_>) = Default::default();
    for now in 0..400 {
        let coupon = versions.last().expect("the coupon").clone();
        let place = random.random_range(0..8);
        if place >= running.len() {
            running.push(Begun { begin: now, ask: ask(random), seen: coupon, answer: None });
            continue;
        }
        // It takes effect first, and ends some time later.
        let operation = &mut running[place];
        if operation.answer.is_some() {
            history.extend(running.swap_remove(place).ended(now));
            continue;
        }
        let base = match (kept, &operation.ask) {
            (Kept::LosesUpdates, _) => operation.seen.clone(),
            (Kept::RedeemsTwice, Ask::Redeem { .. }) if operation.seen.status == Status::Claimed => {
                View { status: Status::Claimed, ..coupon }
            }
            (Kept::ReadsStale, Ask::Read) if random.random_bool(0.2) => {
                versions[versions.len().saturating_sub(4)].clone()
            }
            _ => coupon,
        };
        let (after, answer) = right(&base, &operation.ask);
        operation.answer = Some(answer);
        versions.extend(after.filter(|_| operation.ask != Ask::Read));
    }
    // What has no answer has done nothing.
    history.extend((400..).zip(running).filter_map(|(now, operation)| operation.ended(now)));
    history
}

impl Begun {
    fn ended(self, end: u64) -> Option<Operation<Call>> {
        let call = Call { ask: self.ask, answer: self.answer? };
        Some(Operation { begin: self.begin, end, call })
    }
}

fn ask(random: &mut StdRng) -> Ask {
    let customer = format!("customer-{}", random.random_range(0..2));
    match random.random_range(0..9) {
        0..3 => Ask::Read,
        3..5 => Ask::Claim { customer },
        5 => Ask::Redeem { by: customer },
        6 => Ask::Unredeem,
        7 => Ask::Unassign,
        _ => Ask::Transfer { to: customer },
    }
}

#[test]
fn planted_faults_are_found() {
    let found = |kept| {
        let is_found = |seed: &u64| {
            let history = history(kept, &mut StdRng::seed_from_u64(*seed));
            linearize(View::untouched(), history, next).is_err()
        };
        (0..100).filter(is_found).count()
    };
    assert_eq!(found(Kept::Well), 0);
    for kept in [Kept::LosesUpdates, Kept::ReadsStale, Kept::RedeemsTwice] {
        let found = found(kept);
        println!("{kept:?}: found in {found} of 100 histories");
        assert!(found > 20, "{kept:?}: found in {found} of 100 histories");
    }
}

#[test]
fn it_says_the_same_as_trying_every_order() {
    let (mut good, mut bad) = (0, 0);
    for seed in 0..3_000 {
        let mut random = StdRng::seed_from_u64(seed);
        let kept = *[Kept::Well, Kept::LosesUpdates, Kept::ReadsStale, Kept::RedeemsTwice]
            .choose(&mut random)
            .expect("one of them");
        let mut history = history(kept, &mut random);
        history.truncate(6);
        let expected = some_order_fits(&View::untouched(), &history, &mut Vec::new());
        let found = linearize(View::untouched(), history, next).is_ok();
        assert_eq!(found, expected, "seed {seed}");
        if found { good += 1 } else { bad += 1 }
    }
    assert!(good > 100 && bad > 100, "{good} histories are linearizable, {bad} are not");
}

/// Tries every order of what is left.
fn some_order_fits(coupon: &View, history: &[Operation<Call>], used: &mut Vec<usize>) -> bool {
    if used.len() == history.len() {
        return true;
    }
    let left: Vec<usize> = (0..history.len()).filter(|number| !used.contains(number)).collect();
    left.iter().any(|number| {
        // Nothing that is left had ended when it began.
        let is_first = left.iter().all(|other| history[*other].end >= history[*number].begin);
        let Some(after) = next(coupon, &history[*number].call).filter(|_| is_first) else { return false };
        used.push(*number);
        let fits = some_order_fits(&after, history, used);
        used.pop();
        fits
    })
}
