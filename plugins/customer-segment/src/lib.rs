//! Lets a coupon be used by customers of some segments. A segment is a set of conditions on the customer's
//! attributes, all of which hold; a customer has to be in one of the configured segments.

use scrip_plugin::{Attributes, Check, Decimal, Failure, Restriction, Verdict, export_restriction};
use serde::Deserialize;
use serde_json::Value;

/// The plugin.
pub struct CustomerSegment;

/// A binding's configuration; plugin.toml has its schema.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The segments whose customers may use a coupon.
    segments: Vec<Segment>,
    /// What other customers are told.
    #[serde(default = "not_for_you")]
    message: String,
}

/// Customers of whom all conditions hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its name, for the log.
    name: String,
    /// What has to hold.
    conditions: Vec<Condition>,
}

/// What has to hold of one attribute: everything that is given here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// The attribute. Where it is a list, one of its elements has to meet each bound.
    attribute: String,
    /// Equal to one of these.
    one_of: Option<Vec<Value>>,
    /// Equal to none of these; a customer without the attribute meets this.
    none_of: Option<Vec<Value>>,
    /// A number of at least this.
    at_least: Option<Decimal>,
    /// A number of at most this.
    at_most: Option<Decimal>,
}

fn not_for_you() -> String {
    "not for this customer".to_owned()
}

impl Segment {
    fn contains(&self, attributes: &Attributes) -> Result<bool, Failure> {
        for condition in &self.conditions {
            if !condition.holds(attributes)? {
                return Ok(false);
            }
        }
        scrip_plugin::debug!("the customer is in the segment {:?}", self.name);
        Ok(true)
    }
}

impl Condition {
    fn holds(&self, attributes: &Attributes) -> Result<bool, Failure> {
        let values = match attributes.get(&self.attribute)? {
            Some(Value::Array(values)) => values,
            Some(value) => vec![value],
            None => Vec::new(),
        };
        let is_in = |set: &[Value]| values.iter().any(|value| set.iter().any(|one| same(one, value)));
        let is_number = |bound: &dyn Fn(Decimal) -> bool| values.iter().filter_map(number).any(bound);
        Ok(self.one_of.as_ref().is_none_or(|set| is_in(set))
            && self.none_of.as_ref().is_none_or(|set| !is_in(set))
            && self.at_least.is_none_or(|least| is_number(&|number| number >= least))
            && self.at_most.is_none_or(|most| is_number(&|number| number <= most)))
    }
}

/// Numbers are the same by value, 1 as 1.0; all else is to the letter.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => number(one) == number(other),
        _ => one == other,
    }
}

/// The number that an attribute holds, as a JSON number or as text.
fn number(value: &Value) -> Option<Decimal> {
    Decimal::deserialize(value).ok()
}

impl Restriction for CustomerSegment {
    type Config = Config;

    fn check(check: &Check<Config>) -> Result<Vec<Verdict>, Failure> {
        let Some(customer) = &check.customer else {
            return Ok(check.refuse_all("sign in: it is only for some customers"));
        };
        for segment in &check.config.segments {
            if segment.contains(&customer.attributes)? {
                return Ok(check.allow_all());
            }
        }
        Ok(check.refuse_all(&check.config.message))
    }
}

export_restriction!(CustomerSegment);
