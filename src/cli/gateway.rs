//! A running gateway that a command asks, with the key in SCRIP_KEY.

use std::time::Duration;

use futures_util::stream;
use reqwest::{Body, Client, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::Problem;
use scrip_domain::causes::with_causes;

/// How long a gateway may take to answer, and then to send more.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of a file is sent at once.
const PART: u64 = 256 * 1024;

/// A running gateway.
pub(super) struct Gateway<'a> {
    url: &'a str,
    key: &'a str,
    client: Client,
}

impl<'a> Gateway<'a> {
    pub(super) fn new(url: &'a str, key: Option<&'a str>) -> Result<Self, Problem> {
        let missing = "SCRIP_KEY is not set: put an API key of the gateway into it (scrip key create makes one)";
        let client = Client::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build()?;
        Ok(Self { url: url.trim_end_matches('/'), key: key.ok_or(missing)?, client })
    }

    /// What it has at a path; `what` says what is asked for.
    pub(super) async fn get(&self, path: &str, what: &str) -> Result<Response, Problem> {
        self.answer(self.client.get(format!("{}{path}", self.url)), what).await
    }

    /// What a document's one field is answered with; what is refused is told.
    pub(super) async fn ask(&self, name: &str, document: &str, variables: Value) -> Result<Value, Problem> {
        let asked = json!({ "query": document, "variables": variables });
        let request = self.client.post(format!("{}/graphql", self.url)).json(&asked);
        let answer: Value = self.answer(request, name).await?.json().await?;
        let payload = answer["data"][name].clone();
        let errors = [&answer["errors"], &payload["userErrors"]].into_iter().filter_map(Value::as_array).flatten();
        let reasons: Vec<&str> = errors.filter_map(|error| error["message"].as_str()).collect();
        if reasons.is_empty() {
            Ok(payload)
        } else {
            Err(format!("{} answers: {}", self.url, reasons.join("; ")).into())
        }
    }

    /// The data of a document's answer.
    pub(super) async fn data(&self, document: &str, variables: Value) -> Result<Value, Problem> {
        let asked = json!({ "query": document, "variables": variables });
        let request = self.client.post(format!("{}/graphql", self.url)).json(&asked);
        let mut answer: Value = self.answer(request, "answer").await?.json().await?;
        match answer["errors"][0]["message"].as_str() {
            Some(reason) => Err(format!("{}: {reason}", self.url).into()),
            None => Ok(answer["data"].take()),
        }
    }

    /// Sends it a file; what it found that to be.
    pub(super) async fn upload(&self, file: tokio::fs::File) -> Result<Value, Problem> {
        let request = self.client.post(format!("{}/uploads", self.url)).header("content-type", "text/csv");
        Ok(self.answer(request.body(Body::wrap_stream(parts(file))), "uploads").await?.json().await?)
    }

    /// The id of a pool, by that or by the retailer's own.
    pub(super) async fn pool(&self, named: &str) -> Result<String, Problem> {
        let asked = "query($id: ID!, $external: String) { node(id: $id) { ... on CouponPool { id } } \
                     pool(externalId: $external) { id } }";
        let found = self.data(asked, json!({ "id": named, "external": named })).await?;
        let id = found["node"]["id"].as_str().or_else(|| found["pool"]["id"].as_str());
        Ok(id.ok_or_else(|| format!("no pool is known by the id or externalId {named:?}"))?.to_owned())
    }

    async fn answer(&self, request: RequestBuilder, what: &str) -> Result<Response, Problem> {
        let url = self.url;
        let response = request.bearer_auth(self.key).send().await;
        let response = response.map_err(|error| format!("{url} does not answer: {}", with_causes(&error)))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED => Err(format!("{url} does not know the key in SCRIP_KEY").into()),
            status => {
                let body = response.text().await.unwrap_or_default();
                let body: Value = serde_json::from_str(&body).unwrap_or_default();
                let expected = format!("it gives no {what}: expected a gateway of this version");
                let silent = if status == StatusCode::NOT_FOUND { &expected } else { "it does not say why" };
                let reason = body["errors"][0]["message"].as_str().unwrap_or(silent);
                Err(format!("{url} answers {status}: {reason}").into())
            }
        }
    }
}

/// The parts of a file.
fn parts(file: tokio::fs::File) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> {
    stream::try_unfold(file, async |mut file| {
        let mut part = Vec::with_capacity(PART as usize);
        let read = (&mut file).take(PART).read_to_end(&mut part).await?;
        Ok((read > 0).then_some((part, file)))
    })
}

/// The path of these parts, whatever signs they have.
pub(super) fn path_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<String, Problem> {
    let mut url = Url::parse("http://localhost/")?;
    url.path_segments_mut().map_err(|()| "an address without a path")?.extend(parts);
    Ok(url.path().to_owned())
}
