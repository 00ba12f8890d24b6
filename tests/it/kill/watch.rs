//! The victim's readers and its subscriber: what they are told has to be there after a crash, as much as what is
//! answered.

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use scrip::{
    domain::{
        coupon::Coupon,
        event::Event,
        id::{CouponId, EventId},
        status::Status,
    },
    service::{CouponFilter, EventCursor, EventFilter, PageRequest, Session},
};

use super::{
    line::{Line, Seen, print, say},
    victim::{BULK, CARD_COUNT, COUPONS, Hot, MADE, card},
};

/// Follows the log after a place, and tells of every event.
pub(super) async fn follow(scrip: Session, after: u64) {
    let after = EventCursor { stream: 1, sequence: after };
    let follower = scrip.follow(EventFilter::default(), Some(after)).expect("an answer");
    let mut follower = follower.expect("the log has the place up to which it was followed");
    loop {
        let events = follower.next().await.expect("events");
        say(&Line::Seen(Seen::Followed(events.iter().map(|event| seen_event(event)).collect())));
    }
}

/// Reads this and that, most of the time when something has just changed, and tells of it.
pub(super) async fn read(scrip: Session, hot: Hot, mut random: StdRng) {
    let mut latest = scrip.latest_event().expect("a place");
    loop {
        if random.random_bool(0.8) {
            latest.changed().await.expect("the log goes on");
        }
        let seen = match random.random_range(0..7) {
            0 | 1 => coupons(&scrip, &hot, &mut random).await,
            2 => list(&scrip, &mut random).await,
            3 => events(&scrip, &hot, &mut random).await,
            4 => Seen::Latest(scrip.latest_event().expect("a place").borrow().sequence),
            5 => {
                let pool = *[COUPONS, MADE, BULK].choose(&mut random).expect("a pool");
                let tally = scrip.tally(pool).expect("a tally");
                Seen::Tally(pool, tally.supply.next, tally.counts.usages)
            }
            _ => entries(&scrip, card(random.random_range(0..CARD_COUNT))).await,
        };
        say(&Line::Seen(seen));
    }
}

async fn coupons(scrip: &Session, hot: &Hot, random: &mut StdRng) -> Seen {
    let mut ids = hot.some(random, 8);
    ids.push(card(random.random_range(0..CARD_COUNT)));
    let found = scrip.coupons(&ids).await.expect("coupons");
    Seen::Coupons(found.iter().flatten().map(seen_coupon).collect())
}

async fn list(scrip: &Session, random: &mut StdRng) -> Seen {
    let pool = *[COUPONS, MADE, BULK].choose(random).expect("a pool");
    let status = *[Status::Claimed, Status::Redeemed, Status::Unassigned].choose(random).expect("a status");
    let filter = CouponFilter { statuses: vec![status], ..CouponFilter::default() };
    let after = CouponId { pool, index: random.random_range(0..=scrip.tally(pool).expect("a tally").supply.next) };
    let page = PageRequest { limit: 20, after: Some(after), before: None, from_end: false };
    let page = scrip.pool_coupons(pool, &filter, &page, scrip.now()).await.expect("a page");
    Seen::Coupons(page.items.iter().map(|(_, coupon)| seen_coupon(coupon)).collect())
}

async fn events(scrip: &Session, hot: &Hot, random: &mut StdRng) -> Seen {
    let coupon = hot.some(random, 1).pop().filter(|_| random.random_bool(0.3));
    let filter = EventFilter { coupon, ..EventFilter::default() };
    let page = PageRequest { limit: 20, after: None, before: None, from_end: coupon.is_none() };
    let page = scrip.events(&filter, &page).await.expect("a page");
    Seen::Events(page.items.iter().map(|(_, event)| seen_event(event)).collect())
}

async fn entries(scrip: &Session, card: CouponId) -> Seen {
    let coupon = scrip.coupons(&[card]).await.expect("a card").pop().flatten().expect("a card");
    let page = PageRequest { limit: 20, after: None, before: None, from_end: true };
    let page = scrip.ledger(&coupon, &page).await.expect("a page");
    let entry = |entry: &scrip::domain::gift_card::Entry| (entry.id.number, entry.amount.0, entry.balance_after.0);
    Seen::Entries(card, page.items.iter().map(|(_, found)| entry(found)).collect())
}

/// A coupon as it was seen: version and print.
pub(super) fn seen_coupon(coupon: &Coupon) -> (CouponId, u64, u64) {
    (coupon.id, coupon.version, print(coupon))
}

/// An event as it was seen: place and print.
pub(super) fn seen_event(event: &Event) -> (u64, u64) {
    let EventId { sequence, .. } = event.id;
    (sequence, print(event))
}
