//! What folders hold of jobs: a row of each of their tables, for the golden file.

use super::*;
use scrip_domain::{
    coupon::Taken,
    decimal::Amount,
    group::Groups,
    job::{Counters, Cursor, JobKind, JobStatus, Opposite},
    period::instant_of,
    rejection::{Input, Rejection},
    update::TermsChange,
};

fn job() -> Job {
    let at = |seconds: i64| instant_of(1_790_000_000_000 + seconds * 1_000);
    Job {
        id: JobId(3),
        kind: JobKind::Import,
        status: JobStatus::Failed,
        dry_run: true,
        pool: Some(PoolId(7)),
        started_by: "ann".to_owned(),
        groups: Groups::only([GroupId(3)]),
        total: Some(1_000),
        counters: Counters { done: 7, skipped: 5, refused: 3 },
        cursor: Cursor { place: 1 << 33, within: 2, line: 15 },
        fence: 4,
        parts: 5,
        effects: 6,
        created_at: at(1).unwrap_or_default(),
        started_at: at(2),
        finished_at: at(3),
        error: Some("the file is gone".to_owned()),
        undoes: Some(JobId(1)),
        undone_by: Some(JobId(2)),
        columns: vec!["code".to_owned(), "customer".to_owned()],
    }
}

fn effects() -> Vec<Effect> {
    let taken = Taken {
        customer: CustomerId::kept("ann".to_owned()),
        claimed_at: instant_of(1_790_000_000_000),
        expires_at: None,
        claims: 1,
        balance: Some(Amount(1_250)),
    };
    let opposites = [
        Opposite::Unassign,
        Opposite::GiveBack(taken),
        Opposite::Unredeem,
        Opposite::Redeem,
        Opposite::Transfer(CustomerId::kept("ben".to_owned())),
        Opposite::Reinstate,
        Opposite::Invalidate,
        Opposite::Restock,
        Opposite::Withdraw,
        Opposite::Terms(TermsNumber(3), instant_of(1_790_000_000_000)),
        Opposite::Untouched(
            7,
            vec![TermsChange { from: 5, to: 1 << 40, before: TermsNumber(3), after: TermsNumber(4) }],
        ),
    ];
    let effect = |(index, opposite)| Effect { coupon: CouponId { pool: PoolId(7), index }, version: 9, opposite };
    (0..).zip(opposites).map(effect).collect()
}

pub(super) fn rows() -> Vec<(RowId, Row)> {
    let refusal = JobRefusal {
        line: Some(15),
        code: Some("A-1".to_owned()),
        coupon: Some(CouponId { pool: PoolId(7), index: 1 }),
        reason: Rejection::AlreadyClaimed.at([Input::Code]),
        cells: vec!["A-1".to_owned(), "ann".to_owned()],
    };
    let stretch = Stretch { pool: PoolId(7), from: 5, to: 1 << 40 };
    let open = OpenJob { job: JobId(3), upload: Some("0a1b".to_owned()), dry_run: false };
    let other = OpenJob { job: JobId(4), upload: None, dry_run: true };
    vec![
        (RowId::of::<Jobs>(JobId(3)), Row::of::<Jobs>(Box::new(job()))),
        (
            RowId::of::<JobPlans>(JobId(3)),
            Row::of::<JobPlans>(JobPlan(serde_json::json!({ "kind": "import", "large": u64::MAX }))),
        ),
        (RowId::of::<JobParts>((JobId(3), 1)), Row::of::<JobParts>(vec![stretch, Stretch { from: 0, ..stretch }])),
        (RowId::of::<JobEffects>((JobId(3), 1)), Row::of::<JobEffects>(effects())),
        (RowId::of::<JobRefusals>((JobId(3), 1)), Row::of::<JobRefusals>(Box::new(refusal))),
        (RowId::of::<OpenJobs>(()), Row::of::<OpenJobs>(Open { last: 4, jobs: vec![open, other] })),
    ]
}
