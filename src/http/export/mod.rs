//! A pool's coupons as a file: `GET /pools/{id}/coupons.csv` and `.jsonl`, streamed as fast as it is read. A
//! part is made when the one before it is on its way, so a client that stops reading holds nothing up. What
//! breaks on the way ends the connection before the file's end, so that no file looks whole that is not.

mod filter;
pub(super) mod personal;

use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::{Extension, Path, Query, State, rejection::QueryRejection},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::stream;

use super::{
    App, graphql,
    lanes::{Lane, Lanes},
    notes::Notes,
};
use scrip_domain::{causes::with_causes, global_id::GlobalId, pool::Pool};
use scrip_graphql::pool_by_any_id;
use scrip_service::{Action, CouponFilter, Csv, File, Format, JsonLines, Session};

pub use filter::Parameters;
pub use personal::PersonalFile;

/// `GET /pools/{id}/{file}`.
pub(super) async fn get(
    State(app): State<App>,
    Extension(notes): Extension<Notes>,
    Path((id, file)): Path<(String, String)>,
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
    let pool = match pool_by_any_id(&session, &id) {
        Ok(Some(pool)) => pool,
        Ok(None) => return graphql::error(StatusCode::NOT_FOUND, "no pool is known by this id or externalId"),
        Err(failure) => return graphql::failed(&failure, "finding a pool"),
    };
    let ids = session.ids();
    let filter = parameters.map_err(|rejection| rejection.body_text()).and_then(|Query(parameters)| {
        let marked = parameters.bom.unwrap_or_default();
        if marked && file != "coupons.csv" {
            return Err("bom: only coupons.csv can begin with a byte order mark".to_owned());
        }
        Ok((parameters.check(ids)?, marked))
    });
    let (filter, marked) = match filter {
        Ok(found) => found,
        Err(reason) => return graphql::error(StatusCode::BAD_REQUEST, &reason),
    };
    match file.as_str() {
        "coupons.csv" => stream_file::<Csv>(app, &session, &pool, filter, marked).await,
        "coupons.jsonl" => stream_file::<JsonLines>(app, &session, &pool, filter, marked).await,
        _ => graphql::error(StatusCode::NOT_FOUND, "expected coupons.csv or coupons.jsonl"),
    }
}

async fn stream_file<F: Format>(
    app: App,
    session: &Session,
    pool: &Arc<Pool>,
    filter: CouponFilter,
    marked: bool,
) -> Response {
    if let Err(full) = app.held.admits(&session.actor().id, 0) {
        return graphql::error(StatusCode::TOO_MANY_REQUESTS, &full.to_string());
    }
    let file = match File::<F>::begin(session, pool, filter).await {
        Ok(file) => file.marked(marked),
        Err(failure) => return graphql::failed(&failure, "beginning an export"),
    };
    let id = session.ids().encode(&GlobalId::Pool(pool.id));
    let (lanes, held, session, of) = (Arc::clone(&app.lanes), app.held.clone(), session.clone(), pool.id);
    let parts = stream::unfold(Some((file, lanes, held, session)), move |state| async move {
        let (file, lanes, held, session) = state?;
        let key = session.actor().id.clone();
        // Each part is counted until it is on its way; whoever has too much unread waits.
        held.room(&key).await;
        if !session.again().is_some_and(|now| now.demand(Action::ExportCoupons).is_ok() && now.sees(of)) {
            tracing::warn!("an export was cut short: whoever asked for it may not have it any more");
            return Some((Err(io::Error::other("not any more")), None));
        }
        match next_part(file, &lanes, &key).await {
            Ok(Some((bytes, file))) => Some((Ok(held.text(&key, bytes)), Some((file, lanes, held, session)))),
            Ok(None) => None,
            Err(reason) => {
                tracing::error!(%reason, "an export was cut short");
                Some((Err(io::Error::other(reason)), None))
            }
        }
    });
    let name = format!("attachment; filename=\"pool-{id}.{}\"", F::EXTENSION);
    ([(CONTENT_TYPE, F::MEDIA.to_owned()), (CONTENT_DISPOSITION, name)], Body::from_stream(parts)).into_response()
}

/// The next bytes of a file, a turn of the far lane for each part; none at the end.
async fn next_part<F: Format>(
    mut file: File<F>,
    lanes: &Lanes,
    key: &str,
) -> Result<Option<(Vec<u8>, File<F>)>, String> {
    loop {
        let turn = async move {
            let part = file.part().await;
            (part, file)
        };
        let (part, rest) = lanes.run(Lane::Far, key, turn).await.map_err(|busy| busy.to_string())?;
        match part.map_err(|failure| with_causes(&failure))? {
            None => return Ok(None),
            Some(bytes) if bytes.is_empty() => file = rest,
            Some(bytes) => return Ok(Some((bytes, rest))),
        }
    }
}
