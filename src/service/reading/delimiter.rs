//! What parts the cells of a file, told by what stands outside of quotes in its first lines.

use super::DELIMITERS;

/// How many lines are looked at.
const LINES: usize = 100;

/// The delimiter of a text that begins so: the one that parts most lines into as many cells as the first.
pub(super) fn delimiter(text: &str) -> char {
    let mut counts = vec![[0_usize; DELIMITERS.len()]];
    let mut quoted = false;
    for sign in text.chars() {
        if sign == '"' {
            quoted = !quoted;
        } else if sign == '\n' && !quoted {
            if counts.len() == LINES {
                break;
            }
            counts.push([0; DELIMITERS.len()]);
        } else if !quoted
            && let Some(place) = DELIMITERS.iter().position(|delimiter| *delimiter == sign)
            && let Some(line) = counts.last_mut()
        {
            line[place] += 1;
        }
    }
    // What comes after the last line end that was seen may be cut.
    if counts.len() > 1 {
        counts.pop();
    }
    let first = counts.first().copied().unwrap_or_default();
    let agreeing = |place: usize| {
        if first[place] == 0 { 0 } else { counts.iter().filter(|line| line[place] == first[place]).count() }
    };
    let best = (0..DELIMITERS.len()).rev().max_by_key(|place| (agreeing(*place), first[*place])).unwrap_or(0);
    if agreeing(best) == 0 { DELIMITERS[0] } else { DELIMITERS[best] }
}
