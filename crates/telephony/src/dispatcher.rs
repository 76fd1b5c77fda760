use std::sync::Arc;

use crate::turns::Turns;
use crate::{Outgoing, Plan, Policy, Provider};

/// Holds the providers in the order they are asked, and plans every message.
pub struct Dispatcher {
    providers: Vec<Arc<dyn Provider>>,
    policy: Policy,
    turns: Arc<Turns>,
}

/// Two providers share a name, so the books could not tell them apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two providers are named {0:?}")]
pub struct TwoOfOneName(pub String);

impl Dispatcher {
    /// Takes the providers, first choice first. None at all is allowed: then there is never a plan.
    ///
    /// # Errors
    /// [`TwoOfOneName`] when a name is not unique.
    pub fn new(providers: Vec<Arc<dyn Provider>>, policy: Policy) -> Result<Self, TwoOfOneName> {
        let mut names = std::collections::BTreeSet::new();
        if let Some(twice) = providers.iter().find(|provider| !names.insert(provider.name())) {
            return Err(TwoOfOneName(twice.name().to_owned()));
        }
        Ok(Self { providers, policy, turns: Arc::default() })
    }

    /// Which providers this message may go through, in order; `None` where there is none.
    pub fn plan(&self, _message: &Outgoing) -> Option<Plan> {
        Plan::new(self.providers.clone(), self.policy, Arc::clone(&self.turns))
    }

    /// The provider of this name, to report to it.
    pub fn provider(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|provider| provider.name() == name)
    }

    /// Every provider, first choice first.
    pub fn providers(&self) -> &[Arc<dyn Provider>] {
        &self.providers
    }
}
