//! All users.

use std::collections::HashMap;

use crate::okta::user::{Factor, User};

/// Users by id and by login.
#[derive(Default)]
pub(crate) struct Directory {
    by_id: HashMap<String, User>,
    ids: HashMap<String, String>,
}

impl Directory {
    /// Adds a user, or replaces the one with the same id.
    pub(crate) fn put(&mut self, user: User) {
        if let Some(old) = self.by_id.get(&user.id) {
            self.ids.remove(&old.login);
        }
        self.ids.insert(user.login.clone(), user.id.clone());
        self.by_id.insert(user.id.clone(), user);
    }

    pub(crate) fn get(&self, id_or_login: &str) -> Option<&User> {
        let id = self.ids.get(id_or_login).map_or(id_or_login, String::as_str);
        self.by_id.get(id)
    }

    /// Gives a user a factor, in place of one of the same type.
    pub(crate) fn enrol(&mut self, id: &str, factor: Factor) {
        if let Some(user) = self.by_id.get_mut(id) {
            user.factors.retain(|it| it.factor_type != factor.factor_type);
            user.factors.push(factor);
        }
    }

    /// All users, by login.
    pub(crate) fn all(&self) -> Vec<User> {
        let mut users: Vec<User> = self.by_id.values().cloned().collect();
        users.sort_by(|a, b| a.login.cmp(&b.login));
        users
    }
}
