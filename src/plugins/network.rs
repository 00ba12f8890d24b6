//! The network as a call sees it: the real one behind its gates, canned answers of a fixture, or none.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    HttpError, HttpRequest, HttpResponse,
    egress::{Egress, HIDDEN},
    limits::{Limits, kib},
};

/// What answers a guest's requests.
#[derive(Debug, Clone)]
pub enum Network {
    /// None: a restriction has none.
    None,
    /// The real one, for a pool by its id.
    Real(Arc<Egress>, Arc<str>),
    /// Nothing is sent: a request that passes the gates is denied with a word about that.
    Dry(Arc<Egress>),
    /// Nothing is sent: requests that pass the gates get these answers, in order; then everything is unreachable.
    Canned(Arc<Egress>, VecDeque<Result<HttpResponse, HttpError>>),
}

impl Network {
    /// Answers a request.
    pub(super) async fn send(
        &mut self,
        request: HttpRequest,
        limits: &Limits,
        time: Duration,
    ) -> Result<HttpResponse, HttpError> {
        match self {
            Self::None => Err(HttpError::Denied("a restriction reaches no network".to_owned())),
            Self::Real(egress, pool) => egress.send(request, pool, limits, time).await,
            Self::Dry(egress) => {
                egress.rehearse(request, limits)?;
                Err(HttpError::Denied("this is a dry run: nothing is sent".to_owned()))
            }
            Self::Canned(egress, answers) => {
                // An answer is used up by the request that it is for, also where that is refused.
                let answer = answers.pop_front();
                egress.rehearse(request, limits)?;
                let none = || Err(HttpError::Unreachable("the fixture has no further answer".to_owned()));
                let answer = answer.unwrap_or_else(none)?;
                if answer.body.len() > kib(limits.response_kib) {
                    return Err(HttpError::TooLarge);
                }
                Ok(answer)
            }
        }
    }

    /// What of a request looks like a secret's place and is none, for whoever writes the plugin.
    pub(super) fn strays(&self, request: &HttpRequest) -> Vec<String> {
        match self {
            Self::Dry(egress) | Self::Canned(egress, _) | Self::Real(egress, _) => egress.secrets().strays(request),
            Self::None => Vec::new(),
        }
    }

    /// Whether a text has a secret in it, or what stands for one that was taken out of an answer.
    pub(super) fn has_secret(&self, text: &str) -> bool {
        text.contains(HIDDEN) || self.hide(text) != text
    }

    /// A text of the guest's without the secrets that it may have got hold of.
    pub(super) fn hide(&self, text: &str) -> String {
        match self {
            Self::Real(egress, _) => egress.secrets().hide_text(text),
            Self::None | Self::Dry(_) | Self::Canned(..) => text.to_owned(),
        }
    }
}
