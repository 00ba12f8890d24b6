//! Answers over sockets and streams of events: each as its text, made where it was executed, and counted until it is
//! written.

use std::sync::Arc;

use async_graphql::{Response as Answer, ServerError, parser::types::OperationType};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use crate::http::{
    App,
    graphql::{self, Ready, Wire, refusal},
    held::Hold,
    lanes::{Busy, Lane, Lanes},
};
use scrip_graphql::{Admitted, coded};

/// How long a subscription's document may be, in bytes, and how much of that is not counted.
const LONGEST: usize = 4 * 1024;
const SHORT: usize = 1024;
/// How many values a subscription's variables may have, and how many of them are not counted.
const MOST_VALUES: usize = 200;
const FEW_VALUES: usize = 50;
/// How many bytes of memory a byte of a document takes about, and a value.
const IN_MEMORY: usize = 64;
/// What a subscription may cost whose events are answered where its connection is served.
const SERVED: u64 = 40;

/// Executes a request whose answers may go on. What ends is executed by a task of its own, which is always polled: a
/// socket that writes, or reads a long message, polls nothing meanwhile, and would keep the place that it is given.
/// A large answer waits for one of the `unread`, which it has until it is taken.
pub(super) fn answers(app: &App, ready: Ready, unread: &Arc<Semaphore>) -> BoxStream<'static, AnswerText> {
    let (schema, lanes, held) = (app.schema.clone(), Arc::clone(&app.lanes), app.held.clone());
    if ready.kind() == Some(OperationType::Subscription) {
        return follow(app, ready).unwrap_or_else(|refused| stream::iter([AnswerText::from(*refused)]).boxed());
    }
    let (lane, bounded) = (ready.lane(), ready.is_bounded());
    let Ready { admitted: Admitted { request, price, .. }, key, held: input, at, session: _ } = ready;
    if let Some(full) = graphql::unread(app, &key, bounded) {
        return stream::iter([AnswerText::from(full)]).boxed();
    }
    let (unread, whose) = (Arc::clone(unread), key.clone());
    let work = async move {
        let _input = input;
        let mut told = AnswerText::from(price.told(graphql::run(&schema, request, bounded).await));
        told.held = held.made(&whose, told.json.get().len());
        told
    };
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        // The semaphore is never closed; without it there would be no bound, but an answer.
        let place = if lane == Lane::Far { unread.acquire_owned().await.ok() } else { None };
        (lanes.run_at(at, lane, &key, work).await.unwrap_or_else(|busy| refusal(&busy).into()), place)
    }));
    stream::once(async move {
        match task.await {
            Ok((told, _place)) => told,
            Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            Err(_) => refusal(&Busy::Stopping).into(),
        }
    })
    .boxed()
}

/// A subscription's answers. What it holds of its document and variables stays for as long as it goes on: what is not
/// small of that is counted.
fn follow(app: &App, ready: Ready) -> Result<BoxStream<'static, AnswerText>, Box<Answer>> {
    let Admitted { document, values, .. } = ready.admitted;
    if ready.is_bounded() {
        let text = "a subscription may ask of each event for no more than a small read does (a cost of 400, no lists of \
                    texts): ask for ids, and read the rest with a query";
        return Err(Box::new(refusal(&text)));
    }
    if document > LONGEST || values > MOST_VALUES {
        let text = format!("a subscription's document may have {LONGEST} bytes, its variables {MOST_VALUES} values");
        return Err(Box::new(refusal(&text)));
    }
    let counted = if document <= SHORT && values <= FEW_VALUES {
        None
    } else {
        app.held.body(&ready.key, (document + values) * IN_MEMORY).map_err(|full| Box::new(refusal(&full)))?
    };
    let Admitted { request, price, .. } = ready.admitted;
    let answers = app.schema.execute_stream(request).map(move |answer| {
        let _counted = &counted;
        AnswerText::from(coded(answer))
    });
    Ok(if price.requested() > SERVED { beside(&app.lanes, answers.boxed()) } else { answers.boxed() })
}

/// A subscription's answers, made on the far lane's threads: each is made when the one before it was taken.
fn beside(lanes: &Lanes, mut answers: BoxStream<'static, AnswerText>) -> BoxStream<'static, AnswerText> {
    let (made, mut taken) = mpsc::channel(1);
    let task = lanes.beside(async move {
        while let Some(answer) = answers.next().await
            && made.send(answer).await.is_ok()
        {}
    });
    stream::poll_fn(move |cx| {
        // Ended with whoever listens.
        let _task = &task;
        taken.poll_recv(cx)
    })
    .boxed()
}

/// An answer as a stream tells it. Its text is made where it was executed.
pub(super) struct AnswerText {
    /// All of it, as JSON.
    pub(super) json: Box<RawValue>,
    /// Why nothing was executed, if nothing was.
    pub(super) refused: Option<Vec<ServerError>>,
    /// Counts it where it is long.
    held: Option<Hold>,
}

impl AnswerText {
    /// What counts it, to be kept until it is written.
    pub(super) fn into_held(self) -> Option<Hold> {
        self.held
    }
}

impl From<Answer> for AnswerText {
    fn from(answer: Answer) -> Self {
        let (wire, executed) = Wire::of(&answer);
        // It is made of texts, numbers and maps with texts as keys: it always can be written.
        let json = serde_json::value::to_raw_value(&wire).unwrap_or_default();
        Self { json, refused: (!executed).then_some(answer.errors), held: None }
    }
}
