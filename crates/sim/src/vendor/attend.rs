//! From a vendor's front door to its answer.

use axum::response::Response;

use crate::fault;
use crate::server::{Line, Reply};
use crate::vendor::{Arrival, Trade, Vendor};

/// What a request is about, as far as faults are concerned.
pub(crate) struct Aimed<Op> {
    pub(crate) op: Op,
    /// The number (E.164) and channel of a send.
    pub(crate) send: Option<(String, String)>,
}

impl<Op> Aimed<Op> {
    /// A request that sends nothing.
    pub(crate) fn at(op: Op) -> Self {
        Self { op, send: None }
    }

    /// A request to send something to a number.
    pub(crate) fn sending(op: Op, number: &str, channel: &str) -> Self {
        Self { op, send: Some((number.to_owned(), channel.to_owned())) }
    }
}

impl<T: Trade> Vendor<T> {
    /// Writes the request down, runs `perform` as far as a fault lets it, and writes the answer down.
    ///
    /// No fault strikes a request that is not `aimed` at any operation.
    pub(crate) async fn attend(
        self,
        line: Line,
        arrival: Arrival,
        aimed: Option<Aimed<T::Op>>,
        perform: impl FnOnce(&Self, &Arrival) -> Response + Send + 'static,
    ) -> Response {
        line.carry_on(async move {
            let fault = aimed.as_ref().and_then(|aimed| self.fault_for(aimed));
            let n = self.note_arrival(&arrival, fault.is_some());
            let number =
                aimed.as_ref().and_then(|aimed| aimed.send.as_ref()).map(|(number, _)| number.as_str());
            let flight = self.inner.flights.enter(number);
            let reply = match fault::run(fault, || perform(&self, &arrival)).await {
                Reply::Answer(answer) => Reply::Answer(T::dressed(answer)),
                Reply::Reset => Reply::Reset,
            };
            drop(flight);
            self.note_answer(n, &reply);
            reply
        })
        .await
    }
}
