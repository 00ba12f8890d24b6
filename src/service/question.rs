//! What a decision has to ask a plugin. A decision never waits: where it lacks an answer it ends with its questions,
//! they are asked outside of the committer, and the command is decided again with the answers beside it. An answer
//! counts for exactly the question that was asked, so where the facts changed meanwhile it is asked again.

use super::turn::away;
use scrip_domain::period::Instant;
use scrip_plugins::{
    CheckRequest, CheckVerdict, CodeRequest, IssuedCode, PluginFailure, Plugins, SourceRefusal, shown,
};

/// How often a command is decided again before it is given up: each time its facts have changed meanwhile.
pub(super) const MAX_ROUNDS: usize = 5;

/// A question to a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// May these coupons be used?
    Check {
        /// The plugin's id.
        plugin: String,
        /// What is asked; its time is filled in when it is.
        request: Box<CheckRequest>,
    },
    /// A code, please.
    Code {
        /// The plugin's id.
        plugin: String,
        /// What is asked.
        request: Box<CodeRequest>,
    },
}

/// What a plugin said.
#[derive(Debug, Clone)]
enum Said {
    Verdicts(Result<Vec<CheckVerdict>, PluginFailure>),
    Code(Result<Result<IssuedCode, SourceRefusal>, PluginFailure>),
}

/// The questions that were asked for a command, and their answers.
#[derive(Debug, Default)]
pub(super) struct Answers(Vec<(Question, Said)>);

impl Answers {
    /// The verdicts that a check gave.
    pub(super) fn verdicts(&self, question: &Question) -> Option<Result<Vec<CheckVerdict>, PluginFailure>> {
        self.0.iter().rev().find(|(asked, _)| asked == question).and_then(|(_, said)| match said {
            Said::Verdicts(verdicts) => Some(verdicts.clone()),
            Said::Code(_) => None,
        })
    }

    /// The code that a source gave.
    pub(super) fn code(&self, question: &Question) -> Option<Result<Result<IssuedCode, SourceRefusal>, PluginFailure>> {
        self.0.iter().rev().find(|(asked, _)| asked == question).and_then(|(_, said)| match said {
            Said::Code(code) => Some(code.clone()),
            Said::Verdicts(_) => None,
        })
    }

    /// Asks all of the questions, one after the other, as of an instant.
    pub(super) async fn ask(&mut self, plugins: Option<&Plugins>, questions: Vec<Question>, now: Instant) {
        for question in questions {
            let said = match &question {
                Question::Check { plugin, request } => Said::Verdicts(match plugins {
                    Some(plugins) => {
                        let now = if request.now.is_empty() { now.to_string() } else { request.now.clone() };
                        let asked = CheckRequest { now, ..request.as_ref().clone() };
                        away(plugins.check(plugin, &asked)).await
                    }
                    None => Err(PluginFailure::NotLoaded(plugin.clone())),
                }),
                Question::Code { plugin, request } => Said::Code(match plugins {
                    Some(plugins) => {
                        let asked = CodeRequest { now: now.to_string(), ..request.as_ref().clone() };
                        away(plugins.issue(plugin, &asked)).await
                    }
                    None => Err(PluginFailure::NotLoaded(plugin.clone())),
                }),
            };
            note(plugins, &question, &said);
            self.0.push((question, said));
        }
    }
}

/// Failures are in the log, whatever they come to, as far as they are not too many.
fn note(plugins: Option<&Plugins>, question: &Question, said: &Said) {
    let (Question::Check { plugin, .. } | Question::Code { plugin, .. }) = question;
    let failed = !matches!(said, Said::Verdicts(Ok(_)) | Said::Code(Ok(Ok(_))));
    if failed && plugins.is_some_and(|plugins| !plugins.may_tell(plugin)) {
        return;
    }
    match (question, said) {
        (Question::Check { plugin, .. }, Said::Verdicts(Err(failure))) => {
            tracing::warn!(plugin, %failure, "a check could not be asked");
        }
        (Question::Code { plugin, .. }, Said::Code(Err(failure))) => {
            tracing::warn!(plugin, %failure, "a source could not be asked");
        }
        (Question::Code { plugin, .. }, Said::Code(Ok(Err(refusal)))) => {
            let reason = match refusal {
                SourceRefusal::Unavailable(reason) => format!("unavailable: {}", shown(reason)),
                SourceRefusal::Refused(reason) => format!("refused: {}", shown(reason)),
                SourceRefusal::Misconfigured(reason) => format!("misconfigured: {}", shown(reason)),
            };
            tracing::warn!(plugin, reason, "a source gave no code");
        }
        (_, Said::Verdicts(Ok(_)) | Said::Code(_)) | (Question::Code { .. }, Said::Verdicts(Err(_))) => {}
    }
}
