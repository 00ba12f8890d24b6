//! The inputs of baskets and checkouts.

use async_graphql::{ID, InputObject};

use crate::{
    global_id::{GlobalIds, customer_id},
    scalar::{CurrencyCode, DateTime, Decimal},
};
use scrip_domain::{
    basket::BasketDraft,
    id::TransactionId,
    rejection::{Input, Refusal},
};
use scrip_service::{CheckoutOrder, Presentation};

/// A basket.
#[derive(Debug, Clone, InputObject)]
pub struct BasketInput {
    /// The currency of all its amounts.
    pub currency: CurrencyCode,
    /// The store where it is paid; absent online.
    pub store_id: Option<ID>,
    /// The shipping costs.
    pub shipping: Option<Decimal>,
    /// What is bought: up to 1,000 lines.
    pub lines: Vec<BasketLineInput>,
}

/// One line of a basket.
#[derive(Debug, Clone, InputObject)]
pub struct BasketLineInput {
    /// The retailer's id of the product.
    pub product_id: ID,
    /// How many, at least 1.
    pub quantity: i32,
    /// What one costs: up to six decimals. The line is rounded half up once.
    pub unit_price: Decimal,
}

impl From<BasketInput> for BasketDraft {
    fn from(basket: BasketInput) -> Self {
        let line = |line: BasketLineInput| (line.product_id.0, line.quantity, line.unit_price.0);
        Self {
            currency: basket.currency.0,
            store: basket.store_id.map(|id| id.0),
            shipping: basket.shipping.map(|shipping| shipping.0),
            lines: basket.lines.into_iter().map(line).collect(),
        }
    }
}

/// A question which of a customer's coupons fit a basket.
#[derive(Debug, Clone, InputObject)]
pub struct EligibleInput {
    /// Whose coupons; the retailer's own id.
    pub customer_id: ID,
    /// What is to be bought.
    pub basket: BasketInput,
}

/// A checkout to be decided.
#[derive(Debug, Clone, InputObject)]
pub struct CheckoutInput {
    /// The purchase's id, which is recorded once.
    pub transaction_id: String,
    /// Who pays; the retailer's own id.
    pub customer_id: ID,
    /// What is bought.
    pub basket: BasketInput,
    /// The coupons presented, up to 50.
    pub coupons: Vec<CheckoutCouponInput>,
    /// What the customer was told is to be paid: a completed checkout that comes out otherwise is refused with
    /// PRICE_CHANGED and the new verdict. A preview tells what it comes to all the same.
    pub expected_payable: Option<Decimal>,
    /// When: a preview may name any instant; a completed checkout is decided at its arrival.
    pub at: Option<DateTime>,
    /// A key of the caller's, up to 255 characters: the same key and input gives the first answer again.
    pub idempotency_key: Option<String>,
}

/// A coupon presented at a checkout.
#[derive(Debug, Clone, InputObject)]
pub struct CheckoutCouponInput {
    /// The code as typed.
    pub code: String,
    /// Gift cards: how much is to be taken; absent takes all that is payable of what the card is for.
    pub amount: Option<Decimal>,
}

impl CheckoutInput {
    /// The service's order.
    pub fn order(self, ids: &GlobalIds) -> Result<CheckoutOrder, Refusal> {
        let presented = |coupon: CheckoutCouponInput| Presentation {
            code: coupon.code,
            amount: coupon.amount.map(|amount| amount.0),
        };
        let expected = self.expected_payable.map(|amount| scrip_domain::decimal::Decimal::parse(&amount.0));
        Ok(CheckoutOrder {
            transaction: TransactionId::parse(&self.transaction_id).map_err(|r| r.at([Input::TransactionId]))?,
            customer: customer_id(ids, &self.customer_id).map_err(|r| r.at([Input::CustomerId]))?,
            basket: self.basket.into(),
            coupons: self.coupons.into_iter().map(presented).collect(),
            at: self.at.map(|at| at.0),
            expected_payable: expected.transpose().map_err(|r| r.at([Input::ExpectedPayable]))?,
        })
    }
}
