//! The words and numbers that documents are kept in, which stay as they are whatever the domain calls its own.

use super::Stage;
use crate::{
    codec::{At, CodecError, Link},
    table::Form,
};
use scrip_domain::{
    access::Role,
    combining::{PercentagesOf, StackingWith},
    currency::Currency,
    event::EventType,
    gift_card::EntryKind,
    id::{CustomerId, EventId},
    job::{JobKind, JobStatus},
    period::{Instant, Period, instant_of},
    source::Source,
    status::Status,
    terms::CouponType,
    update::Scope,
};

/// Makes the two functions between a kind and its word.
macro_rules! words {
    ($kind:ty, $of:ident, $read:ident, $what:literal, $($variant:ident = $word:literal),*) => {
        pub(super) fn $of(kind: $kind) -> &'static str {
            match kind { $(<$kind>::$variant => $word),* }
        }

        pub(super) fn $read(word: &str) -> Result<$kind, CodecError> {
            match word {
                $($word => Ok(<$kind>::$variant),)*
                other => Err(CodecError::new(format!(concat!("expected ", $what, ", found {:?}"), other))),
            }
        }
    };
}

words!(
    Role,
    of_role,
    role,
    "a role",
    Admin = "ADMIN",
    Manager = "MANAGER",
    Service = "SERVICE",
    Viewer = "VIEWER",
    Customer = "CUSTOMER"
);

words!(
    Status,
    of_status,
    status,
    "a status",
    Unassigned = "UNASSIGNED",
    Claimed = "CLAIMED",
    PartiallyRedeemed = "PARTIALLY_REDEEMED",
    Redeemed = "REDEEMED",
    Expired = "EXPIRED",
    Invalid = "INVALID"
);
words!(
    Source,
    of_source,
    source,
    "a source",
    Generated = "GENERATED",
    BulkGenerated = "BULK_GENERATED",
    Uploaded = "UPLOADED",
    Remote = "REMOTE"
);
words!(
    StackingWith,
    of_stacking,
    stacking,
    "with which coupons others go",
    All = "ALL",
    OtherCategories = "OTHER_CATEGORIES",
    None = "NONE"
);
words!(
    Scope,
    of_scope,
    scope,
    "which coupons get new terms",
    Unassigned = "UNASSIGNED",
    NotRedeemed = "NOT_REDEEMED",
    All = "ALL"
);
words!(
    PercentagesOf,
    of_percentages,
    percentages,
    "of what percentages are",
    Original = "ORIGINAL",
    Remaining = "REMAINING"
);
words!(
    CouponType,
    of_kind,
    kind,
    "a type of coupon",
    Amount = "AMOUNT",
    Percentage = "PERCENTAGE",
    FreeShipping = "FREE_SHIPPING",
    GiftCard = "GIFT_CARD"
);
words!(
    EntryKind,
    of_entry,
    entry,
    "a kind of ledger entry",
    Issue = "ISSUE",
    Redeem = "REDEEM",
    Reverse = "REVERSE",
    Adjust = "ADJUST",
    Void = "VOID"
);
words!(
    Stage,
    of_stage,
    stage,
    "what an erasure looks through",
    Look = "LOOK",
    Counts = "COUNTS",
    Events = "EVENTS",
    Person = "PERSON",
    Purchases = "PURCHASES",
    Answers = "ANSWERS",
    Emails = "EMAILS",
    Jobs = "JOBS"
);
words!(
    EventType,
    of_event,
    event,
    "a type of event",
    Claim = "COUPON_CLAIM",
    Redeem = "COUPON_REDEEM",
    Unredeem = "COUPON_UNREDEEM",
    Unassign = "COUPON_UNASSIGN",
    Transfer = "COUPON_TRANSFER",
    Receive = "COUPON_RECEIVE",
    Invalidate = "COUPON_INVALIDATE",
    Expire = "COUPON_EXPIRE",
    Adjust = "COUPON_ADJUST",
    Reinstate = "COUPON_REINSTATE",
    Extend = "COUPON_EXTEND",
    Hold = "COUPON_HOLD",
    Release = "COUPON_RELEASE",
    Update = "COUPON_UPDATE",
    Import = "COUPON_IMPORT"
);
words!(
    JobKind,
    of_job_kind,
    job_kind,
    "a kind of job",
    Import = "IMPORT",
    Bulk = "BULK",
    Export = "EXPORT",
    PoolUpdate = "POOL_UPDATE",
    Undo = "UNDO"
);
words!(
    JobStatus,
    of_job_status,
    job_status,
    "a status of a job",
    Queued = "QUEUED",
    Running = "RUNNING",
    Succeeded = "SUCCEEDED",
    Failed = "FAILED",
    Cancelled = "CANCELLED"
);

pub(super) fn millis(at: Instant) -> At {
    At(at.as_millisecond())
}

pub(super) fn instant(at: At) -> Result<Instant, CodecError> {
    instant_of(at.0).ok_or_else(|| CodecError::new("a time beyond the year 9999"))
}

pub(super) fn period(text: &str) -> Result<Period, CodecError> {
    Period::parse(text).map_err(|_| CodecError::new("expected a period of ISO 8601"))
}

pub(super) fn customer(text: impl Into<String>) -> CustomerId {
    CustomerId::kept(text.into())
}

pub(super) fn currency(code: Option<&str>) -> Result<Option<Currency>, CodecError> {
    let read = code.map(Currency::parse).transpose();
    read.map_err(|_| CodecError::new("expected a currency of ISO 4217"))
}

/// A value that is kept as JSON.
pub(super) fn json(text: &str) -> Result<serde_json::Value, CodecError> {
    serde_json::from_str(text).map_err(|error| CodecError::new(error.to_string()))
}

/// Events as numbers: the stream and the place of each, in turn.
pub(super) fn of_events(events: &[EventId]) -> Vec<u64> {
    events.iter().flat_map(|event| [event.stream.into(), event.sequence]).collect()
}

pub(super) fn events(numbers: &[u64]) -> Result<Vec<EventId>, CodecError> {
    let wrong = || CodecError::new("expected the stream and the place of each event");
    let (pairs, []) = numbers.as_chunks::<2>() else { return Err(wrong()) };
    let read = |[stream, sequence]: &[u64; 2]| {
        Ok(EventId { stream: u32::try_from(*stream).map_err(|_| wrong())?, sequence: *sequence })
    };
    pairs.iter().map(read).collect()
}

/// A link to the row of a table.
pub(super) fn link_to<T: Form>(key: &T::Key) -> Link<'static> {
    Link::to(T::TABLE, &T::parts(key))
}

/// The key of the row of a table that is linked to.
pub(super) fn linked<T: Form>(link: &Link<'_>) -> Result<T::Key, CodecError> {
    let key = T::key(&mut link.parts(T::TABLE)?);
    key.ok_or_else(|| CodecError::new(format!("expected a link to a record of {}", T::TABLE)))
}
