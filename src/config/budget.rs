//! The settings of how much each may ask for.

use serde::Deserialize;

use super::ConfigError;
use crate::http::{Budget, BudgetRules};

/// `[budget]` of a configuration file: settings as they stand in one place, each optional; 0 is no bound.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BudgetLayer {
    /// How many requests a second a key may send.
    pub requests: Option<u64>,
    /// How much cost a second.
    pub cost: Option<u64>,
    /// The same of a customer.
    pub customer_requests: Option<u64>,
    /// The same of a customer.
    pub customer_cost: Option<u64>,
}

/// More than any gateway does in a second.
const MOST: u64 = 1_000_000_000;

impl BudgetLayer {
    /// This layer over another.
    pub(super) fn over(self, lower: Self) -> Self {
        Self {
            requests: self.requests.or(lower.requests),
            cost: self.cost.or(lower.cost),
            customer_requests: self.customer_requests.or(lower.customer_requests),
            customer_cost: self.customer_cost.or(lower.customer_cost),
        }
    }

    /// What the layers came to.
    pub(super) fn check(self) -> Result<BudgetRules, ConfigError> {
        let first = BudgetRules::default();
        let one = |name, given: Option<u64>, first: Option<u64>| match given {
            None => Ok(first),
            Some(0) => Ok(None),
            Some(rate) if rate <= MOST => Ok(Some(rate)),
            Some(rate) => {
                let reason = format!("expected at most {MOST} a second, or 0 for no bound, found {rate}");
                Err(ConfigError::Value { name, reason })
            }
        };
        let key = Budget {
            requests: one("budget.requests", self.requests, first.key.requests)?,
            cost: one("budget.cost", self.cost, first.key.cost)?,
        };
        let customer = Budget {
            requests: one("budget.customer_requests", self.customer_requests, first.customer.requests)?,
            cost: one("budget.customer_cost", self.customer_cost, first.customer.cost)?,
        };
        Ok(BudgetRules { key, customer })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_as_at_first() {
        let layer = |text: &str| toml::from_str::<BudgetLayer>(text).expect("a layer").check();
        assert_eq!(layer("").expect("rules"), BudgetRules::default());
        let rules = layer("requests = 100\ncustomer_cost = 0").expect("rules");
        assert_eq!(rules.key, Budget { requests: Some(100), cost: None });
        assert_eq!(rules.customer, Budget { cost: None, ..BudgetRules::default().customer });
        assert!(layer("cost = 1000000001").is_err_and(|error| error.to_string().contains("budget.cost")));
    }
}
