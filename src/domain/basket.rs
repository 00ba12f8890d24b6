//! A basket at the checkout, with its amounts checked into the minor units of its currency.

use serde::Serialize;

use super::{
    currency::Currency,
    decimal::{Amount, Decimal, MAX_AMOUNT},
    id::checked_id,
    pool_draft::Faults,
    rejection::{Input, Refusal, Rejection, Step},
};

/// The most lines that a basket may have.
pub const MAX_LINES: usize = 1_000;
/// The most decimals of a unit price, whatever its currency: prices by the gram or the kilowatt-hour have more than a
/// minor unit.
const PRICE_DECIMALS: u8 = 6;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The retailer's id of the product.
    pub product: String,
    /// How many.
    pub quantity: u32,
    /// What one costs.
    pub unit_price: Decimal,
    /// Quantity times unit price, rounded half up once.
    pub amount: Amount,
}

/// A basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basket {
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Where it is paid; none online.
    pub store: Option<String>,
    /// The shipping costs.
    pub shipping: Amount,
    /// What is bought.
    pub lines: Vec<Line>,
}

/// A basket as it is asked about.
#[derive(Debug, Clone, Serialize)]
pub struct BasketDraft {
    /// An ISO 4217 code.
    pub currency: String,
    /// The store's id.
    pub store: Option<String>,
    /// Shipping costs as a decimal text.
    pub shipping: Option<String>,
    /// Product, quantity, unit price as a decimal text.
    pub lines: Vec<(String, i32, String)>,
}

impl BasketDraft {
    /// The basket, or all that is wrong with it.
    pub fn check(&self) -> Result<Basket, Vec<Refusal>> {
        let mut faults = Faults::default();
        let Some(currency) = faults.take(&[Input::Currency], Currency::parse(&self.currency)) else {
            return Err(faults.into_result().err().unwrap_or_default());
        };
        let store = self.store.as_deref().and_then(|id| faults.take(&[Input::StoreId], checked_id(id)));
        let shipping = self.shipping.as_deref().map(|text| price(text, currency));
        let shipping = shipping.and_then(|result| faults.take(&[Input::Shipping], result)).unwrap_or_default();
        if self.lines.len() > MAX_LINES {
            faults.add(&[Input::Lines], Rejection::LimitExceeded { what: "too many lines", limit: MAX_LINES as u64 });
        }
        let mut lines = Vec::new();
        for (number, line) in self.lines.iter().take(MAX_LINES).enumerate() {
            match line_of(line, currency) {
                Ok(line) => lines.push(line),
                Err(wrong) => {
                    for (field, rejection) in wrong {
                        let line = [Step::from(Input::Lines), number.into()];
                        faults.keep(rejection.at(line.into_iter().chain(field.map(Step::from))));
                    }
                }
            }
        }
        faults.into_result()?;
        Ok(Basket { currency, store, shipping, lines })
    }
}

impl Basket {
    /// What all its lines are worth.
    #[must_use]
    pub fn subtotal(&self) -> Amount {
        self.lines.iter().fold(Amount::ZERO, |sum, line| sum.plus(line.amount))
    }

    /// What the lines are worth whose product is listed; all of them where nothing is listed. None where something is
    /// listed and no line's product is. `products` is sorted.
    #[must_use]
    pub fn eligible(&self, products: &[String]) -> Option<Amount> {
        if products.is_empty() {
            return Some(self.subtotal());
        }
        let listed = |line: &&Line| products.binary_search(&line.product).is_ok();
        self.lines.iter().filter(listed).map(|line| line.amount).reduce(Amount::plus)
    }
}

/// A line, or what is wrong with which of its fields, or with all of it.
fn line_of(
    (product, quantity, unit_price): &(String, i32, String),
    currency: Currency,
) -> Result<Line, Vec<(Option<Input>, Rejection)>> {
    match (checked_id(product), count(*quantity), unit_price_of(unit_price, currency)) {
        (Ok(product), Ok(quantity), Ok(unit_price)) => match unit_price.times(quantity, currency.exponent()) {
            Some(amount) => Ok(Line { product, quantity, unit_price, amount }),
            None => Err(vec![(None, too_much(currency))]),
        },
        (product, quantity, unit_price) => {
            let wrong = [
                product.err().map(|rejection| (Some(Input::ProductId), rejection)),
                quantity.err().map(|rejection| (Some(Input::Quantity), rejection)),
                unit_price.err().map(|rejection| (Some(Input::UnitPrice), rejection)),
            ];
            Err(wrong.into_iter().flatten().collect())
        }
    }
}

/// A unit price: what one costs, which may have more decimals than the currency.
fn unit_price_of(text: &str, currency: Currency) -> Result<Decimal, Rejection> {
    let price = Decimal::parse(text)?.check_decimals(PRICE_DECIMALS.max(currency.exponent()))?;
    match price.times(1, currency.exponent()) {
        Some(_) => Ok(price),
        None if text.starts_with('-') => Err(below_zero()),
        None => Err(too_much(currency)),
    }
}

fn too_much(currency: Currency) -> Rejection {
    let most = Amount(MAX_AMOUNT).text(currency.exponent());
    Rejection::ValueInvalid { reason: format!("it is worth too much: at most {most} is possible here") }
}

fn below_zero() -> Rejection {
    Rejection::ValueInvalid { reason: "expected an amount of at least zero".to_owned() }
}

fn price(text: &str, currency: Currency) -> Result<Amount, Rejection> {
    match Decimal::parse(text)?.to_amount(currency.exponent())? {
        amount if amount >= Amount::ZERO => Ok(amount),
        _ => Err(below_zero()),
    }
}

fn count(quantity: i32) -> Result<u32, Rejection> {
    let expected = || Rejection::ValueInvalid { reason: "expected a quantity of at least 1".to_owned() };
    u32::try_from(quantity).ok().filter(|quantity| *quantity > 0).ok_or_else(expected)
}
