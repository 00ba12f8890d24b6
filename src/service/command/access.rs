//! The inputs of what is kept of customers, keys and the programme.

use scrip_domain::{
    access::{ApiKey, Role},
    combining::PercentagesOf,
    currency::Currency,
    customer::Email,
    group::GroupId,
    id::CustomerId,
};

/// Settings that change: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct SettingsEdit {
    /// Whether a completed checkout redeems the coupons that passed.
    pub auto_redeem: Option<bool>,
    /// Of what percentages are.
    pub percentages_of: Option<PercentagesOf>,
    /// How many coupons a checkout takes.
    pub coupons_per_checkout: Option<i32>,
    /// How many of one category.
    pub coupons_per_category: Option<Option<i32>>,
}

/// Keep a new API key.
#[derive(Debug, Clone)]
pub struct KeyAdd(pub Box<ApiKey>);

/// Edit an API key: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct KeyEdit {
    /// The id of the key.
    pub id: String,
    /// A new name.
    pub name: Option<String>,
    /// Another role.
    pub role: Option<Role>,
    /// Another end, in milliseconds since 1970.
    pub expires_at: Option<Option<i64>>,
    /// Other groups.
    pub groups: Option<Vec<GroupId>>,
    /// Another number of requests a minute.
    pub requests: Option<Option<u32>>,
    /// Another cost a minute.
    pub cost: Option<Option<u32>>,
}

/// Revoke an API key.
#[derive(Debug, Clone)]
pub struct KeyRevoke {
    /// The id of the key.
    pub id: String,
}

/// Keep a new API key like another, which ends.
#[derive(Debug, Clone)]
pub struct KeyRotate {
    /// The id of the other.
    pub id: String,
    /// After how many minutes that ends.
    pub minutes: i64,
    /// The new one; its name, role, end, groups and budget are those of the other.
    pub new: Box<ApiKey>,
}

/// What is to be known of a customer: what is absent stays; `Some(None)` clears.
#[derive(Debug, Clone)]
pub struct CustomerEdit {
    /// Who.
    pub id: CustomerId,
    /// The e-mail address.
    pub email: Option<Option<Email>>,
    /// The currency that the customer pays in.
    pub currency: Option<Option<Currency>>,
    /// A JSON object.
    pub attributes: Option<serde_json::Value>,
}

/// Make a group of users.
#[derive(Debug, Clone)]
pub struct UserGroupCreate {
    /// What people call it.
    pub name: String,
}

/// Call a group of users otherwise.
#[derive(Debug, Clone)]
pub struct UserGroupUpdate {
    /// Which.
    pub id: GroupId,
    /// What people call it.
    pub name: String,
}
