//! A series: the codes of a space in the order that a key gives them. It keeps one invariant: `code` and `index` are each
//! other's inverse, so a code need not be stored to be unique or to be found.

use std::fmt;
use std::sync::Arc;

use super::comparison::typed;
use super::key::SeriesKey;
use super::number::Number;
use super::permutation::Permutation;
use super::space::Space;
use super::wide::Wide;

/// How many indices are permuted together before their codes are written.
const BATCH: usize = 256;

/// Why a series was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// The exclusions leave no code.
    #[error("exclusions leave no code: exclude less, or change the pattern")]
    NoCodes,
}

/// The codes of a space in a secret order: `code(0)`, `code(1)` and so on, each different, none foreseeable.
pub struct Series {
    space: Arc<Space>,
    permutation: Permutation,
}

impl Series {
    /// Opens the series of a key over a space.
    ///
    /// # Errors
    /// [`SeriesError::NoCodes`] where the space is empty.
    pub fn new(space: Arc<Space>, key: &SeriesKey) -> Result<Self, SeriesError> {
        let permutation = Permutation::new(key, space.count()).ok_or(SeriesError::NoCodes)?;
        Ok(Self { space, permutation })
    }

    /// The space that is ordered.
    #[must_use]
    pub fn space(&self) -> &Arc<Space> {
        &self.space
    }

    /// The code of an index; none from the space's count on.
    #[must_use]
    pub fn code(&self, index: u64) -> Option<String> {
        let mut code = String::new();
        self.write(index, &mut code).then_some(code)
    }

    /// Appends the code of an index to a text; false, and nothing appended, from the space's count on.
    pub fn write(&self, index: u64, code: &mut String) -> bool {
        let rank = self.permutation.forward_wide(Wide::from(u128::from(index)));
        rank.is_some_and(|rank| self.space.write_wide(rank, code))
    }

    /// The index of what a person typed; none for what the space does not hold, and for codes whose index is 2^64 or
    /// more, which no series reaches. A code belongs to the pool only below the number of codes it has handed out.
    #[must_use]
    pub fn index(&self, code: &str) -> Option<u64> {
        let rank = self.space.wide_rank(&typed(code))?;
        u64::try_from(self.permutation.inverse_wide(rank)?.to_u128()?).ok()
    }

    /// The indices below `size` of the codes that begin with a text, in order, and of how many codes of the space they
    /// are; none where more than `most` begin so, so that looking through the indices is less work.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str, size: u64, most: u64) -> Option<(Vec<u64>, u64)> {
        let Some((first, count)) = self.space.wide_ranks(&typed(prefix)) else { return Some((Vec::new(), 0)) };
        let count = count.to_u128().and_then(|count| u64::try_from(count).ok()).filter(|count| *count <= most)?;
        let index = |offset: u64| {
            let rank = first.plus(Wide::from(u128::from(offset)));
            u64::try_from(self.permutation.inverse_wide(rank)?.to_u128()?).ok().filter(|index| *index < size)
        };
        let mut indices: Vec<u64> = (0..count).filter_map(index).collect();
        indices.sort_unstable();
        Some((indices, count))
    }

    /// Visits `count` codes from index `start` on, in order, ending early where the space does. Nothing is allocated
    /// for a code; the text is only lent.
    pub fn codes(&self, start: u64, count: u64, visit: &mut dyn FnMut(&str)) {
        let end = start.saturating_add(count);
        let end = self.space.count().try_into().map_or(end, |total: u64| end.min(total));
        let mut code = String::with_capacity(4 * super::MAX_PLACES);
        let mut ranks = Vec::with_capacity(BATCH);
        let mut first = start;
        while first < end {
            let next = end.min(first.saturating_add(BATCH as u64));
            if let Some(feistel) = self.permutation.in_lanes() {
                ranks.clear();
                ranks.extend((first..next).map(u128::from));
                feistel.forward_all(&mut ranks);
                for rank in &ranks {
                    code.clear();
                    self.space.write(*rank, &mut code);
                    visit(&code);
                }
            } else {
                for index in first..next {
                    code.clear();
                    self.write(index, &mut code);
                    visit(&code);
                }
            }
            first = next;
        }
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Series").field("pattern", &self.space.format().pattern().text()).finish_non_exhaustive()
    }
}
