//! `Scripted`: an upstream that answers what a test wrote down and remembers what it was asked.

use std::collections::VecDeque;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use hearth_core::engine::Health;
use hearth_proto::{connect as pb, rpc};
use parking_lot::Mutex;
use pb::plan::OpType;
use pb::relation::RelType;
use tokio::sync::watch;

use crate::upstream::{Failure, Responses, Upstream};

/// What an execution answers.
#[derive(Debug)]
pub enum Reply {
    Responses(Vec<pb::ExecutePlanResponse>),
    /// These, and then nothing for ever.
    Hang(Vec<pb::ExecutePlanResponse>),
    /// These, and then an error.
    Break(Vec<pb::ExecutePlanResponse>, Failure),
    Refuse(Failure),
}

#[derive(Debug, Default)]
pub struct Asked {
    pub executions: Vec<pb::ExecutePlanRequest>,
    pub questions: Vec<pb::AnalyzePlanRequest>,
    pub configs: Vec<pb::ConfigRequest>,
    pub interrupts: Vec<pb::InterruptRequest>,
    pub uploads: Vec<Vec<pb::AddArtifactsRequest>>,
    pub clones: Vec<pb::CloneSessionRequest>,
    pub released: Vec<pb::ReleaseSessionRequest>,
}

#[derive(Debug)]
pub struct Scripted {
    replies: Mutex<VecDeque<Reply>>,
    pub asked: Mutex<Asked>,
    pub details: Mutex<Option<pb::FetchErrorDetailsResponse>>,
    pub refuses_clones: Mutex<Option<Failure>>,
    /// Counts calls of all kinds.
    pub calls: watch::Sender<usize>,
}

impl Scripted {
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self {
            replies: Mutex::new(replies.into_iter().collect()),
            asked: Mutex::default(),
            details: Mutex::default(),
            refuses_clones: Mutex::default(),
            calls: watch::Sender::new(0),
        }
    }

    /// One more answer, behind those that are left.
    pub fn reply(&self, reply: Reply) {
        self.replies.lock().push_back(reply);
    }

    /// Waits until so many calls were made.
    pub async fn called(&self, count: usize) {
        self.calls.subscribe().wait_for(|calls| *calls >= count).await.unwrap();
    }

    /// The statements that were executed.
    pub fn statements(&self) -> Vec<String> {
        let asked = self.asked.lock();
        let text = |request: &pb::ExecutePlanRequest| {
            let plan = hearth_plan::from_proto::decode_message_of_plan(request.plan.clone()).unwrap();
            match plan.op_type {
                Some(OpType::Root(pb::Relation { rel_type: Some(RelType::Sql(sql)), .. })) => sql.query,
                other => format!("{other:?}"),
            }
        };
        asked.executions.iter().map(text).collect()
    }

    fn note(&self, note: impl FnOnce(&mut Asked)) {
        note(&mut self.asked.lock());
        self.calls.send_modify(|calls| *calls += 1);
    }
}

#[async_trait]
impl Upstream for Scripted {
    fn health(&self) -> Health {
        Health::Ready
    }

    async fn execute_plan(&self, request: pb::ExecutePlanRequest) -> Result<Responses, Failure> {
        let reply = self.replies.lock().pop_front();
        self.note(|asked| asked.executions.push(request));
        let good = |responses: Vec<pb::ExecutePlanResponse>| stream::iter(responses).map(Ok);
        match reply {
            Some(Reply::Responses(responses)) => Ok(good(responses).boxed()),
            Some(Reply::Hang(responses)) => Ok(good(responses).chain(stream::pending()).boxed()),
            Some(Reply::Break(responses, failure)) => Ok(good(responses).chain(stream::iter([Err(failure)])).boxed()),
            Some(Reply::Refuse(failure)) => Err(failure),
            None => Ok(stream::empty().boxed()),
        }
    }

    async fn analyze_plan(&self, request: pb::AnalyzePlanRequest) -> Result<pb::AnalyzePlanResponse, Failure> {
        use pb::analyze_plan_response::{Result as Analyzed, SparkVersion};
        self.note(|asked| asked.questions.push(request));
        let result = Some(Analyzed::SparkVersion(SparkVersion { version: "4.2.0".to_owned() }));
        Ok(pb::AnalyzePlanResponse { server_side_session_id: "incarnation".to_owned(), result, ..Default::default() })
    }

    async fn config(&self, request: pb::ConfigRequest) -> Result<pb::ConfigResponse, Failure> {
        self.note(|asked| asked.configs.push(request));
        let pairs = vec![pb::KeyValue { key: "k".to_owned(), value: None }];
        Ok(pb::ConfigResponse { pairs, warnings: vec!["careful".to_owned()], ..Default::default() })
    }

    async fn add_artifacts(
        &self,
        messages: BoxStream<'static, pb::AddArtifactsRequest>,
    ) -> Result<pb::AddArtifactsResponse, Failure> {
        let messages = messages.collect().await;
        self.note(|asked| asked.uploads.push(messages));
        Ok(pb::AddArtifactsResponse::default())
    }

    async fn artifact_status(
        &self,
        request: pb::ArtifactStatusesRequest,
    ) -> Result<pb::ArtifactStatusesResponse, Failure> {
        use pb::artifact_statuses_response::ArtifactStatus;
        let exists = |name: String| (name.starts_with("cache/"), name);
        let statuses = request.names.into_iter().map(exists).map(|(exists, name)| (name, ArtifactStatus { exists }));
        Ok(pb::ArtifactStatusesResponse { statuses: statuses.collect(), ..Default::default() })
    }

    async fn interrupt(&self, request: pb::InterruptRequest) -> Result<pb::InterruptResponse, Failure> {
        self.note(|asked| asked.interrupts.push(request));
        Ok(pb::InterruptResponse::default())
    }

    async fn release_session(&self, request: pb::ReleaseSessionRequest) -> Result<pb::ReleaseSessionResponse, Failure> {
        self.note(|asked| asked.released.push(request));
        Ok(pb::ReleaseSessionResponse::default())
    }

    async fn clone_session(&self, request: pb::CloneSessionRequest) -> Result<pb::CloneSessionResponse, Failure> {
        self.note(|asked| asked.clones.push(request));
        match self.refuses_clones.lock().take() {
            Some(failure) => Err(failure),
            None => {
                Ok(pb::CloneSessionResponse { new_server_side_session_id: "the copy".to_owned(), ..Default::default() })
            }
        }
    }

    async fn fetch_error_details(
        &self,
        _: pb::FetchErrorDetailsRequest,
    ) -> Result<pb::FetchErrorDetailsResponse, Failure> {
        let details = self.details.lock().take();
        details.ok_or_else(|| Failure::Status(rpc::Status { code: 5, ..Default::default() }))
    }

    async fn shutdown(&self) {}
}
