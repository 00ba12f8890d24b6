//! Groups of users.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    UserGroups,
    words::{instant, millis},
};
use crate::{
    codec::{At, CodecError, Part, Parts, PartsReader},
    table::{Form, KIB},
};
use scrip_domain::group::{GroupId, UserGroup};

#[derive(Serialize, Deserialize)]
pub(crate) struct KeptGroup<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    created_at: At,
}

impl Form for UserGroups {
    const TABLE: &'static str = "user_group";
    const MOST: usize = 4 * KIB;
    type Kept<'a> = KeptGroup<'a>;

    fn parts(key: &GroupId) -> Parts<'_> {
        Parts::alone(Part::Number(key.0.into()))
    }

    fn key(parts: &mut PartsReader<'_>) -> Option<GroupId> {
        parts.small().map(GroupId)
    }

    fn keep<'a>(_: &GroupId, group: &'a UserGroup) -> KeptGroup<'a> {
        KeptGroup { name: Cow::Borrowed(&group.name), created_at: millis(group.created_at) }
    }

    fn restore(key: &GroupId, kept: KeptGroup<'_>) -> Result<UserGroup, CodecError> {
        Ok(UserGroup { id: *key, name: kept.name.into_owned(), created_at: instant(kept.created_at)? })
    }
}
