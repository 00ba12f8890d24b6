//! Jobs over the API: imports, what is wrong with files, one action with many coupons, undoing it, and what may be seen.

mod bulk;
mod cli;
mod ends;
mod exports;
mod files;
mod groups;
mod imports;
mod meanwhile;
mod progress;
mod undo;
mod updates;
mod withdrawn;

use serde_json::{Value, json};

use super::App;
use scrip::domain::global_id::GlobalId;

/// What the tests look at of a job.
const JOB: &str = "id kind status outcome dryRun startedBy total done skipped refused error refusalsUrl undoable \
                   undoes { id } pool { id } sample { line code reason { code message field } coupon { code } }";

/// What came of a job, as a test writes it.
fn came(job: &Value) -> (String, String, [u64; 3]) {
    let text = |name: &str| job[name].as_str().unwrap_or("-").to_owned();
    let number = |name: &str| text(name).parse().expect("a number");
    (text("status"), text("outcome"), [number("done"), number("skipped"), number("refused")])
}

impl App {
    /// Uploads a file: the status, and the answer.
    async fn send_file(&self, body: impl Into<Vec<u8>>) -> (u16, Value) {
        let request = self.client.post(format!("{}/uploads", self.url)).bearer_auth(&self.key);
        let response = request.header("content-type", "text/csv").body(body.into()).send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    /// Uploads a file that is taken.
    async fn upload(&self, body: impl Into<Vec<u8>>) -> Value {
        let (status, found) = self.send_file(body).await;
        assert_eq!(status, 201, "{found}");
        found
    }

    /// A mutation of jobs: the job, and the codes and fields of its refusals.
    async fn job_asked(&self, mutation: &str, input: Value) -> (Value, Vec<String>) {
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let query = format!(
            "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ job {{ {JOB} }} userErrors {{ code field message }} }} }}"
        );
        taken(self.data(&query, json!({ "input": input })).await, mutation)
    }

    /// Starts a job and waits until it has ended.
    async fn job(&self, mutation: &str, input: Value) -> Value {
        let (job, refused) = self.job_asked(mutation, input.clone()).await;
        assert_eq!(refused, [] as [String; 0], "{mutation} {input}");
        self.ended(&job).await
    }

    /// A job after it has ended.
    async fn ended(&self, job: &Value) -> Value {
        let session = self.scrip().operator();
        let id = job["id"].as_str().expect("an id");
        let Some(GlobalId::Job(number)) = session.ids().decode(id) else { panic!("no id of a job: {id}") };
        let mut followed = session.follow_job(number).expect("an answer");
        while followed.next().await.expect("an answer").is_some() {}
        self.read_job(id).await
    }

    async fn read_job(&self, id: &str) -> Value {
        let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Job {{ {JOB} }} }} }}");
        self.data(&query, json!({ "id": id })).await["node"].clone()
    }

    async fn undo(&self, job: &Value, dry_run: bool) -> (Value, Vec<String>) {
        let query = format!(
            "mutation($id: ID!, $dryRun: Boolean) {{ jobUndo(id: $id, dryRun: $dryRun) {{ job {{ {JOB} }} \
             userErrors {{ code field message }} }} }}"
        );
        taken(self.data(&query, json!({ "id": job["id"], "dryRun": dry_run })).await, "jobUndo")
    }

    /// Takes a job back and waits until that has ended.
    async fn undone(&self, job: &Value, dry_run: bool) -> Value {
        let (undo, refused) = self.undo(job, dry_run).await;
        assert_eq!(refused, [] as [String; 0]);
        self.ended(&undo).await
    }

    /// What was refused, as a file.
    async fn refusals_csv(&self, job: &Value) -> String {
        let url = format!("{}{}", self.url, job["refusalsUrl"].as_str().expect("refusals"));
        let response = self.client.get(url).bearer_auth(&self.key).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        response.text().await.expect("text")
    }
}

fn taken(mut data: Value, mutation: &str) -> (Value, Vec<String>) {
    let payload = data[mutation].take();
    let errors = payload["userErrors"].as_array().expect("user errors");
    let text = |error: &Value| {
        let field: Vec<_> = error["field"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        format!("{} {}", error["code"].as_str().unwrap_or_default(), field.join(".")).trim_end().to_owned()
    };
    (payload["job"].clone(), errors.iter().map(text).collect())
}
