//! One command's decision in the making: it sees the batch's state and its own changes over it, and leaves nothing behind
//! unless it ends well. The use cases are its methods. They do nothing to the rows but through the collaborators that it
//! gives them ([`super`] has the map).

use super::{
    Request, asker::Asker, books::Books, erasure::Erasing, jobs::JobBook, keys::Access, lookups::Lookups,
    plugins::Plugins, rows::Rows, stop::Stop, supply::Supply, working::Working,
};
use crate::{Caller, prepare::Prepared, question::Question};
use scrip_domain::period::Instant;

/// One command's attempt to be carried out.
pub(super) struct Attempt<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) asker: Asker<'a>,
    /// What plugins have to be asked.
    pub(super) questions: Vec<Question>,
    /// What a source knows a claim again by.
    pub(super) source_key: &'a str,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(working: &'a Working<'a>, request: &'a Request) -> Self {
        Self::of(working, &request.caller, &request.prepared)
    }

    /// An attempt of no request, for what somebody's decision would read.
    pub(super) fn of(working: &'a Working<'a>, caller: &'a Caller, prepared: &'a Prepared) -> Self {
        Self {
            rows: Rows::new(working),
            asker: Asker { groups: &caller.groups, prepared },
            questions: Vec::new(),
            source_key: &prepared.source_key,
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.rows.now()
    }

    pub(super) fn books(&mut self) -> Books<'_, 'a> {
        Books { rows: &mut self.rows, asker: self.asker }
    }

    pub(super) fn lookups(&mut self) -> Lookups<'_, 'a> {
        Lookups { rows: &mut self.rows, asker: self.asker }
    }

    pub(super) fn supply(&mut self) -> Supply<'_, 'a> {
        Supply { rows: &mut self.rows, asker: self.asker }
    }

    pub(super) fn plugins(&mut self) -> Plugins<'_, 'a> {
        let Self { rows, asker, questions, source_key } = self;
        Plugins { rows, asker: *asker, questions, source_key }
    }

    pub(super) fn access(&mut self) -> Access<'_, 'a> {
        Access { rows: &mut self.rows, asker: self.asker }
    }

    pub(super) fn jobs(&mut self) -> JobBook<'_, 'a> {
        JobBook { rows: &mut self.rows }
    }

    pub(super) fn erasing(&mut self) -> Erasing<'_, 'a> {
        Erasing { rows: &mut self.rows, asker: self.asker }
    }

    /// Why a decision ended that may have gone on where something was missing: what is refused, and for what, is known
    /// once all of it is there.
    pub(super) fn ended_by(&self, stop: Stop) -> Stop {
        match stop {
            Stop::Refused(_) if self.rows.check_loaded().is_err() => Stop::Missing,
            stop => stop,
        }
    }

    /// Does something for each item. What any of them lacks is read together: one after the other, each would have all
    /// before it decided again.
    pub(super) fn for_each<I>(
        &mut self,
        items: impl IntoIterator<Item = I>,
        mut work: impl FnMut(&mut Self, I) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        for item in items {
            if let Err(stop) = work(self, item) {
                self.rows.go_on(stop)?;
            }
        }
        self.rows.check_loaded()
    }
}
