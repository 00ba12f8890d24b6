//! What can be wrong with a pattern, in words for the person who wrote it. It keeps one invariant: every refusal but
//! the empty one names the character it is about, by its position in the pattern's text.

use super::pattern::MAX_PLACES;

/// Why a pattern was refused. Positions count the characters of the pattern's text from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The pattern has no character at all.
    #[error("pattern is empty: write 1 to {MAX_PLACES} characters")]
    Empty,
    /// More than [`MAX_PLACES`] places.
    #[error("pattern is too long: the code would go past {MAX_PLACES} characters at position {position}")]
    TooLong {
        /// Where the first place too many begins.
        position: usize,
    },
    /// A backslash with nothing after it.
    #[error("backslash at position {position} escapes nothing: write \\\\ for a backslash in the code")]
    TrailingBackslash {
        /// Where the backslash is.
        position: usize,
    },
    /// A character that looks like a placeholder or a backslash, and is none.
    #[error(
        "{found:?} at position {position} is no placeholder: write {meant:?}, or \\{found} for the character itself"
    )]
    UnknownPlaceholder {
        /// Where it is.
        position: usize,
        /// The character found.
        found: char,
        /// The ASCII character it looks like.
        meant: char,
    },
    /// A literal that normalises to something else, or that could combine with the character before it (UAX #15).
    #[error(
        "character U+{:04X} at position {position} changes under Unicode normalisation (NFC): write the composed character",
        u32::from(*.found)
    )]
    NotComposed {
        /// Where it is.
        position: usize,
        /// The character found.
        found: char,
    },
    /// A control character, or one that is not seen.
    #[error("character U+{:04X} at position {position} cannot be seen: remove it", u32::from(*.found))]
    Control {
        /// Where it is.
        position: usize,
        /// The character found.
        found: char,
    },
    /// White space where every typed code is trimmed.
    #[error("white space at position {position} begins or ends the code, where what is typed is trimmed: remove it")]
    OuterSpace {
        /// Where it is.
        position: usize,
    },
}

impl PatternError {
    /// The character of the pattern's text that is wrong, counted from 0; none for an empty pattern.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        match self {
            Self::Empty => None,
            Self::TooLong { position }
            | Self::TrailingBackslash { position }
            | Self::UnknownPlaceholder { position, .. }
            | Self::NotComposed { position, .. }
            | Self::Control { position, .. }
            | Self::OuterSpace { position } => Some(*position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_the_character() {
        let text = PatternError::NotComposed { position: 4, found: '\u{301}' }.to_string();
        assert!(text.starts_with("character U+0301 at position 4"), "{text}");
        let text = PatternError::UnknownPlaceholder { position: 1, found: '＃', meant: '#' }.to_string();
        assert_eq!(text, "'＃' at position 1 is no placeholder: write '#', or \\＃ for the character itself");
    }
}
