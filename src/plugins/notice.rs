//! What a source is told of a coupon that it has supplied, in shapes of no contract's version, as in
//! [`request`](super::request).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{PluginCoupon, PluginCustomer, PluginPool};

/// What has become of a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeEvent {
    /// It had come back, and the customer has it now.
    Claim,
    /// It was taken back from the customer.
    Unassign,
    /// The customer gave it to the receiver.
    Transfer,
}

/// A notice to a source: what has become of a coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct NoticeRequest {
    /// The same where the same notice comes again.
    pub id: String,
    /// What has become of it.
    pub event: NoticeEvent,
    /// When it did: RFC 3339.
    pub at: String,
    /// When it is told: RFC 3339. The contract does not tell it; a packed plugin's clock does.
    pub now: String,
    /// The pool.
    pub pool: PluginPool,
    /// The coupon, as it is now.
    pub coupon: PluginCoupon,
    /// Who had it, or, at a claim, has it.
    pub customer: PluginCustomer,
    /// Who has it after a transfer.
    pub receiver: Option<PluginCustomer>,
    /// The binding's configuration.
    pub config: Value,
}

impl Default for NoticeRequest {
    fn default() -> Self {
        let at = "2026-01-15T12:00:00Z".to_owned();
        Self {
            id: "notice-1".to_owned(),
            event: NoticeEvent::Unassign,
            now: at.clone(),
            at,
            pool: PluginPool::default(),
            coupon: PluginCoupon::default(),
            customer: PluginCustomer::default(),
            receiver: None,
            config: Value::Object(Map::new()),
        }
    }
}
