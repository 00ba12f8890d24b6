//! Children of the test binary: the binary itself with one test as its filter, told by environment
//! variables what to do. Their standard output is read line by line.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::process::ExitStatusExt,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

/// A line of the child's that is meant for the parent starts with this; the test harness writes
/// lines of its own.
const MARK: &str = "scrip> ";
/// A child that says nothing for so long stands still: a deadlock fails the test instead of holding it up.
const STILL: Duration = Duration::from_secs(180);

/// The child of a test; killed when it is dropped.
pub(crate) struct TestChild {
    child: Child,
    lines: Receiver<String>,
}

impl TestChild {
    /// Starts the test named `test` of this binary as a process with these variables.
    pub(crate) fn start(test: &str, variables: &[(&str, &str)]) -> Self {
        let binary = std::env::current_exe().expect("the test binary");
        let mut child = Command::new(binary)
            .args([test, "--exact", "--nocapture", "--test-threads=1"])
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child process");
        let output = child.stdout.take().expect("its output");
        let (heard, lines) = mpsc::sync_channel(64);
        std::thread::spawn(move || listen(output, |line| heard.send(line).is_ok()));
        Self { child, lines }
    }

    /// The next whole line for the parent; none after the child's end.
    pub(crate) fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(STILL) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the child has said nothing for {STILL:?}"),
        }
    }

    /// The next whole line, if it comes within a time.
    pub(crate) fn line_within(&mut self, time: Duration) -> Option<String> {
        match self.lines.recv_timeout(time) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the child has ended: {}", self.wait()),
        }
    }

    /// The child's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Gives the child a byte of input, which is how it is told to go on.
    pub(crate) fn go_on(&mut self) {
        self.child.stdin.as_mut().expect("its input").write_all(b"\n").expect("a child that listens");
    }

    /// Ends the child's input, which is how it is told to end, and waits for it.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        let status = self.wait();
        assert!(status.success(), "the child failed: {status}");
    }

    /// Waits for the end of a child that is killed from elsewhere.
    pub(crate) fn expect_killed(mut self) {
        let status = self.wait();
        assert_eq!(status.signal(), Some(9), "the child ended before it was killed: {status}");
    }

    /// Waits for the child's end, whatever it still says.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + STILL;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().expect("an end"),
                Err(RecvTimeoutError::Timeout) => panic!("the child has not ended within {STILL:?}"),
            }
        }
    }
}

impl Drop for TestChild {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Gives every whole line for the parent, until nobody wants it any more.
fn listen(output: ChildStdout, mut give: impl FnMut(String) -> bool) {
    let mut output = BufReader::new(output);
    let mut lines = Lines::default();
    loop {
        let part = output.fill_buf().expect("the child's output");
        let length = part.len();
        if length == 0 || !lines.add(part).into_iter().all(&mut give) {
            return;
        }
        output.consume(length);
    }
}

/// The lines for the parent in what a child writes, which comes in parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// The lines that end in this part.
    pub(crate) fn add(&mut self, part: &[u8]) -> Vec<String> {
        self.begun.extend_from_slice(part);
        let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let rest = self.begun.split_off(end + 1);
        let whole = std::mem::replace(&mut self.begun, rest);
        let text = String::from_utf8(whole).expect("text");
        // The harness leaves "test NAME ... " without an end before the first line.
        text.lines().filter_map(|line| Some(line.split_once(MARK)?.1.to_owned())).collect()
    }
}

/// Kills a process of ours at once (SIGKILL).
pub(crate) fn kill(id: u32) {
    let status = Command::new("kill").args(["-KILL", &id.to_string()]).status().expect("kill");
    assert!(status.success(), "process {id} could not be killed");
}

/// Tells the parent a line, in one write.
pub(crate) fn tell(text: &str) {
    let line = format!("{MARK}{text}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).expect("the parent");
}
