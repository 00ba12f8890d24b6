//! What can be asked to be changed, and what is answered. Each use case has a type for its input, which carries everything
//! that its decision needs from its caller, declares what it demands of who asks, and has an answer of its own. A
//! [`Command`] is any of them, as the committer takes them.

mod access;
mod answer;
mod books;
mod coupons;
mod erasure;
mod jobs;
mod pools;
mod till;

pub use access::{CustomerEdit, KeyAdd, KeyEdit, KeyRevoke, KeyRotate, SettingsEdit, UserGroupCreate, UserGroupUpdate};
pub use answer::{Added, Agreed, Answer, Changed, Edited, FromAnswer, Generated, HeldCheckout, Skipped};
pub(super) use books::Whose;
pub use books::{
    AuditNote, ClockConfirm, Expire, Forget, HoldingsBegin, HoldingsFound, IdsBegin, KeysUsed, ListPurchases,
    PartnerTold, ReleaseOver, TokenKeyBegin,
};
pub use coupons::{Adjust, Claim, CouponRef, Extend, Invalidate, Redeem, Reinstate, Transfer, Unassign, Unredeem};
pub use erasure::{Erase, EraseFurther, ErasePart, Place};
pub use jobs::{JobCancel, JobDraft, JobForget, JobStart, JobStep, RowTask, StepRow, Work};
pub use pools::{
    Apply, CouponsAdd, CouponsGenerate, PoolArchive, PoolCreate, PoolEdit, PoolUpdate, RestrictionsEdit, Whole,
};
pub use till::{Checkout, CheckoutOrder, CheckoutPreview, Hold, Presentation, Release, Return};

use super::{Action, EligibleOrder, EligibleRecord, PurchaseRecord};
use scrip_domain::{
    access::{ApiKey, Settings},
    customer::Customer,
    group::UserGroup,
    id::CustomerId,
    job::Job,
    pool::Pool,
};

/// A change that can be asked for: the type is its input.
pub trait UseCase: Into<Command> {
    /// What is answered where it was carried out.
    type Answer: FromAnswer + Send;
    /// What it demands of who asks.
    const DEMANDS: Action;
}

macro_rules! use_cases {
    ($($(#[$doc:meta])* $name:ident($input:ty) -> $answer:ty, $demands:ident;)+) => {
        /// Any change that is asked for.
        #[derive(Debug, Clone)]
        pub enum Command {
            $($(#[$doc])* $name($input)),+
        }

        impl Command {
            /// What it demands of who asks.
            #[must_use]
            pub fn demands(&self) -> Action {
                match self {
                    $(Self::$name(_) => <$input as UseCase>::DEMANDS),+
                }
            }
        }

        #[cfg(test)]
        impl Command {
            /// What it is called.
            pub(crate) fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name)),+
                }
            }

            /// What those are called that callers can ask for.
            pub(crate) fn of_callers() -> Vec<&'static str> {
                let all = [$((stringify!($name), <$input as UseCase>::DEMANDS)),+];
                all.into_iter().filter(|(_, demands)| *demands != Action::KeepBooks).map(|(name, _)| name).collect()
            }
        }

        $(
            impl UseCase for $input {
                type Answer = $answer;
                const DEMANDS: Action = Action::$demands;
            }

            impl From<$input> for Command {
                fn from(input: $input) -> Self {
                    Self::$name(input)
                }
            }
        )+
    };
}

use_cases! {
    /// Make a pool.
    PoolCreate(PoolCreate) -> Box<Pool>, ChangePools;
    /// Edit a pool.
    PoolUpdate(PoolUpdate) -> Edited, ChangePools;
    /// Archive a pool, or bring it back.
    PoolArchive(PoolArchive) -> Box<Pool>, ChangePools;
    /// Add codes to an uploaded pool.
    CouponsAdd(CouponsAdd) -> Added, AddCoupons;
    /// Add codes to a bulk pool.
    CouponsGenerate(CouponsGenerate) -> Generated, AddCoupons;
    /// Nothing by itself: a list that is carried out in parts.
    Whole(Whole) -> (), AddCoupons;
    /// Make a customer, or edit one.
    CustomerUpsert(Box<CustomerEdit>) -> Box<Customer>, ChangeCustomers;
    /// Begin to erase a customer.
    Erase(Erase) -> (), EraseCustomers;
    /// Erase one more part of a customer.
    EraseFurther(Box<EraseFurther>) -> (), KeepBooks;
    /// Claim a coupon of a pool.
    Claim(Claim) -> Changed, ClaimCoupons;
    /// Redeem a coupon.
    Redeem(Redeem) -> Changed, RedeemCoupons;
    /// Take a redemption back.
    Unredeem(Unredeem) -> Changed, UnredeemCoupons;
    /// Take a coupon back from its customer.
    Unassign(Unassign) -> Changed, ChangeCoupons;
    /// Hand a coupon over to another customer.
    Transfer(Transfer) -> Changed, ChangeCoupons;
    /// Take a coupon out of use.
    Invalidate(Invalidate) -> Changed, ChangeCoupons;
    /// Take an invalidation back.
    Reinstate(Reinstate) -> Changed, ChangeCoupons;
    /// Have a coupon last until another instant.
    Extend(Extend) -> Changed, ChangeCoupons;
    /// Change a gift card's balance by hand.
    Adjust(Adjust) -> Changed, ChangeCoupons;
    /// Complete a checkout.
    Checkout(Checkout) -> Agreed, CompleteCheckouts;
    /// Decide a checkout and change nothing.
    CheckoutPreview(CheckoutPreview) -> Agreed, PreviewCheckouts;
    /// Decide each of a customer's coupons, and change nothing.
    Eligible(Box<EligibleOrder>) -> Box<EligibleRecord>, PreviewCheckouts;
    /// Decide a checkout and hold what it would take.
    Hold(Hold) -> HeldCheckout, CompleteCheckouts;
    /// Give back what a checkout holds.
    Release(Release) -> HeldCheckout, CompleteCheckouts;
    /// Take a purchase back, or a part of it.
    Return(Return) -> Box<PurchaseRecord>, ReturnPurchases;
    /// Record that holds are over.
    ReleaseOver(ReleaseOver) -> (), KeepBooks;
    /// Change the settings.
    SettingsUpdate(SettingsEdit) -> Settings, ChangeSettings;
    /// Begin to seal ids with a secret, unless there is one.
    IdsBegin(IdsBegin) -> (), KeepBooks;
    /// Keep a new API key.
    KeyAdd(KeyAdd) -> Box<ApiKey>, ManageKeys;
    /// Edit a key.
    KeyEdit(KeyEdit) -> Box<ApiKey>, ManageKeys;
    /// Revoke a key.
    KeyRevoke(KeyRevoke) -> Box<ApiKey>, ManageKeys;
    /// Keep a new key in the place of another, which ends after a while.
    KeyRotate(KeyRotate) -> Box<ApiKey>, ManageKeys;
    /// Make a group of users.
    UserGroupCreate(UserGroupCreate) -> UserGroup, ManageGroups;
    /// Call a group of users otherwise.
    UserGroupUpdate(UserGroupUpdate) -> UserGroup, ManageGroups;
    /// Note when keys were last used.
    KeysUsed(KeysUsed) -> (), KeepBooks;
    /// Begin to seal customer tokens with a secret, where there is none or it is old.
    TokenKeyBegin(TokenKeyBegin) -> (), KeepBooks;
    /// Note in the audit what was done, or attempted, beside the committer.
    AuditNote(AuditNote) -> (), KeepBooks;
    /// Start a job.
    JobStart(JobStart) -> Box<Job>, ManageJobs;
    /// Stop a job.
    JobCancel(JobCancel) -> Box<Job>, ManageJobs;
    /// A step of a job.
    JobStep(Box<JobStep>) -> Box<Job>, KeepBooks;
    /// Forget an old job.
    JobForget(JobForget) -> (), KeepBooks;
    /// Forget answers to idempotency keys.
    Forget(Forget) -> (), KeepBooks;
    /// Note from now on what customers hold of a pool.
    HoldingsBegin(HoldingsBegin) -> (), KeepBooks;
    /// Note what a customer holds of a pool by what was found in the customer's history.
    HoldingsFound(Box<HoldingsFound>) -> (), KeepBooks;
    /// List purchases that versions without lists have recorded.
    ListPurchases(ListPurchases) -> (), KeepBooks;
    /// Believe what the clock says, however far ahead of the last batch it is.
    ClockConfirm(ClockConfirm) -> (), ConfirmClock;
    /// Record that the time of coupons is over.
    Expire(Expire) -> (), KeepBooks;
    /// Record what came of telling a pool's partner.
    PartnerTold(PartnerTold) -> (), KeepBooks;
}

impl Command {
    /// The customer of whom it writes something beside what becomes of coupons.
    pub(crate) fn customer(&self) -> Option<&CustomerId> {
        Some(match self {
            Self::CustomerUpsert(edit) => &edit.id,
            Self::Checkout(Checkout(order)) | Self::Hold(Hold { order, .. }) => &order.customer,
            Self::HoldingsFound(found) => &found.customer,
            _ => return None,
        })
    }

    /// The coupon that it is about, where that is named.
    pub(crate) fn coupon(&self) -> Option<&CouponRef> {
        Some(match self {
            Self::Redeem(Redeem { coupon, .. })
            | Self::Unredeem(Unredeem { coupon, .. })
            | Self::Unassign(Unassign { coupon, .. })
            | Self::Transfer(Transfer { coupon, .. })
            | Self::Invalidate(Invalidate { coupon, .. })
            | Self::Reinstate(Reinstate { coupon, .. })
            | Self::Extend(Extend { coupon, .. })
            | Self::Adjust(Adjust { coupon, .. }) => coupon,
            _ => return None,
        })
    }
}
