//! What is noted of a request while it is answered, for its line in the log.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_graphql::parser::types::OperationType;
use axum::http::HeaderMap;

use super::{access, budgets::Told, guests::Standing, log::cut};
use scrip_graphql::{Admitted, RequestId};
use scrip_service::{Scrip, Session};

/// The notes of one request. Every copy is the same.
#[derive(Debug, Clone)]
pub(super) struct Notes {
    id: RequestId,
    standing: Option<Arc<Standing>>,
    /// From where it comes, where that is known.
    address: Option<IpAddr>,
    noted: Arc<Mutex<Noted>>,
}

/// What there is to tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Noted {
    /// The name of the key that it came with, or what else it came with.
    pub(super) key: Option<String>,
    /// The kind of its operation.
    pub(super) kind: Option<&'static str>,
    /// The operation's name.
    pub(super) operation: Option<String>,
    /// What it costs.
    pub(super) cost: Option<u64>,
    /// The origin of the page that it was refused to.
    pub(super) refused_origin: Option<String>,
    /// What its caller is told of its budgets.
    pub(super) budgets: Option<Told>,
}

impl Notes {
    /// Of a request with this id, on a connection, from an address.
    pub(super) fn new(id: RequestId, standing: Option<Arc<Standing>>, address: Option<IpAddr>) -> Self {
        Self { id, standing, address, noted: Arc::default() }
    }

    /// The request's id.
    pub(super) fn id(&self) -> RequestId {
        self.id.clone()
    }

    /// All of them.
    pub(super) fn read(&self) -> Noted {
        self.noted().clone()
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Scrip as the holder of the key has it that a request carries.
    pub(super) async fn session(&self, scrip: &Arc<Scrip>, headers: &HeaderMap) -> Option<Session> {
        self.known(access::session(scrip, headers, self.address, &self.id.0).await)
    }

    /// The same of a key that stands in a text such as "Bearer KEY".
    pub(super) async fn bearer(&self, scrip: &Arc<Scrip>, value: &str) -> Option<Session> {
        self.known(access::bearer(scrip, value, self.address, &self.id.0).await)
    }

    /// Notes who asks: its connection is no stranger's any more.
    fn known(&self, session: Option<Session>) -> Option<Session> {
        let session = session?;
        if let Some(standing) = &self.standing {
            standing.is_known(&session.actor().id);
        }
        self.noted().key = Some(session.actor().label().to_owned());
        Some(session)
    }

    /// Where its connection stands, where it is known.
    pub(super) fn standing(&self) -> Option<&Standing> {
        self.standing.as_deref()
    }

    /// Notes what its caller is told of its budgets.
    pub(super) fn budgeted(&self, told: Told) {
        self.noted().budgets = Some(told);
    }

    /// What its caller is told of its budgets.
    pub(super) fn budgets(&self) -> Option<Told> {
        self.noted().budgets.clone()
    }

    /// Notes what is executed.
    pub(super) fn admitted(&self, admitted: &Admitted) {
        let mut noted = self.noted();
        noted.operation = admitted.name.as_deref().map(|name| cut(name).to_owned());
        noted.kind = admitted.kind.map(|kind| match kind {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        });
        noted.cost = Some(admitted.price.requested());
    }

    /// Tells of an operation over a socket, whose own line is written when it is opened.
    pub(super) fn tell_of_operation(&self) {
        let Noted { key, kind, operation, cost, .. } = self.read();
        tracing::info!(target: "scrip::request", key, kind, operation, cost, request = self.id.0, "operation");
    }

    /// Notes a page of which site was refused.
    pub(super) fn refused(&self, headers: &HeaderMap) {
        let origin = headers.get(axum::http::header::ORIGIN).and_then(|origin| origin.to_str().ok());
        self.noted().refused_origin = Some(cut(origin.unwrap_or("unknown")).to_owned());
    }
}
