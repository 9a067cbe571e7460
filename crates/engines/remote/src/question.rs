//! Questions about plans: AnalyzePlan.

use hearth_base::{Error, Result};
use hearth_core::engine::{Answer, ExplainMode, Question, StorageLevel};
use hearth_plan::from_proto;
use hearth_proto::connect as pb;
use pb::analyze_plan_request::explain::ExplainMode as WireExplainMode;
use pb::analyze_plan_request::{self as ask, Analyze};
use pb::analyze_plan_response::Result as Analyzed;

use crate::link::Link;

impl Link {
    pub async fn ask(&self, question: Question) -> Result<Answer> {
        let request = pb::AnalyzePlanRequest {
            session_id: self.session.clone(),
            client_observed_server_side_session_id: self.observed(),
            user_context: self.user_context(),
            client_type: self.client_type(),
            analyze: Some(analyze(question)),
        };
        match self.upstream.analyze_plan(request).await {
            Ok(response) => {
                self.saw(&response.server_side_session_id);
                answer(response.result)
            }
            Err(failure) => Err(self.error(failure).await),
        }
    }
}

fn analyze(question: Question) -> Analyze {
    match question {
        Question::Schema { plan } => Analyze::Schema(ask::Schema { plan }),
        Question::Explain { plan, mode } => {
            Analyze::Explain(ask::Explain { plan, explain_mode: explain_mode(mode).into() })
        }
        Question::TreeString { plan, level } => Analyze::TreeString(ask::TreeString { plan, level }),
        Question::IsLocal { plan } => Analyze::IsLocal(ask::IsLocal { plan }),
        Question::IsStreaming { plan } => Analyze::IsStreaming(ask::IsStreaming { plan }),
        Question::InputFiles { plan } => Analyze::InputFiles(ask::InputFiles { plan }),
        Question::SparkVersion => Analyze::SparkVersion(ask::SparkVersion {}),
        Question::DdlParse { text } => Analyze::DdlParse(ask::DdlParse { ddl_string: text }),
        Question::JsonToDdl { text } => Analyze::JsonToDdl(ask::JsonToDdl { json_string: text }),
        Question::SameSemantics { left, right } => {
            Analyze::SameSemantics(ask::SameSemantics { target_plan: left, other_plan: right })
        }
        Question::SemanticHash { plan } => Analyze::SemanticHash(ask::SemanticHash { plan }),
        Question::Persist { relation, level } => {
            Analyze::Persist(ask::Persist { relation, storage_level: level.map(storage_level) })
        }
        Question::Unpersist { relation, blocking } => {
            Analyze::Unpersist(ask::Unpersist { relation, blocking: Some(blocking) })
        }
        Question::GetStorageLevel { relation } => Analyze::GetStorageLevel(ask::GetStorageLevel { relation }),
    }
}

fn explain_mode(mode: ExplainMode) -> WireExplainMode {
    match mode {
        ExplainMode::Simple => WireExplainMode::Simple,
        ExplainMode::Extended => WireExplainMode::Extended,
        ExplainMode::Codegen => WireExplainMode::Codegen,
        ExplainMode::Cost => WireExplainMode::Cost,
        ExplainMode::Formatted => WireExplainMode::Formatted,
    }
}

fn storage_level(level: StorageLevel) -> pb::StorageLevel {
    pb::StorageLevel {
        use_disk: level.use_disk,
        use_memory: level.use_memory,
        use_off_heap: level.use_off_heap,
        deserialized: level.deserialized,
        replication: level.replication,
    }
}

fn answer(result: Option<Analyzed>) -> Result<Answer> {
    let empty = || Error::internal("the engine answered a question with nothing");
    Ok(match result.ok_or_else(empty)? {
        Analyzed::Schema(said) => Answer::Schema(from_proto::data_type(said.schema.unwrap_or_default())?),
        Analyzed::DdlParse(said) => Answer::Schema(from_proto::data_type(said.parsed.unwrap_or_default())?),
        Analyzed::Explain(said) => Answer::Text(said.explain_string),
        Analyzed::TreeString(said) => Answer::Text(said.tree_string),
        Analyzed::SparkVersion(said) => Answer::Text(said.version),
        Analyzed::JsonToDdl(said) => Answer::Text(said.ddl_string),
        Analyzed::IsLocal(said) => Answer::Flag(said.is_local),
        Analyzed::IsStreaming(said) => Answer::Flag(said.is_streaming),
        Analyzed::SameSemantics(said) => Answer::Flag(said.result),
        Analyzed::InputFiles(said) => Answer::Files(said.files),
        Analyzed::SemanticHash(said) => Answer::Hash(said.result),
        Analyzed::Persist(_) | Analyzed::Unpersist(_) => Answer::Done,
        Analyzed::GetStorageLevel(said) => {
            let level = said.storage_level.ok_or_else(empty)?;
            Answer::StorageLevel(StorageLevel {
                use_disk: level.use_disk,
                use_memory: level.use_memory,
                use_off_heap: level.use_off_heap,
                deserialized: level.deserialized,
                replication: level.replication,
            })
        }
    })
}
