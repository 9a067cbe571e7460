//! Statements as plans. A statement as the root of a plan runs once, whatever it is, and its rows are the answer.

use bytes::Bytes;
use hearth_core::engine::Parameter;
use hearth_proto::connect as pb;
use prost::Message;

use crate::parameter;

/// The plan of a statement without parameters.
pub fn plain(text: String) -> Bytes {
    encode(pb::Sql { query: text, ..Default::default() })
}

pub fn with_parameters(text: &str, parameters: &[Parameter]) -> Bytes {
    let mut sql = pb::Sql { query: parameter::with_casts(text, parameters), ..Default::default() };
    for parameter in parameters {
        let value = parameter::value(parameter);
        match &parameter.name {
            Some(name) => drop(sql.named_arguments.insert(name.clone(), value)),
            None => sql.pos_arguments.push(value),
        }
    }
    encode(sql)
}

fn encode(sql: pb::Sql) -> Bytes {
    let root = pb::Relation { common: None, rel_type: Some(pb::relation::RelType::Sql(sql)) };
    Bytes::from(pb::Plan { op_type: Some(pb::plan::OpType::Root(root)) }.encode_to_vec())
}
