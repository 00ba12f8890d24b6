//! Making and naming groups of users, and who may put something into one.

use std::sync::Arc;

use crate::{UserGroupCreate, UserGroupUpdate};
use scrip_domain::{
    group::{GroupId, MAX_GROUPS, MAX_GROUPS_OF_ONE, UserGroup},
    id::checked_id,
    rejection::{Input, Rejection},
};
use scrip_storage::{RowId, UserGroups};

use super::{decide::at, keys::Access, stop::Stop};

impl Access<'_, '_> {
    pub(super) fn group_create(&mut self, asked: &UserGroupCreate) -> Result<UserGroup, Stop> {
        let name = checked_id(&asked.name).map_err(at(Input::Name))?;
        let groups = self.rows.working().groups();
        if groups.len() >= MAX_GROUPS {
            return Err(Rejection::LimitExceeded { what: "too many groups", limit: MAX_GROUPS as u64 }.into());
        }
        check_name(&groups, &name, None)?;
        let last = groups.iter().map(|group| group.id.0).max().unwrap_or_default();
        let group = UserGroup { id: GroupId(last + 1), name, created_at: self.rows.now() };
        Ok(self.rows.put_group(group))
    }

    pub(super) fn group_update(&mut self, asked: &UserGroupUpdate) -> Result<UserGroup, Stop> {
        let name = checked_id(&asked.name).map_err(at(Input::Name))?;
        let groups = self.rows.working().groups();
        let group = groups.iter().find(|group| group.id == asked.id).ok_or_else(|| unknown(Input::Id))?;
        check_name(&groups, &name, Some(asked.id))?;
        // Its row is written over.
        self.rows.need([RowId::of::<UserGroups>(asked.id)])?;
        Ok(self.rows.put_group(UserGroup { name, ..group.as_ref().clone() }))
    }

    /// Refuses a group that there is not, or that does not exist for whoever asks.
    pub(super) fn check_group(&self, group: Option<GroupId>, field: Input) -> Result<(), Stop> {
        let Some(group) = group else { return Ok(()) };
        let is_there =
            self.asker.groups.has(group) && self.rows.working().groups().iter().any(|known| known.id == group);
        if is_there { Ok(()) } else { Err(unknown(field)) }
    }

    /// The groups of a key as they are kept.
    pub(super) fn checked_groups(&self, groups: &[GroupId]) -> Result<Vec<GroupId>, Stop> {
        let mut groups = groups.to_vec();
        groups.sort_unstable();
        groups.dedup();
        if groups.len() > MAX_GROUPS_OF_ONE {
            let rejection = Rejection::LimitExceeded { what: "too many groups", limit: MAX_GROUPS_OF_ONE as u64 };
            return Err(rejection.at([Input::GroupIds]).into());
        }
        groups.iter().try_for_each(|group| self.check_group(Some(*group), Input::GroupIds))?;
        Ok(groups)
    }
}

fn check_name(groups: &[Arc<UserGroup>], name: &str, own: Option<GroupId>) -> Result<(), Stop> {
    if groups.iter().any(|group| group.name == name && Some(group.id) != own) {
        let what = "a user group with this name".to_owned();
        return Err(Rejection::Duplicate { what }.at([Input::Name]).into());
    }
    Ok(())
}

fn unknown(field: Input) -> Stop {
    Rejection::NotFound { what: "user group", by: "id" }.at([field]).into()
}
