//! Messages to core's types. Mistakes are told by the names of the fields.

use hearth_base::Result;
use hearth_base::condition::{INVALID_REQUEST, UNKNOWN_ANALYZE_METHOD};
use hearth_core::engine::{ConfigRequest, ExplainMode, Question, StorageLevel};
use hearth_proto::connect as pb;
use pb::analyze_plan_request::Analyze;
use pb::analyze_plan_request::explain::ExplainMode as WireExplainMode;
use pb::config_request::operation::OpType;

pub fn config(operation: pb::config_request::Operation) -> Result<ConfigRequest> {
    let pairs = |pairs: Vec<pb::KeyValue>| pairs.into_iter().map(|pair| (pair.key, pair.value)).collect();
    let not_set = || INVALID_REQUEST.with("message", "operation.op_type of ConfigRequest is not set");
    Ok(match operation.op_type.ok_or_else(not_set)? {
        OpType::Set(set) => ConfigRequest::Set { pairs: pairs(set.pairs), silent: set.silent.unwrap_or(false) },
        OpType::Get(get) => ConfigRequest::Get { keys: get.keys },
        OpType::GetWithDefault(get) => ConfigRequest::GetWithDefault { pairs: pairs(get.pairs) },
        OpType::GetOption(get) => ConfigRequest::GetOption { keys: get.keys },
        OpType::GetAll(get) => ConfigRequest::GetAll { prefix: get.prefix },
        OpType::Unset(unset) => ConfigRequest::Unset { keys: unset.keys },
        OpType::IsModifiable(ask) => ConfigRequest::IsModifiable { keys: ask.keys },
    })
}

pub fn question(analyze: Option<Analyze>) -> Result<Question> {
    let not_set = || UNKNOWN_ANALYZE_METHOD.with("other", "ANALYZE_NOT_SET");
    Ok(match analyze.ok_or_else(not_set)? {
        Analyze::Schema(ask) => Question::Schema { plan: ask.plan },
        Analyze::Explain(ask) => {
            let mode = explain_mode(ask.explain_mode())?;
            Question::Explain { plan: ask.plan, mode }
        }
        Analyze::TreeString(ask) => Question::TreeString { plan: ask.plan, level: ask.level },
        Analyze::IsLocal(ask) => Question::IsLocal { plan: ask.plan },
        Analyze::IsStreaming(ask) => Question::IsStreaming { plan: ask.plan },
        Analyze::InputFiles(ask) => Question::InputFiles { plan: ask.plan },
        Analyze::SparkVersion(_) => Question::SparkVersion,
        Analyze::DdlParse(ask) => Question::DdlParse { text: ask.ddl_string },
        Analyze::SameSemantics(ask) => Question::SameSemantics { left: ask.target_plan, right: ask.other_plan },
        Analyze::SemanticHash(ask) => Question::SemanticHash { plan: ask.plan },
        Analyze::Persist(ask) => {
            Question::Persist { relation: ask.relation, level: ask.storage_level.map(storage_level) }
        }
        Analyze::Unpersist(ask) => {
            Question::Unpersist { relation: ask.relation, blocking: ask.blocking.unwrap_or(false) }
        }
        Analyze::GetStorageLevel(ask) => Question::GetStorageLevel { relation: ask.relation },
        Analyze::JsonToDdl(ask) => Question::JsonToDdl { text: ask.json_string },
    })
}

fn explain_mode(mode: WireExplainMode) -> Result<ExplainMode> {
    match mode {
        WireExplainMode::Simple => Ok(ExplainMode::Simple),
        WireExplainMode::Extended => Ok(ExplainMode::Extended),
        WireExplainMode::Codegen => Ok(ExplainMode::Codegen),
        WireExplainMode::Cost => Ok(ExplainMode::Cost),
        WireExplainMode::Formatted => Ok(ExplainMode::Formatted),
        WireExplainMode::Unspecified => Err(INVALID_REQUEST.with("message", "explain_mode is not set")),
    }
}

fn storage_level(level: pb::StorageLevel) -> StorageLevel {
    StorageLevel {
        use_disk: level.use_disk,
        use_memory: level.use_memory,
        use_off_heap: level.use_off_heap,
        deserialized: level.deserialized,
        replication: level.replication,
    }
}
