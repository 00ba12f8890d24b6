//! The lifecycle against a model: random sequences of commands from several callers, sent some at a
//! time so that they share transactions, give the answers, states, counts, ledgers and events that a
//! simple model in memory gives. `SCRIP_MODEL_CASES` raises the number of sequences,
//! `SCRIP_MODEL_SEED` repeats one.

mod action;
mod model;
mod till;
mod world;

use std::{collections::HashMap, pin::Pin, task::Poll};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use scrip::{
    domain::rejection::Code,
    service::{Answer, Command},
};

use crate::support::{Backend, Codes, TestScrip, audit};
use action::Action;
use model::Model;

/// How many sequences are tried on each backend, unless more are asked for.
const CASES: u64 = 4;
/// How many groups of commands a sequence has.
const GROUPS: usize = 120;
/// The seed unless another is given, so that every run does the same.
const SEED: u64 = 1_000;
/// For how long an idempotency key is kept at least, in minutes.
const KEPT: i64 = 24 * 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_commands_agree_with_the_model() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let first = number("SCRIP_MODEL_SEED").unwrap_or(SEED);
    let cases = number("SCRIP_MODEL_CASES").unwrap_or(CASES);
    for seed in first..first + cases {
        for backend in Backend::ALL {
            println!("SCRIP_MODEL_SEED={seed} on {backend:?}");
            Case::new(seed, backend).await.run().await;
        }
    }
}

/// What was answered to a caller's key.
struct Answered {
    command: Command,
    action: Action,
    minute: i64,
    answer: Result<Answer, Codes>,
}

/// A request on its way: who, with which key, what.
struct Request {
    caller: usize,
    key: Option<String>,
    action: Action,
    command: Command,
}

impl Request {
    fn looks_first(&self) -> bool {
        matches!(self.command, Command::Return(_) | Command::Release(_))
    }
}

/// One sequence of commands.
struct Case {
    app: TestScrip,
    model: Model,
    random: StdRng,
    answered: HashMap<(usize, String), Answered>,
    keys: usize,
}

impl Case {
    async fn new(seed: u64, backend: Backend) -> Self {
        let app = TestScrip::at(backend, world::instant(0)).await;
        world::set_up(&app).await;
        let random = StdRng::seed_from_u64(seed);
        Self { app, model: Model::new(), random, answered: HashMap::new(), keys: 0 }
    }

    async fn run(mut self) {
        for group in 0..GROUPS {
            if group == GROUPS / 2 {
                self.app.reopen().await;
            }
            if self.random.random_bool(0.2) {
                self.advance().await;
            }
            let mut requests: Vec<_> = (0..self.random.random_range(1..=8)).map(|_| self.request()).collect();
            // What is kept is looked at before these are sent, so that others overtake them.
            if let Some(place) = requests.iter().position(Request::looks_first) {
                requests = vec![requests.swap_remove(place)];
            }
            let answers = {
                let ask = async |request: &Request| {
                    let caller = self.app.named(&format!("caller-{}", request.caller));
                    caller.ask(request.key.clone(), request.command.clone()).await
                };
                in_order(requests.iter().map(|request| Box::pin(ask(request))).collect()).await
            };
            for (request, answer) in requests.into_iter().zip(answers) {
                self.check(request, answer);
            }
        }
        let books = audit::audit(&self.app).await;
        self.model.expire_due();
        self.model.agree(&self.app, &books);
        self.app.close().await;
    }

    async fn advance(&mut self) {
        let minutes = *[1, 10, 30, 59, 60, 61, 700, 1440].choose(&mut self.random).expect("a step");
        self.model.now += minutes;
        self.app.clock().set(world::instant(self.model.now));
        // What a hold gave to its customer is nobody's again once that is recorded, which a claim does not wait for.
        if self.model.has_holds() {
            let now = self.app.now();
            self.app.tally_at(world::pool_id(0), now).await.expect("what is over is recorded");
        }
    }

    /// A new request, or an old one again under its key, or another one under an old key.
    fn request(&mut self) -> Request {
        let action = Action::random(&mut self.random);
        let caller = self.random.random_range(0..3);
        let kind = self.random.random_range(0..10);
        let fresh = |answered: &&(usize, String)| self.model.now - self.answered[*answered].minute < KEPT;
        let mut keys: Vec<_> = self.answered.keys().filter(fresh).cloned().collect();
        keys.sort();
        if let Some((caller, key)) = keys.choose(&mut self.random).filter(|_| kind < 2).cloned() {
            let action = if kind == 0 { self.answered[&(caller, key.clone())].action.clone() } else { action };
            let command = action.command();
            return Request { caller, key: Some(key), action, command };
        }
        self.keys += 1;
        let key = (kind < 5).then(|| format!("key {}", self.keys));
        Request { caller, key, command: action.command(), action }
    }

    /// Compares an answer with the model's.
    fn check(&mut self, request: Request, answer: Result<Answer, Codes>) {
        let Request { caller, key, action, command } = request;
        if let Some(key) = key {
            if let Some(first) = self.answered.get(&(caller, key.clone())) {
                let same = format!("{:?}", first.command) == format!("{command:?}");
                let expected = if same { first.answer.clone() } else { Err(vec![Code::IdempotencyMismatch]) };
                assert_eq!(answer, expected, "an idempotency key's answer to {action:?}");
                return;
            }
            let minute = self.model.now;
            let answered = Answered { command, action: action.clone(), minute, answer: answer.clone() };
            self.answered.insert((caller, key), answered);
        }
        self.model.check(&action, &answer);
    }
}

/// Starts all, each after the one before has been sent, and waits for all.
async fn in_order<T>(mut futures: Vec<Pin<Box<impl Future<Output = T>>>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, answer) in futures.iter_mut().zip(&mut answers) {
            if answer.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    answers.into_iter().flatten().collect()
}
