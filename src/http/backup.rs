//! `GET /backup`: all data as it is at this moment, for whoever has a key, as a file that `scrip restore` reads. What
//! breaks on the way ends the connection before the file's end, so that no file looks whole that is not.

use axum::{
    body::{Body, Bytes},
    extract::{Extension, Query, State, rejection::QueryRejection},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Deserialize;

use super::{App, graphql, notes::Notes};
use scrip_domain::causes::with_causes;
use scrip_service::{Failure, LEAST_BACKUP_RATE};

/// What can be asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// How many bytes are made in a second at most.
    rate: Option<u64>,
}

pub(super) async fn get(
    State(app): State<App>,
    Extension(notes): Extension<Notes>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let session = match graphql::asking(&app, &notes, &headers).await {
        Ok(session) => session,
        Err(refusal) => return *refusal,
    };
    if let Some(refusal) = graphql::file_over_budget(&app, &session, &notes) {
        return refusal;
    }
    let rate = match parameters {
        Ok(Query(Parameters { rate: Some(rate) })) if rate < LEAST_BACKUP_RATE => {
            let text = format!("expected a rate of at least {LEAST_BACKUP_RATE} bytes a second, found {rate}");
            return graphql::error(StatusCode::BAD_REQUEST, &text);
        }
        Ok(Query(Parameters { rate })) => rate,
        Err(rejection) => return graphql::error(StatusCode::BAD_REQUEST, &rejection.body_text()),
    };
    let mut backup = match session.backup(rate) {
        Ok(Some(backup)) => backup,
        Ok(None) => {
            let text = "a backup that was asked for is being taken already: ask again when it is done";
            return graphql::error(StatusCode::CONFLICT, text);
        }
        Err(failure) => return graphql::failed(&failure, "beginning a backup"),
    };
    tracing::info!(by = session.actor().label(), "a backup was asked for");
    // The first part tells whether there is any.
    let first = match backup.next().await {
        Some(Ok(first)) => first,
        failed => {
            tracing::error!(?failed, "a backup did not begin");
            return graphql::error(StatusCode::INTERNAL_SERVER_ERROR, "internal error");
        }
    };
    let name = format!("attachment; filename=\"{}\"", backup.name());
    let parts = stream::unfold(Some((Some(first), backup)), |sending| async {
        let (first, mut backup) = sending?;
        let part = match first {
            Some(first) => Ok(first),
            None => backup.next().await?,
        };
        match part {
            Ok(bytes) => Some((Ok(Bytes::from(bytes)), Some((None, backup)))),
            Err(error) => {
                tracing::error!(error = with_causes(&error), "a backup was cut short");
                Some((Err(Failure::from(error)), None))
            }
        }
    });
    let head = [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_DISPOSITION, name)];
    (head, Body::from_stream(parts)).into_response()
}
