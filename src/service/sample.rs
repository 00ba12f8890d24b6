//! What several tests are about.

use scrip_domain::{
    access::{ApiKey, KeyBudget, Role},
    period::instant_of,
};

/// A key that is good for ever.
pub(crate) fn key(id: &str, role: Role) -> Box<ApiKey> {
    Box::new(ApiKey {
        id: id.to_owned(),
        name: id.to_owned(),
        hash: id.repeat(20),
        created_at: instant_of(0).expect("an instant"),
        role,
        hint: String::new(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        groups: Vec::new(),
        budget: KeyBudget::default(),
    })
}
