//! The objects of the API, each around one of the domain's.

mod access;
mod audit;
mod checkout;
mod coupon;
mod customer;
mod database;
mod event;
mod group;
mod ids;
mod job;
mod partner;
mod pattern;
mod payload;
mod plugin;
mod pool;
mod programme;
mod purchase;
mod task;
mod till;

use async_graphql::{ID, Interface};

pub use access::{
    ApiKey, ApiKeyCreateInput, ApiKeyCreatePayload, ApiKeyPayload, ApiKeyRotateInput, ApiKeyUpdateInput,
    CustomerTokenCreateInput, CustomerTokenCreatePayload, Role,
};
pub use audit::{AuditEntry, AuditFilter, AuditVerification};
pub use checkout::{CheckoutVerdict, Eligibility};
pub use coupon::{Coupon, LedgerEntry};
pub use customer::Customer;
pub use database::{Database, DatabaseTable};
pub use event::{CouponEvent, page as event_page};
pub use group::{UserGroup, UserGroupCreateInput, UserGroupPayload, UserGroupUpdateInput};
pub use job::{Job, JobKind, JobPayload, JobRefusal, JobStatus};
pub use partner::{PartnerFailure, PartnerFailureReason, PoolPartner};
pub use pattern::PatternPreview;
pub use payload::{
    CheckoutPayload, CouponPayload, CouponRedeemPayload, CouponUserError, CouponsAddPayload, CouponsGeneratePayload,
    CustomerErasePayload, CustomerPayload, PoolPayload, PoolUpdatePayload, SettingsPayload, SkippedCode,
};
pub use plugin::{
    OnFailure, Plugin, PluginBinding, PluginBuild, PluginCalls, PluginHttpExchange, PluginIssued, PluginLimits,
    PluginLogLine, PluginPayload, PluginTestPayload, PluginTestResult, PluginUsage, PluginVerdict,
};
pub use pool::{CouponPool, PoolStats, Restrictions};
pub use programme::{PercentagesOf, Settings, Viewer};
pub use purchase::{CheckoutHoldPayload, CheckoutReturnPayload, Purchase};
pub use task::BackgroundTask;
pub use till::{Limits, Stacking, StackingWith};

/// Anything that has an id of its own and can be read by it.
#[derive(Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The opaque id, unique among all objects."))]
pub enum Node {
    /// A pool.
    CouponPool(CouponPool),
    /// A coupon.
    Coupon(Coupon),
    /// A customer.
    Customer(Customer),
    /// An event.
    CouponEvent(CouponEvent),
    /// A ledger entry.
    LedgerEntry(LedgerEntry),
    /// A purchase.
    Purchase(Purchase),
    /// An API key.
    ApiKey(ApiKey),
    /// An entry of the audit.
    AuditEntry(AuditEntry),
    /// A group of users.
    UserGroup(UserGroup),
    /// A job.
    Job(Job),
}

/// What a caller has caused, in a payload.
#[derive(Debug, Interface)]
#[graphql(
    field(name = "message", ty = "String", desc = "What was wrong, what was expected and what to do."),
    field(
        name = "field",
        ty = "Option<Vec<String>>",
        desc = "The path of the input that it is about, if it is about one."
    )
)]
pub enum UserError {
    /// A refusal with a stable code.
    CouponUserError(CouponUserError),
}

/// The enums of the domain as the API names them.
pub mod enums {
    use async_graphql::Enum;

    use scrip_domain::{event::EventType, gift_card::EntryKind, source::Source, status::Status, terms};

    /// Where a pool's codes come from.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
    #[graphql(remote = "Source")]
    pub enum PoolSource {
        /// A code is made when a customer claims; without placeholders everyone gets the same code.
        Generated,
        /// Codes exist before anyone claims them.
        BulkGenerated,
        /// The codes come from a list.
        Uploaded,
        /// A plugin supplies each code at the claim.
        Remote,
    }

    /// What kind of discount a coupon is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
    #[graphql(remote = "terms::CouponType")]
    pub enum CouponType {
        /// A fixed amount off.
        Amount,
        /// A percentage off.
        Percentage,
        /// No shipping costs.
        FreeShipping,
        /// A balance that is spent over one or more purchases.
        GiftCard,
    }

    /// Where a coupon is in its life.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
    #[graphql(remote = "Status")]
    pub enum CouponStatus {
        /// It exists and belongs to nobody.
        Unassigned,
        /// It belongs to a customer.
        Claimed,
        /// A gift card that has paid and still holds something.
        PartiallyRedeemed,
        /// It is used up.
        Redeemed,
        /// Its time is over.
        Expired,
        /// It was taken out of use.
        Invalid,
    }

    /// What happened to a coupon.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
    #[graphql(remote = "EventType")]
    pub enum CouponEventType {
        /// It was claimed, or given out once more from an aggregated pool.
        #[graphql(name = "COUPON_CLAIM")]
        Claim,
        /// It was redeemed, a gift card wholly or in part.
        #[graphql(name = "COUPON_REDEEM")]
        Redeem,
        /// A redemption was taken back, wholly or in part.
        #[graphql(name = "COUPON_UNREDEEM")]
        Unredeem,
        /// It was taken back from its customer.
        #[graphql(name = "COUPON_UNASSIGN")]
        Unassign,
        /// Its customer gave it away.
        #[graphql(name = "COUPON_TRANSFER")]
        Transfer,
        /// A customer was given it.
        #[graphql(name = "COUPON_RECEIVE")]
        Receive,
        /// It was taken out of use.
        #[graphql(name = "COUPON_INVALIDATE")]
        Invalidate,
        /// Its time was over.
        #[graphql(name = "COUPON_EXPIRE")]
        Expire,
        /// A gift card's balance was changed by hand.
        #[graphql(name = "COUPON_ADJUST")]
        Adjust,
        /// An invalidation was taken back.
        #[graphql(name = "COUPON_REINSTATE")]
        Reinstate,
        /// Its time was set to end at another instant.
        #[graphql(name = "COUPON_EXTEND")]
        Extend,
        /// A checkout that is not completed yet holds it, or an amount of it.
        #[graphql(name = "COUPON_HOLD")]
        Hold,
        /// What a checkout held of it was given back, by hand or because the hold was over.
        #[graphql(name = "COUPON_RELEASE")]
        Release,
        /// It got new terms with its pool.
        #[graphql(name = "COUPON_UPDATE")]
        Update,
        /// It came from another system, as it was there.
        #[graphql(name = "COUPON_IMPORT")]
        Import,
    }

    /// Why a ledger entry was made.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
    #[graphql(remote = "EntryKind")]
    pub enum LedgerKind {
        /// The card was claimed: its value was put on it.
        Issue,
        /// It paid.
        Redeem,
        /// A redemption was taken back, wholly or in part, or what an invalidation took off.
        Reverse,
        /// It was changed by hand.
        Adjust,
        /// What was left on it was taken off.
        Void,
    }
}
