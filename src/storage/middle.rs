//! A text between two others, as far from both as can be: for halving a range of ids.

/// How many characters there are; a text is a number with these as digits, after the point.
const BASE: u32 = 0x11_0000 - 0x800;

/// A text above the one and below the other; none where there is nothing between them worth looking for.
pub(super) fn middle(low: &str, high: &str) -> Option<String> {
    let length = low.chars().count().max(high.chars().count()) + 1;
    let digits = |text: &str| {
        let mut digits: Vec<u32> = text.chars().map(digit).collect();
        digits.resize(length, 0);
        digits
    };
    let mut sum = digits(low);
    let mut carry = 0;
    for (one, other) in sum.iter_mut().zip(digits(high)).rev() {
        *one += other + carry;
        carry = *one / BASE;
        *one %= BASE;
    }
    let mut rest = carry;
    for digit in &mut sum {
        let whole = rest * BASE + *digit;
        *digit = whole / 2;
        rest = whole % 2;
    }
    while sum.last() == Some(&0) {
        sum.pop();
    }
    let text: String = sum.into_iter().filter_map(character).collect();
    (low < text.as_str() && text.as_str() < high).then_some(text)
}

/// A character's number without the gap of the surrogates.
fn digit(character: char) -> u32 {
    let number = u32::from(character);
    if number < 0xD800 { number } else { number - 0x800 }
}

fn character(digit: u32) -> Option<char> {
    char::from_u32(if digit < 0xD800 { digit } else { digit + 0x800 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn examples() {
        assert_eq!(middle("a", "c").as_deref(), Some("b"));
        assert_eq!(middle("", "b").as_deref(), Some("1"));
        assert!(middle("a", "b").is_some_and(|text| text.starts_with('a')));
        assert_eq!(middle("a", "a"), None);
        assert_eq!(middle("b", "a"), None);
        assert_eq!(middle("a", "a\0"), None);
    }

    proptest! {
        #[test]
        fn it_is_between(one in ".{0,6}", other in ".{0,6}") {
            let (low, high) = if one < other { (one, other) } else { (other, one) };
            if let Some(text) = middle(&low, &high) {
                prop_assert!(low < text && text < high, "{low:?} {text:?} {high:?}");
            } else {
                // Only what differs by the least possible has nothing between.
                prop_assert!(low == high || high.trim_end_matches('\0') == low, "{low:?} {high:?}");
            }
        }
    }
}
