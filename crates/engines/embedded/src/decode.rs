//! Work as bytes or text becomes an unresolved plan.

use bytes::Bytes;
use hearth_base::Result;
use hearth_core::Work;
use hearth_plan::command::Command;
use hearth_plan::relation::SqlText;
use hearth_plan::{Expr, Plan, from_proto};
use hearth_proto::connect as pb;
use hearth_types::Value;

/// What is asked for, and for `spark.sql` the relation that its client gets back when it is a query.
#[derive(Debug)]
pub struct Request {
    pub plan: Plan,
    pub sql_relation: Option<pb::Relation>,
}

/// Reads an operation's work.
pub fn request(work: Work) -> Result<Request> {
    match work {
        Work::Plan(bytes) => from_plan(bytes),
        Work::Sql { text, named, positional } => {
            Ok(Request { plan: from_sql(text, named, positional), sql_relation: None })
        }
    }
}

fn from_plan(bytes: Bytes) -> Result<Request> {
    let plan = from_proto::decode_message_of_plan(bytes)?;
    let sql_relation = match &plan.op_type {
        Some(pb::plan::OpType::Command(command)) => match &command.command_type {
            Some(pb::command::CommandType::SqlCommand(sql)) => Some(sql_relation(sql)),
            _ => None,
        },
        _ => None,
    };
    Ok(Request { plan: from_proto::plan(plan)?, sql_relation })
}

/// The relation of a `SqlCommand`: its input, or one made of the fields that clients before 4.0 send.
fn sql_relation(command: &pb::SqlCommand) -> pb::Relation {
    if let Some(input) = &command.input {
        return input.clone();
    }
    let sql = pb::Sql {
        query: command.sql.clone(),
        args: command.args.clone(),
        pos_args: command.pos_args.clone(),
        named_arguments: command.named_arguments.clone(),
        pos_arguments: command.pos_arguments.clone(),
    };
    pb::Relation { common: None, rel_type: Some(pb::relation::RelType::Sql(sql)) }
}

fn from_sql(text: String, named: Vec<(String, Value)>, positional: Vec<Value>) -> Plan {
    let text = SqlText {
        query: text,
        named: named.into_iter().map(|(name, value)| (name, Expr::literal(value))).collect(),
        positional: positional.into_iter().map(Expr::literal).collect(),
    };
    Plan::Command(Command::Sql { text, input: None })
}
