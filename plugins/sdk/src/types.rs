//! What the host tells a plugin about pools, customers, baskets and coupons, as plain types. Every amount is
//! an exact [`Decimal`], every time an RFC 3339 text in UTC ("2026-05-01T10:00:00Z").

use crate::{
    bindings::restriction::coupon::plugin::types as wire,
    decimal::Decimal,
    json::{Attributes, Failure},
};

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// How much.
    pub amount: Decimal,
    /// The currency's ISO 4217 code, "EUR"; none where the coupon is good in any currency.
    pub currency: Option<String>,
}

/// What a coupon is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A fixed amount off.
    Amount(Money),
    /// A percentage off: 12.5 is an eighth.
    Percentage(Decimal),
    /// No shipping costs.
    FreeShipping,
    /// A balance that is spent over one or more purchases.
    GiftCard(Money),
}

/// The pool that the plugin is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its id in the API.
    pub id: String,
    /// The operator's own id for it, if it has one.
    pub external_id: Option<String>,
    /// Its name.
    pub name: String,
    /// What its new coupons are worth.
    pub value: Value,
}

/// A customer.
#[derive(Debug, Clone)]
pub struct Customer {
    /// The operator's own id of the customer.
    pub id: String,
    /// The address for mail, if it is known.
    pub email: Option<String>,
    /// The customer's currency as an ISO 4217 code, if it is known.
    pub currency: Option<String>,
    /// What else the operator knows about the customer.
    pub attributes: Attributes,
}

/// One line of a basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The product's id.
    pub product_id: String,
    /// How many of it.
    pub quantity: u32,
    /// The price of one.
    pub unit_price: Decimal,
}

/// What is about to be bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basket {
    /// The currency of all its prices, an ISO 4217 code.
    pub currency: String,
    /// The store, if it is bought in one.
    pub store_id: Option<String>,
    /// The costs of shipping, if they are known.
    pub shipping: Option<Decimal>,
    /// What is in it.
    pub lines: Vec<Line>,
}

impl Basket {
    /// How many items are in it, over all lines.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.quantity)).sum()
    }

    /// What its lines cost, without shipping and discounts.
    #[must_use]
    pub fn subtotal(&self) -> Decimal {
        self.lines.iter().fold(Decimal::ZERO, |sum, line| sum.plus(line.unit_price.times(line.quantity)))
    }
}

/// A coupon that is to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// Its id in the API.
    pub id: String,
    /// Its code.
    pub code: String,
    /// What it is worth.
    pub value: Value,
    /// A gift card's balance.
    pub balance: Option<Decimal>,
    /// When it was claimed, if it was.
    pub claimed_at: Option<String>,
    /// When it ends, if it does.
    pub expires_at: Option<String>,
    /// How often it was used.
    pub usages: u32,
}

/// A decimal as the host wrote it; `path` says which one is none.
fn decimal(path: &str, text: &str) -> Result<Decimal, Failure> {
    text.parse().map_err(|error| Failure::new(format!("{path} {text:?}: {error}")))
}

fn money(path: &str, money: wire::Money) -> Result<Money, Failure> {
    Ok(Money { amount: decimal(path, &money.amount)?, currency: money.currency })
}

fn value(path: &str, value: wire::CouponValue) -> Result<Value, Failure> {
    Ok(match value {
        wire::CouponValue::Amount(amount) => Value::Amount(money(path, amount)?),
        wire::CouponValue::Percentage(percentage) => Value::Percentage(decimal(path, &percentage)?),
        wire::CouponValue::FreeShipping => Value::FreeShipping,
        wire::CouponValue::GiftCard(amount) => Value::GiftCard(money(path, amount)?),
    })
}

impl TryFrom<wire::Pool> for Pool {
    type Error = Failure;

    fn try_from(pool: wire::Pool) -> Result<Self, Failure> {
        let value = value("pool.value", pool.value)?;
        Ok(Self { id: pool.id, external_id: pool.external_id, name: pool.name, value })
    }
}

impl From<wire::Customer> for Customer {
    fn from(customer: wire::Customer) -> Self {
        let attributes = Attributes::new(customer.attributes);
        Self { id: customer.id, email: customer.email, currency: customer.currency, attributes }
    }
}

impl TryFrom<wire::Basket> for Basket {
    type Error = Failure;

    fn try_from(basket: wire::Basket) -> Result<Self, Failure> {
        let line = |line: wire::Line| {
            let unit_price = decimal("basket.lines.unitPrice", &line.unit_price)?;
            Ok(Line { product_id: line.product_id, quantity: line.quantity, unit_price })
        };
        let shipping = basket.shipping.map(|shipping| decimal("basket.shipping", &shipping)).transpose()?;
        let lines = basket.lines.into_iter().map(line).collect::<Result<_, Failure>>()?;
        Ok(Self { currency: basket.currency, store_id: basket.store_id, shipping, lines })
    }
}

impl TryFrom<wire::Coupon> for Coupon {
    type Error = Failure;

    fn try_from(coupon: wire::Coupon) -> Result<Self, Failure> {
        Ok(Self {
            value: value("coupons.value", coupon.value)?,
            balance: coupon.balance.map(|balance| decimal("coupons.balance", &balance)).transpose()?,
            id: coupon.id,
            code: coupon.code,
            claimed_at: coupon.claimed_at,
            expires_at: coupon.expires_at,
            usages: coupon.usages,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Basket, wire};

    fn basket(unit_price: &str) -> wire::Basket {
        let line = |quantity, unit_price: &str| wire::Line {
            product_id: "mug".to_owned(),
            quantity,
            unit_price: unit_price.to_owned(),
        };
        wire::Basket {
            currency: "EUR".to_owned(),
            store_id: None,
            shipping: Some("4.90".to_owned()),
            lines: vec![line(2, "9.95"), line(1, unit_price)],
        }
    }

    #[test]
    fn a_basket_is_counted_exactly() {
        let basket = Basket::try_from(basket("0.10")).expect("valid");
        assert_eq!(basket.items(), 3);
        assert_eq!(basket.subtotal().to_string(), "20.00");
    }

    #[test]
    fn a_wrong_amount_is_named() {
        let error = Basket::try_from(basket("a lot")).expect_err("no amount").to_string();
        assert!(error.starts_with("basket.lines.unitPrice \"a lot\": expected an exact decimal"), "{error}");
    }
}
