//! Guesses of staff. Whoever may read coupons and not their codes could look for codes until one is there; and whoever sees
//! only the pools of some groups could add codes, or draft patterns, until one is taken by a pool that does not exist for
//! them. Both are counted as the tries of customers are, and refused alike where there were too many.

use super::{Action, Session};
use crate::{Answer, Failure, PatternFacts, Proof, attempts::Trier};
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
        !self.sight().is_whole() || !self.actor().rights.allow(Action::SeeCodes)
    }

    /// Refuses whoever has guessed too often.
    pub(super) fn check_guesses(&self) -> Result<(), Failure> {
        if !self.may_guess() {
            return Ok(());
        }
        self.0.tries();
        self.0.open_to_all().attempts.check(&self.trier(), self.now()).map_err(|seconds| self.too_many(seconds))
    }

    /// Refuses because of too many tries.
    pub(super) fn too_many(&self, seconds: u64) -> Failure {
        self.0.tell_to_wait(seconds);
        Refusal::from(Rejection::TooManyTries { seconds }).into()
    }

    /// Counts so many guesses.
    pub(super) fn count_guesses(&self, number: usize) {
        if number > 0 && self.may_guess() {
            self.0.open_to_all().attempts.charge(&self.trier(), number, self.now());
        }
    }

    /// Counts the guesses that an answer tells of.
    pub(super) fn count_guesses_of(&self, answer: &Result<Answer, Failure>) {
        let taken = Refusal::from(Rejection::CodeTaken);
        let number = match answer {
            Ok(Answer::Added(added)) => added.skipped.iter().filter(|skipped| skipped.reason == taken).count(),
            Err(Failure::Refused(refusals)) => refusals.iter().filter(|refusal| is_of_pattern(refusal)).count(),
            Ok(_) | Err(Failure::Internal(_)) => 0,
        };
        self.count_guesses(number);
    }

    /// The same of a preview.
    pub(super) fn count_guesses_of_preview(&self, facts: &PatternFacts) {
        self.count_guesses(facts.refusals.iter().filter(|refusal| is_of_pattern(refusal)).count());
    }
}

/// Whether a refusal tells that a code is taken by a pool that does not exist for whoever asks.
fn is_of_pattern(refusal: &Refusal) -> bool {
    refusal.message == Rejection::PatternTaken.to_string()
}
