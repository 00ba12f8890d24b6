//! Groups of users: which there are, and who is in which.

use std::sync::Arc;

use super::{Caller, Proof, Scrip};
use scrip_domain::{
    group::{Groups, UserGroup},
    name_key::NameKey,
};

impl Scrip {
    /// The groups that somebody is in, by their names.
    pub(super) fn groups_of(&self, groups: &Groups) -> Vec<Arc<UserGroup>> {
        let held = self.registry.read();
        let mut found: Vec<Arc<UserGroup>> = match groups {
            Groups::All => held.groups.values().cloned().collect(),
            Groups::Only(ids) => ids.iter().filter_map(|id| held.groups.get(id)).cloned().collect(),
        };
        drop(held);
        found.sort_by_cached_key(|group| (NameKey::new(&group.name), group.id));
        found
    }

    /// The groups with these names. Names that are none of ours are those of other applications.
    pub(super) fn groups_named(&self, names: &[String]) -> Groups {
        if names.is_empty() {
            return Groups::none();
        }
        let held = self.registry.read();
        Groups::only(held.groups.values().filter(|group| names.contains(&group.name)).map(|group| group.id))
    }

    /// The groups of the key with this hash: none once it is not good any more.
    pub(super) fn groups_of_key(&self, hash: &str) -> Groups {
        let key = self.registry.key(hash).filter(|key| key.is_good(self.now()));
        key.map_or_else(Groups::none, |key| key.seen())
    }

    /// A caller as they are now: what was withdrawn since is gone, and what was granted is there. None once nothing is left.
    pub(super) fn still_as(&self, caller: &Caller) -> Option<Caller> {
        match &caller.proof {
            // The role may be another by now too.
            Proof::Key(hash) => {
                let (address, request) = (caller.address, Arc::clone(&caller.request));
                self.caller_of(hash).map(|caller| Caller { address, request, ..caller })
            }
            Proof::Token { by: Some(hash), .. } if self.still(caller) => {
                Some(Caller { groups: self.groups_of_key(hash), ..caller.clone() })
            }
            Proof::Issued { .. } => self.still(caller).then(|| self.in_groups(caller.clone())),
            Proof::Own | Proof::Token { .. } => self.still(caller).then(|| caller.clone()),
        }
    }

    /// The holder of a token of the issuer, in the groups that it names, as they are called now.
    pub(super) fn in_groups(&self, caller: Caller) -> Caller {
        let Proof::Issued { groups, .. } = &caller.proof else { return caller };
        let groups = groups.as_ref().map_or(Groups::All, |names| self.groups_named(names));
        Caller { groups, ..caller }
    }
}
