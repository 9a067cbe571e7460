//! Admission: how many operations run at once, and who is next.
//!
//! Waiting operations stand in one queue per principal; the queues take turns, so that a principal with ten thousand
//! statements does not keep another's one statement waiting.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use hearth_base::condition::LIMIT_EXCEEDED;
use hearth_base::{PrincipalId, Result};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Hands out places to run.
#[derive(Debug)]
pub struct Admission {
    max_running: usize,
    max_queued: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    queued: usize,
    queues: HashMap<PrincipalId, VecDeque<oneshot::Sender<Place>>>,
    /// Principals with a queue, in the order of their turns.
    turns: VecDeque<PrincipalId>,
}

/// A place to run; dropping it lets the next one in.
#[derive(Debug)]
pub struct Place {
    /// `None` once the place was handed on.
    admission: Option<Arc<Admission>>,
}

/// A place, now or later.
#[derive(Debug)]
pub enum Ticket {
    Now(Place),
    Later(oneshot::Receiver<Place>),
}

impl Admission {
    pub fn new(max_running: usize, max_queued: usize) -> Arc<Self> {
        Arc::new(Self { max_running: max_running.max(1), max_queued, state: Mutex::default() })
    }

    /// Asks for a place for `principal`. Fails when the queue is full.
    pub fn ask(self: &Arc<Self>, principal: &PrincipalId) -> Result<Ticket> {
        let mut state = self.state.lock();
        if state.running < self.max_running {
            state.running += 1;
            return Ok(Ticket::Now(Place { admission: Some(Arc::clone(self)) }));
        }
        if state.queued >= self.max_queued {
            state.forget_who_gave_up();
        }
        if state.queued >= self.max_queued {
            return Err(LIMIT_EXCEEDED
                .with("what", "The number of waiting operations")
                .with("limit", "operation.max_queued")
                .with("value", self.max_queued));
        }
        let (sender, receiver) = oneshot::channel();
        state.queued += 1;
        let queue = state.queues.entry(principal.clone()).or_default();
        queue.push_back(sender);
        if queue.len() == 1 {
            state.turns.push_back(principal.clone());
        }
        Ok(Ticket::Later(receiver))
    }

    /// Running and waiting operations.
    pub fn load(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.running, state.queued)
    }

    /// Passes a free place on to the next waiting operation that is still there.
    fn release(self: &Arc<Self>) {
        loop {
            let next = self.state.lock().next();
            let Some(sender) = next else { return };
            match sender.send(Place { admission: Some(Arc::clone(self)) }) {
                Ok(()) => return,
                // It gave up waiting: the place goes to the next, not back through `drop`.
                Err(mut place) => place.admission = None,
            }
        }
    }
}

impl State {
    /// Takes those who wait no longer off the queues.
    fn forget_who_gave_up(&mut self) {
        let Self { queues, turns, queued, .. } = self;
        queues.retain(|_, queue| {
            let before = queue.len();
            queue.retain(|sender| !sender.is_closed());
            *queued -= before - queue.len();
            !queue.is_empty()
        });
        turns.retain(|principal| queues.contains_key(principal));
    }

    /// The next in turn; when nobody waits, the place becomes free.
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        let Some(principal) = self.turns.pop_front() else {
            self.running -= 1;
            return None;
        };
        let queue = self.queues.get_mut(&principal)?;
        let sender = queue.pop_front()?;
        self.queued -= 1;
        if queue.is_empty() {
            self.queues.remove(&principal);
        } else {
            self.turns.push_back(principal);
        }
        Some(sender)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            admission.release();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn later(ticket: Ticket) -> oneshot::Receiver<Place> {
        match ticket {
            Ticket::Later(receiver) => receiver,
            Ticket::Now(_) => panic!("a place was free"),
        }
    }

    #[test]
    fn principals_take_turns() {
        let admission = Admission::new(1, 10);
        let (busy, quiet) = (PrincipalId::new("busy"), PrincipalId::new("quiet"));
        let Ticket::Now(running) = admission.ask(&busy).unwrap() else { panic!("the first runs at once") };
        let mut first = later(admission.ask(&busy).unwrap());
        let mut second = later(admission.ask(&busy).unwrap());
        let mut other = later(admission.ask(&quiet).unwrap());
        drop(running);
        let place = first.try_recv().unwrap();
        assert!(second.try_recv().is_err() && other.try_recv().is_err());
        drop(place);
        let place = other.try_recv().unwrap();
        drop(place);
        drop(second.try_recv().unwrap());
        assert_eq!(admission.load(), (0, 0));
    }

    #[test]
    fn who_gave_up_is_passed_over() {
        let admission = Admission::new(1, 10);
        let principal = PrincipalId::new("p");
        let Ticket::Now(running) = admission.ask(&principal).unwrap() else { panic!("the first runs at once") };
        drop(later(admission.ask(&principal).unwrap()));
        let mut patient = later(admission.ask(&principal).unwrap());
        drop(running);
        drop(patient.try_recv().unwrap());
        assert_eq!(admission.load(), (0, 0));
    }

    #[test]
    fn a_full_queue_says_which_limit() {
        let admission = Admission::new(1, 0);
        let principal = PrincipalId::new("p");
        let _running = admission.ask(&principal).unwrap();
        let error = admission.ask(&principal).unwrap_err();
        assert!(error.text().contains("operation.max_queued"));
    }

    #[test]
    fn who_gave_up_keeps_no_place_in_a_full_queue() {
        let admission = Admission::new(1, 2);
        let (gone, patient) = (PrincipalId::new("gone"), PrincipalId::new("patient"));
        let Ticket::Now(running) = admission.ask(&gone).unwrap() else { panic!("the first runs at once") };
        drop(later(admission.ask(&gone).unwrap()));
        let mut first = later(admission.ask(&patient).unwrap());
        let mut second = later(admission.ask(&patient).unwrap());
        assert!(admission.ask(&gone).is_err());
        drop(running);
        drop(first.try_recv().unwrap());
        drop(second.try_recv().unwrap());
        assert_eq!(admission.load(), (0, 0));
    }
}
