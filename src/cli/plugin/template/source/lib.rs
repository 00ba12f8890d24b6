//! Gets the codes of a pool from a partner's web service.

use scrip_plugin::{Claim, Issued, Source, SourceError, export_source, http};
use serde::{Deserialize, Serialize};

/// The plugin.
pub struct Plugin;

/// A binding's configuration; plugin.toml has its schema.
#[derive(Deserialize)]
pub struct Config {
    /// What the partner calls the campaign.
    campaign: String,
}

/// What is asked.
#[derive(Serialize)]
struct Question<'a> {
    campaign: &'a str,
    customer: &'a str,
}

/// What is answered.
#[derive(Deserialize)]
struct Answer {
    code: String,
}

impl Source for Plugin {
    type Config = Config;

    fn issue(claim: &Claim<Config>) -> Result<Issued, SourceError> {
        let answer: Answer = http::Request::post("https://api.partner.example/codes")
            // The host fills the secret in on the way out: a plugin never holds one.
            .header("authorization", "Bearer {{secret.token}}")
            // The same for the same claim: the partner has to give the same code again.
            .header("idempotency-key", &claim.idempotency_key)
            .json(&Question { campaign: &claim.config.campaign, customer: &claim.customer.id })?
            .send()?
            .success()?
            .json()?;
        Ok(Issued::code(answer.code))
    }
}

export_source!(Plugin);
