//! Children of the test binary: the binary itself with one test as its filter, told by environment
//! variables what to do. Their standard output is read line by line.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A line of the child's that is meant for the parent starts with this; the test harness writes
/// lines of its own.
const MARK: &str = "scrip> ";

/// The child of a test; killed when it is dropped.
pub(crate) struct TestChild {
    child: Child,
    output: BufReader<ChildStdout>,
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
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, output }
    }

    /// The next whole line for the parent; none after the child's end.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            let length = self.output.read_line(&mut line).expect("text");
            if length == 0 || !line.ends_with('\n') {
                return None;
            }
            // The harness leaves "test NAME ... " without an end before the first line.
            if let Some((_, text)) = line.split_once(MARK) {
                return Some(text.trim_end().to_owned());
            }
        }
    }

    /// The child's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the child's input, which is how it is told to end, and waits for it.
    pub(crate) fn finish(mut self) {
        drop(self.child.stdin.take());
        let status = self.child.wait().expect("an end");
        assert!(status.success(), "the child failed: {status}");
    }
}

impl Drop for TestChild {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Kills a process of ours at once (SIGKILL), as a power cut would.
pub(crate) fn kill(id: u32) {
    let status = Command::new("kill").args(["-KILL", &id.to_string()]).status().expect("kill");
    assert!(status.success(), "process {id} could not be killed");
}

/// Tells the parent a line, in one write.
pub(crate) fn tell(text: &str) {
    let line = format!("{MARK}{text}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).expect("the parent");
}
