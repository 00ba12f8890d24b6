//! Plugins on the network: what they may reach, how long and how much, and what never reaches them. A real server
//! on loopback checks what arrives.

mod addresses;
mod bodies;
mod callback;
mod limits;
mod secrets;
pub(crate) mod server;

use scrip::plugins::{Asked, CodeRequest, HttpError, HttpResponse, OperatorSettings, PluginKind, Report};

use super::{
    Host, Setup,
    guest::{Sent, asking},
};

const ID: &str = "partner";

/// A host with a source that sends a request some times.
async fn host(sent: &Sent, times: u32, more: &str, operator: OperatorSettings) -> Host {
    setup(sent, times, more, operator).open().await
}

fn setup(sent: &Sent, times: u32, more: &str, operator: OperatorSettings) -> Setup {
    let code = asking(sent, times).source();
    Setup::new().with(ID, PluginKind::Source, more, &code).operator(ID, operator)
}

type Tried = Report<Result<scrip::plugins::IssuedCode, scrip::plugins::SourceRefusal>>;

impl Host {
    /// What its source asks of the network and is answered.
    async fn asks(&self) -> Tried {
        assert_eq!(self.plugin(ID).problem(), None);
        self.plugins.try_issue(ID, &CodeRequest::default(), true).await.expect("a place")
    }

    /// The answer to its one request.
    async fn answer(&self) -> Result<HttpResponse, HttpError> {
        let asked: Vec<Asked> = self.asks().await.asked;
        assert_eq!(asked.len(), 1);
        asked.into_iter().next().expect("one").answer
    }

    async fn denied(&self) -> String {
        match self.answer().await {
            Err(HttpError::Denied(reason)) => reason,
            other => panic!("expected a denial, found {other:?}"),
        }
    }
}
