//! Guesses of staff. Whoever may read coupons and not their codes could look for codes until one is there; and whoever sees
//! only the pools of some groups could add codes, or draft patterns, until one is taken by a pool that does not exist for
//! them. Both are counted as the tries of customers are, and refused alike where there were too many.

use super::Session;
use crate::{Added, Failure, Proof, attempts::Trier};
use scrip_domain::rejection::{Refusal, Rejection};

impl Session {
    /// Who tries, for the counts.
    pub(super) fn trier(&self) -> Trier {
        let actor = self.actor();
        let key = match &actor.proof {
            Proof::Token { by, .. } => by.clone(),
            Proof::Own | Proof::Key(_) | Proof::Issued { .. } => None,
        };
        Trier { customer: actor.id.clone(), key, address: actor.address }
    }

    /// Whether a code that is there tells its finder something that they do not see otherwise.
    fn may_guess(&self) -> bool {
        !self.sight().is_whole() || !self.sees_codes()
    }

    /// Refuses whoever has guessed too often.
    pub(super) fn check_guesses(&self) -> Result<(), Failure> {
        if !self.may_guess() {
            return Ok(());
        }
        self.0.tries();
        self.0.open_to_all().attempts.check(&self.trier(), self.now()).map_err(|seconds| self.too_many(seconds))
    }

    /// Takes a try for a guess before it is known what comes of it: many may be made at the same time.
    pub(super) fn take_guess(&self) -> Result<(), Failure> {
        if !self.may_guess() {
            return Ok(());
        }
        self.0.tries();
        let attempts = &self.0.open_to_all().attempts;
        attempts.take(&self.trier(), 1, self.now()).map_err(|seconds| self.too_many(seconds))
    }

    /// Gives it back: nothing was found out.
    pub(super) fn give_guess_back(&self) {
        if self.may_guess() {
            self.0.open_to_all().attempts.give_back(&self.trier(), 1, self.now());
        }
    }

    /// Refuses because of too many tries.
    pub(super) fn too_many(&self, seconds: u64) -> Failure {
        self.0.tell_to_wait(seconds);
        Refusal::from(Rejection::TooManyTries { seconds }).into()
    }

    /// Counts the codes that an answer tells to be taken.
    pub(super) fn count_guesses_of(&self, added: &Added) {
        let taken = Refusal::from(Rejection::CodeTaken);
        let number = added.skipped.iter().filter(|skipped| skipped.reason == taken).count();
        if number > 0 && self.may_guess() {
            self.0.open_to_all().attempts.charge(&self.trier(), number, self.now());
        }
    }
}

/// Whether refusals tell that a pattern is taken by a pool that does not exist for whoever asks.
pub(super) fn is_taken(refusals: &[Refusal]) -> bool {
    refusals.iter().any(|refusal| refusal.message == Rejection::PatternTaken.to_string())
}
