//! How names are sorted where people read them: without regard to case, accents beside their letters. The order is the
//! same for every language, so that it needs no setting; what one language sorts in its own way is not known here.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// What names are sorted by: their letters without accents and case; among those that are alike, with accents; then as
/// they are written. It is the same for every language.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameKey {
    letters: String,
    accented: String,
    name: String,
}

impl NameKey {
    /// The key of a name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let accented: String = name.to_lowercase().nfkd().collect();
        let mut letters = String::with_capacity(accented.len());
        for character in accented.chars().filter(|character| !is_combining_mark(*character)) {
            match letters_of(character) {
                Some(alike) => letters.push_str(alike),
                None => letters.push(character),
            }
        }
        Self { letters, accented, name: name.to_owned() }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The letters beside which a letter is sorted that no accent makes of them.
fn letters_of(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        'ħ' => "h",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_sort_them() {
        let sorted = [
            "",
            "10",
            "2",
            "Ähre",
            "aer",
            "Æsir",
            "apple",
            "Apple",
            "Äpple",
            "Banana",
            "eclair",
            "Éclair",
            "Eclairs",
            "Ødegård",
            "Straße",
            "Strasse 2",
            "tail",
            "zebra",
            "Zebra",
            "Łódź",
            "Öl",
        ];
        let mut found = sorted;
        found.sort_by_key(|name| NameKey::new(name));
        let place = |name: &str| found.iter().position(|found| *found == name).expect("it is there");
        for (one, other) in [
            ("apple", "Banana"),
            ("Apple", "Banana"),
            ("Äpple", "Banana"),
            ("apple", "Äpple"),
            ("Éclair", "Eclairs"),
            ("eclair", "Éclair"),
            ("Öl", "Straße"),
            ("Ødegård", "Öl"),
            ("Łódź", "Öl"),
            ("Straße", "Strasse 2"),
            ("Æsir", "apple"),
            ("tail", "Zebra"),
        ] {
            assert!(place(one) < place(other), "{one} stands before {other}: {found:?}");
        }
        assert_eq!(place("Apple").abs_diff(place("apple")), 1);
    }

    #[test]
    fn equal_names_stand_beside_each_other_in_a_fixed_order() {
        let (one, other) = (NameKey::new("a"), NameKey::new("A"));
        assert_eq!(one.letters, other.letters);
        assert!(other < one);
    }
}
