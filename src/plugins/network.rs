//! The network as a call sees it: the real one behind its gates, canned answers of a fixture, or none.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{HttpError, HttpRequest, HttpResponse, egress::Egress, limits::Limits};

/// What answers a guest's requests.
#[derive(Debug, Clone)]
pub enum Network {
    /// None: what is asked is noted, and denied.
    None,
    /// The real one, for a pool by its id.
    Real(Arc<Egress>, Arc<str>),
    /// These answers, in order; then everything is unreachable.
    Canned(VecDeque<Result<HttpResponse, HttpError>>),
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
            Self::None => Err(HttpError::Denied("this is a dry run: nothing is sent".to_owned())),
            Self::Real(egress, pool) => egress.send(request, pool, limits, time).await,
            Self::Canned(answers) => answers
                .pop_front()
                .unwrap_or_else(|| Err(HttpError::Unreachable("the fixture has no further answer".to_owned()))),
        }
    }

    /// A text of the guest's without the secrets that it may have got hold of.
    pub(super) fn hide(&self, text: &str) -> String {
        match self {
            Self::Real(egress, _) => egress.secrets().hide_text(text),
            Self::None | Self::Canned(_) => text.to_owned(),
        }
    }
}
