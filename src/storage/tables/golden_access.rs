//! The golden rows of what belongs to access: erasures.

use super::{
    golden::{customer, event, row},
    *,
};

/// A row of each of its tables.
pub(super) fn rows() -> Vec<(RowId, Row)> {
    let erasure = Erasure {
        alias: customer("erased-a"),
        force: true,
        before: event(41),
        stage: Stage::Answers,
        after: vec!["20000".to_owned(), "till".to_owned(), "key".to_owned()],
    };
    vec![row::<Erasures>(customer("ann"), erasure)]
}
