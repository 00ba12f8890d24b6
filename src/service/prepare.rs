//! What a command needs before it is decided on. A binding is looked at by its plugin's schema. A new pattern needs
//! its tables, a secret from the operating system, and
//! the certainty that no uploaded code is one of its codes. All of it may take long, so none of it holds the
//! committer up: the pattern is reserved, what was being added meanwhile is awaited, and only then are the
//! uploaded codes looked through.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use rand::TryRngCore;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Caller, Checkout, Command, Failure, Hold, PoolCreate, PoolEdit, PoolUpdate, Registry, Release, Return, Scrip,
    Whole,
    codebook::{Reservation, first_overlap},
    command::Whose,
    committer::Ahead,
    opened::Kept,
    purchase,
    question::Answers,
    turn::away,
};
use scrip_domain::{
    basket::{Basket, BasketDraft},
    binding::Binding,
    code::{CodeFormat, SeriesKey, Walk},
    id::PoolId,
    pool::Pool,
    pool_codes::{CodesDraft, CodesFault, NewCodes},
    rejection::{Input, Refusal, Rejection, Step},
    source::Source,
};
use scrip_plugins::{BindingFault, PluginKind, shown};
use scrip_storage::{CodeOwners, Named, ReadFrom, Span};

/// How many uploaded codes are read at once.
const PAGE: usize = 64;

/// What was found out for a command.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// The codes that it asks for.
    pub(super) pattern: Option<NewPattern>,
    /// What is wrong with its bindings to plugins.
    bindings: Vec<Refusal>,
    /// What plugins have said.
    pub(super) answers: Answers,
    /// Series of pools that were opened for it.
    pub(super) opened: Kept,
    /// How many coupons of a pool a customer had claimed before that was counted.
    pub(super) given: HashMap<Whose, u64>,
    /// What a source knows this claim again by.
    pub(super) source_key: String,
    /// The basket of a checkout, read once: a thousand lines take a quarter of a millisecond, and a command may be decided
    /// again several times.
    pub(super) basket: OnceLock<Result<Arc<Basket>, Vec<Refusal>>>,
    /// Whether it is noted in the audit where it is refused.
    pub(super) notes_refusal: bool,
    /// Rows that were read for it, for whoever decides it first.
    pub(super) ahead: Mutex<Option<Ahead>>,
    /// About how many bytes of rows it has the committer write beside what the command tells.
    pub(super) weight: usize,
}

/// A new pattern of a pool.
#[derive(Debug)]
pub(super) struct NewPattern {
    /// The codes that it makes.
    pub(super) codes: Result<NewCodes, CodesFault>,
    /// An uploaded code that they could make, and its pool.
    pub(super) uploaded: Option<(String, PoolId)>,
    /// The version of the pool that it edits.
    pub(super) version: u64,
    /// Another pool whose pattern overlaps with it, and a code of both.
    pub(super) overlap: Option<(PoolId, String)>,
    /// The stamp up to which it was compared with the patterns of others.
    pub(super) compared: u64,
    /// Held until the command is decided and durable.
    _reservation: Option<Reservation>,
}

impl NewPattern {
    /// One that nothing is reserved for.
    pub(super) fn of(codes: Result<NewCodes, CodesFault>, uploaded: Option<(String, PoolId)>, version: u64) -> Self {
        Self { codes, uploaded, version, overlap: None, compared: 0, _reservation: None }
    }
}

impl Prepared {
    /// With a pattern and nothing else.
    pub(super) fn with_pattern(pattern: Option<NewPattern>) -> Self {
        Self { pattern, ..Self::default() }
    }

    /// Takes the rows out that were read for it.
    pub(super) fn take_ahead(&self) -> Option<Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The basket that a checkout is about.
    pub(super) fn basket(&self, draft: &BasketDraft) -> Result<Arc<Basket>, Vec<Refusal>> {
        self.basket.get_or_init(|| draft.check().map(Arc::new)).clone()
    }

    /// Another check's result, with what is wrong with the bindings beside it.
    pub(super) fn bindings_with<T>(&self, checked: Result<T, Vec<Refusal>>) -> Result<T, Vec<Refusal>> {
        let faults = self.bindings.iter().cloned();
        match checked {
            Err(others) => Err(others.into_iter().chain(faults).collect()),
            Ok(_) if !self.bindings.is_empty() => Err(faults.collect()),
            Ok(value) => Ok(value),
        }
    }
}

impl Scrip {
    /// Finds out what a command needs; nothing of most.
    pub(super) async fn prepare(
        &self,
        caller: &Caller,
        key: Option<&str>,
        command: &Command,
    ) -> Result<Prepared, Failure> {
        let mut prepared = Prepared { notes_refusal: self.notes_refusal(caller, command), ..Prepared::default() };
        match command {
            // Not on the committer's thread.
            Command::Checkout(Checkout(order)) | Command::Hold(Hold { order, .. }) => {
                drop(prepared.basket(&order.basket))
            }
            Command::Release(Release(transaction)) => {
                prepared.weight = self.weight_of(transaction.as_str(), false).await?;
            }
            Command::Return(Return(order)) => {
                prepared.weight = self.weight_of(order.transaction.as_str(), key.is_some()).await?;
            }
            Command::PoolCreate(PoolCreate(draft)) => {
                prepared.bindings = self.check_bindings(draft.remote.as_ref(), &draft.checks).await;
                let (draft, key) = (draft.clone(), fresh_key()?);
                let codes = blocking(move || draft.codes(key)).await?;
                prepared.pattern = self.new_pattern(codes, None, 0).await?;
            }
            Command::PoolUpdate(PoolUpdate { pool: id, edit }) => {
                let checks = edit.checks.as_deref().unwrap_or_default();
                prepared.bindings = self.check_bindings(edit.remote.as_ref(), checks).await;
                if let Some(pool) = self.registry.pool(*id)
                    && let Some((draft, version)) = edited(&pool, edit)
                {
                    let codes = self.edited_codes(pool, draft).await?;
                    prepared.pattern = self.new_pattern(Some(codes), Some(*id), version).await?;
                }
            }
            Command::Claim(claim) if self.registry.pool(claim.pool).is_some_and(|p| p.source == Source::Remote) => {
                prepared.source_key = match key {
                    Some(key) => format!("{}/{key}", caller.id),
                    None => data_encoding::HEXLOWER.encode(&fresh_bytes()?),
                };
            }
            _ => {}
        }
        Ok(prepared)
    }

    /// About how many bytes what is kept of a purchase has, and the rows of its coupons.
    async fn weight_of(&self, transaction: &str, keeps_answer: bool) -> Result<usize, Failure> {
        let Some(kept) = self.kept_purchase(transaction).await? else { return Ok(0) };
        let coupons = kept.get("coupons").and_then(|coupons| coupons.as_array()).map_or(0, Vec::len);
        let size = purchase::size(&kept);
        Ok(coupons * 4 * 1_024 + if keeps_answer { 2 * size } else { size })
    }

    /// The codes that an edit of a pool asks for.
    pub(super) async fn edited_codes(
        &self,
        pool: Arc<Pool>,
        draft: CodesDraft,
    ) -> Result<Result<NewCodes, CodesFault>, Failure> {
        let (key, size) = (fresh_key()?, self.registry.tally(pool.id).supply.size);
        blocking(move || {
            let codes = draft.check(pool.source, key)?;
            pool.check_tables(size, &codes)?;
            Ok(codes)
        })
        .await
    }

    /// What is wrong with a pool's bindings: no such plugin, or a configuration that its schema, or the plugin itself,
    /// does not accept.
    async fn check_bindings(&self, remote: Option<&Binding>, checks: &[Binding]) -> Vec<Refusal> {
        let mut faults = Vec::new();
        if let Some(remote) = remote {
            let mut found = self.check_binding(remote, PluginKind::Source).await;
            found.extend(self.check_tells(remote).filter(|_| found.is_empty()));
            let found = found.into_iter();
            faults.extend(found.map(|fault| fault.within(Input::Remote)));
        }
        for (place, check) in checks.iter().enumerate() {
            let mut found = self.check_binding(check, PluginKind::Restriction).await;
            if check.tells_changes {
                let subject = "a check, which has no partner".to_owned();
                found.push(Rejection::FieldNotApplicable { subject }.at([Input::TellsChanges]));
            }
            let found = found.into_iter();
            faults.extend(found.map(|fault| fault.within(place).within(Input::Checks)));
        }
        faults
    }

    /// What is wrong with a binding that has its partner told of changes: a plugin that is told none.
    fn check_tells(&self, binding: &Binding) -> Option<Refusal> {
        let build = self.plugins.as_ref()?.build(&binding.plugin, PluginKind::Source).ok()?.1;
        if !binding.tells_changes || build.tells() {
            return None;
        }
        let name = shown(&binding.plugin);
        let reason = format!("the plugin {name:?} is told no changes: it does not export notice-api of contract 1.1");
        Some(Rejection::ValueInvalid { reason }.at([Input::TellsChanges]))
    }

    async fn check_binding(&self, binding: &Binding, kind: PluginKind) -> Vec<Refusal> {
        let checked = match &self.plugins {
            Some(host) => away(host.try_binding(&binding.plugin, kind, &binding.config)).await,
            None => Err(BindingFault::NoPlugin(Vec::new())),
        };
        match checked {
            Ok(()) => Vec::new(),
            Err(BindingFault::NoPlugin(known)) => {
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let name = shown(&binding.plugin);
                let reason = format!("no {} plugin {name:?} is loaded: there are {known}", kind.name());
                vec![Rejection::ValueInvalid { reason }.at([Input::Plugin])]
            }
            Err(BindingFault::Loading(reason)) => vec![Rejection::ValueInvalid { reason }.at([Input::Plugin])],
            Err(BindingFault::Config(faults)) => faults
                .into_iter()
                .map(|fault| {
                    let config = std::iter::once(Step::from(Input::Config));
                    Rejection::ValueInvalid { reason: fault.reason }
                        .at(config.chain(fault.path.into_iter().map(Step::named)))
                })
                .collect(),
        }
    }

    /// Reserves new codes, and looks for uploaded ones that they could make.
    async fn new_pattern(
        &self,
        codes: Option<Result<NewCodes, CodesFault>>,
        own: Option<PoolId>,
        version: u64,
    ) -> Result<Option<NewPattern>, Failure> {
        let Some(codes) = codes else { return Ok(None) };
        let mut pattern = self.compared(NewPattern::of(codes, None, version), own).await?;
        if let Ok(codes) = &pattern.codes {
            pattern._reservation = Some(self.registry.reserve(codes.format().clone()));
            let nobody = Caller::scrip();
            let barrier = Whole(String::new()).into();
            if let Ok(passed) = self.committer.submit(&nobody, None, barrier, Prepared::default()).await {
                passed?;
            }
            pattern.uploaded = self.uploaded_like(codes.format()).await?;
        }
        Ok(Some(pattern))
    }

    /// Compares a pattern with those of other pools. There may be thousands that its characters do not tell from it.
    pub(super) async fn compared(&self, pattern: NewPattern, own: Option<PoolId>) -> Result<NewPattern, Failure> {
        let Ok(codes) = &pattern.codes else { return Ok(pattern) };
        let (compared, rivals) = self.registry.rivals(codes.format(), own, 0);
        let format = Arc::clone(codes.format());
        let overlap = blocking(move || first_overlap(&format, &rivals)).await?;
        Ok(NewPattern { overlap, compared, ..pattern })
    }

    /// An uploaded code that a format could make. The list is not read through: from a code that does not
    /// fit, the next one is sought that can.
    pub(super) async fn uploaded_like(&self, format: &CodeFormat) -> Result<Option<(String, PoolId)>, Failure> {
        if !lengths(&self.registry, format.pattern().length()) {
            return Ok(None);
        }
        let walk = Walk::new(format);
        let mut from = walk.at_or_after("").map(|first| CodeOwners::from_text(&first));
        while let Some(start) = from {
            let rows = self.store.scan(&start, ReadFrom::Start, PAGE).await?;
            from = None;
            for (folded, named) in rows {
                let Some(next) = walk.at_or_after(&folded) else { return Ok(None) };
                if next == folded {
                    let made = |named: &Named| {
                        let pool = self.registry.pool(named.coupon.pool);
                        pool.is_some_and(|pool| format.can_make(&named.code, pool.case()))
                    };
                    if let Some(Named { code, coupon }) = named.into_iter().find(made) {
                        return Ok(Some((code, coupon.pool)));
                    }
                    from = Some(Span::all().after(&folded));
                } else {
                    from = Some(CodeOwners::from_text(&next));
                }
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
pub(super) fn edited(pool: &Pool, edit: &PoolEdit) -> Option<(CodesDraft, u64)> {
    let current = pool.series.last()?.draft(pool.case_sensitive);
    let draft = CodesDraft {
        pattern: edit.pattern.clone().unwrap_or_else(|| current.pattern.clone()),
        excluded_characters: edit.excluded_characters.clone().unwrap_or_else(|| current.excluded_characters.clone()),
        excluded_phrases: edit.excluded_phrases.clone().unwrap_or_else(|| current.excluded_phrases.clone()),
        case_sensitive: pool.case_sensitive,
    };
    (draft != current).then_some((draft, pool.version))
}

/// A new secret, from the operating system.
pub(super) fn fresh_key() -> Result<SeriesKey, Failure> {
    fresh_bytes().map(SeriesKey::new)
}

/// Bytes that nobody can foresee.
pub(super) fn fresh_bytes() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    let failed = |error| Failure::because("the operating system gives no randomness", error);
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Does what may take tenths of a second where no other request waits for it. It is not begun where nobody waits for it
/// any more.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let task = tokio::task::spawn_blocking(work);
    AbortOnDropHandle::new(task).await.map_err(Failure::internal)
}
