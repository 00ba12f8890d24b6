//! The files of jobs: what an export has written, and the rows that a job refused, as a file that can be mended and imported
//! again: the columns that they had, and after them the line, the code of the refusal and its text.

use std::io;

use axum::{
    body::{Body, Bytes},
    extract::{Extension, Path, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::stream;

use super::{App, graphql, lanes::Lane, notes::Notes};
use scrip_domain::{causes::with_causes, job::Job, rejection::Code};
use scrip_graphql::{code_text, job_id};
use scrip_service::{Action, Failure, JobRefusal, MAX_PAGE, PageRequest, Session, write_cell};

/// Who asks, and the job that is named.
async fn asked(app: &App, notes: &Notes, id: &str, headers: &HeaderMap) -> Result<(Session, Job), Box<Response>> {
    let session = graphql::asking(app, notes, headers).await?;
    if let Err(failure) = session.demand(Action::ReadJobs) {
        return Err(Box::new(graphql::failed(&failure, "reading a job")));
    }
    let unknown = || Box::new(graphql::error(StatusCode::NOT_FOUND, "no job is known by this id"));
    let number = job_id(session.ids(), id).map_err(|_| unknown())?;
    match session.job(number).await {
        Ok(Some(job)) => Ok((session, job)),
        Ok(None) => Err(unknown()),
        Err(failure) => Err(Box::new(graphql::failed(&failure, "reading a job"))),
    }
}

/// `GET /jobs/{id}/file`: what an export has written.
pub(super) async fn file(
    State(app): State<App>,
    Extension(notes): Extension<Notes>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (session, job) = match asked(&app, &notes, &id, &headers).await {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    if let Some(refusal) = graphql::file_over_budget(&app, &session, &notes) {
        return refusal;
    }
    let file = match session.exported(&job).await {
        Ok(file) => file,
        Err(Failure::Refused(refusals)) if refusals.iter().all(|refusal| refusal.code == Code::NotFound) => {
            return graphql::error(
                StatusCode::NOT_FOUND,
                "the job has no file: an export has one for a day after its end",
            );
        }
        Err(failure) => return graphql::failed(&failure, "reading an export"),
    };
    let length = file.bytes.to_string();
    let media = file.media.to_owned();
    let name = format!("attachment; filename=\"export-{id}.{}\"", file.extension);
    let parts = stream::unfold(Some((file, app, session, job)), |state| async {
        let (file, app, session, job) = state?;
        let key = session.actor().id.clone();
        app.held.room(&key).await;
        if !still_may(&session, &job).await {
            tracing::warn!("an export was cut short: whoever asked for it may not have it any more");
            return Some((Err(io::Error::other("not any more")), None));
        }
        match file.next().await {
            Ok(Some((bytes, file))) => Some((Ok(app.held.text(&key, bytes)), Some((file, app, session, job)))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    let head = [(CONTENT_TYPE, media), (CONTENT_DISPOSITION, name), (CONTENT_LENGTH, length)];
    (head, Body::from_stream(parts)).into_response()
}

/// Whether a job's file is still for who reads it.
async fn still_may(session: &Session, job: &Job) -> bool {
    let Some(now) = session.again() else { return false };
    now.may_have_exports().is_ok() && matches!(now.still_sees_job(job).await, Ok(true))
}

/// `GET /jobs/{id}/refusals.csv`.
pub(super) async fn refusals(
    State(app): State<App>,
    Extension(notes): Extension<Notes>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (session, job) = match asked(&app, &notes, &id, &headers).await {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let head = head(&job);
    let parts = stream::unfold(Some((Some(head), app, session, job, None)), |state| async {
        let (head, app, session, job, after) = state?;
        if let Some(head) = head {
            return Some((Ok(Bytes::from(head)), Some((None, app, session, job, after))));
        }
        let key = session.actor().id.clone();
        app.held.room(&key).await;
        let lanes = app.lanes.clone();
        let turn = async move {
            let part = part(&session, &job, after).await;
            (part, session, job)
        };
        match lanes.run(Lane::Far, &key, turn).await {
            Ok((Ok(Some((text, last))), session, job)) => {
                let bytes = app.held.text(&key, text.into_bytes());
                Some((Ok(bytes), Some((None, app, session, job, Some(last)))))
            }
            Ok((Ok(None), ..)) => None,
            Ok((Err(reason), ..)) => Some((Err(io::Error::other(reason)), None)),
            Err(busy) => Some((Err(io::Error::other(busy.to_string())), None)),
        }
    });
    let name = format!("attachment; filename=\"refusals-{id}.csv\"");
    let head = [(CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()), (CONTENT_DISPOSITION, name)];
    (head, Body::from_stream(parts)).into_response()
}

/// The first line. Rows that are of no file are coupons by their codes.
fn head(job: &Job) -> String {
    let own = ["code".to_owned()];
    let columns: &[String] = if job.columns.is_empty() { &own } else { &job.columns };
    let mut text = String::new();
    for column in columns {
        write_cell(&mut text, column);
        text.push(',');
    }
    text.push_str("line,refusal,reason\r\n");
    text
}

/// The next lines, and the place of the last; none after it.
async fn part(session: &Session, job: &Job, after: Option<u64>) -> Result<Option<(String, u64)>, String> {
    let request = PageRequest { limit: MAX_PAGE, after, before: None, from_end: false };
    let page = session.job_refusals(job, &request).await.map_err(|failure| with_causes(&failure))?;
    let Some((last, _)) = page.items.last() else { return Ok(None) };
    let last = *last;
    let mut text = String::new();
    for (_, refusal) in &page.items {
        line(&mut text, job, refusal);
    }
    Ok(Some((text, last)))
}

fn line(text: &mut String, job: &Job, refusal: &JobRefusal) {
    let width = job.columns.len().max(1);
    for place in 0..width {
        let cell = match refusal.cells.get(place) {
            Some(cell) => cell.as_str(),
            None if place == 0 => refusal.code.as_deref().unwrap_or_default(),
            None => "",
        };
        if job.columns.is_empty() {
            write_cell(text, cell)
        } else {
            write_as_it_was(text, cell)
        }
        text.push(',');
    }
    text.push_str(&refusal.line.map(|line| line.to_string()).unwrap_or_default());
    text.push(',');
    text.push_str(&code_text(refusal.reason.code));
    text.push(',');
    write_cell(text, &refusal.reason.message);
    text.push_str("\r\n");
}

/// A cell of a file is as safe in a spreadsheet as it was there: marked once more, it would come back otherwise. One that
/// begins a formula is marked; an import takes that back.
fn write_as_it_was(text: &mut String, cell: &str) {
    if cell.starts_with('\'') {
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        write_cell(text, cell);
    }
}
