//! The queue of a pool: first in first out within a session, and the sessions take turns.

use std::collections::{HashMap, VecDeque};

use crate::call::SessionKey;

/// Names a request within its pool.
pub(crate) type CallKey = u64;

#[derive(Debug, Default)]
pub(crate) struct FairQueue {
    /// Sessions with something queued, whose turn is next first.
    ring: VecDeque<SessionKey>,
    queued: HashMap<SessionKey, VecDeque<CallKey>>,
    len: usize,
}

impl FairQueue {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn push_back(&mut self, session: &SessionKey, key: CallKey) {
        let calls = self.queued.entry(session.clone()).or_default();
        if calls.is_empty() {
            self.ring.push_back(session.clone());
        }
        calls.push_back(key);
        self.len += 1;
    }

    /// Puts back what had its turn already.
    pub fn push_front(&mut self, session: &SessionKey, key: CallKey) {
        let calls = self.queued.entry(session.clone()).or_default();
        if !calls.is_empty() {
            self.ring.retain(|other| other != session);
        }
        self.ring.push_front(session.clone());
        calls.push_front(key);
        self.len += 1;
    }

    /// The next request of a session that `allowed` takes.
    pub fn take(&mut self, allowed: impl Fn(&SessionKey) -> bool) -> Option<CallKey> {
        let place = self.ring.iter().position(allowed)?;
        let session = self.ring.remove(place)?;
        let calls = self.queued.get_mut(&session)?;
        let key = calls.pop_front();
        if calls.is_empty() {
            self.queued.remove(&session);
        } else {
            self.ring.push_back(session);
        }
        self.len -= usize::from(key.is_some());
        key
    }

    pub fn remove(&mut self, session: &SessionKey, key: CallKey) -> bool {
        let Some(calls) = self.queued.get_mut(session) else { return false };
        let Some(place) = calls.iter().position(|other| *other == key) else { return false };
        calls.remove(place);
        self.len -= 1;
        if calls.is_empty() {
            self.queued.remove(session);
            self.ring.retain(|other| other != session);
        }
        true
    }

    /// How many requests of a session wait.
    pub fn of(&self, session: &SessionKey) -> usize {
        self.queued.get(session).map_or(0, VecDeque::len)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn session(name: &str) -> SessionKey {
        SessionKey::new("ada", name)
    }

    #[test]
    fn sessions_take_turns_and_keep_their_order() {
        let (a, b) = (session("a"), session("b"));
        let mut queue = FairQueue::default();
        for key in [1, 2, 3] {
            queue.push_back(&a, key);
        }
        queue.push_back(&b, 10);
        let taken: Vec<_> = std::iter::from_fn(|| queue.take(|_| true)).collect();
        assert_eq!(taken, [1, 10, 2, 3]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn sessions_that_are_not_allowed_are_passed_over_and_keep_their_turn() {
        let (a, b) = (session("a"), session("b"));
        let mut queue = FairQueue::default();
        queue.push_back(&a, 1);
        queue.push_back(&b, 2);
        assert_eq!(queue.take(|session| *session == b), Some(2));
        assert_eq!(queue.take(|session| *session == b), None);
        queue.push_back(&b, 3);
        queue.push_front(&b, 4);
        assert!(queue.remove(&b, 3) && !queue.remove(&b, 3));
        assert_eq!((queue.of(&b), queue.len()), (1, 2));
        assert_eq!(queue.take(|_| true), Some(4));
        assert_eq!(queue.take(|_| true), Some(1));
        assert_eq!(queue.take(|_| true), None);
    }
}
