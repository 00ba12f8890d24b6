//! Working on an import: a thread reads the file and checks its rows, while the rows before them are decided and written.
//! It is never more than a few steps ahead, so a file of any size takes the same memory.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    io,
    sync::Arc,
};

use tokio::sync::mpsc::{self, Sender};

use super::{
    ImportPlan,
    bulk::Claims,
    work::{Goes, Lease},
};
use crate::{
    Failure, RowTask, Scrip, Sight, StepRow,
    reading::{Record, Records},
};
use scrip_domain::{
    cell::unescape,
    code::case_key,
    global_id::GlobalId,
    group::Groups,
    id::{CustomerId, PoolId},
    job::{Cursor, Field, ImportRow, Job},
    rejection::{Refusal, Rejection},
};
use scrip_storage::JobRefusal;

/// About how much work a step is: a row that is nothing but a code counts as one.
const STEP: usize = 1_000;
/// What a row counts as whose coupon is more than its code.
const FULL: usize = 5;
/// How many steps are read ahead.
const AHEAD: usize = 2;
/// How many different codes can be tried without adding them: each is remembered, to tell the second of two.
const MAX_TRIED: usize = 5_000_000;
/// The longest code that is told of a row that was refused, in characters.
const SHOWN: usize = 128;

/// Rows of a file, and where it is after them.
type Part = (Vec<StepRow>, Cursor);

impl Lease {
    /// Works on the rows of a file: adds their codes, or claims a coupon for the customer of each.
    pub(super) async fn read(&mut self, plan: &ImportPlan, claims: Option<Claims>) -> Result<(), Failure> {
        let (send, mut parts) = mpsc::channel(AHEAD);
        let reader = Reader::new(Arc::clone(&self.scrip), plan.clone(), self.job.clone(), claims);
        // It ends when nobody takes what it reads.
        tokio::task::spawn_blocking(move || {
            if let Err(error) = reader.read(&send) {
                drop(send.blocking_send(Err(error)));
            }
        });
        let mut seen = Seen(self.job.dry_run.then(HashSet::new));
        while let Some(part) = parts.recv().await {
            let (rows, to) = match part {
                Ok(part) => part,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let error = "the upload is not there any more: upload the file again".to_owned();
                    return self.finish(Some(error)).await;
                }
                Err(error) => return Err(Failure::because("an upload cannot be read", error)),
            };
            let goes =
                if self.job.dry_run { self.tried(rows, to, &mut seen).await? } else { self.rows(rows, to).await? };
            if goes == Goes::NotOn {
                return Ok(());
            }
            if seen.0.as_ref().is_some_and(|seen| seen.len() > MAX_TRIED) {
                let error = format!("more than {MAX_TRIED} codes cannot be tried at once: try a part of the file");
                return self.finish(Some(error)).await;
            }
        }
        if self.scrip.is_stopping() { Ok(()) } else { self.finish(None).await }
    }

    /// Finds out what rows would come to, with what those before them would have added.
    async fn tried(&mut self, mut rows: Vec<StepRow>, to: Cursor, seen: &mut Seen) -> Result<Goes, Failure> {
        let mut codes = Vec::with_capacity(rows.len());
        for row in &mut rows {
            let RowTask::Import(import, ..) = &row.task else { continue };
            let code = hash_of(&import.code);
            if seen.has(code) {
                row.task = RowTask::Skipped(1);
            } else {
                codes.push((row.line, code));
            }
        }
        let (counted, refusals) = self.rehearse(rows, to).await?;
        let refused: HashSet<u64> = refusals.iter().filter_map(|refusal| refusal.line).collect();
        seen.extend(codes.into_iter().filter(|(line, _)| !refused.contains(line)).map(|(_, code)| code));
        self.step(crate::Work::Told(counted, refusals, to)).await
    }
}

/// The codes that rows which were tried would have added; none where they are added.
struct Seen(Option<HashSet<u64>>);

impl Seen {
    fn has(&self, code: u64) -> bool {
        self.0.as_ref().is_some_and(|seen| seen.contains(&code))
    }

    fn extend(&mut self, codes: impl Iterator<Item = u64>) {
        if let Some(seen) = &mut self.0 {
            seen.extend(codes);
        }
    }
}

fn hash_of(code: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    case_key(code).hash(&mut hasher);
    hasher.finish()
}

/// Reads the rows of a file.
struct Reader {
    scrip: Arc<Scrip>,
    plan: ImportPlan,
    from: Cursor,
    columns: Vec<String>,
    /// Those of who has started it.
    groups: Groups,
    /// The pool that was named last, which the next row mostly names too.
    named: Option<(String, PoolId)>,
    /// What is claimed for the customers of the file, where that is what it is for.
    claims: Option<Claims>,
}

impl Reader {
    fn new(scrip: Arc<Scrip>, plan: ImportPlan, job: Job, claims: Option<Claims>) -> Self {
        let Job { cursor: from, columns, groups, .. } = job;
        Self { scrip, plan, from, columns, groups, named: None, claims }
    }

    fn read(mut self, send: &Sender<io::Result<Part>>) -> io::Result<()> {
        let ImportPlan { upload, encoding, delimiter, .. } = &self.plan;
        let text = self.scrip.board.uploads.text(upload, *encoding, self.from.place)?;
        let mut records = Records::new(text, *delimiter, self.from.place, self.from.line);
        if self.from.place == 0 && self.plan.header {
            records.next()?;
        }
        let mut passed = self.from.within;
        let (mut rows, mut work) = (Vec::new(), 0);
        let mut to = self.from;
        while let Some(record) = records.next()? {
            to = Cursor { place: record.end, within: 0, line: record.next_line - 1 };
            let Some(row) = self.row(record) else { continue };
            if passed > 0 {
                passed -= 1;
                continue;
            }
            work += match &row.task {
                RowTask::Import(import, ..) if !import.is_plain() => FULL,
                RowTask::Act(_) | RowTask::Update(..) | RowTask::Undo(..) => FULL,
                RowTask::Import(..)
                | RowTask::Withdraw(_)
                | RowTask::Updated(..)
                | RowTask::Refused(_)
                | RowTask::Skipped(_) => 1,
            };
            rows.push(row);
            if work >= STEP {
                work = 0;
                if send.blocking_send(Ok((std::mem::take(&mut rows), to))).is_err() {
                    return Ok(());
                }
            }
        }
        if !rows.is_empty() {
            drop(send.blocking_send(Ok((rows, to))));
        }
        Ok(())
    }

    /// What is to be done with a record; none of an empty one.
    fn row(&mut self, record: Record) -> Option<StepRow> {
        let Record { line, cells, .. } = record;
        let cells = match cells {
            Ok(cells) => cells,
            Err(reason) => return Some(refused(line, Vec::new(), None, Rejection::ValueInvalid { reason }.into())),
        };
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return None;
        }
        match self.task(&cells) {
            Ok(task) => Some(StepRow { line, cells, task }),
            Err(reason) => {
                let place = self.plan.columns.iter().find(|(field, _)| *field == Field::Code).map_or(0, |(_, at)| *at);
                let code = cells.get(place).map(|code| code.chars().take(SHOWN).collect());
                Some(refused(line, cells, code, reason))
            }
        }
    }

    fn task(&mut self, cells: &[String]) -> Result<RowTask, Refusal> {
        let wrong = |reason: String| Err(Rejection::ValueInvalid { reason }.into());
        if self.plan.header && cells == self.columns {
            return wrong("it is the header again: leave it out".to_owned());
        }
        if cells.len() != self.plan.width {
            return wrong(format!("expected {} cells, as in the first row, found {}", self.plan.width, cells.len()));
        }
        if let Some(claims) = &self.claims {
            let place = self.plan.columns.iter().find(|(field, _)| *field == Field::Customer).map(|(_, place)| *place);
            let cell = place.and_then(|place| cells.get(place)).map(|cell| unescape(cell.trim())).unwrap_or_default();
            let customer = CustomerId::parse(&cell).map_err(|rejection| rejection.at([Field::Customer]))?;
            return Ok(RowTask::Act(Box::new(claims.of(customer))));
        }
        let row = match self.plan.columns.as_slice() {
            [(Field::Code, place)] => {
                let code = cells.get(*place).map(|cell| unescape(cell.trim())).unwrap_or_default();
                if code.is_empty() {
                    return Err(Rejection::Required { what: "a code" }.at([Field::Code]));
                }
                ImportRow::of_code(&code)?
            }
            columns => {
                let texts: Vec<_> =
                    columns.iter().filter_map(|(field, place)| Some((*field, unescape(cells.get(*place)?)))).collect();
                ImportRow::read(texts.iter().map(|(field, text)| (*field, text.as_ref())))?
            }
        };
        let pool = self.pool(&row)?;
        Ok(RowTask::Import(Box::new(row), pool, self.plan.on_duplicate))
    }

    /// The pool of a row.
    fn pool(&mut self, row: &ImportRow) -> Result<PoolId, Refusal> {
        let Some(named) = &row.pool else {
            let (what, why) = ("a pool", "name it in the column of pools, or as poolId");
            return self.plan.pool.ok_or_else(|| Rejection::RequiredBecause { what, why }.at([Field::Pool]));
        };
        if let Some((known, pool)) = &self.named
            && known == named
        {
            return Ok(*pool);
        }
        let registry = &self.scrip.registry;
        let by_id = match registry.ids().decode(named) {
            Some(GlobalId::Pool(id)) => registry.pool(id),
            _ => None,
        };
        let unknown = || Rejection::NotFound { what: "pool", by: "id or externalId" }.at([Field::Pool]);
        let found = by_id.or_else(|| registry.pool_by_external_id(named));
        let pool = Sight::of(registry, &self.groups).seen(found).ok_or_else(unknown)?.id;
        self.named = Some((named.clone(), pool));
        Ok(pool)
    }
}

fn refused(line: u64, cells: Vec<String>, code: Option<String>, reason: Refusal) -> StepRow {
    let refusal = JobRefusal { line: Some(line), code, coupon: None, reason, cells: cells.clone() };
    StepRow { line, cells, task: RowTask::Refused(Box::new(refusal)) }
}
