//! What folders hold: one row of each table, byte for byte. A change of these bytes is a new format, with its way from the
//! one before ([`crate::format`]). `SCRIP_WRITE_GOLDEN=1 cargo test golden` writes the file of a new one.

use std::{fmt::Write, fs, path::Path};

use super::*;
use crate::{codec::id_bytes, format};
use scrip_domain::{
    access::{KeyBudget, Role},
    binding::{Binding, OnFailure},
    clock::{BatchTime, Reading},
    code::SeriesKey,
    combining::{Combining, PercentagesOf, Stacking, StackingWith},
    coupon::{Held, History},
    currency::Currency,
    customer::Email,
    decimal::Amount,
    event::EventType,
    gift_card::{Account, EntryKind},
    limits::Limits,
    period::{Instant, Period},
    pool::{Counts, Supply},
    pool_codes::{CodeSeries, Making},
    rejection::{Input, Rejection},
    seal::IdSecret,
    source::Source,
    status::Status,
    terms::{CouponType, Restrictions, Value},
    till::Till,
    token_key::{TokenKey, TokenKeys, TokenSecret},
    update::{Scope, TermsUpdate},
    withdrawn::Withdrawn,
    zone::Zone,
};

const FILE: &str = "tables/golden/format-3.txt";

pub(super) fn at(seconds: i64) -> Instant {
    Instant::from_second(1_790_000_000 + seconds).expect("a time")
}

pub(super) fn customer(id: &str) -> CustomerId {
    CustomerId::kept(id.to_owned())
}

fn coupon() -> CouponId {
    CouponId { pool: PoolId(7), index: 0x1_0000_0001 }
}

pub(super) fn event(sequence: u64) -> EventId {
    EventId { stream: 1, sequence }
}

fn series(making: Making, first: u64) -> CodeSeries {
    CodeSeries {
        pattern: "A-####".to_owned(),
        excluded_characters: vec!["0".to_owned()],
        excluded_phrases: vec!["bad".to_owned()],
        combinations: "6561".to_owned(),
        bulk_limit: 65,
        making,
        first,
    }
}

pub(super) fn pool() -> Pool {
    let binding = |on_failure| Binding {
        plugin: "first-purchase".to_owned(),
        config: serde_json::json!({ "large": u64::MAX, "half": 0.5 }),
        on_failure,
        at_claim: true,
        tells_changes: false,
    };
    Pool {
        id: PoolId(7),
        external_id: Some("spring-26".to_owned()),
        name: "Spring".to_owned(),
        source: Source::BulkGenerated,
        kind: CouponType::GiftCard,
        currency: Some(Currency::parse("EUR").expect("a currency")),
        case_sensitive: true,
        series: vec![series(Making::Generic("HELLO".to_owned()), 0), series(Making::Keyed(SeriesKey::new([7; 32])), 3)],
        remote: Some(binding(OnFailure::Refuse)),
        checks: vec![binding(OnFailure::Allow)],
        aggregated: true,
        pays_shipping: None,
        till: Till::default(),
        returnable: false,
        group: None,
        holdings_since: None,
        claims_since: None,
        terms: Vec::new(),
        ranges: vec![(0, TermsNumber(0)), (10, TermsNumber(1))],
        updates: Vec::new(),
        updates_kept: 0,
        withdrawn: Vec::new(),
        archived_at: Some(at(3)),
        created_at: at(1),
        updated_at: at(2),
        version: 4,
    }
}

fn touched() -> Coupon {
    Coupon {
        status: Status::PartiallyRedeemed,
        customer: Some(customer("ann")),
        original_customer: Some(customer("ben")),
        claimed_at: Some(at(1)),
        expires_at: Some(at(100)),
        redeemed_at: Some(at(2)),
        claims: 1,
        usages: 2,
        transfers: 1,
        account: Some(Account { balance: Amount(3_750), redeemed: Amount(1_250), entries: 2, voided: None }),
        acquired: Some(event(9)),
        history: History { leaves: 1, recent: vec![event(41), event(42)] },
        version: 34,
        ..Coupon::unassigned(coupon(), "A-1234".to_owned(), TermsNumber(1))
    }
}

/// A card that was voided, and a coupon that two purchases have redeemed, one of them without an id.
fn later_coupons() -> [Coupon; 2] {
    let place = |index| CouponId { pool: PoolId(2), index };
    let voided = Coupon {
        status: Status::Invalid,
        account: Some(Account { balance: Amount(25), redeemed: Amount(1_250), entries: 4, voided: Some(2) }),
        ..Coupon::unassigned(place(0), "V".to_owned(), TermsNumber(0))
    };
    let used = Coupon {
        usages: 2,
        purchases: vec![Some("T-1".to_owned()), None],
        ..Coupon::unassigned(place(1), "U".to_owned(), TermsNumber(0))
    };
    [voided, used]
}

fn dated(kind: EventType, full: bool) -> Dated {
    let given = |text: &str| full.then(|| text.to_owned());
    let change = Change {
        kind,
        customer: full.then(|| customer("ann")),
        before: Status::Claimed,
        after: Status::PartiallyRedeemed,
        amount: full.then_some(Amount(1_250)),
        balance_after: full.then_some(Amount(3_750)),
        transaction: given("T-1"),
        counterpart: full.then(|| customer("ben")),
        reason: given("a gift"),
        reference: None,
    };
    Dated { at: at(5).as_millisecond(), coupon: coupon(), actor: "till".to_owned(), change }
}

/// What came to the form later stands beside what was there, which is read and written as before.
fn referring() -> Dated {
    let mut claim = dated(EventType::Claim, false);
    claim.change.reason = Some("MANUAL".to_owned());
    claim.change.reference = Some("order 1".to_owned());
    claim
}

fn link() -> Link {
    let reading = |wall| Reading { wall, steady: 5, boot: u64::MAX };
    let time = BatchTime { at: 1_790_000_000_123, reading: reading(8), period: 20_000, period_began: reading(7) };
    let before = crate::chain::Digest::from_bytes([3; 16]);
    Link { number: 99, time, before, run: u64::MAX - 1 }
}

fn terms() -> Terms {
    let restrictions = Restrictions {
        minimum_value: Some(Amount(100)),
        minimum_redemption_value: Some(Amount(50)),
        purchase_minimum: Some(Amount(2_000)),
        expiration_period: Some(Period::parse("P2M").expect("a period")),
        stores: vec!["s1".to_owned()],
        products: vec!["p1".to_owned(), "p2".to_owned()],
        ..Restrictions::default()
    };
    Terms { value: Value::GiftCard(Amount(5_000)), currency: None, restrictions }
}

fn known() -> Customer {
    Customer {
        email: Some(Email::kept("Ann@Example.com".to_owned())),
        currency: Some(Currency::parse("JPY").expect("a currency")),
        attributes: serde_json::json!({ "tier": "gold", "n": [1, null] }),
        ..Customer::unknown(customer("ann"))
    }
}

/// A row of each table, and more where a document has several forms.
fn rows() -> Vec<(RowId, Row)> {
    let entry = EntryId { coupon: coupon(), number: 1 };
    let answer = |answer| Answer { input: "fingerprint".to_owned(), answer };
    let key = |name: &str| (20_000, "till".to_owned(), name.to_owned());
    vec![
        row::<Pools>(PoolId(7), Box::new(pool())),
        row::<Pools>(PoolId(8), Box::new(Pool { id: PoolId(8), holdings_since: Some(41), ..pool() })),
        row::<PoolTerms>((PoolId(7), TermsNumber(1)), Arc::new(terms())),
        row::<PoolTerms>(
            (PoolId(7), TermsNumber(2)),
            Arc::new(Terms { value: Value::Percentage(1_250), currency: None, restrictions: Restrictions::default() }),
        ),
        row::<Tallies>(
            PoolId(7),
            Tally {
                supply: Supply { size: 100, next: 5, returned: 1, lengths: 1 << 63 },
                counts: Counts { by_status: [1, 2, 3, 4, 5, 6], usages: 9 },
                claims: Claims { number: 20, exact: false },
            },
        ),
        row::<CodeLists>((PoolId(7), 3), vec!["A-1".to_owned(), "b\u{e9}".to_owned()]),
        row::<CodeOwners>("a-1".to_owned(), vec![Named { code: "A-1".to_owned(), coupon: coupon() }]),
        row::<TypedCodes>("a1".to_owned(), vec![Named { code: "A-1".to_owned(), coupon: coupon() }]),
        row::<Coupons>(coupon(), Box::new(touched())),
        row::<Coupons>(
            CouponId { pool: PoolId(1), index: 0 },
            Box::new(Coupon::unassigned(CouponId { pool: PoolId(1), index: 0 }, "X".to_owned(), TermsNumber(0))),
        ),
        row::<Histories>((coupon(), 2), (0..32).map(event).collect()),
        row::<Nodes>((PoolId(7), NodeId { level: 2, place: 5 }), Node::from_sets([0, 1, u64::MAX, 3, 4, 1 << 63])),
        row::<Ledger>(
            entry,
            Entry {
                id: entry,
                kind: EntryKind::Redeem,
                amount: Amount(-1_250),
                balance_after: Amount(3_750),
                transaction: Some("T-1".to_owned()),
                at: at(2),
                reverses: Some(0),
                reversed: Amount(5),
            },
        ),
        row::<Customers>(customer("ann"), Box::new(known())),
        row::<Customers>(customer("ben \u{10FFFF}"), Box::new(Customer::unknown(customer("ben \u{10FFFF}")))),
        row::<Emails>("ann@example.com".to_owned(), customer("ann")),
        row::<Holdings>((customer("ann"), PoolId(7), None), Holding::Places(vec![3, 9])),
        row::<Holdings>((customer("ann"), PoolId(8), None), Holding::Whole(Whole { searched: Some(0), claims: None })),
        row::<Holdings>(
            (customer("ann"), PoolId(8), Some(HeldAt { live: true, index: 0x1_0000_0001 })),
            Holding::Coupon(Some(at(100))),
        ),
        row::<Holdings>((customer("ann"), PoolId(8), Some(HeldAt { live: false, index: 3 })), Holding::Coupon(None)),
        row::<CustomerEvents>((customer("ann"), event(9)), Happened { coupon: coupon(), acquired: true }),
        row::<Events>(event(41), vec![dated(EventType::Redeem, true), dated(EventType::Expire, false)]),
        row::<Events>(event(43), vec![referring()]),
        row::<Dues>((at(100).as_millisecond(), coupon()), ()),
        row::<Purchases>(("T-1".to_owned(), None), Purchase(Some(serde_json::json!({ "total": 30, "lines": [] })))),
        row::<Purchases>(("T-1".to_owned(), Some(coupon())), Purchase(None)),
        row::<Answers>(key("key"), answer(Ok(serde_json::json!({ "Claimed": 1 })))),
        row::<Answers>(key("another"), answer(Err(vec![Rejection::PoolExhausted.at([Input::PoolId])]))),
        row::<Programme>((), Settings { auto_redeem: true, ..Settings::default() }),
        row::<Programme>((), Settings { auto_redeem: true, ids: Some(IdSecret::new([7; 32])), ..Settings::default() }),
        row::<ApiKeys>("0a1b".to_owned(), key_of("k1", "0a1b")),
    ]
    .into_iter()
    .chain(own_rows())
    .chain(later_rows())
    .chain(super::golden_access::rows())
    .chain(golden_jobs::rows())
    .collect()
}

fn till() -> Till {
    let stacking = Stacking { with: StackingWith::OtherCategories, category: Some("sale".to_owned()), order: -3 };
    Till { stacking, limits: Limits { total: Some(1_000), per_customer: Some(2) }, claim_on_use: true }
}

fn tally(claims: Claims) -> Tally {
    let counts = Counts { by_status: [1, 2, 3, 4, 5, 6], usages: 9 };
    Tally { supply: Supply::default(), counts, claims }
}

fn timed() -> Terms {
    let restrictions = Restrictions {
        valid_from: Some(at(1)),
        valid_until: Some(at(100)),
        time_zone: Some(Zone::parse("Europe/Budapest").expect("a zone")),
        ..Restrictions::default()
    };
    Terms { value: Value::FreeShipping, currency: None, restrictions }
}

fn combining() -> Combining {
    Combining { percentages_of: PercentagesOf::Remaining, per_checkout: 3, per_category: Some(1) }
}

/// What came to the forms later: the rows before it stay as they are.
fn later_rows() -> Vec<(RowId, Row)> {
    let [voided, used] = later_coupons();
    let place = CouponId { pool: PoolId(2), index: 2 };
    let fresh = Coupon::unassigned(place, "H".to_owned(), TermsNumber(0));
    let handed_on = Coupon { transfers: 2, handed_on: Some(false), ..fresh };
    let of = |amount: Option<i64>, assigned| Held {
        transaction: "T-1".to_owned(),
        until: at(100),
        amount: amount.map(Amount),
        assigned,
    };
    let place = CouponId { pool: PoolId(2), index: 3 };
    let held = Coupon {
        holds: vec![of(Some(1_250), false), of(None, true)],
        ..Coupon::unassigned(place, "H".to_owned(), TermsNumber(0))
    };
    let withdrawn = Withdrawn { number: 2, spans: vec![3..7, 9..100], left: 90, at: at(8) };
    let place = CouponId { pool: PoolId(12), index: 4 };
    let updated = Coupon { updates: 2, ..Coupon::unassigned(place, "G".to_owned(), TermsNumber(1)) };
    vec![
        row::<Pools>(PoolId(9), Box::new(Pool { id: PoolId(9), pays_shipping: Some(true), ..pool() })),
        row::<Coupons>(voided.id, Box::new(voided)),
        row::<Coupons>(used.id, Box::new(used)),
        row::<Events>(event(44), vec![dated(EventType::Extend, false)]),
        row::<ApiKeys>(
            "0a1c".to_owned(),
            ApiKey {
                role: Role::Viewer,
                hint: "scrip_abcd".to_owned(),
                expires_at: Some(at(2)),
                revoked_at: Some(at(1)),
                ..key_of("k2", "0a1c")
            },
        ),
        row::<Pools>(PoolId(10), Box::new(Pool { id: PoolId(10), till: till(), claims_since: Some(7), ..pool() })),
        row::<PoolTerms>((PoolId(10), TermsNumber(0)), Arc::new(timed())),
        row::<Tallies>(PoolId(8), tally(Claims { number: 21, exact: true })),
        row::<Tallies>(PoolId(9), tally(Claims { number: 22, exact: false })),
        row::<Coupons>(handed_on.id, Box::new(handed_on)),
        row::<Holdings>(
            (customer("ann"), PoolId(10), None),
            Holding::Whole(Whole { searched: Some(5), claims: Some(2) }),
        ),
        row::<Programme>((), Settings { combining: combining(), ..Settings::default() }),
        row::<Pools>(PoolId(11), Box::new(Pool { id: PoolId(11), returnable: true, ..pool() })),
        row::<TransactionEvents>(("T-1".to_owned(), event(41)), coupon()),
        row::<HoldDues>((at(100).as_millisecond(), "T-1".to_owned()), ()),
        row::<Coupons>(held.id, Box::new(held)),
        row::<Events>(event(45), vec![dated(EventType::Hold, true), dated(EventType::Release, false)]),
        row::<Programme>((), Settings { tokens: Some(token_keys()), ..Settings::default() }),
        row::<ApiKeys>("0a1d".to_owned(), ApiKey { last_used_at: Some(at(7)), ..key_of("k4", "0a1d") }),
        row::<Pools>(PoolId(12), Box::new(Pool { id: PoolId(12), updates: updates(), updates_kept: 1, ..pool() })),
        row::<Pools>(PoolId(13), Box::new(Pool { id: PoolId(13), withdrawn: vec![withdrawn], ..pool() })),
        row::<Coupons>(updated.id, Box::new(updated)),
        row::<Events>(event(46), vec![dated(EventType::Update, false)]),
        row::<Events>(event(47), vec![dated(EventType::Import, true)]),
    ]
}

fn updates() -> Vec<TermsUpdate> {
    let of =
        |scope, matching| TermsUpdate { scope, matching, terms: TermsNumber(1), at: at(9), actor: "staff".to_owned() };
    vec![of(Scope::Unassigned, None), of(Scope::NotRedeemed, Some(TermsNumber(0))), of(Scope::All, None)]
}

/// The keys of customer tokens after one was replaced.
fn token_keys() -> TokenKeys {
    let key = |number, day| TokenKey { number, made_at: at(day), secret: TokenSecret::new([9; 32]) };
    TokenKeys { current: key(2, 200), before: Some(key(1, 100)) }
}

pub(super) fn key_of(id: &str, hash: &str) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        name: "till".to_owned(),
        hash: hash.to_owned(),
        created_at: at(0),
        role: Role::Admin,
        hint: String::new(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        groups: Vec::new(),
        budget: KeyBudget::default(),
    }
}

pub(super) fn row<T: Table>(key: T::Key, document: T::Document) -> (RowId, Row) {
    (RowId::of::<T>(key), Row::of::<T>(document))
}

/// The rows of a table: none of those that came later.
fn counted(table: usize) -> u64 {
    if table <= Numberings::NUMBER { table as u64 * 1_000 } else { 0 }
}

/// What a database writes about itself.
fn own_rows() -> Vec<(RowId, Row)> {
    vec![
        row::<Formats>((), 3),
        row::<Batches>(131_071, link()),
        row::<RowCounts>((), Counted { batch: 99, rows: std::array::from_fn(counted) }),
        row::<Numberings>((), Numbering { stream: 2, first_pool: PoolId(65_543), first_event: None }),
        row::<Numberings>((), Numbering { stream: 3, first_pool: PoolId(65_543), first_event: Some(985) }),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes all");
        text
    })
}

#[test]
fn folders_hold_what_the_golden_file_says() {
    let rows = rows();
    let mut text = String::new();
    for (id, row) in &rows {
        let mut key = Vec::new();
        id_bytes(&id.parts(), &mut key);
        let record = id.encode(row).expect("a record");
        let name = NAMES.get(id.table()).expect("a name");
        writeln!(text, "{name} {} {}", hex(&key), hex(&record)).expect("a text takes all");
        let (found, read) = format::row(id.table(), &(key, record)).expect("it is read back");
        assert_eq!((&found, &read), (id, row));
    }
    let tables: std::collections::BTreeSet<usize> = rows.iter().map(|(id, _)| id.table()).collect();
    assert_eq!(tables.len(), NAMES.len(), "every table has a row here");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("SCRIP_WRITE_GOLDEN").is_some() {
        fs::write(&path, &text).expect("written");
    }
    let golden = fs::read_to_string(&path).expect("the golden file");
    for (ours, kept) in text.lines().zip(golden.lines()) {
        assert_eq!(ours, kept, "what is kept is a promise: a change of it is a new format");
    }
    assert_eq!(text.lines().count(), golden.lines().count());
}

#[test]
fn a_record_above_its_tables_bound_is_not_written() {
    let id = RowId::of::<CodeLists>((PoolId(7), 0));
    let of = |length: usize| id.encode(&Row::of::<CodeLists>(vec!["x".repeat(length)]));
    let room = CodeLists::MOST - of(1_000).expect("a record").len() + 1_000;
    assert_eq!(of(room).expect("a record").len(), CodeLists::MOST);
    let refused = of(room + 1).expect_err("it is too large").to_string();
    assert_eq!(refused, "a record of 65537 bytes, and at most 65536 are kept there");
}

#[test]
fn the_largest_coupon_is_written() {
    let long = |length: usize| "\u{10FFFF}".repeat(length);
    let largest = Coupon {
        code: long(64),
        customer: Some(customer(&long(128))),
        original_customer: Some(customer(&format!("{}a", long(127)))),
        purchases: vec![Some(long(128)); Coupon::PURCHASES],
        holds: vec![
            Held { transaction: long(128), until: at(3), amount: Some(Amount(i64::MAX)), assigned: true };
            Coupon::HOLDS
        ],
        invalidated_at: Some(at(3)),
        account: Some(Account {
            balance: Amount(i64::MAX),
            redeemed: Amount(i64::MAX),
            entries: u32::MAX,
            voided: Some(7),
        }),
        acquired: Some(event(i64::MAX.unsigned_abs())),
        history: History { leaves: u32::MAX, recent: (0..31).map(|_| event(i64::MAX.unsigned_abs())).collect() },
        version: i64::MAX.unsigned_abs(),
        ..touched()
    };
    let record = RowId::of::<Coupons>(coupon()).encode(&Row::of::<Coupons>(Box::new(largest))).expect("it fits");
    assert!(record.len() > Coupons::MOST / 2, "{} bytes", record.len());
}

#[test]
fn ids_are_told_as_people_write_them() {
    let told = [
        (RowId::of::<Pools>(PoolId(7)), "pool:7"),
        (RowId::of::<Coupons>(CouponId { pool: PoolId(7), index: 0 }), "coupon:[7, 0]"),
        (RowId::of::<CustomerEvents>((customer("a\nnn"), event(99))), "customer_event:[a\\nnn, 1, 99]"),
        (RowId::of::<Emails>("ann@example.com".to_owned()), "email:ann@example.com"),
    ];
    for (id, expected) in told {
        assert_eq!(id.to_string(), expected);
    }
    for (bytes, expected) in [(&b"\x02nothing"[..], "\\x02nothing"), (b"\x05", "\\x05"), (b"", "")] {
        assert_eq!(crate::codec::id_text(bytes), expected);
    }
}

#[test]
fn every_table_is_made_in_an_empty_database() {
    let defined =
        format::SCHEMA.lines().filter_map(|line| line.strip_prefix("DEFINE TABLE OVERWRITE ")?.split(' ').next());
    let defined: std::collections::BTreeSet<&str> = defined.collect();
    assert_eq!(defined, NAMES.iter().copied().collect());
}
