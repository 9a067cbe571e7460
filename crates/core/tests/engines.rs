//! Several engines: who gets which, when a session moves, and the limits of each.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hearth_auth_free::Open;
use hearth_base::{ErrorKind, OperationId, SessionId};
use hearth_core::engine::{ConfigRequest, Flavor, Health, Namespace, Question};
use hearth_core::engines::{EVERYBODY, EngineStatus};
use hearth_core::{
    EngineKind, Engines, Limits, NamedEngine, OpContext, OperationState, Principal, PrincipalRule, Session, WorkLimits,
};
use hearth_testkit::hearth::{read_from, submission, wait_finished};
use hearth_testkit::{Gate, ScriptedEngine, Step, TestHearth, TwoEngines};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const ENGINE: &str = "hearth.engine";

/// A way in for everybody.
mod hearth_auth_free {
    use hearth_base::Result;
    use hearth_core::{Authenticator, Credentials, Principal};

    #[derive(Debug)]
    pub struct Open;

    #[async_trait::async_trait]
    impl Authenticator for Open {
        async fn authenticate(&self, _credentials: &Credentials) -> Result<Principal> {
            Ok(Principal::named("ada"))
        }
    }
}

struct Server {
    hearth: TestHearth,
    engines: TwoEngines,
    _folder: TempDir,
}

impl Server {
    /// `far` has `limits`, principals have `rules`.
    fn new(limits: WorkLimits, rules: &[(&str, PrincipalRule)]) -> Self {
        Self::limited(Limits::default(), limits, rules)
    }

    fn limited(all: Limits, limits: WorkLimits, rules: &[(&str, PrincipalRule)]) -> Self {
        let (folder, engines) = (TempDir::new().unwrap(), TwoEngines::default());
        let named = engines.named(&limits, rules).unwrap();
        let hearth = TestHearth::with_engines(folder.path(), all, engines.near.clone(), named);
        Self { hearth, engines, _folder: folder }
    }

    fn plain() -> Self {
        Self::new(WorkLimits::default(), &[])
    }

    async fn session(&self, principal: &str, engine: Option<&str>) -> hearth_base::Result<Arc<Session>> {
        self.hearth.sessions.open_new(&Principal::named(principal), Flavor::Spark, engine).await
    }

    /// Open sessions of both engines.
    fn open(&self) -> (usize, usize) {
        (self.engines.near.open_sessions(), self.engines.far.open_sessions())
    }

    fn status(&self, name: &str) -> EngineStatus {
        let statuses = self.hearth.core(Arc::new(Open)).engine_statuses();
        statuses.into_iter().find(|status| &*status.name == name).unwrap()
    }
}

fn rule(engine: Option<&str>, engines: &[&str], limits: WorkLimits) -> PrincipalRule {
    PrincipalRule {
        engine: engine.map(ToOwned::to_owned),
        engines: engines.iter().map(|name| (*name).to_owned()).collect(),
        limits,
    }
}

fn set(pairs: &[(&str, &str)]) -> ConfigRequest {
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned()))).collect();
    ConfigRequest::Set { pairs, silent: true }
}

fn get(keys: &[&str]) -> ConfigRequest {
    ConfigRequest::Get { keys: keys.iter().map(|key| (*key).to_owned()).collect() }
}

async fn values(session: &Session, keys: &[&str]) -> Vec<Option<String>> {
    session.configure(get(keys)).await.unwrap().pairs.into_iter().map(|(_, value)| value).collect()
}

async fn is_modifiable(session: &Session) -> Option<String> {
    let answer = session.configure(ConfigRequest::IsModifiable { keys: vec![ENGINE.to_owned()] }).await.unwrap();
    answer.pairs.into_iter().next().unwrap().1
}

fn context(session: &Session) -> OpContext {
    OpContext {
        principal: session.principal.clone(),
        session: session.key.session.clone(),
        operation: OperationId::random(),
        cancel: CancellationToken::new(),
    }
}

fn name<T: std::fmt::Debug>(outcome: hearth_base::Result<T>) -> String {
    outcome.unwrap_err().condition().name.to_owned()
}

#[tokio::test]
async fn a_session_runs_where_it_was_asked_to() {
    let server = Server::plain();
    let near = server.session("ada", None).await.unwrap();
    let far = server.session("ada", Some("far")).await.unwrap();
    for (session, engine) in [(&near, &server.engines.near), (&far, &server.engines.far)] {
        wait_finished(&server.hearth.submit(session, "anything").await.unwrap()).await;
        assert_eq!(engine.executed(), 1);
    }
    assert_eq!((&*near.named_engine().name, &*far.named_engine().name), ("near", "far"));
    let error = server.session("ada", Some("nowhere")).await.unwrap_err();
    assert_eq!(error.text(), "There is no engine nowhere. There are: far, near.");
    let transient = server.hearth.sessions.open_transient(&Principal::named("ada"), Flavor::Spark, Some("far")).await;
    let operation = server.hearth.submit(&transient.unwrap(), "anything").await.unwrap();
    wait_finished(&operation).await;
    assert_eq!(server.engines.far.executed(), 2);
    assert_eq!(server.open(), (1, 1), "the transient one went with its statement");
}

#[tokio::test]
async fn a_setting_moves_a_session_that_was_not_used() {
    let server = Server::plain();
    let session = server.session("ada", None).await.unwrap();
    session.engine.analyze(&context(&session), Question::SparkVersion).await.unwrap();
    session.configure(set(&[("a", "1"), ("b", "2")])).await.unwrap();
    session.configure(ConfigRequest::Unset { keys: vec!["b".to_owned()] }).await.unwrap();
    assert_eq!(server.open(), (1, 0));
    let answer = session.configure(set(&[("c", "3"), (ENGINE, "far"), ("d", "4")])).await.unwrap();
    assert_eq!(answer.pairs, [(ENGINE.to_owned(), Some("far".to_owned()))]);
    assert_eq!(server.open(), (0, 1));
    let some = |value: &str| Some(value.to_owned());
    assert_eq!(
        values(&session, &["a", ENGINE, "b", "c", "d"]).await,
        [some("1"), some("far"), None, some("3"), some("4")],
        "settings moved, and answers stand where they were asked"
    );
    assert_eq!((values(&session, &[ENGINE]).await, is_modifiable(&session).await), (vec![some("far")], some("true")));
    session.configure(ConfigRequest::Unset { keys: vec![ENGINE.to_owned()] }).await.unwrap();
    assert_eq!((server.open(), values(&session, &[ENGINE]).await), ((1, 0), vec![some("near")]));
    session.configure(set(&[(ENGINE, "far")])).await.unwrap();
    wait_finished(&server.hearth.submit(&session, "anything").await.unwrap()).await;
    assert_eq!((server.engines.near.executed(), server.engines.far.executed()), (0, 1));
    server.hearth.sessions.close(&session.principal, &session.key.session, false).await.unwrap();
    assert_eq!(server.open(), (0, 0));
}

#[tokio::test]
async fn all_settings_show_the_engine() {
    let server = Server::plain();
    let session = server.session("ada", None).await.unwrap();
    let all = async |prefix: Option<&str>| {
        let request = ConfigRequest::GetAll { prefix: prefix.map(ToOwned::to_owned) };
        session.configure(request).await.unwrap().pairs
    };
    let near = Some("near".to_owned());
    assert_eq!(all(None).await, [(ENGINE.to_owned(), near.clone())]);
    assert_eq!(all(Some("hearth.")).await, [("engine".to_owned(), near)]);
    assert_eq!(all(Some("spark.")).await, []);
}

#[tokio::test]
async fn what_uses_a_session_binds_it() {
    let plan = Question::Schema { plan: Bytes::from_static(b"x") };
    for used_by in 0..4 {
        let server = Server::plain();
        let session = server.session("ada", None).await.unwrap();
        match used_by {
            0 => drop(session.engine.analyze(&context(&session), plan.clone()).await.unwrap()),
            1 => session.engine.use_namespace(&Namespace::default()).await.unwrap(),
            2 => drop(session.engine.has_artifact("cache/x").await.unwrap()),
            _ => wait_finished(&server.hearth.submit(&session, "anything").await.unwrap()).await,
        }
        session.configure(set(&[(ENGINE, "near")])).await.unwrap();
        let error = session.configure(set(&[(ENGINE, "far"), ("a", "1")])).await.unwrap_err();
        assert_eq!(error.text(), "The session runs on the engine near already: open a new session for the engine far.");
        assert_eq!(values(&session, &["a"]).await, [None], "nothing of the request was done");
        assert_eq!(is_modifiable(&session).await, Some("false".to_owned()));
        assert_eq!(server.open(), (1, 0));
    }
}

#[tokio::test]
async fn an_engine_that_was_asked_for_binds_at_once() {
    let server = Server::plain();
    let session = server.session("ada", Some("far")).await.unwrap();
    assert_eq!(name(session.configure(set(&[(ENGINE, "near")])).await), "HEARTH_ENGINE_FIXED");
    assert_eq!(name(session.configure(set(&[(ENGINE, "nowhere")])).await), "HEARTH_UNKNOWN_ENGINE");
    assert_eq!(
        name(session.configure(ConfigRequest::Unset { keys: vec![ENGINE.to_owned()] }).await),
        "HEARTH_ENGINE_FIXED"
    );
}

#[tokio::test]
async fn a_statement_names_the_engine_and_settles_it() {
    let server = Server::plain();
    let session = server.session("ada", None).await.unwrap();
    session.configure(set(&[("a", "1")])).await.unwrap();
    assert_eq!(name(server.hearth.submit(&session, "SET hearth.engine = fra").await), "HEARTH_UNKNOWN_ENGINE");
    wait_finished(&server.hearth.submit(&session, "SET hearth.engine = far").await.unwrap()).await;
    assert_eq!((server.engines.near.executed(), server.engines.far.executed()), (0, 1));
    assert_eq!(values(&session, &[ENGINE, "a"]).await, [Some("far".to_owned()), Some("1".to_owned())]);
    assert_eq!(name(server.hearth.submit(&session, "SET hearth.engine = near").await), "HEARTH_ENGINE_FIXED");
    assert_eq!(name(server.hearth.submit(&session, "RESET hearth.engine").await), "HEARTH_ENGINE_FIXED");
    wait_finished(&server.hearth.submit(&session, "SET hearth.engine = far").await.unwrap()).await;
    wait_finished(&server.hearth.submit(&session, "anything").await.unwrap()).await;
    assert_eq!((server.engines.near.executed(), server.engines.far.executed()), (0, 3));
}

#[tokio::test]
async fn a_session_that_could_not_move_does_nothing_elsewhere() {
    let server = Server::plain();
    let session = server.session("ada", None).await.unwrap();
    assert_eq!(name(session.configure(set(&[(ENGINE, "fra")])).await), "HEARTH_UNKNOWN_ENGINE");
    assert_eq!(name(server.hearth.submit(&session, "anything").await), "HEARTH_UNKNOWN_ENGINE");
    assert_eq!(name(session.engine.use_namespace(&Namespace::default()).await), "HEARTH_UNKNOWN_ENGINE");
    session.engine.analyze(&context(&session), Question::SparkVersion).await.unwrap();
    session.configure(set(&[(ENGINE, "far")])).await.unwrap();
    wait_finished(&server.hearth.submit(&session, "anything").await.unwrap()).await;
    assert_eq!((server.engines.near.executed(), server.engines.far.executed()), (0, 1));
    assert_eq!(name(session.configure(set(&[(ENGINE, "near")])).await), "HEARTH_ENGINE_FIXED");
    wait_finished(&server.hearth.submit(&session, "anything").await.unwrap()).await;
    assert_eq!(server.engines.far.executed(), 2, "it is where it was asked to be");
}

#[tokio::test]
async fn a_clone_stays_with_its_source() {
    let server = Server::new(WorkLimits { max_sessions: Some(2), ..WorkLimits::default() }, &[]);
    let source = server.session("ada", None).await.unwrap();
    source.configure(set(&[(ENGINE, "far"), ("a", "1")])).await.unwrap();
    let clone = server.hearth.sessions.clone_session(&source, None).await.unwrap();
    assert_eq!((&*clone.named_engine().name, values(&clone, &["a"]).await), ("far", vec![Some("1".to_owned())]));
    assert_eq!(server.status("far").sessions, 2);
    let error = server.hearth.sessions.clone_session(&source, None).await.unwrap_err();
    assert!(error.text().contains("engines.far.max_sessions (2)"), "{error}");
    assert_eq!(server.open(), (0, 2), "what was refused left nothing behind");
}

#[tokio::test]
async fn rules_say_where_a_principal_may_go() {
    let rules = [
        ("ada", rule(Some("far"), &[], WorkLimits::default())),
        ("bob", rule(None, &["far"], WorkLimits::default())),
        (EVERYBODY, rule(None, &["near"], WorkLimits::default())),
    ];
    let engines = TwoEngines::default();
    let wrong = engines.named(&WorkLimits::default(), &rules).unwrap_err();
    assert!(wrong.text().contains("principals.ada.engine: far is not among principals.*.engines"), "{wrong}");
    let server = Server::new(WorkLimits::default(), &rules[1..]);
    let bob = server.session("bob", None).await.unwrap();
    assert_eq!(&*bob.named_engine().name, "far");
    let error = server.session("bob", Some("near")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.text()),
        (ErrorKind::Denied, "bob may not use the engine near: principals.bob.engines allows far.".to_owned())
    );
    let error = bob.configure(set(&[(ENGINE, "near")])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    let cid = server.session("cid", None).await.unwrap();
    let error = cid.configure(set(&[(ENGINE, "far")])).await.unwrap_err();
    assert!(error.text().contains("principals.*.engines allows near"), "{error}");
    assert_eq!(name(server.session("cid", Some("x")).await), "HEARTH_UNKNOWN_ENGINE");
    let server = Server::new(WorkLimits::default(), &[("ada", rule(Some("far"), &[], WorkLimits::default()))]);
    assert_eq!(&*server.session("ada", None).await.unwrap().named_engine().name, "far");
    assert_eq!(&*server.session("bob", None).await.unwrap().named_engine().name, "near");
    assert_eq!(&*server.session("ada", Some("near")).await.unwrap().named_engine().name, "near");
}

#[tokio::test]
async fn names_of_engines_are_checked() {
    let engine = || Arc::new(ScriptedEngine::default());
    let one = |name: &str| NamedEngine::new(name, EngineKind::Embedded, engine());
    for (names, default) in [
        (vec!["Far"], "Far"),
        (vec!["default"], "default"),
        (vec![""], ""),
        (vec!["a b"], "a b"),
        (vec!["a", "a"], "a"),
        (vec!["a"], "b"),
    ] {
        let outcome = Engines::new(names.iter().map(|name| one(name)).collect(), default, Vec::new());
        assert_eq!(name(outcome), "HEARTH_INVALID_REQUEST", "{names:?}");
    }
    assert!(Engines::new(vec![one("a-1_b")], "a-1_b", Vec::new()).is_ok());
    let rules = vec![("ada".to_owned(), rule(None, &["b"], WorkLimits::default()))];
    assert!(
        Engines::new(vec![one("a")], "a", rules).unwrap_err().text().contains("principals.ada: there is no engine b")
    );
}

#[tokio::test]
async fn sessions_are_counted_of_each_principal_and_on_each_engine() {
    let two = WorkLimits { max_sessions: Some(2), ..WorkLimits::default() };
    let server = Server::new(two.clone(), &[(EVERYBODY, rule(None, &[], two))]);
    for principal in ["ada", "bob"] {
        server.session(principal, None).await.unwrap();
        server.session(principal, None).await.unwrap();
        let error = server.session(principal, None).await.unwrap_err();
        assert_eq!(error.condition().name, "HEARTH_LIMIT");
        assert!(error.text().contains(&format!("of {principal} is over principals.*.max_sessions (2)")), "{error}");
    }
    for principal in ["cid", "dan"] {
        server.session(principal, Some("far")).await.unwrap();
    }
    let error = server.session("eve", Some("far")).await.unwrap_err();
    assert!(error.text().contains("engines.far.max_sessions (2)"), "{error}");
    let late = server.session("eve", None).await.unwrap();
    late.configure(set(&[(ENGINE, "far")])).await.unwrap();
    let error = server.hearth.submit(&late, "anything").await.unwrap_err();
    assert!(error.text().contains("engines.far.max_sessions (2)"), "{error}");
    assert_eq!(server.status("far").sessions, 2);
    server.hearth.sessions.close_all(Duration::from_secs(5)).await;
    assert_eq!((server.open(), server.status("far").sessions), ((0, 0), 0));
    server.session("ada", Some("far")).await.unwrap();
}

#[tokio::test]
async fn a_full_engine_does_not_hold_up_another() {
    let far = WorkLimits { max_running: Some(1), max_queued: Some(1), ..WorkLimits::default() };
    let server = Server::new(far, &[]);
    let gate = Gate::default();
    server.engines.far.script("waits", vec![Step::Wait(gate.clone())]);
    let (near, far) = (server.session("ada", None).await.unwrap(), server.session("ada", Some("far")).await.unwrap());
    let first = server.hearth.submit(&far, "waits").await.unwrap();
    gate.arrived(1).await;
    let second = server.hearth.submit(&far, "anything").await.unwrap();
    let error = server.hearth.submit(&far, "anything").await.unwrap_err();
    assert!(error.text().contains("engines.far.max_queued (1)"), "{error}");
    wait_finished(&server.hearth.submit(&near, "anything").await.unwrap()).await;
    assert_eq!(second.state(), OperationState::Queued);
    let status = server.status("far");
    assert_eq!((status.running, status.queued, status.sessions, status.kind), (1, 1, 1, EngineKind::Cluster));
    gate.open();
    wait_finished(&first).await;
    wait_finished(&second).await;
    let status = server.status("far");
    assert_eq!((status.running, status.queued), (0, 0));
}

#[tokio::test]
async fn a_principal_at_its_limit_does_not_hold_up_another() {
    let one = WorkLimits { max_running: Some(1), max_queued: Some(2), ..WorkLimits::default() };
    let server = Server::new(WorkLimits::default(), &[("ada", rule(None, &[], one))]);
    let gate = Gate::default();
    server.engines.near.script("waits", vec![Step::Wait(gate.clone())]);
    let (ada, bob) = (server.session("ada", None).await.unwrap(), server.session("bob", None).await.unwrap());
    server.hearth.submit(&ada, "waits").await.unwrap();
    gate.arrived(1).await;
    let far = server.session("ada", Some("far")).await.unwrap();
    let waiting =
        [server.hearth.submit(&ada, "anything").await.unwrap(), server.hearth.submit(&far, "anything").await.unwrap()];
    let error = server.hearth.submit(&far, "anything").await.unwrap_err();
    assert!(error.text().contains("of ada is over principals.ada.max_queued (2)"), "{error}");
    wait_finished(&server.hearth.submit(&bob, "anything").await.unwrap()).await;
    assert!(waiting.iter().all(|operation| operation.state() == OperationState::Queued));
    gate.open();
    for operation in &waiting {
        wait_finished(operation).await;
    }
}

#[tokio::test]
async fn the_shortest_timeout_holds_and_is_named() {
    let time = |millis| WorkLimits { statement_timeout: Some(Duration::from_millis(millis)), ..WorkLimits::default() };
    let server = Server::new(time(40), &[("ada", rule(None, &[], time(20))), ("bob", rule(None, &[], time(60_000)))]);
    for engine in [&server.engines.near, &server.engines.far] {
        engine.script("waits", vec![Step::Wait(Gate::default())]);
    }
    for (principal, door, limit) in [
        ("ada", None, "principals.ada.statement_timeout (20ms)"),
        ("bob", None, "engines.far.statement_timeout (40ms)"),
        ("bob", Some(Duration::from_millis(10)), "its timeout (10ms)"),
        ("ada", Some(Duration::from_secs(60)), "principals.ada.statement_timeout (20ms)"),
    ] {
        let session = server.session(principal, Some("far")).await.unwrap();
        let mut submission = submission("waits", None);
        submission.bounds.timeout = door;
        let operation = server.hearth.operations.submit(&session, submission).await.unwrap();
        let error = read_from(&operation, 0).await.1.unwrap();
        assert_eq!(error.error().kind(), ErrorKind::DeadlineExceeded);
        assert!(error.error().text().contains(limit), "{}", error.error());
    }
}

#[tokio::test]
async fn engines_say_how_they_are_and_shut_down_together() {
    let server = Server::plain();
    let reason = "refused".to_owned();
    server.engines.far.set_health(Health::Unavailable { reason: reason.clone() });
    server.session("ada", None).await.unwrap();
    let hearth = server.hearth.core(Arc::new(Open));
    let statuses = hearth.engine_statuses();
    let shown: Vec<_> = statuses.iter().map(|one| (&*one.name, one.is_default, one.health.clone())).collect();
    assert_eq!(shown, [("far", false, Health::Unavailable { reason }), ("near", true, Health::Ready)]);
    assert_eq!(statuses[1].sessions, 0, "it has not used its engine");
    assert_eq!(statuses[0].description, "a Spark elsewhere");
    hearth.stop(Duration::from_secs(1)).await;
    assert_eq!((server.engines.near.shut_down(), server.engines.far.shut_down()), (1, 1));
    assert_eq!(server.open(), (0, 0));
}

#[tokio::test]
async fn a_session_of_a_known_id_opens_on_its_engine_once() {
    let server = Server::plain();
    let (ada, id) = (Principal::named("ada"), SessionId::random());
    let sessions = &server.hearth.sessions;
    let session = sessions.get_or_open_on(&ada, &id, Some("far")).await.unwrap();
    let again = sessions.get_or_open(&ada, &id, None).await.unwrap();
    assert!(Arc::ptr_eq(&session, &again));
    assert_eq!(server.open(), (0, 1));
}
