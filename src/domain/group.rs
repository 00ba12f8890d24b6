//! Groups of users: a pool of a group exists only for whoever is in it. Pools of no group exist for all.

use std::sync::Arc;

use super::period::Instant;

/// The most groups of a programme: all are in memory.
pub const MAX_GROUPS: usize = 10_000;
/// The most groups that a key, or a token, is in.
pub const MAX_GROUPS_OF_ONE: usize = 100;

/// A group, numbered from 1 in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub u32);

/// Some of the people who work on the programme, to whom a pool can belong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UserGroup {
    /// Its number.
    pub id: GroupId,
    /// What people call it: no two have the same name. Tokens of an issuer name groups by it.
    pub name: String,
    /// When it was made.
    pub created_at: Instant,
}

/// The groups whose pools somebody sees, beside those of no group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Groups {
    /// All groups.
    All,
    /// These, in order.
    Only(Arc<[GroupId]>),
}

impl Groups {
    /// No group.
    #[must_use]
    pub fn none() -> Self {
        Self::Only(Arc::default())
    }

    /// These.
    #[must_use]
    pub fn only(groups: impl IntoIterator<Item = GroupId>) -> Self {
        let mut groups: Vec<GroupId> = groups.into_iter().collect();
        groups.sort_unstable();
        groups.dedup();
        Self::Only(groups.into())
    }

    /// Whether somebody is in a group.
    #[must_use]
    pub fn has(&self, group: GroupId) -> bool {
        match self {
            Self::All => true,
            Self::Only(groups) => groups.binary_search(&group).is_ok(),
        }
    }

    /// Whether what belongs to a group, or to none, exists for somebody.
    #[must_use]
    pub fn see(&self, group: Option<GroupId>) -> bool {
        group.is_none_or(|group| self.has(group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_seen_by_whoever_is_in_it() {
        let [one, two, three] = [1, 2, 3].map(GroupId);
        for (groups, seen) in [
            (Groups::All, [true; 3]),
            (Groups::none(), [false; 3]),
            (Groups::only([three, one, three]), [true, false, true]),
        ] {
            assert_eq!([one, two, three].map(|group| groups.see(Some(group))), seen, "{groups:?}");
            assert!(groups.see(None));
        }
    }
}
