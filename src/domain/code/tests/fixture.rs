//! Codes that must never change: they are in customers' hands, and nowhere else. A change that fails here would hand
//! out other codes than those that were sold; it is wrong, whatever else it improves.

use super::*;

struct Handed {
    pattern: &'static str,
    characters: &'static [&'static str],
    phrases: &'static [&'static str],
    case: CaseMode,
    codes: [(u64, &'static str); 4],
}

const fn handed(
    pattern: &'static str,
    characters: &'static [&'static str],
    phrases: &'static [&'static str],
    case: CaseMode,
    codes: [(u64, &'static str); 4],
) -> Handed {
    Handed { pattern, characters, phrases, case, codes }
}

/// The key of every line: the bytes 0 to 31.
fn fixed_key() -> SeriesKey {
    SeriesKey::new(std::array::from_fn(|index| index as u8))
}

use CaseMode::{Insensitive as No, Sensitive as Yes};

const HANDED: &[Handed] = &[
    handed("GENERIC", &[], &[], No, [(0, "GENERIC"), (0, "GENERIC"), (0, "GENERIC"), (0, "GENERIC")]),
    handed("A-##", &[], &["7"], No, [(0, "A-28"), (1, "A-49"), (2, "A-68"), (80, "A-33")]),
    handed("\\#####", &["0"], &["12"], No, [(0, "#8385"), (1, "#2154"), (2, "#6417"), (6_318, "#3587")]),
    handed("^^^#", &[], &[], No, [(0, "MHW0"), (1, "ROK5"), (2, "PIZ0"), (175_759, "FTP5")]),
    handed(
        "$$$$$$$$$$",
        &["0", "O", "1", "I"],
        &[],
        No,
        [(0, "X35QRZXA5V"), (1, "Q6RN7XQLE7"), (2, "YMJX9W6KV5"), (99_999_999, "6JXRZP8Q56")],
    ),
    handed(
        "$$$$$$$$$$",
        &["0", "O"],
        &["ass", "sex", "xx"],
        No,
        [(0, "TSZ3AMT2UF"), (1, "MM1IFDIZD7"), (2, "82GQ1W8GMM"), (99_999_999, "47XFR5F6ZM")],
    ),
    handed(
        "Été-@@@@****",
        &["l"],
        &["été-a", "1a"],
        Yes,
        [(0, "Été-phusU96N"), (1, "Été-twmwcQWo"), (2, "Été-nbjd3KWX"), (99_999_999, "Été-sovpWr48")],
    ),
    handed(
        "SALE-####-^^^^-$$$$-****",
        &[],
        &["le-1", "xx"],
        Yes,
        [
            (0, "SALE-5257-SFRL-D3QF-yD6l"),
            (1, "SALE-4051-CHEL-W58V-vXmu"),
            (2, "SALE-7827-AMRO-35SS-lgI3"),
            (99_999_999, "SALE-6786-VNNM-EXEY-n72s"),
        ],
    ),
    handed(
        "************************",
        &["0"],
        &["ass"],
        Yes,
        [
            (0, "cc7hBEMSCmIwjVOJ6cD4tNyK"),
            (1, "T5O8jzKaTu3gpfKjoHyVjZiq"),
            (2, "GsyxvP7PIW22ZncLMEunN8xU"),
            (u64::MAX, "fyfVIgtqvvwJcVCMlvQcIWMa"),
        ],
    ),
    handed(
        "********************************",
        &[],
        &[],
        Yes,
        [
            (0, "fGWJvLdhbglzFXqgmye60cwwUReZbkzE"),
            (1, "73uYX4BtZHScQsu49QyhfIK2244dYRB7"),
            (2, "gThFH7sonG8dkiWa3UEoWMiV1pWwX0YV"),
            (u64::MAX, "jbkNseK6xK9dtsaHbEsesLjhzRrTKFDK"),
        ],
    ),
];

#[test]
fn codes_never_change() {
    for line in HANDED {
        let format = format(line.pattern, line.characters, line.phrases, line.case);
        let series = Series::new(Arc::new(Space::new(format).unwrap()), &fixed_key()).unwrap();
        for (index, code) in line.codes {
            assert_eq!(series.code(index).as_deref(), Some(code), "{} {index}", line.pattern);
            assert_eq!(series.index(code), Some(index), "{code}");
        }
    }
}
