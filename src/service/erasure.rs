//! Erasing customers: what is to be erased is looked for here, a bounded part at a time, and each part is one command. How
//! far it is, is kept with each, so it goes on after a stop. First it is looked whether the customer holds coupons that
//! can be used, while nothing else can be done with the customer; then their history goes under a name that nothing leads
//! to, and the customer goes. From then on whoever comes with the same id is a new customer. What is left of the old one
//! in purchases, answers to idempotency keys and addresses of before is looked for last, because that is in tables of
//! everybody's: those are read once, a page at a time.

use std::{collections::BTreeSet, time::Duration};

use tokio::{task::yield_now, time::Instant as Moment};

use super::{
    Caller, CouponFilter, Erase, EraseFurther, ErasePart, Failure, PageRequest, Place, Scrip, forgetting::mentions,
    prepare::fresh_bytes, purchase::size, tasks::ERASURES,
};
use scrip_domain::{
    id::{CouponId, CustomerId, EventId},
    rejection::{Input, Rejection},
    status::Status,
};
use scrip_storage::{
    Answers, CustomerEvents, Emails, Erasure, Erasures, Events, Holdings, Purchase, Purchases, ReadFrom, Span, Stage,
};

/// How many events are moved at once: each may be in a row of the log of its own, and of a coupon of its own.
const EVENTS: usize = 32;
/// How many small rows are looked at or written at once.
pub(super) const ROWS: usize = 256;
/// How many large ones, each of up to 16 MiB, are read at once.
pub(super) const LARGE_ROWS: usize = 16;
/// How many rows of the log can begin so near an event that it may be in them.
const NEAR: usize = 32;
/// About how many bytes a row takes that is moved.
const ROW: usize = 2_048;
/// How long whoever asked waits for the end. The rest is done in the background.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an erasure has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erased {
    /// Nothing of the customer is left.
    All,
    /// The rest is being done in the background.
    Begun,
}

/// What a part has come to.
enum Went {
    /// There may be more.
    On,
    /// It is at its end.
    ToItsEnd,
    /// The customer holds coupons that can be used: it was given up.
    Back,
}

/// What was found in a stage: what is erased of it, and the parts of the last key that was looked at; none at its end.
pub(super) struct Found {
    part: ErasePart,
    after: Option<Vec<String>>,
    weight: usize,
}

impl Found {
    pub(super) fn new(part: ErasePart, after: Option<Vec<String>>, rows: usize) -> Self {
        Self { part, after, weight: rows * ROW }
    }
}

impl Scrip {
    /// Erases a customer; refused where the customer holds coupons that can be used, unless it is forced.
    pub(super) async fn erase_customer(
        &self,
        actor: &Caller,
        customer: CustomerId,
        force: bool,
    ) -> Result<Erased, Failure> {
        let drawn = fresh_bytes()?;
        let name = data_encoding::BASE32_NOPAD.encode(drawn.get(..16).unwrap_or_default()).to_lowercase();
        let alias = CustomerId::kept(format!("erased-{name}"));
        let begun = Moment::now();
        // Who begins it is told what the first look came to: nobody else looks meanwhile.
        let turn = self.erasing.lock().await;
        self.change(actor, None, Erase { customer: customer.clone(), alias, force }).await?;
        let looked = self.erase_more(&customer).await?;
        drop(turn);
        match looked {
            Went::Back => {
                let refused = Failure::from(Rejection::CustomerHoldsCoupons.at([Input::CustomerId]));
                self.note_attempt(actor, "CUSTOMER_ERASE", None, &refused).await;
                return Err(refused);
            }
            Went::ToItsEnd => return Ok(Erased::All),
            Went::On => {}
        }
        while begun.elapsed() < PATIENCE {
            if let Went::ToItsEnd = self.erase_in_turn(&customer).await? {
                return Ok(Erased::All);
            }
        }
        self.tasks.wake(ERASURES);
        Ok(Erased::Begun)
    }

    /// Goes on with every erasure that has begun, until all are at their end.
    pub(super) async fn erase_all(&self) -> Result<(), Failure> {
        loop {
            let rows = self.store.scan::<Erasures>(&Span::all(), ReadFrom::Start, ROWS).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for (customer, _) in rows {
                while let Went::On = self.erase_in_turn(&customer).await? {
                    yield_now().await;
                }
            }
        }
    }

    async fn erase_in_turn(&self, customer: &CustomerId) -> Result<Went, Failure> {
        let _turn = self.erasing.lock().await;
        self.erase_more(customer).await
    }

    /// Erases one more part of a customer.
    async fn erase_more(&self, customer: &CustomerId) -> Result<Went, Failure> {
        let Some(erasure) = self.store.get_one::<Erasures>(customer.clone()).await? else {
            return Ok(Went::ToItsEnd);
        };
        let at: Place = (erasure.stage, erasure.after.clone());
        if erasure.stage == Stage::Look && !erasure.force && self.holds_usable(customer).await? {
            self.erase_part(customer, at, Found::new(ErasePart::Nothing, None, 1), None).await?;
            return Ok(Went::Back);
        }
        let found = match erasure.stage {
            Stage::Look => Found::new(ErasePart::Nothing, None, 1),
            Stage::Counts => self.counts_of(customer, &erasure).await?,
            Stage::Events => self.events_of(customer).await?,
            Stage::Person => self.rest_of(customer).await?,
            Stage::Purchases => self.purchases_of(customer, &erasure).await?,
            Stage::Answers => self.answers_of(customer, &erasure).await?,
            Stage::Emails => self.emails_of(customer, &erasure).await?,
            Stage::Jobs => self.of_jobs(customer, &erasure).await?,
        };
        let then = match &found.after {
            Some(after) => Some((erasure.stage, after.clone())),
            None => erasure.stage.next().map(|stage| (stage, Vec::new())),
        };
        let is_end = then.is_none();
        let person_leaves = matches!(found.part, ErasePart::Person);
        self.erase_part(customer, at, found, then).await?;
        if person_leaves {
            // What is held in memory of the log is as it was.
            self.tail.forget();
        }
        Ok(if is_end { Went::ToItsEnd } else { Went::On })
    }

    async fn erase_part(
        &self,
        customer: &CustomerId,
        at: Place,
        found: Found,
        then: Option<Place>,
    ) -> Result<(), Failure> {
        let step = EraseFurther { customer: customer.clone(), at, part: found.part, then, weight: found.weight };
        self.change(&Caller::scrip(), None, Box::new(step)).await
    }

    /// Whether a customer holds a coupon that can be used.
    async fn holds_usable(&self, customer: &CustomerId) -> Result<bool, Failure> {
        let live = vec![Status::Claimed, Status::PartiallyRedeemed];
        let filter = CouponFilter { statuses: live, ..CouponFilter::default() };
        let mut page = PageRequest { limit: 1, after: None, before: None, from_end: true };
        loop {
            let found = self.customer_coupons(customer, &filter, &page, self.now()).await?;
            if !found.items.is_empty() {
                return Ok(true);
            }
            match found.resume {
                Some(resume) => page.before = Some(resume),
                None => return Ok(false),
            }
        }
    }

    /// The counts of pools.
    async fn counts_of(&self, customer: &CustomerId, erasure: &Erasure) -> Result<Found, Failure> {
        let mut span = Holdings::of_customer(customer);
        if let Some(pool) = erasure.after.first().and_then(|pool| pool.parse().ok()) {
            // What is noted of a pool's coupons comes after what is noted of the whole: it is passed over.
            span = Holdings::from_pool(customer, pool);
        }
        let rows = self.store.scan(&span, ReadFrom::Start, ROWS).await?;
        let last = rows.last().filter(|_| rows.len() == ROWS).map(|((_, pool, _), _)| pool.0);
        let pools: Vec<_> =
            rows.into_iter().filter(|((.., at), _)| at.is_none()).map(|((_, pool, _), _)| pool).collect();
        let number = pools.len();
        Ok(Found::new(ErasePart::Counts(pools), last.map(|pool| vec![pool.saturating_add(1).to_string()]), number + 1))
    }

    /// The next events of a customer's history, whatever happens meanwhile: there are none at its end.
    async fn events_of(&self, customer: &CustomerId) -> Result<Found, Failure> {
        let stream = self.registry.stream();
        let span = CustomerEvents::of(customer, stream, 0..u64::MAX);
        let rows = self.store.scan(&span, ReadFrom::Start, EVENTS).await?;
        let events: Vec<EventId> = rows.into_iter().map(|((_, event), _)| event).collect();
        if events.is_empty() {
            return Ok(Found::new(ErasePart::Nothing, None, 1));
        }
        let mut logs = BTreeSet::new();
        for event in &events {
            // The other side of a transfer is told of right before or after it.
            let near = event.sequence.saturating_sub(1)..event.sequence + 2;
            let found = self.store.scan(&Events::with(stream, near.clone()), ReadFrom::Start, NEAR).await?;
            let has = |first: &EventId, number: usize| {
                first.sequence < near.end && near.start < first.sequence + number as u64
            };
            logs.extend(found.into_iter().filter(|(first, row)| has(first, row.len())).map(|(first, _)| first));
        }
        let number = events.len() * 4 + logs.len() * 2;
        let part = ErasePart::Events { events, rows: logs.into_iter().collect() };
        Ok(Found::new(part, Some(Vec::new()), number))
    }

    /// What is noted of a customer who has no history any more, and then the customer.
    async fn rest_of(&self, customer: &CustomerId) -> Result<Found, Failure> {
        let rows = self.store.scan(&Holdings::of_customer(customer), ReadFrom::Start, ROWS).await?;
        if rows.is_empty() {
            return Ok(Found::new(ErasePart::Person, None, 4));
        }
        let number = rows.len();
        let held = rows.into_iter().map(|((_, pool, at), _)| (pool, at)).collect();
        Ok(Found::new(ErasePart::Holdings(held), Some(Vec::new()), number))
    }

    /// Purchases that name the customer.
    async fn purchases_of(&self, customer: &CustomerId, erasure: &Erasure) -> Result<Found, Failure> {
        if !self.purchases_are_listed().await? {
            return self.purchases_among_all(customer, erasure).await;
        }
        // Where all were looked through before, those up to this one are done: both are in the order of their ids.
        let (listed, more) = self.listed_purchases(customer, erasure.after.first()).await?;
        let after = listed.last().filter(|_| more).map(|(transaction, _)| vec![transaction.clone()]);
        let large = |purchase: &Option<Purchase>| purchase.as_ref().and_then(|one| one.0.as_ref()).map_or(0, size);
        let weight = listed.iter().map(|(_, purchase)| ROW + 2 * large(purchase)).sum();
        let found = listed.into_iter().map(|(transaction, _)| transaction).collect();
        Ok(Found { part: ErasePart::Purchases(found), after, weight })
    }

    /// The same where not all are listed yet.
    async fn purchases_among_all(&self, customer: &CustomerId, erasure: &Erasure) -> Result<Found, Failure> {
        let mut span = Span::<Purchases>::all();
        if let Some(key) = purchase_key(&erasure.after) {
            span = span.after(&key);
        }
        let (mut found, mut weight, mut last) = (Vec::new(), ROW, None);
        for _ in 0..ROWS / LARGE_ROWS {
            let rows = self.store.scan(&span, ReadFrom::Start, LARGE_ROWS).await?;
            let full = rows.len() == LARGE_ROWS;
            last = rows.last().filter(|_| full).map(|(key, _)| key.clone());
            for ((transaction, redeemed), purchase) in rows {
                let Some(kept) = purchase.0.filter(|_| redeemed.is_none()) else { continue };
                if mentions(&kept, customer.as_str()) {
                    weight += 2 * size(&kept);
                    found.push(transaction);
                }
            }
            match &last {
                // A large one is written before the next is read.
                Some(key) if found.is_empty() => span = span.after(key),
                _ => break,
            }
        }
        let after = last.map(|(transaction, coupon)| {
            let place = coupon.map(|coupon: CouponId| [coupon.pool.0.to_string(), coupon.index.to_string()]);
            std::iter::once(transaction).chain(place.into_iter().flatten()).collect()
        });
        Ok(Found { part: ErasePart::Purchases(found), after, weight })
    }

    /// Answers that name the customer.
    async fn answers_of(&self, customer: &CustomerId, erasure: &Erasure) -> Result<Found, Failure> {
        let mut span = Span::<Answers>::all();
        if let [period, caller, key] = erasure.after.as_slice()
            && let Ok(period) = period.parse()
        {
            span = span.after(&(period, caller.clone(), key.clone()));
        }
        let (mut found, mut weight, mut last) = (Vec::new(), ROW, None);
        for _ in 0..ROWS / LARGE_ROWS {
            let rows = self.store.scan(&span, ReadFrom::Start, LARGE_ROWS).await?;
            let full = rows.len() == LARGE_ROWS;
            last = rows.last().filter(|_| full).map(|(key, _)| key.clone());
            for (key, answer) in rows {
                if let Ok(kept) = answer.answer
                    && mentions(&kept, customer.as_str())
                {
                    weight += 2 * size(&kept);
                    found.push(key);
                }
            }
            match &last {
                Some(key) if found.is_empty() => span = span.after(key),
                _ => break,
            }
        }
        let after = last.map(|(period, caller, key)| vec![period.to_string(), caller, key]);
        Ok(Found { part: ErasePart::Answers(found), after, weight })
    }

    /// Addresses that the customer had.
    async fn emails_of(&self, customer: &CustomerId, erasure: &Erasure) -> Result<Found, Failure> {
        let mut span = Span::<Emails>::all();
        if let Some(last) = erasure.after.first() {
            span = span.after(last);
        }
        let rows = self.store.scan(&span, ReadFrom::Start, ROWS).await?;
        let after = rows.last().filter(|_| rows.len() == ROWS).map(|(email, _)| vec![email.clone()]);
        let theirs: Vec<_> = rows.into_iter().filter(|(_, owner)| owner == customer).map(|(email, _)| email).collect();
        let number = theirs.len();
        Ok(Found::new(ErasePart::Emails(theirs), after, number + 1))
    }
}

/// The key of a purchase of these parts.
fn purchase_key(parts: &[String]) -> Option<(String, Option<CouponId>)> {
    match parts {
        [transaction] => Some((transaction.clone(), None)),
        [transaction, pool, index] => {
            let coupon = CouponId { pool: scrip_domain::id::PoolId(pool.parse().ok()?), index: index.parse().ok()? };
            Some((transaction.clone(), Some(coupon)))
        }
        _ => None,
    }
}
