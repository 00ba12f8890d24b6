//! The coupon's life as a table: every action on every status, and gift cards' accounts as properties.

use proptest::prelude::*;

use super::*;
use crate::{
    currency::Currency,
    gift_card::{Entry, EntryKind, Posting},
    id::PoolId,
    period::Period,
    rejection::{Code, Refusal},
    terms::{CouponType, Restrictions, Terms, Value},
};

fn at(text: &str) -> Instant {
    text.parse().expect("an instant")
}

fn now() -> Instant {
    at("2026-05-01T12:00:00Z")
}

fn later() -> Instant {
    at("2026-09-01T12:00:00Z")
}

fn customer(id: &str) -> CustomerId {
    CustomerId::parse(id).expect("an id")
}

fn holder(id: &str) -> Holder {
    Holder { customer: customer(id), currency: None }
}

fn terms(kind: CouponType, value: &str) -> Terms {
    let value = Value::parse(kind, Some(value), None).expect("a value");
    let expiration_period = Period::parse("P2M").ok();
    Terms { value, currency: None, restrictions: Restrictions { expiration_period, ..Restrictions::default() } }
}

fn fresh() -> Coupon {
    Coupon::unassigned(CouponId { pool: PoolId(1), index: 7 }, "SPRING".to_owned(), TermsNumber(0))
}

/// A coupon in each status, made by the actions that lead there; gift cards where `card`.
fn in_status(status: Status, card: bool) -> (Coupon, Terms) {
    let terms = if card { terms(CouponType::GiftCard, "100") } else { terms(CouponType::Percentage, "10") };
    let claimed = || fresh().claim(&terms, holder("ann"), None, now()).expect("a claim").coupon;
    let pay = |amount| {
        let coupon = claimed();
        if card {
            coupon.redeem_card(&terms, None, Amount(amount), None, now())
        } else {
            coupon.redeem(None, None, now())
        }
        .expect("a redemption")
        .coupon
    };
    let coupon = match status {
        Status::Unassigned => fresh(),
        Status::Claimed => claimed(),
        Status::PartiallyRedeemed => pay(4_000),
        Status::Redeemed => pay(10_000),
        Status::Expired => claimed().expire(later()).expect("an expiry").coupon,
        Status::Invalid => claimed().invalidate(now()).expect("an invalidation").coupon,
    };
    (coupon, terms)
}

type Action = fn(Coupon, &Terms) -> Result<Decision, Refusal>;
/// An action, and what it leads to from each status.
type Row = (&'static str, Action, [Result<Status, Code>; 6]);

#[test]
fn every_action_on_every_status() {
    use Code::{AlreadyClaimed as Ac, AlreadyRedeemed as Ar, Expired as Ex, Invalidated as In, NotClaimed as Nc};
    use Status::{Claimed as C, Expired as E, Invalid as I, PartiallyRedeemed as P, Redeemed as R, Unassigned as U};
    let claim: Action = |coupon, terms| coupon.claim(terms, holder("bob"), None, now());
    let again: Action = |coupon, terms| coupon.claim_again(terms, terms.currency, None, now());
    let redeem: Action = |coupon, _| coupon.redeem(None, None, now());
    let unredeem: Action = |coupon, _| coupon.unredeem(now());
    let unassign: Action = |coupon, _| coupon.unassign(now());
    let transfer: Action = |coupon, terms| coupon.transfer(terms, holder("bob"), now());
    let invalidate: Action = |coupon, _| coupon.invalidate(now());
    let expire: Action = |coupon, _| coupon.expire(later());
    let extend: Action = |coupon, _| coupon.extend(at("2027-01-01T00:00:00Z"), now());
    let reinstate: Action = |coupon, terms| {
        let last = void_entry(&coupon);
        coupon.reinstate(terms, last, now())
    };
    let pay: Action = |coupon, terms| coupon.redeem_card(terms, None, Amount(1_000), None, now());
    let adjust: Action = |coupon, terms| coupon.adjust(terms, Amount(500), now());
    let no = Code::NotRedeemed;
    // By status found: unassigned, claimed, partially redeemed, redeemed, expired, invalid. The second
    // table is of gift cards, which alone are ever partially redeemed.
    let order = [U, C, P, R, E, I];
    let plain: [Row; 10] = [
        ("claim", claim, [Ok(C), Err(Ac), Err(Ar), Err(Ar), Err(Ex), Err(In)]),
        ("claim again", again, [Err(Nc), Ok(C), Ok(P), Ok(C), Ok(C), Err(In)]),
        ("redeem", redeem, [Err(Nc), Ok(R), Err(Ar), Err(Ar), Err(Ex), Err(In)]),
        ("unredeem", unredeem, [Err(Nc), Err(no), Err(Ar), Ok(C), Err(Ex), Err(In)]),
        ("unassign", unassign, [Err(Nc), Ok(U), Err(Ar), Err(Ar), Err(Ex), Err(In)]),
        ("transfer", transfer, [Err(Nc), Ok(C), Err(Ar), Err(Ar), Err(Ex), Err(In)]),
        ("invalidate", invalidate, [Ok(I), Ok(I), Ok(I), Err(Ar), Err(Ex), Err(In)]),
        ("expire", expire, [Err(Nc), Ok(E), Ok(E), Err(Ar), Err(Ex), Err(In)]),
        ("reinstate", reinstate, [Err(Nc), Err(no), Err(Ar), Err(Ar), Err(Ex), Ok(C)]),
        ("extend", extend, [Err(Nc), Ok(C), Ok(P), Err(Ar), Ok(C), Err(In)]),
    ];
    let cards: [Row; 8] = [
        ("claim again", again, [Err(Nc), Ok(C), Ok(P), Ok(P), Ok(C), Err(In)]),
        ("pay", pay, [Err(Nc), Ok(P), Ok(P), Err(Ar), Err(Ex), Err(In)]),
        ("adjust", adjust, [Err(Nc), Ok(C), Ok(P), Err(Ar), Err(Ex), Err(In)]),
        ("unassign", unassign, [Err(Nc), Ok(U), Err(Ar), Err(Ar), Err(Ex), Err(In)]),
        ("transfer", transfer, [Err(Nc), Ok(C), Err(Ar), Err(Ar), Err(Ex), Err(In)]),
        ("invalidate", invalidate, [Ok(I), Ok(I), Ok(I), Err(Ar), Err(Ex), Err(In)]),
        ("reinstate", reinstate, [Err(Nc), Err(no), Err(Ar), Err(Ar), Err(Ex), Ok(C)]),
        ("extend", extend, [Err(Nc), Ok(C), Ok(P), Err(Ar), Ok(C), Err(In)]),
    ];
    for (card, table) in [(false, plain.as_slice()), (true, cards.as_slice())] {
        for (name, action, expected) in table {
            for (status, expected) in order.into_iter().zip(expected) {
                if status == P && !card {
                    continue;
                }
                let (coupon, terms) = in_status(status, card);
                let version = coupon.version;
                let found = action(coupon, &terms);
                let after = found.as_ref().map(|decision| decision.coupon.status).map_err(|refusal| refusal.code);
                assert_eq!(after, *expected, "{name} of {status:?}, gift card: {card}");
                if let Ok(decision) = found {
                    check_decision(status, version, &decision);
                }
            }
        }
    }
}

/// The entry by which an invalidation took all off a card that held 100.00 and had one entry before it.
fn void_entry(coupon: &Coupon) -> Option<Entry> {
    let mut account = coupon.account.filter(|_| coupon.status == Status::Invalid)?;
    account.entries -= 1;
    Some(account.post(EntryKind::Void, Amount(-10_000), Posting { coupon: coupon.id, transaction: None, at: now() }))
}

#[test]
fn an_invalidation_is_taken_back_to_what_was_before() {
    for (status, card) in [
        (Status::Unassigned, false),
        (Status::Claimed, false),
        (Status::Unassigned, true),
        (Status::Claimed, true),
        (Status::PartiallyRedeemed, true),
    ] {
        let (before, terms) = in_status(status, card);
        let invalid = before.clone().invalidate(now()).expect("an invalidation");
        let last = invalid.entries.last().cloned();
        for (instant, expected) in [(now(), status), (later(), Status::Expired)] {
            let expected = if status == Status::Unassigned { status } else { expected };
            let back = invalid.coupon.clone().reinstate(&terms, last.clone(), instant).expect("it comes back");
            check_decision(Status::Invalid, invalid.coupon.version, &back);
            assert_eq!((back.coupon.status, back.coupon.status_at(instant)), (expected, expected), "{status:?} {card}");
            assert_eq!(back.coupon.balance(), before.balance());
            assert_eq!(back.changes[0].amount, before.balance().filter(|balance| balance.is_positive()));
            let same = Coupon {
                status: before.status,
                version: before.version,
                account: before.account,
                ..back.coupon.clone()
            };
            assert_eq!(same, before, "nothing else has changed");
            if let [voided, reversal] = back.entries.as_slice() {
                assert_eq!((reversal.reverses, reversal.amount), (Some(voided.id.number), voided.reversed));
                assert_eq!(Amount::ZERO.minus(voided.amount), voided.reversed);
            }
            let once = back.coupon.reinstate(&terms, back.entries.last().cloned(), instant);
            assert!(once.is_err(), "it is taken back once");
        }
    }
}

#[test]
fn a_card_that_would_be_below_its_minimum_stays_void() {
    let mut card = terms(CouponType::GiftCard, "100");
    card.restrictions.minimum_value = Some(Amount(100));
    let coupon = fresh().claim(&card, holder("ann"), None, now()).expect("a claim").coupon;
    let voided = coupon.redeem_card(&card, None, Amount(9_950), None, now()).expect("a payment");
    let refused = voided.coupon.reinstate(&card, voided.entries.last().cloned(), now()).expect_err("it stays void");
    assert_eq!(refused.code, Code::Invalidated);
    assert!(refused.message.contains("0.50") && refused.message.contains("1.00"), "{}", refused.message);
}

#[test]
fn what_comes_back_on_a_card_that_was_used_up_is_void_below_its_minimum_and_no_card_of_staffs_lives_again() {
    let mut card = terms(CouponType::GiftCard, "10");
    card.restrictions.minimum_value = Some(Amount(100));
    let coupon = fresh().claim(&card, holder("ann"), None, now()).expect("a claim").coupon;
    let used = coupon.redeem_card(&card, None, Amount(1_000), None, now()).expect("a payment");
    let payment = used.entries.last().cloned().expect("an entry");
    let little = used.coupon.unredeem_card(&card, payment, Some(Amount(10)), None, now()).expect("a part");
    assert_eq!((little.coupon.status, little.coupon.balance()), (Status::Invalid, Some(Amount(0))));
    let [payment, _, void] = little.entries.as_slice() else { panic!("{:?}", little.entries) };
    assert_eq!((void.kind, void.amount), (EntryKind::Void, Amount(-10)));
    // With more of it, the card lives again, and what was void with it.
    let more = little.coupon.unredeem_card(&card, payment.clone(), Some(Amount(500)), Some(void.clone()), now());
    let more = more.expect("more of it");
    assert_eq!((more.coupon.status, more.coupon.balance()), (Status::PartiallyRedeemed, Some(Amount(510))));
    // One that staff take out of use holds at least its minimum, and stays so whatever comes back.
    let payment = more.entries.first().cloned().expect("the payment");
    let stolen = more.coupon.invalidate(now()).expect("it is taken out of use");
    let back = stolen.coupon.unredeem_card(&card, payment, None, stolen.entries.last().cloned(), now());
    assert_eq!(back.expect("the rest").coupon.status, Status::Invalid);
}

/// Whatever is decided: the version rises by one, the events lead from one status to the other, and
/// the last ledger entry is the balance.
fn check_decision(before: Status, version: u64, decision: &Decision) {
    assert_eq!(decision.coupon.version, version + 1);
    let mut status = before;
    for change in &decision.changes {
        assert_eq!(change.before, status);
        if change.kind != EventType::Transfer {
            status = change.after;
        }
    }
    assert_eq!(status, decision.coupon.status);
    if let Some(entry) = decision.entries.last() {
        assert_eq!(Some(entry.balance_after), decision.coupon.balance());
    }
}

#[test]
fn each_claim_gives_one_more_use_and_starts_the_time_anew() {
    let terms = terms(CouponType::Percentage, "10");
    let mut coupon = fresh().claim(&terms, holder("ann"), None, now()).expect("a claim").coupon;
    for (claims, instant) in [(2, at("2026-05-02T12:00:00Z")), (3, at("2026-05-03T12:00:00Z"))] {
        let again = coupon.claim_again(&terms, terms.currency, None, instant).expect("once more");
        coupon = again.coupon;
        assert_eq!((coupon.claims, coupon.claimed_at), (claims, Some(instant)));
        assert_eq!(coupon.expires_at, Period::parse("P2M").expect("a period").after(instant));
    }
    let purchase = |usage: u32| Some(format!("T-{usage}"));
    for (usages, status) in [(1, Status::Claimed), (2, Status::Claimed), (3, Status::Redeemed)] {
        coupon = coupon.redeem(None, purchase(usages), now()).expect("a use").coupon;
        assert_eq!((coupon.usages, coupon.status), (usages, status));
    }
    assert_eq!(coupon.clone().redeem(None, None, now()).map_err(|r| r.code).err(), Some(Code::AlreadyRedeemed));
    for usages in [2, 1] {
        let back = coupon.unredeem(now()).expect("the last use comes back");
        assert_eq!(back.changes[0].transaction, purchase(usages + 1));
        coupon = back.coupon;
        assert_eq!((coupon.usages, coupon.status), (usages, Status::Claimed));
    }
    assert_eq!(coupon.clone().unassign(now()).map_err(|r| r.code).err(), Some(Code::AlreadyRedeemed));
    // A year later: one use is left from then, and there is one more.
    let dollars = Terms { currency: Currency::parse("EUR").ok(), ..terms.clone() };
    let foreign = coupon.clone().claim_again(&dollars, Currency::parse("USD").ok(), None, now());
    assert_eq!(foreign.map_err(|refusal| refusal.code).err(), Some(Code::CurrencyMismatch));
    let over = coupon.clone().claim_again(&terms, terms.currency, None, at("2027-05-01T12:00:00Z")).expect("once more");
    let kinds: Vec<_> = over.changes.iter().map(|change| (change.kind, change.before, change.after)).collect();
    use Status::{Claimed as C, Expired as E};
    assert_eq!(kinds, [(EventType::Expire, C, E), (EventType::Claim, E, C)]);
    for number in 0..20 {
        coupon = coupon.claim_again(&terms, terms.currency, None, now()).expect("once more").coupon;
        coupon = coupon.redeem(None, purchase(number), now()).expect("a use").coupon;
    }
    assert_eq!(coupon.purchases.len(), Coupon::PURCHASES, "it does not grow");
}

#[test]
fn a_gift_card_is_topped_up() {
    let card = terms(CouponType::GiftCard, "100");
    let coupon = fresh().claim(&card, holder("ann"), None, now()).expect("a claim").coupon;
    let paid = coupon.redeem_card(&card, None, Amount(10_000), None, now()).expect("a payment").coupon;
    let again = paid.claim_again(&card, card.currency, None, later()).expect("once more");
    check_decision(Status::Redeemed, 2, &again);
    assert_eq!((again.entries[0].kind, again.changes[0].amount), (EntryKind::Issue, Some(Amount(10_000))));
    assert_eq!((again.coupon.balance(), again.coupon.status), (Some(Amount(10_000)), Status::PartiallyRedeemed));
    let mut rich = again.coupon;
    rich.account.as_mut().expect("an account").balance = Amount(crate::decimal::MAX_AMOUNT);
    assert_eq!(
        rich.claim_again(&card, card.currency, None, later()).map_err(|r| r.code).err(),
        Some(Code::ValueInvalid)
    );
}

#[test]
fn time_alone_ends_a_claimed_coupon_at_the_instant() {
    let (coupon, _) = in_status(Status::Claimed, false);
    let end = coupon.expires_at.expect("an end");
    assert_eq!(end, at("2026-07-01T12:00:00Z"));
    assert_eq!(coupon.status_at(at("2026-07-01T11:59:59.999Z")), Status::Claimed);
    assert_eq!(coupon.status_at(end), Status::Expired);
    assert_eq!(coupon.clone().redeem(None, None, end).map_err(|r| r.code).err(), Some(Code::Expired));
    assert_eq!(coupon.expire(at("2026-07-01T11:59:59.999Z")).map_err(|r| r.code).err(), Some(Code::NotRedeemed));
    let (redeemed, _) = in_status(Status::Redeemed, false);
    assert_eq!(redeemed.status_at(later()), Status::Redeemed);
}

#[test]
fn a_currency_bound_coupon_is_for_customers_of_that_currency() {
    let euro = Currency::parse("EUR").ok();
    let dollar = Currency::parse("USD").ok();
    use CouponType::{Amount as A, GiftCard as G, Percentage as P};
    for (kind, currency, expected) in [
        (A, euro, None),
        (A, None, None),
        (A, dollar, Some(Code::CurrencyMismatch)),
        (P, None, None),
        (P, dollar, Some(Code::CurrencyMismatch)),
        (G, euro, None),
        (G, None, Some(Code::CurrencyMismatch)),
        (G, dollar, Some(Code::CurrencyMismatch)),
    ] {
        let bound = Terms { currency: euro, ..terms(kind, "5") };
        let holder = Holder { customer: customer("ann"), currency };
        assert_eq!(fresh().claim(&bound, holder, None, now()).err().map(|r| r.code), expected, "{currency:?}");
    }
}

#[test]
fn a_card_below_its_minimum_value_is_voided_with_its_own_entry_and_event() {
    // The manual's own example: 100, minimum 1, 99.50 paid.
    let mut card = terms(CouponType::GiftCard, "100");
    card.restrictions.minimum_value = Some(Amount(100));
    let coupon = fresh().claim(&card, holder("ann"), None, now()).expect("a claim").coupon;
    let decision = coupon.clone().redeem_card(&card, None, Amount(9_950), None, now()).expect("a payment");
    assert_eq!(decision.coupon.status, Status::Invalid);
    let kinds: Vec<_> = decision.entries.iter().map(|entry| (entry.kind, entry.amount.0)).collect();
    assert_eq!(kinds, [(EntryKind::Redeem, -9_950), (EntryKind::Void, -50)]);
    let events: Vec<_> = decision.changes.iter().map(|change| change.kind).collect();
    assert_eq!(events, [EventType::Redeem, EventType::Invalidate]);
    let kept = coupon.clone().redeem_card(&card, None, Amount(9_900), None, now()).expect("a payment");
    assert_eq!(kept.coupon.status, Status::PartiallyRedeemed);
    let emptied = coupon.redeem_card(&card, None, Amount(10_000), None, now()).expect("a payment");
    assert_eq!(emptied.coupon.status, Status::Redeemed);
}

#[test]
fn the_minimum_redemption_value_holds_unless_all_that_is_left_is_taken() {
    let mut card = terms(CouponType::GiftCard, "100");
    card.restrictions.minimum_redemption_value = Some(Amount(1_500));
    let coupon = fresh().claim(&card, holder("ann"), None, now()).expect("a claim").coupon;
    let pay = |coupon: Coupon, amount| coupon.redeem_card(&card, None, Amount(amount), None, now());
    assert_eq!(pay(coupon.clone(), 1_000).err().map(|r| r.code), Some(Code::BelowMinimumRedemption));
    let left = pay(coupon, 9_000).expect("a payment").coupon;
    assert_eq!(pay(left.clone(), 999).err().map(|r| r.code), Some(Code::BelowMinimumRedemption));
    assert_eq!(pay(left, 1_000).expect("all that is left").coupon.status, Status::Redeemed);
}

proptest! {
    /// A card's ledger sums up to its balance after any sequence of payments, reversals and
    /// adjustments, it never pays more than it holds, and no reversal returns more than was taken.
    #[test]
    fn a_ledger_always_sums_up(steps in proptest::collection::vec((0u8..4, 1i64..6_000, 0usize..20), 1..40)) {
        let mut card = terms(CouponType::GiftCard, "100");
        card.restrictions.minimum_value = Some(Amount(500));
        let claim = fresh().claim(&card, holder("ann"), None, now()).expect("a claim");
        let mut ledger = claim.entries;
        let mut coupon = claim.coupon;
        for (step, amount, which) in steps {
            let entry = ledger.get(which % ledger.len()).cloned().expect("an entry");
            let result = match step {
                0 => coupon.clone().redeem_card(&card, None, Amount(amount), None, now()),
                1 => {
                    let all = coupon.balance().unwrap_or_default();
                    coupon.clone().redeem_card(&card, None, all, None, now())
                }
                2 => {
                    let void = coupon.void_entry().and_then(|id| ledger.get(id.number as usize).cloned());
                    coupon.clone().unredeem_card(&card, entry, Some(Amount(amount)), void, now())
                }
                _ => coupon.clone().adjust(&card, Amount(amount - 3_000), now()),
            };
            if let Ok(decision) = result {
                for entry in decision.entries {
                    let place = entry.id.number as usize;
                    if place < ledger.len() { ledger[place] = entry } else { ledger.push(entry) }
                }
                coupon = decision.coupon;
            }
            let sum: i64 = ledger.iter().map(|entry| entry.amount.0).sum();
            prop_assert_eq!(Some(Amount(sum)), coupon.balance());
            if coupon.status.is_live() {
                prop_assert!(sum >= 500, "what is less is voided");
            }
            prop_assert!(sum >= 0);
            for entry in &ledger {
                let back: i64 = ledger.iter().filter(|e| e.reverses == Some(entry.id.number)).map(|e| e.amount.0).sum();
                prop_assert!(back == entry.reversed.0 && (back == 0 || back <= -entry.amount.0));
            }
        }
    }
}
