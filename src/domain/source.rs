//! Where the codes of a pool come from. It never changes.

use serde::{Deserialize, Serialize};

/// Where a pool's codes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Source {
    /// A code is made when a customer claims.
    Generated,
    /// Codes exist before anyone claims them.
    BulkGenerated,
    /// The codes come from a list.
    Uploaded,
    /// A plugin supplies each code at the claim.
    Remote,
}

impl Source {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Generated => "GENERATED",
            Self::BulkGenerated => "BULK_GENERATED",
            Self::Uploaded => "UPLOADED",
            Self::Remote => "REMOTE",
        }
    }
}
