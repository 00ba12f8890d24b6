//! What a new pattern needs before it is decided on: its tables, a secret from the operating system, and
//! the certainty that no uploaded code is one of its codes. All of it may take long, so none of it holds the
//! committer up: the pattern is reserved, what was being added meanwhile is awaited, and only then are the
//! uploaded codes looked through.

use rand::TryRngCore;

use super::{Caller, Command, Failure, PoolEdit, Registry, Scrip, codebook::Reservation};
use crate::{
    domain::{
        code::{CodeFormat, SeriesKey, Walk},
        id::PoolId,
        pool::Pool,
        pool_codes::{CodesDraft, CodesFault, NewCodes},
        source::Source,
    },
    storage::{Row, RowId},
};

/// How many uploaded codes are read at once.
const PAGE: usize = 64;

/// What was found out for a command.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The codes that it asks for.
    pub(super) codes: Result<NewCodes, CodesFault>,
    /// An uploaded code that they could make, and its pool.
    pub(super) uploaded: Option<(String, PoolId)>,
    /// The version of the pool that it edits.
    pub(super) version: u64,
    /// Held until the command is decided and durable.
    _reservation: Option<Reservation>,
}

impl Scrip {
    /// Finds out what a command needs; nothing of most.
    pub(super) async fn prepare(&self, command: &Command) -> Result<Option<Prepared>, Failure> {
        let (codes, version) = match command {
            Command::PoolCreate(draft) => {
                let (draft, key) = (draft.clone(), fresh_key()?);
                (blocking(move || draft.codes(key)).await?, 0)
            }
            Command::PoolUpdate(id, edit) => match self.registry.pool(*id).and_then(|pool| edited(&pool, edit)) {
                Some((draft, source, version)) => {
                    let key = fresh_key()?;
                    (blocking(move || Some(draft.check(source, key))).await?, version)
                }
                None => (None, 0),
            },
            _ => (None, 0),
        };
        let Some(codes) = codes else { return Ok(None) };
        let mut prepared = Prepared { codes, uploaded: None, version, _reservation: None };
        if let Ok(codes) = &prepared.codes {
            prepared._reservation = Some(self.registry.reserve(codes.format().clone()));
            let nobody = Caller { id: "scrip".to_owned(), name: "scrip".to_owned() };
            self.committer.submit(&nobody, None, Command::Whole(String::new()), None).await?;
            prepared.uploaded = self.uploaded_like(codes.format()).await?;
        }
        Ok(Some(prepared))
    }

    /// An uploaded code that a format could make. The list is not read through: from a code that does not
    /// fit, the next one is sought that can.
    async fn uploaded_like(&self, format: &CodeFormat) -> Result<Option<(String, PoolId)>, Failure> {
        if !lengths(&self.registry, format.pattern().length()) {
            return Ok(None);
        }
        let walk = Walk::new(format);
        let mut from = walk.at_or_after("");
        while let Some(start) = from {
            let rows = self.store.scan("code", start.clone(), "\u{10FFFF}".to_owned(), false, PAGE).await?;
            from = None;
            for (text, doc) in rows {
                let Some(folded) = text.strip_suffix('\u{1}') else { continue };
                let Some(next) = walk.at_or_after(folded) else { return Ok(None) };
                if next == folded {
                    let Row::Code(row) = Row::decode(&RowId::Code(folded.to_owned()), &doc)? else { continue };
                    let made = |(written, pool, _): &(String, PoolId, u64)| {
                        self.registry.pool(*pool).is_some_and(|pool| format.can_make(written, pool.case()))
                    };
                    if let Some((written, pool, _)) = row.named.into_iter().find(made) {
                        return Ok(Some((written, pool)));
                    }
                }
                // After the key of this text: keys end with U+0001.
                from = Some(if next == folded { format!("{folded}\u{2}") } else { next });
            }
        }
        Ok(None)
    }
}

/// Whether an uploaded code has this many characters.
fn lengths(registry: &Registry, length: usize) -> bool {
    let bit = u32::try_from(length).ok().and_then(|length| 1_u64.checked_shl(length.saturating_sub(1)));
    registry.read().tallies.values().any(|tally| tally.supply.lengths & bit.unwrap_or_default() != 0)
}

/// The codes that an edit asks for; none where it leaves them as they are, or the pool makes none.
fn edited(pool: &Pool, edit: &PoolEdit) -> Option<(CodesDraft, Source, u64)> {
    let current = pool.series.last()?.draft(pool.case_sensitive);
    let draft = CodesDraft {
        pattern: edit.pattern.clone().unwrap_or_else(|| current.pattern.clone()),
        excluded_characters: edit.excluded_characters.clone().unwrap_or_else(|| current.excluded_characters.clone()),
        excluded_phrases: edit.excluded_phrases.clone().unwrap_or_else(|| current.excluded_phrases.clone()),
        case_sensitive: pool.case_sensitive,
    };
    (draft != current).then_some((draft, pool.source, pool.version))
}

/// A new secret, from the operating system.
pub(super) fn fresh_key() -> Result<SeriesKey, Failure> {
    let mut key = [0; 32];
    let failed = |error| Failure::Internal(format!("the operating system gives no randomness: {error}"));
    rand::rngs::OsRng.try_fill_bytes(&mut key).map_err(failed)?;
    Ok(SeriesKey::new(key))
}

/// Does what may take tenths of a second where no other request waits for it.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::Internal(error.to_string()))
}
