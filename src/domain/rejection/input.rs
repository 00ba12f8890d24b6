//! What a refusal is about: the way to it through what a caller has sent.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::job::Field;

/// Lists the fields, each with its name in the API.
macro_rules! inputs {
    ($($field:ident $name:literal)*) => {
        /// A field of an input, or an argument. `Pool` and `Uploads` are of HTTP alone.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Input {
            $(#[doc = concat!("`", $name, "`.")] $field),*
        }

        impl Input {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$field),*];

            /// Its name in the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$field => $name),* }
            }

            /// The field with a name.
            fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$field),)* _ => None }
            }
        }
    };
}

inputs! {
    After "after"
    Amount "amount"
    Apply "apply"
    At "at"
    Attributes "attributes"
    Basket "basket"
    Before "before"
    ByteOrderMark "byteOrderMark"
    Category "category"
    Checks "checks"
    ClaimOnUse "claimOnUse"
    Code "code"
    CodePrefix "codePrefix"
    Codes "codes"
    Columns "columns"
    Config "config"
    CostPerMinute "costPerMinute"
    Count "count"
    Coupon "coupon"
    CouponId "couponId"
    CouponIds "couponIds"
    Coupons "coupons"
    CouponsPerCategory "couponsPerCategory"
    CouponsPerCheckout "couponsPerCheckout"
    Currency "currency"
    CustomerId "customerId"
    CustomerIds "customerIds"
    Delimiter "delimiter"
    Email "email"
    Encoding "encoding"
    ExcludedCharacters "excludedCharacters"
    ExcludedPhrases "excludedPhrases"
    ExpectedPayable "expectedPayable"
    ExpectedVersion "expectedVersion"
    ExpirationPeriod "expirationPeriod"
    ExpiresAt "expiresAt"
    ExternalId "externalId"
    Field "field"
    Filter "filter"
    First "first"
    Force "force"
    GroupIds "groupIds"
    Id "id"
    IdempotencyKey "idempotencyKey"
    Ids "ids"
    Last "last"
    LedgerEntryId "ledgerEntryId"
    Limits "limits"
    Line "line"
    Lines "lines"
    Matching "matching"
    MinimumRedemptionValue "minimumRedemptionValue"
    MinimumValue "minimumValue"
    Minutes "minutes"
    Name "name"
    PassTemplateId "passTemplateId"
    Pattern "pattern"
    PaysShipping "paysShipping"
    PerCustomer "perCustomer"
    Plugin "plugin"
    Pool "pool"
    PoolId "poolId"
    Position "position"
    ProductId "productId"
    Products "products"
    PurchaseMinimum "purchaseMinimum"
    Quantity "quantity"
    Reason "reason"
    Reference "reference"
    Remote "remote"
    RequestsPerMinute "requestsPerMinute"
    Restrictions "restrictions"
    Role "role"
    Sample "sample"
    Shipping "shipping"
    Stacking "stacking"
    StoreId "storeId"
    Stores "stores"
    TellsChanges "tellsChanges"
    TimeZone "timeZone"
    ToCustomerEmail "toCustomerEmail"
    ToCustomerId "toCustomerId"
    Total "total"
    TransactionId "transactionId"
    UnitPrice "unitPrice"
    UploadId "uploadId"
    Uploads "uploads"
    UserGroupId "userGroupId"
    ValidUntil "validUntil"
    Value "value"
}

/// A step on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To a field.
    Field(Input),
    /// To an item of a list, counted from 0.
    Place(usize),
    /// To what somebody else has named: a column of a file, a value of a plugin's configuration.
    Name(String),
}

impl From<Input> for Step {
    fn from(field: Input) -> Self {
        Self::Field(field)
    }
}

impl From<usize> for Step {
    fn from(place: usize) -> Self {
        Self::Place(place)
    }
}

impl From<Field> for Step {
    fn from(column: Field) -> Self {
        Self::named(column.name().to_owned())
    }
}

impl Step {
    /// To what has this name, which may be a field or a place: a step that was kept is the one that it was.
    #[must_use]
    pub fn named(name: String) -> Self {
        if let Some(field) = Input::named(&name) {
            return Self::Field(field);
        }
        // As a place is written: a name of digits, such as 007, stays a name.
        match name.parse() {
            Ok(place) if Self::Place(place).to_string() == name => Self::Place(place),
            _ => Self::Name(name),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.name()),
            Self::Place(place) => place.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Kept as a text, as versions before this kept it.
impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::named)
    }
}

/// The way to what a refusal is about; empty where it is about no single part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Path(Vec<Step>);

impl Path {
    /// Whether it leads to no single part.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its first step.
    #[must_use]
    pub fn first(&self) -> Option<&Step> {
        self.0.first()
    }

    /// Its steps as texts.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// The same from one level further up.
    #[must_use]
    pub fn within(mut self, outer: impl Into<Step>) -> Self {
        self.0.insert(0, outer.into());
        self
    }
}

impl<S: Into<Step>> FromIterator<S> for Path {
    fn from_iter<I: IntoIterator<Item = S>>(steps: I) -> Self {
        Self(steps.into_iter().map(Into::into).collect())
    }
}

/// Its steps with points between them: `lines.0.quantity`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_kept_as_texts() {
        let steps = [Step::from(Input::Lines), 12.into(), Field::ExpiresAt.into(), Step::named("007".to_owned())];
        let path: Path = steps.into_iter().collect();
        assert_eq!(path.to_string(), "lines.12.expires_at.007");
        let kept = serde_json::to_string(&path).expect("kept");
        assert_eq!(kept, r#"["lines","12","expires_at","007"]"#);
        assert_eq!(serde_json::from_str::<Path>(&kept).expect("read"), path);
        for field in Input::ALL {
            assert_eq!(Input::named(field.name()), Some(*field));
        }
    }
}
