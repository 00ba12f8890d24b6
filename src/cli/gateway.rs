//! A running gateway, asked with a key.

use std::time::Duration;

use futures_util::stream;
use reqwest::{Body, Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::Problem;

/// How long a gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much of a file is sent at once.
const PART: u64 = 256 * 1024;

/// The parts of a file.
fn parts(file: tokio::fs::File) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> {
    stream::try_unfold(file, async |mut file| {
        let mut part = Vec::with_capacity(PART as usize);
        let read = (&mut file).take(PART).read_to_end(&mut part).await?;
        Ok((read > 0).then_some((part, file)))
    })
}

/// A gateway.
pub(super) struct Gateway {
    url: String,
    key: String,
    client: Client,
}

impl Gateway {
    pub(super) fn new(url: &str, key: Option<&str>) -> Result<Self, Problem> {
        let key =
            key.ok_or("SCRIP_KEY is not set: put an API key of the gateway into it (scrip key create makes one)")?;
        let client = Client::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build()?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), key: key.to_owned(), client })
    }

    /// Asks it; the data of its answer.
    pub(super) async fn ask(&self, query: &str, variables: Value) -> Result<Value, Problem> {
        let request = self.client.post(format!("{}/graphql", self.url)).bearer_auth(&self.key);
        let body = json!({ "query": query, "variables": variables }).to_string();
        let sent = request.header("content-type", "application/json").body(body).send().await;
        let mut answer = self.read(sent).await?;
        match answer["errors"][0]["message"].as_str() {
            Some(reason) => Err(format!("{}: {reason}", self.url).into()),
            None => Ok(answer["data"].take()),
        }
    }

    /// Sends it a file; what it found that to be.
    pub(super) async fn upload(&self, file: tokio::fs::File) -> Result<Value, Problem> {
        let request = self.client.post(format!("{}/uploads", self.url)).bearer_auth(&self.key);
        let request = request.header("content-type", "text/csv").body(Body::wrap_stream(parts(file)));
        let sent = request.send().await;
        self.read(sent).await
    }

    /// The id of a pool, by that or by the retailer's own.
    pub(super) async fn pool(&self, named: &str) -> Result<String, Problem> {
        let asked = "query($id: ID!, $external: String) { node(id: $id) { ... on CouponPool { id } } \
                     pool(externalId: $external) { id } }";
        let found = self.ask(asked, json!({ "id": named, "external": named })).await?;
        let id = found["node"]["id"].as_str().or_else(|| found["pool"]["id"].as_str());
        Ok(id.ok_or_else(|| format!("no pool is known by the id or externalId {named:?}"))?.to_owned())
    }

    async fn read(&self, sent: reqwest::Result<Response>) -> Result<Value, Problem> {
        let response = sent.map_err(|error| format!("{} does not answer: {error}", self.url))?;
        let status = response.status();
        let body = response.text().await?;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(format!("{} does not know the key in SCRIP_KEY", self.url).into());
        }
        let reason = body["errors"][0]["message"].as_str().unwrap_or("it does not say why");
        Err(format!("{} answers {status}: {reason}", self.url).into())
    }
}
