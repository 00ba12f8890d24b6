//! Which coupons a file has, and whether it begins with a byte order mark: the fields of the API's CouponFilter as parameters of a URL. What is not known
//! or not well formed is refused by name, because a filter that is not applied gives out too much.

use serde::Deserialize;

use scrip_domain::{global_id::GlobalIds, id::CustomerId, period::Instant, pool_draft::check_code, status::Status};
use scrip_service::{CouponFilter, Sight, Span};

/// The parameters, all of them optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Parameters {
    /// Statuses, separated by commas.
    pub statuses: Option<String>,
    /// How the codes begin.
    pub code_prefix: Option<String>,
    /// Who holds them: the retailer's own id.
    pub customer_id: Option<String>,
    /// Claimed at or after this instant (RFC 3339).
    pub claimed_from: Option<String>,
    /// Claimed before this instant.
    pub claimed_to: Option<String>,
    /// Last redeemed at or after this instant.
    pub redeemed_from: Option<String>,
    /// Last redeemed before this instant.
    pub redeemed_to: Option<String>,
    /// Their time is over at or after this instant.
    pub expires_from: Option<String>,
    /// Their time is over before this instant.
    pub expires_to: Option<String>,
    /// Whether the file begins with a byte order mark.
    pub bom: Option<bool>,
}

impl Parameters {
    /// The filter, or what is wrong with it.
    pub fn check(&self, ids: &GlobalIds) -> Result<CouponFilter, String> {
        let span = |name: &str, from: &Option<String>, to: &Option<String>| {
            Ok::<_, String>(Span {
                from: instant(&format!("{name}From"), from)?,
                to: instant(&format!("{name}To"), to)?,
            })
        };
        let prefix = self.code_prefix.as_deref().filter(|prefix| !prefix.is_empty()).map(check_code).transpose();
        let customer = self.customer_id.as_deref().map(|id| CustomerId::parse(&ids.customer(id)?)).transpose();
        Ok(CouponFilter {
            statuses: statuses(self.statuses.as_deref().unwrap_or_default())?,
            pool: None,
            customer: customer.map_err(|rejection| format!("customerId: {rejection}"))?,
            code: None,
            prefix: prefix.map_err(|rejection| format!("codePrefix: {rejection}"))?,
            claimed: span("claimed", &self.claimed_from, &self.claimed_to)?,
            redeemed: span("redeemed", &self.redeemed_from, &self.redeemed_to)?,
            expires: span("expires", &self.expires_from, &self.expires_to)?,
            sight: Sight::default(),
        })
    }
}

fn instant(name: &str, text: &Option<String>) -> Result<Option<Instant>, String> {
    let parsed = text.as_deref().map(str::parse::<Instant>).transpose();
    parsed.map_err(|_| format!("{name}: expected an RFC 3339 instant such as 2026-05-01T12:00:00Z"))
}

fn statuses(list: &str) -> Result<Vec<Status>, String> {
    let named = |name: &str| Status::ALL.into_iter().find(|status| status.name() == name);
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    let known = || Status::ALL.map(Status::name).join(", ");
    names.map(|name| named(name).ok_or_else(|| format!("statuses: {name:?} is none of {}", known()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_a_filter_or_say_what_is_wrong() {
        let given = Parameters {
            statuses: Some("CLAIMED, EXPIRED".to_owned()),
            code_prefix: Some("AB".to_owned()),
            claimed_from: Some("2026-01-01T00:00:00Z".to_owned()),
            ..Parameters::default()
        };
        let filter = given.check(&GlobalIds::PLAIN).expect("a filter");
        assert_eq!(filter.statuses, [Status::Claimed, Status::Expired]);
        assert_eq!(filter.prefix.as_deref(), Some("AB"));
        assert!(filter.claimed.from.is_some() && filter.claimed.to.is_none());
        for (wrong, says) in [
            (Parameters { statuses: Some("NEW".to_owned()), ..Parameters::default() }, "statuses: \"NEW\" is none of"),
            (Parameters { redeemed_to: Some("today".to_owned()), ..Parameters::default() }, "redeemedTo: expected"),
            (Parameters { customer_id: Some(" ".to_owned()), ..Parameters::default() }, "customerId: expected"),
        ] {
            let reason = wrong.check(&GlobalIds::PLAIN).expect_err("a refusal");
            assert!(reason.starts_with(says), "{reason}");
        }
    }
}
