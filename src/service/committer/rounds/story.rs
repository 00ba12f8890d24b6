//! One of each command, in an order in which each can be carried out.

use crate::{
    Adjust, Checkout, CheckoutOrder, CheckoutPreview, Claim, ClockConfirm, Command, CouponRef, CouponsAdd,
    CouponsGenerate, CustomerEdit, EligibleOrder, Erase, Extend, Hold, Invalidate, JobCancel, JobDraft, JobStart,
    KeyAdd, KeyEdit, KeyRevoke, KeyRotate, PoolArchive, PoolCreate, PoolEdit, PoolUpdate, Presentation, Redeem,
    Reinstate, Release, Return, ReturnOrder, SettingsEdit, Transfer, Unassign, Unredeem, UserGroupCreate,
    UserGroupUpdate, Whole, jobs::Plan, patterns::new_pool, sample::key,
};
use scrip_domain::{
    access::Role,
    basket::BasketDraft,
    currency::Currency,
    customer::Email,
    decimal::Decimal,
    event::Reason,
    group::GroupId,
    id::{CouponId, CustomerId, PoolId, TransactionId},
    job::{JobId, JobKind},
    limits::LimitsDraft,
    period::instant_of,
    pool_codes::CodesDraft,
    pool_draft::PoolDraft,
    purchase::Asked,
    source::Source,
    terms::CouponType,
    till::TillEdit,
};

const BULK: PoolId = PoolId(1);
const LIST: PoolId = PoolId(2);
const CARDS: PoolId = PoolId(3);
const OPEN: PoolId = PoolId(4);
const AGGREGATED: PoolId = PoolId(5);
const LIMITED: PoolId = PoolId(6);
/// The second of June 2100.
const LATER: i64 = 4_115_318_400_000;

/// What is asked for, one after the other, each with what tells it from others of its kind.
pub(super) fn all() -> Vec<(&'static str, Command)> {
    // What is completed is redeemed.
    let settings = SettingsEdit { auto_redeem: Some(true), ..SettingsEdit::default() };
    let parts = [
        vec![("redeem what is completed", settings.into())],
        pools(),
        claims(),
        redemptions(),
        cards(),
        care(),
        tills(),
        programme(),
    ];
    parts.into_iter().flatten().collect()
}

fn pools() -> Vec<(&'static str, Command)> {
    let list = PoolDraft { pattern: None, source: Source::Uploaded, returnable: Some(true), ..pool("") };
    let open = TillEdit { claim_on_use: Some(true), ..TillEdit::default() };
    let limits = LimitsDraft { total: Some(100), per_customer: Some(10) };
    let limits = TillEdit { limits: Some(Some(limits)), ..TillEdit::default() };
    let edit = PoolEdit { name: Some("another name".to_owned()), ..PoolEdit::default() };
    let pattern = PoolEdit { pattern: Some("LOYAL-####-##".to_owned()), ..PoolEdit::default() };
    vec![
        (
            "make a bulk pool",
            PoolCreate(Box::new(PoolDraft { source: Source::BulkGenerated, ..pool("BULK-####") })).into(),
        ),
        ("make a list", PoolCreate(Box::new(list)).into()),
        ("make a pool of cards", PoolCreate(Box::new(card_pool())).into()),
        ("make an open pool", PoolCreate(Box::new(PoolDraft { till: open, ..pool("WELCOME") })).into()),
        ("make an aggregated pool", PoolCreate(Box::new(PoolDraft { aggregated: true, ..pool("LOYAL-####") })).into()),
        ("make a limited pool", PoolCreate(Box::new(PoolDraft { till: limits, ..pool("FEW-####") })).into()),
        ("generate", CouponsGenerate { pool: BULK, count: 100 }.into()),
        ("add codes", CouponsAdd { pool: LIST, codes: codes(0..20) }.into()),
        ("add more codes", CouponsAdd { pool: LIST, codes: codes(20..40) }.into()),
        ("edit a pool", PoolUpdate { pool: BULK, edit: Box::new(edit) }.into()),
        ("edit a pattern", PoolUpdate { pool: AGGREGATED, edit: Box::new(pattern) }.into()),
        ("archive", PoolArchive { pool: BULK, archived: true }.into()),
        ("bring back", PoolArchive { pool: BULK, archived: false }.into()),
        ("make a customer", customer("ann", "ann@example.com")),
        ("edit a customer", customer("ann", "ann@example.org")),
        ("make another customer", customer("ben", "ben@example.org")),
    ]
}

fn claims() -> Vec<(&'static str, Command)> {
    let claim = |pool: PoolId| Command::from(Claim::of(pool, id("ann")));
    let by_code = Claim { code: Some("LIST-7".to_owned()), ..Claim::of(LIST, id("ann")) };
    vec![
        ("claim", claim(BULK)),
        ("claim the next", claim(BULK)),
        ("claim of a list", claim(LIST)),
        ("claim by code", by_code.into()),
        ("claim a card", claim(CARDS)),
        ("claim a generic code", claim(OPEN)),
        ("claim where it is aggregated", claim(AGGREGATED)),
        ("claim the same again", claim(AGGREGATED)),
        ("claim where it is limited", claim(LIMITED)),
        ("claim for somebody unknown", Claim::of(BULK, id("dan")).into()),
    ]
}

fn redemptions() -> Vec<(&'static str, Command)> {
    let redeem = |coupon| Redeem { customer: Some(id("ann")), ..Redeem::of(coupon) };
    let bought = |coupon, name| Redeem { transaction: Some(transaction(name)), ..redeem(coupon) };
    let unredeem = |coupon| Unredeem { coupon, entry: None, transaction: None, amount: None, reason: None };
    vec![
        ("redeem", Redeem::of(by_id(BULK, 0)).into()),
        ("redeem for a purchase", bought(by_id(BULK, 1), "single").into()),
        ("redeem what its customer presents", redeem(by_id(AGGREGATED, 0)).into()),
        ("redeem by code", redeem(by_code("LIST-0")).into()),
        ("redeem as it is typed", redeem(by_code(" list 7 ")).into()),
        ("redeem what nobody has claimed", redeem(by_code("LIST-9")).into()),
        ("redeem a generic code", redeem(of("WELCOME", "ann")).into()),
        ("redeem an open code", Redeem { customer: Some(id("cat")), ..Redeem::of(of("WELCOME", "cat")) }.into()),
        ("take a redemption back", unredeem(by_id(BULK, 0)).into()),
        (
            "take that of a purchase back",
            Unredeem { transaction: Some(transaction("single")), ..unredeem(by_id(BULK, 1)) }.into(),
        ),
        ("take that by code back", unredeem(by_code("LIST-0")).into()),
    ]
}

fn cards() -> Vec<(&'static str, Command)> {
    let card = || by_id(CARDS, 0);
    let reason = || Reason::parse("why").expect("a reason");
    let pays = |amount: &str, name| Redeem {
        amount: Some(decimal(amount)),
        transaction: Some(transaction(name)),
        ..Redeem::of(card())
    };
    let back =
        Unredeem { coupon: card(), entry: None, transaction: Some(transaction("paid")), amount: None, reason: None };
    vec![
        ("pay with a card", pays("5.00", "paid").into()),
        ("give a card back what it paid", back.into()),
        ("adjust", Adjust { coupon: card(), amount: decimal("-1.00"), reason: reason() }.into()),
        ("invalidate a card", Invalidate { coupon: card(), reason: Some(reason()) }.into()),
        ("reinstate a card", Reinstate { coupon: card(), reason: None }.into()),
    ]
}

fn care() -> Vec<(&'static str, Command)> {
    let until = instant_of(LATER).expect("an instant");
    let (to, to_email) = (Some(id("ben")), Some(Email::parse("ben@example.org").expect("an address")));
    vec![
        ("extend", Extend { coupon: by_id(BULK, 0), until, reason: None }.into()),
        ("transfer", Transfer { coupon: by_id(BULK, 0), to, to_email, reason: None }.into()),
        ("unassign", Unassign { coupon: by_id(BULK, 0), reason: None }.into()),
        ("unassign by code", Unassign { coupon: by_code("LIST-0"), reason: None }.into()),
        ("claim what came back", Claim::of(BULK, id("ann")).into()),
        ("invalidate what nobody has touched", Invalidate { coupon: by_id(BULK, 50), reason: None }.into()),
        ("invalidate", Invalidate { coupon: by_id(BULK, 1), reason: None }.into()),
        ("reinstate", Reinstate { coupon: by_id(BULK, 1), reason: None }.into()),
    ]
}

fn tills() -> Vec<(&'static str, Command)> {
    let hold = |name, codes: &[&str]| Hold { order: Box::new(order(name, codes)), minutes: 10 };
    let preview = |name, codes: &[&str]| CheckoutPreview(Box::new(order(name, codes)));
    let check_out = |name, codes: &[&str]| Checkout(Box::new(order(name, codes)));
    let coupons = vec![place(BULK, 0), place(BULK, 1), place(CARDS, 0), place(OPEN, 0)];
    let eligible = EligibleOrder { customer: id("ann"), basket: basket(), coupons, whole: true };
    let back = |name| Return(Box::new(ReturnOrder { transaction: transaction(name), asked: Asked::All, reason: None }));
    vec![
        ("preview", preview("seen", &["LIST-10", "LIST-11"]).into()),
        ("check out", check_out("bought", &["LIST-10", "LIST-11"]).into()),
        ("hold", hold("held", &["LIST-12", "LIST-13"]).into()),
        ("preview what is held", preview("held", &["LIST-12", "LIST-13"]).into()),
        ("check out what is held", check_out("held", &["LIST-12", "LIST-13"]).into()),
        ("hold for another", hold("let go", &["LIST-14", "LIST-15"]).into()),
        ("release", Release(transaction("let go")).into()),
        ("return", back("bought").into()),
        ("preview a generic code", preview("seen", &["LIST-16", "WELCOME"]).into()),
        ("check out a generic code", check_out("welcome", &["LIST-16", "WELCOME"]).into()),
        ("hold a generic code", hold("kept", &["LIST-17", "WELCOME"]).into()),
        ("release a generic code", Release(transaction("kept")).into()),
        ("return a generic code", back("welcome").into()),
        ("eligible", Box::new(eligible).into()),
    ]
}

fn programme() -> Vec<(&'static str, Command)> {
    let edit = KeyEdit { id: "one".to_owned(), name: Some("till".to_owned()), ..KeyEdit::default() };
    let named = |name: &str| UserGroupCreate { name: name.to_owned() };
    let job = JobDraft {
        kind: JobKind::Undo,
        dry_run: true,
        pool: None,
        plan: Plan::Undo,
        parts: Vec::new(),
        total: None,
        undoes: None,
        columns: Vec::new(),
        upload: None,
    };
    let settings = SettingsEdit { coupons_per_checkout: Some(9), ..SettingsEdit::default() };
    vec![
        ("settings", settings.into()),
        ("add a key", KeyAdd(key("one", Role::Service)).into()),
        ("edit a key", edit.into()),
        ("rotate a key", KeyRotate { id: "one".to_owned(), minutes: 5, new: key("two", Role::Service) }.into()),
        ("revoke a key", KeyRevoke { id: "one".to_owned() }.into()),
        ("make a group", named("north").into()),
        ("rename a group", UserGroupUpdate { id: GroupId(1), name: "south".to_owned() }.into()),
        ("start a job", JobStart(Box::new(job)).into()),
        ("stop a job", JobCancel { job: JobId(1), force: false }.into()),
        ("a list in parts", Whole(String::new()).into()),
        ("confirm the clock", ClockConfirm.into()),
        ("erase", Erase { customer: id("ann"), alias: id("nobody"), force: false }.into()),
    ]
}

/// A pool of free shipping with a pattern.
fn pool(pattern: &str) -> PoolDraft {
    new_pool(CodesDraft { pattern: pattern.to_owned(), ..CodesDraft::default() }, Source::Generated)
}

fn card_pool() -> PoolDraft {
    let (value, currency) = (Some("50.00".to_owned()), Some("EUR".to_owned()));
    PoolDraft { kind: CouponType::GiftCard, value, currency, ..pool("CARD-####") }
}

fn customer(name: &str, email: &str) -> Command {
    let email = Some(Some(Email::parse(email).expect("an address")));
    let currency = Some(Some(Currency::parse("EUR").expect("a currency")));
    Box::new(CustomerEdit { id: id(name), email, currency, attributes: None }).into()
}

fn codes(places: std::ops::Range<u32>) -> Vec<String> {
    places.map(|place| format!("LIST-{place}")).collect()
}

fn order(name: &str, codes: &[&str]) -> CheckoutOrder {
    let coupons = codes.iter().map(|code| Presentation { code: (*code).to_owned(), amount: None }).collect();
    let (transaction, customer) = (transaction(name), id("ann"));
    CheckoutOrder { transaction, customer, basket: basket(), coupons, at: None, expected_payable: None }
}

fn basket() -> BasketDraft {
    let lines = vec![("mug".to_owned(), 2, "10.00".to_owned())];
    BasketDraft { currency: "EUR".to_owned(), store: None, shipping: Some("4.00".to_owned()), lines }
}

fn id(name: &str) -> CustomerId {
    CustomerId::parse(name).expect("an id")
}

fn transaction(name: &str) -> TransactionId {
    TransactionId::parse(name).expect("an id")
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a decimal")
}

fn place(pool: PoolId, index: u64) -> CouponId {
    CouponId { pool, index }
}

fn by_id(pool: PoolId, index: u64) -> CouponRef {
    CouponRef::Id(place(pool, index))
}

fn by_code(code: &str) -> CouponRef {
    CouponRef::Code { code: code.to_owned(), pool: None, customer: None }
}

fn of(code: &str, customer: &str) -> CouponRef {
    CouponRef::Code { code: code.to_owned(), pool: None, customer: Some(id(customer)) }
}
