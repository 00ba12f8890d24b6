//! The mutations of plugins: trying one, and loading its files again. Neither changes a coupon.

use async_graphql::{Context, ID, Object, Result};

use super::user_errors;
use crate::{
    asking::session,
    failure::failed,
    input::PluginTestInput,
    types::{Plugin, PluginPayload, PluginTestPayload, PluginTestResult},
    visible,
};
use scrip_domain::rejection::{Input, Refusal, Rejection, Step};
use scrip_plugins::{CheckRequest, CodeRequest, PluginKind, Plugins};

#[derive(Debug, Default)]
pub(super) struct PluginMutation;

#[Object]
impl PluginMutation {
    /// Tries a plugin on a sample, and shows what it answers, uses, logs and asks of the network. Nothing is claimed,
    /// redeemed or recorded, and nothing is sent unless that is asked for.
    #[graphql(visible = "visible::manage_plugins")]
    async fn plugin_test(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which plugin, and the sample.")] input: PluginTestInput,
    ) -> Result<Option<PluginTestPayload>> {
        let plugins = session(ctx)?.manage_plugins().map_err(|failure| failed(ctx, &failure))?;
        Ok(Some(match plugins {
            Some(plugins) => match tried(plugins, &input).await {
                Ok(result) => PluginTestPayload { result: Some(result), user_errors: Vec::new() },
                Err(refusals) => PluginTestPayload { result: None, user_errors: user_errors(refusals) },
            },
            None => PluginTestPayload { result: None, user_errors: user_errors(vec![unknown(Input::Plugin)]) },
        }))
    }

    /// Loads a plugin's files again. Where they cannot be used the build before stays in use, and the plugin's problem
    /// says why.
    #[graphql(visible = "visible::manage_plugins")]
    async fn plugin_reload(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The plugin's id.")] id: ID,
    ) -> Result<Option<PluginPayload>> {
        let loaded = session(ctx)?.reload_plugin(&id).await.map_err(|failure| failed(ctx, &failure))?;
        Ok(Some(match loaded {
            Some(plugin) => {
                let wrong = plugin.problem().map(|reason| Rejection::ValueInvalid { reason }.at([Input::Id]));
                let user_errors = user_errors(wrong.into_iter().collect());
                PluginPayload { plugin: Some(Plugin(plugin)), user_errors }
            }
            None => PluginPayload { plugin: None, user_errors: user_errors(vec![unknown(Input::Id)]) },
        }))
    }
}

/// What a trial came to, or what is wrong with what was asked.
async fn tried(plugins: &Plugins, input: &PluginTestInput) -> Result<PluginTestResult, Vec<Refusal>> {
    let plugin = plugins.get(&input.plugin).ok_or_else(|| vec![unknown(Input::Plugin)])?;
    let invalid = |reason: String| vec![Rejection::ValueInvalid { reason }.at([Input::Plugin])];
    let build = plugin.build().ok_or_else(|| invalid(plugin.problem().unwrap_or_default()))?;
    let config = input.config();
    build.check_config(&config).map_err(|faults| {
        let fault = |fault: scrip_plugins::ConfigFault| {
            let config = std::iter::once(Step::from(Input::Config));
            Rejection::ValueInvalid { reason: fault.reason }.at(config.chain(fault.path.into_iter().map(Step::named)))
        };
        faults.into_iter().map(fault).collect::<Vec<_>>()
    })?;
    let busy = |failure: scrip_plugins::PluginFailure| invalid(failure.to_string());
    Ok(match build.manifest.kind {
        PluginKind::Restriction => {
            let request = CheckRequest { config, ..input.request().map_err(|refusal| vec![refusal])? };
            PluginTestResult::of_check(plugins.try_check(&plugin.id, &request).await.map_err(busy)?)
        }
        PluginKind::Source => {
            let request = CodeRequest { config, ..input.request().map_err(|refusal| vec![refusal])? };
            PluginTestResult::of_issue(plugins.try_issue(&plugin.id, &request, input.send).await.map_err(busy)?)
        }
    })
}

fn unknown(field: Input) -> Refusal {
    Rejection::NotFound { what: "plugin", by: "id" }.at([field])
}
