//! Leases, bindings, duplicates, parts, back-pressure, cancelling, draining.

use std::collections::BTreeSet;

use hearth_base::{ByteSize, ErrorKind};
use hearth_core::engine::Health;
use hearth_proto::connect::interrupt_request::Interrupt;
use hearth_proto::dataframe_processor::Response;
use tokio::time::{Instant, sleep};

use super::*;

/// A worker that has answered a request of the session, so that it keeps state for it.
async fn with_state(desk: &Arc<Desk>, pool: &Arc<dyn Upstream>, worker: &str, session: &str) -> Hand {
    let hand = Hand::of(desk, worker);
    let work = async {
        let request = hand.pull_for(LEASE).await.unwrap().unwrap();
        hand.configured(&request).await.unwrap();
    };
    let (answer, ()) = tokio::join!(pool.config(config(session)), work);
    answer.unwrap();
    hand
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_reaches_its_caller() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "w");
    let work = async {
        let request = hand.pull().await.unwrap();
        assert_eq!(payload::<pb::ExecutePlanRequest>(&request).operation_id.as_deref(), Some("o"));
        let whole = Whole::ExecutePlan(Box::new(batch(5, 10)));
        hand.answer(&request, whole.clone()).await.unwrap();
        let again = hand.answer(&request, whole).await.unwrap_err();
        assert_eq!((again.name(), again.kind()), ("HEARTH_ANSWERED_ALREADY", ErrorKind::Conflict));
    };
    let responses = pool.execute_plan(plan("s", "o")).await.unwrap();
    let (answer, ()) = tokio::join!(drained(responses), work);
    assert_eq!(answer, (vec![5], None));
    assert_eq!(desk.snapshot()[0].leased, 0);
}

#[tokio::test(start_paused = true)]
async fn a_status_ends_the_call() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "w");
    let status = crate::status::plain(5, "no table");
    let work = async {
        let request = hand.pull().await.unwrap();
        hand.push(encode_whole(&request.request_id, Err(status.clone()))).await.unwrap();
    };
    let (answer, ()) = tokio::join!(pool.config(config("s")), work);
    assert_eq!(answer, Err(Failure::Status(status)));
}

#[tokio::test(start_paused = true)]
async fn a_session_stays_with_its_worker() {
    let (desk, pool) = open(settings());
    let first = with_state(&desk, &pool, "first", "s").await;
    let second = Hand::of(&desk, "second");
    let call = pool.config(config("s"));
    let work = async {
        assert_eq!(second.pull().await, None);
        let request = first.pull().await.unwrap();
        first.configured(&request).await.unwrap();
    };
    assert!(tokio::join!(call, work).0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn sessions_take_turns() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "w");
    let asked: Vec<_> = ["a", "a", "a", "b"].into_iter().map(|session| pool.config(config(session))).collect();
    let work = async {
        let mut order = Vec::new();
        for _ in 0..4 {
            let request = hand.pull().await.unwrap();
            order.push(payload::<pb::ConfigRequest>(&request).session_id);
            hand.configured(&request).await.unwrap();
        }
        order
    };
    let (answers, order) = tokio::join!(futures::future::join_all(asked), work);
    assert!(answers.iter().all(std::result::Result::is_ok));
    assert_eq!(order, ["a", "b", "a", "a"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_silent_worker_never_answered_goes_to_another() {
    let (desk, pool) = open(settings());
    let (silent, other) = (Hand::of(&desk, "silent"), Hand::of(&desk, "other"));
    let work = async {
        let lost = silent.pull().await.unwrap();
        assert_eq!(other.pull_for(LEASE / 2).await.unwrap(), None);
        let found = other.pull_for(LEASE).await.unwrap().unwrap();
        assert_ne!(lost.request_id, found.request_id);
        // It comes back too late: the request is not its own any more.
        let late = silent.configured(&lost).await.unwrap_err();
        assert_eq!((late.name(), late.kind()), ("HEARTH_NO_SUCH_REQUEST", ErrorKind::NotFound));
        other.configured(&found).await.unwrap();
    };
    assert!(tokio::join!(pool.config(config("s")), work).0.is_ok());
    let next = async {
        assert_eq!(silent.pull().await, None, "the session is the other's now");
        let request = other.pull().await.unwrap();
        other.configured(&request).await.unwrap();
    };
    assert!(tokio::join!(pool.config(config("s")), next).0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_request_is_given_to_so_many_workers_only() {
    let (desk, pool) = open(PoolSettings { max_attempts: 2, ..settings() });
    let work = async {
        for worker in ["a", "b"] {
            Hand::of(&desk, worker).pull_for(LEASE * 2).await.unwrap().unwrap();
        }
        assert_eq!(Hand::of(&desk, "c").pull_for(LEASE * 2).await.unwrap(), None);
    };
    let (answer, ()) = tokio::join!(pool.config(config("s")), work);
    assert!(matches!(answer, Err(Failure::Lost(_))), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_polls_is_alive() {
    let (desk, pool) = open(settings());
    let (busy, other) = (Hand::of(&desk, "busy"), Hand::of(&desk, "other"));
    let work = async {
        let request = busy.pull().await.unwrap();
        for _ in 0..10 {
            sleep(LEASE / 2).await;
            assert_eq!(busy.pull().await, None);
            assert_eq!(other.pull().await, None);
        }
        busy.configured(&request).await.unwrap();
    };
    assert!(tokio::join!(pool.config(config("s")), work).0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_session_with_state_is_lost_with_its_worker() {
    let (desk, pool) = open(settings());
    let hand = with_state(&desk, &pool, "gone", "s").await;
    let other = Hand::of(&desk, "other");
    let leased = async {
        hand.pull().await.unwrap();
        assert_eq!(other.pull_for(LEASE * 2).await.unwrap(), None);
    };
    let (first, second, ()) = tokio::join!(pool.config(config("s")), pool.config(config("s")), leased);
    for answer in [first, second, pool.config(config("s")).await] {
        let failure = answer.unwrap_err();
        assert_eq!(condition(&failure), "INVALID_HANDLE.SESSION_CHANGED");
        assert!(text(&failure).contains("the worker gone was lost"), "{}", text(&failure));
    }
    // Other sessions go on, and the lost one can be released.
    let work = async {
        let request = other.pull().await.unwrap();
        other.configured(&request).await.unwrap();
    };
    assert!(tokio::join!(pool.config(config("t")), work).0.is_ok());
    let release = pb::ReleaseSessionRequest { session_id: "s".to_owned(), user_context: user(), ..Default::default() };
    pool.release_session(release).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_began_is_never_begun_again() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "gone");
    let responses = pool.execute_plan(plan("s", "o")).await.unwrap();
    let work = async {
        let request = hand.pull().await.unwrap();
        hand.part(&request, 0, &[1, 2], false).await.unwrap();
        assert_eq!(Hand::of(&desk, "other").pull_for(LEASE * 3).await.unwrap(), None);
    };
    let ((found, failure), ()) = tokio::join!(drained(responses), work);
    assert_eq!(found, [1, 2]);
    assert!(matches!(failure, Some(Failure::Lost(_))), "{failure:?}");
}

#[tokio::test(start_paused = true)]
async fn parts_are_taken_once_and_in_order() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "w");
    let responses = pool.execute_plan(plan("s", "o")).await.unwrap();
    let work = async {
        let request = hand.pull().await.unwrap();
        assert_eq!(hand.part(&request, 1, &[2], false).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
        hand.part(&request, 0, &[1], false).await.unwrap();
        assert_eq!(hand.part(&request, 0, &[1], false).await.unwrap_err().name(), "HEARTH_ANSWERED_ALREADY");
        hand.part(&request, 1, &[2, 3], false).await.unwrap();
        hand.part(&request, 2, &[], true).await.unwrap();
        assert_eq!(hand.part(&request, 2, &[], true).await.unwrap_err().name(), "HEARTH_ANSWERED_ALREADY");
        assert_eq!(hand.part(&request, 3, &[9], true).await.unwrap_err().name(), "HEARTH_ANSWERED_ALREADY");
    };
    let (answer, ()) = tokio::join!(drained(responses), work);
    assert_eq!(answer, (vec![1, 2, 3], None));
}

#[tokio::test(start_paused = true)]
async fn requests_of_others_cannot_be_answered() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "w");
    let thief = Hand { principal: Principal::named("mallory"), ..hand.clone() };
    let work = async {
        let request = hand.pull().await.unwrap();
        assert_eq!(thief.configured(&request).await.unwrap_err().name(), "HEARTH_NO_SUCH_REQUEST");
        let nothing = Request { request_id: "made up".to_owned(), ..request.clone() };
        assert_eq!(hand.configured(&nothing).await.unwrap_err().name(), "HEARTH_NO_SUCH_REQUEST");
        hand.configured(&request).await.unwrap();
        assert_eq!(thief.configured(&request).await.unwrap_err().name(), "HEARTH_NO_SUCH_REQUEST");
    };
    assert!(tokio::join!(pool.config(config("s")), work).0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_another_call_fails_the_request() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "w");
    let work = async {
        let request = hand.pull().await.unwrap();
        let wrong = hand.answer(&request, Whole::Interrupt(pb::InterruptResponse::default())).await.unwrap_err();
        assert_eq!(wrong.kind(), ErrorKind::InvalidRequest);
    };
    let failure = tokio::join!(pool.config(config("s")), work).0.unwrap_err();
    assert_eq!(condition(&failure), "INTERNAL_ERROR");
}

#[tokio::test(start_paused = true)]
async fn a_reset_ends_the_session() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "w");
    let work = async {
        let request = hand.pull().await.unwrap();
        let reset = Response { request_id: request.request_id, code: 3, ..Response::default() };
        hand.push(reset.encode_to_vec()).await.unwrap();
    };
    let failure = tokio::join!(pool.config(config("s")), work).0.unwrap_err();
    assert_eq!(condition(&failure), "INVALID_HANDLE.SESSION_CHANGED");
    assert!(pool.config(config("s")).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn pushes_wait_for_a_slow_reader_and_the_lease_stays() {
    let (desk, pool) = open(PoolSettings { max_buffered: ByteSize(1), push_wait: LEASE * 4, ..settings() });
    let hand = Hand::of(&desk, "w");
    let mut responses = pool.execute_plan(plan("s", "o")).await.unwrap();
    let work = async {
        let request = hand.pull().await.unwrap();
        hand.part(&request, 0, &[1], false).await.unwrap();
        let began = Instant::now();
        hand.part(&request, 1, &[2], true).await.unwrap();
        began.elapsed()
    };
    let read = async {
        sleep(LEASE * 3).await;
        // Somebody else looks at the time meanwhile.
        assert_eq!(Hand::of(&desk, "other").pull().await, None);
        let first = responses.next().await.unwrap().unwrap();
        let second = responses.next().await.unwrap().unwrap();
        assert!(responses.next().await.is_none());
        (rows(&first), rows(&second))
    };
    let (waited, found) = tokio::join!(work, read);
    assert_eq!(found, (1, 2));
    assert!(waited >= LEASE * 2, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_push_that_waited_long_is_told_to_come_again() {
    let (desk, pool) = open(PoolSettings { max_buffered: ByteSize(1), push_wait: SOON, ..settings() });
    let hand = Hand::of(&desk, "w");
    let responses = pool.execute_plan(plan("s", "o")).await.unwrap();
    let request = hand.pull().await.unwrap();
    hand.part(&request, 0, &[1], false).await.unwrap();
    let error = hand.part(&request, 1, &[2], true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    assert!(error.to_string().contains("engines.edge.answer_buffer"), "{error}");
    let (answer, pushed) = tokio::join!(drained(responses), async {
        sleep(SOON).await;
        hand.part(&request, 1, &[2], true).await
    });
    assert_eq!((answer, pushed.is_ok()), ((vec![1, 2], None), true));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_never_runs() {
    let (desk, pool) = open(settings());
    drop(pool.execute_plan(plan("s", "o")).await.unwrap());
    assert!(tokio::time::timeout(SOON, pool.config(config("s"))).await.is_err());
    assert_eq!(Hand::of(&desk, "w").pull().await, None);
    assert_eq!(desk.snapshot()[0].queued, 0);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_takes_what_is_queued_out_of_the_queue() {
    let (desk, pool) = open(settings());
    let responses = pool.execute_plan(plan("s", "o")).await.unwrap();
    let began = Instant::now();
    let answer = pool.interrupt(interrupt_all("s")).await.unwrap();
    assert_eq!(answer.interrupted_ids, ["o"]);
    assert_eq!(began.elapsed(), Duration::ZERO, "nobody had to be asked");
    let (found, failure) = drained(responses).await;
    assert_eq!((found.len(), condition(&failure.unwrap()).as_str()), (0, "OPERATION_CANCELED"));
    assert_eq!(Hand::of(&desk, "w").pull().await, None);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_goes_ahead_of_the_queue_to_the_hand_that_is_free_for_it() {
    let (desk, pool) = open(settings());
    let (hand, control) = (Hand::of(&desk, "w#0"), Hand::of(&desk, "w#control"));
    let mut responses = pool.execute_plan(plan("s", "o")).await.unwrap();
    let request = hand.pull().await.unwrap();
    hand.part(&request, 0, &[1], false).await.unwrap();
    assert_eq!(rows(&responses.next().await.unwrap().unwrap()), 1);
    let queued = pool.execute_plan(plan("s", "later")).await.unwrap();
    assert_eq!(control.pull().await, None, "it takes no work");
    let work = async {
        let request = control.pull().await.unwrap();
        payload::<pb::InterruptRequest>(&request);
        let interrupted_ids = vec!["o".to_owned()];
        let answer = pb::InterruptResponse { interrupted_ids, ..pb::InterruptResponse::default() };
        control.answer(&request, Whole::Interrupt(answer)).await.unwrap();
    };
    let (answer, ()) = tokio::join!(pool.interrupt(interrupt_all("s")), work);
    assert_eq!(answer.unwrap().interrupted_ids, ["later", "o"]);
    assert_eq!(condition(&drained(queued).await.1.unwrap()), "OPERATION_CANCELED");
    hand.part(&request, 1, &[], true).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn work_that_nobody_waits_for_is_interrupted() {
    let (desk, pool) = open(settings());
    let (hand, control) = (Hand::of(&desk, "w#0"), Hand::of(&desk, "w#control"));
    let responses = pool.execute_plan(plan("s", "o")).await.unwrap();
    let request = hand.pull().await.unwrap();
    hand.part(&request, 0, &[1], false).await.unwrap();
    drop(responses);
    assert_eq!(hand.part(&request, 1, &[2], true).await.unwrap_err().name(), "HEARTH_NO_SUCH_REQUEST");
    let stop = control.pull().await.unwrap();
    let interrupt: pb::InterruptRequest = payload(&stop);
    assert_eq!((interrupt.session_id.as_str(), interrupt.user_context), ("s", user()));
    assert_eq!(interrupt.interrupt, Some(Interrupt::OperationId("o".to_owned())));
    control.answer(&stop, Whole::Interrupt(pb::InterruptResponse::default())).await.unwrap();
    assert_eq!(desk.snapshot()[0].leased, 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_says_its_setting() {
    let (desk, pool) = open(PoolSettings { max_queued: 2, ..settings() });
    let held: Vec<_> = [pool.execute_plan(plan("s", "a")).await, pool.execute_plan(plan("s", "b")).await].into();
    let failure = pool.config(config("t")).await.unwrap_err();
    assert!(matches!(&failure, Failure::Status(status) if status.code == 8), "{failure:?}");
    assert!(text(&failure).contains("engines.edge.max_requests (2)"), "{}", text(&failure));
    drop(held);
    assert_eq!(desk.snapshot()[0].queued, 0);
    let (_desk, pool) = open(PoolSettings { max_queued_size: ByteSize(1), ..settings() });
    assert!(text(&pool.config(config("t")).await.unwrap_err()).contains("max_queued_size"));
}

#[tokio::test(start_paused = true)]
async fn without_a_worker_requests_wait_for_a_while() {
    let (desk, pool) = open(PoolSettings { worker_timeout: Duration::from_secs(10), ..settings() });
    let reason = "no worker has called for the pool edge".to_owned();
    assert_eq!(pool.health(), Health::Unavailable { reason });
    let began = Instant::now();
    let failure = pool.config(config("s")).await.unwrap_err();
    assert!(matches!(&failure, Failure::Unreachable(reason) if reason.contains("pool edge")), "{failure:?}");
    assert!((10..13).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    let hand = Hand::of(&desk, "w");
    assert_eq!(hand.pull().await, None);
    assert_eq!(pool.health(), Health::Ready);
    // A worker that is busy is waited for.
    let work = async {
        let request = hand.pull().await.unwrap();
        sleep(LEASE - SOON).await;
        hand.configured(&request).await.unwrap();
        let request = hand.pull().await.unwrap();
        hand.configured(&request).await.unwrap();
    };
    let (first, second, ()) = tokio::join!(pool.config(config("s")), pool.config(config("s")), work);
    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test(start_paused = true)]
async fn draining_gives_nothing_out() {
    let (desk, pool) = open(settings());
    let (hand, idle) = (Hand::of(&desk, "w"), Hand::of(&desk, "idle"));
    let running = pool.execute_plan(plan("s", "o")).await.unwrap();
    let request = hand.pull().await.unwrap();
    let queued = pool.execute_plan(plan("s", "later")).await.unwrap();
    let began = Instant::now();
    let (pulled, ()) = tokio::join!(idle.pull_for(LEASE), async {
        sleep(SOON).await;
        desk.shutdown();
    });
    assert_eq!((pulled.unwrap(), began.elapsed()), (None, SOON));
    assert!(matches!(drained(queued).await.1, Some(Failure::Unreachable(_))));
    assert!(matches!(pool.config(config("t")).await, Err(Failure::Unreachable(_))));
    assert_eq!(hand.pull_for(SOON).await.unwrap_err().kind(), ErrorKind::Unavailable);
    // What a worker has, it may answer.
    hand.part(&request, 0, &[1], true).await.unwrap();
    assert_eq!(drained(running).await, (vec![1], None));
}

#[tokio::test(start_paused = true)]
async fn only_those_who_may_work_for_a_pool_can() {
    let workers = Some(BTreeSet::from(["robot".to_owned()]));
    let (desk, _pool) = open(PoolSettings { workers, ..settings() });
    desk.pool(PoolSettings::named("default")).unwrap();
    assert!(desk.pool(settings()).is_err(), "two pools of a name");
    let hand = Hand::of(&desk, "w");
    assert_eq!(hand.pull().await, None);
    let other = Hand { principal: Principal::named("mallory"), ..hand.clone() };
    assert_eq!(other.pull_for(SOON).await.unwrap_err().kind(), ErrorKind::Denied);
    let lost = Hand { worker: "nowhere/w".to_owned(), ..hand.clone() };
    let error = lost.pull_for(SOON).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("There are: default, edge"), "{error}");
    for worker in ["", "name", "#0"] {
        let hand = Hand { worker: worker.to_owned(), ..hand.clone() };
        assert_eq!(hand.pull().await, None, "the pool `default`");
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_names_no_pool_works_for_the_only_one() {
    let (desk, _pool) = open(PoolSettings::named("edge"));
    let principal = Principal::named("w");
    for nameless in ["", "w", "default/w"] {
        assert_eq!(desk.pull(&principal, nameless, Duration::ZERO).await.unwrap(), None, "{nameless:?}");
    }
    let _other = desk.pool(PoolSettings::named("far")).unwrap();
    let error = desk.pull(&principal, "", Duration::ZERO).await.unwrap_err();
    assert_eq!((error.name(), error.kind()), ("HEARTH_UNKNOWN_POOL", ErrorKind::NotFound));
}

#[tokio::test(start_paused = true)]
async fn workers_have_a_limit() {
    let (desk, _pool) = open(PoolSettings { max_workers: 1, ..settings() });
    assert_eq!(Hand::of(&desk, "a").pull().await, None);
    let error = Hand::of(&desk, "b").pull_for(SOON).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    Hand::of(&desk, "a#leaving").pull().await;
    assert_eq!(Hand::of(&desk, "b").pull().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_pulls_again_did_not_get_its_request() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "w#0");
    let work = async {
        let lost = hand.pull().await.unwrap();
        let found = hand.pull().await.unwrap();
        assert_ne!(lost.request_id, found.request_id);
        assert_eq!(hand.configured(&lost).await.unwrap_err().name(), "HEARTH_NO_SUCH_REQUEST");
        hand.configured(&found).await.unwrap();
        // Another hand of the worker leaves the slot's request where it is.
        let kept = hand.pull_for(LEASE).await.unwrap().unwrap();
        assert_eq!(Hand::of(&desk, "w#1").pull().await, None);
        // So does an unnamed one, which may do several things at a time.
        assert_eq!(Hand::of(&desk, "w").pull().await, None);
        hand.configured(&kept).await.unwrap();
    };
    let calls = async {
        pool.config(config("s")).await.unwrap();
        pool.config(config("s")).await.unwrap();
    };
    tokio::join!(calls, work);
}

#[tokio::test(start_paused = true)]
async fn a_slot_can_do_without_new_sessions() {
    let (desk, pool) = open(settings());
    with_state(&desk, &pool, "w#0", "s").await;
    let (bound, other) = (Hand::of(&desk, "w#0:bound"), Hand::of(&desk, "other"));
    let work = async {
        let request = bound.pull().await.unwrap();
        assert_eq!(payload::<pb::ConfigRequest>(&request).session_id, "s");
        bound.configured(&request).await.unwrap();
        assert_eq!(bound.pull().await, None);
        let request = other.pull().await.unwrap();
        other.configured(&request).await.unwrap();
    };
    let (new, known, ()) = tokio::join!(pool.config(config("new")), pool.config(config("s")), work);
    assert!(new.is_ok() && known.is_ok());
    Hand::of(&desk, "other#leaving").pull().await;
    let (answer, health) = tokio::join!(pool.config(config("newer")), async {
        for _ in 0..8 {
            assert_eq!(bound.pull_for(LEASE / 6).await.unwrap(), None);
        }
        pool.health()
    });
    let reason = "no worker of the pool edge could work".to_owned();
    assert_eq!(health, Health::Unavailable { reason: reason.clone() });
    assert_eq!(answer, Err(Failure::Unreachable(format!("{reason} for 60 s"))));
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_first_worker_could_do_nothing_may_go_to_another() {
    let (desk, pool) = open(settings());
    let (broken, other) = (Hand::of(&desk, "broken"), Hand::of(&desk, "other"));
    let away = crate::status::of_failure(Failure::Unreachable("it is off".to_owned()), "broken");
    let work = async {
        let request = broken.pull().await.unwrap();
        broken.push(encode_whole(&request.request_id, Err(away.clone()))).await.unwrap();
    };
    let (answer, ()) = tokio::join!(pool.config(config("s")), work);
    assert_eq!(answer, Err(Failure::Status(away)));
    let work = async {
        let request = other.pull().await.unwrap();
        other.configured(&request).await.unwrap();
    };
    assert!(tokio::join!(pool.config(config("s")), work).0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_leaves_is_lost_at_once() {
    let (desk, pool) = open(settings());
    with_state(&desk, &pool, "w", "s").await;
    let began = Instant::now();
    let (answer, ()) = tokio::join!(pool.config(config("s")), async {
        Hand::of(&desk, "w#leaving").pull().await;
    });
    assert_eq!(condition(&answer.unwrap_err()), "INVALID_HANDLE.SESSION_CHANGED");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_clone_lives_with_its_original_and_a_released_session_is_forgotten() {
    let (desk, pool) = open(settings());
    let hand = with_state(&desk, &pool, "w", "s").await;
    let new_session_id = Some("t".to_owned());
    let clone = pb::CloneSessionRequest {
        session_id: "s".to_owned(),
        user_context: user(),
        new_session_id,
        ..Default::default()
    };
    let work = async {
        let request = hand.pull().await.unwrap();
        hand.answer(&request, Whole::CloneSession(pb::CloneSessionResponse::default())).await.unwrap();
    };
    assert!(tokio::join!(pool.clone_session(clone), work).0.is_ok());
    let work = async {
        assert_eq!(Hand::of(&desk, "other").pull().await, None);
        let request = hand.pull().await.unwrap();
        hand.configured(&request).await.unwrap();
    };
    assert!(tokio::join!(pool.config(config("t")), work).0.is_ok());
    assert_eq!(desk.snapshot()[0].sessions, 2);

    let release = |session: &str| {
        let session_id = session.to_owned();
        pool.release_session(pb::ReleaseSessionRequest { session_id, user_context: user(), ..Default::default() })
    };
    let work = async {
        let request = hand.pull().await.unwrap();
        assert_eq!(payload::<pb::ReleaseSessionRequest>(&request).session_id, "s");
        hand.answer(&request, Whole::ReleaseSession(pb::ReleaseSessionResponse::default())).await.unwrap();
    };
    assert!(tokio::join!(release("s"), work).0.is_ok());
    assert_eq!(desk.snapshot()[0].sessions, 1);
    // A session that no worker knows needs no worker.
    assert_eq!(release("unknown").await.unwrap().session_id, "unknown");
}

#[tokio::test(start_paused = true)]
async fn artifacts_go_message_by_message() {
    let (desk, pool) = open(settings());
    let hand = Hand::of(&desk, "w");
    let first = pb::AddArtifactsRequest { session_id: "s".to_owned(), user_context: user(), ..Default::default() };
    let messages = futures::stream::iter([first, pb::AddArtifactsRequest::default()]).boxed();
    let work = async {
        for name in ["one", "two"] {
            let request = hand.pull().await.unwrap();
            let message: pb::AddArtifactsRequest = payload(&request);
            assert_eq!((message.session_id.as_str(), message.user_context), ("s", user()));
            assert_eq!(hand.pull().await, None, "one at a time");
            let summary =
                pb::add_artifacts_response::ArtifactSummary { name: name.to_owned(), is_crc_successful: true };
            let answer = pb::AddArtifactsResponse { artifacts: vec![summary], ..Default::default() };
            hand.answer(&request, Whole::AddArtifacts(answer)).await.unwrap();
        }
    };
    let answer = tokio::join!(pool.add_artifacts(messages), work).0.unwrap();
    assert_eq!(answer.artifacts.iter().map(|artifact| artifact.name.as_str()).collect::<Vec<_>>(), ["one", "two"]);
}
