//! A running gateway that a command asks, with the key in SCRIP_KEY.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};

use super::Problem;

/// How long a gateway may take to answer, and then to send more.
const PATIENCE: Duration = Duration::from_secs(60);

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

    async fn answer(&self, request: RequestBuilder, what: &str) -> Result<Response, Problem> {
        let url = self.url;
        let response = request.bearer_auth(self.key).send().await;
        let response = response.map_err(|error| format!("{url} does not answer: {}", chain(&error)))?;
        match response.status() {
            StatusCode::OK => Ok(response),
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

/// The path of these parts, whatever signs they have.
pub(super) fn path_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<String, Problem> {
    let mut url = Url::parse("http://localhost/")?;
    url.path_segments_mut().map_err(|()| "an address without a path")?.extend(parts);
    Ok(url.path().to_owned())
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
