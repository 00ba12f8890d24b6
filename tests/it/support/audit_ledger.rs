//! The audit of a gift card's ledger: it sums up to the balance, entry by entry, and nothing is taken
//! back that was not paid.

use scrip::{
    domain::{
        coupon::Coupon,
        decimal::Amount,
        event::EventType,
        gift_card::{Entry, EntryKind},
    },
    service::{EventFilter, Session},
};

use super::audit::{all, all_backwards};

/// A card's ledger, after it was audited.
pub(super) async fn ledger(scrip: &Session, card: &Coupon) -> Vec<Entry> {
    let id = card.id;
    let account = card.account.expect("an issued card");
    let entries = all(async |page| scrip.ledger(card, &page).await).await;
    let backwards = all_backwards(async |page| scrip.ledger(card, &page).await).await;
    assert!(entries == backwards, "{id:?}'s ledger is the same from its end");
    assert_eq!(entries.len(), account.entries as usize, "{id:?}'s ledger has all its entries");
    let mut balance = 0;
    for (number, entry) in entries.iter().enumerate() {
        assert_eq!(entry.id.number as usize, number, "{id:?}'s ledger is in order");
        balance += entry.amount.0;
        assert_eq!(entry.balance_after, Amount(balance), "{id:?}'s ledger sums up at entry {number}");
        assert!(balance >= 0, "{id:?} never pays more than it holds");
    }
    assert_eq!(account.balance, Amount(balance), "{id:?}'s balance is its ledger's sum");
    reversals(&entries);
    let redemptions =
        entries.iter().filter(|entry| entry.kind == EntryKind::Redeem && entry.reversible().is_positive());
    let (here, known) = ((standing(&entries), redemptions.count()), (account.redeemed.0, card.usages as usize));
    if known != here {
        // What a card has paid elsewhere, before it came with a balance, is in no ledger here.
        let filter = EventFilter { coupon: Some(id), ..EventFilter::default() };
        let events = all(async |page| scrip.events(&filter, &page).await).await;
        assert_eq!(events[0].change.kind, EventType::Import, "{id:?} knows what it has paid, and how often: {known:?}");
        assert!(known.0 >= here.0 && known.1 >= here.1, "{id:?} has paid no less than its ledger says: {known:?}");
    }
    entries
}

/// Every reversal names a redemption before it, and together they never exceed it; or what an invalidation took off, all
/// of it and once.
fn reversals(entries: &[Entry]) {
    for entry in entries {
        let of_it = entries.iter().filter(|other| other.reverses == Some(entry.id.number));
        let returned: i64 = of_it.clone().map(|other| other.amount.0).sum();
        if entry.kind == EntryKind::Void {
            assert!(returned == 0 || (returned == -entry.amount.0 && of_it.count() == 1), "{:?} comes back", entry.id);
            assert_eq!(entry.reversed.0, returned, "{:?} knows whether it came back", entry.id);
            continue;
        }
        if entry.kind != EntryKind::Redeem {
            assert_eq!(of_it.count(), 0, "{:?} is no redemption, and is not taken back", entry.id);
            continue;
        }
        assert!(of_it.clone().all(|other| other.kind == EntryKind::Reverse && other.id.number > entry.id.number));
        assert_eq!(entry.reversed.0, returned, "{:?} knows what was taken back of it", entry.id);
        assert!(returned <= -entry.amount.0, "{:?} is not taken back more than once", entry.id);
    }
    let reversing = entries.iter().filter(|entry| entry.kind == EntryKind::Reverse);
    assert!(reversing.clone().all(|entry| entry.reverses.is_some() && entry.amount.is_positive()));
}

/// What was paid and not taken back. Nothing stands of a card that is taken from its customer.
fn standing(entries: &[Entry]) -> i64 {
    let is_voided = |number: Option<u32>| number.is_some_and(|n| entries[n as usize].kind == EntryKind::Void);
    let paid = entries.iter().filter(|entry| match entry.kind {
        EntryKind::Redeem => true,
        EntryKind::Reverse => !is_voided(entry.reverses),
        EntryKind::Issue | EntryKind::Adjust | EntryKind::Void => false,
    });
    -paid.map(|entry| entry.amount.0).sum::<i64>()
}
