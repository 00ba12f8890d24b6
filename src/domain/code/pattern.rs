//! Patterns of codes: the text that staff write, parsed once into places. It keeps one invariant: a pattern has 1 to
//! [`MAX_PLACES`] places, and each place makes exactly one character, so every code of a pattern has the same length.

use std::fmt;

use super::literal::check_literal;
use super::pattern_error::PatternError;

/// The most places, so the most characters of a code.
pub const MAX_PLACES: usize = 64;

/// A class of characters that a placeholder chooses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// `#`: 0-9.
    Digit,
    /// `@`: a-z.
    Lower,
    /// `^`: A-Z.
    Upper,
    /// `*`: a letter of either case, or a digit (62 characters).
    Alphanumeric,
    /// `$`: A-Z or a digit (36 characters).
    UpperOrDigit,
}

impl Class {
    /// The class that a marker stands for in a pattern.
    #[must_use]
    pub fn of(marker: char) -> Option<Self> {
        match marker {
            '#' => Some(Self::Digit),
            '@' => Some(Self::Lower),
            '^' => Some(Self::Upper),
            '*' => Some(Self::Alphanumeric),
            '$' => Some(Self::UpperOrDigit),
            _ => None,
        }
    }

    /// Every character of the class, in ASCII order.
    pub fn characters(self) -> impl Iterator<Item = char> {
        ('0'..='9').chain('A'..='Z').chain('a'..='z').filter(move |character| self.contains(*character))
    }

    /// Whether the class can make both cases of one letter.
    #[must_use]
    pub fn mixes_case(self) -> bool {
        match self {
            Self::Alphanumeric => true,
            Self::Digit | Self::Lower | Self::Upper | Self::UpperOrDigit => false,
        }
    }

    fn contains(self, character: char) -> bool {
        match self {
            Self::Digit => character.is_ascii_digit(),
            Self::Lower => character.is_ascii_lowercase(),
            Self::Upper => character.is_ascii_uppercase(),
            Self::Alphanumeric => character.is_ascii_alphanumeric(),
            Self::UpperOrDigit => character.is_ascii_digit() || character.is_ascii_uppercase(),
        }
    }
}

/// One place of a pattern, which makes one character of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Always this character.
    Literal(char),
    /// Any character of the class that is not excluded.
    Placeholder(Class),
}

/// A parsed pattern, with the text it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    places: Vec<Place>,
}

impl Pattern {
    /// Reads a pattern: `#`, `@`, `^`, `*` and `$` are placeholders, `\` makes the next character literal, everything
    /// else is literal.
    ///
    /// # Errors
    /// The first thing that is wrong, with its position in the text, counted in characters from 0.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut places = Vec::new();
        let mut ends = (0, 0);
        let mut characters = text.chars().enumerate();
        while let Some((position, found)) = characters.next() {
            if places.len() == MAX_PLACES {
                return Err(PatternError::TooLong { position });
            }
            let (at, place) = match Class::of(found) {
                Some(class) => (position, Place::Placeholder(class)),
                None if found == '\\' => {
                    let (at, escaped) = characters.next().ok_or(PatternError::TrailingBackslash { position })?;
                    (at, Place::Literal(check_literal(escaped, at, true)?))
                }
                None => (position, Place::Literal(check_literal(found, position, false)?)),
            };
            ends = (if places.is_empty() { at } else { ends.0 }, at);
            places.push(place);
        }
        check_ends(&places, ends)?;
        Ok(Self { text: text.to_owned(), places })
    }

    /// The text that was parsed, unchanged.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The places in order, 1 to [`MAX_PLACES`].
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// How many characters each code has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.places.len()
    }

    /// How many places are placeholders; none means a generic code, at least 4 are asked of a bulk pool.
    #[must_use]
    pub fn placeholders(&self) -> usize {
        self.places.iter().filter(|place| matches!(place, Place::Placeholder(_))).count()
    }

    /// Whether some place can make both cases of one letter, which forces the pool to be case-sensitive. Exclusions
    /// do not change the answer: it belongs to the pattern.
    #[must_use]
    pub fn mixes_case(&self) -> bool {
        self.places.iter().any(|place| match place {
            Place::Literal(_) => false,
            Place::Placeholder(class) => class.mixes_case(),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// What a person types is trimmed, so a code that begins or ends with white space could never be typed.
fn check_ends(places: &[Place], (first, last): (usize, usize)) -> Result<(), PatternError> {
    let is_space = |place: &Place| matches!(place, Place::Literal(character) if character.is_whitespace());
    match (places.first(), places.last()) {
        (Some(place), _) if is_space(place) => Err(PatternError::OuterSpace { position: first }),
        (_, Some(place)) if is_space(place) => Err(PatternError::OuterSpace { position: last }),
        (Some(_), Some(_)) => Ok(()),
        (None, _) | (_, None) => Err(PatternError::Empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_characters() {
        for (marker, size, mixes) in
            [('#', 10, false), ('@', 26, false), ('^', 26, false), ('*', 62, true), ('$', 36, false)]
        {
            let class = Class::of(marker).unwrap();
            assert_eq!(class.characters().count(), size, "{marker}");
            assert_eq!(class.mixes_case(), mixes, "{marker}");
        }
    }

    #[test]
    fn escapes_make_literals() {
        let pattern = Pattern::parse(r"\#\\a\d#É ?%-*").unwrap();
        let literals: String = pattern
            .places()
            .iter()
            .filter_map(|place| match place {
                Place::Literal(character) => Some(*character),
                Place::Placeholder(_) => None,
            })
            .collect();
        assert_eq!(literals, r"#\adÉ ?%-");
        assert_eq!((pattern.length(), pattern.placeholders(), pattern.mixes_case()), (11, 2, true));
        assert_eq!(pattern.to_string(), r"\#\\a\d#É ?%-*");
    }

    #[test]
    fn what_is_wrong_is_named_at_its_character() {
        use PatternError as E;
        let decomposed = |position, found| E::NotComposed { position, found };
        let table = [
            ("", E::Empty),
            ("AB\\", E::TrailingBackslash { position: 2 }),
            ("\\\\\\", E::TrailingBackslash { position: 2 }),
            ("A\u{7}", E::Control { position: 1, found: '\u{7}' }),
            ("#\u{200b}#", E::Control { position: 1, found: '\u{200b}' }),
            ("É#\u{202e}", E::Control { position: 2, found: '\u{202e}' }),
            ("CAFE\u{301}", decomposed(4, '\u{301}')),
            ("\\\u{212b}", decomposed(1, '\u{212b}')),
            ("#\u{ff03}", E::UnknownPlaceholder { position: 1, found: '＃', meant: '#' }),
            (" ####", E::OuterSpace { position: 0 }),
            ("####\\ ", E::OuterSpace { position: 5 }),
        ];
        for (text, error) in table {
            assert_eq!(Pattern::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn sixty_four_places_are_the_most() {
        assert_eq!(Pattern::parse(&"\\#".repeat(64)).unwrap().length(), 64);
        assert_eq!(Pattern::parse(&"É".repeat(64)).unwrap().length(), 64);
        assert_eq!(Pattern::parse(&"#".repeat(65)), Err(PatternError::TooLong { position: 64 }));
        assert_eq!(Pattern::parse(&"\\#".repeat(65)), Err(PatternError::TooLong { position: 128 }));
        assert_eq!(Pattern::parse(&"\u{1}".repeat(65)).unwrap_err().position(), Some(0));
    }

    #[test]
    fn an_escaped_lookalike_is_a_literal() {
        assert_eq!(Pattern::parse("\\＃").unwrap().places(), &[Place::Literal('＃')]);
    }
}
