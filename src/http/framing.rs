//! Where the heads of requests begin and end in what a connection sends, and whether each of their lines ends with CR
//! and LF (RFC 9112, section 2.2). The parser takes LF alone, and a proxy in front may not: two that see different
//! requests in the same bytes let one of them be smuggled past the other. What is wrong is made into something that the
//! parser refuses.

/// The most of a line that is looked at, in bytes: what tells how long a body is is shorter.
const LINE: usize = 256;

/// What is being read of a connection.
#[derive(Debug, Default)]
pub(super) struct Framing {
    part: Part,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Whether the last byte of that line was CR.
    returned: bool,
    /// Whether that line is longer than what is kept of it.
    long: bool,
    head: Head,
    /// How many bytes of the head, or of the trailers, have come that is not whole yet.
    unfinished: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Before a request.
    #[default]
    Between,
    /// After its first line.
    Fields,
    /// So many bytes of its body are to come.
    Body(u64),
    /// The line that tells how long the next chunk is.
    Size,
    /// So many bytes of a chunk are to come, its end included.
    Chunk(u64),
    /// After the last chunk.
    Trailers,
    /// The rest is no HTTP, or is not read any more.
    Unwatched,
}

/// What a head says of what follows it.
#[derive(Debug, Default)]
struct Head {
    length: Option<u64>,
    chunked: bool,
    /// Its body is written in another way, which is refused later, with a word.
    coded: bool,
    upgrade: bool,
}

impl Framing {
    /// Looks at what has come; where something is wrong, the place of the byte that makes it so.
    pub(super) fn watch(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        let mut begun = self.unfinished;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            at += match self.part {
                Part::Unwatched => rest.len(),
                Part::Body(left) => self.skip(left, rest.len(), Part::Body, Part::Between),
                Part::Chunk(left) => self.skip(left, rest.len(), Part::Chunk, Part::Size),
                Part::Between | Part::Fields | Part::Size | Part::Trailers => {
                    let read = self.line(rest).map_err(|off| at + off)?;
                    begun += read;
                    read
                }
            };
            // A line within a head that goes on, or the beginning of one.
            let within = matches!(self.part, Part::Fields | Part::Trailers) || !self.line.is_empty();
            begun = if within { begun } else { 0 };
        }
        self.unfinished = begun;
        Ok(())
    }

    /// How many bytes of a head have come that is not whole yet.
    pub(super) fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// Whether nothing has to be looked at any more.
    pub(super) fn is_over(&self) -> bool {
        self.part == Part::Unwatched
    }

    /// Passes over what is no line; how many bytes.
    fn skip(&mut self, left: u64, there: usize, goes_on: fn(u64) -> Part, then: Part) -> usize {
        let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(there);
        let left = left - skipped as u64;
        self.part = if left == 0 { then } else { goes_on(left) };
        skipped
    }

    /// Reads up to the end of a line; how many bytes, or the place of its end where it is wrong.
    fn line(&mut self, rest: &[u8]) -> Result<usize, usize> {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if let Some(last) = part.last() {
            self.returned = *last == b'\r';
        }
        let room = LINE - self.line.len();
        self.long |= part.len() > room;
        self.line.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
        let Some(end) = end else { return Ok(rest.len()) };
        let line = std::mem::take(&mut self.line);
        let (returned, long) = (std::mem::take(&mut self.returned), std::mem::take(&mut self.long));
        let understood = returned && self.understand(line.trim_ascii(), long).is_some();
        if understood { Ok(end + 1) } else { Err(end) }
    }

    /// Takes in a line; none where it is wrong.
    fn understand(&mut self, line: &[u8], long: bool) -> Option<()> {
        self.part = match self.part {
            Part::Between if line.is_empty() => Part::Between,
            Part::Between => {
                self.head = Head::default();
                Part::Fields
            }
            Part::Fields if line.is_empty() => self.head.followed_by()?,
            Part::Fields => {
                self.head.field(line, long)?;
                Part::Fields
            }
            Part::Size => {
                let size = line.split(|byte| *byte == b';').next()?.trim_ascii();
                match u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()? {
                    0 => Part::Trailers,
                    size => Part::Chunk(size.checked_add(2)?),
                }
            }
            Part::Trailers if line.is_empty() => Part::Between,
            part => part,
        };
        Some(())
    }
}

impl Head {
    /// Takes a field in; none where it leaves open how long the body is.
    fn field(&mut self, line: &[u8], long: bool) -> Option<()> {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?.trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = std::str::from_utf8(value).ok().filter(|_| !long)?.parse().ok()?;
            if self.length.is_some_and(|known| known != length) {
                return None;
            }
            self.length = Some(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.coded |= self.chunked || long || !value.eq_ignore_ascii_case(b"chunked");
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            self.upgrade = value.eq_ignore_ascii_case(b"websocket");
        }
        Some(())
    }

    /// What follows; none where two fields tell two things (RFC 9112, section 6.3).
    fn followed_by(&self) -> Option<Part> {
        match (self.chunked, self.length) {
            (true, Some(_)) => None,
            (true, None) if self.coded => Some(Part::Unwatched),
            (true, None) => Some(Part::Size),
            (false, Some(length)) if length > 0 => Some(Part::Body(length)),
            // A socket, or a refusal after which the connection ends.
            (false, _) if self.upgrade => Some(Part::Unwatched),
            (false, _) => Some(Part::Between),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a text is wrong, however it is cut into parts.
    fn wrong(text: &str) -> Option<usize> {
        let whole = Framing::default().watch(text.as_bytes()).err();
        for size in 1..text.len() {
            let mut framing = Framing::default();
            let parts = text.as_bytes().chunks(size).enumerate();
            let found = parts.map(|(part, bytes)| framing.watch(bytes).map_err(|at| part * size + at));
            let found = found.collect::<Result<(), _>>().err();
            assert_eq!(found, whole, "{text:?} in parts of {size}");
        }
        whole
    }

    #[test]
    fn what_is_not_whole_is_counted() {
        let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n";
        for (text, unfinished) in [
            ("", 0),
            ("GET", 3),
            ("GET / HTTP/1.1\r\nhost: x\r\n", 25),
            (head, 0),
            (&format!("{head}abc"), 0),
            (&format!("{head}ab"), 0),
            (&format!("{head}abcGET /"), 5),
            (&format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(5_000)), 5_019),
        ] {
            for size in [1, 7, 10_000] {
                let mut framing = Framing::default();
                for part in text.as_bytes().chunks(size) {
                    framing.watch(part).expect("right");
                }
                assert_eq!(framing.unfinished(), unfinished, "{text:?} in parts of {size}");
            }
        }
    }

    #[test]
    fn lines_end_with_both_signs() {
        let get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        let sized = "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n\n\n\n";
        let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\n\n\n\n\r\n0\r\nx: y\r\n\r\n";
        let socket = "GET / HTTP/1.1\r\nupgrade: websocket\r\n\r\n\n\n";
        let coded = "GET / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n\n\n";
        let long = format!("GET /{} HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(999), "y".repeat(9_999));
        for right in [
            get.to_owned(),
            format!("\r\n{get}{get}"),
            format!("{sized}{chunked}{sized}{get}{long}"),
            socket.to_owned(),
            coded.to_owned(),
        ] {
            assert_eq!(wrong(&right), None, "{right:?}");
        }
        for (before, text) in [
            ("GET / HTTP/1.1", "\nhost: x\n\n"),
            ("GET / HTTP/1.1\r\nhost: x", "\n\n"),
            ("GET / HTTP/1.1\r\nhost: x\r\n", "\n"),
            ("", "\nGET / HTTP/1.1\r\n\r\n"),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3", "\nabc\r\n"),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y", "\n\r\n"),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r", "\n"),
            ("POST / HTTP/1.1\r\ncontent-length: 3\r\ncontent-length: 4\r", "\n"),
            ("POST / HTTP/1.1\r\ncontent-length: +-3\r", "\n"),
        ] {
            for earlier in ["", get, sized, chunked] {
                let found = wrong(&format!("{earlier}{before}{text}"));
                assert_eq!(found, Some(earlier.len() + before.len()), "{earlier:?} {before:?}");
            }
        }
    }
}
