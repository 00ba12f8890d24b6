//! The inputs of plugins: bindings of pools, and trials.

use async_graphql::{InputObject, Json};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::types::OnFailure;
use scrip_domain::{
    binding::Binding,
    rejection::{Input, Refusal, Rejection},
};

/// A plugin bound to a pool.
#[derive(Debug, Clone, InputObject)]
pub struct PluginBindingInput {
    /// The plugin's id; see the query plugins.
    pub plugin: String,
    /// Its configuration, which the plugin's schema has to accept; an empty object where it is absent.
    pub config: Option<Json<Value>>,
    /// What happens when it cannot be asked; REFUSE where it is absent. Not for a source.
    pub on_failure: Option<OnFailure>,
    /// Whether it is asked at a claim as well; not, where it is absent. Not for a source.
    pub at_claim: Option<bool>,
    /// Sources: whether the partner is told, in the background and at least once, when a coupon that it supplied is taken
    /// back from its customer, handed over to another, or given out again; not, where it is absent. Not for a check.
    pub tells_changes: Option<bool>,
}

impl From<PluginBindingInput> for Binding {
    fn from(input: PluginBindingInput) -> Self {
        Self {
            plugin: input.plugin,
            config: config(input.config),
            on_failure: input.on_failure.map_or_else(Default::default, Into::into),
            at_claim: input.at_claim.unwrap_or(false),
            tells_changes: input.tells_changes.unwrap_or(false),
        }
    }
}

/// A trial of a plugin.
#[derive(Debug, Clone, InputObject)]
pub struct PluginTestInput {
    /// The plugin's id.
    pub plugin: String,
    /// The configuration to try; an empty object where it is absent.
    pub config: Option<Json<Value>>,
    /// What it is asked: the fields of the contract's request as JSON, such as {"customer": {"id": "ann"}}. What is
    /// absent is filled with a plain sample.
    pub sample: Option<Json<Value>>,
    /// Sources: whether its requests are sent. They are only shown, unless this is true.
    #[graphql(default = false)]
    pub send: bool,
}

impl PluginTestInput {
    /// The configuration.
    #[must_use]
    pub fn config(&self) -> Value {
        config(self.config.clone())
    }

    /// The sample as a request.
    pub fn request<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let sample = config(self.sample.clone());
        let invalid =
            |error: serde_json::Error| Rejection::ValueInvalid { reason: error.to_string() }.at([Input::Sample]);
        serde_json::from_value(sample).map_err(invalid)
    }
}

fn config(given: Option<Json<Value>>) -> Value {
    given.map_or_else(|| Value::Object(serde_json::Map::new()), |Json(value)| value)
}
