use std::fmt::Display;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

/// A way to ask one question at a time that costs a round trip for many: those that come while others are being asked go together.
pub struct Together<Q, A> {
    questions: mpsc::Sender<(Q, Answer<A>)>,
}

type Answer<A> = oneshot::Sender<Result<A, Unanswered>>;

/// The question of a whole batch failed; why, in words.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Unanswered(Arc<str>);

/// Questions asked together.
const MOST: usize = 256;
/// Questions that wait; who comes later waits for a place.
const WAITING: usize = 2048;

impl<Q: Send + 'static, A: Send + 'static> Together<Q, A> {
    /// `ask` answers a batch in its order, and in a time it keeps itself: meanwhile the next batch gathers. It runs in a task that ends
    /// with the last handle.
    pub fn new<F, E>(ask: impl Fn(Vec<Q>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Vec<A>, E>> + Send + 'static,
        E: Display,
    {
        let (questions, mut inbox) = mpsc::channel::<(Q, Answer<A>)>(WAITING);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while inbox.recv_many(&mut batch, MOST).await > 0 {
                let (questions, answers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
                let told = ask(questions).await.map_err(|err| Unanswered(err.to_string().into()));
                tell(answers, told);
            }
        });
        Self { questions }
    }

    /// Asks.
    ///
    /// # Errors
    /// [`Unanswered`]: so was everything that was asked with it.
    pub async fn ask(&self, question: Q) -> Result<A, Unanswered> {
        let (answer, told) = oneshot::channel();
        let gone = || Unanswered("nobody is there to ask".into());
        self.questions.send((question, answer)).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

/// Whoever asked may have gone on.
fn tell<A>(answers: Vec<Answer<A>>, told: Result<Vec<A>, Unanswered>) {
    match told {
        Ok(told) => {
            for (answer, told) in answers.into_iter().zip(told) {
                let _ = answer.send(Ok(told));
            }
        }
        Err(err) => {
            for answer in answers {
                let _ = answer.send(Err(err.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::Together;

    #[tokio::test]
    async fn what_comes_meanwhile_is_asked_together_and_each_gets_its_own_answer() {
        let trips = Arc::new(AtomicUsize::new(0));
        let counted = trips.clone();
        let together = Arc::new(Together::new(move |asked: Vec<u32>| {
            counted.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if asked.contains(&13) {
                    Err("unlucky")
                } else {
                    Ok(asked.into_iter().map(|n| n * 2).collect())
                }
            }
        }));
        let mut asked = tokio::task::JoinSet::new();
        for n in 100..200 {
            let together = together.clone();
            asked.spawn(async move { (n, together.ask(n).await.unwrap()) });
        }
        for (n, told) in asked.join_all().await {
            assert_eq!(told, n * 2);
        }
        let trips = trips.load(Ordering::Relaxed);
        assert!((1..20).contains(&trips), "{trips} trips for 100 questions");
        assert_eq!(together.ask(13).await.unwrap_err().to_string(), "unlucky");
        assert_eq!(together.ask(14).await.unwrap(), 28, "it goes on");
    }
}
