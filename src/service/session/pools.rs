//! Pools as an actor has them: those of other groups are not there.

use std::sync::Arc;

use super::{Action, Session, guesses};
use crate::{DraftFor, Failure, Page, PageRequest, PatternFacts, PoolFilter, PoolOrder, PoolPlace};
use scrip_domain::{
    id::PoolId,
    period::Instant,
    pool::Pool,
    pool_codes::{CodesDraft, CodesFault},
};
use scrip_storage::Tally;

impl Session {
    /// The pool that codes were added to.
    pub(crate) fn pool_to_add_to(&self, id: PoolId) -> Result<Option<Arc<Pool>>, Failure> {
        Ok(self.sight().seen(self.0.may(Action::AddCoupons)?.registry.pool(id)))
    }

    /// The pool with this id.
    pub fn pool(&self, id: PoolId) -> Result<Option<Arc<Pool>>, Failure> {
        Ok(self.sight().seen(self.0.may(Action::ReadPools)?.registry.pool(id)))
    }

    /// The pool with this external id.
    pub fn pool_by_external_id(&self, external: &str) -> Result<Option<Arc<Pool>>, Failure> {
        Ok(self.sight().seen(self.0.may(Action::ReadPools)?.registry.pool_by_external_id(external)))
    }

    /// A page of the pools that a filter admits.
    pub fn pools(
        &self,
        filter: &PoolFilter,
        order: PoolOrder,
        page: &PageRequest<PoolPlace>,
    ) -> Result<Page<Arc<Pool>, PoolPlace>, Failure> {
        Ok(self.0.may(Action::ReadPools)?.registry.pool_page(filter, &self.0.groups(), order, page)?)
    }

    /// A pool's supply and counts, as they were recorded last.
    pub fn tally(&self, id: PoolId) -> Result<Tally, Failure> {
        let scrip = self.0.may(Action::ReadPools)?;
        Ok(if self.sees(id) { scrip.registry.tally(id) } else { Tally::default() })
    }

    /// The same as they are at an instant.
    pub async fn tally_at(&self, id: PoolId, now: Instant) -> Result<Tally, Failure> {
        let scrip = self.0.may(Action::ReadPools)?;
        scrip.settle(now).await?;
        Ok(if self.sees(id) { scrip.registry.tally(id) } else { Tally::default() })
    }

    /// What a pattern can make, or what is wrong with it.
    pub async fn preview_pattern(
        &self,
        draft: CodesDraft,
        for_pool: DraftFor,
    ) -> Result<Result<PatternFacts, CodesFault>, Failure> {
        let scrip = self.0.may(Action::PreviewPatterns)?;
        self.take_guess()?;
        let found = scrip.preview_pattern(self.actor(), draft, for_pool).await?;
        if !found.as_ref().is_ok_and(|facts| guesses::is_taken(&facts.refusals)) {
            self.give_guess_back();
        }
        Ok(found)
    }
}
