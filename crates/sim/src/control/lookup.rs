//! `/_sim/lookup/…`: what is known about numbers.

use axum::Json;
use axum::extract::State;

use crate::control::Control;
use crate::control::error::Order;
use crate::lookup::{KnownNumber, LookupSettings};

pub(crate) async fn numbers(State(sim): State<Control>) -> Json<Vec<KnownNumber>> {
    Json(sim.lookup.settings().numbers)
}

pub(crate) async fn know(state: State<Control>, Order(order): Order<KnownNumber>) -> Json<Vec<KnownNumber>> {
    state.lookup.know(order);
    numbers(state).await
}

pub(crate) async fn forget(state: State<Control>) -> Json<Vec<KnownNumber>> {
    state.lookup.configure(|it| *it = LookupSettings::default());
    numbers(state).await
}
