//! Pages of lists: how many, from where, in which direction (the Relay cursor connections
//! specification). Cursors name the place of an item, so a page costs what it shows.

use scrip_domain::rejection::{Input, Refusal, Rejection};

/// The most items of a page.
pub const MAX_PAGE: usize = 500;
/// The items of a page where no number is asked for.
pub const DEFAULT_PAGE: usize = 50;

/// Which page of a list. The cursor is whatever names an item's place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<C> {
    /// How many items.
    pub limit: usize,
    /// Only items after this place.
    pub after: Option<C>,
    /// Only items before this place.
    pub before: Option<C>,
    /// The last of them, not the first.
    pub from_end: bool,
}

impl<C> PageRequest<C> {
    /// Checks a request for `first` or `last` items between two cursors.
    pub fn new(first: Option<i32>, after: Option<C>, last: Option<i32>, before: Option<C>) -> Result<Self, Refusal> {
        let (limit, field, from_end) = match (first, last) {
            (Some(_), Some(_)) => {
                let reason = "expected first or last, not both".to_owned();
                return Err(Rejection::ValueInvalid { reason }.at([Input::Last]));
            }
            (None, None) => (DEFAULT_PAGE, Input::First, false),
            (Some(number), None) => (usize::try_from(number).unwrap_or_default(), Input::First, false),
            (None, Some(number)) => (usize::try_from(number).unwrap_or_default(), Input::Last, true),
        };
        if !(1..=MAX_PAGE).contains(&limit) {
            let reason = format!("expected a page of 1 to {MAX_PAGE} items");
            return Err(Rejection::ValueInvalid { reason }.at([field]));
        }
        Ok(Self { limit, after, before, from_end })
    }
}

impl<C> PageRequest<C> {
    /// The request for the same page of the list in the other order.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { limit: self.limit, after: self.before, before: self.after, from_end: !self.from_end }
    }
}

/// A page: items with their places, in the list's order.
#[derive(Debug, Clone)]
pub struct Page<T, C> {
    /// The items.
    pub items: Vec<(C, T)>,
    /// Whether there are more after them.
    pub has_next: bool,
    /// Whether there are more before them.
    pub has_previous: bool,
    /// Where to go on, in the page's direction, when the items end before the list does.
    pub resume: Option<C>,
    /// Whether its direction is from the list's end.
    pub from_end: bool,
}

impl<T, C> Page<T, C> {
    /// A page from up to one item more than were asked for, gathered in the page's direction.
    #[must_use]
    pub fn from_gathered(mut gathered: Vec<(C, T)>, request: &PageRequest<C>) -> Self {
        let more = gathered.len() > request.limit;
        gathered.truncate(request.limit);
        if request.from_end {
            gathered.reverse();
        }
        Self {
            items: gathered,
            has_next: if request.from_end { request.before.is_some() } else { more },
            has_previous: if request.from_end { more } else { request.after.is_some() },
            resume: None,
            from_end: request.from_end,
        }
    }

    /// A page without items.
    #[must_use]
    pub fn empty() -> Self {
        Self { items: Vec::new(), has_next: false, has_previous: false, resume: None, from_end: false }
    }

    /// A page from what was gathered in its direction up to the place `last`, which may be too little.
    #[must_use]
    pub fn from_gathered_until(gathered: Vec<(C, T)>, last: Option<C>, request: &PageRequest<C>) -> Self {
        let cut = gathered.len() <= request.limit;
        let mut page = Self::from_gathered(gathered, request);
        if cut && last.is_some() {
            page.resume = last;
            if request.from_end { page.has_previous = true } else { page.has_next = true }
        }
        page
    }

    /// The same page of the list in the other order.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.items.reverse();
        std::mem::swap(&mut self.has_next, &mut self.has_previous);
        self.from_end = !self.from_end;
        self
    }

    /// The same page, its places named in another way.
    pub fn placed<D>(self, place: impl Fn(C) -> D) -> Page<T, D> {
        Page {
            items: self.items.into_iter().map(|(at, item)| (place(at), item)).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
            resume: self.resume.map(&place),
            from_end: self.from_end,
        }
    }
}
