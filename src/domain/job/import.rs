//! A row of a file that is imported: its cells by what they mean, checked as far as that needs nothing but the row. What
//! depends on the pool is decided with it.

use serde::{Deserialize, Serialize};

use crate::{
    id::CustomerId,
    period::{Instant, to_millisecond},
    pool_draft::check_code,
    rejection::{Refusal, Rejection},
    status::Status,
};

/// The longest cell that is read, in bytes.
pub const MAX_CELL: usize = 1_024;

/// What a column is (`ImportField` of the API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    /// The code.
    Code,
    /// The pool's id or external id.
    Pool,
    /// The customer whom the coupon is claimed for, or who holds it.
    Customer,
    /// The coupon's own value.
    Value,
    /// Its currency, which is its pool's.
    Currency,
    /// When its time is over.
    ExpiresAt,
    /// When it was claimed.
    ClaimedAt,
    /// Its status in the other system.
    Status,
    /// How often it was used.
    Usages,
    /// When it was last redeemed.
    RedeemedAt,
    /// What a gift card holds.
    Balance,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Code,
        Self::Pool,
        Self::Customer,
        Self::Value,
        Self::Currency,
        Self::ExpiresAt,
        Self::ClaimedAt,
        Self::Status,
        Self::Usages,
        Self::RedeemedAt,
        Self::Balance,
    ];

    /// Its name in files, which is also what exports call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Pool => "pool",
            Self::Customer => "customer",
            Self::Value => "value",
            Self::Currency => "currency",
            Self::ExpiresAt => "expires_at",
            Self::ClaimedAt => "claimed_at",
            Self::Status => "status",
            Self::Usages => "usages",
            Self::RedeemedAt => "redeemed_at",
            Self::Balance => "balance",
        }
    }

    /// The field that a column with this name is.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name: String = name.trim().to_lowercase().replace([' ', '-'], "_");
        match name.as_str() {
            "coupon" | "coupon_code" | "codes" => Some(Self::Code),
            "customer_id" => Some(Self::Customer),
            "pool_id" => Some(Self::Pool),
            name => Self::ALL.into_iter().find(|field| field.name() == name || field.name().replace('_', "") == name),
        }
    }
}

/// Where a coupon was in the other system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Its status there.
    pub status: Status,
    /// When it was claimed.
    pub claimed_at: Option<Instant>,
    /// How often it was used; none where that is not told.
    pub usages: Option<u32>,
    /// When it was last redeemed.
    pub redeemed_at: Option<Instant>,
    /// What a gift card holds, as it was written.
    pub balance: Option<String>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// The code.
    pub code: String,
    /// The pool, as it is written.
    pub pool: Option<String>,
    /// Who gets it, or holds it.
    pub customer: Option<CustomerId>,
    /// The coupon's own value, as it is written.
    pub value: Option<String>,
    /// The currency, as it is written.
    pub currency: Option<String>,
    /// When its time is over.
    pub expires_at: Option<Instant>,
    /// Of a coupon that is out already, where it was.
    pub holding: Option<Holding>,
}

impl ImportRow {
    /// A row that has nothing but a code.
    pub fn of_code(code: &str) -> Result<Self, Refusal> {
        let code = check_code(code).map_err(|rejection| rejection.at([Field::Code]))?;
        Ok(Self { code, pool: None, customer: None, value: None, currency: None, expires_at: None, holding: None })
    }

    /// Reads the cells that are not empty.
    pub fn read<'a>(cells: impl IntoIterator<Item = (Field, &'a str)>) -> Result<Self, Refusal> {
        let mut texts: [Option<&str>; Field::ALL.len()] = [None; Field::ALL.len()];
        for (field, text) in cells {
            let text = text.trim();
            if text.len() > MAX_CELL {
                return Err(
                    Rejection::LimitExceeded { what: "too many bytes in a cell", limit: MAX_CELL as u64 }.at([field])
                );
            }
            if let Some(place) = texts.get_mut(field as usize) {
                *place = Some(text).filter(|text| !text.is_empty());
            }
        }
        let text = |field: Field| texts.get(field as usize).copied().flatten();
        let instant = |field: Field| text(field).map(instant).transpose().map_err(|r| r.at([field]));
        let code = text(Field::Code).ok_or_else(|| Rejection::Required { what: "a code" }.at([Field::Code]))?;
        let mut row = Self::of_code(code)?;
        row.pool = text(Field::Pool).map(str::to_owned);
        let customer = text(Field::Customer).map(CustomerId::parse).transpose();
        row.customer = customer.map_err(|r| r.at([Field::Customer]))?;
        row.value = text(Field::Value).map(str::to_owned);
        row.currency = text(Field::Currency).map(str::to_owned);
        row.expires_at = instant(Field::ExpiresAt)?;
        let status = text(Field::Status).map(status).transpose().map_err(|r| r.at([Field::Status]))?;
        let usages = text(Field::Usages).map(whole).transpose().map_err(|r| r.at([Field::Usages]))?;
        let (claimed_at, redeemed_at) = (instant(Field::ClaimedAt)?, instant(Field::RedeemedAt)?);
        let balance = text(Field::Balance).map(str::to_owned);
        let told = claimed_at.is_some() || redeemed_at.is_some() || balance.is_some() || usages.unwrap_or(0) > 0;
        let status = status.or_else(|| told.then(|| told_status(usages, redeemed_at)));
        row.holding = match status {
            // What nobody has claimed is added as any other.
            Some(Status::Unassigned) if told || row.customer.is_some() => {
                let reason = "an UNASSIGNED coupon belongs to nobody and was never used: leave customer, claimed_at, \
                              usages, redeemed_at and balance empty, or give its real status"
                    .to_owned();
                return Err(Rejection::ValueInvalid { reason }.at([Field::Status]));
            }
            Some(Status::Unassigned) | None => None,
            Some(status) => Some(Holding { status, claimed_at, usages, redeemed_at, balance }),
        };
        Ok(row)
    }

    /// Whether it is nothing but a code.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let Self { code: _, pool: _, customer, value, currency, expires_at, holding } = self;
        customer.is_none() && value.is_none() && currency.is_none() && expires_at.is_none() && holding.is_none()
    }
}

/// The status of a coupon that is out, where the file does not tell it.
fn told_status(usages: Option<u32>, redeemed_at: Option<Instant>) -> Status {
    if usages.unwrap_or(u32::from(redeemed_at.is_some())) > 0 { Status::Redeemed } else { Status::Claimed }
}

fn instant(text: &str) -> Result<Instant, Rejection> {
    // Three of four people who write 01/02/2026 mean different days.
    let wrong = || {
        let reason = "expected an instant with its offset (RFC 3339), such as 2026-05-01T12:00:00Z".to_owned();
        Rejection::ValueInvalid { reason }
    };
    text.parse::<Instant>().map(to_millisecond).map_err(|_| wrong())
}

fn status(text: &str) -> Result<Status, Rejection> {
    let found = Status::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(text));
    let names = || Status::ALL.map(Status::name).join(", ");
    found.ok_or_else(|| Rejection::ValueInvalid { reason: format!("expected one of {}", names()) })
}

fn whole(text: &str) -> Result<u32, Rejection> {
    let wrong = || Rejection::ValueInvalid { reason: "expected a whole number, such as 0 or 1".to_owned() };
    text.parse().map_err(|_| wrong())
}
