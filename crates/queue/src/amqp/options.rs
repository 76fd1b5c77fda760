use std::time::Duration;

/// How the broker is used.
#[derive(Debug, Clone)]
pub struct AmqpOptions {
    /// What the names of the exchange and of the queues begin with. `ringback`
    pub prefix: String,
    /// Messages that are delivered and not yet settled, at most; those that wait in hand for a retry count. 64
    pub prefetch: u16,
    /// Publishes that are not yet confirmed, at most; more wait. 1024
    pub in_flight: usize,
    /// A publish that is not confirmed by then casts doubt on its connection. 5 s
    pub confirm_timeout: Duration,
    /// For one try to connect, sign in and set up; for the network and the sign-in together, and again for the set-up. 10 s
    pub connect_timeout: Duration,
    /// How often the two ends tell each other that they live, whole seconds; a silence of two of them ends the connection. 10 s
    pub heartbeat: Duration,
    /// The certificate authority that vouches for the broker, PEM, beside those the machine trusts. None
    pub certificate_authority: Option<String>,
    /// How often the broker is asked how much is ready, by which a silent one is found out too. 5 s
    pub pulse: Duration,
    /// After how many deliveries without a word the broker puts a message aside, not counting the first. Part of the queue's
    /// declaration, so it cannot be changed later. More than a consumer counts before it gives up by itself. 50
    pub delivery_limit: u32,
    /// After how many messages the queue takes no more. Part of the queue's declaration, so it cannot be changed later. No limit
    pub max_length: Option<u32>,
}

impl Default for AmqpOptions {
    fn default() -> Self {
        Self {
            prefix: "ringback".to_owned(),
            prefetch: 64,
            in_flight: 1024,
            confirm_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            heartbeat: Duration::from_secs(10),
            certificate_authority: None,
            pulse: Duration::from_secs(5),
            delivery_limit: 50,
            max_length: None,
        }
    }
}
