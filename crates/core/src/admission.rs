//! Admission: how many operations run at once, and who is next.
//!
//! Places are counted in all, on each engine, and of each principal. Who has to wait stands in a line of its principal
//! before its engine. The lines take turns: each has a number, a line that was served gets a new one, and the smallest
//! number whose engine and whose principal have room is next. So a principal with ten thousand statements does not keep
//! another's one statement waiting, and a full engine does not hold up work for another.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use hearth_base::condition::LIMIT_EXCEEDED;
use hearth_base::{Error, PrincipalId, Result};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::allowance::{Allowance, Cap};

/// Hands out places to run.
#[derive(Debug)]
pub struct Admission {
    max_running: usize,
    max_queued: usize,
    state: Mutex<State>,
}

/// Who wants to run something where, and how much of it each may have.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    pub principal: &'a PrincipalId,
    pub engine: &'a Arc<str>,
    pub of_principal: &'a Allowance,
    pub of_engine: &'a Allowance,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    queued: usize,
    lanes: Vec<Lane>,
    /// Where the lane of an engine is.
    places: HashMap<Arc<str>, usize>,
    /// Principals with something that runs or waits.
    principals: HashMap<PrincipalId, Tally>,
    last_turn: u64,
}

/// What runs and waits on one engine.
#[derive(Debug)]
struct Lane {
    running: usize,
    queued: usize,
    most: usize,
    lines: HashMap<PrincipalId, Line>,
    /// The lines whose principals have room, by their turns.
    turns: BTreeMap<u64, PrincipalId>,
}

/// What waits of one principal before one engine.
#[derive(Debug)]
struct Line {
    turn: u64,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// What runs and waits of one principal.
#[derive(Debug)]
struct Tally {
    running: usize,
    queued: usize,
    most: usize,
}

/// A place to run; dropping it lets the next one in.
#[derive(Debug)]
pub struct Place {
    /// `None` once the place was given back.
    admission: Option<Arc<Admission>>,
    principal: PrincipalId,
    lane: usize,
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

    /// Asks for a place. Fails when a queue is full.
    pub fn ask(self: &Arc<Self>, asker: Asker<'_>) -> Result<Ticket> {
        let mut state = self.state.lock();
        let lane = state.lane(asker);
        if state.running < self.max_running && state.has_room(asker, lane) {
            state.take(asker.principal, lane);
            return Ok(Ticket::Now(self.place(asker.principal.clone(), lane)));
        }
        if self.refusal(&state, asker, lane).is_some() {
            state.forget_who_gave_up();
            state.lane(asker);
        }
        if let Some(error) = self.refusal(&state, asker, lane) {
            state.tidy(asker.principal);
            return Err(error);
        }
        let (sender, receiver) = oneshot::channel();
        state.wait(asker.principal, lane, sender);
        Ok(Ticket::Later(receiver))
    }

    /// Why no more may wait.
    fn refusal(&self, state: &State, asker: Asker<'_>, lane: usize) -> Option<Error> {
        let full = |cap: &Option<Cap>, queued: usize, whose: &str| {
            let cap = cap.as_ref().filter(|cap| queued >= cap.most)?;
            Some(cap.exceeded(&format!("The number of waiting operations {whose}")))
        };
        let of_principal = state.principals.get(asker.principal).map_or(0, |tally| tally.queued);
        full(&asker.of_principal.queued, of_principal, &format!("of {}", asker.principal))
            .or_else(|| {
                let queued = state.lanes.get(lane).map_or(0, |lane| lane.queued);
                full(&asker.of_engine.queued, queued, &format!("for the engine {}", asker.engine))
            })
            .or_else(|| {
                (state.queued >= self.max_queued).then(|| {
                    LIMIT_EXCEEDED
                        .with("what", "The number of waiting operations")
                        .with("limit", "operation.max_queued")
                        .with("value", self.max_queued)
                })
            })
    }

    fn place(self: &Arc<Self>, principal: PrincipalId, lane: usize) -> Place {
        Place { admission: Some(Arc::clone(self)), principal, lane }
    }

    /// Running and waiting operations.
    pub fn load(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.running, state.queued)
    }

    /// Running and waiting operations of one engine.
    pub fn load_of(&self, engine: &str) -> (usize, usize) {
        let state = self.state.lock();
        let lane = state.places.get(engine).and_then(|place| state.lanes.get(*place));
        lane.map_or((0, 0), |lane| (lane.running, lane.queued))
    }

    /// Passes a free place on to those who are next and still there.
    fn release(self: &Arc<Self>, principal: &PrincipalId, lane: usize) {
        let mut freed = vec![(principal.clone(), lane)];
        while !freed.is_empty() {
            let mut granted = Vec::new();
            {
                let mut state = self.state.lock();
                for (principal, lane) in freed.drain(..) {
                    state.give_back(&principal, lane);
                }
                while state.queued > 0
                    && state.running < self.max_running
                    && let Some(next) = state.next()
                {
                    granted.push(next);
                }
            }
            for (sender, principal, lane) in granted {
                // Who gave up waiting hands its place back here, not through `drop`.
                if let Err(mut place) = sender.send(self.place(principal, lane)) {
                    place.admission = None;
                    freed.push((place.principal.clone(), lane));
                }
            }
        }
    }
}

impl State {
    /// The lane of the asker's engine, and the asker's tally, made if need be.
    fn lane(&mut self, asker: Asker<'_>) -> usize {
        let most = |cap: &Option<Cap>| cap.as_ref().map_or(usize::MAX, |cap| cap.most);
        if !self.principals.contains_key(asker.principal) {
            let tally = Tally { running: 0, queued: 0, most: most(&asker.of_principal.running) };
            self.principals.insert(asker.principal.clone(), tally);
        }
        if let Some(place) = self.places.get(asker.engine) {
            return *place;
        }
        let place = self.lanes.len();
        let most = most(&asker.of_engine.running);
        self.lanes.push(Lane { running: 0, queued: 0, most, lines: HashMap::new(), turns: BTreeMap::new() });
        self.places.insert(Arc::clone(asker.engine), place);
        place
    }

    fn has_room(&self, asker: Asker<'_>, lane: usize) -> bool {
        self.lanes.get(lane).is_some_and(|lane| lane.running < lane.most)
            && self.principals.get(asker.principal).is_some_and(|tally| tally.running < tally.most)
    }

    /// Counts one more that runs.
    fn take(&mut self, principal: &PrincipalId, lane: usize) {
        self.running += 1;
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.running += 1;
        }
        if let Some(tally) = self.principals.get_mut(principal) {
            tally.running += 1;
            if tally.running == tally.most {
                self.set_aside(principal);
            }
        }
    }

    /// Counts one less that runs.
    fn give_back(&mut self, principal: &PrincipalId, lane: usize) {
        self.running -= 1;
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.running -= 1;
        }
        let was_full = self.principals.get_mut(principal).is_some_and(|tally| {
            tally.running -= 1;
            tally.running + 1 == tally.most
        });
        if was_full {
            self.put_back(principal);
        }
        self.tidy(principal);
    }

    /// Forgets a principal of whom nothing runs or waits.
    fn tidy(&mut self, principal: &PrincipalId) {
        if self.principals.get(principal).is_some_and(|tally| tally.running == 0 && tally.queued == 0) {
            self.principals.remove(principal);
        }
    }

    /// Takes the lines of a principal without room out of the turns.
    fn set_aside(&mut self, principal: &PrincipalId) {
        for lane in &mut self.lanes {
            if let Some(line) = lane.lines.get(principal) {
                lane.turns.remove(&line.turn);
            }
        }
    }

    /// Lets the lines of a principal take their turns again.
    fn put_back(&mut self, principal: &PrincipalId) {
        for lane in &mut self.lanes {
            if let Some(line) = lane.lines.get(principal) {
                lane.turns.insert(line.turn, principal.clone());
            }
        }
    }

    /// Lines one up.
    fn wait(&mut self, principal: &PrincipalId, lane: usize, sender: oneshot::Sender<Place>) {
        let Some(tally) = self.principals.get_mut(principal) else { return };
        let Some(lane) = self.lanes.get_mut(lane) else { return };
        tally.queued += 1;
        lane.queued += 1;
        self.queued += 1;
        if let Some(line) = lane.lines.get_mut(principal) {
            line.waiting.push_back(sender);
            return;
        }
        self.last_turn += 1;
        lane.lines.insert(principal.clone(), Line { turn: self.last_turn, waiting: VecDeque::from([sender]) });
        if tally.running < tally.most {
            lane.turns.insert(self.last_turn, principal.clone());
        }
    }

    /// Takes the next in turn off its line and counts it as running; `None` when nobody who waits has room.
    fn next(&mut self) -> Option<(oneshot::Sender<Place>, PrincipalId, usize)> {
        loop {
            let with_room = self.lanes.iter().enumerate().filter(|(_, lane)| lane.running < lane.most);
            let firsts = with_room.filter_map(|(place, lane)| Some((*lane.turns.first_key_value()?.0, place)));
            let (_, place) = firsts.min()?;
            let lane = self.lanes.get_mut(place)?;
            let (_, principal) = lane.turns.pop_first()?;
            let line = lane.lines.get_mut(&principal)?;
            let mut passed = 0;
            let mut found = None;
            while let Some(sender) = line.waiting.pop_front() {
                passed += 1;
                if !sender.is_closed() {
                    found = Some(sender);
                    break;
                }
            }
            if line.waiting.is_empty() {
                lane.lines.remove(&principal);
            } else {
                self.last_turn += 1;
                line.turn = self.last_turn;
                lane.turns.insert(self.last_turn, principal.clone());
            }
            lane.queued -= passed;
            self.queued -= passed;
            if let Some(tally) = self.principals.get_mut(&principal) {
                tally.queued -= passed;
            }
            match found {
                Some(sender) => {
                    self.take(&principal, place);
                    return Some((sender, principal, place));
                }
                None => self.tidy(&principal),
            }
        }
    }

    /// Takes those who wait no longer off the lines.
    fn forget_who_gave_up(&mut self) {
        let Self { lanes, principals, queued, .. } = self;
        for lane in lanes {
            let Lane { lines, turns, queued: waiting, .. } = lane;
            lines.retain(|principal, line| {
                let before = line.waiting.len();
                line.waiting.retain(|sender| !sender.is_closed());
                let gone = before - line.waiting.len();
                *queued -= gone;
                *waiting -= gone;
                if let Some(tally) = principals.get_mut(principal) {
                    tally.queued -= gone;
                }
                if line.waiting.is_empty() {
                    turns.remove(&line.turn);
                }
                !line.waiting.is_empty()
            });
        }
        principals.retain(|_, tally| tally.running > 0 || tally.queued > 0);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            admission.release(&self.principal, self.lane);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::TestCaseError;

    use super::*;

    /// Asks for a place on an engine without limits.
    fn ask(admission: &Arc<Admission>, principal: &PrincipalId) -> hearth_base::Result<Ticket> {
        let none = Allowance::default();
        admission.ask(Asker { principal, engine: &"e".into(), of_principal: &none, of_engine: &none })
    }

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
        let Ticket::Now(running) = ask(&admission, &busy).unwrap() else { panic!("the first runs at once") };
        let mut first = later(ask(&admission, &busy).unwrap());
        let mut second = later(ask(&admission, &busy).unwrap());
        let mut other = later(ask(&admission, &quiet).unwrap());
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
        let Ticket::Now(running) = ask(&admission, &principal).unwrap() else { panic!("the first runs at once") };
        drop(later(ask(&admission, &principal).unwrap()));
        let mut patient = later(ask(&admission, &principal).unwrap());
        drop(running);
        drop(patient.try_recv().unwrap());
        assert_eq!(admission.load(), (0, 0));
    }

    #[test]
    fn a_full_queue_says_which_limit() {
        let admission = Admission::new(1, 0);
        let principal = PrincipalId::new("p");
        let _running = ask(&admission, &principal).unwrap();
        let error = ask(&admission, &principal).unwrap_err();
        assert!(error.text().contains("operation.max_queued"));
    }

    #[test]
    fn who_gave_up_keeps_no_place_in_a_full_queue() {
        let admission = Admission::new(1, 2);
        let (gone, patient) = (PrincipalId::new("gone"), PrincipalId::new("patient"));
        let Ticket::Now(running) = ask(&admission, &gone).unwrap() else { panic!("the first runs at once") };
        drop(later(ask(&admission, &gone).unwrap()));
        let mut first = later(ask(&admission, &patient).unwrap());
        let mut second = later(ask(&admission, &patient).unwrap());
        assert!(ask(&admission, &gone).is_err());
        drop(running);
        drop(first.try_recv().unwrap());
        drop(second.try_recv().unwrap());
        assert_eq!(admission.load(), (0, 0));
    }

    fn allowance(running: Option<usize>, queued: Option<usize>) -> Allowance {
        let cap = |most: Option<usize>| most.map(|most| Cap { most, setting: "x".to_owned() });
        Allowance { running: cap(running), queued: cap(queued), ..Allowance::default() }
    }

    #[test]
    fn lines_before_a_full_engine_let_others_pass() {
        let admission = Admission::new(8, 100);
        let (full, free, none) = (allowance(Some(1), None), Allowance::default(), Allowance::default());
        let (ada, bob) = (PrincipalId::new("ada"), PrincipalId::new("bob"));
        let ask = |principal: &PrincipalId, engine: &str| {
            let of_engine = if engine == "full" { &full } else { &free };
            admission.ask(Asker { principal, engine: &engine.into(), of_principal: &none, of_engine }).unwrap()
        };
        let Ticket::Now(running) = ask(&ada, "full") else { panic!("the first runs at once") };
        let mut waits = later(ask(&ada, "full"));
        let mut other = later(ask(&bob, "full"));
        assert!(matches!(ask(&ada, "free"), Ticket::Now(_)) && matches!(ask(&bob, "free"), Ticket::Now(_)));
        assert_eq!((admission.load_of("full"), admission.load_of("free")), ((1, 2), (0, 0)));
        drop(running);
        drop(waits.try_recv().unwrap());
        drop(other.try_recv().unwrap());
        assert_eq!(admission.load(), (0, 0));
    }

    #[test]
    fn a_principal_set_aside_keeps_its_turn() {
        let admission = Admission::new(2, 100);
        let (one, none) = (allowance(Some(1), None), Allowance::default());
        let (ada, bob) = (PrincipalId::new("ada"), PrincipalId::new("bob"));
        let ask = |principal: &PrincipalId| {
            let of_principal = if principal == &ada { &one } else { &none };
            admission.ask(Asker { principal, engine: &"e".into(), of_principal, of_engine: &none }).unwrap()
        };
        let Ticket::Now(first) = ask(&ada) else { panic!("a place is free") };
        let mut next = later(ask(&ada));
        let Ticket::Now(_running) = ask(&bob) else { panic!("a place is free") };
        let mut behind = later(ask(&bob));
        drop(first);
        let place = next.try_recv().unwrap();
        assert!(behind.try_recv().is_err());
        drop(place);
        assert!(behind.try_recv().is_ok());
    }

    /// One step of a walk: who, where, and what.
    fn steps() -> impl Strategy<Value = Vec<(usize, usize, u8)>> {
        proptest::collection::vec((0usize..4, 0usize..3, 0u8..8), 0..400)
    }

    proptest! {
        #[test]
        fn no_limit_is_passed_and_nobody_is_forgotten(steps in steps(), max in 1usize..6) {
            let admission = Admission::new(max, 20);
            let of_principals = [allowance(Some(1), Some(3)), allowance(Some(2), None), allowance(None, Some(5)), allowance(None, None)];
            let of_engines = [allowance(Some(1), None), allowance(Some(3), Some(4)), allowance(None, None)];
            let names: Vec<_> = ["a", "b", "c", "d"].map(PrincipalId::new).into();
            let engines: Vec<Arc<str>> = ["x", "y", "z"].map(Arc::from).into();
            let mut held: Vec<(usize, usize, Place)> = Vec::new();
            let mut waiting: VecDeque<(usize, usize, oneshot::Receiver<Place>)> = VecDeque::new();
            for (principal, engine, action) in steps {
                match action {
                    0..=4 => {
                        let asker = Asker {
                            principal: &names[principal],
                            engine: &engines[engine],
                            of_principal: &of_principals[principal],
                            of_engine: &of_engines[engine],
                        };
                        match admission.ask(asker) {
                            Ok(Ticket::Now(place)) => held.push((principal, engine, place)),
                            Ok(Ticket::Later(receiver)) => waiting.push_back((principal, engine, receiver)),
                            Err(_) => {}
                        }
                    }
                    5 | 6 if !held.is_empty() => drop(held.swap_remove((principal * 3 + engine) % held.len())),
                    7 => drop(waiting.pop_front()),
                    _ => {}
                }
                collect(&mut waiting, &mut held);
                check(&held, &of_principals, &of_engines, max)?;
                // Whoever waits has a reason to.
                for (principal, engine, _) in &waiting {
                    let is_full = |cap: &Option<Cap>, count: usize| cap.as_ref().is_some_and(|cap| count >= cap.most);
                    let of_principal = held.iter().filter(|(one, _, _)| one == principal).count();
                    let of_engine = held.iter().filter(|(_, one, _)| one == engine).count();
                    prop_assert!(held.len() == max
                        || is_full(&of_principals[*principal].running, of_principal)
                        || is_full(&of_engines[*engine].running, of_engine));
                }
            }
            while !held.is_empty() {
                drop(held.remove(0));
                collect(&mut waiting, &mut held);
                check(&held, &of_principals, &of_engines, max)?;
            }
            prop_assert_eq!(waiting.len(), 0, "all had their turn");
            prop_assert_eq!(admission.load(), (0, 0));
            let state = admission.state.lock();
            prop_assert!(state.principals.is_empty());
            prop_assert!(state.lanes.iter().all(|lane| lane.lines.is_empty() && lane.turns.is_empty() && lane.queued == 0));
        }
    }

    /// Moves those whose turn came from the waiting to the running.
    fn collect(
        waiting: &mut VecDeque<(usize, usize, oneshot::Receiver<Place>)>,
        held: &mut Vec<(usize, usize, Place)>,
    ) {
        waiting.retain_mut(|(principal, engine, receiver)| match receiver.try_recv() {
            Ok(place) => {
                held.push((*principal, *engine, place));
                false
            }
            Err(_) => true,
        });
    }

    fn check(
        held: &[(usize, usize, Place)],
        of_principals: &[Allowance],
        of_engines: &[Allowance],
        max: usize,
    ) -> Result<(), TestCaseError> {
        prop_assert!(held.len() <= max);
        for (index, allowance) in of_principals.iter().enumerate() {
            let count = held.iter().filter(|(principal, _, _)| *principal == index).count();
            prop_assert!(allowance.running.as_ref().is_none_or(|cap| count <= cap.most));
        }
        for (index, allowance) in of_engines.iter().enumerate() {
            let count = held.iter().filter(|(_, engine, _)| *engine == index).count();
            prop_assert!(allowance.running.as_ref().is_none_or(|cap| count <= cap.most));
        }
        Ok(())
    }
}
