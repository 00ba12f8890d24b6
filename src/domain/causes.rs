//! Errors with their causes, as one line of the log.

use std::error::Error;

/// What an error says, and what its causes say, each once: many say what their cause said as well.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !tells(&text, &said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}

/// Whether a text has this as a part of its own: after a colon, and before what ends a part.
fn tells(text: &str, said: &str) -> bool {
    text.match_indices(said).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + said.len()..]);
        (before.is_empty() || before.ends_with(": ")) && (after.is_empty() || after.starts_with([':', '.', ',', ';']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{what}")]
    struct Failed {
        what: &'static str,
        #[source]
        cause: Option<Box<Failed>>,
    }

    #[test]
    fn each_cause_is_told_once() {
        let failed = |what, cause: Option<Failed>| Failed { what, cause: cause.map(Box::new) };
        let disk = failed("the disk is full", None);
        assert_eq!(with_causes(&disk), "the disk is full");
        let engine = failed("it cannot write: the disk is full", Some(disk));
        let told = failed("it cannot write: the disk is full. Make room", Some(failed("the disk is full", None)));
        assert_eq!(with_causes(&told), "it cannot write: the disk is full. Make room");
        let other = failed("a row that was not found cannot be read", Some(failed("not found", None)));
        assert_eq!(with_causes(&other), "a row that was not found cannot be read: not found");
        let purchase = failed("purchase \"t-1\"", Some(engine));
        assert_eq!(with_causes(&purchase), "purchase \"t-1\": it cannot write: the disk is full");
    }
}
