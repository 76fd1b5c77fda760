use std::sync::Arc;

use otp::{Channel, Country, OrgName, Purpose};

use crate::{Outgoing, Provider};

/// Which providers a message may go through. What a route leaves empty, it does not ask about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Route {
    /// Of this org only.
    pub org: Option<OrgName>,
    /// To these countries only.
    pub countries: Vec<Country>,
    /// By these channels only.
    pub channels: Vec<Channel>,
    /// For these purposes only.
    pub purposes: Vec<Purpose>,
    /// The providers' names, first choice first.
    pub providers: Vec<String>,
}

/// What a route is chosen by.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// Whose user.
    pub org: &'a OrgName,
    /// The number's country.
    pub country: &'a Country,
    /// The way to the user.
    pub channel: Channel,
    /// What the user is doing.
    pub purpose: Purpose,
}

impl<'a> Destination<'a> {
    /// A message's.
    pub fn of(message: &'a Outgoing) -> Self {
        Self {
            org: &message.org,
            country: message.to.country(),
            channel: message.channel,
            purpose: message.purpose,
        }
    }
}

/// The first thing about which a route does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// Another org's.
    Org,
    /// Other countries'.
    Country,
    /// Another channel's.
    Channel,
    /// Another purpose's.
    Purpose,
}

impl Mismatch {
    /// In a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Country => "country",
            Self::Channel => "channel",
            Self::Purpose => "purpose",
        }
    }
}

impl Route {
    /// Why it does not fit; `None` when it does.
    pub fn mismatch(&self, destination: &Destination<'_>) -> Option<Mismatch> {
        fn asks<T: PartialEq>(list: &[T], it: &T) -> bool {
            !list.is_empty() && !list.contains(it)
        }
        if self.org.as_ref().is_some_and(|org| org != destination.org) {
            Some(Mismatch::Org)
        } else if asks(&self.countries, destination.country) {
            Some(Mismatch::Country)
        } else if asks(&self.channels, &destination.channel) {
            Some(Mismatch::Channel)
        } else if asks(&self.purposes, &destination.purpose) {
            Some(Mismatch::Purpose)
        } else {
            None
        }
    }
}

/// The routes in order, with the providers they lead to.
pub(crate) struct Routes {
    routes: Vec<(Route, Vec<Arc<dyn Provider>>)>,
    /// Every provider, for where there are no routes.
    all: Vec<Arc<dyn Provider>>,
}

/// How a destination is routed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Why each of the routes before the chosen one was passed over, in order.
    pub passed: Vec<Mismatch>,
    /// The chosen route's place, from 0; `None` where none fits, or where there are none at all.
    pub route: Option<usize>,
    /// There are no routes: every provider is used in order of name.
    pub without_routes: bool,
    /// The chosen route's providers, in order.
    pub providers: Vec<Choice>,
}

/// A provider of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// It can send by this channel.
    pub carries: bool,
}

impl Routes {
    /// `None` when a route names a provider that is not there.
    pub(crate) fn new(routes: Vec<Route>, all: Vec<Arc<dyn Provider>>) -> Result<Self, String> {
        let led = routes.into_iter().map(|route| {
            let named = |name: &String| {
                all.iter().find(|provider| provider.name() == name).cloned().ok_or_else(|| name.clone())
            };
            let providers = route.providers.iter().map(named).collect::<Result<_, _>>()?;
            Ok((route, providers))
        });
        let routes = led.collect::<Result<_, String>>()?;
        Ok(Self { routes, all })
    }

    /// The providers of the first route that fits, in order.
    pub(crate) fn providers(&self, destination: &Destination<'_>) -> &[Arc<dyn Provider>] {
        if self.routes.is_empty() {
            return &self.all;
        }
        let fits = self.routes.iter().find(|(route, _)| route.mismatch(destination).is_none());
        fits.map_or(&[], |(_, providers)| providers)
    }

    pub(crate) fn explain(&self, destination: &Destination<'_>) -> Explanation {
        let passed: Vec<_> = self.routes.iter().map_while(|(route, _)| route.mismatch(destination)).collect();
        let choice = |provider: &Arc<dyn Provider>| Choice {
            name: provider.name().to_owned(),
            kind: provider.kind(),
            carries: provider.carries(destination.channel),
        };
        Explanation {
            route: (passed.len() < self.routes.len()).then_some(passed.len()),
            passed,
            without_routes: self.routes.is_empty(),
            providers: self.providers(destination).iter().map(choice).collect(),
        }
    }
}
