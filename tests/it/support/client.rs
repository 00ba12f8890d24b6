//! A caller of Scrip, with a short call for every action. Answers are reduced to what tests compare:
//! the coupon after the action, or the codes of its refusals. Anything broken inside panics.

use std::{ops::Deref, sync::Arc};

use scrip::{
    domain::{
        coupon::Coupon,
        id::{CouponId, CustomerId, EntryId, PoolId},
        pool::Pool,
        pool_draft::PoolDraft,
        rejection::Code,
    },
    service::{Answer, Caller, Command, CouponRef, CustomerEdit, Failure, Scrip, Session},
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

    /// Closes the database. Every other handle has to be gone.
    pub(crate) async fn close(self) {
        drop(self.session);
        self.scrip.close().await;
    }

    /// Has a command carried out, with an idempotency key where one is given.
    pub(crate) async fn ask(&self, key: Option<String>, command: Command) -> Result<Answer, Codes> {
        match self.session.submit(key, command).await {
            Ok(answer) => Ok(answer),
            Err(Failure::Refused(refusals)) => Err(refusals.into_iter().map(|refusal| refusal.code).collect()),
            Err(Failure::Internal(reason)) => panic!("broken inside: {reason}"),
        }
    }

    async fn coupon_after(&self, command: Command) -> Result<Coupon, Codes> {
        match self.ask(None, command).await? {
            Answer::Coupon(coupon, _) => Ok(*coupon),
            other => panic!("expected a coupon, found {other:?}"),
        }
    }

    pub(crate) async fn pool(&self, draft: PoolDraft) -> Pool {
        match self.ask(None, Command::PoolCreate(Box::new(draft))).await {
            Ok(Answer::Pool(pool)) => *pool,
            other => panic!("expected a pool, found {other:?}"),
        }
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
            match self.ask(None, Command::CouponsAdd(pool, part.to_vec())).await {
                Ok(Answer::Added(added)) => assert_eq!(added.added, part.len() as u64, "{:?}", added.skipped),
                other => panic!("expected added codes, found {other:?}"),
            }
        }
    }

    /// Generates codes of a bulk pool.
    pub(crate) async fn generate(&self, pool: PoolId, number: u64) -> Result<Pool, Codes> {
        match self.ask(None, Command::CouponsGenerate(pool, number.try_into().expect("a count"))).await? {
            Answer::Generated(pool, count) => {
                assert_eq!(count, number);
                Ok(*pool)
            }
            other => panic!("expected generated codes, found {other:?}"),
        }
    }

    pub(crate) async fn customer(&self, id: &str, email: Option<&str>, currency: Option<&str>) {
        let edit = CustomerEdit {
            id: id.to_owned(),
            email: Some(email.map(str::to_owned)),
            currency: Some(currency.map(str::to_owned)),
            attributes: None,
        };
        self.ask(None, Command::CustomerUpsert(Box::new(edit))).await.expect("a customer");
    }

    pub(crate) async fn claim(&self, pool: PoolId, customer: &str) -> Result<Coupon, Codes> {
        self.coupon_after(Command::Claim(pool, customer.to_owned(), None)).await
    }

    pub(crate) async fn redeem(&self, coupon: CouponId) -> Result<Coupon, Codes> {
        self.coupon_after(redeem(coupon, None)).await
    }

    pub(crate) async fn unredeem(&self, coupon: CouponId) -> Result<Coupon, Codes> {
        self.coupon_after(Command::Unredeem(CouponRef::Id(coupon), None, None, None)).await
    }

    pub(crate) async fn pay(&self, card: CouponId, amount: &str) -> Result<Coupon, Codes> {
        self.coupon_after(redeem(card, Some(amount))).await
    }

    pub(crate) async fn reverse(&self, card: CouponId, number: u32, amount: Option<&str>) -> Result<Coupon, Codes> {
        let entry = EntryId { coupon: card, number };
        let amount = amount.map(str::to_owned);
        self.coupon_after(Command::Unredeem(CouponRef::Id(card), Some(entry), amount, None)).await
    }

    pub(crate) async fn unassign(&self, coupon: CouponId) -> Result<Coupon, Codes> {
        self.coupon_after(Command::Unassign(CouponRef::Id(coupon), None)).await
    }

    pub(crate) async fn transfer(&self, coupon: CouponId, to: &str) -> Result<Coupon, Codes> {
        self.coupon_after(Command::Transfer(CouponRef::Id(coupon), Some(to.to_owned()), None, None)).await
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

/// The command that redeems a coupon.
pub(crate) fn redeem(coupon: CouponId, amount: Option<&str>) -> Command {
    let coupon = CouponRef::Id(coupon);
    Command::Redeem {
        coupon,
        customer: None,
        amount: amount.map(str::to_owned),
        basket: None,
        transaction: None,
        reason: None,
    }
}

/// A customer's id.
pub(crate) fn customer(id: &str) -> CustomerId {
    CustomerId::parse(id).expect("a customer's id")
}
