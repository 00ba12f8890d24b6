//! A caller of Scrip, with a short call for every action. Answers are reduced to what tests compare:
//! the coupon after the action, or the codes of its refusals. Anything broken inside panics.

use std::{ops::Deref, sync::Arc};

use scrip::{
    domain::{
        coupon::Coupon,
        currency::Currency,
        customer::Email,
        decimal::Decimal,
        id::{CouponId, CustomerId, EntryId, PoolId, TransactionId},
        job::JobId,
        pool::Pool,
        pool_draft::PoolDraft,
        rejection::Code,
    },
    service::{
        Answer, Caller, Changed, Claim, Command, CouponRef, CouponsAdd, CouponsGenerate, CustomerEdit, Failure,
        PoolCreate, Redeem, Scrip, Session, Transfer, Unassign, Unredeem, UseCase,
    },
};

/// The codes of a refusal.
pub(crate) type Codes = Vec<Code>;

/// A caller.
#[derive(Clone)]
pub(crate) struct Client {
    scrip: Arc<Scrip>,
    session: Session,
}

impl Deref for Client {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Client {
    pub(crate) fn new(scrip: Arc<Scrip>) -> Self {
        Self { session: scrip.session(Caller::admin("test", "test")), scrip }
    }

    /// The same Scrip, asked by another caller.
    pub(crate) fn named(&self, name: &str) -> Self {
        Self { session: self.scrip.session(Caller::admin(name, name)), scrip: Arc::clone(&self.scrip) }
    }

    /// Scrip itself.
    pub(crate) fn scrip(&self) -> &Arc<Scrip> {
        &self.scrip
    }

    /// Waits until what versions before have recorded is listed as purchases of customers.
    pub(crate) async fn listed(&self) {
        while self
            .tasks()
            .expect("an answer")
            .iter()
            .any(|task| task.name == "lists of purchases" && (task.running_since.is_some() || task.last.is_none()))
        {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a job has ended.
    pub(crate) async fn job_ended(&self, job: JobId) {
        let mut followed = self.follow_job(job).expect("an answer");
        while followed.next().await.expect("an answer").is_some() {}
    }

    /// Closes the database. Every other handle has to be gone.
    pub(crate) async fn close(self) {
        drop(self.session);
        self.scrip.close().await;
    }

    /// Has a command carried out, with an idempotency key where one is given.
    pub(crate) async fn ask(&self, key: Option<String>, command: impl Into<Command>) -> Result<Answer, Codes> {
        self.session.submit(key, command).await.map_err(codes)
    }

    /// Has one use case carried out.
    pub(crate) async fn change<U: UseCase + Send>(&self, case: U) -> Result<U::Answer, Codes> {
        self.session.change(None, case).await.map_err(codes)
    }

    async fn coupon_after<U: UseCase<Answer = Changed> + Send>(&self, case: U) -> Result<Coupon, Codes> {
        self.change(case).await.map(|changed| *changed.coupon)
    }

    pub(crate) async fn pool(&self, draft: PoolDraft) -> Pool {
        *self.change(PoolCreate(Box::new(draft))).await.expect("a pool")
    }

    /// Makes a pool with `number` codes; gives its id.
    pub(crate) async fn stocked(&self, draft: PoolDraft, number: u64) -> PoolId {
        let pool = self.pool(draft).await.id;
        self.add(pool, number).await;
        pool
    }

    /// Adds `number` codes to a pool, counted on from those that it has.
    pub(crate) async fn add(&self, pool: PoolId, number: u64) {
        let from = self.tally(pool).expect("a tally").supply.size;
        let codes: Vec<_> = (from..from + number).map(|place| code(CouponId { pool, index: place })).collect();
        for part in codes.chunks(1_000) {
            let added = self.change(CouponsAdd { pool, codes: part.to_vec() }).await.expect("added codes");
            assert_eq!(added.added, part.len() as u64, "{:?}", added.skipped);
        }
    }

    /// Generates codes of a bulk pool.
    pub(crate) async fn generate(&self, pool: PoolId, number: u64) -> Result<Pool, Codes> {
        let made = self.change(CouponsGenerate { pool, count: number.try_into().expect("a count") }).await?;
        assert_eq!(made.count, number);
        Ok(*made.pool)
    }

    pub(crate) async fn customer(&self, id: &str, email: Option<&str>, currency: Option<&str>) {
        let edit = CustomerEdit {
            id: customer(id),
            email: Some(email.map(|text| Email::parse(text).expect("an address"))),
            currency: Some(currency.map(|text| Currency::parse(text).expect("a currency"))),
            attributes: None,
        };
        self.change(Box::new(edit)).await.expect("a customer");
    }

    pub(crate) async fn claim(&self, pool: PoolId, by: &str) -> Result<Coupon, Codes> {
        self.coupon_after(Claim::of(pool, customer(by))).await
    }

    pub(crate) async fn redeem(&self, coupon: CouponId) -> Result<Coupon, Codes> {
        self.coupon_after(redeem(coupon, None)).await
    }

    pub(crate) async fn unredeem(&self, coupon: CouponId) -> Result<Coupon, Codes> {
        self.coupon_after(unredeem(coupon, None, None)).await
    }

    pub(crate) async fn pay(&self, card: CouponId, amount: &str) -> Result<Coupon, Codes> {
        self.coupon_after(redeem(card, Some(amount))).await
    }

    pub(crate) async fn reverse(&self, card: CouponId, number: u32, amount: Option<&str>) -> Result<Coupon, Codes> {
        let entry = EntryId { coupon: card, number };
        self.coupon_after(unredeem(card, Some(entry), amount)).await
    }

    pub(crate) async fn unassign(&self, coupon: CouponId) -> Result<Coupon, Codes> {
        self.coupon_after(unassign(coupon)).await
    }

    pub(crate) async fn transfer(&self, coupon: CouponId, to: &str) -> Result<Coupon, Codes> {
        self.coupon_after(transfer(coupon, to)).await
    }

    /// The coupon as it is read.
    pub(crate) async fn coupon(&self, id: CouponId) -> Coupon {
        self.coupons(&[id]).await.expect("an answer").pop().flatten().expect("a coupon")
    }
}

/// The code that [`Client::add`] gives the coupon at a place.
pub(crate) fn code(id: CouponId) -> String {
    format!("POOL{}-{:06}", id.pool.0, id.index)
}

/// Redeems a coupon.
pub(crate) fn redeem(coupon: CouponId, amount: Option<&str>) -> Redeem {
    Redeem { amount: amount.map(decimal), ..Redeem::of(CouponRef::Id(coupon)) }
}

/// Takes a redemption back.
pub(crate) fn unredeem(coupon: CouponId, entry: Option<EntryId>, amount: Option<&str>) -> Unredeem {
    Unredeem { coupon: CouponRef::Id(coupon), entry, transaction: None, amount: amount.map(decimal), reason: None }
}

/// Takes a coupon back from its customer.
pub(crate) fn unassign(coupon: CouponId) -> Unassign {
    Unassign { coupon: CouponRef::Id(coupon), reason: None }
}

/// Hands a coupon over.
pub(crate) fn transfer(coupon: CouponId, to: &str) -> Transfer {
    Transfer { coupon: CouponRef::Id(coupon), to: Some(customer(to)), to_email: None, reason: None }
}

/// The codes of a refusal. What is broken inside ends the test.
fn codes(failure: Failure) -> Codes {
    match failure {
        Failure::Refused(refusals) => refusals.into_iter().map(|refusal| refusal.code).collect(),
        Failure::Internal(reason) => panic!("broken inside: {}", reason.with_causes()),
    }
}

/// An amount.
pub(crate) fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("an amount")
}

/// A purchase's id.
pub(crate) fn purchase(id: &str) -> TransactionId {
    TransactionId::parse(id).expect("a purchase's id")
}

/// A customer's id.
pub(crate) fn customer(id: &str) -> CustomerId {
    CustomerId::parse(id).expect("a customer's id")
}
