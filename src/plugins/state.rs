//! What a call has: its limits and what it has used of them, its log and its network. It lives as long as the
//! call's fresh memory, and nothing of it reaches the next call.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use wasmtime::ResourceLimiter;

use super::{
    HttpError, HttpRequest, HttpResponse, LogLevel,
    chatter::Chatter,
    engine::{MAX_INSTANCES, MAX_MEMORIES, MAX_TABLE, MAX_TABLES},
    limits::{Limits, Usage, kib},
    moment::Moment,
    network::Network,
    places::Room,
};

/// There is no memory for a call, because other calls have it.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the memory of all plugins is in use")]
pub(super) struct NoRoom;

/// What a packed plugin asked for, which the sandbox does not have.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoSuchThing(pub(super) String);

/// The longest line of log that is written, in characters.
const MAX_LINE: usize = 2_000;
/// The most lines that a call writes, however short they are.
const MAX_LINES: u32 = 500;
/// What an entry of a table takes, in bytes.
const TABLE_ENTRY: usize = size_of::<usize>();

/// One request that a call made, and what came of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What was asked, secrets unfilled.
    pub request: HttpRequest,
    /// What was answered.
    pub answer: Result<HttpResponse, HttpError>,
}

/// The state of one call.
#[derive(Debug)]
pub(super) struct State {
    plugin: String,
    limits: Limits,
    pub(super) moment: Moment,
    /// What it has printed since the last end of a line: to standard output, and to standard error.
    printed: [Vec<u8>; 2],
    started: Instant,
    network: Network,
    room: Room,
    chatter: Arc<Chatter>,
    /// Whether memory was refused; how much its memories have together, and had at most.
    starved: bool,
    memory: usize,
    most_memory: usize,
    logged: usize,
    lines_written: u32,
    log_full: bool,
    /// What it logged, where somebody wants to see it.
    pub(super) lines: Option<Vec<(LogLevel, String)>>,
    /// What it asked of the network, where somebody wants to see it.
    pub(super) asked: Option<Vec<Asked>>,
    requests: u32,
}

impl State {
    pub(super) fn new(plugin: &str, limits: Limits, network: Network, room: Room, chatter: &Arc<Chatter>) -> Self {
        Self {
            plugin: plugin.to_owned(),
            limits,
            moment: Moment::Trial,
            printed: [Vec::new(), Vec::new()],
            started: Instant::now(),
            network,
            room,
            chatter: Arc::clone(chatter),
            starved: false,
            memory: 0,
            most_memory: 0,
            logged: 0,
            lines_written: 0,
            log_full: false,
            lines: None,
            asked: None,
            requests: 0,
        }
    }

    /// Keeps what it logs and asks, for somebody who wants to see it.
    pub(super) fn watched(mut self) -> Self {
        self.lines = Some(Vec::new());
        self.asked = Some(Vec::new());
        self
    }

    /// Whether it may go on computing.
    pub(super) fn may_compute(&self) -> bool {
        self.room.computed() < self.limits.cpu()
    }

    /// Whether its time is over because it was kept waiting for a place, and not by itself.
    pub(super) fn was_kept(&self) -> bool {
        self.started.elapsed().saturating_sub(self.room.waited()) < self.limits.time()
    }

    /// The most memory that it had, in bytes.
    pub(super) fn most(&self) -> usize {
        self.room.most()
    }

    /// Whether it was refused memory.
    pub(super) fn starved(&self) -> bool {
        self.starved
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            time: self.started.elapsed(),
            cpu: self.room.computed(),
            memory: self.most_memory,
            log: self.logged,
            requests: self.requests,
        }
    }

    /// Writes a line of the guest's into the log, as far as its limit allows.
    pub(super) fn log(&mut self, level: LogLevel, message: &str) {
        self.logged += message.len();
        if self.log_full {
            return;
        }
        if self.logged > kib(self.limits.log_kib) || self.lines_written == MAX_LINES {
            self.log_full = true;
            let plugin = self.plugin.as_str();
            if let Some(left_out) = self.chatter.line(Instant::now()) {
                tracing::warn!(
                    plugin,
                    left_out,
                    "the plugin logs more than limits.log_kib or {MAX_LINES} lines: the rest is left out"
                );
            }
            return;
        }
        self.lines_written += 1;
        let line: String = self.network.hide(message).chars().take(MAX_LINE).collect();
        if let Some(left_out) = self.chatter.line(Instant::now()) {
            write(&self.plugin, level, &line, left_out);
        }
        if let Some(lines) = &mut self.lines {
            lines.push((level, line));
        }
    }

    /// Writes what a packed plugin prints into the log, line by line.
    pub(super) fn print(&mut self, is_error: bool, bytes: &[u8]) {
        let stream = usize::from(is_error);
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            // What makes no line of the log is not kept either.
            let room = kib(self.limits.log_kib).saturating_sub(self.printed[stream].len());
            self.logged += part.len().saturating_sub(room);
            self.printed[stream].extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                self.end_line(is_error);
            }
        }
    }

    fn end_line(&mut self, is_error: bool) {
        let bytes = std::mem::take(&mut self.printed[usize::from(is_error)]);
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end();
        if !line.is_empty() {
            self.log(if is_error { LogLevel::Warn } else { LogLevel::Info }, line);
        }
    }

    /// Writes what was printed without an end of its line.
    pub(super) fn end_lines(&mut self) {
        self.end_line(false);
        self.end_line(true);
    }

    /// Whether a text has a secret in it.
    pub(super) fn has_secret(&self, text: &str) -> bool {
        self.network.has_secret(text)
    }

    /// Takes memory of what all calls have.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), NoRoom> {
        if self.room.take(bytes) { Ok(()) } else { Err(NoRoom) }
    }

    /// Sends a request of the guest's. What it sends and is answered is in memory twice meanwhile: the guest's is
    /// counted already.
    pub(super) async fn send(&mut self, request: HttpRequest) -> Result<Result<HttpResponse, HttpError>, NoRoom> {
        let bytes = request.body.as_ref().map_or(0, Vec::len) + kib(self.limits.response_kib);
        self.take(bytes)?;
        let answer = self.exchange(request).await;
        self.room.give_back(bytes);
        Ok(answer)
    }

    async fn exchange(&mut self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.requests += 1;
        if self.requests > self.limits.requests {
            let reason = format!("a call makes at most limits.requests ({}) requests", self.limits.requests);
            return Err(HttpError::Denied(reason));
        }
        let asked = self.asked.is_some().then(|| request.clone());
        // For whoever develops it: under traffic it may be a customer who is called so.
        let strays = if self.asked.is_some() { self.network.strays(&request) } else { Vec::new() };
        if let Some(lines) = &mut self.lines {
            lines.extend(strays.into_iter().map(|stray| (LogLevel::Warn, stray)));
        }
        let left = self.limits.time().saturating_sub(self.started.elapsed());
        // A little is kept for what the guest does with the outcome.
        let answer = self.network.send(request, &self.limits, left.saturating_sub(reserve(left))).await;
        if let (Some(request), Some(list)) = (asked, &mut self.asked) {
            list.push(Asked { request, answer: answer.clone() });
        }
        answer
    }
}

/// Writes a line of a plugin's, after those that were left out.
fn write(plugin: &str, level: LogLevel, line: &str, left_out: u64) {
    tell_left_out(plugin, left_out);
    match level {
        LogLevel::Debug => tracing::debug!(plugin, message = ?line, "plugin"),
        LogLevel::Info => tracing::info!(plugin, message = ?line, "plugin"),
        LogLevel::Warn => tracing::warn!(plugin, message = ?line, "plugin"),
        LogLevel::Error => tracing::error!(plugin, message = ?line, "plugin"),
    }
}

/// Tells how many lines were left out, if any.
pub(super) fn tell_left_out(plugin: &str, lines: u64) {
    if lines > 0 {
        tracing::warn!(plugin, lines, "the plugin logs too much: lines were left out");
    }
}

/// The part of the time left that is not for waiting.
fn reserve(left: Duration) -> Duration {
    (left / 10).min(Duration::from_millis(100))
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, now: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let grown = desired.saturating_sub(now);
        if self.memory + grown > self.limits.memory() {
            self.starved = true;
            return Ok(false);
        }
        self.take(grown)?;
        self.memory += grown;
        self.most_memory = self.most_memory.max(self.memory);
        Ok(true)
    }

    fn table_growing(&mut self, now: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > MAX_TABLE {
            return Ok(false);
        }
        self.take(desired.saturating_sub(now) * TABLE_ENTRY)?;
        Ok(true)
    }

    // The pool holds to these too, where there is one.
    fn instances(&self) -> usize {
        count(MAX_INSTANCES)
    }

    fn memories(&self) -> usize {
        count(MAX_MEMORIES)
    }

    fn tables(&self) -> usize {
        count(MAX_TABLES)
    }
}
