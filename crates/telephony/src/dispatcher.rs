use std::sync::Arc;
use std::time::Duration;

use otp::{Clock, FailureClass, OrgName};

use crate::breaker::Breakers;
use crate::resend::Resends;
use crate::route::{Destination, Explanation, Route, Routes};
use crate::turns::Turns;
use crate::twilio::lookup::Lookup;
use crate::{Outgoing, Plan, Policy, Provider, observe};

/// Holds the providers and the routes to them, and plans every message.
pub struct Dispatcher {
    providers: Vec<Arc<dyn Provider>>,
    routes: Routes,
    breakers: Breakers,
    /// Where a user who asks again soon gets the next provider.
    resends: Option<Arc<Resends>>,
    /// What is asked about numbers before anything is sent to them.
    lookup: Option<Arc<Lookup>>,
    policy: Policy,
    turns: Arc<Turns>,
    clock: Arc<dyn Clock>,
}

/// Why providers and routes do not make a dispatcher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// The books could not tell them apart.
    #[error("two providers are named {0:?}")]
    TwoOfOneName(String),
    /// A route leads to nobody.
    #[error("a route names the provider {0:?}, which is not there")]
    UnknownProvider(String),
}

impl Dispatcher {
    /// Takes the providers, first choice first. None at all is allowed: then there is never a plan.
    ///
    /// # Errors
    /// [`RoutingError::TwoOfOneName`] when a name is not unique.
    pub fn new(
        providers: Vec<Arc<dyn Provider>>,
        policy: Policy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RoutingError> {
        let mut names = std::collections::BTreeSet::new();
        if let Some(twice) = providers.iter().find(|provider| !names.insert(provider.name())) {
            return Err(RoutingError::TwoOfOneName(twice.name().to_owned()));
        }
        let breakers = Breakers::new(names, clock.clone());
        let routes = Routes::new(Vec::new(), providers.clone()).map_err(RoutingError::UnknownProvider)?;
        Ok(Self {
            providers,
            routes,
            breakers,
            resends: None,
            lookup: None,
            policy,
            turns: Arc::default(),
            clock,
        })
    }

    /// Sends by `routes`, the first that fits; by none of them when there are none.
    ///
    /// # Errors
    /// [`RoutingError::UnknownProvider`].
    pub fn with_routes(self, routes: Vec<Route>) -> Result<Self, RoutingError> {
        let routes = Routes::new(routes, self.providers.clone()).map_err(RoutingError::UnknownProvider)?;
        Ok(Self { routes, ..self })
    }

    /// A user who asks for another code within `within`, without having entered one, gets it from the next provider.
    #[must_use]
    pub fn with_next_provider_on_resend(self, within: Duration) -> Self {
        let resends = Some(Arc::new(Resends::new(within, self.clock.monotonic())));
        Self { resends, ..self }
    }

    /// Numbers are looked up first.
    #[must_use]
    pub fn with_lookup(self, lookup: Lookup) -> Self {
        Self { lookup: Some(Arc::new(lookup)), ..self }
    }

    /// Why this message should not be sent at all, as far as anybody says so in time.
    pub async fn vet(&self, message: &Outgoing) -> Option<FailureClass> {
        self.lookup.as_ref()?.vet(message).await
    }

    /// Which providers this message may go through, in order; `None` where there is none.
    ///
    /// Those that cannot send by its channel are left out, and those whose breaker is open come last. Where every one is open, all are
    /// asked as if there were no breakers, because to refuse for certain is worse than to fail perhaps; only one that a person has taken
    /// out is never asked.
    pub fn plan(&self, message: &Outgoing) -> Option<Plan> {
        let mut providers: Vec<_> = self
            .routes
            .providers(&Destination::of(message))
            .iter()
            .filter(|provider| {
                provider.carries(message.channel) && !self.breakers.is_forced_open(provider.name())
            })
            .cloned()
            .collect();
        if let Some(resends) = &self.resends
            && let Some(last) = resends.last(message, self.clock.monotonic())
            && let Some(place) = providers.iter().position(|provider| provider.name() == last)
        {
            let next = (place + 1) % providers.len();
            providers.rotate_left(next);
        }
        [false, true].into_iter().find_map(|anyway| {
            let permit = |provider: &Arc<dyn Provider>| self.breakers.permit(provider.name(), anyway);
            let (place, permit) =
                providers.iter().enumerate().find_map(|(n, provider)| Some((n, permit(provider)?)))?;
            Some(Plan {
                first: Arc::clone(&providers[place]),
                permit,
                others: providers[place + 1..].iter().chain(&providers[..place]).cloned().collect(),
                anyway,
                breakers: self.breakers.clone(),
                resends: self.resends.clone(),
                policy: self.policy,
                turns: Arc::clone(&self.turns),
            })
        })
    }

    /// Why a message would go where it would, breakers aside.
    pub fn explain(&self, destination: &Destination<'_>) -> Explanation {
        self.routes.explain(destination)
    }

    /// A user has entered a code: the next one is no resend.
    pub fn verified(&self, org: &OrgName, user: &str) {
        if let Some(resends) = &self.resends {
            resends.verified(org, user, self.clock.monotonic());
        }
    }

    /// The provider of this name, to report to it.
    pub fn provider(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|provider| provider.name() == name)
    }

    /// Every provider, first choice first.
    pub fn providers(&self) -> &[Arc<dyn Provider>] {
        &self.providers
    }

    /// Shows every outcome there can be in the metrics, none of which has happened yet: an alert sees an increase only of what was there
    /// before.
    pub fn announce(&self) {
        self.providers.iter().for_each(|provider| observe::announce(provider.as_ref()));
    }

    /// Every provider's breaker.
    pub fn breakers(&self) -> &Breakers {
        &self.breakers
    }
}
